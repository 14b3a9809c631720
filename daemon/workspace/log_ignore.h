/*
 * Patterns of lines that tell nothing (log_ignore). The daemon only checks them: who shows a log
 * compares its lines.
 */
#ifndef PARPROC_WORKSPACE_LOG_IGNORE_H
#define PARPROC_WORKSPACE_LOG_IGNORE_H

#include <jansson.h>

#include "daemon/workspace/reader.h"

enum { LOG_IGNORE_MAX = 32, LOG_IGNORE_PATTERN_BYTES = 256 };

/* Checks the value at place, which has passed the schema. 0, or -1: refused. */
int log_ignore_check(const struct reader *reader, const struct place *place, const json_t *value);

#endif
