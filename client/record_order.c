/*
 * How the executions of a record hang together: the lanes that they run in, one after the other;
 * how deep they depend on each other; the chain of dependencies that ran longest.
 */
#include <stdlib.h>

#include "client/memory.h"
#include "client/record.h"

/* ---- lanes ---- */

/* A heap of lanes, the smallest key first. */
struct lane {
	int64_t key;
	uint32_t number;
};

struct lanes {
	struct lane *items;
	uint32_t count;
};

static void lanes_push(struct lanes *lanes, struct lane lane)
{
	uint32_t at = lanes->count++;

	for (; at > 0 && lane.key < lanes->items[(at - 1) / 2].key; at = (at - 1) / 2)
		lanes->items[at] = lanes->items[(at - 1) / 2];
	lanes->items[at] = lane;
}

static struct lane lanes_pop(struct lanes *lanes)
{
	struct lane top = lanes->items[0], last = lanes->items[--lanes->count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < lanes->count &&
		    lanes->items[child + 1].key < lanes->items[child].key)
			child++;
		if (child >= lanes->count || last.key <= lanes->items[child].key)
			break;
		lanes->items[at] = lanes->items[child];
		at = child;
	}
	lanes->items[at] = last;
	return top;
}

static int compare_start(const void *left, const void *right, void *arg)
{
	const struct record *record = arg;
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	int64_t i_us = record->execs[i].started_us, j_us = record->execs[j].started_us;

	if (i_us != j_us)
		return i_us < j_us ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* Each takes the lowest lane that is free when it starts: there are as many as ran at once. */
void record_assign_lanes(struct record *record)
{
	struct lanes busy = {0}, idle = {0};

	record->by_start = memory_alloc(record->n_execs * sizeof(*record->by_start));
	for (uint32_t i = 0; i < record->n_execs; i++) {
		if (record->execs[i].has_run)
			record->by_start[record->n_by_start++] = i;
	}
	qsort_r(
	    record->by_start, record->n_by_start, sizeof(*record->by_start), compare_start, record);
	busy.items = memory_alloc(record->n_by_start * sizeof(*busy.items));
	idle.items = memory_alloc(record->n_by_start * sizeof(*idle.items));
	for (uint32_t i = 0; i < record->n_by_start; i++) {
		struct record_exec *exec = &record->execs[record->by_start[i]];

		while (busy.count > 0 && busy.items[0].key <= exec->started_us) {
			uint32_t number = lanes_pop(&busy).number;

			lanes_push(&idle, (struct lane){number, number});
		}
		exec->lane = idle.count > 0 ? lanes_pop(&idle).number : record->n_lanes++;
		lanes_push(&busy, (struct lane){exec->stop_us, exec->lane});
	}
	free(busy.items);
	free(idle.items);
}

/* ---- dependencies ---- */

/* Scratch of one search, an entry for each execution. */
struct order {
	const struct record *record;
	uint32_t *items; /* each after all that it depends on */
	uint32_t n_items;
	uint32_t *stack;
	uint32_t *n_seen; /* of its deps */
	uint8_t *is_met;
};

/* Without recursion, as chains may be long. A circle, which no daemon makes, ends where it is met
 * again. */
static void visit(struct order *order, uint32_t root)
{
	uint32_t n_stack = 0;

	if (order->is_met[root])
		return;
	order->is_met[root] = 1;
	order->stack[n_stack++] = root;
	while (n_stack > 0) {
		uint32_t i = order->stack[n_stack - 1];
		const struct record_exec *exec = &order->record->execs[i];

		if (order->n_seen[i] == exec->n_deps) {
			order->items[order->n_items++] = i;
			n_stack--;
			continue;
		}
		uint32_t dep = order->record->deps[exec->first_dep + order->n_seen[i]++];

		if (!order->is_met[dep]) {
			order->is_met[dep] = 1;
			order->stack[n_stack++] = dep;
		}
	}
}

/* An execution's best predecessor on a long way, and how long that is with itself. */
struct way {
	int64_t length_us;
	uint32_t from; /* or RECORD_NONE */
};

static void look_back(struct record *record, uint32_t i, struct way *ways)
{
	struct record_exec *exec = &record->execs[i];
	struct way *way = &ways[i];

	*way = (struct way){0, RECORD_NONE};
	for (uint32_t j = 0; j < exec->n_deps; j++) {
		uint32_t number = record->deps[exec->first_dep + j];
		const struct record_exec *dep = &record->execs[number];
		uint32_t source = exec->source, other = dep->source;

		if (ways[number].length_us > way->length_us)
			*way = (struct way){ways[number].length_us, number};
		if (dep->depth + 1 > exec->depth)
			exec->depth = dep->depth + 1;
		if (other != RECORD_NONE &&
		    (source == RECORD_NONE ||
		        record->execs[other].stop_us > record->execs[source].stop_us))
			exec->source = other;
	}
	way->length_us += record_duration_us(exec);
	if (exec->has_run)
		exec->source = i;
}

static void follow_back(struct record *record, const struct way *ways, uint32_t last)
{
	uint32_t n = 0;

	for (uint32_t i = last; i != RECORD_NONE; i = ways[i].from)
		n += record->execs[i].has_run;
	record->n_critical = n;
	record->critical = memory_alloc(n * sizeof(*record->critical));
	for (uint32_t i = last; i != RECORD_NONE; i = ways[i].from) {
		record->execs[i].is_critical = true;
		if (record->execs[i].has_run)
			record->critical[--n] = i;
	}
}

void record_order(struct record *record)
{
	size_t n = record->n_execs;
	struct way *ways = memory_alloc(n * sizeof(*ways));
	struct order order = {
	    .record = record,
	    .items = memory_alloc(n * sizeof(*order.items)),
	    .stack = memory_alloc(n * sizeof(*order.stack)),
	    .n_seen = memory_alloc(n * sizeof(*order.n_seen)),
	    .is_met = memory_alloc(n),
	};
	uint32_t last = RECORD_NONE;

	for (uint32_t i = 0; i < record->n_execs; i++) {
		visit(&order, i);
		ways[i].from = RECORD_NONE;
	}
	for (uint32_t i = 0; i < order.n_items; i++)
		look_back(record, order.items[i], ways);
	for (uint32_t i = 0; i < record->n_execs; i++) {
		/* It ends with what has run, not with what failed for that or was complete by it.
		 */
		if (record->execs[i].has_run && ways[i].length_us > record->critical_us) {
			record->critical_us = ways[i].length_us;
			last = i;
		}
	}
	follow_back(record, ways, last);
	free(order.items);
	free(order.stack);
	free(order.n_seen);
	free(order.is_met);
	free(ways);
}
