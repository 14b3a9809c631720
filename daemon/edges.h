/*
 * Why an execution comes after another. The core keeps which ones hang together, not why: the
 * definitions that they were scheduled with say it.
 */
#ifndef PARPROC_DAEMON_EDGES_H
#define PARPROC_DAEMON_EDGES_H

#include "daemon/core/core.h"

/* The dependencies of an execution, while they are asked about. */
struct edges {
	const struct core *core;
	const struct execution *execution;
	const char *command;  /* the first word of one that names dependencies; or NULL */
	bool is_filled;       /* these are there: the names that its definition lists, filled in */
	struct strings names; /* sorted */
	struct strings patterns;
};

/* Costs nothing before something is asked. To be cleared. */
void edges_init(struct edges *edges, const struct core *core, const struct execution *execution);
void edges_clear(struct edges *edges);

/* Why the execution comes after dep, one of those that it depends on. */
enum edge_reason edges_reason(struct edges *edges, const struct execution *dep);

#endif
