/*
 * Which executions of other runs a search may join, and what they bring with them; and what is in
 * the run already and gets a dependency that comes in late.
 */
#ifndef PARPROC_CORE_JOIN_H
#define PARPROC_CORE_JOIN_H

#include "daemon/core/search.h"

/* Adds the node of a proc that is not in the run: joined, if that is possible, else new. */
uint32_t join_find(struct search *search, struct proc *proc);

/* Whether a node that was adopted is needed itself as well, and so is joined. */
bool join_adopted(const struct search *search, struct node *node);

/* False: something was joined that nothing needs, or whose promises cannot be kept, so the search
 * has to start again without. */
bool join_check(struct search *search);

/* What brought execution in by joining is not joined when the search starts again. False: nothing
 * did. */
bool join_undo(struct search *search, struct execution *execution);

/* Finds executions that wait in the run and depend on what comes in; or it is too late for one. */
int join_find_late(struct search *search);

#endif
