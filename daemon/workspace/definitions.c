/*
 * Definitions from JSON that has passed the schema: what a shape cannot say (durations, empty
 * texts, ranges) is checked here, what concerns names and arguments by definition_check().
 */
#include "daemon/workspace/definitions.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/log_ignore.h"
#include "daemon/workspace/resources.h"
#include "daemon/workspace/retries.h"
#include "daemon/workspace/scalar.h"
#include "daemon/workspace/scheduling.h"
#include "daemon/workspace/schema.h"
#include "daemon/workspace/units.h"
#include "daemon/workspace/yaml.h"

/* Reads the value of one key, which is at place, into the definition. 0, or -1: refused. */
typedef int field_reader(const struct reader *reader, const struct place *place,
    const json_t *value, struct definition *definition);

/* --- parts --- */

/* A copy of a text that must not be empty. */
static int read_text(
    const struct reader *reader, const struct place *place, const json_t *value, char **text)
{
	if (json_string_length(value) == 0)
		return reader_refuse(reader, place, "must not be empty");
	*text = mem_copy(json_string_value(value));
	return 0;
}

static int read_command(const struct reader *reader, const struct place *place, const json_t *value,
    struct command *command)
{
	json_t *word;
	size_t index;

	if (json_is_string(value)) {
		command->is_shell = true;
		command->words = mem_new(1, sizeof(command->words[0]));
		command->n_words = 1;
		return read_text(reader, place, value, &command->words[0]);
	}
	if (json_array_size(value) == 0)
		return reader_refuse(reader, place, "must not be empty");
	command->words = mem_new(json_array_size(value), sizeof(command->words[0]));
	command->n_words = json_array_size(value);
	json_array_foreach ((json_t *)value, index, word)
		command->words[index] = mem_copy(json_string_value(word));
	if (!*command->words[0])
		return reader_refuse(reader, place, "must begin with the name of a program");
	return 0;
}

/* --- keys of an argument --- */

static int read_choices(const struct reader *reader, const struct place *place, const json_t *value,
    struct argument *arg)
{
	json_t *choice;
	size_t index;

	if (json_is_object(value)) {
		struct place below = {.parent = place, .key = "command"};

		return read_command(
		    reader, &below, json_object_get(value, "command"), &arg->choices_command);
	}
	arg->has_choices = true;
	json_array_foreach ((json_t *)value, index, choice)
		strings_take(&arg->choices, scalar_print(choice));
	return 0;
}

static int read_arg(const struct reader *reader, const struct place *place, const json_t *value,
    struct argument *arg)
{
	const json_t *choices = json_object_get(value, "choices");
	const json_t *initial = json_object_get(value, "default");
	const char *type = json_string_value(json_object_get(value, "type"));
	struct place below = {.parent = place, .key = "choices"};

	arg->name = mem_copy(place->key);
	arg->description = mem_copy(json_string_value(json_object_get(value, "description")));
	while (type && strcmp(arg_type_name(arg->type), type) != 0)
		arg->type++; /* the schema says that it is one of them */
	if (initial)
		arg->default_text = scalar_print(initial);
	return choices ? read_choices(reader, &below, choices, arg) : 0;
}

/* --- keys of a definition --- */

static int read_description(const struct reader *reader, const struct place *place,
    const json_t *value, struct definition *definition)
{
	(void)reader, (void)place;
	definition->description = mem_copy(json_string_value(value));
	return 0;
}

static int read_run(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	return read_command(reader, place, value, &definition->run);
}

/* What becomes variables, each of which is compared with the others when a process starts. */
static int check_variables(
    const struct reader *reader, const struct place *place, const json_t *value)
{
	if (json_object_size(value) <= DEFINITION_MAX_VARIABLES)
		return 0;
	return reader_refuse(reader, place, "more than %d", DEFINITION_MAX_VARIABLES);
}

static int read_args(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	const char *name;
	json_t *member;

	if (check_variables(reader, place, value))
		return -1;
	definition->args = mem_new(json_object_size(value), sizeof(definition->args[0]));
	json_object_foreach ((json_t *)value, name, member) {
		struct place below = {.parent = place, .key = name};

		if (read_arg(reader, &below, member, &definition->args[definition->n_args++]))
			return -1;
	}
	return 0;
}

static int read_dep(
    const struct reader *reader, const struct place *place, const json_t *value, struct dep *dep)
{
	const json_t *command = json_object_get(value, "command");
	struct place below = {.parent = place, .key = "command"};

	if (json_is_string(value)) {
		dep->kind = DEP_NAME;
		return read_text(reader, place, value, &dep->text);
	}
	if (!command) {
		dep->kind = DEP_NO_FAILURES; /* the only special one */
		return 0;
	}
	dep->kind = DEP_COMMAND;
	return read_command(reader, &below, command, &dep->command);
}

