/*
 * Reasons in words: why an execution does not run yet, and how it came to its end. For views and
 * for the request "why".
 */
#ifndef PARPROC_DAEMON_REASONS_H
#define PARPROC_DAEMON_REASONS_H

#include "daemon/core/core.h"

/* One line: what a WANTED or RUNNING execution waits for. The caller frees it; NULL: for nothing.
 */
char *reason_of_wait(const struct core *core, const struct execution *execution);

/*
 * Adds lines that tell, from the execution down to the cause, why it waits, failed, was skipped or
 * ran; and to causes the names of the procs that the lines are about. member: its place in the run
 * that is looked at, or NULL. The last that the lines are about: the cause, as far as it was
 * followed.
 */
const struct execution *reason_trace(const struct core *core, const struct execution *execution,
    const struct membership *member, int64_t now_ns, struct strings *lines, struct strings *causes);

/* Adds the line that tells why the execution was scheduled in the run (or NULL). Looks at all that
 * is in the run. */
void reason_add_origin(const struct core *core, const struct execution *execution,
    const struct run *run, struct strings *lines);

#endif
