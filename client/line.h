/*
 * A line for the terminal on its way: text with colors, and the cells that it takes.
 */
#ifndef PARPROC_CLIENT_LINE_H
#define PARPROC_CLIENT_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "client/output.h"

struct line {
	const struct output *output; /* for its colors */
	bool is_utf8;
	FILE *stream;
	char *text;
	size_t size;
	size_t width, columns; /* the cells that are taken, and those that there are */
};

void line_begin(struct line *line, const struct output *output, bool is_utf8, size_t columns);

/* Appends as much of foreign text as fits into so many cells, in a style. */
void line_put(struct line *line, enum output_style style, const char *text, size_t columns);

/* Appends blanks up to that width. */
void line_pad(struct line *line, size_t width);

/* Appends a bar of at most so many cells, where there is room for one. It is full only when part is
 * 1, which what has not ended does not come to. */
void line_put_bar(struct line *line, double part, bool has_ended, size_t columns);

/* Appends the sign of that number among those that turn. */
void line_put_spinner(struct line *line, unsigned tick);

/* The text; the caller frees it. */
char *line_end(struct line *line);

#endif
