/*
 * Answers that take long to make, from what a request has found already: a little at a time, and
 * between that others are served. Later requests of the same connection wait.
 */
#ifndef PARPROC_DAEMON_SLICES_H
#define PARPROC_DAEMON_SLICES_H

#include <stdbool.h>

#include "daemon/request.h"

struct slices_work {
	/* Does a little of it, which takes no longer than microseconds. False: it is done. */
	bool (*step)(void *arg);
	/* Answers the request. */
	void (*finish)(struct request *request, void *arg);
	/* Afterwards, or when the connection has ended before. */
	void (*free)(void *arg);
};

/* Begins it, and does all of it where that is little. arg is given to free() whatever happens. */
enum request_status slices_begin(
    struct request *request, const struct slices_work *work, void *arg);

#endif
