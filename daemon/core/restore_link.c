/*
 * The last step of a restore: edges, then the places in the lines that executions stand in. What
 * was incomplete goes on from here. See restore.h.
 */
#include "daemon/core/restore_internal.h"

#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/ready.h"
#include "daemon/core/resolve.h"
#include "daemon/core/retry.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/touch.h"

/* It is kept by being a dependency. */
static int find_failed_dep(struct execution *execution, uint64_t id)
{
	for (uint32_t i = 0; i < execution->n_deps; i++) {
		if (execution->deps[i]->id != id)
			continue;
		execution->failed_dep = execution->deps[i];
		return execution->error == ERROR_DEP_FAILED ? 0 : -1;
	}
	return -1;
}

static bool has_run(const struct execution *execution)
{
	return execution->first.run != NULL || execution->first.next_of_execution != NULL;
}

static int link_all(struct restore *restore)
{
	for (size_t i = 0; i < restore->count; i++) {
		const struct restored *item = &restore->items[i];

		/* With its last run it lost them: nothing else would let go of them. */
		if (!has_run(item->execution))
			continue;
		for (size_t at = 0; at < item->n_deps; at++) {
			const struct restored *dep = restore_find_item(restore, item->deps[at]);

			if (dep == NULL || dep == item)
				return -1;
			execution_link(item->execution, dep->execution);
		}
		if (item->failed_dep != 0 &&
		    find_failed_dep(item->execution, item->failed_dep) != 0)
			return -1;
	}
	return 0;
}

/* Whether no execution depends on itself; visit counts what is left to be seen. */
static bool is_acyclic(const struct restore *restore)
{
	struct execution **stack = mem_new(restore->count, sizeof(struct execution *));
	size_t n_stack = 0, n_seen = 0;

	for (size_t i = 0; i < restore->count; i++) {
		struct execution *execution = restore->items[i].execution;

		execution->visit = execution->n_pending;
		if (execution->visit == 0)
			stack[n_stack++] = execution;
	}
	while (n_stack > 0) {
		const struct execution *execution = stack[--n_stack];

		n_seen++;
		for (uint32_t i = 0; i < execution->n_dependents; i++)
			if (--execution->dependents[i]->visit == 0)
				stack[n_stack++] = execution->dependents[i];
	}
	for (size_t i = 0; i < restore->count; i++)
		restore->items[i].execution->visit = 0;
	free(stack);
	return n_seen == restore->count;
}

static int compare_members(const void *a, const void *b)
{
	const struct membership *x = *(struct membership *const *)a;
	const struct membership *y = *(struct membership *const *)b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return x->execution->id < y->execution->id ? -1 : 1;
}

/* Those that were made in a run came before those that joined it: now all as they came. */
static void sort_members(struct run *run)
{
	struct membership **members = mem_new(run->n_members, sizeof(*members)), *member;
	size_t count = 0;

	TAILQ_FOREACH (member, &run->members, of_run)
		members[count++] = member;
	qsort(members, count, sizeof(*members), compare_members);
	TAILQ_INIT(&run->members);
	for (size_t i = 0; i < count; i++)
		TAILQ_INSERT_TAIL(&run->members, members[i], of_run);
	free(members);
}

static void sort_all_members(const struct restore *restore)
{
	struct run *run, *next;

	HASH_ITER (by_id, restore->core->runs, run, next) {
		if (run->visit != 0)
			sort_members(run);
		run->visit = 0;
	}
}

/* When a member has failed; what was refused since something else had, and what failed in this run
 * alone, whose time is not known, come last. */
static int64_t failing_time(const struct membership *member)
{
	const struct execution *execution = member->execution;

	if (member->override != ERROR_NONE)
		return INT64_MAX - 1;
	return execution->error == ERROR_FAILURES ? INT64_MAX : execution->ended_ns;
}

