/* Priorities; see priority.h. */
#include "daemon/core/priority.h"

#include <stdlib.h>

#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/ready.h"
#include "daemon/core/touch.h"
#include "daemon/core/wait.h"

struct stack {
	struct execution **items;
	size_t count, max;
};

static void push(struct stack *stack, struct execution *execution, int16_t priority)
{
	if (execution->priority >= priority || execution_is_complete(execution))
		return;
	if (stack->count == stack->max) {
		stack->max = stack->max ? 2 * stack->max : 16;
		stack->items = mem_resize(stack->items, stack->max, sizeof(struct execution *));
	}
	stack->items[stack->count++] = execution;
}

/* Its place in whatever line it stands in is another one then. */
static void raise(struct core *core, struct execution *execution, int16_t priority)
{
	bool is_claiming = execution->n_claims > 0 && !execution->has_locks;
	bool was_ready = execution->is_ready && !execution->is_collector;

	if (is_claiming)
		lock_leave(core, execution);
	if (was_ready)
		ready_withdraw(core, execution);
	execution->priority = priority;
	touch_execution(core, execution);
	if (is_claiming)
		lock_enter(core, execution);
	else if (was_ready)
		ready_push(core, execution);
}

void priority_raise(struct core *core, struct execution *execution, int16_t priority)
{
	struct stack stack = {0};

	push(&stack, execution, priority);
	while (stack.count > 0) {
		struct execution *at = stack.items[--stack.count];
		if (at->priority >= priority)
			continue;
		raise(core, at, priority);
		for (uint32_t i = 0; i < at->n_deps; i++)
			push(&stack, at->deps[i], priority);
		if (at->predecessor != NULL)
			push(&stack, at->predecessor, priority);
		for (struct wait *wait = at->nested; wait; wait = wait->next_of_asker)
			for (struct wait_item *item = wait->items; item; item = item->next_of_wait)
				if (item->member != NULL && item->is_pending)
					push(&stack, item->member->execution, priority);
	}
	free(stack.items);
}
