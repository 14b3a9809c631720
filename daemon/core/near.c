/* Names that are near to one that is unknown, for "did you mean". Only ever asked after an error.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"
#include "daemon/core/state.h"
#include "daemon/core/suggest.h"
#include "daemon/core/values.h"

/* Appends near names, the nearest first, at most 3. */
struct nearest {
	size_t best[3];
	const char *names[3];
	size_t count;
};

static void nearest_offer(struct nearest *nearest, const char *name, size_t distance)
{
	size_t at = nearest->count;

	while (at > 0 && nearest->best[at - 1] > distance)
		at--;
	if (at == 3)
		return;
	size_t last = nearest->count < 3 ? nearest->count++ : 2;
	for (; last > at; last--) {
		nearest->best[last] = nearest->best[last - 1];
		nearest->names[last] = nearest->names[last - 1];
	}
	nearest->best[at] = distance;
	nearest->names[at] = name;
}

/*
 * The pattern with each part that has a placeholder replaced by the part of name that stands in its
 * place, so that only what is fixed in the pattern counts. The caller frees it.
 */
static char *fill_in(const char *pattern, const char *name, const char *separator)
{
	struct name_part part, own;
	struct strings parts = {0};
	bool is_more = true;

	while (name_next_part(&pattern, separator, &part)) {
		is_more = is_more && name_next_part(&name, separator, &own);
		const struct slice *text =
		    part.placeholder.length > 0 && is_more ? &own.before : &part.before;
		strings_take(&parts, mem_copy_part(text->text, text->length));
	}
	char *filled = strings_join(&parts, separator);
	strings_clear(&parts);
	return filled;
}

void core_suggest(const struct core *core, const char *name, struct strings *names)
{
	struct nearest nearest = {0};
	size_t limit = suggest_limit(strlen(name));
	struct proc *proc;
	struct proto *proto, *next_proto;

	TAILQ_FOREACH (proc, &core->procs.all, of_all) {
		size_t distance =
		    proc->is_defined ? suggest_distance(name, proc->name, limit) : limit + 1;
		if (distance <= limit)
			nearest_offer(&nearest, proc->name, distance);
	}
	HASH_ITER (by_name, core->protos, proto, next_proto) {
		char *filled = fill_in(proto->definition->name, name, core->separator);
		size_t distance = suggest_distance(name, filled, limit);
		if (distance <= limit)
			nearest_offer(&nearest, proto->definition->name, distance);
		free(filled);
	}
	for (size_t i = 0; i < nearest.count; i++)
		strings_add(names, nearest.names[i]);
}

/* ---- procs alone ---- */

/* The choice that is nearest to value, which may be one itself; value where there are none to
 * choose from yet; NULL: none is near. */
static const char *find_near_choice(const struct argument *argument, const char *value)
{
	size_t limit = suggest_limit(strlen(value)), best = limit + 1;
	const char *nearest = NULL;

	if (!argument->has_choices)
		return arg_type_check(argument->type, value) == 0 ? value : NULL;
	for (size_t i = 0; i < argument->choices.count && best > 0; i++) {
		size_t distance = suggest_distance(value, argument->choices.items[i], limit);

		if (distance >= best)
			continue;
		best = distance;
		nearest = argument->choices.items[i];
	}
	return nearest;
}

/*
 * The name that proto makes of those of its choices that are nearest to the values in name. NULL:
 * name has another form, or nothing is near. The caller frees it.
 */
