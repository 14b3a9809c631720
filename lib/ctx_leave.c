/*
 * What an execution leaves for the daemon: its result and a message, in files that PP_RESULT and
 * PP_MESSAGE name. They are read when the process has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"

/* A stream that replaces the file that a variable names. NULL: an error is noted. */
static FILE *open_file(pp_ctx *ctx, const char *variable)
{
	const char *path = ctx_variable(ctx, variable);
	FILE *file;

	if (getpid() != ctx->pid) {
		ctx_fail(ctx, PP_ERR_INVALID,
		    "a child of the process cannot leave anything for its execution");
		return NULL;
	}
	if (!path) {
		ctx_fail(ctx, PP_ERR_INVALID, "%s is not set", variable);
		return NULL;
	}
	file = fopen(path, "we");
	if (!file)
		ctx_fail(ctx, PP_ERR_SYSTEM, "%s: %m", path);
	return file;
}

/* 0, or -1 with the error noted. */
static int close_file(pp_ctx *ctx, FILE *file, const char *variable, bool has_failed)
{
	int error = errno;

	if (fclose(file) != 0) {
		error = has_failed ? error : errno;
		has_failed = true;
	}
	if (!has_failed)
		return 0;
	errno = error;
	ctx_fail(ctx, PP_ERR_SYSTEM, "%s: %m", ctx_variable(ctx, variable));
	return -1;
}

static int leave_result(pp_ctx *ctx, const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	FILE *file;
	int status = -1;

	if (!text) {
		ctx_fail(ctx, PP_ERR_INVALID, "the result is no JSON value, or there is no memory");
		return -1;
	}
	file = open_file(ctx, "PP_RESULT");
	if (file)
		status = close_file(
		    ctx, file, "PP_RESULT", fputs(text, file) == EOF || putc('\n', file) == EOF);
	free(text);
	return status;
}

int pp_return(pp_ctx *ctx, json_t *value)
{
	int status = 1;

	if (ctx && !value)
		ctx_note_mistake(
		    ctx, "there is no result: a text is not UTF-8, or there is no memory");
	if (!ctx || !value)
		goto out;
	if (ctx->call != APP_TASK) {
		json_decref(ctx->answer);
		ctx->answer = json_incref(value);
		status = 0;
	} else if (leave_result(ctx, value) == 0) {
		status = 0;
	} else if (!ctx->mistake) {
		ctx->mistake = strdup(ctx->error_text ? ctx->error_text : "no result can be left");
	}
out:
	json_decref(value);
	return status;
}

PP_PRINTF(2, 0) static int leave_message(pp_ctx *ctx, const char *format, va_list args)
{
	FILE *file;

	if (!ctx)
		return -1;
	if (ctx->call != APP_TASK) {
		free(ctx->message);
		ctx->message = NULL;
		if (format && vasprintf(&ctx->message, format, args) < 0)
			ctx->message = NULL;
		return ctx->message || !format ? 0 : -1;
	}
	file = open_file(ctx, "PP_MESSAGE");
	if (!file)
		return -1;
	return close_file(ctx, file, "PP_MESSAGE",
	    (format && vfprintf(file, format, args) < 0) || putc('\n', file) == EOF);
}

int pp_message(pp_ctx *ctx, const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = leave_message(ctx, format, args);
	va_end(args);
	return status;
}

int pp_skip(pp_ctx *ctx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (format)
		leave_message(ctx, format, args);
	va_end(args);
	return PP_SKIPPED;
}

int pp_fail(pp_ctx *ctx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (format)
		leave_message(ctx, format, args);
	va_end(args);
	return 1;
}
