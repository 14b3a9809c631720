/*
 * Requests and blocking calls: everything that waits does so in pp_step(), everything that sends
 * goes through pp_send().
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "lib/connection.h"
#include "protocol/methods.h"

double clock_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double clock_deadline_s(double timeout_s)
{
	return timeout_s >= 0 ? clock_now_s() + timeout_s : PP_FOREVER;
}

double clock_left_s(double deadline_s)
{
	double left_s;

	if (deadline_s < 0)
		return PP_FOREVER;
	left_s = deadline_s - clock_now_s();
	return left_s > 0 ? left_s : 0;
}

int clock_poll_ms(double deadline_s)
{
	double left_ms = clock_left_s(deadline_s) * 1e3;

	if (left_ms <= 0)
		return left_ms < 0 ? -1 : 0;
	return left_ms < INT_MAX - 1 ? (int)left_ms + 1 : INT_MAX;
}

/* Queues the request that params (borrowed) make. */
static enum pp_error queue_request(
    pp_conn *conn, const char *name, json_t *params, pp_callback *callback, void *arg)
{
	const struct method *method = protocol_method_find(name);
	struct pending *pending;
	size_t length_bytes;
	char *line;

	conn->last_id++;
	line = request_encode(conn, conn->last_id, name, params, &length_bytes);
	if (!line)
		return conn->error;
	pending = pending_new(conn, line, length_bytes, callback, arg);
	if (!pending)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory for the request");
	repeat_keep(pending, method, params);
	return PP_OK;
}

enum pp_error pp_send(pp_conn *conn, const char *method, json_t *params, pp_callback *callback,
    void *arg, uint64_t *id)
{
	enum pp_error error;

	if (!conn || !method || (params && !json_is_object(params) && !json_is_array(params))) {
		json_decref(params);
		return conn ? conn_fail(conn, PP_ERR_INVALID,
		                  "a request needs a method, and an object as its params")
		            : PP_ERR_INVALID;
	}
	if (conn->phase == CONN_LOST) {
		json_decref(params);
		return conn_fail_lost(conn);
	}
	if (repeat_prepare(conn, protocol_method_find(method), &params) != PP_OK)
		return conn->error;
	error = queue_request(conn, method, params, callback, arg);
	json_decref(params);
	if (error != PP_OK)
		return error;
	conn_want(conn);
	if (id)
		*id = conn->last_id;
	return PP_OK;
}

void pp_forget(pp_conn *conn, uint64_t id)
{
	struct pending *pending = conn ? pending_find(conn, id) : NULL;

	if (pending)
		pending->callback = NULL;
}

/* The earlier of two moments; below 0: never. */
static double earlier_s(double one_s, double other_s)
{
	if (one_s < 0 || other_s < 0)
		return one_s < 0 ? other_s : one_s;
	return one_s < other_s ? one_s : other_s;
}

/* Nothing can come: there is no connection, and nothing for which it is needed. */
static enum pp_error fail_apart(pp_conn *conn)
{
	return conn_fail(conn, PP_ERR_UNREACHABLE, "%s",
	    conn->gone_text ? conn->gone_text : pp_strerror(PP_ERR_UNREACHABLE));
}

/* Waits as poll(2) does; the helper's descriptor too. What that has to do is done at once. */
static int wait_ready(pp_conn *conn, int limit_ms)
{
	struct pollfd ready[2] = {
	    {.fd = pp_get_fd(conn), .events = pp_get_events(conn)}, {.events = POLLIN}};
	int count;

	if (!conn->helper)
		return poll(ready, 1, limit_ms);
	ready[1].fd = conn->helper->fd;
	count = poll(ready, 2, limit_ms);
	if (count > 0 && ready[1].revents)
		conn->helper->serve(conn->helper->arg);
	return count;
}

enum pp_error pp_step(pp_conn *conn, double timeout_s)
{
	double deadline_s, step_s;
	int count;

	if (!conn)
		return PP_ERR_INVALID;
	if (conn->is_dispatching)
		return conn_fail(conn, PP_ERR_INVALID, "waiting from inside a callback");
	if (conn->phase == CONN_LOST)
		return conn_fail_lost(conn);
	if (conn->phase == CONN_APART)
		return fail_apart(conn);
	/* What is broken dispatching will say. */
	if (conn->has_input || (conn->socket.fd >= 0 && conn_flush(conn) < 0))
		timeout_s = 0;
	deadline_s = clock_deadline_s(timeout_s);
	step_s = conn_next_step_s(conn);
	count = wait_ready(conn, clock_poll_ms(earlier_s(deadline_s, step_s)));
	if (count < 0 && errno == EINTR)
		return PP_OK;
	if (count < 0)
		return conn_fail(conn, PP_ERR_SYSTEM, "cannot wait for the daemon: %m");
	if (count == 0 && !conn->has_input && (step_s < 0 || clock_left_s(step_s) > 0))
		return conn_fail(conn, PP_ERR_TIMEOUT, "no answer in the time given");
	return pp_dispatch(conn);
}

/* What a blocking call waits for. */
struct waiter {
	bool is_done;
	enum pp_error error;
	json_t *result;
};

static void note_answer(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct waiter *waiter = arg;

	waiter->is_done = true;
	waiter->error = error;
	waiter->result = json_incref(result);
	conn->is_interrupted = true;
}

/* Steps until the answer is there. A lost connection is an answer too. What else comes in keeps
 * pp_step() busy, so the deadline is looked at here as well. */
static enum pp_error wait_for(pp_conn *conn, struct waiter *waiter, double deadline_s)
{
	enum pp_error error;
	double left_s;

	while (!waiter->is_done) {
		left_s = clock_left_s(deadline_s);
		error = pp_step(conn, left_s);
		if (waiter->is_done)
			break;
		if (error != PP_OK)
			return error;
		if (left_s == 0)
			return conn_fail(conn, PP_ERR_TIMEOUT, "no answer in the time given");
	}
	return waiter->error;
}

enum pp_error pp_call(
    pp_conn *conn, const char *method, json_t *params, double timeout_s, json_t **result)
{
	struct waiter waiter = {0};
	enum pp_error error;
	uint64_t id = 0;

	if (result)
		*result = NULL;
	if (conn && conn->is_dispatching) {
		json_decref(params);
		return conn_fail(conn, PP_ERR_INVALID, "waiting from inside a callback");
	}
	error = pp_send(conn, method, params, note_answer, &waiter, &id);
	if (error != PP_OK)
		return error;
	error = wait_for(conn, &waiter, clock_deadline_s(timeout_s));
	if (!waiter.is_done)
		pp_forget(conn, id);
	if (error == PP_OK && result)
		*result = waiter.result;
	else
		json_decref(waiter.result);
	return error;
}
