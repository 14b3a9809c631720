/*
 * When requests are handled. A connection that has a few short ones is served at once. One that has
 * many, or a long message, waits in a line for its turn, so that others wait no longer for it than
 * one turn of the loop. So do those of many that come at once, but for the ones whose requests took
 * little time so far. What requests are and do is not known here.
 */
#include <event2/event.h>

#include "daemon/daemon.h"
#include "daemon/session_internal.h"
#include "protocol/jsonrpc.h"

#define TURN_NS (INT64_C(20) * 1000000)    /* of all that wait, in one turn of the loop */
#define SLICE_MIN_NS (INT64_C(500) * 1000) /* of one connection */
#define SLICE_MAX_NS (INT64_C(5) * 1000000)
#define LIGHT_NS (INT64_C(500) * 1000) /* to serve one whose requests take little time */
#define LONG_MESSAGE_BYTES (64u << 10) /* takes milliseconds to read */

bool session_is_open(const struct session *session)
{
	return !session->is_dead && !session->is_ending && !session->is_held &&
	       session->holds == 0 && !session_is_full(session);
}

bool session_has_input(const struct session *session)
{
	return session->line || session->input.batch || frame_pending_bytes(&session->frame) > 0;
}

/* --- the line --- */

void session_wait_for_turn(struct session *session)
{
	static const struct timeval at_once = {0};
	struct sessions *sessions = session->sessions;

	if (session->is_waiting || session->is_dead)
		return;
	session->is_waiting = true;
	sessions->n_waiting++;
	TAILQ_INSERT_TAIL(&sessions->waiting, session, of_waiting);
	event_del(&session->readable);
	if (!event_pending(sessions->turn, EV_TIMEOUT, NULL))
		event_add(sessions->turn, &at_once);
}

void session_leave_line(struct session *session)
{
	if (!session->is_waiting)
		return;
	session->is_waiting = false;
	session->sessions->n_waiting--;
	TAILQ_REMOVE(&session->sessions->waiting, session, of_waiting);
}

/* --- serving --- */

/* Finds the next message, which is in line then. False: there is none. */
static bool find_line(struct session *session)
{
	if (session->line)
		return true;
	switch (frame_next(&session->frame, &session->line, &session->line_bytes)) {
	case FRAME_LINE:
		return true;
	case FRAME_TOO_LONG:
		session_queue_error(session, PROTOCOL_LIMIT,
		    "the message is longer than 16 MiB; this connection ends here");
		session->is_ending = true;
		break;
	case FRAME_MORE:
		break;
	}
	session->line = NULL;
	session->is_held_back = false;
	return false;
}

/* Has one request handled. False: there is none, or it has to wait. */
static bool serve_one(struct session *session, bool is_its_turn)
{
	bool is_refused;
	char *line;

	if (session->input.batch) {
		session_handle_element(session);
		return true;
	}
	if (!find_line(session) || (session->line_bytes > LONG_MESSAGE_BYTES && !is_its_turn))
		return false;
	is_refused =
	    session->line_bytes > LONG_MESSAGE_BYTES && !session_make_room_for_line(session);
	line = session->line;
	session->line = NULL;
	if (!is_refused)
		session_handle_line(session, line, session->line_bytes);
	return true;
}

/* The average of the last few times: one that was interrupted by another program says little. */
static void count_serving(struct session *session, int64_t took_ns)
{
	int64_t before_ns = session->serving_ns > 0 ? session->serving_ns : took_ns;

	session->sessions->served_ns += took_ns;
	session->serving_ns = (7 * before_ns + took_ns) / 8 + 1;
}

static void serve(struct session *session, int64_t slice_ns, bool is_its_turn)
{
	int64_t begun_ns = scheduler_now_ns(), end_ns = begun_ns + slice_ns;

	session->is_held_back = true;
	while (session_is_open(session) && !sessions_must_flush(session->sessions) &&
	       serve_one(session, is_its_turn)) {
		is_its_turn = false; /* of a long message: once */
		if (scheduler_now_ns() >= end_ns)
			break;
	}
	count_serving(session, scheduler_now_ns() - begun_ns);
	if (session->is_held_back && session_is_open(session))
		session_wait_for_turn(session);
}

/* Whether it is served before those that are in line. */
static bool is_light(const struct session *session)
{
	return session->serving_ns > 0 && session->serving_ns <= LIGHT_NS;
}

void session_serve(struct session *session)
{
	if (session->sessions->served_ns < TURN_NS || is_light(session)) {
		serve(session, SLICE_MIN_NS, false);
		return;
	}
	session->is_held_back = true;
	session_wait_for_turn(session);
}

/* How long each of those in line may take: the fewer there are, the longer. */
static int64_t get_slice_ns(const struct sessions *sessions)
{
	int64_t slice_ns = TURN_NS / (int64_t)(sessions->n_waiting > 0 ? sessions->n_waiting : 1);

	if (slice_ns > SLICE_MAX_NS)
		return SLICE_MAX_NS;
	return slice_ns < SLICE_MIN_NS ? SLICE_MIN_NS : slice_ns;
}

void sessions_on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = {0};
	struct sessions *sessions = arg;
	int64_t end_ns = scheduler_now_ns() + TURN_NS, slice_ns = get_slice_ns(sessions);
	/* Who comes in line again from here on has had its turn. */
	const struct session *last = TAILQ_LAST(&sessions->waiting, session_list);
	struct session *session;

	(void)fd;
	(void)what;
	sessions_make_room_for_output(sessions);
	sessions->served_ns = 0;
	while ((session = TAILQ_FIRST(&sessions->waiting))) {
		session_leave_line(session);
		serve(session, slice_ns, true);
		session_settle_input(session);
		if (session == last || scheduler_now_ns() >= end_ns)
			break;
	}
	if (!TAILQ_EMPTY(&sessions->waiting))
		event_add(sessions->turn, &at_once);
}
