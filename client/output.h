/*
 * What is put before people: where it goes, how wide and colored it may be, and how foreign text,
 * durations and times look.
 */
#ifndef PARPROC_CLIENT_OUTPUT_H
#define PARPROC_CLIENT_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output {
	FILE *stream; /* borrowed */
	bool is_terminal;
	bool has_color;
	size_t columns; /* 0: lines are not cut */
	bool has_links; /* the terminal knows them (client/link.h) */
};

/* Looks at the stream and at NO_COLOR, TERM, COLUMNS and what tells of links. */
void output_init(struct output *output, FILE *stream);

/* Whether the characters are UTF-8, as setlocale(3) would say of them: lines may be drawn with
 * other than ASCII then. No locale is loaded. */
bool output_is_utf8(void);

enum output_style { STYLE_NONE, STYLE_GOOD, STYLE_BAD, STYLE_SKIP, STYLE_FAINT, STYLE_BOLD };

/* The escape sequences around text of that style; empty without color. Static. */
const char *output_style_begin(const struct output *output, enum output_style style);
const char *output_style_end(const struct output *output, enum output_style style);

/* The style in which an execution of that state is shown. */
enum output_style output_state_style(const char *state);

enum output_escape_flag {
	ESCAPE_KEEP_TABS = 1 << 0,
	ESCAPE_STRIP_COLORS = 1 << 1, /* leave out escape sequences of terminals */
	ESCAPE_KEEP_COLORS = 1 << 2,  /* all but colors, which are ended with the text */
};

/*
 * Foreign text with control characters, characters that reorder text, and bytes that are no UTF-8
 * written as \n, \x1b or \u202e. New; the caller frees it.
 */
char *output_escape(const char *text, size_t size, unsigned flags);

/* Prints text so escaped. */
void output_print_escaped(FILE *stream, const char *text, size_t size, unsigned flags);

/*
 * A line of a log as a terminal would leave it, without what a progress display has overwritten in
 * it, so escaped; what is beyond that many cells is "…". New; the caller frees it.
 */
char *output_escape_line(const char *line, size_t size, size_t columns, unsigned flags);

/* The number of terminal cells that UTF-8 text without control characters takes; escape sequences
 * take none. */
size_t output_width(const char *text);

/* The length in bytes of the longest beginning of text that takes no more than that many cells. */
size_t output_fit(const char *text, size_t columns);

enum { DURATION_SIZE = 32, TIME_SIZE = 32, BYTES_SIZE = 32 };

/* Writes a duration as 1.2s, 3m05s, 2h03m or 4d02h. */
void output_format_duration(char text[DURATION_SIZE], double seconds);

/* Writes a short duration, as CPU time often is: 0.012s; from 10 seconds on as above. */
void output_format_short_duration(char text[DURATION_SIZE], double seconds);

/* Writes a number of bytes as 512 B, 3.4 MiB. */
void output_format_bytes(char text[BYTES_SIZE], double n_bytes);

/* Writes a time since the epoch as local date and time; "-" for 0. */
void output_format_time(char text[TIME_SIZE], double seconds);

/* Prints a JSON value and a newline: indented on a terminal, else on one line. Numbers are as short
 * as they can be without a change of their value. */
void output_print_json(const struct output *output, json_t *value);

/* Writes a value as people do: a text bare, the rest as compact JSON. Not escaped. */
void output_put_scalar(FILE *stream, json_t *value);

#endif
