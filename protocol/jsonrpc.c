/*
 * JSON-RPC 2.0 on top of jansson: a cheap look over the bytes before they are parsed, the strict
 * reading of what was parsed, and encoders that write straight into one buffer. Knows neither
 * sockets nor methods.
 */
#include "protocol/jsonrpc.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/version.h"

/* What jansson takes on a machine of 64 bits, with what malloc(3) adds. */
#define OBJECT_BYTES 240
#define ARRAY_BYTES 128
#define STRING_BYTES 64 /* of a key or a text, beside its own */
#define VALUE_BYTES 48  /* a number, or the place of any value in what it is in */

/* Always returns -1. The text may quote what a peer sent: whatever is not plain ASCII goes. */
static int problem_set(struct jsonrpc_problem *problem, enum protocol_error error,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

static int problem_set(
    struct jsonrpc_problem *problem, enum protocol_error error, const char *format, ...)
{
	va_list arguments;
	char *p;

	problem->error = error;
	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	for (p = problem->text; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	return -1;
}

/* ---- decoding ---- */

/* The end of the string that begins behind its opening quote at p: behind the closing one. */
static const char *skip_string(const char *p, const char *end)
{
	for (; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return p < end ? p + 1 : end;
}

/* Counts nesting and values of what need not be JSON at all, so that jansson never builds what is
 * over the limits. Values: one to begin with, one more for each comma (an object's member counts
 * once) and for each container that is not empty. */
static int check_limits(const char *line, size_t length, struct jsonrpc_problem *problem)
{
	const char *p = line, *end = line + length;
	size_t depth = 0, values = 1;
	bool is_open = false; /* nothing but white space since the container opened */

	while (p < end) {
		char c = *p++;

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (is_open && c != ']' && c != '}')
			values++;
		is_open = c == '[' || c == '{';
		if (is_open)
			depth++;
		else if (c == ',')
			values++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		else if (c == '"')
			p = skip_string(p, end);
		if (depth > PROTOCOL_MAX_DEPTH)
			return problem_set(problem, PROTOCOL_LIMIT,
			    "the message is nested more than %d deep", PROTOCOL_MAX_DEPTH);
		if (values > PROTOCOL_MAX_VALUES)
			return problem_set(problem, PROTOCOL_LIMIT,
			    "the message has more than %d values", PROTOCOL_MAX_VALUES);
	}
	return 0;
}

size_t jsonrpc_estimate_bytes(const char *line, size_t length_bytes)
{
	const char *p = line, *end = line + length_bytes, *string;
	size_t bytes = 0;

	while (p < end) {
		char c = *p++;

		if (c == '{') {
			bytes += OBJECT_BYTES;
		} else if (c == '[') {
			bytes += ARRAY_BYTES;
		} else if (c == ',' || c == ':') {
			bytes += VALUE_BYTES;
		} else if (c == '"') {
			string = p;
			p = skip_string(p, end);
			bytes += STRING_BYTES + (size_t)(p - string);
		}
	}
	return bytes;
}

int jsonrpc_parse(
    const char *line, size_t length_bytes, json_t **value, struct jsonrpc_problem *problem)
{
	json_error_t error;

	*value = NULL;
	if (check_limits(line, length_bytes, problem) < 0)
		return -1;
	*value = json_loadb(line, length_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (*value)
		return 0;
	/* Where memory runs out while it builds, jansson says nothing. */
	if (error.text[0] == '\0' || json_error_code(&error) == json_error_out_of_memory)
		return problem_set(problem, PROTOCOL_INTERNAL, "no memory for the message");
	if (json_error_code(&error) == json_error_null_character ||
	    json_error_code(&error) == json_error_null_byte_in_key)
		return problem_set(problem, PROTOCOL_PARSE_ERROR,
		    "no text may have a \\u0000, as the one that ends at byte %d has",
		    error.position);
	return problem_set(problem, PROTOCOL_PARSE_ERROR, "the message is not JSON: %s at byte %d",
	    error.text, error.position);
}

bool jsonrpc_is_batch(const json_t *value)
{
	return json_is_array(value) && json_array_size(value) > 0 &&
	       json_array_size(value) <= PROTOCOL_MAX_BATCH;
}

static bool is_id(const json_t *id)
{
	return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

static int read_call(json_t *value, struct jsonrpc_message *message)
{
	json_t *method = json_object_get(value, "method");
	json_t *params = json_object_get(value, "params");

	if (!json_is_string(method))
		return problem_set(
		    &message->problem, PROTOCOL_INVALID_REQUEST, "\"method\" must be a string");
	if (params && !json_is_object(params) && !json_is_array(params))
		return problem_set(&message->problem, PROTOCOL_INVALID_REQUEST,
		    "\"params\" must be an object or an array");
	message->method = json_string_value(method);
	message->params = params;
	message->kind = message->id ? JSONRPC_REQUEST : JSONRPC_NOTIFICATION;
	return 0;
}

static int read_error(json_t *error, struct jsonrpc_message *message)
{
	json_t *code = json_object_get(error, "code");
	json_t *text = json_object_get(error, "message");

	if (!json_is_integer(code) || json_integer_value(code) < INT_MIN ||
	    json_integer_value(code) > INT_MAX || !json_is_string(text))
		return problem_set(&message->problem, PROTOCOL_INVALID_REQUEST,
		    "\"error\" must be an object with \"code\" and \"message\"");
	message->code = (int)json_integer_value(code);
	message->text = json_string_value(text);
	message->data = json_object_get(error, "data");
	message->kind = JSONRPC_ERROR;
	return 0;
}

static int read_answer(json_t *value, struct jsonrpc_message *message)
{
	json_t *result = json_object_get(value, "result");
	json_t *error = json_object_get(value, "error");

	if (!message->id)
		return problem_set(
		    &message->problem, PROTOCOL_INVALID_REQUEST, "an answer must have an \"id\"");
	if (result && error)
		return problem_set(&message->problem, PROTOCOL_INVALID_REQUEST,
		    "an answer cannot have both \"result\" and \"error\"");
	if (error)
		return read_error(error, message);
	message->result = result;
	message->kind = JSONRPC_ANSWER;
	return 0;
}

static int read_object(json_t *value, struct jsonrpc_message *message)
{
	json_t *id = json_object_get(value, "id");
	const char *version = json_string_value(json_object_get(value, "jsonrpc"));

	if (id && !is_id(id))
		return problem_set(&message->problem, PROTOCOL_INVALID_REQUEST,
		    "\"id\" must be a string, a number or null");
	message->id = id;
	if (!version || strcmp(version, "2.0") != 0)
		return problem_set(
		    &message->problem, PROTOCOL_INVALID_REQUEST, "\"jsonrpc\" must be \"2.0\"");
	if (json_object_get(value, "method"))
		return read_call(value, message);
	if (json_object_get(value, "result") || json_object_get(value, "error"))
		return read_answer(value, message);
	return problem_set(&message->problem, PROTOCOL_INVALID_REQUEST, "\"method\" is missing");
}

void jsonrpc_read(json_t *value, struct jsonrpc_message *message)
{
	int status;

	*message = (struct jsonrpc_message){.kind = JSONRPC_INVALID};
	if (json_is_object(value))
		status = read_object(value, message);
	else if (json_array_size(value) > PROTOCOL_MAX_BATCH)
		status = problem_set(&message->problem, PROTOCOL_LIMIT,
		    "the batch has more than %d messages", PROTOCOL_MAX_BATCH);
	else
		status = problem_set(&message->problem, PROTOCOL_INVALID_REQUEST,
		    json_is_array(value) ? "the batch is empty or inside another"
		                         : "a message must be an object");
	if (status < 0)
		message->kind = JSONRPC_INVALID;
}

/* ---- encoding ---- */

void jsonrpc_begin_notification(struct json_text *line, const char *method)
{
	json_text_add_raw(line, "{\"jsonrpc\":\"2.0\"");
	json_text_member(line, "method");
	json_text_string(line, method);
	json_text_member(line, "params");
}

char *jsonrpc_finish(struct json_text *line, size_t *length_bytes)
{
	json_text_bracket(line, '}');
	return json_text_finish(line, length_bytes);
}

static char *encode_call(json_t *id, const char *method, json_t *params, size_t *length_bytes)
{
	struct json_text line = {0};

	json_text_add_raw(&line, "{\"jsonrpc\":\"2.0\"");
	if (id) {
		json_text_member(&line, "id");
		json_text_value(&line, id);
	}
	json_text_member(&line, "method");
	if (json_text_string(&line, method) != 0)
		line.is_failed = true;
	if (params) {
		json_text_member(&line, "params");
		json_text_value(&line, params);
	}
	return jsonrpc_finish(&line, length_bytes);
}

char *jsonrpc_encode_request(json_t *id, const char *method, json_t *params, size_t *length_bytes)
{
	return encode_call(id ? id : json_null(), method, params, length_bytes);
}

char *jsonrpc_encode_notification(const char *method, json_t *params, size_t *length_bytes)
{
	return encode_call(NULL, method, params, length_bytes);
}

char *jsonrpc_encode_answer(json_t *id, json_t *result, size_t *length_bytes)
{
	struct json_text line = {0};

	json_text_add_raw(&line, "{\"jsonrpc\":\"2.0\"");
	json_text_member(&line, "id");
	json_text_value(&line, id);
	json_text_member(&line, "result");
	json_text_value(&line, result);
	return jsonrpc_finish(&line, length_bytes);
}

char *jsonrpc_encode_items(json_t *id, json_t *result, const char *member,
    const struct json_text *items, size_t *length_bytes)
{
	struct json_text line = {.is_failed = items->is_failed || !result};

	json_text_add_raw(&line, "{\"jsonrpc\":\"2.0\"");
	json_text_member(&line, "id");
	json_text_value(&line, id);
	json_text_member(&line, "result");
	json_text_bracket(&line, '{');
	json_text_member(&line, member);
	json_text_bracket(&line, '[');
	if (items->length > 0)
		json_text_add(items->text, items->length, &line);
	json_text_bracket(&line, ']');
	json_text_members(&line, result);
	json_text_bracket(&line, '}');
	return jsonrpc_finish(&line, length_bytes);
}

char *jsonrpc_encode_error(
    json_t *id, enum protocol_error error, const char *text, json_t *data, size_t *length_bytes)
{
	json_t *answer = jsonrpc_build_error(id, error, text, data);
	char *line = answer ? jsonrpc_encode(answer, length_bytes) : NULL;

	json_decref(answer);
	return line;
}

char *jsonrpc_encode(const json_t *value, size_t *length_bytes)
{
	struct json_text line = {0};

	json_text_value(&line, value);
	return json_text_finish(&line, length_bytes);
}

json_t *jsonrpc_build_answer(json_t *id, json_t *result)
{
	return json_pack("{s:s, s:O, s:O}", "jsonrpc", "2.0", "id", id ? id : json_null(), "result",
	    result ? result : json_null());
}

json_t *jsonrpc_build_error(json_t *id, enum protocol_error error, const char *text, json_t *data)
{
	json_t *named = data ? json_copy(data) : json_object();
	json_t *message = text ? json_string(text) : NULL;

	if (!message) /* none given, or a peer's name in it was cut inside a character */
		message = json_string(protocol_error_meaning(error));
	if (!named || !message ||
	    json_object_set_new(named, "error", json_string(protocol_error_name(error))) < 0) {
		json_decref(named);
		json_decref(message);
		return NULL;
	}
	return json_pack("{s:s, s:O, s:{s:i, s:o, s:o}}", "jsonrpc", "2.0", "id",
	    id ? id : json_null(), "error", "code", protocol_error_code(error), "message", message,
	    "data", named);
}
