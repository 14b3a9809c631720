/* Durations and ranks; see history.h. */
#include "daemon/core/history.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/registry.h"

#define NS_PER_MS 1000000

struct expectation {
	UT_hash_handle by_name; /* in the order in which something was heard of them */
	int64_t mean_ns;
	char name[];
};

static struct expectation *find(const struct core *core, const char *name)
{
	struct expectation *found;

	HASH_FIND(by_name, core->history, name, strlen(name), found);
	return found;
}

static void drop(struct core *core, struct expectation *expectation)
{
	HASH_DELETE(by_name, core->history, expectation);
	free(expectation);
}

/* For when something of that name comes. */
static void put(struct core *core, const char *name, int64_t mean_ns)
{
	struct expectation *new = find(core, name);
	size_t length = strlen(name);

	if (new != NULL)
		drop(core, new);
	else if (HASH_CNT(by_name, core->history) >= HISTORY_NAMES_MAX)
		drop(core, core->history);
	new = mem_new(1, sizeof(*new) + length + 1);
	memcpy(new->name, name, length);
	new->mean_ns = mean_ns;
	HASH_ADD(by_name, core->history, name, length, new);
}

void history_find(struct core *core, struct proc *proc)
{
	struct expectation *found = core->history ? find(core, proc->name) : NULL;

	if (found == NULL)
		return;
	proc->mean_ns = found->mean_ns;
	drop(core, found);
}

void history_keep(struct core *core, const struct proc *proc)
{
	if (core->has_history && proc->mean_ns > 0)
		put(core, proc->name, proc->mean_ns);
}

void core_expect(struct core *core, const char *name, int64_t mean_ns)
{
	struct proc *proc = registry_find(core, name);

	if (mean_ns <= 0)
		return;
	core->has_history = true;
	if (proc != NULL)
		proc->mean_ns = mean_ns;
	else
		put(core, name, mean_ns);
}

int64_t core_expected(const struct core *core, const char *name)
{
	const struct proc *proc = registry_find(core, name);
	const struct expectation *found = proc || !core->history ? NULL : find(core, name);

	if (proc != NULL)
		return proc->mean_ns;
	return found != NULL ? found->mean_ns : 0;
}

int64_t core_mean_duration(int64_t mean_ns, int64_t duration_ns)
{
	return mean_ns > 0 ? mean_ns + (duration_ns - mean_ns) / 4 : duration_ns;
}

void history_note(struct core *core, const struct execution *execution)
{
	struct proc *proc = execution->proc;
	int64_t duration_ns = execution->ended_ns - execution->started_ns;
	int64_t mean_ns = core_mean_duration(proc->mean_ns, duration_ns);

	if (execution->attempt == 0 || mean_ns <= 0)
		return;
	proc->mean_ns = mean_ns;
	core->has_history = true;
}

void history_clear(struct core *core)
{
	struct expectation *at, *next;

	core->has_history = false;
	HASH_ITER (by_name, core->history, at, next) {
		HASH_DELETE(by_name, core->history, at);
		free(at);
	}
}

/* --- ranks --- */

static bool is_ranked(const struct node *node)
{
	return node->kind == NODE_NEW && node->is_reached;
}

static uint32_t add_ms(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static uint32_t to_ms(int64_t duration_ns)
{
	/* Rounded up, so that what is known is not 0; it may be as long as a database says. */
	int64_t ms = duration_ns / NS_PER_MS + (duration_ns % NS_PER_MS > 0);

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Begins each rank with what the execution itself takes. False: nothing is known of any. */
static bool rank_alone(struct search *search)
{
	uint64_t sum_ms = 0, n_known = 0;

	for (size_t i = 0; i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		if (!is_ranked(node) || node->execution->is_collector)
			continue;
		node->execution->rank_ms = to_ms(node->proc->mean_ns);
		sum_ms += node->execution->rank_ms;
		n_known += node->execution->rank_ms > 0;
	}
	for (size_t i = 0; n_known > 0 && i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		if (is_ranked(node) && !node->execution->is_collector &&
		    node->execution->rank_ms == 0)
			node->execution->rank_ms = (uint32_t)(sum_ms / n_known);
	}
	return n_known > 0;
}

/* Counts, for each node, the new ones that depend on it; lists those that nothing depends on. */
static uint32_t *count_waiting(struct search *search)
{
	uint32_t *n_waiting = mem_new(search->n_nodes, sizeof(*n_waiting)), dep;

	for (size_t i = 0; i < search->n_order; i++) {
		const struct node *node = &search->nodes[search->order[i]];
		for (size_t e = 0; is_ranked(node) && e < node->n_edges; e++)
			if (search_edge_holds(search, &search->edges[node->first_edge + e], &dep))
				n_waiting[dep]++;
	}
	search->n_stack = 0;
	for (size_t i = 0; i < search->n_order; i++)
		if (is_ranked(&search->nodes[search->order[i]]) && n_waiting[search->order[i]] == 0)
			search_push(search, search->order[i]);
	return n_waiting;
}

/* longest: of what waits for a node, by its place among the nodes. */
static void rank_below(struct search *search, uint32_t at, uint32_t *n_waiting, uint32_t *longest)
{
	const struct node *node = &search->nodes[at];
	struct execution *execution = node->execution;
	uint32_t dep;

	execution->rank_ms = add_ms(execution->rank_ms, longest[at]);
	for (size_t e = 0; e < node->n_edges; e++) {
		if (!search_edge_holds(search, &search->edges[node->first_edge + e], &dep))
			continue;
		if (longest[dep] < execution->rank_ms)
			longest[dep] = execution->rank_ms;
		if (--n_waiting[dep] == 0 && is_ranked(&search->nodes[dep]))
			search_push(search, dep);
	}
}

/* Notes where each is among those of the request, which come before or after all other requests'.
 */
static void note_places(struct search *search)
{
	uint64_t first = 0;

	for (size_t i = 0; i < search->n_order; i++) {
		const struct node *node = &search->nodes[search->order[i]];
		if (!is_ranked(node))
			continue;
		if (first == 0)
			first = node->execution->id;
		node->execution->place = (uint32_t)(node->execution->id - first);
	}
}

void history_rank(struct search *search)
{
	if (!search->core->has_history || !rank_alone(search))
		return;
	uint32_t *n_waiting = count_waiting(search);
	uint32_t *longest = mem_new(search->n_nodes, sizeof(*longest));
	while (search->n_stack > 0)
		rank_below(search, search->stack[--search->n_stack], n_waiting, longest);
	free(n_waiting);
	free(longest);
	note_places(search);
}
