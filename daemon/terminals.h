/*
 * Terminals of clients, for mode single: the descriptors that came with a run request, which its
 * processes get as standard input, output and error. A terminal is kept as long as its request is
 * in flight: until it is answered, or its client has gone.
 */
#ifndef PARPROC_DAEMON_TERMINALS_H
#define PARPROC_DAEMON_TERMINALS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/model.h"
#include "daemon/request.h"

struct terminal;

#define TERMINALS_MAX 64 /* at a time */

/*
 * Takes the descriptors of a request that says to have a terminal, which goes onto the request. In
 * mode mp they are closed and not used. 0, or -1: refused, none have come or there are too many.
 */
int terminals_take(struct request *request);

/*
 * Gives the request's terminal, if it has one, to what it has started in that run: the executions
 * pulled in, and later ones of the run that no other request has asked for.
 */
void terminals_attach(
    struct request *request, uint64_t run, struct membership *const *pulled, size_t n_pulled);

/* The terminal that the execution's process is to have now, or NULL. */
const struct terminal *terminals_find(
    const struct daemon *daemon, const struct execution *execution);

/* Its standard input, output and error; its client's TERM, or NULL. Borrowed. */
const int *terminal_get_fds(const struct terminal *terminal);
const char *terminal_get_type(const struct terminal *terminal);

/*
 * The execution of the run whose process is in the foreground of a terminal and was not
 * interrupted yet, or NULL. From then on it counts as interrupted.
 */
struct execution *terminals_interrupt(const struct run *run);

#endif
