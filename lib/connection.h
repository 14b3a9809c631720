/*
 * What a connection is inside, for the files of this folder. Each of them owns one part:
 * discover.c where the socket is, socket.c connecting to it, autostart.c starting a daemon,
 * connect.c all of that in order, resume.c coming back when a connection has ended, requests.c what
 * is not answered yet, repeat.c what of it can be asked again and how, held.c what a connection has
 * beside requests (a subscription, holds), dispatch.c bytes and callbacks, call.c blocking,
 * build_params.c what a struct pp_request says, verbs.c the calls by name, error.c the texts.
 */
#ifndef PARPROC_LIB_CONNECTION_H
#define PARPROC_LIB_CONNECTION_H

/* Without it uthash ends the process when there is no memory. */
#define HASH_NONFATAL_OOM 1

#include <stddef.h>
#include <sys/queue.h>
#include <uthash.h>

#include "lib/kept_fd.h"
#include "lib/parproc.h"
#include "protocol/frame.h"

struct method;
struct starter;

/* A request from pp_send() to its answer. The line is kept until then, so that it can be sent once
 * more over another connection. */
struct pending {
	uint64_t id;
	char *line;
	size_t length_bytes;
	pp_callback *callback; /* NULL: nobody asks any more */
	void *arg;
	int fds[PP_MAX_FDS]; /* go with the line's first byte; kept as long as the line */
	unsigned n_fds;
	const struct method *method; /* NULL: one that only the daemon may know */
	json_t *params; /* where the line may have to change, or its answer needs them; or NULL */
	double deadline_s;         /* of a wait with a time limit; PP_FOREVER */
	bool is_internal;          /* of the connection itself: never sent over another one */
	bool was_sent;             /* over an earlier connection: it may have been carried out */
	bool is_queued;            /* not written, or not all of it */
	TAILQ_ENTRY(pending) link; /* in the queue */
	UT_hash_handle hh;         /* in the table, by id */
};

TAILQ_HEAD(pending_queue, pending);

enum conn_phase {
	CONN_LOST,     /* for good; lost says why */
	CONN_APART,    /* the connection has ended, and nothing needs it */
	CONN_AWAY,     /* it has ended, and will be made again at retry_s */
	CONN_STARTING, /* a daemon is being started for that */
	CONN_GREETING, /* it is made again; nothing is sent before hello is answered */
	CONN_READY,
};

/* Something of this process that is served while a connection waits, and that processes which are
 * started over it find by a variable in their environment. */
struct conn_helper {
	int fd; /* served when it is readable */
	void (*serve)(void *arg);
	void *arg;
	const char *variable, *value;
};

struct pp_conn {
	enum conn_phase phase;
	struct kept_fd socket; /* none: not connected */
	char *workspace;
	char *far_host; /* of the daemon, where this process is on another machine; or NULL */
	char *socket_path;
	bool is_socket_named; /* it need not be the workspace's usual one */
	char *default_run;
	int64_t default_exec;

	struct frame input;
	bool has_input; /* there may be a complete line in it */

	struct pending *requests; /* uthash: all that have no answer */
	struct pending_queue queue;
	size_t head_sent_bytes; /* of the queue's first */
	unsigned sent_count;    /* requests in flight: written and not answered */
	uint64_t last_id;

	pp_event_callback *on_event;
	void *on_event_arg;
	bool is_dispatching; /* a callback may be on the stack */
	bool is_interrupted; /* what a blocking call waits for has come: leave the rest for later */

	const struct conn_helper *helper; /* borrowed, or NULL */

	/* How to come back (resume.c). */
	bool may_start;
	char *ppd_path, *idle_exit, *client; /* as in the options, or NULL */
	double connect_limit_s;              /* for a daemon to be there; below 0: none */
	double resume_limit_s;               /* for it to answer; below 0: do not come back */
	struct starter *starter;             /* or NULL */
	double start_limit_s;                /* when it is given up */
	double start_after_s;                /* the next one is not due before */
	double ready_s;                      /* since when the connection is of use */
	double gone_s;                       /* since when it is not, or hello is sent */
	double retry_s;
	unsigned n_attempts;
	char *gone_text; /* why the last connection ended; or NULL */
	uint64_t hello_id;
	pp_resume_callback *on_resume;
	void *on_resume_arg;

	/* What belongs to a connection and has to be asked for again (held.c). */
	json_t *subscription; /* the params of subscribe; or NULL */
	json_t *holds;        /* an array: the params of open; or NULL */
	json_int_t last_seq;  /* of what the user was told */
	bool has_ended;       /* the daemon said that it ends on purpose */

	json_t *server_info;   /* the answer to hello */
	json_int_t daemon_pid; /* these: what it says; 0 before */
	bool is_durable;       /* what it has carried out survives its restart */
	bool has_after;        /* it can tell what has happened after an event */
	enum pp_error lost;    /* why there is no connection any more; PP_OK: there is */
	char *lost_text;

	enum pp_error error; /* of the newest call that failed */
	char *error_text;    /* NULL: the code's general meaning */
	char *error_name;
	json_t *error_data;
};

/* ---- error.c ---- */

