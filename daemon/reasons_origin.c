/*
 * Puts into words why an execution was scheduled: asked for, depended on, or brought in by an rdep.
 */
#include "daemon/core/mem.h"
#include "daemon/edges.h"
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

static enum edge_reason find_reason(const struct core *core, const struct execution *execution,
    const struct execution *dep, const char **command)
{
	struct edges edges;
	enum edge_reason reason;

	edges_init(&edges, core, execution);
	reason = edges_reason(&edges, dep);
	*command = edges.command;
	edges_clear(&edges);
	return reason;
}

/* Why it comes with dependent, which depends on it. NULL: not for that. */
static char *describe_dependent(
    const struct core *core, const struct execution *execution, const struct execution *dependent)
{
	const char *name = execution->proc->name, *other = dependent->proc->name;
	const char *command;

	switch (find_reason(core, dependent, execution, &command)) {
	case EDGE_RDEP:
		return mem_print("%s was scheduled for %s, by its rdep", name, other);
	case EDGE_WHEN_TARGET_SCHEDULED:
		return mem_print(
		    "%s was scheduled for %s, by its rdep (when_target_scheduled)", name, other);
	case EDGE_WHEN_SCHEDULED:
		return NULL; /* it is the other way round */
	case EDGE_COMMAND:
		return mem_print(
		    "%s was scheduled for %s, whose command %s named it", name, other, command);
	case EDGE_DEP:
	case EDGE_PROTO:
		break;
	}
	return mem_print("%s was scheduled as a dependency of %s", name, other);
}

/* By whose conditional rdep it comes into a run, or NULL. */
static char *describe_declarer(const struct core *core, const struct execution *execution)
{
	struct edges edges;
	char *line = NULL;

	edges_init(&edges, core, execution);
	for (uint32_t i = 0; i < execution->n_deps && !line; i++)
		if (edges_reason(&edges, execution->deps[i]) == EDGE_WHEN_SCHEDULED)
			line = mem_print("%s comes with %s, by the rdep of that (when_scheduled)",
			    execution->proc->name, execution->deps[i]->proc->name);
	edges_clear(&edges);
	return line;
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
	/* What holds up something of the run need not be in it. */
	const struct run *own =
	    run && execution_in_run(execution, run) ? run : execution_run(execution);
	const struct execution *dependent = find_dependent(execution, own);
	char *line = dependent ? describe_dependent(core, execution, dependent) : NULL;

	if (!line && !dependent)
		line = describe_declarer(core, execution);
	if (!line)
		line = describe_request(execution->proc->name, own);
	if (line)
		strings_take(lines, line);
}
