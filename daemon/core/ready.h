/*
 * From WANTED to RUNNING: the conditions of a start in their order, the slots, and the processes'
 * deadlines.
 */
#ifndef PARPROC_CORE_READY_H
#define PARPROC_CORE_READY_H

#include "daemon/core/state.h"

void ready_init(struct core *core);
void ready_clear(struct core *core);

/* Something that execution waited for has come: it is ready if that was all. */
void ready_consider(struct core *core, struct execution *execution);

/* Lists what waits for a slot only. */
void ready_push(struct core *core, struct execution *execution);

/* Takes it off that list. */
void ready_withdraw(struct core *core, struct execution *execution);

/* Takes a WANTED execution out of whatever line it stands in, locks included. */
void ready_forget(struct core *core, struct execution *execution);

/* Completes the collectors that are ready: they need no slot. True if there was one. */
bool ready_collect(struct core *core, int64_t now_ns);

/* Starts what can start, as long as there are slots and what is ready is known: it stops after the
 * first that turns out not to be. True if something has changed. */
bool ready_start(struct core *core, int64_t now_ns);

/* Starts an execution that is ready or stands by, whether a slot is free or not. */
void ready_run(struct core *core, struct execution *execution, int64_t now_ns);

/* Gives an execution whose process runs, or is about to, what goes with that: slot, time limit. */
void ready_resume(struct core *core, struct execution *execution);

/* The process of one that stood by was started by then. */
void ready_promote(
    struct core *core, struct execution *execution, int64_t started_ns, int64_t now_ns);

/* Gives back what a RUNNING execution holds. */
void ready_release(struct core *core, struct execution *execution);

/* Has its process end for that reason: SIGTERM, and SIGKILL after kill_after (or at once). */
void ready_end(struct core *core, struct execution *execution, enum execution_error error,
    const char *info, bool is_kill, int64_t now_ns);

#endif
