/*
 * What the tests of connections share: a daemon that has only sessions, and peers that talk to it
 * over socket pairs. Its methods:
 *
 *	ping       {}
 *	status     a text of LARGE_ANSWER_BYTES
 *	list       a text of HUGE_ANSWER_BYTES
 *	wait       no answer: it is in deferred
 *	create     the same, and what the connection sends behind it is held back
 *	open       keeps two runs, forgets one again
 *	reload     takes the descriptors that came with it, until it is answered
 */
#ifndef PARPROC_TESTS_UNIT_SESSION_KIT_H
#define PARPROC_TESTS_UNIT_SESSION_KIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/daemon.h"
#include "daemon/request.h"
#include "daemon/session.h"
#include "daemon/session_internal.h"

#define DEFERRED_MAX 4096
#define LARGE_ANSWER_BYTES (100u << 10)
#define HUGE_ANSWER_BYTES (1u << 20)

extern struct daemon daemon_under_test;
extern struct request *deferred[DEFERRED_MAX]; /* in the order of their arrival */
extern size_t n_deferred, n_abandoned, n_handled, n_closed_runs;
extern int64_t handling_ns; /* how long each takes: 0, unless a test says otherwise */
extern uint64_t early_exec; /* whose requests come early; 0: nobody's */
extern const char *problem; /* with storing */
extern bool has_followers;  /* so that what schedules something comes early */
extern size_t n_taken;      /* descriptors */
extern char order[256];     /* a letter for each request handled: p, w */

struct peer {
	int fd;
	char *text; /* all that was read and not taken yet */
	size_t length;
	bool is_end; /* the daemon closed */
};

/* Of each suite. */
void set_up(void);
void tear_down(void);

/* So much time has passed for the daemon. */
void advance_clock(int64_t ns);

struct peer connect_peer(void);
void close_peer(struct peer *peer);

/* One turn of the daemon's loop; so many that nothing is left to do. */
void turn(void);
void settle(void);

/* A text of so many bytes, a multiple of four: of characters that long, which are read and written
 * in less time than as many short ones. */
json_t *make_text(size_t length);

/* Reads what is there, without waiting. */
void read_some(struct peer *peer);

/* Sends all of it, the daemon's loop going on meanwhile. False: the daemon closed. */
bool send_bytes(struct peer *peer, const char *bytes, size_t length);
void send_text(struct peer *peer, const char *text);

/* The next line, as JSON; NULL: the daemon closed. */
json_t *next_message(struct peer *peer);

/* The next line is: a result, an error of that name, the connection's end. */
void expect_id(struct peer *peer, json_int_t id);
void expect_error(struct peer *peer, const char *name);
void expect_end(struct peer *peer);

#endif
