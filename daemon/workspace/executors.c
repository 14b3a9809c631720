/*
 * Reads `executors:`. That a word of a command is understood is checked here, once, so that nothing
 * is left to be refused when something is to start.
 */
#include "daemon/workspace/executors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/core.h"
#include "daemon/core/mem.h"
#include "daemon/core/suggest.h"

#define DEFAULT_PARALLEL 100
#define MAX_PARALLEL 1000000
#define MAX_EXECUTORS CORE_EXECUTORS_MAX

static const struct schema_shape count_shape = {.types = SCHEMA_INTEGER};
static const struct schema_shape text_shape = {.types = SCHEMA_TEXT};
static const struct schema_shape words_shape = {.types = SCHEMA_LIST, .each = &text_shape};

static const struct schema_key executor_keys[] = {
    {.name = "command", .shape = &words_shape},
    {.name = "parallel", .shape = &count_shape},
    {.name = "resources", .shape = &resources_shape},
    {0},
};
static const struct schema_shape executor_shape = {
    .types = SCHEMA_MAP | SCHEMA_NULL, .keys = executor_keys};
const struct schema_shape executors_shape = {
    .types = SCHEMA_MAP | SCHEMA_NULL, .each = &executor_shape};

static const char *const placeholders[] = {"argv", "shell", "proc", "run", "exec", "attempt",
    "workspace", "cwd", "log", "cpus", "memory", "time", "gpus", "partition", "extra"};

bool executors_is_placeholder(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
		if (strlen(placeholders[i]) == length &&
		    strncmp(placeholders[i], name, length) == 0)
			return true;
	return false;
}

static int check_word(const struct reader *reader, const struct place *place, const char *word)
{
	static const char *const alone[] = {"[argv]", "[extra]"};

	for (const char *at = strchr(word, '['); at; at = strchr(at + 1, '[')) {
		size_t length = strcspn(at + 1, "[]");

		if (at[1 + length] != ']' || !executors_is_placeholder(at + 1, length))
			return reader_refuse(reader, place,
			    "no placeholder: %.*s (there are [argv], [shell], [proc], [run], "
			    "[exec], [attempt], [workspace], [cwd], [log], and those of resources)",
			    (int)length + 2, at);
		for (size_t i = 0; i < 2; i++)
			if (strncmp(at, alone[i], strlen(alone[i])) == 0 &&
			    strcmp(word, alone[i]) != 0)
				return reader_refuse(
				    reader, place, "%s has to be a word of its own", alone[i]);
	}
	return 0;
}

/* Whether a word may be left out, or be the process's own: as the program, that would start the
 * process here, without its executor. */
static bool is_optional(const char *word)
{
	static const char *const always[] = {
	    "[proc]", "[run]", "[exec]", "[attempt]", "[workspace]", "[cwd]"};
	bool is_said = true;

	for (const char *at = strchr(word, '['); at && is_said; at = strchr(at + 1, '[')) {
		is_said = false;
		for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
			is_said |= strncmp(at, always[i], strlen(always[i])) == 0;
	}
	return !is_said;
}

static int read_command(const struct reader *reader, const struct place *place, const json_t *value,
    struct strings *command)
{
	json_t *word;
	size_t index;

	json_array_foreach ((json_t *)value, index, word) {
		struct place below = {.parent = place, .index = index};

		if (check_word(reader, &below, json_string_value(word)))
			return -1;
		strings_add(command, json_string_value(word));
	}
	if (command->count == 0 || !command->items[0][0])
		return reader_refuse(reader, place, "must have a program as its first word");
	if (is_optional(command->items[0]))
		return reader_refuse(reader, &(struct place){.parent = place},
		    "is the program, of which nothing may be left open (of the placeholders, "
		    "[proc], [run], [exec], [attempt], [workspace] and [cwd] can be in it)");
	return 0;
}

/* Whether name can be that of an executor: it stands on command lines and in paths. */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < EXECUTOR_NAME_SIZE && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
	           length;
}

static int read_parallel(const struct reader *reader, const struct place *place,
    const json_t *value, struct executor *executor)
{
	json_int_t number = json_integer_value(value);

	if (executor->kind == EXECUTOR_KIND_LOCAL)
		return reader_refuse(reader, place, "of local, options.parallel says it");
	if (number < 1 || number > MAX_PARALLEL)
		return reader_refuse(reader, place, "must be a number from 1 to %d", MAX_PARALLEL);
	executor->parallel = (uint32_t)number;
	return 0;
}

