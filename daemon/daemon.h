/*
 * The scheduler process as a whole: what its parts are and where they find each other. Everything
 * hangs off this one structure, which lives in scheduler.c; there are no globals beside it.
 */
#ifndef PARPROC_DAEMON_DAEMON_H
#define PARPROC_DAEMON_DAEMON_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/core.h"

struct dynamics;
struct effects;
struct environments;
struct events;
struct holds;
struct inputs;
struct jobserver;
struct keep;
struct left_watch;
struct logs_watch;
struct outputs;
struct repeats;
struct sessions;
struct slurm;
struct store;
struct waits;
struct workers;
struct workspace;

struct daemon {
	struct event_base *base;
	struct core *core;
	struct sessions *sessions;         /* connections (session.h) */
	struct events *events;             /* subscriptions, the sequence of events (events.h) */
	struct inputs *inputs;             /* what processes ask people (inputs.h) */
	struct waits *waits;               /* who waits for what of the core (waits.h) */
	struct effects *effects;           /* what carries out the core's actions (effects.h) */
	struct dynamics *dynamics;         /* commands that print names (dynamic.h) */
	struct jobserver *jobserver;       /* who waits for job tokens (jobserver.h) */
	struct logs_watch *logs_watch;     /* that no log outgrows max_log (logs_watch.h) */
	struct outputs *outputs;           /* large ones on their way to logs (outputs.h) */
	struct left_watch *left;           /* whose processes have left files (left.h) */
	struct workers *workers;           /* the link to the supervisor (workers.h) */
	struct environments *environments; /* captured ones, by number (environment.h) */
	struct workspace *workspace;       /* the file, its options and params (workspace.h) */
	struct repeats *repeats;           /* what requests with a request_id did (repeats.h) */
	struct store *store;               /* store.h */
	struct keep *keep;                 /* what is to be stored (keep.h) */
	struct slurm *slurm;               /* jobs in Slurm's queue (executors/slurm.h) */
	struct holds *holds;               /* of clients of an earlier scheduler (holds.h) */
	char *directory;                   /* of the workspace, absolute */
	char *state_directory;             /* .parproc in it, absolute */
	char *logs_directory; /* in which logs/ is; the same but for one that keeps no state */
	char *socket_path;
	int supervisor_pid;
	unsigned n_follow_holds;  /* follow_hold() */
	unsigned n_terminals;     /* of clients, that are kept (terminals.h) */
	size_t params_bytes;      /* that runs override (params.h) */
	bool is_spare;            /* of scheduler_options */
	bool is_supervisor_known; /* it was this one under which the state was stored last */
	bool is_boot_known;       /* or another one, since the machine was started */
	bool is_stopping;
	bool is_dirty; /* the core was called: a pass is due (scheduler_wake) */
};

/* Has the loop make a pass (advance the core, carry out its actions) before it sleeps again. */
void scheduler_wake(struct daemon *daemon);

/* Begins the end: no more requests, cancel what runs, then exit. */
void scheduler_stop(struct daemon *daemon);

/* Now, since the epoch; the one clock that everything in the scheduler reads. */
int64_t scheduler_now_ns(void);

/* What that clock said when the monotonic one said so: for times of the supervisor's. */
int64_t scheduler_time_ns(int64_t monotonic_ns);

#endif
