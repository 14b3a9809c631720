# examples/: workspaces and programs that can be tried. tests/integration/test_examples.py runs what
# is in c, python and shell, and compares what it prints with what is beside it; demo, whose outcome
# it compares; jobserver and pools.

EXTRA_DIST += \
	examples/demo/README.md \
	examples/demo/needs \
	examples/demo/parproc.yaml \
	examples/jobserver/Makefile \
	examples/jobserver/README.md \
	examples/jobserver/compile \
	examples/jobserver/parproc.yaml \
	examples/pools/README.md \
	examples/pools/parproc.yaml \
	examples/release/.gitignore \
	examples/release/parproc.yaml \
	examples/release/steps/bootstrap \
	examples/release/steps/build \
	examples/release/steps/common.sh \
	examples/release/steps/deploy \
	examples/release/steps/report \
	examples/release/steps/test

# Compiled as a user would, without config.h; each in one piece, as the daemon starts it again. By
# hand, in examples/c: cc -o now now.c $(pkg-config --cflags --libs parproc).
example_programs =
example_cppflags = -I$(srcdir)/lib $(JANSSON_CFLAGS)
example_libs = $(client_libs) $(JANSSON_LIBS)

example_programs += examples/c/choices
examples_c_choices_CPPFLAGS = $(example_cppflags)
examples_c_choices_LDADD = $(example_libs)

example_programs += examples/c/dynamic
examples_c_dynamic_CPPFLAGS = $(example_cppflags)
examples_c_dynamic_LDADD = $(example_libs)

example_programs += examples/c/now
examples_c_now_CPPFLAGS = $(example_cppflags)
examples_c_now_LDADD = $(example_libs)

example_programs += examples/c/outcomes
examples_c_outcomes_CPPFLAGS = $(example_cppflags)
examples_c_outcomes_LDADD = $(example_libs)

example_programs += examples/c/poll_loop
examples_c_poll_loop_CPPFLAGS = $(example_cppflags)
examples_c_poll_loop_LDADD = $(example_libs)

example_programs += examples/c/rdeps
examples_c_rdeps_CPPFLAGS = $(example_cppflags)
examples_c_rdeps_LDADD = $(example_libs)

example_programs += examples/c/results
examples_c_results_CPPFLAGS = $(example_cppflags)
examples_c_results_LDADD = $(example_libs)

example_programs += examples/c/waves
examples_c_waves_CPPFLAGS = $(example_cppflags)
examples_c_waves_LDADD = $(example_libs)

check_PROGRAMS += $(example_programs)

# What they print is not in files that end with .out: those make builds by itself, from programs.
EXTRA_DIST += \
	examples/c/README.md \
	examples/c/choices.expected \
	examples/c/dynamic.expected \
	examples/c/now.expected \
	examples/c/outcomes.expected \
	examples/c/poll_loop.expected \
	examples/c/rdeps.expected \
	examples/c/results.expected \
	examples/c/waves.expected \
	examples/python/README.md \
	examples/python/functions.expected \
	examples/python/functions.py \
	examples/python/lines.expected \
	examples/python/lines.py \
	examples/python/rpc.py \
	examples/shell/README.md \
	examples/shell/gather.expected \
	examples/shell/gather.sh \
	examples/shell/lines.expected \
	examples/shell/lines.sh
