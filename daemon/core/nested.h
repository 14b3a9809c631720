/*
 * Whether a nested wait, and what the same request would start, waits for its own asker: asked
 * before any of it takes effect. A circle is one also where something of it would fail at once.
 */
#ifndef PARPROC_CORE_NESTED_H
#define PARPROC_CORE_NESTED_H

#include "daemon/core/search.h"

/* What a nested wait is for, before it begins. */
struct nested {
	struct execution *asker;     /* its waits count, those that are there for names included */
	const struct search *search; /* what the same request would start; or NULL */
	bool is_for_all; /* it waits for all of that, not for what its waits name alone */
};

/* Refuses one that waits for its own asker, with the circle. */
int nested_check(struct core *core, const struct nested *nested, struct fault *fault);

#endif
