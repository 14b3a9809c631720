/*
 * What a connection has beside the requests that are not answered: its subscription, and the holds
 * that end with it. Both are noted as answers tell of them, so that another connection can be given
 * the same. What events say is the user's affair, but for their numbers.
 */
#include <string.h>
#include <time.h>

#include "lib/connection.h"
#include "protocol/methods.h"

/* ---- what there is ---- */

static enum pp_error fail_memory(pp_conn *conn)
{
	return conn_fail(conn, PP_ERR_NOMEM, "no memory to note what the connection has");
}

static void note_seq(pp_conn *conn, const json_t *holder)
{
	json_int_t seq = json_integer_value(json_object_get(holder, "seq"));

	if (seq > conn->last_seq)
		conn->last_seq = seq;
}

/* A hold that ends with the connection; kept with the number of its run. */
static enum pp_error add_hold(pp_conn *conn, const struct pending *pending, const json_t *result)
{
	json_t *params = json_copy(pending->params);

	if (!conn->holds)
		conn->holds = json_array();
	json_object_del(params, "request_id"); /* over another connection it is another hold */
	if (json_object_set(params, "run", json_object_get(result, "run")) < 0) {
		json_decref(params);
		return fail_memory(conn);
	}
	return json_array_append_new(conn->holds, params) < 0 ? fail_memory(conn) : PP_OK;
}

static void drop_hold(pp_conn *conn, const json_t *run)
{
	size_t i;
	json_t *hold;

	json_array_foreach (conn->holds, i, hold) {
		if (json_equal(json_object_get(hold, "run"), run)) {
			json_array_remove(conn->holds, i);
			return;
		}
	}
}

static void drop_subscription(pp_conn *conn)
{
	json_decref(conn->subscription);
	conn->subscription = NULL;
}

static enum pp_error set_subscription(pp_conn *conn, json_t *params)
{
	drop_subscription(conn);
	conn->subscription = params ? json_incref(params) : json_object();
	return conn->subscription ? PP_OK : fail_memory(conn);
}

enum pp_error held_note_answer(pp_conn *conn, const struct pending *pending, json_t *result)
{
	const char *method = pending->method ? pending->method->name : "";

	if (strcmp(method, "subscribe") == 0) {
		note_seq(conn, result);
		return set_subscription(conn, pending->params);
	} else if (strcmp(method, "unsubscribe") == 0) {
		drop_subscription(conn);
	} else if (strcmp(method, "open") == 0 && pending->params) {
		return add_hold(conn, pending, result);
	} else if (strcmp(method, "close") == 0) {
		drop_hold(conn, json_object_get(result, "run"));
	}
	return PP_OK;
}

void held_note_event(pp_conn *conn, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));

	note_seq(conn, event);
	if (kind && strcmp(kind, "end") == 0)
		conn->has_ended = true;
}

bool held_is_needed(const pp_conn *conn)
{
	return conn->subscription || json_array_size(conn->holds) > 0;
}

/* ---- over another connection ---- */

/* Tells the user that nobody knows what happened meanwhile, as a daemon does that drops events. */
static enum pp_error tell_resync(pp_conn *conn)
{
	struct timespec now;
	json_t *event;

	if (!conn->on_event)
		return PP_OK;
	clock_gettime(CLOCK_REALTIME, &now);
	event = json_pack("{s:I, s:f, s:s}", "seq", conn->last_seq, "time",
	    (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6, "kind", "resync");
	if (!event)
		return fail_memory(conn);
	conn->on_event(conn, event, conn->on_event_arg);
	json_decref(event);
	return PP_OK;
}

/* arg: NULL where it was asked for what was missed, which is still to come then. */
static void note_subscribed(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	if (error == PP_OK && arg)
		note_seq(conn, result);
	if (error != PP_ERR_REMOTE)
		return;
	/* What it was for has gone. Whoever asks anew will be told so. */
	drop_subscription(conn);
	tell_resync(conn);
}

static enum pp_error subscribe_again(pp_conn *conn, bool is_continued)
{
	json_t *params = json_copy(conn->subscription);
	bool is_plain = !(is_continued && conn->has_after);

	if (!params ||
	    (!is_plain && json_object_set_new(params, "after", json_integer(conn->last_seq)) < 0)) {
		json_decref(params);
		return fail_memory(conn);
	}
	if (!pending_new_internal(
	        conn, "subscribe", params, note_subscribed, is_plain ? conn : NULL))
		return conn->error;
	return PP_OK;
}

/* arg: the hold. Where the run is over there is nothing to be held. */
static void note_opened(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	size_t i;
	json_t *hold;

	(void)result;
	if (error != PP_ERR_REMOTE)
		return;
	json_array_foreach (conn->holds, i, hold) {
		if (hold == arg) {
			json_array_remove(conn->holds, i);
			return;
		}
	}
}

static enum pp_error open_again(pp_conn *conn)
{
	const struct method *method = protocol_method_find("open");
	size_t i;
	json_t *hold;

	json_array_foreach (conn->holds, i, hold) {
		json_t *params = json_incref(hold);

		if (repeat_prepare(conn, method, &params) != PP_OK ||
		    !pending_new_internal(conn, "open", params, note_opened, hold))
			return conn->error;
	}
	return PP_OK;
}

/* Whether events come, or will, that somebody may have missed some of. */
static bool hears_events(const pp_conn *conn)
{
	const struct pending *pending = conn->requests;

	while (pending && !(pending->was_sent && pending->params &&
	                      json_is_true(json_object_get(pending->params, "subscribe"))))
		pending = pending->hh.next;
	return conn->subscription || pending;
}

enum pp_error held_ask_again(pp_conn *conn, bool is_continued)
{
	bool has_missed = hears_events(conn) && !(is_continued && conn->has_after);
	enum pp_error error = PP_OK;

	if (!is_continued) { /* numbers mean something else to this one */
		json_array_clear(conn->holds);
		conn->last_seq = 0;
	}
	if (conn->subscription)
		error = subscribe_again(conn, is_continued);
	if (error == PP_OK)
		error = open_again(conn);
	if (error == PP_OK && has_missed)
		error = tell_resync(conn);
	return error;
}
