/*
 * What processes ask for in a simulation: starts in their own run, and waits that block them.
 */
#ifndef PARPROC_TESTS_SIM_NESTED_H
#define PARPROC_TESTS_SIM_NESTED_H

#include "tests/sim/sim.h"

/* One request of some process that runs; true: it was accepted, or none runs. */
bool nested_operate(struct sim *sim);

/* The process that was blocked in the wait goes on. */
void nested_resume(struct sim *sim, const struct sim_wait *wait);

/* Whether the wait that it is blocked in can never end. */
bool nested_is_endless(struct model *model, const struct model_exec *waiter);

/* From operations.c. */
bool sim_start(
    struct sim *sim, const struct scope *scope, const struct strings *names, bool is_fail_fast);
struct sim_wait *sim_add_wait(struct sim *sim, uint64_t id);

#endif
