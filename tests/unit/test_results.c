/*
 * Results, messages and printed lists, read from files that processes may have made to harm.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/strings.h"
#include "daemon/dynamic.h"
#include "daemon/logs_cut.h"
#include "daemon/results.h"

static char directory[64], path[80], other_path[80];

static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/test_results.XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/file", directory);
	snprintf(other_path, sizeof(other_path), "%s/other", directory);
}

static void tear_down(void)
{
	remove(path);
	remove(other_path);
	rmdir(directory);
}

TestSuite(results, .init = set_up, .fini = tear_down);

static void write_file(const char *where, const char *text, size_t length)
{
	FILE *file = fopen(where, "w");

	cr_assert_not_null(file);
	fwrite(text, 1, length, file);
	fclose(file);
}

/* The result in a file of that text, as compact JSON; "!…" for what is refused. */
static void check_result(const char *text, const char *expected)
{
	json_t *result;
	char *problem;

	write_file(path, text, strlen(text));
	if (result_read(path, 64, &result, &problem) == 0) {
		char *seen = json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY);
		cr_assert_str_eq(seen, expected);
		free(seen);
	} else {
		cr_assert_null(result);
		cr_assert_eq(expected[0], '!', "%s is refused: %s", text, problem);
		cr_assert_not_null(strstr(problem, expected + 1), "%s: %s", text, problem);
	}
	json_decref(result);
	free(problem);
}

Test(results, any_json_value_is_one)
{
	check_result("{\"a\": [1, 2.5, null]}\n", "{\"a\":[1,2.5,null]}");
	check_result(" \n\"x\"  \n", "\"x\"");
	check_result("null", "null");
	check_result("7", "7");
}

Test(results, what_is_no_json_is_refused_with_the_place)
{
	check_result("", "!empty");
	check_result("{\"a\": 1", "!line 1");
	check_result("1 2", "!not JSON");
	check_result("{\"a\":1,\"a\":2}", "!duplicate");
	check_result("\"\xff\"", "!decode");
	check_result(
	    "\"0123456789012345678901234567890123456789012345678901234567890123456\"", "!64 bytes");
}

Test(results, nesting_is_limited)
{
	char *problem, text[2 * RESULT_MAX_DEPTH + 3];
	json_t *value;

	memset(text, '[', RESULT_MAX_DEPTH);
	memset(text + RESULT_MAX_DEPTH, ']', RESULT_MAX_DEPTH);
	value = result_parse(text, 2 * RESULT_MAX_DEPTH, &problem);
	cr_assert_not_null(value);
	json_decref(value);
	memset(text, '[', RESULT_MAX_DEPTH + 1);
	memset(text + RESULT_MAX_DEPTH + 1, ']', RESULT_MAX_DEPTH + 1);
	cr_assert_null(result_parse(text, 2 * RESULT_MAX_DEPTH + 2, &problem));
	cr_assert_not_null(strstr(problem, "nested"));
	free(problem);
	value = result_parse(
	    "\"[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", 61, &problem);
	cr_assert_null(problem); /* brackets in a text do not count */
	json_decref(value);
}

Test(results, no_file_is_no_result)
{
	json_t *result = NULL;
	char *problem = NULL;

	cr_assert_eq(result_read(path, 64, &result, &problem), 0);
	cr_assert_null(result);
	cr_assert_null(problem);
	cr_assert_null(result_read_message(path));
}

static void check_no_regular_file(void)
{
	json_t *result;
	char *problem;

	cr_assert_eq(result_read(path, 64, &result, &problem), -1);
	cr_assert_not_null(strstr(problem, "regular"), "%s", problem);
	cr_assert_null(result_read_message(path));
	free(problem);
	remove(path);
}

Test(results, only_regular_files_are_read)
{
	cr_assert_eq(mkfifo(path, 0600), 0);
	check_no_regular_file();
	cr_assert_eq(symlink("/dev/zero", path), 0);
	check_no_regular_file();
	cr_assert_eq(mkdir(path, 0700), 0);
	check_no_regular_file();
}

static void check_output(const char *text, size_t length, const char *expected)
{
	json_t *result;
	char *problem;

	write_file(path, text, length);
	cr_assert_eq(result_read_output(path, 64, &result, &problem), expected ? 0 : -1);
	if (expected) {
		char *seen = json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY);
		cr_assert_str_eq(seen, expected);
		free(seen);
	}
	json_decref(result);
	free(problem);
}

