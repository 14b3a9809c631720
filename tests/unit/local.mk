# tests/unit/: one Criterion program for each module. A test is three lines in the last part:
#
#	unit_tests += tests/unit/test_names
#	tests_unit_test_names_SOURCES = tests/unit/test_names.c
#	tests_unit_test_names_LDADD = $(core_libs) $(unit_libs)
#
# core_libs, protocol_libs, client_libs, supervisor_libs, daemon_libs (which has the last but client)
# are static, so only the modules that a test uses are linked.

unit_tests =
# Those that valgrind cannot run.
native_unit_tests =
unit_libs = $(daemon_syslibs) $(UNISTRING_LIBS) $(criterion)

# With --enable-plain-tests, for make check-valgrind and with ThreadSanitizer, a little library of
# our own is in Criterion's place.
if PLAIN_TESTS
criterion = tests/unit/plain/libplain.a -lm
check_LIBRARIES += tests/unit/plain/libplain.a
tests_unit_plain_libplain_a_SOURCES = \
	tests/unit/plain/criterion/criterion.h tests/unit/plain/main.c
else
criterion = $(CRITERION_LIBS)
endif

if UNIT_TESTS
check_PROGRAMS += $(unit_tests) $(native_unit_tests)
TESTS += $(unit_tests) $(native_unit_tests)
endif

# Runs the unit tests alone.
if UNIT_TESTS
check-unit: $(unit_tests) $(native_unit_tests)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(unit_tests) $(native_unit_tests)'
check-local:
else
check-unit check-local:
	@echo 'unit tests: @unit_tests_note@'
endif

# The same, and the inputs of fuzzing, under valgrind, in a build with --enable-plain-tests. What only
# valgrind sees are values that nobody has set; leaks it finds too.
valgrind = valgrind --quiet --error-exitcode=99 --leak-check=full \
	--show-leak-kinds=definite,indirect,possible \
	--errors-for-leak-kinds=definite,indirect,possible \
	--suppressions=$(srcdir)/tests/unit/valgrind.supp
EXTRA_DIST += tests/unit/valgrind.supp
valgrind_tests = $(unit_tests) $(fuzz_programs)
if PLAIN_TESTS
check-valgrind: $(valgrind_tests)
	TEST_TIMEOUT=$${TEST_TIMEOUT:-3000} \
		$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(valgrind_tests)' \
		LOG_COMPILER='$(run_test) $(valgrind)'
else
check-valgrind:
	@echo 'check-valgrind needs ./configure --enable-plain-tests' && exit 1
endif

# Those that have threads, for --enable-tsan: nothing else of parproc has any.
thread_tests = \
	tests/unit/test_lib_conn tests/unit/test_lib_connect tests/unit/test_lib_discovery
check-threads: $(thread_tests)
	@for test in $(thread_tests); do $(run_test) $$test || exit 1; done

# --- the tests ---

unit_tests += tests/unit/test_frame
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c
tests_unit_test_frame_LDADD = $(protocol_libs) $(unit_libs)

unit_tests += tests/unit/test_json_text
tests_unit_test_json_text_SOURCES = tests/unit/test_json_text.c
tests_unit_test_json_text_LDADD = $(protocol_libs) $(unit_libs)

unit_tests += tests/unit/test_jsonrpc
tests_unit_test_jsonrpc_SOURCES = tests/unit/test_jsonrpc.c
tests_unit_test_jsonrpc_LDADD = $(protocol_libs) $(unit_libs)

unit_tests += tests/unit/test_methods
tests_unit_test_methods_SOURCES = tests/unit/test_methods.c
tests_unit_test_methods_LDADD = $(protocol_libs) $(unit_libs)

unit_tests += tests/unit/test_client_options
tests_unit_test_client_options_SOURCES = tests/unit/test_client_options.c client/options.c
tests_unit_test_client_options_LDADD = $(protocol_libs) $(unit_libs)

unit_tests += tests/unit/test_telling
tests_unit_test_telling_SOURCES = tests/unit/test_telling.c client/memory.c \
	client/sequence.c client/telling.c
tests_unit_test_telling_LDADD = $(unit_libs)

