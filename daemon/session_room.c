/*
 * What all connections may hold together, and who makes way where that is too little: half messages
 * that have been silent for longest, and connections that do not read. Those that send and read as
 * they should are served meanwhile.
 */
#include <malloc.h>
#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/session_internal.h"
#include "protocol/jsonrpc.h"
#include "protocol/version.h"

#define SMALL_MESSAGE_BYTES (16u << 10)       /* half ones up to this never make way */
#define STALLED_NS (INT64_C(1000) * 1000000)  /* without reading anything */
#define LOOK_AGAIN_NS (INT64_C(50) * 1000000) /* for stalled ones, which costs a look at all */
#define GIVE_BACK_BYTES (8u << 20)
#define OUTPUT_HIGH ((SESSIONS_OUTPUT_BUDGET + SESSIONS_OUTPUT_MAX) / 2)

_Static_assert((size_t)SESSIONS_MAX *SMALL_MESSAGE_BYTES <= SESSIONS_INPUT_BUDGET,
    "where the budget is exceeded there is one to make way");
_Static_assert(SESSIONS_OUTPUT_BUDGET + PROTOCOL_MAX_LINE_BYTES <= SESSIONS_OUTPUT_MAX,
    "the longest answer has room as long as all others read");

/* --- counting --- */

static size_t held_bytes(const struct sessions *sessions)
{
	return sessions->input_bytes + sessions->output_bytes + sessions->calls_bytes;
}

static void count(struct sessions *sessions, size_t *total, size_t *counted, size_t now)
{
	*total += now - *counted;
	*counted = now;
	if (sessions->peak_bytes < held_bytes(sessions))
		sessions->peak_bytes = held_bytes(sessions);
}

void session_count_input(struct session *session)
{
	struct sessions *sessions = session->sessions;

	count(sessions, &sessions->input_bytes, &session->counted_input,
	    frame_memory_bytes(&session->frame));
}

void session_count_output(struct session *session)
{
	struct sessions *sessions = session->sessions;

	count(sessions, &sessions->output_bytes, &session->counted_output,
	    session_unsent_bytes(session) + session->batch_bytes);
}

