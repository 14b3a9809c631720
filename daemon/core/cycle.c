/*
 * What makes a request impossible however long one waits: a cycle, or a dependency on a higher
 * wave. Both are found before anything of it takes effect. A cycle that is there only because
 * something was joined is none: what was joined is executed anew instead.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/join.h"
#include "daemon/core/mem.h"
#include "daemon/core/search.h"

static int check_wave(struct search *search, const char *name, int32_t wave, const struct node *dep)
{
	int32_t dep_wave = dep->wave;

	if (dep_wave <= wave || (dep->execution && execution_is_complete(dep->execution)))
		return 0;
	fault_set(search->fault, FAULT_WAVE_ORDER,
	    "%s (wave %d) cannot depend on %s (wave %d): a higher wave begins when the lower is"
	    " complete",
	    name, (int)wave, dep->proc->name, (int)dep_wave);
	strings_add(&search->fault->names, name);
	strings_add(&search->fault->names, dep->proc->name);
	search->fault->waves[0] = wave;
	search->fault->waves[1] = dep_wave;
	return -1;
}

int search_check_waves(struct search *search)
{
	bool has_waves = search->lowest_wave < search->highest_wave; /* mostly there is one */
	uint32_t dep;

	for (size_t i = 0; has_waves && i < search->n_nodes; i++) {
		const struct node *node = &search->nodes[i];
		if (node->kind != NODE_NEW || !node->is_reached)
			continue;
		for (size_t e = 0; e < node->n_edges; e++)
			if (search_edge_holds(search, &search->edges[node->first_edge + e], &dep) &&
			    check_wave(search, node->proc->name, node->wave, &search->nodes[dep]) !=
			        0)
				return -1;
	}
	for (size_t i = 0; i < search->n_late; i++) {
		const struct execution *execution = search->late[i].execution;
		if (check_wave(search, execution->proc->name, execution->wave,
		        &search->nodes[search->late[i].dep]) != 0)
			return -1;
	}
	return 0;
}

/* A step of the way down: a node that is new, or an execution that there is. */
struct step {
	struct node *node;
	struct execution *execution;
	size_t next; /* of its edges; then its predecessor; then its late edges */
};

struct walk {
	struct search *search;
	struct step *steps;
	size_t n_steps, max_steps;
	uint64_t grey; /* the visit of executions on the way; grey + 1: done with */
};

static int late_compare(const void *a, const void *b)
{
	const struct late_edge *x = a, *y = b;

	if (x->execution->id != y->execution->id)
		return x->execution->id < y->execution->id ? -1 : 1;
	return x->dep < y->dep ? -1 : x->dep > y->dep;
}

const struct late_edge *search_late(
    const struct search *search, const struct execution *execution, size_t i)
{
	size_t low = 0, high = search->n_late; /* they are sorted */

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (search->late[middle].execution->id < execution->id)
			low = middle + 1;
		else
			high = middle;
	}
	low += i;
	return low < search->n_late && search->late[low].execution == execution ? &search->late[low]
	                                                                        : NULL;
}

static void step_to_node(struct search *search, uint32_t dep, struct step *step)
{
	struct node *node = &search->nodes[dep];

	if (node->kind == NODE_NEW)
		*step = (struct step){.node = node};
	else
		*step = (struct step){.execution = node->execution};
}

/* The next thing that a new node waits for; false: no more. */
static bool node_next(struct search *search, struct step *step, struct step *to)
{
	const struct node *node = step->node;
	uint32_t dep;

	while (step->next < node->n_edges)
		if (search_edge_holds(
		        search, &search->edges[node->first_edge + step->next++], &dep)) {
			step_to_node(search, dep, to);
			return true;
		}
	if (search->n_late == 0 || node->proc->in_flight == NULL || step->next > node->n_edges)
		return false;
	step->next++;
	*to = (struct step){.execution = execution_last_in_line(node->proc)};
	return true;
}

