/*
 * What dies with a scheduler: its core, the actions that were not carried out, the connections of
 * those who wait. What does not: processes, and what was kept at the end of the last pass. A pass
 * is kept whole or has never been.
 */
#include "tests/sim/crash.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "tests/sim/nested.h"
#include "tests/sim/supervisor.h"
#include "tests/unit/core_keeper.h"

static unsigned below(struct sim *sim, unsigned limit)
{
	return random_below(&sim->crash_random, limit);
}

static bool chance(struct sim *sim, unsigned percent)
{
	return random_chance(&sim->crash_random, percent);
}

void crash_begin(struct sim *sim, uint64_t seed)
{
	/* Numbers of their own: the rest of the story is the same without crashes. */
	random_init(&sim->crash_random, ~seed);
	if (!sim_has(sim, FEATURE_CRASHES) && !sim_has(sim, FEATURE_MANY_CRASHES))
		return;
	sim->keeper = keeper_new();
	core_keep_changes(sim->core);
}

void crash_end(struct sim *sim)
{
	keeper_free(sim->keeper);
}

static bool is_due(struct sim *sim)
{
	if (sim->keeper == NULL || sim->failure != NULL)
		return false;
	return chance(sim, sim_has(sim, FEATURE_MANY_CRASHES) ? 50 : 2);
}

/* --- a pass --- */

/* Whether nobody may ever hear of it: the others only say what has happened. */
static bool can_be_lost(struct sim *sim, const struct action *action)
{
	switch (action->kind) {
	case ACTION_START:
	case ACTION_STANDBY:
	case ACTION_RECALL:
	case ACTION_SIGNAL:
	case ACTION_RESOLVE:
		return true;
	case ACTION_WAIT_DONE:
		/* A blocked process is told in the same write as the one that lets it go on. */
		for (size_t i = 0; i < sim->n_waits; i++)
			if (sim->waits[i].id == action->id && !sim->waits[i].is_ended)
				return sim->waits[i].waiter == 0;
		return false;
	default:
		return false;
	}
}

bool crash_take_actions(struct sim *sim)
{
	struct action action, *actions = NULL;
	size_t count = 0;
	while (core_next_action(sim->core, &action)) {
		actions = mem_resize(actions, count + 1, sizeof(*actions));
		actions[count++] = action;
		if (sim->keeper != NULL)
			keeper_note(sim->keeper, &action);
	}
	if (sim->keeper != NULL)
		keeper_keep(sim->keeper, sim->core);
	bool is_crash = count > 0 && is_due(sim);
	size_t n_carried_out = is_crash ? below(sim, (unsigned)count + 1) : count;
	for (size_t i = 0; i < count; i++) {
		if (i < n_carried_out || !can_be_lost(sim, &actions[i]))
			sim_take_action(sim, &actions[i]);
		else
			sim_say(sim, "  lost: %d of %s", actions[i].kind,
			    actions[i].execution != NULL ? actions[i].execution->proc->name : "-");
	}
	free(actions);
	return is_crash;
}

/* --- the end of a core --- */

/* Who was answered has got his answer; what was asked has nobody to be told. */
static void break_connections(struct sim *sim)
{
	for (size_t i = 0; i < sim->n_waits; i++) {
		struct sim_wait *wait = &sim->waits[i];
		if (!wait->is_ended && wait->n_done > 0)
			sim_end_wait(sim, wait);
		/* Numbers are given again. */
		wait->id = 0;
	}
	for (size_t i = 0; i < sim->n_resolves; i++)
		sim->resolves[i].is_ended = true;
	/* From here on signals are counted anew. */
	for (size_t i = 0; i < sim->n_processes; i++)
		sim->processes[i].n_terms = sim->processes[i].n_kills = 0;
}

static struct core *make_core(struct sim *sim, const struct core_options *options)
{
	struct core *core = keeper_restore(sim->keeper, options, sim->now_ns);
	/* One that dies before it has kept anything changes nothing. */
	if (core != NULL && chance(sim, 10)) {
		sim_set_executors(sim, core);
		core_advance(core, sim->now_ns);
		core_free(core);
		core = keeper_restore(sim->keeper, options, sim->now_ns);
	}
	if (core != NULL) {
		sim_set_executors(sim, core);
		return core;
	}
	sim_fail(sim, "what was kept is refused");
	core = core_new(options, 1, 1);
	core_keep_changes(core);
	return core;
}

