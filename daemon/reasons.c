/*
 * Puts into words why an execution waits, and how it ended. It only reads the core's model; that
 * it follows a chain of causes is bounded, as a chain can be as long as the graph is deep. Why it
 * was scheduled at all is in reasons_origin.c.
 */
#include "daemon/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/core/mem.h"
#include "daemon/edges.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/views.h"

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

static char *describe_lock_wait(
    const struct execution *execution, const struct reason *reason, const char *names)
{
	char *locks = describe_locks(execution), *text;

	if (!*names)
		text = mem_print("waits for %s", locks);
	else if (reason->n_held > 0)
		text = mem_print("waits for %s, held by %s", locks, names);
	else
		text = mem_print("waits for %s, for which %s comes first", locks, names);
	free(locks);
	return text;
}

/* "0.3s", "2m05s": as people say it. */
static void format_duration(int64_t duration_ns, char *text, size_t size)
{
	double seconds = (double)duration_ns / 1e9;

	if (seconds < 60)
		snprintf(text, size, "%.1fs", seconds);
	else
		snprintf(text, size, "%dm%02ds", (int)(seconds / 60), (int)seconds % 60);
}

/* How many there may be. */
static unsigned count_attempts(const struct execution *execution)
{
	return execution->definition->retries.times + execution->n_transient + 1u;
}

/* now_ns: 0 where it is said later, too. */
static char *describe_retry(
    const struct execution *execution, const struct reason *reason, int64_t now_ns)
{
	const char *why = execution->info ? execution->info : "it failed";
	unsigned last = count_attempts(execution);
	unsigned next = execution->attempt + 1u;
	char duration[32];

	if (last < next)
		last = next;
	if (now_ns == 0)
		return mem_print("waits before attempt %u of %u: %s", next, last, why);
	format_duration(
	    reason->retry_ns > now_ns ? reason->retry_ns - now_ns : 0, duration, sizeof(duration));
	return mem_print("waits %s before attempt %u of %u: %s", duration, next, last, why);
}

/* How much it wants, and how much there is of that. */
static char *describe_pool(const struct reason *reason, const char *names)
{
	char amount[24], used[24], capacity[24];

	amount_print(reason->amount, amount, sizeof(amount));
	amount_print(reason->used, used, sizeof(used));
	amount_print(reason->capacity, capacity, sizeof(capacity));
	if (reason->n_held == 0)
		return mem_print("waits for %s of the pool %s, for which %s comes first", amount,
		    reason->lock, *names ? names : "another");
	return mem_print("waits for %s of the pool %s: %s of %s held by %s", amount, reason->lock,
	    used, capacity, names);
}

static char *describe_reason(
    const struct execution *execution, const struct reason *reason, const char *names)
{
	switch (reason->kind) {
	case WAITS_NOT:
		return NULL;
	case WAITS_RETRY:
		return describe_retry(execution, reason, 0);
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
		return describe_lock_wait(execution, reason, names);
	case WAITS_POOL:
		return describe_pool(reason, names);
	case WAITS_SLOT:
		return strcmp(reason->executor, CORE_LOCAL) == 0
		           ? mem_print("waits for a free slot")
		           : mem_print("waits for a free slot of %s", reason->executor);
	case WAITS_NESTED:
		return mem_print("waits for %s, which its process asked for", names);
	case WAITS_OUTSIDE: /* the executor has its own words for that */
		return NULL;
	}
	return NULL;
}

/* What a process waits for that runs, where that is nothing of the core's. The caller frees it;
 * NULL: for nothing. */
static char *reason_outside(const struct execution *execution)
{
	const char *prompt = inputs_get_prompt(execution);
	const struct exec_extra *extra = execution->extra;

	/* Nobody has said since a restart what it waits for. */
	if (execution->is_pending)
		return mem_copy(extra && extra->pending ? extra->pending : "has not begun yet");
	return prompt ? mem_print("waits for input%s%s", prompt[0] ? ": " : "", prompt) : NULL;
}

