/* How ppctl shows foreign text, durations, tables and JSON. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/output.h"
#include "client/table.h"
#include "client/wrap.h"

static void check_escape(const char *text, size_t size, unsigned flags, const char *expected)
{
	char *escaped = output_escape(text, size, flags);

	cr_assert_str_eq(escaped, expected);
	free(escaped);
}

#define ESCAPES(text, expected) check_escape(text, sizeof(text) - 1, 0, expected)

Test(output, text_stays_what_it_is)
{
	ESCAPES("", "");
	ESCAPES("build::prod ünïcode 漢字 🙂 \"quoted\" \\",
	    "build::prod ünïcode 漢字 🙂 \"quoted\" \\");
}

Test(output, control_characters_are_written_out)
{
	ESCAPES("a\nb\r\tc", "a\\nb\\r\\tc");
	ESCAPES("\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m");
	ESCAPES("bell\a nul\0 del\x7f", "bell\\x07 nul\\x00 del\\x7f");
	ESCAPES("c1 \xc2\x85 csi \xc2\x9b", "c1 \\u0085 csi \\u009b");
	ESCAPES("\xe2\x80\xae turned", "\\u202e turned");
}

Test(output, what_is_no_utf8_is_written_out)
{
	ESCAPES("\xff\xfe", "\\xff\\xfe");
	ESCAPES("cut \xe2\x82", "cut \\xe2\\x82");
	ESCAPES("overlong \xc0\xaf", "overlong \\xc0\\xaf");
	ESCAPES("surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80");
	ESCAPES("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

Test(output, colors_can_be_left_out)
{
	static const char text[] = "\033[1;31merror\033[0m:\tx\033]8;;http://a\033\\link\033]8;;\a";

	check_escape(
	    text, sizeof(text) - 1, ESCAPE_STRIP_COLORS | ESCAPE_KEEP_TABS, "error:\txlink");
	check_escape("\033", 1, ESCAPE_STRIP_COLORS, "\\x1b");
	check_escape("\033[", 2, ESCAPE_STRIP_COLORS, "");
}

static void check_kept(const char *text, const char *expected)
{
	check_escape(text, strlen(text), ESCAPE_KEEP_COLORS, expected);
}

Test(output, colors_can_be_kept_and_end_with_the_text)
{
	check_kept("plain", "plain");
	check_kept("\033[1;31mred", "\033[1;31mred\033[0m");
	check_kept("\033[38:5:9mred\033[m x", "\033[38:5:9mred\033[m x\033[0m");
	check_kept("\033[2J\033[10;10Hx\033[K\033[?25l", "x");
	check_kept("\033[>4;1mx\033[1 mx", "xx");
	check_kept("\033]0;title\ax\033]8;;http://a\033\\y\033P1$r\033\\z", "xyz");
	check_kept("\033(Bx\033cy\033\033[31mz", "xy\033[31mz\033[0m");
	check_kept("\033[\033[31mz", "\033[31mz\033[0m");
	check_kept("\033[31\xff \xc2\x9b", "\\xff \\u009b");
	check_kept("x\033", "x\\x1b");
	check_kept("x\033]never ended", "x");
}

Test(output, sequences_take_no_cells)
{
	static const char text[] = "\033[31mab\033[0m\033]8;;file://h/x\033\\漢\033]8;;\033\\";

	cr_assert_eq(output_width(text), 4);
	cr_assert_eq(output_fit(text, 1), strlen("\033[31ma"));
	cr_assert_eq(output_fit(text, 4), strlen(text));
}

Test(output, widths_are_in_cells)
{
	cr_assert_eq(output_width("abc"), 3);
	cr_assert_eq(output_width("ünï"), 3);
	cr_assert_eq(output_width("漢字"), 4);
	cr_assert_eq(output_width("e\xcc\x81"), 1);
	cr_assert_eq(output_width("กำลังทำ"), 6);
	cr_assert_eq(output_width("שָׁלוֹם"), 4);
	cr_assert_eq(output_width("हिन्दी"), 5);
	cr_assert_eq(output_width("❌"), 2);
	cr_assert_eq(output_width("👩"), 2);
	cr_assert_eq(output_width("·…━"), 3);
	cr_assert_eq(output_fit("漢字", 3), 3);
	cr_assert_eq(output_fit("abc", 2), 2);
	cr_assert_eq(output_fit("abc", 9), 3);
}

Test(output, rows_are_those_that_a_terminal_breaks_a_line_into)
{
	cr_assert_eq(wrap_count_rows("", 4), 1);
	cr_assert_eq(wrap_count_rows("abcd", 4), 1);
	cr_assert_eq(wrap_count_rows("abcde", 4), 2);
	cr_assert_eq(wrap_count_rows("\033[31mabcd\033[0m", 4), 1);
	cr_assert_eq(wrap_count_rows("漢字漢字", 4), 2);
	cr_assert_eq(wrap_count_rows("漢字漢字", 5), 2);
	cr_assert_eq(wrap_count_rows("漢字漢字", 3), 4);
	cr_assert_eq(wrap_count_rows("a漢字", 3), 2);
	cr_assert_eq(wrap_count_rows("abe\xcc\x81", 3), 1);
	cr_assert_eq(wrap_count_rows("漢字", 1), 1);
	cr_assert_eq(wrap_count_rows("abc", 0), 1);
}

Test(output, terminals_that_are_known_leave_rows_as_they_are)
{
	static const char *const variables[] = {"TMUX", "STY", "XTERM_VERSION"};

	for (size_t i = 0; i < 3; i++)
		unsetenv(variables[i]);
	setenv("TERM", "xterm-256color", 1);
	cr_assert(wrap_is_redone());
	setenv("XTERM_VERSION", "XTerm(379)", 1);
	cr_assert_not(wrap_is_redone());
	setenv("TMUX", "/tmp/tmux-0/default,1,0", 1);
	cr_assert(wrap_is_redone(), "tmux in xterm");
	unsetenv("TMUX");
	unsetenv("XTERM_VERSION");
	setenv("STY", "1.pts-0.host", 1);
	cr_assert_not(wrap_is_redone());
	unsetenv("STY");
	setenv("TERM", "linux", 1);
	cr_assert_not(wrap_is_redone());
}

Test(output, durations)
{
	static const struct {
		double seconds;
		const char *text;
	} durations[] = {{0, "0.0s"}, {-1, "0.0s"}, {1.24, "1.2s"}, {59.94, "59.9s"},
	    {59.96, "1m00s"}, {125, "2m05s"}, {3600, "1h00m"}, {7380, "2h03m"},
	    {86400 * 4 + 7200, "4d02h"}};
	char text[DURATION_SIZE];

	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		output_format_duration(text, durations[i].seconds);
		cr_assert_str_eq(text, durations[i].text);
	}
	output_format_duration(text, 1e300);
	output_format_duration(text, 0.0 / 0.0);
	cr_assert_str_eq(text, "0.0s");
}

static void check_json(const char *text, bool is_terminal, const char *expected)
{
	char *printed = NULL;
	size_t size;
	struct output output = {
	    .stream = open_memstream(&printed, &size), .is_terminal = is_terminal};
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	output_print_json(&output, value);
	fclose(output.stream);
	cr_assert_str_eq(printed, expected);
	json_decref(value);
	free(printed);
}

Test(output, json_numbers_are_short_and_exact)
{
	check_json("0.1", false, "0.1\n");
	check_json("1.0", false, "1.0\n");
	check_json("1e300", false, "1e+300\n");
	check_json("0.30000000000000004", false, "0.30000000000000004\n");
	check_json("1763845123.123457", false, "1763845123.123457\n");
	check_json("-9007199254740993", false, "-9007199254740993\n");
}

Test(output, json_on_one_line_and_indented)
{
	static const char text[] =
	    "{\"a\": [1, {}], \"b\": \"x\\n\\\"\\u0001ü\", \"c\": [], \"d\": null}";

	check_json(
	    text, false, "{\"a\": [1, {}], \"b\": \"x\\n\\\"\\u0001ü\", \"c\": [], \"d\": null}\n");
	check_json("{\"a\": [1, true]}", true, "{\n  \"a\": [\n    1,\n    true\n  ]\n}\n");
}

Test(output, tables_are_aligned_and_cut)
{
	static const char *const heads[] = {"NAME", "STATE", "REASON"};
	struct table *table = table_new(heads, 3);
	char *printed = NULL;
	size_t size;
	struct output output = {.stream = open_memstream(&printed, &size), .columns = 40};

	table_add(table, (const char *[]){"漢字", "idle", NULL}, STYLE_NONE, 1);
	table_add(table,
	    (const char *[]){"a\nb", "failed", "a reason much longer than there is room"},
	    STYLE_BAD, 1);
	table_print(table, &output);
	fclose(output.stream);
	cr_assert_str_eq(printed, "NAME  STATE   REASON\n"
	                          "漢字  idle\n"
	                          "a\\nb  failed  a reason much longer than…\n");
	table_free(table);
	free(printed);
}

Test(output, a_long_name_leaves_room_for_the_other_columns)
{
	static const char *const heads[] = {"NAME", "STATE", "REASON"};
	struct table *table = table_new(heads, 3);
	char *printed = NULL;
	size_t size;
	struct output output = {.stream = open_memstream(&printed, &size), .columns = 45};

	table_add(table, (const char *[]){"a", "idle", NULL}, STYLE_NONE, 1);
	table_add(table,
	    (const char *[]){
	        "漢字漢字漢字漢字漢字漢字漢字漢字漢字", "failed", "a reason that is long"},
	    STYLE_BAD, 1);
	table_print(table, &output);
	output.columns = 0;
	table_print(table, &output);
	fclose(output.stream);
	cr_assert_str_eq(printed,
	    "NAME                 STATE   REASON\n"
	    "a                    idle\n"
	    "漢字漢字漢字漢字漢…  failed  a reason that i…\n"
	    "NAME                                  STATE   REASON\n"
	    "a                                     idle\n"
	    "漢字漢字漢字漢字漢字漢字漢字漢字漢字  failed  a reason that is long\n");
	table_free(table);
	free(printed);
}

Test(output, color_only_where_it_is_wanted)
{
	struct output output = {.stream = stdout, .is_terminal = true, .has_color = true};

	cr_assert_str_neq(output_style_begin(&output, STYLE_BAD), "");
	output.has_color = false;
	cr_assert_str_eq(output_style_begin(&output, STYLE_BAD), "");
	cr_assert_str_eq(output_style_end(&output, STYLE_BAD), "");
	setenv("COLUMNS", "57", 1);
	setenv("NO_COLOR", "1", 1);
	output_init(&output, stdout);
	cr_assert_eq(output.columns, 57);
	cr_assert_not(output.has_color);
}

Test(output, short_durations_and_amounts_of_memory)
{
	static const struct {
		double n_bytes;
		const char *text;
	} amounts[] = {{-1, "0 B"}, {0, "0 B"}, {512, "512 B"}, {999, "999 B"}, {1000, "1.0 KiB"},
	    {1536, "1.5 KiB"}, {1048576, "1.0 MiB"}, {1e300, NULL}};
	static const struct {
		double seconds;
		const char *text;
	} durations[] = {{-1, "0.0s"}, {0, "0.000s"}, {0.0123, "0.012s"}, {9.9994, "9.999s"},
	    {9.9996, "10.0s"}, {75, "1m15s"}};

	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		char text[BYTES_SIZE];

		output_format_bytes(text, amounts[i].n_bytes);
		if (amounts[i].text)
			cr_assert_str_eq(text, amounts[i].text);
		else
			cr_assert_lt(strlen(text), sizeof(text));
	}
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		char text[DURATION_SIZE];

		output_format_short_duration(text, durations[i].seconds);
		cr_assert_str_eq(text, durations[i].text);
	}
}