static char *make_near(const struct core *core, const struct proto *proto, const char *name)
{
	const struct definition *definition = proto->definition;
	struct capture captures[NAME_PLACEHOLDERS_MAX];
	int n_captures = name_match(definition->name, core->separator, name, captures);
	char *made = NULL, **values;
	int i;

	if (n_captures <= 0)
		return NULL;
	values = values_new(definition->n_args);
	for (i = 0; i < n_captures; i++) {
		const struct capture *capture = &captures[i];
		int arg = definition_find_arg(definition, capture->name.text, capture->name.length);
		char *value = mem_copy_part(capture->value.text, capture->value.length);
		const char *near = arg < 0 ? NULL : find_near_choice(&definition->args[arg], value);

		if (near)
			values[arg] = mem_copy(near);
		free(value);
		if (!near)
			break;
	}
	if (i == n_captures)
		made = definition_fill(definition, values, definition->name);
	values_unref(values);
	return made;
}

/* Of the protos that match name, so many are looked at. */
#define PROTOS_MAX 8

const struct proto *core_find_maker(const struct core *core, const char *name)
{
	struct proto *protos[PROTOS_MAX];
	const struct proto *maker = NULL;
	size_t count;

	if (name_has_glob(name))
		return NULL;
	count = registry_match(core, name, protos, PROTOS_MAX);
	for (size_t i = 0; i < count && i < PROTOS_MAX && !maker; i++) {
		char *made = make_near(core, protos[i], name);

		if (made && strcmp(made, name) == 0)
			maker = protos[i];
		free(made);
	}
	return maker;
}

void core_suggest_procs(const struct core *core, const char *name, struct strings *names)
{
	struct nearest nearest = {0};
	size_t limit = suggest_limit(strlen(name)), count;
	struct proto *protos[PROTOS_MAX];
	struct strings made = {0};
	struct proc *proc;

	TAILQ_FOREACH (proc, &core->procs.all, of_all) {
		size_t distance = proc->is_defined || proc->newest
		                      ? suggest_distance(name, proc->name, limit)
		                      : limit + 1;
		if (distance <= limit)
			nearest_offer(&nearest, proc->name, distance);
	}
	count = registry_match(core, name, protos, PROTOS_MAX);
	for (size_t i = 0; i < count && i < PROTOS_MAX; i++) {
		char *text = make_near(core, protos[i], name);
		size_t distance = text ? suggest_distance(name, text, limit) : 0;

		/* Those that there are have been offered. */
		if (distance > 0 && distance <= limit && !registry_find(core, text)) {
			strings_add(&made, text);
			nearest_offer(&nearest, made.items[made.count - 1], distance);
		}
		free(text);
	}
	for (size_t i = 0; i < nearest.count; i++)
		strings_add(names, nearest.names[i]);
	strings_clear(&made);
}

/* How many procs the choices of a proto make; 0: one of its arguments has none. */
static size_t count_choices(const struct definition *definition)
{
	size_t count = 1;

	for (size_t i = 0; i < definition->n_args; i++) {
		const struct argument *argument = &definition->args[i];

		if (!argument->is_placeholder)
			continue;
		if (__builtin_mul_overflow(
		        count, argument->has_choices ? argument->choices.count : 0, &count))
			count = SIZE_MAX;
	}
	return count;
}

/* The name that is made of the choices at that place in their order: the last differ first. */
static char *make_of_choices(const struct definition *definition, size_t place)
{
	char **values = values_new(definition->n_args), *name;

	for (size_t i = definition->n_args; i-- > 0;) {
		const struct argument *argument = &definition->args[i];

		if (!argument->is_placeholder)
			continue;
		values[i] = mem_copy(argument->choices.items[place % argument->choices.count]);
		place /= argument->choices.count;
	}
	name = definition_fill(definition, values, definition->name);
	values_unref(values);
	return name;
}

size_t core_list_procs_of(const struct proto *proto, size_t max, struct strings *names)
{
	const struct proc *proc;
	size_t count = 0;

	TAILQ_FOREACH (proc, &proto->procs, of_proto) {
		if (count++ < max)
			strings_add(names, proc->name);
	}
	if (count > 0)
		return count;
	count = count_choices(proto->definition);
	for (size_t i = 0; i < count && i < max; i++)
		strings_take(names, make_of_choices(proto->definition, i));
	return count;
}
