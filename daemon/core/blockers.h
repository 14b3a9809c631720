/*
 * Runs that cannot go on: what is at the root of it fails, or gets an error.
 */
#ifndef PARPROC_CORE_BLOCKERS_H
#define PARPROC_CORE_BLOCKERS_H

#include "daemon/core/state.h"

/*
 * Looks at the runs in which nothing is in progress. In one that waits for nothing that ever comes
 * what is at the root of it fails, each execution with its reason. True if something did.
 */
bool blockers_settle_quiet(struct core *core, int64_t now_ns);

#endif
