/*
 * What must hold in the core after each step, whatever the model says: its counters are what a
 * recount gives, limits are kept, and nothing waits that nothing will ever wake.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/state.h"
#include "tests/sim/sim.h"

/* All executions that some run has, each once. */
struct census {
	struct execution **items;
	size_t count;
};

static void count_execution(struct census *census, struct execution *execution)
{
	for (size_t i = 0; i < census->count; i++)
		if (census->items[i] == execution)
			return;
	census->items = mem_resize(census->items, census->count + 1, sizeof(struct execution *));
	census->items[census->count++] = execution;
}

/* --- executions --- */

static uint32_t count_live_runs(struct core *core, const struct execution *execution)
{
	uint32_t n = 0;
	for (struct run *run = core_next_run(core, 0); run != NULL;
	     run = core_next_run(core, run->id)) {
		struct membership *member;
		TAILQ_FOREACH (member, &run->members, of_run)
			n += member->execution == execution && run_is_active(run) &&
			     member->override == ERROR_NONE;
	}
	return n;
}

static void check_wanted(struct sim *sim, const struct execution *execution)
{
	uint32_t n_pending = 0;
	for (uint32_t i = 0; i < execution->n_deps; i++)
		n_pending += !execution_is_complete(execution->deps[i]);
	n_pending +=
	    execution->predecessor != NULL && !execution_is_complete(execution->predecessor);
	if (n_pending != execution->n_pending)
		sim_fail(sim, "%s has n_pending %u, counted %u", execution->proc->name,
		    execution->n_pending, n_pending);
	if (execution->has_slot || execution->has_locks)
		sim_fail(sim, "%s waits but holds a slot or locks", execution->proc->name);
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (execution_is_complete(execution->deps[i]) && !execution->is_standby &&
		    !execution_is_success(execution->deps[i]))
			sim_fail(sim, "%s waits but %s has failed", execution->proc->name,
			    execution->deps[i]->proc->name);
	if (execution->live_runs == 0)
		sim_fail(sim, "%s waits but no run wants it", execution->proc->name);
}

/* Handed over before it has a slot, and it may not need anything else. */
static void check_standby(struct sim *sim, const struct execution *execution)
{
	const char *name = execution->proc->name;
	if (execution->predecessor != NULL || execution->n_claims > 0 || execution->is_ready ||
	    execution->is_gated || execution->is_retrying)
		sim_fail(sim, "%s stands by and waits for something else", name);
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (execution->deps[i]->state == STATE_FAILED && execution->ending == ERROR_NONE)
			sim_fail(sim, "%s stands by though %s has failed", name,
			    execution->deps[i]->proc->name);
	if (execution->attempt != 1 || strcmp(execution_executor(execution), CORE_LOCAL) != 0)
		sim_fail(sim, "%s stands by, but is not local or not new", name);
	if (execution->is_withheld != (execution->ending != ERROR_NONE))
		sim_fail(sim, "%s stands by, and is withheld wrongly", name);
}

static void check_running(struct sim *sim, const struct execution *execution)
{
	struct sim_process *process = sim_find_process(sim, execution->id);
	if (process == NULL || process->is_ended)
		sim_fail(sim, "%s is RUNNING without a process", execution->proc->name);
	for (uint32_t i = 0;
	     i < execution->n_deps && !sim->is_restarting && execution->ending == ERROR_NONE; i++)
		if (!execution_is_success(execution->deps[i]))
			sim_fail(sim, "%s runs before %s has succeeded", execution->proc->name,
			    execution->deps[i]->proc->name);
	if (execution->n_unresolved > 0 || execution->n_missing > 0)
		sim_fail(sim, "%s runs with dependencies unknown", execution->proc->name);
}

