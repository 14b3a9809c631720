/*
 * The buffer grows by doubling. Strings that have to be escaped, or are no ASCII, are jansson's to
 * write, as are numbers that are not ours.
 */
#include "protocol/json_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 512
#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)
#define NUMBER_SIZE 24

int json_text_add(const char *bytes, size_t size, void *argument)
{
	struct json_text *text = argument;
	size_t capacity = text->capacity > 0 ? text->capacity : FIRST_BYTES;
	char *grown;

	if (text->is_failed)
		return -1;
	while (capacity - text->length < size)
		capacity *= 2;
	if (capacity != text->capacity) {
		grown = realloc(text->text, capacity);
		if (!grown) {
			text->is_failed = true;
			return -1;
		}
		text->text = grown;
		text->capacity = capacity;
	}
	memcpy(text->text + text->length, bytes, size);
	text->length += size;
	return 0;
}

void json_text_add_raw(struct json_text *text, const char *raw)
{
	json_text_add(raw, strlen(raw), text);
}

/* What stands before tells whether something does: a value never ends with these. */
static void separate(struct json_text *text)
{
	char last = text->length > 0 ? text->text[text->length - 1] : '[';

	if (last != '{' && last != '[' && last != ':')
		json_text_add(",", 1, text);
}

void json_text_member(struct json_text *text, const char *name)
{
	separate(text);
	json_text_add("\"", 1, text);
	json_text_add_raw(text, name);
	json_text_add("\":", 2, text);
}

void json_text_bracket(struct json_text *text, char bracket)
{
	if (bracket == '{' || bracket == '[')
		separate(text);
	json_text_add(&bracket, 1, text);
}

void json_text_value(struct json_text *text, const json_t *value)
{
	separate(text);
	if (!value)
		json_text_add_raw(text, "null");
	else if (!text->is_failed && json_dump_callback(value, json_text_add, text, DUMP_FLAGS) < 0)
		text->is_failed = true;
}

/* The bytes of a string up to one that cannot stand as it is. */
static size_t measure_plain(const char *string)
{
	size_t length = 0;

	while (string[length] >= ' ' && string[length] < 0x7f && string[length] != '"' &&
	       string[length] != '\\')
		length++;
	return length;
}

int json_text_string(struct json_text *text, const char *string)
{
	size_t length = string ? measure_plain(string) : 0;

	if (string && string[length] == '\0') {
		separate(text);
		json_text_add("\"", 1, text);
		json_text_add(string, length, text);
		json_text_add("\"", 1, text);
		return 0;
	}
	json_t *value = string ? json_string(string) : NULL;

	json_text_value(text, value);
	json_decref(value);
	return string && !value ? -1 : 0;
}

/* The digits of a number, right-aligned in digits, at least so many; where they begin. */
static char *put_digits(char digits[NUMBER_SIZE], uint64_t number, size_t n_min)
{
	char *at = digits + NUMBER_SIZE;

	while (number > 0 || at > digits + NUMBER_SIZE - n_min) {
		*--at = (char)('0' + number % 10);
		number /= 10;
	}
	return at;
}

static uint64_t put_sign(struct json_text *text, int64_t number)
{
	separate(text);
	if (number >= 0)
		return (uint64_t)number;
	json_text_add("-", 1, text);
	return -(uint64_t)number;
}

void json_text_integer(struct json_text *text, int64_t integer)
{
	char digits[NUMBER_SIZE], *end = digits + NUMBER_SIZE;
	char *begin = put_digits(digits, put_sign(text, integer), 1);

	json_text_add(begin, (size_t)(end - begin), text);
}

void json_text_millionths(struct json_text *text, int64_t millionths)
{
	uint64_t number = put_sign(text, millionths);
	char digits[NUMBER_SIZE], *end = digits + NUMBER_SIZE;
	char *begin = put_digits(digits, number / 1000000, 1);

	json_text_add(begin, (size_t)(end - begin), text);
	json_text_add(".", 1, text);
	begin = put_digits(digits, number % 1000000, 6);
	while (end > begin + 1 && end[-1] == '0')
		end--;
	json_text_add(begin, (size_t)(end - begin), text);
}

char *json_text_finish(struct json_text *text, size_t *length_bytes)
{
	char *line;

	json_text_add("\n", 2, text);
	line = text->text;
	if (text->is_failed) {
		free(line);
		line = NULL;
	} else {
		*length_bytes = text->length - 1;
	}
	*text = (struct json_text){0};
	return line;
}
