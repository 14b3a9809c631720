# tests/sim/: the core in virtual time, with its reference model beside it.

check_PROGRAMS += tests/sim/sim
tests_sim_sim_SOURCES = \
	tests/sim/compare.c \
	tests/sim/crash.c \
	tests/sim/crash.h \
	tests/sim/invariants.c \
	tests/sim/main.c \
	tests/sim/model.c \
	tests/sim/model.h \
	tests/sim/model_join.c \
	tests/sim/model_history.c \
	tests/sim/model_lock.c \
	tests/sim/model_names.c \
	tests/sim/model_plan.h \
	tests/sim/model_registry.c \
	tests/sim/model_resolve.c \
	tests/sim/model_rewind.c \
	tests/sim/model_run.c \
	tests/sim/model_schedule.c \
	tests/sim/model_schedule.h \
	tests/sim/model_standby.c \
	tests/sim/model_stuck.c \
	tests/sim/nested.c \
	tests/sim/nested.h \
	tests/sim/operations.c \
	tests/sim/profile.c \
	tests/sim/profile.h \
	tests/sim/random.c \
	tests/sim/random.h \
	tests/sim/sim.c \
	tests/sim/sim.h \
	tests/sim/supervisor.c \
	tests/sim/supervisor.h \
	tests/sim/world.c \
	tests/sim/world.h \
	$(core_keeper)
tests_sim_sim_LDADD = $(core_libs)

EXTRA_DIST += tests/sim/basic.sh tests/sim/full.sh
TESTS += tests/sim/basic.sh tests/sim/full.sh
