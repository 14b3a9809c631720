/*
 * What the files of the model's scheduler share.
 */
#ifndef PARPROC_TESTS_SIM_MODEL_SCHEDULE_H
#define PARPROC_TESTS_SIM_MODEL_SCHEDULE_H

#include "tests/sim/model.h"

/* The execution has failed. */
void model_fail(struct model_exec *exec, enum execution_error error);

/* Who waits for a lock keeps his place when a lower wave comes up later, until it is his turn. */
bool model_is_in_line(const struct model_exec *exec);

/* Whether the last deal gave exec all that it wants, or it wants what it can never have. */
bool model_has_locks(const struct model *model, const struct model_exec *exec);
bool model_is_possible(const struct model *model, const struct model_exec *exec);

/* Whether a stands before b in line for locks and pools. */
bool model_lock_is_before(const struct model_exec *a, const struct model_exec *b);

/* In line, and nothing but a slot is between it and its start. */
bool model_is_startable(const struct model *model, const struct model_exec *exec);

/* Fails what can never start, one thing, or what has come to a stop together. Whether there was any
 * (model_stuck.c). */
bool model_fail_stuck(struct model *model);

#endif