void sessions_give_back_memory(struct sessions *sessions)
{
	size_t held = held_bytes(sessions);

	if (sessions->peak_bytes < held + GIVE_BACK_BYTES)
		return;
	sessions->peak_bytes = held;
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

/* --- input --- */

/* Half messages go before those that are whole and wait for their turn. */
static bool is_older(const struct session *session, const struct session *than)
{
	if (session->is_waiting != than->is_waiting)
		return than->is_waiting;
	return session->last_input_ns < than->last_input_ns;
}

/* The one that has been silent for longest, so that who sends slowly on purpose does not keep out
 * the others; but not the one that is spared. */
static struct session *find_silent(const struct sessions *sessions, const struct session *spared)
{
	struct session *session, *found = NULL;

	TAILQ_FOREACH (session, &sessions->live, of_sessions) {
		if (session == spared || session->counted_input <= SMALL_MESSAGE_BYTES ||
		    session->is_ending)
			continue;
		if (!found || is_older(session, found))
			found = session;
	}
	return found;
}

static void drop_message(struct session *session)
{
	log_warning("half message dropped bytes=%zu fd=%d", session->counted_input, session->fd);
	session_queue_error(session, PROTOCOL_LIMIT,
	    "too many long messages are being sent at once; this connection ends here");
	session->is_ending = true;
	session_drop_input(session);
	session_count_input(session);
	session_update_reading(session);
}

void sessions_make_room_for_input(struct sessions *sessions)
{
	struct session *session;

	while (sessions->input_bytes > SESSIONS_INPUT_BUDGET &&
	       (session = find_silent(sessions, NULL)))
		drop_message(session);
}

bool session_make_room_for_line(struct session *session)
{
	struct sessions *sessions = session->sessions;
	size_t needed = jsonrpc_estimate_bytes(session->line, session->line_bytes);
	struct session *other;

	while (needed + held_bytes(sessions) > SESSIONS_MEMORY_MAX) {
		other = find_silent(sessions, session);
		if (!other || other->is_waiting) {
			session_queue_error(session, PROTOCOL_LIMIT,
			    "the message takes more memory than there is for all of them: send it "
			    "in parts, or later");
			return false;
		}
		drop_message(other);
	}
	return true;
}

/* --- output --- */

bool session_is_full(const struct session *session)
{
	size_t unsent = session_unsent_bytes(session);

	if (unsent > SESSION_OUTPUT_SOFT)
		return true;
	return unsent > 0 && session->sessions->output_bytes > SESSIONS_OUTPUT_BUDGET;
}

bool session_has_room(const struct session *session, size_t bytes)
{
	return bytes <= SESSION_OUTPUT_SMALL ||
	       session->sessions->output_bytes + bytes <= SESSIONS_OUTPUT_MAX;
}

/* Of those that have read nothing for a while, the one with most to read. */
static struct session *find_stalled(const struct sessions *sessions, int64_t now_ns)
{
	struct session *session, *found = NULL;

	TAILQ_FOREACH (session, &sessions->live, of_sessions) {
		if (session->counted_output == 0 || session->is_held ||
		    session->last_output_ns + STALLED_NS > now_ns)
			continue;
		if (!found || session->counted_output > found->counted_output)
			found = session;
	}
	return found;
}

static void end_stalled(struct sessions *sessions, int64_t now_ns)
{
	struct session *session;

	sessions->next_look_ns = now_ns + LOOK_AGAIN_NS;
	while (sessions->output_bytes > SESSIONS_OUTPUT_BUDGET &&
	       (session = find_stalled(sessions, now_ns))) {
		log_warning("connection ended: it does not read fd=%d unsent=%zu", session->fd,
		    session->counted_output);
		session_end(session);
	}
}

void sessions_make_room_for_output(struct sessions *sessions)
{
	int64_t now_ns;

	if (sessions->output_bytes <= OUTPUT_HIGH)
		return;
	now_ns = scheduler_now_ns();
	if (now_ns >= sessions->next_look_ns)
		end_stalled(sessions, now_ns);
}

bool sessions_must_flush(const struct sessions *sessions)
{
	return sessions->output_bytes > SESSIONS_OUTPUT_BUDGET &&
	       !TAILQ_EMPTY(&sessions->unflushed);
}

/* --- what can wait --- */

bool session_postpone(
    struct session *session, struct session_postponed *postponed, void (*go)(void *arg), void *arg)
{
	if (!session || session->is_dead ||
	    (!session_is_full(session) &&
	        session->sessions->output_bytes <= SESSIONS_OUTPUT_BUDGET))
		return false;
	*postponed = (struct session_postponed){.session = session, .go = go, .arg = arg};
	TAILQ_INSERT_TAIL(&session->postponed, postponed, of_session);
	session_touch(session);
	return true;
}

void session_forget_postponed(struct session_postponed *postponed)
{
	if (!postponed->session)
		return;
	TAILQ_REMOVE(&postponed->session->postponed, postponed, of_session);
	postponed->session = NULL;
}

static void wait_for_others(struct session *session)
{
	if (session->is_postponed)
		return;
	session->is_postponed = true;
	TAILQ_INSERT_TAIL(&session->sessions->postponed, session, of_postponed);
}

static void stop_waiting_for_others(struct session *session)
{
	if (!session->is_postponed)
		return;
	session->is_postponed = false;
	TAILQ_REMOVE(&session->sessions->postponed, session, of_postponed);
}

void session_answer_postponed(struct session *session)
{
	struct session_postponed *postponed;

	while (!session_is_full(session) && (postponed = TAILQ_FIRST(&session->postponed))) {
		if (session->sessions->output_bytes > SESSIONS_OUTPUT_BUDGET) {
			wait_for_others(session);
			return;
		}
		session_forget_postponed(postponed);
		postponed->go(postponed->arg);
	}
}

void session_drop_postponed(struct session *session)
{
	while (!TAILQ_EMPTY(&session->postponed))
		session_forget_postponed(TAILQ_FIRST(&session->postponed));
	stop_waiting_for_others(session);
}

void sessions_on_look(evutil_socket_t fd, short what, void *arg)
{
	struct sessions *sessions = arg;

	(void)fd;
	(void)what;
	end_stalled(sessions, scheduler_now_ns());
	scheduler_wake(sessions->daemon);
}

void sessions_answer_postponed(struct sessions *sessions)
{
	static const struct timeval look_delay = {.tv_usec = 200 * 1000};
	struct session *session;

	while (sessions->output_bytes <= SESSIONS_OUTPUT_BUDGET &&
	       (session = TAILQ_FIRST(&sessions->postponed))) {
		stop_waiting_for_others(session);
		session_answer_postponed(session);
	}
	/* Nobody but those who do not read may be left to wake us. */
	if (!TAILQ_EMPTY(&sessions->postponed) && !event_pending(sessions->look, EV_TIMEOUT, NULL))
		event_add(sessions->look, &look_delay);
}
