/*
 * A naive model of the scheduler, written from what parproc(7) says and not from the core: it
 * recomputes everything from scratch whenever it is asked, and nothing is ever removed from its
 * lists. It is told what is told to the core, and has to come to the same states. Execution ids
 * are the only thing that it takes from the core: the order of requests within one request.
 */
#ifndef PARPROC_TESTS_SIM_MODEL_H
#define PARPROC_TESTS_SIM_MODEL_H

#include "daemon/core/core.h"

struct model_run;

/* Of a lock or a pool. */
struct model_want {
	char *name;
	bool is_pool;
	int64_t amount;
	bool is_fitting; /* the last deal gave it to who wants it */
};

#define MODEL_POOLS_MAX 8

struct model_exec {
	uint64_t id; /* the core's number for it; 0 until it is known */
	char *name;
	struct definition *definition;
	char **values; /* one for each argument of definition */
	struct model_want *wants;
	size_t n_wants;
	int priority;           /* the highest of its own and those of what waits for it */
	bool is_parked;         /* the last deal: it does not fit since a holder waits */
	struct strings missing; /* names of dependencies that nothing defines yet */
	struct model_exec **deps;
	size_t n_deps;
	struct model_exec *predecessor; /* of the same proc, that came before; it may be complete */
	struct model_run *first_run;
	struct model_run **runs; /* all that it is in, as they came */
	size_t n_runs;
	char *params;
	unsigned n_unresolved; /* commands that have not answered */
	enum execution_state state;
	enum execution_error error;
	enum execution_error ending; /* SIGTERM was sent, for this reason; ERROR_NONE: not */
	uint64_t batch;              /* the number of the plan that made it */
	uint64_t rank_ms;            /* see model_rank() */
	unsigned attempt;            /* 1 and up once it was started */
	unsigned standby_at;         /* its place among all that ever stood by; 0: it does not */
	bool is_retrying;            /* it waits for the time when it is tried again: */
	int64_t retry_ns;
	int64_t started_ns;
	int64_t deadline_ns;
	int64_t kill_ns;
	unsigned n_terms, n_kills; /* signals that it has to have got */
	const struct model_run
	    *claimed_in;            /* its home when it came to stand in line for its locks */
	bool is_lent;               /* blocked in a nested wait */
	bool awaits_run;            /* that wait is for all of its first run but itself */
	struct model_exec **awaits; /* else for these, as members of that run */
	size_t n_awaits;
	bool is_extended; /* and for all that these pull in later */
};

struct model_member {
	struct model_exec *exec;
	enum execution_error override;
};

struct model_run {
	uint64_t id; /* the core's number */
	char *name;
	char *params;
	struct model_member *members;
	size_t n_members;
	unsigned holds;
	bool is_over;
	bool is_failed;
	bool is_fail_fast; /* the next failure cancels the rest */
	size_t n_failed;
	bool is_gone; /* cleared or pruned */
};

/* A proc of the registry. */
struct model_proc {
	char *name;
	struct definition *definition; /* its own or its proto's */
	char **values;
	char *proto; /* the name of the proto that it was created from, or NULL */
};

struct model_duration {
	char *name;
	int64_t mean_ns;
};

struct model {
	char *separator;
	unsigned parallel;  /* of local */
	unsigned far_slots; /* of the other executor */
	bool is_single;
	unsigned keep_runs;
	bool allow_missing;
	int64_t kill_after_ns;
	struct pool_limit pools[MODEL_POOLS_MAX];
	size_t n_pools;
	int64_t now_ns;
	/* What the core has chosen, where the pages leave a choice. */
	/* The place of its failure among all that the core has told of; 0: it has not failed. */
	unsigned (*find_failure)(uint64_t exec, void *arg);
	uint64_t (*find_id)(uint64_t run, const char *name, void *arg); /* of a member; or 0 */
	/* The place of its nested wait among those that the core has refused; 0: it has not. */
	unsigned (*find_refusal)(uint64_t exec, void *arg);
	void *core_arg;
	unsigned long n_hints; /* plans that needed to know which of two executions is joined */
	struct model_proc *procs;
	size_t n_procs;
	struct definition **protos;
	size_t n_protos;
	struct model_exec **execs;
	size_t n_execs;
	struct model_run **runs;
	size_t n_runs;
	struct model_duration *durations; /* of what has succeeded */
	size_t n_durations;
	uint64_t n_batches;
	unsigned n_standby; /* ever */
};

