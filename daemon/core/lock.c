/* Locks and who waits for them; see lock.h. */
#include "daemon/core/lock.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/ready.h"

static struct lock_claim *claim_of(const struct heap_node *node)
{
	return (struct lock_claim *)((char *)node - offsetof(struct lock_claim, in_lock));
}

static bool claim_is_less(const struct heap_node *a, const struct heap_node *b)
{
	return claim_of(a)->execution->id < claim_of(b)->execution->id;
}

static struct lock *lock_get(struct core *core, const char *name)
{
	struct lock *lock;
	size_t length = strlen(name);

	HASH_FIND(by_name, core->locks, name, length, lock);
	if (lock != NULL)
		return lock;
	lock = mem_new(1, sizeof(*lock) + length + 1);
	memcpy(lock->name, name, length);
	heap_init(&lock->claims, claim_is_less);
	HASH_ADD(by_name, core->locks, name, length, lock);
	return lock;
}

static void lock_unref(struct core *core, struct lock *lock)
{
	if (--lock->references > 0)
		return;
	HASH_DELETE(by_name, core->locks, lock);
	heap_clear(&lock->claims);
	free(lock);
}

static bool can_take(const struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		const struct lock_claim *claim = &execution->claims[i];
		if (claim->lock->holder != NULL ||
		    heap_top(&claim->lock->claims) != &claim->in_lock)
			return false;
	}
	return true;
}

/* Whoever comes first for lock starts if that was all that it waited for. */
static void lock_offer(struct core *core, struct lock *lock)
{
	struct heap_node *top = heap_top(&lock->claims);

	if (top == NULL)
		return;
	struct execution *execution = claim_of(top)->execution;
	if (!execution->is_ready && can_take(execution))
		ready_push(core, execution);
}

/* Puts claim in line; whoever was ready to take that lock and comes later waits again. */
static void claim_enter(struct core *core, struct lock_claim *claim)
{
	struct heap_node *before = heap_top(&claim->lock->claims);

	if (heap_has(&claim->in_lock))
		return;
	heap_push(&claim->lock->claims, &claim->in_lock);
	if (before == NULL || heap_top(&claim->lock->claims) == before)
		return;
	struct execution *displaced = claim_of(before)->execution;
	if (displaced->is_ready)
		ready_withdraw(core, displaced);
}

static void claim_leave(struct core *core, struct lock_claim *claim)
{
	if (!heap_has(&claim->in_lock))
		return;
	heap_remove(&claim->lock->claims, &claim->in_lock);
	lock_offer(core, claim->lock);
}

static bool is_lent(const struct lock *lock)
{
	return lock->holder != NULL && lock->holder->is_lent;
}

/* Puts the claims of a waiter where they belong: all in line, or those alone whose holder is lent.
 */
static void claims_place(struct core *core, struct execution *execution)
{
	bool is_parked = false;

	for (uint32_t i = 0; i < execution->n_claims; i++)
		is_parked |= is_lent(execution->claims[i].lock);
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		struct lock_claim *claim = &execution->claims[i];
		if (!is_parked || is_lent(claim->lock))
			claim_enter(core, claim);
		else
			claim_leave(core, claim);
	}
}

bool lock_claim(struct core *core, struct execution *execution)
{
	const struct strings *locks = &execution->definition->locks;
	uint32_t count = 0;

	if (execution->claims == NULL) {
		execution->claims = mem_new(locks->count, sizeof(*execution->claims));
		for (size_t i = 0; i < locks->count; i++) {
			char *name = definition_fill(
			    execution->definition, execution->values, locks->items[i]);
			struct lock *lock = lock_get(core, name);
			uint32_t twice = 0;
			while (twice < count && execution->claims[twice].lock != lock)
				twice++;
			if (twice == count) {
				execution->claims[count++] =
				    (struct lock_claim){.lock = lock, .execution = execution};
				lock->references++;
			}
			free(name);
		}
		execution->n_claims = count;
	}
	claims_place(core, execution);
	return can_take(execution);
}

void lock_take(struct core *core, struct execution *execution)
{
	(void)core;
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		struct lock_claim *claim = &execution->claims[i];
		heap_remove(&claim->lock->claims, &claim->in_lock);
		claim->lock->holder = execution;
	}
	execution->has_locks = true;
}

/* All that wait for lock are placed anew: its holder was lent, or is not any more. */
static void lock_place_waiters(struct core *core, struct lock *lock)
{
	uint32_t count = lock->claims.count;
	struct execution **waiters = mem_new(count, sizeof(struct execution *));

	for (uint32_t i = 0; i < count; i++)
		waiters[i] = claim_of(lock->claims.nodes[i])->execution;
	for (uint32_t i = 0; i < count; i++)
		claims_place(core, waiters[i]);
	free(waiters);
}

void lock_release(struct core *core, struct execution *execution)
{
	struct lock_claim *claims = execution->claims;
	uint32_t count = execution->n_claims;

	execution->claims = NULL;
	execution->n_claims = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (execution->has_locks)
			claims[i].lock->holder = NULL;
		else
			heap_remove(&claims[i].lock->claims, &claims[i].in_lock);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (execution->has_locks && execution->is_lent)
			lock_place_waiters(core, claims[i].lock);
		lock_offer(core, claims[i].lock);
		lock_unref(core, claims[i].lock);
	}
	execution->has_locks = false;
	free(claims);
}

void lock_holder_changed(struct core *core, struct execution *holder)
{
	if (!holder->has_locks)
		return;
	for (uint32_t i = 0; i < holder->n_claims; i++)
		lock_place_waiters(core, holder->claims[i].lock);
}

struct execution *lock_find_blocker(const struct execution *execution, const struct lock **blocked)
{
	for (uint32_t i = 0; i < execution->n_claims; i++) {
		const struct lock *lock = execution->claims[i].lock;
		const struct heap_node *top = heap_top(&lock->claims);
		*blocked = lock;
		if (lock->holder != NULL)
			return lock->holder;
		if (top != NULL && claim_of(top)->execution != execution)
			return claim_of(top)->execution;
	}
	*blocked = NULL;
	return NULL;
}

struct execution *lock_blocker(const struct execution *execution)
{
	const struct lock *lock;

	return lock_find_blocker(execution, &lock);
}
