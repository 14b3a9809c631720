/*
 * Connections: from accept(2) to close(2). A session reads lines, has each request handled in the
 * order of arrival, and writes answers and events. It knows nothing of what methods do.
 */
#ifndef PARPROC_DAEMON_SESSION_H
#define PARPROC_DAEMON_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct daemon;
struct session;
struct sessions;

/* What connections may use; what is over it gets an error. */
#define SESSIONS_MAX 4096
#define SESSION_REQUESTS_MAX 1024          /* in flight on one connection */
#define SESSIONS_REQUESTS_MAX (32u << 10)  /* in flight on all of them */
#define SESSION_REQUESTS_FAIR 8            /* that one may have even then */
#define SESSIONS_CALLS_BUDGET (16u << 20)  /* bytes of what is in flight on all of them */
#define SESSION_CALLS_FAIR (16u << 10)     /* that one may have even then */
#define SESSION_OUTPUT_SOFT (1u << 20)     /* unsent bytes above which no more requests are read */
#define SESSION_OUTPUT_HARD (48u << 20)    /* unsent bytes above which the connection is ended */
#define SESSIONS_OUTPUT_BUDGET (12u << 20) /* unsent bytes of all: then any counts */
#define SESSIONS_OUTPUT_MAX (32u << 20)    /* then only small answers are given */
#define SESSION_OUTPUT_SMALL (4u << 10)    /* bytes of such a one */
#define SESSIONS_INPUT_BUDGET (64u << 20)  /* bytes held for half messages, of all connections */
#define SESSIONS_MEMORY_MAX                                                                        \
	(216u << 20)          /* bytes of all this, with a message that is being read              \
	                       */
#define SESSION_RUNS_MAX 1024 /* holds that end with the connection */
#define SESSION_FDS 3         /* descriptors that a request may bring */
#define SESSIONS_FDS_MAX 96   /* that no request has taken yet, of all connections */

/*
 * Begins to accept on listen_fd, which stays the caller's and is made non-blocking. NULL with
 * errno.
 */
struct sessions *sessions_new(struct daemon *daemon, int listen_fd);

/* Closes every connection; requests in flight are abandoned. */
void sessions_free(struct sessions *sessions);

/*
 * Serves a connected descriptor, which it takes, without asking who the peer is: for accept, and
 * for tests. NULL with errno; fd is closed then.
 */
struct session *sessions_add(struct sessions *sessions, int fd);

size_t sessions_count(const struct sessions *sessions);

/* Writes what answers and events this pass has produced: at most one write for each connection. */
void sessions_flush(struct sessions *sessions);

/*
 * The pass could not be stored (is_held): what it would have told stays unsent, and its connections
 * are not read; or it was, and they go on.
 */
void sessions_hold(struct sessions *sessions, bool is_held);

/* Whether all that was answered has been handed to the kernel. */
bool sessions_are_flushed(const struct sessions *sessions);

/* Has those requests handled that came early, and need not wait any longer. */
void sessions_serve_early(struct sessions *sessions);

/* Refuses with shutting_down whatever has not been answered; nothing is held back any more. */
void sessions_refuse_all(struct sessions *sessions);

/*
 * Until as many releases, requests of this connection that come after the present one are not
 * looked at: for a request that takes effect only later (it has to ask a command first).
 */
void session_hold_requests(struct session *session);
void session_release_requests(struct session *session);

/*
 * The descriptors that came with the bytes of the request that is being handled, close-on-exec; the
 * caller's to close. 0, or -1: there are not so many.
 */
int session_take_fds(struct session *session, int fds[SESSION_FDS]);

/*
 * For an answer that can wait, since what it tells of is kept until then: calls go(arg) later,
 * once, when the connection has room for it. False: it has now. The caller keeps postponed, which
 * is zeroed, and calls session_forget_postponed() where nothing is to be called any more.
 */
struct session_postponed {
	TAILQ_ENTRY(session_postponed) of_session;
	struct session *session; /* NULL: it is not postponed */
	void (*go)(void *arg);
	void *arg;
};

bool session_postpone(
    struct session *session, struct session_postponed *postponed, void (*go)(void *arg), void *arg);
void session_forget_postponed(struct session_postponed *postponed);

/*
 * The run's hold ends with this connection: core_close() is called then for each call of this that
 * no call of session_forget_run() has taken back. 0, or -1: ENOMEM, or ENOSPC where it has too
 * many.
 */
int session_keep_run(struct session *session, uint64_t run);
bool session_forget_run(struct session *session, uint64_t run);
bool session_keeps_run(const struct session *session, uint64_t run);

#endif
