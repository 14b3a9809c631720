/* How often what has failed is tried again (retries), as a definition says it. */
#ifndef PARPROC_WORKSPACE_RETRIES_H
#define PARPROC_WORKSPACE_RETRIES_H

#include <jansson.h>

#include "daemon/core/definition.h"
#include "daemon/workspace/reader.h"

/* Reads the value at place, which has passed the schema. 0, or -1: refused. */
int retries_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct retries *retries);

/* What on may name, NULL-ended. */
extern const char *const retries_words[];

#endif
