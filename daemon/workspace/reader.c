/*
 * Refusals: from a place to the error that names file, line, column and key.
 */
#include "daemon/workspace/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/units.h"
#include "daemon/workspace/yaml.h"

char *place_print(const struct place *place)
{
	char *parent, *text;

	if (!place)
		return NULL;
	parent = place_print(place->parent);
	if (!place->key)
		text = mem_print("%s[%zu]", parent ? parent : "", place->index);
	else
		text = mem_print("%s%s%s", parent ? parent : "", parent ? "." : "", place->key);
	free(parent);
	return text;
}

/* Stores error, to which file and key are added here. */
static int refuse(
    const struct reader *reader, const struct place *place, struct workspace_error error)
{
	error.file = mem_copy(reader->file);
	error.key = place_print(place);
	workspace_error_clear(reader->error);
	*reader->error = error;
	return -1;
}

static const struct yaml_child *find_child(const struct yaml_node *top, const struct place *place)
{
	const struct yaml_node *parent = top;

	if (place->parent) {
		const struct yaml_child *child = find_child(top, place->parent);

		parent = child ? child->node : NULL;
	}
	return parent ? yaml_node_child(parent, place->key, place->index) : NULL;
}

/* As refuse(), at the position of the key or value at place; takes message. */
static int refuse_place(const struct reader *reader, const struct place *place, bool is_key,
    enum fault_code code, char *message)
{
	const struct yaml_node *top = reader->positions;
	const struct yaml_child *child = top && place ? find_child(top, place) : NULL;
	const struct yaml_node *node = child ? child->node : top;
	struct workspace_error error = {.code = code, .message = message};

	if (child && child->key && is_key) {
		error.line = child->line;
		error.column = child->column;
	} else if (node) {
		error.line = node->line;
		error.column = node->column;
	}
	return refuse(reader, place, error);
}

__attribute__((format(printf, 1, 0))) static char *print_arguments(
    const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		return mem_copy("out of memory");
	return text;
}

int reader_refuse(const struct reader *reader, const struct place *place, const char *format, ...)
{
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = print_arguments(format, arguments);
	va_end(arguments);
	return refuse_place(reader, place, false, FAULT_BAD_DEFINITION, message);
}

int reader_refuse_key(
    const struct reader *reader, const struct place *place, const char *format, ...)
{
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = print_arguments(format, arguments);
	va_end(arguments);
	return refuse_place(reader, place, true, FAULT_BAD_DEFINITION, message);
}

int reader_refuse_at(const struct reader *reader, const struct place *place, unsigned line,
    unsigned column, const char *format, ...)
{
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = print_arguments(format, arguments);
	va_end(arguments);
	return refuse(reader, place,
	    (struct workspace_error){
	        .code = FAULT_BAD_DEFINITION,
	        .line = line,
	        .column = column,
	        .message = message,
	    });
}

int reader_refuse_fault(const struct reader *reader, const struct place *place, struct fault *fault)
{
	refuse_place(reader, place, true, fault->code, mem_copy(fault->message));
	fault_clear(fault);
	return -1;
}

int reader_read_duration(const struct reader *reader, const struct place *place,
    const json_t *value, int64_t *duration_ns)
{
	int status;

	if (json_is_string(value))
		status = units_parse_duration(json_string_value(value), duration_ns);
	else
		status = units_convert_seconds(json_number_value(value), duration_ns);
	if (status)
		return reader_refuse(
		    reader, place, "not a duration like 30, 1.5s, 500ms, 5m, 2h or 1d");
	return 0;
}
