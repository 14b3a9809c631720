/*
 * When a scheduler that has died is to be replaced. One that had served is replaced at once, and if
 * that goes on, with a short pause; one that never came to serve is tried again ever more slowly.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_RESTART_H
#define PARPROC_DAEMON_SUPERVISOR_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct restart {
	unsigned int n_deaths; /* in a row, each soon after the one before */
	unsigned int n_failed; /* of those, the newest that never came to serve */
};

/* A scheduler that lived that long has not died of what its predecessor died of. */
#define RESTART_HEALTHY_NS INT64_C(10000000000)

/* Counts a death; answers the pause before the next start. */
int64_t restart_get_pause_ns(struct restart *restart, bool has_served, int64_t lived_ns);

#endif
