/*
 * Finds out why executions depend on each other, by the definitions that they have. What a
 * definition lists is looked for first, as it is when it is scheduled.
 */
#include "daemon/edges.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"

static const char *find_command(const struct definition *definition)
{
	for (size_t i = 0; i < definition->n_deps; i++)
		if (definition->deps[i].kind == DEP_COMMAND)
			return definition->deps[i].command.words[0];
	return NULL;
}

void edges_init(struct edges *edges, const struct core *core, const struct execution *execution)
{
	*edges = (struct edges){
	    .core = core, .execution = execution, .command = find_command(execution->definition)};
}

void edges_clear(struct edges *edges)
{
	strings_clear(&edges->names);
	strings_clear(&edges->patterns);
}

static char *fill(const struct execution *execution, const char *text)
{
	return execution->values ? definition_fill(execution->definition, execution->values, text)
	                         : mem_copy(text);
}

/* Whether the text, a glob or pattern, has name among what it means. */
static bool is_matched(const struct core *core, const char *text, const char *name)
{
	struct capture captures[NAME_PLACEHOLDERS_MAX];

	return (name_has_placeholder(text) &&
	           name_match(text, core_get_options(core)->separator, name, captures) >= 0) ||
	       (name_has_glob(text) && fnmatch(text, name, FNM_NOESCAPE) == 0);
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static void fill_names(struct edges *edges)
{
	const struct definition *definition = edges->execution->definition;

	for (size_t i = 0; i < definition->n_deps; i++) {
		char *text;

		if (definition->deps[i].kind != DEP_NAME)
			continue;
		text = fill(edges->execution, definition->deps[i].text);
		if (name_has_placeholder(text) || name_has_glob(text))
			strings_add(&edges->patterns, text);
		strings_take(&edges->names, text);
	}
	if (edges->names.count > 1)
		qsort(edges->names.items, edges->names.count, sizeof(*edges->names.items),
		    compare_names);
	edges->is_filled = true;
}

/* Whether its definition lists name. */
static bool is_listed(struct edges *edges, const char *name)
{
	if (!edges->is_filled)
		fill_names(edges);
	if (edges->names.count > 0 && bsearch(&name, edges->names.items, edges->names.count,
	                                  sizeof(*edges->names.items), compare_names))
		return true;
	for (size_t i = 0; i < edges->patterns.count; i++)
		if (is_matched(edges->core, edges->patterns.items[i], name))
			return true;
	return false;
}

/* The rdep of dep that is for name, or NULL. */
static const struct rdep *find_rdep(
    const struct core *core, const struct execution *dep, const char *name)
{
	const struct definition *definition = dep->definition;
	const struct rdep *found = NULL;

	for (size_t i = 0; i < definition->n_rdeps && !found; i++) {
		char *target = fill(dep, definition->rdeps[i].target);

		if (strcmp(target, name) == 0 || is_matched(core, target, name))
			found = &definition->rdeps[i];
		free(target);
	}
	return found;
}

static enum edge_reason reason_of_rdep(enum rdep_kind kind)
{
	if (kind == RDEP_WHEN_SCHEDULED)
		return EDGE_WHEN_SCHEDULED;
	return kind == RDEP_PLAIN ? EDGE_RDEP : EDGE_WHEN_TARGET_SCHEDULED;
}

enum edge_reason edges_reason(struct edges *edges, const struct execution *dep)
{
	const struct rdep *rdep = find_rdep(edges->core, dep, edges->execution->proc->name);

	/* Most have neither: then the definition need not be looked at. */
	if ((!rdep && !edges->command) || is_listed(edges, dep->proc->name))
		return EDGE_DEP;
	return rdep ? reason_of_rdep(rdep->kind) : EDGE_COMMAND;
}
