/*
 * What clients do in a simulation: each operation is told to the core and to the model, and both
 * have to take it, or both to refuse it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/nested.h"
#include "tests/sim/sim.h"
#include "tests/sim/supervisor.h"

static unsigned below(struct sim *sim, unsigned limit)
{
	return random_below(&sim->random, limit);
}

static bool chance(struct sim *sim, unsigned percent)
{
	return random_chance(&sim->random, percent);
}

/* Both have refused it, or both have not. */
static bool agree(
    struct sim *sim, const char *what, int rc, const struct fault *fault, enum fault_code code)
{
	if (rc != 0)
		sim_say(sim, "  refused: %s", fault->message);
	if ((rc == 0) != (code == FAULT_NONE)) {
		sim_fail(sim, "%s: the core answers %d (%s), the model %d", what,
		    rc != 0 ? (int)fault->code : 0, rc != 0 ? fault->message : "", (int)code);
		for (size_t i = 0; i < sim->model->n_runs; i++)
			if (!sim->model->runs[i]->is_over)
				sim_say_run(sim, sim->model->runs[i]);
	}
	return rc == 0 && sim->failure == NULL;
}

static struct model_run *pick_run(struct sim *sim, bool is_active)
{
	struct model_run *picked = NULL;
	unsigned n = 0;
	for (size_t i = 0; i < sim->model->n_runs; i++) {
		struct model_run *run = sim->model->runs[i];
		if (!run->is_gone && run->is_over != is_active && below(sim, ++n) == 0)
			picked = run;
	}
	return picked;
}

/* --- start --- */

/* In which run: a new one, one by name, one by number. */
static void pick_scope(struct sim *sim, struct scope *scope)
{
	static const char *const names[] = {"r0", "r1"};
	struct model_run *run = pick_run(sim, true);
	bool must_share = !sim_has(sim, FEATURE_SHARING) && run != NULL;
	*scope = (struct scope){.params = "", .now_ns = sim->now_ns};
	if (sim_has(sim, FEATURE_RUNS) && !must_share && chance(sim, 25))
		scope->run_name = names[below(sim, 2)];
	else if (run != NULL && (must_share || chance(sim, 30)))
		scope->run = run->id;
	else if (sim_has(sim, FEATURE_RUNS) && chance(sim, 4))
		scope->run = 1 + below(sim, 1 + (unsigned)sim->model->n_runs);
	else if (sim_has(sim, FEATURE_PARAMS) && chance(sim, 20))
		scope->params = "x";
	run = scope->run != 0           ? model_find_run(sim->model, scope->run)
	      : scope->run_name != NULL ? model_find_named_run(sim->model, scope->run_name)
	                                : NULL;
	if (run != NULL && !run->is_over)
		scope->params = run->params;
	scope->has_params = scope->params[0] != '\0';
}

bool sim_start(
    struct sim *sim, const struct scope *scope, const struct strings *names, bool is_fail_fast)
{
	struct fault fault = {0};
	struct start_outcome outcome = {0};
	struct name_request request = {
	    .names = (const char *const *)names->items, .n_names = names->count, .scope = *scope};
	char *text = strings_join(names, " ");
	sim_say(sim, "start %s in %s %llu%s%s", text,
	    scope->run_name != NULL ? scope->run_name : "", (unsigned long long)scope->run,
	    is_fail_fast ? " fail-fast" : "", scope->has_params ? " params" : "");
	sim->has_canceled |= is_fail_fast;
	int rc = core_start(sim->core, &request, is_fail_fast, &outcome, &fault);
	struct model_request asked = {.names = request.names,
	    .n_names = request.n_names,
	    .params = scope->params,
	    .run_name = scope->run_name,
	    .run = scope->run,
	    .is_fail_fast = is_fail_fast,
	    .is_refused = rc != 0,
	    .new_run = rc == 0 ? outcome.run : 0};
	struct model_run *run = NULL;
	enum fault_code code = model_start(sim->model, &asked, &run);
	bool is_good = agree(sim, text, rc, &fault, code);
	if (is_good && run->id != outcome.run)
		sim_fail(sim, "%s: the core starts it in run %llu, the model in %llu", text,
		    (unsigned long long)outcome.run, (unsigned long long)run->id);
	if (rc == 0)
		start_outcome_clear(&outcome);
	fault_clear(&fault);
	free(text);
	return is_good;
}

