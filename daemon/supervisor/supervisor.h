/*
 * The supervisor: the process that outlives all else. It holds the listening socket, is the parent
 * of every worker and of the scheduler, and starts another scheduler when one dies. It reads
 * nothing that a client sent, and knows neither JSON nor the core.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_SUPERVISOR_H
#define PARPROC_DAEMON_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

struct supervisor_options {
	/*
	 * Starts a scheduler that talks over link_fd, and writes one byte to ready_fd when it
	 * serves; both are the supervisor's to close. is_spare: of the supervisor's own program, as
	 * the one that has taken its place does not come to serve. Answers its pid, or -1 with
	 * errno.
	 */
	pid_t (*launch)(void *arg, int link_fd, int ready_fd, bool is_first, bool is_spare);
	void (*served)(void *arg);   /* once: the first scheduler serves */
	void (*stopping)(void *arg); /* once: the end has begun */
	void *arg;
	const char *const *worker_env; /* of workers without a captured environment */
	bool is_detached;              /* SIGHUP means nothing */
};

/*
 * Runs until a scheduler has said farewell and ended, or none can be started. Answers the exit
 * status of the process. Changes its signal mask and dispositions.
 */
int supervisor_run(const struct supervisor_options *options);

#endif
