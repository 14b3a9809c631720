/*
 * Locks and pools: named, over all runs. A pool has a capacity, of which an execution holds an
 * amount while it runs; a lock is a pool of 1 that need not be declared. Whoever wants several
 * takes them all or none. Each goes to the first (lock_is_before) of those that could start but for
 * locks and pools; who does not fit keeps all behind it from that pool. So no waiter is overtaken
 * by a later one, and the first waiter of all is never in the way of itself.
 *
 * Where a holder is blocked in a nested wait, it may be waiting for just what stands behind a
 * waiter. So a waiter that does not fit there keeps nobody from anything: it steps out of its
 * other lines, and in this one those behind it may have what is left.
 */
#ifndef PARPROC_CORE_LOCK_H
#define PARPROC_CORE_LOCK_H

#include "daemon/core/state.h"

TAILQ_HEAD(lock_claims, lock_claim);

struct lock_claim {
	struct heap_node in_lock; /* in the heap of fitting or of waiting; else: not in line */
	bool is_fitting;
	bool is_aside; /* it waits, but not in line: what else it wants cannot be had, or all of it
	                */
	int64_t amount;
	struct lock *lock;
	struct execution *execution;
	struct heap_node in_changed; /* the first claim of an execution: it is to be placed anew */
	TAILQ_ENTRY(lock_claim) of_holders; /* while it is held, or aside */
};

struct lock {
	UT_hash_handle by_name;
	int64_t capacity;
	int64_t used;        /* what is held; more than capacity where that was set lower since */
	int64_t promised;    /* what those that fit are going to take */
	uint32_t references; /* claims that point at it, in line or not, and being declared */
	uint32_t n_lent;     /* holders that are blocked in nested waits */
	bool is_pool;
	bool is_declared;           /* as a pool; scratch while pools are set */
	struct lock_claims holders; /* as they came */
	struct lock_claims aside;
	struct heap fitting; /* claims in line that can be had now: the last on top */
	struct heap waiting; /* the others: the first on top */
	char name[];
};

static inline struct lock_claim *lock_claim_of(const struct heap_node *node)
{
	return (struct lock_claim *)((char *)node - offsetof(struct lock_claim, in_lock));
}

void lock_init(struct core *core);
void lock_clear(struct core *core);

/* The one of that name, or NULL. */
struct lock *lock_find(const struct core *core, const char *name, bool is_pool);

/* Whether a is to have before b what both want: by priority, then the earlier requested. */
bool lock_is_before(const struct execution *a, const struct execution *b);

/* Whether its pools have as much as execution claims. */
bool lock_is_possible(const struct execution *execution);

/* Begins to wait for the locks and pools of execution, which is made ready once it can have them,
 * or where it never can: lock_check() says why. */
void lock_claim(struct core *core, struct execution *execution);

/* Takes what is claimed and can be had. */
void lock_take(struct core *core, struct execution *execution);

/* Takes it for what runs already; -1: another one that runs has the lock too. */
int lock_restore(struct core *core, struct execution *execution);

/* Gives back what it holds, or its claims: others become ready. */
void lock_release(struct core *core, struct execution *execution);

/* Takes what execution claims out of its lines, until lock_enter(): its place changes. */
void lock_leave(struct core *core, struct execution *execution);
void lock_enter(struct core *core, struct execution *execution);

/* The holder has become blocked in a nested wait, or goes on after it. */
void lock_holder_changed(struct core *core, struct execution *holder);

/* One that comes before claim, which is in line and does not fit; or NULL. */
struct execution *lock_find_before(const struct lock_claim *claim);

/* The first claim of execution that it cannot have, or NULL. */
const struct lock_claim *lock_find_unfit(const struct execution *execution);

/* Calls visit for those that keep execution, which claims something, from it; is_for_ever: of those
 * that hold something, the ones alone that it could never start beside. */
void lock_each_blocker(const struct execution *execution, bool is_for_ever,
    void (*visit)(struct execution *blocker, void *arg), void *arg);

/* The same for one that is not in line: those that it could never start beside. */
void lock_each_rival(struct core *core, const struct definition *definition, char *const *values,
    void (*visit)(struct execution *holder, void *arg), void *arg);

/* 0, or -1: it is to use a pool that is not there, or more than that has. values: NULL where they
 * are not known; what is in the place of their arguments is not looked at then. */
int lock_check(const struct core *core, const struct definition *definition, char *const *values,
    struct fault *fault);

#endif
