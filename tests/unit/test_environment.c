/*
 * Captured environments: one for each content, kept while something uses it and a little longer.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/environment.h"

static uint32_t add(struct environments *environments, const char *json)
{
	json_t *object = json_loads(json, JSON_DECODE_ANY, NULL);
	uint32_t env;

	cr_assert_not_null(object);
	env = environments_add(environments, object);
	json_decref(object);
	return env;
}

Test(environment, content_is_what_counts)
{
	struct environments *environments = environments_new(NULL);
	uint32_t first = add(environments, "{\"A\": \"1\", \"B\": \"2\"}");

	cr_assert_neq(first, 0u);
	cr_assert_eq(add(environments, "{\"B\": \"2\", \"A\": \"1\"}"), first);
	cr_assert_neq(add(environments, "{\"A\": \"1\", \"B\": \"3\"}"), first);
	cr_assert_neq(add(environments, "{}"), first);
	cr_assert_eq(environments_count(environments), 3u);
	environments_free(environments);
}

Test(environment, our_own_variables_and_bad_names_are_left_out)
{
	struct environments *environments = environments_new(NULL);
	uint32_t plain = add(environments, "{\"A\": \"1\"}");

	cr_assert_eq(
	    add(environments, "{\"PP_EXEC\": \"7\", \"A\": \"1\", \"PP_RUN\": \"2\", \"\": \"x\", "
	                      "\"B=C\": \"x\"}"),
	    plain);
	environments_free(environments);
}

Test(environment, what_is_no_environment_is_refused)
{
	struct environments *environments = environments_new(NULL);

	cr_assert_eq(add(environments, "{\"A\": 1}"), ENVIRONMENT_REFUSED);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(add(environments, "[]"), ENVIRONMENT_REFUSED);
	cr_assert_eq(environments_count(environments), 0u);
	environments_free(environments);
}

/* So many variables, each with a value of that length that begins with first. */
static json_t *make_object(int first, size_t count, size_t length)
{
	json_t *object = json_object();
	char *value = malloc(length + 1), name[24];

	memset(value, 'x', length);
	value[length] = '\0';
	value[0] = length > 0 ? (char)first : '\0';
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "V%zu", i);
		json_object_set_new(object, name, json_string(value));
	}
	free(value);
	return object;
}

/* Adds one like that; the first time that it is refused, the reason has to hold these words. */
static uint32_t add_made(
    struct environments *environments, json_t *object, int error, const char *words)
{
	uint32_t env = environments_add(environments, object);
	char *why;

	if (env == ENVIRONMENT_REFUSED) {
		cr_assert_eq(errno, error);
		why = environment_explain(object, errno);
		cr_assert(strstr(why, words), "%s", why);
		free(why);
	}
	json_decref(object);
	return env;
}

Test(environment, what_no_process_can_be_given_is_refused)
{
	struct environments *environments = environments_new(NULL);

	cr_assert_neq(
	    add_made(environments, make_object('a', 8, 100000), 0, ""), ENVIRONMENT_REFUSED);
	cr_assert_neq(
	    add_made(environments, make_object('a', 30000, 10), 0, ""), ENVIRONMENT_REFUSED);
	cr_assert_eq(add_made(environments, make_object('a', 1, 128 << 10), E2BIG, "V0"),
	    ENVIRONMENT_REFUSED);
	cr_assert_eq(add_made(environments, make_object('a', 12, 100000), E2BIG, "1 MiB"),
	    ENVIRONMENT_REFUSED);
	cr_assert_eq(add_made(environments, make_object('a', 40000, 0), E2BIG, "32768"),
	    ENVIRONMENT_REFUSED);
	cr_assert_eq(environments_count(environments), 2u);
	environments_free(environments);
}

Test(environment, those_in_use_have_one_limit)
{
	struct environments *environments = environments_new(NULL);
	uint32_t used[100], env = 0;
	size_t n_used = 0;

	while (env != ENVIRONMENT_REFUSED && n_used < 100) {
		env = add_made(
		    environments, make_object('A' + (int)n_used, 9, 100000), ENOSPC, "16 MiB");
		if (env == ENVIRONMENT_REFUSED)
			break;
		environments_ref(environments, env);
		used[n_used++] = env;
		environments_trim(environments);
	}
	cr_assert_gt(n_used, 10u);
	cr_assert_lt(n_used, 20u);
	/* One that is there already costs nothing, and one that ends makes room. */
	cr_assert_eq(add_made(environments, make_object('A', 9, 100000), 0, ""), used[0]);
	environments_unref(environments, used[1]);
	environments_trim(environments);
	cr_assert_neq(
	    add_made(environments, make_object('z', 9, 100000), 0, ""), ENVIRONMENT_REFUSED);
	environments_free(environments);
}

static uint32_t add_numbered(struct environments *environments, int number)
{
	char json[32];

	snprintf(json, sizeof(json), "{\"N\": \"%d\"}", number);
	return add(environments, json);
}

Test(environment, what_nothing_uses_goes_after_a_while)
{
	struct environments *environments = environments_new(NULL);
	uint32_t used = add_numbered(environments, 0);
	uint32_t early = add_numbered(environments, 1);

	environments_ref(environments, used);
	environments_ref(environments, used);
	for (int i = 2; i < 1000; i++)
		add_numbered(environments, i);
	cr_assert_eq(environments_count(environments), 1000u); /* all of one pass */
	environments_trim(environments);
	cr_assert_lt(environments_count(environments), 50u);
	cr_assert_eq(add_numbered(environments, 0), used);
	cr_assert_neq(add_numbered(environments, 1), early);
	environments_unref(environments, used);
	environments_unref(environments, used);
	environments_unref(environments, used); /* one too many does no harm */
	cr_assert_eq(add_numbered(environments, 0), used);
	environments_ref(environments, 0);
	environments_unref(environments, 123456);
	environments_free(environments);
}

Test(environment, large_ones_that_nothing_uses_are_few)
{
	struct environments *environments = environments_new(NULL);

	for (int i = 0; i < 8; i++)
		cr_assert_neq(add_made(environments, make_object('a' + i, 5, 100000), 0, ""),
		    ENVIRONMENT_REFUSED);
	environments_trim(environments);
	cr_assert_leq(environments_count(environments), 2u);
	environments_free(environments);
}
