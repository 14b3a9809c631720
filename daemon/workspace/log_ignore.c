/*
 * Checks patterns: that they compile, and, before that, that compiling them and comparing lines
 * with them takes little: regcomp(3) copies what is repeated, and anyone may send a pattern.
 */
#include "daemon/workspace/log_ignore.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* Characters and sets of a pattern, each as often as it is repeated. */
#define SIZE_MAX_WRITTEN_OUT 1000

/* How large what was read of a pattern becomes: of each open group all of it, and its last part,
 * which is what a repetition repeats. */
struct extent {
	unsigned all[LOG_IGNORE_PATTERN_BYTES + 1];
	unsigned last[LOG_IGNORE_PATTERN_BYTES + 1];
	unsigned depth;
};

/* The end of a set, which begins at text. */
static const char *skip_set(const char *text)
{
	text += text[1] == '^' ? 2 : 1;
	if (*text == ']')
		text++;
	while (*text && *text != ']') {
		char kind = *text == '[' ? text[1] : '\0';

		if (kind == ':' || kind == '.' || kind == '=') {
			for (text += 2; *text && (text[0] != kind || text[1] != ']');)
				text++;
			text += *text ? 2 : 0;
		} else {
			text++;
		}
	}
	return *text ? text + 1 : text;
}

/* The end of {m,n}, and how many copies it makes. */
static const char *read_count(const char *text, unsigned *count)
{
	unsigned number = 0;

	*count = 1;
	for (text++; *text && *text != '}'; text++) {
		number = *text >= '0' && *text <= '9' ? number * 10 + (unsigned)(*text - '0') : 0;
		if (number > SIZE_MAX_WRITTEN_OUT)
			number = SIZE_MAX_WRITTEN_OUT;
		*count = number > *count ? number : *count;
	}
	if (*text == '}' && text[-1] == ',')
		++*count;
	return *text ? text + 1 : text;
}

static void add(struct extent *extent, unsigned size)
{
	extent->last[extent->depth] = size;
	extent->all[extent->depth] += size;
}

static void repeat(struct extent *extent, unsigned count)
{
	unsigned *last = &extent->last[extent->depth];

	*last = *last > 0 ? *last : 1;
	extent->all[extent->depth] += *last * (count - 1) + 1;
	*last *= count;
}

/* Reads one part of a pattern. Returns what is wrong with it, or NULL. */
static const char *read_part(struct extent *extent, const char **at)
{
	const char *text = *at;
	unsigned count = 2; /* of +: x+ is xx* */

	*at = text + 1;
	switch (*text) {
	case '\\':
		if (text[1] >= '1' && text[1] <= '9')
			return "a back-reference is not taken";
		*at += text[1] ? 1 : 0;
		break;
	case '[':
		*at = skip_set(text);
		break;
	case '(':
		extent->depth++;
		extent->all[extent->depth] = extent->last[extent->depth] = 0;
		return NULL;
	case ')':
		if (extent->depth == 0)
			return "a ) without its (";
		extent->depth--;
		add(extent, extent->all[extent->depth + 1] + 1);
		return NULL;
	case '{':
		*at = read_count(text, &count);
		repeat(extent, count);
		return NULL;
	case '+':
		repeat(extent, count);
		return NULL;
	case '*':
	case '?':
		repeat(extent, 1);
		return NULL;
	}
	add(extent, 1);
	return NULL;
}

static const char *find_fault(const char *pattern)
{
	struct extent extent = {.depth = 0};
	const char *fault;

	while (*pattern) {
		fault = read_part(&extent, &pattern);
		if (fault)
			return fault;
		if (extent.all[extent.depth] > SIZE_MAX_WRITTEN_OUT)
			return "it repeats too much";
	}
	return NULL;
}

static int check_pattern(
    const struct reader *reader, const struct place *place, const json_t *value)
{
	const char *pattern = json_string_value(value), *fault;
	char message[128];
	regex_t regex;
	int code;

	if (json_string_length(value) == 0)
		return reader_refuse(reader, place, "must not be empty");
	if (json_string_length(value) > LOG_IGNORE_PATTERN_BYTES)
		return reader_refuse(
		    reader, place, "longer than %d bytes", LOG_IGNORE_PATTERN_BYTES);
	if (strlen(pattern) != json_string_length(value))
		return reader_refuse(reader, place, "must not contain a NUL character");
	fault = find_fault(pattern);
	if (fault)
		return reader_refuse(reader, place, "not a regular expression: %s", fault);
	code = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (code) {
		regerror(code, &regex, message, sizeof(message));
		return reader_refuse(reader, place, "not a regular expression: %s", message);
	}
	regfree(&regex);
	return 0;
}

int log_ignore_check(const struct reader *reader, const struct place *place, const json_t *value)
{
	json_t *element;
	size_t index;

	if (json_array_size(value) > LOG_IGNORE_MAX)
		return reader_refuse(reader, place, "more than %d", LOG_IGNORE_MAX);
	json_array_foreach ((json_t *)value, index, element) {
		struct place at = {.parent = place, .index = index};
		struct place below = {.parent = &at, .key = "pattern"};
		const json_t *pattern = json_object_get(element, "pattern");

		if (json_is_object(element) && !pattern)
			return reader_refuse(reader, &at, "has no pattern");
		if (check_pattern(reader, pattern ? &below : &at, pattern ? pattern : element))
			return -1;
	}
	return 0;
}
