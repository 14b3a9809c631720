/*
 * What may stand where in a workspace file, as tables, and the check of a JSON value against them.
 * The same tables tell what protocol/parproc.schema.json has to say (a test compares them), so
 * they hold what can be said of a value alone; what values mean is for those who convert them.
 */
#ifndef PARPROC_WORKSPACE_SCHEMA_H
#define PARPROC_WORKSPACE_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/workspace/reader.h"

enum schema_type {
	SCHEMA_NULL = 1,
	SCHEMA_BOOL = 2,
	SCHEMA_INTEGER = 4,
	SCHEMA_REAL = 8, /* and integers, which are to be allowed with it */
	SCHEMA_TEXT = 16,
	SCHEMA_LIST = 32,
	SCHEMA_MAP = 64,
	SCHEMA_SCALAR = SCHEMA_BOOL | SCHEMA_INTEGER | SCHEMA_REAL | SCHEMA_TEXT,
	SCHEMA_ANY = SCHEMA_SCALAR | SCHEMA_NULL | SCHEMA_LIST | SCHEMA_MAP,
};

struct schema_key;

/* A kind of value. */
struct schema_shape {
	unsigned types;                /* of enum schema_type, or-ed */
	bool is_one_key;               /* a mapping has exactly one of keys */
	const struct schema_key *keys; /* a mapping has these, ended by one without name; or … */
	const struct schema_shape *each; /* … any keys, each value of this shape; also: elements */
	const char *const *words;        /* the only texts, NULL-ended; NULL: any text */
};

struct schema_key {
	const char *name;
	const struct schema_shape *shape; /* NULL: it is refused */
	const char *refusal;              /* then: why */
};

/* A workspace file; its procs and protos as they come with a request. */
extern const struct schema_shape schema_workspace;
extern const struct schema_shape schema_definitions;

/* Checks the value at place and all below it. 0, or -1: refused. */
int schema_check(const struct schema_shape *shape, const json_t *value, const struct reader *reader,
    const struct place *place);

/* Refuses the key (or word) at place as unknown, with the nearest of keys. Always returns -1. */
int schema_refuse_key(const struct schema_key *keys, const struct reader *reader,
    const struct place *place, const char *what);

#endif
