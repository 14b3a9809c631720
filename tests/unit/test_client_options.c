/* The command line of ppctl: options around verbs, names, what is refused and what is suggested. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "client/options.h"
#include "client/verbs.h"

static const struct option_spec globals[] = {
    {"directory", 'C', "DIR", ""},
    {"json", 0, NULL, ""},
    {"quiet", 'q', NULL, ""},
    {"verbose", 'v', NULL, ""},
    {0},
};

static const struct option_spec run_options[] = {
    {"param", 'p', "K=V", ""},
    {"fail-fast", 0, NULL, ""},
    {0},
};

static const struct verb table[] = {
    {.name = "run",
        .usage = "NAME...",
        .options = run_options,
        .flags = VERB_TAKES_COMMAND,
        .min_words = 1,
        .max_words = 100},
    {.name = "result", .usage = "NAME", .min_words = 1, .max_words = 1},
    {.name = "status", .usage = "[NAME...]", .max_words = 100},
    {0},
};

static const struct grammar grammar = {globals, table};

#define WORDS_MAX 16

struct parsed {
	char *argv[WORDS_MAX];
	int status;
	struct invocation inv;
	struct complaint complaint;
};

/* Splits line at blanks and parses it. */
static struct parsed *parse(const char *line)
{
	static struct parsed parsed;
	static char words[256];
	char *rest;
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok_r(words, " ", &rest); word && argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		parsed.argv[argc++] = word;
	parsed.status = options_parse(&grammar, argc, parsed.argv, &parsed.inv, &parsed.complaint);
	return &parsed;
}

static void expect_refused(const char *line, const char *text, const char *hint)
{
	struct parsed *parsed = parse(line);

	cr_assert_eq(parsed->status, -1, "%s", line);
	cr_assert_str_eq(parsed->complaint.text, text);
	if (hint)
		cr_assert_str_eq(parsed->complaint.hint, hint);
	invocation_clear(&parsed->inv);
}

Test(client_options, globals_stand_before_or_after_the_verb)
{
	static const char *const lines[] = {"-C dir --json run a", "run -C dir a --json",
	    "run a --json -Cdir", "--directory=dir run --json a"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct parsed *parsed = parse(lines[i]);

		cr_assert_eq(parsed->status, 0, "%s: %s", lines[i], parsed->complaint.text);
		cr_assert_str_eq(parsed->inv.verb->name, "run");
		cr_assert_str_eq(invocation_get(&parsed->inv, "directory"), "dir");
		cr_assert(invocation_has(&parsed->inv, "json"));
		cr_assert_eq(parsed->inv.n_words, 1);
		cr_assert_str_eq(parsed->inv.words[0], "a");
		invocation_clear(&parsed->inv);
	}
}

Test(client_options, after_dashes_all_are_names)
{
	struct parsed *parsed = parse("run a -- --json -q --");

	cr_assert_eq(parsed->status, 0);
	cr_assert(parsed->inv.has_dashes);
	cr_assert_not(invocation_has(&parsed->inv, "json"));
	cr_assert_eq(parsed->inv.n_words, 1);
	cr_assert_eq(parsed->inv.n_rest, 3);
	cr_assert_str_eq(parsed->inv.rest[0], "--json");
	cr_assert_str_eq(parsed->inv.rest[2], "--");
	invocation_clear(&parsed->inv);
}

Test(client_options, short_ones_are_joined)
{
	struct parsed *parsed = parse("run -qvpk=v a");

	cr_assert_eq(parsed->status, 0);
	cr_assert(invocation_has(&parsed->inv, "quiet"));
	cr_assert(invocation_has(&parsed->inv, "verbose"));
	cr_assert_str_eq(invocation_get(&parsed->inv, "param"), "k=v");
	invocation_clear(&parsed->inv);
}

Test(client_options, negative_numbers_and_a_dash_are_words)
{
	struct parsed *parsed = parse("run n::-1 -1 -");

	cr_assert_eq(parsed->status, 0);
	cr_assert_eq(parsed->inv.n_words, 3);
	cr_assert_str_eq(parsed->inv.words[1], "-1");
	cr_assert_str_eq(parsed->inv.words[2], "-");
	invocation_clear(&parsed->inv);
}

