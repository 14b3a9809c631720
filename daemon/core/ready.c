/*
 * Starts; see ready.h. An execution without open dependencies stands in exactly one line: that of
 * its wave, of its locks, or of the slots.
 */
#include "daemon/core/ready.h"

#include <signal.h>
#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/retry.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/slots.h"
#include "daemon/core/standby.h"
#include "daemon/core/touch.h"

static struct execution *by_timer(const struct heap_node *node)
{
	return (struct execution *)((char *)node - offsetof(struct execution, in_timers));
}

static bool timer_is_less(const struct heap_node *a, const struct heap_node *b)
{
	const struct execution *x = by_timer(a), *y = by_timer(b);

	return x->deadline_ns != y->deadline_ns ? x->deadline_ns < y->deadline_ns : x->id < y->id;
}

void ready_init(struct core *core)
{
	slots_init(core);
	heap_init(&core->timers, timer_is_less);
	TAILQ_INIT(&core->instant);
	TAILQ_INIT(&core->standby);
}

void ready_clear(struct core *core)
{
	slots_clear(core);
	heap_clear(&core->timers);
}

/* Whether no_failures, if it asks for that, does not hold. */
static bool is_refused(const struct execution *execution)
{
	return execution->needs_no_failures && execution_home(execution)->n_failed > 0;
}

static void refuse(struct core *core, struct execution *execution, int64_t now_ns)
{
	const struct membership *failed = execution_home(execution)->failed;
	char *info = mem_print("%s in its run has failed (no_failures)",
	    failed ? failed->execution->proc->name : "something");

	settle_fail(core, execution, ERROR_FAILURES, info, now_ns);
	free(info);
}

void ready_push(struct core *core, struct execution *execution)
{
	if (execution->is_collector)
		TAILQ_INSERT_TAIL(&core->instant, execution, of_queue);
	else
		heap_push(&execution->slots->ready, &execution->in_ready);
	execution->is_ready = true;
	execution_update_progress(core, execution);
}

void ready_withdraw(struct core *core, struct execution *execution)
{
	if (execution->is_collector)
		TAILQ_REMOVE(&core->instant, execution, of_queue);
	else
		heap_remove(&execution->slots->ready, &execution->in_ready);
	execution->is_ready = false;
	execution_update_progress(core, execution);
}

/* Has execution wait for its wave, if it has to. */
static bool is_held_back(struct execution *execution)
{
	struct run *home = execution_home(execution);

	if (!run_holds_back(home, execution->wave))
		return false;
	run_gate(home, execution);
	return true;
}

void ready_consider(struct core *core, struct execution *execution)
{
	if (execution->state != STATE_WANTED || execution->is_new || execution->is_ready ||
	    execution->is_retrying || execution->is_gated || execution->is_standby ||
	    execution->n_claims > 0 || execution->n_pending > 0 || execution->n_unresolved > 0 ||
	    execution->n_missing > 0)
		return;
	if (is_held_back(execution))
		return;
	if (execution->needs_locks)
		lock_claim(core, execution);
	else
		ready_push(core, execution);
}

void ready_forget(struct core *core, struct execution *execution)
{
	if (execution->is_retrying)
		retry_forget(core, execution);
	if (execution->is_gated)
		run_ungate(execution_home(execution), execution);
	if (execution->is_ready)
		ready_withdraw(core, execution);
	if (execution->is_standby)
		standby_leave(core, execution);
	if (execution->n_claims > 0)
		lock_release(core, execution);
}

/* What it claims it could never have. */
static void fail_hopeless(struct core *core, struct execution *execution, int64_t now_ns)
{
	struct fault fault = {0};

	lock_check(core, execution->definition, execution->values, &fault);
	settle_fail(core, execution, ERROR_SPAWN, fault.message, now_ns);
	fault_clear(&fault);
}

/* Puts a ready execution back if what was asked before its locks holds no longer. True: it goes on.
 */
