/* Waits and their ends; see wait.h. What makes one impossible is in blockers.c. */
#include "daemon/core/wait.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/nested.h"
#include "daemon/core/priority.h"
#include "daemon/core/registry.h"
#include "daemon/core/resolve.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/slots.h"
#include "daemon/core/touch.h"

/* Names that a wait may have which nothing has yet: each is kept meanwhile. */
#define WAIT_UNDEFINED_MAX 10000

static struct wait_item **target_list(const struct wait_item *item)
{
	if (item->member != NULL)
		return &item->member->waits;
	return item->proc ? &item->proc->name_waits : &item->run->waits;
}

static void item_link(struct wait_item *item)
{
	struct wait_item **list = target_list(item);

	item->next = *list;
	item->link = list;
	if (item->next != NULL)
		item->next->link = &item->next;
	*list = item;
}

static void item_unlink(struct wait_item *item)
{
	if (item->link == NULL)
		return;
	*item->link = item->next;
	if (item->next != NULL)
		item->next->link = item->link;
	item->next = NULL;
	item->link = NULL;
}

/* What keeps the target of an item from being forgotten while the wait lasts. */
static void item_hold(struct wait_item *item, int change)
{
	if (item->member != NULL)
		item->member->run->n_waited += (uint64_t)change;
	else if (item->proc != NULL)
		item->proc->references += (uint32_t)change;
	else
		item->run->n_waited += (uint64_t)change;
}

static struct wait_item *item_new(struct wait *wait)
{
	struct wait_item *item = mem_new(1, sizeof(*item));

	item->wait = wait;
	*wait->last_item = item;
	wait->last_item = &item->next_of_wait;
	return item;
}

static struct wait_item *add_member(struct wait *wait, struct membership *member)
{
	struct wait_item *item = item_new(wait);

	item->member = member;
	item_hold(item, 1);
	if (membership_is_complete(member))
		return item;
	item->is_pending = true;
	wait->n_pending++;
	item_link(item);
	return item;
}

/* What a process is blocked for is as urgent as that is. */
static void raise_all(struct core *core, const struct wait *wait)
{
	for (const struct wait_item *item = wait->items; item; item = item->next_of_wait)
		if (item->member != NULL && item->is_pending)
			priority_raise(core, item->member->execution, wait->asker->priority);
}

static struct wait_item *add_proc(struct wait *wait, struct proc *proc, struct run *run)
{
	struct wait_item *item = item_new(wait);

	item->proc = proc;
	item->name_run = run;
	if (run != NULL) {
		run->n_name_waits++;
		run->n_waited++;
	}
	item->is_pending = true;
	wait->n_pending++;
	item_hold(item, 1);
	item_link(item);
	return item;
}

/* The item waits no longer for a proc to come into a run. */
static void forget_name_run(struct wait_item *item)
{
	if (item->name_run == NULL)
		return;
	item->name_run->n_name_waits--;
	item->name_run->n_waited--;
	item->name_run = NULL;
}

static void add_run(struct wait *wait, struct run *run)
{
	struct wait_item *item = item_new(wait);

	item->run = run;
	item_hold(item, 1);
	if (!run_is_active(run))
		return;
	item->is_pending = true;
	wait->n_pending++;
	item_link(item);
}

static void lend(struct core *core, struct execution *execution)
{
	if (execution->is_lent)
		return;
	execution->is_lent = true;
	slots_give_back(core, execution);
	lock_holder_changed(core, execution);
	execution_update_progress(core, execution);
}

/* It goes on at once, even where that makes one more than the limit. */
static void take_back(struct core *core, struct execution *execution)
{
	if (!execution->is_lent)
		return;
	execution->is_lent = false;
	slots_take(core, execution);
	lock_holder_changed(core, execution);
	execution_update_progress(core, execution);
}

static void detach_asker(struct core *core, struct wait *wait)
{
	struct execution *asker = wait->asker;
	struct wait **link;

	if (asker == NULL)
		return;
	for (link = &asker->nested; *link != wait; link = &(*link)->next_of_asker)
		continue;
	*link = wait->next_of_asker;
	wait->asker = NULL;
	if (asker->nested == NULL && asker->state == STATE_RUNNING)
		take_back(core, asker);
}

/*
 * Lists what the wait was for. Only for whoever asks: many may wait for one large run, and a list
 * for each of them at its end would be too much.
 */
