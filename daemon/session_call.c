/*
 * From a line to a handler: decoding, batches, limits, the check of params against the method's
 * table. What the methods do is not known here, nor how bytes travel.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/keep.h"
#include "daemon/log.h"
#include "daemon/measure.h"
#include "daemon/session_internal.h"
#include "protocol/jsonrpc.h"
#include "protocol/methods.h"
#include "protocol/version.h"

#define SHORT_LINE_BYTES 512
#define LARGE_LINE_BYTES (1u << 20)
#define BATCH_ERRORS_BYTES (512u << 10) /* of an answer to a batch, for errors alone */
#define BATCH_ANSWERS_MAX (8u << 20)    /* bytes; the rest of a batch is refused then */

/* --- where answers go --- */

static void add_to_batch(struct batch *batch, const char *line, size_t length)
{
	bool is_first = evbuffer_get_length(batch->answers) == 0;

	if (!batch->session || batch->session->is_dead)
		return;
	evbuffer_add(batch->answers, is_first ? "[" : ",", 1);
	evbuffer_add(batch->answers, line, length - 1); /* without its newline */
	batch->session->batch_bytes += length;
	session_count_output(batch->session);
}

/* One element has been dealt with; the last one sends the batch. */
static void settle_batch(struct batch *batch)
{
	if (--batch->n_pending > 0)
		return;
	if (batch->session && !batch->session->is_dead && evbuffer_get_length(batch->answers) > 0) {
		batch->session->batch_bytes -= evbuffer_get_length(batch->answers);
		evbuffer_add(batch->answers, "]\n", 2);
		session_queue_buffer(batch->session, batch->answers);
	}
	evbuffer_free(batch->answers);
	free(batch);
}

/* Whoever waits for that answer must not do so for ever. */
static void end_for_want_of_memory(const struct call *call)
{
	log_error("answer lost for want of memory method=%s", call->request.method);
	if (call->request.session)
		call->request.session->is_ending = true;
}

void call_send(struct call *call, char *line, size_t length)
{
	if (!line)
		end_for_want_of_memory(call);
	else if (call->batch)
		add_to_batch(call->batch, line, length);
	else if (call->request.session) {
		session_queue_taken(call->request.session, line, length);
		return;
	}
	free(line);
}

bool call_has_room(const struct call *call, size_t length)
{
	size_t gathered = call->batch ? evbuffer_get_length(call->batch->answers) : 0;

	if (gathered + length + BATCH_ERRORS_BYTES > PROTOCOL_MAX_LINE_BYTES && gathered > 0)
		return false;
	return session_has_room(call->request.session, length);
}

void call_end(struct call *call)
{
	struct session *session = call->request.session;

	if (session) {
		LIST_REMOVE(call, of_session);
		session->n_calls--;
		session->calls_bytes -= call->bytes;
		session_touch(session);
	}
	call->sessions->n_calls--;
	call->sessions->calls_bytes -= call->bytes;
	if (call->request.attachment)
		call->request.release(call->request.attachment);
	if (call->batch)
		settle_batch(call->batch);
	json_decref(call->params);
	json_decref(call->id);
	free(call);
}

/* --- one request --- */

/* What a message is answered with before there is a call, or where there is none at all. */
struct refusal {
	struct session *session;
	struct batch *batch;
	json_t *id; /* NULL: null */
};

/* Takes data. */
static void refuse(
    const struct refusal *to, enum protocol_error error, const char *text, json_t *data)
{
	size_t length;
	char *line = jsonrpc_encode_error(to->id, error, text, data, &length);

	json_decref(data);
	if (line && to->batch)
		add_to_batch(to->batch, line, length);
	else if (line)
		session_queue(to->session, line, length);
	free(line);
}

static void refuse_method(const struct refusal *to, const char *name)
{
	const char *near = protocol_method_nearest(name);
	char text[256];

	if (near)
		snprintf(text, sizeof(text), "no method %.80s (did you mean %s?)", name, near);
	else
		snprintf(text, sizeof(text), "no method %.80s", name);
	refuse(to, PROTOCOL_UNKNOWN_METHOD, text,
	    near ? json_pack("{s:s}", "suggestion", near) : NULL);
}

