/* What is waited for in the end; see trail.h. */
#include "daemon/core/trail.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/run.h"

static void trail_push(struct trail *trail, struct found found)
{
	if (trail->count == trail->max) {
		trail->max = trail->max ? 2 * trail->max : 64;
		trail->found = mem_resize(trail->found, trail->max, sizeof(*trail->found));
	}
	found.from = trail->at;
	trail->found[trail->count++] = found;
}

void trail_add(struct trail *trail, struct execution *execution)
{
	if (execution->visit == trail->core->visit || execution_is_complete(execution))
		return;
	execution->visit = trail->core->visit;
	trail_push(trail, (struct found){.execution = execution});
}

void trail_add_node(struct trail *trail, size_t at)
{
	const struct node *node = &trail->search->nodes[at];

	if (node->kind != NODE_NEW) {
		trail_add(trail, node->execution);
	} else if (node->is_reached && !trail->has_node[at]) {
		trail->has_node[at] = true;
		trail_push(trail, (struct found){.node = node});
	}
}

bool trail_is_coming(const struct node *node)
{
	return node->kind == NODE_ADOPTED || (node->kind != NODE_MEMBER && node->is_reached);
}

/* What will be in run by the request, if its wave is lower than that. */
static void add_coming(struct trail *trail, const struct run *run, int64_t wave)
{
	if (trail->search == NULL || trail->search->run != run)
		return;
	for (size_t i = 0; i < trail->search->n_nodes; i++) {
		const struct node *node = &trail->search->nodes[i];
		if (trail_is_coming(node) && node->wave < wave)
			trail_add_node(trail, i);
	}
}

void trail_add_item(
    struct trail *trail, const struct wait_item *item, const struct execution *asker)
{
	struct membership *member;

	if (!item->is_pending)
		return;
	if (item->member != NULL)
		trail_add(trail, item->member->execution);
	if (item->proc != NULL && trail->search != NULL &&
	    (item->wait->run == 0 || item->wait->run == trail->search->run->id)) {
		const struct node *node = search_find(trail->search, item->proc);
		if (node != NULL && trail_is_coming(node))
			trail_add_node(trail, item->proc->node);
	}
	if (item->run == NULL)
		return;
	TAILQ_FOREACH (member, &item->run->members, of_run)
		if (member->execution != asker && !membership_is_complete(member))
			trail_add(trail, member->execution);
	add_coming(trail, item->run, INT64_MAX);
}

static void add_lower_waves(struct trail *trail, const struct run *run, int32_t wave)
{
	struct membership *member;

	if (run == trail->swept_run && wave <= trail->swept_wave)
		return;
	trail->swept_run = run;
	trail->swept_wave = wave;
	add_coming(trail, run, wave);
	if (!run_holds_back(run, wave))
		return;
	TAILQ_FOREACH (member, &run->members, of_run)
		if (member->execution->wave < wave && !membership_is_complete(member))
			trail_add(trail, member->execution);
}

static void add_blocker(struct execution *execution, void *trail)
{
	trail_add(trail, execution);
}

/* Adds what a node that is new will wait for. */
static void add_node_blockers(struct trail *trail, const struct node *node)
{
	const struct search *search = trail->search;
	const struct proc *proc = node->proc;
	uint32_t dep;

	for (size_t i = 0; i < node->n_edges; i++)
		if (search_edge_holds(search, &search->edges[node->first_edge + i], &dep))
			trail_add_node(trail, dep);
	if (proc->in_flight != NULL)
		trail_add(trail, execution_last_in_line(proc));
	add_lower_waves(trail, search->run, proc->definition->wave);
	lock_each_rival(trail->core, proc->definition, proc->values, add_blocker, trail);
}

void trail_add_blockers(struct trail *trail)
{
	struct execution *execution = trail->found[trail->at].execution;
	const struct late_edge *late;

	if (execution == NULL) {
		add_node_blockers(trail, trail->found[trail->at].node);
		return;
	}
	if (execution->state == STATE_RUNNING || execution->is_standby) {
		for (uint32_t i = 0; execution->is_standby && i < execution->n_deps; i++)
			trail_add(trail, execution->deps[i]);
		for (struct wait *wait = execution->nested; wait; wait = wait->next_of_asker)
			for (struct wait_item *item = wait->items; item; item = item->next_of_wait)
				trail_add_item(trail, item, execution);
		return;
	}
	for (uint32_t i = 0; i < execution->n_deps; i++)
		trail_add(trail, execution->deps[i]);
	for (size_t i = 0; trail->search && (late = search_late(trail->search, execution, i)); i++)
		trail_add_node(trail, late->dep);
	if (execution->predecessor != NULL)
		trail_add(trail, execution->predecessor);
	add_lower_waves(trail, execution_home(execution), execution->wave);
	/* It may stand in line for its locks from before a lower wave came up, until its turn. */
	if (!execution->is_ready && execution->n_claims > 0)
		lock_each_blocker(execution, trail->is_for_ever, add_blocker, trail);
	else if (!execution->is_ready && trail->is_for_ever)
		lock_each_rival(
		    trail->core, execution->definition, execution->values, add_blocker, trail);
}
