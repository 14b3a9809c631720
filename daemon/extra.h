/*
 * What the daemon hangs onto executions and runs beside what the core knows of them. Made when it
 * is first needed, freed when the core forgets the execution or run.
 */
#ifndef PARPROC_DAEMON_EXTRA_H
#define PARPROC_DAEMON_EXTRA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/attempts.h"
#include "daemon/core/model.h"
#include "daemon/left_watch.h"

struct input;
struct inquiry;
struct job;
struct terminal;

/* execution->extra: NULL until the first event that told of it. */
struct exec_extra {
	uint64_t event_seq;          /* of the newest event that told of it; 0: none did */
	json_t *result;              /* NULL: it left none */
	const char *state_directory; /* the daemon's: see logs_path() */
	uint64_t log_run;            /* the run in whose folder its log is */
	struct input *inputs;        /* what its process asks people, the oldest first; inputs.h */
	struct inquiry *inquiries;   /* dynamic values that are being asked for; dynamic.c */
	struct job *job;             /* it waits to be started; jobserver.c */
	pid_t pid;                   /* of the process while it runs; 0: none */
	int64_t pid_started;         /* when that was, as the kernel counts (leftovers.h) */
	uint16_t log_attempt;        /* that the newest log belongs to */
	struct left_mark left;       /* whether its process has left files; left.h */
	int64_t user_us;             /* CPU time of the process and its children */
	int64_t system_us;
	int64_t max_rss_kib;
	struct attempts attempts; /* those that were not the last */
	char *pending;            /* what it waits for while it is pending, or NULL; pending.h */
	int64_t pending_ns;       /* how long it was, in its newest attempt */
	bool is_result_stored;
	bool is_output_logged;  /* captured, and in the log already */
	bool is_duration_noted; /* by keep.c */
	bool is_reported;       /* the supervisor knows its process */
	bool has_terminal;      /* its process was given one */
	bool is_token_lent;     /* its job token, to others */
	bool is_slot_lent;      /* its slot, as the supervisor knows */
	bool is_interrupted;    /* that was sent the first SIGINT of its client */
};

/* run->extra: made with run_extra_get(). */
struct run_extra {
	uint64_t event_seq;  /* of the newest event that told of it; 0: none did */
	json_t *params;      /* the run's own override of params while it is active, or NULL */
	size_t params_bytes; /* that it holds, as counted in the daemon (params.h) */
	struct terminal *terminals; /* of its clients, the newest first; terminals.h */
};

/* The extra, made if there is none yet. NULL: no memory. */
struct exec_extra *exec_extra_get(struct execution *execution, const char *state_directory);
struct run_extra *run_extra_get(struct run *run);

/* Frees it; the member is NULL then. */
void exec_extra_free(struct execution *execution);
void run_extra_free(struct run *run);

#endif