/* Which of two such runs would cancel first what both fail for is not said. */
static bool has_fail_fast(const struct sim *sim)
{
	for (size_t i = 0; i < sim->model->n_runs; i++)
		if (sim->model->runs[i]->is_fail_fast && !sim->model->runs[i]->is_over)
			return true;
	return false;
}

static bool start(struct sim *sim)
{
	struct strings names = {0};
	struct scope scope;
	for (unsigned n = 1 + below(sim, 3); n > 0; n--)
		strings_take(&names, world_pick_name(&sim->world));
	pick_scope(sim, &scope);
	bool is_good = sim_start(sim, &scope, &names, chance(sim, 5) && !has_fail_fast(sim));
	strings_clear(&names);
	return is_good;
}

/* --- open, close, clear --- */

static bool open_run(struct sim *sim)
{
	struct scope scope;
	struct fault fault = {0};
	uint64_t id = 0;
	pick_scope(sim, &scope);
	struct model_run *run = scope.run != 0 ? model_find_run(sim->model, scope.run)
	                        : scope.run_name != NULL
	                            ? model_find_named_run(sim->model, scope.run_name)
	                            : NULL;
	sim_say(sim, "open %s %llu", scope.run_name != NULL ? scope.run_name : "",
	    (unsigned long long)scope.run);
	int rc = core_open(sim->core, &scope, &id, &fault);
	bool is_bad = scope.run != 0 && (run == NULL || run->is_over || run->is_gone);
	bool is_good = agree(sim, "open", rc, &fault, is_bad ? FAULT_NOT_ALLOWED : FAULT_NONE);
	if (is_good && (run == NULL || run->is_over))
		run = model_add_run(sim->model, id, scope.run_name, scope.params);
	if (is_good)
		run->holds++;
	fault_clear(&fault);
	return is_good;
}

static bool close_run(struct sim *sim)
{
	struct model_run *run = pick_run(sim, true);
	struct fault fault = {0};
	uint64_t id = 0;
	if (run == NULL)
		return true;
	struct scope scope = {.run = run->id, .params = "", .now_ns = sim->now_ns};
	sim_say(sim, "close %llu", (unsigned long long)run->id);
	int rc = core_close(sim->core, &scope, &id, &fault);
	bool is_good =
	    agree(sim, "close", rc, &fault, run->holds > 0 ? FAULT_NONE : FAULT_NOT_ALLOWED);
	if (is_good)
		run->holds--;
	fault_clear(&fault);
	return is_good;
}

/* Whether somebody still holds on to the answer of a wait for it. */
static bool is_waited(const struct sim *sim, const struct model_run *run)
{
	for (size_t i = 0; i < sim->n_waits; i++) {
		const struct sim_wait *wait = &sim->waits[i];
		const struct model_exec *waiter =
		    wait->waiter ? model_find_exec(sim->model, wait->waiter) : NULL;
		if (wait->is_ended)
			continue;
		if (wait->run == run->id || wait->in_run == run->id ||
		    (waiter != NULL && waiter->first_run == run))
			return true;
	}
	return false;
}

static bool clear(struct sim *sim)
{
	struct model_run *run = chance(sim, 70) ? pick_run(sim, chance(sim, 20)) : NULL;
	struct fault fault = {0};
	size_t count = 0, expected = 0;
	sim_say(sim, "clear %llu", (unsigned long long)(run != NULL ? run->id : 0));
	int rc = core_clear(sim->core, run != NULL ? run->id : 0, &count, &fault);
	bool is_bad = run != NULL && (!run->is_over || is_waited(sim, run));
	bool is_good = agree(sim, "clear", rc, &fault, is_bad ? FAULT_NOT_ALLOWED : FAULT_NONE);
	for (size_t i = 0; is_good && i < sim->model->n_runs; i++) {
		struct model_run *other = sim->model->runs[i];
		if (!other->is_over || other->is_gone || is_waited(sim, other) ||
		    (run != NULL && run != other))
			continue;
		expected++;
		other->is_gone = true;
	}
	if (is_good && count != expected)
		sim_fail(sim, "clear: %zu runs, the model has %zu", count, expected);
	fault_clear(&fault);
	return is_good;
}

