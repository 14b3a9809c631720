/*
 * Which requests can be asked again when their connection has ended without an answer, and how.
 * What only looks is asked as it was. What changes something carries a request_id from the first
 * time on, by which the daemon knows the second. Of other methods nothing is known, so they are
 * sent once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/connection.h"
#include "protocol/methods.h"

#define ID_BYTES 16 /* so many that two alike will never be */

/* ---- ids ---- */

/* A new text that nobody else has. NULL with the error noted. */
static json_t *make_id(pp_conn *conn)
{
	unsigned char bytes[ID_BYTES];
	char text[2 * ID_BYTES + 1];
	json_t *id;

	if (getrandom(bytes, ID_BYTES, 0) != ID_BYTES) {
		conn_fail(conn, PP_ERR_SYSTEM, "no random number for the request: %m");
		return NULL;
	}
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	id = json_string(text);
	if (!id)
		conn_fail(conn, PP_ERR_NOMEM, "no memory for the request");
	return id;
}

static bool takes_id(const struct method *method)
{
	return method && protocol_param_find(method, "request_id");
}

enum pp_error repeat_prepare(pp_conn *conn, const struct method *method, json_t **params)
{
	json_t *copy, *id;

	if (!takes_id(method) || json_object_get(*params, "request_id") ||
	    json_array_size(*params) > 0)
		return PP_OK;
	/* What was given may be the caller's still, who sends it once more as another request. */
	copy = json_is_object(*params) ? json_copy(*params) : json_object();
	json_decref(*params);
	*params = copy;
	id = make_id(conn);
	if (id && json_object_set_new(copy, "request_id", id) == 0)
		return PP_OK;
	json_decref(copy);
	*params = NULL;
	return id ? conn_fail(conn, PP_ERR_NOMEM, "no memory for the request") : conn->error;
}

/* ---- what is kept ---- */

static bool is_method(const struct pending *pending, const char *name)
{
	return pending->method && strcmp(pending->method->name, name) == 0;
}

static bool is_subscribed_run(const struct pending *pending)
{
	return is_method(pending, "run") &&
	       json_is_true(json_object_get(pending->params, "subscribe"));
}

void repeat_keep(struct pending *pending, const struct method *method, json_t *params)
{
	const char *until = json_string_value(json_object_get(params, "for"));
	const json_t *timeout = json_object_get(params, "timeout");

	pending->method = method;
	if (is_method(pending, "wait") && json_is_number(timeout))
		pending->deadline_s = clock_deadline_s(json_number_value(timeout));
	if (pending->deadline_s >= 0 || is_method(pending, "subscribe") ||
	    (is_method(pending, "run") && json_is_true(json_object_get(params, "subscribe"))) ||
	    (is_method(pending, "open") && until && strcmp(until, "connection") == 0))
		pending->params = json_incref(params);
}

/* ---- when the connection has ended ---- */

/* Nobody hears the answer, and nothing comes of it. */
static bool is_pointless(const struct pending *pending)
{
	return !pending->callback && pending->method && !takes_id(pending->method) &&
	       !is_method(pending, "subscribe") && !is_method(pending, "unsubscribe");
}

void repeat_filter(pp_conn *conn)
{
	struct pending *pending, *next;

	HASH_ITER (hh, conn->requests, pending, next) {
		if (is_pointless(pending))
			pending_free(conn, pending);
		else if (pending->was_sent && !pending->method)
			pending_finish(conn, pending,
			    conn_fail(conn, PP_ERR_UNREACHABLE,
			        "%s; it is not known whether the request was carried out",
			        conn->gone_text ? conn->gone_text : "the connection ended"),
			    NULL);
	}
}

void repeat_give_up(pp_conn *conn)
{
	struct pending *pending, *next;

	HASH_ITER (hh, conn->requests, pending, next) {
		if (is_method(pending, "shutdown"))
			pending_finish(conn, pending,
			    conn_fail(conn, PP_ERR_UNREACHABLE, "the daemon has gone (%s)",
			        conn->socket_path),
			    NULL);
	}
}

void repeat_fail_lost(pp_conn *conn)
{
	struct pending *pending, *next;

	HASH_ITER (hh, conn->requests, pending, next) {
		if (pending->was_sent && takes_id(pending->method))
			pending_finish(conn, pending,
			    conn_fail(conn, PP_ERR_UNREACHABLE,
			        "the daemon was restarted and knows nothing of what was before "
			        "(%s)",
			        conn->socket_path),
			    NULL);
	}
}

/* ---- lines that change ---- */

/* The params for another time, new; NULL: no memory. */
static json_t *renewed_params(const pp_conn *conn, const struct pending *pending)
{
	json_t *params = json_copy(pending->params);
	int failed = 0;

	if (pending->deadline_s >= 0)
		failed = json_object_set_new(
		    params, "timeout", json_real(clock_left_s(pending->deadline_s)));
	if (is_subscribed_run(pending))
		failed |= json_object_set_new(params, "after", json_integer(conn->last_seq));
	if (failed) {
		json_decref(params);
		return NULL;
	}
	return params;
}

static bool has_to_change(const pp_conn *conn, const struct pending *pending)
{
	return pending->deadline_s >= 0 ||
	       (is_subscribed_run(pending) && pending->was_sent && conn->has_after);
}

static enum pp_error renew(pp_conn *conn, struct pending *pending)
{
	json_t *params = renewed_params(conn, pending);
	size_t length_bytes;
	char *line;

	if (!params)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory for the request");
	line = request_encode(conn, pending->id, pending->method->name, params, &length_bytes);
	json_decref(params);
	if (!line)
		return conn->error;
	free(pending->line);
	pending->line = line;
	pending->length_bytes = length_bytes;
	return PP_OK;
}

enum pp_error repeat_renew(pp_conn *conn)
{
	struct pending *pending, *next;
	enum pp_error error = PP_OK;

	HASH_ITER (hh, conn->requests, pending, next) {
		if (has_to_change(conn, pending))
			error = renew(conn, pending);
		if (error != PP_OK)
			break;
	}
	return error;
}

/* ---- time limits ---- */

double repeat_next_expiry_s(const pp_conn *conn)
{
	const struct pending *pending;
	double next_s = PP_FOREVER;

	for (pending = conn->requests; pending; pending = pending->hh.next) {
		if (pending->deadline_s >= 0 && (next_s < 0 || pending->deadline_s < next_s))
			next_s = pending->deadline_s;
	}
	return next_s;
}

void repeat_expire(pp_conn *conn)
{
	struct pending *pending, *next;
	json_t *data;

	HASH_ITER (hh, conn->requests, pending, next) {
		if (pending->deadline_s < 0 || clock_left_s(pending->deadline_s) > 0)
			continue;
		data = json_pack("{s:s}", "error", "timeout");
		pending_finish(
		    conn, pending, conn_fail_remote(conn, "the time has run out", data), NULL);
		json_decref(data);
	}
}
