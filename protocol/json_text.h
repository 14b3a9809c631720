/*
 * JSON written piece by piece into one buffer, without a tree of values: for messages of which
 * there are very many. The caller keeps the order that JSON wants; commas are put where they are
 * due.
 */
#ifndef PARPROC_PROTOCOL_JSON_TEXT_H
#define PARPROC_PROTOCOL_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as {0}. Once memory has run out the rest is ignored; json_text_finish() tells. */
struct json_text {
	char *text;
	size_t length;
	size_t capacity;
	bool is_failed;
};

/* Adds bytes as they are; argument is the text. 0, or -1: no memory. It is what
 * json_dump_callback() calls. */
int json_text_add(const char *bytes, size_t size, void *argument);

/* The same of a text that ends with NUL. */
void json_text_add_raw(struct json_text *text, const char *raw);

/* A member of an object up to its value. Its name has nothing that must be escaped. */
void json_text_member(struct json_text *text, const char *name);

/* The members of an object, whose names are such ones, into the one that is open. */
void json_text_members(struct json_text *text, const json_t *object);

/* An object or array begins or ends: '{', '}', '[', ']'. */
void json_text_bracket(struct json_text *text, char bracket);

/* Values, of members or elements. NULL is null, and so is a string that is not UTF-8: -1. */
void json_text_value(struct json_text *text, const json_t *value);
int json_text_string(struct json_text *text, const char *string);
void json_text_integer(struct json_text *text, int64_t integer);

/* So many millionths, as a number with a fraction. */
void json_text_millionths(struct json_text *text, int64_t millionths);

/* Ends the line, and hands it over with its length without the NUL behind it; NULL: no memory was
 * there for some of it. The text is empty then. */
char *json_text_finish(struct json_text *text, size_t *length_bytes);

#endif
