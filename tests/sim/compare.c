/*
 * The core beside the model: the same runs, members, states, errors, outcomes, signals and waits.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/state.h"
#include "tests/sim/nested.h"
#include "tests/sim/sim.h"

static const char *error_text(enum execution_error error)
{
	return error != ERROR_NONE ? execution_error_name(error) : "-";
}

/* In a step that cancels, canceled and dep_failed may be said of the same execution. */
static bool is_same_error(const struct sim *sim, enum execution_error a, enum execution_error b)
{
	bool is_canceled = (a == ERROR_CANCELED || a == ERROR_DEP_FAILED) &&
	                   (b == ERROR_CANCELED || b == ERROR_DEP_FAILED);
	return a == b || (sim->has_canceled && is_canceled);
}

/* What misses a name and depends on something that does may fail for either. */
static bool is_missing_anyway(const struct model_exec *exec, enum execution_error error)
{
	return exec->missing.count > 0 &&
	       (error == ERROR_DEP_MISSING || error == ERROR_DEP_FAILED) &&
	       (exec->error == ERROR_DEP_MISSING || exec->error == ERROR_DEP_FAILED);
}

/* Where a cancel kills, what fails fast because of it may have sent SIGTERM before. */
static bool is_same_terms(const struct sim_process *process, const struct model_exec *exec)
{
	return process->n_terms == exec->n_terms || (process->n_kills > 0 && exec->n_terms == 0);
}

static void compare_execution(
    struct sim *sim, const struct execution *execution, const struct model_exec *exec)
{
	enum execution_state state = (enum execution_state)execution->state;
	enum execution_error error = (enum execution_error)execution->error;
	if (state != exec->state)
		sim_fail(sim, "%s (%llu) is %s (%s), in the model %d (%s)", exec->name,
		    (unsigned long long)exec->id, execution_state_name(execution),
		    error_text(error), exec->state, error_text(exec->error));
	else if (model_is_complete(exec) && !is_same_error(sim, error, exec->error) &&
	         !is_missing_anyway(exec, error))
		sim_fail(sim, "%s (%llu) failed with %s, in the model with %s", exec->name,
		    (unsigned long long)exec->id, error_text(error), error_text(exec->error));
	if (state == STATE_WANTED && execution->is_standby != (exec->standby_at > 0))
		sim_fail(sim, "%s (%llu) %s by, in the model it does not", exec->name,
		    (unsigned long long)exec->id,
		    execution->is_standby ? "stands" : "does not stand");
	if (!model_is_complete(exec) && execution->attempt != exec->attempt)
		sim_fail(sim, "%s (%llu) is at attempt %u, in the model %u", exec->name,
		    (unsigned long long)exec->id, execution->attempt, exec->attempt);
	if (!model_is_complete(exec) && execution->priority != exec->priority)
		sim_fail(sim, "%s (%llu) has priority %d, in the model %d", exec->name,
		    (unsigned long long)exec->id, execution->priority, exec->priority);
	struct sim_process *process = sim_find_process(sim, exec->id);
	if (process != NULL && exec->is_retrying)
		process->n_terms = process->n_kills = 0; /* those of the next attempt count */
	if (process != NULL && exec->state == STATE_RUNNING &&
	    (!is_same_terms(process, exec) || process->n_kills != exec->n_kills))
		sim_fail(sim, "%s (%llu) got %u SIGTERM and %u SIGKILL, in the model %u and %u",
		    exec->name, (unsigned long long)exec->id, process->n_terms, process->n_kills,
		    exec->n_terms, exec->n_kills);
}

static void compare_member(struct sim *sim, struct run *run, const struct model_member *expected)
{
	const struct model_exec *exec = expected->exec;
	struct proc *proc = core_find_proc(sim->core, exec->name);
	struct membership *member = proc != NULL ? core_find_member(run, proc) : NULL;
	if (member == NULL) {
		sim_fail(sim, "%s is not in run %llu", exec->name, (unsigned long long)run->id);
		return;
	}
	if (member->execution->id != exec->id) {
		sim_fail(sim, "%s in run %llu is execution %llu, in the model %llu", exec->name,
		    (unsigned long long)run->id, (unsigned long long)member->execution->id,
		    (unsigned long long)exec->id);
		return;
	}
	compare_execution(sim, member->execution, exec);
	/* Of two runs that cancel at once it is the last that ends the execution itself. */
	if (!model_is_complete(exec) && exec->ending == ERROR_NONE &&
	    !is_same_error(sim, member->override, expected->override))
		sim_fail(sim, "%s counts in run %llu as %s, in the model as %s", exec->name,
		    (unsigned long long)run->id, error_text(member->override),
		    error_text(expected->override));
	if (membership_is_success(member) != model_member_is_success(expected))
		sim_fail(sim, "%s in run %llu: success is %d, in the model %d", exec->name,
		    (unsigned long long)run->id, membership_is_success(member),
		    model_member_is_success(expected));
}

static void add_dep(struct strings *deps, const char *name, uint64_t id)
{
	strings_take(deps, mem_print("%s(%llu)", name, (unsigned long long)id));
}

static void say_member(const struct sim *sim, const char *whose, const char *name, uint64_t id,
    unsigned state, struct strings *deps)
{
	char *text = strings_join(deps, " ");
	sim_say(sim, "  %s %s(%llu) %u: %s", whose, name, (unsigned long long)id, state, text);
	free(text);
	strings_clear(deps);
}