static void gather_members(struct wait *wait)
{
	size_t max = 0;

	for (struct wait_item *item = wait->items; item; item = item->next_of_wait) {
		max += item->member ? 1 : 0;
		max += item->run ? item->run->n_members : 0;
	}
	wait->members = mem_new(max, sizeof(struct membership *));
	for (struct wait_item *item = wait->items; item; item = item->next_of_wait) {
		struct membership *member;
		if (item->member != NULL)
			wait->members[wait->n_members++] = item->member;
		if (item->run == NULL)
			continue;
		TAILQ_FOREACH (member, &item->run->members, of_run)
			if (member->execution->id != wait->asker_id)
				wait->members[wait->n_members++] = member;
	}
}

static void finish(struct core *core, struct wait *wait)
{
	if (wait->is_done)
		return;
	wait->is_done = true;
	detach_asker(core, wait);
	action_emit(core, &(struct action){.kind = ACTION_WAIT_DONE, .id = wait->id});
}

static void item_done(struct core *core, struct wait_item *item)
{
	item_unlink(item);
	if (!item->is_pending)
		return;
	item->is_pending = false;
	if (--item->wait->n_pending == 0)
		finish(core, item->wait);
}

/* The item, which is linked, waits for member from here on. */
static void item_set_member(struct wait_item *item, struct membership *member)
{
	item_unlink(item);
	item_hold(item, -1);
	item->proc = NULL;
	item->member = member;
	item_hold(item, 1);
	item_link(item);
}

void wait_on_member(struct core *core, struct membership *member)
{
	struct proc *proc = member->execution->proc;
	struct wait_item *item, *next;

	for (item = proc->name_waits; item != NULL; item = next) {
		next = item->next;
		if (item->wait->run != 0 && item->wait->run != member->run->id)
			continue;
		forget_name_run(item);
		item_set_member(item, member);
		if (membership_is_complete(member))
			item_done(core, item);
		else if (item->wait->asker != NULL)
			priority_raise(core, member->execution, item->wait->asker->priority);
	}
}

/* Whether all of run is complete but for the one that waits for that. */
static bool is_rest_complete(const struct run *run, const struct execution *asker)
{
	const struct membership *own = execution_in_run(asker, run);

	return run->n_incomplete == (own != NULL && !membership_is_complete(own));
}

void wait_on_complete(struct core *core, struct membership *member)
{
	struct run *run = member->run;
	struct wait_item *item, *next;

	while ((item = member->waits) != NULL) {
		struct membership *place = execution_place(member->execution);
		/* Canceled in this run alone, it goes on in another. */
		if (item->is_anywhere && place != NULL && !membership_is_complete(place))
			item_set_member(item, place);
		else
			item_done(core, item);
	}
	for (item = run->n_incomplete <= 1 ? run->waits : NULL; item != NULL; item = next) {
		next = item->next;
		if (item->wait->asker != NULL && is_rest_complete(run, item->wait->asker))
			item_done(core, item);
	}
}

/* Nothing comes into run any more: refuses a wait for a proc that is not in it. */
static void refuse_absent(struct core *core, struct wait *wait, const struct run *run)
{
	const struct wait_item *item = wait->items;
	struct fault fault = {0};

	while (item != NULL && item->name_run != run)
		item = item->next_of_wait;
	if (item == NULL || wait->is_done)
		return;
	fault_set(&fault, FAULT_NOT_ALLOWED, "%s is not in run %llu, which is over",
	    item->proc->name, (unsigned long long)run->id);
	wait_refuse(core, wait, &fault);
}

void wait_on_run_over(struct core *core, struct run *run)
{
	struct wait *wait, *next;

	while (run->waits != NULL)
		item_done(core, run->waits);
	if (run->n_name_waits == 0)
		return;
	HASH_ITER (by_id, core->waits, wait, next)
		refuse_absent(core, wait, run);
}

void wait_on_exit(struct core *core, struct execution *execution, int64_t now_ns)
{
	(void)core;
	(void)now_ns;
	/* It stays lent until its locks are given back; nobody takes a slot back for it. */
	while (execution->nested != NULL) {
		struct wait *wait = execution->nested;
		execution->nested = wait->next_of_asker;
		wait->asker = NULL;
	}
}

