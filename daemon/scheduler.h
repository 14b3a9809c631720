/*
 * The scheduler process: the loop, and what happens in one pass of it. Callbacks of libevent only
 * record; scheduler.c then advances the core, has its actions carried out, commits the store,
 * acknowledges exits and only then lets answers and events go out.
 */
#ifndef PARPROC_DAEMON_SCHEDULER_H
#define PARPROC_DAEMON_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/daemon.h"

struct scheduler_options {
	const char *directory;   /* of the workspace, absolute */
	const char *socket_path; /* absolute */
	int listen_fd;           /* listening already */
	int supervisor_fd;       /* the pipe to the supervisor */
	int ready_fd;            /* gets one byte once requests are served; -1: none */
	int64_t idle_exit_ns;    /* 0: never */
	int64_t clock_base_ns;   /* of scheduler_now_ns(), on the monotonic clock; 0: any */
	bool is_fresh;           /* forget earlier state */
	bool is_verbose;
	bool has_state; /* false: keep everything in memory */
	bool is_spare;  /* the program that was to take over does not come to serve */
};

/* Serves until told to stop. Returns the process's exit status. */
int scheduler_main(const struct scheduler_options *options);

/*
 * Calls done once everything has ended, just before the process does: for the answer of a request
 * that asked for the end. Does not itself begin the end. 0, or -1 with errno ENOMEM.
 */
int scheduler_on_stopped(struct daemon *daemon, void (*done)(void *arg), void *arg);

/* Takes that back, where done was not called yet. */
void scheduler_off_stopped(struct daemon *daemon, void *arg);

/*
 * Makes way for another scheduler, without canceling anything: once this pass is stored and
 * answered, the process ends, and the supervisor starts the program that is installed now. 0, or
 * -1: there is no state that the other one could go on from.
 */
int scheduler_restart(struct daemon *daemon);

/* The names of what scheduler_stop() has canceled; empty before. */
const struct strings *scheduler_get_canceled(const struct daemon *daemon);

#endif
