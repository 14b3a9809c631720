/*
 * The scheduler's core: requests and events go in, with the time; actions come out. It has no
 * clock, no descriptors, no JSON, no database. Whoever drives it (the daemon's adapter, the
 * simulator) calls core_advance() once after each batch of events and then carries out the actions
 * in their order. Every function that takes a fault returns 0, or -1 with the fault filled in and
 * nothing changed.
 */
#ifndef PARPROC_CORE_CORE_H
#define PARPROC_CORE_CORE_H

#include "daemon/core/model.h"

struct core;

struct core_options {
	const char *separator;
	uint32_t parallel; /* executions that hold a slot at once; 1 and up */
	bool is_single;    /* one process at a time, whatever parallel says */
	bool allow_missing_deps;
	int64_t kill_after_ns;
	uint32_t keep_runs;
	const char *executor;   /* of what names none; NULL: local */
	uint32_t standby;       /* so many at most stand by (ACTION_STANDBY); 0: none does */
	uint32_t standby_after; /* once so many were short, one after the other */
};

/* Copies options. First ids: 1 and up; above what a store has seen. */
struct core *core_new(const struct core_options *options, uint64_t first_run, uint64_t first_exec);
void core_free(struct core *core);

/* What starts processes, and how many at once. */
struct core_executor {
	const char *name;
	uint32_t parallel; /* 1 and up */
};

#define CORE_LOCAL "local" /* the executor that is always there; options.parallel is its limit */
#define CORE_EXECUTORS_MAX 256

/* Those that there are beside local, copied; the first CORE_EXECUTORS_MAX. What is scheduled on
 * another one is started too: who carries that out has to refuse it. */
void core_set_executors(
    struct core *core, const struct core_executor *executors, size_t n_executors);
bool core_has_executor(const struct core *core, const char *name);

void core_set_options(struct core *core, const struct core_options *options, int64_t now_ns);
const struct core_options *core_get_options(const struct core *core);

/* Of what executions hold amounts while they run. */
struct pool_limit {
	const char *name;
	int64_t capacity; /* 1 and up */
};

/* These are the pools from now on. What runs keeps what it holds, though that may be more than a
 * pool has now; what waits for more than its pool has fails when it is its turn. */
void core_set_pools(struct core *core, const struct pool_limit *pools, size_t count);

struct pool_look {
	const char *name;
	int64_t capacity; /* 0: it is declared no more */
	int64_t used;
	uint32_t n_waiting; /* executions that could start but for this pool, a lock or a slot */
};

/* Calls visit for each pool, in the order in which they came, until it returns false. */
void core_each_pool(
    const struct core *core, bool (*visit)(const struct pool_look *, void *arg), void *arg);

/* Who asks, and on whose behalf. */
struct scope {
	uint64_t run; /* a run's number, or 0 */
	const char
	    *run_name;      /* a name of the client's own, or NULL; with run: how it was written */
	uint64_t exec;      /* the execution from whose process the request comes, or 0 */
	uint32_t env;       /* the captured environment for what is scheduled */
	const char *params; /* the params that hold for what is scheduled: JSON text */
	bool has_params;    /* the request itself overrides params */
	const char *executor; /* of what is scheduled in that run from now on; NULL: as it was */
	bool is_brief;        /* of core_open() and core_close(): a hold that a connection has */
	int64_t now_ns;
	bool is_waiting; /* exec is to wait for all that is started: refused if that never ends */
};

/* arg=value of a request. */
struct keyword {
	const char *name;
	const char *value;
};

/* What a command printed when it was asked for the choices of an argument. */
struct choices_answer {
	const struct definition *definition;
	size_t arg;
	const struct strings *choices;
};

struct choices_answers {
	const struct choices_answer *items;
	size_t count;
};

/* --- registry --- */

struct define_request {
	struct definition **definitions; /* checked; borrowed, the core takes references */
	size_t count;
	enum origin origin;
	bool is_replace;
	bool is_whole;      /* ORIGIN_FILE: what that origin defined and is not among them goes */
	struct scope scope; /* for what is now: true */
};

struct define_outcome {
	size_t n_added, n_replaced, n_removed, n_same;
	uint64_t run;           /* in which what is now: true was started, or 0 */
	struct strings started; /* those; the caller clears it */
	struct strings refused; /* of ORIGIN_FILE: why others could not be, a line each; the same */
};

