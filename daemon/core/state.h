/*
 * The core's own state, for the files of core/ alone. Everything that lives longer than a call
 * hangs off struct core; what is here "scratch" holds nothing between calls.
 */
#ifndef PARPROC_CORE_STATE_H
#define PARPROC_CORE_STATE_H

#include "daemon/core/core.h"
#include "daemon/core/index.h"
#include "daemon/core/proc_table.h"

TAILQ_HEAD(execution_list, execution);
TAILQ_HEAD(run_list, run);

/* The runs of one name, the newest first (linked by older_of_name). */
struct run_name {
	UT_hash_handle by_name;
	struct run *newest;
	char name[];
};

/* What has changed, in the order of the first change; NULL for what was forgotten since. */
struct touched {
	void **items;
	size_t count, max;
};

struct changes {
	bool is_kept;
	struct touched executions;
	struct touched runs;
	struct touched procs;  /* defined, or not any more; one may be there twice */
	struct strings protos; /* their names, the same */
};

struct core {
	struct core_options options;
	char *separator;
	char *executor; /* of the options */

	/* registry.c */
	struct proc_table procs; /* defined or not */
	struct proto *protos;
	struct index *patterns;  /* protos that have placeholders */
	struct index *rdeps;     /* struct rdep_entry, by target */
	struct index *missing;   /* procs that are not defined and waited for as dependencies */
	uint64_t n_missing;      /* so often */
	struct strings appeared; /* names that were defined while executions wait for them */
	uint64_t n_defined;
	uint64_t n_protos;
	uint64_t n_asking;     /* protos that have choices from a command */
	struct proc **created; /* scratch: what a request has created, to be undone if it fails */
	size_t n_created, max_created;

	/* run.c */
	struct run *runs; /* by id */
	struct run_name *run_names;
	struct run_list active;
	struct run_list over;
	uint64_t n_active, n_over;
	struct params *params; /* by text: the same ones are there once */
	size_t params_bytes;
	uint64_t next_run, next_exec;
	uint64_t last_since; /* of the newest membership */

	/* ready.c, settle.c, lock.c */
	struct execution *live;     /* by id: those that run or whose commands do */
	struct lock *locks;         /* by name: those that are held or waited for */
	struct lock *pools;         /* by name: those that are declared, or still held */
	struct heap changed_claims; /* scratch: whose claims came to fit, or ceased to */
	struct slots **executors;   /* the first is local; slots.c */
	size_t n_executors;
	struct execution_list instant; /* what can start and needs no slot */
	struct execution_list standby; /* what is to start in the place of what ends */
	uint32_t n_standby;
	uint32_t n_following; /* of these and those that are withheld: after others */
	bool is_following_held;
	uint32_t n_followable; /* so many have ended since something followed in vain */
	uint64_t last_local;   /* the execution that was started last, of those that are local */
	uint32_t n_short;      /* so many that were local were short, since one was not */
	struct execution_list settling; /* complete; those that it touches are not told yet */
	struct heap timers;
	struct run_list quiet;
	bool is_settling; /* settle_all() is at work, or will be */
	uint64_t n_slots_used;
	uint64_t n_running;
	uint64_t n_in_progress;
	uint64_t n_incomplete;
	uint64_t n_executions;
	struct execution *graveyard; /* freed when the actions that point at them are carried out */
	struct execution *released;  /* the first in there that has let go of its dependencies */
	struct run *run_graveyard;

	/* wait.c, resolve.c */
	struct wait *waits;          /* by id */
	struct resolving *resolving; /* by id */
	uint64_t next_wait, next_resolving;
	uint64_t visit; /* scratch: the number of the last search */
	/* scratch: what late dependencies have brought into the runs of their dependents */
	struct membership **brought;
	size_t n_brought, max_brought;

	/* history.c */
	struct expectation *history; /* by name, of what no proc has */
	bool has_history;            /* of some proc, or name */

	struct changes changes; /* touch.c */

	/* action.c: a ring */
	struct action *actions;
	size_t first_action, n_actions, max_actions;
};

/* action.c */
void action_emit(struct core *core, const struct action *action);
void action_changed(struct core *core, struct execution *execution, struct run *run);

#endif
