/*
 * What a run did, for those who look back at it: its executions with their times, which of them
 * came before which, in how many lanes they ran, and the chain of them that took longest. Made of
 * views; it must not know where these come from or how they are shown.
 */
#ifndef PARPROC_CLIENT_RECORD_H
#define PARPROC_CLIENT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_state {
	RECORD_WANTED,
	RECORD_RUNNING,
	RECORD_SUCCEEDED,
	RECORD_FAILED,
	RECORD_SKIPPED,
	RECORD_UP_TO_DATE,
	RECORD_STATES /* how many there are */
};

#define RECORD_NONE UINT32_MAX

/* Why an execution comes after another: by its own definition, or as plan says of an edge. */
enum record_reason {
	REASON_DEP,
	REASON_RDEP,
	REASON_WHEN_SCHEDULED,
	REASON_WHEN_TARGET_SCHEDULED,
	REASON_COMMAND,
	REASONS /* how many there are */
};

/* Times are in microseconds since the epoch, 0 where there is none. */
struct record_exec {
	char *name;
	char *error;        /* as in the view; or NULL */
	char *reason;       /* why it failed, was skipped or waits; or NULL */
	char *log;          /* its path; or NULL */
	json_t *log_ignore; /* as in the view; or NULL */
	char *locks;        /* "a, b"; or NULL */
	json_int_t id;
	enum record_state state;
	int exit_code, signal; /* -1: none */
	int wave;
	int64_t queued_us, started_us, ended_us;
	int64_t stop_us;         /* of what has begun: where it ended, or now */
	double user_s, system_s; /* with has_usage */
	double max_rss;          /* bytes */
	bool has_run;            /* a process of it took time */
	bool has_usage;
	bool is_critical;           /* on the critical path */
	uint32_t lane;              /* of what has run */
	uint32_t depth;             /* 0: it depends on nothing */
	uint32_t first_dep, n_deps; /* in the record's deps */
	/* Itself if it has run; else what it ended after: the one that has run, and stopped last,
	 * of all that come before it with nothing in between that has run. Or RECORD_NONE. */
	uint32_t source;
};

struct record {
	json_int_t run;
	char *name; /* the client's own for it, or NULL */
	char *state;
	int64_t created_us, ended_us;
	int64_t now_us;
	struct record_exec *execs; /* in the order in which they came into the run */
	uint32_t n_execs;
	uint32_t *deps;   /* indexes of execs */
	uint8_t *reasons; /* one for each of deps: enum record_reason */
	uint32_t n_deps;
	uint32_t *by_start; /* those that have run, by started_us */
	uint32_t n_by_start;
	uint32_t n_lanes;
	uint32_t *critical; /* those of the critical path that have run, the first of them first */
	uint32_t n_critical;
	int64_t critical_us;       /* how long they ran */
	int64_t begin_us, stop_us; /* of all: the earliest and the latest of what is there */
	uint32_t n_of_state[RECORD_STATES];
	double cpu_s;
	struct record_names *names; /* while views are added */
};

/* Begins a record of a run, as status tells of it. */
void record_init(struct record *record, const json_t *run, int64_t now_us);

/* Adds a view of an execution in it. */
void record_add(struct record *record, const json_t *view);

/* All views are there: finds out the rest. */
void record_finish(struct record *record);

void record_clear(struct record *record);

/* "succeeded", as in views, and as people read it: "up to date". */
const char *record_state_name(enum record_state state);
const char *record_state_text(enum record_state state);

/* "dep", "rdep", "when_scheduled", … */
const char *record_reason_name(enum record_reason reason);

/* How long it ran, or has been running. */
int64_t record_duration_us(const struct record_exec *exec);

/* How long the run took, or has taken. */
int64_t record_makespan_us(const struct record *record);

/* record_order.c: what record_finish() consists of. */
void record_order(struct record *record); /* depth, source, critical path; stop_us is known */
void record_assign_lanes(struct record *record);

#endif
