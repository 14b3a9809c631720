/*
 * Contexts: what a process knows about its execution from its environment, and what it leaves. What
 * the daemon tells is a stand-in's.
 */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/parproc.h"
#include "protocol/version.h"
#include "tests/unit/lib_kit.h"

static char *directory;
static pp_ctx *ctx;
static struct app_arg args[] = {{.name = "x"}, {.name = "y"}};
static const struct app_task task = {.name = "a::[x]::[y]", .args = args, .n_args = 2};

static void set_up(void)
{
	char *result, *message;

	directory = kit_directory_new();
	result = kit_path(directory, "result");
	message = kit_path(directory, "message");
	setenv("PP_EXEC", "7", 1);
	setenv("PP_RUN", "3", 1);
	setenv("PP_PROC", "a::1::2", 1);
	setenv("PP_RESULT", result, 1);
	setenv("PP_MESSAGE", message, 1);
	free(result);
	free(message);
	ctx = ctx_new(&task, APP_TASK, NULL);
	cr_assert_not_null(ctx);
}

static void tear_down(void)
{
	pp_ctx_free(ctx);
	kit_directory_free(directory);
}

TestSuite(ctx, .init = set_up, .fini = tear_down, .timeout = 60);

/* What is in a file that a variable names; "" if it is not there. Borrowed until the next call. */
static const char *left(const char *variable)
{
	static char text[4096];
	FILE *file = fopen(getenv(variable), "re");

	text[0] = '\0';
	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	return text;
}

/* ---- arguments ---- */

Test(ctx, arguments_are_texts)
{
	setenv("x", "007", 1);
	cr_assert_str_eq(pp_arg_str(ctx, "x"), "007");
	cr_assert_eq(pp_ctx_error_code(ctx), PP_OK);
	cr_assert_null(ctx->mistake);
}

Test(ctx, arguments_are_numbers)
{
	setenv("x", "007", 1);
	setenv("y", "-1.5e3", 1);
	cr_assert_eq(pp_arg_int(ctx, "x"), 7);
	cr_assert_float_eq(pp_arg_float(ctx, "y"), -1500, 1e-9);
	cr_assert_null(ctx->mistake);
}

Test(ctx, arguments_are_truth_values)
{
	static const char *const words[] = {"false", "TRUE", "0", "1", "no", "Yes", "off", "oN"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		setenv("x", words[i], 1);
		cr_assert_eq(pp_arg_bool(ctx, "x"), i % 2 == 1, "%s", words[i]);
	}
	cr_assert_null(ctx->mistake);
}

Test(ctx, an_argument_of_another_type_is_a_mistake)
{
	static const char *const texts[] = {"", " 1", "1 ", "0x10", "1.5", "99999999999999999999"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		free(ctx->mistake);
		ctx->mistake = NULL;
		setenv("x", texts[i], 1);
		cr_assert_eq(pp_arg_int(ctx, "x"), 0);
		cr_assert_not_null(ctx->mistake, "%s", texts[i]);
	}
	cr_assert_eq(pp_arg_float(ctx, "y"), 0);
	setenv("x", "maybe", 1);
	cr_assert_not(pp_arg_bool(ctx, "x"));
	cr_assert_str_eq(
	    pp_ctx_error_text(ctx), "argument x of a::1::2 is not a truth value: maybe");
}

Test(ctx, what_is_only_in_the_environment_is_no_argument)
{
	setenv("z", "1", 1);
	cr_assert_null(pp_arg_str(ctx, "z"));
	cr_assert_str_eq(pp_ctx_error_text(ctx), "a::1::2 has no argument z");
	cr_assert_null(pp_arg_str(ctx, NULL));
}

/* ---- what is left ---- */

Test(ctx, a_result_is_a_json_value)
{
	cr_assert_eq(pp_return(ctx, json_pack("{s:[i, n]}", "a", 1)), 0);
	cr_assert_str_eq(left("PP_RESULT"), "{\"a\":[1,null]}\n");
	cr_assert_eq(pp_return(ctx, json_string("newer")), 0);
	cr_assert_str_eq(left("PP_RESULT"), "\"newer\"\n");
}