int core_define(struct core *core, const struct define_request *request,
    struct define_outcome *outcome, struct fault *fault);

/* Removes procs and protos of those names that clients defined or created. */
int core_undefine(struct core *core, const struct strings *names, struct fault *fault);

/* Removes all that clients defined or created; answers how many. */
size_t core_undefine_all(struct core *core);

struct proc *core_find_proc(
    const struct core *core, const char *name); /* defined or not; or NULL */
struct proto *core_find_proto(const struct core *core, const char *name);

/* Calls visit for each name / proto, in the order in which they came, until it returns false. */
void core_each_proc(struct core *core, bool (*visit)(struct proc *, void *), void *arg);
void core_each_proto(struct core *core, bool (*visit)(struct proto *, void *), void *arg);

/* Up to 3 names of procs and protos near to name, the nearest first, are added to names. */
void core_suggest(const struct core *core, const char *name, struct strings *names);

/* The same of procs alone, those that there are and those that the choices of a proto would make.
 */
void core_suggest_procs(const struct core *core, const char *name, struct strings *names);

/* A proto that makes the proc of that name when it is asked for; NULL: none does. What a command
 * prints as choices is not known: anything counts as one of these. */
const struct proto *core_find_maker(const struct core *core, const char *name);

/* The first max of the procs that were created from proto or, where there is none, of those that
 * its choices make, are added to names; answers how many there are. 0: there is none, and an
 * argument has no choices. */
size_t core_list_procs_of(const struct proto *proto, size_t max, struct strings *names);

/*
 * The arguments whose choices have to be asked of a command before the request can be resolved.
 * Each is {definition, arg index, the values of its other arguments as far as known}.
 */
struct choices_need {
	struct definition *definition; /* a reference that the receiver gives back */
	size_t arg;
};

struct name_request {
	const char *const *names;
	size_t n_names;
	const struct keyword *args;
	size_t n_args;
	const char *as; /* another name for the one proc that is created, or NULL */
	struct choices_answers answers;
	struct scope scope;
	/* Of core_create(), to answer page by page: from which of the names on, and so many at
	 * most; 0: all. What one name stands for is made with the first page. */
	size_t first, limit;
};

/*
 * The choices commands that request needs answers of, if any: they are listed in *needs (the
 * caller gives back the references and frees the array) and their number is returned.
 */
size_t core_needs_choices(
    struct core *core, const struct name_request *request, struct choices_need **needs);

struct create_outcome {
	struct strings names;
	bool is_truncated; /* there are more */
	uint64_t run;      /* in which those are started that are new and now: true; 0: none */
};

void create_outcome_clear(struct create_outcome *outcome);

/* Creates procs from protos; names of procs that exist are answered as they are. */
int core_create(struct core *core, const struct name_request *request,
    struct create_outcome *outcome, struct fault *fault);

/* --- runs --- */

struct start_outcome {
	uint64_t run;
	struct strings names;       /* the procs that the request named, in its order */
	struct membership **pulled; /* the named ones and all that was pulled in with them */
	size_t n_pulled;
};

void start_outcome_clear(struct start_outcome *outcome);

int core_start(struct core *core, const struct name_request *request, bool is_fail_fast,
    struct start_outcome *outcome, struct fault *fault);

/* Why one execution comes before another in a plan. */
enum edge_reason {
	EDGE_DEP,
	EDGE_RDEP,
	EDGE_WHEN_SCHEDULED,
	EDGE_WHEN_TARGET_SCHEDULED,
	EDGE_COMMAND, /* what a command will name */
	EDGE_PROTO,   /* rather: the proc is made from the proto */
};

struct plan_step {
	char *name;
	int32_t wave;
	bool is_collector;
	bool is_joined;            /* an execution in flight would be joined */
	struct strings deps;       /* names of steps before it */
	enum edge_reason *reasons; /* one for each of deps */
	struct strings missing;    /* names that nothing defines yet */
	struct strings commands;   /* what has to be asked: the first word of each command */
	struct strings locks;      /* filled in */
};

struct plan {
	struct plan_step *steps; /* in an order that could be executed */
	size_t n_steps;
};

