/*
 * The attempts of an execution that were not its last: how each ended and what it cost. Part of
 * what the daemon hangs onto executions (extra.h).
 */
#ifndef PARPROC_DAEMON_ATTEMPTS_H
#define PARPROC_DAEMON_ATTEMPTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/model.h"

struct exec_extra;

struct attempt {
	uint16_t number;   /* 1 and up */
	uint8_t error;     /* enum execution_error */
	int32_t exit_code; /* -1: none */
	int32_t signal;    /* 0: none */
	char *info;        /* or NULL */
	int64_t started_ns, ended_ns;
	int64_t pending_ns;
	int64_t user_us, system_us, max_rss_kib;
};

struct attempts {
	struct attempt *items; /* the oldest first */
	size_t count;
	size_t n_stored; /* the first ones */
};

/* Adds attempt; takes its info. Where there is no memory for it, it is dropped. */
void attempts_add(struct attempts *attempts, const struct attempt *attempt);

/* The attempt of execution that has just failed and will be tried again. Begins the next: what the
 * process has left is forgotten. */
void attempts_note(struct execution *execution, int64_t ended_ns);

/* What the attempts of execution were, as views say it; NULL: there was one at most, or no memory.
 */
json_t *attempts_view(const struct execution *execution);

#endif