unit_tests += tests/unit/test_ignore
tests_unit_test_ignore_SOURCES = tests/unit/test_ignore.c client/ignore.c client/link.c \
	client/member.c client/memory.c client/sequence.c
tests_unit_test_ignore_LDADD = $(unit_libs)

unit_tests += tests/unit/test_logfile
tests_unit_test_logfile_SOURCES = tests/unit/test_logfile.c client/logfile.c client/memory.c
tests_unit_test_logfile_LDADD = $(unit_libs)

# What is put before people needs these.
client_output = client/link.c client/output.c client/sequence.c

unit_tests += tests/unit/test_output
tests_unit_test_output_SOURCES = tests/unit/test_output.c \
	client/json.c client/memory.c $(client_output) client/table.c client/wrap.c
tests_unit_test_output_LDADD = $(unit_libs)

unit_tests += tests/unit/test_repeats
tests_unit_test_repeats_SOURCES = tests/unit/test_repeats.c
tests_unit_test_repeats_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_lib_discovery
tests_unit_test_lib_discovery_SOURCES = \
	tests/unit/test_lib_discovery.c tests/unit/lib_kit.c tests/unit/lib_kit.h
tests_unit_test_lib_discovery_LDADD = $(client_libs) $(unit_libs)

unit_tests += tests/unit/test_lib_connect
tests_unit_test_lib_connect_SOURCES = \
	tests/unit/test_lib_connect.c tests/unit/lib_kit.c tests/unit/lib_kit.h
tests_unit_test_lib_connect_LDADD = $(client_libs) $(unit_libs)

unit_tests += tests/unit/test_lib_conn
tests_unit_test_lib_conn_SOURCES = \
	tests/unit/test_lib_conn.c tests/unit/lib_kit.c tests/unit/lib_kit.h
tests_unit_test_lib_conn_LDADD = $(client_libs) $(unit_libs)

unit_tests += tests/unit/test_app tests/unit/test_ctx
tests_unit_test_app_SOURCES = \
	tests/unit/test_app.c tests/unit/lib_kit.c tests/unit/lib_kit.h
tests_unit_test_app_LDADD = $(client_libs) $(unit_libs)
tests_unit_test_ctx_SOURCES = \
	tests/unit/test_ctx.c tests/unit/lib_kit.c tests/unit/lib_kit.h
tests_unit_test_ctx_LDADD = $(client_libs) $(unit_libs)

resume_kit = tests/unit/lib_kit.c tests/unit/lib_kit.h tests/unit/resume_kit.c tests/unit/resume_kit.h

unit_tests += tests/unit/test_lib_resume tests/unit/test_lib_away
tests_unit_test_lib_resume_SOURCES = tests/unit/test_lib_resume.c $(resume_kit)
tests_unit_test_lib_resume_LDADD = $(client_libs) $(unit_libs)
tests_unit_test_lib_away_SOURCES = tests/unit/test_lib_away.c $(resume_kit)
tests_unit_test_lib_away_LDADD = $(client_libs) $(unit_libs)

unit_tests += tests/unit/test_wire tests/unit/test_variables tests/unit/test_spawn
tests_unit_test_wire_SOURCES = tests/unit/test_wire.c
tests_unit_test_wire_LDADD = $(supervisor_libs) $(unit_libs)
tests_unit_test_variables_SOURCES = tests/unit/test_variables.c
tests_unit_test_variables_LDADD = $(supervisor_libs) $(unit_libs)
tests_unit_test_spawn_SOURCES = tests/unit/test_spawn.c
tests_unit_test_spawn_LDADD = $(supervisor_libs) $(unit_libs)

unit_tests += tests/unit/test_makeflags
tests_unit_test_makeflags_SOURCES = tests/unit/test_makeflags.c
tests_unit_test_makeflags_LDADD = $(supervisor_libs) $(unit_libs)

# The supervisor logs through the daemon's module.
unit_tests += tests/unit/test_tokens
tests_unit_test_tokens_SOURCES = tests/unit/test_tokens.c daemon/log.c daemon/log_file.c
tests_unit_test_tokens_LDADD = $(supervisor_libs) $(unit_libs)