/* What core_start would do; changes nothing. is_apart: in a run of its own, whatever is in flight
 * elsewhere and could be joined. */
int core_plan(struct core *core, const struct name_request *request, bool is_apart,
    struct plan *plan, struct fault *fault);
void plan_clear(struct plan *plan);

/* What one definition says of another. Texts are valid during the call. */
struct outline_edge {
	const char *from; /* a proc, a proto, or a name that nothing defines; NULL: EDGE_COMMAND */
	const char *to;   /* the one that comes after it */
	enum edge_reason reason;
	const char *command; /* EDGE_COMMAND: its first word */
	bool is_missing;     /* nothing defines from */
};

typedef bool outline_visit(const struct outline_edge *edge, void *arg);

/*
 * Visits what definitions say of each other, as far as that is known without values for the
 * arguments of protos, until visit returns false: each edge once, if all protos and procs are gone
 * through. False: it did.
 */
bool core_outline_proto(
    struct core *core, const struct proto *proto, outline_visit *visit, void *arg);
bool core_outline_proc(struct core *core, const struct proc *proc, outline_visit *visit, void *arg);

struct run *core_find_run(const struct core *core, uint64_t id);

/* The newest run of that name, active or over; NULL: none. */
struct run *core_find_run_by_name(const struct core *core, const char *name);

/* The run that a looking request means: by number or name, or NULL with no fault where it names
 * none. */
int core_look_run(
    const struct core *core, const struct scope *scope, struct run **run, struct fault *fault);

/* Newest first; before: only runs with smaller ids (0: all). NULL at the end. */
struct run *core_next_run(const struct core *core, uint64_t before);

struct execution *core_find_execution(const struct core *core, uint64_t id);
struct membership *core_find_member(const struct run *run, const struct proc *proc);

/* Holds the run (a new one if scope names none, or one that is over) open once more. */
int core_open(struct core *core, const struct scope *scope, uint64_t *run, struct fault *fault);
int core_close(struct core *core, const struct scope *scope, uint64_t *run, struct fault *fault);

struct cancel_request {
	const char *const *names; /* NULL: the whole run (or all) */
	size_t n_names;
	bool is_all;      /* everything in every run */
	bool is_force;    /* also what other runs share */
	bool is_kill;     /* SIGKILL at once */
	const char *info; /* why, as "it was canceled…"; NULL: that it was asked for */
	struct scope scope;
};

int core_cancel(struct core *core, const struct cancel_request *request, struct strings *canceled,
    struct fault *fault);

/* Forgets a run that is over, or with run 0 all that are; answers how many in *count. */
int core_clear(struct core *core, uint64_t run, size_t *count, struct fault *fault);

/* --- waits --- */

struct wait_request {
	const char *const *names;
	size_t n_names; /* 0 and pulled NULL: the whole run of scope, or all that are active */
	struct membership **pulled; /* what a run request pulled in; names are not looked at then */
	size_t n_pulled;
	uint64_t run; /* with pulled: the run */
	struct scope scope;
	struct choices_answers answers; /* for what a nested wait starts */
	bool is_again;        /* a repeat: the hold that it takes back was taken back already */
	const uint64_t *runs; /* of a repeat without names and run: those that were active then */
	size_t n_runs;
};

struct wait_outcome {
	bool is_ok;
	uint64_t run;                            /* 0: several or none */
	const struct membership *const *members; /* valid until core_wait_end() */
	size_t n_members;
	const struct fault
	    *fault; /* set when it can never end: FAULT_DEADLOCK or FAULT_NOT_FOUND */
};

/* As core_needs_choices(), for what a nested wait would start. */
size_t core_wait_needs_choices(
    struct core *core, const struct wait_request *request, struct choices_need **needs);

/*
 * Begins to wait; *id is its number. ACTION_WAIT_DONE says when it is over (it may be at once).
 * Every wait is ended with core_wait_end(), over or not.
 */
int core_wait(
    struct core *core, const struct wait_request *request, uint64_t *id, struct fault *fault);
void core_wait_outcome(const struct core *core, uint64_t id, struct wait_outcome *outcome);
void core_wait_end(struct core *core, uint64_t id, int64_t now_ns);

/* --- events --- */

