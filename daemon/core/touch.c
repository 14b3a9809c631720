/*
 * The lists of what has changed. An execution or run knows its place in its list, so being touched
 * again, or forgotten, costs nothing that grows.
 */
#include "daemon/core/touch.h"

#include <stdlib.h>

#include "daemon/core/mem.h"

void core_keep_changes(struct core *core)
{
	core->changes.is_kept = true;
}

/* Appends an item, which then stands at the place that is returned: from 1. */
static uint32_t touched_add(struct touched *touched, void *item)
{
	if (touched->count == touched->max) {
		touched->max = touched->max ? 2 * touched->max : 64;
		touched->items = mem_resize(touched->items, touched->max, sizeof(void *));
	}
	touched->items[touched->count++] = item;
	return (uint32_t)touched->count;
}

void touch_execution(struct core *core, struct execution *execution)
{
	if (core->changes.is_kept && execution->touched == 0)
		execution->touched = touched_add(&core->changes.executions, execution);
}

void core_touch_execution(struct core *core, struct execution *execution)
{
	touch_execution(core, execution);
}

void touch_run(struct core *core, struct run *run)
{
	if (core->changes.is_kept && run->touched == 0)
		run->touched = touched_add(&core->changes.runs, run);
}

void touch_name(struct core *core, const char *name)
{
	if (core->changes.is_kept)
		strings_add(&core->changes.names, name);
}

void touch_forget_execution(struct core *core, struct execution *execution)
{
	if (execution->touched != 0)
		core->changes.executions.items[execution->touched - 1] = NULL;
	execution->touched = 0;
}

void touch_forget_run(struct core *core, struct run *run)
{
	if (run->touched != 0)
		core->changes.runs.items[run->touched - 1] = NULL;
	run->touched = 0;
}

void core_get_changes(const struct core *core, struct core_changes *changes)
{
	*changes = (struct core_changes){
	    .executions = (struct execution *const *)core->changes.executions.items,
	    .n_executions = core->changes.executions.count,
	    .runs = (struct run *const *)core->changes.runs.items,
	    .n_runs = core->changes.runs.count,
	    .names = &core->changes.names,
	    .next_run = core->next_run,
	    .next_exec = core->next_exec,
	};
}

/* A list that was long once need not stay so. */
static void touched_empty(struct touched *touched)
{
	touched->count = 0;
	if (touched->max <= 4096)
		return;
	free(touched->items);
	*touched = (struct touched){0};
}

void core_clear_changes(struct core *core)
{
	struct changes *changes = &core->changes;
	struct execution *execution;
	struct run *run;

	for (size_t i = 0; i < changes->executions.count; i++) {
		if ((execution = changes->executions.items[i]) == NULL)
			continue;
		execution->touched = 0;
		execution->is_stored = true;
		for (struct membership *at = &execution->first; at; at = at->next_of_execution)
			at->is_changed = false;
	}
	for (size_t i = 0; i < changes->runs.count; i++) {
		if ((run = changes->runs.items[i]) == NULL)
			continue;
		run->touched = 0;
		run->is_stored = true;
	}
	touched_empty(&changes->executions);
	touched_empty(&changes->runs);
	strings_clear(&changes->names);
}

void touch_clear(struct core *core)
{
	free(core->changes.executions.items);
	free(core->changes.runs.items);
	strings_clear(&core->changes.names);
}
