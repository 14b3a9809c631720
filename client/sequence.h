/*
 * Escape sequences of terminals (ECMA-48) in text from elsewhere: how long one is, and whether it
 * does nothing but choose colors.
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

#endif
