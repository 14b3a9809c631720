/*
 * Writes JSON for people and programs. Not json_dumpf(): that writes the number 0.1 as
 * 0.10000000000000001. It must not know what the documents mean.
 */
#include <stdlib.h>
#include <string.h>

#include "client/output.h"

struct writer {
	FILE *stream;
	bool is_indented;
};

static void write_value(const struct writer *writer, json_t *value, int depth);

static void write_break(const struct writer *writer, int depth)
{
	if (writer->is_indented)
		fprintf(writer->stream, "\n%*s", depth * 2, "");
}

static void write_real(const struct writer *writer, double number)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	fputs(text, writer->stream);
	if (!strpbrk(text, ".e")) /* so that it is read as a real again */
		fputs(".0", writer->stream);
}

static void write_array(const struct writer *writer, json_t *array, int depth)
{
	size_t i;
	json_t *item;

	putc('[', writer->stream);
	json_array_foreach (array, i, item) {
		if (i > 0)
			fputs(writer->is_indented ? "," : ", ", writer->stream);
		write_break(writer, depth + 1);
		write_value(writer, item, depth + 1);
	}
	if (json_array_size(array) > 0)
		write_break(writer, depth);
	putc(']', writer->stream);
}

static void write_string(const struct writer *writer, const char *text, size_t size)
{
	putc('"', writer->stream);
	for (const char *end = text + size; text < end; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(writer->stream, "\\%c", byte);
		else if (byte == '\n')
			fputs("\\n", writer->stream);
		else if (byte == '\t')
			fputs("\\t", writer->stream);
		else if (byte < 0x20 || byte == 0x7f)
			fprintf(writer->stream, "\\u%04x", byte);
		else
			putc(byte, writer->stream);
	}
	putc('"', writer->stream);
}

static void write_object(const struct writer *writer, json_t *object, int depth)
{
	bool is_first = true;

	putc('{', writer->stream);
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *key = json_object_iter_key(at);

		if (!is_first)
			fputs(writer->is_indented ? "," : ", ", writer->stream);
		is_first = false;
		write_break(writer, depth + 1);
		write_string(writer, key, strlen(key));
		fputs(": ", writer->stream);
		write_value(writer, json_object_iter_value(at), depth + 1);
	}
	if (!is_first)
		write_break(writer, depth);
	putc('}', writer->stream);
}

/* The depth is bounded: what came over the wire or from json_load() was checked already. */
static void write_value(const struct writer *writer, json_t *value, int depth)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(writer, value, depth);
		break;
	case JSON_ARRAY:
		write_array(writer, value, depth);
		break;
	case JSON_STRING:
		write_string(writer, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		fprintf(writer->stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		write_real(writer, json_real_value(value));
		break;
	case JSON_TRUE:
		fputs("true", writer->stream);
		break;
	case JSON_FALSE:
		fputs("false", writer->stream);
		break;
	case JSON_NULL:
		fputs("null", writer->stream);
		break;
	}
}

void output_print_json(const struct output *output, json_t *value)
{
	struct writer writer = {output->stream, output->is_terminal};

	write_value(&writer, value, 0);
	putc('\n', output->stream);
}

void output_put_scalar(FILE *stream, json_t *value)
{
	struct writer writer = {stream, false};

	if (json_is_string(value))
		fputs(json_string_value(value), stream);
	else
		write_value(&writer, value, 0);
}
