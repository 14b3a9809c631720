/* Options: defaults, forms, bounds, printing. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "daemon/workspace/options.h"
#include "daemon/workspace/yaml.h"

static const struct place options_place = {.key = "options"};

/* Sets what the JSON text says; NULL or the error's text, which the caller frees. */
static char *set(struct workspace_options *options, const char *text, bool is_request)
{
	struct yaml_node top = {.line = 1, .column = 1};
	struct workspace_error error = {0};
	struct reader reader = {.error = &error, .positions = is_request ? NULL : &top};
	json_t *values = json_loads(text, 0, NULL);
	char *result = NULL;

	cr_assert_not_null(values, "%s", text);
	if (workspace_options_set(options, values, &reader, is_request ? NULL : &options_place))
		result = workspace_error_text(&error);
	workspace_error_clear(&error);
	json_decref(values);
	return result;
}

static void expect_refusal(const char *text, bool is_request, const char *expected)
{
	struct workspace_options options, before;
	char *result;

	workspace_options_init(&options);
	workspace_options_init(&before);
	result = set(&options, text, is_request);
	cr_expect_not_null(result, "%s is accepted", text);
	if (result)
		cr_expect_str_eq(result, expected);
	cr_expect_arr_eq(&options, &before, sizeof(options), "%s changes something", text);
	free(result);
}

static void expect_values(const char *text, bool is_request, const char *expected)
{
	struct workspace_options options;
	json_t *all, *values = json_loads(expected, 0, NULL), *value;
	const char *name;
	char *result;

	workspace_options_init(&options);
	result = set(&options, text, is_request);
	cr_expect_null(result, "%s: %s", text, result);
	all = workspace_options_json(&options);
	json_object_foreach (values, name, value)
		cr_expect(json_equal(value, json_object_get(all, name)), "%s: %s", text, name);
	/* What it prints is read as the same. */
	json_object_del(all, "separator");
	cr_expect(workspace_options_set(&options, all,
	              &(struct reader){.error = &(struct workspace_error){0}}, NULL) == 0);
	json_decref(all);
	json_decref(values);
	free(result);
}

Test(options, defaults)
{
	struct workspace_options options;

	workspace_options_init(&options);
	cr_expect_eq(workspace_options_parallel(&options), 100);
	cr_expect_eq(options.mode, MODE_MP);
	cr_expect_eq(options.dynamic, DYNAMIC_AUTO);
	cr_expect_str_eq(options.separator, "::");
	cr_expect(options.allow_missing_deps);
	cr_expect_not(options.full_log_on_failure);
	cr_expect_eq(options.env, ENV_CLIENT);
	cr_expect_eq(options.kill_after_ns, INT64_C(10000000000));
	cr_expect_eq(options.max_result_bytes, 1 << 20);
	cr_expect_eq(options.max_log_bytes, 1 << 30);
	cr_expect_eq(options.keep_runs, 50);
	cr_expect_eq(workspace_options_jobserver(&options), 0);
}

Test(options, forms)
{
	expect_values("{}", false, "{\"parallel\": 100}");
	expect_values("{\"parallel\": 3}", false, "{\"parallel\": 3}");
	expect_values("{\"parallel\": \"3\"}", false, "{\"parallel\": 3}");
	expect_values("{\"parallel\": \"ncpu\"}", false, "{\"parallel\": \"ncpu\"}");
	expect_values("{\"parallel\": \"2*ncpu\"}", false, "{\"parallel\": \"2*ncpu\"}");
	expect_values("{\"mode\": \"single\", \"dynamic\": \"never\", \"env\": \"daemon\"}", false,
	    "{\"mode\": \"single\", \"dynamic\": \"never\", \"env\": \"daemon\"}");
	expect_values("{\"separator\": \"|\"}", false, "{\"separator\": \"|\"}");
	expect_values("{\"kill_after\": 1.5}", false, "{\"kill_after\": \"1500ms\"}");
	expect_values("{\"kill_after\": \"2m\"}", false, "{\"kill_after\": \"2m\"}");
	expect_values("{\"kill_after\": 0}", false, "{\"kill_after\": \"0s\"}");
	expect_values("{\"max_result\": 1000}", false, "{\"max_result\": \"1000B\"}");
	expect_values("{\"max_result\": \"64KiB\"}", false, "{\"max_result\": \"64KiB\"}");
	expect_values("{\"max_log\": 262144}", false, "{\"max_log\": \"256KiB\"}");
	expect_values("{\"max_log\": \"1TiB\"}", false, "{\"max_log\": \"1TiB\"}");
	expect_values("{\"max_log\": \"unlimited\"}", true, "{\"max_log\": \"unlimited\"}");
	expect_values("{\"keep_runs\": 1}", false, "{\"keep_runs\": 1}");
	expect_values("{}", false, "{\"jobserver\": \"off\"}");
	expect_values("{\"jobserver\": 4096}", false, "{\"jobserver\": 4096}");
	expect_values("{\"jobserver\": \"ncpu\"}", false, "{\"jobserver\": \"ncpu\"}");
	expect_values("{\"jobserver\": \"2*ncpu\"}", true, "{\"jobserver\": \"2*ncpu\"}");
	/* From a command line */
	expect_values("{\"jobserver\": \"8\"}", true, "{\"jobserver\": 8}");
	expect_values("{\"allow_missing_deps\": \"no\", \"keep_runs\": \"7\"}", true,
	    "{\"allow_missing_deps\": false, \"keep_runs\": 7}");
	expect_values("{\"full_log_on_failure\": true}", true, "{\"full_log_on_failure\": true}");
}

