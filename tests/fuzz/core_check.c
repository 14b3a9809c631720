/*
 * What holds in the core after every step, whatever was asked of it: its counters are what a
 * recount gives, nothing runs before what it depends on, no proc runs twice at once, nothing hangs.
 * The simulator (tests/sim) compares with a model too; here are requests that it would never make.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/fuzz/daemon_kit.h"
#include "tests/fuzz/fuzz.h"

/* All executions that some run has, each once. */
struct census {
	struct execution **items;
	size_t count, capacity;
};

static int compare_pointers(const void *left, const void *right)
{
	uintptr_t a = (uintptr_t) * (void *const *)left, b = (uintptr_t) * (void *const *)right;

	return (a > b) - (a < b);
}

static void add(struct census *census, struct execution *execution)
{
	if (census->count == census->capacity) {
		census->capacity = census->capacity ? 2 * census->capacity : 64;
		census->items = mem_resize(census->items, census->capacity, sizeof(*census->items));
	}
	census->items[census->count++] = execution;
}

static void leave_each_once(struct census *census)
{
	size_t n = 0;

	if (census->count == 0)
		return;
	qsort(census->items, census->count, sizeof(*census->items), compare_pointers);
	for (size_t i = 1; i < census->count; i++) {
		if (census->items[i] != census->items[n])
			census->items[++n] = census->items[i];
	}
	census->count = n + 1;
}

/* --- executions --- */

static void check_wanted(const struct execution *execution)
{
	uint32_t n_pending =
	    execution->predecessor && !execution_is_complete(execution->predecessor);

	for (uint32_t i = 0; i < execution->n_deps; i++) {
		bool is_complete = execution_is_complete(execution->deps[i]);

		FUZZ_CHECK(!is_complete || execution_is_success(execution->deps[i]));
		n_pending += !is_complete;
	}
	FUZZ_CHECK(n_pending == execution->n_pending);
	FUZZ_CHECK(!execution->has_slot && !execution->has_locks);
	FUZZ_CHECK(execution->live_runs > 0);
}

static void check_running(const struct execution *execution)
{
	/* What stands by may come after others, and what is told to end after what has failed. */
	bool is_certain = !execution->is_standby && execution->ending == ERROR_NONE;

	for (uint32_t i = 0; i < execution->n_deps; i++)
		FUZZ_CHECK(!is_certain || execution_is_success(execution->deps[i]));
	FUZZ_CHECK(execution->n_unresolved == 0 && execution->n_missing == 0);
	/* Of all executions of a proc. */
	for (const struct execution *other = execution->proc->newest; other; other = other->older)
		FUZZ_CHECK(other == execution || other->state != STATE_RUNNING);
}

static void check_complete(const struct execution *execution)
{
	bool is_failed = execution->state == STATE_FAILED;

	FUZZ_CHECK(is_failed == (execution->error != ERROR_NONE));
	FUZZ_CHECK(!is_failed || (execution->info && !strchr(execution->info, '\n')));
	FUZZ_CHECK(!execution->has_slot && !execution->has_locks);
	FUZZ_CHECK(execution->ended_ns >= execution->started_ns && execution->ended_ns > 0);
}

static void check_execution(const struct execution *execution)
{
	if (execution_is_complete(execution))
		check_complete(execution);
	else if (execution->state == STATE_WANTED)
		check_wanted(execution);
	else
		check_running(execution);
}

/* --- runs --- */

static void check_run(struct run *run, struct census *census)
{
	uint64_t n_members = 0, n_incomplete = 0, n_failed = 0;
	struct membership *member;

	TAILQ_FOREACH (member, &run->members, of_run) {
		bool is_complete = membership_is_complete(member);

		FUZZ_CHECK(member->run == run);
		n_members++;
		n_incomplete += !is_complete;
		n_failed += is_complete && !membership_is_success(member);
		add(census, member->execution);
	}
	FUZZ_CHECK(n_members == run->n_members);
	FUZZ_CHECK(n_incomplete == run->n_incomplete);
	FUZZ_CHECK(n_failed == run->n_failed);
	FUZZ_CHECK(run_is_active(run) == (n_incomplete > 0 || run->holds > 0));
}

static void check_load(struct core *core, const struct census *census)
{
	uint64_t n_running = 0, n_wanted = 0, n_slots = 0;
	struct core_load load;

	core_get_load(core, &load);
	for (size_t i = 0; i < census->count; i++) {
		n_running += census->items[i]->state == STATE_RUNNING;
		n_wanted += census->items[i]->state == STATE_WANTED;
		n_slots += census->items[i]->state == STATE_RUNNING && !census->items[i]->is_lent;
	}
	FUZZ_CHECK(n_running == load.n_running);
	FUZZ_CHECK(n_wanted == load.n_wanted);
	FUZZ_CHECK(n_slots == load.n_slots_used);
}

void check_core(struct core *core)
{
	struct census census = {0};
	struct run *run = NULL;
	size_t n_over = 0;

	while ((run = core_next_run(core, run ? run->id : 0))) {
		n_over += !run_is_active(run) && run->n_waited == 0;
		check_run(run, &census);
	}
	FUZZ_CHECK(n_over <= core_get_options(core)->keep_runs);
	leave_each_once(&census);
	for (size_t i = 0; i < census.count; i++)
		check_execution(census.items[i]);
	check_load(core, &census);
	free(census.items);
}

void check_no_hang(struct core *core)
{
	struct run *run = NULL;
	struct core_load load;

	core_get_load(core, &load);
	FUZZ_CHECK(load.n_running == 0);
	while ((run = core_next_run(core, run ? run->id : 0))) {
		if (run->holds > 0)
			return;
	}
	FUZZ_CHECK(load.n_wanted == 0 && load.n_active_runs == 0);
}
