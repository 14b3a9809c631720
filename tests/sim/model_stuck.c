/*
 * The model's executions that can never start: who still may move, and what fails since nobody
 * does.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_schedule.h"

/* Whether exec waits for other. */
static bool waits_for(
    const struct model *model, const struct model_exec *exec, const struct model_exec *other)
{
	if (other == model_before(exec))
		return true;
	for (size_t i = 0; i < exec->n_deps; i++)
		if (exec->deps[i] == other)
			return true;
	if (model_awaits(exec, other) ||
	    (model_is_in_line(exec) && model_waits_for_lock(model, exec, other, false)))
		return true;
	struct model_member *member = model_find_member(model_home(exec), other->name);
	return exec->state == STATE_WANTED && member != NULL && member->exec == other &&
	       !model_member_is_complete(member) &&
	       other->definition->wave < exec->definition->wave;
}

static size_t index_of(const struct model *model, const struct model_exec *exec)
{
	size_t i = 0;
	while (model->execs[i] != exec)
		i++;
	return i;
}

/* Whether one of its runs is held open. */
static bool is_held(const struct model_exec *exec)
{
	for (size_t i = 0; i < exec->n_runs; i++)
		if (exec->runs[i]->holds > 0 &&
		    !model_member_is_complete(model_find_member(exec->runs[i], exec->name)))
			return true;
	return false;
}

/* Whether something could still define what exec misses: one of its runs is held, or moves. */
static bool is_hopeful(const struct model *model, const struct model_exec *exec, const bool *moving)
{
	for (size_t i = 0; i < exec->n_runs; i++) {
		const struct model_run *run = exec->runs[i];
		if (run->is_over || model_member_is_complete(model_find_member(run, exec->name)))
			continue;
		if (run->holds > 0)
			return true;
		for (size_t j = 0; j < run->n_members; j++)
			if (!model_member_is_complete(&run->members[j]) &&
			    moving[index_of(model, run->members[j].exec)])
				return true;
	}
	return false;
}

static bool is_moved(const struct model *model, const struct model_exec *exec, const bool *moving)
{
	if (exec->state == STATE_WANTED && exec->missing.count > 0)
		return is_hopeful(model, exec, moving);
	for (size_t i = 0; i < model->n_execs; i++)
		if (moving[i] && waits_for(model, exec, model->execs[i]))
			return true;
	return false;
}

/* The executions that something will happen to without anyone's doing, or may be defined for. */
static void find_moving(struct model *model, bool *moving)
{
	bool has_changed = true;
	for (size_t i = 0; i < model->n_execs; i++) {
		const struct model_exec *exec = model->execs[i];
		moving[i] =
		    (exec->state == STATE_RUNNING && !exec->is_lent) || exec->standby_at > 0 ||
		    model_is_startable(model, exec) || (exec->is_lent && is_held(exec)) ||
		    (exec->state == STATE_WANTED && (exec->n_unresolved > 0 || exec->is_retrying));
	}
	while (has_changed) {
		has_changed = false;
		for (size_t i = 0; i < model->n_execs; i++) {
			const struct model_exec *exec = model->execs[i];
			if (moving[i] || model_is_complete(exec))
				continue;
			moving[i] = is_moved(model, exec, moving);
			has_changed |= moving[i];
		}
	}
}

static bool is_stuck_missing(const struct model_exec *exec, bool is_moving)
{
	return exec->state == STATE_WANTED && exec->missing.count > 0 && !is_moving;
}

/* Fails all that misses something and does not move. */
static bool fail_missing(struct model *model, const bool *moving)
{
	bool is_any = false;
	for (size_t i = 0; i < model->n_execs; i++) {
		if (!is_stuck_missing(model->execs[i], moving[i]))
			continue;
		model_fail(model->execs[i], ERROR_DEP_MISSING);
		is_any = true;
	}
	return is_any;
}

