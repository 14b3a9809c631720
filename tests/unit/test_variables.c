/*
 * Captured environments: a worker's own variables win, what is dropped is gone.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/supervisor/variables.h"

static const char *const own[] = {"HOME=/root", "PATH=/bin", "A=own", NULL};
static const char *const captured[] = {"PATH=/usr/bin", "AB=1", "A=captured", "", "=odd", NULL};
static const char *const extra[] = {"A=extra", "PP_RUN=1", NULL};
static const char *const nothing[] = {NULL};

/* The value of name in list; NULL: it is not there. Fails when it is there twice. */
static const char *get(const char *const *list, const char *name)
{
	const char *value = NULL;
	size_t length = strlen(name);

	for (; *list != NULL; list++)
		if (strncmp(*list, name, length) == 0 && (*list)[length] == '=') {
			cr_assert_null(value, "%s is there twice", name);
			value = *list + length + 1;
		}
	return value;
}

Test(variables, extra_wins_over_captured)
{
	struct variables *variables = variables_new(own);
	const char *const *merged;

	cr_assert_eq(variables_put(variables, 5, captured), 0);
	merged = variables_merge(variables, 5, extra);
	cr_assert_not_null(merged);
	cr_assert_str_eq(get(merged, "A"), "extra");
	cr_assert_str_eq(get(merged, "AB"), "1");
	cr_assert_str_eq(get(merged, "PATH"), "/usr/bin");
	cr_assert_str_eq(get(merged, "PP_RUN"), "1");
	cr_assert_null(get(merged, "HOME"));
	variables_free(variables);
}

Test(variables, zero_is_the_own_one)
{
	struct variables *variables = variables_new(own);
	const char *const *merged = variables_merge(variables, 0, nothing);

	cr_assert_str_eq(get(merged, "A"), "own");
	cr_assert_str_eq(get(merged, "HOME"), "/root");
	cr_assert_eq(variables_put(variables, 0, captured), -1);
	cr_assert_eq(errno, EINVAL);
	variables_free(variables);
}

static int count(uint32_t env, void *arg)
{
	*(uint32_t *)arg += env;
	return 0;
}

Test(variables, no_jobserver_of_others)
{
	static const char *const made[] = {"A=1", "MAKEFLAGS= -j8 --jobserver-auth=3,4",
	    "MFLAGS=-k -j8 --jobserver-auth=3,4", "B=2", NULL};
	struct variables *variables = variables_new(made);
	const char *const *merged = variables_merge(variables, 0, nothing);

	cr_assert_null(get(merged, "MAKEFLAGS"));
	cr_assert_str_eq(get(merged, "MFLAGS"), "-k");
	cr_assert_str_eq(get(merged, "B"), "2");
	/* One more, and one instead of what is there. */
	cr_assert_null(variables_get(variables, "MAKEFLAGS"));
	merged = variables_add(variables, "MAKEFLAGS=ours");
	cr_assert_str_eq(get(merged, "MAKEFLAGS"), "ours");
	cr_assert_str_eq(variables_get(variables, "MAKEFLAGS"), "ours");
	merged = variables_merge(variables, 0, extra);
	cr_assert_str_eq(variables_get(variables, "A"), "extra");
	merged = variables_add(variables, "A=more");
	cr_assert_str_eq(get(merged, "A"), "more");
	cr_assert_str_eq(get(merged, "B"), "2");
	variables_free(variables);
}

Test(variables, dropped_and_replaced)
{
	struct variables *variables = variables_new(own);
	uint32_t sum = 0;

	cr_assert_eq(variables_put(variables, 5, captured), 0);
	cr_assert_eq(variables_put(variables, 6, captured), 0);
	cr_assert_eq(variables_put(variables, 6, own), 0);
	cr_assert_str_eq(get(variables_merge(variables, 6, nothing), "A"), "own");
	variables_drop(variables, 5);
	variables_drop(variables, 5);
	variables_drop(variables, 0);
	errno = 0;
	cr_assert_null(variables_merge(variables, 5, nothing));
	cr_assert_eq(errno, ENOENT);
	cr_assert_eq(variables_each(variables, count, &sum), 0);
	cr_assert_eq(sum, 6);
	variables_free(variables);
}

/* Names that share a bit of the filter are still told apart. */
Test(variables, many_names)
{
	enum { N = 300 };
	char text[N][32];
	const char *list[N + 1], *half[N / 2 + 1];
	struct variables *variables;
	const char *const *merged;
	size_t n = 0;

	for (int i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "V%d=%d", i, i);
		list[i] = text[i];
	}
	list[N] = NULL;
	for (int i = 0; i < N / 2; i++)
		half[i] = text[2 * i];
	half[N / 2] = NULL;
	variables = variables_new(list);
	merged = variables_merge(variables, 0, half);
	while (merged[n] != NULL)
		n++;
	cr_assert_eq(n, N);
	for (int i = 0; i < N; i++) {
		char name[16];

		snprintf(name, sizeof(name), "V%d", i);
		cr_assert_not_null(get(merged, name));
	}
	variables_free(variables);
}
