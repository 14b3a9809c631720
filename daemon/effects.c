/*
 * The core's actions, one function for each kind, and what workers report. Decides nothing about
 * scheduling. What an exit has changed is stored before the supervisor may forget it.
 */
#include "daemon/effects.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/dynamic.h"
#include "daemon/environment.h"
#include "daemon/events.h"
#include "daemon/executors/executors.h"
#include "daemon/extra.h"
#include "daemon/follow.h"
#include "daemon/groups.h"
#include "daemon/inputs.h"
#include "daemon/jobserver.h"
#include "daemon/keep.h"
#include "daemon/left.h"
#include "daemon/left_watch.h"
#include "daemon/log.h"
#include "daemon/logs.h"
#include "daemon/logs_limit.h"
#include "daemon/outputs.h"
#include "daemon/params.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor_id.h"
#include "daemon/terminals.h"
#include "daemon/waits.h"

struct effects {
	struct daemon *daemon;
	struct process_place place;
	char host[256];
	struct worker_key *acknowledged; /* to be, once the pass is stored */
	size_t n_acknowledged;
	size_t capacity;
	struct groups *groups;
};

struct effects *effects_new(struct daemon *daemon)
{
	struct effects *effects = calloc(1, sizeof(*effects));

	if (!effects)
		return NULL;
	effects->daemon = daemon;
	effects->groups = groups_new(daemon);
	if (!effects->groups) {
		free(effects);
		return NULL;
	}
	effects->place = (struct process_place){.directory = daemon->directory,
	    .state_directory = daemon->state_directory,
	    .socket_path = daemon->socket_path,
	    .host = effects->host};
	gethostname(effects->host, sizeof(effects->host) - 1);
	return effects;
}

static bool free_extras_of(struct proc *proc, void *arg)
{
	(void)arg;
	for (struct execution *at = proc->newest; at; at = at->older)
		exec_extra_free(at);
	return true;
}

/* What hangs onto the core's executions and runs is not the core's to free. */
void effects_free_extras(struct daemon *daemon)
{
	struct run *run = NULL;
	struct action action;

	/* Of those that nothing keeps, the core has said so. */
	while (core_next_action(daemon->core, &action)) {
		if (action.kind == ACTION_FORGET)
			exec_extra_free(action.execution);
		else if (action.kind == ACTION_FORGET_RUN)
			run_extra_free(action.run);
	}
	while ((run = core_next_run(daemon->core, run ? run->id : 0)))
		run_extra_free(run);
	/* Some are in no run any more, and only what depends on them keeps them. */
	core_each_proc(daemon->core, free_extras_of, NULL);
}

void effects_free(struct effects *effects)
{
	if (!effects)
		return;
	effects_free_extras(effects->daemon);
	groups_free(effects->groups);
	free(effects->acknowledged);
	free(effects);
}

const struct process_place *effects_get_place(const struct daemon *daemon)
{
	return &daemon->effects->place;
}

/* --- actions --- */

static struct worker_key key_of(const struct execution *execution)
{
	return (struct worker_key){.exec = execution->id, .attempt = execution->attempt};
}

void effects_report(
    struct daemon *daemon, struct execution *execution, const struct exit_report *report)
{
	int64_t now_ns = scheduler_now_ns();
	int64_t ended_ns = core_time_exit(execution, report, now_ns);

	core_exited(daemon->core, execution->id, report, now_ns);
	if (execution->is_retrying)
		attempts_note(execution, ended_ns);
	scheduler_wake(daemon);
}

static void take_back(struct daemon *daemon, struct execution *execution)
{
	struct exec_extra *extra = execution->extra;

	if (extra)
		extra->log_attempt = 0;
	core_returned(daemon->core, execution->id, scheduler_now_ns());
	scheduler_wake(daemon);
}

static void fail_to_spawn(struct daemon *daemon, struct execution *execution, char *info)
{
	struct exit_report report = {.is_spawn_failure = true, .info = info};
	int64_t now_ns = scheduler_now_ns();

	if (core_is_following(daemon->core, execution->id)) {
		/* It will be tried when it is ready, if it ever is. */
		workers_signal(daemon->workers, key_of(execution), SIGKILL);
		take_back(daemon, execution);
		free(info);
		return;
	}
	/* What stands by fails as it would have later, and is not to be started any more. */
	workers_signal(daemon->workers, key_of(execution), SIGKILL);
	core_promoted(daemon->core, execution->id, now_ns, now_ns);
	executors_discard(daemon, execution);
	effects_report(daemon, execution, &report);
	free(info);
}

static enum wire_slot get_slot(const struct daemon *daemon, const struct execution *execution)
{
	if (strcmp(execution_executor(execution), CORE_LOCAL) != 0)
		return SLOT_NONE;
	/* The end of what leaves its result in its output may have to wait for its log. */
	return core_get_options(daemon->core)->is_single ||
	               execution->definition->result == RESULT_STDOUT
	           ? SLOT_KEPT
	           : SLOT_PASSED;
}

