/*
 * MAKEFLAGS: what is another's jobserver goes, ours comes, all else stays.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/supervisor/makeflags.h"

#define PIPE "-j4 --jobserver-fds=3,4 --jobserver-auth=3,4"

static void expect_joined(const char *old, const char *wanted)
{
	char *joined = makeflags_join(old, JOBSERVER_PIPE, 4, "/w/fifo");

	cr_assert_not_null(joined);
	cr_expect_eq(strncmp(joined, "MAKEFLAGS=", 10), 0);
	cr_expect_str_eq(joined + 10, wanted, "'%s' has become '%s'", old, joined);
	free(joined);
}

/* wanted: NULL where nothing is left. */
static void expect_stripped(const char *given, const char *wanted)
{
	char variable[160];
	bool is_left;

	snprintf(variable, sizeof(variable), "%s", given);
	is_left = makeflags_strip(variable);
	cr_expect_eq(is_left, wanted != NULL, "%s", given);
	if (wanted != NULL)
		cr_expect_str_eq(variable, wanted, "'%s' has become '%s'", given, variable);
}

Test(makeflags, ours_comes_last_of_the_options)
{
	expect_joined(NULL, " " PIPE);
	expect_joined("", " " PIPE);
	expect_joined("kw", "kw " PIPE);
	expect_joined("-k -l 2.5", "-k -l 2.5 " PIPE);
	expect_joined("k -- A=b\\ -j2 B=--jobserver-auth=1,2",
	    "k " PIPE " -- A=b\\ -j2 B=--jobserver-auth=1,2");
	/* What is behind a blank is no row of letters. */
	expect_joined(" -- A=b", " " PIPE " -- A=b");
	expect_joined("-- A=b", " " PIPE " -- A=b");
	expect_joined("--", " " PIPE " --");
	expect_joined(" V=1", " V=1 " PIPE);
}

Test(makeflags, ours_replaces_what_says_the_same)
{
	expect_joined(" -j8 --jobserver-auth=5,6", " " PIPE);
	expect_joined("k -j8 --jobserver-fds=5,6 --no-print-directory -- A=b",
	    "k --no-print-directory " PIPE " -- A=b");
	expect_joined(" -j --jobserver-auth=fifo:/tmp/x", " " PIPE);
	expect_joined("j8", " " PIPE);
	expect_joined("-j 8 -k", "-k " PIPE);
	expect_joined("--jobs=8 --jobs -k", "-k " PIPE);
	expect_joined("-j8 V=1", " V=1 " PIPE);
}

Test(makeflags, the_newer_form_has_a_path)
{
	char *joined = makeflags_join("k", JOBSERVER_FIFO, 12, "/w/.parproc/jobserver");

	cr_assert_str_eq(joined, "MAKEFLAGS=k -j12 --jobserver-auth=fifo:/w/.parproc/jobserver");
	free(joined);
	cr_expect(makeflags_takes_path("/home/a-b_c/ä.d"));
	for (const char *c = " \t\n$\\#'\""; *c != '\0'; c++) {
		char path[] = {'/', 'a', *c, 'b', '\0'};

		cr_expect_not(makeflags_takes_path(path), "%s", path);
	}
}

Test(makeflags, those_of_another_are_taken_out)
{
	expect_stripped("MAKEFLAGS=kw -j8 --jobserver-auth=3,4 -- A=b", "MAKEFLAGS=kw -- A=b");
	expect_stripped("MFLAGS=-k -j8 --jobserver-fds=3,4", "MFLAGS=-k");
	expect_stripped("MAKEFLAGS= -j8 --jobserver-auth=fifo:/x", NULL);
	expect_stripped("CARGO_MAKEFLAGS=-j --jobserver-fds=3,4 --jobserver-auth=3,4", NULL);
}

Test(makeflags, all_else_stays)
{
	static const char *const others[] = {"MAKEFLAGS=", "MAKEFLAGS=-j8", "MAKEFLAGS=-j 8 -k",
	    "MAKEFLAGS=k -- A=--jobserver-auth=3,4", "MAKEFLAGS",
	    "XMAKEFLAGS= --jobserver-auth=3,4", "A= -j8 --jobserver-auth=3,4", "", "=",
	    "MAKEFLAGS=\\"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect_stripped(others[i], others[i]);
}
