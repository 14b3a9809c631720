/*
 * Prints what a log has to say below the line of its execution.
 */
#ifndef PARPROC_CLIENT_EXCERPT_H
#define PARPROC_CLIENT_EXCERPT_H

#include <jansson.h>
#include <stdbool.h>

#include "client/output.h"

/* The telling lines of the log that the view of a failed execution names, or its whole log. A log
 * that cannot be read has none. */
void excerpt_print_failure(const struct output *output, const json_t *view, bool is_full);

/* Warnings in the log of one that succeeded: a few lines, if there are any. Only so much of the
 * beginning and the end of a large log is looked at. */
void excerpt_print_warnings(const struct output *output, const json_t *view);

#endif