void model_free_exec(struct model_exec *exec);
void model_free_run(struct model_run *run);
struct model *model_new(const struct core_options *options);
void model_free(struct model *model);
void model_set_options(struct model *model, const struct core_options *options);

/* --- history (model_history.c) --- */

void model_note_duration(struct model *model, const char *name, int64_t duration_ns);

/* Whether a slot is for a rather than for b, which are both ready. */
bool model_is_before(
    const struct model *model, const struct model_exec *a, const struct model_exec *b);

/* --- names (model_names.c) --- */

/* The values that name gives pattern's placeholders, in their order: true, and they are added. */
bool model_match(
    const char *pattern, const char *name, const char *separator, struct strings *values);

/* text with each [x] that is an argument replaced by its value; the caller frees it. */
char *model_fill(const struct definition *definition, char *const *values, const char *text);

/* Whether there are placeholders in text. */
bool model_is_pattern(const char *text);

/* --- the registry (model_registry.c) --- */

struct model_proc *model_find_proc(struct model *model, const char *name);
struct definition *model_find_proto(struct model *model, const char *name);

/* A proc that a name means: it is there, or would be created. */
struct model_target {
	char *name;
	struct definition *definition; /* borrowed */
	char **values;                 /* NULL without arguments */
	const char *proto;             /* borrowed: it is to be created from this; or NULL */
};

struct model_targets {
	struct model_target *items;
	size_t count;
};

/* What name means; FAULT_NONE, or why it means nothing: unknown, ambiguous, no choice, bad value.
 */
enum fault_code model_lookup(struct model *model, const char *name, struct model_targets *targets);

/* The proc that a proto makes of values (some may be NULL: then it makes none); false: none. */
bool model_instance(
    struct model *model, struct definition *proto, char **values, struct model_target *target);
void model_targets_clear(struct model_targets *targets);
void model_target_clear(struct model_target *target);

/* Puts it into the registry if it is to be created. */
void model_create(struct model *model, const struct model_target *target);

/* Defines them; what of it is new and now: true is started in a run of that number. */
enum fault_code model_define(struct model *model, struct definition *const *definitions,
    size_t count, bool is_replace, uint64_t new_run);
enum fault_code model_undefine(struct model *model, const char *name);

/* --- requests (model_resolve.c, model_run.c, model_rewind.c) --- */

struct model_request {
	const char *const *names;
	size_t n_names;
	const char *params;
	const char *run_name; /* or NULL */
	uint64_t run;         /* or 0 */
	bool is_fail_fast;
	bool is_refused;  /* by the core */
	uint64_t new_run; /* the number that the core gave a new run, if it made one */
};

/* Starts names; *run is where. Nothing has changed unless it answers FAULT_NONE. */
enum fault_code model_start(
    struct model *model, const struct model_request *request, struct model_run **run);

/* What the model knows now, as nothing but a start may change it before it is taken back. */
struct model_mark;

struct model_mark *model_mark(const struct model *model);

/* Takes back what was started since, unless is_kept; frees the mark. */
void model_rewind(struct model *model, struct model_mark *mark, bool is_kept);

struct model_run *model_find_run(struct model *model, uint64_t id);

/* The newest of that name, or NULL. */
struct model_run *model_find_named_run(struct model *model, const char *name);
struct model_run *model_add_run(
    struct model *model, uint64_t id, const char *name, const char *params);
struct model_member *model_find_member(const struct model_run *run, const char *name);

/* Resolves names into run; dependent: they become its dependencies (an answer, a missing name). */
enum fault_code model_pull(struct model *model, struct model_run *run, struct model_exec *dependent,
    const char *const *names, size_t n_names, const char *params);

