/*
 * The check of a value against a shape. Walks both together; knows no key by name.
 */
#include "daemon/workspace/schema.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/suggest.h"

/* The nearest of some words offered one by one. */
struct nearest_word {
	const char *wanted;
	const char *best; /* NULL: none is near */
	size_t distance;
};

static void nearest_word_offer(struct nearest_word *nearest, const char *word)
{
	size_t limit =
	    nearest->best ? nearest->distance - 1 : suggest_limit(strlen(nearest->wanted));
	size_t distance;

	if (nearest->best && nearest->distance == 0)
		return;
	distance = suggest_distance(nearest->wanted, word, limit);
	if (distance > limit)
		return;
	nearest->best = word;
	nearest->distance = distance;
}

static enum schema_type type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return SCHEMA_MAP;
	case JSON_ARRAY:
		return SCHEMA_LIST;
	case JSON_STRING:
		return SCHEMA_TEXT;
	case JSON_INTEGER:
		return SCHEMA_INTEGER;
	case JSON_REAL:
		return SCHEMA_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return SCHEMA_BOOL;
	case JSON_NULL:
		break;
	}
	return SCHEMA_NULL;
}

struct type_name {
	unsigned types; /* that it covers */
	const char *name;
};

/* In the order in which they are tried. That a section may be empty goes without saying. */
static const struct type_name type_names[] = {
    {SCHEMA_TEXT, "text"},
    {SCHEMA_INTEGER | SCHEMA_REAL, "a number"},
    {SCHEMA_INTEGER, "an integer"},
    {SCHEMA_REAL, "a number with a fraction"},
    {SCHEMA_BOOL, "true or false"},
    {SCHEMA_LIST, "a list"},
    {SCHEMA_MAP, "a mapping"},
};

#define N_TYPE_NAMES (sizeof(type_names) / sizeof(type_names[0]))
#define TYPES_SIZE 128

/* "text, an integer or a list", into a buffer of TYPES_SIZE. */
static const char *types_print(unsigned types, char *buffer)
{
	size_t length = 0;

	if (types == SCHEMA_NULL)
		return "empty (null)";
	types &= ~(unsigned)SCHEMA_NULL;
	for (size_t i = 0; types && i < N_TYPE_NAMES; i++) {
		if ((types & type_names[i].types) != type_names[i].types)
			continue;
		types &= ~type_names[i].types;
		length += (size_t)snprintf(buffer + length, TYPES_SIZE - length, "%s%s",
		    length == 0 ? ""
		    : types     ? ", "
		                : " or ",
		    type_names[i].name);
	}
	return buffer;
}

int schema_refuse_key(const struct schema_key *keys, const struct reader *reader,
    const struct place *place, const char *what)
{
	struct nearest_word nearest = {.wanted = place->key};

	for (; keys->name; keys++)
		if (keys->shape)
			nearest_word_offer(&nearest, keys->name);
	if (!nearest.best)
		return reader_refuse_key(reader, place, "%s", what);
	return reader_refuse_key(reader, place, "%s (did you mean %s?)", what, nearest.best);
}

static int refuse_word(const struct schema_shape *shape, const char *text,
    const struct reader *reader, const struct place *place)
{
	struct nearest_word nearest = {.wanted = text};
	char allowed[TYPES_SIZE] = "";
	size_t length = 0;

	for (const char *const *word = shape->words; *word && length < sizeof(allowed); word++) {
		nearest_word_offer(&nearest, *word);
		length += (size_t)snprintf(allowed + length, sizeof(allowed) - length, "%s%s",
		    length == 0 ? ""
		    : word[1]   ? ", "
		                : " or ",
		    *word);
	}
	if (!nearest.best)
		return reader_refuse(reader, place, "must be %s, not %s", allowed, text);
	return reader_refuse(
	    reader, place, "must be %s, not %s (did you mean %s?)", allowed, text, nearest.best);
}

static int check_text(const struct schema_shape *shape, const json_t *value,
    const struct reader *reader, const struct place *place)
{
	const char *text = json_string_value(value);

	if (strlen(text) != json_string_length(value))
		return reader_refuse(reader, place, "a NUL character in a text");
	if (!shape->words)
		return 0;
	for (const char *const *word = shape->words; *word; word++)
		if (strcmp(*word, text) == 0)
			return 0;
	return refuse_word(shape, text, reader, place);
}

static int check_member(const struct schema_key *keys, const json_t *value,
    const struct reader *reader, const struct place *place)
{
	const struct schema_key *key = keys;

	while (key->name && strcmp(key->name, place->key) != 0)
		key++;
	if (!key->name)
		return schema_refuse_key(keys, reader, place, "unknown key");
	if (!key->shape)
		return reader_refuse_key(reader, place, "%s", key->refusal);
	return schema_check(key->shape, value, reader, place);
}

static int check_map(const struct schema_shape *shape, const json_t *value,
    const struct reader *reader, const struct place *place)
{
	const char *name;
	json_t *member;

	json_object_foreach ((json_t *)value, name, member) {
		struct place below = {.parent = place, .key = name};
		int status = 0;

		if (shape->keys)
			status = check_member(shape->keys, member, reader, &below);
		else if (shape->each)
			status = schema_check(shape->each, member, reader, &below);
		if (status)
			return -1;
	}
	if (shape->is_one_key && json_object_size(value) != 1)
		return reader_refuse(reader, place, "must have exactly one key");
	return 0;
}

int schema_check(const struct schema_shape *shape, const json_t *value, const struct reader *reader,
    const struct place *place)
{
	enum schema_type type = type_of(value);
	char allowed[TYPES_SIZE], found[TYPES_SIZE];
	json_t *element;
	size_t index;

	if (!(shape->types & type))
		return reader_refuse(reader, place, "must be %s, not %s",
		    types_print(shape->types, allowed), types_print(type, found));
	if (type == SCHEMA_TEXT)
		return check_text(shape, value, reader, place);
	if (type == SCHEMA_MAP)
		return check_map(shape, value, reader, place);
	if (type != SCHEMA_LIST || !shape->each)
		return 0;
	json_array_foreach ((json_t *)value, index, element) {
		struct place below = {.parent = place, .index = index};

		if (schema_check(shape->each, element, reader, &below))
			return -1;
	}
	return 0;
}