char *reason_of_wait(const struct core *core, const struct execution *execution)
{
	struct reason reason = {0};
	char *names, *text;

	if (execution->state == STATE_RUNNING && (execution->is_pending || !execution->nested))
		return reason_outside(execution);
	if (execution->state != STATE_WANTED && execution->state != STATE_RUNNING)
		return NULL;
	core_explain(core, execution, &reason);
	names = join_some(&reason.names);
	text = describe_reason(execution, &reason, names ? names : "");
	free(names);
	strings_clear(&reason.names);
	return text;
}

/* Since when a lock is held: "since 10:42:05 (3.2s ago)". */
static char *describe_since(int64_t since_ns, int64_t now_ns)
{
	time_t whole = (time_t)(since_ns / 1000000000);
	char at[32] = "?", ago[32];
	struct tm tm;

	if (localtime_r(&whole, &tm))
		strftime(at, sizeof(at), "%H:%M:%S", &tm);
	format_duration(now_ns > since_ns ? now_ns - since_ns : 0, ago, sizeof(ago));
	return mem_print("since %s (%s ago)", at, ago);
}

static char *describe_lock_fully(const struct reason *reason, const char *name, int64_t now_ns)
{
	char *since, *text;

	if (reason->lock_since_ns == 0)
		return mem_print(
		    "waits for the lock %s, for which %s comes first", reason->lock, name);
	since = describe_since(reason->lock_since_ns, now_ns);
	text = mem_print("waits for the lock %s, held by %s %s", reason->lock, name, since);
	free(since);
	return text;
}

/* Who holds how much, since when. */
static char *describe_pool_fully(const struct reason *reason, const char *names, int64_t now_ns)
{
	struct strings holders = {0};
	char amount[24], *joined, *text;

	if (reason->n_held == 0)
		return describe_pool(reason, names);
	for (size_t i = 0; i < reason->n_held; i++) {
		char *since = describe_since(reason->since_ns[i], now_ns);

		strings_take(
		    &holders, mem_print("%s (%s %s)", reason->names.items[i],
		                  amount_print(reason->held[i], amount, sizeof(amount)), since));
		free(since);
	}
	joined = join_some(&holders);
	text = describe_pool(reason, joined);
	free(joined);
	strings_clear(&holders);
	return text;
}

static char *describe_slot_fully(const struct core *core, const struct reason *reason)
{
	const struct core_options *options = core_get_options(core);
	struct strings holders = {0};
	uint64_t used = (uint64_t)reason->used;
	char *names, *text;

	for (size_t i = 0; i < reason->names.count; i++)
		strings_add(&holders, reason->names.items[i]);
	if (used > holders.count && holders.count > 0)
		strings_take(
		    &holders, mem_print("%llu others", (unsigned long long)(used - holders.count)));
	names = join_some(&holders);
	if (options->is_single)
		text = mem_print(
		    "waits for its turn: one runs at a time (mode: single), now %s", names);
	else if (strcmp(reason->executor, CORE_LOCAL) == 0)
		text = mem_print("waits for a free slot: %lld may run at once (parallel), now %s",
		    (long long)reason->capacity, names);
	else
		text = mem_print("waits for a free slot of %s: %lld may run there at once "
		                 "(executors.%s.parallel), now %s",
		    reason->executor, (long long)reason->capacity, reason->executor, names);
	free(names);
	strings_clear(&holders);
	return text;
}

/* Who may still define what is missing. */
static char *describe_missing_fully(const struct execution *execution, const char *names)
{
	const struct run *run = execution_run(execution);

	if (!run)
		return mem_print("waits for %s, which nothing defines yet", names);
	return mem_print("waits for %s, which nothing defines yet (%srun %llu %s)", names,
	    run->holds > 0 ? "" : "something of ", (unsigned long long)run->id,
	    run->holds > 0 ? "is held open" : "goes on");
}

/* How it comes that the execution is after dep: "by its rdep". NULL: its definition says it, or it
 * is not one of those that it depends on itself. The caller frees it. */
static char *describe_edge(
    const struct core *core, const struct execution *execution, const struct execution *dep)
{
	enum edge_reason reason = EDGE_DEP;
	struct edges edges;
	char *text = NULL;

	edges_init(&edges, core, execution);
	for (uint32_t i = 0; i < execution->n_deps && reason == EDGE_DEP; i++)
		if (execution->deps[i] == dep)
			reason = edges_reason(&edges, dep);
	if (reason == EDGE_RDEP)
		text = mem_copy("by its rdep");
	else if (reason == EDGE_COMMAND)
		text = mem_print("named by the command %s", edges.command);
	else if (reason != EDGE_DEP)
		text = mem_print("by its rdep, %s", view_edge_reason(reason));
	edges_clear(&edges);
	return text;
}

