/* Names that executions wait for to be defined; see missing.h. */
#include "daemon/core/missing.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/expand.h"
#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"
#include "daemon/core/resolve.h"
#include "daemon/core/settle.h"
#include "daemon/core/touch.h"

int missing_check(const struct core *core, const char *name, struct fault *fault)
{
	return name_check(name, NAME_CONCRETE, core->separator, fault);
}

uint64_t missing_mark(struct core *core, const struct execution *execution)
{
	uint64_t stamp = ++core->visit;

	for (const struct missing *at = execution->missing; at; at = at->next_of_execution)
		at->proc->visit = stamp;
	return stamp;
}

void missing_add(struct core *core, struct execution *execution, struct proc *proc)
{
	struct missing *missing;

	/* Those of one request come one after the other. */
	if (proc->missing != NULL && proc->missing->execution == execution) {
		proc->references--;
		return;
	}
	missing = mem_new(1, sizeof(*missing));
	if (proc->missing == NULL)
		index_add(core->missing, proc->name, proc);
	*missing = (struct missing){execution, proc, execution->missing, proc->missing};
	execution->missing = missing;
	proc->missing = missing;
	execution->n_missing++;
	core->n_missing++;
	touch_execution(core, execution);
}

static void missing_unlink(struct core *core, struct missing *missing)
{
	struct proc *proc = missing->proc;
	struct missing **link;

	for (link = &proc->missing; *link != missing; link = &(*link)->next_of_proc)
		continue;
	*link = missing->next_of_proc;
	for (link = &missing->execution->missing; *link != missing;
	     link = &(*link)->next_of_execution)
		continue;
	*link = missing->next_of_execution;
	missing->execution->n_missing--;
	core->n_missing--;
	touch_execution(core, missing->execution);
	if (proc->missing == NULL)
		index_remove(core->missing, proc->name, proc);
	proc->references--;
	registry_release(core, proc);
	free(missing);
}

void missing_drop(struct core *core, struct execution *execution)
{
	while (execution->missing != NULL)
		missing_unlink(core, execution->missing);
}

void missing_note_proc(struct core *core, const struct proc *proc)
{
	if (proc->missing != NULL)
		strings_add(&core->appeared, proc->name);
}

void missing_note_created(struct core *core)
{
	for (size_t i = 0; i < core->n_created; i++)
		missing_note_proc(core, core->created[i]);
}

static bool note_visit(void *item, void *arg)
{
	const struct proc *proc = item;

	strings_add(arg, proc->name);
	return true;
}

void missing_note_proto(struct core *core, const char *pattern)
{
	index_find_names(core->missing, pattern, note_visit, &core->appeared);
}

/* An execution that waits for a name that has appeared; it may be gone when its turn comes. */
struct waiter {
	uint64_t exec;
	struct proc *proc; /* a reference */
};

static int waiter_compare(const void *a, const void *b)
{
	const struct waiter *x = a, *y = b;

	if (x->exec != y->exec)
		return x->exec < y->exec ? -1 : 1;
	return strcmp(x->proc->name, y->proc->name);
}

/* Turns the list of who waits for proc, which has the newest first, so that each is soon found. */
static void reverse(struct proc *proc)
{
	struct missing *rest = proc->missing, *next;

	proc->missing = NULL;
	for (; rest != NULL; rest = next) {
		next = rest->next_of_proc;
		rest->next_of_proc = proc->missing;
		proc->missing = rest;
	}
}

/* All that wait for those names, in the order in which they were requested. */
static struct waiter *list_waiters(struct core *core, const struct strings *names, size_t *count)
{
	struct waiter *waiters = NULL;
	uint64_t stamp = ++core->visit;
	size_t max = 0;

	*count = 0;
	for (size_t i = 0; i < names->count; i++) {
		struct proc *proc = registry_find(core, names->items[i]);
		if (proc == NULL || proc->visit == stamp)
			continue;
		proc->visit = stamp;
		reverse(proc);
		for (const struct missing *at = proc->missing; at; at = at->next_of_proc) {
			if (*count == max) {
				max = max ? 2 * max : 16;
				waiters = mem_resize(waiters, max, sizeof(*waiters));
			}
			waiters[(*count)++] = (struct waiter){at->execution->id, proc};
			proc->references++;
		}
	}
	if (*count > 0)
		qsort(waiters, *count, sizeof(*waiters), waiter_compare);
	return waiters;
}

/* Whether something of that name can be had now. */
static bool is_there(const struct core *core, const struct proc *proc)
{
	struct proto *proto;

	return proc->is_defined || registry_find_proto(core, proc->name) != NULL ||
	       registry_match(core, proc->name, &proto, 1) > 0;
}

static void settle_one(struct core *core, const struct waiter *waiter, int64_t now_ns)
{
	struct missing *missing = waiter->proc->missing;
	struct strings names = {0};

	while (missing != NULL && missing->execution->id != waiter->exec)
		missing = missing->next_of_proc;
	if (missing == NULL || !is_there(core, waiter->proc))
		return;
	struct execution *execution = missing->execution;
	strings_add(&names, waiter->proc->name);
	missing_unlink(core, missing);
	resolve_late(core, execution, &names, NULL, now_ns);
	strings_clear(&names);
}

bool missing_settle(struct core *core, int64_t now_ns)
{
	struct strings appeared = core->appeared;
	size_t count;

	if (appeared.count == 0)
		return false;
	core->appeared = (struct strings){0};
	struct waiter *waiters = list_waiters(core, &appeared, &count);
	for (size_t i = 0; i < count; i++) {
		settle_all(core, now_ns); /* nothing that has just failed may be joined */
		settle_one(core, &waiters[i], now_ns);
		waiters[i].proc->references--;
		registry_release(core, waiters[i].proc);
	}
	free(waiters);
	strings_clear(&appeared);
	return true;
}