Test(ctx, no_result_is_a_mistake)
{
	cr_assert_eq(pp_return(ctx, json_string("\xff")), 1);
	cr_assert_not_null(ctx->mistake);
	cr_assert_str_eq(left("PP_RESULT"), "");
}

Test(ctx, a_result_that_cannot_be_written_is_a_mistake)
{
	setenv("PP_RESULT", "/nowhere/result", 1);
	cr_assert_eq(pp_return(ctx, json_true()), 1);
	cr_assert_str_eq(ctx->mistake, "/nowhere/result: No such file or directory");
	unsetenv("PP_RESULT");
	cr_assert_eq(pp_return(ctx, json_true()), 1);
	cr_assert_str_eq(pp_ctx_error_text(ctx), "PP_RESULT is not set");
}

Test(ctx, a_message_is_left)
{
	cr_assert_eq(pp_message(ctx, "%d of %s", 1, "two"), 0);
	cr_assert_str_eq(left("PP_MESSAGE"), "1 of two\n");
	cr_assert_eq(pp_skip(ctx, "not %s", "now"), 77);
	cr_assert_str_eq(left("PP_MESSAGE"), "not now\n");
	cr_assert_eq(pp_fail(ctx, "no"), 1);
	cr_assert_str_eq(left("PP_MESSAGE"), "no\n");
	cr_assert_eq(pp_fail(ctx, NULL), 1);
	cr_assert_str_eq(left("PP_MESSAGE"), "no\n");
}

Test(ctx, an_answer_is_kept)
{
	ctx->call = APP_DEPS;
	cr_assert_eq(pp_return(ctx, json_pack("[s]", "b")), 0);
	cr_assert_str_eq(json_string_value(json_array_get(ctx->answer, 0)), "b");
	cr_assert_str_eq(left("PP_RESULT"), "");
}

Test(ctx, a_child_of_the_process_leaves_nothing)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(pp_return(ctx, json_true()) == 1 && pp_message(ctx, "no") == -1 ? 0 : 1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_assert_str_eq(left("PP_RESULT"), "");
}

/* ---- what a function returns ---- */

static int returned;

static int give(pp_ctx *given)
{
	(void)given;
	return returned;
}

Test(ctx, a_function_returns_an_exit_status)
{
	static const int statuses[] = {0, 1, 77, 255};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		returned = statuses[i];
		cr_assert_eq(ctx_call(ctx, give), returned);
	}
	cr_assert_str_eq(left("PP_MESSAGE"), "");
}

Test(ctx, other_numbers_are_a_failure)
{
	returned = 256;
	cr_assert_eq(ctx_call(ctx, give), 1);
	cr_assert_str_eq(
	    left("PP_MESSAGE"), "the function returned 256, which is no exit status\n");
	returned = -1;
	cr_assert_eq(ctx_call(ctx, give), 1);
}

static int mistake(pp_ctx *given)
{
	pp_arg_int(given, "nothing");
	return returned;
}

Test(ctx, a_mistake_is_a_failure_whatever_is_returned)
{
	returned = 0;
	cr_assert_eq(ctx_call(ctx, mistake), 1);
	cr_assert_str_eq(left("PP_MESSAGE"), "a::1::2 has no argument nothing\n");
	returned = 77;
	cr_assert_eq(ctx_call(ctx, mistake), 1);
	returned = 5;
	cr_assert_eq(ctx_call(ctx, mistake), 5);
}

/* ---- the daemon ---- */

