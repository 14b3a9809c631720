/*
 * The tables of methods and errors, the check of params, and "did you mean".
 */
#include <criterion/criterion.h>
#include <string.h>

#include "protocol/errors.h"
#include "protocol/methods.h"
#include "protocol/nearest.h"

/* ---- errors ---- */

Test(errors, each_has_a_name_and_a_number_of_its_own)
{
	int a, b;

	for (a = 0; a < PROTOCOL_ERROR_COUNT; a++) {
		const char *name = protocol_error_name((enum protocol_error)a);

		cr_assert_not_null(name);
		cr_assert_not_null(protocol_error_meaning((enum protocol_error)a));
		cr_assert_eq((int)protocol_error_find(name), a);
		for (b = 0; b < a; b++)
			cr_assert_neq(protocol_error_code((enum protocol_error)a),
			    protocol_error_code((enum protocol_error)b));
	}
	cr_assert_eq(protocol_error_find("no_such"), PROTOCOL_ERROR_COUNT);
	cr_assert_str_eq(protocol_error_name((enum protocol_error)999), "internal");
}

/* ---- methods ---- */

Test(methods, the_table_is_sorted_and_complete)
{
	size_t i;

	for (i = 0; i < protocol_method_count; i++) {
		const struct method *method = &protocol_methods[i];
		const struct method_param *param;

		cr_assert(i == 0 || strcmp(method[-1].name, method->name) < 0, "%s", method->name);
		cr_assert_eq(protocol_method_find(method->name), method);
		cr_assert_not_null(method->summary);
		for (param = method->params; param->name; param++) {
			cr_assert_not_null(param->summary, "%s.%s", method->name, param->name);
			cr_assert_neq(param->types, 0, "%s.%s", method->name, param->name);
			cr_assert_eq(protocol_param_find(method, param->name), param);
		}
	}
	cr_assert_null(protocol_method_find("stat"));
	cr_assert_null(protocol_method_find(""));
}

Test(methods, what_changes_something_takes_a_request_id)
{
	size_t i;

	for (i = 0; i < protocol_method_count; i++) {
		const struct method *method = &protocol_methods[i];
		bool changes = method->flags & METHOD_CHANGES;

		cr_assert_neq(changes, (bool)(method->flags & METHOD_LOOKS), "%s", method->name);
		cr_assert_eq(
		    changes, protocol_param_find(method, "request_id") != NULL, "%s", method->name);
	}
}

Test(methods, the_nearest_method)
{
	cr_assert_str_eq(protocol_method_nearest("stats"), "status");
	cr_assert_str_eq(protocol_method_nearest("params_get"), "params.get");
	cr_assert_null(protocol_method_nearest("frobnicate"));
}

/* ---- params ---- */

static void expect_good(const char *method, const char *params)
{
	json_t *value = params ? json_loads(params, JSON_DECODE_ANY, NULL) : NULL;
	struct params_problem problem;

	cr_assert_eq(protocol_params_check(protocol_method_find(method), value, &problem), 0,
	    "%s %s: %s", method, params ? params : "", problem.text);
	json_decref(value);
}

static void expect_bad(const char *method, const char *params, const char *text, const char *member)
{
	json_t *value = params ? json_loads(params, JSON_DECODE_ANY, NULL) : NULL;
	struct params_problem problem;

	cr_assert_eq(protocol_params_check(protocol_method_find(method), value, &problem), -1,
	    "taken: %s %s", method, params);
	cr_assert_eq(problem.error, PROTOCOL_BAD_PARAMS);
	cr_assert_str_eq(problem.text, text);
	cr_assert_str_eq(json_string_value(json_object_get(problem.data, "member")), member);
	json_decref(problem.data);
	json_decref(value);
}

Test(params, what_is_right)
{
	expect_good("ping", NULL);
	expect_good("ping", "{}");
	expect_good("ping", "[]");
	expect_good("status", "{\"names\":[],\"run\":1}");
	expect_good("status", "{\"run\":\"nightly\",\"limit\":0}");
	expect_good("start",
	    "{\"names\":[\"a\"],\"args\":{\"n\":7,\"f\":1.5,\"b\":true,\"s\":\"x\"},"
	    "\"env\":{\"A\":\"b\"},\"full\":true,\"request_id\":\"x\"}");
	expect_good("wait", "{\"timeout\":0.5}");
	expect_good("wait", "{\"timeout\":5}");
	expect_good("open", "{\"for\":\"connection\"}");
	expect_good("subscribe", "{\"kinds\":[\"state\",\"run\"]}");
	expect_good("params.set", "{\"values\":{\"any\":[{\"x\":null}]}}");
}

