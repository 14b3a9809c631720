/*
 * Compares lines with patterns: POSIX extended regular expressions, of bytes. The daemon has
 * checked them; one that does not compile here nevertheless counts for nothing.
 */
#include "client/ignore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/sequence.h"

void ignore_init(struct ignore *ignore, const json_t *patterns, bool has_succeeded)
{
	*ignore = (struct ignore){.patterns = patterns, .has_succeeded = has_succeeded};
}

void ignore_clear(struct ignore *ignore)
{
	if (ignore->is_compiled && !ignore->is_empty)
		regfree(&ignore->all);
	*ignore = (struct ignore){0};
}

/* The text of a pattern that counts, or NULL. */
static const char *counting_pattern(const struct ignore *ignore, const json_t *pattern)
{
	if (json_is_string(pattern))
		return json_string_value(pattern);
	if (!ignore->has_succeeded && strcmp(member_text(pattern, "when", ""), "succeeded") == 0)
		return NULL;
	return member_text(pattern, "pattern", NULL);
}

/* One expression for all of them: a line is gone through once. */
static void compile(struct ignore *ignore)
{
	char *text = NULL;
	size_t size, i, n = 0;
	FILE *stream = open_memstream(&text, &size);
	json_t *pattern;

	if (!stream)
		memory_refused();
	json_array_foreach (ignore->patterns, i, pattern) {
		const char *counting = counting_pattern(ignore, pattern);

		if (counting)
			fprintf(stream, "%s(%s)", n++ > 0 ? "|" : "", counting);
	}
	if (fclose(stream) != 0)
		memory_refused();
	ignore->is_empty = n == 0 || regcomp(&ignore->all, text, REG_EXTENDED | REG_NOSUB) != 0;
	ignore->is_compiled = true;
	free(text);
}

/* Copies what a terminal would show of the line. Returns how much that is. */
static size_t copy_plain(char plain[IGNORE_LINE_BYTES + 1], const char *line, size_t size)
{
	size_t n = 0;

	line = sequence_find_shown(line, &size);
	for (size_t i = 0; i < size && n < IGNORE_LINE_BYTES;) {
		size_t length = sequence_length(line + i, size - i);

		if (length == 0 && line[i] != '\0')
			plain[n++] = line[i];
		i += length > 0 ? length : 1;
	}
	plain[n] = '\0';
	return n;
}

bool ignore_has(struct ignore *ignore, const char *line, size_t size)
{
	char plain[IGNORE_LINE_BYTES + 1];

	if (json_array_size(ignore->patterns) == 0)
		return false;
	if (!ignore->is_compiled)
		compile(ignore);
	if (ignore->is_empty)
		return false;
	if (copy_plain(plain, line, size) > IGNORE_LONG_LINE_BYTES &&
	    ignore->n_long++ >= IGNORE_LONG_LINES)
		plain[IGNORE_LONG_LINE_BYTES] = '\0';
	return regexec(&ignore->all, plain, 0, NULL, 0) == 0;
}
