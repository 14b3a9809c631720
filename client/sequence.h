/*
 * What terminals do to text from elsewhere: escape sequences (ECMA-48), how long one is, and
 * whether it does nothing but choose colors; lines that are written over.
 */
#ifndef PARPROC_CLIENT_SEQUENCE_H
#define PARPROC_CLIENT_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the sequence at the beginning of text; one that is cut ends with the text. 0: there
 * is none. */
size_t sequence_length(const char *text, size_t size);

/* Whether a sequence of that length is a whole SGR: colors, bold, underlined and the like. */
bool sequence_is_color(const char *text, size_t length);

/* What a terminal leaves of a line after which a carriage return may be: what follows the last one
 * that is followed by anything. Its length in *size. */
const char *sequence_find_shown(const char *line, size_t *size);

#endif
