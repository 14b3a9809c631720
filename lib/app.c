/*
 * The tasks of a program: adding them, finding them, and what is wrong with them. Talks to nobody.
 */
#include "lib/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/executable.h"

static const char *const call_names[] = {"task", "deps", "choices"};

const char *app_call_name(enum app_call call)
{
	return call_names[call];
}

int app_call_find(const char *name)
{
	for (int i = 0; i <= APP_CHOICES; i++) {
		if (strcmp(name, call_names[i]) == 0)
			return i;
	}
	return -1;
}

pp_app *pp_app_new(int argc, char **argv)
{
	pp_app *app = calloc(1, sizeof(*app));

	if (!app)
		return NULL;
	app->argc = argv ? argc : 0;
	app->argv = argv;
	app->is_worker = app->argc >= 5 && strcmp(argv[1], APP_WORKER_OPTION) == 0;
	return app;
}

void pp_app_free(pp_app *app)
{
	struct app_task *task, *next;

	if (!app)
		return;
	HASH_ITER (hh, app->tasks, task, next) {
		HASH_DEL(app->tasks, task);
		task_free(task);
	}
	free(app->executable);
	free(app->build);
	free(app->error_text);
	free(app);
}

bool pp_app_is_worker(const pp_app *app)
{
	return app && app->is_worker;
}

enum pp_error app_fail(pp_app *app, enum pp_error error, const char *format, ...)
{
	va_list args;

	if (app->error != PP_OK)
		return error;
	app->error = error;
	va_start(args, format);
	if (vasprintf(&app->error_text, format, args) < 0)
		app->error_text = NULL;
	va_end(args);
	return error;
}

enum pp_error pp_app_error_code(const pp_app *app)
{
	return app ? app->error : PP_ERR_NOMEM;
}

const char *pp_app_error_text(const pp_app *app)
{
	if (app && app->error_text)
		return app->error_text;
	return pp_strerror(pp_app_error_code(app));
}

const struct app_arg *app_find_arg(const struct app_task *task, const char *name)
{
	for (size_t i = 0; i < task->n_args; i++) {
		if (strcmp(task->args[i].name, name) == 0)
			return &task->args[i];
	}
	return NULL;
}

pp_function *app_find_function(const struct app_task *task, enum app_call call, const char *arg)
{
	const struct app_arg *found;

	switch (call) {
	case APP_TASK:
		return task->function;
	case APP_DEPS:
		return task->deps;
	case APP_CHOICES:
		found = arg ? app_find_arg(task, arg) : NULL;
		return found ? found->choices : NULL;
	}
	return NULL;
}

/* Which executable the daemon has to run is known only when there is something to run. */
static enum pp_error find_executable(pp_app *app)
{
	if (!app->executable)
		app->executable = executable_path();
	if (app->executable && !app->build)
		app->build = executable_build(app->executable);
	if (app->executable && strchr(app->executable, '['))
		return app_fail(app, PP_ERR_INVALID,
		    "%s: the daemon would take what is in brackets for an argument",
		    app->executable);
	if (app->build)
		return PP_OK;
	return app_fail(app, errno == ENOMEM ? PP_ERR_NOMEM : PP_ERR_SYSTEM,
	    "cannot tell where this program is: %m");
}

static enum pp_error check_name(pp_app *app, const char *name, bool is_proto)
{
	const char *is = is_proto ? "a proto needs [placeholders] in its name"
	                          : "a proc has no [placeholders] in its name; a proto has";

	if (!name || !*name)
		return app_fail(
		    app, PP_ERR_INVALID, "%s without a name", is_proto ? "a proto" : "a proc");
	if (is_proto != (strchr(name, '[') != NULL))
		return app_fail(app, PP_ERR_INVALID, "%s: %s", name, is);
	return PP_OK;
}

/* A task without what it does. NULL: an error is noted. */
static struct app_task *new_task(pp_app *app, const char *name, bool is_proto)
{
	struct app_task *task = calloc(1, sizeof(*task));

	if (task) {
		task->is_proto = is_proto;
		task->name = strdup(name);
	}
	if (task && task->name)
		return task;
	free(task);
	app_fail(app, PP_ERR_NOMEM, "no memory");
	return NULL;
}

static enum pp_error fill(pp_app *app, struct app_task *task, const struct pp_task *said)
{
	enum pp_error error = task_fill(app, task, said);

	if (error != PP_OK || app->is_worker)
		return error;
	error = find_executable(app);
	return error == PP_OK ? task_define(app, task, said) : error;
}

static enum pp_error add(pp_app *app, const char *name, const struct pp_task *said, bool is_proto)
{
	struct app_task *task = NULL;
	enum pp_error error;

	if (!app)
		return PP_ERR_INVALID;
	if (check_name(app, name, is_proto) != PP_OK)
		return PP_ERR_INVALID;
	if (!said)
		return app_fail(app, PP_ERR_INVALID, "%s: nothing is said about it", name);
	HASH_FIND_STR(app->tasks, name, task);
	if (task)
		return app_fail(app, PP_ERR_INVALID, "%s: the name is given twice", name);
	task = new_task(app, name, is_proto);
	if (!task)
		return PP_ERR_NOMEM;
	error = fill(app, task, said);
	if (error == PP_OK) {
		HASH_ADD_KEYPTR(hh, app->tasks, task->name, strlen(task->name), task);
		if (!task->hh.tbl) /* how uthash says that there is no memory */
			error = app_fail(app, PP_ERR_NOMEM, "no memory");
	}
	if (error != PP_OK)
		task_free(task);
	return error;
}

enum pp_error pp_app_proc(pp_app *app, const char *name, const struct pp_task *task)
{
	return add(app, name, task, false);
}

enum pp_error pp_app_proto(pp_app *app, const char *name, const struct pp_task *task)
{
	return add(app, name, task, true);
}
