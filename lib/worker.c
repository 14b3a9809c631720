/*
 * What a program does when the daemon has started it: it calls one function. However that ends,
 * what comes of it is said: a function has to return.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/environment.h"
#include "lib/executable.h"
#include "lib/functions.h"
#include "lib/kept_fd.h"

/* "command invoked cannot execute", as shells have it. */
#define EXIT_NOT_CALLED 126

/* This as a result is none, so that a process that ends without its function's return does not
 * count as a success. The daemon quotes a word of letters whole. */
static const char no_result[] = "FunctionDidNotReturn\n";

struct worker {
	pp_app *app;
	pp_ctx *ctx;
	enum app_call call;
	const char *name;
	const char *arg;
	struct kept_fd answer; /* standard output as it was; none for tasks */
	bool is_kept;          /* until the process ends: note_exit() looks at it then */
	bool is_called;        /* and has not returned */
};

/* Says why it fails: as the message where that can be had, else in the log. Returns the exit
 * status.
 */
PP_PRINTF(2, 3) static int refuse(struct worker *worker, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (worker->call != APP_TASK || !text || pp_message(worker->ctx, "%s", text) != 0)
		fprintf(stderr, "%s\n", text ? text : "no memory");
	free(text);
	return EXIT_NOT_CALLED;
}

/* ---- a result that is none, until the function has returned ---- */

static int put_no_result(const struct worker *worker)
{
	const char *path = ctx_variable(worker->ctx, "PP_RESULT");
	bool has_failed;
	FILE *file;

	if (worker->call != APP_TASK || !path)
		return 0;
	file = fopen(path, "we");
	if (!file)
		return -1;
	has_failed = fputs(no_result, file) < 0;
	has_failed |= fclose(file) != 0;
	return has_failed ? -1 : 0;
}

/* Unless another one has taken its place. */
static void remove_no_result(const struct worker *worker)
{
	const char *path = ctx_variable(worker->ctx, "PP_RESULT");
	char text[sizeof(no_result)];
	size_t length;
	FILE *file = worker->call == APP_TASK && path ? fopen(path, "re") : NULL;

	if (!file)
		return;
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (length == sizeof(no_result) - 1 && memcmp(text, no_result, length) == 0)
		unlink(path);
}

/* ---- the call ---- */

/* on_exit(3): the function has called exit(). Functions of a child that it has made may. */
static void note_exit(int status, void *arg)
{
	struct worker *worker = arg;

	if (!worker->is_called || getpid() != worker->ctx->pid)
		return;
	fflush(NULL);
	refuse(worker, "the function called exit(%d); it has to return", status);
	status &= 0xff; /* as wait(2) has it */
	_exit(status == 0 || status == PP_SKIPPED ? 1 : status);
}