void sim_say_run(const struct sim *sim, const struct model_run *expected)
{
	const struct run *run = core_find_run(sim->core, expected->id);
	const struct membership *member;
	if (run == NULL)
		return;
	sim_say(sim, "  run %llu", (unsigned long long)expected->id);
	TAILQ_FOREACH (member, &run->members, of_run) {
		const struct execution *execution = member->execution;
		struct strings deps = {0};
		for (uint32_t i = 0; i < execution->n_deps; i++)
			add_dep(&deps, execution->deps[i]->proc->name, execution->deps[i]->id);
		say_member(
		    sim, "core ", execution->proc->name, execution->id, execution->state, &deps);
	}
	for (size_t i = 0; i < expected->n_members; i++) {
		const struct model_exec *exec = expected->members[i].exec;
		struct strings deps = {0};
		for (size_t j = 0; j < exec->n_deps; j++)
			add_dep(&deps, exec->deps[j]->name, exec->deps[j]->id);
		say_member(sim, "model", exec->name, exec->id, (unsigned)exec->state, &deps);
	}
}

static void compare_run(struct sim *sim, struct model_run *expected)
{
	bool was_fine = sim->failure == NULL;
	struct run *run = core_find_run(sim->core, expected->id);
	unsigned long long id = expected->id;
	if (run == NULL && expected->is_over) {
		expected->is_gone = true;
		return;
	}
	if (run == NULL) {
		sim_fail(sim, "run %llu is gone", id);
		return;
	}
	for (size_t i = 0; i < expected->n_members; i++)
		compare_member(sim, run, &expected->members[i]);
	if (run->n_members != expected->n_members)
		sim_fail(sim, "run %llu has %llu members, in the model %zu", id,
		    (unsigned long long)run->n_members, expected->n_members);
	if (run_is_active(run) == expected->is_over)
		sim_fail(sim, "run %llu is %s, in the model it is not", id,
		    run_is_active(run) ? "active" : "over");
	if (run->is_failed != expected->is_failed)
		sim_fail(sim, "run %llu has failed: %d, in the model %d", id, run->is_failed,
		    expected->is_failed);
	if (run->holds != expected->holds)
		sim_fail(sim, "run %llu is held %u times, in the model %u", id, run->holds,
		    expected->holds);
	if (was_fine && sim->failure != NULL)
		sim_say_run(sim, expected);
}

/* --- waits --- */

static bool is_complete_in(struct sim *sim, const struct sim_wait *wait, uint64_t id)
{
	const struct model_exec *exec = model_find_exec(sim->model, id);
	struct model_run *run = model_find_run(sim->model, wait->in_run);
	struct model_member *member = run != NULL ? model_find_member(run, exec->name) : NULL;
	return member != NULL ? model_member_is_complete(member) : model_is_complete(exec);
}

static bool is_wait_over(struct sim *sim, const struct sim_wait *wait)
{
	if (wait->waiter != 0) {
		const struct model_exec *waiter = model_find_exec(sim->model, wait->waiter);
		return !waiter->is_lent;
	}
	if (wait->run != 0)
		return model_find_run(sim->model, wait->run)->is_over;
	for (size_t i = 0; i < wait->n_execs; i++)
		if (!is_complete_in(sim, wait, wait->execs[i]))
			return false;
	return true;
}

static void compare_wait(struct sim *sim, const struct sim_wait *wait)
{
	if (wait->is_ended || is_wait_over(sim, wait) == (wait->n_done > 0))
		return;
	sim_fail(sim, "wait %llu is %sanswered", (unsigned long long)wait->id,
	    wait->n_done > 0 ? "" : "not ");
}

void sim_follow_standby(struct sim *sim, bool is_checked)
{
	const struct execution *execution;
	TAILQ_FOREACH (execution, &sim->core->standby, of_queue) {
		struct model_exec *exec = model_find_exec(sim->model, execution->id);
		if (exec == NULL || exec->standby_at > 0)
			continue;
		const char *wrong = model_stand_by(sim->model, exec);
		if (wrong != NULL && is_checked)
			sim_fail(sim, "%s stands by: %s", exec->name, wrong);
	}
}

void sim_compare(struct sim *sim)
{
	size_t n_runs = 0, n_expected = 0;
	for (size_t i = 0; i < sim->model->n_runs; i++)
		if (!sim->model->runs[i]->is_gone)
			compare_run(sim, sim->model->runs[i]);
	for (size_t i = 0; i < sim->model->n_runs; i++)
		n_expected += !sim->model->runs[i]->is_gone;
	for (struct run *run = core_next_run(sim->core, 0); run != NULL;
	     run = core_next_run(sim->core, run->id))
		n_runs++;
	if (n_runs != n_expected)
		sim_fail(sim, "there are %zu runs, in the model %zu", n_runs, n_expected);
	for (size_t i = 0; i < sim->n_waits; i++)
		compare_wait(sim, &sim->waits[i]);
}

void sim_end_wait(struct sim *sim, struct sim_wait *wait)
{
	if (wait->waiter != 0 && wait->n_done > 0)
		nested_resume(sim, wait);
	wait->is_ended = true;
	core_wait_end(sim->core, wait->id, sim->now_ns);
}
