/*
 * What the core knows, for all to read: procs, protos, executions, runs. Only code in core/ changes
 * it; the adapter, the request handlers and the simulator look. The words are those of parproc(7).
 */
#ifndef PARPROC_CORE_MODEL_H
#define PARPROC_CORE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include "daemon/core/hash.h"

#include "daemon/core/definition.h"
#include "daemon/core/heap.h"

enum execution_state {
	STATE_WANTED,
	STATE_RUNNING,
	STATE_SUCCEEDED,
	STATE_FAILED,
	STATE_SKIPPED,
	STATE_UP_TO_DATE,
};

enum execution_error {
	ERROR_NONE,
	ERROR_EXIT,
	ERROR_SIGNAL,
	ERROR_TIMEOUT,
	ERROR_DEP_FAILED,
	ERROR_DEP_MISSING,
	ERROR_FAILURES,
	ERROR_CANCELED,
	ERROR_BAD_RESULT,
	ERROR_SPAWN,
	ERROR_RESOLVE,
	ERROR_LOST,
	ERROR_OUTPUTS,
};

/* Why a WANTED execution does not run yet, or the process of a RUNNING one waits: the first of
 * these that holds. */
enum wait_reason {
	WAITS_NOT,         /* it is complete, or runs on */
	WAITS_RETRY,       /* the delay before its next attempt is not over */
	WAITS_RESOLVE,     /* a command of its deps or choices has not answered */
	WAITS_WAVE,        /* a lower wave of its first run is incomplete */
	WAITS_PREDECESSOR, /* an execution of the same proc that it could not join has not ended */
	WAITS_MISSING,     /* a dependency that nothing defines yet */
	WAITS_DEPS,        /* dependencies are incomplete */
	WAITS_LOCK,
	WAITS_POOL,
	WAITS_SLOT,
	WAITS_OUTSIDE, /* it is RUNNING, and pending */
	WAITS_NESTED,  /* it is RUNNING, and its process waits for what it has asked for */
};

/* Params that hold for executions: JSON text, shared. Opaque to the core but for equality. */
struct params {
	unsigned references;
	char *text;
	int64_t key;       /* the store's own; 0: none */
	struct core *core; /* in whose table it is; or NULL */
	size_t length;     /* of text, in the table */
	UT_hash_handle by_text;
};

/*
 * A name: that of a proc, or one that something refers to and nothing defines (is_defined is
 * false): a dependency that is missing, a proc that is waited for, one that was removed.
 */
struct proc {
	TAILQ_ENTRY(proc) of_all;
	TAILQ_ENTRY(proc) of_proto;
	struct proto *proto;      /* that it was created from, or NULL */
	struct rdep_entry *rdeps; /* its rdeps in the index, one for each of definition; or NULL */
	struct missing *missing;  /* the executions that wait for this name to be defined */
	struct wait_item *name_waits; /* waits for its next execution */
	char **values; /* the text of each argument of definition (values.h), or NULL */
	/* What follows is close to each other, and to the text of the name, which stands behind it:
	 * a search looks at it of every proc that it meets. */
	int64_t mean_ns;     /* how long it takes, by those that succeeded; 0: not known */
	uint32_t references; /* executions, waits and missing dependencies that keep it */
	bool is_defined;
	struct execution
	    *in_flight;           /* the one that is WANTED or RUNNING and others join, or NULL */
	struct execution *newest; /* of all its executions, linked by older; NULL: IDLE */
	struct definition *definition; /* its own or its proto's; NULL unless is_defined */
	uint64_t visit;                /* scratch of resolution: the request that node belongs to */
	uint32_t node;
	uint32_t named_by; /* scratch: 1 + the node whose edges name this one's already */
	char *name;
};

struct proto {
	UT_hash_handle by_name;
	struct definition *definition;
	struct rdep_entry *rdeps;
	TAILQ_HEAD(, proc) procs; /* created from it, oldest first */
};

/* An execution in a run. The first of an execution is inside it; without a run once that is
 * forgotten. */
