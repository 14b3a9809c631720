/*
 * Requests from inside. Whether a nested wait can ever end is asked of the model's graph: what an
 * execution needs before it can be complete, followed back to the waiter.
 */
#include "tests/sim/nested.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

static struct sim_process *pick_process(struct sim *sim)
{
	struct sim_process *picked = NULL;
	unsigned n = 0;
	for (size_t i = 0; i < sim->n_processes; i++) {
		struct sim_process *process = &sim->processes[i];
		if (!process->is_dead && process->wait == 0 && process->n_terms == 0 &&
		    process->n_kills == 0 && random_below(&sim->random, ++n) == 0)
			picked = process;
	}
	return picked;
}

/* --- what can never end --- */

/* Whether exec cannot be complete before other is. */
static bool needs(
    const struct model *model, const struct model_exec *exec, const struct model_exec *other)
{
	if (model_is_complete(other) || exec == other)
		return false;
	if (model_awaits(exec, other))
		return true;
	if (exec->state != STATE_WANTED)
		return false;
	for (size_t i = 0; i < exec->n_deps; i++)
		if (exec->deps[i] == other)
			return true;
	if (exec->standby_at > 0)
		return false;
	if (model_before(exec) == other)
		return true;
	if (model_waits_for_lock(model, exec, other, true))
		return true;
	struct model_member *member = model_find_member(model_home(exec), other->name);
	return member != NULL && member->exec == other && !model_member_is_complete(member) &&
	       other->definition->wave < exec->definition->wave;
}

static bool reaches(const struct model *model, const struct model_exec *from,
    const struct model_exec *to, bool *seen)
{
	if (from == to)
		return true;
	for (size_t i = 0; i < model->n_execs; i++) {
		if (seen[i] || !needs(model, from, model->execs[i]))
			continue;
		seen[i] = true;
		if (reaches(model, model->execs[i], to, seen))
			return true;
	}
	return false;
}

bool nested_is_endless(struct model *model, const struct model_exec *waiter)
{
	model_deal(model);
	bool is_any = false;
	bool *seen = mem_new(model->n_execs, sizeof(*seen));
	for (size_t i = 0; i < model->n_execs && !is_any; i++)
		is_any = model_awaits(waiter, model->execs[i]) &&
		         reaches(model, model->execs[i], waiter, seen);
	free(seen);
	return is_any;
}

/* --- waits --- */

/* What the waiter would wait for; what it names is in the run by now. */
static void await_all(struct model_exec *waiter, const struct strings *names)
{
	waiter->is_lent = true;
	waiter->awaits_run = names->count == 0;
	for (size_t i = 0; i < names->count; i++) {
		struct model_member *member = model_find_member(waiter->first_run, names->items[i]);
		if (member != NULL)
			model_await(waiter, member->exec);
	}
}

/* The procs that names mean: a wait knows no globs. */
static void expand(struct sim *sim, struct strings *names)
{
	struct strings expanded = {0};
	for (size_t i = 0; i < names->count; i++) {
		struct model_targets targets = {0};
		if (model_lookup(sim->model, names->items[i], &targets) != FAULT_NONE)
			strings_add(&expanded, names->items[i]);
		for (size_t j = 0; j < targets.count; j++)
			strings_add(&expanded, targets.items[j].name);
		model_targets_clear(&targets);
	}
	strings_clear(names);
	*names = expanded;
}

static void block(struct sim *sim, struct sim_process *process, uint64_t id)
{
	struct sim_wait *wait = sim_add_wait(sim, id);
	wait->waiter = process->exec;
	process->wait = id;
	process->left_ns = process->ends_ns - sim->now_ns;
	process->ends_ns = INT64_MAX;
}

/* Those of names that are not in the waiter's run; false: one is no proc that there is. */
static bool find_idle(struct sim *sim, const struct model_exec *waiter, const struct strings *names,
    struct strings *idle)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (model_find_proc(sim->model, name) == NULL)
			return false;
		if (model_find_member(waiter->first_run, name) == NULL)
			strings_add(idle, name);
	}
	return true;
}

/*
 * The model's side of a request that starts names, if any, and waits for those of awaited; the core
 * has refused it with fault, or has not. is_started: those were started before, by another request.
 */
static bool follow(struct sim *sim, struct model_exec *waiter, const struct scope *scope,
    const struct strings *names, const struct strings *awaited, bool is_started,
    const struct fault *fault)
{
	struct model_mark *mark = model_mark(sim->model);
	struct model_request request = {.names = (const char *const *)names->items,
	    .n_names = names->count,
	    .params = scope->params,
	    .run = scope->run};
	struct model_run *run = waiter->first_run;
	size_t n_before = run->n_members;
	bool was_endless = false;
	enum fault_code code =
	    names->count > 0 ? model_start(sim->model, &request, &run) : FAULT_NONE;
	if (code == FAULT_NONE) {
		await_all(waiter, awaited);
		for (size_t i = n_before; scope->is_waiting && i < run->n_members; i++)
			model_await(waiter, run->members[i].exec);
		waiter->is_extended = scope->is_waiting;
		/* A circle that a failure opens at once may count, or may not. */
		was_endless = nested_is_endless(sim->model, waiter);
		if (is_started) /* and may have failed by the time it is waited for */
			model_spread(sim->model);
		for (size_t i = 0; fault->code == FAULT_NONE && i < waiter->n_awaits; i++)
			if (model_awaits(waiter, waiter->awaits[i]))
				model_raise(waiter->awaits[i], waiter->priority);
		model_spread(sim->model);
	}
	if (fault->code == FAULT_NONE && code != FAULT_NONE)
		sim_fail(sim, "%s may wait, the model answers %d", waiter->name, (int)code);
	if (fault->code != FAULT_NONE && code == FAULT_NONE && !was_endless)
		sim_fail(sim, "%s may not wait: %s", waiter->name, fault->message);
	if (fault->code == FAULT_NONE && nested_is_endless(sim->model, waiter))
		sim_fail(sim, "%s may wait for what never ends", waiter->name);
	if (fault->code != FAULT_NONE) {
		sim_say(sim, "  refused: %s", fault->message);
		model_end_wait(waiter);
	}
	model_rewind(sim->model, mark, fault->code == FAULT_NONE);
	return fault->code == FAULT_NONE && sim->failure == NULL;
}