/* --- cancel --- */

static bool cancel(struct sim *sim)
{
	struct model_run *run = pick_run(sim, true);
	struct fault fault = {0};
	struct strings canceled = {0};
	const char *names[2];
	size_t n_names = 0;
	if (run == NULL || run->n_members == 0)
		return true;
	if (chance(sim, 70))
		for (n_names = 0; n_names < 1 + below(sim, 2); n_names++)
			names[n_names] =
			    run->members[below(sim, (unsigned)run->n_members)].exec->name;
	bool is_all = chance(sim, 10);
	bool is_force = chance(sim, 15);
	bool is_kill = chance(sim, 10);
	struct model_cancel cancel = {.names = n_names > 0 ? names : NULL,
	    .n_names = n_names,
	    .run = is_all ? NULL : run,
	    .is_force = is_force,
	    .is_kill = is_kill};
	struct cancel_request request = {.names = cancel.names,
	    .n_names = n_names,
	    .is_all = is_all && n_names == 0,
	    .is_force = cancel.is_force,
	    .is_kill = cancel.is_kill,
	    .scope = {.run = is_all ? 0 : run->id, .params = "", .now_ns = sim->now_ns}};
	sim_say(sim, "cancel %s %s in %llu%s%s", n_names > 0 ? names[0] : "all",
	    n_names > 1 ? names[1] : "", (unsigned long long)request.scope.run,
	    request.is_force ? " force" : "", request.is_kill ? " kill" : "");
	sim->has_canceled = true;
	int rc = core_cancel(sim->core, &request, &canceled, &fault);
	enum fault_code code = model_cancel(sim->model, &cancel);
	bool is_good = agree(sim, "cancel", rc, &fault, code);
	strings_clear(&canceled);
	fault_clear(&fault);
	return is_good;
}

/* --- options and the registry --- */

void sim_set_pools(struct sim *sim, bool is_whole)
{
	static const char *const names[WORLD_POOLS] = {"q0", "q1", "q2"};
	struct pool_limit pools[WORLD_POOLS];
	size_t count = 0;
	if (!sim_has(sim, FEATURE_POOLS))
		return;
	for (size_t i = 0; i < WORLD_POOLS; i++) {
		if (!is_whole && chance(sim, 10))
			continue;
		pools[count].name = names[i];
		pools[count].capacity = is_whole ? WORLD_POOL_MAX : 1 + below(sim, WORLD_POOL_MAX);
		sim_say(sim, "pool %s %d", names[i], (int)pools[count].capacity);
		count++;
	}
	core_set_pools(sim->core, pools, count);
	model_set_pools(sim->model, pools, count);
}

static bool set_options(struct sim *sim)
{
	if (chance(sim, 60))
		sim_set_pools(sim, false);
	struct core_options options = *core_get_options(sim->core);
	options.separator = "::"; /* not the core's own text, which goes */
	options.parallel = 1 + below(sim, 6);
	options.is_single = chance(sim, 15);
	sim_say(sim, "options parallel %u%s", options.parallel, options.is_single ? " single" : "");
	core_set_options(sim->core, &options, sim->now_ns);
	if (sim_has(sim, FEATURE_EXECUTORS))
		sim->far_slots = sim->model->far_slots = 1 + below(sim, 3);
	sim_set_executors(sim, sim->core);
	model_set_options(sim->model, &options);
	return true;
}

