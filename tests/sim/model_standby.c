/*
 * What stands by in the model. Which executions do is the core's choice; the model says whether it
 * may be made, and what follows.
 */
#include "tests/sim/model.h"
#include "tests/sim/model_schedule.h"

static bool fails_fast(const struct model_exec *exec)
{
	for (size_t i = 0; i < exec->n_runs; i++) {
		const struct model_run *run = exec->runs[i];
		if (!run->is_over && run->is_fail_fast &&
		    !model_member_is_complete(model_find_member(run, exec->name)))
			return true;
	}
	return false;
}

/* Whether something else that is local and ready comes first: before what comes after others, any.
 */
static bool is_overtaking(const struct model *model, const struct model_exec *exec, bool is_after)
{
	for (size_t i = 0; i < model->n_execs; i++) {
		const struct model_exec *other = model->execs[i];
		if (other != exec && !model_is_far(other) && model_is_startable(model, other) &&
		    (is_after || model_is_before(model, other, exec)))
			return true;
	}
	return false;
}

/* Whether it stands by, or would, after others that have not succeeded yet. */
static bool is_following(const struct model_exec *exec)
{
	for (size_t i = 0; i < exec->n_deps; i++)
		if (!model_is_complete(exec->deps[i]))
			return true;
	return false;
}

/* Whether all that it still waits for is at the supervisor, and nothing has told it to end. */
static bool may_follow(const struct model_exec *exec)
{
	if (exec->n_unresolved > 0 || exec->missing.count > 0 || model_before(exec) != NULL ||
	    exec->definition->run.n_words == 0)
		return false;
	for (size_t i = 0; i < exec->n_deps; i++) {
		const struct model_exec *dep = exec->deps[i];
		bool is_there =
		    (dep->state == STATE_RUNNING && !dep->is_lent) || dep->standby_at > 0;
		if (model_is_complete(dep)
		        ? !model_is_success(dep)
		        : !is_there || dep->ending != ERROR_NONE || model_is_far(dep))
			return false;
	}
	return true;
}

const char *model_stand_by(struct model *model, struct model_exec *exec)
{
	unsigned used[2];
	const char *wrong = NULL;
	bool is_after = is_following(exec);
	model_deal(model);
	model_count_used(model, used);
	if (exec->state != STATE_WANTED || exec->attempt > 0)
		wrong = "it has begun";
	else if (is_after ? !may_follow(exec) : !model_is_startable(model, exec))
		wrong = "it is not ready";
	else if (model_is_held_by_wave(exec))
		wrong = "its wave is held back";
	else if (exec->n_wants > 0)
		wrong = "it has locks";
	else if (model_needs_no_failures(exec))
		wrong = "it asks for no_failures";
	else if (model_is_far(exec))
		wrong = "it is not local";
	else if (fails_fast(exec))
		wrong = "its run fails fast";
	else if (model->is_single || (!is_after && model_has_slot(model, exec, used)))
		wrong = "a slot is free, or there is but one";
	else if (is_overtaking(model, exec, is_after))
		wrong = "others come first";
	exec->standby_at = ++model->n_standby;
	exec->attempt++;
	return wrong;
}

static void start(struct model *model, struct model_exec *exec, int64_t started_ns)
{
	exec->standby_at = 0;
	exec->state = STATE_RUNNING;
	exec->started_ns = started_ns;
	if (exec->ending == ERROR_NONE && exec->definition->timeout_ns > 0)
		exec->deadline_ns = started_ns + exec->definition->timeout_ns;
	if (exec->ending != ERROR_NONE && exec->n_kills == 0)
		exec->kill_ns = model->now_ns + model->kill_after_ns;
}

void model_start_standby(struct model *model, unsigned used[2])
{
	struct model_exec *first;
	do {
		first = NULL;
		for (size_t i = 0; i < model->n_execs; i++) {
			struct model_exec *exec = model->execs[i];
			if (exec->standby_at > 0 && exec->ending == ERROR_NONE &&
			    !is_following(exec) &&
			    (first == NULL || exec->standby_at < first->standby_at))
				first = exec;
		}
		if (first == NULL || !model_has_slot(model, first, used))
			return;
		start(model, first, model->now_ns);
		used[0]++;
	} while (first != NULL);
}

void model_promoted(struct model *model, uint64_t id, unsigned attempt, int64_t started_ns)
{
	struct model_exec *exec = model_find_exec(model, id);
	if (exec != NULL && exec->standby_at > 0 && exec->attempt == attempt)
		start(model, exec, started_ns);
}

void model_started_at(struct model *model, uint64_t id, int64_t started_ns)
{
	struct model_exec *exec = model_find_exec(model, id);
	exec->started_ns = started_ns;
	if (exec->ending == ERROR_NONE && exec->definition->timeout_ns > 0)
		exec->deadline_ns = started_ns + exec->definition->timeout_ns;
}

void model_returned(struct model *model, uint64_t id, unsigned attempt)
{
	struct model_exec *exec = model_find_exec(model, id);
	if (exec == NULL || exec->standby_at == 0 || exec->attempt != attempt)
		return;
	exec->standby_at = 0;
	exec->attempt--;
	exec->claimed_in = NULL;
	if (exec->ending != ERROR_NONE)
		model_fail(exec, exec->ending);
}