struct membership {
	struct execution *execution;
	struct run *run;
	struct membership *next_of_execution;
	TAILQ_ENTRY(membership) of_run;
	struct wait_item *waits;
	enum execution_error
	    override;    /* it counts here as failed with this, wherever else it goes on */
	bool is_changed; /* since the last core_clear_changes(): it is new, or overridden */
	char *override_info;
	uint64_t since; /* its place among all memberships, in the order in which they began */
};

struct execution {
	UT_hash_handle
	    by_id;   /* while its process runs or stands by, or commands of its dependencies run */
	uint64_t id; /* never used twice in a workspace; a smaller one was requested earlier */
	/* The end of a dependency looks at these, of every dependent, and the order in which those
	 * start: they are close together. */
	uint32_t rank_ms; /* from its start to the end of all that waits for it; or 0 */
	uint32_t place;   /* how many its request made before it, if they have ranks */
	struct heap_node in_ready;
	struct execution **deps; /* as scheduled: those of deps, then those that rdeps brought in */
	struct execution **dependents;
	uint32_t n_deps, n_dependents;
	uint32_t references;
	uint32_t n_pending;    /* of deps (and a predecessor) that are incomplete */
	uint32_t n_unresolved; /* commands that have not answered */
	uint32_t n_missing;
	uint32_t n_claims;
	int32_t wave;       /* this and what is said below are as in definition, and closer */
	uint8_t state;      /* enum execution_state */
	uint8_t error;      /* enum execution_error */
	uint8_t ending;     /* the error that it was told to end for, while it runs */
	uint8_t last_error; /* of the attempt before, while is_retrying */
	bool is_lent : 1;   /* blocked in a nested wait, its slot lent */
	bool has_slot : 1;
	bool has_locks : 1;      /* holds its claims' locks, rather than waits for them */
	bool is_gated : 1;       /* waits in its wave's list */
	bool is_ready : 1;       /* in the heap or the list of what can start */
	bool is_killed : 1;      /* SIGKILL too */
	bool is_retrying : 1;    /* WANTED again: waits before its next attempt (retry.h) */
	bool is_pending : 1;     /* it runs, but its work has not begun: core_pending() */
	bool is_standby : 1;     /* it was handed over before it has a slot (standby.h) */
	bool is_withheld : 1;    /* the same, and canceled meanwhile */
	bool is_in_progress : 1; /* counted as such in its runs */
	bool is_new : 1;         /* made by a request that has not taken effect yet */
	bool is_stored : 1;      /* core_clear_changes() was called since it was made */
	bool is_collector : 1;   /* definition has no command: it ends with its deps */
	bool is_timed : 1;       /* a timeout */
	bool needs_locks : 1;
	bool needs_no_failures : 1;
	struct membership first;       /* in the run that it was first scheduled in */
	struct definition *definition; /* as it was when it was scheduled */
	struct proc *proc;
	char **values; /* as proc's then; NULL without arguments */
	struct params *params;
	struct slots *slots;     /* of its executor */
	void *extra;             /* the adapter's own, freed when ACTION_FORGET is carried out */
	struct execution *older; /* the one of the same proc before it */
	uint32_t env;            /* the captured environment that its process gets */
	uint16_t attempt;        /* 1 and up once a process was asked for */
	int16_t priority;        /* the highest of its own and of all that wait for it */
	uint16_t n_transient;    /* of these, those that failed through no fault of its own */
	int32_t exit_code;       /* -1: none */
	int32_t signal;          /* 0: none */
	uint32_t live_runs;      /* active runs that it is in without override */
	uint32_t touched;        /* its place among what has changed, from 1; or 0 */
	char *info;              /* one line, or NULL; while it runs: why it was told to end */
	int64_t queued_ns;       /* these: since the epoch, 0 until known */
	int64_t started_ns;
	int64_t ended_ns;
	struct execution *predecessor; /* of the same proc, that has to end first; or NULL */
	struct execution *successor;
	struct execution *failed_dep; /* with ERROR_DEP_FAILED: the nearest that failed; or NULL */
	struct missing *missing;      /* the names that it waits for to be defined */
	struct resolving *resolving;  /* its commands that have not answered */
	uint64_t visit;               /* scratch of searches */
	struct wait *nested;          /* the waits that its process is blocked in; or NULL */
	struct lock_claim *claims;    /* on its locks, while it waits for them or holds them */
	struct heap_node in_timers;
	int64_t deadline_ns; /* of its process, or when it is tried again */
	TAILQ_ENTRY(execution)
	of_queue; /* while is_gated, ready without a slot, is_standby, or settling */
};

