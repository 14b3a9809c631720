/* What follows when an execution is complete; see settle.h. */
#include "daemon/core/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/core/execution.h"
#include "daemon/core/history.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/ready.h"
#include "daemon/core/resolving.h"
#include "daemon/core/retry.h"
#include "daemon/core/run.h"
#include "daemon/core/standby.h"
#include "daemon/core/touch.h"
#include "daemon/core/wait.h"

void settle(struct core *core, struct execution *execution, enum execution_state state,
    enum execution_error error, const char *info, int64_t now_ns)
{
	/* What follows from this touches its proc and its dependents. They are all over the memory,
	 * and fetched at once. */
	__builtin_prefetch(&execution->proc->mean_ns);
	for (uint32_t i = 0; i < execution->n_dependents; i++)
		__builtin_prefetch(&execution->dependents[i]->n_pending);
	if (execution->state == STATE_RUNNING) {
		ready_release(core, execution);
	} else {
		ready_forget(core, execution);
		missing_drop(core, execution);
	}
	resolving_drop(core, execution);
	if (info != execution->info) {
		free(execution->info);
		execution->info = execution_copy_info(info);
	}
	execution->error = (uint8_t)error;
	/* Since it was started the machine may have been too, with its clock behind. */
	execution->ended_ns = now_ns < execution->started_ns ? execution->started_ns : now_ns;
	core->n_incomplete--;
	execution_set_state(core, execution, state);
	execution_update_progress(core, execution);
	TAILQ_INSERT_TAIL(&core->settling, execution, of_queue);
}

void settle_fail(struct core *core, struct execution *execution, enum execution_error error,
    const char *info, int64_t now_ns)
{
	settle(core, execution, STATE_FAILED, error, info, now_ns);
}

void settle_succeed(struct core *core, struct execution *execution, int64_t now_ns)
{
	settle(core, execution, STATE_SUCCEEDED, ERROR_NONE, NULL, now_ns);
}

static void fail_dependent(
    struct core *core, struct execution *dependent, struct execution *failed, int64_t now_ns)
{
	char *info = mem_print("its dependency %s failed", failed->proc->name);

	if (dependent->is_standby) { /* it fails once it is certain that it will not be started */
		ready_end(core, dependent, ERROR_DEP_FAILED, info, false, now_ns);
	} else {
		dependent->failed_dep = failed;
		settle_fail(core, dependent, ERROR_DEP_FAILED, info, now_ns);
	}
	free(info);
}

/* A dependency that has failed, or counts as failed in a run of execution; or NULL. */
static struct execution *find_failed_dep(const struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_deps; i++) {
		struct execution *dep = execution->deps[i];

		if (dep->state == STATE_FAILED)
			return dep;
		for (const struct membership *at = &execution->first; at;
		     at = at->next_of_execution) {
			const struct membership *member =
			    at->run != NULL ? execution_in_run(dep, at->run) : NULL;
			if (member != NULL && member->override != ERROR_NONE)
				return dep;
		}
	}
	return NULL;
}

void settle_ending(struct core *core, struct execution *execution, int64_t now_ns)
{
	if (execution->ending == ERROR_DEP_FAILED)
		execution->failed_dep = find_failed_dep(execution);
	settle_fail(core, execution, execution->ending, execution->info, now_ns);
}

static void settle_dependents(struct core *core, struct execution *execution, int64_t now_ns)
{
	bool is_success = execution_is_success(execution);

	for (uint32_t i = 0; i < execution->n_dependents; i++) {
		struct execution *dependent = execution->dependents[i];
		dependent->n_pending--;
		if (dependent->state != STATE_WANTED)
			continue;
		core->n_following -= dependent->is_standby && dependent->n_pending == 0;
		if (!is_success)
			fail_dependent(core, dependent, execution, now_ns);
		else if (dependent->n_pending == 0)
			ready_consider(core, dependent);
	}
	execution_drop_dependents(core, execution);
}

/* What kept execution waiting is gone: its runs may have nothing to wait for now. */
static void check_runs(struct core *core, struct execution *execution)
{
	for (struct membership *at = &execution->first; at; at = at->next_of_execution)
		if (at->run != NULL && at->override == ERROR_NONE)
			run_check_quiet(core, at->run);
}

/* The next execution of the same proc, which could not join this one, may go on. */
static void settle_line(struct core *core, struct execution *execution)
{
	struct execution *before = execution->predecessor, *after = execution->successor;

	if (before != NULL) {
		before->successor = after;
	} else {
		execution->proc->in_flight = after;
	}
	if (after != NULL) {
		after->predecessor = before;
		if (before == NULL) {
			after->n_pending--;
			ready_consider(core, after);
			check_runs(core, after);
		}
	}
	execution->predecessor = execution->successor = NULL;
}

