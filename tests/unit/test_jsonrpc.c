/*
 * JSON-RPC messages: what is taken, what is refused and with which error, what is written. Most of
 * the input is what a hostile or broken peer could send.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/jsonrpc.h"
#include "protocol/version.h"

static json_t *parse(const char *line)
{
	struct jsonrpc_problem problem;
	json_t *value;

	cr_assert_eq(
	    jsonrpc_parse(line, strlen(line), &value, &problem), 0, "%s: %s", line, problem.text);
	cr_assert_not_null(value);
	return value;
}

static void expect_refused(const char *line, size_t length, enum protocol_error error)
{
	struct jsonrpc_problem problem;
	json_t *value = json_null();
	const char *p;

	cr_assert_eq(jsonrpc_parse(line, length, &value, &problem), -1, "taken: %.60s", line);
	cr_assert_null(value);
	cr_assert_str_eq(protocol_error_name(problem.error), protocol_error_name(error));
	cr_assert_neq(problem.text[0], '\0');
	for (p = problem.text; *p; p++)
		cr_assert(*p >= ' ' && *p <= '~', "not printable: %s", problem.text);
}

static void read_message(const char *line, struct jsonrpc_message *message, json_t **value)
{
	*value = parse(line);
	jsonrpc_read(*value, message);
}

/* ---- lines ---- */

Test(jsonrpc, what_is_no_json_is_a_parse_error)
{
	static const char *const lines[] = {"", " ", "{", "[1,", "{\"a\":1", "{\"a\"}", "nul",
	    "{} {}", "[1] x", "'a'", "{a:1}", "[01]", "[1.]", "[.5]", "[+1]", "[1,]", "\"a",
	    "\"\\x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\t\"", "[NaN]", "[Infinity]", "//x",
	    "\"\\\\\\\"", "\\", "\"\\", "]", "}{", "]]]]"};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refused(lines[i], strlen(lines[i]), PROTOCOL_PARSE_ERROR);
}

Test(jsonrpc, invalid_utf8_is_a_parse_error)
{
	static const char *const lines[] = {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
	    "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "{\"\x80\":1}", "\xef\xbb\xbf{}", "\xfe"};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refused(lines[i], strlen(lines[i]), PROTOCOL_PARSE_ERROR);
}

Test(jsonrpc, nul_is_refused_raw_and_escaped)
{
	expect_refused("{\"a\0\":1}", 8, PROTOCOL_PARSE_ERROR);
	expect_refused("{}\0", 3, PROTOCOL_PARSE_ERROR);
	expect_refused("\0", 1, PROTOCOL_PARSE_ERROR);
	expect_refused("[\"\\u0000\"]", 10, PROTOCOL_PARSE_ERROR);
	expect_refused("{\"\\u0000\":1}", 12, PROTOCOL_PARSE_ERROR);
}

Test(jsonrpc, a_duplicate_key_is_refused_at_any_depth)
{
	static const char *const lines[] = {"{\"a\":1,\"a\":1}", "[{\"x\":{\"id\":1,\"id\":2}}]",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"method\":\"b\"}",
	    "{\"a\":1,\"\\u0061\":2}"};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refused(lines[i], strlen(lines[i]), PROTOCOL_PARSE_ERROR);
}

Test(jsonrpc, huge_numbers_are_refused)
{
	static const char *const lines[] = {
	    "[1e999]", "[-1e999]", "[99999999999999999999]", "[-99999999999999999999]"};
	char *digits = malloc(100003);
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refused(lines[i], strlen(lines[i]), PROTOCOL_PARSE_ERROR);
	memset(digits, '9', 100002);
	digits[0] = '[';
	digits[100001] = ']';
	expect_refused(digits, 100002, PROTOCOL_PARSE_ERROR);
	free(digits);
	json_decref(parse("[1e-999, 9223372036854775807, -9223372036854775808, 1e308]"));
}

static char *nested(const char *open, const char *close, size_t depth)
{
	char *line = malloc(depth * (strlen(open) + strlen(close)) + 2);
	char *p = line;
	size_t i;

	for (i = 0; i < depth; i++)
		p = stpcpy(p, open);
	*p++ = '1';
	for (i = 0; i < depth; i++)
		p = stpcpy(p, close);
	*p = '\0';
	return line;
}

Test(jsonrpc, nesting_is_limited)
{
	static const size_t depths[] = {PROTOCOL_MAX_DEPTH + 1, 2048, 100000, 1000000};
	char *line = nested("[", "]", PROTOCOL_MAX_DEPTH);
	size_t i;

	json_decref(parse(line));
	free(line);
	line = nested("{\"a\":", "}", PROTOCOL_MAX_DEPTH);
	json_decref(parse(line));
	free(line);
	for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		line = nested("[", "]", depths[i]);
		expect_refused(line, strlen(line), PROTOCOL_LIMIT);
		expect_refused(line, depths[i], PROTOCOL_LIMIT);
		free(line);
		line = nested("[{\"a\":", "}]", depths[i]);
		expect_refused(line, strlen(line), PROTOCOL_LIMIT);
		free(line);
	}
}

