/*
 * How handlers answer: the envelope, the size of an answer, and the core's faults in the words of
 * the protocol. Knows calls and batches, not sockets.
 */
#include "daemon/request.h"

#include <stdlib.h>

#include "daemon/session_internal.h"
#include "protocol/jsonrpc.h"
#include "protocol/version.h"

/* The call around a request, of which it is the first member. */
static struct call *call_of(struct request *request)
{
	return (struct call *)request;
}

/* Why an answer of so many bytes is not given, or NULL. */
static const char *find_limit(const struct call *call, size_t length)
{
	if (length > PROTOCOL_MAX_LINE_BYTES)
		return "the answer would be longer than 16 MiB: ask for less";
	if (!call_has_room(call, length))
		return "the answer is too long for now: answers that nobody reads take up the room";
	return NULL;
}

/* Whether somebody is there who hears the answer. */
static bool is_heard(const struct call *call)
{
	return call->id && call->request.session;
}

/* Takes line, which is NULL where there was no memory for it. */
static void send_answer(struct call *call, char *line, size_t length)
{
	const char *limit = line ? find_limit(call, length) : NULL;

	if (!line) {
		line = jsonrpc_encode_error(
		    call->id, PROTOCOL_INTERNAL, "no memory for the answer", NULL, &length);
	} else if (limit) {
		free(line);
		line = jsonrpc_encode_error(call->id, PROTOCOL_LIMIT, limit, NULL, &length);
	}
	call_send(call, line, length);
}

enum request_status request_answer(struct request *request, json_t *result)
{
	struct call *call = call_of(request);
	size_t length = 0;

	if (is_heard(call)) {
		char *line = jsonrpc_encode_answer(call->id, result, &length);

		send_answer(call, line, length);
	}
	json_decref(result);
	call_end(call);
	return REQUEST_DONE;
}

enum request_status request_answer_items(
    struct request *request, json_t *result, const char *member, const struct json_text *items)
{
	struct call *call = call_of(request);
	size_t length = 0;

	if (is_heard(call)) {
		char *line = jsonrpc_encode_items(call->id, result, member, items, &length);

		send_answer(call, line, length);
	}
	json_decref(result);
	call_end(call);
	return REQUEST_DONE;
}

enum request_status request_refuse(
    struct request *request, enum protocol_error error, const char *message, json_t *data)
{
	struct call *call = call_of(request);
	size_t length;

	if (call->id && request->session) {
		char *line = jsonrpc_encode_error(call->id, error, message, data, &length);
		call_send(call, line, length);
	}
	json_decref(data);
	call_end(call);
	return REQUEST_DONE;
}

void request_forget_params(struct request *request)
{
	struct call *call = call_of(request);
	json_t *empty = json_object();

	if (!empty)
		return;
	call_count_bytes(call); /* what the handler has kept of them is about as much */
	json_decref(call->params);
	call->params = empty;
	request->params = empty;
}

/* What a fault is called in the protocol, and the member of data that has its names. */
static const struct fault_words {
	enum protocol_error error;
	const char *names;
} fault_words[] = {
    [FAULT_NONE] = {PROTOCOL_INTERNAL, NULL},
    [FAULT_UNKNOWN_NAME] = {PROTOCOL_UNKNOWN_NAME, "suggestions"},
    [FAULT_AMBIGUOUS_NAME] = {PROTOCOL_AMBIGUOUS_NAME, "matches"},
    [FAULT_BAD_NAME] = {PROTOCOL_BAD_NAME, "names"},
    [FAULT_BAD_ARGUMENT] = {PROTOCOL_BAD_ARGUMENT, "names"},
    [FAULT_NOT_A_CHOICE] = {PROTOCOL_NOT_A_CHOICE, "choices"},
    [FAULT_CYCLE] = {PROTOCOL_CYCLE, "cycle"},
    [FAULT_WAVE_ORDER] = {PROTOCOL_WAVE_ORDER, "names"},
    [FAULT_TOO_LATE] = {PROTOCOL_TOO_LATE, "names"},
    [FAULT_EXISTS] = {PROTOCOL_EXISTS, "names"},
    [FAULT_NOT_FOUND] = {PROTOCOL_NOT_FOUND, "names"},
    [FAULT_MISSING_DEP] = {PROTOCOL_MISSING_DEP, "names"},
    [FAULT_LIMIT] = {PROTOCOL_LIMIT, "names"},
    [FAULT_NOT_ALLOWED] = {PROTOCOL_NOT_ALLOWED, "names"},
    [FAULT_DEADLOCK] = {PROTOCOL_DEADLOCK, "cycle"},
    [FAULT_BAD_DEFINITION] = {PROTOCOL_BAD_DEFINITION, "names"},
    [FAULT_NEEDS_CHOICES] = {PROTOCOL_INTERNAL, NULL},
};

static json_t *list_names(const struct strings *names)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < names->count; i++) {
		if (json_array_append_new(list, json_string(names->items[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

enum request_status request_refuse_fault(struct request *request, struct fault *fault)
{
	const struct fault_words *words = &fault_words[FAULT_NONE];
	json_t *data = NULL;

	if ((size_t)fault->code < sizeof(fault_words) / sizeof(fault_words[0]))
		words = &fault_words[fault->code];
	if (words->names && fault->names.count > 0)
		data = json_pack("{s:o*}", words->names, list_names(&fault->names));
	if (fault->code == FAULT_WAVE_ORDER && data)
		json_object_set_new(
		    data, "waves", json_pack("[i, i]", (int)fault->waves[0], (int)fault->waves[1]));
	if (fault->facts.count > 0 && !data)
		data = json_object();
	for (size_t i = 0; i + 1 < fault->facts.count; i += 2)
		json_object_set_new(
		    data, fault->facts.items[i], json_string(fault->facts.items[i + 1]));
	request_refuse(request, words->error, fault->message, data);
	fault_clear(fault);
	return REQUEST_DONE;
}