/* Who has little in flight does not suffer for those who have much. */
static bool is_over_limit(
    const struct session *session, const struct batch *batch, const struct method *method)
{
	bool is_kept = (method->flags & METHOD_WAITS) || session->line_bytes > SHORT_LINE_BYTES;
	const struct sessions *all = session->sessions;

	if (session->n_calls >= SESSION_REQUESTS_MAX ||
	    (batch && evbuffer_get_length(batch->answers) > BATCH_ANSWERS_MAX))
		return true;
	if (all->n_calls >= SESSIONS_REQUESTS_MAX && session->n_calls >= SESSION_REQUESTS_FAIR)
		return true;
	/* A short one that is answered at once always is: it may be what cancels the others. */
	return is_kept && all->calls_bytes + session->line_bytes > SESSIONS_CALLS_BUDGET &&
	       session->calls_bytes + session->line_bytes > SESSION_CALLS_FAIR;
}

void call_count_bytes(struct call *call)
{
	if (call->bytes > 0 || !call->request.session)
		return;
	call->bytes = sizeof(*call) + measure_json(call->params) + measure_json(call->id);
	call->request.session->calls_bytes += call->bytes;
	call->sessions->calls_bytes += call->bytes;
}

static struct call *make_call(struct session *session, struct batch *batch,
    const struct method *method, const struct jsonrpc_message *message)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	/* An array can only be an empty one here: all methods take their params by name. */
	call->params =
	    json_is_object(message->params) ? json_incref(message->params) : json_object();
	if (!call->params) {
		free(call);
		return NULL;
	}
	call->sessions = session->sessions;
	if (message->kind == JSONRPC_REQUEST) {
		call->id = json_incref(message->id);
		call->batch = batch;
		if (batch)
			batch->n_pending++;
	}
	call->request = (struct request){
	    .daemon = session->sessions->daemon,
	    .session = session,
	    .method = method->name,
	    .params = call->params,
	    .now_ns = scheduler_now_ns(),
	};
	LIST_INSERT_HEAD(&session->calls, call, of_session);
	session->n_calls++;
	session->sessions->n_calls++;
	return call;
}

/* Nothing may change while what has changed before cannot be stored. */
static void describe_unstored(const char *problem, char *text, size_t size)
{
	snprintf(
	    text, size, "the state cannot be stored, nothing is done until it can: %s", problem);
}

static void refuse_unstored(const struct refusal *to, const char *problem)
{
	char text[512];

	describe_unstored(problem, text, sizeof(text));
	refuse(to, PROTOCOL_STORAGE, text, NULL);
}

/* The same of a call that is there already. */
static void answer_refusal(struct call *call, enum protocol_error error, const char *text)
{
	if (call->id)
		request_refuse(&call->request, error, text, NULL);
	else
		call_end(call);
}

bool call_is_refused(struct call *call, const struct method *method)
{
	struct sessions *sessions = call->sessions;
	struct daemon *daemon = sessions->daemon;
	const char *problem = keep_get_problem(daemon);
	char text[512];

	if (daemon->is_stopping && !(method->flags & METHOD_ALWAYS)) {
		answer_refusal(call, PROTOCOL_SHUTTING_DOWN, NULL);
		return true;
	}
	if (problem && !(method->flags & (METHOD_LOOKS | METHOD_ALWAYS))) {
		describe_unstored(problem, text, sizeof(text));
		sessions->is_looking = true;
		answer_refusal(call, PROTOCOL_STORAGE, text);
		sessions->is_looking = false;
		return true;
	}
	return false;
}

void call_dispatch(struct call *call, const struct method *method)
{
	struct sessions *sessions = call->sessions;
	struct daemon *daemon = sessions->daemon;

	/* What is only looked at need not wait for what cannot be stored now. */
	if (!keep_get_problem(daemon) || !(method->flags & METHOD_LOOKS))
		scheduler_wake(daemon);
	sessions->is_looking = keep_get_problem(daemon) != NULL;
	if (request_find_handler(method->name)(&call->request) == REQUEST_DEFERRED)
		call_count_bytes(call); /* else it is gone */
	sessions->is_looking = false;
}

/* Has a request handled that is well-formed. Notifications are never answered. */
static void handle_request(
    struct session *session, struct batch *batch, const struct jsonrpc_message *message)
{
	struct daemon *daemon = session->sessions->daemon;
	const struct method *method = protocol_method_find(message->method);
	struct refusal to = {.session = session, .batch = batch, .id = message->id};
	struct params_problem problem = {0};
	bool is_notification = message->kind == JSONRPC_NOTIFICATION;
	struct call *call;

