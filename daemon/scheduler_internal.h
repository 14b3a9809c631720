/*
 * The scheduler from the inside, for scheduler*.c alone.
 */
#ifndef PARPROC_DAEMON_SCHEDULER_INTERNAL_H
#define PARPROC_DAEMON_SCHEDULER_INTERNAL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/scheduler.h"

struct presence;

/* One who is told when everything has ended. */
struct stopped {
	TAILQ_ENTRY(stopped) of_scheduler;
	void (*done)(void *arg);
	void *arg;
};

enum end_phase {
	END_NOT,     /* serving */
	END_WORKERS, /* waiting for what runs */
	END_CLIENTS, /* waiting for clients to read their answers */
};

struct scheduler {
	struct daemon daemon; /* the first member: a daemon is always in one of these */
	const struct scheduler_options *options;
	struct event *deadline;
	struct event *idle;
	struct event *terminate;
	struct event *end_look; /* while ending: have they gone? */
	struct presence *presence;
	int64_t deadline_ns; /* that deadline is armed for */
	bool is_due;         /* it has come since the last pass */
	enum end_phase end;
	int64_t end_limit_ns; /* of the phase, or of restarting */
	struct strings canceled;
	TAILQ_HEAD(, stopped) stopped;
	bool is_restarting; /* to make way for another scheduler */
	bool is_stored;     /* all that has happened */
	bool is_done;
	int status; /* of the process */
};

/* What scheduler_now_ns() adds to the monotonic clock; 0: what makes it the wall's now. */
void scheduler_set_clock(int64_t base_ns);

/* --- scheduler_stop.c --- */

/* Where the end has begun: goes on with it, as far as it can. Once in each pass. */
void scheduler_look_for_end(struct scheduler *scheduler);

void scheduler_on_end_look(evutil_socket_t fd, short what, void *arg);

/* Frees what was kept for the end. */
void scheduler_forget_end(struct scheduler *scheduler);

#endif
