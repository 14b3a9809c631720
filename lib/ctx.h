/*
 * What a context is inside. ctx.c has its life, its connection and what the daemon says,
 * ctx_args.c the arguments, ctx_leave.c what the execution leaves behind.
 */
#ifndef PARPROC_LIB_CTX_H
#define PARPROC_LIB_CTX_H

#include <sys/types.h>

#include "lib/app.h"

struct functions;

struct pp_ctx {
	json_t *variables; /* an object: the process's environment; NULL: this one's own */
	pp_conn *conn;     /* NULL: not asked for yet */
	json_t *context;   /* NULL: not asked for yet */
	pid_t pid;         /* of the process that it is for; a child of that leaves nothing */

	/* Of a function that is called; otherwise NULL and 0. */
	const struct app_task *task;
	enum app_call call;
	/* Of functions for dependencies and choices, which have no files: what they left. */
	json_t *answer;
	char *message;
	struct functions *functions; /* which serves while it waits (mode single); or NULL */

	enum pp_error error; /* of the newest call that failed */
	char *error_text;
	char *mistake; /* the first that makes the task fail, whatever it returns */
};

/* A new context for a function (task borrowed). Takes variables (NULL: this process's environment).
 * NULL: no memory. */
pp_ctx *ctx_new(const struct app_task *task, enum app_call call, json_t *variables);

/* A variable of the execution's environment, or NULL. Borrowed. */
const char *ctx_variable(const pp_ctx *ctx, const char *name);

/* Notes an error; returns it. %m is errno's. */
enum pp_error ctx_fail(pp_ctx *ctx, enum pp_error error, const char *format, ...) PP_PRINTF(3, 4);

/* The same; the task has failed with it. */
void ctx_note_mistake(pp_ctx *ctx, const char *format, ...) PP_PRINTF(2, 3);

/* Calls the function. Returns the exit status that comes of it, with what there is to say about it
 * left as the message. */
int ctx_call(pp_ctx *ctx, pp_function *function);

#endif
