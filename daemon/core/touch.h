/*
 * What has changed since the last look, for whoever keeps it (core_get_changes): each execution and
 * run once, however often it changed, procs and protos by name. Costs nothing until
 * core_keep_changes().
 */
#ifndef PARPROC_CORE_TOUCH_H
#define PARPROC_CORE_TOUCH_H

#include "daemon/core/state.h"

/* Something of execution, or of one of its memberships, is not as it was. */
void touch_execution(struct core *core, struct execution *execution);

/* The same of run, but for its members. */
void touch_run(struct core *core, struct run *run);

/* What defines proc, or a proto of that name, may have changed. */
void touch_proc(struct core *core, struct proc *proc);
void touch_proto(struct core *core, const char *name);

/* Takes back the last touch_proc(), if it was for proc: it is as it was before. */
bool touch_undo_proc(struct core *core, struct proc *proc);

/* It is about to be freed: nobody is to look at it any more. */
void touch_forget_execution(struct core *core, struct execution *execution);
void touch_forget_run(struct core *core, struct run *run);

void touch_clear(struct core *core);

#endif
