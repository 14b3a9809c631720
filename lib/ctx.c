/*
 * The context of an execution: its life, its connection to the daemon, what the daemon says about
 * it, and calling a function with it.
 */
#include "lib/ctx.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/discover.h"
#include "lib/functions.h"

pp_ctx *ctx_new(const struct app_task *task, enum app_call call, json_t *variables)
{
	pp_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx) {
		json_decref(variables);
		return NULL;
	}
	ctx->task = task;
	ctx->call = call;
	ctx->variables = variables;
	ctx->pid = getpid();
	return ctx;
}

enum pp_error pp_ctx_current(pp_ctx **ctx)
{
	if (!ctx)
		return PP_ERR_INVALID;
	*ctx = ctx_new(NULL, APP_TASK, NULL);
	if (!*ctx)
		return PP_ERR_NOMEM;
	if (!ctx_variable(*ctx, "PP_EXEC") || !ctx_variable(*ctx, "PP_PROC"))
		return ctx_fail(
		    *ctx, PP_ERR_INVALID, "this process was not started by parproc's daemon");
	return PP_OK;
}

void pp_ctx_free(pp_ctx *ctx)
{
	if (!ctx)
		return;
	pp_close(ctx->conn);
	json_decref(ctx->variables);
	json_decref(ctx->context);
	json_decref(ctx->answer);
	free(ctx->error_text);
	free(ctx->mistake);
	free(ctx->message);
	free(ctx);
}

const char *ctx_variable(const pp_ctx *ctx, const char *name)
{
	if (ctx->variables)
		return json_string_value(json_object_get(ctx->variables, name));
	return secure_getenv(name);
}

/* ---- errors ---- */

enum pp_error ctx_fail(pp_ctx *ctx, enum pp_error error, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	free(ctx->error_text);
	ctx->error = error;
	ctx->error_text = text;
	return error;
}

void ctx_note_mistake(pp_ctx *ctx, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	ctx_fail(ctx, PP_ERR_INVALID, "%s", text ? text : "a mistake, and no memory to say which");
	if (ctx->mistake)
		free(text);
	else
		ctx->mistake = text ? text : strdup("a mistake");
}

enum pp_error pp_ctx_error_code(const pp_ctx *ctx)
{
	return ctx ? ctx->error : PP_ERR_NOMEM;
}

const char *pp_ctx_error_text(const pp_ctx *ctx)
{
	if (ctx && ctx->error_text)
		return ctx->error_text;
	return pp_strerror(pp_ctx_error_code(ctx));
}

/* ---- the daemon ---- */

const char *pp_ctx_proc(const pp_ctx *ctx)
{
	const char *name = ctx ? ctx_variable(ctx, "PP_PROC") : NULL;

	return name || !ctx ? name : "";
}

/* Of another process's variables the connection has to be told; its own it finds. */
static enum pp_error adopt_variables(pp_ctx *ctx)
{
	const char *run = ctx_variable(ctx, "PP_RUN");
	const char *exec = ctx_variable(ctx, "PP_EXEC");

	if (!ctx->variables)
		return PP_OK;
	ctx->conn->default_exec = exec ? strtoll(exec, NULL, 10) : 0;
	if (!run)
		return PP_OK;
	ctx->conn->default_run = strdup(run);
	return ctx->conn->default_run ? PP_OK : conn_fail(ctx->conn, PP_ERR_NOMEM, "no memory");
}

pp_conn *pp_ctx_conn(pp_ctx *ctx)
{
	struct pp_connect_options options = {.client = "libparproc " PACKAGE_VERSION};
	enum pp_error error;

	if (!ctx)
		return NULL;
	if (getpid() != ctx->pid) {
		ctx_fail(ctx, PP_ERR_INVALID,
		    "a child of the process has no connection: that is its parent's");
		return NULL;
	}
	if (ctx->conn)
		return ctx->conn;
	if (ctx->variables) {
		options.ignore_environment = true;
		options.directory = ctx_variable(ctx, "PP_WORKSPACE");
		options.socket_path = ctx_variable(ctx, "PP_SOCKET");
	}
	error = pp_connect(&options, &ctx->conn);
	if (error == PP_OK)
		error = adopt_variables(ctx);
	if (error == PP_OK) {
		if (ctx->functions)
			functions_attach(ctx->functions, ctx->conn);
		return ctx->conn;
	}
	ctx_fail(ctx, error, "%s", pp_error_text(ctx->conn));
	pp_close(ctx->conn);
	ctx->conn = NULL;
	return NULL;
}

/* On another machine than the daemon's, what it would answer is in a file. NULL: it is not. */
static json_t *load_context(const pp_ctx *ctx)
{
	const char *path = ctx ? ctx_variable(ctx, "PP_CONTEXT") : NULL;

	if (!path || !discover_is_far(ctx_variable(ctx, "PP_HOST")))
		return NULL;
	return json_load_file(path, 0, NULL);
}

