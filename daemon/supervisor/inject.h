/*
 * Faults on purpose, for tests: PP_FAULT=POINT:N in the daemon's environment has the Nth time that
 * POINT is reached end the process, as SIGKILL does, or fail the call. Only in builds that were
 * configured with --enable-faults; in all others these are nothing. A scheduler that was started
 * after another one died is spared, or it would die for ever.
 *
 * Points of the scheduler, in the order of a pass of its loop:
 *   exit      an exit was reported; nothing was made of it yet
 *   advanced  the core's actions were carried out; nothing of the pass is stored
 *   commit    the transaction is written but not committed
 *   stored    it is; nothing was sent to the supervisor or answered
 *   sent      the supervisor has what the pass had for it
 *   answered  so have the clients
 *   !commit   the transaction cannot be committed, as if the disk were full
 * and of the supervisor:
 *   spawn     it was asked for a process, and has not started it
 *   spawned   it has started the process, and told nobody
 *   reaped    a worker has ended, and the scheduler was not told
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_INJECT_H
#define PARPROC_DAEMON_SUPERVISOR_INJECT_H

#include <stdbool.h>

#ifdef PP_FAULTS

/* Reads the environment; before the first of the others. */
void inject_init(void);

/* May not return. */
void inject_death(const char *point);

/* True: the call is to fail now. */
bool inject_failure(const char *point);

#else

static inline void inject_init(void)
{
}

static inline void inject_death(const char *point)
{
	(void)point;
}

static inline bool inject_failure(const char *point)
{
	(void)point;
	return false;
}

#endif

#endif