static uint32_t get_standby(const struct daemon *daemon, const struct execution *execution)
{
	return execution->is_standby ? core_get_options(daemon->core)->parallel : 0;
}

void effects_start(
    struct daemon *daemon, struct execution *execution, enum jobserver_style jobserver)
{
	const struct process_place *place = &daemon->effects->place;
	struct exec_extra *extra = exec_extra_get(execution, daemon->logs_directory);
	const struct terminal *terminal = terminals_find(daemon, execution);
	struct process_output to = {.is_terminal = terminal != NULL};
	struct wire_after after[WIRE_AFTER_MAX];
	uint32_t n_after;
	struct process process;
	char *log, *output = NULL, *problem;

	if (!extra) {
		fail_to_spawn(daemon, execution, mem_copy("out of memory"));
		return;
	}
	if (extra->log_attempt != execution->attempt) /* else it stands by, and has its log */
		logs_begin_attempt(execution);
	left_begin_attempt(daemon, execution);
	log = logs_path(execution);
	if (execution->definition->result == RESULT_STDOUT)
		output = process_file(place->state_directory, execution->id, "out");
	extra->pending_ns = 0;
	extra->is_output_logged = false;
	extra->is_slot_lent = false;
	extra->has_terminal = terminal != NULL;
	extra->is_interrupted = false;
	to.log = log;
	to.terminal_type = terminal ? terminal_get_type(terminal) : NULL;
	process_build(&process, place, execution, &execution->definition->run, &to);
	problem = executors_wrap(daemon, execution, &process, log, output != NULL);
	if (problem) {
		fail_to_spawn(daemon, execution, problem);
		process_clear(&process);
		free(output);
		free(log);
		return;
	}
	n_after = follow_list(daemon, execution, after);
	const struct worker_spawn spawn = {
	    .key = key_of(execution),
	    .env = execution->env,
	    .argv = (const char *const *)process.argv.items,
	    .extra_env = (const char *const *)process.env.items,
	    .cwd = process.cwd,
	    .log = log,
	    .output = output,
	    .terminal = terminal ? terminal_get_fds(terminal) : NULL,
	    .jobserver = jobserver,
	    .slot = get_slot(daemon, execution),
	    .standby = get_standby(daemon, execution),
	    .n_after = n_after,
	    .after = after,
	};
	if (workers_spawn(daemon->workers, &spawn) < 0)
		fail_to_spawn(daemon, execution, process_explain_failure(&process, "spawn", errno));
	else
		executors_begin(daemon, execution);
	follow_clear(after, n_after);
	process_clear(&process);
	free(output);
	free(log);
}

void effects_start_again(struct daemon *daemon, struct execution *execution)
{
	/* Who asked was there already, and is gone. */
	if (execution_is_complete(execution))
		return;
	if (jobserver_concerns(execution))
		jobserver_start(daemon, execution);
	else
		effects_start(daemon, execution, JOBSERVER_NONE);
}

static void tell_change(struct daemon *daemon, const struct action *action)
{
	struct execution *execution = action->execution;
	const struct exec_extra *extra = execution->extra;

	if (!action->run &&
	    (action->is_retry || (action->state != STATE_WANTED && action->state != STATE_RUNNING)))
		inputs_end_execution(daemon, execution);
	events_publish_state(daemon, execution, action->run, action->state);
	if (action->run)
		return; /* only its outcome in that run; it goes on elsewhere */
	if (action->is_retry) {
		return;
	} else if (action->state == STATE_WANTED) {
		environments_ref(daemon->environments, execution->env);
	} else if (action->state != STATE_RUNNING) {
		environments_unref(daemon->environments, execution->env);
		if (extra && extra->inquiries)
			dynamic_cancel(daemon, execution);
	}
}

static void tell_run(struct daemon *daemon, struct run *run)
{
	if (!run_is_active(run))
		params_drop(daemon, run);
	events_publish_run(daemon, run);
}

static void forget_execution(struct daemon *daemon, struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	keep_drop_execution(daemon, execution);
	if (!extra)
		return;
	logs_limit_forget(daemon, execution);
	logs_remove(execution);
	if (extra->log_run && !core_find_run(daemon->core, extra->log_run))
		logs_remove_run(daemon->logs_directory, extra->log_run);
	exec_extra_free(execution);
}

static void forget_run(struct daemon *daemon, struct run *run)
{
	events_publish_forgotten(daemon, run);
	keep_drop_run(daemon, run);
	logs_remove_run(daemon->logs_directory, run->id);
	run_extra_free(run);
}

