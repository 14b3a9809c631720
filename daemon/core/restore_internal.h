/*
 * What restore.c gathers and restore_link.c puts together. For these two alone.
 */
#ifndef PARPROC_CORE_RESTORE_INTERNAL_H
#define PARPROC_CORE_RESTORE_INTERNAL_H

#include "daemon/core/resolving.h"
#include "daemon/core/restore.h"
#include "daemon/core/state.h"

/* What an execution has to wait with until all executions are there. */
struct restored {
	struct execution *execution;
	uint64_t *deps;
	size_t n_deps;
	uint64_t failed_dep;
	struct question *questions; /* names are its own */
	bool *is_choices;
	size_t n_questions;
};

struct restore {
	struct core *core;
	struct restored *items; /* in the order of ids */
	size_t count, max;
	uint64_t last_run, last_since; /* of the records so far */
};

/* The one of that id, or NULL. */
struct restored *restore_find_item(const struct restore *restore, uint64_t id);

/* Frees restore alone. */
void restore_free(struct restore *restore);

#endif
