/*
 * Processes of a daemon that died as a whole: found by what was stored of them, or by their
 * environment, and ended before anything is executed a second time beside them.
 */
#ifndef PARPROC_DAEMON_LEFTOVERS_H
#define PARPROC_DAEMON_LEFTOVERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct leftover {
	uint64_t exec;
	pid_t pid;        /* 0: it was not stored */
	int64_t started;  /* of pid, as process_started() says */
	int64_t begun_ns; /* when about, since the epoch */
};

/*
 * Ends (SIGKILL) what is left of the executions' sessions in the workspace of directory, and waits
 * until it is gone, for two seconds at most. What has begun a session of its own (a server that a
 * task has started) is none of it. self: the supervisor, which with its children is none either.
 */
void leftovers_end(
    const char *directory, const struct leftover *leftovers, size_t count, pid_t self);

#endif
