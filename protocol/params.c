/*
 * Checks the params of a request against its method's row of the table (methods.h). Each refusal
 * names the member, in words and in its data. Knows nothing of what the values mean.
 */
#include "protocol/methods.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/nearest.h"
#include "protocol/version.h"

static const char *const type_names[] = {
    "a string", "an integer", "a number", "true or false", "an array", "an object", "null"};

#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))

/* How much of a peer's word is quoted, in bytes, as a precision. */
#define QUOTED_BYTES 100

/* The number of bytes of text to quote: not more than QUOTED_BYTES, and no half characters. */
static int quoted_bytes(const char *text)
{
	size_t length = strlen(text);

	if (length <= QUOTED_BYTES)
		return (int)length;
	for (length = QUOTED_BYTES; ((unsigned char)text[length] & 0xc0) == 0x80; length--)
		;
	return (int)length;
}

/* Writes the text and {member, suggestion?}. Always returns -1. */
static int refuse(struct params_problem *problem, const char *member, const char *suggestion,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

static int refuse(struct params_problem *problem, const char *member, const char *suggestion,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	problem->error = PROTOCOL_BAD_PARAMS;
	problem->data = json_pack("{s:s, s:s*}", "member", member, "suggestion", suggestion);
	return -1;
}

static unsigned type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return PARAM_STRING;
	case JSON_INTEGER:
		return PARAM_INTEGER | PARAM_NUMBER;
	case JSON_REAL:
		return PARAM_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return PARAM_BOOLEAN;
	case JSON_ARRAY:
		return PARAM_ARRAY;
	case JSON_OBJECT:
		return PARAM_OBJECT;
	default:
		return PARAM_NULL;
	}
}

/* "a string or an integer", into text. */
static void describe_types(unsigned types, char *text, size_t size)
{
	size_t i, length = 0;

	text[0] = '\0';
	for (i = 0; i < TYPE_COUNT && length < size; i++) {
		if (types & 1u << i)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
			    length > 0 ? " or " : "", type_names[i]);
	}
}

static int refuse_type(
    struct params_problem *problem, const struct method_param *param, bool is_item, unsigned types)
{
	char wanted[120];

	describe_types(types, wanted, sizeof(wanted));
	return refuse(problem, param->name, NULL, "\"%s\" must %s %s", param->name,
	    is_item ? "hold only" : "be", wanted);
}

static int check_choice(
    const struct method_param *param, const char *value, struct params_problem *problem)
{
	struct nearest nearest;
	const char *const *choice;

	nearest_init(&nearest, value);
	for (choice = param->choices; *choice; choice++) {
		if (strcmp(*choice, value) == 0)
			return 0;
		nearest_offer(&nearest, *choice);
	}
	return refuse(problem, param->name, nearest.best, "\"%s\" cannot be \"%.*s\"%s%s%s",
	    param->name, quoted_bytes(value), value, nearest.best ? " (did you mean " : "",
	    nearest.best ? nearest.best : "", nearest.best ? "?)" : "");
}

static int check_item(
    const struct method_param *param, const json_t *item, struct params_problem *problem)
{
	if (param->item_types && !(type_of(item) & param->item_types))
		return refuse_type(problem, param, true, param->item_types);
	if (param->choices && json_is_string(item))
		return check_choice(param, json_string_value(item), problem);
	return 0;
}

static int check_items(
    const struct method_param *param, const json_t *value, struct params_problem *problem)
{
	const char *key;
	json_t *item;
	size_t i;

	if (!param->item_types && !param->choices)
		return 0;
	json_array_foreach (value, i, item) {
		if (check_item(param, item, problem) < 0)
			return -1;
	}
	json_object_foreach ((json_t *)value, key, item) {
		if (check_item(param, item, problem) < 0)
			return -1;
	}
	return 0;
}

static int check_value(
    const struct method_param *param, const json_t *value, struct params_problem *problem)
{
	if (!(type_of(value) & param->types))
		return refuse_type(problem, param, false, param->types);
	if (json_is_number(value) && json_number_value(value) < 0)
		return refuse(problem, param->name, NULL, "\"%s\" cannot be negative", param->name);
	if (strcmp(param->name, "request_id") == 0 &&
	    (json_string_length(value) == 0 ||
	        json_string_length(value) > PROTOCOL_MAX_REQUEST_ID_BYTES))
		return refuse(problem, param->name, NULL, "\"request_id\" must have 1 to %d bytes",
		    PROTOCOL_MAX_REQUEST_ID_BYTES);
	if (param->choices && json_is_string(value))
		return check_choice(param, json_string_value(value), problem);
	return check_items(param, value, problem);
}

const struct method_param *protocol_param_find(const struct method *method, const char *name)
{
	const struct method_param *param;

	for (param = method->params; param->name; param++) {
		if (strcmp(param->name, name) == 0)
			return param;
	}
	return NULL;
}

static int refuse_unknown(
    const struct method *method, const char *member, struct params_problem *problem)
{
	const struct method_param *param;
	struct nearest nearest;

	nearest_init(&nearest, member);
	for (param = method->params; param->name; param++)
		nearest_offer(&nearest, param->name);
	return refuse(problem, member, nearest.best, "%s: unknown parameter \"%.*s\"%s%s%s",
	    method->name, quoted_bytes(member), member, nearest.best ? " (did you mean " : "",
	    nearest.best ? nearest.best : "", nearest.best ? "?)" : "");
}

int protocol_params_check(
    const struct method *method, const json_t *params, struct params_problem *problem)
{
	const struct method_param *param;
	const char *key;
	json_t *value;

	*problem = (struct params_problem){.error = PROTOCOL_BAD_PARAMS};
	if (params && !json_is_object(params) &&
	    (!json_is_array(params) || json_array_size(params) > 0))
		return refuse(
		    problem, "params", NULL, "%s takes its parameters by name", method->name);
	json_object_foreach ((json_t *)params, key, value) {
		param = protocol_param_find(method, key);
		if (!param)
			return refuse_unknown(method, key, problem);
		if (check_value(param, value, problem) < 0)
			return -1;
	}
	for (param = method->params; param->name; param++) {
		if (param->is_required && !json_object_get(params, param->name))
			return refuse(problem, param->name, NULL,
			    "%s: the parameter \"%s\" is missing", method->name, param->name);
	}
	return 0;
}
