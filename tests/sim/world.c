/*
 * How random definitions are made. Dependencies mostly go to names of smaller rank and waves
 * mostly rise with the rank, so that most requests are good; the rest is what faults are for.
 */
#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/core/model.h"

static const char *const proto_names[WORLD_PROTOS] = {"f::[x]", "g::[x]::[y]", "s", "h::[x]"};

static bool has(const struct world *world, enum feature feature)
{
	return world->profile->has[feature];
}

void world_init(struct world *world, struct random *random, const struct profile *profile)
{
	*world = (struct world){.random = random, .profile = profile};
	world->n_procs = 3 + random_below(random, 9);
	world->dep_percent = 20 + random_below(random, 60);
	world->wave_percent = random_chance(random, 50) ? 60 : 0;
	world->lock_percent = random_chance(random, 60) ? 10 + random_below(random, 60) : 0;
	world->pool_percent = random_chance(random, 60) ? 10 + random_below(random, 70) : 0;
	world->rdep_percent = 10 + random_below(random, 30);
	world->command_percent = random_chance(random, 50) ? 15 : 0;
}

static unsigned below(struct world *world, unsigned limit)
{
	return random_below(world->random, limit);
}

static bool chance(struct world *world, unsigned percent)
{
	return random_chance(world->random, percent);
}

static char *pick_made_name(struct world *world)
{
	unsigned x, y;
	switch (below(world, WORLD_PROTOS)) {
	case 0:
		return mem_print("f::%u", 1 + below(world, 3));
	case 1:
		x = 1 + below(world, 2);
		y = 1 + below(world, 2);
		return mem_print("g::%u::%u", x, y);
	case 2:
		return mem_copy("s");
	default:
		return mem_print("h::%u", 1 + below(world, 2));
	}
}

char *world_pick_name(struct world *world)
{
	if (has(world, FEATURE_PROTOS) && chance(world, 30)) {
		if (chance(world, 10))
			return mem_copy(chance(world, 50) ? "f::*" : "f::?");
		if (has(world, FEATURE_CYCLES) && chance(world, 3))
			return mem_copy("f::9");
		return pick_made_name(world);
	}
	if (has(world, FEATURE_MISSING) && chance(world, 8))
		return mem_print("ghost%u", below(world, WORLD_GHOSTS));
	if (has(world, FEATURE_CYCLES) && chance(world, 2))
		return mem_copy("nowhere");
	return mem_print("p%u", below(world, world->n_procs));
}

/* --- dependencies --- */

static void add_dep(struct definition *definition, enum dep_kind kind, char *text)
{
	definition->deps =
	    mem_resize(definition->deps, definition->n_deps + 1, sizeof(*definition->deps));
	struct dep *dep = &definition->deps[definition->n_deps++];
	*dep = (struct dep){.kind = kind, .text = text};
	if (kind == DEP_COMMAND) {
		dep->command.is_shell = true;
		dep->command.words = mem_new(1, sizeof(*dep->command.words));
		dep->command.words[0] = mem_copy("ask");
		dep->command.n_words = 1;
	}
}

/* Rank: procs by their number, protos and ghosts below them all. */
static char *pick_dep(struct world *world, unsigned rank, bool has_x)
{
	if (has(world, FEATURE_MISSING) && chance(world, 6))
		return mem_print("ghost%u", below(world, WORLD_GHOSTS));
	if (has(world, FEATURE_CYCLES) && chance(world, 3))
		return mem_print("p%u", below(world, world->n_procs));
	if (has(world, FEATURE_PROTOS) && chance(world, rank == 0 ? 80 : 25)) {
		if (has_x && chance(world, 50))
			return mem_copy(chance(world, 50) ? "h::[x]" : "g::[x]::1");
		if (chance(world, 10))
			return mem_copy("f::*");
		return pick_made_name(world);
	}
	return rank > 0 ? mem_print("p%u", below(world, rank)) : NULL;
}

static void add_deps(struct world *world, struct definition *definition, unsigned rank, bool has_x)
{
	unsigned n = chance(world, world->dep_percent) ? 1 + below(world, 3) : 0;
	for (unsigned i = 0; i < n; i++) {
		char *text = pick_dep(world, rank, has_x);
		if (text != NULL)
			add_dep(definition, DEP_NAME, text);
	}
	if (has(world, FEATURE_FAILURES) && chance(world, 8))
		add_dep(definition, DEP_NO_FAILURES, NULL);
	if (has(world, FEATURE_COMMANDS) && chance(world, world->command_percent))
		add_dep(definition, DEP_COMMAND, NULL);
}

static char *pick_target(struct world *world, unsigned rank, bool has_x)
{
	static const char *const patterns[] = {
	    "f::[x]", "g::[x]::[y]", "g::[x]::1", "h::[x]", "f::1", "g::[z]::[z]", "s"};
	if (has(world, FEATURE_PROTOS) && chance(world, has_x ? 80 : 30))
		return mem_copy(patterns[below(world, sizeof(patterns) / sizeof(patterns[0]))]);
	if (rank + 1 < world->n_procs && !chance(world, 3))
		return mem_print("p%u", rank + 1 + below(world, world->n_procs - rank - 1));
	return mem_print("p%u", below(world, world->n_procs));
}