Test(client_options, no_verb_is_no_error)
{
	struct parsed *parsed = parse("--json");

	cr_assert_eq(parsed->status, 0);
	cr_assert_null(parsed->inv.verb);
	invocation_clear(&parsed->inv);
}

Test(client_options, repeated_ones_are_kept_in_order)
{
	struct parsed *parsed = parse("run -p a=1 x --param b=2 --param=c=3");
	static const char *const expected[] = {"a=1", "b=2", "c=3"};
	size_t position = 0;

	cr_assert_eq(parsed->status, 0);
	for (size_t i = 0; i < 3; i++)
		cr_assert_str_eq(invocation_next(&parsed->inv, "param", &position), expected[i]);
	cr_assert_null(invocation_next(&parsed->inv, "param", &position));
	cr_assert_str_eq(invocation_get(&parsed->inv, "param"), "c=3");
	invocation_clear(&parsed->inv);
}

Test(client_options, what_is_unknown_is_refused_with_the_nearest)
{
	expect_refused("rnu a", "unknown verb rnu", "did you mean run?");
	expect_refused("xyzzyxyzzy", "unknown verb xyzzyxyzzy", "ppctl help lists the verbs");
	expect_refused("run --jsno a", "run: unknown option --jsno", "did you mean --json?");
	expect_refused(
	    "run --fail-fats a", "run: unknown option --fail-fats", "did you mean --fail-fast?");
	expect_refused("run -z a", "run: unknown option -z", NULL);
}

Test(client_options, an_option_of_a_verb_before_it_is_explained)
{
	expect_refused("--fail-fast run a", "unknown option --fail-fast",
	    "--fail-fast belongs after the verb: ppctl run --fail-fast");
}

Test(client_options, values_are_required_and_refused)
{
	expect_refused("run a --param", "--param needs a value: K=V", NULL);
	expect_refused("run a -p", "-p needs a value: K=V", NULL);
	expect_refused("run a --json=yes", "--json takes no value", NULL);
}

Test(client_options, the_number_of_names_is_checked)
{
	expect_refused("run", "run needs NAME...", "usage: ppctl run NAME...");
	expect_refused("result a b", "result: unexpected b", "usage: ppctl result NAME");
	expect_refused("result a -- b", "result: unexpected b", NULL);
}

Test(client_options, durations)
{
	static const char *const refused[] = {
	    "", "s", "-1", "+1", " 1", "1 s", "1x", "inf", "nan", "0x10", "1e3", "5 parsecs"};
	static const struct {
		const char *text;
		double seconds;
	} taken[] = {{"0", 0}, {"30", 30}, {"1.5s", 1.5}, {"5m", 300}, {"2h", 7200}, {"1d", 86400}};
	double seconds;

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		cr_assert_eq(options_parse_duration(taken[i].text, &seconds), 0);
		cr_assert_float_eq(seconds, taken[i].seconds, 1e-9);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		cr_assert_eq(options_parse_duration(refused[i], &seconds), -1, "%s", refused[i]);
}

Test(client_options, integers)
{
	static const char *const refused[] = {
	    "", "x", "1x", "11", "-6", "+1", " 1", "99999999999999999999"};
	long long value;

	cr_assert_eq(options_parse_integer("-5", -5, 10, &value), 0);
	cr_assert_eq(value, -5);
	cr_assert_eq(options_parse_integer("10", -5, 10, &value), 0);
	cr_assert_eq(value, 10);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		cr_assert_eq(
		    options_parse_integer(refused[i], -5, 10, &value), -1, "%s", refused[i]);
}

Test(client_options, assignments_begin_with_an_identifier)
{
	size_t length;

	cr_assert(options_is_assignment("env=prod", &length));
	cr_assert_eq(length, 3);
	cr_assert(options_is_assignment("_a1==", &length));
	cr_assert_eq(length, 3);
	cr_assert_not(options_is_assignment("build::a=b", &length));
	cr_assert_not(options_is_assignment("1a=b", &length));
	cr_assert_not(options_is_assignment("=b", &length));
	cr_assert_not(options_is_assignment("plain", &length));
}