/* The dependencies that it waits for, each with what brought it in. */
static char *describe_deps_fully(
    const struct core *core, const struct execution *execution, const struct strings *names)
{
	struct strings described = {0};
	char *joined, *text;

	for (size_t i = 0; i < names->count; i++) {
		const struct proc *proc =
		    i < NAMES_SHOWN ? core_find_proc(core, names->items[i]) : NULL;
		const struct execution *dep = proc ? proc->in_flight : NULL;
		char *edge = dep ? describe_edge(core, execution, dep) : NULL;

		strings_take(&described,
		    edge ? mem_print("%s (%s)", names->items[i], edge) : mem_copy(names->items[i]));
		free(edge);
	}
	joined = join_some(&described);
	text = mem_print("waits for %s", joined ? joined : "");
	free(joined);
	strings_clear(&described);
	return text;
}

/* What it waits for, with all that may help somebody to do something about it. */
static char *describe_wait_fully(
    const struct core *core, const struct execution *execution, int64_t now_ns)
{
	struct reason reason = {0};
	const struct run *before;
	char *names, *text;

	if (execution->state != STATE_WANTED)
		return reason_of_wait(core, execution);
	core_explain(core, execution, &reason);
	names = join_some(&reason.names);
	before = execution->predecessor ? execution_run(execution->predecessor) : NULL;
	if (reason.kind == WAITS_LOCK && reason.lock)
		text = describe_lock_fully(&reason, names, now_ns);
	else if (reason.kind == WAITS_POOL && reason.lock)
		text = describe_pool_fully(&reason, names ? names : "", now_ns);
	else if (reason.kind == WAITS_SLOT && reason.names.count > 0)
		text = describe_slot_fully(core, &reason);
	else if (reason.kind == WAITS_DEPS)
		text = describe_deps_fully(core, execution, &reason.names);
	else if (reason.kind == WAITS_RETRY)
		text = describe_retry(execution, &reason, now_ns);
	else if (reason.kind == WAITS_MISSING)
		text = describe_missing_fully(execution, names);
	else if (reason.kind == WAITS_PREDECESSOR && before)
		text = mem_print("waits for the end of its execution in run %llu",
		    (unsigned long long)before->id);
	else
		text = describe_reason(execution, &reason, names ? names : "");
	free(names);
	strings_clear(&reason.names);
	return text;
}

/* Which attempt it is, where it is not the first: " (attempt 2 of 4)". */
static const char *describe_attempt(const struct execution *execution, char *text, size_t size)
{
	unsigned last = count_attempts(execution);

	text[0] = '\0';
	if (execution->attempt > 1)
		snprintf(text, size, " (attempt %u of %u)", execution->attempt,
		    last > execution->attempt ? last : execution->attempt);
	return text;
}

static char *describe_success(const struct execution *execution, const char *name)
{
	const char *info = execution->info;
	char duration[32], attempt[48];

	if (execution->state == STATE_UP_TO_DATE)
		return mem_print("%s is up to date%s%s", name, info ? ": " : "", info ? info : "");
	if (execution->state == STATE_SKIPPED)
		return mem_print("%s was skipped%s%s", name, info ? ": " : "", info ? info : "");
	if (execution->started_ns == 0)
		return mem_print("%s succeeded, as all that it depends on has", name);
	format_duration(execution->ended_ns - execution->started_ns, duration, sizeof(duration));
	return mem_print("%s ran and succeeded in %s%s%s%s", name, duration,
	    describe_attempt(execution, attempt, sizeof(attempt)), info ? ": " : "",
	    info ? info : "");
}

static char *describe_failed_dep(const struct core *core, const struct execution *execution)
{
	const char *name = execution->proc->name, *other = execution->failed_dep->proc->name;
	char *edge = describe_edge(core, execution, execution->failed_dep);
	char *text;

	text =
	    edge ? mem_print("%s failed, because %s has failed, on which it depends (%s)", name,
	               other, edge)
	         : mem_print("%s failed, because %s has failed, on which it depends", name, other);
	free(edge);
	return text;
}