static void check_complete(struct sim *sim, const struct execution *execution)
{
	bool is_failed = execution->state == STATE_FAILED;
	if (is_failed != (execution->error != ERROR_NONE))
		sim_fail(sim, "%s: state %d with error %d", execution->proc->name, execution->state,
		    execution->error);
	if (is_failed && (execution->info == NULL || strchr(execution->info, '\n') != NULL))
		sim_fail(sim, "%s failed without a line of info", execution->proc->name);
	if (execution->has_slot || execution->has_locks)
		sim_fail(sim, "%s has ended but holds a slot or locks", execution->proc->name);
	if (execution->ended_ns == 0 || execution->ended_ns < execution->started_ns)
		sim_fail(sim, "%s ended before it started", execution->proc->name);
}

static void check_execution(struct sim *sim, const struct execution *execution)
{
	if (execution_is_complete(execution))
		check_complete(sim, execution);
	else if (execution->state == STATE_WANTED)
		check_wanted(sim, execution);
	else if (execution->is_standby && !sim->is_restarting)
		sim_fail(sim, "%s runs and stands by", execution->proc->name);
	else
		check_running(sim, execution);
	if (execution->state == STATE_WANTED && execution->is_standby)
		check_standby(sim, execution);
	if (!execution_is_complete(execution)) {
		uint32_t live_runs = count_live_runs(sim->core, execution);
		if (live_runs != execution->live_runs)
			sim_fail(sim, "%s has live_runs %u, counted %u", execution->proc->name,
			    execution->live_runs, live_runs);
	}
}

/* --- runs --- */

static void check_waves(struct sim *sim, const struct run *run)
{
	for (size_t i = 0; i < run->n_waves; i++) {
		const struct membership *member;
		uint32_t n_incomplete = 0;
		TAILQ_FOREACH (member, &run->members, of_run)
			n_incomplete +=
			    member->execution->definition->wave == run->waves[i]->number &&
			    !membership_is_complete(member);
		if (n_incomplete != run->waves[i]->n_incomplete)
			sim_fail(sim, "wave %d of run %llu has n_incomplete %u, counted %u",
			    run->waves[i]->number, (unsigned long long)run->id,
			    run->waves[i]->n_incomplete, n_incomplete);
		if (i > 0 && run->waves[i - 1]->number >= run->waves[i]->number)
			sim_fail(sim, "the waves of run %llu are not sorted",
			    (unsigned long long)run->id);
	}
}

static void check_member(struct sim *sim, const struct run *run, const struct membership *member)
{
	const struct execution *execution = member->execution;
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (core_find_member(run, execution->deps[i]->proc) == NULL && run_is_active(run) &&
		    member->override == ERROR_NONE)
			sim_fail(sim, "%s is in run %llu, but not %s, which it depends on",
			    execution->proc->name, (unsigned long long)run->id,
			    execution->deps[i]->proc->name);
	const struct membership *other;
	TAILQ_FOREACH (other, &run->members, of_run)
		if (other != member && other->execution->proc == execution->proc)
			sim_fail(sim, "%s is twice in run %llu", execution->proc->name,
			    (unsigned long long)run->id);
}

static void check_run(struct sim *sim, const struct run *run)
{
	const struct membership *member;
	uint64_t n_members = 0, n_incomplete = 0, n_failed = 0;
	TAILQ_FOREACH (member, &run->members, of_run) {
		n_members++;
		n_incomplete += !membership_is_complete(member);
		n_failed += membership_is_complete(member) && !membership_is_success(member);
		check_member(sim, run, member);
	}
	unsigned long long id = run->id;
	if (n_members != run->n_members)
		sim_fail(sim, "run %llu has n_members %llu, counted %llu", id,
		    (unsigned long long)run->n_members, (unsigned long long)n_members);
	if (n_incomplete != run->n_incomplete)
		sim_fail(sim, "run %llu has n_incomplete %llu, counted %llu", id,
		    (unsigned long long)run->n_incomplete, (unsigned long long)n_incomplete);
	if (n_failed != run->n_failed)
		sim_fail(sim, "run %llu has n_failed %llu, counted %llu", id,
		    (unsigned long long)run->n_failed, (unsigned long long)n_failed);
	if (run_is_active(run) != (n_incomplete > 0 || run->holds > 0))
		sim_fail(sim, "run %llu is %s with %llu incomplete and %u holds", id,
		    run_is_active(run) ? "active" : "over", (unsigned long long)n_incomplete,
		    run->holds);
	check_waves(sim, run);
}

