/*
 * How many rows of a terminal lines take that were drawn in it, also when it has another width
 * since: most terminals break lines anew then, some leave the rows as they are.
 */
#ifndef PARPROC_CLIENT_WRAP_H
#define PARPROC_CLIENT_WRAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether this terminal breaks lines anew, as far as the environment tells: those that are known
 * not to are xterm, the console of Linux and GNU screen. */
bool wrap_is_redone(void);

/* The rows that a line (UTF-8, with escape sequences) takes where there are so many columns. */
size_t wrap_count_rows(const char *line, size_t columns);

#endif
