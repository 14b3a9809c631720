/*
 * Executions: how they are made, how they hang together, and the one way in which their state
 * changes. What follows from a change is in settle.h and ready.h.
 */
#ifndef PARPROC_CORE_EXECUTION_H
#define PARPROC_CORE_EXECUTION_H

#include "daemon/core/state.h"

/* A new reference to those of that text; params_new() shares them with nobody. */
struct params *params_get(struct core *core, const char *text);
struct params *params_new(const char *text);
struct params *params_ref(struct params *params);
void params_unref(struct params *params);

/* A WANTED execution of proc, first in run. It takes part in nothing yet. */
struct execution *execution_new(
    struct core *core, struct proc *proc, struct run *run, const struct scope *scope);

/* Puts execution into run too, if it is not there. What is incomplete counts from now on. */
struct membership *execution_join_run(
    struct core *core, struct execution *execution, struct run *run);

/* The since of the first membership of the execution of that id. */
uint64_t execution_first_since(uint64_t id);

/* Calls visit for execution and all that it depends on, also through others; false ends it. */
bool execution_each_below(struct core *core, struct execution *execution,
    bool (*visit)(struct execution *, void *), void *arg);

/* Ends the membership. With the last one what execution depends on is forgotten, and it is freed
 * itself when no other depends on it. */
void execution_leave_run(struct core *core, struct membership *membership);

/* The edge alone: has execution wait for dep, if that is incomplete. */
void execution_link(struct execution *execution, struct execution *dep);

/* Has execution depend on dep too. dep comes into all runs of execution, with what it depends on,
 * but for procs that those have another execution of; core->brought lists it then. */
void execution_add_dep(struct core *core, struct execution *execution, struct execution *dep);

/* Puts it at the end of the line of its proc: one is in flight, the others wait for it. */
void execution_line_up(struct execution *execution);

/* Gives a new execution its definition, of which it takes a reference. */
void execution_define(struct execution *execution, struct definition *definition);

/* Lets go of execution for a membership, a dependent or a dependency; the last one buries it. */
void execution_unref(struct core *core, struct execution *execution);

/* Forgets who depends on execution: it has ended, or the core does. */
void execution_drop_dependents(struct core *core, struct execution *execution);

/* Forgets what it depends on, and so what it failed for. */
void execution_drop_deps(struct core *core, struct execution *execution);

/* The last of those of proc that wait for each other's end; NULL: none is in flight. */
struct execution *execution_last_in_line(const struct proc *proc);

bool execution_depends_on(const struct execution *execution, const struct execution *dep);

/* Moves it to state; a transition that semantics do not know ends the process. */
void execution_set_state(
    struct core *core, struct execution *execution, enum execution_state state);

/* Whether the table of legal transitions has it. */
bool execution_may_become(enum execution_state from, enum execution_state to);

/* Counts it as in progress in its runs, or no longer, as its members say now. */
void execution_update_progress(struct core *core, struct execution *execution);

/*
 * Has what was forgotten let go of its dependencies, and so on down: they are forgotten with it,
 * not a level each time that the core is advanced.
 */
void execution_release(struct core *core);

/* Frees what was forgotten since the last call. */
void execution_bury(struct core *core);

#endif
