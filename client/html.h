/*
 * Foreign text in an HTML page, and in the SVG inside one. What control characters, characters that
 * reorder text and bytes that are no UTF-8 become is output's.
 */
#ifndef PARPROC_CLIENT_HTML_H
#define PARPROC_CLIENT_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Puts text that is to be seen as it is, in an element or between the double quotes of an
 * attribute. NULL is nothing. */
void html_put(FILE *stream, const char *text);

/* The same, cut to that many cells: the last one is "…" then. */
void html_put_cut(FILE *stream, const char *text, size_t columns);

/* Puts text that output_escape() has made. */
void html_put_escaped(FILE *stream, const char *escaped, size_t size);

#endif
