/*
 * The lists of what has changed. An execution or run knows its place in its list, so being touched
 * again, or forgotten, costs nothing that grows.
 */
#include "daemon/core/touch.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/core/registry.h"

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

/* A reference keeps the name until it is known to be gone; so none has to be looked up again. */
void touch_proc(struct core *core, struct proc *proc)
{
	if (!core->changes.is_kept)
		return;
	touched_add(&core->changes.procs, proc);
	proc->references++;
}

bool touch_undo_proc(struct core *core, struct proc *proc)
{
	struct touched *procs = &core->changes.procs;

	if (procs->count == 0 || procs->items[procs->count - 1] != proc)
		return false;
	procs->count--;
	proc->references--;
	return true;
}

void touch_proto(struct core *core, const char *name)
{
	if (core->changes.is_kept)
		strings_add(&core->changes.protos, name);
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
	    .procs = (struct proc *const *)core->changes.procs.items,
	    .n_procs = core->changes.procs.count,
	    .protos = &core->changes.protos,
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
	for (size_t i = 0; i < changes->procs.count; i++) {
		struct proc *proc = changes->procs.items[i];

		proc->references--;
		registry_release(core, proc);
	}
	touched_empty(&changes->executions);
	touched_empty(&changes->runs);
	touched_empty(&changes->procs);
	strings_clear(&changes->protos);
}

void touch_clear(struct core *core)
{
	free(core->changes.executions.items);
	free(core->changes.runs.items);
	free(core->changes.procs.items);
	strings_clear(&core->changes.protos);
	core->changes = (struct changes){0};
}
