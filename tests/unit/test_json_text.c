/*
 * JSON written piece by piece: what it writes is what jansson would.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json_text.h"

/* What was written, as it is expected to be but for the end of the line. */
static void expect(struct json_text *text, const char *expected)
{
	size_t length;
	char *line = json_text_finish(text, &length);

	cr_assert_not_null(line);
	cr_assert_eq(length, strlen(line));
	cr_assert_eq(line[length - 1], '\n');
	line[length - 1] = '\0';
	cr_assert_str_eq(line, expected);
	free(line);
}

Test(json_text, commas_stand_between_members_and_elements)
{
	struct json_text text = {0};
	json_t *value = json_pack("{s:[i,n]}", "k", 1);

	json_text_bracket(&text, '{');
	json_text_member(&text, "a");
	json_text_bracket(&text, '[');
	json_text_bracket(&text, ']');
	json_text_member(&text, "b");
	json_text_bracket(&text, '[');
	json_text_string(&text, ":");
	json_text_integer(&text, 2);
	json_text_bracket(&text, '{');
	json_text_bracket(&text, '}');
	json_text_value(&text, NULL);
	json_text_bracket(&text, ']');
	json_text_member(&text, "c");
	json_text_value(&text, value);
	json_text_bracket(&text, '}');
	json_decref(value);
	expect(&text, "{\"a\":[],\"b\":[\":\",2,{},null],\"c\":{\"k\":[1,null]}}");
}

Test(json_text, strings_are_escaped)
{
	static const char *const strings[] = {"", "plain ~", "a\"b", "a\\b", "a\nb\x01", "a\x7f/",
	    "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x98\x80"};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct json_text text = {0};
		json_t *value = json_string(strings[i]);
		char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		cr_assert_eq(json_text_string(&text, strings[i]), 0);
		expect(&text, expected);
		free(expected);
		json_decref(value);
	}
}

Test(json_text, what_is_no_utf_8_is_null)
{
	struct json_text text = {0};

	cr_assert_eq(json_text_string(&text, "a\xff"), -1);
	cr_assert_eq(json_text_string(&text, NULL), 0);
	expect(&text, "null,null");
}

Test(json_text, integers_of_all_sizes)
{
	struct json_text text = {0};

	json_text_bracket(&text, '[');
	json_text_integer(&text, 0);
	json_text_integer(&text, -7);
	json_text_integer(&text, INT64_MAX);
	json_text_integer(&text, INT64_MIN);
	json_text_bracket(&text, ']');
	expect(&text, "[0,-7,9223372036854775807,-9223372036854775808]");
}

Test(json_text, millionths_are_the_number_that_they_stand_for)
{
	static const int64_t numbers[] = {0, 1, 10, 999999, 1000000, 1500000, -250000,
	    INT64_C(1795700469565793), INT64_C(1795700469565790), INT64_C(1795700469000000)};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct json_text text = {0};
		size_t length;
		char *line;
		json_t *value;

		json_text_millionths(&text, numbers[i]);
		line = json_text_finish(&text, &length);
		value = json_loads(line, JSON_DECODE_ANY, NULL);
		cr_assert(json_is_real(value), "%s", line);
		cr_assert(json_real_value(value) == (double)numbers[i] / 1e6, "%s", line);
		json_decref(value);
		free(line);
	}
}

Test(json_text, a_long_one_is_whole)
{
	struct json_text text = {0};
	json_t *value;
	size_t length;
	char *line;

	json_text_bracket(&text, '[');
	for (int i = 0; i < 10000; i++)
		json_text_integer(&text, i);
	json_text_bracket(&text, ']');
	line = json_text_finish(&text, &length);
	value = json_loads(line, 0, NULL);
	cr_assert_eq(json_array_size(value), 10000);
	cr_assert_eq(json_integer_value(json_array_get(value, 9999)), 9999);
	json_decref(value);
	free(line);
}