Test(jsonrpc, brackets_in_strings_are_no_nesting)
{
	char line[300] = "[\"\\\"";
	json_t *value;

	memset(line + 4, '[', 200);
	strcpy(line + 204, "\\\\\"]");
	value = parse(line);
	cr_assert_eq(json_array_size(value), 1);
	json_decref(value);
}

/* "[0,0,…]" with so many zeros. */
static char *zeros(size_t count)
{
	char *line = malloc(count * 2 + 2);
	size_t i;

	line[0] = '[';
	for (i = 0; i < count; i++)
		memcpy(line + 1 + 2 * i, "0,", 2);
	strcpy(line + 2 * count, "]");
	return line;
}

Test(jsonrpc, values_are_limited)
{
	char *line = zeros(PROTOCOL_MAX_VALUES - 1);
	size_t i;

	json_decref(parse(line));
	free(line);
	line = zeros(PROTOCOL_MAX_VALUES);
	expect_refused(line, strlen(line), PROTOCOL_LIMIT);
	free(line);

	line = malloc(4 * (PROTOCOL_MAX_VALUES + 1));
	line[0] = '[';
	for (i = 0; i < PROTOCOL_MAX_VALUES; i++)
		memcpy(line + 1 + 3 * i, "{ },", 4);
	expect_refused(line, 3 * (size_t)PROTOCOL_MAX_VALUES, PROTOCOL_PARSE_ERROR);
	for (i = 0; i < PROTOCOL_MAX_VALUES; i++)
		memcpy(line + 1 + 3 * i, "{},", 3);
	line[3 * (size_t)PROTOCOL_MAX_VALUES] = ']';
	expect_refused(line, 3 * (size_t)PROTOCOL_MAX_VALUES + 1, PROTOCOL_LIMIT);
	free(line);
}

/* ---- messages ---- */

Test(jsonrpc, a_request_has_an_id)
{
	static const char *const ids[] = {"1", "-1", "1.5", "\"x\"", "\"\"", "null"};
	struct jsonrpc_message message;
	char line[200];
	json_t *value;
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		sprintf(
		    line, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"m\",\"params\":{}}", ids[i]);
		read_message(line, &message, &value);
		cr_assert_eq(message.kind, JSONRPC_REQUEST);
		cr_assert_str_eq(message.method, "m");
		cr_assert(json_is_object(message.params));
		cr_assert_eq(message.id, json_object_get(value, "id"));
		json_decref(value);
	}
}

Test(jsonrpc, a_notification_has_none)
{
	struct jsonrpc_message message;
	json_t *value;

	read_message("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1]}", &message, &value);
	cr_assert_eq(message.kind, JSONRPC_NOTIFICATION);
	cr_assert_null(message.id);
	cr_assert(json_is_array(message.params));
	json_decref(value);
}

Test(jsonrpc, answers_and_errors)
{
	struct jsonrpc_message message;
	json_t *value;

	read_message("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}", &message, &value);
	cr_assert_eq(message.kind, JSONRPC_ANSWER);
	cr_assert(json_is_null(message.result));
	cr_assert_eq(json_integer_value(message.id), 7);
	json_decref(value);

	read_message("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
	             "\"message\":\"no\",\"data\":{\"error\":\"parse_error\"}}}",
	    &message, &value);
	cr_assert_eq(message.kind, JSONRPC_ERROR);
	cr_assert_eq(message.code, -32700);
	cr_assert_str_eq(message.text, "no");
	cr_assert(json_is_object(message.data));
	json_decref(value);
}

Test(jsonrpc, what_is_json_but_no_message_is_an_invalid_request)
{
	static const char *const lines[] = {"1", "null", "\"x\"", "true", "[]", "[[]]", "{}",
	    "{\"jsonrpc\":\"2.0\"}", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}",
	    "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", "{\"id\":1,\"method\":\"m\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}",
	    "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"m\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":\"x\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":null}",
	    "{\"jsonrpc\":\"2.0\",\"result\":1}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"x\",\"message\":\"y\"}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":99999999999,\"message\":\"y\"}}"};
	struct jsonrpc_message message;
	json_t *value;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		read_message(lines[i], &message, &value);
		cr_assert_eq(message.kind, JSONRPC_INVALID, "%s", lines[i]);
		cr_assert_eq(message.problem.error, PROTOCOL_INVALID_REQUEST);
		cr_assert_neq(message.problem.text[0], '\0');
		json_decref(value);
	}
}

