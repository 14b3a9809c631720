/*
 * Reads what a command for a dynamic value has printed. Pure.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/dynamic.h"
#include "daemon/results.h"
#include "daemon/workspace/scalar.h"

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Whether text is UTF-8 without NUL. */
static bool is_text(const char *text, size_t length)
{
	json_t *value = memchr(text, '\0', length) ? NULL : json_stringn(text, length);
	bool is_valid = value != NULL;

	json_decref(value);
	return is_valid;
}

static int parse_json(const char *text, size_t length, struct strings *names, char **error)
{
	json_t *value = result_parse(text, length, error);
	size_t index;
	json_t *item;

	if (!value)
		return -1;
	json_array_foreach (value, index, item) {
		if (!json_is_string(item)) {
			*error = mem_print("item %zu of the list is not a text", index + 1);
			strings_clear(names);
			break;
		}
		strings_add(names, json_string_value(item));
	}
	json_decref(value);
	return *error ? -1 : 0;
}

static int parse_lines(const char *text, size_t length, struct strings *names, char **error)
{
	const char *end = text + length;

	if (!is_text(text, length)) {
		*error = mem_copy("the output is not UTF-8 text");
		return -1;
	}
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		const char *next = newline ? newline + 1 : end;

		while (text < line_end && is_blank(*text))
			text++;
		while (text < line_end && is_blank(line_end[-1]))
			line_end--;
		if (text < line_end)
			strings_take(names, mem_copy_part(text, (size_t)(line_end - text)));
		text = next;
	}
	return 0;
}

/* A list begins with '[', and so may a name; a list of texts goes on with '"' or ends. */
static bool looks_like_list(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length && is_blank(text[i]))
		i++;
	if (i == length || text[i++] != '[')
		return false;
	while (i < length && is_blank(text[i]))
		i++;
	return i == length || !(isalpha((unsigned char)text[i]) || text[i] == '_');
}

/* 0, or -1: one of them is no name that anything could ever have. */
static int check_names(struct strings *names, char **error)
{
	struct fault fault = {0};

	for (size_t i = 0; i < names->count && !*error; i++) {
		if (name_check(names->items[i], NAME_FILLED, "", &fault) != 0)
			*error = mem_copy(fault.message);
	}
	fault_clear(&fault);
	if (*error)
		strings_clear(names);
	return *error ? -1 : 0;
}

int dynamic_parse(const char *text, size_t length, struct strings *names, char **error)
{
	int result;

	*names = (struct strings){0};
	*error = NULL;
	result = looks_like_list(text, length) ? parse_json(text, length, names, error)
	                                       : parse_lines(text, length, names, error);
	return result == 0 ? check_names(names, error) : result;
}

int dynamic_parse_choices(const char *text, size_t length, struct strings *choices, char **error)
{
	json_t *value, *item;
	char *problem = NULL;
	size_t index;

	*choices = (struct strings){0};
	*error = NULL;
	value = result_parse(text, length, &problem);
	if (!json_is_array(value))
		*error = mem_print("it has to print a JSON list, such as [\"a\", \"b\"]%s%s%s",
		    problem ? " (" : "", problem ? problem : "", problem ? ")" : "");
	free(problem);
	json_array_foreach (value, index, item) {
		if (json_is_object(item) || json_is_array(item) || json_is_null(item)) {
			*error = mem_print("item %zu of the list is no choice", index + 1);
			strings_clear(choices);
			break;
		}
		strings_take(choices, scalar_print(item));
	}
	json_decref(value);
	return *error ? -1 : 0;
}