/* Notes an error, with a text; returns it. %m is errno's. */
enum pp_error conn_fail(pp_conn *conn, enum pp_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As if no call had failed. */
void conn_clear_error(pp_conn *conn);

/* Notes what the daemon refused. data (borrowed) may be NULL. Returns PP_ERR_REMOTE. */
enum pp_error conn_fail_remote(pp_conn *conn, const char *text, json_t *data);

/* Notes why the connection is lost, once more. Returns the reason's code. */
enum pp_error conn_fail_lost(pp_conn *conn);

/* ---- requests.c ---- */

/* The line of a request, new; params are borrowed. NULL with the error noted. */
char *request_encode(
    pp_conn *conn, uint64_t id, const char *method, json_t *params, size_t *length_bytes);

/* Takes line. NULL: no memory, line is freed. */
struct pending *pending_new(
    pp_conn *conn, char *line, size_t length_bytes, pp_callback *callback, void *arg);

/* Queues a request of the connection itself in front of all others. Takes params. NULL with the
 * error noted. */
struct pending *pending_new_internal(
    pp_conn *conn, const char *method, json_t *params, pp_callback *callback, void *arg);

/* The request of that id, or NULL. */
struct pending *pending_find(pp_conn *conn, uint64_t id);

/* Takes it out of table and queue, and frees it. */
void pending_free(pp_conn *conn, struct pending *pending);

/* Calls the request's callback and frees the request. */
void pending_finish(pp_conn *conn, struct pending *pending, enum pp_error error, json_t *result);

/* The connection has ended: all go into the queue again, as they were sent. Those of the connection
 * itself go. */
void requests_requeue(pp_conn *conn);

/* ---- repeat.c ---- */

/* Makes of params (may be NULL) for a method (NULL: one that is not in the table) what is sent:
 * with a request_id where the method takes one. On an error they are freed, and NULL. */
enum pp_error repeat_prepare(pp_conn *conn, const struct method *method, json_t **params);

/* Keeps of params (borrowed) what is needed to ask again. */
void repeat_keep(struct pending *pending, const struct method *method, json_t *params);

/* The connection has ended: fails what cannot be asked again, and forgets what nobody needs. */
void repeat_filter(pp_conn *conn);

/* There is no daemon: fails what only wants it to end. */
void repeat_give_up(pp_conn *conn);

/* Fails what may have been carried out by a daemon of which nothing is left. */
void repeat_fail_lost(pp_conn *conn);

/* Changes the lines that have to be others now. An error: no memory. */
enum pp_error repeat_renew(pp_conn *conn);

/* Answers waits whose time has run out while there is no daemon to do so; when the next will, below
 * 0: never. */
void repeat_expire(pp_conn *conn);
double repeat_next_expiry_s(const pp_conn *conn);

/* ---- held.c ---- */

/* What an answer (result) means for what the connection has. An error: no memory. */
enum pp_error held_note_answer(pp_conn *conn, const struct pending *pending, json_t *result);

/* The same of an event. */
void held_note_event(pp_conn *conn, const json_t *event);

/* Whether somebody relies on what comes without being asked for. */
bool held_is_needed(const pp_conn *conn);

/* Queues the requests that give a new connection what the old one had. is_continued: the daemon is
 * the same one, or knows what that knew. An error: no memory. */
enum pp_error held_ask_again(pp_conn *conn, bool is_continued);

/* ---- resume.c ---- */

/* The connection has ended for the reason of the newest conn_fail(). PP_OK: it will be made again
 * when that is needed; otherwise it is lost for good. */
enum pp_error conn_break(pp_conn *conn);

/* There is something to send, and maybe no connection. */
void conn_want(pp_conn *conn);

/* Does what is due to come back. An error: that has failed. */
enum pp_error conn_advance(pp_conn *conn);

/* When conn_advance() has something to do, whatever may come; below 0: never. */
double conn_next_step_s(const pp_conn *conn);

/* Notes what the daemon says about itself. An error: it cannot be talked to. */
enum pp_error conn_note_hello(pp_conn *conn, json_t *info);

/* ---- connect.c ---- */

/* Whether the daemon may be there a moment later; what connect() said, noted for the user. */
bool connect_is_absent(int error);
enum pp_error connect_fail(pp_conn *conn, int error);

/* Whether this user may trust who serves the socket. */
enum pp_error connect_check_peer(pp_conn *conn);

/* Queues hello, in front of all. */
enum pp_error connect_send_hello(pp_conn *conn);

/* ---- build_params.c ---- */

/* A new array of texts that are ended by NULL; NULL: no memory, or one that is not UTF-8. */
json_t *params_texts(const char *const *texts);

/* ---- dispatch.c ---- */

/* Writes what can be written without blocking. -1 with errno: the connection is broken. */
int conn_flush(pp_conn *conn);

/* Closes the descriptor, unless somebody else did and the number is another file's now, and forgets
 * what was read. */
void conn_disconnect(pp_conn *conn);

/* Closes the connection for good, for the reason of the newest conn_fail(), and tells every
 * request's callback. Returns the reason's code. */
enum pp_error conn_lose(pp_conn *conn);

/* ---- call.c ---- */

/* Now, in seconds of the monotonic clock. */
double clock_now_s(void);

/* When timeout_s from now is; below 0: never. */
double clock_deadline_s(double timeout_s);

/* How long it is until then: 0 when it has passed, PP_FOREVER when there is no deadline. */
double clock_left_s(double deadline_s);

/* How long poll() may sleep until the deadline, in milliseconds, rounded up; below 0: for ever. */
int clock_poll_ms(double deadline_s);

#endif