static void say_definition(const struct sim *sim, const struct definition *definition)
{
	static const char *const kinds[] = {"rdep", "ws", "wts"};
	struct strings words = {0};
	if (!sim->is_verbose)
		return;
	for (size_t i = 0; i < definition->n_deps; i++)
		strings_take(&words, mem_print("dep=%s", definition->deps[i].kind == DEP_NAME
		                                             ? definition->deps[i].text
		                                         : definition->deps[i].kind == DEP_COMMAND
		                                             ? "(command)"
		                                             : "(no_failures)"));
	for (size_t i = 0; i < definition->n_rdeps; i++)
		strings_take(&words, mem_print("%s=%s", kinds[definition->rdeps[i].kind],
		                         definition->rdeps[i].target));
	for (size_t i = 0; i < definition->locks.count; i++)
		strings_take(&words, mem_print("lock=%s", definition->locks.items[i]));
	for (size_t i = 0; i < definition->n_uses; i++)
		strings_take(&words, mem_print("use=%s:%d", definition->uses[i].pool,
		                         (int)definition->uses[i].amount));
	if (definition->retries.times > 0)
		strings_take(&words, mem_print("retries=%u,%d,%g", definition->retries.times,
		                         (int)(definition->retries.delay_ns / SIM_SECOND_NS),
		                         definition->retries.backoff));
	if (definition->priority != 0)
		strings_take(&words, mem_print("priority=%d", definition->priority));
	if (definition->executor != NULL)
		strings_take(&words, mem_print("executor=%s", definition->executor));
	char *text = strings_join(&words, " ");
	sim_say(sim, "define %s%s%s wave=%d timeout=%d %s", definition->name,
	    definition->run.n_words == 0 ? " collector" : "", definition->is_now ? " now" : "",
	    definition->wave, (int)(definition->timeout_ns / SIM_SECOND_NS), text);
	free(text);
	strings_clear(&words);
}

/* Definitions, which it gives back; what is now: true is started. */
static bool define(struct sim *sim, struct definition **definitions, size_t count, bool is_replace)
{
	struct fault fault = {0};
	struct define_outcome outcome = {0};
	struct define_request request = {.definitions = definitions,
	    .count = count,
	    .origin = ORIGIN_CLIENT,
	    .is_replace = is_replace,
	    .scope = {.params = "", .now_ns = sim->now_ns}};
	for (size_t i = 0; i < count; i++)
		say_definition(sim, definitions[i]);
	int rc = core_define(sim->core, &request, &outcome, &fault);
	enum fault_code code =
	    model_define(sim->model, definitions, count, is_replace, rc == 0 ? outcome.run : 0);
	bool is_good = agree(sim, "define", rc, &fault, code);
	sim->has_defined |= is_good;
	for (size_t i = 0; i < count; i++)
		definition_unref(definitions[i]);
	strings_clear(&outcome.started);
	fault_clear(&fault);
	return is_good;
}

static struct definition *make_any(struct sim *sim)
{
	unsigned roll = below(sim, 100);
	if (sim_has(sim, FEATURE_MISSING) && roll < 50)
		return world_make_ghost(&sim->world, below(sim, WORLD_GHOSTS));
	if (sim_has(sim, FEATURE_PROTOS) && roll < 65)
		return world_make_proto(&sim->world, below(sim, WORLD_PROTOS));
	return world_make_proc(&sim->world, below(sim, sim->world.n_procs));
}

static bool define_some(struct sim *sim)
{
	struct definition *definitions[3] = {make_any(sim)};
	size_t count = 1;
	/* No name twice. */
	for (unsigned n = chance(sim, 30) ? 2 : 0; n > 0; n--) {
		struct definition *more = make_any(sim);
		bool is_there = false;
		for (size_t i = 0; i < count; i++)
			is_there |= strcmp(definitions[i]->name, more->name) == 0;
		if (is_there)
			definition_unref(more);
		else
			definitions[count++] = more;
	}
	return define(sim, definitions, count, chance(sim, 90));
}

static bool undefine(struct sim *sim)
{
	struct strings names = {0};
	struct fault fault = {0};
	if (sim_has(sim, FEATURE_MISSING) && chance(sim, 70))
		strings_take(&names, mem_print("ghost%u", below(sim, WORLD_GHOSTS)));
	else if (sim_has(sim, FEATURE_PROTOS) && chance(sim, 30))
		strings_add(&names, "h::[x]");
	else
		strings_take(&names, mem_print("p%u", below(sim, sim->world.n_procs)));
	sim_say(sim, "undefine %s", names.items[0]);
	int rc = core_undefine(sim->core, &names, &fault);
	bool is_good =
	    agree(sim, "undefine", rc, &fault, model_undefine(sim->model, names.items[0]));
	strings_clear(&names);
	fault_clear(&fault);
	return is_good;
}