struct exit_report {
	int64_t ended_ns;      /* when that was, which may be a while ago; 0: now */
	int64_t started_ns;    /* when its process was started; 0: when it was asked for */
	int wait_status;       /* of waitpid(2) */
	bool is_spawn_failure; /* it could not be started; wait_status does not count */
	bool is_lost;          /* its outcome cannot be known */
	bool is_bad_result;
	bool is_relied_on; /* it has succeeded, before it could be told to end: what stood by after
	                      it may have been started */
	bool is_transient; /* a failure of what was to start it, for now: tried again, whatever its
	                      definition says, a number of times */
	const char *info;  /* its own message, or what was wrong with its result; or NULL */
};

/* A process that ACTION_START asked for has ended (or never began). Unknown ids are ignored. */
void core_exited(
    struct core *core, uint64_t exec, const struct exit_report *report, int64_t now_ns);

/* When the attempt that report is about counts as ended: not before it began, nor after now_ns. */
int64_t core_time_exit(
    const struct execution *execution, const struct exit_report *report, int64_t now_ns);

/*
 * What ACTION_START asked for waits outside for something (a queue, a token) before its work
 * begins: until core_begun() its timeout does not run. It stays RUNNING. Of others than those that
 * run and are not pending (or are) nothing changes.
 */
void core_pending(struct core *core, uint64_t exec);

/* Its work begins: started_ns is now_ns from here on. */
void core_begun(struct core *core, uint64_t exec, int64_t now_ns);

/* What ACTION_START asked for could not be done until now: the same of one that is not pending. */
void core_start_late(struct core *core, uint64_t exec, int64_t now_ns);

/*
 * What ACTION_STANDBY asked for was started at started_ns, in the place of one of whose end the
 * core has just heard. Nothing where it is known to run.
 */
void core_promoted(struct core *core, uint64_t exec, int64_t started_ns, int64_t now_ns);

/*
 * The execution whose process asks for something; NULL: it does not run. What stands by does so
 * then, though nobody may have said so yet: what it asks for has to be looked at knowing that. It
 * is started if it was another one that asked.
 */
struct execution *core_find_asker(struct core *core, uint64_t exec, int64_t now_ns);

/*
 * Whether it stands by after others that are not known to have ended yet. If its process asks for
 * something, these have; what it asks for has to be looked at when core_exited() has said so.
 */
bool core_is_following(const struct core *core, uint64_t exec);

/*
 * Whether anything does. It counts as begun, so whoever is going to schedule something that may
 * have to come before it has it held first, and waits until nothing does any more: while it is
 * held, nothing else begins to, and what does is wanted back (ACTION_RECALL).
 */
bool core_has_followers(const struct core *core);
void core_hold_following(struct core *core, bool is_held);

/* It was not, and will not be: it is in line again. */
void core_returned(struct core *core, uint64_t exec, int64_t now_ns);

/* The answer of ACTION_RESOLVE: names, or the reason why there is none. */
void core_resolved(
    struct core *core, uint64_t resolve, const struct strings *answer, int64_t now_ns);
void core_resolve_failed(struct core *core, uint64_t resolve, const char *info, int64_t now_ns);

/* A clock that says now_ns has come to core_next_deadline(): timeouts and kills. */
void core_tick(struct core *core, int64_t now_ns);
int64_t core_next_deadline(const struct core *core); /* INT64_MAX: none */

/* Starts whatever can start and settles what can not. Call it after each batch of events. */
void core_advance(struct core *core, int64_t now_ns);

/* --- actions --- */

enum action_kind {
	ACTION_START, /* start the process of execution */
	/* Start it in the place of the next process with a slot of local that ends, and say so with
	 * core_promoted(). ACTION_START: now, if it was not; ACTION_SIGNAL: not at all. Where the
	 * next end is not near: core_returned(). What it depends on and is not complete has to
	 * succeed first (exit_report.is_relied_on); where that fails: core_returned(). */
	ACTION_STANDBY,
	ACTION_RECALL,  /* it stands by, and is wanted back: core_returned(), if it was not started
	                 */
	ACTION_SIGNAL,  /* signal its process group */
	ACTION_RESOLVE, /* run command for execution, answer with core_resolved(id) */
	ACTION_CHANGED, /* the state (or outcome in run, when set) of execution has changed */
	ACTION_RUN_OPENED,
	ACTION_RUN_OVER,
	ACTION_WAIT_DONE,  /* of wait id */
	ACTION_FORGET,     /* execution is about to be freed: drop its log and extra */
	ACTION_FORGET_RUN, /* the same of run */
	ACTION_DEFINED,    /* the registry has changed */
};

