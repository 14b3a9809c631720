/*
 * Puts into words why an execution waits, and how it ended. It only reads the core's model; that
 * it follows a chain of causes is bounded, as a chain can be as long as the graph is deep.
 */
#include "daemon/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/inputs.h"

#define NAMES_SHOWN 5
#define CAUSES_MAX 100

/* "a, b and c", or "a, b, c and 12 more". The caller frees it. */
static char *join_some(const struct strings *names)
{
	char *text = NULL;
	size_t size = 0, shown = names->count <= NAMES_SHOWN ? names->count : NAMES_SHOWN - 1;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < shown; i++) {
		const char *before = i == 0 ? "" : i + 1 == names->count ? " and " : ", ";

		fprintf(out, "%s%s", before, names->items[i]);
	}
	if (shown < names->count)
		fprintf(out, " and %zu more", names->count - shown);
	fclose(out);
	return text;
}

/* The locks of the execution with its arguments filled in: "the lock a", "the locks a and b". */
static char *describe_locks(const struct execution *execution)
{
	const struct definition *definition = execution->definition;
	struct strings filled = {0};
	char *joined, *text;

	for (size_t i = 0; i < definition->locks.count; i++)
		strings_take(&filled,
		    definition_fill(definition, execution->values, definition->locks.items[i]));
	joined = join_some(&filled);
	text = mem_print("the lock%s %s", filled.count == 1 ? "" : "s", joined ? joined : "");
	free(joined);
	strings_clear(&filled);
	return text;
}

static char *describe_lock_wait(const struct execution *execution, const char *holders)
{
	char *locks = describe_locks(execution);
	char *text = *holders ? mem_print("waits for %s, held by %s", locks, holders)
	                      : mem_print("waits for %s", locks);

	free(locks);
	return text;
}

static char *describe_reason(
    const struct execution *execution, const struct reason *reason, const char *names)
{
	switch (reason->kind) {
	case WAITS_NOT:
		return NULL;
	case WAITS_RESOLVE:
		return mem_print("waits for the answer of a command in its definition");
	case WAITS_WAVE:
		return *names
		           ? mem_print("waits for the waves below %d: %s",
		                 execution->definition->wave, names)
		           : mem_print("waits for the waves below %d", execution->definition->wave);
	case WAITS_PREDECESSOR:
		return mem_print("waits for the end of its execution in another run");
	case WAITS_MISSING:
		return mem_print("waits for %s, which nothing defines yet", names);
	case WAITS_DEPS:
		return mem_print("waits for %s", names);
	case WAITS_LOCK:
		return describe_lock_wait(execution, names);
	case WAITS_SLOT:
		return mem_print("waits for a free slot");
	}
	return NULL;
}

/* What a process waits for that runs. The caller frees it; NULL: for nothing. */
static char *reason_of_running(const struct execution *execution)
{
	const char *prompt = inputs_get_prompt(execution);

	if (execution->nested)
		return mem_print("waits for what it has started itself");
	return prompt ? mem_print("waits for input%s%s", prompt[0] ? ": " : "", prompt) : NULL;
}

char *reason_of_wait(const struct core *core, const struct execution *execution)
{
	struct reason reason = {0};
	char *names, *text;

	if (execution->state == STATE_RUNNING)
		return reason_of_running(execution);
	if (execution->state != STATE_WANTED)
		return NULL;
	core_explain(core, execution, &reason);
	names = join_some(&reason.names);
	text = describe_reason(execution, &reason, names ? names : "");
	free(names);
	strings_clear(&reason.names);
	return text;
}

/* "0.3s", "2m05s": how long it ran. */
static void format_duration(int64_t duration_ns, char *text, size_t size)
{
	double seconds = (double)duration_ns / 1e9;

	if (seconds < 60)
		snprintf(text, size, "%.1fs", seconds);
	else
		snprintf(text, size, "%dm%02ds", (int)(seconds / 60), (int)seconds % 60);
}

