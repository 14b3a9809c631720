/*
 * What a proc's view says about how it goes, in words.
 */
#ifndef PARPROC_CLIENT_OUTCOME_H
#define PARPROC_CLIENT_OUTCOME_H

#include <jansson.h>
#include <stdbool.h>

#include "client/output.h"

/* Whether it has come to an end. */
bool outcome_is_complete(const json_t *view);

/* How long it ran, or has been running or waiting; "" where it never did. */
void outcome_format_duration(char text[DURATION_SIZE], const json_t *view);

/* Why it failed in a few words: "exit 2", "signal 9 (KILL)", "dep_failed: build failed". New. */
char *outcome_describe(const json_t *view);

/* "attempt 2 of 4", where it is not the first; new, or NULL. */
char *outcome_attempt(const json_t *view);

/* What its process said about it, if that is not part of the description; new, or NULL. */
char *outcome_detail(const json_t *view);

/* Why the attempt before failed, of one that is tried again: "exit 2", or what was said. New. */
char *outcome_retried(const json_t *view);

/* All of it for a table's cell: why it waits, what it waits for, why it failed. New. */
char *outcome_reason(const json_t *view);

/* Prints views (an array) as a table: name, state, time, reason. */
void outcome_print_table(const struct output *output, const json_t *views);

#endif