Test(options, processors)
{
	struct workspace_options options;
	uint32_t once;

	workspace_options_init(&options);
	cr_assert_null(set(&options, "{\"parallel\": \"ncpu\"}", false));
	once = workspace_options_parallel(&options);
	cr_expect_geq(once, 1);
	cr_assert_null(set(&options, "{\"parallel\": \"3*ncpu\"}", false));
	cr_expect_eq(workspace_options_parallel(&options), 3 * once);
	cr_assert_null(set(&options, "{\"jobserver\": \"ncpu\"}", false));
	cr_expect_eq(workspace_options_jobserver(&options), once);
	cr_assert_null(set(&options, "{\"jobserver\": \"1000*ncpu\"}", false));
	cr_expect(workspace_options_jobserver(&options) <= 4096);
	cr_assert_null(set(&options, "{\"jobserver\": \"off\"}", true));
	cr_expect_eq(workspace_options_jobserver(&options), 0);
}

Test(options, refusals)
{
	static const char parallel[] =
	    "options.parallel: must be a number from 1 to 1000000, ncpu, or a form like 2*ncpu";

	expect_refusal(
	    "{\"paralel\": 3}", true, "paralel: unknown option (did you mean parallel?)");
	expect_refusal("{\"colour\": 3}", true, "colour: unknown option");
	expect_refusal(
	    "{\"keep_runs\": 3, \"mode\": \"many\"}", true, "mode: must be mp or single, not many");
	expect_refusal("{\"mode\": \"singel\"}", true,
	    "mode: must be mp or single, not singel (did you mean single?)");
	expect_refusal(
	    "{\"separator\": \"|\"}", true, "separator: can be set only in the workspace file");
	expect_refusal(
	    "{\"parallel\": [1]}", true, "parallel: must be text or an integer, not a list");
	expect_refusal("{\"allow_missing_deps\": \"maybe\"}", true,
	    "allow_missing_deps: must be true or false");
	expect_refusal("{\"allow_missing_deps\": 1}", true,
	    "allow_missing_deps: must be true or false, not an integer");
	expect_refusal(
	    "{\"keep_runs\": \"x\"}", true, "keep_runs: must be a number from 1 to 1000000");

	expect_refusal("{\"allow_missing_deps\": \"no\"}", false,
	    "options.allow_missing_deps: must be true or false, not text");
	expect_refusal(
	    "{\"keep_runs\": \"7\"}", false, "options.keep_runs: must be an integer, not text");
	expect_refusal(
	    "{\"keep_runs\": 0}", false, "options.keep_runs: must be a number from 1 to 1000000");
	expect_refusal("{\"parallel\": 0}", false, parallel);
	expect_refusal("{\"parallel\": -1}", false, parallel);
	expect_refusal("{\"parallel\": 1000001}", false, parallel);
	expect_refusal("{\"parallel\": \"two\"}", false, parallel);
	expect_refusal("{\"parallel\": \"\"}", false, parallel);
	expect_refusal("{\"parallel\": \"99999999999999999999999\"}", false, parallel);
	expect_refusal("{\"parallel\": \"0*ncpu\"}", false,
	    "options.parallel: must be a number of up to 1000 before *ncpu");
	expect_refusal("{\"parallel\": \"*ncpu\"}", false,
	    "options.parallel: must be a number of up to 1000 before *ncpu");
	expect_refusal("{\"kill_after\": \"5 parsecs\"}", false,
	    "options.kill_after: not a duration like 30, 1.5s, 500ms, 5m, 2h or 1d");
	expect_refusal("{\"kill_after\": -1}", false,
	    "options.kill_after: not a duration like 30, 1.5s, 500ms, 5m, 2h or 1d");
	expect_refusal("{\"max_result\": \"1MB\"}", false,
	    "options.max_result: not a size like 1000, 64KiB or 1MiB");
	expect_refusal("{\"max_result\": \"17MiB\"}", false,
	    "options.max_result: must be from 1 byte to 16MiB");
	expect_refusal(
	    "{\"max_result\": -5}", false, "options.max_result: must be from 1 byte to 16MiB");
	expect_refusal("{\"max_log\": \"1GB\"}", false,
	    "options.max_log: not a size like 512KiB, 64MiB or 1GiB, or unlimited");
	expect_refusal("{\"max_log\": 262143}", false,
	    "options.max_log: must be from 256KiB to 1TiB, or unlimited");
	expect_refusal(
	    "{\"max_log\": \"0\"}", true, "max_log: must be from 256KiB to 1TiB, or unlimited");
	expect_refusal(
	    "{\"max_log\": \"2TiB\"}", true, "max_log: must be from 256KiB to 1TiB, or unlimited");
	expect_refusal(
	    "{\"separator\": \"\"}", false, "options.separator: must have 1 to 16 bytes");
	expect_refusal("{\"separator\": \"12345678901234567\"}", false,
	    "options.separator: must have 1 to 16 bytes");
	expect_refusal("{\"separator\": \"[\"}", false,
	    "options.separator: must not have brackets, * or ?, or control characters");
}
