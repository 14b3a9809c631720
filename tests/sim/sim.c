/*
 * The simulator's loop: what the core asks for is noted, processes and questions end when their
 * virtual time has come, and after each of these core and model are looked at.
 */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/crash.h"
#include "tests/sim/supervisor.h"

void sim_fail(struct sim *sim, const char *format, ...)
{
	va_list args;
	if (sim->failure != NULL)
		return;
	va_start(args, format);
	if (vasprintf(&sim->failure, format, args) < 0)
		abort();
	va_end(args);
}

void sim_say(const struct sim *sim, const char *format, ...)
{
	va_list args;
	if (!sim->is_verbose)
		return;
	va_start(args, format);
	printf("%4u %6.1f  ", sim->step, (double)sim->now_ns / (double)SIM_SECOND_NS);
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

bool sim_has(const struct sim *sim, enum feature feature)
{
	return sim->profile.has[feature];
}

void sim_set_executors(const struct sim *sim, struct core *core)
{
	const struct core_executor far = {"far", sim->far_slots};

	core_set_executors(core, &far, 1);
}

static unsigned below(struct sim *sim, unsigned limit)
{
	return random_below(&sim->random, limit);
}

struct sim_process *sim_find_process(struct sim *sim, uint64_t exec)
{
	for (size_t i = sim->n_processes; i > 0; i--)
		if (sim->processes[i - 1].exec == exec)
			return &sim->processes[i - 1];
	return NULL;
}

/* --- actions --- */

struct sim_seen *sim_see(struct sim *sim, uint64_t exec)
{
	for (size_t i = sim->n_seen; i > 0; i--)
		if (sim->seen[i - 1].exec == exec)
			return &sim->seen[i - 1];
	sim->seen = mem_resize(sim->seen, sim->n_seen + 1, sizeof(*sim->seen));
	sim->seen[sim->n_seen] = (struct sim_seen){.exec = exec, .state = STATE_WANTED};
	return &sim->seen[sim->n_seen++];
}

/* Of the run that it was first scheduled in, unless it counts as canceled there. */
static void check_waves(struct sim *sim, const struct execution *execution)
{
	const struct membership *member;
	if (execution->first.run == NULL || execution->first.override != ERROR_NONE)
		return;
	TAILQ_FOREACH (member, &execution->first.run->members, of_run)
		if (member->execution->definition->wave < execution->definition->wave &&
		    !membership_is_complete(member))
			sim_fail(sim, "%s is started before %s of a lower wave",
			    execution->proc->name, member->execution->proc->name);
}

struct pool_check {
	struct sim *sim;
	const struct definition *definition; /* of what is started */
};

static bool check_pool(const struct pool_look *pool, void *arg)
{
	const struct pool_check *check = arg;
	bool is_used = false;
	for (size_t i = 0; i < check->definition->n_uses; i++)
		is_used |= strcmp(check->definition->uses[i].pool, pool->name) == 0;
	if (is_used && pool->used > pool->capacity)
		sim_fail(check->sim, "something was started though %d of %d of pool %s are held",
		    (int)pool->used, (int)pool->capacity, pool->name);
	return true;
}

static void take_start(struct sim *sim, const struct execution *execution)
{
	struct sim_seen *seen = sim_see(sim, execution->id);
	sim_say(sim, "  START %s (%llu)", execution->proc->name, (unsigned long long)execution->id);
	if (!seen->was_standby || execution->attempt > 1)
		check_waves(sim, execution);
	if (execution->state != STATE_RUNNING)
		sim_fail(sim, "%s is started but not RUNNING", execution->proc->name);
	struct pool_check check = {sim, execution->definition};
	core_each_pool(sim->core, check_pool, &check);
	sim->has_started[strcmp(execution_executor(execution), CORE_LOCAL) != 0] |=
	    supervisor_start(sim, execution);
}

static void take_standby(struct sim *sim, const struct execution *execution)
{
	sim_say(
	    sim, "  STANDBY %s (%llu)", execution->proc->name, (unsigned long long)execution->id);
	check_waves(sim, execution);
	sim_see(sim, execution->id)->was_standby = true;
	supervisor_stand_by(sim, execution);
}

static void take_resolve(struct sim *sim, const struct action *action)
{
	sim_say(sim, "  RESOLVE %s", action->execution->proc->name);
	sim->resolves = mem_resize(sim->resolves, sim->n_resolves + 1, sizeof(*sim->resolves));
	sim->resolves[sim->n_resolves++] = (struct sim_resolve){.id = action->id,
	    .exec = action->execution->id,
	    .ends_ns = sim->now_ns + (int64_t)below(sim, 10) * SIM_SECOND_NS};
}

static void take_wait_done(struct sim *sim, uint64_t id)
{
	for (size_t i = 0; i < sim->n_waits; i++) {
		struct sim_wait *wait = &sim->waits[i];
		/* Who has waited may have ended with what he has waited for. */
		if (wait->id == id && wait->is_ended && sim_has(sim, FEATURE_STANDBY))
			return;
		if (wait->id != id || wait->is_ended)
			continue;
		sim_say(sim, "  WAIT_DONE %llu", (unsigned long long)id);
		wait->done_at = ++sim->n_answers;
		if (wait->n_done++ > 0)
			sim_fail(sim, "wait %llu is answered twice", (unsigned long long)id);
		return;
	}
	sim_fail(sim, "wait %llu is answered, but nobody waits", (unsigned long long)id);
}

static bool is_complete_state(enum execution_state state)
{
	return state != STATE_WANTED && state != STATE_RUNNING;
}

static void take_change(struct sim *sim, const struct action *action)
{
	const struct execution *execution = action->execution;
	struct sim_seen *seen = sim_see(sim, execution->id);
	enum execution_state to = action->state;
	/* It is made once; what is tried again says so. */
	if (action->run == NULL && to == STATE_WANTED && !action->is_retry && seen->is_told)
		sim_fail(sim, "%s is wanted twice", execution->proc->name);
	seen->is_told = true;
	if (action->run != NULL || to == seen->state)
		return; /* its outcome in one run; news of the same state */
	bool is_legal = seen->state == STATE_WANTED && (to == STATE_RUNNING || to == STATE_FAILED);
	is_legal |= seen->state == STATE_RUNNING && (is_complete_state(to) || action->is_retry);
	is_legal |= seen->state == STATE_WANTED && to == STATE_SUCCEEDED &&
	            execution->definition->run.n_words == 0;
	if (!is_legal)
		sim_fail(
		    sim, "%s goes from state %d to %d", execution->proc->name, seen->state, to);
	seen->state = to;
	seen->changed_at = sim->n_actions;
	sim_say(sim, "  CHANGED %s (%llu) to %s %s", execution->proc->name,
	    (unsigned long long)execution->id, execution_state_name(execution),
	    execution->info != NULL ? execution->info : "");
}

void sim_take_action(struct sim *sim, const struct action *action)
{
	sim->n_actions++;
	switch (action->kind) {
	case ACTION_START:
		take_start(sim, action->execution);
		break;
	case ACTION_STANDBY:
		take_standby(sim, action->execution);
		break;
	case ACTION_RECALL:
		supervisor_recall(sim, action->execution);
		break;
	case ACTION_SIGNAL:
		supervisor_signal(sim, action);
		break;
	case ACTION_RESOLVE:
		take_resolve(sim, action);
		break;
	case ACTION_CHANGED:
		take_change(sim, action);
		break;
	case ACTION_WAIT_DONE:
		sim->has_answered = true;
		take_wait_done(sim, action->id);
		break;
	case ACTION_RUN_OVER:
		sim_say(sim, "  OVER %llu", (unsigned long long)action->run->id);
		break;
	case ACTION_RUN_OPENED:
	case ACTION_FORGET:
	case ACTION_FORGET_RUN:
	case ACTION_DEFINED:
		break;
	}
}

/* The core's numbers for what the model has made since. */
static void bind_ids(struct sim *sim)
{
	struct model *model = sim->model;
	size_t n_bound = 0;
	for (size_t i = model->n_execs; i > 0 && model->execs[i - 1]->id == 0; i--, n_bound++) {
		struct model_exec *exec = model->execs[i - 1];
		struct run *run = core_find_run(sim->core, exec->first_run->id);
		struct proc *proc = core_find_proc(sim->core, exec->name);
		struct membership *member =
		    run != NULL && proc != NULL ? core_find_member(run, proc) : NULL;
		if (member == NULL)
			sim_fail(sim, "the model has scheduled %s in run %llu, the core has not",
			    exec->name, (unsigned long long)exec->first_run->id);
		else if (model_find_exec(model, member->execution->id) != NULL)
			sim_fail(sim,
			    "the model has made a new execution of %s, the core joined one",
			    exec->name);
		else
			exec->id = member->execution->id;
		if (sim->failure != NULL) {
			sim_say_run(sim, exec->first_run);
			return;
		}
	}
	for (size_t i = model->n_execs - n_bound; i < model->n_execs; i++)
		model_line_up(model, model->execs[i]);
}

static bool check_known(struct proc *proc, void *arg)
{
	struct sim *sim = arg;
	struct model_targets targets = {0};
	if (!proc->is_defined || model_find_proc(sim->model, proc->name) != NULL)
		return true;
	/* What a request created and did without in the end stays. */
	if (proc->proto == NULL || model_lookup(sim->model, proc->name, &targets) != FAULT_NONE ||
	    targets.count != 1)
		sim_fail(sim, "%s is defined, but not in the model", proc->name);
	else
		model_create(sim->model, &targets.items[0]);
	model_targets_clear(&targets);
	return true;
}

static void compare_registry(struct sim *sim)
{
	core_each_proc(sim->core, check_known, sim);
	for (size_t i = 0; i < sim->model->n_procs; i++) {
		const struct model_proc *expected = &sim->model->procs[i];
		const struct proc *proc = core_find_proc(sim->core, expected->name);
		if (proc == NULL || !proc->is_defined)
			sim_fail(sim, "%s is not defined, but in the model", expected->name);
		else if (strcmp(proc->definition->source, expected->definition->source) != 0)
			sim_fail(sim, "%s is not defined as in the model", expected->name);
	}
}

void sim_settle(struct sim *sim)
{
	core_advance(sim->core, sim->now_ns);
	bool is_crash = crash_take_actions(sim);
	sim->model->now_ns = sim->now_ns;
	if (sim->has_defined)
		model_defined(sim->model);
	sim->has_defined = false;
	if (sim->failure == NULL)
		compare_registry(sim);
	if (sim->failure == NULL)
		bind_ids(sim);
	if (sim->failure != NULL)
		return;
	model_advance(sim->model);
	sim_follow_standby(sim, true);
	if (is_crash)
		crash_restart(sim);
	sim_check_invariants(sim);
	if (sim->failure == NULL)
		sim_compare(sim);
	sim->has_started[0] = sim->has_started[1] = sim->has_answered = false;
}

/* --- events --- */

static void end_resolve(struct sim *sim, struct sim_resolve *resolve)
{
	struct model_exec *exec = model_find_exec(sim->model, resolve->exec);
	resolve->is_ended = true;
	if (random_chance(&sim->random, 10)) {
		sim_say(sim, "no answer for %s", exec != NULL ? exec->name : "?");
		core_resolve_failed(sim->core, resolve->id, "no answer", sim->now_ns);
		model_resolved(sim->model, resolve->exec, NULL);
		return;
	}
	struct strings answer = {0};
	for (unsigned n = below(sim, 3); n > 0; n--)
		strings_take(&answer, world_pick_name(&sim->world));
	char *text = strings_join(&answer, " ");
	sim_say(sim, "answer for %s: %s", exec != NULL ? exec->name : "?", text);
	free(text);
	core_resolved(sim->core, resolve->id, &answer, sim->now_ns);
	model_resolved(sim->model, resolve->exec, &answer);
	strings_clear(&answer);
}

static int64_t next_answer(const struct sim *sim, struct sim_resolve **resolve)
{
	int64_t next_ns = INT64_MAX;
	for (size_t i = 0; i < sim->n_resolves; i++) {
		if (!sim->resolves[i].is_ended && sim->resolves[i].ends_ns < next_ns) {
			*resolve = &sim->resolves[i];
			next_ns = (*resolve)->ends_ns;
		}
	}
	return next_ns;
}

static void pass_time(struct sim *sim, int64_t to_ns)
{
	if (to_ns > sim->now_ns)
		sim->now_ns = to_ns;
	sim->model->now_ns = sim->now_ns;
}

/* Lets the next thing happen; false: nothing will. */
static bool let_happen(struct sim *sim)
{
	struct sim_resolve *resolve = NULL;
	int64_t answer_ns = next_answer(sim, &resolve);
	int64_t end_ns = supervisor_next(sim);
	int64_t event_ns = answer_ns < end_ns ? answer_ns : end_ns;
	int64_t deadline_ns = core_next_deadline(sim->core);
	bool is_any = event_ns != INT64_MAX || deadline_ns != INT64_MAX;
	sim->model->now_ns = sim->now_ns;
	if (sim->n_reports > 0 && (!is_any || random_chance(&sim->random, 50))) {
		supervisor_tell(sim, 1 + below(sim, (unsigned)sim->n_reports));
	} else if (!is_any) {
		return false;
	} else if (deadline_ns <= event_ns) {
		pass_time(sim, deadline_ns);
		sim_say(sim, "tick");
		core_tick(sim->core, sim->now_ns);
		model_tick(sim->model, sim->now_ns);
	} else {
		pass_time(sim, event_ns);
		if (answer_ns < end_ns)
			end_resolve(sim, resolve);
		else
			supervisor_let_happen(sim);
	}
	return true;
}

/* Waits that are answered end: a blocked process goes on, a client goes away. Some do so later. */
static void end_done_waits(struct sim *sim, unsigned percent)
{
	for (size_t i = 0; i < sim->n_waits; i++) {
		struct sim_wait *wait = &sim->waits[i];
		if (!wait->is_ended && wait->n_done > 0 && random_chance(&sim->random, percent))
			sim_end_wait(sim, wait);
	}
}

/* --- the whole --- */

static unsigned find_failure(uint64_t exec, void *arg)
{
	struct sim *sim = arg;
	for (size_t i = sim->n_seen; i > 0; i--)
		if (sim->seen[i - 1].exec == exec)
			return sim->seen[i - 1].state == STATE_FAILED ? sim->seen[i - 1].changed_at
			                                              : 0;
	return 0;
}

static uint64_t find_id(uint64_t run_id, const char *name, void *arg)
{
	struct sim *sim = arg;
	const struct run *run = core_find_run(sim->core, run_id);
	const struct proc *proc = core_find_proc(sim->core, name);
	const struct membership *member =
	    run != NULL && proc != NULL ? core_find_member(run, proc) : NULL;
	return member != NULL ? member->execution->id : 0;
}

static unsigned find_refusal(uint64_t exec, void *arg)
{
	struct sim *sim = arg;
	struct wait_outcome outcome = {0};
	for (size_t i = 0; i < sim->n_waits; i++) {
		const struct sim_wait *wait = &sim->waits[i];
		if (wait->waiter != exec || wait->is_ended || wait->n_done == 0)
			continue;
		core_wait_outcome(sim->core, wait->id, &outcome);
		return outcome.fault != NULL ? wait->done_at : 0;
	}
	return 0;
}

/* Whatever needs locks does not stand by. */
static void free_locks(struct sim *sim)
{
	if (!sim_has(sim, FEATURE_STANDBY) || below(sim, 2) == 0)
		return;
	sim->world.lock_percent = sim->world.pool_percent = 0;
}

static void choose_standby(struct sim *sim, struct core_options *options)
{
	static const unsigned percents[] = {30, 70, 100, 100};
	if (!sim_has(sim, FEATURE_STANDBY))
		return;
	options->standby = 1 + below(sim, 4);
	options->standby_after = below(sim, 2) == 0 ? 0 : below(sim, 4);
	sim->short_percent = percents[below(sim, 4)];
	if (below(sim, 2) == 0)
		options->parallel = 1 + below(sim, 2);
}

static void begin(struct sim *sim, uint64_t seed, const struct profile *profile, bool is_verbose,
    struct sim_counts *counts)
{
	*sim = (struct sim){.profile = *profile,
	    .is_verbose = is_verbose,
	    .now_ns = SIM_SECOND_NS,
	    .counts = counts};
	random_init(&sim->random, seed);
	struct core_options options = {
	    .separator = "::", .kill_after_ns = 5 * SIM_SECOND_NS, .keep_runs = 20};
	options.parallel = 1 + below(sim, below(sim, 2) == 0 ? 3 : 8);
	options.allow_missing_deps = !sim_has(sim, FEATURE_MISSING) || below(sim, 4) > 0;
	sim->far_slots = 1 + below(sim, 3);
	choose_standby(sim, &options);
	sim->core = core_new(&options, 1, 1);
	sim_set_executors(sim, sim->core);
	crash_begin(sim, seed);
	sim->model = model_new(&options);
	sim->model->far_slots = sim->far_slots;
	sim->model->now_ns = sim->now_ns;
	sim->model->find_failure = find_failure;
	sim->model->find_id = find_id;
	sim->model->find_refusal = find_refusal;
	sim->model->core_arg = sim;
	world_init(&sim->world, &sim->random, &sim->profile);
	free_locks(sim);
	sim_set_pools(sim, true);
	sim_define_world(sim);
	sim_settle(sim);
}

static void end(struct sim *sim)
{
	struct sim_counts *counts = sim->counts;
	for (size_t i = 0; i < sim->n_waits; i++)
		if (!sim->waits[i].is_ended)
			sim_end_wait(sim, &sim->waits[i]);
	for (size_t i = 0; i < sim->n_waits; i++)
		free(sim->waits[i].execs);
	counts->n_starts += sim->n_processes;
	counts->n_executions += sim->model->n_execs;
	counts->n_runs += sim->model->n_runs;
	counts->n_hints += sim->model->n_hints;
	counts->n_crashes += sim->n_crashes;
	crash_end(sim);
	core_free(sim->core);
	model_free(sim->model);
	free(sim->processes);
	free(sim->standby);
	free(sim->reports);
	free(sim->resolves);
	free(sim->waits);
	free(sim->seen);
}

/* Everything that was started ends by itself: nothing may be left waiting. */
static void drain(struct sim *sim)
{
	end_done_waits(sim, 100);
	while (sim->failure == NULL && let_happen(sim)) {
		sim_settle(sim);
		end_done_waits(sim, 100);
		sim_settle(sim);
	}
}

/* When no run is held open any more, all of them end; nothing may be left when they are forgotten.
 */
static void forget_all(struct sim *sim)
{
	struct core_load load;
	struct fault fault = {0};
	uint64_t id;
	size_t count;
	for (size_t i = 0; i < sim->model->n_runs; i++) {
		struct model_run *run = sim->model->runs[i];
		struct scope scope = {.run = run->id, .now_ns = sim->now_ns};
		for (; run->holds > 0; run->holds--)
			core_close(sim->core, &scope, &id, &fault);
	}
	sim_settle(sim);
	drain(sim);
	core_clear(sim->core, 0, &count, &fault);
	core_get_load(sim->core, &load);
	if (load.n_executions > 0 || load.n_active_runs > 0)
		sim_fail(sim, "%llu executions and %llu active runs are never forgotten",
		    (unsigned long long)load.n_executions, (unsigned long long)load.n_active_runs);
	fault_clear(&fault);
}

char *sim_play(uint64_t seed, unsigned n_steps, const struct profile *profile, bool is_verbose,
    struct sim_counts *counts)
{
	struct sim sim;
	begin(&sim, seed, profile, is_verbose, counts);
	for (sim.step = 1; sim.step <= n_steps && sim.failure == NULL; sim.step++) {
		counts->n_steps++;
		crash_step(&sim);
		if (sim.failure != NULL)
			break;
		if (random_chance(&sim.random, 50) || !let_happen(&sim)) {
			counts->n_operations++;
			counts->n_refused += !sim_operate(&sim);
		} else {
			counts->n_events++;
		}
		if (sim.failure == NULL)
			sim_settle(&sim);
		if (sim.failure == NULL) {
			end_done_waits(&sim, 70);
			sim_settle(&sim);
		}
	}
	drain(&sim);
	if (sim.failure == NULL)
		forget_all(&sim);
	char *failure = NULL;
	if (sim.failure != NULL)
		failure = mem_print("step %u: %s", sim.step, sim.failure);
	free(sim.failure);
	end(&sim);
	return failure;
}
