/*
 * What MAKEFLAGS and its like say of a jobserver: taken out where it is another's, whose pipe a
 * worker does not have, and put in. Pure.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_MAKEFLAGS_H
#define PARPROC_DAEMON_SUPERVISOR_MAKEFLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jobserver_style {
	JOBSERVER_NONE,
	JOBSERVER_PIPE, /* two descriptors: what every make understands */
	JOBSERVER_FIFO, /* a path: from GNU make 4.4 on, and what is as new */
	N_JOBSERVER_STYLES,
};

/* The descriptors of JOBSERVER_PIPE. */
#define JOBSERVER_READ_FD 3
#define JOBSERVER_WRITE_FD 4

/* Whether MAKEFLAGS can have that path in it: make reads some characters otherwise. */
bool makeflags_takes_path(const char *path);

/*
 * variable, "NAME=value": where it is one that leads make or cargo to a jobserver, and does, that
 * is taken out, with the number of jobs that belongs to it. False: nothing is left, so the variable
 * is to go. Of all others nothing changes.
 */
bool makeflags_strip(char *variable);

/*
 * "MAKEFLAGS=…" for the caller to free: old (a value of it, or NULL) without what it says of
 * jobs, and the jobserver with n_jobs tokens in the FIFO at path. NULL: ENOMEM.
 */
char *makeflags_join(
    const char *old, enum jobserver_style style, uint32_t n_jobs, const char *path);

#endif
