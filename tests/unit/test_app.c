/*
 * Functions as tasks: what a program says about them, what is wrong with that, and what the daemon
 * is told (a stand-in for it, over a real socket).
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/parproc.h"
#include "protocol/version.h"
#include "tests/unit/lib_kit.h"

static char *arguments[] = {"program", NULL};
static pp_app *app;

static void set_up(void)
{
	app = pp_app_new(1, arguments);
	cr_assert_not_null(app);
}

static void tear_down(void)
{
	pp_app_free(app);
}

TestSuite(app, .init = set_up, .fini = tear_down, .timeout = 60);

static int work(pp_ctx *ctx)
{
	return pp_return(ctx, json_true());
}

static void expect_error(enum pp_error error, const char *text)
{
	cr_assert_eq(error, PP_ERR_INVALID);
	cr_assert_eq(pp_app_error_code(app), PP_ERR_INVALID);
	cr_assert_str_eq(pp_app_error_text(app), text);
}

/* ---- what is wrong ---- */

Test(app, nothing_is_wrong_at_first)
{
	cr_assert_eq(pp_proc(app, "a", work), PP_OK, "%s", pp_app_error_text(app));
	cr_assert_eq(pp_proto(app, "b::[x]", work, .deps = {"a"}), PP_OK);
	cr_assert_eq(pp_proc(app, "all", NULL, .deps = {"b::1", "b::2"}), PP_OK);
	cr_assert_eq(pp_app_error_code(app), PP_OK);
	cr_assert_str_eq(pp_app_error_text(app), "no error");
	cr_assert_not(pp_app_is_worker(app));
}

Test(app, a_task_needs_a_name)
{
	expect_error(pp_proc(app, NULL, work), "a proc without a name");
}

Test(app, an_empty_name_is_none)
{
	expect_error(pp_proto(app, "", work), "a proto without a name");
}

Test(app, a_proc_is_no_pattern)
{
	expect_error(pp_proc(app, "a::[x]", work),
	    "a::[x]: a proc has no [placeholders] in its name; a proto has");
}

Test(app, a_proto_is_a_pattern)
{
	expect_error(pp_proto(app, "a", work), "a: a proto needs [placeholders] in its name");
}

Test(app, a_name_is_given_once)
{
	cr_assert_eq(pp_proc(app, "a", work), PP_OK);
	expect_error(pp_proc(app, "a", work), "a: the name is given twice");
}

Test(app, something_is_said)
{
	expect_error(pp_app_proc(app, "a", NULL), "a: nothing is said about it");
}

Test(app, a_time_is_a_number_of_seconds)
{
	expect_error(pp_proc(app, "a", work, .timeout_s = -1),
	    "a: timeout_s: it has to be a number of seconds, 0 for none");
	cr_assert_eq(pp_proc(app, "b", work, .timeout_s = NAN), PP_ERR_INVALID);
	cr_assert_eq(pp_proc(app, "c", work, .timeout_s = INFINITY), PP_ERR_INVALID);
}

Test(app, params_are_an_object)
{
	json_t *array = json_array();

	expect_error(pp_proc(app, "a", work, .params = array), "a: params: it has to be an object");
	json_decref(array);
}

Test(app, an_environment_has_values)
{
	expect_error(pp_proc(app, "a", work, .environment = {"A=1", "B"}),
	    "a: environment: an entry has to be NAME=value");
	cr_assert_eq(pp_proc(app, "b", work, .environment = {"=1"}), PP_ERR_INVALID);
}

Test(app, what_is_reserved_stays_so)
{
	expect_error(
	    pp_proc(app, "a", work, .reserved = {app}), "a: what is reserved has to be NULL");
}

Test(app, texts_are_utf8)
{
	expect_error(pp_proc(app, "a", work, .deps = {"b", "\xff"}),
	    "a: deps: it is not UTF-8, or there is no memory");
}

Test(app, arguments_are_a_protos)
{
	expect_error(
	    pp_proc(app, "a", work, .args = {{.name = "x"}}), "a: only a proto has arguments");
}

Test(app, an_argument_is_given_once)
{
	expect_error(pp_proto(app, "a::[x]", work, .args = {{.name = "x"}, {.name = "x"}}),
	    "a::[x]: argument x: it is given twice");
}

