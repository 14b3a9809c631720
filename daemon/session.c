/*
 * Connections: reading and closing. A callback reads once and has whole lines handled;
 * whatever that produces is written at the end of the pass. A connection is freed there too, never
 * under the feet of a caller.
 */
#include "daemon/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/log.h"
#include "daemon/session_internal.h"
#include "protocol/version.h"

/* --- closing --- */

static void close_kept_runs(struct session *session)
{
	struct daemon *daemon = session->sessions->daemon;

	for (size_t i = 0; i < session->n_kept_runs; i++) {
		struct scope scope = {
		    .run = session->kept_runs[i], .now_ns = scheduler_now_ns(), .is_brief = true};
		struct fault fault = {0};
		uint64_t run;

		if (core_close(daemon->core, &scope, &run, &fault) < 0)
			fault_clear(&fault); /* it is over, or forgotten */
	}
	session->n_kept_runs = 0;
}

void session_drop_input(struct session *session)
{
	session->line = NULL;
	session->is_held_back = false;
	session_leave_line(session);
	frame_clear(&session->frame);
}

void session_end(struct session *session)
{
	struct sessions *sessions = session->sessions;

	if (session->is_dead)
		return;
	session->is_dead = true;
	event_del(&session->readable);
	event_del(&session->writable);
	close(session->fd);
	session->fd = -1;
	session_drop_fds(session);
	session_abandon_calls(session);
	events_drop_session(session);
	close_kept_runs(session);
	session_end_batch(session);
	session_drop_postponed(session);
	session_drop_input(session);
	session_count_input(session);
	session->batch_bytes = 0;
	evbuffer_drain(session->output, evbuffer_get_length(session->output));
	session_count_output(session);
	session_end_rest(session);
	if (session->is_unflushed)
		TAILQ_REMOVE(&sessions->unflushed, session, of_unflushed);
	session->is_unflushed = false;
	TAILQ_REMOVE(&sessions->live, session, of_sessions);
	TAILQ_INSERT_TAIL(&sessions->dead, session, of_sessions);
	sessions->n_live--;
	scheduler_wake(sessions->daemon);
}

/* --- reading --- */

/*
 * Of a peer that sends no more. Beside an event without EV_ET, on_half_closed() would be called in
 * every turn, so who has something unsent hears of the end when that is written.
 */
static void watch_for_hang_up(struct session *session)
{
	if (session_unsent_bytes(session) > 0)
		event_del(&session->readable);
	else if (!event_pending(&session->readable, EV_READ, NULL))
		event_add(&session->readable, NULL);
}

void session_update_reading(struct session *session)
{
	if (session->is_dead)
		return;
	if (session->is_held_back && session_is_open(session))
		session_wait_for_turn(session);
	if (session->is_end_read)
		watch_for_hang_up(session);
	else if (session->is_waiting || !session_is_open(session))
		event_del(&session->readable);
	else if (!event_pending(&session->readable, EV_READ, NULL))
		event_add(&session->readable, NULL);
}

/* The peer closed altogether, and did not merely say that it sends no more. */
static bool is_hung_up(const struct session *session)
{
	struct pollfd poll_fd = {.fd = session->fd};

	return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLHUP | POLLERR)) != 0;
}

/*
 * After the peer's end of sending: answers are still due, unless it hung up. The end stays readable
 * for ever, so from here on only a change wakes us.
 */
static void on_half_closed(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	if (is_hung_up(session))
		session_end(session);
}

static void end_reading(struct session *session)
{
	struct event_base *base = session->sessions->daemon->base;

	session->is_end_read = true;
	event_del(&session->readable);
	if (is_hung_up(session)) {
		session_end(session);
		return;
	}
	if (frame_pending_bytes(&session->frame) > 0 && !session->is_ending)
		session_queue_error(session, PROTOCOL_PARSE_ERROR,
		    "the connection's end came before the message's: it needs a newline");
	session_drop_input(session);
	session_drop_fds(session);
	session_count_input(session);
	event_assign(&session->readable, base, session->fd, EV_READ | EV_ET | EV_PERSIST,
	    on_half_closed, session);
	watch_for_hang_up(session);
	session_touch(session);
}