static void carry_out(struct daemon *daemon, const struct action *action)
{
	switch (action->kind) {
	case ACTION_START:
	case ACTION_STANDBY:
		effects_start_again(daemon, action->execution);
		break;
	case ACTION_SIGNAL:
		if (!jobserver_signal(daemon, action->execution, action->signal))
			executors_signal(daemon, action->execution, action->signal);
		break;
	case ACTION_RECALL:
		workers_recall(daemon->workers, key_of(action->execution));
		break;
	case ACTION_RESOLVE:
		dynamic_resolve(daemon, action);
		break;
	case ACTION_CHANGED:
		tell_change(daemon, action);
		break;
	case ACTION_RUN_OPENED:
	case ACTION_RUN_OVER:
		tell_run(daemon, action->run);
		break;
	case ACTION_WAIT_DONE:
		waits_finish(daemon, action->id);
		break;
	case ACTION_FORGET:
		forget_execution(daemon, action->execution);
		break;
	case ACTION_FORGET_RUN:
		forget_run(daemon, action->run);
		break;
	case ACTION_DEFINED:
		events_publish_defined(daemon);
		break;
	}
}

void effects_carry_out(struct daemon *daemon)
{
	struct action action;

	while (core_next_action(daemon->core, &action))
		carry_out(daemon, &action);
}

/* --- what workers report --- */

/* What stood by before a scheduler died may be started by word of the supervisor alone. */
static void note_promotion(struct daemon *daemon, struct worker_key key, int64_t started_ns)
{
	const struct execution *execution = core_find_execution(daemon->core, key.exec);

	if (!execution || !execution->is_standby || execution->attempt != key.attempt)
		return;
	log_debug("worker promoted exec=%" PRIu64, key.exec);
	core_promoted(daemon->core, key.exec, scheduler_time_ns(started_ns), scheduler_now_ns());
}

void effects_returned(struct daemon *daemon, struct worker_key key)
{
	struct execution *execution = core_find_execution(daemon->core, key.exec);

	log_debug("worker returned exec=%" PRIu64, key.exec);
	if (execution && execution->is_standby && execution->attempt == key.attempt)
		take_back(daemon, execution);
}

void effects_follow_wait(struct daemon *daemon, uint64_t exec)
{
	struct execution *execution = exec ? core_find_execution(daemon->core, exec) : NULL;
	struct exec_extra *extra = execution ? execution->extra : NULL;

	jobserver_follow_wait(daemon, exec);
	if (!extra || execution->state != STATE_RUNNING ||
	    get_slot(daemon, execution) == SLOT_NONE || extra->is_slot_lent == execution->is_lent)
		return;
	extra->is_slot_lent = execution->is_lent;
	workers_lend_slot(daemon->workers, key_of(execution), extra->is_slot_lent);
}

void effects_started(struct daemon *daemon, struct worker_key key, pid_t pid, int64_t started_ns)
{
	struct execution *execution = core_find_execution(daemon->core, key.exec);
	struct exec_extra *extra = execution ? execution->extra : NULL;

	core_skip_executions(daemon->core, key.exec);
	note_promotion(daemon, key, started_ns);
	if (key.attempt & WORKER_RESOLVE) {
		dynamic_started(daemon, key);
	} else if (!extra || execution->state != STATE_RUNNING ||
	           execution->attempt != key.attempt) {
		log_warning("unknown worker killed exec=%" PRIu64 " pid=%d", key.exec, (int)pid);
		workers_signal(daemon->workers, key, SIGKILL);
	} else {
		log_debug("worker started exec=%" PRIu64 " attempt=%u pid=%d", key.exec,
		    key.attempt, (int)pid);
		if (!extra->is_reported)
			logs_limit_started(daemon, execution);
		extra->pid = pid;
		extra->pid_started = process_started(pid);
		extra->is_reported = true;
		jobserver_started(daemon, execution);
		core_touch_execution(daemon->core, execution);
		scheduler_wake(daemon);
	}
}

/* What was made for a process that then could not be started. */
static void discard(struct daemon *daemon, const struct execution *execution)
{
	char *path;

	executors_discard(daemon, execution);
	if (execution->definition->result != RESULT_STDOUT)
		return;
	path = process_file(daemon->state_directory, execution->id, "out");
	remove(path);
	free(path);
}

static void keep_usage(struct exec_extra *extra, const struct rusage *usage)
{
	extra->user_us = (int64_t)usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec;
	extra->system_us = (int64_t)usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec;
	extra->max_rss_kib = usage->ru_maxrss;
}

/* Why it never started, for people; the caller frees it. */
static char *explain_spawn_failure(
    struct daemon *daemon, const struct execution *execution, const struct worker_exit *report)
{
	struct process process;
	char *info;

