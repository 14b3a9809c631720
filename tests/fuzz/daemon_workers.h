/*
 * In place of the scheduler's link to the supervisor (daemon/workers.h): processes that live in a
 * list only. What the scheduler asks of them is checked against what it has asked before.
 */
#ifndef PARPROC_TESTS_FUZZ_DAEMON_WORKERS_H
#define PARPROC_TESTS_FUZZ_DAEMON_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/workers.h"

struct daemon;

struct fuzz_worker {
	struct worker_key key;
	char *output; /* the file that it leaves what it prints in; NULL: none */
	bool has_token;
	bool is_told; /* one with a token: that it has started */
	enum wire_slot slot;
	bool is_standby;
	struct worker_key after[WIRE_AFTER_MAX]; /* what has to succeed before */
	uint32_t n_after;
	bool is_signaled, has_left; /* it was told to end; it has left a file */
	bool is_returned; /* the same, and not to be started: the scheduler is not told yet */
	bool is_ended;
	bool is_acknowledged;
	struct worker_exit report; /* once it has ended */
};

struct workers {
	struct fuzz_worker *items; /* all that ever were, in their order */
	size_t count;
	bool *environments; /* by number: whether the supervisor has it */
	size_t n_environments;
	uint32_t token_limit;
	struct worker_key *refused; /* for want of a token; those that nobody was told of */
	size_t n_refused;
	bool is_token_wanted, is_token_reserved;
	bool is_refusing;
	bool is_farewell_said;
};

/* workers_free() leaves it to whoever has built the scheduler. */
void fuzz_workers_free(struct workers *workers);

/* To a scheduler that begins: all that the supervisor knows. */
void fuzz_workers_report(struct daemon *daemon);

/* Tells what the supervisor has to say of job tokens, if anything. */
bool fuzz_workers_tell(struct daemon *daemon);

/* Says in report what is started in the place of one that has ended, and whether its success was
 * relied on. */
void fuzz_workers_promote(
    struct workers *workers, const struct fuzz_worker *ended, struct worker_exit *report);

/* The index-th (modulo their number) of those that live; NULL: none does. */
struct fuzz_worker *fuzz_workers_find(struct workers *workers, unsigned index);

#endif
