/*
 * A simulation: one core, its model beside it, processes that end after virtual time, and a clock
 * that jumps to whatever comes next. sim.c carries out the core's actions and lets events happen,
 * operations.c does what clients do, compare.c and invariants.c look for what is wrong.
 */
#ifndef PARPROC_TESTS_SIM_SIM_H
#define PARPROC_TESTS_SIM_SIM_H

#include "daemon/core/core.h"
#include "daemon/core/standby.h"
#include "tests/sim/model.h"
#include "tests/sim/profile.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

#define SIM_SECOND_NS INT64_C(1000000000)

/* A process that the core asked for. */
struct sim_process {
	uint64_t exec;
	unsigned attempt;
	int64_t ends_ns; /* INT64_MAX: it is blocked in a nested wait */
	int64_t left_ns; /* what it still has to do after that wait */
	int64_t started_ns;
	struct exit_report report;
	bool ignores_term;
	bool is_far;
	bool is_passing; /* what stands by may start in its place */
	bool is_signaled;
	bool is_dead; /* the supervisor knows, the core may not have heard of it yet: */
	bool is_ended;
	unsigned n_terms, n_kills;
	uint64_t wait; /* the nested wait that it is blocked in, or 0 */
};

/* What stands by at the supervisor. */
struct sim_standby {
	uint64_t exec;
	unsigned attempt;
	uint64_t after[STANDBY_AFTER_MAX]; /* what has to succeed before */
	unsigned n_after;
	unsigned limit;
	int64_t ends_ns; /* then it is given back */
};

/* What the supervisor has said and the core has not heard yet. */
struct sim_report {
	uint64_t exec; /* its process has ended */
	unsigned attempt;
	bool is_first;  /* it stood by, and could not be started at all */
	bool is_return; /* it stood by, rather, and was not started */
	uint64_t next;  /* started in its place; 0: nothing was */
	unsigned next_attempt;
	int64_t next_ns;
};

/* A question that the core asked. */
struct sim_resolve {
	uint64_t id;
	uint64_t exec;
	int64_t ends_ns;
	bool is_ended;
};

struct sim_wait {
	uint64_t id;
	uint64_t run;    /* for the whole of it; or 0 */
	uint64_t *execs; /* otherwise for these */
	size_t n_execs;
	uint64_t in_run; /* their outcome in that run counts; or 0 */
	uint64_t waiter; /* the execution that is blocked in it, or 0 */
	unsigned n_done;
	unsigned done_at; /* its place among all answers */
	bool is_ended;
};

/* What was seen of an execution. */
struct sim_seen {
	uint64_t exec;
	enum execution_state state;
	unsigned n_starts;
	bool is_told;        /* there was news of it */
	bool was_standby;    /* it waited for its waves before that */
	unsigned changed_at; /* the number of the action that told of the state */
};

struct sim {
	struct random random;
	struct random crash_random;
	struct profile profile;
	struct world world;
	struct core *core;
	struct model *model;
	struct keeper *keeper; /* of what the core knows, where there are crashes; or NULL */
	unsigned long n_crashes;
	int64_t now_ns;
	struct sim_process *processes;
	size_t n_processes;
	struct sim_standby *standby;
	size_t n_standby;
	struct sim_report *reports;
	size_t n_reports;
	unsigned short_percent; /* of the names are those of short processes */
	bool is_restarting;     /* after a crash the core goes on now */
	struct sim_counts *counts;
	struct sim_resolve *resolves;
	size_t n_resolves;
	struct sim_wait *waits;
	size_t n_waits;
	unsigned n_answers; /* of waits */
	struct sim_seen *seen;
	size_t n_seen;
	unsigned n_actions;
	bool has_started[2]; /* of local, of far: the core has started something since the last look
	                      */
	bool has_answered;   /* a wait is over since then */
	unsigned far_slots;
	bool has_canceled; /* something was canceled: the model's words for why may differ */
	bool has_defined; /* the model has not looked yet for what was missing and is defined now */
	bool is_verbose;
	unsigned step;
	char *failure; /* the first thing that is wrong, or NULL */
};

/* How often each thing was done, to see that a simulation does all of it. */
struct sim_counts {
	unsigned long n_steps, n_operations, n_refused, n_events, n_starts, n_executions, n_runs;
	unsigned long n_hints; /* requests of which the model was told what to join */
	unsigned long n_crashes;
	unsigned long n_standby, n_promoted, n_returned;
	unsigned long n_following, n_relied_on; /* stood by after others; had others do so */
};

/* Simulates steps from seed. Answers NULL, or what went wrong; the caller frees it. */
char *sim_play(uint64_t seed, unsigned n_steps, const struct profile *profile, bool is_verbose,
    struct sim_counts *counts);

/* Keeps the first thing that is wrong. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of the story, if anybody wants it. */
void sim_say(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Beside local: far, with as many slots as the simulator says. */
void sim_set_executors(const struct sim *sim, struct core *core);

bool sim_has(const struct sim *sim, enum feature feature);

/* Both sides of a run that differs, for who reads the story. */
void sim_say_run(const struct sim *sim, const struct model_run *expected);

/* Advances core and model, carries out the actions and compares. */
void sim_settle(struct sim *sim);

/* What was seen of an execution. */
struct sim_seen *sim_see(struct sim *sim, uint64_t exec);

/* The model has stand by what does so in the core; is_checked: if that is right now. */
void sim_follow_standby(struct sim *sim, bool is_checked);

/* The process of an execution, or NULL. */
struct sim_process *sim_find_process(struct sim *sim, uint64_t exec);

/* Something that a client or a process asks for (operations.c); true: it was accepted. */
bool sim_operate(struct sim *sim);

/* Sets the pools anew; is_whole: all of them, as large as they ever are. */
void sim_set_pools(struct sim *sim, bool is_whole);

/* What the world is before the first step. */
void sim_define_world(struct sim *sim);

/* Ends a wait that has been answered, or nobody waits for any more. */
void sim_end_wait(struct sim *sim, struct sim_wait *wait);

/* The same states in the core and in the model, or the simulation has failed. */
void sim_compare(struct sim *sim);

/* What must hold in the core whatever the model says. */
void sim_check_invariants(struct sim *sim);

#endif
