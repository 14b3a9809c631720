/*
 * The parts of the scheduler process, from their making to their end, each after what it needs.
 */
#ifndef PARPROC_DAEMON_PARTS_H
#define PARPROC_DAEMON_PARTS_H

#include <stdint.h>

#include "daemon/daemon.h"

/*
 * Makes the parts that hang off event loop, workspace, core, store and workers, which are there;
 * last_seq is the number of the last event that was stored. 0, or -1 with errno; either way
 * parts_free() frees them.
 */
int parts_make(struct daemon *daemon, uint64_t last_seq);

/* Frees all that daemon has, where it has it, but sessions: those are ended before. */
void parts_free(struct daemon *daemon);

#endif
