/* Locks, pools and who waits for them; see lock.h. */
#include "daemon/core/lock.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/ready.h"

static struct execution *by_changed(const struct heap_node *node)
{
	return ((struct lock_claim *)((char *)node - offsetof(struct lock_claim, in_changed)))
	    ->execution;
}

bool lock_is_before(const struct execution *a, const struct execution *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
}

static bool claim_is_before(const struct heap_node *a, const struct heap_node *b)
{
	return lock_is_before(lock_claim_of(a)->execution, lock_claim_of(b)->execution);
}

static bool claim_is_behind(const struct heap_node *a, const struct heap_node *b)
{
	return claim_is_before(b, a);
}

static bool changed_is_before(const struct heap_node *a, const struct heap_node *b)
{
	return lock_is_before(by_changed(a), by_changed(b));
}

void lock_init(struct core *core)
{
	heap_init(&core->changed_claims, changed_is_before);
}

/* --- locks and pools --- */

struct lock *lock_find(const struct core *core, const char *name, bool is_pool)
{
	struct lock *lock;

	HASH_FIND(by_name, is_pool ? core->pools : core->locks, name, strlen(name), lock);
	return lock;
}

static struct lock *lock_get(struct core *core, const char *name, bool is_pool)
{
	struct lock *lock = lock_find(core, name, is_pool);
	size_t length = strlen(name);

	if (lock != NULL)
		return lock;
	lock = mem_new(1, sizeof(*lock) + length + 1);
	memcpy(lock->name, name, length);
	lock->is_pool = is_pool;
	lock->capacity = is_pool ? 0 : 1;
	TAILQ_INIT(&lock->holders);
	TAILQ_INIT(&lock->aside);
	heap_init(&lock->fitting, claim_is_behind);
	heap_init(&lock->waiting, claim_is_before);
	if (is_pool)
		HASH_ADD(by_name, core->pools, name, length, lock);
	else
		HASH_ADD(by_name, core->locks, name, length, lock);
	return lock;
}

static void lock_free(struct core *core, struct lock *lock)
{
	if (lock->is_pool)
		HASH_DELETE(by_name, core->pools, lock);
	else
		HASH_DELETE(by_name, core->locks, lock);
	heap_clear(&lock->fitting);
	heap_clear(&lock->waiting);
	free(lock);
}

static void lock_unref(struct core *core, struct lock *lock)
{
	if (--lock->references == 0)
		lock_free(core, lock);
}

void lock_clear(struct core *core)
{
	struct lock *lock, *next;

	HASH_ITER (by_name, core->locks, lock, next)
		lock_free(core, lock);
	HASH_ITER (by_name, core->pools, lock, next)
		lock_free(core, lock);
	heap_clear(&core->changed_claims);
}

/* --- who fits --- */

/* Whether claim could be had if nothing was promised to those behind it. */
static bool has_room(const struct lock_claim *claim)
{
	const struct lock *lock = claim->lock;

	return claim->amount <= lock->capacity - lock->used - lock->promised;
}

static void note_changed(struct core *core, struct execution *execution)
{
	if (!heap_has(&execution->claims[0].in_changed))
		heap_push(&core->changed_claims, &execution->claims[0].in_changed);
}

/* Moves claim to those that fit, or back. */
static void set_fitting(struct core *core, struct lock_claim *claim, bool is_fitting)
{
	struct lock *lock = claim->lock;

	heap_remove(claim->is_fitting ? &lock->fitting : &lock->waiting, &claim->in_lock);
	claim->is_fitting = is_fitting;
	lock->promised += is_fitting ? claim->amount : -claim->amount;
	heap_push(is_fitting ? &lock->fitting : &lock->waiting, &claim->in_lock);
	note_changed(core, claim->execution);
}

/* Has those fit that come first, and nobody behind the first that does not. */
static void deal_in_order(struct core *core, struct lock *lock)
{
	struct heap_node *top;

	while (lock->used + lock->promised > lock->capacity &&
	       (top = heap_top(&lock->fitting)) != NULL)
		set_fitting(core, lock_claim_of(top), false);
	while ((top = heap_top(&lock->waiting)) != NULL && has_room(lock_claim_of(top)))
		set_fitting(core, lock_claim_of(top), true);
}

/* Has everyone fit for whom those before him leave enough. */
static void deal_to_all(struct core *core, struct lock *lock)
{
	size_t count = 0, max = lock->waiting.count + lock->fitting.count;
	struct lock_claim **unfit = mem_new(max, sizeof(struct lock_claim *));
	struct heap_node *top;

	while ((top = heap_top(&lock->fitting)) != NULL)
		set_fitting(core, lock_claim_of(top), false);
	while (lock->used + lock->promised < lock->capacity &&
	       (top = heap_top(&lock->waiting)) != NULL) {
		if (has_room(lock_claim_of(top))) {
			set_fitting(core, lock_claim_of(top), true);
			continue;
		}
		unfit[count++] = lock_claim_of(top);
		heap_remove(&lock->waiting, top);
	}
	while (count > 0)
		heap_push(&lock->waiting, &unfit[--count]->in_lock);
	free(unfit);
}