static bool ready_confirm(struct core *core, struct execution *execution, int64_t now_ns)
{
	if (run_holds_back(execution_home(execution), execution->wave)) {
		ready_forget(core, execution);
		is_held_back(execution);
		return false;
	}
	if (is_refused(execution)) {
		refuse(core, execution, now_ns);
		return false;
	}
	if (!lock_is_possible(execution)) {
		fail_hopeless(core, execution, now_ns);
		return false;
	}
	return true;
}

/* Its timeout runs from started_ns on. */
static void ready_time(struct core *core, struct execution *execution)
{
	if (!execution->is_timed)
		return;
	execution->deadline_ns = execution->started_ns + execution->definition->timeout_ns;
	heap_push(&core->timers, &execution->in_timers);
}

void core_pending(struct core *core, uint64_t exec)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL || execution->state != STATE_RUNNING || execution->is_pending)
		return;
	execution->is_pending = true;
	if (execution->ending == ERROR_NONE)
		heap_remove(&core->timers, &execution->in_timers);
	touch_execution(core, execution);
	action_changed(core, execution, NULL);
}

static void begin_now(struct core *core, struct execution *execution, int64_t now_ns)
{
	if (now_ns > execution->started_ns)
		execution->started_ns = now_ns;
	if (execution->ending == ERROR_NONE)
		ready_time(core, execution);
	touch_execution(core, execution);
	action_changed(core, execution, NULL);
}

void core_begun(struct core *core, uint64_t exec, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL || execution->state != STATE_RUNNING || !execution->is_pending)
		return;
	execution->is_pending = false;
	begin_now(core, execution, now_ns);
}

void core_start_late(struct core *core, uint64_t exec, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL || execution->state != STATE_RUNNING || execution->is_pending)
		return;
	if (execution->ending == ERROR_NONE)
		heap_remove(&core->timers, &execution->in_timers);
	begin_now(core, execution, now_ns);
}

void ready_resume(struct core *core, struct execution *execution)
{
	slots_take(core, execution);
	core->n_running++;
	if (!execution->is_pending && !execution->is_standby)
		ready_time(core, execution);
	HASH_ADD(by_id, core->live, id, sizeof(execution->id), execution);
}

/* How the last one ended. */
static void forget_attempt(struct execution *execution)
{
	free(execution->info);
	execution->info = NULL;
	execution->exit_code = -1;
	execution->signal = 0;
}

void ready_run(struct core *core, struct execution *execution, int64_t now_ns)
{
	if (execution->is_standby) {
		standby_leave(core, execution);
	} else {
		ready_withdraw(core, execution);
		if (execution->n_claims > 0)
			lock_take(core, execution);
		if (execution->attempt > 0)
			forget_attempt(execution);
		execution->attempt++;
	}
	execution->started_ns = now_ns;
	ready_resume(core, execution);
	standby_note_start(core, execution);
	execution_set_state(core, execution, STATE_RUNNING);
	execution_update_progress(core, execution);
	action_emit(core, &(struct action){.kind = ACTION_START, .execution = execution});
}

bool ready_collect(struct core *core, int64_t now_ns)
{
	struct execution *execution;
	bool is_any = false;

	while ((execution = TAILQ_FIRST(&core->instant)) != NULL) {
		is_any = true;
		if (!ready_confirm(core, execution, now_ns))
			break; /* that may have been the first failure of a run */
		execution->started_ns = now_ns;
		settle_succeed(core, execution, now_ns);
	}
	return is_any;
}

bool ready_start(struct core *core, int64_t now_ns)
{
	struct execution *execution;
	bool is_any = false;

	for (; (execution = standby_due(core)) != NULL; is_any = true)
		ready_run(core, execution, now_ns);
	while ((execution = slots_next(core)) != NULL) {
		is_any = true;
		if (!ready_confirm(core, execution, now_ns))
			break; /* that may have made an earlier one ready */
		ready_run(core, execution, now_ns);
	}
	return is_any;
}

