/*
 * Puts into words why an execution was scheduled: asked for, depended on, or brought in by an rdep.
 * The core keeps which executions hang together, not why; the definitions that they have say it.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/reasons.h"

static bool depends_on(const struct execution *execution, const struct execution *dep)
{
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (execution->deps[i] == dep)
			return true;
	return false;
}

/* The first of the run that depends on it, or NULL. An execution that has ended does not know them
 * itself. */
static const struct execution *find_dependent(
    const struct execution *execution, const struct run *run)
{
	const struct membership *member;

	if (execution->n_dependents > 0)
		return execution->dependents[0];
	if (!run)
		return NULL;
	TAILQ_FOREACH (member, &run->members, of_run)
		if (depends_on(member->execution, execution))
			return member->execution;
	return NULL;
}

/* Whether a text of the definition, filled in, means name: is it, or a glob or pattern of it. */
static bool means(
    const struct core *core, const struct execution *execution, const char *text, const char *name)
{
	struct capture captures[NAME_PLACEHOLDERS_MAX];
	char *filled = execution->values
	                   ? definition_fill(execution->definition, execution->values, text)
	                   : mem_copy(text);
	bool is_meant =
	    strcmp(filled, name) == 0 ||
	    (name_has_placeholder(filled) &&
	        name_match(filled, core_get_options(core)->separator, name, captures) >= 0) ||
	    (name_has_glob(filled) && fnmatch(filled, name, FNM_NOESCAPE) == 0);

	free(filled);
	return is_meant;
}

static bool names_as_dep(
    const struct core *core, const struct execution *execution, const char *name)
{
	const struct definition *definition = execution->definition;

	for (size_t i = 0; i < definition->n_deps; i++)
		if (definition->deps[i].kind == DEP_NAME &&
		    means(core, execution, definition->deps[i].text, name))
			return true;
	return false;
}

static const char *asks_command(const struct definition *definition)
{
	for (size_t i = 0; i < definition->n_deps; i++)
		if (definition->deps[i].kind == DEP_COMMAND)
			return definition->deps[i].command.words[0];
	return NULL;
}

/* The rdep of execution whose target is name, or NULL. */
static const struct rdep *find_rdep(
    const struct core *core, const struct execution *execution, const char *name)
{
	const struct definition *definition = execution->definition;

	for (size_t i = 0; i < definition->n_rdeps; i++)
		if (means(core, execution, definition->rdeps[i].target, name))
			return &definition->rdeps[i];
	return NULL;
}

/* Why it comes with dependent, which depends on it. NULL: not for that. */
static char *describe_dependent(
    const struct core *core, const struct execution *execution, const struct execution *dependent)
{
	const char *name = execution->proc->name, *other = dependent->proc->name;
	const char *command = asks_command(dependent->definition);
	const struct rdep *rdep;

	if (names_as_dep(core, dependent, name))
		return mem_print("%s was scheduled as a dependency of %s", name, other);
	rdep = find_rdep(core, execution, other);
	if (rdep && rdep->kind == RDEP_PLAIN)
		return mem_print("%s was scheduled for %s, by its rdep", name, other);
	if (rdep && rdep->kind == RDEP_WHEN_TARGET_SCHEDULED)
		return mem_print(
		    "%s was scheduled for %s, by its rdep (when_target_scheduled)", name, other);
	if (rdep)
		return NULL; /* it is the other way round */
	if (command)
		return mem_print(
		    "%s was scheduled for %s, whose command %s named it", name, other, command);
	return mem_print("%s was scheduled as a dependency of %s", name, other);
}

/* By whose conditional rdep it comes into a run, or NULL. */
static char *describe_declarer(const struct core *core, const struct execution *execution)
{
	const char *name = execution->proc->name;

	for (uint32_t i = 0; i < execution->n_deps; i++) {
		const struct execution *dep = execution->deps[i];
		const struct rdep *rdep = find_rdep(core, dep, name);

		if (rdep && rdep->kind == RDEP_WHEN_SCHEDULED)
			return mem_print("%s comes with %s, by the rdep of that (when_scheduled)",
			    name, dep->proc->name);
	}
	return NULL;
}

static char *describe_request(const char *name, const struct run *run)
{
	if (!run)
		return NULL;
	return mem_print("%s was asked for in run %llu%s%s%s", name, (unsigned long long)run->id,
	    run->name ? " (" : "", run->name ? run->name : "", run->name ? ")" : "");
}

void reason_add_origin(const struct core *core, const struct execution *execution,
    const struct run *run, struct strings *lines)
{
	const struct execution *dependent = find_dependent(execution, run);
	char *line = dependent ? describe_dependent(core, execution, dependent) : NULL;

	if (!line && !dependent)
		line = describe_declarer(core, execution);
	if (!line)
		line =
		    describe_request(execution->proc->name, run ? run : execution_run(execution));
	if (line)
		strings_take(lines, line);
}