	if (!method || !request_find_handler(method->name)) {
		if (!is_notification)
			refuse_method(&to, message->method);
		return;
	}
	if (daemon->is_stopping && !(method->flags & METHOD_ALWAYS)) {
		if (!is_notification)
			refuse(&to, PROTOCOL_SHUTTING_DOWN, NULL, NULL);
		return;
	}
	if (is_over_limit(session, batch, method)) {
		if (!is_notification)
			refuse(&to, PROTOCOL_LIMIT, "too many requests in flight", NULL);
		return;
	}
	if (protocol_params_check(method, message->params, &problem) < 0) {
		if (is_notification)
			json_decref(problem.data);
		else
			refuse(&to, problem.error, problem.text, problem.data);
		return;
	}
	if (keep_get_problem(daemon) && !(method->flags & (METHOD_LOOKS | METHOD_ALWAYS))) {
		session->sessions->is_looking = true;
		if (!is_notification)
			refuse_unstored(&to, keep_get_problem(daemon));
		session->sessions->is_looking = false;
		return;
	}
	call = make_call(session, batch, method, message);
	if (!call) {
		if (!is_notification)
			refuse(&to, PROTOCOL_INTERNAL, "out of memory", NULL);
		return;
	}
	if (!call_hold_early(call))
		call_dispatch(call, method);
}

/* value: a message, or an element of a batch. */
static void handle_message(struct session *session, struct batch *batch, json_t *value)
{
	struct jsonrpc_message message;

	jsonrpc_read(value, &message);
	switch (message.kind) {
	case JSONRPC_REQUEST:
	case JSONRPC_NOTIFICATION:
		handle_request(session, batch, &message);
		break;
	case JSONRPC_INVALID: {
		struct refusal to = {.session = session, .batch = batch, .id = message.id};
		refuse(&to, message.problem.error, message.problem.text, NULL);
		break;
	}
	case JSONRPC_ANSWER:
	case JSONRPC_ERROR:
		break; /* of requests that we never send */
	}
}

/* What a large message took in small pieces stays with the process, if nobody says that it may go.
 */
static void give_back_memory(size_t line_bytes)
{
#ifdef __GLIBC__
	if (line_bytes > LARGE_LINE_BYTES)
		malloc_trim(0);
#else
	(void)line_bytes;
#endif
}

/* --- batches --- */

/* Takes elements. */
static void begin_batch(struct session *session, json_t *elements)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch || !(batch->answers = evbuffer_new())) {
		free(batch);
		json_decref(elements);
		session_queue_error(session, PROTOCOL_INTERNAL, "out of memory");
		return;
	}
	batch->session = session;
	batch->n_pending = 1;
	session->input = (struct batch_input){
	    .batch = batch, .elements = elements, .bytes = measure_json(elements)};
	session->calls_bytes += session->input.bytes;
	session->sessions->calls_bytes += session->input.bytes;
}

void session_handle_element(struct session *session)
{
	struct batch_input *input = &session->input;

	handle_message(session, input->batch, json_array_get(input->elements, input->next++));
	if (input->next == json_array_size(input->elements))
		session_end_batch(session);
}

void session_end_batch(struct session *session)
{
	struct batch_input input = session->input;

	if (!input.batch)
		return;
	session->input = (struct batch_input){0};
	session->calls_bytes -= input.bytes;
	session->sessions->calls_bytes -= input.bytes;
	if (session->is_dead || session->is_ending)
		input.batch->session = NULL;
	settle_batch(input.batch);
	json_decref(input.elements);
	give_back_memory(input.bytes);
}

void session_handle_line(struct session *session, char *line, size_t length)
{
	struct jsonrpc_problem problem;
	json_t *value;

	while (length > 0 && strchr(" \t\r", line[length - 1]) && line[length - 1])
		length--;
	if (length == 0)
		return;
	session->line_bytes = length;
	if (jsonrpc_parse(line, length, &value, &problem) < 0) {
		session_queue_error(session, problem.error, problem.text);
		return;
	}
	if (jsonrpc_is_batch(value)) {
		begin_batch(session, value);
		return;
	}
	handle_message(session, NULL, value);
	json_decref(value);
	give_back_memory(length);
}

/* --- the connection's end --- */

void session_abandon_calls(struct session *session)
{
	struct call *call;

	while ((call = LIST_FIRST(&session->calls))) {
		struct request *request = &call->request;

		LIST_REMOVE(call, of_session);
		session->n_calls--;
		session->calls_bytes -= call->bytes;
		request->session = NULL;
		if (call->batch)
			call->batch->session = NULL;
		if (!request->abandon)
			continue; /* its handler answers some day, to nobody */
		request->abandon(request);
		call_end(call);
	}
}

void session_refuse_calls(struct session *session, enum protocol_error error)
{
	struct call *call;

	while ((call = LIST_FIRST(&session->calls))) {
		struct request *request = &call->request;

		if (request->abandon)
			request->abandon(request);
		answer_refusal(call, error, NULL);
	}
}
