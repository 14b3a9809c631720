/*
 * A standard output that was captured for a result goes to the log as well, when its process has
 * ended. Where it is large that is done piece by piece, one in each turn of the loop, and the exit
 * counts when all of it is there: who hears of the end finds the whole log.
 */
#ifndef PARPROC_DAEMON_OUTPUTS_H
#define PARPROC_DAEMON_OUTPUTS_H

#include <stdbool.h>

#include "daemon/workers.h"

struct daemon;
struct outputs;

#define OUTPUTS_AT_ONCE_BYTES (256 << 10) /* more takes turns */
#define OUTPUTS_PIECE_BYTES (1 << 20)

/* NULL: no memory. */
struct outputs *outputs_new(struct daemon *daemon);

/* What is not done by then is not done. */
void outputs_free(struct outputs *outputs);

/*
 * Copies the output at path to the log, and calls effects_finish() with the report when that is
 * done or has failed. False: it is not large, nothing was done.
 */
bool outputs_take(
    struct daemon *daemon, const struct worker_exit *report, const char *path, const char *log);

#endif
