/*
 * Runs: which executions they have, what of them is incomplete and in which wave, who holds them
 * open, when they are over.
 */
#ifndef PARPROC_CORE_RUN_H
#define PARPROC_CORE_RUN_H

#include "daemon/core/state.h"

/* A new active run; name may be NULL. */
struct run *run_new(struct core *core, const char *name, int64_t now_ns);

/* Takes back run_new() of a run without members. */
void run_undo(struct core *core, struct run *run);

/* The run that a starting request means: an old one, or a new one. A numbered run that is over is
 * answered as it is. */
int run_for_start(
    struct core *core, const struct scope *scope, struct run **run, struct fault *fault);

/* Something incomplete of that wave came into run, or is complete there now. */
void run_count_in(struct core *core, struct run *run, int32_t wave);
void run_count_out(struct core *core, struct run *run, int32_t wave);

/* Whether a wave lower than that is incomplete. */
bool run_holds_back(const struct run *run, int32_t wave);

/* Has execution wait in run for the lower waves. */
void run_gate(struct run *run, struct execution *execution);
void run_ungate(struct run *run, struct execution *execution);

/* Lists run to be looked at, if nothing in it is in progress. */
void run_check_quiet(struct core *core, struct run *run);

/* Ends run if nothing of it is incomplete and nothing holds it. */
void run_check_over(struct core *core, struct run *run, int64_t now_ns);

/* Takes back one of the run's holds; is_brief: one that a connection had. */
void run_release(struct core *core, struct run *run, bool is_brief);

/* Forgets a run that is over. */
void run_forget(struct core *core, struct run *run);

/* Forgets the oldest of those that are over, as many as are more than is to be kept. */
void run_prune(struct core *core);

/* Frees what was forgotten since the last call. */
void run_bury(struct core *core);

/* Frees all runs and their memberships at the core's own end. */
void run_free_all(struct core *core);

#endif
