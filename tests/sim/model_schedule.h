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

/* Whether it is of the other executor. */
bool model_is_far(const struct model_exec *exec);

/* Whether one of its slots is free, of which so many of local and of the other are not. */
bool model_has_slot(
    const struct model *model, const struct model_exec *exec, const unsigned used[2]);

/* How many slots are taken. */
void model_count_used(const struct model *model, unsigned used[2]);

/* Whether a lower wave of its run is not complete, and whether it asks for no_failures. */
bool model_is_held_by_wave(const struct model_exec *exec);
bool model_needs_no_failures(const struct model_exec *exec);

/* Starts what stands by, as far as there are slots, and counts those. */
void model_start_standby(struct model *model, unsigned used[2]);

/* Fails what can never start, one thing, or what has come to a stop together. Whether there was any
 * (model_stuck.c). */
bool model_fail_stuck(struct model *model);

#endif
