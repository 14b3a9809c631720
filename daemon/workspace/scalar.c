/*
 * Scalars as text. Pure.
 */
#include "daemon/workspace/scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

/* The text of a real that reads as the same again and as no integer: 1.0, 0.1, 1e+100. */
static char *print_real(double number)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	return mem_print("%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

char *scalar_print(const json_t *value)
{
	if (json_is_string(value))
		return mem_copy(json_string_value(value));
	if (json_is_integer(value))
		return mem_print("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_real(value))
		return print_real(json_real_value(value));
	return mem_copy(json_is_true(value) ? "true" : "false");
}