Test(results, printed_text_is_json_or_itself)
{
	check_output("{\"n\": 1}\n", 9, "{\"n\":1}");
	check_output("two lines\nof text\n", 18, "\"two lines\\nof text\"");
	check_output("a\n\n", 3, "\"a\\n\"");
	check_output("", 0, "\"\"");
	check_output("\xff\n", 2, NULL);
	check_output("a\0b", 3, NULL);
}

static void check_message(const char *text, const char *expected)
{
	char *seen = result_clean_message(text, strlen(text));

	if (expected)
		cr_assert_str_eq(seen, expected);
	else
		cr_assert_null(seen);
	free(seen);
}

Test(results, a_message_is_one_clean_line)
{
	check_message("no space left\nsecond line\n", "no space left");
	check_message("  \x1b[31mred\x1b[0m\t \n", "[31mred[0m");
	check_message("caf\xc3\xa9 \xc2\x85x", "caf\xc3\xa9 x");
	check_message("bad \xff\xc0\xaf end", "bad \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd end");
	check_message("cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd");
	check_message("\n\n", NULL);
	check_message("", NULL);
}

Test(results, a_long_message_is_cut_between_characters)
{
	char text[3 * RESULT_MESSAGE_MAX + 1];
	char *seen;

	for (size_t i = 0; i < RESULT_MESSAGE_MAX; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 3);
	write_file(path, text, 3 * RESULT_MESSAGE_MAX);
	seen = result_read_message(path);
	cr_assert_eq(strlen(seen), (size_t)RESULT_MESSAGE_MAX / 3 * 3);
	free(seen);
}

Test(results, captured_output_is_added_to_the_log)
{
	const int64_t max = 4 * LOGS_CUT_UNIT;
	size_t length, size = 8 * LOGS_CUT_UNIT;
	char *text, *printed = malloc(size);

	write_file(path, "0123456789", 10);
	write_file(other_path, "before\n", 7);
	cr_assert_eq(result_append_output(path, other_path, max), 0);
	text = result_read_file(other_path, 1000, &length);
	cr_assert_str_eq(text, "before\n0123456789");
	free(text);
	memset(printed, 'x', size);
	write_file(path, printed, size);
	cr_assert_eq(result_append_output(path, other_path, max), 0);
	text = result_read_file(other_path, size, &length);
	cr_assert_not_null(strstr(text, "x\n[262144 bytes were cut here]\nx"));
	cr_assert_eq(length, 17 + 4 * LOGS_CUT_UNIT + 30);
	free(text);
	free(printed);
	remove(other_path);
	cr_assert_eq(symlink("/dev/null", other_path), 0);
	cr_assert_eq(result_append_output(path, other_path, max), -1);
}

static void check_names(const char *text, const char *expected)
{
	struct strings names;
	char *error, *joined;

	cr_assert_eq(dynamic_parse(text, strlen(text), &names, &error), expected ? 0 : -1);
	joined = strings_join(&names, ",");
	if (expected)
		cr_assert_str_eq(joined, expected);
	else
		cr_assert_not_null(error);
	strings_clear(&names);
	free(joined);
	free(error);
}

Test(results, printed_names_are_lines_or_a_list)
{
	check_names("a\n b::c \n\n\td e\r\n", "a,b::c,d e");
	check_names("", "");
	check_names("[\"a\", \"b\"]\n", "a,b");
	check_names(" []", "");
	check_names("[\"a\", 1]", NULL);
	check_names("[\"a\"", NULL);
	check_names("[env]::x\n", "[env]::x");
	check_names("a\xff\n", NULL);
	check_names("a\n[x\n", NULL);
	check_names("[\"\"]", NULL);
}

static void check_choices(const char *text, const char *expected)
{
	struct strings choices;
	char *error, *joined;

	cr_assert_eq(
	    dynamic_parse_choices(text, strlen(text), &choices, &error), expected ? 0 : -1);
	joined = strings_join(&choices, ",");
	if (expected)
		cr_assert_str_eq(joined, expected);
	else
		cr_assert_not_null(error);
	strings_clear(&choices);
	free(joined);
	free(error);
}

Test(results, printed_choices_are_a_list_of_scalars)
{
	check_choices("[\"dev\", 2, 0.1, true]\n", "dev,2,0.1,true");
	check_choices("[]", "");
	check_choices("no JSON", NULL);
	check_choices("{\"a\": 1}", NULL);
	check_choices("[[1]]", NULL);
	check_choices("[null]", NULL);
}
