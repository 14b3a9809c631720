/*
 * A plan of the model: what a request would do, before anything is done.
 */
#ifndef PARPROC_TESTS_SIM_MODEL_PLAN_H
#define PARPROC_TESTS_SIM_MODEL_PLAN_H

#include "tests/sim/model.h"

struct plan_node {
	struct model_target target;
	struct model_exec *exec; /* in the run already, or joined or adopted; NULL: a new one */
	struct strings missing;
	unsigned n_commands;
	bool is_expanded;
	bool is_needed; /* by itself, not only below what is joined */
};

struct plan_edge {
	size_t from, to; /* from depends on to */
};

struct model_plan {
	struct model *model;
	struct model_run *run;        /* may not be among the model's runs yet */
	struct model_exec *dependent; /* what the roots are for, or NULL */
	const char *params;
	struct plan_node *nodes; /* as they were met, depth first */
	size_t n_nodes;
	size_t *roots; /* the nodes that were asked for */
	size_t n_roots;
	struct plan_edge *edges;
	size_t n_edges;
	struct model_exec **adopted; /* joined, and what those depend on */
	size_t n_adopted;
	struct model_exec **joined; /* those that the adopted came with */
	size_t n_joined;
	struct model_exec **banned; /* nothing that remains needs these, or promises forbid them */
	size_t n_banned;
	struct model_exec **broken; /* joined, but something would have had to come before */
	size_t n_broken;
	bool is_hinted;         /* joined is what the core joined, if it may be */
	bool is_strict;         /* what must not be joined for what is needed comes with nothing */
	struct strings missing; /* of the names that were asked for */
	enum fault_code code;
};

/* Fills in a plan of which model, run, dependent and params are set. */
void plan_make(struct model_plan *plan, const char *const *names, size_t n_names);

/* What the names lead to, with what is joined so far in the place of what would be new. */
void plan_resolve(struct model_plan *plan, const char *const *names, size_t n_names);

/* Before it is resolved anew. */
void plan_forget_nodes(struct model_plan *plan);

struct plan_node *plan_find_node(struct model_plan *plan, const char *name);

/* What of that name is joined, or comes with what is; or NULL. */
struct model_exec *plan_find_adopted(const struct model_plan *plan, const char *name);

bool plan_is_joined(const struct model_plan *plan, const struct model_exec *exec);

/* What brings exec in, itself if it is joined, must not be joined. Only what was said last counts:
 * without that, the rest may be as it should be. */
void plan_break_join(struct model_plan *plan, const struct model_exec *exec);

/* Whether what the edge leads to waits in the end for what it comes from. */
bool plan_is_circle(struct model_plan *plan, const struct plan_edge *edge);

/* Checks waves and cycles; FAULT_NONE: it can be carried out. */
enum fault_code plan_check(struct model_plan *plan);

/* Ranks what the plan has made, for each node whether it is that. */
void model_rank(struct model_plan *plan, const bool *is_new);

/* Carries it out. */
void plan_commit(struct model_plan *plan);

void plan_free(struct model_plan *plan);

#endif
