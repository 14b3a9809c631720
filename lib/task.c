/*
 * What a program says about a task, checked, and made into the definition that a workspace file
 * would have. Patterns, dependencies and the like are the daemon's to judge.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/app.h"

#define TIMEOUT_MAX_S 1e9

/* ---- names ---- */

char *task_encode_name(const char *name)
{
	char *encoded = malloc(3 * strlen(name) + 1);
	char *end = encoded;

	for (; encoded && *name; name++) {
		if (strchr("[]%", *name))
			end += sprintf(end, "%%%02X", (unsigned char)*name);
		else
			*end++ = *name;
	}
	if (encoded)
		*end = '\0';
	return encoded;
}

void task_decode_name(char *name)
{
	char *end = name;
	unsigned byte;

	for (; *name; name++) {
		if (*name == '%' && sscanf(name + 1, "%2x", &byte) == 1 && name[1] && name[2]) {
			*end++ = (char)byte;
			name += 2;
		} else {
			*end++ = *name;
		}
	}
	*end = '\0';
}

/* ---- arguments ---- */

static enum pp_error add_arg(
    pp_app *app, struct app_task *task, const char *name, size_t length, const struct pp_arg *said)
{
	struct app_arg *args = reallocarray(task->args, task->n_args + 1, sizeof(*args));

	if (!args)
		return app_fail(app, PP_ERR_NOMEM, "no memory");
	task->args = args;
	args += task->n_args;
	*args = (struct app_arg){.name = strndup(name, length),
	    .type = said ? said->type : PP_STR,
	    .choices = said ? said->choices_function : NULL};
	if (!args->name)
		return app_fail(app, PP_ERR_NOMEM, "no memory");
	task->n_args++;
	return PP_OK;
}

static bool has_list(const char *const list[], const char *const *more)
{
	return list[0] || (more && *more);
}

static enum pp_error check_arg(pp_app *app, const struct app_task *task, const struct pp_arg *said)
{
	const char *wrong = NULL;

	if (!*said->name)
		wrong = "its name is empty";
	else if (app_find_arg(task, said->name))
		wrong = "it is given twice";
	else if (said->type < PP_STR || said->type > PP_BOOL)
		wrong = "there is no such type";
	else if (said->choices_function && has_list(said->choices, said->more_choices))
		wrong = "choices and choices_function exclude each other";
	else if (said->reserved[0] || said->reserved[1])
		wrong = "what is reserved has to be NULL";
	if (!wrong)
		return PP_OK;
	return app_fail(app, PP_ERR_INVALID, "%s: argument %s: %s", task->name, said->name, wrong);
}

/* The placeholders of the name that nothing is said about. */
static enum pp_error add_placeholders(pp_app *app, struct app_task *task)
{
	const char *open = task->name;

	while ((open = strchr(open, '[')) != NULL) {
		const char *name = ++open;
		size_t length = strcspn(name, "]");
		bool is_new = true;

		for (size_t i = 0; i < task->n_args; i++)
			is_new &= strncmp(task->args[i].name, name, length) != 0 ||
			          task->args[i].name[length] != '\0';
		if (is_new && add_arg(app, task, name, length, NULL) != PP_OK)
			return PP_ERR_NOMEM;
	}
	return PP_OK;
}

static enum pp_error add_args(pp_app *app, struct app_task *task, const struct pp_task *said)
{
	enum pp_error error = PP_OK;

	if (!task->is_proto && said->args[0].name)
		return app_fail(app, PP_ERR_INVALID, "%s: only a proto has arguments", task->name);
	for (size_t i = 0; error == PP_OK && i < PP_MAX_ARGS && said->args[i].name; i++) {
		const struct pp_arg *arg = &said->args[i];

		error = check_arg(app, task, arg);
		if (error == PP_OK)
			error = add_arg(app, task, arg->name, strlen(arg->name), arg);
	}
	return error == PP_OK ? add_placeholders(app, task) : error;
}

/* ---- the rest ---- */

static enum pp_error check(pp_app *app, const struct app_task *task, const struct pp_task *said)
{
	const char *wrong = NULL;

	if (!(said->timeout_s >= 0 && said->timeout_s <= TIMEOUT_MAX_S))
		wrong = "timeout_s: it has to be a number of seconds, 0 for none";
	else if (said->params && !json_is_object(said->params))
		wrong = "params: it has to be an object";
	for (size_t i = 0; i < sizeof(said->reserved) / sizeof(said->reserved[0]); i++) {
		if (said->reserved[i])
			wrong = "what is reserved has to be NULL";
	}
	for (size_t i = 0; i < PP_MAX_LIST && said->environment[i]; i++) {
		if (strcspn(said->environment[i], "=") == 0 || !strchr(said->environment[i], '='))
			wrong = "environment: an entry has to be NAME=value";
	}
	return wrong ? app_fail(app, PP_ERR_INVALID, "%s: %s", task->name, wrong) : PP_OK;
}

enum pp_error task_fill(pp_app *app, struct app_task *task, const struct pp_task *said)
{
	enum pp_error error = check(app, task, said);

	task->function = said->function;
	task->deps = said->deps_function;
	task->is_now = said->now;
	return error == PP_OK ? add_args(app, task, said) : error;
}

void task_free(struct app_task *task)
{
	for (size_t i = 0; i < task->n_args; i++)
		free(task->args[i].name);
	free(task->args);
	json_decref(task->definition);
	free(task->name);
	free(task);
}

/* ---- the definition ---- */

/* A definition on its way; of what fails, the first key is kept. */
struct maker {
	const pp_app *app;
	const struct app_task *task;
	const char *failed_key;
};

/* Adds value (taken) to an object; NULL is a failure. */
static void put(struct maker *maker, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0 && !maker->failed_key)
		maker->failed_key = key;
}

