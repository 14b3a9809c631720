/* Which lines of a log tell why something failed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/telling.h"

/* The chosen parts of a text, with "|" between them. The caller frees it. */
static char *choose(const char *text)
{
	struct telling telling;
	char *chosen = NULL;
	size_t size;
	FILE *stream = open_memstream(&chosen, &size);

	telling_select(text, strlen(text), &telling);
	for (size_t i = 0; i < telling.n_parts; i++) {
		const struct telling_part *part = &telling.parts[i];

		fprintf(stream, "%s%.*s", i > 0 ? "|" : "", (int)(part->end - part->begin),
		    text + part->begin);
	}
	fclose(stream);
	telling_clear(&telling);
	return chosen;
}

static void check(const char *text, const char *expected)
{
	char *chosen = choose(text);

	cr_assert_str_eq(chosen, expected);
	free(chosen);
}

Test(telling, nothing_of_nothing)
{
	check("", "");
}

Test(telling, two_lines_of_context)
{
	check("1\n2\n3\nan error\n5\n6\n7\n", "2\n3\nan error\n5\n6");
}

Test(telling, context_ends_with_the_text)
{
	check("error\n", "error");
	check("1\nerror", "1\nerror");
	check("\nerror\n\n", "\nerror\n");
}

Test(telling, parts_that_touch_are_one)
{
	check("error\n2\n3\n4\n5\nerror\n7\n", "error\n2\n3\n4\n5\nerror\n7");
	check("error\n2\n3\n4\n5\n6\nerror\n", "error\n2\n3|5\n6\nerror");
}

Test(telling, words_in_any_case)
{
	static const char *const words[] = {
	    "Error", "EXCEPTION", "warning", "Notice", "deprecated", "Deprecation"};
	char text[200];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(
		    text, sizeof(text), "1\n2\n3\n4\nx.c:1: %s: broken\n6\n7\n8\n9\n", words[i]);
		char *chosen = choose(text);

		cr_assert_not_null(strstr(chosen, "broken"));
		cr_assert_null(strstr(chosen, "9"), "%s", words[i]);
		free(chosen);
	}
}

Test(telling, only_whole_words)
{
	struct telling telling;
	static const char text[] = "0 errors\nwarnings\nmy_error\nerror_t\nterror\nérror\n";

	telling_select(text, strlen(text), &telling);
	cr_assert_not(telling.has_words);
	telling_clear(&telling);
}

Test(telling, colored_words_count)
{
	struct telling telling;
	static const char text[] = "\033[1;31merror\033[0m: x\n";

	telling_select(text, strlen(text), &telling);
	cr_assert(telling.has_words);
	telling_clear(&telling);
}

static bool is_old(const char *line, size_t size, void *arg)
{
	(void)arg;
	return size >= 3 && memcmp(line + size - 3, "old", 3) == 0;
}

Test(telling, what_is_overwritten_does_not_count)
{
	check("0\n1\n2\n9%\rerror: a\r\n3\n4\n5\n", "1\n2\n9%\rerror: a\r\n3\n4");
	check("0\nerror: a\rfine\n1\n2\n3\nerror\n", "2\n3\nerror");
	check("error\r", "error\r");
	check("\r\r\n", "\r\r");
}

Test(telling, lines_that_are_ignored)
{
	static const char text[] = "1\n2\nwarning: old\n4\n5\n6\n7\nerror: new\nwarning: old";
	struct telling telling;

	telling_select_but(text, strlen(text), is_old, NULL, &telling);
	cr_assert(telling.has_words);
	cr_assert_eq(telling.n_parts, 1);
	cr_assert_eq(telling.parts[0].begin, (size_t)(strstr(text, "6\n") - text));
	telling_clear(&telling);
	telling_select_but("error old\n", 10, is_old, NULL, &telling);
	cr_assert_not(telling.has_words);
	telling_clear(&telling);
}

Test(telling, else_the_last_sixteen_lines)
{
	char text[400] = "", expected[400] = "";

	for (int i = 1; i <= 40; i++) {
		char line[16];

		snprintf(line, sizeof(line), "%d\n", i);
		strcat(text, line);
		if (i > 24)
			strcat(expected, line);
	}
	expected[strlen(expected) - 1] = '\0';
	check(text, expected);
	text[strlen(text) - 1] = '\0';
	check(text, expected);
	check("a\nb\n", "a\nb");
}

Test(telling, many_parts)
{
	struct telling telling;
	size_t size = 0;
	char *text = malloc(1000 * 32);

	for (int i = 0; i < 1000; i++)
		size += (size_t)sprintf(text + size, "error %d\n\n\n\n\n\n", i);
	telling_select(text, size, &telling);
	cr_assert_eq(telling.n_parts, 1000);
	for (size_t i = 1; i < telling.n_parts; i++)
		cr_assert_gt(telling.parts[i].begin, telling.parts[i - 1].end);
	telling_clear(&telling);
	free(text);
}
