/*
 * From what a request or a dependency names to procs: those that exist, or that a proto makes on
 * the spot, several where a glob stands for choices.
 */
#ifndef PARPROC_CORE_EXPAND_H
#define PARPROC_CORE_EXPAND_H

#include "daemon/core/name.h"
#include "daemon/core/state.h"

/* So many procs does one request create, or start, at most. A fuzzer has less memory. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define PROCS_AT_ONCE_MAX 2000
#else
#define PROCS_AT_ONCE_MAX 10000000
#endif

enum expansion_status {
	EXPANSION_OK,
	EXPANSION_UNKNOWN, /* nothing of that name, no proto that matches */
	EXPANSION_REFUSED, /* see fault */
	EXPANSION_ASKS,    /* choices of a command are needed first: asked_definition, asked_arg */
};

struct expansion {
	struct core *core;
	const struct keyword *args;
	size_t n_args;
	const char *as;
	const struct choices_answers *answers; /* NULL: none */
	struct fault *fault;
	size_t skip; /* of what one name stands for: so many come first that are not looked at */
	size_t most; /* and so many after them; 0: all */
	struct proc **procs; /* found and made so far, in order; the caller frees the array */
	size_t n_procs, max_procs;
	struct definition *asked_definition; /* borrowed */
	size_t asked_arg;
};

/* Appends what text stands for to procs. */
enum expansion_status expand_name(struct expansion *expansion, const char *text);

/* After EXPANSION_ASKS: FAULT_NEEDS_CHOICES, in words. Returns -1. */
int expand_refuse_asking(const struct expansion *expansion);

/* The expansion of a request's names, with its arguments. */
struct expansion expansion_of(
    struct core *core, const struct name_request *request, struct fault *fault);

/* Expands all that request names, each proc once, in its order. 0; or -1 with the fault. */
int expand_request(struct expansion *expansion, const struct name_request *request);

/*
 * The proc that proto makes of the values that captures (of an rdep's pattern) give, in *proc.
 * EXPANSION_UNKNOWN where not all placeholders are given or a value is refused.
 */
enum expansion_status expand_captures(struct expansion *expansion, struct proto *proto,
    const struct capture *captures, int n_captures, struct proc **proc);

/* Says in the expansion's fault that nothing is known of that name, with what is near to it. */
void expand_refuse_unknown(struct expansion *expansion, const char *name);

#endif
