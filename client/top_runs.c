/*
 * Puts the runs that answers tell of into the list; see top_runs.h.
 */
#include "client/top_runs.h"

#include <stdlib.h>
#include <string.h>

#include "client/member.h"
#include "client/memory.h"

static void free_runs(struct top_run *runs, size_t n_runs)
{
	for (size_t i = 0; i < n_runs; i++)
		free(runs[i].name);
	free(runs);
}

void top_runs_clear(struct top_runs *runs)
{
	free_runs(runs->items, runs->count);
	*runs = (struct top_runs){0};
}

static struct top_run read_run(const json_t *view)
{
	const char *state = member_text(view, "state", "");
	struct top_run run = {
	    .run = json_integer_value(json_object_get(view, "run")),
	    .name = memory_copy(member_text(view, "name", "")),
	    .n_procs = (size_t)member_number(view, "procs", 0),
	    .n_complete = (size_t)member_number(view, "complete", 0),
	    .n_failed = (size_t)member_number(view, "failed", 0),
	    .created_s = member_number(view, "created_at", 0),
	    .ended_s = member_number(view, "ended_at", 0),
	    .is_active = strcmp(state, "active") == 0,
	};

	strncpy(run.state, state, sizeof(run.state) - 1);
	return run;
}

static int compare_runs(const void *a, const void *b)
{
	const struct top_run *first = a, *second = b;

	if (first->is_active != second->is_active)
		return first->is_active ? -1 : 1;
	return first->run > second->run ? -1 : first->run < second->run;
}

void top_runs_note(struct top_runs *runs, const json_t *views, bool is_all)
{
	size_t n_new = json_array_size(views), count = 0, i;
	struct top_run *items = memory_alloc((n_new + runs->count + 1) * sizeof(*items));
	json_int_t oldest = 0;
	json_t *view;

	json_array_foreach (views, i, view) {
		items[count++] = read_run(view);
		oldest = items[count - 1].run;
	}
	for (i = 0; i < runs->count && !is_all && count < TOP_RUNS_MAX; i++) {
		if (runs->items[i].run >= oldest)
			continue;
		items[count++] = runs->items[i];
		runs->items[i].name = NULL;
	}
	top_runs_clear(runs);
	runs->items = items;
	runs->count = count;
	qsort(items, count, sizeof(*items), compare_runs);
	while (runs->n_active < count && items[runs->n_active].is_active)
		runs->n_active++;
}

void top_runs_forget(struct top_runs *runs, json_int_t run)
{
	size_t place = top_runs_find(runs, run);
	struct top_run *item;

	if (place == 0)
		return;
	item = &runs->items[place - 1];
	runs->n_active -= item->is_active;
	free(item->name);
	memmove(item, item + 1, (runs->count - place) * sizeof(*item));
	runs->count--;
}

size_t top_runs_get_depth(const struct top_runs *runs)
{
	size_t depth = runs->n_active; /* of which the oldest comes last */

	for (size_t i = runs->n_active; i < runs->count && depth > 0; i++) {
		if (runs->items[i].run < runs->items[runs->n_active - 1].run)
			break;
		depth++;
	}
	return depth;
}

size_t top_runs_find(const struct top_runs *runs, json_int_t run)
{
	for (size_t i = 0; i < runs->count && run != 0; i++) {
		if (runs->items[i].run == run)
			return i + 1;
	}
	return 0;
}

json_int_t top_runs_step(const struct top_runs *runs, json_int_t run, long offset)
{
	long count = (long)runs->count, place = (long)top_runs_find(runs, run);

	if (offset > 0)
		place = offset > count - place ? count : place + offset;
	else
		place = offset < -place ? 0 : place + offset;
	return place == 0 ? 0 : runs->items[place - 1].run;
}
