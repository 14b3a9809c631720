/*
 * Attempts: whether a process that has failed is tried again, and when. Between two attempts an
 * execution is WANTED and holds nothing; it takes its place in every line anew, as an early one.
 * For all that asks whether it is too late for something, it has begun.
 */
#ifndef PARPROC_CORE_RETRY_H
#define PARPROC_CORE_RETRY_H

#include "daemon/core/state.h"

#define RETRY_DELAY_MAX_NS                                                                         \
	(INT64_C(3600) * 1000000000) /* but for a longer delay that is asked for */

/* How often what is transient is tried again; it begins with a second, and doubles. */
#define RETRY_TRANSIENT_MAX 12

/* Has execution, which is RUNNING and whose process has failed with error, tried again, if that is
 * to be; info is why it failed. False: it is not, and nothing has changed. */
bool retry_after(struct core *core, struct execution *execution, enum execution_error error,
    const char *info, bool is_transient, int64_t now_ns);

/* Has execution, which is WANTED again, wait until then: also for one that is brought back. */
void retry_wait(struct core *core, struct execution *execution, int64_t until_ns);

/* It waits for that no longer. */
void retry_forget(struct core *core, struct execution *execution);

#endif
