/*
 * Output: it gathers during a pass and is written once at the end, so nothing leaves before what it
 * tells of is stored. Budgets for what is unsent are kept here. Knows nothing of messages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/log.h"
#include "daemon/session_internal.h"
#include "protocol/jsonrpc.h"

#define COPIED_BYTES 4096 /* shorter ones cost less to copy than to refer to */

/*
 * Who was written to just now gets further events together, after so long or when they are so many
 * bytes: of very many short processes each would have to wake who watches them.
 */
#define REST_NS (INT64_C(5) * 1000000)
#define REST_BYTES (16u << 10)

/* All together. */
#define RESTING_BYTES (SESSIONS_OUTPUT_BUDGET / 4)

void session_touch(struct session *session)
{
	if (session->is_unflushed || session->is_dead)
		return;
	session->is_unflushed = true;
	TAILQ_INSERT_TAIL(&session->sessions->unflushed, session, of_unflushed);
}

size_t session_unsent_bytes(const struct session *session)
{
	return evbuffer_get_length(session->output);
}

static void after_queueing(struct session *session, bool was_empty)
{
	if (was_empty)
		session->last_output_ns = scheduler_now_ns();
	if (!session->sessions->is_looking)
		session->has_news = true;
	session_count_output(session);
	session_touch(session);
}

static void fail_to_queue(struct session *session)
{
	log_error("connection ended for want of memory fd=%d", session->fd);
	session->is_ending = true;
}

void session_queue_event(struct session *session, const char *bytes, size_t length)
{
	bool was_empty = session_unsent_bytes(session) == 0;

	if (session->is_dead)
		return;
	if (evbuffer_add(session->output, bytes, length) < 0)
		fail_to_queue(session);
	after_queueing(session, was_empty);
}

void session_queue(struct session *session, const char *bytes, size_t length)
{
	session->is_urgent = true;
	session_queue_event(session, bytes, length);
}

static void free_bytes(const void *bytes, size_t length, void *arg)
{
	(void)length;
	(void)arg;
	free((void *)bytes);
}

void session_queue_taken(struct session *session, char *bytes, size_t length)
{
	bool was_empty = session_unsent_bytes(session) == 0;

	if (session->is_dead || length < COPIED_BYTES) {
		session_queue(session, bytes, length);
		free(bytes);
		return;
	}
	session->is_urgent = true;
	if (evbuffer_add_reference(session->output, bytes, length, free_bytes, NULL) < 0) {
		free(bytes);
		fail_to_queue(session);
	}
	after_queueing(session, was_empty);
}

void session_queue_buffer(struct session *session, struct evbuffer *buffer)
{
	bool was_empty = session_unsent_bytes(session) == 0;

	if (session->is_dead)
		return;
	session->is_urgent = true;
	evbuffer_add_buffer(session->output, buffer);
	after_queueing(session, was_empty);
}

void session_queue_error(struct session *session, enum protocol_error error, const char *text)
{
	size_t length;
	char *line = jsonrpc_encode_error(NULL, error, text, NULL, &length);

	if (line)
		session_queue(session, line, length);
	free(line);
}

/* Whether nothing is left to do for a connection that is to end, or whose peer sends no more. */
static bool is_finished(const struct session *session)
{
	if (session_unsent_bytes(session) > 0)
		return false;
	return session->is_ending || (session->is_end_read && session->n_calls == 0);
}

/* --- resting --- */

static bool can_rest(const struct session *session)
{
	return !session->is_urgent && !session->is_ending && !session->is_end_read &&
	       !session->is_lagging && !session->sessions->daemon->is_stopping &&
	       session_unsent_bytes(session) < REST_BYTES &&
	       session->sessions->output_bytes < RESTING_BYTES &&
	       scheduler_now_ns() < session->written_ns + REST_NS;
}

