/*
 * The sizes of jansson's structures on a machine of 64 bits, each with what malloc(3) adds.
 */
#include "daemon/measure.h"

#include <string.h>

#define OBJECT_BYTES 224 /* with the table that an empty one has already */
#define MEMBER_BYTES 96  /* beside its key and value */
#define ARRAY_BYTES 128
#define ELEMENT_BYTES 12 /* tables grow by half or more */
#define STRING_BYTES 80  /* beside its text */
#define NUMBER_BYTES 32

size_t measure_json(const json_t *value)
{
	size_t bytes = 0, index;
	const char *key;
	json_t *member;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		bytes = OBJECT_BYTES;
		json_object_foreach ((json_t *)value, key, member)
			bytes += MEMBER_BYTES + strlen(key) + measure_json(member);
		return bytes;
	case JSON_ARRAY:
		bytes = ARRAY_BYTES;
		json_array_foreach (value, index, member)
			bytes += ELEMENT_BYTES + measure_json(member);
		return bytes;
	case JSON_STRING:
		return STRING_BYTES + json_string_length(value);
	case JSON_INTEGER:
	case JSON_REAL:
		return NUMBER_BYTES;
	default:
		return 0; /* of true, false and null there is one each */
	}
}
