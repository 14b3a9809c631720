/*
 * The buffer grows by doubling. Strings that have to be escaped, or are no ASCII, are jansson's to
 * write, as are numbers that are not ours.
 */
#include "protocol/json_text.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 512
#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)
#define NUMBER_SIZE 24

/* Room for so many bytes more, where they are to be written; the caller counts them. NULL: none. */
static char *make_room(struct json_text *text, size_t size)
{
	size_t capacity = text->capacity > 0 ? text->capacity : FIRST_BYTES;
	char *grown;

	if (text->capacity - text->length >= size)
		return text->text + text->length;
	if (text->is_failed)
		return NULL;
	while (capacity - text->length < size)
		capacity *= 2;
	grown = realloc(text->text, capacity);
	if (!grown) {
		/* Nothing more has room, so one question is enough above. */
		text->capacity = text->length;
		text->is_failed = true;
		return NULL;
	}
	text->text = grown;
	text->capacity = capacity;
	return grown + text->length;
}

int json_text_add(const char *bytes, size_t size, void *argument)
{
	struct json_text *text = argument;
	char *at = make_room(text, size);

	if (!at)
		return -1;
	memcpy(at, bytes, size);
	text->length += size;
	return 0;
}

void json_text_add_raw(struct json_text *text, const char *raw)
{
	json_text_add(raw, strlen(raw), text);
}

/* What stands before tells whether a comma is due: no value ends with these. */
static bool needs_comma(const struct json_text *text)
{
	char last = text->length > 0 ? text->text[text->length - 1] : '[';

	return last != '{' && last != '[' && last != ':';
}

/* A value or member of so many bytes begins: puts the comma that is due. The same as make_room().
 */
static char *begin(struct json_text *text, size_t size)
{
	bool has_comma = needs_comma(text);
	char *at = make_room(text, size + 1);

	if (!at || !has_comma)
		return at;
	*at = ',';
	text->length++;
	return at + 1;
}

void json_text_member(struct json_text *text, const char *name)
{
	size_t length = strlen(name);
	char *at = begin(text, length + 3);

	if (!at)
		return;
	*at++ = '"';
	at = mempcpy(at, name, length);
	*at++ = '"';
	*at = ':';
	text->length += length + 3;
}

void json_text_bracket(struct json_text *text, char bracket)
{
	bool is_opening = bracket == '{' || bracket == '[';
	char *at = is_opening ? begin(text, 1) : make_room(text, 1);

	if (!at)
		return;
	*at = bracket;
	text->length++;
}

void json_text_value(struct json_text *text, const json_t *value)
{
	char *at = begin(text, 4);

	if (!value && at) {
		memcpy(at, "null", 4);
		text->length += 4;
	} else if (at && json_dump_callback(value, json_text_add, text, DUMP_FLAGS) < 0) {
		text->is_failed = true;
	}
}

void json_text_members(struct json_text *text, const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		json_text_member(text, name);
		json_text_value(text, value);
	}
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
		char *at = begin(text, length + 2);

		if (!at)
			return -1;
		*at++ = '"';
		at = mempcpy(at, string, length);
		*at = '"';
		text->length += length + 2;
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
	size_t at = NUMBER_SIZE;

	while (number > 0 || at > NUMBER_SIZE - n_min) {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	}
	return &digits[at];
}

/* Begins a number; what it is without its sign. */
static uint64_t put_sign(struct json_text *text, int64_t number)
{
	begin(text, NUMBER_SIZE);
	if (number >= 0)
		return (uint64_t)number;
	json_text_add("-", 1, text);
	return -(uint64_t)number;
}

void json_text_integer(struct json_text *text, int64_t integer)
{
	char digits[NUMBER_SIZE], *end = digits + NUMBER_SIZE;
	char *first = put_digits(digits, put_sign(text, integer), 1);

	json_text_add(first, (size_t)(end - first), text);
}

void json_text_millionths(struct json_text *text, int64_t millionths)
{
	uint64_t number = put_sign(text, millionths);
	char digits[NUMBER_SIZE], *end = digits + NUMBER_SIZE;
	char *first = put_digits(digits, number / 1000000, 1);

	json_text_add(first, (size_t)(end - first), text);
	json_text_add(".", 1, text);
	first = put_digits(digits, number % 1000000, 6);
	while (end > first + 1 && end[-1] == '0')
		end--;
	json_text_add(first, (size_t)(end - first), text);
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
