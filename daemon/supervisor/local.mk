# daemon/supervisor/: the process that holds the workers.

noinst_LIBRARIES += daemon/supervisor/libsupervisor.a
daemon_supervisor_libsupervisor_a_SOURCES = \
	daemon/supervisor/clock.h \
	daemon/supervisor/inject.c \
	daemon/supervisor/inject.h \
	daemon/supervisor/key.h \
	daemon/supervisor/link.c \
	daemon/supervisor/link.h \
	daemon/supervisor/makeflags.c \
	daemon/supervisor/makeflags.h \
	daemon/supervisor/pool.c \
	daemon/supervisor/pool.h \
	daemon/supervisor/pool_internal.h \
	daemon/supervisor/pool_start.c \
	daemon/supervisor/restart.c \
	daemon/supervisor/restart.h \
	daemon/supervisor/spawn.c \
	daemon/supervisor/spawn.h \
	daemon/supervisor/standby.c \
	daemon/supervisor/standby.h \
	daemon/supervisor/supervisor.c \
	daemon/supervisor/supervisor.h \
	daemon/supervisor/table.c \
	daemon/supervisor/table.h \
	daemon/supervisor/tokens.c \
	daemon/supervisor/tokens.h \
	daemon/supervisor/variables.c \
	daemon/supervisor/variables.h \
	daemon/supervisor/wire.c \
	daemon/supervisor/wire.h