/* Of that the one that the core has failed at that place (0: at the first), or NULL. */
static struct model_exec *find_failed(struct model *model, const bool *moving, unsigned *place)
{
	struct model_exec *found = NULL;
	unsigned found_at = 0;
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		if (!is_stuck_missing(exec, moving[i]))
			continue;
		unsigned at = model->find_failure(exec->id, model->core_arg);
		if (at == 0 || (*place > 0 && at != *place) || (found != NULL && at > found_at))
			continue;
		found = exec;
		found_at = at;
	}
	*place = found_at;
	return found;
}

/* Fails what the core has failed first, as far as nothing else has happened in between: that may
 * have had others go on, or canceled. */
static bool fail_missing_as_core(struct model *model, const bool *moving)
{
	unsigned place = 0;
	struct model_exec *exec;
	bool is_any = false;
	while ((exec = find_failed(model, moving, &place)) != NULL) {
		model_fail(exec, ERROR_DEP_MISSING);
		is_any = true;
		place++;
	}
	return is_any;
}

/* Whether exec is or waits for one that misses something. */
static bool reaches_missing(const struct model *model, const struct model_exec *exec, bool *seen)
{
	if (exec->missing.count > 0)
		return true;
	seen[index_of(model, exec)] = true;
	for (size_t i = 0; i < model->n_execs; i++)
		if (!seen[i] && !model_is_complete(model->execs[i]) &&
		    waits_for(model, exec, model->execs[i]) &&
		    reaches_missing(model, model->execs[i], seen))
			return true;
	return false;
}

/* Ends the wait that the core has refused first, if it is one that nothing could have ended. */
static bool refuse_wait(struct model *model, const bool *moving)
{
	struct model_exec *first = NULL;
	unsigned first_at = 0;
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		unsigned at = exec->is_lent ? model->find_refusal(exec->id, model->core_arg) : 0;
		if (at == 0 || (first != NULL && at > first_at))
			continue;
		first = exec;
		first_at = at;
	}
	if (first == NULL || moving[index_of(model, first)])
		return false;
	bool *seen = mem_new(model->n_execs, sizeof(*seen));
	bool is_good = !reaches_missing(model, first, seen);
	free(seen);
	if (is_good)
		model_end_wait(first);
	return is_good;
}

/* Whether the core has failed what still waits here. */
static bool is_failed_in_core(const struct model *model, const struct model_exec *exec)
{
	return exec->state == STATE_WANTED && model->find_failure(exec->id, model->core_arg) > 0;
}

/* Whether exec is or waits for one that is blocked in a nested wait, or misses something. */
static bool reaches_reason(const struct model *model, const struct model_exec *exec)
{
	bool *seen = mem_new(model->n_execs, sizeof(*seen));
	bool has_reason = reaches_missing(model, exec, seen);
	for (size_t i = 0; i < model->n_execs; i++)
		has_reason |= seen[i] && model->execs[i]->is_lent;
	free(seen);
	return has_reason;
}

/* Runs that wait for each other in a circle: fails what the core has chosen, if it is in one. */
static bool fail_circle(struct model *model, const bool *moving)
{
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		if (moving[i] || !is_failed_in_core(model, exec) || is_held(exec) ||
		    reaches_reason(model, exec))
			continue;
		model_fail(exec, ERROR_CANCELED);
		return true;
	}
	return false;
}

/*
 * Which of several runs that have come to a stop is given up first is not said anywhere, and may
 * get others going: those that the core has chosen come first, if it is a right choice.
 */
bool model_fail_stuck(struct model *model)
{
	bool is_any = false;
	for (size_t i = 0; i < model->n_execs; i++) {
		is_any |=
		    model->execs[i]->state == STATE_WANTED && model->execs[i]->missing.count > 0;
		is_any |= model->execs[i]->is_lent || is_failed_in_core(model, model->execs[i]);
	}
	if (!is_any)
		return false;
	bool *moving = mem_new(model->n_execs, sizeof(*moving));
	model_deal(model);
	find_moving(model, moving);
	bool has_changed = fail_missing_as_core(model, moving) || refuse_wait(model, moving) ||
	                   fail_missing(model, moving) || fail_circle(model, moving);
	free(moving);
	return has_changed;
}
