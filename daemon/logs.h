/*
 * Where things of an execution are in the state directory: its log, and the files in which its
 * process leaves result, message and standard output. Names of procs are made harmless here.
 */
#ifndef PARPROC_DAEMON_LOGS_H
#define PARPROC_DAEMON_LOGS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/model.h"

#define LOGS_NAME_MAX 100

/*
 * Writes name in a form that is safe as part of a file's name: bytes other than [A-Za-z0-9._-] as
 * %XX, no '.' at the beginning, at most LOGS_NAME_MAX bytes. Different names may give the same.
 */
void logs_safe_name(const char *name, char safe[LOGS_NAME_MAX + 1]);

/* The newest log of the execution, which has an extra, is that of its present attempt. */
void logs_begin_attempt(struct execution *execution);

/* The absolute path of the execution's (newest) log, for the caller to free; NULL: it has none. */
char *logs_path(const struct execution *execution);

/* The same of one of its attempts. */
char *logs_path_of_attempt(const struct execution *execution, unsigned attempt);

/* The folder of a run's logs, for the caller to free. */
char *logs_run_path(const char *state_directory, uint64_t run);

/* Removes the execution's logs, of all attempts; and a run's folder if it is empty. */
void logs_remove(const struct execution *execution);
void logs_remove_run(const char *state_directory, uint64_t run);

/*
 * Makes the folder of all runs' logs, if it is not there yet, and has ext4 place those of different
 * runs apart (attribute T of chattr(1), FS_TOPDIR_FL of ioctl_iflags(2)): it gives the numbers of
 * files that were removed in the last minutes to nobody, and looks at them all for each new file
 * near them, so that after the logs of an old run a new run's would take long to make.
 */
void logs_prepare(const char *state_directory);

/* Removes the logs of all runs: those of an earlier daemon that left no other state. */
void logs_remove_all(const char *state_directory);

#endif
