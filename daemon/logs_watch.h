/*
 * Sees to it that no log outgrows max_log: looks at what running processes write, has the middle of
 * what is too large freed, and of what has ended packed. Workers write straight to their files, so
 * looking is all that there is; it costs nothing where nothing runs for long.
 *
 * A log may take more than max_log: an eighth, what is written in about a second until it is
 * noticed, and what is written while blocks are freed. While a log is packed there are two of it.
 * What is not packed when the daemon ends keeps its hole, which readers know.
 */
#ifndef PARPROC_DAEMON_LOGS_WATCH_H
#define PARPROC_DAEMON_LOGS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct logs_watch;

/* NULL with errno. */
struct logs_watch *logs_watch_new(struct daemon *daemon);
void logs_watch_free(struct logs_watch *watch);

/* Paths are absolute. */

/*
 * Somebody writes there from now on. The limit is max_log, or least_bytes where that is more. What
 * is begun several times has to be ended as often.
 */
void logs_watch_begin(struct logs_watch *watch, const char *path, int64_t least_bytes);

/* The end of that. */
void logs_watch_end(struct logs_watch *watch, const char *path);

/*
 * The end of all of that: what is left is packed, if something of it is missing or has to go; also
 * of a file that was never begun. may_be_large: false saves looking at it.
 */
void logs_watch_pack(struct logs_watch *watch, const char *path, bool may_be_large);

/* The file is removed: should a cutter be at it, what that makes of it is removed too, and the
 * directory if it is empty then. */
void logs_watch_forget(struct logs_watch *watch, const char *path);

bool logs_watch_is_empty(const struct logs_watch *watch);

#endif
