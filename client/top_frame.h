/*
 * What ppctl top looks like: all lines of the screen, for a moment and a size.
 */
#ifndef PARPROC_CLIENT_TOP_FRAME_H
#define PARPROC_CLIENT_TOP_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "client/live_frame.h"
#include "client/top_model.h"

enum top_pane { TOP_PANE_PROCS, TOP_PANE_RUNS };

struct top_look {
	struct live_place place; /* how wide, how high, when */
	const char *workspace, *server;
	json_int_t parallel; /* the limit; 0: not known */
	double load;
	enum top_pane pane;   /* the one that keys move in */
	const char *question; /* at the bottom, or NULL */
	const char *message;  /* there where nothing is asked, or NULL */
	const json_t *text;   /* lines to read instead of the list, or NULL */
	size_t text_offset;   /* of the first line that is seen */
};

/* Makes the lines; the array and they are the caller's. There are as many as the place has rows. */
char **top_frame_make(struct top_model *model, const struct top_look *look, size_t *n_lines);

/* How many rows the list, or a text, has at that size. */
size_t top_frame_count_rows(const struct top_model *model, const struct top_look *look);

#endif
