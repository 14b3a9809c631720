/*
 * Standing by: where very short processes follow each other, what comes next is handed over before
 * it has a slot, and starts in the place of one that ends, without a way through the scheduler in
 * between. It is WANTED until it is said to be promoted, but counts as begun: nothing can come
 * before it any more. What lasts, or is not plain, is not worth that: it starts the common way.
 *
 * Where nothing else is ready, what still waits for dependencies stands by too, if all of these run
 * or stand by: it follows them (n_pending says how many), and starts once they have succeeded. If
 * one of them fails it is given back, and does then what it would have done.
 */
#ifndef PARPROC_CORE_STANDBY_H
#define PARPROC_CORE_STANDBY_H

#include "daemon/core/state.h"

/* What is that short may be followed by what stands by; so is expected whatever stands by. */
#define STANDBY_SHORT_NS (INT64_C(5) * 1000000)

/* What waits for more than so many does not follow; nor does what has more than so many at all, nor
 * is it looked for among more dependents: so it costs little to look. */
#define STANDBY_AFTER_MAX 4
#define STANDBY_DEPS_MAX 16

/* Notes that it was started: what comes after it may stand by. */
void standby_note_start(struct core *core, const struct execution *execution);

/* Notes how long an attempt took, from the start of its process to its end. */
void standby_note_end(struct core *core, const struct execution *execution, int64_t duration_ns);

/* Hands over what is next, if all slots are taken and that is worth it. */
void standby_fill(struct core *core);

/* The one that has a slot now, though nothing has ended in whose place it could start; or NULL. */
struct execution *standby_due(struct core *core);

/* It stands by no longer. */
void standby_leave(struct core *core, struct execution *execution);

/* It is to be canceled: it is not started any more unless that has happened. */
void standby_withhold(struct core *core, struct execution *execution);

#endif
