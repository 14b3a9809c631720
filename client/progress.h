/*
 * What a run has come to, from the views that events bring: what runs and waits, and how many have
 * ended how. Each view costs the same however many there are. Draws nothing.
 */
#ifndef PARPROC_CLIENT_PROGRESS_H
#define PARPROC_CLIENT_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <uthash.h>

/* An execution that is not complete. */
struct progress_item {
	json_int_t exec;
	char *name;
	bool is_running;
	double since_s; /* when it was started or queued, since the epoch */
	double
	    retry_s; /* when it is tried again, since the epoch; 0: that is not what it waits for */
	int attempt, attempts; /* which one it is, or 0, and how many there are at most */
	double expected_s;     /* how long it will run; 0: not known */
	bool is_asked;         /* somebody was told to ask for that */
	json_t *deps, *locks;
	char *pending;     /* why its work has not begun, though it runs; or NULL */
	char *log;         /* the path of its log; NULL: it has none yet */
	unsigned snapshot; /* the newest that it was noted since the begin of */
	TAILQ_ENTRY(progress_item) link;
	UT_hash_handle hh, by_name;
};

TAILQ_HEAD(progress_list, progress_item);

struct progress {
	struct progress_item *items, *names; /* uthash: by exec, by name */
	struct progress_list running;        /* in the order of their starts */
	struct progress_list waiting;        /* in the order in which they were heard of */
	size_t n_running, n_waiting;
	size_t n_succeeded, n_failed, n_skipped;
	size_t n_expected;         /* of what waits, those whose duration is known … */
	double expected_waiting_s; /* … and theirs together */
	size_t n_unasked;          /* whose durations were not asked for */
	double begun_s;            /* when the first was queued; 0: none was */
	unsigned snapshot;         /* the number of the newest; 0: there was none */
};

void progress_init(struct progress *progress);
void progress_clear(struct progress *progress);

/* Takes note of a view. It has to be told at most once that an execution is complete. */
void progress_note(struct progress *progress, const json_t *view);

/* Between these all is noted that there is: what is not complete and was not noted has gone, and
 * how it ended is not known. */
void progress_begin_snapshot(struct progress *progress);
void progress_end_snapshot(struct progress *progress);

/* Whether that execution is there: it was noted and is not complete. */
bool progress_has(const struct progress *progress, json_int_t exec);

/* Seconds by name, for what is not complete. */
void progress_note_durations(struct progress *progress, const json_t *durations);

/* Names, at most so many, for which that would be of use and that were not told before. New array;
 * empty: there are none. */
json_t *progress_wanted_durations(struct progress *progress, size_t n_max);

/* How long it will take until all are complete; below 0: cannot be told. */
double progress_left_s(const struct progress *progress, double now_s);

/* What an execution that waits is waiting for, in words. New. */
char *progress_reason(const struct progress *progress, const struct progress_item *item);

#endif
