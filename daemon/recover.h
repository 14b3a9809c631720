/*
 * From the store to a scheduler that goes on: what was known is known again, and what became of the
 * processes meanwhile is found out from the supervisor, or from what a dead one has left.
 */
#ifndef PARPROC_DAEMON_RECOVER_H
#define PARPROC_DAEMON_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;

/*
 * Opens the store (has_state false: one that keeps nothing), and makes the core of what is in it.
 * is_fresh: without. Sets *seq to the number of the newest event. 0; or -1, which was logged.
 */
int recover_state(struct daemon *daemon, bool has_state, bool is_fresh, uint64_t *seq);

/* After that, when the parts that deal with requests are there: what these did. */
void recover_requests(struct daemon *daemon);

/*
 * The supervisor has told all it knows, and what it told was dealt with. Executions whose processes
 * it does not know of are started, if they never were, or lost.
 */
void recover_workers(struct daemon *daemon);

/* The supervisor is gone: what runs is lost. Ends the processes, and stores that. */
void recover_lose_workers(struct daemon *daemon);

#endif