static void replace_core(struct sim *sim)
{
	struct core_options options = *core_get_options(sim->core);
	char *difference = keeper_compare(sim->keeper, sim->core);
	options.separator = "::"; /* not the core's own text, which goes */
	if (difference != NULL)
		sim_fail(sim, "it is not kept:%s", difference);
	free(difference);
	break_connections(sim);
	core_free(sim->core);
	sim->core = make_core(sim, &options);
	for (size_t i = 0; i < sim->model->n_durations; i++)
		core_expect(
		    sim->core, sim->model->durations[i].name, sim->model->durations[i].mean_ns);
}

/* --- going on --- */

/* What stood by has been started if there is a process; else it is in line again. Where nobody is
 * left to say so it is lost like what runs. */
static void settle_standby(struct sim *sim, struct execution *execution, bool has_processes)
{
	const struct sim_process *process = sim_find_process(sim, execution->id);
	uint64_t id = execution->id;
	unsigned attempt = execution->attempt;
	if (has_processes && process == NULL) {
		sim_see(sim, id)->was_standby = false;
		core_returned(sim->core, id, sim->now_ns);
		model_returned(sim->model, id, attempt);
		return;
	}
	if (process == NULL)
		supervisor_add(sim, execution);
	process = sim_find_process(sim, id);
	model_promoted(sim->model, id, attempt, process->started_ns);
	model_started_at(sim->model, id, process->started_ns);
	if (has_processes)
		core_promoted(sim->core, id, process->started_ns, sim->now_ns);
}

struct found {
	struct sim *sim;
	bool has_processes;
};

static bool find_standby(struct proc *proc, void *arg)
{
	const struct found *found = arg;
	for (struct execution *at = proc->newest; at != NULL; at = at->older)
		if (at->state == STATE_RUNNING && at->is_standby)
			settle_standby(found->sim, at, found->has_processes);
	return true;
}

/* What the supervisor had to say comes first, with the start of whatever has ended. */
static void hear_reports(struct sim *sim)
{
	sim->model->now_ns = sim->now_ns;
	while (sim->n_reports > 0) {
		struct execution *execution = core_find_execution(sim->core, sim->reports[0].exec);
		if (execution != NULL && execution->state == STATE_RUNNING && execution->is_standby)
			settle_standby(sim, execution, true);
		supervisor_tell(sim, 1);
	}
}

/* What was to be started is started now, if it was not. */
static bool start_missing(struct proc *proc, void *arg)
{
	struct sim *sim = arg;
	for (struct execution *at = proc->newest; at != NULL; at = at->older) {
		const struct action action = {.kind = ACTION_START, .execution = at};
		const struct sim_process *process = sim_find_process(sim, at->id);
		if (at->state != STATE_RUNNING ||
		    (process != NULL && process->attempt == at->attempt))
			continue;
		core_start_late(sim->core, at->id, sim->now_ns);
		model_start_late(sim->model, at->id);
		sim_take_action(sim, &action);
	}
	return true;
}

/* The memberships of executions in the run of the waiter. */
static struct membership **find_pulled(struct sim *sim, const struct model_exec *waiter)
{
	const struct run *run = core_find_run(sim->core, waiter->first_run->id);
	struct membership **pulled = mem_new(waiter->n_awaits, sizeof(*pulled));
	for (size_t i = 0; i < waiter->n_awaits; i++) {
		const struct proc *proc = core_find_proc(sim->core, waiter->awaits[i]->name);
		pulled[i] = core_find_member(run, proc);
	}
	return pulled;
}

static int ask_nested(struct sim *sim, struct sim_wait *wait, struct fault *fault)
{
	const struct model_exec *waiter = model_find_exec(sim->model, wait->waiter);
	struct sim_process *process = sim_find_process(sim, wait->waiter);
	struct wait_request request = {.run = waiter->first_run->id,
	    .scope = {.run = waiter->first_run->id,
	        .exec = wait->waiter,
	        .params = waiter->first_run->params,
	        .now_ns = sim->now_ns}};
	const char **names = mem_new(waiter->n_awaits, sizeof(*names));
	for (size_t i = 0; i < waiter->n_awaits; i++)
		names[i] = waiter->awaits[i]->name;
	if (waiter->is_extended) {
		request.pulled = find_pulled(sim, waiter);
		request.n_pulled = waiter->n_awaits;
	} else {
		request.names = names;
		request.n_names = waiter->n_awaits;
	}
	int rc = core_wait(sim->core, &request, &wait->id, fault);
	process->wait = wait->id;
	free(request.pulled);
	free(names);
	return rc;
}

static int ask_client(struct sim *sim, struct sim_wait *wait, struct fault *fault)
{
	const char *names[1];
	struct wait_request request = {.names = names,
	    .scope = {.run = wait->run, .params = "", .now_ns = sim->now_ns},
	    .is_again = true};
	if (wait->run == 0) {
		names[0] = model_find_exec(sim->model, wait->execs[0])->name;
		request.n_names = 1;
		request.scope.run = wait->in_run;
	}
	return core_wait(sim->core, &request, &wait->id, fault);
}