/* SIGKILL follows, if it has not been asked for. */
static void time_kill(struct core *core, struct execution *execution, int64_t now_ns)
{
	if (execution->is_killed)
		return;
	execution->deadline_ns = now_ns + core->options.kill_after_ns;
	heap_push(&core->timers, &execution->in_timers);
}

void ready_promote(
    struct core *core, struct execution *execution, int64_t started_ns, int64_t now_ns)
{
	execution->started_ns = started_ns;
	if (execution->state == STATE_RUNNING) { /* brought back so, and nobody was told */
		if (execution->ending == ERROR_NONE)
			ready_time(core, execution);
		else
			time_kill(core, execution, now_ns);
		action_changed(core, execution, NULL);
		return;
	}
	ready_resume(core, execution);
	standby_note_start(core, execution);
	if (execution->ending != ERROR_NONE) {
		heap_remove(&core->timers, &execution->in_timers);
		time_kill(core, execution, now_ns);
	}
	/* As it is stored already: as what may have begun. */
	execution->state = STATE_RUNNING;
	action_changed(core, execution, NULL);
	execution_update_progress(core, execution);
}

void ready_release(struct core *core, struct execution *execution)
{
	heap_remove(&core->timers, &execution->in_timers);
	slots_give_back(core, execution);
	core->n_running--;
	if (execution->n_unresolved == 0)
		HASH_DELETE(by_id, core->live, execution);
	if (execution->n_claims > 0)
		lock_release(core, execution);
	execution->is_lent = false;
	execution->is_pending = false;
	execution->is_standby = false;
}

static void ready_signal(struct core *core, struct execution *execution, int signal)
{
	action_emit(core,
	    &(struct action){.kind = ACTION_SIGNAL, .execution = execution, .signal = signal});
}

static void set_ending(
    struct core *core, struct execution *execution, enum execution_error error, const char *info)
{
	execution->ending = (uint8_t)error;
	touch_execution(core, execution);
	free(execution->info);
	execution->info = execution_copy_info(info);
}

void ready_end(struct core *core, struct execution *execution, enum execution_error error,
    const char *info, bool is_kill, int64_t now_ns)
{
	/* What is canceled while it ends for its timeout is not to be tried again. */
	if (execution->ending == ERROR_TIMEOUT && error == ERROR_CANCELED)
		set_ending(core, execution, error, info);
	/* Whoever asks again does not put off the SIGKILL. */
	if (execution->ending != ERROR_NONE && !is_kill)
		return;
	heap_remove(&core->timers, &execution->in_timers);
	if (execution->is_standby && execution->state == STATE_WANTED)
		standby_withhold(core, execution);
	if (execution->ending == ERROR_NONE) {
		set_ending(core, execution, error, info);
		if (!is_kill)
			ready_signal(core, execution, SIGTERM);
	}
	if (is_kill && !execution->is_killed) {
		execution->is_killed = true;
		ready_signal(core, execution, SIGKILL);
	}
	if (!execution->is_standby)
		time_kill(core, execution, now_ns);
}

int64_t core_next_deadline(const struct core *core)
{
	const struct heap_node *top = heap_top(&core->timers);

	return top ? by_timer(top)->deadline_ns : INT64_MAX;
}

void core_tick(struct core *core, int64_t now_ns)
{
	struct heap_node *top;

	while ((top = heap_top(&core->timers)) != NULL) {
		struct execution *execution = by_timer(top);
		if (execution->deadline_ns > now_ns)
			break;
		if (execution->state == STATE_WANTED) {
			retry_forget(core, execution);
			touch_execution(core, execution);
			ready_consider(core, execution);
			execution_update_progress(core, execution);
			continue;
		}
		if (execution->ending != ERROR_NONE) {
			ready_end(core, execution, execution->ending, NULL, true, now_ns);
			continue;
		}
		char *info = mem_print("it ran past its timeout of %g s",
		    (double)execution->definition->timeout_ns / 1e9);
		ready_end(core, execution, ERROR_TIMEOUT, info, false, now_ns);
		free(info);
	}
}