/* What executions have missed is pulled in, as far as it is defined. */
void model_defined(struct model *model);

struct model_cancel {
	const char *const *names; /* NULL: all */
	size_t n_names;
	struct model_run *run; /* NULL: all runs */
	bool is_force;
	bool is_kill;
};

enum fault_code model_cancel(struct model *model, const struct model_cancel *cancel);

/* --- events (model_schedule.c) --- */

struct model_exec *model_find_exec(struct model *model, uint64_t id);
void model_start_late(struct model *model, uint64_t id);
void model_exited(struct model *model, uint64_t id, const struct exit_report *report);
void model_resolved(struct model *model, uint64_t id, const struct strings *answer);
void model_tick(struct model *model, int64_t now_ns);

/* What follows at once from what has ended, before anything else does. */
void model_settle(struct model *model);

/* Has what depends on what has failed fail, and nothing else. */
void model_spread(struct model *model);

/* Another scheduler goes on: who is being ended is told so again, and counts of signals begin anew;
 * who stood in line for locks before a lower wave came up does so no longer. */
void model_restarted(struct model *model);

/* Until nothing changes any more: failures spread, what can start starts, what never can fails. */
void model_advance(struct model *model);

/* Puts an execution whose id is known behind those of its proc that were requested before. */
void model_line_up(struct model *model, struct model_exec *exec);

/* Whether exec is blocked in a nested wait that other has to be complete for. */
bool model_awaits(const struct model_exec *exec, const struct model_exec *other);

/* Has exec, which is blocked in a nested wait, wait for other too. */
void model_await(struct model_exec *exec, struct model_exec *other);

/* Ends the nested wait of exec. */
void model_end_wait(struct model_exec *exec);

/* --- standing by (model_standby.c) --- */

/* Has it stand by, as the core does; NULL, or why that is wrong. */
const char *model_stand_by(struct model *model, struct model_exec *exec);

/* It was started then by itself; or was not, and is in line again. */
void model_promoted(struct model *model, uint64_t id, unsigned attempt, int64_t started_ns);
void model_returned(struct model *model, uint64_t id, unsigned attempt);

/* What runs is known to have started then. */
void model_started_at(struct model *model, uint64_t id, int64_t started_ns);

/* --- locks and pools (model_lock.c) --- */

void model_set_pools(struct model *model, const struct pool_limit *pools, size_t count);
void model_fill_wants(struct model_exec *exec);

/* Whether the pools that definition uses are there, and have that much. */
bool model_is_usable(const struct model *model, const struct definition *definition);

/* Finds out anew who could have what of locks and pools. */
void model_deal(struct model *model);

/* Whether exec, which is WANTED, cannot have its locks before other has gone, as of the last deal;
 * is_alone: of what others hold as long as that one does, rather than as it is now. */
bool model_waits_for_lock(const struct model *model, const struct model_exec *exec,
    const struct model_exec *other, bool is_alone);

/* The execution of the same proc that has to end first, or NULL. */
struct model_exec *model_before(const struct model_exec *exec);

/* The last of that name that has not ended, or NULL. */
struct model_exec *model_last(const struct model *model, const char *name);

/* Raises exec to a priority, and all that it waits for. */
void model_raise(struct model_exec *exec, int priority);
bool model_is_complete(const struct model_exec *exec);
bool model_is_success(const struct model_exec *exec);
bool model_member_is_complete(const struct model_member *member);
bool model_member_is_success(const struct model_member *member);

/* Sends SIGTERM for the reason; or fails it at once while it is WANTED. */
void model_end(struct model *model, struct model_exec *exec, enum execution_error error);

/* The run whose waves and failures count for it: the first that it is in and not overridden in. */
const struct model_run *model_home(const struct model_exec *exec);

/* How many members count as failed in the run. */
size_t model_count_failures(const struct model_run *run);

/* In how many active runs it is, without being overridden there. */
unsigned model_count_live_runs(const struct model *model, const struct model_exec *exec);

#endif
