/*
 * The model's names: patterns are matched by trying every length of every value.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"

bool model_is_pattern(const char *text)
{
	return strchr(text, '[') != NULL;
}

/* Values of placeholders that came before, under their names. */
struct binding {
	const struct binding *before;
	const char *name, *value;
	size_t name_length, value_length;
};

static const struct binding *find(const struct binding *last, const char *name, size_t length)
{
	while (
	    last != NULL && (last->name_length != length || strncmp(last->name, name, length) != 0))
		last = last->before;
	return last;
}

static void add_values(const struct binding *last, struct strings *values)
{
	if (last == NULL)
		return;
	add_values(last->before, values);
	strings_take(values, mem_copy_part(last->value, last->value_length));
}

static bool has_separator(const char *text, size_t length, const char *separator)
{
	size_t n = strlen(separator);
	for (size_t i = 0; i + n <= length; i++)
		if (strncmp(text + i, separator, n) == 0)
			return true;
	return false;
}

static bool match(const char *pattern, const char *name, const char *separator,
    const struct binding *last, struct strings *values)
{
	while (*pattern != '\0' && *pattern != '[') {
		if (*pattern++ != *name++)
			return false;
	}
	if (*pattern == '\0') {
		if (*name != '\0')
			return false;
		add_values(last, values);
		return true;
	}
	size_t length = strcspn(pattern + 1, "]");
	struct binding binding = {
	    .before = last, .name = pattern + 1, .name_length = length, .value = name};
	const struct binding *same = find(last, pattern + 1, length);
	for (size_t n = 1; n <= strlen(name) && !has_separator(name, n, separator); n++) {
		if (same != NULL && (same->value_length != n || strncmp(same->value, name, n) != 0))
			continue;
		binding.value_length = n;
		if (match(pattern + length + 2, name + n, separator, &binding, values))
			return true;
	}
	return false;
}

bool model_match(
    const char *pattern, const char *name, const char *separator, struct strings *values)
{
	return match(pattern, name, separator, NULL, values);
}

char *model_fill(const struct definition *definition, char *const *values, const char *text)
{
	char *result = mem_copy("");
	while (*text != '\0') {
		size_t plain = strcspn(text, "[");
		size_t length = text[plain] == '[' ? strcspn(text + plain + 1, "]") : 0;
		char *piece = mem_copy_part(text, plain);
		char *value = mem_copy("");
		if (text[plain] == '[') {
			for (size_t i = 0; i < definition->n_args; i++)
				if (strlen(definition->args[i].name) == length &&
				    strncmp(definition->args[i].name, text + plain + 1, length) ==
				        0) {
					free(value);
					value = mem_copy(values[i]);
				}
			if (*value == '\0') {
				free(value);
				value = mem_copy_part(text + plain, length + 2);
			}
			plain += length + 2;
		}
		char *longer = mem_print("%s%s%s", result, piece, value);
		free(result);
		free(piece);
		free(value);
		result = longer;
		text += plain;
	}
	return result;
}