static void deal(struct core *core, struct lock *lock)
{
	if (lock->n_lent == 0)
		deal_in_order(core, lock);
	else if (lock->waiting.count > 0 || lock->used + lock->promised > lock->capacity)
		deal_to_all(core, lock);
}

static void unset_aside(struct lock_claim *claim)
{
	if (claim->is_aside)
		TAILQ_REMOVE(&claim->lock->aside, claim, of_holders);
	claim->is_aside = false;
}

/* Puts claim in line; who comes later may not fit any more. */
static void claim_enter(struct core *core, struct lock_claim *claim)
{
	struct lock *lock = claim->lock;
	const struct heap_node *last = heap_top(&lock->fitting);

	if (heap_has(&claim->in_lock))
		return;
	unset_aside(claim);
	claim->is_fitting = false;
	heap_push(&lock->waiting, &claim->in_lock);
	if (has_room(claim) && (lock->n_lent > 0 || heap_top(&lock->waiting) == &claim->in_lock)) {
		set_fitting(core, claim, true);
	} else if (last != NULL && claim_is_before(&claim->in_lock, last)) {
		set_fitting(core, claim, true); /* that is too much, for those behind it */
		deal(core, lock);
	}
}

static void claim_leave(struct core *core, struct lock_claim *claim)
{
	struct lock *lock = claim->lock;

	if (!heap_has(&claim->in_lock))
		return;
	heap_remove(claim->is_fitting ? &lock->fitting : &lock->waiting, &claim->in_lock);
	TAILQ_INSERT_TAIL(&lock->aside, claim, of_holders);
	claim->is_aside = true;
	if (!claim->is_fitting && lock->n_lent > 0)
		return; /* it was in nobody's way */
	lock->promised -= claim->is_fitting ? claim->amount : 0;
	claim->is_fitting = false;
	deal(core, lock);
}

static void claim_set_aside(struct core *core, struct lock_claim *claim)
{
	claim_leave(core, claim);
	if (!claim->is_aside)
		TAILQ_INSERT_TAIL(&claim->lock->aside, claim, of_holders);
	claim->is_aside = true;
}

/* --- who waits --- */

bool lock_is_possible(const struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_claims; i++)
		if (execution->claims[i].amount > execution->claims[i].lock->capacity)
			return false;
	return true;
}

/* Puts the claims of a waiter where they belong: all in line, or those alone that do not fit since
 * a holder is lent. It is ready when all fit, or when it can only fail. */
static void place(struct core *core, struct execution *execution)
{
	bool is_parked = false, fits = true;

	if (!lock_is_possible(execution)) {
		for (uint32_t i = 0; i < execution->n_claims; i++)
			claim_set_aside(core, &execution->claims[i]);
		if (!execution->is_ready)
			ready_push(core, execution);
		return;
	}
	for (uint32_t i = 0; i < execution->n_claims; i++)
		claim_enter(core, &execution->claims[i]);
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		const struct lock_claim *claim = &execution->claims[i];
		fits &= claim->is_fitting;
		is_parked |= !claim->is_fitting && claim->lock->n_lent > 0;
	}
	for (uint32_t i = 0; is_parked && i < execution->n_claims; i++) {
		struct lock_claim *claim = &execution->claims[i];
		if (claim->is_fitting || claim->lock->n_lent == 0)
			claim_leave(core, claim);
	}
	if (fits && !execution->is_ready)
		ready_push(core, execution);
	else if (!fits && execution->is_ready)
		ready_withdraw(core, execution);
}

/*
 * Places all whose claims came to fit, or do not any more. That concerns nobody but those behind
 * who is placed, so that one after the other, in their order, is once enough.
 */
static void place_changed(struct core *core)
{
	struct heap_node *top;

	while ((top = heap_top(&core->changed_claims)) != NULL) {
		struct execution *execution = by_changed(top);
		place(core, execution);
		heap_remove(&core->changed_claims, top);
	}
}

/* All that wait for lock are placed anew: one of its holders was lent, or none is any more. */
static void place_all(struct core *core, struct lock *lock)
{
	struct heap_node *top;

	while ((top = heap_top(&lock->fitting)) != NULL)
		set_fitting(core, lock_claim_of(top), false);
	for (uint32_t i = 0; i < lock->waiting.count; i++)
		note_changed(core, lock_claim_of(lock->waiting.nodes[i])->execution);
	deal(core, lock);
}

/* --- claims --- */

static void add_claim(
    struct core *core, struct execution *execution, char *name, bool is_pool, int64_t amount)
{
	struct lock *lock = lock_get(core, name, is_pool);
	struct lock_claim *claims = execution->claims;

	free(name);
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		if (claims[i].lock != lock)
			continue;
		claims[i].amount += is_pool ? amount : 0;
		return;
	}
	claims[execution->n_claims++] =
	    (struct lock_claim){.lock = lock, .execution = execution, .amount = amount};
	lock->references++;
}

