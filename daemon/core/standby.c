/* What stands by; see standby.h. */
#include "daemon/core/standby.h"

#include "daemon/core/execution.h"
#include "daemon/core/ready.h"
#include "daemon/core/resolve.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/slots.h"
#include "daemon/core/touch.h"

static bool is_local(const struct core *core, const struct execution *execution)
{
	return execution->slots == core->executors[0];
}

void standby_note_end(struct core *core, const struct execution *execution, int64_t duration_ns)
{
	/* In the place of what may have to wait for its log nothing else is started. */
	if (!is_local(core, execution) || execution->definition->result == RESULT_STDOUT)
		return;
	if (duration_ns > STANDBY_SHORT_NS)
		core->n_short = 0;
	else if (core->n_short < UINT32_MAX)
		core->n_short++;
	if (core->n_followable < UINT32_MAX)
		core->n_followable++;
}

/* A failure that is about to come may have it never start. */
static bool fails_fast(const struct execution *execution)
{
	for (const struct membership *at = &execution->first; at; at = at->next_of_execution)
		if (at->run != NULL && at->override == ERROR_NONE && at->run->is_fail_fast)
			return true;
	return false;
}

/* Whether nothing but a slot, and the success of what it depends on, is between it and its start,
 * whatever happens next. A terminal goes with mode single, in which nothing stands by. */
static bool may_stand_by(const struct execution *execution)
{
	return execution->attempt == 0 && !execution->needs_locks &&
	       !execution->needs_no_failures && execution->proc->mean_ns <= STANDBY_SHORT_NS &&
	       execution->definition->jobserver == USES_NO_JOBSERVER && !fails_fast(execution) &&
	       !run_holds_back(execution_home(execution), execution->wave);
}

static void enter(struct core *core, struct execution *execution)
{
	if (execution->is_ready)
		ready_withdraw(core, execution);
	execution->is_standby = true;
	execution->attempt++;
	TAILQ_INSERT_TAIL(&core->standby, execution, of_queue);
	core->n_standby++;
	core->n_following += execution->n_pending > 0;
	HASH_ADD(by_id, core->live, id, sizeof(execution->id), execution);
	execution_update_progress(core, execution);
	touch_execution(core, execution);
	action_emit(core, &(struct action){.kind = ACTION_STANDBY, .execution = execution});
}

/* Whether the end of its process, as the supervisor sees it, can say that it has succeeded. */
static bool may_be_followed(const struct core *core, const struct execution *execution)
{
	bool is_handed_over = execution->state == STATE_RUNNING
	                          ? !execution->is_pending && !execution->is_lent
	                          : execution->is_standby;

	return is_handed_over && execution->ending == ERROR_NONE && is_local(core, execution) &&
	       execution->definition->result != RESULT_STDOUT &&
	       execution->proc->mean_ns <= STANDBY_SHORT_NS;
}

/* Whether it waits for dependencies alone, each of which may be followed. */
static bool may_follow(const struct core *core, const struct execution *execution)
{
	uint32_t n_followed = 0;

	if (execution->state != STATE_WANTED || execution->is_new || execution->is_standby ||
	    execution->is_collector || execution->is_retrying || execution->is_gated ||
	    execution->n_pending == 0 || execution->n_pending > STANDBY_AFTER_MAX ||
	    execution->n_deps > STANDBY_DEPS_MAX || execution->n_unresolved > 0 ||
	    execution->n_missing > 0 || !is_local(core, execution) || !may_stand_by(execution))
		return false;
	for (uint32_t i = 0; i < execution->n_deps; i++) {
		if (execution_is_complete(execution->deps[i]))
			continue;
		if (!may_be_followed(core, execution->deps[i]))
			return false;
		n_followed++;
	}
	return n_followed == execution->n_pending; /* else an execution of its proc comes first */
}

static void add_followers(struct core *core, const struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_dependents && i < STANDBY_DEPS_MAX; i++)
		if (core->n_standby < core->options.standby &&
		    may_follow(core, execution->dependents[i]))
			enter(core, execution->dependents[i]);
}

/*
 * What comes after that which was started last, or stands by, those that are added included. Not
 * while something may yet come before it: an answer of a command, or what is missing, once it is
 * defined.
 */