/* Which member of each run was the first that failed: they have come in another order. */
static void find_first_failures(const struct restore *restore)
{
	struct membership *member;
	struct run *run, *next;

	HASH_ITER (by_id, restore->core->runs, run, next) {
		run->failed = NULL;
		TAILQ_FOREACH (member, &run->members, of_run) {
			bool is_failed = member->override != ERROR_NONE ||
			                 member->execution->state == STATE_FAILED;
			if (is_failed && (run->failed == NULL ||
			                     failing_time(member) < failing_time(run->failed)))
				run->failed = member;
		}
	}
}

/* New memberships come after all that there are. */
static void set_last_since(const struct restore *restore)
{
	uint64_t last_since = restore->last_since;

	if (restore->count > 0) {
		const struct restored *item = &restore->items[restore->count - 1];
		uint64_t first_since = execution_first_since(item->execution->id);

		if (last_since < first_since)
			last_since = first_since;
	}
	restore->core->last_since = last_since;
}

/* Whoever is incomplete stands in the line of its proc, by age. */
static void line_up_all(struct restore *restore)
{
	for (size_t i = 0; i < restore->count; i++)
		if (!execution_is_complete(restore->items[i].execution))
			execution_line_up(restore->items[i].execution);
}

/* Whether it could be incomplete like this. */
static bool may_go_on(const struct execution *execution)
{
	if (execution_is_complete(execution))
		return true;
	if (execution->live_runs == 0 || execution_home(execution) == NULL)
		return false;
	if (execution->state == STATE_WANTED || execution->is_standby)
		return true;
	/* What it depends on may count as failed since it was started: it was told to end then. */
	if (execution->ending != ERROR_NONE)
		return execution->predecessor == NULL;
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (!execution_is_success(execution->deps[i]))
			return false;
	return execution->n_pending == 0; /* no other execution of its proc comes first */
}

/* Puts stamp on what a run has, and on all that it depends on. */
static void mark_held(const struct restore *restore, uint64_t stamp)
{
	struct execution **stack = mem_new(restore->count, sizeof(struct execution *));
	size_t n_stack = 0;

	for (size_t i = 0; i < restore->count; i++) {
		struct execution *execution = restore->items[i].execution;

		if (!has_run(execution))
			continue;
		execution->visit = stamp;
		stack[n_stack++] = execution;
	}
	while (n_stack > 0) {
		const struct execution *execution = stack[--n_stack];

		for (uint32_t i = 0; i < execution->n_deps; i++) {
			if (execution->deps[i]->visit == stamp)
				continue;
			execution->deps[i]->visit = stamp;
			stack[n_stack++] = execution->deps[i];
		}
	}
	free(stack);
}

/*
 * Forgets what nothing leads to any more: it was about to be forgotten when the last pass was kept,
 * or could not be, as complete executions may depend on each other.
 */
static void forget_unheld(const struct restore *restore)
{
	struct core *core = restore->core;
	uint64_t stamp = ++core->visit;

	mark_held(restore, stamp);
	for (size_t i = 0; i < restore->count; i++)
		if (restore->items[i].execution->visit != stamp)
			restore->items[i].execution->references++;
	for (size_t i = 0; i < restore->count; i++)
		if (restore->items[i].execution->visit != stamp)
			execution_drop_deps(core, restore->items[i].execution);
	for (size_t i = 0; i < restore->count; i++)
		if (restore->items[i].execution->visit != stamp)
			execution_unref(core, restore->items[i].execution);
}

/* An execution whose process may be alive takes what it had: slot, locks, time limit. */
static int resume(struct core *core, struct execution *execution, int64_t now_ns)
{
	enum execution_error ending = execution->ending;

	if (execution->needs_locks && lock_restore(core, execution) != 0)
		return -1;
	ready_resume(core, execution);
	execution_update_progress(core, execution);
	if (ending != ERROR_NONE) {
		char *info = execution->info;

		/* Whether it was told so before cannot be known. */
		execution->info = NULL;
		execution->ending = ERROR_NONE;
		ready_end(core, execution, ending, info, false, now_ns);
		free(info);
	}
	return 0;
}

