/*
 * The requests of a connection that have no answer: a table by id, and the queue of those that are
 * not written, or have to be written again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/connection.h"
#include "protocol/jsonrpc.h"
#include "protocol/version.h"

char *request_encode(
    pp_conn *conn, uint64_t id, const char *method, json_t *params, size_t *length_bytes)
{
	json_t *number = json_integer((json_int_t)id);
	char *line = number ? jsonrpc_encode_request(number, method, params, length_bytes) : NULL;

	json_decref(number);
	if (!line) {
		conn_fail(conn, PP_ERR_NOMEM, "no memory for the request");
	} else if (*length_bytes - 1 > PROTOCOL_MAX_LINE_BYTES) {
		free(line);
		line = NULL;
		conn_fail(conn, PP_ERR_INVALID, "the request has more than %u MiB",
		    PROTOCOL_MAX_LINE_BYTES >> 20);
	}
	return line;
}

struct pending *pending_new(
    pp_conn *conn, char *line, size_t length_bytes, pp_callback *callback, void *arg)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending) {
		free(line);
		return NULL;
	}
	pending->id = conn->last_id;
	pending->line = line;
	pending->length_bytes = length_bytes;
	pending->callback = callback;
	pending->arg = arg;
	pending->deadline_s = PP_FOREVER;
	HASH_ADD(hh, conn->requests, id, sizeof(pending->id), pending);
	if (!pending->hh.tbl) { /* how uthash says that there is no memory */
		free(line);
		free(pending);
		return NULL;
	}
	pending->is_queued = true;
	TAILQ_INSERT_TAIL(&conn->queue, pending, link);
	return pending;
}

struct pending *pending_new_internal(
    pp_conn *conn, const char *method, json_t *params, pp_callback *callback, void *arg)
{
	size_t length_bytes;
	char *line = request_encode(conn, conn->last_id + 1, method, params, &length_bytes);
	struct pending *pending;

	json_decref(params);
	if (!line)
		return NULL;
	conn->last_id++;
	pending = pending_new(conn, line, length_bytes, callback, arg);
	if (!pending) {
		conn_fail(conn, PP_ERR_NOMEM, "no memory for the request");
		return NULL;
	}
	pending->is_internal = true;
	TAILQ_REMOVE(&conn->queue, pending, link);
	TAILQ_INSERT_HEAD(&conn->queue, pending, link);
	return pending;
}

struct pending *pending_find(pp_conn *conn, uint64_t id)
{
	struct pending *pending;

	HASH_FIND(hh, conn->requests, &id, sizeof(id), pending);
	return pending;
}

static void close_fds(struct pending *pending)
{
	while (pending->n_fds > 0)
		close(pending->fds[--pending->n_fds]);
}

enum pp_error pp_add_fds(pp_conn *conn, uint64_t id, const int *fds, unsigned count)
{
	struct pending *pending = conn ? pending_find(conn, id) : NULL;

	if (!conn)
		return PP_ERR_INVALID;
	if (!pending || !fds || count == 0 || count > PP_MAX_FDS || pending->n_fds > 0 ||
	    !pending->is_queued ||
	    (pending == TAILQ_FIRST(&conn->queue) && conn->head_sent_bytes > 0))
		return conn_fail(conn, PP_ERR_INVALID,
		    "descriptors go with a request that was not sent yet, %d at most", PP_MAX_FDS);
	for (unsigned i = 0; i < count; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			conn_fail(conn, PP_ERR_SYSTEM, "descriptor %d: %m", fds[i]);
			close_fds(pending);
			return conn->error;
		}
		pending->fds[pending->n_fds++] = fd;
	}
	return PP_OK;
}

void pending_free(pp_conn *conn, struct pending *pending)
{
	if (pending->is_queued)
		TAILQ_REMOVE(&conn->queue, pending, link);
	else
		conn->sent_count--;
	HASH_DELETE(hh, conn->requests, pending);
	close_fds(pending);
	json_decref(pending->params);
	free(pending->line);
	free(pending);
}

void pending_finish(pp_conn *conn, struct pending *pending, enum pp_error error, json_t *result)
{
	pp_callback *callback = pending->callback;
	void *arg = pending->arg;

	pending_free(conn, pending);
	if (callback)
		callback(conn, error, result, arg);
}

void requests_requeue(pp_conn *conn)
{
	struct pending *pending, *next;

	TAILQ_INIT(&conn->queue);
	conn->head_sent_bytes = 0;
	conn->sent_count = 0;
	/* The table is in the order of the numbers. */
	HASH_ITER (hh, conn->requests, pending, next) {
		pending->was_sent |= !pending->is_queued;
		pending->is_queued = true;
		TAILQ_INSERT_TAIL(&conn->queue, pending, link);
		if (pending->is_internal)
			pending_free(conn, pending);
	}
}
