# daemon/: ppd. One list for each part of the daemon; each names its sources and headers.

noinst_LIBRARIES += daemon/libdaemon.a
daemon_libdaemon_a_SOURCES = \
	$(daemon_workspace_sources) \
	$(daemon_shell_sources) \
	$(daemon_worker_sources) \
	$(daemon_executor_sources) \
	$(daemon_request_sources)

# The workspace file: daemon/workspace/.
daemon_workspace_sources = \
	daemon/workspace/definitions.c \
	daemon/workspace/definitions.h \
	daemon/workspace/error.c \
	daemon/workspace/error.h \
	daemon/workspace/executors.c \
	daemon/workspace/executors.h \
	daemon/workspace/file.c \
	daemon/workspace/file.h \
	daemon/workspace/log_ignore.c \
	daemon/workspace/log_ignore.h \
	daemon/workspace/options.c \
	daemon/workspace/options.h \
	daemon/workspace/reader.c \
	daemon/workspace/reader.h \
	daemon/workspace/resources.c \
	daemon/workspace/resources.h \
	daemon/workspace/retries.c \
	daemon/workspace/retries.h \
	daemon/workspace/scalar.c \
	daemon/workspace/scalar.h \
	daemon/workspace/scheduling.c \
	daemon/workspace/scheduling.h \
	daemon/workspace/schema.c \
	daemon/workspace/schema.h \
	daemon/workspace/schema_tables.c \
	daemon/workspace/units.c \
	daemon/workspace/units.h \
	daemon/workspace/workspace.c \
	daemon/workspace/workspace.h \
	daemon/workspace/yaml.c \
	daemon/workspace/yaml.h \
	daemon/workspace/yaml_json.c \
	daemon/workspace/yaml_node.c \
	daemon/workspace/yaml_parts.h \
	daemon/workspace/yaml_scalar.c

# Sessions, the scheduler's loop, results, logs, store.
daemon_shell_sources = \
	daemon/daemon.h \
	daemon/dynamic.c \
	daemon/dynamic.h \
	daemon/dynamic_parse.c \
	daemon/effects.c \
	daemon/effects.h \
	daemon/environment.c \
	daemon/environment.h \
	daemon/events.c \
	daemon/events.h \
	daemon/events_internal.h \
	daemon/events_line.c \
	daemon/events_missed.c \
	daemon/extra.c \
	daemon/extra.h \
	daemon/follow.c \
	daemon/follow.h \
	daemon/groups.c \
	daemon/groups.h \
	daemon/holds.c \
	daemon/holds.h \
	daemon/inputs.c \
	daemon/inputs.h \
	daemon/jobserver.c \
	daemon/jobserver.h \
	daemon/keep.c \
	daemon/keep.h \
	daemon/left.c \
	daemon/left.h \
	daemon/left_watch.c \
	daemon/left_watch.h \
	daemon/leftovers.c \
	daemon/leftovers.h \
	daemon/log.c \
	daemon/log.h \
	daemon/log_file.c \
	daemon/log_file.h \
	daemon/logs.c \
	daemon/logs.h \
	daemon/logs_cut.c \
	daemon/logs_cut.h \
	daemon/logs_cutter.c \
	daemon/logs_cutter.h \
	daemon/logs_limit.c \
	daemon/logs_limit.h \
	daemon/logs_watch.c \
	daemon/logs_watch.h \
	daemon/measure.c \
	daemon/measure.h \
	daemon/outputs.c \
	daemon/outputs.h \
	daemon/params.c \
	daemon/params.h \
	daemon/parts.c \
	daemon/parts.h \
	daemon/pending.c \
	daemon/pending.h \
	daemon/presence.c \
	daemon/presence.h \
	daemon/process.c \
	daemon/process.h \
	daemon/recover.c \
	daemon/recover.h \
	daemon/request.c \
	daemon/results.c \
	daemon/results.h \
	daemon/scheduler.c \
	daemon/scheduler.h \
	daemon/scheduler_internal.h \
	daemon/scheduler_stop.c \
	daemon/session.c \
	daemon/session.h \
	daemon/session_accept.c \
	daemon/session_call.c \
	daemon/session_fds.c \
	daemon/session_internal.h \
	daemon/session_room.c \
	daemon/session_early.c \
	daemon/session_turn.c \
	daemon/session_write.c \
	daemon/slices.c \
	daemon/slices.h \
	daemon/store.c \
	daemon/store.h \
	daemon/store_files.c \
	daemon/store_internal.h \
	daemon/store_load.c \
	daemon/store_put.c \
	daemon/store_read.c \
	daemon/store_schema.c \
	daemon/store_schema.h \
	daemon/supervisor_id.c \
	daemon/supervisor_id.h \
	daemon/terminals.c \
	daemon/terminals.h \
	daemon/waits.c \
	daemon/waits.h