static int read_executor(const struct reader *reader, const struct place *place,
    const json_t *value, struct executor *executor)
{
	const json_t *command = json_object_get(value, "command");
	const json_t *parallel = json_object_get(value, "parallel");
	const struct place command_place = {.parent = place, .key = "command"};
	const struct place parallel_place = {.parent = place, .key = "parallel"};
	const struct place resources_place = {.parent = place, .key = "resources"};

	if (executor->kind != EXECUTOR_KIND_PREFIX && command)
		return reader_refuse_key(
		    reader, &command_place, "%s is built in and has none", executor->name);
	if (executor->kind == EXECUTOR_KIND_PREFIX && !command)
		return reader_refuse_key(reader, place,
		    "command is missing: the words that are put before those of a process");
	if (command && read_command(reader, &command_place, command, &executor->command))
		return -1;
	if (parallel && read_parallel(reader, &parallel_place, parallel, executor))
		return -1;
	return resources_read(
	    reader, &resources_place, json_object_get(value, "resources"), &executor->resources);
}

static void add_built_in(struct executors *executors, const char *name, enum executor_kind kind)
{
	executors->items[executors->count++] =
	    (struct executor){.name = mem_copy(name), .kind = kind, .parallel = DEFAULT_PARALLEL};
}

static struct executor *find(const struct executors *executors, const char *name)
{
	for (size_t i = 0; i < executors->count; i++)
		if (strcmp(executors->items[i].name, name) == 0)
			return &executors->items[i];
	return NULL;
}

int executors_read(const struct reader *reader, const json_t *value, struct executors *executors)
{
	static const struct place section = {.key = "executors"};
	const char *name;
	json_t *member;

	if (json_object_size(value) > MAX_EXECUTORS)
		return reader_refuse_key(reader, &section, "more than %d", MAX_EXECUTORS);
	executors->count = 0;
	executors->items = mem_new(json_object_size(value) + 2, sizeof(struct executor));
	add_built_in(executors, EXECUTOR_LOCAL, EXECUTOR_KIND_LOCAL);
	add_built_in(executors, EXECUTOR_SLURM, EXECUTOR_KIND_SLURM);
	json_object_foreach ((json_t *)value, name, member) {
		const struct place place = {.parent = &section, .key = name};
		struct executor *executor = find(executors, name);

		if (!is_name(name))
			return reader_refuse_key(reader, &place,
			    "a name has up to %d letters, digits, -, _ and .",
			    EXECUTOR_NAME_SIZE - 1);
		if (!executor) {
			executor = &executors->items[executors->count++];
			*executor = (struct executor){.name = mem_copy(name),
			    .kind = EXECUTOR_KIND_PREFIX,
			    .parallel = DEFAULT_PARALLEL};
		}
		if (read_executor(reader, &place, member, executor))
			return -1;
	}
	return 0;
}

void executors_clear(struct executors *executors)
{
	for (size_t i = 0; i < executors->count; i++) {
		free(executors->items[i].name);
		strings_clear(&executors->items[i].command);
		resources_clear(&executors->items[i].resources);
	}
	free(executors->items);
	*executors = (struct executors){0};
}

const struct executor *executors_find(const struct executors *executors, const char *name)
{
	return find(executors, name);
}

char *executors_explain_unknown(const struct executors *executors, const char *name)
{
	size_t limit = suggest_limit(strlen(name)), distance;
	const char *nearest = NULL;
	struct strings names = {0};
	char *list, *text;

	for (size_t i = 0; i < executors->count; i++) {
		strings_add(&names, executors->items[i].name);
		distance = suggest_distance(name, executors->items[i].name, limit);
		if (distance > limit || (nearest && distance == limit))
			continue;
		nearest = executors->items[i].name;
		limit = distance;
	}
	list = strings_join(&names, ", ");
	text = nearest ? mem_print("there is no executor %s (did you mean %s?)", name, nearest)
	               : mem_print("there is no executor %s, only %s", name, list);
	free(list);
	strings_clear(&names);
	return text;
}

int executors_check(const struct executors *executors, const struct definitions *definitions,
    const struct reader *reader)
{
	for (size_t i = 0; i < definitions->count; i++) {
		const struct definition *definition = definitions->items[i];
		struct place section = {.key = definition->is_proto ? "protos" : "procs"};
		struct place of_definition = {.parent = &section, .key = definition->name};
		struct place place = {.parent = &of_definition, .key = "executor"};
		char *problem;

		if (!definition->executor || find(executors, definition->executor))
			continue;
		problem = executors_explain_unknown(executors, definition->executor);
		reader_refuse(reader, &place, "%s", problem);
		free(problem);
		return -1;
	}
	return 0;
}