static void fail_fast(
    struct core *core, struct run *run, const struct execution *failed, int64_t now_ns)
{
	if (!run->is_fail_fast)
		return;
	run->is_fail_fast = false; /* the first failure is enough */
	touch_run(core, run);
	if (run->n_incomplete == 0)
		return;
	struct scope scope = {.run = run->id, .now_ns = now_ns};
	char *info = mem_print("it was canceled, as %s failed (fail_fast)", failed->proc->name);
	struct cancel_request request = {.scope = scope, .info = info};
	struct strings canceled = {0};
	struct fault fault = {0};

	core_cancel(core, &request, &canceled, &fault);
	strings_clear(&canceled);
	fault_clear(&fault);
	free(info);
}

/* Counts a member out of its run; is_failed is how it ended there. */
static void count_out(struct core *core, struct membership *member, bool is_failed, int64_t now_ns)
{
	struct run *run = member->run;

	run->n_incomplete--;
	run->n_failed += is_failed;
	if (is_failed && run->failed == NULL)
		run->failed = member;
	if (is_failed && !run->is_failed) {
		run->is_failed = true;
		touch_run(core, run);
	}
	run_count_out(core, run, member->execution->wave);
	wait_on_complete(core, member);
	run_check_quiet(core, run);
	if (is_failed)
		fail_fast(core, run, member->execution, now_ns);
	run_check_over(core, run, now_ns);
}

static void settle_runs(struct core *core, struct execution *execution, int64_t now_ns)
{
	bool is_failed = execution->state == STATE_FAILED;
	struct membership *member, *next;

	execution->live_runs = 0;
	for (member = &execution->first; member != NULL; member = next) {
		next = member->next_of_execution;
		if (member->run != NULL && member->override == ERROR_NONE)
			count_out(core, member, is_failed, now_ns);
	}
}

/* Has member count as failed in its run, while others go on with the execution. */
static void override(struct core *core, struct membership *member, enum execution_error error,
    const char *info, int64_t now_ns)
{
	struct execution *execution = member->execution;
	struct run *run = member->run;

	/* The waves of the run where it is at home from now on are asked before its locks. */
	if (execution->state == STATE_WANTED && !execution->is_retrying && !execution->is_standby &&
	    execution_home(execution) == run)
		ready_forget(core, execution);
	member->override = error;
	member->override_info = execution_copy_info(info);
	member->is_changed = true;
	touch_execution(core, execution);
	execution->live_runs--;
	run->n_progress -= execution->is_in_progress;
	count_out(core, member, true, now_ns);
	action_changed(core, execution, run);
	ready_consider(core, execution);
	check_runs(core, execution); /* what it misses may have been for this run alone to define */
}

/* A list of members whose dependents are still to be told. */
struct told {
	struct membership **items;
	size_t count, max;
};

static void told_add(struct told *told, struct membership *member)
{
	if (told->count == told->max) {
		told->max = told->max ? 2 * told->max : 8;
		told->items = mem_resize(told->items, told->max, sizeof(struct membership *));
	}
	told->items[told->count++] = member;
}

/* member depends on what has failed in its run: so does it, in this run alone where it can. */
static void fail_member(struct core *core, struct told *told, struct membership *member,
    struct execution *failed, int64_t now_ns)
{
	struct execution *execution = member->execution;
	bool is_failed = execution_is_complete(failed) && !execution_is_success(failed);

	if (is_failed || execution->live_runs <= 1) {
		fail_dependent(core, execution, failed, now_ns);
	} else {
		char *info = mem_print("its dependency %s failed", failed->proc->name);
		override(core, member, ERROR_DEP_FAILED, info, now_ns);
		told_add(told, member);
		free(info);
	}
}

/* What depends on a member that counts as failed in its run alone fails in that run too. */
static void tell_dependents(struct core *core, struct told *told, int64_t now_ns)
{
	for (size_t at = 0; at < told->count; at++) {
		struct execution *failed = told->items[at]->execution;
		for (uint32_t i = 0; i < failed->n_dependents; i++) {
			struct membership *member =
			    execution_in_run(failed->dependents[i], told->items[at]->run);
			if (member != NULL && !membership_is_complete(member))
				fail_member(core, told, member, failed, now_ns);
		}
	}
	free(told->items);
}

void settle_in_run(struct core *core, struct membership *member, enum execution_error error,
    const char *info, int64_t now_ns)
{
	struct told told = {0};

	override(core, member, error, info, now_ns);
	told_add(&told, member);
	tell_dependents(core, &told, now_ns);
}

void settle_dep_failed(
    struct core *core, struct membership *member, struct execution *failed, int64_t now_ns)
{
	struct told told = {0};