static bool nested_wait(struct sim *sim, struct sim_process *process, struct model_exec *waiter,
    const struct scope *scope, struct strings *names)
{
	struct fault fault = {0};
	struct strings idle = {0};
	uint64_t id = 0;
	bool is_started;
	expand(sim, names);
	struct wait_request request = {
	    .names = (const char *const *)names->items, .n_names = names->count, .scope = *scope};
	/* What it names and is idle starts; but only a start creates what is not there. */
	is_started = !find_idle(sim, waiter, names, &idle);
	if (is_started) {
		strings_clear(&idle);
		if (!sim_start(sim, scope, names, false))
			return false;
	}
	char *text = strings_join(names, " ");
	sim_say(sim, "%s waits for %s", waiter->name, text);
	free(text);
	if (core_wait(sim->core, &request, &id, &fault) == 0)
		block(sim, process, id);
	bool is_good = follow(sim, waiter, scope, &idle, names, is_started, &fault);
	strings_clear(&idle);
	fault_clear(&fault);
	return is_good;
}

/* A start that the process waits for. */
static bool nested_run(struct sim *sim, struct sim_process *process, struct model_exec *waiter,
    struct scope *scope, struct strings *names)
{
	struct fault fault = {0};
	struct start_outcome outcome = {0};
	struct name_request request = {
	    .names = (const char *const *)names->items, .n_names = names->count, .scope = *scope};
	uint64_t id = 0;
	request.scope.is_waiting = scope->is_waiting = true;
	char *text = strings_join(names, " ");
	sim_say(sim, "%s runs %s", waiter->name, text);
	free(text);
	if (core_start(sim->core, &request, false, &outcome, &fault) == 0) {
		struct wait_request wait = {.pulled = outcome.pulled,
		    .n_pulled = outcome.n_pulled,
		    .run = outcome.run,
		    .scope = request.scope};
		if (core_wait(sim->core, &wait, &id, &fault) == 0)
			block(sim, process, id);
		else
			sim_fail(sim, "%s has started what it may not wait for: %s", waiter->name,
			    fault.message);
	}
	/* The core knows the procs by other names where a glob stood for them. */
	expand(sim, names);
	bool is_good = follow(sim, waiter, scope, names, names, false, &fault);
	start_outcome_clear(&outcome);
	fault_clear(&fault);
	return is_good;
}

void nested_resume(struct sim *sim, const struct sim_wait *wait)
{
	struct sim_process *process = sim_find_process(sim, wait->waiter);
	struct model_exec *waiter = model_find_exec(sim->model, wait->waiter);
	struct wait_outcome outcome = {0};
	if (process == NULL || waiter == NULL || process->wait != wait->id)
		return;
	core_wait_outcome(sim->core, wait->id, &outcome);
	if (outcome.fault != NULL)
		sim_say(sim, "  it can never end: %s", outcome.fault->message);
	process->wait = 0;
	if (process->ends_ns == INT64_MAX)
		process->ends_ns = sim->now_ns + process->left_ns;
}

bool nested_operate(struct sim *sim)
{
	struct sim_process *process = pick_process(sim);
	struct strings names = {0};
	if (process == NULL)
		return true;
	struct model_exec *waiter = model_find_exec(sim->model, process->exec);
	struct scope scope = {.run = waiter->first_run->id,
	    .exec = process->exec,
	    .params = waiter->first_run->params,
	    .now_ns = sim->now_ns};
	if (waiter->first_run->is_gone || waiter->first_run->is_over)
		return true;
	if (core_is_following(sim->core, process->exec))
		return true; /* it has to wait until what it comes after is known to have ended */
	/* Who asks runs, even if nobody has said so yet. */
	if (core_find_asker(sim->core, process->exec, sim->now_ns) == NULL)
		sim_fail(sim, "%s asks, but does not run", waiter->name);
	model_promoted(sim->model, process->exec, process->attempt, sim->now_ns);
	for (unsigned n = random_below(&sim->random, 3); n > 0; n--)
		strings_take(&names, world_pick_name(&sim->world));
	bool is_good;
	unsigned roll = random_below(&sim->random, 100);
	if (names.count > 0 && roll < 30)
		is_good = sim_start(sim, &scope, &names, false);
	else if (names.count > 0 && roll < 50)
		is_good = nested_run(sim, process, waiter, &scope, &names);
	else
		is_good = nested_wait(sim, process, waiter, &scope, &names);
	strings_clear(&names);
	return is_good;
}
