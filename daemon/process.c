/*
 * Builds what a process gets. Variables come in this order, and a later one replaces an earlier one
 * of its name: the captured environment (the supervisor has it), what every process gets, env: of
 * the definition, arguments, PP_*. Knows neither the supervisor nor the loop.
 */
#include "daemon/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"

/* Adds "name=value", or replaces what is there under that name. */
static void set_variable(struct strings *env, const char *name, const char *value)
{
	size_t length = strlen(name);
	char *variable = mem_join(name, "=", value, (char *)NULL);

	for (size_t i = 0; i < env->count; i++) {
		if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=') {
			free(env->items[i]);
			env->items[i] = variable;
			return;
		}
	}
	strings_take(env, variable);
}

/* The same; value is freed. */
static void take_variable(struct strings *env, const char *name, char *value)
{
	set_variable(env, name, value);
	free(value);
}

static void set_number(struct strings *env, const char *name, uint64_t value)
{
	char text[MEM_NUMBER_SIZE];

	set_variable(env, name, mem_number(text, value));
}

/* execve(2) and its like want a NULL behind the last one; it is not counted. */
static void end_list(struct strings *list)
{
	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->capacity = list->count + 1;
	list->items[list->count] = NULL;
}

/* text with its placeholders replaced, where there are values for them. */
static char *fill(const struct definition *definition, char *const *values, const char *text)
{
	return values ? definition_fill(definition, values, text) : mem_copy(text);
}

static void build_argv(struct strings *argv, const struct definition *definition,
    char *const *values, const struct command *command)
{
	if (command->is_shell) {
		strings_add(argv, "/bin/sh");
		strings_add(argv, "-c");
		strings_add(argv, command->words[0]);
	} else {
		for (size_t i = 0; i < command->n_words; i++)
			strings_take(argv, fill(definition, values, command->words[i]));
	}
	end_list(argv);
}

static char *build_cwd(
    const struct process_place *place, const struct definition *definition, char *const *values)
{
	if (!definition->cwd)
		return mem_copy(place->directory);
	char *filled = fill(definition, values, definition->cwd);
	if (filled[0] == '/')
		return filled;
	char *path = mem_print("%s/%s", place->directory, filled);
	free(filled);
	return path;
}

static void add_definition_env(
    struct strings *env, const struct definition *definition, char *const *values)
{
	for (size_t i = 0; i < definition->n_env; i++)
		take_variable(env, definition->env[i].name,
		    fill(definition, values, definition->env[i].value));
}

static void add_output_env(struct strings *env, const struct process_output *output)
{
	if (!output->is_terminal) {
		set_variable(env, "TERM", "dumb");
		set_variable(env, "NO_COLOR", "1");
	} else if (output->terminal_type) {
		set_variable(env, "TERM", output->terminal_type);
	}
}

/* What both kinds have, over what is there. */
static void build_common(struct process *process, const struct process_place *place,
    const struct definition *definition, char *const *values, const struct command *command)
{
	build_argv(&process->argv, definition, values, command);
	process->cwd = build_cwd(place, definition, values);
	set_variable(&process->env, "PWD", process->cwd);
	add_definition_env(&process->env, definition, values);
	for (size_t i = 0; values && i < definition->n_args; i++) {
		if (values[i])
			set_variable(&process->env, definition->args[i].name, values[i]);
	}
	set_variable(&process->env, "PP_WORKSPACE", place->directory);
	set_variable(&process->env, "PP_SOCKET", place->socket_path);
	set_variable(&process->env, "PP_HOST", place->host ? place->host : "");
}

void process_build(struct process *process, const struct process_place *place,
    const struct execution *execution, const struct command *command,
    const struct process_output *output)
{
	struct strings *env = &process->env;

	*process = (struct process){0};
	add_output_env(env, output);
	build_common(process, place, execution->definition, execution->values, command);
	set_variable(env, "PP_PROC", execution->proc->name);
	set_number(env, "PP_RUN", execution_run(execution)->id);
	set_number(env, "PP_EXEC", execution->id);
	take_variable(
	    env, "PP_RESULT", process_file(place->state_directory, execution->id, "result"));
	take_variable(
	    env, "PP_MESSAGE", process_file(place->state_directory, execution->id, "message"));
	if (output->log)
		set_variable(env, "PP_LOG", output->log);
	end_list(env);
}

void process_build_loose(struct process *process, const struct process_place *place,
    const struct definition *definition, const struct command *command)
{
	*process = (struct process){0};
	add_output_env(&process->env, &(struct process_output){0});
	build_common(process, place, definition, NULL, command);
	end_list(&process->env);
}

void process_end_argv(struct process *process)
{
	end_list(&process->argv);
}

void process_set_variable(struct process *process, const char *name, const char *value)
{
	set_variable(&process->env, name, value);
	end_list(&process->env);
}

void process_clear(struct process *process)
{
	strings_clear(&process->argv);
	strings_clear(&process->env);
	free(process->cwd);
	process->cwd = NULL;
}

char *process_file(const char *state_directory, uint64_t exec, const char *suffix)
{
	char number[MEM_NUMBER_SIZE];

	return mem_join(state_directory, "/" PROCESS_DIRECTORY "/", mem_number(number, exec), ".",
	    suffix, (char *)NULL);
}

void process_clear_files(
    const char *state_directory, bool (*is_needed)(uint64_t exec, void *arg), void *arg)
{
	char *path = mem_print("%s/" PROCESS_DIRECTORY, state_directory);
	DIR *directory;

	mkdir(path, 0700);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = fd >= 0 ? fdopendir(fd) : NULL;
	if (directory) {
		for (struct dirent *entry; (entry = readdir(directory));) {
			uint64_t exec = strtoull(entry->d_name, NULL, 10);

			if (exec == 0 || !is_needed(exec, arg))
				unlinkat(fd, entry->d_name, 0); /* fails for . and .. */
		}
		closedir(directory);
	} else if (fd >= 0) {
		close(fd);
	}
	free(path);
}

char *process_explain_failure(const struct process *process, const char *stage, int error)
{
	const char *subject = NULL;

	if (strcmp(stage, "exec") == 0)
		subject = process->argv.items[0];
	else if (strcmp(stage, "chdir") == 0)
		subject = process->cwd;
	if (subject)
		return mem_print("%s: %s: %s", stage, strerror(error), subject);
	return mem_print("%s: %s", stage, strerror(error));
}