Test(params, an_unknown_member_is_named_with_the_nearest)
{
	expect_bad("status", "{\"nmaes\":[]}",
	    "status: unknown parameter \"nmaes\" (did you mean names?)", "nmaes");
	expect_bad("ping", "{\"x\":1}", "ping: unknown parameter \"x\"", "x");
	expect_bad("list", "{\"request_id\":\"a\"}", "list: unknown parameter \"request_id\"",
	    "request_id");
}

Test(params, a_missing_member_is_named)
{
	expect_bad("start", NULL, "start: the parameter \"names\" is missing", "names");
	expect_bad("show", "{\"run\":1}", "show: the parameter \"name\" is missing", "name");
	expect_bad("message", "{\"exec\":1}", "message: the parameter \"text\" is missing", "text");
}

Test(params, a_wrong_type_is_named)
{
	expect_bad("start", "{\"names\":\"a\"}", "\"names\" must be an array", "names");
	expect_bad("start", "{\"names\":[1]}", "\"names\" must hold only a string", "names");
	expect_bad("status", "{\"run\":1.5}", "\"run\" must be a string or an integer", "run");
	expect_bad("status", "{\"run\":null}", "\"run\" must be a string or an integer", "run");
	expect_bad("wait", "{\"timeout\":\"5s\"}", "\"timeout\" must be a number", "timeout");
	expect_bad(
	    "start", "{\"names\":[],\"env\":{\"A\":1}}", "\"env\" must hold only a string", "env");
	expect_bad("start", "{\"names\":[],\"args\":{\"a\":[]}}",
	    "\"args\" must hold only a string or a number or true or false", "args");
	expect_bad("cancel", "{\"all\":1}", "\"all\" must be true or false", "all");
}

Test(params, what_cannot_be)
{
	expect_bad("runs", "{\"limit\":-1}", "\"limit\" cannot be negative", "limit");
	expect_bad("wait", "{\"timeout\":-0.5}", "\"timeout\" cannot be negative", "timeout");
	expect_bad("open", "{\"for\":\"connections\"}",
	    "\"for\" cannot be \"connections\" (did you mean connection?)", "for");
	expect_bad("subscribe", "{\"kinds\":[\"stat\"]}",
	    "\"kinds\" cannot be \"stat\" (did you mean state?)", "kinds");
	expect_bad("reload", "{\"request_id\":\"\"}", "\"request_id\" must have 1 to 64 bytes",
	    "request_id");
	expect_bad("ping", "[1]", "ping takes its parameters by name", "params");
	expect_bad("ping", "1", "ping takes its parameters by name", "params");
}

/* What is quoted is cut at a character, so the text stays UTF-8. */
Test(params, long_words_are_cut_at_characters)
{
	char word[400] = "x";
	struct params_problem problem;
	json_t *params, *text;
	size_t i;

	for (i = 0; i < 120; i++)
		strcat(word, "\xe2\x82\xac");
	params = json_pack("{s:i}", word, 1);
	cr_assert_eq(protocol_params_check(protocol_method_find("ping"), params, &problem), -1);
	text = json_string(problem.text);
	cr_assert_not_null(text, "not UTF-8: %s", problem.text);
	json_decref(text);
	json_decref(problem.data);
	json_decref(params);
	params = json_pack("{s:s}", "request_id", word);
	cr_assert_eq(protocol_params_check(protocol_method_find("reload"), params, &problem), -1);
	json_decref(problem.data);
	json_decref(params);
}

/* ---- nearest ---- */

Test(nearest, distances)
{
	char long_word[100] = {0};

	cr_assert_eq(nearest_distance("run", "run", 3), 0);
	cr_assert_eq(nearest_distance("run", "runn", 3), 1);
	cr_assert_eq(nearest_distance("run", "ru", 3), 1);
	cr_assert_eq(nearest_distance("run", "rnu", 3), 1);
	cr_assert_eq(nearest_distance("run", "fun", 3), 1);
	cr_assert_eq(nearest_distance("", "ab", 3), 2);
	cr_assert_eq(nearest_distance("kitten", "sitting", 3), 3);
	cr_assert_eq(nearest_distance("kitten", "sitting", 2), 3);
	cr_assert_eq(nearest_distance("a", "abcdef", 3), 4);
	memset(long_word, 'x', 99);
	cr_assert_eq(nearest_distance(long_word, long_word, 3), 4);
}

Test(nearest, the_first_of_equally_near_ones)
{
	struct nearest nearest;

	nearest_init(&nearest, "tests");
	nearest_offer(&nearest, "zebra");
	cr_assert_null(nearest.best);
	nearest_offer(&nearest, "test");
	nearest_offer(&nearest, "rests");
	cr_assert_str_eq(nearest.best, "test");
	nearest_offer(&nearest, "tests");
	cr_assert_str_eq(nearest.best, "tests");
	nearest_init(&nearest, "");
	nearest_offer(&nearest, "a");
	cr_assert_null(nearest.best);
}
