/*
 * Cutting a log takes the time that its disk takes: blocks that were just written may have to get
 * there first, and what is left is copied. So a process of its own does it, this program again,
 * which has nothing of the scheduler and ends when it is done.
 */
#ifndef PARPROC_DAEMON_LOGS_CUTTER_H
#define PARPROC_DAEMON_LOGS_CUTTER_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/logs_cut.h"

#define CUTTER_WORD "--log-cutter"

/* Its exit status. */
enum cutter_status {
	CUTTER_DONE,
	CUTTER_FAILED,      /* the reason is in the daemon's own log */
	CUTTER_UNSUPPORTED, /* this file system cannot free the middle of a file */
	CUTTER_BUSY,        /* somebody still writes to the log, so it was not packed */
};

struct cutter {
	pid_t pid;  /* for the caller to reap */
	int end_fd; /* becomes readable when the process ends; for the caller to close */
};

/* Frees that part of the log at path. 0, or -1 with errno: there is no process. */
int cutter_start_free(struct cutter *cutter, const char *path, const struct logs_cut *cut);

/*
 * Frees what is over max_bytes (0: no limit), so that there is room; then puts a copy without holes
 * in the place of the log, unless somebody writes to it. 0, or -1 with errno: there is no process.
 */
int cutter_start_pack(
    struct cutter *cutter, const char *path, int64_t max_bytes, const char *state_directory);

/* Removes what a process that was killed may have left in the state directory. */
void cutter_clean(const char *state_directory, pid_t pid);

/* The process's main(): argv[1] is CUTTER_WORD. */
int cutter_main(int argc, char **argv);

#endif
