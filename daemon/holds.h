/*
 * Holds on runs that ended with a connection, when it was the scheduler that ended: their clients
 * connect anew and hold the runs again, for which they have some time; then the old holds go.
 */
#ifndef PARPROC_DAEMON_HOLDS_H
#define PARPROC_DAEMON_HOLDS_H

struct daemon;
struct holds;

/* Of the runs that the core has now, just after it was brought back. NULL: no memory. */
struct holds *holds_new(struct daemon *daemon);
void holds_free(struct holds *holds);

#endif
