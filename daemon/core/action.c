/*
 * What the core wants done, in order: a ring that the adapter empties. When it is empty, nothing
 * points any more at what was forgotten, which is freed then.
 */
#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/run.h"

static void action_grow(struct core *core)
{
	size_t max = core->max_actions ? 2 * core->max_actions : 64;
	struct action *actions = mem_new(max, sizeof(*actions));

	for (size_t i = 0; i < core->n_actions; i++)
		actions[i] = core->actions[(core->first_action + i) % core->max_actions];
	free(core->actions);
	core->actions = actions;
	core->max_actions = max;
	core->first_action = 0;
}

void action_emit(struct core *core, const struct action *action)
{
	if (core->n_actions == core->max_actions)
		action_grow(core);
	core->actions[(core->first_action + core->n_actions++) % core->max_actions] = *action;
}

void action_changed(struct core *core, struct execution *execution, struct run *run)
{
	action_emit(core, &(struct action){.kind = ACTION_CHANGED,
	                      .execution = execution,
	                      .run = run,
	                      .state = execution->state,
	                      .is_retry = execution->is_retrying});
}

bool core_next_action(struct core *core, struct action *action)
{
	if (core->n_actions == 0)
		execution_release(core); /* what that forgets is told of, too */
	if (core->n_actions == 0) {
		execution_bury(core);
		run_bury(core);
		return false;
	}
	*action = core->actions[core->first_action];
	core->first_action = (core->first_action + 1) % core->max_actions;
	core->n_actions--;
	return true;
}