static void put_text(struct maker *maker, json_t *object, const char *key, const char *text)
{
	if (text)
		put(maker, object, key, json_string(text));
}

/* Appends value (taken). */
static void append(struct maker *maker, json_t *array, const char *key, json_t *value)
{
	if (json_array_append_new(array, value) < 0 && !maker->failed_key)
		maker->failed_key = key;
}

/* Appends texts, each as the one member of an object where a key is given. */
static void append_texts(struct maker *maker, json_t *array, const char *key, const char *form,
    const char *const list[], size_t n_max)
{
	for (size_t i = 0; i < n_max && list[i]; i++)
		append(maker, array, key,
		    form ? json_pack("{s:s}", form, list[i]) : json_string(list[i]));
}

/* Adds an array (taken) unless it is empty. */
static void put_list(struct maker *maker, json_t *object, const char *key, json_t *array)
{
	if (array && json_array_size(array) == 0)
		json_decref(array);
	else
		put(maker, object, key, array);
}

/* The command that has the daemon call a function of this program. */
static json_t *command(const struct maker *maker, enum app_call call, const char *arg)
{
	char *name = task_encode_name(maker->task->name);
	json_t *words =
	    !name ? NULL
	          : json_pack("[s, s, s, s, s, s*]", maker->app->executable, APP_WORKER_OPTION,
	                app_call_name(call), name, maker->app->build, arg);

	free(name);
	return words;
}

static void put_command(
    struct maker *maker, json_t *object, const char *key, enum app_call call, const char *arg)
{
	put(maker, object, key, json_pack("{s:o}", "command", command(maker, call, arg)));
}

static void put_arg(struct maker *maker, json_t *args, const struct pp_arg *said)
{
	static const char *const types[] = {"str", "int", "float", "bool"};
	json_t *arg = json_object();
	json_t *choices = json_array();

	put(maker, arg, "type", json_string(types[said->type]));
	put_text(maker, arg, "default", said->default_value);
	put_text(maker, arg, "description", said->description);
	append_texts(maker, choices, "choices", NULL, said->choices, PP_MAX_LIST);
	if (said->more_choices)
		append_texts(maker, choices, "choices", NULL, said->more_choices, SIZE_MAX);
	put_list(maker, arg, "choices", choices);
	if (said->choices_function)
		put_command(maker, arg, "choices", APP_CHOICES, said->name);
	put(maker, args, said->name, arg);
}

static void put_args(struct maker *maker, json_t *definition, const struct pp_task *said)
{
	json_t *args;

	if (!said->args[0].name)
		return;
	args = json_object();
	for (size_t i = 0; i < PP_MAX_ARGS && said->args[i].name; i++)
		put_arg(maker, args, &said->args[i]);
	put(maker, definition, "args", args);
}

static void put_deps(struct maker *maker, json_t *definition, const struct pp_task *said)
{
	json_t *deps = json_array(), *rdeps = json_array();

	append_texts(maker, deps, "deps", NULL, said->deps, PP_MAX_LIST);
	if (said->more_deps)
		append_texts(maker, deps, "deps", NULL, said->more_deps, SIZE_MAX);
	if (said->deps_function)
		append(maker, deps, "deps",
		    json_pack("{s:o}", "command", command(maker, APP_DEPS, NULL)));
	if (said->no_failures)
		append(maker, deps, "deps", json_pack("{s:s}", "special", "no_failures"));
	put_list(maker, definition, "deps", deps);
	append_texts(maker, rdeps, "rdeps", NULL, said->rdeps, PP_MAX_LIST);
	append_texts(
	    maker, rdeps, "when_scheduled", "when_scheduled", said->when_scheduled, PP_MAX_LIST);
	append_texts(maker, rdeps, "when_target_scheduled", "when_target_scheduled",
	    said->when_target_scheduled, PP_MAX_LIST);
	put_list(maker, definition, "rdeps", rdeps);
}

static void put_environment(struct maker *maker, json_t *definition, const struct pp_task *said)
{
	json_t *environment;

	if (!said->environment[0])
		return;
	environment = json_object();
	for (size_t i = 0; i < PP_MAX_LIST && said->environment[i]; i++) {
		const char *entry = said->environment[i];
		size_t length = strcspn(entry, "=");

		if (json_object_setn_new(
		        environment, entry, length, json_string(entry + length + 1)) < 0)
			maker->failed_key = "environment";
	}
	put(maker, definition, "env", environment);
}

static void put_all(struct maker *maker, json_t *definition, const struct pp_task *said)
{
	json_t *locks = json_array();

	if (said->function)
		put(maker, definition, "run", command(maker, APP_TASK, NULL));
	put_text(maker, definition, "description", said->description);
	put_args(maker, definition, said);
	put_deps(maker, definition, said);
	append_texts(maker, locks, "locks", NULL, said->locks, PP_MAX_LIST);
	put_list(maker, definition, "locks", locks);
	if (said->wave != 0)
		put(maker, definition, "wave", json_integer(said->wave));
	if (said->timeout_s > 0)
		put(maker, definition, "timeout", json_real(said->timeout_s));
	put_text(maker, definition, "cwd", said->cwd);
	if (said->params)
		put(maker, definition, "params", json_deep_copy(said->params));
	put_environment(maker, definition, said);
}

enum pp_error task_define(pp_app *app, struct app_task *task, const struct pp_task *said)
{
	struct maker maker = {.app = app, .task = task};

	task->definition = json_object();
	put_all(&maker, task->definition, said);
	if (!maker.failed_key)
		return PP_OK;
	return app_fail(app, PP_ERR_INVALID, "%s: %s: it is not UTF-8, or there is no memory",
	    task->name, maker.failed_key);
}