static void follow(struct core *core)
{
	const struct execution *execution = core_find_execution(core, core->last_local);

	if (core->is_following_held || core->resolving != NULL || core->n_missing > 0 ||
	    core->n_followable < core->options.standby_after)
		return;
	if (execution != NULL)
		add_followers(core, execution);
	TAILQ_FOREACH (execution, &core->standby, of_queue)
		add_followers(core, execution);
}

void standby_fill(struct core *core)
{
	const struct core_options *options = &core->options;
	struct execution *execution;

	/* Some at a time: they are stored, and sent, together. */
	if (options->standby == 0 || options->is_single || core->n_short < options->standby_after ||
	    core->n_standby > options->standby / 2)
		return;
	while (core->n_standby < options->standby && (execution = slots_first_local(core)) &&
	       may_stand_by(execution))
		enter(core, execution);
	if (slots_first_local(core) == NULL) /* else it would be overtaken, time and again */
		follow(core);
}

struct execution *standby_due(struct core *core)
{
	struct execution *execution;

	TAILQ_FOREACH (execution, &core->standby, of_queue)
		if (execution->n_pending == 0)
			break;
	return execution != NULL && slots_has_room(core, execution->slots) ? execution : NULL;
}

void standby_note_start(struct core *core, const struct execution *execution)
{
	if (is_local(core, execution))
		core->last_local = execution->id;
}

void standby_withhold(struct core *core, struct execution *execution)
{
	if (execution->is_withheld)
		return;
	execution->is_withheld = true;
	TAILQ_REMOVE(&core->standby, execution, of_queue);
	core->n_standby--;
}

void standby_leave(struct core *core, struct execution *execution)
{
	standby_withhold(core, execution);
	core->n_following -= execution->n_pending > 0;
	execution->is_standby = execution->is_withheld = false;
	HASH_DELETE(by_id, core->live, execution);
	execution_update_progress(core, execution);
}

/* What was stored as standing by, and came back as if it ran; which nobody was told. */
static void take_back(struct core *core, struct execution *execution)
{
	ready_release(core, execution);
	execution->state = STATE_WANTED;
	execution_update_progress(core, execution);
}

void core_promoted(struct core *core, uint64_t exec, int64_t started_ns, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL || !execution->is_standby)
		return;
	if (execution->state == STATE_WANTED)
		standby_leave(core, execution);
	else
		execution->is_standby = false;
	ready_promote(core, execution, started_ns, now_ns);
}

bool core_is_following(const struct core *core, uint64_t exec)
{
	const struct execution *execution = core_find_execution(core, exec);

	return execution != NULL && execution->state == STATE_WANTED && execution->is_standby &&
	       execution->n_pending > 0;
}

bool core_has_followers(const struct core *core)
{
	return core->n_following > 0;
}

void core_hold_following(struct core *core, bool is_held)
{
	struct execution *execution;

	core->is_following_held = is_held;
	if (!is_held)
		return;
	TAILQ_FOREACH (execution, &core->standby, of_queue)
		if (execution->n_pending > 0)
			action_emit(
			    core, &(struct action){.kind = ACTION_RECALL, .execution = execution});
}

struct execution *core_find_asker(struct core *core, uint64_t exec, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL)
		return NULL;
	if (execution->state == STATE_WANTED && execution->is_standby && !execution->is_withheld &&
	    execution->n_pending == 0)
		ready_run(core, execution, now_ns);
	return execution->state == STATE_RUNNING ? execution : NULL;
}

void core_returned(struct core *core, uint64_t exec, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL || !execution->is_standby)
		return;
	if (execution->state == STATE_WANTED)
		standby_leave(core, execution);
	else
		take_back(core, execution);
	if (execution->n_pending == 0)
		core->n_short = 0; /* something has lasted */
	else if (!core->is_following_held)
		core->n_followable = 0; /* the same, or what it comes after has left something */
	execution->attempt--;
	touch_execution(core, execution);
	if (execution->ending != ERROR_NONE) {
		settle_ending(core, execution, now_ns);
		settle_all(core, now_ns);
	} else {
		resolve_again(core, execution, now_ns);
	}
}
