/*
 * Locks: named, held by one execution each, over all runs. Whoever wants several takes them all or
 * none. Each lock goes to the earliest requested of those that could start but for locks; so no
 * waiter is overtaken by a later one, and the earliest waiter of all is never in the way of itself.
 * A waiter for a lock whose holder is blocked in a nested wait keeps nobody from its other locks:
 * the holder may be waiting for just that.
 */
#ifndef PARPROC_CORE_LOCK_H
#define PARPROC_CORE_LOCK_H

#include "daemon/core/state.h"

struct lock {
	UT_hash_handle by_name;
	struct execution *holder;
	uint32_t references; /* claims that point at it, in line or not */
	struct heap claims;  /* of those that wait, the earliest requested on top */
	char name[];
};

struct lock_claim {
	struct heap_node in_lock;
	struct lock *lock;
	struct execution *execution;
};

/* Begins to wait for the locks of execution; true if it could take them all now. */
bool lock_claim(struct core *core, struct execution *execution);

/* Takes the locks that are claimed and can be taken. */
void lock_take(struct core *core, struct execution *execution);

/* Gives back its locks, or its claims: others become ready. */
void lock_release(struct core *core, struct execution *execution);

/* The holder has become blocked in a nested wait, or goes on after it. */
void lock_holder_changed(struct core *core, struct execution *holder);

/* The earliest requested other execution that keeps this one, which claims locks, from one; or
 * NULL. */
struct execution *lock_blocker(const struct execution *execution);

/* The same, and which lock it is. */
struct execution *lock_find_blocker(const struct execution *execution, const struct lock **blocked);

#endif
