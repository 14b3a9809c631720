/*
 * What an execution that stands by has to come after, for the supervisor.
 */
#ifndef PARPROC_DAEMON_FOLLOW_H
#define PARPROC_DAEMON_FOLLOW_H

#include <stdint.h>

#include "daemon/supervisor/wire.h"

struct daemon;
struct execution;

/* So many, into after, to be cleared. */
uint32_t follow_list(const struct daemon *daemon, const struct execution *execution,
    struct wire_after after[WIRE_AFTER_MAX]);

/* Until as many releases nothing follows others: something is about to be scheduled, which may have
 * to come before it. What does is wanted back. */
void follow_hold(struct daemon *daemon);
void follow_release(struct daemon *daemon);

void follow_clear(struct wire_after *after, uint32_t n_after);

#endif
