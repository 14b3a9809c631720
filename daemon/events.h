/*
 * Events: what subscribers hear of. Each has the next number of one sequence, whether anybody
 * listens or not; its JSON is made only if somebody does, once for all of them that see it in the
 * same run. Handlers subscribe; the pass of the loop publishes what the core says has changed.
 */
#ifndef PARPROC_DAEMON_EVENTS_H
#define PARPROC_DAEMON_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/core.h"

struct daemon;
struct events;
struct session;

enum event_kind {
	EVENT_STATE = 1 << 0,  /* "state": of an execution */
	EVENT_RUN = 1 << 1,    /* "run": it is active, over or forgotten */
	EVENT_INPUT = 1 << 2,  /* "input": a proc asks, or is answered */
	EVENT_DEFINE = 1 << 3, /* "define": the registry has changed */
	EVENT_ALL = (1 << 4) - 1,
	/* "resync" goes to one that fell behind, "end" to all when the daemon ends on purpose,
	 * whatever they asked for. */
};

/* The kind of that name, or 0. */
unsigned event_kind_find(const char *name);

#define EVENTS_NAMES_MAX_BYTES (8u << 20) /* that the names of all subscriptions hold */

struct event_filter {
	uint64_t run;        /* 0: any */
	const json_t *names; /* an array of proc names, copied; NULL or empty: any */
	unsigned kinds;      /* 0: all */
	unsigned states;     /* of events of kind state: a bit for each that counts; 0: all do */
	bool is_brief;       /* of procs only what is neither null nor empty */
};

/* seq: the number of the newest event that an earlier scheduler told. */
struct events *events_new(struct daemon *daemon, uint64_t seq);
void events_free(struct events *events);

/* The number of the newest event: a snapshot made now is followed by those above it. */
uint64_t events_get_seq(const struct daemon *daemon);

/*
 * Sets what the connection's own subscription sees, in place of what it saw before; NULL ends it.
 * 0, or -1: ENOMEM, or ENOSPC where all subscriptions together name too many procs.
 */
int events_subscribe(struct session *session, const struct event_filter *filter);

/*
 * For one that had a subscription before, over another connection: sends what it has missed since
 * the event of that number, which is the newest event of each execution and run, in their order,
 * and one of kind input for each that is open. Where that is too much it gets a resync.
 */
void events_tell_missed(struct session *session, uint64_t after);

/*
 * Has the connection hear of state, run and input of the filter's run, beside its own subscription;
 * of the filter only run, states and is_brief count. It gets an event of kind run with the run's
 * number at once, and one of kind input for each that is open, which are none of the sequence:
 * their seq is that of the newest; and before them what it has missed since the event after
 * (below 0: nothing). Returns a number for events_unwatch(), or 0: no memory. Call it in the
 * handler that started the run, so that nothing is missed.
 */
uint32_t events_watch_run(
    struct session *session, const struct event_filter *of_run, int64_t after);

/* The bit of the state of that name, or 0. */
unsigned event_state_find(const char *name);

/*
 * For one that watches a run from now on: sends an event of kind state for each of these members
 * of it that is under way and which the run did not begin, since nothing else would be heard of it
 * before its end.
 */
void events_tell_joined(
    struct session *session, uint32_t watch, struct membership *const *members, size_t n_members);

/* Unknown numbers (of a connection that is gone) are ignored; so is session NULL. */
void events_unwatch(struct session *session, uint32_t watch);

/* All of the connection's; called by the session when it ends. */
void events_drop_session(struct session *session);

/* One that fell behind has read what there was: tells it so with an event of kind resync. */
void events_catch_up(struct session *session);

/* The daemon ends on purpose: tells every subscriber. */
void events_tell_end(struct daemon *daemon);

/* --- publishing; these count the event in any case --- */

void events_publish_state(struct daemon *daemon, const struct execution *execution,
    const struct run *run, enum execution_state state);
void events_publish_run(struct daemon *daemon, const struct run *run);
/* The run is about to be freed. */
void events_publish_forgotten(struct daemon *daemon, const struct run *run);
void events_publish_defined(struct daemon *daemon);

/*
 * members: of the event beside its own, as {"input":…, "state":…}; taken. run: only in that one;
 * NULL: in each that the execution is in.
 */
void events_publish_input(struct daemon *daemon, const struct execution *execution,
    const struct run *run, json_t *members);

/* Whether somebody listens who would see an input event of that execution. */
bool events_have_watcher(struct daemon *daemon, const struct execution *execution);

#endif
