/*
 * Bytes in and out of a connection without ever blocking, and the callbacks for what came in. Knows
 * how messages look, not what they mean.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/autostart.h"
#include "lib/connection.h"
#include "protocol/jsonrpc.h"

/* What the daemon takes of one connection at a time; more waits in the queue. */
#define MAX_IN_FLIGHT 1024

#define MAX_LINES_PER_WRITE 64
#define MAX_READS_PER_DISPATCH 64 /* then the caller's loop has its turn */

int pp_get_fd(const pp_conn *conn)
{
	if (!conn)
		return -1;
	return conn->starter ? starter_get_fd(conn->starter) : conn->socket.fd;
}

static bool has_output(const pp_conn *conn)
{
	const struct pending *head = TAILQ_FIRST(&conn->queue);

	if (!head || conn->sent_count >= MAX_IN_FLIGHT)
		return false;
	return conn->phase != CONN_GREETING || head->id == conn->hello_id;
}

short pp_get_events(const pp_conn *conn)
{
	if (pp_get_fd(conn) < 0)
		return 0;
	return conn->socket.fd >= 0 && has_output(conn) ? POLLIN | POLLOUT : POLLIN;
}

double pp_get_timeout(const pp_conn *conn)
{
	if (!conn)
		return PP_FOREVER;
	return conn->has_input ? 0.0 : clock_left_s(conn_next_step_s(conn));
}

void pp_on_event(pp_conn *conn, pp_event_callback *callback, void *arg)
{
	if (!conn)
		return;
	conn->on_event = callback;
	conn->on_event_arg = arg;
}

void pp_on_resume(pp_conn *conn, pp_resume_callback *callback, void *arg)
{
	if (!conn)
		return;
	conn->on_resume = callback;
	conn->on_resume_arg = arg;
}

void conn_disconnect(pp_conn *conn)
{
	kept_fd_close(&conn->socket);
	conn->has_input = false;
	frame_clear(&conn->input);
}

enum pp_error conn_lose(pp_conn *conn)
{
	bool was_dispatching = conn->is_dispatching;
	struct pending *pending, *next;

	conn->phase = CONN_LOST;
	conn->lost = conn->error;
	conn->lost_text = strdup(pp_error_text(conn));
	conn_disconnect(conn);
	starter_free(conn->starter);
	conn->starter = NULL;
	/* The table only shrinks meanwhile: a lost connection takes no new requests. */
	conn->is_dispatching = true;
	HASH_ITER (hh, conn->requests, pending, next) {
		conn_fail_lost(conn);
		pending_finish(conn, pending, conn->lost, NULL);
	}
	conn->is_dispatching = was_dispatching;
	return conn_fail_lost(conn);
}

/* ---- out ---- */

/* So many bytes of the queue's front were written. */
static void advance_queue(pp_conn *conn, size_t written_bytes)
{
	struct pending *head;

	written_bytes += conn->head_sent_bytes;
	while ((head = TAILQ_FIRST(&conn->queue)) && written_bytes >= head->length_bytes) {
		written_bytes -= head->length_bytes;
		TAILQ_REMOVE(&conn->queue, head, link);
		head->is_queued = false;
		conn->sent_count++;
		if (head->id == conn->hello_id && conn->phase == CONN_READY)
			conn->gone_s = clock_now_s();
	}
	conn->head_sent_bytes = written_bytes;
}

/* Lines that one call can send: descriptors go with the first byte of such a call only. */
static size_t gather_output(pp_conn *conn, struct iovec *lines)
{
	size_t max_lines = conn->phase == CONN_GREETING ? 1 : MAX_LINES_PER_WRITE;
	size_t skip = conn->head_sent_bytes, count = 0;
	struct pending *pending;

	TAILQ_FOREACH (pending, &conn->queue, link) {
		if (count == max_lines || conn->sent_count + count >= MAX_IN_FLIGHT ||
		    (count > 0 && pending->n_fds > 0))
			break;
		lines[count].iov_base = pending->line + skip;
		lines[count++].iov_len = pending->length_bytes - skip;
		skip = 0;
	}
	return count;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(PP_MAX_FDS * sizeof(int))];
};

