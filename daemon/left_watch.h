/*
 * Whether there may be a file that the process of an execution has left behind, without looking for
 * it: inotify(7) tells of each that gets into their folder. Knows executions by number only.
 */
#ifndef PARPROC_DAEMON_LEFT_WATCH_H
#define PARPROC_DAEMON_LEFT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of an execution's files. All zero: nothing is, so they have to be looked for. */
struct left_mark {
	bool is_watched; /* for its process, and what was there before that is known too */
	bool is_seen;    /* there is one, or was */
};

struct left_watch;

/* The mark of an execution, borrowed; NULL: it has none yet, or none any more. */
typedef struct left_mark *left_find(uint64_t exec, void *arg);

/*
 * path: the folder, in which files are EXEC.SUFFIX. NULL: no memory. Where that folder cannot be
 * watched, or cannot be any more, all files have to be looked for, and the log has said why.
 */
struct left_watch *left_watch_new(const char *path, left_find *find, void *arg);
void left_watch_free(struct left_watch *watch);

/* A process that belongs to the mark is about to be started. */
void left_watch_begin(const struct left_watch *watch, uint64_t exec, struct left_mark *mark);

/* Notes all files that got there before the call. Does not block. */
void left_watch_look(struct left_watch *watch);

/* Whether, as of the last look, no file is there for certain. */
bool left_watch_is_none(const struct left_watch *watch, const struct left_mark *mark);

#endif