static void add_rdeps(struct world *world, struct definition *definition, unsigned rank, bool has_x)
{
	bool is_plain_on = has(world, FEATURE_RDEPS);
	bool is_conditional_on = has(world, FEATURE_CONDITIONAL);
	if ((!is_plain_on && !is_conditional_on) || !chance(world, world->rdep_percent))
		return;
	unsigned n = 1 + below(world, 2);
	definition->rdeps = mem_new(n, sizeof(*definition->rdeps));
	for (unsigned i = 0; i < n; i++) {
		enum rdep_kind kind = RDEP_PLAIN;
		if (is_conditional_on && (!is_plain_on || chance(world, 60)))
			kind = chance(world, 50) ? RDEP_WHEN_SCHEDULED : RDEP_WHEN_TARGET_SCHEDULED;
		definition->rdeps[definition->n_rdeps++] =
		    (struct rdep){.kind = kind, .target = pick_target(world, rank, has_x)};
	}
}

/* --- the rest of a definition --- */

static void add_locks(struct world *world, struct definition *definition)
{
	if (!has(world, FEATURE_LOCKS) || !chance(world, world->lock_percent))
		return;
	for (unsigned n = 1 + below(world, 3); n > 0; n--)
		strings_take(&definition->locks, mem_print("l%u", below(world, 4)));
}

static void add_uses(struct world *world, struct definition *definition)
{
	if (!has(world, FEATURE_POOLS) || !chance(world, world->pool_percent))
		return;
	definition->n_uses = 1 + below(world, 2);
	definition->uses = mem_new(definition->n_uses, sizeof(*definition->uses));
	for (size_t i = 0; i < definition->n_uses; i++)
		definition->uses[i] =
		    (struct use){.pool = mem_print("q%u", below(world, WORLD_POOLS)),
		        .amount = 1 + below(world, chance(world, 50) ? 2 : WORLD_POOL_MAX)};
}

static void set_command(struct world *world, struct definition *definition)
{
	if (chance(world, 25))
		return;
	definition->run.is_shell = true;
	definition->run.words = mem_new(1, sizeof(*definition->run.words));
	definition->run.words[0] = mem_copy("true");
	definition->run.n_words = 1;
	add_locks(world, definition);
	add_uses(world, definition);
	if (has(world, FEATURE_RETRIES) && chance(world, 25))
		definition->retries = (struct retries){.times = (uint16_t)(1 + below(world, 3)),
		    .errors = 1u << ERROR_EXIT | 1u << ERROR_TIMEOUT |
		              (chance(world, 50) ? 1u << ERROR_LOST : 1u << ERROR_SPAWN),
		    .delay_ns = below(world, 10) * INT64_C(1000000000),
		    .backoff = 1 + below(world, 2)};
	if (has(world, FEATURE_EXECUTORS) && chance(world, 25))
		definition->executor = mem_copy("far");
	if (has(world, FEATURE_TIMEOUTS) && chance(world, 15))
		definition->timeout_ns = (1 + below(world, 20)) * INT64_C(1000000000);
}

static void set_source(struct world *world, struct definition *definition)
{
	free(definition->source);
	definition->source = mem_print("%u", world->generation++);
}

static struct definition *finish(struct world *world, struct definition *definition)
{
	struct fault fault = {0};
	set_source(world, definition);
	if (definition_check(definition, "::", &fault) != 0) {
		fprintf(stderr, "sim: a definition is refused: %s\n", fault.message);
		abort();
	}
	return definition;
}

struct definition *world_make_proc(struct world *world, unsigned index)
{
	char name[16];
	snprintf(name, sizeof(name), "p%u", index);
	struct definition *definition = definition_new(name, false, ORIGIN_CLIENT);
	set_command(world, definition);
	add_deps(world, definition, index, false);
	add_rdeps(world, definition, index, false);
	if (has(world, FEATURE_WAVES) && chance(world, world->wave_percent))
		definition->wave = (int32_t)(index / 3);
	if (has(world, FEATURE_PRIORITY) && chance(world, 20))
		definition->priority = (int16_t)(below(world, 5) - 2);
	definition->is_now = has(world, FEATURE_NOW) && chance(world, 6);
	return finish(world, definition);
}

struct definition *world_make_ghost(struct world *world, unsigned index)
{
	char name[16];
	snprintf(name, sizeof(name), "ghost%u", index);
	struct definition *definition = definition_new(name, false, ORIGIN_CLIENT);
	set_command(world, definition);
	if (chance(world, 15))
		add_deps(world, definition, world->n_procs / 2, false);
	definition->is_now = has(world, FEATURE_NOW) && chance(world, 10);
	return finish(world, definition);
}

static void add_choices(struct definition *definition)
{
	definition->args = mem_new(1, sizeof(*definition->args));
	definition->n_args = 1;
	definition->args[0].name = mem_copy("x");
	definition->args[0].type = ARG_INT;
	definition->args[0].has_choices = true;
	strings_add(&definition->args[0].choices, "1");
	strings_add(&definition->args[0].choices, "3");
	strings_add(&definition->args[0].choices, "2");
}

struct definition *world_make_proto(struct world *world, unsigned index)
{
	struct definition *definition = definition_new(proto_names[index], true, ORIGIN_CLIENT);
	bool has_x = index != 2;
	if (index == 0)
		add_choices(definition);
	set_command(world, definition);
	/* f and s may need the others, g may need h: no cycles among them but by rdeps. */
	if (index == 0 || index == 2) {
		if (chance(world, world->dep_percent))
			add_dep(
			    definition, DEP_NAME, mem_copy(index == 0 ? "g::[x]::1" : "g::1::2"));
		if (chance(world, world->dep_percent))
			add_dep(definition, DEP_NAME, mem_copy(index == 0 ? "h::[x]" : "f::*"));
	} else if (index == 1 && chance(world, world->dep_percent)) {
		add_dep(definition, DEP_NAME, mem_copy("h::[y]"));
	}
	add_rdeps(world, definition, 0, has_x);
	return finish(world, definition);
}