/* Reads once. False: there is nothing more to do with this connection. */
static bool read_once(struct session *session)
{
	size_t size;
	char *space = frame_reserve(&session->frame, &size);

	if (!space && errno == EMSGSIZE)
		return true; /* session_serve() says so */
	if (!space) {
		log_warning("message dropped fd=%d error=%s", session->fd, strerror(errno));
		session_queue_error(session, PROTOCOL_INTERNAL,
		    "no memory for the message; this connection ends here");
		session->is_ending = true;
		return true;
	}
	ssize_t got = session_receive(session, space, size);
	if (got > 0) {
		frame_commit(&session->frame, (size_t)got);
		session->last_input_ns = scheduler_now_ns();
		return true;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got == 0)
		end_reading(session);
	else
		session_end(session);
	return false;
}

void session_settle_input(struct session *session)
{
	if (session->is_dead)
		return;
	if (session->is_ending)
		session_end_batch(session);
	if (session->is_ending || !session_has_input(session)) {
		session_drop_input(session); /* an idle connection holds no buffer */
		session_drop_fds(session);
	}
	session_count_input(session);
	session_update_reading(session);
	sessions_make_room_for_input(session->sessions);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	sessions_make_room_for_output(session->sessions);
	if (!session->is_waiting && session_is_open(session)) {
		if (!read_once(session))
			return;
		session_serve(session);
	}
	session_settle_input(session);
}

void session_hold_requests(struct session *session)
{
	session->holds++;
}

void session_release_requests(struct session *session)
{
	if (session->holds > 0)
		session->holds--;
	session_update_reading(session);
}

/* --- from the first to the last --- */

struct session *sessions_add(struct sessions *sessions, int fd)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session || !(session->output = evbuffer_new())) {
		free(session);
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	evutil_make_socket_nonblocking(fd);
	session->sessions = sessions;
	session->fd = fd;
	LIST_INIT(&session->calls);
	TAILQ_INIT(&session->postponed);
	frame_init(&session->frame, PROTOCOL_MAX_LINE_BYTES);
	event_assign(&session->readable, sessions->daemon->base, fd, EV_READ | EV_PERSIST,
	    on_readable, session);
	event_assign(
	    &session->writable, sessions->daemon->base, fd, EV_WRITE, session_on_writable, session);
	event_add(&session->readable, NULL);
	TAILQ_INSERT_TAIL(&sessions->live, session, of_sessions);
	sessions->n_live++;
	return session;
}

void sessions_free_dead(struct sessions *sessions)
{
	struct session *session;

	while ((session = TAILQ_FIRST(&sessions->dead))) {
		TAILQ_REMOVE(&sessions->dead, session, of_sessions);
		evbuffer_free(session->output);
		free(session->kept_runs);
		free(session);
	}
}

int session_keep_run(struct session *session, uint64_t run)
{
	uint64_t *runs;

	if (session->n_kept_runs == SESSION_RUNS_MAX) {
		errno = ENOSPC;
		return -1;
	}
	runs = realloc(session->kept_runs, (session->n_kept_runs + 1) * sizeof(*runs));
	if (!runs)
		return -1;
	session->kept_runs = runs;
	runs[session->n_kept_runs++] = run;
	return 0;
}

bool session_keeps_run(const struct session *session, uint64_t run)
{
	size_t i = 0;

	while (i < session->n_kept_runs && session->kept_runs[i] != run)
		i++;
	return i < session->n_kept_runs;
}

bool session_forget_run(struct session *session, uint64_t run)
{
	for (size_t i = 0; i < session->n_kept_runs; i++) {
		if (session->kept_runs[i] == run) {
			session->kept_runs[i] = session->kept_runs[--session->n_kept_runs];
			return true;
		}
	}
	return false;
}