# Where processes run, if not as the supervisor's children alone: daemon/executors/.
daemon_executor_sources = \
	daemon/executors/executors.c \
	daemon/executors/executors.h \
	daemon/executors/prefix.c \
	daemon/executors/prefix.h \
	daemon/executors/slurm.c \
	daemon/executors/slurm.h \
	daemon/executors/slurm_command.c \
	daemon/executors/slurm_command.h \
	daemon/executors/slurm_end.c \
	daemon/executors/slurm_end.h \
	daemon/executors/slurm_jobs.c \
	daemon/executors/slurm_jobs.h \
	daemon/executors/slurm_queue.c

# The scheduler's side of the supervisor's pipe.
daemon_worker_sources = \
	daemon/workers.c \
	daemon/workers.h

# Method handlers and views.
daemon_request_sources = \
	daemon/ask.c \
	daemon/ask.h \
	daemon/attempts.c \
	daemon/attempts.h \
	daemon/edges.c \
	daemon/edges.h \
	daemon/handlers.h \
	daemon/reasons.c \
	daemon/reasons.h \
	daemon/reasons_origin.c \
	daemon/reload.c \
	daemon/reload.h \
	daemon/repeats.c \
	daemon/repeats.h \
	daemon/request.h \
	daemon/request_params.c \
	daemon/requests.c \
	daemon/requests.h \
	daemon/requests_daemon.c \
	daemon/requests_define.c \
	daemon/requests_globs.c \
	daemon/requests_graph.c \
	daemon/requests_history.c \
	daemon/requests_input.c \
	daemon/requests_inside.c \
	daemon/requests_list.c \
	daemon/requests_list.h \
	daemon/requests_look.c \
	daemon/requests_look.h \
	daemon/requests_run.c \
	daemon/requests_settings.c \
	daemon/requests_show.c \
	daemon/requests_wait.c \
	daemon/requests_wait.h \
	daemon/settings.c \
	daemon/settings.h \
	daemon/views.c \
	daemon/views.h \
	daemon/views_context.c

# From the command line to supervisor and scheduler: main.c and daemon/start/.
bin_PROGRAMS += ppd
ppd_SOURCES = \
	daemon/main.c \
	daemon/options.c \
	daemon/options.h \
	daemon/start/detach.c \
	daemon/start/detach.h \
	daemon/start/latency.c \
	daemon/start/latency.h \
	daemon/start/launch.c \
	daemon/start/launch.h \
	daemon/start/listen.c \
	daemon/start/listen.h \
	daemon/start/lock.c \
	daemon/start/lock.h \
	daemon/start/place.c \
	daemon/start/place.h \
	daemon/start/systemd.c \
	daemon/start/systemd.h
ppd_LDADD = $(daemon_libs) $(daemon_syslibs)

# The units for a user's systemd, where configure knows a directory for them.
if SYSTEMD
dist_systemduserunit_DATA = daemon/systemd/ppd@.socket
nodist_systemduserunit_DATA = daemon/systemd/ppd@.service
endif
EXTRA_DIST += daemon/systemd/ppd@.socket daemon/systemd/ppd@.service.in
CLEANFILES += daemon/systemd/ppd@.service

daemon/systemd/ppd@.service: daemon/systemd/ppd@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) daemon/systemd && \
		sed 's|[@]bindir[@]|$(bindir)|g' $(srcdir)/daemon/systemd/ppd@.service.in >$@