Test(jsonrpc, an_invalid_request_keeps_its_id_where_it_has_one)
{
	struct jsonrpc_message message;
	json_t *value;

	read_message("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":5}", &message, &value);
	cr_assert_str_eq(json_string_value(message.id), "a");
	json_decref(value);
	read_message("{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"m\"}", &message, &value);
	cr_assert_null(message.id);
	json_decref(value);
}

/* ---- batches ---- */

Test(jsonrpc, a_batch_is_a_list_of_messages)
{
	json_t *value = parse("[{\"jsonrpc\":\"2.0\",\"method\":\"m\"},1]");
	struct jsonrpc_message message;

	cr_assert(jsonrpc_is_batch(value));
	jsonrpc_read(json_array_get(value, 0), &message);
	cr_assert_eq(message.kind, JSONRPC_NOTIFICATION);
	jsonrpc_read(json_array_get(value, 1), &message);
	cr_assert_eq(message.kind, JSONRPC_INVALID);
	json_decref(value);
}

Test(jsonrpc, a_batch_inside_a_batch_is_no_message)
{
	json_t *value = parse("[[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}]]");
	struct jsonrpc_message message;

	cr_assert(jsonrpc_is_batch(value));
	jsonrpc_read(json_array_get(value, 0), &message);
	cr_assert_eq(message.kind, JSONRPC_INVALID);
	cr_assert_eq(message.problem.error, PROTOCOL_INVALID_REQUEST);
	json_decref(value);
}

Test(jsonrpc, the_size_of_batches_is_limited)
{
	char *line = zeros(PROTOCOL_MAX_BATCH);
	struct jsonrpc_message message;
	json_t *value = parse(line);

	cr_assert(jsonrpc_is_batch(value));
	json_decref(value);
	free(line);
	line = zeros(PROTOCOL_MAX_BATCH + 1);
	value = parse(line);
	cr_assert_not(jsonrpc_is_batch(value));
	jsonrpc_read(value, &message);
	cr_assert_eq(message.kind, JSONRPC_INVALID);
	cr_assert_eq(message.problem.error, PROTOCOL_LIMIT);
	json_decref(value);
	free(line);
}

/* ---- encoding ---- */

/* Checks the line and frees it. */
static void expect_line(char *line, size_t length, const char *expected)
{
	cr_assert_not_null(line);
	cr_assert_eq(length, strlen(line));
	cr_assert_eq(line[length - 1], '\n');
	cr_assert_eq(memchr(line, '\n', length), line + length - 1, "a raw newline inside");
	line[length - 1] = '\0';
	cr_assert_str_eq(line, expected);
	free(line);
}

Test(jsonrpc, what_is_written)
{
	json_t *params = json_pack("{s:s}", "a", "x\ny");
	json_t *id = json_integer(3);
	struct json_text items = {0};
	size_t length = 0;
	char *line;

	line = jsonrpc_encode_request(id, "m", params, &length);
	expect_line(line, length,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"m\",\"params\":{\"a\":\"x\\ny\"}}");
	line = jsonrpc_encode_notification("event", NULL, &length);
	expect_line(line, length, "{\"jsonrpc\":\"2.0\",\"method\":\"event\"}");
	line = jsonrpc_encode_answer(id, params, &length);
	expect_line(line, length, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"a\":\"x\\ny\"}}");
	line = jsonrpc_encode_answer(NULL, NULL, &length);
	expect_line(line, length, "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":null}");
	json_text_value(&items, id);
	json_text_value(&items, params);
	line = jsonrpc_encode_items(id, params, "list", &items, &length);
	expect_line(line, length,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"list\":[3,{\"a\":\"x\\ny\"}],"
	    "\"a\":\"x\\ny\"}}");
	json_object_clear(params);
	line = jsonrpc_encode_items(id, params, "list", &(struct json_text){0}, &length);
	expect_line(line, length, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"list\":[]}}");
	cr_assert_null(jsonrpc_encode_items(id, NULL, "list", &items, &length));
	free(items.text);
	json_decref(params);
	json_decref(id);
}

Test(jsonrpc, an_error_carries_its_name)
{
	json_t *data = json_pack("{s:s}", "name", "bild");
	size_t length = 0;
	char *line = jsonrpc_encode_error(
	    NULL, PROTOCOL_UNKNOWN_NAME, "no proc or proto is named bild", data, &length);

	expect_line(line, length,
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"no proc or "
	    "proto is named bild\",\"data\":{\"name\":\"bild\",\"error\":\"unknown_name\"}}}");
	cr_assert_eq(json_object_size(data), 1, "the caller's data was changed");
	json_decref(data);
	/* A text that was cut inside a character is replaced by the general meaning. */
	line = jsonrpc_encode_error(NULL, PROTOCOL_LIMIT, "\xe2\x82", NULL, &length);
	expect_line(line, length,
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32011,\"message\":\"a limit is "
	    "exceeded\",\"data\":{\"error\":\"limit\"}}}");
}