Test(app, an_argument_has_one_kind_of_choices)
{
	expect_error(pp_proto(app, "a::[x]", work,
	                 .args = {{"x", .choices = {"1"}, .choices_function = work}}),
	    "a::[x]: argument x: choices and choices_function exclude each other");
}

Test(app, a_type_is_one_of_four)
{
	expect_error(pp_proto(app, "a::[x]", work, .args = {{"x", .type = (enum pp_arg_type)9}}),
	    "a::[x]: argument x: there is no such type");
}

Test(app, the_first_error_is_kept)
{
	cr_assert_eq(pp_proc(app, "", work), PP_ERR_INVALID);
	cr_assert_eq(pp_proc(app, "a", work), PP_OK);
	expect_error(pp_proc(app, "b", work, .timeout_s = -1), "a proc without a name");
}

Test(app, null_is_an_error_where_it_is_no_app)
{
	cr_assert_eq(pp_proc(NULL, "a", work), PP_ERR_INVALID);
	cr_assert_eq(pp_app_define(app, NULL, 1), PP_ERR_INVALID);
	cr_assert_eq(pp_app_error_code(NULL), PP_ERR_NOMEM);
	cr_assert_str_eq(pp_app_error_text(NULL), "no memory");
	cr_assert_not(pp_app_is_worker(NULL));
	pp_app_free(NULL);
}

/* ---- what the daemon is told ---- */

static char *directory;
static struct server *server;
static pp_conn *conn;

static void set_up_daemon(void)
{
	struct pp_connect_options options = {.ignore_environment = true, .timeout_s = 30};

	set_up();
	directory = kit_directory_new();
	server = server_start(directory, PROTOCOL_VERSION);
	options.directory = directory;
	cr_assert_eq(pp_connect(&options, &conn), PP_OK, "%s", pp_error_text(conn));
}

static void tear_down_daemon(void)
{
	pp_close(conn);
	server_stop(server);
	kit_directory_free(directory);
	tear_down();
}

TestSuite(app_define, .init = set_up_daemon, .fini = tear_down_daemon, .timeout = 60);

/* The definitions of the newest request. New. */
static json_t *defined(void)
{
	json_t *requests = server_get_requests(server);
	json_t *params =
	    json_object_get(json_array_get(requests, json_array_size(requests) - 1), "params");
	json_t *definitions = json_incref(json_object_get(params, "definitions"));

	json_decref(requests);
	return definitions;
}

/* Checks that the definition is this. */
static void expect_definition(const char *table, const char *name, const char *expected)
{
	json_t *definitions = defined();
	json_t *found = json_object_get(json_object_get(definitions, table), name);
	json_t *wanted = json_loads(expected, 0, NULL);
	char *text = json_dumps(found, JSON_SORT_KEYS);

	cr_assert_not_null(wanted, "%s", expected);
	cr_assert(json_equal(found, wanted), "%s", text);
	free(text);
	json_decref(wanted);
	json_decref(definitions);
}

/* Takes the command away, and checks its words but the first and the build. */
static void expect_command(json_t *object, const char *key, const char *call, const char *name)
{
	json_t *command = json_object_get(object, key);
	const char *path = json_string_value(json_array_get(command, 0));
	char here[4096];
	ssize_t length = readlink("/proc/self/exe", here, sizeof(here) - 1);

	cr_assert_gt(length, 0);
	here[length] = '\0';
	cr_assert_not_null(path);
	cr_assert_str_eq(path, here);
	cr_assert_str_eq(json_string_value(json_array_get(command, 1)), "--pp-worker");
	cr_assert_str_eq(json_string_value(json_array_get(command, 2)), call);
	cr_assert_str_eq(json_string_value(json_array_get(command, 3)), name);
	cr_assert_gt(json_string_length(json_array_get(command, 4)), 8);
}

Test(app_define, a_collector_has_no_command)
{
	const char *const more[] = {"c", "d", NULL};

	pp_proc(app, "all", NULL, .deps = {"a", "b"}, .more_deps = more, .no_failures = true);
	cr_assert_eq(pp_app_define(app, conn, 30), PP_OK, "%s", pp_error_text(conn));
	expect_definition("procs", "all",
	    "{\"deps\": [\"a\", \"b\", \"c\", \"d\", {\"special\": \"no_failures\"}]}");
}