/* Where the process has left a message, its status is still of interest. */
static const char *describe_status(
    const struct execution *execution, const char *info, char *text, size_t size)
{
	text[0] = '\0';
	if (execution->error == ERROR_EXIT && execution->exit_code > 0 && info &&
	    strncmp(info, "exit status", 11) != 0)
		snprintf(text, size, " (exit status %d)", execution->exit_code);
	return text;
}

static char *describe_failure(
    const struct core *core, const struct execution *execution, const struct membership *member)
{
	const char *name = execution->proc->name;
	bool is_override = member && member->override != ERROR_NONE;
	enum execution_error error =
	    is_override ? member->override : (enum execution_error)execution->error;
	const char *info = is_override ? member->override_info : execution->info;
	char attempt[48], status[32];

	if (error == ERROR_DEP_FAILED && execution->failed_dep)
		return describe_failed_dep(core, execution);
	return mem_print("%s failed (%s)%s%s%s%s", name, execution_error_name(error),
	    info ? ": " : "", info ? info : "",
	    is_override ? "" : describe_status(execution, info, status, sizeof(status)),
	    describe_attempt(execution, attempt, sizeof(attempt)));
}

/* One line about the state of the execution. */
static char *describe_state(const struct core *core, const struct execution *execution,
    const struct membership *member, int64_t now_ns)
{
	const char *name = execution->proc->name;
	char *waits, *line, attempt[48];

	if (member && member->override != ERROR_NONE)
		return describe_failure(core, execution, member);
	if (execution->state == STATE_FAILED)
		return describe_failure(core, execution, member);
	if (execution_is_complete(execution))
		return describe_success(execution, name);
	waits = describe_wait_fully(core, execution, now_ns);
	if (waits)
		line = mem_print("%s %s", name, waits);
	else if (execution->state == STATE_RUNNING)
		line = mem_print(
		    "%s is running%s", name, describe_attempt(execution, attempt, sizeof(attempt)));
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

	if (execution->state != STATE_WANTED && !execution->nested)
		return NULL;
	core_explain(core, execution, &reason);
	if (reason.kind == WAITS_PREDECESSOR)
		found = execution->predecessor;
	/* Of those that hold slots none is the one. */
	for (size_t i = 0; i < reason.names.count && !found && reason.kind != WAITS_SLOT; i++) {
		const struct proc *proc = core_find_proc(core, reason.names.items[i]);

		if (proc)
			found = proc->in_flight ? proc->in_flight : proc->newest;
	}
	strings_clear(&reason.names);
	return found == execution ? NULL : found;
}

/* member: set to its place in a run, where that is part of the reason. */
static const struct execution *find_cause(
    const struct core *core, const struct execution *execution, const struct membership **member)
{
	const struct run *home = execution_home(execution);

	*member = NULL;
	if (execution->state != STATE_FAILED)
		return find_blocker(core, execution);
	if (execution->error == ERROR_DEP_FAILED)
		return execution->failed_dep;
	/* By no_failures: of the run that it began in. */
	if (execution->error == ERROR_FAILURES && home && home->failed) {
		*member = home->failed;
		return home->failed->execution;
	}
	return NULL;
}

const struct execution *reason_trace(const struct core *core, const struct execution *execution,
    const struct membership *member, int64_t now_ns, struct strings *lines, struct strings *causes)
{
	const struct run *run = member ? member->run : execution_run(execution);
	const struct execution *last;

	do {
		strings_take(lines, describe_state(core, execution, member, now_ns));
		strings_add(causes, execution->proc->name);
		last = execution;
		if (member && member->override != ERROR_NONE)
			execution = NULL;
		else
			execution = find_cause(core, execution, &member);
	} while (execution && causes->count < CAUSES_MAX &&
	         !strings_contain(causes, execution->proc->name));
	/* Where there is a chain of failures, or of waits, it says so itself. */
	if (causes->count == 1 || execution_is_success(last) || last->state == STATE_RUNNING)
		reason_add_origin(core, last, run, lines);
	return last;
}
