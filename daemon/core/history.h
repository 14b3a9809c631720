/*
 * How long procs take, as far as that is known, and the order that follows from it: of what one
 * request schedules, what lies on the longest way to the end of all is first. That is list
 * scheduling by the "highest level first", HLFET: T. L. Adam, K. M. Chandy, J. R. Dickson, "A
 * comparison of list schedules for parallel processing systems", Communications of the ACM 17(12),
 * 1974; how far from the best any such list can end is in R. L. Graham, "Bounds on multiprocessing
 * timing anomalies", SIAM Journal on Applied Mathematics 17(2), 1969.
 */
#ifndef PARPROC_CORE_HISTORY_H
#define PARPROC_CORE_HISTORY_H

#include "daemon/core/search.h"

/* So many names are remembered: those of which something was heard last. */
#define HISTORY_NAMES_MAX 10000

/* execution has succeeded. */
void history_note(struct core *core, const struct execution *execution);

/*
 * Ranks the executions that the search has made: the time from the start of each to the end of all
 * of these that wait for it. What was never seen to succeed takes as long as the others do on
 * average; where none was, nothing is ranked. Costs what the new nodes and their edges are.
 */
void history_rank(struct search *search);

void history_clear(struct core *core);

#endif
