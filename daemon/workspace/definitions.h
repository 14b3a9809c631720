/*
 * From JSON to definitions: one path for the workspace file and for what clients define.
 */
#ifndef PARPROC_WORKSPACE_DEFINITIONS_H
#define PARPROC_WORKSPACE_DEFINITIONS_H

#include <jansson.h>

#include "daemon/core/definition.h"
#include "daemon/workspace/error.h"
#include "daemon/workspace/reader.h"

/* So many args, and so many of env:, has a definition at most; each becomes a variable. */
#define DEFINITION_MAX_VARIABLES 1000

struct definitions {
	struct definition **items; /* procs, then protos, each in the order of the text */
	size_t count;
};

/*
 * What {"procs": {…}, "protos": {…}} defines, as in a define request: checked with
 * definition_check(). 0, or -1 with *error filled in. The caller clears *definitions.
 */
int definitions_from_request(const json_t *value, const char *separator,
    struct definitions *definitions, struct workspace_error *error);

/* The same for the text of a file, which is YAML or JSON; file is its name in errors. */
int definitions_from_text(const char *text, size_t length, const char *file, const char *separator,
    struct definitions *definitions, struct workspace_error *error);

/* The same for a value that passed schema_check() already; other members are not looked at. */
int definitions_from_json(const json_t *value, enum origin origin, const char *separator,
    const struct reader *reader, struct definitions *definitions);

/* Gives the references back. */
void definitions_clear(struct definitions *definitions);

#endif
