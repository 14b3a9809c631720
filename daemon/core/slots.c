/* Executors and their slots; see slots.h. */
#include "daemon/core/slots.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/touch.h"

/* What is on one that is not defined is started at once, and refused by who would start it. */
#define LIMIT_NONE UINT32_MAX

static struct execution *by_ready(const struct heap_node *node)
{
	return (struct execution *)((char *)node - offsetof(struct execution, in_ready));
}

static bool ready_is_less(const struct heap_node *a, const struct heap_node *b)
{
	const struct execution *x = by_ready(a), *y = by_ready(b);
	uint64_t x_request = x->id - x->place, y_request = y->id - y->place;

	if (x->priority != y->priority)
		return x->priority > y->priority;
	if (x_request != y_request)
		return x_request < y_request;
	return x->rank_ms != y->rank_ms ? x->rank_ms > y->rank_ms : x->id < y->id;
}

/* Room in the list for another one; what nothing is left of is given anew. */
static struct slots *find_room(struct core *core)
{
	struct slots *slots;

	for (size_t i = 1; i < core->n_executors; i++) {
		slots = core->executors[i];
		if (!slots->is_defined && slots->references == 0) {
			free(slots->name);
			return slots;
		}
	}
	slots = mem_new(1, sizeof(*slots));
	heap_init(&slots->ready, ready_is_less);
	core->executors =
	    mem_resize(core->executors, core->n_executors + 1, sizeof(struct slots *));
	core->executors[core->n_executors++] = slots;
	return slots;
}

static struct slots *add(struct core *core, const char *name)
{
	struct slots *slots = find_room(core);

	slots->name = mem_copy(name);
	slots->limit = LIMIT_NONE;
	return slots;
}

void slots_init(struct core *core)
{
	add(core, CORE_LOCAL)->is_defined = true;
}

void slots_clear(struct core *core)
{
	for (size_t i = 0; i < core->n_executors; i++) {
		heap_clear(&core->executors[i]->ready);
		free(core->executors[i]->name);
		free(core->executors[i]);
	}
	free(core->executors);
}

static struct slots *find(const struct core *core, const char *name)
{
	for (size_t i = 0; i < core->n_executors; i++)
		if (strcmp(core->executors[i]->name, name) == 0)
			return core->executors[i];
	return NULL;
}

/* One that is not defined is added. */
static struct slots *get(struct core *core, const char *name)
{
	struct slots *slots = find(core, name);

	return slots != NULL ? slots : add(core, name);
}

void core_set_executors(
    struct core *core, const struct core_executor *executors, size_t n_executors)
{
	for (size_t i = 1; i < core->n_executors; i++) {
		core->executors[i]->is_defined = false;
		core->executors[i]->limit = LIMIT_NONE;
	}
	for (size_t i = 0; i < n_executors && i < CORE_EXECUTORS_MAX; i++) {
		struct slots *slots = get(core, executors[i].name);
		slots->is_defined = true;
		slots->limit = executors[i].parallel;
	}
}

bool core_has_executor(const struct core *core, const char *name)
{
	const struct slots *slots = find(core, name);

	return slots != NULL && slots->is_defined;
}

const char *execution_executor(const struct execution *execution)
{
	return execution->slots->name;
}

void slots_assign_name(struct core *core, struct execution *execution, const char *name)
{
	execution->slots = name != NULL ? get(core, name) : core->executors[0];
	execution->slots->references++;
}

void slots_assign(struct core *core, struct execution *execution, const struct run *run)
{
	const char *name = execution->definition->executor;

	if (name == NULL && run != NULL)
		name = run->executor;
	if (name == NULL)
		name = core->options.executor;
	slots_assign_name(core, execution, name);
}

void slots_unassign(const struct execution *execution)
{
	execution->slots->references--;
}

void slots_take(struct core *core, struct execution *execution)
{
	execution->has_slot = true;
	core->n_slots_used++;
	execution->slots->n_used++;
}

void slots_give_back(struct core *core, struct execution *execution)
{
	if (!execution->has_slot)
		return;
	execution->has_slot = false;
	core->n_slots_used--;
	execution->slots->n_used--;
}

uint32_t slots_limit(const struct core *core, const struct slots *slots)
{
	return slots == core->executors[0] ? core->options.parallel : slots->limit;
}

bool slots_has_room(const struct core *core, const struct slots *slots)
{
	return core->options.is_single ? core->n_slots_used == 0
	                               : slots->n_used < slots_limit(core, slots);
}

struct execution *slots_first_local(const struct core *core)
{
	const struct heap_node *top = heap_top(&core->executors[0]->ready);

	return top != NULL ? by_ready(top) : NULL;
}

struct execution *slots_next(const struct core *core)
{
	const struct heap_node *next = NULL;

	for (size_t i = 0; i < core->n_executors; i++) {
		const struct slots *slots = core->executors[i];
		const struct heap_node *top = heap_top(&slots->ready);

		if (top != NULL && slots_has_room(core, slots) &&
		    (next == NULL || ready_is_less(top, next)))
			next = top;
	}
	return next != NULL ? by_ready(next) : NULL;
}

int slots_check(const struct core *core, const struct scope *scope, struct fault *fault)
{
	if (scope->executor == NULL || core_has_executor(core, scope->executor))
		return 0;
	fault_set(fault, FAULT_BAD_ARGUMENT, "there is no executor %s", scope->executor);
	for (size_t i = 0; i < core->n_executors; i++)
		if (core->executors[i]->is_defined)
			strings_add(&fault->names, core->executors[i]->name);
	return -1;
}

void slots_use(struct core *core, struct run *run, const struct scope *scope)
{
	if (scope->executor == NULL)
		return;
	if (run->executor != NULL && strcmp(run->executor, scope->executor) == 0)
		return;
	free(run->executor);
	run->executor = mem_copy(scope->executor);
	touch_run(core, run);
}
