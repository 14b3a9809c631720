/*
 * What follows when an execution is complete: its runs count it out, its dependents go on or fail,
 * who waits for it hears. Long chains are worked off a list, never by recursion.
 */
#ifndef PARPROC_CORE_SETTLE_H
#define PARPROC_CORE_SETTLE_H

#include "daemon/core/state.h"

/* Completes execution as failed. info may be NULL. */
void settle_fail(struct core *core, struct execution *execution, enum execution_error error,
    const char *info, int64_t now_ns);

/* Completes as failed what was told to end, for the reason that was given then. */
void settle_ending(struct core *core, struct execution *execution, int64_t now_ns);

/* Completes it as succeeded. */
void settle_succeed(struct core *core, struct execution *execution, int64_t now_ns);

/* Completes it in that state; error and info say why where it failed. */
void settle(struct core *core, struct execution *execution, enum execution_state state,
    enum execution_error error, const char *info, int64_t now_ns);

/* Has it count as failed in one of its runs, with what depends on it there; others go on with it.
 */
void settle_in_run(struct core *core, struct membership *member, enum execution_error error,
    const char *info, int64_t now_ns);

/* The same of a member one of whose dependencies has failed in its run: it fails for good if that
 * has failed everywhere, or nobody else wants it. */
void settle_dep_failed(
    struct core *core, struct membership *member, struct execution *failed, int64_t now_ns);

/* Tells all that those complete touch. */
void settle_all(struct core *core, int64_t now_ns);

#endif
