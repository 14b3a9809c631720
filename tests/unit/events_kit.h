/*
 * For tests of events: a daemon of two runs with an execution each, as far as events see it, and
 * connections to it that read what they are sent.
 */
#ifndef PARPROC_TESTS_UNIT_EVENTS_KIT_H
#define PARPROC_TESTS_UNIT_EVENTS_KIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/core/model.h"
#include "daemon/daemon.h"
#include "daemon/session.h"

/* The other end of a connection. */
struct peer {
	struct session *session;
	FILE *stream;
	int fd;
};

extern struct daemon kit_daemon;
extern struct run kit_runs[2];
extern struct execution kit_executions[2]; /* of "a" and "b", RUNNING in one run each */
extern size_t kit_n_views;                 /* made so far */
extern int64_t kit_now_ns;
extern bool kit_is_time_still; /* else a turn takes a second: events that may wait do not */

void kit_set_up(void);
void kit_tear_down(void);

/* What a pass of the loop does. */
void kit_turn(void);

void kit_publish(size_t index, enum execution_state state);
uint32_t kit_watch_run(struct session *session, uint64_t run, int64_t after);

/* A new one; the caller closes its stream. */
struct peer peer_connect(void);

/* name: NULL for all; kinds: 0 for all. */
void peer_subscribe(struct peer *peer, uint64_t run, const char *name, unsigned kinds);

/* The params of the next event, or NULL: there is none. */
json_t *peer_next_event(struct peer *peer);
void peer_expect(struct peer *peer, json_int_t seq, const char *kind, json_int_t run);
void peer_expect_none(struct peer *peer);

#endif
