/*
 * Events from the inside, for events*.c alone.
 */
#ifndef PARPROC_DAEMON_EVENTS_INTERNAL_H
#define PARPROC_DAEMON_EVENTS_INTERNAL_H

#include <sys/queue.h>

#include "daemon/core/hash.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/session_internal.h"
#include "protocol/json_text.h"

TAILQ_HEAD(subscription_list, subscription);

#define N_EVENT_KINDS 4

struct channel {
	UT_hash_handle by_run;
	uint64_t run;
	struct subscription_list subscriptions;
	size_t n_wanting[N_EVENT_KINDS]; /* how many of them each kind is for, as in kind_names */
};

struct subscription {
	TAILQ_ENTRY(subscription) of_channel;
	LIST_ENTRY(subscription) of_subscriber;
	struct subscriber *subscriber;
	struct channel *channel;
	uint32_t watch; /* 0: the connection's own */
	unsigned kinds;
	unsigned states;
	bool is_brief;
	json_t *names; /* an object whose keys they are; NULL: any */
	size_t bytes;  /* that names hold */
};

struct subscriber {
	struct session *session;
	LIST_HEAD(, subscription) subscriptions;
	uint64_t last_seq; /* of what it was sent */
};

struct events {
	struct daemon *daemon;
	uint64_t seq;
	uint64_t defined_seq; /* of the newest event of kind define */
	struct channel all;
	struct channel *by_run;
	size_t n_subscriptions;
	size_t bytes; /* that names of subscriptions hold */
	uint32_t last_watch;
};

struct event_line {
	char *text;
	size_t length;
};

/* An event on its way to those who want it; its line is made for the first of them. */
struct event_draft {
	enum event_kind kind;
	uint64_t seq;                        /* 0: that of the newest */
	int64_t time_ns;                     /* 0: now */
	const char *name;                    /* of the proc; NULL: none */
	const struct execution *execution;   /* of EVENT_STATE, EVENT_INPUT */
	const struct membership *membership; /* where the execution is looked at */
	enum execution_state state;
	const struct run *run;      /* of EVENT_RUN */
	json_t *members;            /* beside the others; or all, of a run that is forgotten */
	struct event_line lines[2]; /* whole, and brief; text NULL: not needed so far */
};

/* --- events_line.c --- */

/* Whether it is one that the subscription is for, in the right channel. */
bool events_is_wanted(const struct subscription *subscription, const struct event_draft *draft);

/* Sends it to one, unless he has fallen behind. */
void events_send_draft(
    struct events *events, struct event_draft *draft, const struct subscription *subscription);

/* Its lines go: the next is about something else. */
void events_clear_draft(struct event_draft *draft);

/* Begins a line, up to what all events have. */
void event_line_begin(struct json_text *line, uint64_t seq, int64_t time_ns, const char *kind);

/* Ends it; the caller frees it. NULL: no memory. */
char *event_line_finish(struct json_text *line, size_t *length);

const char *event_kind_name(enum event_kind kind);

/* --- events_missed.c --- */

/*
 * Sends what has happened after the event of that number, as far as the subscription wants to hear
 * of it: the newest event of each execution and run, and of the registry, in their order; or a
 * resync where that is too much.
 */
void events_send_missed(
    struct events *events, const struct subscription *subscription, uint64_t after);

/* Sends an event that says where an execution is in a run that has joined it; nothing if the run
 * has begun it, or if it is complete. */
void events_send_joined(struct events *events, const struct subscription *subscription,
    const struct membership *member);

/* Sends events that say what is open of what the subscription is for. */
void events_send_inputs(struct events *events, const struct subscription *subscription);

#endif
