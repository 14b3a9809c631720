/*
 * What an incomplete execution waits for, followed to the end: dependencies, waves, locks, nested
 * waits, an earlier execution of the same proc. What that means is for blockers.c and nested.c.
 */
#ifndef PARPROC_CORE_TRAIL_H
#define PARPROC_CORE_TRAIL_H

#include "daemon/core/search.h"
#include "daemon/core/wait.h"

/*
 * A search through what is waited for; each execution is met once, and so is each node of a request
 * that has not taken effect, which is looked at as if it had.
 */
struct trail {
	struct core *core;
	const struct search *search; /* of that request, or NULL */
	bool *has_node;
	struct found {
		struct execution *execution; /* or a node that is new */
		const struct node *node;
		size_t from; /* the index of the one that waits for it; its own: a start */
	} * found;
	size_t count, max;
	size_t at;                   /* the one whose blockers are being found */
	const struct run *swept_run; /* what is lower there than that wave is found already */
	int32_t swept_wave;
	bool is_for_ever; /* locks count as well that are not waited for yet */
};

/* Adds execution, unless it is complete or was met already (execution->visit is core->visit). */
void trail_add(struct trail *trail, struct execution *execution);

/* Adds a node of the search: it is new, or stands for an execution. */
void trail_add_node(struct trail *trail, size_t at);

/* Adds what item, of a wait of asker, is for. */
void trail_add_item(
    struct trail *trail, const struct wait_item *item, const struct execution *asker);

/* Adds what the execution or node at trail->at waits for. */
void trail_add_blockers(struct trail *trail);

/* Whether a request brings the node of its search into its run. */
bool trail_is_coming(const struct node *node);

#endif