unit_tests += tests/unit/test_supervisor
tests_unit_test_supervisor_SOURCES = tests/unit/test_supervisor.c $(supervisor_kit)
tests_unit_test_supervisor_LDADD = $(supervisor_libs) $(unit_libs)

unit_tests += tests/unit/test_supervisor_standby
tests_unit_test_supervisor_standby_SOURCES = tests/unit/test_supervisor_standby.c $(supervisor_kit)
tests_unit_test_supervisor_standby_LDADD = $(supervisor_libs) $(unit_libs)

unit_tests += tests/unit/test_supervisor_following
tests_unit_test_supervisor_following_SOURCES = tests/unit/test_supervisor_following.c \
	$(supervisor_kit)
tests_unit_test_supervisor_following_LDADD = $(supervisor_libs) $(unit_libs)

unit_tests += tests/unit/test_supervisor_tokens
tests_unit_test_supervisor_tokens_SOURCES = tests/unit/test_supervisor_tokens.c $(supervisor_kit)
tests_unit_test_supervisor_tokens_LDADD = $(supervisor_libs) $(unit_libs)

supervisor_kit = tests/unit/supervisor_kit.c tests/unit/supervisor_kit.h \
	daemon/log.c daemon/log_file.c

unit_tests += tests/unit/test_suggest
tests_unit_test_suggest_SOURCES = tests/unit/test_suggest.c
tests_unit_test_suggest_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_units
tests_unit_test_units_SOURCES = tests/unit/test_units.c
tests_unit_test_units_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_yaml
tests_unit_test_yaml_SOURCES = tests/unit/test_yaml.c
tests_unit_test_yaml_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_options
tests_unit_test_options_SOURCES = tests/unit/test_options.c
tests_unit_test_options_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_definitions
tests_unit_test_definitions_SOURCES = tests/unit/test_definitions.c
tests_unit_test_definitions_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_schema
tests_unit_test_schema_SOURCES = tests/unit/test_schema.c
tests_unit_test_schema_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_workspace
tests_unit_test_workspace_SOURCES = tests/unit/test_workspace.c
tests_unit_test_workspace_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)
EXTRA_DIST += tests/data/workspace

# Connections: what their tests share is in a kit.
session_kit = tests/unit/session_kit.c tests/unit/session_kit.h

unit_tests += tests/unit/test_session tests/unit/test_session_fds tests/unit/test_session_limits
tests_unit_test_session_SOURCES = tests/unit/test_session.c $(session_kit)
tests_unit_test_session_LDADD = $(daemon_libs) $(unit_libs)
tests_unit_test_session_fds_SOURCES = tests/unit/test_session_fds.c $(session_kit)
tests_unit_test_session_fds_LDADD = $(daemon_libs) $(unit_libs)
tests_unit_test_session_limits_SOURCES = tests/unit/test_session_limits.c $(session_kit)
tests_unit_test_session_limits_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_results
tests_unit_test_results_SOURCES = tests/unit/test_results.c
tests_unit_test_results_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_left_watch
tests_unit_test_left_watch_SOURCES = tests/unit/test_left_watch.c
tests_unit_test_left_watch_LDADD = daemon/libdaemon.a $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_logs
tests_unit_test_logs_SOURCES = tests/unit/test_logs.c
tests_unit_test_logs_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_log_file
tests_unit_test_log_file_SOURCES = tests/unit/test_log_file.c
tests_unit_test_log_file_LDADD = daemon/libdaemon.a $(unit_libs)

unit_tests += tests/unit/test_logs_cut
tests_unit_test_logs_cut_SOURCES = tests/unit/test_logs_cut.c
tests_unit_test_logs_cut_LDADD = daemon/libdaemon.a $(unit_libs)

unit_tests += tests/unit/test_outputs
tests_unit_test_outputs_SOURCES = tests/unit/test_outputs.c
tests_unit_test_outputs_LDADD = $(daemon_libs) $(unit_libs)