/* --- all of it --- */

static void check_locks(struct sim *sim, const struct census *census)
{
	struct strings held = {0};
	for (size_t i = 0; i < census->count; i++) {
		const struct execution *execution = census->items[i];
		struct strings own = {0};
		if (execution->state != STATE_RUNNING)
			continue;
		for (size_t j = 0; j < execution->definition->locks.count; j++)
			strings_take(&own, model_fill(execution->definition, execution->values,
			                       execution->definition->locks.items[j]));
		for (size_t j = 0; j < own.count; j++)
			if (strings_contain(&held, own.items[j]))
				sim_fail(sim, "lock %s is held twice", own.items[j]);
		for (size_t j = 0; j < own.count; j++)
			strings_add(&held, own.items[j]);
		strings_clear(&own);
	}
	strings_clear(&held);
}

static void check_in_flight(struct sim *sim, const struct census *census)
{
	for (size_t i = 0; i < census->count; i++) {
		const struct execution *one = census->items[i];
		for (size_t j = 0; j < i; j++) {
			const struct execution *two = census->items[j];
			if (one->proc != two->proc || execution_is_complete(one) ||
			    execution_is_complete(two))
				continue;
			if (one->state == STATE_RUNNING && two->state == STATE_RUNNING)
				sim_fail(sim, "%s runs twice at once", one->proc->name);
			if (one->predecessor == NULL && two->predecessor == NULL)
				sim_fail(sim, "%s is twice in flight", one->proc->name);
		}
	}
}

static void check_load(struct sim *sim, const struct census *census)
{
	const struct core_options *options = core_get_options(sim->core);
	uint64_t n_running = 0, n_wanted = 0, n_slots = 0, n_far = 0;
	struct core_load load;
	core_get_load(sim->core, &load);
	for (size_t i = 0; i < census->count; i++) {
		n_running += census->items[i]->state == STATE_RUNNING;
		n_wanted += census->items[i]->state == STATE_WANTED;
		if (census->items[i]->state != STATE_RUNNING || census->items[i]->is_lent)
			continue;
		n_slots++;
		n_far += strcmp(execution_executor(census->items[i]), CORE_LOCAL) != 0;
	}
	if (n_running != load.n_running || n_wanted != load.n_wanted ||
	    n_slots != load.n_slots_used)
		sim_fail(sim,
		    "load: %llu running, %llu slots, %llu wanted; counted %llu, %llu, %llu",
		    (unsigned long long)load.n_running, (unsigned long long)load.n_slots_used,
		    (unsigned long long)load.n_wanted, (unsigned long long)n_running,
		    (unsigned long long)n_slots, (unsigned long long)n_wanted);
	bool is_too_many = options->is_single
	                       ? n_slots > 1
	                       : (sim->has_started[0] && n_slots - n_far > options->parallel) ||
	                             (sim->has_started[1] && n_far > sim->far_slots);
	/* Who goes on after a wait may be one more than the limit. */
	if (is_too_many && !sim->has_answered && (sim->has_started[0] || sim->has_started[1]))
		sim_fail(sim, "something was started though %llu hold a slot",
		    (unsigned long long)n_slots);
}

static void check_all_standby(struct sim *sim, const struct census *census)
{
	const struct core_options *options = core_get_options(sim->core);
	uint64_t n_standby = 0, n_due = 0, n_following = 0, n_slots = 0, n_local = 0;
	for (size_t i = 0; i < census->count; i++) {
		const struct execution *execution = census->items[i];
		bool is_local = strcmp(execution_executor(execution), CORE_LOCAL) == 0;
		n_standby += execution->state == STATE_WANTED && execution->is_standby &&
		             !execution->is_withheld;
		n_following += execution->state == STATE_WANTED && execution->is_standby &&
		               execution->n_pending > 0;
		n_due += execution->state == STATE_WANTED && execution->is_standby &&
		         !execution->is_withheld && execution->n_pending == 0;
		n_slots += execution->has_slot;
		n_local += execution->has_slot && is_local;
	}
	if (n_standby != sim->core->n_standby || n_standby > options->standby)
		sim_fail(sim, "%llu stand by, counted %llu",
		    (unsigned long long)sim->core->n_standby, (unsigned long long)n_standby);
	if (n_following != sim->core->n_following)
		sim_fail(sim, "%llu follow, counted %llu",
		    (unsigned long long)sim->core->n_following, (unsigned long long)n_following);
	bool is_free = options->is_single ? n_slots == 0 : n_local < options->parallel;
	if (n_due > 0 && is_free)
		sim_fail(sim, "%llu stand by though a slot is free", (unsigned long long)n_due);
}

