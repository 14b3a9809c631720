/*
 * Who asked for a wait of the core: from the wait's number to the deferred request that answers
 * when it is over.
 */
#ifndef PARPROC_DAEMON_WAITS_H
#define PARPROC_DAEMON_WAITS_H

#include <stdint.h>

struct daemon;
struct waits;

struct waits *waits_new(void);
void waits_free(struct waits *waits);

/*
 * done(arg) is called once, when the core says that wait id is over; it has to call
 * core_wait_end(). 0, or -1: no memory.
 */
int waits_register(struct daemon *daemon, uint64_t id, void (*done)(void *arg), void *arg);

/* The wait is not of interest any more (its connection is gone): done will not be called. */
void waits_forget(struct daemon *daemon, uint64_t id);

/* Calls done of that wait, if somebody has registered it. */
void waits_finish(struct daemon *daemon, uint64_t id);

#endif