/* Has the descriptors of the queue's first go with the message, if its first byte is in it. */
static void add_fds(const pp_conn *conn, struct msghdr *message, union control *control)
{
	const struct pending *head = TAILQ_FIRST(&conn->queue);
	size_t size = head->n_fds * sizeof(head->fds[0]);

	message->msg_control = NULL;
	message->msg_controllen = 0;
	if (size == 0 || conn->head_sent_bytes > 0)
		return;
	*control = (union control){0};
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(size);
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control->header), head->fds, size);
}

int conn_flush(pp_conn *conn)
{
	struct iovec lines[MAX_LINES_PER_WRITE];
	struct msghdr message = {.msg_iov = lines};
	union control control;
	ssize_t written;

	if (has_output(conn) && !kept_fd_is_own(&conn->socket)) {
		errno = EBADF;
		return -1;
	}
	while (has_output(conn)) {
		message.msg_iovlen = gather_output(conn, lines);
		add_fds(conn, &message, &control);
		written = sendmsg(conn->socket.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (written >= 0)
			advance_queue(conn, (size_t)written);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -1;
	}
	return 0;
}

/* ---- in ---- */

/* The daemon's refusal as an error. That it is ending says also that it will not come back. */
static enum pp_error note_refusal(pp_conn *conn, const struct jsonrpc_message *message)
{
	enum pp_error error = conn_fail_remote(conn, message->text, message->data);

	if (conn->error_name && strcmp(conn->error_name, "shutting_down") == 0)
		conn->has_ended = true;
	return error;
}

static enum pp_error handle_answer(pp_conn *conn, const struct jsonrpc_message *message)
{
	struct pending *pending = NULL;
	enum pp_error error;

	if (json_is_integer(message->id))
		pending = pending_find(conn, (uint64_t)json_integer_value(message->id));
	if (message->kind == JSONRPC_ERROR && json_is_null(message->id))
		return conn_fail(
		    conn, PP_ERR_PROTOCOL, "the daemon refused a message: %s", message->text);
	if (!pending || pending->is_queued)
		return conn_fail(conn, PP_ERR_PROTOCOL, "the daemon answered what nobody asked");
	if (message->kind == JSONRPC_ERROR) {
		pending_finish(conn, pending, note_refusal(conn, message), NULL);
		return conn->lost; /* hello's callback may have found that versions do not fit */
	}
	error = held_note_answer(conn, pending, message->result);
	if (error != PP_OK)
		return error;
	pending_finish(conn, pending, PP_OK, message->result);
	return conn->lost;
}

static void handle_event(pp_conn *conn, json_t *event)
{
	held_note_event(conn, event);
	if (conn->on_event)
		conn->on_event(conn, event, conn->on_event_arg);
}

static enum pp_error handle_value(pp_conn *conn, json_t *value)
{
	struct jsonrpc_message message;

	jsonrpc_read(value, &message);
	switch (message.kind) {
	case JSONRPC_ANSWER:
	case JSONRPC_ERROR:
		return handle_answer(conn, &message);
	case JSONRPC_NOTIFICATION:
		/* Others are of a newer daemon. */
		if (strcmp(message.method, "event") == 0 && json_is_object(message.params))
			handle_event(conn, message.params);
		return PP_OK;
	default:
		return conn_fail(conn, PP_ERR_PROTOCOL, "the daemon sent no answer: %s",
		    message.kind == JSONRPC_INVALID ? message.problem.text : "a request");
	}
}

static enum pp_error handle_line(pp_conn *conn, const char *line, size_t length_bytes)
{
	struct jsonrpc_problem problem;
	enum pp_error error;
	json_t *value;

	if (jsonrpc_parse(line, length_bytes, &value, &problem) < 0)
		return conn_fail(conn,
		    problem.error == PROTOCOL_INTERNAL ? PP_ERR_NOMEM : PP_ERR_PROTOCOL,
		    "the daemon's message: %s", problem.text);
	error = handle_value(conn, value);
	json_decref(value);
	return error;
}

/* Handles the complete lines that are there, up to the one that a blocking call waits for. */
static enum pp_error handle_input(pp_conn *conn)
{
	enum pp_error error = PP_OK;
	size_t length_bytes;
	char *line;

	while (conn->has_input && !conn->is_interrupted && error == PP_OK) {
		switch (frame_next(&conn->input, &line, &length_bytes)) {
		case FRAME_LINE:
			error = handle_line(conn, line, length_bytes);
			break;
		case FRAME_MORE:
			conn->has_input = false;
			break;
		case FRAME_TOO_LONG:
			error =
			    conn_fail(conn, PP_ERR_PROTOCOL, "the daemon's message is too long");
			break;
		}
	}
	return error;
}

/* Reads once: 1 there is more, 0 that was all for now, -1 failed, with the reason noted. */
static int receive(pp_conn *conn)
{
	size_t available_bytes;
	char *space = frame_reserve(&conn->input, &available_bytes);
	ssize_t received;

	if (!space) {
		conn_fail(conn, PP_ERR_NOMEM, "no memory for the daemon's message");
		return -1;
	}
	errno = EBADF;
	received = kept_fd_is_own(&conn->socket)
	               ? recv(conn->socket.fd, space, available_bytes, MSG_DONTWAIT)
	               : -1;
	if (received > 0) {
		frame_commit(&conn->input, (size_t)received);
		conn->has_input = true;
		return (size_t)received == available_bytes;
	}
	if (received < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (received == 0)
		conn_fail(conn, PP_ERR_UNREACHABLE, "the daemon closed the connection (%s)",
		    conn->socket_path);
	else
		conn_fail(conn, PP_ERR_UNREACHABLE, "the connection to the daemon broke (%s): %m",
		    conn->socket_path);
	return -1;
}

/* Reads and handles what is there, up to a limit. */
static enum pp_error read_input(pp_conn *conn)
{
	enum pp_error error = handle_input(conn);
	int reads, status = 1;

	for (reads = 0; status > 0 && reads < MAX_READS_PER_DISPATCH; reads++) {
		if (error != PP_OK || conn->is_interrupted)
			break;
		status = receive(conn);
		error = status < 0 ? conn->error : handle_input(conn);
	}
	return error;
}

static enum pp_error exchange(pp_conn *conn)
{
	/* What the daemon said last can still be read when it cannot be written to any more. */
	int write_error = conn_flush(conn) < 0 ? errno : 0;
	enum pp_error error = read_input(conn);

	if (error != PP_OK || conn->is_interrupted)
		return error;
	if (write_error == 0) /* what the callbacks have sent */
		write_error = conn_flush(conn) < 0 ? errno : 0;
	if (write_error == 0)
		return PP_OK;
	errno = write_error;
	return conn_fail(conn, PP_ERR_UNREACHABLE, "the connection to the daemon broke (%s): %m",
	    conn->socket_path);
}

/* All that can be done now; an error: the connection is lost. */
static enum pp_error turn(pp_conn *conn)
{
	enum pp_error error = PP_OK;

	if (conn->socket.fd >= 0)
		error = exchange(conn);
	if (error == PP_ERR_UNREACHABLE)
		error = conn_break(conn);
	return error == PP_OK ? conn_advance(conn) : error;
}

enum pp_error pp_dispatch(pp_conn *conn)
{
	enum pp_error error;

	if (!conn)
		return PP_ERR_INVALID;
	if (conn->is_dispatching)
		return conn_fail(conn, PP_ERR_INVALID, "dispatching from inside a callback");
	if (conn->phase == CONN_LOST)
		return conn_fail_lost(conn);
	conn->is_dispatching = true;
	conn->is_interrupted = false;
	error = turn(conn);
	conn->is_dispatching = false;
	return error == PP_OK ? PP_OK : conn_lose(conn);
}
