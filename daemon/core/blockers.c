/* What can never come; see blockers.h. */
#include "daemon/core/blockers.h"

#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/trail.h"

/* An execution that misses something waits for all of its runs: whatever goes on there may still
 * define it. */
static void add_other_runs(struct trail *trail, const struct execution *execution)
{
	struct membership *member;

	for (const struct membership *at = &execution->first; at; at = at->next_of_execution) {
		struct run *run = at->run;
		if (run == NULL || at->override != ERROR_NONE || run->visit == trail->core->visit)
			continue;
		run->visit = trail->core->visit;
		TAILQ_FOREACH (member, &run->members, of_run)
			if (!membership_is_complete(member))
				trail_add(trail, member->execution);
	}
}

/* Whether execution goes on by itself, or may, since a run that still can define something has it.
 */
static bool goes_on(const struct execution *execution)
{
	if (execution->is_in_progress)
		return true;
	if (execution->n_missing == 0 && execution->nested == NULL)
		return false;
	for (const struct membership *at = &execution->first; at; at = at->next_of_execution)
		if (at->run != NULL && at->override == ERROR_NONE && at->run->holds > 0)
			return true;
	return false;
}

/* Follows all that run waits for; whether anything of that goes on. The caller frees what is found.
 */
static bool is_alive(struct trail *trail, const struct run *run)
{
	struct membership *member;

	trail->core->visit++;
	TAILQ_FOREACH (member, &run->members, of_run)
		if (!membership_is_complete(member))
			trail_add(trail, member->execution);
	for (trail->at = 0; trail->at < trail->count; trail->at++) {
		struct execution *execution = trail->found[trail->at].execution;
		if (goes_on(execution))
			return true;
		if (execution->n_missing > 0)
			add_other_runs(trail, execution);
		else
			trail_add_blockers(trail);
	}
	return false;
}

/* So many names are said of those that are missing. */
#define MISSING_SHOWN 5

static void fail_missing(struct core *core, struct execution *execution, int64_t now_ns)
{
	const struct missing *at = execution->missing;
	const char *shown[MISSING_SHOWN];
	uint32_t count = execution->n_missing, n_shown = 0;
	struct strings names = {0};

	/* They are linked the last first. */
	for (; count > MISSING_SHOWN; count--)
		at = at->next_of_execution;
	for (; at != NULL && n_shown < MISSING_SHOWN; at = at->next_of_execution)
		shown[n_shown++] = at->proc->name;
	while (n_shown-- > 0)
		strings_add(&names, shown[n_shown]);
	char *list = strings_join(&names, ", ");
	char *info = execution->n_missing > MISSING_SHOWN
	                 ? mem_print("nothing defines its dependency %s and %u more", list,
	                       execution->n_missing - MISSING_SHOWN)
	                 : mem_print("nothing defines its dependency %s", list);
	settle_fail(core, execution, ERROR_DEP_MISSING, info, now_ns);
	strings_clear(&names);
	free(list);
	free(info);
}

/* What misses something is the reason for all that waits for it, in whatever run that is. */
static bool fail_all_missing(struct trail *trail, int64_t now_ns)
{
	bool is_any = false;

	for (size_t i = 0; i < trail->count; i++) {
		struct execution *execution = trail->found[i].execution;
		if (execution_is_complete(execution) || execution->n_missing == 0)
			continue;
		fail_missing(trail->core, execution, now_ns);
		is_any = true;
	}
	return is_any;
}

/* Marks all that execution waits for, and itself, with the number of a new visit. */
static void mark_below(struct core *core, struct execution *execution)
{
	struct trail trail = {.core = core};

	core->visit++;
	trail_add(&trail, execution);
	for (; trail.at < trail.count; trail.at++)
		trail_add_blockers(&trail);
	free(trail.found);
}

/* Of the executions those that the last visit has marked; answers how many. */
static size_t keep_marked(const struct core *core, struct execution **executions, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (executions[i]->visit == core->visit)
			executions[kept++] = executions[i];
	return kept;
}

/* Of those that are blocked in nested waits (1 and up) one at the root: all whose ends it waits for
 * wait for its own in turn. */
static struct execution *find_root(struct core *core, struct execution **waiters, size_t count)
{
	struct execution *root = waiters[0];

	mark_below(core, root);
	count = keep_marked(core, waiters, count);
	for (size_t i = 1; i < count; i++) {
		mark_below(core, waiters[i]);
		if (root->visit == core->visit)
			continue;
		root = waiters[i];
		count = i + 1 + keep_marked(core, waiters + i + 1, count - i - 1);
	}
	return root;
}

/* One waiter gets an error; when it goes on the waits of others may have an end. */
static bool refuse_nested(const struct trail *trail)
{
	struct execution **waiters = mem_new(trail->count, sizeof(struct execution *));
	struct execution *root = NULL;
	size_t count = 0;

	for (size_t i = 0; i < trail->count; i++)
		if (trail->found[i].execution->nested != NULL)
			waiters[count++] = trail->found[i].execution;
	if (count > 0)
		root = find_root(trail->core, waiters, count);
	free(waiters);
	while (root != NULL && root->nested != NULL) {
		struct fault fault = {0};
		fault_set(&fault, FAULT_DEADLOCK,
		    "%s waits for what can never come: nothing else in its run can go on",
		    root->proc->name);
		strings_add(&fault.names, root->proc->name);
		wait_refuse(trail->core, root->nested, &fault);
	}
	return root != NULL;
}

/* The last resort: executions that wait for each other across runs, in a way that no other rule
 * found. */
static bool fail_first(struct core *core, const struct run *run, int64_t now_ns)
{
	struct membership *member;

	TAILQ_FOREACH (member, &run->members, of_run) {
		if (membership_is_complete(member) || member->execution->state != STATE_WANTED)
			continue;
		settle_fail(core, member->execution, ERROR_CANCELED,
		    "it could never start: runs wait for each other in a circle", now_ns);
		return true;
	}
	return false;
}

static bool settle_run(struct core *core, struct run *run, int64_t now_ns)
{
	struct trail trail = {.core = core};
	bool is_any = false;

	if (run->n_progress > 0 || run->n_incomplete == 0 || run->holds > 0)
		return false;
	if (!is_alive(&trail, run)) {
		is_any = fail_all_missing(&trail, now_ns) || refuse_nested(&trail) ||
		         fail_first(core, run, now_ns);
		settle_all(core, now_ns);
		run_check_quiet(core, run);
	}
	free(trail.found);
	return is_any;
}

bool blockers_settle_quiet(struct core *core, int64_t now_ns)
{
	struct run *run;
	bool is_any = false;

	/* When nothing at all goes on, every run is looked at: they may wait for each other. */
	if (core->n_in_progress == 0 && core->n_incomplete > 0)
		TAILQ_FOREACH (run, &core->active, of_order)
			run_check_quiet(core, run);
	while (!is_any && (run = TAILQ_FIRST(&core->quiet)) != NULL) {
		TAILQ_REMOVE(&core->quiet, run, of_quiet);
		run->is_quiet = false;
		is_any = settle_run(core, run, now_ns);
	}
	return is_any;
}
