/*
 * A connection from the inside, for session*.c and events.c alone: session.c reads, session_fds.c
 * has what comes beside bytes, session_turn.c says when requests are handled, session_call.c has
 * them handled, session_write.c writes, session_room.c keeps all of it within limits.
 */
#ifndef PARPROC_DAEMON_SESSION_INTERNAL_H
#define PARPROC_DAEMON_SESSION_INTERNAL_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/request.h"
#include "daemon/session.h"
#include "protocol/frame.h"

struct subscriber;

/* The answers of one batch, sent together once the last is there. */
struct batch {
	struct session *session; /* NULL once it is dead */
	struct evbuffer *answers;
	size_t n_pending; /* elements without an answer, and one while elements are still handled */
};

/* A batch whose elements are not all handled yet. */
struct batch_input {
	struct batch *batch; /* NULL: there is none */
	json_t *elements;
	size_t next;
	size_t bytes; /* that they hold, about */
};

/* A request on its way, with what its answer needs. */
struct call {
	struct request request; /* what the handler sees */
	LIST_ENTRY(call) of_session;
	TAILQ_ENTRY(call) of_early; /* while it is held: session_early.c */
	struct sessions *sessions;
	json_t *id;          /* NULL: a notification, nobody hears the answer */
	json_t *params;      /* what request.params borrows */
	struct batch *batch; /* or NULL */
	size_t bytes;        /* that it holds while it waits, about */
};

struct session {
	TAILQ_ENTRY(session) of_sessions;  /* or of what is to be freed, once is_dead */
	TAILQ_ENTRY(session) of_unflushed; /* while is_unflushed */
	TAILQ_ENTRY(session) of_waiting;   /* while is_waiting */
	TAILQ_ENTRY(session) of_postponed; /* while is_postponed */
	TAILQ_ENTRY(session) of_resting;   /* while is_resting */
	struct sessions *sessions;
	int fd;
	struct event readable;
	struct event writable;
	struct frame frame;
	char *line;               /* in frame: the next message, not handled yet; or NULL */
	struct batch_input input; /* comes before what is in frame */
	struct evbuffer *output;
	size_t counted_input; /* what the budgets have been told of it */
	size_t counted_output;
	size_t batch_bytes; /* of answers of batches that are not whole yet */
	int64_t serving_ns; /* that its requests took each time lately, about */
	int64_t last_input_ns;
	int64_t last_output_ns; /* when the peer has read something; or the oldest unsent came */
	int64_t written_ns;     /* when something was last written to it */
	TAILQ_HEAD(, session_postponed) postponed;
	LIST_HEAD(, call) calls; /* in flight */
	size_t n_calls;
	size_t calls_bytes;  /* that they hold */
	size_t line_bytes;   /* of the message that is handled now, or next */
	unsigned holds;      /* see session_hold_requests() */
	uint64_t *kept_runs; /* see session_keep_run() */
	size_t n_kept_runs;
	int fds[SESSION_FDS]; /* that came and were not taken yet */
	unsigned n_fds;
	struct subscriber *subscriber; /* of events.c; NULL: it subscribed to nothing */
	bool is_end_read : 1;          /* the peer has sent all that it will */
	bool is_ending : 1;            /* to be closed once its output is written */
	bool is_dead : 1;              /* closed; freed at the end of the pass */
	bool is_unflushed : 1;
	bool is_held : 1;      /* see sessions_hold() */
	bool has_news : 1;     /* among what is unsent: what may not be stored yet */
	bool is_urgent : 1;    /* among what is unsent: more than events */
	bool is_resting : 1;   /* its events wait for more of them */
	bool is_held_back : 1; /* requests of it may be there that were not handled yet */
	bool is_waiting : 1;   /* for its turn to have them handled */
	bool is_postponed : 1; /* answers of it wait until others have read theirs */
	bool is_lagging : 1;   /* events were dropped: it gets a resync once it has read the rest */
};

TAILQ_HEAD(session_list, session);

struct sessions {
	struct daemon *daemon;
	int listen_fd;
	int reserve_fd; /* given up for a moment to refuse a connection when descriptors run out */
	struct event *acceptable;
	struct event *retry; /* of accepting, while there are no descriptors at all */
	struct event *turn;  /* of those that are waiting */
	struct event *look;  /* for those that do not read, while others wait for that */
	struct event *rest;  /* of those that are resting: it is over */
	struct session_list live;
	struct session_list dead;
	struct session_list unflushed;
	struct session_list waiting;
	struct session_list postponed;
	struct session_list resting;
	TAILQ_HEAD(, call) early; /* requests that are held since they come early */
	size_t n_live;
	size_t n_waiting;
	size_t n_max;
	size_t n_calls;       /* in flight, of all connections */
	size_t calls_bytes;   /* held for them */
	size_t input_bytes;   /* held for half messages */
	size_t output_bytes;  /* unsent, half batches included */
	size_t peak_bytes;    /* of the three together, since memory was given back */
	int64_t served_ns;    /* that requests took in this turn of the loop, about */
	int64_t next_look_ns; /* when to look again for those that do not read */
	size_t n_fds;         /* not taken yet */
	bool has_held;        /* some session is */
	bool is_looking;      /* what is queued now tells nothing that this pass has changed */
};

