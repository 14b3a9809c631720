/*
 * Priorities: an execution has the highest of its own and of those of all that wait for it, so that
 * what a high one depends on does not linger.
 */
#ifndef PARPROC_CORE_PRIORITY_H
#define PARPROC_CORE_PRIORITY_H

#include "daemon/core/state.h"

/* Raises execution, if it is lower than that, and all below it that are. */
void priority_raise(struct core *core, struct execution *execution, int16_t priority);

#endif