/* Unless the function has closed it, and may have opened something else since. */
static int write_answer(struct worker *worker, const char *text)
{
	size_t length = strlen(text);

	if (!kept_fd_is_own(&worker->answer)) {
		errno = EBADF;
		return -1;
	}
	while (length > 0) {
		ssize_t n = write(worker->answer.fd, text, length);

		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* What functions for dependencies and choices print is no answer: it goes to the log. A list is
 * begun before the call, so that without the function's return there is none. */
static int set_output_aside(struct worker *worker)
{
	if (worker->call == APP_TASK)
		return 0;
	kept_fd_set(&worker->answer, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
	if (worker->answer.fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -1;
	return write_answer(worker, "[");
}

/* Dependencies are texts; choices may be numbers too. */
static bool is_list(const struct worker *worker, const json_t *answer)
{
	size_t i;
	json_t *item;

	if (!json_is_array(answer))
		return false;
	json_array_foreach (answer, i, item) {
		if (!json_is_string(item) && !(worker->call == APP_CHOICES && json_is_number(item)))
			return false;
	}
	return true;
}

/* Returns the exit status. */
static int give_answer(struct worker *worker, int status, json_t *answer, const char *message)
{
	char *text;

	if (message)
		fprintf(stderr, "%s\n", message);
	if (worker->call == APP_TASK || status != 0)
		return status;
	if (!is_list(worker, answer))
		return refuse(worker, "the function returned no list of texts with pp_return()");
	text = json_dumps(answer, JSON_COMPACT);
	if (!text || write_answer(worker, text + 1) < 0)
		status = refuse(worker, "cannot give the answer: %s", strerror(errno));
	free(text);
	return status;
}

static int call_here(struct worker *worker, pp_function *function)
{
	int status;

	if (on_exit(note_exit, worker) != 0)
		return refuse(worker, "no memory");
	worker->is_kept = true;
	if (put_no_result(worker) < 0)
		return refuse(worker, "no result could be left: %s", strerror(errno));
	worker->is_called = true;
	status = ctx_call(worker->ctx, function);
	worker->is_called = false;
	remove_no_result(worker);
	return give_answer(worker, status, worker->ctx->answer, worker->ctx->message);
}

/* In the program that asked for the run. -1: it is not there any more. */
static int call_there(struct worker *worker)
{
	const char *address = ctx_variable(worker->ctx, FUNCTIONS_VARIABLE);
	const struct functions_call call = {.kind = worker->call,
	    .name = worker->name,
	    .arg = worker->arg,
	    .program = worker->app->executable,
	    .build = worker->app->build,
	    .variables = worker->ctx->variables};
	struct functions_answer answer;
	int status;

	if (!address)
		return -1;
	switch (functions_ask(address, &call, &answer)) {
	case 0:
		status = give_answer(worker, answer.status, answer.value, answer.message);
		break;
	case -1:
		status = -1;
		break;
	default:
		status = refuse(worker,
		    "the program that was to call it (%.*s) has ended, or the function has "
		    "closed its connection",
		    (int)strcspn(address, ":"), address);
	}
	json_decref(answer.value);
	free(answer.message);
	return status;
}

/* Whether this still is the program that the task was defined by. */
static bool is_same_program(pp_app *app)
{
	app->executable = executable_path();
	app->build = executable_build(app->executable);
	return app->executable && app->build && strcmp(app->build, app->argv[4]) == 0;
}

static int work(struct worker *worker)
{
	struct app_task *task = NULL;
	pp_function *function;
	int status;

	if (!is_same_program(worker->app))
		return refuse(worker,
		    "%s was rebuilt since %s was defined: run it again, which defines it anew",
		    worker->app->argv[0], worker->name);
	HASH_FIND_STR(worker->app->tasks, worker->name, task);
	function = task ? app_find_function(task, worker->call, worker->arg) : NULL;
	if (!function)
		return refuse(
		    worker, "%s has no such function for %s", worker->app->argv[0], worker->name);
	worker->ctx->task = task;
	/* Whatever the function does to its environment. */
	worker->ctx->variables = environment_copy(NULL);
	if (!worker->ctx->variables)
		return refuse(worker, "no memory");
	if (set_output_aside(worker) < 0)
		return refuse(worker, "standard output: %s", strerror(errno));
	status = call_there(worker);
	return status < 0 ? call_here(worker, function) : status;
}

/* NULL: no memory. */
static struct worker *new_worker(pp_app *app, int call)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->app = app;
	worker->call = (enum app_call)call;
	kept_fd_set(&worker->answer, -1);
	worker->arg = app->argc > 5 ? app->argv[5] : NULL;
	worker->ctx = ctx_new(NULL, worker->call, NULL);
	if (worker->ctx)
		return worker;
	free(worker);
	return NULL;
}

int worker_main(pp_app *app)
{
	int call = app_call_find(app->argv[2]), status;
	char *name = strdup(app->argv[3]);
	struct worker *worker = NULL;

	/* Choices are also asked for where nothing is executed. */
	if (call == APP_CHOICES || (call >= 0 && secure_getenv("PP_EXEC")))
		worker = new_worker(app, call);
	if (!worker || !name) {
		fprintf(
		    stderr, "%s: %s is for parproc's daemon\n", app->argv[0], APP_WORKER_OPTION);
		if (worker)
			pp_ctx_free(worker->ctx);
		free(worker);
		free(name);
		return EXIT_NOT_CALLED;
	}
	task_decode_name(name);
	worker->name = name;
	status = work(worker);
	pp_ctx_free(worker->ctx);
	worker->ctx = NULL;
	worker->name = NULL;
	free(name);
	if (!worker->is_kept)
		free(worker);
	return status;
}