/* The executions of one wave in a run. */
struct wave {
	int32_t number;
	uint32_t n_incomplete;
	TAILQ_HEAD(, execution) gated; /* what waits for lower waves only */
};

#define RUN_HOLDS_MAX (1u << 20)

struct run {
	UT_hash_handle by_id;
	uint64_t id;
	char *name; /* the client's own for it, or NULL */
	void *extra;
	struct params *params;
	char *executor; /* of what is scheduled in it and names none; or NULL */
	int64_t created_ns;
	int64_t ended_ns; /* 0: it is active */
	uint32_t holds;
	uint32_t brief_holds; /* of these: they end with a client's connection */
	bool is_fail_fast;
	bool is_failed;
	TAILQ_HEAD(, membership) members; /* in the order in which they came */
	uint64_t n_members;
	uint64_t n_incomplete;
	uint64_t n_failed;
	struct membership *failed; /* the first that has failed there; or NULL */
	uint64_t n_progress;    /* members that run, are ready, or will be without anyone's doing */
	uint64_t oldest_member; /* the smallest execution id in it */
	struct wave **waves;    /* sorted by number */
	size_t n_waves;
	size_t lowest_wave; /* index of the lowest with an incomplete execution; n_waves: none */
	struct wait_item *waits;   /* for the whole run */
	uint64_t visit;            /* scratch of searches */
	size_t n_name_waits;       /* wait items for procs that are not in it yet */
	uint64_t n_waited;         /* wait items that keep it from being forgotten */
	struct index *names;       /* of its procs; made when an rdep first needs it */
	struct run *older_of_name; /* the one before it that had the same name */
	bool is_quiet;             /* listed to be looked at: nothing in it is in progress */
	bool is_new;               /* made by a request that has not taken effect yet */
	bool is_stored;            /* as of executions */
	uint32_t touched;
	TAILQ_ENTRY(run) of_order; /* active, or over: the oldest first */
	TAILQ_ENTRY(run) of_quiet;
};

/* "wanted", "running", … (also "idle" where execution is NULL). */
const char *execution_state_name(const struct execution *execution);

/* The name of the executor that starts its process, "local" or another. */
const char *execution_executor(const struct execution *execution);

/* "exit", "signal", …; NULL for ERROR_NONE. */
const char *execution_error_name(enum execution_error error);

/* A copy of what is to be an info: one line, whatever text it was made of. NULL for NULL. */
char *execution_copy_info(const char *text);

bool execution_is_complete(const struct execution *execution);

/* Whether a process of it was started, or it is complete: nothing can come before it any more. */
bool execution_has_begun(const struct execution *execution);

/* Whether it has, and nothing that it depends on can fail any more. What stands by may follow
 * others that can; so may what was lost then, and is tried again. */
bool execution_is_past_deps(const struct execution *execution);

/* SUCCEEDED, SKIPPED or UP_TO_DATE. */
bool execution_is_success(const struct execution *execution);

/* The run whose waves and failures it obeys: the first that it is in and not canceled in; if there
 * is none (it is over), the first that has not been forgotten; or NULL. */
struct run *execution_run(const struct execution *execution);

/* The execution's place in that run, or NULL. */
struct membership *execution_in_run(const struct execution *execution, const struct run *run);

/* The run whose waves and failures it obeys, and in which its process is: the first that it is in
 * and not canceled in. NULL: none is left, which it is complete for. */
struct run *execution_home(const struct execution *execution);

/* Its place in execution_run(), where it is looked at by who names no run; NULL: none is left. */
struct membership *execution_place(const struct execution *execution);

/* What counts in that run: its own outcome, or failed where it was canceled in this run alone. */
bool membership_is_complete(const struct membership *membership);
bool membership_is_success(const struct membership *membership);
enum execution_error membership_error(const struct membership *membership);

bool run_is_active(const struct run *run);

#endif
