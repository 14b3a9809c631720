/*
 * What happens between the end of a connection and the next one: when it is tried again, when a
 * daemon is started, when all is given up. Nothing here blocks: pp_dispatch() takes the next step
 * when it is due. What is asked again is not decided here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/autostart.h"
#include "lib/connection.h"
#include "lib/socket.h"

/* A daemon that is just ending still holds the workspace, so the one that was started finds it
 * served and ends: then another one is due, so long after. */
#define RESTART_AFTER_S 0.2

#define FIRST_PAUSE_S 0.01
#define LONGEST_PAUSE_S 0.5

/* A connection that has lasted so long is no failed attempt. */
#define STEADY_S 1.0

/* ---- the end of a connection ---- */

/* Whether there is something that cannot be without a connection. */
static bool is_needed(const pp_conn *conn)
{
	return conn->requests || held_is_needed(conn);
}

/* When to try again: at once, then ever more slowly. */
static void schedule(pp_conn *conn, double now_s)
{
	double pause_s = conn->n_attempts > 0 ? FIRST_PAUSE_S : 0;
	unsigned n;

	for (n = 1; n < conn->n_attempts && pause_s < LONGEST_PAUSE_S; n++)
		pause_s *= 2;
	if (pause_s > LONGEST_PAUSE_S)
		pause_s = LONGEST_PAUSE_S;
	conn->n_attempts++;
	conn->retry_s = now_s + pause_s;
	conn->phase = CONN_AWAY;
}

/* gone_s is 0 as long as nobody has been asked anything. */
static double limit_of(const pp_conn *conn, double limit_s)
{
	return limit_s < 0 || conn->gone_s == 0 ? PP_FOREVER : conn->gone_s + limit_s;
}

static bool is_over(double limit_s, double now_s)
{
	return limit_s >= 0 && now_s >= limit_s;
}

/* Whether to wait on for a daemon that has not said hello yet. */
static enum pp_error await_hello(pp_conn *conn, double now_s)
{
	if (!is_over(limit_of(conn, conn->resume_limit_s), now_s))
		return PP_OK;
	if (conn->phase == CONN_READY)
		return conn_fail(conn, PP_ERR_UNREACHABLE,
		    "the daemon is there, but does not answer (%s; ppd.log beside it may say why); "
		    "what was asked may still be done",
		    conn->socket_path);
	return conn_fail(conn, PP_ERR_UNREACHABLE,
	    "the daemon went away and does not answer since (%s; ppd.log beside it may say why)"
	    "; what was asked may still be done",
	    conn->socket_path);
}

enum pp_error conn_break(pp_conn *conn)
{
	double now_s = clock_now_s();

	if (conn->has_ended)
		return conn_fail(
		    conn, PP_ERR_UNREACHABLE, "the daemon has ended (%s)", conn->socket_path);
	if (conn->resume_limit_s < 0)
		return conn->error;
	free(conn->gone_text);
	conn->gone_text = strdup(pp_error_text(conn));
	if (conn->phase != CONN_READY && await_hello(conn, now_s) != PP_OK)
		return conn->error;
	if (conn->phase == CONN_READY)
		conn->gone_s = now_s;
	if (conn->phase == CONN_READY && now_s - conn->ready_s >= STEADY_S)
		conn->n_attempts = 0;
	conn_disconnect(conn);
	requests_requeue(conn);
	schedule(conn, now_s);
	repeat_filter(conn);
	if (!is_needed(conn))
		conn->phase = CONN_APART;
	return PP_OK;
}

void conn_want(pp_conn *conn)
{
	if (conn->phase != CONN_APART)
		return;
	conn->gone_s = clock_now_s();
	conn->retry_s = conn->gone_s;
	conn->phase = CONN_AWAY;
}

/* ---- the way back ---- */

static enum pp_error begin_start(pp_conn *conn)
{
	enum pp_error error = starter_begin(conn);

	if (error != PP_OK)
		return error;
	conn->start_limit_s = clock_deadline_s(conn->connect_limit_s);
	conn->phase = CONN_STARTING;
	return PP_OK;
}

static enum pp_error await_start(pp_conn *conn)
{
	enum pp_error error = starter_advance(conn);
	double now_s = clock_now_s();

	if (error != PP_OK)
		return error;
	if (conn->starter)
		return is_over(conn->start_limit_s, now_s) ? starter_give_up(conn) : PP_OK;
	conn->start_after_s = now_s + RESTART_AFTER_S;
	conn->retry_s = now_s;
	conn->phase = CONN_AWAY;
	return PP_OK;
}

/* Connected: nothing else is sent before it is known who is there. */
static enum pp_error greet(pp_conn *conn)
{
	enum pp_error error = connect_check_peer(conn);

