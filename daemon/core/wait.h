/*
 * Waits: for executions in runs, for names that will have one, for whole runs. An execution whose
 * process waits lends its slot meanwhile.
 */
#ifndef PARPROC_CORE_WAIT_H
#define PARPROC_CORE_WAIT_H

#include "daemon/core/state.h"

/* One thing that a wait is for: exactly one of member, proc and run. */
struct wait_item {
	struct wait *wait;
	struct membership *member;
	struct proc *proc;
	struct run *run;
	struct run *name_run; /* of a proc: the run that it has to come into, if in one at all */
	bool is_pending;
	bool is_anywhere;       /* for the proc in whatever run it goes on */
	struct wait_item *next; /* of the same member, proc or run, while it is pending */
	struct wait_item **link;
	struct wait_item *next_of_wait;
};

struct wait {
	UT_hash_handle by_id;
	uint64_t id;
	uint64_t run;            /* the one that it is about, or 0 */
	struct execution *asker; /* whose process waits, while it runs; or NULL */
	uint64_t asker_id;       /* the same one, also when it has gone on */
	struct wait *next_of_asker;
	struct wait_item *items, **last_item;
	size_t n_pending;
	bool is_done;
	bool is_extended; /* takes in what is pulled in later by what it waits for */
	struct fault fault;
	struct membership **members; /* the outcome's, once somebody has asked for it */
	size_t n_members;
};

/* An execution has come into a run. */
void wait_on_member(struct core *core, struct membership *member);

/* It is complete there. */
void wait_on_complete(struct core *core, struct membership *member);

void wait_on_run_over(struct core *core, struct run *run);

/* The process of execution has ended: it waits for nothing any more. */
void wait_on_exit(struct core *core, struct execution *execution, int64_t now_ns);

/* Whoever waits for all that was pulled in with member waits for pulled too. */
void wait_extend(struct core *core, struct membership *member, struct membership *pulled);

struct nested;

/* Refuses a nested wait that waits for its own asker: nothing has changed when this returns. */
int wait_check(struct core *core, const struct nested *nested, struct fault *fault);

/* Ends a wait that can never end by itself; the fault (taken) says why. */
void wait_refuse(struct core *core, struct wait *wait, struct fault *fault);

void wait_clear(struct core *core);

#endif
