/*
 * Dependencies that nothing defines yet: which executions wait for which names.
 */
#ifndef PARPROC_CORE_MISSING_H
#define PARPROC_CORE_MISSING_H

#include "daemon/core/state.h"

struct missing {
	struct execution *execution;
	struct proc *proc;
	struct missing *next_of_execution;
	struct missing *next_of_proc;
};

/* Whether a name that nothing has may be waited for. 0; or -1 with the fault: no proc could ever
 * have it. */
int missing_check(const struct core *core, const char *name, struct fault *fault);

/* Puts a new stamp on the procs whose names execution waits for already. */
uint64_t missing_mark(struct core *core, const struct execution *execution);

/* Has execution wait for the name of proc (a reference to which is taken over). */
void missing_add(struct core *core, struct execution *execution, struct proc *proc);

/* Lets execution wait for no name any more. */
void missing_drop(struct core *core, struct execution *execution);

/* Notes that a name, or those that a pattern matches, can be found from now on. */
void missing_note_proc(struct core *core, const struct proc *proc);
void missing_note_created(struct core *core); /* all that the request has created */
void missing_note_proto(struct core *core, const char *pattern);

/* Pulls what has appeared into the runs that wait for it. True if there was something. */
bool missing_settle(struct core *core, int64_t now_ns);

#endif
