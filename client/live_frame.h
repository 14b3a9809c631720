/*
 * What the live display looks like: the lines of one frame, for a moment and a size.
 */
#ifndef PARPROC_CLIENT_LIVE_FRAME_H
#define PARPROC_CLIENT_LIVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "client/line.h"
#include "client/output.h"
#include "client/progress.h"

/* Some of them, however large the terminal is: the rest of it is for what has happened. */
#define LIVE_LINES_MAX 20

struct live_place {
	const struct output *output; /* for its colors */
	size_t columns, rows;
	bool is_utf8;
	double now_s;       /* since the epoch */
	unsigned tick;      /* the number of the frame, which turns what spins */
	size_t n_questions; /* that wait behind the one that is put */
};

struct live_frame {
	char *
	    lines[LIVE_LINES_MAX + 1]; /* one is for what is asked; with colors, without newlines */
	size_t n_lines;
};

/* Lines are at most a cell narrower than the terminal, and fewer than it has rows. */
void live_frame_make(
    struct live_frame *frame, const struct progress *progress, const struct live_place *place);
void live_frame_clear(struct live_frame *frame);

/* Appends how long it has taken so far and will take; how many are in which state. What matters
 * most comes first: narrow terminals leave out the rest. */
void live_frame_put_times(
    struct line *line, const struct progress *progress, const struct live_place *place);
void live_frame_put_counts(
    struct line *line, const struct progress *progress, const struct live_place *place);

#endif