/* Asks anew what has not been answered; they are listed newest first. */
static void ask_again(struct core *core, const struct restored *item, int64_t now_ns)
{
	struct execution *execution = item->execution;

	for (size_t i = item->n_questions; i > 0 && execution->state == STATE_WANTED; i--) {
		const struct question *question = &item->questions[i - 1];
		struct late_dep late = {.dep = question->dep};

		if (item->is_choices[i - 1]) {
			resolve_late(core, execution, question->names, &late, now_ns);
			settle_all(core, now_ns); /* nothing that has just failed may be joined */
		} else {
			resolving_begin(core, execution, question);
		}
	}
}

static void release(struct core *core, struct execution *execution, int64_t now_ns)
{
	struct membership *member = execution_in_run(execution, execution_home(execution));

	execution->is_new = false;
	for (uint32_t i = 0; i < execution->n_deps && execution->state == STATE_WANTED; i++)
		if (execution->deps[i]->state == STATE_FAILED)
			settle_dep_failed(core, member, execution->deps[i], now_ns);
	for (const struct missing *at = execution->missing; at; at = at->next_of_execution)
		strings_add(&core->appeared, at->proc->name);
	if (execution->is_retrying)
		retry_wait(core, execution, execution->deadline_ns);
	execution_update_progress(core, execution);
	ready_consider(core, execution);
}

/* Whether all of that could be; those whose processes may be alive have what they had. */
static int check(const struct restore *restore, int64_t now_ns)
{
	const struct run *run;

	TAILQ_FOREACH (run, &restore->core->over, of_order)
		if (run->n_incomplete > 0 || run->holds > 0)
			return -1;
	for (size_t i = 0; i < restore->count; i++) {
		struct execution *execution = restore->items[i].execution;

		if (!may_go_on(execution) || (execution->state == STATE_RUNNING &&
		                                 resume(restore->core, execution, now_ns) != 0))
			return -1;
	}
	return 0;
}

static void go_on(const struct restore *restore, int64_t now_ns)
{
	struct core *core = restore->core;
	struct run *run, *next;

	settle_all(core, now_ns); /* what was ending */
	for (size_t i = 0; i < restore->count; i++)
		ask_again(core, &restore->items[i], now_ns);
	for (size_t i = 0; i < restore->count; i++)
		if (restore->items[i].execution->state == STATE_WANTED)
			release(core, restore->items[i].execution, now_ns);
	settle_all(core, now_ns);
	for (run = TAILQ_FIRST(&core->active); run != NULL; run = next) {
		next = TAILQ_NEXT(run, of_order);
		run_check_quiet(core, run);
		run_check_over(core, run, now_ns);
	}
}

/* --- afterwards --- */

void core_each_incomplete(
    struct core *core, void (*visit)(struct execution *execution, void *arg), void *arg)
{
	uint64_t stamp = ++core->visit;
	const struct membership *member;
	const struct run *run;

	TAILQ_FOREACH (run, &core->active, of_order) {
		TAILQ_FOREACH (member, &run->members, of_run) {
			struct execution *execution = member->execution;

			if (execution_is_complete(execution) || execution->visit == stamp)
				continue;
			execution->visit = stamp;
			visit(execution, arg);
		}
	}
}

void core_forget_environment(struct core *core, struct execution *execution)
{
	if (execution->env != 0)
		touch_execution(core, execution);
	execution->env = 0;
}

void core_skip_executions(struct core *core, uint64_t exec)
{
	if (core->next_exec <= exec)
		core->next_exec = exec + 1;
}

int restore_finish(struct restore *restore, int64_t now_ns)
{
	core_keep_changes(restore->core);
	if (link_all(restore) != 0 || !is_acyclic(restore)) {
		restore_abandon(restore);
		return -1;
	}
	sort_all_members(restore);
	set_last_since(restore);
	line_up_all(restore);
	if (check(restore, now_ns) != 0) {
		restore_abandon(restore);
		return -1;
	}
	forget_unheld(restore);
	find_first_failures(restore);
	go_on(restore, now_ns);
	restore_free(restore);
	return 0;
}
