/*
 * The argument vector of an executor that the workspace file defines: words put before those of a
 * process, with placeholders. Pure.
 */
#ifndef PARPROC_EXECUTORS_PREFIX_H
#define PARPROC_EXECUTORS_PREFIX_H

#include "daemon/core/model.h"
#include "daemon/process.h"
#include "daemon/workspace/executors.h"

/* What placeholders stand for, beside the process itself. */
struct prefix_values {
	const struct execution *execution;
	const char *workspace;
	const char *log;            /* or NULL */
	struct resources resources; /* filled in */
};

/* Makes argv of process the whole, NULL-ended. A word with a placeholder that nothing is said for
 * is left out. */
void prefix_wrap(
    const struct executor *executor, const struct prefix_values *values, struct process *process);

#endif