static void rest(struct session *session)
{
	static const struct timeval delay = {.tv_usec = REST_NS / 1000};
	struct sessions *sessions = session->sessions;

	if (session->is_resting)
		return;
	if (TAILQ_EMPTY(&sessions->resting))
		event_add(sessions->rest, &delay);
	session->is_resting = true;
	TAILQ_INSERT_TAIL(&sessions->resting, session, of_resting);
}

void session_end_rest(struct session *session)
{
	if (session->is_resting)
		TAILQ_REMOVE(&session->sessions->resting, session, of_resting);
	session->is_resting = false;
}

static void end_all_rests(struct sessions *sessions)
{
	struct session *session;

	while ((session = TAILQ_FIRST(&sessions->resting))) {
		session_end_rest(session);
		session->is_urgent = true;
		session_touch(session);
	}
}

void sessions_on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end_all_rests(arg);
}

/* --- writing --- */

/* Writes what the peer takes, unless it can wait. -1: it is gone. */
static int write_output(struct session *session)
{
	int written;

	if (session_unsent_bytes(session) == 0 || event_pending(&session->writable, EV_WRITE, NULL))
		return 0;
	if (can_rest(session)) {
		rest(session);
		return 0;
	}
	session_end_rest(session);
	written = evbuffer_write(session->output, session->fd);
	if (written < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (written > 0)
		session->last_output_ns = session->written_ns = scheduler_now_ns();
	if (session_unsent_bytes(session) == 0)
		session->is_urgent = false;
	session_count_output(session);
	return 0;
}

static void flush_session(struct session *session)
{
	if (session->is_held)
		return;
	if (write_output(session) < 0) {
		session_end(session);
		return;
	}
	session_answer_postponed(session);
	if (session_unsent_bytes(session) > SESSION_OUTPUT_HARD) {
		log_warning("connection ended: it does not read fd=%d unsent=%zu", session->fd,
		    session_unsent_bytes(session));
		session_end(session);
		return;
	}
	if (session_unsent_bytes(session) == 0)
		session->has_news = false;
	if (session->is_lagging && session_unsent_bytes(session) == 0)
		events_catch_up(session);
	if (is_finished(session)) {
		session_end(session);
		return;
	}
	session_update_reading(session);
	if (session_unsent_bytes(session) > 0 && !session->is_resting)
		event_add(&session->writable, NULL);
}

/* The peer has read some of what was unsent. */
void session_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	session_touch(session);
	scheduler_wake(session->sessions->daemon);
}

void sessions_flush(struct sessions *sessions)
{
	struct session *session;
	/* What is touched from here on (by a resync, or an end that ends others' waits) comes
	 * later. */
	struct session *last = TAILQ_LAST(&sessions->unflushed, session_list);

	while ((session = TAILQ_FIRST(&sessions->unflushed))) {
		TAILQ_REMOVE(&sessions->unflushed, session, of_unflushed);
		session->is_unflushed = false;
		flush_session(session);
		if (session == last)
			break;
	}
	sessions_answer_postponed(sessions);
	sessions_free_dead(sessions);
	sessions_give_back_memory(sessions);
	sessions->served_ns = 0;
	if (!TAILQ_EMPTY(&sessions->unflushed))
		scheduler_wake(sessions->daemon);
}

void sessions_hold(struct sessions *sessions, bool is_held)
{
	struct session *session;

	if (is_held) {
		TAILQ_FOREACH (session, &sessions->unflushed, of_unflushed)
			if (session->has_news)
				sessions->has_held = session->is_held = true;
	} else if (sessions->has_held) {
		sessions->has_held = false;
		TAILQ_FOREACH (session, &sessions->live, of_sessions) {
			session->is_held = false;
			session_touch(session);
		}
	}
}

bool sessions_are_flushed(const struct sessions *sessions)
{
	return sessions->output_bytes == 0;
}

void sessions_refuse_all(struct sessions *sessions)
{
	struct session *session;

	TAILQ_FOREACH (session, &sessions->live, of_sessions)
		session_refuse_calls(session, PROTOCOL_SHUTTING_DOWN);
	end_all_rests(sessions);
}