/* Makes its claims, which stand in no line yet. */
static void make_claims(struct core *core, struct execution *execution)
{
	const struct definition *definition = execution->definition;

	execution->claims =
	    mem_new(definition->locks.count + definition->n_uses, sizeof(*execution->claims));
	for (size_t i = 0; i < definition->locks.count; i++)
		add_claim(core, execution,
		    definition_fill(definition, execution->values, definition->locks.items[i]),
		    false, 1);
	for (size_t i = 0; i < definition->n_uses; i++)
		add_claim(core, execution,
		    definition_fill(definition, execution->values, definition->uses[i].pool), true,
		    definition->uses[i].amount);
}

static void drop_claims(struct core *core, struct execution *execution)
{
	heap_remove(&core->changed_claims, &execution->claims[0].in_changed);
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		unset_aside(&execution->claims[i]);
		lock_unref(core, execution->claims[i].lock);
	}
	free(execution->claims);
	execution->claims = NULL;
	execution->n_claims = 0;
}

void lock_claim(struct core *core, struct execution *execution)
{
	if (execution->claims == NULL)
		make_claims(core, execution);
	place(core, execution);
	place_changed(core);
}

static void hold(struct lock_claim *claim)
{
	struct lock *lock = claim->lock;

	lock->used += claim->amount;
	TAILQ_INSERT_TAIL(&lock->holders, claim, of_holders);
}

void lock_take(struct core *core, struct execution *execution)
{
	(void)core;
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		struct lock_claim *claim = &execution->claims[i];
		heap_remove(&claim->lock->fitting, &claim->in_lock);
		claim->is_fitting = false;
		claim->lock->promised -= claim->amount;
		hold(claim);
	}
	execution->has_locks = true;
}

int lock_restore(struct core *core, struct execution *execution)
{
	int result = 0;

	make_claims(core, execution);
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		struct lock_claim *claim = &execution->claims[i];
		if ((!claim->lock->is_pool && claim->lock->used > 0) ||
		    claim->lock->used > INT64_MAX - claim->amount) {
			result = -1;
			continue;
		}
		hold(claim);
	}
	execution->has_locks = true;
	return result;
}

static void give_back(struct core *core, struct execution *execution, struct lock_claim *claim)
{
	struct lock *lock = claim->lock;

	TAILQ_REMOVE(&lock->holders, claim, of_holders);
	lock->used -= claim->amount;
	if (execution->is_lent && --lock->n_lent == 0)
		place_all(core, lock);
	deal(core, lock);
}

void lock_release(struct core *core, struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		if (execution->has_locks)
			give_back(core, execution, &execution->claims[i]);
		else
			claim_leave(core, &execution->claims[i]);
	}
	execution->has_locks = false;
	drop_claims(core, execution);
	place_changed(core);
}

void lock_leave(struct core *core, struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_claims; i++)
		claim_leave(core, &execution->claims[i]);
	heap_remove(&core->changed_claims, &execution->claims[0].in_changed);
}

void lock_enter(struct core *core, struct execution *execution)
{
	place(core, execution);
	place_changed(core);
}

void lock_holder_changed(struct core *core, struct execution *holder)
{
	if (!holder->has_locks)
		return;
	for (uint32_t i = 0; i < holder->n_claims; i++) {
		struct lock *lock = holder->claims[i].lock;
		lock->n_lent += holder->is_lent ? 1 : (uint32_t)-1;
		if (lock->n_lent == holder->is_lent)
			place_all(core, lock);
	}
	place_changed(core);
}

/* --- what pools there are --- */

/* All that wait for lock, in line or aside, are placed anew. */
static void change_all(struct core *core, struct lock *lock)
{
	const struct heap *heaps[] = {&lock->waiting, &lock->fitting};
	struct lock_claim *claim;

	for (size_t i = 0; i < 2; i++)
		for (uint32_t j = 0; j < heaps[i]->count; j++)
			note_changed(core, lock_claim_of(heaps[i]->nodes[j])->execution);
	TAILQ_FOREACH (claim, &lock->aside, of_holders)
		note_changed(core, claim->execution);
	deal(core, lock);
}

void core_set_pools(struct core *core, const struct pool_limit *pools, size_t count)
{
	struct lock *lock, *next;

	HASH_ITER (by_name, core->pools, lock, next) {
		lock->references += !lock->is_declared; /* until the end of this */
		lock->is_declared = false;
		lock->capacity = 0;
	}
	for (size_t i = 0; i < count; i++) {
		lock = lock_get(core, pools[i].name, true);
		lock->references += lock->references == 0;
		lock->is_declared = true;
		lock->capacity = pools[i].capacity;
	}
	HASH_ITER (by_name, core->pools, lock, next)
		change_all(core, lock);
	place_changed(core);
	HASH_ITER (by_name, core->pools, lock, next)
		if (!lock->is_declared)
			lock_unref(core, lock);
}