/* What no run has, and nothing that a run has knows of, is forgotten, with all that it depends on.
 */
static void check_forgotten(struct sim *sim, const struct census *census)
{
	struct census known = {0};
	for (size_t i = 0; i < census->count; i++)
		count_execution(&known, census->items[i]);
	for (size_t i = 0; i < known.count; i++) {
		const struct execution *execution = known.items[i];
		for (uint32_t j = 0; j < execution->n_deps; j++)
			count_execution(&known, execution->deps[j]);
		for (uint32_t j = 0; j < execution->n_dependents; j++)
			count_execution(&known, execution->dependents[j]);
	}
	if (known.count != sim->core->n_executions)
		sim_fail(sim, "%llu executions are kept, of which %zu are known",
		    (unsigned long long)sim->core->n_executions, known.count);
	free(known.items);
}

/* In a nested wait that has not been answered. */
static bool is_blocked(const struct sim *sim, const struct sim_process *process)
{
	for (size_t i = 0; i < sim->n_waits; i++)
		if (process->wait != 0 && sim->waits[i].id == process->wait &&
		    sim->waits[i].n_done == 0)
			return true;
	return false;
}

/* Nothing runs, nothing is asked, nothing is held open: then nothing may wait. */
static void check_no_hang(struct sim *sim, const struct census *census)
{
	for (size_t i = 0; i < sim->n_processes; i++)
		if (!sim->processes[i].is_ended && !is_blocked(sim, &sim->processes[i]))
			return;
	for (size_t i = 0; i < sim->n_resolves; i++)
		if (!sim->resolves[i].is_ended)
			return;
	if (sim->n_standby > 0 || sim->n_reports > 0)
		return;
	for (struct run *run = core_next_run(sim->core, 0); run != NULL;
	     run = core_next_run(sim->core, run->id))
		if (run->holds > 0)
			return;
	for (size_t i = 0; i < census->count; i++)
		if (census->items[i]->is_retrying)
			return;
	for (size_t i = 0; i < census->count; i++)
		if (census->items[i]->state == STATE_WANTED)
			sim_fail(sim, "%s waits and nothing will ever happen",
			    census->items[i]->proc->name);
	for (size_t i = 0; i < sim->n_processes; i++)
		if (!sim->processes[i].is_ended)
			sim_fail(sim, "execution %llu is blocked for ever",
			    (unsigned long long)sim->processes[i].exec);
}

void sim_check_invariants(struct sim *sim)
{
	struct census census = {0};
	size_t n_over = 0;
	for (struct run *run = core_next_run(sim->core, 0); run != NULL;
	     run = core_next_run(sim->core, run->id)) {
		struct membership *member;
		n_over += !run_is_active(run);
		check_run(sim, run);
		TAILQ_FOREACH (member, &run->members, of_run)
			count_execution(&census, member->execution);
	}
	if (n_over > core_get_options(sim->core)->keep_runs)
		sim_fail(sim, "%zu runs that are over are kept", n_over);
	for (size_t i = 0; i < census.count; i++)
		check_execution(sim, census.items[i]);
	check_locks(sim, &census);
	check_in_flight(sim, &census);
	check_load(sim, &census);
	check_all_standby(sim, &census);
	check_forgotten(sim, &census);
	check_no_hang(sim, &census);
	free(census.items);
}
