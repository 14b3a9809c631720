/*
 * Starting the scheduler, which is this program again: what the supervisor hands to it goes over
 * exec as descriptors that stay open and as words that name them.
 */
#ifndef PARPROC_DAEMON_START_LAUNCH_H
#define PARPROC_DAEMON_START_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/scheduler.h"

#define LAUNCH_WORD "--scheduler"

struct launch {
	const char *program; /* its path: an upgraded one is started next time */
	int lock_fd;
	const struct scheduler_options *options; /* but for supervisor_fd and ready_fd */
};

/* is_spare: by the program of this process, whatever there is at its path now. Answers the
 * scheduler's pid, or -1 with errno. */
pid_t launch_start(
    const struct launch *launch, int link_fd, int ready_fd, bool is_first, bool is_spare);

/* The scheduler's main(): argv[1] is LAUNCH_WORD. */
int launch_main(int argc, char **argv);

#endif
