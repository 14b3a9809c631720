/* Definitions: their life, their inner checks, and filling in arguments; see definition.h. */
#include "daemon/core/definition.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"

static const char *const type_names[] = {
    [ARG_STR] = "str", [ARG_INT] = "int", [ARG_FLOAT] = "float", [ARG_BOOL] = "bool"};

static const char *const true_words[] = {"true", "1", "yes", "on"};
static const char *const false_words[] = {"false", "0", "no", "off"};

struct definition *definition_new(const char *name, bool is_proto, enum origin origin)
{
	struct definition *definition = mem_new(1, sizeof(*definition));

	definition->references = 1;
	definition->name = mem_copy(name);
	definition->is_proto = is_proto;
	definition->origin = origin;
	return definition;
}

struct definition *definition_ref(struct definition *definition)
{
	definition->references++;
	return definition;
}

void command_clear(struct command *command)
{
	for (size_t i = 0; i < command->n_words; i++)
		free(command->words[i]);
	free(command->words);
	*command = (struct command){0};
}

static void argument_clear(struct argument *arg)
{
	free(arg->name);
	free(arg->default_text);
	free(arg->description);
	strings_clear(&arg->choices);
	command_clear(&arg->choices_command);
}

void definition_unref(struct definition *definition)
{
	if (definition == NULL || --definition->references > 0)
		return;
	for (size_t i = 0; i < definition->n_args; i++)
		argument_clear(&definition->args[i]);
	for (size_t i = 0; i < definition->n_deps; i++) {
		free(definition->deps[i].text);
		command_clear(&definition->deps[i].command);
	}
	for (size_t i = 0; i < definition->n_rdeps; i++)
		free(definition->rdeps[i].target);
	for (size_t i = 0; i < definition->n_env; i++) {
		free(definition->env[i].name);
		free(definition->env[i].value);
	}
	command_clear(&definition->run);
	strings_clear(&definition->locks);
	for (size_t i = 0; i < definition->n_uses; i++)
		free(definition->uses[i].pool);
	free(definition->uses);
	free(definition->args);
	free(definition->deps);
	free(definition->rdeps);
	free(definition->env);
	free(definition->name);
	free(definition->description);
	free(definition->cwd);
	free(definition->params);
	free(definition->log_ignore);
	free(definition->executor);
	free(definition->resources);
	free(definition->source);
	free(definition->separator);
	free(definition);
}

const char *amount_print(int64_t amount, char *text, size_t size)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (unit < 4 && amount > 0 && amount % 1024 == 0) {
		amount /= 1024;
		unit++;
	}
	snprintf(text, size, "%lld%s", (long long)amount, units[unit]);
	return text;
}

int definition_find_arg(const struct definition *definition, const char *name, size_t length)
{
	for (size_t i = 0; i < definition->n_args; i++)
		if (slice_is((struct slice){name, length}, definition->args[i].name))
			return (int)i;
	return -1;
}

char *definition_fill(const struct definition *definition, char *const *values, const char *text)
{
	struct slice name;
	const char *begin, *end, *rest = text;
	size_t size = strlen(text) + 1;

	while (name_next_placeholder(rest, &name, &begin, &end)) {
		int arg = definition_find_arg(definition, name.text, name.length);
		if (arg >= 0)
			size += strlen(values[arg]);
		rest = end;
	}
	char *filled = mem_resize(NULL, size, 1), *to = filled;
	for (rest = text; name_next_placeholder(rest, &name, &begin, &end); rest = end) {
		int arg = definition_find_arg(definition, name.text, name.length);
		to = mempcpy(to, rest, (size_t)(begin - rest));
		if (arg >= 0)
			to = stpcpy(to, values[arg]);
		else
			to = mempcpy(to, begin, (size_t)(end - begin));
	}
	strcpy(to, rest);
	return filled;
}

const char *arg_type_name(enum arg_type type)
{
	return type_names[type];
}

