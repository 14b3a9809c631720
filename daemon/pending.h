/*
 * Executions whose process is there, or asked for, while their work has not begun: they are in a
 * queue outside of the daemon, or wait for a token. What they wait for, in words, and how long
 * they did.
 */
#ifndef PARPROC_DAEMON_PENDING_H
#define PARPROC_DAEMON_PENDING_H

#include "daemon/daemon.h"

/* execution, which is RUNNING, waits as why says: "pending in …", "waits for …". why is copied; may
 * be called again with another one. Of one that is not RUNNING nothing changes. */
void pending_begin(struct daemon *daemon, struct execution *execution, const char *why);

/* Its work began at begun_ns (since the epoch; 0: now). Nothing happens where it is not pending. */
void pending_end(struct daemon *daemon, struct execution *execution, int64_t begun_ns);

#endif