json_t *pp_context(pp_ctx *ctx)
{
	pp_conn *conn;
	json_t *params;
	enum pp_error error;

	if (ctx && !ctx->context)
		ctx->context = load_context(ctx);
	if (ctx && ctx->context)
		return ctx->context;
	conn = pp_ctx_conn(ctx);
	if (!conn || ctx->context)
		return conn ? ctx->context : NULL;
	params = json_pack("{s:I}", "exec", (json_int_t)pp_default_exec(conn));
	error = pp_call(conn, "context", params, PP_FOREVER, &ctx->context);
	if (error != PP_OK)
		ctx_fail(ctx, error, "%s", pp_error_text(conn));
	return ctx->context;
}

static json_t *look_up(pp_ctx *ctx, const char *table, const char *name)
{
	json_t *context = pp_context(ctx);

	if (!context)
		return NULL;
	if (!name) {
		ctx_fail(ctx, PP_ERR_INVALID, "a name is needed");
		return NULL;
	}
	ctx_fail(ctx, PP_OK, "%s", pp_strerror(PP_OK));
	return json_object_get(json_object_get(context, table), name);
}

json_t *pp_param(pp_ctx *ctx, const char *name)
{
	return look_up(ctx, "params", name);
}

json_t *pp_result_of(pp_ctx *ctx, const char *name)
{
	return look_up(ctx, "results", name);
}

/* In mode single, the terminal is the program's, where the function is. */
static enum pp_error ask_here(
    pp_ctx *ctx, const char *prompt, bool is_secret, double timeout_s, char **text)
{
	struct pollfd polled = {STDIN_FILENO, POLLIN, 0};
	struct termios modes, before;
	bool has_modes = is_secret && tcgetattr(STDIN_FILENO, &before) == 0;
	size_t size = 0;
	ssize_t length = -1;

	fprintf(stderr, "%s ", prompt);
	if (has_modes) {
		modes = before;
		modes.c_lflag &= ~(tcflag_t)ECHO;
		modes.c_lflag |= ECHONL;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &modes);
	}
	if (poll(&polled, 1, clock_poll_ms(clock_deadline_s(timeout_s))) > 0)
		length = getline(text, &size, stdin);
	if (has_modes)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	if (length > 0) {
		if ((*text)[length - 1] == '\n')
			(*text)[length - 1] = '\0';
		return PP_OK;
	}
	free(*text);
	*text = NULL;
	return polled.revents ? ctx_fail(ctx, PP_ERR_SYSTEM, "standard input has ended")
	                      : ctx_fail(ctx, PP_ERR_TIMEOUT, "no answer in the time given");
}

enum pp_error pp_input(
    pp_ctx *ctx, const char *prompt, bool is_secret, double timeout_s, char **text)
{
	pp_conn *conn = pp_ctx_conn(ctx);
	json_t *params, *result;
	enum pp_error error;

	if (text)
		*text = NULL;
	if (!ctx)
		return PP_ERR_INVALID;
	if (!conn)
		return ctx->error;
	if (!prompt || !text)
		return ctx_fail(
		    ctx, PP_ERR_INVALID, "input needs a prompt, and where to put the text");
	if (ctx->functions)
		return ask_here(ctx, prompt, is_secret, timeout_s, text);
	params = json_pack("{s:I, s:s, s:b}", "exec", (json_int_t)pp_default_exec(conn), "prompt",
	    prompt, "secret", is_secret);
	if (!params)
		return ctx_fail(
		    ctx, PP_ERR_INVALID, "the prompt is not UTF-8, or there is no memory");
	error = pp_call(conn, "input.ask", params, timeout_s, &result);
	if (error != PP_OK)
		return ctx_fail(ctx, error, "%s", pp_error_text(conn));
	*text = strdup(json_string_value(json_object_get(result, "text"))
	                   ? json_string_value(json_object_get(result, "text"))
	                   : "");
	json_decref(result);
	return *text ? PP_OK : ctx_fail(ctx, PP_ERR_NOMEM, "no memory");
}

/* ---- calling a function ---- */

int ctx_call(pp_ctx *ctx, pp_function *function)
{
	int status = function(ctx);

	if (getpid() != ctx->pid) { /* a child that it forgot */
		/* What is in buffers is the parent's. */
		dprintf(STDERR_FILENO,
		    "a child process returned from %s, which its parent has to do\n",
		    pp_ctx_proc(ctx));
		_exit(1);
	}
	if (ctx->mistake) {
		pp_message(ctx, "%s", ctx->mistake);
		return status == 0 || status == PP_SKIPPED ? 1 : status;
	}
	if (status >= 0 && status <= 255)
		return status;
	pp_message(ctx, "the function returned %d, which is no exit status", status);
	return 1;
}
