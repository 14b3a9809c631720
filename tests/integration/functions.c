/*
 * A program whose functions are tasks, for test_functions.py: what functions can do, and what they
 * should not.
 */
#include <jansson.h>
#include <parproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what functions are for ---- */

static int setup(pp_ctx *ctx)
{
	puts("setting up");
	return pp_return(ctx, json_string("done"));
}

static int build(pp_ctx *ctx)
{
	printf("building %s\n", pp_arg_str(ctx, "env"));
	return pp_return(
	    ctx, json_pack("{s:s, s:I, s:f, s:b, s:O?, s:O?}", "env", pp_arg_str(ctx, "env"), "n",
	             (json_int_t)pp_arg_int(ctx, "n"), "ratio", pp_arg_float(ctx, "ratio"), "fast",
	             pp_arg_bool(ctx, "fast"), "setup", pp_result_of(ctx, "setup"), "region",
	             pp_param(ctx, "region")));
}

static int list_envs(pp_ctx *ctx)
{
	puts("this is no answer");
	return pp_return(ctx, json_pack("[s, s]", "dev", "prod"));
}

static int list_deps(pp_ctx *ctx)
{
	/* It has the context of the proc that it is for. */
	if (!pp_param(ctx, "region"))
		return pp_fail(ctx, "%s", pp_ctx_error_text(ctx));
	puts("nor is this");
	return pp_return(ctx, json_pack("[s]", "setup"));
}

static int list_nothing(pp_ctx *ctx)
{
	return pp_fail(ctx, "the list is lost");
}

static int list_a_number(pp_ctx *ctx)
{
	return pp_return(ctx, json_integer(3));
}

static int skip(pp_ctx *ctx)
{
	return pp_skip(ctx, "not %s", "today");
}

static int fail(pp_ctx *ctx)
{
	return pp_fail(ctx, "no way");
}

static int seven(pp_ctx *ctx)
{
	return pp_message(ctx, "it is seven") == 0 ? 7 : 1;
}

static int where(pp_ctx *ctx)
{
	char directory[4096];

	return pp_return(
	    ctx, json_pack("{s:s, s:i, s:s}", "cwd", getcwd(directory, sizeof(directory)), "pid",
	             (int)getpid(), "env", getenv("COLOR") ? getenv("COLOR") : ""));
}

static int nest(pp_ctx *ctx)
{
	struct pp_request request = {.names = PP_NAMES("build::*")};
	pp_conn *conn = pp_ctx_conn(ctx);
	json_t *results;

	if (pp_run(conn, &request, PP_FOREVER, NULL) || pp_results(conn, NULL, 60, &results))
		return pp_fail(ctx, "%s", pp_error_text(conn));
	return pp_return(ctx, results);
}

static int ask(pp_ctx *ctx)
{
	char *text;
	int status;

	if (pp_input(ctx, "name?", false, PP_FOREVER, &text))
		return pp_fail(ctx, "%s", pp_ctx_error_text(ctx));
	status = pp_return(ctx, json_string(text));
	free(text);
	return status;
}

static int wait_for_end(pp_ctx *ctx)
{
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
	return pp_return(ctx, NULL);
}

/* ---- what they should not do ---- */

static int crash(pp_ctx *ctx)
{
	(void)ctx;
	return raise(SIGSEGV);
}

static int exit_0(pp_ctx *ctx)
{
	(void)ctx;
	exit(0);
}

static int exit_now(pp_ctx *ctx)
{
	(void)ctx;
	_exit(0);
}

static int exit_77(pp_ctx *ctx)
{
	(void)ctx;
	exit(77);
}

static int clear_environment(pp_ctx *ctx)
{
	(void)ctx;
	return clearenv();
}

static int return_much(pp_ctx *ctx)
{
	size_t size = 3u << 20;
	char *text = malloc(size);
	json_t *value;

	memset(text, 'x', size);
	value = json_stringn(text, size);
	free(text);
	return pp_return(ctx, value);
}

static int return_garbage(pp_ctx *ctx)
{
	return pp_return(ctx, json_string("\xff"));
}

static int return_1000(pp_ctx *ctx)
{
	(void)ctx;
	return 1000;
}

static int ask_for_no_argument(pp_ctx *ctx)
{
	pp_arg_str(ctx, "nothing");
	return 0;
}

