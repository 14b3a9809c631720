# tests/integration/: the real binaries in private workspaces. tests/local.mk says what tests find.

integration_tests = \
	tests/integration/test_answers.py \
	tests/integration/test_chain.py \
	tests/integration/test_completion.py \
	tests/integration/test_daemon.py \
	tests/integration/test_display.py \
	tests/integration/test_documents.py \
	tests/integration/test_durable.py \
	tests/integration/test_examples.py \
	tests/integration/test_executors.py \
	tests/integration/test_faults.py \
	tests/integration/test_functions.py \
	tests/integration/test_graph.py \
	tests/integration/test_hostile.py \
	tests/integration/test_input.py \
	tests/integration/test_jobserver.py \
	tests/integration/test_left.py \
	tests/integration/test_max_log.py \
	tests/integration/test_order.py \
	tests/integration/test_pools.py \
	tests/integration/test_ppctl.py \
	tests/integration/test_protocol.py \
	tests/integration/test_restart.py \
	tests/integration/test_record.py \
	tests/integration/test_resume.py \
	tests/integration/test_retention.py \
	tests/integration/test_run.py \
	tests/integration/test_scarce.py \
	tests/integration/test_security.py \
	tests/integration/test_semantics_cli.py \
	tests/integration/test_semantics_inside.py \
	tests/integration/test_semantics_names.py \
	tests/integration/test_semantics_rdeps.py \
	tests/integration/test_semantics_registry.py \
	tests/integration/test_semantics_runs.py \
	tests/integration/test_semantics_states.py \
	tests/integration/test_single.py \
	tests/integration/test_slurm.py \
	tests/integration/test_state.py \
	tests/integration/test_storm.py \
	tests/integration/test_systemd.py \
	tests/integration/test_top.py \
	tests/integration/test_verbs.py \
	tests/integration/test_retries.py \
	tests/integration/test_why.py \
	tests/integration/test_workspace.py

TESTS += $(integration_tests)

# What test_functions.py runs. In one piece, as a program that libtool wraps is not the one that runs.
check_PROGRAMS += tests/integration/functions
tests_integration_functions_SOURCES = tests/integration/functions.c
tests_integration_functions_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lib
tests_integration_functions_LDADD = $(client_libs) $(JANSSON_LIBS)

# What processes of test_storm.py and test_chain.py ask with.
check_PROGRAMS += tests/integration/ask
tests_integration_ask_SOURCES = tests/integration/ask.c
EXTRA_DIST += $(integration_tests) tests/integration/browser.py tests/integration/durable.py tests/integration/kit.py \
	tests/integration/meter.py tests/integration/resume.py tests/integration/schema.py tests/integration/screens.py \
	tests/integration/semantics.py tests/integration/slurm.py tests/integration/storm.py

# Runs the integration tests alone.
check-integration: ppd ppctl tests/integration/functions tests/integration/ask $(example_programs)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(integration_tests)'