static int read_deps(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	json_t *element;
	size_t index;

	definition->deps = mem_new(json_array_size(value), sizeof(definition->deps[0]));
	json_array_foreach ((json_t *)value, index, element) {
		struct place below = {.parent = place, .index = index};

		if (read_dep(reader, &below, element, &definition->deps[definition->n_deps++]))
			return -1;
	}
	return 0;
}

static int read_rdep(
    const struct reader *reader, const struct place *place, const json_t *value, struct rdep *rdep)
{
	const json_t *target = json_object_get(value, "when_scheduled");
	struct place below = {.parent = place, .key = "when_scheduled"};

	if (json_is_string(value)) {
		rdep->kind = RDEP_PLAIN;
		return read_text(reader, place, value, &rdep->target);
	}
	rdep->kind = RDEP_WHEN_SCHEDULED;
	if (!target) {
		rdep->kind = RDEP_WHEN_TARGET_SCHEDULED;
		below.key = "when_target_scheduled";
		target = json_object_get(value, below.key);
	}
	return read_text(reader, &below, target, &rdep->target);
}

static int read_rdeps(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	json_t *element;
	size_t index;

	definition->rdeps = mem_new(json_array_size(value), sizeof(definition->rdeps[0]));
	json_array_foreach ((json_t *)value, index, element) {
		struct place below = {.parent = place, .index = index};

		if (read_rdep(reader, &below, element, &definition->rdeps[definition->n_rdeps++]))
			return -1;
	}
	return 0;
}

static int read_locks(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	json_t *element;
	size_t index;

	json_array_foreach ((json_t *)value, index, element) {
		struct place below = {.parent = place, .index = index};
		char *lock = NULL;

		if (read_text(reader, &below, element, &lock))
			return -1;
		if (strings_contain(&definition->locks, lock))
			free(lock);
		else
			strings_take(&definition->locks, lock);
	}
	return 0;
}

static int read_wave(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	json_int_t wave = json_integer_value(value);

	if (wave < INT32_MIN || wave > INT32_MAX)
		return reader_refuse(reader, place, "must be an integer of 32 bits");
	definition->wave = (int32_t)wave;
	return 0;
}

static int read_timeout(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	if (reader_read_duration(reader, place, value, &definition->timeout_ns))
		return -1;
	if (definition->timeout_ns == 0)
		return reader_refuse(
		    reader, place, "must be more than 0 (without it there is none)");
	return 0;
}

static int read_retries(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	return retries_read(reader, place, value, &definition->retries);
}

static int read_now(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	(void)reader, (void)place;
	definition->is_now = json_is_true(value);
	return 0;
}

static int read_cwd(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	return read_text(reader, place, value, &definition->cwd);
}

static int read_env(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	const char *name;
	json_t *member;

	if (check_variables(reader, place, value))
		return -1;
	definition->env = mem_new(json_object_size(value), sizeof(definition->env[0]));
	json_object_foreach ((json_t *)value, name, member) {
		struct variable *variable = &definition->env[definition->n_env];
		struct place below = {.parent = place, .key = name};

		if (!*name || strchr(name, '='))
			return reader_refuse_key(
			    reader, &below, "not a name of an environment variable");
		if (strncmp(name, "PP_", 3) == 0)
			return reader_refuse_key(
			    reader, &below, "names that begin with PP_ are parproc's own");
		variable->name = mem_copy(name);
		variable->value = scalar_print(member);
		definition->n_env++;
	}
	return 0;
}

static int read_result(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	bool is_stdout = strcmp(json_string_value(value), "stdout") == 0;

	(void)reader, (void)place;
	definition->result = is_stdout ? RESULT_STDOUT : RESULT_FILE;
	return 0;
}

static int read_params(const struct reader *reader, const struct place *place, const json_t *value,
    struct definition *definition)
{
	definition->params = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	return definition->params ? 0 : reader_refuse(reader, place, "out of memory");
}

static int read_log_ignore(const struct reader *reader, const struct place *place,
    const json_t *value, struct definition *definition)
{
	if (log_ignore_check(reader, place, value))
		return -1;
	if (json_array_size(value) == 0)
		return 0;
	definition->log_ignore = json_dumps(value, JSON_COMPACT);
	return definition->log_ignore ? 0 : reader_refuse(reader, place, "out of memory");
}

static int read_executor(const struct reader *reader, const struct place *place,
    const json_t *value, struct definition *definition)
{
	return read_text(reader, place, value, &definition->executor);
}

static int read_resources(const struct reader *reader, const struct place *place,
    const json_t *value, struct definition *definition)
{
	struct resources resources = {0};
	int status = resources_read(reader, place, value, &resources);

	resources_clear(&resources);
	if (status)
		return -1;
	definition->resources = json_dumps(value, JSON_COMPACT);
	return definition->resources ? 0 : reader_refuse(reader, place, "out of memory");
}

