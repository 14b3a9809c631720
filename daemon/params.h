/*
 * The params that requests override in their runs: how many there may be, and where they are kept
 * for later requests in the same run.
 */
#ifndef PARPROC_DAEMON_PARAMS_H
#define PARPROC_DAEMON_PARAMS_H

#include <jansson.h>

#include "daemon/core/model.h"

struct daemon;

#define PARAMS_TOTAL_MAX_BYTES (32u << 20) /* of all runs that are kept */

/*
 * Whether a run may have these overrides: an object, and the text of all that holds then. NULL, or
 * why not, for people.
 */
const char *params_find_limit(
    const struct daemon *daemon, const json_t *overrides, const char *text);

/* Adds overrides (an object, or NULL) to those of the run, for params_get(). */
void params_add(struct daemon *daemon, struct run *run, json_t *overrides);

/* Counts those of all runs, which were read from the store. */
void params_count(struct daemon *daemon);

/* Those of a run that is active; borrowed, or NULL. */
json_t *params_of_run(const struct run *run);

/* The run is over: they are needed no more. */
void params_drop(struct daemon *daemon, struct run *run);

#endif