	if (error == PP_OK)
		error = connect_send_hello(conn);
	if (error != PP_OK)
		return error;
	conn->phase = CONN_GREETING;
	conn_flush(conn); /* what fails the next reading will say */
	return PP_OK;
}

static enum pp_error fail_gone(pp_conn *conn, int cause)
{
	errno = cause;
	return conn_fail(conn, PP_ERR_UNREACHABLE,
	    "the daemon went away, and none serves %s since (%s: %m)",
	    conn->workspace ? conn->workspace : "this workspace", conn->socket_path);
}

static enum pp_error try_again(pp_conn *conn, double now_s)
{
	double limit_s = conn->connect_limit_s;
	int cause;

	kept_fd_set(&conn->socket, socket_connect(conn->socket_path));
	if (conn->socket.fd >= 0)
		return greet(conn);
	cause = errno;
	if (cause == EAGAIN) /* it is there, and has more to accept than it can take */
		limit_s = conn->resume_limit_s;
	if (connect_is_absent(cause)) {
		repeat_give_up(conn);
		if (!is_needed(conn)) {
			conn->phase = CONN_APART;
			return PP_OK;
		}
		if (conn->may_start && now_s >= conn->start_after_s)
			return begin_start(conn);
	}
	if (is_over(limit_of(conn, limit_s), now_s))
		return fail_gone(conn, cause);
	schedule(conn, now_s);
	return PP_OK;
}

enum pp_error conn_advance(pp_conn *conn)
{
	double now_s;

	if ((conn->phase == CONN_READY && conn->server_info) || conn->phase == CONN_APART)
		return PP_OK;
	now_s = clock_now_s();
	if (conn->phase == CONN_READY)
		return await_hello(conn, now_s);
	repeat_expire(conn);
	switch (conn->phase) {
	case CONN_AWAY:
		return now_s >= conn->retry_s ? try_again(conn, now_s) : PP_OK;
	case CONN_STARTING:
		return await_start(conn);
	case CONN_GREETING:
		return await_hello(conn, now_s);
	default:
		return PP_OK;
	}
}

double conn_next_step_s(const pp_conn *conn)
{
	double step_s, expiry_s;

	switch (conn->phase) {
	case CONN_AWAY:
		step_s = conn->retry_s;
		break;
	case CONN_STARTING:
		step_s = conn->start_limit_s;
		break;
	case CONN_GREETING:
		step_s = limit_of(conn, conn->resume_limit_s);
		break;
	case CONN_READY:
		return conn->server_info ? PP_FOREVER : limit_of(conn, conn->resume_limit_s);
	default:
		return PP_FOREVER;
	}
	expiry_s = repeat_next_expiry_s(conn);
	return step_s < 0 || (expiry_s >= 0 && expiry_s < step_s) ? expiry_s : step_s;
}

/* ---- back again ---- */

static bool has_capability(const json_t *info, const char *name)
{
	size_t i;
	json_t *capability;

	json_array_foreach (json_object_get(info, "capabilities"), i, capability) {
		const char *text = json_string_value(capability);

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* Whether who says this knows what the daemon of the connection before knew. */
static bool goes_on(const pp_conn *conn, const json_t *info)
{
	json_int_t pid = json_integer_value(json_object_get(info, "pid"));

	if (conn->daemon_pid != 0 && pid == conn->daemon_pid)
		return true;
	return has_capability(info, "durable") && (conn->daemon_pid == 0 || conn->is_durable);
}

/* Keeps info in place of what there was, which the user may look at. -1: no memory. */
static int keep_info(pp_conn *conn, json_t *info)
{
	if (!conn->server_info) {
		conn->server_info = json_incref(info);
		return 0;
	}
	json_object_clear(conn->server_info);
	return json_object_update(conn->server_info, info);
}

static enum pp_error resume(pp_conn *conn, bool is_continued)
{
	enum pp_error error;

	conn->phase = CONN_READY;
	if (!is_continued)
		repeat_fail_lost(conn);
	error = repeat_renew(conn);
	if (error != PP_OK)
		return error;
	if (conn->on_resume)
		conn->on_resume(conn, conn->on_resume_arg);
	return held_ask_again(conn, is_continued);
}

enum pp_error conn_note_hello(pp_conn *conn, json_t *info)
{
	bool is_continued = goes_on(conn, info);

	if (keep_info(conn, info) < 0)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory for the daemon's answer");
	conn->daemon_pid = json_integer_value(json_object_get(info, "pid"));
	conn->is_durable = has_capability(info, "durable");
	conn->has_after = has_capability(info, "after");
	conn->ready_s = clock_now_s();
	return conn->phase == CONN_GREETING ? resume(conn, is_continued) : PP_OK;
}
