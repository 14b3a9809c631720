/*
 * What a pass of the loop has changed, on its way into the store: gathered while the pass is made,
 * written in one transaction at its end. What could not be written stays, and is tried again; until
 * then nothing of it leaves the scheduler.
 */
#ifndef PARPROC_DAEMON_KEEP_H
#define PARPROC_DAEMON_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/model.h"

struct daemon;
struct keep;

struct keep *keep_new(struct daemon *daemon);
void keep_free(struct keep *keep);

/* The core has forgotten it. */
void keep_drop_execution(struct daemon *daemon, const struct execution *execution);
void keep_drop_run(struct daemon *daemon, const struct run *run);

/* Options or params were set or read, or the supervisor is another one. */
void keep_settings(struct daemon *daemon);

/* The file is removed once the pass is stored: what it held is in the store then. Takes path. */
void keep_remove_file(struct daemon *daemon, char *path);

/* Writes what there is. 0; or -1: it could not be, which was logged, and will be tried again. */
int keep_commit(struct daemon *daemon);

/* Why the last try failed, for people; NULL: it did not. */
const char *keep_get_problem(const struct daemon *daemon);

#endif