	fail_member(core, &told, member, failed, now_ns);
	tell_dependents(core, &told, now_ns);
}

void settle_all(struct core *core, int64_t now_ns)
{
	struct execution *execution;

	core->is_settling = true;
	while ((execution = TAILQ_FIRST(&core->settling)) != NULL) {
		TAILQ_REMOVE(&core->settling, execution, of_queue);
		settle_runs(core, execution, now_ns);
		settle_line(core, execution);
		settle_dependents(core, execution, now_ns);
	}
	core->is_settling = false;
}

static char *signal_info(int signal)
{
	const char *name = sigabbrev_np(signal);

	return name ? mem_print("signal SIG%s", name) : mem_print("signal %d", signal);
}

/* What is said of a failure that nobody has described. */
static char *exit_info(const struct execution *execution, enum execution_error error)
{
	switch (error) {
	case ERROR_SIGNAL:
		return signal_info(execution->signal);
	case ERROR_EXIT:
		return mem_print("exit status %d", execution->exit_code);
	case ERROR_SPAWN:
		return mem_copy("it could not be started");
	case ERROR_BAD_RESULT:
		return mem_copy("what it left as its result is not JSON, or too large");
	default:
		return mem_copy("how it ended cannot be known");
	}
}

int64_t core_time_exit(
    const struct execution *execution, const struct exit_report *report, int64_t now_ns)
{
	int64_t ended_ns =
	    report->ended_ns > 0 && report->ended_ns < now_ns ? report->ended_ns : now_ns;

	return ended_ns > execution->started_ns ? ended_ns : execution->started_ns;
}

/* How an execution that was not told to end has ended. */
static void settle_exit(struct core *core, struct execution *execution,
    const struct exit_report *report, int64_t now_ns)
{
	int64_t ended_ns = core_time_exit(execution, report, now_ns);
	enum execution_error error = ERROR_NONE;
	enum execution_state state = STATE_FAILED;
	char *info = mem_copy(report->info);

	if (report->is_spawn_failure) {
		error = ERROR_SPAWN;
	} else if (report->is_lost) {
		error = ERROR_LOST;
	} else if (execution->signal != 0) {
		error = ERROR_SIGNAL;
	} else if (execution->exit_code == 77) {
		state = STATE_SKIPPED;
	} else if (execution->exit_code != 0) {
		error = ERROR_EXIT;
	} else if (report->is_bad_result) {
		error = ERROR_BAD_RESULT;
	} else {
		state = STATE_SUCCEEDED;
	}
	if (info == NULL && error != ERROR_NONE)
		info = exit_info(execution, error);
	if (error == ERROR_NONE ||
	    !retry_after(core, execution, error, info, report->is_transient, now_ns))
		settle(core, execution, state, error, info, ended_ns);
	if (state == STATE_SUCCEEDED)
		history_note(core, execution);
	free(info);
}

/* What stood by may be lost together with what it comes after: it is not tried again then. */
static void fail_lost(struct core *core, struct execution *execution, int64_t now_ns)
{
	for (uint32_t i = 0; i < execution->n_deps && execution->state == STATE_WANTED; i++)
		if (execution->deps[i]->state == STATE_FAILED)
			fail_dependent(core, execution, execution->deps[i], now_ns);
}

/* It ended before its timeout. What is canceled stays so, as somebody was told, and so does what
 * that has failed: whatever was started for its success is told to end. */
static void spare(struct execution *execution)
{
	if (execution->ending != ERROR_TIMEOUT)
		return;
	execution->ending = ERROR_NONE;
	free(execution->info);
	execution->info = NULL;
}

void core_exited(struct core *core, uint64_t id, const struct exit_report *report, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, id);

	if (execution == NULL || execution->state != STATE_RUNNING)
		return;
	wait_on_exit(core, execution, now_ns);
	if (!report->is_spawn_failure && !report->is_lost) {
		standby_note_end(core, execution,
		    core_time_exit(execution, report, now_ns) -
		        (report->started_ns > 0 ? report->started_ns : execution->started_ns));
		if (WIFEXITED(report->wait_status))
			execution->exit_code = WEXITSTATUS(report->wait_status);
		else if (WIFSIGNALED(report->wait_status))
			execution->signal = WTERMSIG(report->wait_status);
	}
	if (report->is_relied_on)
		spare(execution);
	if (execution->ending == ERROR_NONE)
		settle_exit(core, execution, report, now_ns);
	else if (execution->ending != ERROR_TIMEOUT ||
	         !retry_after(core, execution, ERROR_TIMEOUT, execution->info, false, now_ns))
		settle_ending(core, execution, core_time_exit(execution, report, now_ns));
	if (report->is_lost)
		fail_lost(core, execution, now_ns);
	settle_all(core, now_ns);
}
