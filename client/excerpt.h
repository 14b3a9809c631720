/*
 * What a log has to say: chosen, and printed below the line of its execution.
 */
#ifndef PARPROC_CLIENT_EXCERPT_H
#define PARPROC_CLIENT_EXCERPT_H

#include <jansson.h>
#include <stdbool.h>

#include "client/logfile.h"
#include "client/output.h"
#include "client/telling.h"

/* Takes a line of a log, without its newline; NULL, 0: there is a gap between two parts. */
typedef void excerpt_put(const char *line, size_t size, void *arg);

/* Chooses what tells something in the log of what failed, or succeeded, but for what log_ignore (as
 * in its view, or NULL) says. To be cleared. */
void excerpt_select(const json_t *log_ignore, const struct logfile_text *text, bool has_succeeded,
    struct telling *telling);

size_t excerpt_count_lines(const struct logfile_text *text, const struct telling *telling);

/* Hands over so many of the chosen lines, after those that are skipped. */
void excerpt_put_lines(const struct logfile_text *text, const struct telling *telling,
    size_t n_skipped, size_t n_max, excerpt_put *put, void *arg);

/* The telling lines of the log that the view of a failed execution names, or its whole log. A log
 * that cannot be read has none. */
void excerpt_print_failure(const struct output *output, const json_t *view, bool is_full);

/* Warnings in the log of one that succeeded: a few lines, if there are any. Only so much of the
 * beginning and the end of a large log is looked at. */
void excerpt_print_warnings(const struct output *output, const json_t *view);

#endif