static int read_jobserver(const struct reader *reader, const struct place *place,
    const json_t *value, struct definition *definition)
{
	const char *form = json_string_value(value);

	(void)reader, (void)place;
	if (form)
		definition->jobserver = strcmp(form, "fifo") == 0 ? USES_FIFO : USES_PIPE;
	else
		definition->jobserver = json_is_true(value) ? USES_JOBSERVER : USES_NO_JOBSERVER;
	return 0;
}

struct field {
	const char *key;
	field_reader *read;
};

static const struct field fields[] = {
    {"description", read_description},
    {"run", read_run},
    {"args", read_args},
    {"deps", read_deps},
    {"rdeps", read_rdeps},
    {"locks", read_locks},
    {"wave", read_wave},
    {"timeout", read_timeout},
    {"retries", read_retries},
    {"now", read_now},
    {"cwd", read_cwd},
    {"env", read_env},
    {"result", read_result},
    {"params", read_params},
    {"log_ignore", read_log_ignore},
    {"executor", read_executor},
    {"resources", read_resources},
    {"use", use_read},
    {"priority", priority_read},
    {"jobserver", read_jobserver},
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* --- definitions --- */

/* What is made of which text. */
struct conversion {
	const struct reader *reader;
	enum origin origin;
	const char *separator;
	struct definitions *definitions; /* has room for all */
};

static int read_definition(const struct conversion *conversion, const struct place *place,
    const json_t *value, struct definition *definition)
{
	const struct reader *reader = conversion->reader;
	struct fault fault = {0};

	for (size_t i = 0; i < N_FIELDS; i++) {
		const json_t *member = json_object_get(value, fields[i].key);
		struct place below = {.parent = place, .key = fields[i].key};

		if (member && fields[i].read(reader, &below, member, definition))
			return -1;
	}
	definition->source = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	if (!definition->source)
		return reader_refuse(reader, place, "out of memory");
	if (definition_check(definition, conversion->separator, &fault))
		return reader_refuse_fault(reader, place, &fault);
	return 0;
}

/* The procs or protos of value. */
static int read_section(const struct conversion *conversion, const json_t *value, bool is_proto)
{
	struct place section = {.key = is_proto ? "protos" : "procs"};
	struct definitions *definitions = conversion->definitions;
	const json_t *procs = json_object_get(value, "procs");
	json_t *members = json_object_get(value, section.key);
	struct definition *definition;
	const char *name;
	json_t *member;

	json_object_foreach (members, name, member) {
		struct place place = {.parent = &section, .key = name};

		if (is_proto && json_object_get(procs, name))
			return reader_refuse_key(
			    conversion->reader, &place, "there is a proc of that name too");
		definition = definition_new(name, is_proto, conversion->origin);
		definitions->items[definitions->count++] = definition;
		if (read_definition(conversion, &place, member, definition))
			return -1;
	}
	return 0;
}

int definitions_from_json(const json_t *value, enum origin origin, const char *separator,
    const struct reader *reader, struct definitions *definitions)
{
	const struct conversion conversion = {reader, origin, separator, definitions};
	size_t count = json_object_size(json_object_get(value, "procs")) +
	               json_object_size(json_object_get(value, "protos"));

	definitions->count = 0;
	definitions->items = mem_new(count, sizeof(definitions->items[0]));
	if (read_section(&conversion, value, false) == 0 &&
	    read_section(&conversion, value, true) == 0)
		return 0;
	definitions_clear(definitions);
	return -1;
}

int definitions_from_request(const json_t *value, const char *separator,
    struct definitions *definitions, struct workspace_error *error)
{
	struct reader reader = {.error = error};

	*definitions = (struct definitions){0};
	if (schema_check(&schema_definitions, value, &reader, NULL))
		return -1;
	return definitions_from_json(value, ORIGIN_CLIENT, separator, &reader, definitions);
}

int definitions_from_text(const char *text, size_t length, const char *file, const char *separator,
    struct definitions *definitions, struct workspace_error *error)
{
	struct reader reader = {.file = file, .error = error};
	struct yaml_document document;
	int status = yaml_read(text, length, file, &document, error);

	*definitions = (struct definitions){0};
	reader.positions = document.root;
	if (!status && document.root)
		status = schema_check(&schema_definitions, document.root->value, &reader, NULL);
	if (!status && document.root)
		status = definitions_from_json(
		    document.root->value, ORIGIN_CLIENT, separator, &reader, definitions);
	yaml_document_clear(&document);
	return status;
}

void definitions_clear(struct definitions *definitions)
{
	for (size_t i = 0; i < definitions->count; i++)
		definition_unref(definitions->items[i]);
	free(definitions->items);
	*definitions = (struct definitions){0};
}
