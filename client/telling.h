/*
 * The lines of a log that tell why something failed.
 */
#ifndef PARPROC_CLIENT_TELLING_H
#define PARPROC_CLIENT_TELLING_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a text: whole lines, without the last one's newline. */
struct telling_part {
	size_t begin, end;
};

struct telling {
	struct telling_part *parts; /* in order; they neither touch nor overlap */
	size_t n_parts;
	bool has_words; /* they were chosen by words in them; else they are the end of the text */
};

/*
 * Finds the lines with the word error, exception, warning, notice, deprecated or deprecation in
 * any case, with two lines before and after each; where they touch they are one part. What a
 * progress display has overwritten does not count. In a text without such words: its last 16 lines.
 * To be cleared.
 */
void telling_select(const char *text, size_t size, struct telling *telling);

/* Whether a line, without its newline, tells nothing whatever words are in it. */
typedef bool telling_filter(const char *line, size_t size, void *arg);

/* The same; lines that is_ignored accepts count as if they had no such word. */
void telling_select_but(
    const char *text, size_t size, telling_filter *is_ignored, void *arg, struct telling *telling);

void telling_clear(struct telling *telling);

#endif
