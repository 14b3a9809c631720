/*
 * Executors, as far as the core knows them: a name, a limit of slots, and a line of what is ready
 * and waits for one of them. The first is "local", whose limit is options.parallel. One that is
 * defined no longer keeps its line: who starts its processes has to refuse them.
 */
#ifndef PARPROC_CORE_SLOTS_H
#define PARPROC_CORE_SLOTS_H

#include "daemon/core/state.h"

struct slots {
	char *name;
	bool is_defined;
	uint32_t limit;
	uint32_t references; /* executions that have it */
	uint64_t n_used;
	struct heap ready; /* what waits for one of them only */
};

void slots_init(struct core *core);
void slots_clear(struct core *core);

/* Gives a new execution its executor: that of its definition, else of run (or NULL), else of the
 * options. */
void slots_assign(struct core *core, struct execution *execution, const struct run *run);

/* The one of that name, whatever else says: for one that is brought back. */
void slots_assign_name(struct core *core, struct execution *execution, const char *name);

/* The execution is about to be freed. */
void slots_unassign(const struct execution *execution);

void slots_take(struct core *core, struct execution *execution);
void slots_give_back(struct core *core, struct execution *execution);

/* How many executions may have a slot of it at once. */
uint32_t slots_limit(const struct core *core, const struct slots *slots);

/* Whether one of its slots is free. */
bool slots_has_room(const struct core *core, const struct slots *slots);

/* The first that is ready for a slot of local, free or not; or NULL. */
struct execution *slots_first_local(const struct core *core);

/* The execution that is to start next: the first of all that are ready and have a free slot; or
 * NULL. */
struct execution *slots_next(const struct core *core);

/* 0, or -1: scope names an executor that there is not. */
int slots_check(const struct core *core, const struct scope *scope, struct fault *fault);

/* Has what is scheduled in run from now on use the executor of scope, if that names one. */
void slots_use(struct core *core, struct run *run, const struct scope *scope);

#endif