static int forget_child(pp_ctx *ctx)
{
	printf("once\n"); /* is in a buffer */
	if (fork() == 0)
		return pp_return(ctx, json_string("child"));
	return pp_return(ctx, json_string("parent"));
}

static int close_all(pp_ctx *ctx)
{
	pp_conn *conn = pp_ctx_conn(ctx);
	FILE *file;
	int status;

	pp_context(ctx);
	for (int fd = 0; fd < 100; fd++)
		close(fd);
	file = fopen("mine", "we"); /* may be where the connection was */
	if (pp_status(conn, NULL, 60, NULL))
		return pp_fail(ctx, "%s", pp_error_text(conn));
	status = fprintf(file, "mine") == 4 && fclose(file) == 0;
	return pp_return(ctx, json_boolean(status));
}

/* ---- what a driver does ---- */

static int drive(pp_app *app, pp_conn *conn, void *arg)
{
	struct pp_request request = {.names = PP_NAMES("build::*")};
	struct pp_request created = {.names = PP_NAMES("build::dev", "build::prod")};
	json_t *procs, *results;

	(void)app;
	if (pp_create(conn, &request, 60, &procs) || pp_start(conn, &created, 60, NULL) ||
	    pp_wait(conn, &created, PP_FOREVER, NULL) || pp_results(conn, NULL, 60, &results)) {
		fprintf(stderr, "%s\n", pp_error_text(conn));
		return 1;
	}
	printf("%s %d\n", json_string_value(json_array_get(json_object_get(procs, "procs"), 0)),
	    (int)json_object_size(results));
	json_decref(procs);
	json_decref(results);
	return *(int *)arg;
}

static void define(pp_app *app)
{
	pp_proc(app, "setup", setup, .now = true, .description = "Sets up");
	pp_proto(app, "build::[env]", build, .deps_function = list_deps, .locks = {"cc"},
	    .timeout_s = 60,
	    .args = {{"env", .choices_function = list_envs}, {"n", PP_INT, .default_value = "007"},
	        {"ratio", PP_FLOAT, .default_value = "1.5"},
	        {"fast", PP_BOOL, .default_value = "yes"}});
	pp_proc(app, "all", NULL, .deps = {"build::*"});
	pp_proto(app, "lost::[x]", setup, .args = {{"x", .choices_function = list_nothing}});
	pp_proc(app, "lazy", setup, .deps_function = exit_now);
	pp_proc(app, "vague", setup, .deps_function = list_a_number);
	pp_proc(app, "exit_77", exit_77);
	pp_proc(app, "clear", clear_environment);
	pp_proc(app, "skip", skip);
	pp_proc(app, "fail", fail);
	pp_proc(app, "seven", seven);
	pp_proc(app, "where", where, .cwd = "sub", .environment = {"COLOR=red"});
	pp_proc(app, "nest", nest);
	pp_proc(app, "ask", ask);
	pp_proc(app, "long", wait_for_end);
	pp_proc(app, "short", wait_for_end, .timeout_s = 0.2);
	pp_proc(app, "crash", crash);
	pp_proc(app, "exit", exit_0);
	pp_proc(app, "exit_now", exit_now);
	pp_proc(app, "much", return_much);
	pp_proc(app, "garbage", return_garbage);
	pp_proc(app, "thousand", return_1000);
	pp_proc(app, "no_argument", ask_for_no_argument);
	pp_proc(app, "child", forget_child);
	pp_proc(app, "close", close_all);
}

int main(int argc, char **argv)
{
	const char *what = getenv("FUNCTIONS");
	pp_app *app = pp_app_new(argc, argv);
	int status = 5;

	if (what && strcmp(what, "empty") == 0)
		return pp_app_main(app);
	if (strstr(argv[0], "/mine")) { /* another program */
		pp_proc(app, "mine", setup);
		return pp_app_main(app);
	}
	if (what && strcmp(what, "twice") == 0)
		pp_proc(app, "setup", setup);
	define(app);
	if (what && strcmp(what, "cycle") == 0)
		pp_proc(app, "x", setup, .deps = {"y::[z]"});
	if (what && strcmp(what, "drive") == 0)
		return pp_app_drive(app, drive, &status);
	return pp_app_main(app);
}
