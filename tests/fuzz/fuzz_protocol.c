/*
 * Framing, JSON-RPC and the check of params, as a session uses them. The first byte of the input
 * says in pieces of which size the rest arrives.
 */
#include <jansson.h>
#include <stdlib.h>

#include "protocol/frame.h"
#include "protocol/jsonrpc.h"
#include "protocol/methods.h"
#include "tests/fuzz/fuzz.h"

#define LINE_MAX_BYTES 4096

static void try_message(json_t *value)
{
	struct params_problem problem = {0};
	struct jsonrpc_message message;
	const struct method *method;

	jsonrpc_read(value, &message);
	if (message.kind != JSONRPC_REQUEST && message.kind != JSONRPC_NOTIFICATION)
		return;
	method = protocol_method_find(message.method);
	if (!method)
		protocol_method_nearest(message.method);
	else if (protocol_params_check(method, message.params, &problem))
		json_decref(problem.data);
}

/* What was read is written, and read again as the same. */
static void try_again(const json_t *value)
{
	struct jsonrpc_problem problem;
	json_t *again = NULL;
	size_t length;
	char *line = jsonrpc_encode(value, &length);

	if (!line)
		return;
	FUZZ_CHECK(length > 0 && line[length - 1] == '\n');
	FUZZ_CHECK(jsonrpc_parse(line, length - 1, &again, &problem) == 0);
	FUZZ_CHECK(json_equal(value, again));
	json_decref(again);
	free(line);
}

static void try_line(const char *line, size_t length)
{
	struct jsonrpc_problem problem;
	json_t *value, *element;
	size_t i;

	if (jsonrpc_parse(line, length, &value, &problem)) {
		FUZZ_CHECK(!value && problem.text[0]);
		return;
	}
	if (jsonrpc_is_batch(value)) {
		json_array_foreach (value, i, element) {
			try_message(element);
		}
	} else {
		try_message(value);
	}
	try_again(value);
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size ? 1 + data[0] : 1, n;
	enum frame_status status = FRAME_MORE;
	struct frame frame;

	frame_init(&frame, LINE_MAX_BYTES);
	for (size_t at = 1; at < size && status == FRAME_MORE; at += n) {
		size_t length;
		char *line;

		n = size - at < piece ? size - at : piece;
		if (frame_feed(&frame, data + at, n))
			break;
		while ((status = frame_next(&frame, &line, &length)) == FRAME_LINE) {
			FUZZ_CHECK(length <= LINE_MAX_BYTES && line[length] == '\0');
			try_line(line, length);
		}
	}
	frame_clear(&frame);
	return 0;
}