Test(ctx, the_daemon_is_asked_once)
{
	struct server *server = server_start(directory, PROTOCOL_VERSION);
	json_t *requests, *last;

	setenv("PP_WORKSPACE", directory, 1);
	cr_assert_eq(pp_default_exec(pp_ctx_conn(ctx)), 7, "%s", pp_ctx_error_text(ctx));
	cr_assert_str_eq(pp_default_run(pp_ctx_conn(ctx)), "3");
	cr_assert_not_null(pp_context(ctx), "%s", pp_ctx_error_text(ctx));
	cr_assert_eq(pp_context(ctx), pp_context(ctx));
	cr_assert_null(pp_param(ctx, "p"));
	cr_assert_eq(pp_ctx_error_code(ctx), PP_OK);
	cr_assert_null(pp_result_of(ctx, NULL));
	cr_assert_eq(pp_ctx_error_code(ctx), PP_ERR_INVALID);
	requests = server_get_requests(server);
	last = json_array_get(requests, json_array_size(requests) - 1);
	cr_assert_str_eq(json_string_value(json_object_get(last, "method")), "context");
	cr_assert_eq(json_array_size(requests), 2); /* and hello */
	json_decref(requests);
	server_stop(server);
}

Test(ctx, variables_of_another_process_are_its)
{
	struct server *server = server_start(directory, PROTOCOL_VERSION);
	pp_ctx *other = ctx_new(&task, APP_TASK,
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "PP_EXEC", "9", "PP_RUN", "4", "PP_PROC",
	        "a::5::6", "x", "5", "PP_WORKSPACE", directory));

	setenv("x", "1", 1);
	cr_assert_str_eq(pp_arg_str(other, "x"), "5");
	cr_assert_str_eq(pp_ctx_proc(other), "a::5::6");
	cr_assert_eq(pp_default_exec(pp_ctx_conn(other)), 9, "%s", pp_ctx_error_text(other));
	cr_assert_str_eq(pp_default_run(pp_ctx_conn(other)), "4");
	pp_ctx_free(other);
	server_stop(server);
}

Test(ctx, without_a_daemon_that_is_said)
{
	char *text;

	setenv("PP_WORKSPACE", directory, 1);
	cr_assert_null(pp_ctx_conn(ctx));
	cr_assert_eq(pp_ctx_error_code(ctx), PP_ERR_UNREACHABLE);
	cr_assert_null(pp_context(ctx));
	cr_assert_eq(pp_input(ctx, "?", false, 1, &text), PP_ERR_UNREACHABLE);
	cr_assert_null(text);
}

Test(ctx, a_process_of_nobodys_has_none)
{
	pp_ctx *none;

	unsetenv("PP_EXEC");
	cr_assert_eq(pp_ctx_current(&none), PP_ERR_INVALID);
	cr_assert_str_eq(
	    pp_ctx_error_text(none), "this process was not started by parproc's daemon");
	pp_ctx_free(none);
	setenv("PP_EXEC", "7", 1);
	cr_assert_eq(pp_ctx_current(&none), PP_OK);
	pp_ctx_free(none);
}

Test(ctx, null_is_an_error_everywhere)
{
	char *text;

	cr_assert_eq(pp_ctx_current(NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_ctx_error_code(NULL), PP_ERR_NOMEM);
	cr_assert_null(pp_ctx_proc(NULL));
	cr_assert_null(pp_ctx_conn(NULL));
	cr_assert_null(pp_context(NULL));
	cr_assert_null(pp_arg_str(NULL, "x"));
	cr_assert_eq(pp_arg_int(NULL, "x"), 0);
	cr_assert_eq(pp_arg_float(NULL, "x"), 0);
	cr_assert_not(pp_arg_bool(NULL, "x"));
	cr_assert_null(pp_param(NULL, "x"));
	cr_assert_null(pp_result_of(NULL, "x"));
	cr_assert_eq(pp_return(NULL, json_true()), 1);
	cr_assert_eq(pp_return(ctx, NULL), 1);
	cr_assert_eq(pp_message(NULL, "x"), -1);
	cr_assert_eq(pp_skip(NULL, "x"), 77);
	cr_assert_eq(pp_fail(NULL, "x"), 1);
	cr_assert_eq(pp_input(NULL, "x", false, 1, &text), PP_ERR_INVALID);
	pp_ctx_free(NULL);
}