void wait_extend(struct core *core, struct membership *member, struct membership *pulled)
{
	for (struct wait_item *item = member->waits; item; item = item->next) {
		bool is_there = false;
		if (!item->wait->is_extended)
			continue;
		for (struct wait_item *at = pulled->waits; at && !is_there; at = at->next)
			is_there = at->wait == item->wait;
		if (is_there)
			continue;
		add_member(item->wait, pulled);
		if (item->wait->asker != NULL)
			priority_raise(core, pulled->execution, item->wait->asker->priority);
	}
}

void wait_refuse(struct core *core, struct wait *wait, struct fault *fault)
{
	wait->fault = *fault;
	*fault = (struct fault){0};
	finish(core, wait);
}

static void wait_free(struct core *core, struct wait *wait)
{
	struct wait_item *item;

	HASH_DELETE(by_id, core->waits, wait);
	while ((item = wait->items) != NULL) {
		wait->items = item->next_of_wait;
		item_unlink(item);
		forget_name_run(item);
		item_hold(item, -1);
		if (item->proc != NULL)
			registry_release(core, item->proc);
		free(item);
	}
	fault_clear(&wait->fault);
	free(wait->members);
	free(wait);
}

static struct wait *wait_find(const struct core *core, uint64_t id)
{
	struct wait *wait;

	HASH_FIND(by_id, core->waits, &id, sizeof(id), wait);
	return wait;
}

void core_wait_end(struct core *core, uint64_t id, int64_t now_ns)
{
	struct wait *wait = wait_find(core, id);

	(void)now_ns;
	if (wait == NULL)
		return;
	detach_asker(core, wait);
	wait_free(core, wait);
	run_prune(core);
}

void core_wait_outcome(const struct core *core, uint64_t id, struct wait_outcome *outcome)
{
	struct wait *wait = wait_find(core, id);

	if (wait->members == NULL)
		gather_members(wait);
	*outcome = (struct wait_outcome){.is_ok = true,
	    .run = wait->run,
	    .members = (const struct membership *const *)wait->members,
	    .n_members = wait->n_members};
	for (size_t i = 0; i < wait->n_members; i++)
		outcome->is_ok &= membership_is_success(wait->members[i]);
	if (wait->fault.code != FAULT_NONE) {
		outcome->fault = &wait->fault;
		outcome->is_ok = false;
	}
}

int wait_check(struct core *core, const struct nested *nested, struct fault *fault)
{
	struct execution *asker = nested->asker;
	bool was_lent = asker->is_lent;

	/* Who needs a lock of the asker makes way for others while it waits: that counts. */
	lend(core, asker);
	int result = nested_check(core, nested, fault);
	if (!was_lent)
		take_back(core, asker);
	return result;
}

/*
 * A nested wait starts what it names and what is idle: of its items those for procs that are not in
 * the run yet, which this makes items for members. Refused as a whole, also where the wait could
 * never end.
 */
static int start_idle(struct core *core, const struct wait *wait,
    const struct wait_request *request, struct run *run, struct fault *fault)
{
	struct scope scope = request->scope;
	struct search search = {.core = core,
	    .run = run,
	    .params = scope.params ? scope.params : "{}",
	    .answers = &request->answers,
	    .fault = fault};
	struct nested nested = {.asker = wait->asker, .search = &search};
	struct proc **roots = mem_new(request->n_names, sizeof(struct proc *));
	size_t n_roots = 0;

	for (const struct wait_item *item = wait->items; item; item = item->next_of_wait)
		if (item->name_run != NULL && item->proc->is_defined)
			roots[n_roots++] = item->proc;
	if (n_roots == 0)
		nested.search = NULL;
	int result = n_roots > 0 ? search_run(&search, roots, n_roots) : 0;
	if (result == 0)
		result = wait_check(core, &nested, fault);
	if (result == 0 && n_roots > 0) {
		resolve_commit(&search, &scope);
		missing_note_created(core);
		registry_keep_created(core);
		settle_all(core, scope.now_ns);
	}
	search_clear(&search);
	registry_undo_created(core);
	free(roots);
	return result;
}

static int add_names(struct core *core, struct wait *wait, const struct wait_request *request,
    struct run *run, struct fault *fault)
{
	size_t n_undefined = 0;

