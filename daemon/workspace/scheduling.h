/*
 * What says when and how often a proc is started: pools and what is used of them, priority,
 * retries.
 */
#ifndef PARPROC_WORKSPACE_SCHEDULING_H
#define PARPROC_WORKSPACE_SCHEDULING_H

#include <jansson.h>

#include "daemon/core/definition.h"
#include "daemon/workspace/reader.h"
#include "daemon/workspace/schema.h"

/* So many pools has a workspace at most, and so many uses a proc. */
#define POOLS_MAX 1000
#define USES_MAX 100

extern const struct schema_shape pools_shape;
extern const struct schema_shape use_shape;

/*
 * The pools of a file, their capacities as integers: a new object, empty where value is NULL or
 * null. NULL: refused.
 */
json_t *pools_read(const struct reader *reader, const json_t *value);

/* These read a key of a definition. 0, or -1: refused. */
int use_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition);
int priority_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition);

#endif