/* A process does not wait any more. */
static void unblock(struct sim *sim, struct sim_wait *wait)
{
	struct sim_process *process = sim_find_process(sim, wait->waiter);
	process->wait = 0;
	if (process->ends_ns == INT64_MAX)
		process->ends_ns = sim->now_ns + process->left_ns;
	model_end_wait(model_find_exec(sim->model, wait->waiter));
	wait->is_ended = true;
}

/* It was refused; that may be right. */
static void end_refused(struct sim *sim, struct sim_wait *wait, const struct fault *fault)
{
	uint64_t run = wait->run != 0 ? wait->run : wait->in_run;
	/* What has come into the run meanwhile may have made it endless. */
	bool is_right = wait->waiter != 0 ? nested_is_endless(sim->model,
	                                        model_find_exec(sim->model, wait->waiter))
	                                  : core_find_run(sim->core, run) == NULL;
	sim_say(sim, "  refused: %s", fault->message);
	if (!is_right)
		sim_fail(sim, "a wait cannot be asked again: %s", fault->message);
	if (wait->waiter != 0)
		unblock(sim, wait);
	wait->is_ended = true;
}

/* Whoever has no answer asks again; a process that has died does not. */
static void ask_again(struct sim *sim, bool has_processes)
{
	for (size_t i = 0; i < sim->n_waits; i++) {
		struct sim_wait *wait = &sim->waits[i];
		struct fault fault = {0};
		if (!wait->is_ended && wait->waiter != 0 && !has_processes)
			unblock(sim, wait);
		if (wait->is_ended)
			continue;
		sim_say(sim, "  wait %zu is asked again", i);
		int rc = wait->waiter != 0 ? ask_nested(sim, wait, &fault)
		                           : ask_client(sim, wait, &fault);
		if (rc != 0)
			end_refused(sim, wait, &fault);
		fault_clear(&fault);
	}
}

static void settle(struct sim *sim)
{
	struct action action;
	core_advance(sim->core, sim->now_ns);
	while (core_next_action(sim->core, &action)) {
		keeper_note(sim->keeper, &action);
		sim_take_action(sim, &action);
	}
	keeper_keep(sim->keeper, sim->core);
}

/* Nobody will ever know what became of those that ran. */
static void lose_processes(struct sim *sim)
{
	for (size_t i = 0; i < sim->n_processes; i++) {
		if (sim->processes[i].is_ended)
			continue;
		sim->processes[i].is_dead = true;
		supervisor_lose_process(sim, &sim->processes[i]);
		model_settle(sim->model);
	}
}

static void restart(struct sim *sim, bool has_processes)
{
	struct random random = sim->random;
	sim->random = sim->crash_random;
	sim->n_crashes++;
	sim->is_restarting = true;
	supervisor_lose_link(sim);
	if (!has_processes)
		sim->n_reports = 0;
	replace_core(sim);
	if (sim->failure == NULL) {
		/* Whatever stands by then was chosen while nobody waited: no slot may be free. */
		bool is_late = chance(sim, 50) && sim->n_reports == 0 && has_processes;
		struct found found = {sim, has_processes};
		hear_reports(sim);
		core_each_proc(sim->core, find_standby, &found);
		core_each_proc(sim->core, start_missing, sim);
		if (!has_processes)
			lose_processes(sim);
		if (is_late)
			settle(sim);
		ask_again(sim, has_processes);
		/* What was refused goes on, even above the limit. */
		sim->has_started[0] = sim->has_started[1] = false;
		settle(sim);
		model_restarted(sim->model);
		model_advance(sim->model);
		sim_follow_standby(sim, !is_late);
	}
	sim->crash_random = sim->random;
	sim->random = random;
}

void crash_restart(struct sim *sim)
{
	sim_say(sim, "CRASH before all of it was carried out");
	restart(sim, true);
	sim->is_restarting = false;
}

void crash_step(struct sim *sim)
{
	if (!is_due(sim))
		return;
	bool is_supervisor = chance(sim, 10);
	if (chance(sim, 30))
		sim->now_ns += (int64_t)below(sim, 20) * SIM_SECOND_NS;
	sim->model->now_ns = sim->now_ns;
	sim_say(sim, "CRASH%s", is_supervisor ? " of the supervisor too" : "");
	restart(sim, !is_supervisor);
	sim->is_restarting = false;
	if (sim->failure == NULL)
		sim_settle(sim);
}