Test(app_define, everything_that_can_be_said_is_told)
{
	json_t *params = json_pack("{s:i}", "p", 1);

	pp_proto(app, "a::[x]", NULL, .description = "About it", .deps = {"b::[x]"}, .rdeps = {"r"},
	    .when_scheduled = {"s::[x]"}, .when_target_scheduled = {"t"}, .locks = {"l", "m"},
	    .wave = -3, .timeout_s = 1.5, .cwd = "sub", .params = params,
	    .environment = {"A=1", "B=x=y"},
	    .args = {{"x", .choices = {"1", "2"}, .description = "Which"},
	        {"n", PP_INT, .default_value = "4"}});
	json_decref(params);
	cr_assert_eq(pp_app_define(app, conn, 30), PP_OK, "%s", pp_error_text(conn));
	expect_definition("protos", "a::[x]",
	    "{\"description\": \"About it\", \"deps\": [\"b::[x]\"], \"rdeps\": [\"r\", "
	    "{\"when_scheduled\": \"s::[x]\"}, {\"when_target_scheduled\": \"t\"}], "
	    "\"locks\": [\"l\", \"m\"], \"wave\": -3, \"timeout\": 1.5, \"cwd\": \"sub\", "
	    "\"params\": {\"p\": 1}, \"env\": {\"A\": \"1\", \"B\": \"x=y\"}, "
	    "\"args\": {\"x\": {\"type\": \"str\", \"choices\": [\"1\", \"2\"], "
	    "\"description\": \"Which\"}, \"n\": {\"type\": \"int\", \"default\": \"4\"}}}");
}

Test(app_define, functions_are_commands_of_this_program)
{
	json_t *definitions, *found;

	pp_proto(
	    app, "a%::[x]", work, .deps_function = work, .args = {{"x", .choices_function = work}});
	cr_assert_eq(pp_app_define(app, conn, 30), PP_OK, "%s", pp_error_text(conn));
	definitions = defined();
	found = json_object_get(json_object_get(definitions, "protos"), "a%::[x]");
	expect_command(found, "run", "task", "a%25::%5Bx%5D");
	expect_command(
	    json_array_get(json_object_get(found, "deps"), 0), "command", "deps", "a%25::%5Bx%5D");
	found = json_object_get(json_object_get(found, "args"), "x");
	found = json_object_get(found, "choices");
	expect_command(found, "command", "choices", "a%25::%5Bx%5D");
	found = json_object_get(found, "command");
	cr_assert_str_eq(json_string_value(json_array_get(found, 5)), "x");
	json_decref(definitions);
}

Test(app_define, what_was_wrong_is_the_connections_error_too)
{
	pp_proc(app, "a", work, .timeout_s = -1);
	cr_assert_eq(pp_app_define(app, conn, 30), PP_ERR_INVALID);
	cr_assert_str_eq(pp_error_text(conn), pp_app_error_text(app));
	cr_assert_eq(pp_app_define(NULL, conn, 30), PP_ERR_INVALID);
}

Test(app_define, a_program_without_tasks_has_nothing_to_tell)
{
	json_t *requests;

	cr_assert_eq(pp_app_define(app, conn, 30), PP_OK);
	requests = server_get_requests(server);
	cr_assert_leq(json_array_size(requests), 1); /* hello */
	json_decref(requests);
}

/* ---- a worker ---- */

Test(app_worker, knows_that_it_is_one_and_defines_nothing)
{
	char *words[] = {"program", "--pp-worker", "task", "a", "0123", NULL};
	pp_app *worker = pp_app_new(5, words);

	cr_assert(pp_app_is_worker(worker));
	cr_assert_eq(pp_proc(worker, "a", work), PP_OK);
	pp_app_free(worker);
}

Test(app_worker, is_for_the_daemon)
{
	char *words[] = {"program", "--pp-worker", "task", "a", "0123", NULL};

	unsetenv("PP_EXEC");
	cr_assert_eq(pp_app_main(pp_app_new(5, words)), 126);
}

Test(app_worker, without_an_app_nothing_runs)
{
	cr_assert_eq(pp_app_main(NULL), 2);
	cr_assert_eq(pp_app_drive(pp_app_new(1, arguments), NULL, NULL), 2);
}