# Its cutters are this program again, executed as /proc/self/exe: there, that is valgrind.
native_unit_tests += tests/unit/test_logs_watch
tests_unit_test_logs_watch_SOURCES = tests/unit/test_logs_watch.c
tests_unit_test_logs_watch_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_environment
tests_unit_test_environment_SOURCES = tests/unit/test_environment.c
tests_unit_test_environment_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_process
tests_unit_test_process_SOURCES = tests/unit/test_process.c
tests_unit_test_process_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_slurm_command tests/unit/test_slurm_end
tests_unit_test_slurm_command_SOURCES = tests/unit/test_slurm_command.c
tests_unit_test_slurm_command_LDADD = $(daemon_libs) $(unit_libs)
tests_unit_test_slurm_end_SOURCES = tests/unit/test_slurm_end.c
tests_unit_test_slurm_end_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_openrpc
tests_unit_test_openrpc_SOURCES = tests/unit/test_openrpc.c
tests_unit_test_openrpc_LDADD = $(protocol_libs) $(unit_libs)

unit_tests += tests/unit/test_lib_nomem
tests_unit_test_lib_nomem_SOURCES = \
	tests/unit/test_lib_nomem.c tests/unit/lib_kit.c tests/unit/lib_kit.h
tests_unit_test_lib_nomem_LDADD = $(client_libs) $(unit_libs)

unit_tests += tests/unit/test_events
tests_unit_test_events_SOURCES = tests/unit/test_events.c $(events_kit)
tests_unit_test_events_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_events_missed
tests_unit_test_events_missed_SOURCES = tests/unit/test_events_missed.c $(events_kit)
tests_unit_test_events_missed_LDADD = $(daemon_libs) $(unit_libs)

events_kit = tests/unit/events_kit.c tests/unit/events_kit.h

unit_tests += tests/unit/test_inputs
tests_unit_test_inputs_SOURCES = tests/unit/test_inputs.c
tests_unit_test_inputs_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_start
tests_unit_test_start_SOURCES = tests/unit/test_start.c \
	daemon/start/listen.c daemon/start/lock.c daemon/start/place.c
tests_unit_test_start_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_live
tests_unit_test_live_SOURCES = tests/unit/test_live.c client/json.c client/line.c client/live_frame.c \
	client/member.c client/memory.c client/outcome.c $(client_output) client/progress.c client/table.c
tests_unit_test_live_LDADD = $(unit_libs)

unit_tests += tests/unit/test_entry
tests_unit_test_entry_SOURCES = tests/unit/test_entry.c client/entry.c client/keys.c
tests_unit_test_entry_LDADD = $(unit_libs)

unit_tests += tests/unit/test_graph
tests_unit_test_graph_SOURCES = tests/unit/test_graph.c client/graph_text.c client/member.c \
	client/memory.c $(client_output) client/json.c
tests_unit_test_graph_LDADD = $(unit_libs)

unit_tests += tests/unit/test_plan_tree
tests_unit_test_plan_tree_SOURCES = tests/unit/test_plan_tree.c client/plan_tree.c client/member.c \
	client/memory.c $(client_output) client/json.c
tests_unit_test_plan_tree_LDADD = $(unit_libs)

unit_tests += tests/unit/test_top
tests_unit_test_top_SOURCES = tests/unit/test_top.c client/json.c client/keys.c client/line.c \
	client/live_frame.c client/member.c client/memory.c client/outcome.c $(client_output) \
	client/progress.c client/table.c client/top_frame.c client/top_list.c \
	client/top_model.c \
	client/top_runs.c
tests_unit_test_top_LDADD = $(unit_libs)

unit_tests += tests/unit/test_outcome
tests_unit_test_outcome_SOURCES = tests/unit/test_outcome.c client/json.c \
	client/member.c client/memory.c client/outcome.c $(client_output) \
	client/table.c
tests_unit_test_outcome_LDADD = $(unit_libs)

unit_tests += tests/unit/test_record
tests_unit_test_record_SOURCES = tests/unit/test_record.c client/json.c client/member.c \
	client/memory.c client/outcome.c $(client_output) client/record.c client/record_order.c \
	client/table.c
tests_unit_test_record_LDADD = $(unit_libs)