/* --- session.c --- */

/*
 * Ends the connection now: what is in flight is abandoned, what is unsent is lost. The structure
 * lives until the end of the pass.
 */
void session_end(struct session *session);

/* Forgets what was read and not handled. */
void session_drop_input(struct session *session);

/* Frees those that have ended. */
void sessions_free_dead(struct sessions *sessions);

/* Reads on, or not, as its state now says. */
void session_update_reading(struct session *session);

/* After requests of it were handled: gives back what is not needed any more, then as above. */
void session_settle_input(struct session *session);

/* --- session_turn.c --- */

/* Whether requests of it may be handled now. */
bool session_is_open(const struct session *session);

/* Whether it has sent something that was not handled yet, half a message included. */
bool session_has_input(const struct session *session);

/* Has those requests handled that are there; if they are too many for now, or others had much
 * already in this turn of the loop, it waits for its turn. */
void session_serve(struct session *session);

/* Those that it has sent are handled when it is its turn. */
void session_wait_for_turn(struct session *session);
void session_leave_line(struct session *session);

void sessions_on_turn(evutil_socket_t fd, short what, void *arg);

/* --- session_fds.c --- */

/* As recv(2); descriptors that come too are kept, up to the limits. */
ssize_t session_receive(struct session *session, char *space, size_t size);

/* Closes those that no request has taken. */
void session_drop_fds(struct session *session);

/* --- session_call.c --- */

/* Has one line handled; of a batch nothing yet, its elements are the next requests then. */
void session_handle_line(struct session *session, char *line, size_t length);

/* Has the next element of its batch handled. */
void session_handle_element(struct session *session);

/* There are no more of them, or they will not be handled. */
void session_end_batch(struct session *session);

struct method;

/* Refuses what was held while the daemon began to end, or could not store its state any more. */
bool call_is_refused(struct call *call, const struct method *method);

/* Has its handler, that of method, called. */
void call_dispatch(struct call *call, const struct method *method);

/* Hands an encoded answer (with its newline) to the batch, or to the connection. Takes line. */
void call_send(struct call *call, char *line, size_t length);

/* Counts what it holds while it is in flight, once. */
void call_count_bytes(struct call *call);

/* Whether there is room for an answer of so many bytes. */
bool call_has_room(const struct call *call, size_t length);

/* The call has its answer, or never will; it is freed. */
void call_end(struct call *call);

/* Abandons all that is in flight. */
void session_abandon_calls(struct session *session);

/* Answers all that is in flight with an error. */
void session_refuse_calls(struct session *session, enum protocol_error error);

/* --- session_early.c --- */

/* Holds the call if it comes from a process whose start we have not been told of yet, or schedules
 * something while others follow. */
bool call_hold_early(struct call *call);

/* --- session_write.c --- */

/* Queues bytes to be written at the end of the pass. */
void session_queue(struct session *session, const char *bytes, size_t length);

/* The same of an event: it may wait a moment for more, so that one write has many. */
void session_queue_event(struct session *session, const char *bytes, size_t length);

/* The same of bytes from malloc(3), which it takes. */
void session_queue_taken(struct session *session, char *bytes, size_t length);

/* Queues what is in buffer, which is empty then. */
void session_queue_buffer(struct session *session, struct evbuffer *buffer);

/* Queues an error that answers no request. */
void session_queue_error(struct session *session, enum protocol_error error, const char *text);

/* Marks it for a look at the end of the pass. */
void session_touch(struct session *session);

size_t session_unsent_bytes(const struct session *session);

void session_on_writable(evutil_socket_t fd, short what, void *arg);

/* Those that rest have done so for long enough. */
void sessions_on_rested(evutil_socket_t fd, short what, void *arg);

/* It is written to now, or ends. */
void session_end_rest(struct session *session);

/* --- session_room.c --- */

/*
 * Gives back to the system what many long messages took, when they are gone: the allocator does so
 * only with what lies above all that is still in use. Once a pass, so that it is done once for all.
 */
void sessions_give_back_memory(struct sessions *sessions);

/* Tells the budgets what the session holds now. */
void session_count_input(struct session *session);
void session_count_output(struct session *session);

/* Whether so much is unsent that nothing more should be produced for it. */
bool session_is_full(const struct session *session);

/* Whether there is room for an answer of so many bytes. */
bool session_has_room(const struct session *session, size_t bytes);

/*
 * Whether the message in line can be read within the limits; half messages of others make way for
 * it. False: it was refused.
 */
bool session_make_room_for_line(struct session *session);

/* Half messages that are too much go, and connections that do not read while there is no room. */
void sessions_make_room_for_input(struct sessions *sessions);
void sessions_make_room_for_output(struct sessions *sessions);

/* Whether what is unsent has to be tried to be sent before there is more. */
bool sessions_must_flush(const struct sessions *sessions);

/* Answers what was postponed, as far as there is room. Such ones are forgotten at its end. */
void session_answer_postponed(struct session *session);
void session_drop_postponed(struct session *session);

/* Those that were waiting for others to read have room again. */
void sessions_answer_postponed(struct sessions *sessions);
void sessions_on_look(evutil_socket_t fd, short what, void *arg);

#endif
