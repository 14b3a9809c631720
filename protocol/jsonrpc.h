/*
 * JSON-RPC 2.0 messages: strict decoding of one line, encoding to one line. Knows neither where
 * lines come from nor what the methods mean.
 *
 * What a peer sent is never trusted: invalid UTF-8, duplicate keys, NUL characters, more nesting or
 * values than version.h allows are errors, found before much memory is spent.
 */
#ifndef PARPROC_PROTOCOL_JSONRPC_H
#define PARPROC_PROTOCOL_JSONRPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/errors.h"
#include "protocol/json_text.h"

/* What is wrong with a message, ready for jsonrpc_encode_error(). */
struct jsonrpc_problem {
	enum protocol_error error;
	char text[256]; /* UTF-8 */
};

enum jsonrpc_kind {
	JSONRPC_INVALID, /* no message at all: the problem says why */
	JSONRPC_REQUEST,
	JSONRPC_NOTIFICATION,
	JSONRPC_ANSWER,
	JSONRPC_ERROR, /* an answer that is an error */
};

/* One message; all pointers are borrowed from the value that it was read from. */
struct jsonrpc_message {
	enum jsonrpc_kind kind;
	json_t *id;         /* of requests and answers; of an invalid one where it could be told */
	const char *method; /* of requests and notifications */
	json_t *params;     /* of them: an object, an array or NULL */
	json_t *result;     /* of answers */
	int code;           /* of errors: JSON-RPC's number */
	const char *text;   /* of errors: their message */
	json_t *data;       /* of errors: their data or NULL */
	struct jsonrpc_problem problem; /* of invalid ones */
};

/* Parses one line (length_bytes of it, no terminator needed) to *value, which the caller releases.
 * -1: problem says why (parse_error, limit, or internal for no memory); *value is NULL. */
int jsonrpc_parse(
    const char *line, size_t length_bytes, json_t **value, struct jsonrpc_problem *problem);

/* About how many bytes of memory jsonrpc_parse() would take for the value of a line, rather more
 * than fewer: up to eighty times the line's own. */
size_t jsonrpc_estimate_bytes(const char *line, size_t length_bytes);

/* A parsed value is a batch if it is an array; its elements are messages. An empty one or one of
 * more than PROTOCOL_MAX_BATCH elements is one invalid request, not a batch: read it as a message
 * to get the problem. */
bool jsonrpc_is_batch(const json_t *value);

/* Tells what value (a parsed line that is no batch, or an element of a batch) is. Never fails:
 * JSONRPC_INVALID is a kind. A request's id is a string, number or null; a notification has none.
 */
void jsonrpc_read(json_t *value, struct jsonrpc_message *message);

/* The encoders return one line that ends with '\n' and, for convenience, with a NUL behind it; the
 * caller frees it. NULL: no memory, or a value that JSON cannot hold. They borrow what they are
 * given. *length_bytes counts the newline. */
char *jsonrpc_encode_request(json_t *id, const char *method, json_t *params, size_t *length_bytes);

/* params may be NULL: left out. */
char *jsonrpc_encode_notification(const char *method, json_t *params, size_t *length_bytes);

/* The same in pieces: begins a line with all before the params, which the caller writes then. */
void jsonrpc_begin_notification(struct json_text *line, const char *method);
char *jsonrpc_finish(struct json_text *line, size_t *length_bytes);

/* id may be NULL: null. result may be NULL: null. */
char *jsonrpc_encode_answer(json_t *id, json_t *result, size_t *length_bytes);

/* An answer whose result is an object: what is in result, and the items as a list under member. */
char *jsonrpc_encode_items(json_t *id, json_t *result, const char *member,
    const struct json_text *items, size_t *length_bytes);

/* id may be NULL: null. text may be NULL: the error's meaning. data (an object or NULL) is copied
 * and gets the member "error" with the error's stable name. */
char *jsonrpc_encode_error(
    json_t *id, enum protocol_error error, const char *text, json_t *data, size_t *length_bytes);

/* The same as values, for the answer to a batch (an array of them). NULL: no memory. */
json_t *jsonrpc_build_answer(json_t *id, json_t *result);
json_t *jsonrpc_build_error(json_t *id, enum protocol_error error, const char *text, json_t *data);

/* Any value as one line. */
char *jsonrpc_encode(const json_t *value, size_t *length_bytes);

#endif