static bool word_is_among(const char *word, const char *const words[4])
{
	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

/* strtod(3) and its like skip leading space; a value has none. */
static bool begins_number(const char *text)
{
	return text[0] != '\0' && strchr("+-.0123456789", text[0]) != NULL;
}

int arg_type_check(enum arg_type type, const char *text)
{
	char *end;

	errno = 0;
	switch (type) {
	case ARG_INT:
		if (!begins_number(text))
			return -1;
		strtoll(text, &end, 10);
		return *end == '\0' && errno == 0 && end > text && end[-1] != '.' ? 0 : -1;
	case ARG_FLOAT: {
		if (!begins_number(text) || strpbrk(text, "xXpP") != NULL)
			return -1;
		double value = strtod(text, &end);
		return *end == '\0' && end > text && isfinite(value) ? 0 : -1;
	}
	case ARG_BOOL:
		return word_is_among(text, true_words) || word_is_among(text, false_words) ? 0 : -1;
	case ARG_STR:
		return 0;
	}
	return -1;
}

bool arg_type_is_true(const char *text)
{
	return word_is_among(text, true_words);
}

/* Whether an environment variable of that name would change what the worker itself relies on. */
static bool name_is_reserved(const char *name)
{
	static const char *const words[] = {"PATH", "HOME", "SHELL", "USER", "IFS"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return strncmp(name, "LD_", 3) == 0 || strncmp(name, "PP_", 3) == 0;
}

/* Puts the arguments that are placeholders first, in the order of the name. */
static int args_arrange(struct definition *definition, struct fault *fault)
{
	struct slice name;
	const char *begin, *end, *rest = definition->name;
	size_t place = 0;

	for (; name_next_placeholder(rest, &name, &begin, &end); rest = end, place++) {
		int at = definition_find_arg(definition, name.text, name.length);
		struct argument arg = {0};
		if (at >= 0) {
			arg = definition->args[at];
		} else {
			at = (int)definition->n_args++;
			definition->args =
			    mem_resize(definition->args, definition->n_args, sizeof(arg));
			arg.name = mem_copy_part(name.text, name.length);
		}
		memmove(&definition->args[place + 1], &definition->args[place],
		    ((size_t)at - place) * sizeof(arg));
		arg.is_placeholder = true;
		definition->args[place] = arg;
	}
	for (size_t i = place; i < definition->n_args; i++)
		if (definition->args[i].default_text == NULL)
			return fault_set(fault, FAULT_BAD_DEFINITION,
			    "%s: the argument %s is no placeholder of its name, so it needs a "
			    "default",
			    definition->name, definition->args[i].name);
	return 0;
}

static bool identifier_is_fine(const char *name)
{
	struct slice found;
	const char *begin, *end;
	char *text = mem_print("[%s]", name);
	bool is_fine =
	    name_next_placeholder(text, &found, &begin, &end) && begin == text && *end == '\0';

	free(text);
	return is_fine;
}

static int arg_check(const struct definition *definition, const struct argument *arg,
    const char *separator, struct fault *fault)
{
	const char *of = definition->name;

	if (!identifier_is_fine(arg->name))
		return fault_set(fault, FAULT_BAD_DEFINITION,
		    "%s: %s cannot be the name of an argument (letters, digits and _)", of,
		    arg->name);
	if (name_is_reserved(arg->name))
		return fault_set(fault, FAULT_BAD_DEFINITION,
		    "%s: an argument cannot be named %s: it would shadow that environment variable",
		    of, arg->name);
	for (size_t i = 0; i < arg->choices.count; i++) {
		const char *choice = arg->choices.items[i];
		if (arg_type_check(arg->type, choice) != 0)
			return fault_set(fault, FAULT_BAD_DEFINITION,
			    "%s: argument %s: the choice %s is no %s", of, arg->name, choice,
			    arg_type_name(arg->type));
		if (arg->is_placeholder && !name_value_is_fine(choice, separator))
			return fault_set(fault, FAULT_BAD_DEFINITION,
			    "%s: argument %s: the choice '%s' cannot be part of a name (it is "
			    "empty,"
			    " or has %s, a bracket or a control character in it)",
			    of, arg->name, choice, separator);
	}
	if (arg->default_text == NULL)
		return 0;
	if (arg_type_check(arg->type, arg->default_text) != 0)
		return fault_set(fault, FAULT_BAD_DEFINITION,
		    "%s: argument %s: the default %s is no %s", of, arg->name, arg->default_text,
		    arg_type_name(arg->type));
	if (arg->has_choices && !strings_contain(&arg->choices, arg->default_text)) {
		char *choices = strings_join(&arg->choices, ", ");
		fault_set(fault, FAULT_BAD_DEFINITION,
		    "%s: argument %s: the default %s is not among its choices: %s", of, arg->name,
		    arg->default_text, choices);
		free(choices);
		return -1;
	}
	return 0;
}

static int dep_check(const struct definition *definition, const struct dep *dep,
    const char *separator, struct fault *fault)
{
	struct slice name;
	const char *begin, *end;

	if (dep->kind != DEP_NAME)
		return 0;
	if (name_check(dep->text, NAME_FILLED, separator, fault) != 0)
		return fault_wrap(fault, FAULT_BAD_DEFINITION, "%s: deps", definition->name);
	for (const char *rest = dep->text; name_next_placeholder(rest, &name, &begin, &end);
	     rest = end)
		if (definition_find_arg(definition, name.text, name.length) < 0)
			return fault_set(fault, FAULT_BAD_DEFINITION,
			    "%s: deps: %s: %s has no argument %.*s", definition->name, dep->text,
			    definition->name, (int)name.length, name.text);
	return 0;
}

static int parts_check(struct definition *definition, const char *separator, struct fault *fault)
{
	for (size_t i = 0; i < definition->n_args; i++)
		if (arg_check(definition, &definition->args[i], separator, fault) != 0)
			return -1;
	for (size_t i = 0; i < definition->n_deps; i++)
		if (dep_check(definition, &definition->deps[i], separator, fault) != 0)
			return -1;
	for (size_t i = 0; i < definition->n_rdeps; i++) {
		const char *target = definition->rdeps[i].target;
		if (name_check(target, NAME_TARGET, separator, fault) != 0)
			return fault_wrap(
			    fault, FAULT_BAD_DEFINITION, "%s: rdeps", definition->name);
	}
	return 0;
}

int definition_check(struct definition *definition, const char *separator, struct fault *fault)
{
	enum name_kind kind = definition->is_proto ? NAME_PROTO : NAME_CONCRETE;

	free(definition->separator);
	definition->separator = mem_copy(separator);
	if (name_check(definition->name, kind, separator, fault) != 0)
		return -1;
	for (size_t i = 0; i < definition->n_args; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(definition->args[i].name, definition->args[j].name) == 0)
				return fault_set(fault, FAULT_BAD_DEFINITION,
				    "%s: the argument %s is given twice", definition->name,
				    definition->args[i].name);
	for (size_t i = 0; i < definition->n_deps; i++)
		definition->has_no_failures |= definition->deps[i].kind == DEP_NO_FAILURES;
	if (args_arrange(definition, fault) != 0)
		return -1;
	return parts_check(definition, separator, fault);
}