unit_tests += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c client/excerpt.c client/html.c \
	client/ignore.c client/json.c client/logfile.c client/member.c client/memory.c client/outcome.c $(client_output) \
	client/record.c client/record_order.c client/report_failures.c client/report_graph.c \
	client/report_page.c client/report_style.c client/report_table.c client/report_text.c \
	client/report_timeline.c client/table.c client/telling.c
tests_unit_test_report_LDADD = $(unit_libs)

# What keeps the core's state in tests, here and in tests/sim.
core_keeper = \
	tests/unit/core_keeper.c tests/unit/core_keeper.h \
	tests/unit/core_record.c tests/unit/core_record.h

# The core's tests are scripts, which its kit plays.
core_kit = \
	tests/unit/core_expect.c tests/unit/core_kit.c tests/unit/core_kit.h \
	tests/unit/core_restart.c tests/unit/core_script.c tests/unit/core_script.h \
	tests/unit/core_waits.c $(core_keeper)

unit_tests += tests/unit/test_names
tests_unit_test_names_SOURCES = tests/unit/test_names.c $(core_kit)
tests_unit_test_names_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_outline
tests_unit_test_outline_SOURCES = tests/unit/test_outline.c $(core_kit)
tests_unit_test_outline_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_proc_table
tests_unit_test_proc_table_SOURCES = tests/unit/test_proc_table.c
tests_unit_test_proc_table_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_registry
tests_unit_test_registry_SOURCES = tests/unit/test_registry.c $(core_kit)
tests_unit_test_registry_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_history
tests_unit_test_history_SOURCES = tests/unit/test_history.c $(core_kit)
tests_unit_test_history_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_locks
tests_unit_test_locks_SOURCES = tests/unit/test_locks.c $(core_kit)
tests_unit_test_locks_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_schedule
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c $(core_kit)
tests_unit_test_schedule_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_standby
tests_unit_test_standby_SOURCES = tests/unit/test_standby.c $(core_kit)
tests_unit_test_standby_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_following
tests_unit_test_following_SOURCES = tests/unit/test_following.c $(core_kit)
tests_unit_test_following_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_core_limits
tests_unit_test_core_limits_SOURCES = tests/unit/test_core_limits.c $(core_kit)
tests_unit_test_core_limits_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(core_kit)
tests_unit_test_store_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_runs
tests_unit_test_runs_SOURCES = tests/unit/test_runs.c $(core_kit)
tests_unit_test_runs_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_sharing
tests_unit_test_sharing_SOURCES = tests/unit/test_sharing.c $(core_kit)
tests_unit_test_sharing_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_retries
tests_unit_test_retries_SOURCES = tests/unit/test_retries.c $(core_kit)
tests_unit_test_retries_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_rdeps
tests_unit_test_rdeps_SOURCES = tests/unit/test_rdeps.c $(core_kit)
tests_unit_test_rdeps_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_missing
tests_unit_test_missing_SOURCES = tests/unit/test_missing.c $(core_kit)
tests_unit_test_missing_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_nested
tests_unit_test_nested_SOURCES = tests/unit/test_nested.c $(core_kit)
tests_unit_test_nested_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_cycles
tests_unit_test_cycles_SOURCES = tests/unit/test_cycles.c $(core_kit)
tests_unit_test_cycles_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_restore
tests_unit_test_restore_SOURCES = tests/unit/test_restore.c \
	tests/unit/core_lines.c tests/unit/core_lines.h $(core_kit)
tests_unit_test_restore_LDADD = $(core_libs) $(unit_libs)

unit_tests += tests/unit/test_views
tests_unit_test_views_SOURCES = tests/unit/test_views.c $(core_kit)
tests_unit_test_views_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_request_params
tests_unit_test_request_params_SOURCES = tests/unit/test_request_params.c $(core_kit)
tests_unit_test_request_params_LDADD = $(daemon_libs) $(unit_libs)

unit_tests += tests/unit/test_clock
tests_unit_test_clock_SOURCES = tests/unit/test_clock.c $(core_kit)
tests_unit_test_clock_LDADD = $(daemon_libs) $(unit_libs)