Test(jsonrpc, a_method_that_is_not_utf8_cannot_be_written)
{
	size_t length;

	cr_assert_null(jsonrpc_encode_notification("\xff", NULL, &length));
}

Test(jsonrpc, what_was_written_can_be_read)
{
	json_t *result = json_pack("{s:[i,f,s,n,b]}", "v", -5, 0.1, "\xc3\xa9\x01\"\\/\x7f", 1);
	json_t *answer = jsonrpc_build_answer(NULL, result);
	struct jsonrpc_message message;
	size_t length;
	char *line = jsonrpc_encode(answer, &length);
	json_t *again = parse(line);

	cr_assert(json_equal(again, answer));
	jsonrpc_read(again, &message);
	cr_assert_eq(message.kind, JSONRPC_ANSWER);
	cr_assert(json_equal(message.result, result));
	free(line);
	json_decref(again);
	json_decref(answer);
	json_decref(result);
}

Test(jsonrpc, large_values_are_written_whole)
{
	json_t *array = json_array();
	json_t *again;
	size_t length, i;
	char *line;

	for (i = 0; i < 50000; i++)
		json_array_append_new(array, json_integer((json_int_t)i));
	line = jsonrpc_encode(array, &length);
	again = parse(line);
	cr_assert(json_equal(array, again));
	json_decref(again);
	json_decref(array);
	free(line);
}

/* What malloc(3) has given out. */
static size_t allocated_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

Test(jsonrpc, the_memory_of_a_value_is_estimated)
{
	static const char *const elements[] = {"{}", "[]", "1", "1.5", "true", "\"\"",
	    "\"some text\"", "[1,2,3,4,5,6,7,8,9,10]", "{\"a\":1}",
	    "{\"deps\":[\"abcdefgh\"],\"run\":\"x\"}",
	    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}"};

	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		struct jsonrpc_problem problem;
		size_t count = 10000, size = count * (strlen(elements[i]) + 1) + 2, before, seen;
		char *line = malloc(size), *end = line;
		json_t *value;

		for (size_t n = 0; n < count; n++) {
			*end++ = n ? ',' : '[';
			end = stpcpy(end, elements[i]);
		}
		*end++ = ']';
		before = allocated_bytes();
		cr_assert_eq(jsonrpc_parse(line, (size_t)(end - line), &value, &problem), 0);
		seen = allocated_bytes() - before;
		cr_assert_geq(jsonrpc_estimate_bytes(line, (size_t)(end - line)), seen, "%s: %zu",
		    elements[i], seen / count);
		if (seen > 0) /* a sanitizer does not tell */
			cr_assert_leq(jsonrpc_estimate_bytes(line, (size_t)(end - line)),
			    4 * seen + 100000, "%s: %zu", elements[i], seen / count);
		json_decref(value);
		free(line);
	}
}

static size_t n_allowed, n_held;

static void *allocate_some(size_t size)
{
	if (n_allowed == 0)
		return NULL;
	n_allowed--;
	n_held++;
	return malloc(size);
}

static void count_freed(void *memory)
{
	n_held -= memory != NULL;
	free(memory);
}

Test(jsonrpc, wherever_memory_runs_out_it_is_an_error_and_nothing_is_lost)
{
	static const char line[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"wait\",\"params\":{"
	    "\"names\":[\"a\",\"b\",1.5,{},[1,2,3,4,5,6,7,8,9,10]],\"timeout\":3}}";
	bool is_parsed = false, is_encoded = false;
	struct jsonrpc_problem problem;
	json_t *value;
	size_t length;
	char *text;

	json_set_alloc_funcs(allocate_some, count_freed);
	for (size_t allowed = 0; allowed < 200 && !is_parsed; allowed++) {
		n_allowed = allowed;
		is_parsed = jsonrpc_parse(line, sizeof(line) - 1, &value, &problem) == 0;
		cr_assert(is_parsed || problem.error == PROTOCOL_INTERNAL ||
		          problem.error == PROTOCOL_PARSE_ERROR);
		cr_assert_eq(value != NULL, is_parsed);
		json_decref(value);
		cr_assert_eq(n_held, 0u);
	}
	cr_assert(is_parsed);
	for (size_t allowed = 0; allowed < 200 && !is_encoded; allowed++) {
		n_allowed = allowed;
		text = jsonrpc_encode_error(NULL, PROTOCOL_LIMIT, "too much", NULL, &length);
		is_encoded = text != NULL;
		free(text);
		cr_assert_eq(n_held, 0u);
	}
	cr_assert(is_encoded);
	json_set_alloc_funcs(malloc, free);
}
