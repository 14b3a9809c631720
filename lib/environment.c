/* Environments and objects, one made of the other; see environment.h. */
#include "lib/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

json_t *environment_copy(const char *without)
{
	json_t *variables = json_object();
	size_t length = without ? strlen(without) : 0;

	for (char *const *entry = environ; variables && entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');

		if (!equals || equals == *entry ||
		    (length && strncmp(*entry, without, length) == 0))
			continue;
		json_object_setn_new(
		    variables, *entry, (size_t)(equals - *entry), json_string(equals + 1));
	}
	return variables;
}

char **environment_make(json_t *variables)
{
	size_t n_max = json_object_size(variables) + 1, size = n_max * sizeof(char *), n = 0;
	const char *name;
	json_t *value;
	char **environment, *end;

	json_object_foreach (variables, name, value)
		size += strlen(name) + json_string_length(value) + 2;
	environment = malloc(size);
	if (!environment)
		return NULL;
	end = (char *)(environment + n_max);
	json_object_foreach (variables, name, value) {
		if (!json_is_string(value))
			continue;
		environment[n++] = end;
		end += sprintf(end, "%s=%s", name, json_string_value(value)) + 1;
	}
	environment[n] = NULL;
	return environment;
}
