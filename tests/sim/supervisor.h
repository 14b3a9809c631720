/*
 * The supervisor of a simulation: processes, what stands by, and what it has said that the core has
 * not heard yet.
 */
#ifndef PARPROC_TESTS_SIM_SUPERVISOR_H
#define PARPROC_TESTS_SIM_SUPERVISOR_H

#include "tests/sim/sim.h"

/* What the core asks for. False: it was started already. */
bool supervisor_start(struct sim *sim, const struct execution *execution);
void supervisor_stand_by(struct sim *sim, const struct execution *execution);
void supervisor_recall(struct sim *sim, const struct execution *execution);
void supervisor_signal(struct sim *sim, const struct action *action);

/* When something happens here next; INT64_MAX: never. */
int64_t supervisor_next(const struct sim *sim);
void supervisor_let_happen(struct sim *sim);

/* Has the core hear of the first so many things. */
void supervisor_tell(struct sim *sim, size_t count);

/* It knows no scheduler any more: what stands by is forgotten. */
void supervisor_lose_link(struct sim *sim);

/* Its end, or that of the machine: whatever runs is lost. */
void supervisor_lose_process(struct sim *sim, struct sim_process *process);

/* A process that nobody has asked for, or that nobody knows to have been asked for. */
void supervisor_add(struct sim *sim, const struct execution *execution);

#endif