/* Pointers are valid until the core is called again. */
struct action {
	enum action_kind kind;
	struct execution *execution;
	struct run *run;
	uint64_t id;
	int signal;
	enum execution_state state;    /* ACTION_CHANGED: the state that it came into */
	bool is_retry;                 /* ACTION_CHANGED: WANTED once more */
	const struct command *command; /* ACTION_RESOLVE */
	bool is_choices; /* ACTION_RESOLVE: the answer is an argument's choices, not dependencies */
};

/* Takes the next action; false when there is none. */
bool core_next_action(struct core *core, struct action *action);

/* --- what has changed --- */

/* For whoever keeps what the core knows, so that core_restore_*() (restore.h) can bring it back. */
struct core_changes {
	struct execution *const *executions; /* NULL where one was forgotten since */
	size_t n_executions;
	struct run *const *runs; /* the same */
	size_t n_runs;
	struct proc *const *procs; /* that were, or were not, defined; one may be there twice */
	size_t n_procs;
	const struct strings *protos; /* their names, the same */
	uint64_t next_run, next_exec;
};

/* From now on changes are noted. Before anything is requested. */
void core_keep_changes(struct core *core);

/* All that has changed since core_clear_changes(), which says that it was kept. Valid until the
 * core is called again. */
void core_get_changes(const struct core *core, struct core_changes *changes);
void core_clear_changes(struct core *core);

/* Something that the caller keeps with the execution has changed. */
void core_touch_execution(struct core *core, struct execution *execution);

/* --- after a restart (restore.h) --- */

/* Calls visit, which must change nothing but what hangs onto it, for each that is incomplete. */
void core_each_incomplete(
    struct core *core, void (*visit)(struct execution *execution, void *arg), void *arg);

/* The environment that it was to have is gone: it gets the daemon's own. */
void core_forget_environment(struct core *core, struct execution *execution);

/* Numbers up to that one were used, as somebody else knows. */
void core_skip_executions(struct core *core, uint64_t exec);

/* --- history --- */

/*
 * Says how long a proc takes, by its name; after that the core learns from those that succeed.
 * mean_ns: of those before, recent ones counting more; not above 0: nothing is said.
 */
void core_expect(struct core *core, const char *name, int64_t mean_ns);

/* How long a proc takes, in nanoseconds; 0: not known. */
int64_t core_expected(const struct core *core, const char *name);

/* The mean with one more duration, which counts a quarter; of none before, mean_ns is 0. */
int64_t core_mean_duration(int64_t mean_ns, int64_t duration_ns);

/* --- reasons --- */

#define REASON_HOLDERS_MAX 5

struct reason {
	enum wait_reason kind;
	struct strings names;  /* what it waits for: dependencies, a lock's holder, missing names,
	                          some of those that hold slots */
	const char *lock;      /* WAITS_LOCK, WAITS_POOL: what it cannot have; borrowed */
	int64_t retry_ns;      /* WAITS_RETRY: when */
	const char *executor;  /* WAITS_SLOT: whose; borrowed */
	int64_t lock_since_ns; /* since when it is held; 0: names has who comes before it in line */
	int64_t amount;        /* WAITS_POOL: how much it wants */
	int64_t capacity, used; /* and what the pool has, and others hold; WAITS_SLOT: what
	                           the executor has */
	int64_t held[REASON_HOLDERS_MAX]; /* by each of names; none: who comes before it in line */
	int64_t since_ns[REASON_HOLDERS_MAX]; /* since when */
	size_t n_held;
};

/* Why execution is not running yet. The caller clears names. */
void core_explain(
    const struct core *core, const struct execution *execution, struct reason *reason);

/* The bytes of all params that are kept, each text once, with this one, which may be one of them.
 */
size_t core_measure_params(const struct core *core, const char *text);

/* How much is going on: what holds a slot, what is active. */
struct core_load {
	uint64_t n_running, n_slots_used, n_wanted, n_active_runs, n_procs, n_protos, n_executions;
};
void core_get_load(const struct core *core, struct core_load *load);

#endif