	for (size_t i = 0; i < request->n_names; i++) {
		struct proc *proc = registry_get(core, request->names[i]);
		struct membership *member = NULL;
		struct wait_item *item;

		n_undefined += !proc->is_defined;
		if (n_undefined > WAIT_UNDEFINED_MAX) {
			registry_release(core, proc);
			return fault_set(fault, FAULT_LIMIT, "more than %d names that nothing has",
			    WAIT_UNDEFINED_MAX);
		}
		if (run != NULL)
			member = core_find_member(run, proc);
		else if (proc->newest != NULL)
			member = execution_place(proc->newest);
		if (member == NULL && run != NULL && !run_is_active(run)) {
			registry_release(core, proc);
			return fault_set(fault,
			    request->scope.run != 0 ? FAULT_NOT_ALLOWED : FAULT_NOT_FOUND,
			    "%s is not in run %llu, which is over", request->names[i],
			    (unsigned long long)run->id);
		}
		item = member != NULL ? add_member(wait, member) : add_proc(wait, proc, run);
		item->is_anywhere = run == NULL;
	}
	return 0;
}

/* All that are active now, or those that were when this was asked first and are still known. */
static void add_runs(struct core *core, struct wait *wait, const struct wait_request *request)
{
	struct run *run;

	for (size_t i = 0; i < request->n_runs; i++) {
		run = core_find_run(core, request->runs[i]);
		if (run != NULL)
			add_run(wait, run);
	}
	if (request->is_again)
		return;
	TAILQ_FOREACH (run, &core->active, of_order)
		add_run(wait, run);
}

static int add_targets(struct core *core, struct wait *wait, const struct wait_request *request,
    struct run *run, struct fault *fault)
{
	if (request->pulled != NULL) {
		for (size_t i = 0; i < request->n_pulled; i++)
			add_member(wait, request->pulled[i]);
		return 0;
	}
	if (request->n_names > 0)
		return add_names(core, wait, request, run, fault);
	if (run == NULL) {
		add_runs(core, wait, request);
		return 0;
	}
	if (wait->asker == NULL && run->holds > 0 && !request->is_again) {
		run_release(core, run, false);
		run_check_quiet(core, run);
		run_check_over(core, run, request->scope.now_ns);
	}
	add_run(wait, run);
	return 0;
}

static bool is_over_at_once(const struct wait *wait)
{
	const struct wait_item *item = wait->items;

	if (wait->n_pending == 0)
		return true;
	return wait->asker != NULL && wait->n_pending == 1 && item->run != NULL &&
	       is_rest_complete(item->run, wait->asker);
}

int core_wait(
    struct core *core, const struct wait_request *request, uint64_t *id, struct fault *fault)
{
	struct execution *asker =
	    request->scope.exec ? core_find_execution(core, request->scope.exec) : NULL;
	struct run *run = NULL;
	struct wait *wait;

	if (request->pulled != NULL)
		run = core_find_run(core, request->run);
	else if (core_look_run(core, &request->scope, &run, fault) != 0)
		return -1;
	if (asker != NULL && asker->state != STATE_RUNNING)
		asker = NULL;
	wait = mem_new(1, sizeof(*wait));
	wait->id = core->next_wait++;
	wait->run = run ? run->id : 0;
	wait->last_item = &wait->items;
	wait->is_extended = request->pulled != NULL;
	wait->asker = asker;
	wait->asker_id = asker ? asker->id : 0;
	HASH_ADD(by_id, core->waits, id, sizeof(wait->id), wait);
	if (asker != NULL) {
		wait->next_of_asker = asker->nested;
		asker->nested = wait;
	}
	int result = add_targets(core, wait, request, run, fault);
	if (result == 0 && asker != NULL && !is_over_at_once(wait))
		result = start_idle(core, wait, request, run, fault);
	if (result == 0 && is_over_at_once(wait))
		finish(core, wait);
	else if (result == 0 && asker != NULL) {
		lend(core, asker);
		raise_all(core, wait);
	}
	if (result == 0) {
		*id = wait->id;
	} else {
		detach_asker(core, wait);
		wait_free(core, wait);
	}
	return result;
}

void wait_clear(struct core *core)
{
	struct wait *wait, *next;

	HASH_ITER (by_id, core->waits, wait, next) {
		wait->asker = NULL;
		wait_free(core, wait);
	}
}
