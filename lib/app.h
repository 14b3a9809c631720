/*
 * What a program with functions as tasks is inside. app.c has the table of tasks and the errors,
 * task.c makes their definitions, app_define.c gives these to the daemon, app_main.c is the
 * program's user interface, worker.c what the daemon starts, functions.c calls functions in the
 * program that asked for them (mode single).
 */
#ifndef PARPROC_LIB_APP_H
#define PARPROC_LIB_APP_H

#include "lib/connection.h"
#include "lib/parproc.h"

/* The daemon runs an executable with these words: this one, what is called ("task", "deps",
 * "choices"), the name of the proc or proto (encoded), the build, and for choices the argument. */
#define APP_WORKER_OPTION "--pp-worker"

/* Which of a task's functions. */
enum app_call {
	APP_TASK,
	APP_DEPS,
	APP_CHOICES,
};

struct app_arg {
	char *name;
	enum pp_arg_type type;
	pp_function *choices;
};

/* A proc or proto. Texts are copies. */
struct app_task {
	char *name;
	pp_function *function;
	pp_function *deps;
	struct app_arg *args; /* those of the name too */
	size_t n_args;
	json_t *definition; /* as in the workspace file; NULL in a worker, which needs none */
	bool is_proto;
	bool is_now;
	UT_hash_handle hh;
};

struct pp_app {
	int argc;
	char **argv;
	struct app_task *tasks; /* uthash, in the order of their coming */
	char *executable;       /* NULL: not looked for yet */
	char *build;
	bool is_worker;
	enum pp_error error;
	char *error_text;
};

/* ---- app.c ---- */

/* Notes an error, unless there is one already; returns it. %m is errno's. */
enum pp_error app_fail(pp_app *app, enum pp_error error, const char *format, ...) PP_PRINTF(3, 4);

/* A task's argument of that name, or NULL. */
const struct app_arg *app_find_arg(const struct app_task *task, const char *name);

/* The function for a call (choices: of that argument), or NULL. */
pp_function *app_find_function(const struct app_task *task, enum app_call call, const char *arg);

/* ---- task.c ---- */

/* Fills in everything but the definition. An error is noted. */
enum pp_error task_fill(pp_app *app, struct app_task *task, const struct pp_task *said);

/* Makes the definition. An error is noted. */
enum pp_error task_define(pp_app *app, struct app_task *task, const struct pp_task *said);

void task_free(struct app_task *task);

/* A name in a form that the daemon takes for no pattern, as "build::%5Benv%5D". New; NULL: no
 * memory. Decoding works in place. */
char *task_encode_name(const char *name);
void task_decode_name(char *name);

/* The word for a call, and back; -1: it is none. */
const char *app_call_name(enum app_call call);
int app_call_find(const char *name);

/* ---- worker.c ---- */

/* Does what the daemon started this process for. Returns the exit status. */
int worker_main(pp_app *app);

#endif
