/* Which lines of a log tell nothing, and links to logs. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ignore.h"
#include "client/link.h"

static bool has(const char *patterns, bool has_succeeded, const char *line)
{
	json_t *value = json_loads(patterns, 0, NULL);
	struct ignore ignore;
	bool is_ignored;

	ignore_init(&ignore, value, has_succeeded);
	is_ignored = ignore_has(&ignore, line, strlen(line));
	cr_assert_eq(ignore_has(&ignore, line, strlen(line)), is_ignored);
	ignore_clear(&ignore);
	json_decref(value);
	return is_ignored;
}

Test(ignore, nothing_without_patterns)
{
	struct ignore ignore;

	ignore_init(&ignore, NULL, true);
	cr_assert_not(ignore_has(&ignore, "error", 5));
	ignore_clear(&ignore);
	cr_assert_not(has("[]", true, "error"));
}

Test(ignore, any_of_them)
{
	cr_assert(has("[\"^a\", \"b|c$\"]", false, "a error"));
	cr_assert(has("[\"^a\", \"b|c$\"]", false, "error c"));
	cr_assert_not(has("[\"^a\", \"b|c$\"]", false, "error a"));
	cr_assert_not(has("[\"Error\"]", false, "error"));
}

Test(ignore, some_only_where_it_succeeded)
{
	static const char patterns[] = "[{\"pattern\": \"old\", \"when\": \"succeeded\"},"
	                               "{\"pattern\": \"new\", \"when\": \"always\"},"
	                               "{\"pattern\": \"mid\"}]";

	cr_assert(has(patterns, true, "old"));
	cr_assert_not(has(patterns, false, "old"));
	cr_assert(has(patterns, false, "new"));
	cr_assert(has(patterns, false, "mid"));
}

Test(ignore, colors_are_not_part_of_the_line)
{
	cr_assert(has("[\"^warning: x$\"]", false, "\033[33mwarning\033[0m: x\r"));
}

Test(ignore, what_is_overwritten_is_not_part_of_the_line)
{
	cr_assert(has("[\"^warning: x$\"]", false, "1%\r2%\rwarning: x\r\r"));
	cr_assert_not(has("[\"2%\"]", false, "1%\r2%\rwarning: x"));
}

Test(ignore, what_is_no_pattern_counts_for_nothing)
{
	cr_assert_not(has("[\"(\"]", false, "("));
	cr_assert_not(has("[1, {\"when\": \"always\"}]", false, "1"));
}

Test(ignore, of_a_long_line_only_the_beginning)
{
	char line[IGNORE_LINE_BYTES + 10];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	line[sizeof(line) - 2] = 'y';
	cr_assert_not(has("[\"y\"]", false, line));
	cr_assert(has("[\"x\"]", false, line));
}

Test(ignore, of_many_long_lines_less)
{
	char line[2 * IGNORE_LONG_LINE_BYTES + 1];
	json_t *patterns = json_pack("[s]", "y");
	struct ignore ignore;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	line[sizeof(line) - 2] = 'y';
	ignore_init(&ignore, patterns, false);
	for (int i = 0; i < IGNORE_LONG_LINES; i++) {
		cr_assert(ignore_has(&ignore, line, sizeof(line) - 1));
		cr_assert(ignore_has(&ignore, "y", 1));
	}
	cr_assert_not(ignore_has(&ignore, line, sizeof(line) - 1));
	line[IGNORE_LONG_LINE_BYTES - 1] = 'y';
	cr_assert(ignore_has(&ignore, line, sizeof(line) - 1));
	ignore_clear(&ignore);
	json_decref(patterns);
}

static void clear_environment(void)
{
	static const char *const variables[] = {
	    "FORCE_HYPERLINK", "TERM_PROGRAM", "VTE_VERSION", "KITTY_WINDOW_ID", "WT_SESSION"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	setenv("TERM", "xterm-256color", 1);
}

static bool is_known_with(const char *variable, const char *value)
{
	clear_environment();
	setenv(variable, value, 1);
	return link_is_known(true);
}

Test(link, terminals_that_know_them)
{
	clear_environment();
	cr_assert_not(link_is_known(true));
	cr_assert(is_known_with("TERM_PROGRAM", "WezTerm"));
	cr_assert(is_known_with("TERM_PROGRAM", "iTerm.app"));
	cr_assert_not(is_known_with("TERM_PROGRAM", "Apple_Terminal"));
	cr_assert(is_known_with("VTE_VERSION", "7600"));
	cr_assert_not(is_known_with("VTE_VERSION", "4999"));
	cr_assert(is_known_with("KITTY_WINDOW_ID", "1"));
	cr_assert(is_known_with("WT_SESSION", "x"));
	cr_assert(is_known_with("TERM", "foot"));
	cr_assert_not(is_known_with("TERM", "dumb"));
	setenv("VTE_VERSION", "7600", 1);
	cr_assert_not(link_is_known(true), "TERM=dumb goes over the rest");
}

Test(link, only_in_terminals_unless_forced)
{
	cr_assert(is_known_with("TERM", "foot"));
	cr_assert_not(link_is_known(false));
	cr_assert_not(is_known_with("FORCE_HYPERLINK", "0"));
	setenv("TERM", "foot", 1);
	cr_assert_not(link_is_known(true));
	setenv("FORCE_HYPERLINK", "1", 1);
	cr_assert(link_is_known(false));
	setenv("FORCE_HYPERLINK", "", 1);
	cr_assert_not(link_is_known(false));
}

Test(link, paths_are_encoded)
{
	char host[256] = "", wanted[400];
	char *link = link_begin("/tmp/a b/%;\033\\ü~._-.log");

	gethostname(host, sizeof(host) - 1);
	snprintf(wanted, sizeof(wanted),
	    "\033]8;;file://%s/tmp/a%%20b/%%25%%3B%%1B%%5C%%C3%%BC~._-.log\033\\", host);
	cr_assert_str_eq(link, wanted);
	free(link);
}
