/*
 * Dynamic values: the commands of an execution's dependencies, and of the choices that these need,
 * from ACTION_RESOLVE to their answer.
 */
#ifndef PARPROC_CORE_RESOLVING_H
#define PARPROC_CORE_RESOLVING_H

#include "daemon/core/state.h"

struct resolving {
	UT_hash_handle by_id;
	uint64_t id;
	struct execution *execution;
	struct resolving *next;
	size_t dep; /* of the execution's definition */
	struct definition
	    *definition; /* whose choices of arg are asked for; NULL: the dep's names */
	size_t arg;
	struct strings names; /* what was to be depended on when choices were found to be needed; or
	                         empty: the dep itself */
	struct choices_answer *answers; /* those that came before, for the same dep; owned */
	size_t n_answers;
};

/* What is asked for: the names of a dep's command, or (definition set) the choices of an argument.
 */
struct question {
	size_t dep;
	struct definition *definition;
	size_t arg;
	const struct strings
	    *names; /* that the choices are needed for, copied; NULL: the dep's own */
	struct choices_answer *answers; /* that there are already, taken over */
	size_t n_answers;
};

/* Has the command be run for execution. */
void resolving_begin(
    struct core *core, struct execution *execution, const struct question *question);

/* Lets execution wait for no command any more; answers to them will be ignored. */
void resolving_drop(struct core *core, struct execution *execution);

/* Frees answers and what they hold. */
void choices_answers_free(struct choices_answer *answers, size_t count);

#endif