/* The next thing that the step waits for; false: no more. */
static bool step_next(struct walk *walk, struct step *step, struct step *to)
{
	struct search *search = walk->search;
	const struct execution *execution = step->execution;

	if (step->node != NULL)
		return node_next(search, step, to);
	/* Executions alone form no cycle: they only matter where some get new dependencies. */
	if (search->n_late == 0)
		return false;
	if (step->next < execution->n_deps) {
		*to = (struct step){.execution = execution->deps[step->next++]};
		return true;
	}
	if (step->next == execution->n_deps) {
		step->next++;
		if (execution->predecessor != NULL) {
			*to = (struct step){.execution = execution->predecessor};
			return true;
		}
	}
	const struct late_edge *late =
	    search_late(search, execution, step->next - execution->n_deps - 1);
	if (late == NULL)
		return false;
	step->next++;
	step_to_node(search, late->dep, to);
	return true;
}

enum color { WHITE, GREY, BLACK };

static enum color step_color(const struct walk *walk, const struct step *step)
{
	if (step->node != NULL)
		return step->node->color;
	if (execution_is_complete(step->execution) || step->execution->visit == walk->grey + 1)
		return BLACK;
	return step->execution->visit == walk->grey ? GREY : WHITE;
}

static void step_paint(const struct walk *walk, struct step *step, enum color color)
{
	if (step->node != NULL)
		step->node->color = (uint8_t)color;
	else
		step->execution->visit = color == GREY ? walk->grey : walk->grey + 1;
}

static const char *step_name(const struct step *step)
{
	if (step->node != NULL)
		return step->node->proc->name;
	if (step->execution == NULL)
		abort(); /* a step is to the one or the other */
	return step->execution->proc->name;
}

/* Whether the cycle from step i on is there only because something was joined, which is not to be
 * again. */
static bool is_by_joining(struct walk *walk, size_t i)
{
	bool is_any = false;

	for (; i < walk->n_steps; i++) {
		struct execution *execution = walk->steps[i].execution;
		/* Its late edges are the ones that the search would add. */
		if (execution != NULL && walk->steps[i].next > execution->n_deps + 1)
			is_any |= join_undo(walk->search, execution);
	}
	return is_any;
}

/* The step is on the way already. */
static int refuse_cycle(struct walk *walk, const struct step *again)
{
	struct fault *fault = walk->search->fault;
	struct strings names = {0};
	size_t i = walk->n_steps;

	while (i-- > 0)
		if (walk->steps[i].node == again->node &&
		    walk->steps[i].execution == again->execution)
			break;
	if (is_by_joining(walk, i))
		return -1;
	for (; i < walk->n_steps; i++)
		strings_add(&names, step_name(&walk->steps[i]));
	strings_add(&names, step_name(again));
	char *cycle = strings_join(&names, " -> ");
	fault_set(fault, FAULT_CYCLE, "a cycle, each depending on the next: %s", cycle);
	fault->names = names;
	free(cycle);
	return -1;
}

static void walk_push(struct walk *walk, struct step step)
{
	if (walk->n_steps == walk->max_steps) {
		walk->max_steps = walk->max_steps ? 2 * walk->max_steps : 64;
		walk->steps = mem_resize(walk->steps, walk->max_steps, sizeof(*walk->steps));
	}
	step_paint(walk, &step, GREY);
	walk->steps[walk->n_steps++] = step;
}

/* Goes all ways down from a step that was not seen. */
static int walk_from(struct walk *walk, struct step from)
{
	struct step to;

	if (step_color(walk, &from) != WHITE)
		return 0;
	walk_push(walk, from);
	while (walk->n_steps > 0) {
		struct step *top = &walk->steps[walk->n_steps - 1];
		if (!step_next(walk, top, &to)) {
			step_paint(walk, top, BLACK);
			walk->n_steps--;
			continue;
		}
		enum color color = step_color(walk, &to);
		if (color == GREY)
			return refuse_cycle(walk, &to);
		if (color == WHITE)
			walk_push(walk, to);
	}
	return 0;
}

int search_check_cycles(struct search *search)
{
	struct walk walk = {.search = search, .grey = search->core->visit + 1};
	int result = 0;

	search->core->visit += 2;
	if (search->n_late > 0)
		qsort(search->late, search->n_late, sizeof(*search->late), late_compare);
	for (size_t i = 0; i < search->n_nodes && result == 0; i++)
		if (search->nodes[i].kind == NODE_NEW && search->nodes[i].is_reached)
			result = walk_from(&walk, (struct step){.node = &search->nodes[i]});
	for (size_t i = 0; i < search->n_late && result == 0; i++)
		result = walk_from(&walk, (struct step){.execution = search->late[i].execution});
	free(walk.steps);
	return result;
}
