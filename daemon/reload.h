/*
 * Brings what the workspace file says into the core: its definitions, options and params, at the
 * start and whenever a request needs the file and it has changed.
 */
#ifndef PARPROC_DAEMON_RELOAD_H
#define PARPROC_DAEMON_RELOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/core.h"

struct daemon;

/*
 * Reads the file if it has changed since it was last read (is_forced: in any case). Returns 0, or
 * -1: it is broken, and nothing has changed. outcome may be NULL; its list started is cleared by
 * the caller. What is now: true is started with the daemon's own environment.
 */
int reload_workspace(
    struct daemon *daemon, bool is_forced, int64_t now_ns, struct define_outcome *outcome);

/* What is wrong with the file, as "parproc.yaml:3:5: procs.a.runn: …"; NULL: nothing. The caller
 * frees it. */
char *reload_get_problem(const struct daemon *daemon);

/* The data of the error bad_workspace: file, line, column, key. A new reference; NULL: no memory.
 */
json_t *reload_get_problem_data(const struct daemon *daemon);

#endif