	process_build(&process, &daemon->effects->place, execution, &execution->definition->run,
	    &(struct process_output){0});
	info = executors_explain_failure(
	    daemon, execution, &process, report->spawn_stage, report->spawn_errno);
	process_clear(&process);
	return info;
}

static void finish(
    struct daemon *daemon, struct execution *execution, const struct worker_exit *exit)
{
	struct exec_extra *extra = execution->extra;
	struct exit_report report = {.started_ns = scheduler_time_ns(exit->started_ns),
	    .ended_ns = scheduler_time_ns(exit->ended_ns),
	    .wait_status = exit->wait_status,
	    .is_relied_on = exit->is_relied_on};
	char *info = NULL, *ended = NULL;

	extra->pid = 0;
	if (exit->spawn_errno) {
		report.is_spawn_failure = true;
		info = explain_spawn_failure(daemon, execution, exit);
		discard(daemon, execution);
		executors_forget(daemon, execution);
	} else {
		if (executors_measure(daemon, execution))
			keep_usage(extra, &exit->usage);
		executors_end(daemon, execution, exit, &report, &ended);
		left_collect(daemon, execution, &report, &info);
		if (ended) {
			free(info);
			info = ended;
		}
	}
	report.info = info;
	logs_limit_ended(daemon, execution, exit->ended_ns - exit->started_ns);
	effects_report(daemon, execution, &report);
	free(info);
}

/* Whether the end has to wait until all that was printed is in the log. */
static bool has_to_wait_for_log(
    struct daemon *daemon, struct execution *execution, const struct worker_exit *report)
{
	struct exec_extra *extra = execution->extra;
	char *output, *log;
	bool is_taken;

	if (execution->definition->result != RESULT_STDOUT || report->spawn_errno)
		return false;
	output = process_file(daemon->state_directory, execution->id, "out");
	log = logs_path(execution);
	is_taken = log && outputs_take(daemon, report, output, log);
	if (is_taken) {
		extra->is_output_logged = true;
		extra->pid = 0;
	}
	free(output);
	free(log);
	return is_taken;
}

void effects_finish(struct daemon *daemon, const struct worker_exit *report)
{
	struct execution *execution = core_find_execution(daemon->core, report->key.exec);

	scheduler_wake(daemon);
	if (execution && execution->extra && execution->state == STATE_RUNNING &&
	    execution->attempt == report->key.attempt)
		finish(daemon, execution, report);
	if (report->has_leftovers)
		effects_end_group(daemon, report->key, report->pid);
	else
		effects_queue_acknowledgement(daemon, report->key);
	if (report->next.exec != 0)
		note_promotion(daemon, report->next, report->next_ns);
}

void effects_exited(struct daemon *daemon, const struct worker_exit *report)
{
	struct execution *execution = core_find_execution(daemon->core, report->key.exec);
	struct exec_extra *extra = execution ? execution->extra : NULL;

	log_debug("worker ended exec=%" PRIu64 " attempt=%u status=%#x leftovers=%d",
	    report->key.exec, report->key.attempt, (unsigned)report->wait_status,
	    report->has_leftovers);
	scheduler_wake(daemon);
	if (!report->is_with_previous)
		left_watch_look(daemon->left);
	inject_death("exit");
	core_skip_executions(daemon->core, report->key.exec);
	note_promotion(daemon, report->key, report->started_ns);
	if (report->key.attempt & WORKER_RESOLVE)
		dynamic_exited(daemon, report);
	else if (extra && execution->state == STATE_RUNNING &&
	         execution->attempt == report->key.attempt &&
	         (executors_delay_end(daemon, execution, report) ||
	             has_to_wait_for_log(daemon, execution, report)))
		return;
	effects_finish(daemon, report);
}

void effects_end_group(struct daemon *daemon, struct worker_key key, pid_t pid)
{
	groups_end(daemon->effects->groups, key, pid);
}

size_t effects_count_groups(struct daemon *daemon)
{
	return groups_count(daemon->effects->groups);
}

void effects_kill_groups(struct daemon *daemon)
{
	groups_kill(daemon->effects->groups);
}

void effects_queue_acknowledgement(struct daemon *daemon, struct worker_key key)
{
	struct effects *effects = daemon->effects;

	if (effects->n_acknowledged == effects->capacity) {
		effects->capacity = effects->capacity ? 2 * effects->capacity : 64;
		effects->acknowledged = mem_resize(
		    effects->acknowledged, effects->capacity, sizeof(*effects->acknowledged));
	}
	effects->acknowledged[effects->n_acknowledged++] = key;
}

void effects_acknowledge(struct daemon *daemon)
{
	struct effects *effects = daemon->effects;

	for (size_t i = 0; i < effects->n_acknowledged; i++)
		workers_acknowledge(daemon->workers, effects->acknowledged[i]);
	effects->n_acknowledged = 0;
}
