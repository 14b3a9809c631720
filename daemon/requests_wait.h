/*
 * The late answer of wait and run.
 */
#ifndef PARPROC_DAEMON_REQUESTS_WAIT_H
#define PARPROC_DAEMON_REQUESTS_WAIT_H

#include "daemon/request.h"

/* Without a limit of time. */
#define WAIT_FOREVER_NS INT64_MAX

/*
 * Begins the wait of a request, which is answered when it is over, or refused after timeout_ns.
 * watch: a number of events_watch_run() that ends with it, or 0.
 */
enum request_status wait_begin(
    struct request *request, const struct wait_request *query, int64_t timeout_ns, uint32_t watch);

#endif
