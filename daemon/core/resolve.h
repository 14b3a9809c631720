/*
 * Requests that schedule: what they name is searched for, and what was found takes effect whole or
 * not at all.
 */
#ifndef PARPROC_CORE_RESOLVE_H
#define PARPROC_CORE_RESOLVE_H

#include "daemon/core/search.h"

/* A dependency of the definition whose choices a command has answered. */
struct late_dep {
	size_t dep;
	struct choices_answer *answers; /* resolve_late() may take them: it leaves NULL then */
	size_t n_answers;
};

/*
 * Has execution, which waits in its run, depend on those names too (or, names NULL, on what the
 * late dep stands for). What is wrong with that fails it.
 */
void resolve_late(struct core *core, struct execution *execution, const struct strings *names,
    struct late_dep *late, int64_t now_ns);

/* It has not begun after all: it fails where what it depends on has, as it would have when it was
 * joined, or is ready again. */
void resolve_again(struct core *core, struct execution *execution, int64_t now_ns);

/* Has what a search found take effect: executions are made, joined and linked. */
void resolve_commit(struct search *search, const struct scope *scope);

/* Starts procs by name in the scope's run. The names of those that stay idle are untouched. */
int resolve_start(struct core *core, struct proc *const *roots, size_t n_roots,
    const struct scope *scope, const struct choices_answers *answers, bool is_fail_fast,
    struct start_outcome *outcome, struct fault *fault);

#endif
