/*
 * Fills in the words of an executor. What they may hold was checked when the file was read.
 */
#include "daemon/executors/prefix.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

static void print_quoted(FILE *out, const char *text)
{
	putc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			putc(*text, out);
	}
	putc('\'', out);
}

/* One line for a shell that knows nothing of this process: directory, variables, command. */
static char *print_for_shell(const struct process *process)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("cd ", out);
	print_quoted(out, process->cwd);
	fputs(" && exec env", out);
	for (size_t i = 0; i < process->env.count; i++) {
		putc(' ', out);
		print_quoted(out, process->env.items[i]);
	}
	for (size_t i = 0; i < process->argv.count; i++) {
		putc(' ', out);
		print_quoted(out, process->argv.items[i]);
	}
	fclose(out);
	return text;
}

/* A number as text, or NULL for one that is not said. */
static char *print_number(int64_t number)
{
	return number > 0 ? mem_print("%" PRId64, number) : NULL;
}

/* What a placeholder stands for, for the caller to free; NULL: nothing is said. */
static char *print_value(const char *name, size_t length, const struct prefix_values *values,
    const struct process *process)
{
	const struct execution *execution = values->execution;
	const struct resources *resources = &values->resources;
	char key[16];

	snprintf(key, sizeof(key), "%.*s", (int)length, name);
	if (strcmp(key, "shell") == 0)
		return print_for_shell(process);
	if (strcmp(key, "proc") == 0)
		return mem_copy(execution->proc->name);
	if (strcmp(key, "run") == 0)
		return mem_print("%" PRIu64, execution_run(execution)->id);
	if (strcmp(key, "exec") == 0)
		return mem_print("%" PRIu64, execution->id);
	if (strcmp(key, "attempt") == 0)
		return mem_print("%u", (unsigned)execution->attempt);
	if (strcmp(key, "workspace") == 0)
		return mem_copy(values->workspace);
	if (strcmp(key, "cwd") == 0)
		return mem_copy(process->cwd);
	if (strcmp(key, "log") == 0)
		return mem_copy(values->log);
	if (strcmp(key, "cpus") == 0)
		return print_number(resources->cpus);
	if (strcmp(key, "memory") == 0)
		return print_number(resources->memory_bytes);
	if (strcmp(key, "time") == 0)
		return print_number((resources->time_ns + 999999999) / 1000000000);
	if (strcmp(key, "gpus") == 0)
		return print_number(resources->gpus);
	return strcmp(key, "partition") == 0 ? mem_copy(resources->partition) : NULL;
}

/* word with its placeholders filled in, for the caller to free; NULL: one of them says nothing. */
static char *fill(
    const char *word, const struct prefix_values *values, const struct process *process)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_complete = out != NULL;

	while (out && *word) {
		size_t length = *word == '[' ? strcspn(word + 1, "]") : 0;
		char *value;

		if (*word != '[') {
			putc(*word++, out);
			continue;
		}
		value = print_value(word + 1, length, values, process);
		if (value)
			fputs(value, out);
		else
			is_complete = false;
		free(value);
		word += length + 2;
	}
	if (out)
		fclose(out);
	if (is_complete)
		return text;
	free(text);
	return NULL;
}

static void add_all(struct strings *words, const struct strings *more)
{
	for (size_t i = 0; i < more->count; i++)
		strings_add(words, more->items[i]);
}

void prefix_wrap(
    const struct executor *executor, const struct prefix_values *values, struct process *process)
{
	struct strings words = {0};
	bool has_process = false;

	for (size_t i = 0; i < executor->command.count; i++) {
		const char *word = executor->command.items[i];
		char *filled;

		if (strcmp(word, "[argv]") == 0) {
			add_all(&words, &process->argv);
			has_process = true;
		} else if (strcmp(word, "[extra]") == 0) {
			add_all(&words, &values->resources.extra);
		} else if ((filled = fill(word, values, process))) {
			has_process |= strstr(word, "[shell]") != NULL;
			strings_take(&words, filled);
		}
	}
	if (!has_process)
		add_all(&words, &process->argv);
	strings_clear(&process->argv);
	process->argv = words;
	process_end_argv(process);
}
