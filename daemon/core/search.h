/*
 * What a request would schedule: all that is reached from the procs that it names, through
 * dependencies and reverse dependencies, and how it hangs together. A search changes nothing but
 * the registry (procs are created on the spot; registry_undo_created() takes them back).
 *
 * What runs elsewhere and can be joined is found first: below a joined execution nothing is looked
 * at, and what it depends on is adopted. A decision to join that turns out wrong (a proc that has
 * to come first is found) starts the search again without it.
 */
#ifndef PARPROC_CORE_SEARCH_H
#define PARPROC_CORE_SEARCH_H

#include "daemon/core/registry.h"
#include "daemon/core/state.h"

enum node_kind {
	NODE_NEW,     /* to be executed */
	NODE_JOIN,    /* in flight in another run, and joined */
	NODE_ADOPTED, /* what a joined one depends on */
	NODE_MEMBER,  /* in the run already */
};

/* There may be as many as there are procs, and edges: both are kept small. */
struct node {
	struct proc *proc;
	struct execution *execution; /* of all but NODE_NEW; of those too once they are made */
	uint32_t first_edge, n_edges;
	int32_t wave;
	uint8_t kind;
	bool is_root;
	bool is_needed; /* by itself, not only below what is joined */
	bool is_reached;
	bool has_replaced; /* joined, and has brought what was taken for new */
	bool is_bad;       /* the request is refused for it, if it is needed in the end */
	uint8_t color;     /* scratch of the search for cycles */
};

enum search_edge_kind {
	SEARCH_DEP, /* node depends on to */
	SEARCH_RDEP,
	SEARCH_WHEN_SCHEDULED, /* proc set: only if that comes into the run */
	SEARCH_WHEN_TARGET_SCHEDULED,
	SEARCH_PULL, /* node, a declarer, brings to in; which then depends on it by its own edge */
	SEARCH_MISSING, /* node depends on a name that nothing defines */
	SEARCH_ASK,     /* node depends on what cannot be known before a command has answered */
};

struct search_edge {
	uint8_t kind;     /* enum search_edge_kind */
	bool is_promised; /* a conditional rdep: what runs already must not come in without it */
	uint32_t to;      /* a node; of SEARCH_ASK: the index of the dep */
	union {
		struct proc *proc; /* of SEARCH_MISSING and SEARCH_WHEN_SCHEDULED; or NULL */
		struct definition *definition; /* of SEARCH_ASK: whose choices; NULL: the dep's own
		                                  command */
	};
	uint32_t arg; /* of SEARCH_ASK: of the definition */
};

/* An execution that is there already and gets another dependency. */
struct late_edge {
	struct execution *execution;
	uint32_t dep; /* a node */
};

struct search {
	struct core *core;
	struct run *run;
	const char *params;
	const struct choices_answers *answers;
	struct fault *fault;
	struct execution *parent; /* whose dependencies the roots are, or NULL */
	uint64_t visit;
	int64_t now_ns; /* while it is committed */
	/* Arrays that grow; pointers into them hold until the next visit. */
	struct node *nodes;
	size_t n_nodes, max_nodes;
	int32_t lowest_wave, highest_wave; /* of the nodes */
	struct search_edge *edges;
	size_t n_edges, max_edges;
	size_t n_asks, n_missing; /* of the edges */
	size_t n_joined;          /* of the nodes: those that join_find() has joined */
	size_t n_replaced;        /* of the nodes: new ones that something joined has brought */
	struct late_edge *late;
	size_t n_late, max_late;
	uint32_t *stack;
	size_t n_stack, max_stack;
	uint32_t *order; /* nodes to be executed, in the order of the request */
	size_t n_order, max_order;
	struct execution **unjoined; /* in flight, and not to be joined */
	size_t n_unjoined;
	bool is_again;                       /* the search has to start again */
	bool is_terse;                       /* a fault is not looked at: it needs no words */
	bool is_apart;                       /* nothing is joined */
	struct definition *asked_definition; /* with FAULT_NEEDS_CHOICES: whose choices; borrowed */
	size_t asked_arg;
};

/* Searches from roots. 0; or -1 with the fault. */
int search_run(struct search *search, struct proc *const *roots, size_t n_roots);

void search_clear(struct search *search);

/* The node of proc, or NULL. */
struct node *search_find(const struct search *search, const struct proc *proc);

/* Adds a node of what is known already. Answers its index. */
uint32_t search_add_node(
    struct search *search, struct proc *proc, enum node_kind kind, struct execution *execution);

/* The wave of a node that was added, as far as that is known now. */
void search_set_wave(struct search *search, struct node *node, int32_t wave);

/* Puts a node on the stack of what is still to be looked at. */
void search_push(struct search *search, uint32_t at);

/* Whether edge makes its node depend on *dep (a node) in the end. */
bool search_edge_holds(const struct search *search, const struct search_edge *edge, uint32_t *dep);

/* cycle.c: refuses a cycle, with all its names. -1 with is_again set: what was joined made it, so
 * the search has to start again without. */
int search_check_cycles(struct search *search);

/* cycle.c, when it has looked for cycles: the i-th late edge of execution, or NULL. */
const struct late_edge *search_late(
    const struct search *search, const struct execution *execution, size_t i);

/* cycle.c: refuses a dependency on a higher wave. */
int search_check_waves(struct search *search);

#endif
