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
}

/* A failure that is about to come may have it never start. */
static bool fails_fast(const struct execution *execution)
{
	for (const struct membership *at = &execution->first; at; at = at->next_of_execution)
		if (at->run != NULL && at->override == ERROR_NONE && at->run->is_fail_fast)
			return true;
	return false;
}

/* Whether nothing but a slot is between it and its start, whatever happens next. A terminal goes
 * with mode single, in which nothing stands by. */
static bool may_stand_by(const struct execution *execution)
{
	return execution->attempt == 0 && !execution->needs_locks &&
	       !execution->needs_no_failures && execution->proc->mean_ns <= STANDBY_SHORT_NS &&
	       execution->definition->jobserver == USES_NO_JOBSERVER && !fails_fast(execution) &&
	       !run_holds_back(execution_home(execution), execution->wave);
}

static void enter(struct core *core, struct execution *execution)
{
	ready_withdraw(core, execution);
	execution->is_standby = true;
	execution->attempt++;
	TAILQ_INSERT_TAIL(&core->standby, execution, of_queue);
	core->n_standby++;
	HASH_ADD(by_id, core->live, id, sizeof(execution->id), execution);
	execution_update_progress(core, execution);
	touch_execution(core, execution);
	action_emit(core, &(struct action){.kind = ACTION_STANDBY, .execution = execution});
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
}

struct execution *standby_due(struct core *core)
{
	struct execution *execution = TAILQ_FIRST(&core->standby);

	return execution != NULL && slots_has_room(core, execution->slots) ? execution : NULL;
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

struct execution *core_find_asker(struct core *core, uint64_t exec, int64_t now_ns)
{
	struct execution *execution = core_find_execution(core, exec);

	if (execution == NULL)
		return NULL;
	if (execution->state == STATE_WANTED && execution->is_standby && !execution->is_withheld)
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
	core->n_short = 0; /* something has lasted */
	execution->attempt--;
	touch_execution(core, execution);
	if (execution->ending != ERROR_NONE) {
		settle_fail(core, execution, execution->ending, execution->info, now_ns);
		settle_all(core, now_ns);
	} else {
		resolve_again(core, execution, now_ns);
	}
}
