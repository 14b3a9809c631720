/*
 * What a process needs of a machine, as `resources:` says: what executors make options of. Read
 * here, and kept by definitions as JSON text.
 */
#ifndef PARPROC_WORKSPACE_RESOURCES_H
#define PARPROC_WORKSPACE_RESOURCES_H

#include <jansson.h>
#include <stdint.h>

#include "daemon/core/strings.h"
#include "daemon/workspace/reader.h"
#include "daemon/workspace/schema.h"

struct resources {
	int64_t cpus; /* these: 0: not said */
	int64_t memory_bytes;
	int64_t time_ns;
	int64_t gpus;
	char *partition;      /* NULL: not said; this and extra may have placeholders */
	struct strings extra; /* more words for the executor */
};

/* Reads what has passed resources_shape, over what is there: members that value has not stay. 0, or
 * -1: refused. The caller clears resources in both cases. */
int resources_read(const struct reader *reader, const struct place *place, const json_t *value,
    struct resources *resources);

/* The same of the JSON text that such a value was printed as; NULL is fine. */
void resources_read_text(const char *text, struct resources *resources);

void resources_clear(struct resources *resources);

extern const struct schema_shape resources_shape;

#endif