void sim_define_world(struct sim *sim)
{
	struct definition *definitions[32];
	size_t count = 0;
	for (unsigned i = 0; i < sim->world.n_procs; i++)
		definitions[count++] = world_make_proc(&sim->world, i);
	for (unsigned i = 0; sim_has(sim, FEATURE_PROTOS) && i < WORLD_PROTOS; i++)
		definitions[count++] = world_make_proto(&sim->world, i);
	/* What is refused because of what is now: true is defined without. */
	define(sim, definitions, count, false);
}

/* --- waits from outside --- */

struct sim_wait *sim_add_wait(struct sim *sim, uint64_t id)
{
	sim->waits = mem_resize(sim->waits, sim->n_waits + 1, sizeof(*sim->waits));
	sim->waits[sim->n_waits] = (struct sim_wait){.id = id};
	return &sim->waits[sim->n_waits++];
}

static bool wait(struct sim *sim)
{
	struct model_run *run = pick_run(sim, chance(sim, 90));
	struct fault fault = {0};
	uint64_t id = 0;
	if (run == NULL || run->n_members == 0)
		return true;
	struct model_member *member = &run->members[below(sim, (unsigned)run->n_members)];
	const char *names[1] = {member->exec->name};
	bool is_whole = chance(sim, 40);
	struct wait_request request = {.names = names,
	    .n_names = is_whole ? 0 : 1,
	    .scope = {.run = run->id, .params = "", .now_ns = sim->now_ns}};
	sim_say(
	    sim, "wait for %s in %llu", is_whole ? "all" : names[0], (unsigned long long)run->id);
	int rc = core_wait(sim->core, &request, &id, &fault);
	if (!agree(sim, "wait", rc, &fault, FAULT_NONE)) {
		fault_clear(&fault);
		return false;
	}
	struct sim_wait *wait = sim_add_wait(sim, id);
	if (is_whole) {
		wait->run = run->id;
		run->holds -= run->holds > 0;
	} else {
		wait->execs = mem_new(1, sizeof(*wait->execs));
		wait->execs[wait->n_execs++] = member->exec->id;
		wait->in_run = run->id;
	}
	return true;
}

/* --- choosing --- */

/* What schedules something comes when nothing follows what runs any more. */
static void stop_following(struct sim *sim)
{
	for (int i = 0; core_has_followers(sim->core) && sim->failure == NULL; i++) {
		if (i == 99) /* each pass may end in a crash */
			sim_fail(sim, "what follows does not come back");
		core_hold_following(sim->core, true);
		sim_settle(sim);
		supervisor_tell(sim, sim->n_reports);
		sim_settle(sim);
	}
}

static bool schedule(struct sim *sim, unsigned roll)
{
	if (roll < 28)
		return wait(sim);
	if (roll < 38 && (sim_has(sim, FEATURE_REGISTRY) || sim_has(sim, FEATURE_MISSING)))
		return chance(sim, 70) ? define_some(sim) : undefine(sim);
	if (roll < 55 && sim_has(sim, FEATURE_NESTED))
		return nested_operate(sim);
	return start(sim);
}

bool sim_operate(struct sim *sim)
{
	unsigned roll = below(sim, 100);
	bool is_good;
	if (roll < 8 && sim_has(sim, FEATURE_CANCEL))
		return cancel(sim);
	if (roll < 14 && sim_has(sim, FEATURE_RUNS))
		return chance(sim, 45) ? open_run(sim) : close_run(sim);
	if (roll < 16 && sim_has(sim, FEATURE_RUNS))
		return clear(sim);
	if (roll < 18 && sim_has(sim, FEATURE_OPTIONS))
		return set_options(sim);
	stop_following(sim);
	is_good = sim->failure == NULL && schedule(sim, roll);
	core_hold_following(sim->core, false);
	return is_good;
}