static char *describe_success(const struct execution *execution, const char *name)
{
	const char *info = execution->info;
	char duration[32];

	if (execution->state == STATE_UP_TO_DATE)
		return mem_print("%s is up to date%s%s", name, info ? ": " : "", info ? info : "");
	if (execution->state == STATE_SKIPPED)
		return mem_print("%s was skipped%s%s", name, info ? ": " : "", info ? info : "");
	if (execution->started_ns == 0)
		return mem_print("%s succeeded, as all that it depends on has", name);
	format_duration(execution->ended_ns - execution->started_ns, duration, sizeof(duration));
	return mem_print(
	    "%s ran and succeeded in %s%s%s", name, duration, info ? ": " : "", info ? info : "");
}

static char *describe_failure(const struct execution *execution, const struct membership *member)
{
	const char *name = execution->proc->name;
	bool is_override = member && member->override != ERROR_NONE;
	enum execution_error error =
	    is_override ? member->override : (enum execution_error)execution->error;
	const char *info = is_override ? member->override_info : execution->info;

	if (error == ERROR_DEP_FAILED && execution->failed_dep)
		return mem_print("%s failed, because %s has failed, on which it depends", name,
		    execution->failed_dep->proc->name);
	return mem_print("%s failed (%s)%s%s", name, execution_error_name(error), info ? ": " : "",
	    info ? info : "");
}

/* One line about the state of the execution. */
static char *describe_state(
    const struct core *core, const struct execution *execution, const struct membership *member)
{
	const char *name = execution->proc->name;
	char *waits, *line;

	if (member && member->override != ERROR_NONE)
		return describe_failure(execution, member);
	if (execution->state == STATE_FAILED)
		return describe_failure(execution, member);
	if (execution_is_complete(execution))
		return describe_success(execution, name);
	waits = reason_of_wait(core, execution);
	if (waits)
		line = mem_print("%s %s", name, waits);
	else if (execution->state == STATE_RUNNING)
		line = mem_print("%s is running", name);
	else
		line = mem_print("%s is about to start", name);
	free(waits);
	return line;
}

/* The execution that a waiting one waits for, the first of several; or NULL. */
static const struct execution *find_blocker(
    const struct core *core, const struct execution *execution)
{
	const struct execution *found = NULL;
	struct reason reason = {0};

	if (execution->state != STATE_WANTED)
		return NULL;
	core_explain(core, execution, &reason);
	if (reason.kind == WAITS_PREDECESSOR)
		found = execution->predecessor;
	for (size_t i = 0; i < reason.names.count && !found; i++) {
		const struct proc *proc = core_find_proc(core, reason.names.items[i]);

		if (proc)
			found = proc->in_flight ? proc->in_flight : proc->newest;
	}
	strings_clear(&reason.names);
	return found == execution ? NULL : found;
}

static const struct execution *find_cause(
    const struct core *core, const struct execution *execution)
{
	if (execution->state == STATE_FAILED)
		return execution->error == ERROR_DEP_FAILED ? execution->failed_dep : NULL;
	return find_blocker(core, execution);
}

/* Why a completed or running execution was scheduled at all. */
static void add_origin(const struct execution *execution, struct strings *lines)
{
	const struct run *run = execution_run(execution);
	const char *name = execution->proc->name;

	if (execution->n_dependents > 0)
		strings_take(lines, mem_print("%s was scheduled for %s", name,
		                        execution->dependents[0]->proc->name));
	else if (run && run->name)
		strings_take(lines, mem_print("%s was asked for in run %llu (%s)", name,
		                        (unsigned long long)run->id, run->name));
	else if (run)
		strings_take(lines,
		    mem_print("%s was asked for in run %llu", name, (unsigned long long)run->id));
}

void reason_trace(const struct core *core, const struct execution *execution,
    const struct membership *member, struct strings *lines, struct strings *causes)
{
	const struct execution *last;

	do {
		strings_take(lines, describe_state(core, execution, member));
		strings_add(causes, execution->proc->name);
		last = execution;
		execution =
		    member && member->override != ERROR_NONE ? NULL : find_cause(core, execution);
		member = NULL;
	} while (execution && causes->count < CAUSES_MAX &&
	         !strings_contain(causes, execution->proc->name));
	if (execution_is_success(last) || last->state == STATE_RUNNING)
		add_origin(last, lines);
}
