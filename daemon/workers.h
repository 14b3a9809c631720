/*
 * The scheduler's end of the pipe to the supervisor, which is the parent of every worker process:
 * asks it to start and to signal them, hears how they ended, and acknowledges what was stored.
 * Knows the wire form (supervisor/wire.h) and libevent; nothing of executions but their numbers.
 */
#ifndef PARPROC_DAEMON_WORKERS_H
#define PARPROC_DAEMON_WORKERS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "daemon/supervisor/key.h"
#include "daemon/supervisor/makeflags.h"
#include "daemon/supervisor/wire.h"

/* A worker is the main process of an execution, or one of its dynamic values' commands. */
struct worker_spawn {
	struct worker_key key;
	uint32_t env; /* a number given with workers_send_environment(); 0: supervisor's own */
	const char *const *argv;      /* NULL-ended */
	const char *const *extra_env; /* "NAME=value", NULL-ended: over the environment */
	const char *cwd;              /* this and the others: absolute */
	const char *log;              /* appended to: standard error, and output unless … */
	const char *output;           /* … this is not NULL: a new file for standard output */
	const int *terminal; /* NULL, or three: what becomes standard input, output and error */
	enum jobserver_style jobserver; /* other than none: it needs a job token */
	enum wire_slot slot;
	uint32_t n_after; /* with standby: after so many others have succeeded */
	const struct wire_after *after;
	uint32_t standby; /* other than 0: in the place of another that ends, if fewer than that
	                     many with slots are left then */
};

struct worker_exit {
	struct worker_key key;
	int wait_status;         /* of waitpid(2); of no meaning with spawn_errno */
	int spawn_errno;         /* 0, or why it was never started */
	const char *spawn_stage; /* "fork", "chdir", "log", "exec", …; valid during the call */
	bool has_leftovers;      /* others of its process group were alive when it ended */
	bool is_relied_on;   /* it has succeeded, and what comes after it may have been started */
	pid_t pid;           /* 0 with spawn_errno */
	struct rusage usage; /* of the process and its reaped children */
	int64_t started_ns;  /* on the monotonic clock: scheduler_time_ns() */
	int64_t ended_ns;
	bool is_with_previous;  /* it was read together with the one reported before */
	struct worker_key next; /* what was started in its place; exec 0: nothing was */
	int64_t next_ns;
};

struct workers_events {
	/* A little late, so that it costs no wake-up; not at all for a worker that ends first. */
	void (*started)(void *arg, struct worker_key key, pid_t pid, int64_t started_ns);
	void (*exited)(void *arg, const struct worker_exit *report);
	/* At the start: the supervisor has an environment of that number still. May be NULL. */
	void (*held)(void *arg, uint32_t env);
	/* Once, after start: every worker that lives was reported by started, every exit not yet
	 * acknowledged by exited. */
	void (*ready)(void *arg);
	void (*lost)(void *arg); /* the supervisor is gone */
	/* What workers_spawn() asked for has not been started: no job token is free. May be NULL.
	 */
	void (*refused)(void *arg, struct worker_key key);
	/* What stood by has not been started, and will not be. */
	void (*returned)(void *arg, struct worker_key key);
	/* One is, and is kept for the next that is asked for, or until workers_want_token(). */
	void (*token)(void *arg);
	/* One of the calls of workers_set_tokens() is carried out. May be NULL. */
	void (*tokens_set)(void *arg);
	void *arg;
};

struct workers;

/*
 * fd: the scheduler's end, which is taken, and non-blocking from then on. NULL with errno. Events
 * come from the loop only, never out of a call; they may call anything here but workers_free().
 */
struct workers *workers_new(struct event_base *base, int fd, const struct workers_events *events);
void workers_free(struct workers *workers);

/* Keeps the environment ("NAME=value", NULL-ended) under that number (1 and up) until dropped. */
int workers_send_environment(struct workers *workers, uint32_t env, const char *const *variables);
int workers_drop_environment(struct workers *workers, uint32_t env);

/*
 * 0, or -1 with errno: E2BIG for what exceeds the wire's limits, ENOBUFS while too much waits to be
 * sent. Batched until workers_send(). The terminal is duplicated, the caller keeps its own.
 */
int workers_spawn(struct workers *workers, const struct worker_spawn *spawn);

/* Signals the worker's process group, until its exit is acknowledged also what is left of it. */
int workers_signal(struct workers *workers, struct worker_key key, int signal);

/* What stands by is wanted back, unless it was started: the event returned says that it is. */
int workers_recall(struct workers *workers, struct worker_key key);

/* From now on there are so many job tokens (0: none), in a FIFO at path. */
int workers_set_tokens(struct workers *workers, uint32_t limit, const char *path);

/* Whether to be told, by the event token, of the next that is free. A refusal has the same effect.
 */
int workers_want_token(struct workers *workers, bool is_wanted);

/* While it is lent, the worker's own token is for others. */
int workers_lend_token(struct workers *workers, struct worker_key key, bool is_lent);

/* There are so many slots now, also for what stands by already. */
int workers_set_slots(struct workers *workers, uint32_t limit);

/* While its slot is lent, the worker does not count among those that have one. */
int workers_lend_slot(struct workers *workers, struct worker_key key, bool is_lent);

/* The exit was stored; the supervisor may forget it. */
int workers_acknowledge(struct workers *workers, struct worker_key key);

/* Sends what was asked for, as far as the supervisor takes it; the rest follows by itself. */
void workers_send(struct workers *workers);

/* While it is held nothing is sent: what was asked for waits for the state to be stored. */
void workers_hold(struct workers *workers, bool is_held);

/* Tells the supervisor that this scheduler ends on purpose: it is not to start another. */
int workers_send_farewell(struct workers *workers);

/* Writes out what is buffered, blocking for at most a second: for the moment before exit. */
void workers_flush(struct workers *workers);

#endif
