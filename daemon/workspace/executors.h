/*
 * Executors: where processes run. `local` and `slurm` are built in; the others are what
 * `executors:` of the workspace file says, an argv prefix each. Only their settings are here; what
 * is made of them is in daemon/executors/.
 */
#ifndef PARPROC_WORKSPACE_EXECUTORS_H
#define PARPROC_WORKSPACE_EXECUTORS_H

#include <jansson.h>
#include <stdint.h>

#include "daemon/core/strings.h"
#include "daemon/workspace/definitions.h"
#include "daemon/workspace/options.h"
#include "daemon/workspace/reader.h"
#include "daemon/workspace/resources.h"
#include "daemon/workspace/schema.h"

#define EXECUTOR_LOCAL "local"
#define EXECUTOR_SLURM "slurm"
#define EXECUTOR_NAME_SIZE OPTIONS_EXECUTOR_SIZE

enum executor_kind { EXECUTOR_KIND_LOCAL, EXECUTOR_KIND_SLURM, EXECUTOR_KIND_PREFIX };

struct executor {
	char *name;
	enum executor_kind kind;
	struct strings command;     /* of EXECUTOR_KIND_PREFIX */
	uint32_t parallel;          /* how many at once; of local, options.parallel says it */
	struct resources resources; /* those of procs hold over them */
};

struct executors {
	struct executor *items; /* the two that are built in first */
	size_t count;
};

/*
 * What the value of `executors:` says (NULL: nothing), which has passed executors_shape. 0, or -1:
 * refused. The caller clears executors in both cases.
 */
int executors_read(const struct reader *reader, const json_t *value, struct executors *executors);
void executors_clear(struct executors *executors);

/* Or NULL. */
const struct executor *executors_find(const struct executors *executors, const char *name);

/* "there is no executor farr (did you mean far?); there are local, slurm and far", for the caller
 * to free. */
char *executors_explain_unknown(const struct executors *executors, const char *name);

/* Refuses the first of the definitions whose executor is unknown. 0, or -1: refused. */
int executors_check(const struct executors *executors, const struct definitions *definitions,
    const struct reader *reader);

/* Whether a word may have that in brackets. */
bool executors_is_placeholder(const char *name, size_t length);

extern const struct schema_shape executors_shape;

#endif
