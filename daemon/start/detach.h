/*
 * Leaving the shell that started the daemon: its terminal, its session and its descriptors, but not
 * before there is a daemon that serves.
 */
#ifndef PARPROC_DAEMON_START_DETACH_H
#define PARPROC_DAEMON_START_DETACH_H

#include "daemon/start/place.h"

/* Opens standard input, output and error where they are closed, and closes all from first on. */
int detach_close_inherited(int first);

/*
 * Forks. In the parent: waits until the child serves or has failed, which it explains on standard
 * error, and exits. In the child: answers a descriptor for detach_finish(). -1: errno, in the
 * parent, which goes on.
 */
int detach_begin(const struct place *place);

/* The child serves: lets the parent go. */
void detach_finish(int ready_fd);

#endif
