/*
 * What names a worker process on both sides of the supervisor's pipe, and for as long as anybody
 * remembers it: never a pid, which another process may get.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_KEY_H
#define PARPROC_DAEMON_SUPERVISOR_KEY_H

#include <stdint.h>

struct worker_key {
	uint64_t exec;
	uint32_t
	    attempt; /* 1 and up; of a dynamic value: its resolve number with WORKER_RESOLVE set */
};
#define WORKER_RESOLVE 0x80000000u

#endif
