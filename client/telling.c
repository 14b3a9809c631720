/*
 * Chooses the telling lines of a log. Pure: text in, parts of it out; who reads the log and shows
 * the lines is elsewhere.
 */
#include "client/telling.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/memory.h"
#include "client/sequence.h"

#define CONTEXT_LINES 2
#define TAIL_LINES 16

static bool is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || (unsigned char)byte >= 0x80;
}

static bool is_telling_word(const char *word, size_t length)
{
	static const char *const words[] = {
	    "error", "exception", "warning", "notice", "deprecated", "deprecation"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == length && strncasecmp(word, words[i], length) == 0)
			return true;
	}
	return false;
}

/* A line, without its newline. */
static bool is_telling_line(const char *line, size_t size)
{
	const char *end;

	line = sequence_find_shown(line, &size);
	for (end = line + size; line < end;) {
		/* Its last letter would begin a word. */
		size_t length = sequence_length(line, (size_t)(end - line));

		if (length > 0 || !is_word_byte(*line)) {
			line += length > 0 ? length : 1;
			continue;
		}
		while (line + length < end && is_word_byte(line[length]))
			length++;
		if (is_telling_word(line, length))
			return true;
		line += length;
	}
	return false;
}

/* Where the line after the one at from begins; size after the last. */
static size_t next_line(const char *text, size_t size, size_t from)
{
	const char *newline = memchr(text + from, '\n', size - from);

	return newline ? (size_t)(newline - text) + 1 : size;
}

/* Where the line begins that is lines before the one at from. */
static size_t lines_before(const char *text, size_t from, size_t lines)
{
	for (; lines > 0 && from > 0; lines--) {
		const char *newline = from > 1 ? memrchr(text, '\n', from - 1) : NULL;

		from = newline ? (size_t)(newline - text) + 1 : 0;
	}
	return from;
}

static void add_part(struct telling *telling, size_t begin, size_t end)
{
	struct telling_part *last;

	if (telling->n_parts > 0) {
		last = &telling->parts[telling->n_parts - 1];
		if (begin <= last->end) {
			last->end = end;
			return;
		}
	}
	if ((telling->n_parts & (telling->n_parts - 1)) == 0) {
		size_t n_max = telling->n_parts ? telling->n_parts * 2 : 1;

		telling->parts = memory_grow(telling->parts, n_max, sizeof(*telling->parts));
	}
	telling->parts[telling->n_parts++] = (struct telling_part){begin, end};
}

void telling_select(const char *text, size_t size, struct telling *telling)
{
	telling_select_but(text, size, NULL, NULL, telling);
}

void telling_select_but(
    const char *text, size_t size, telling_filter *is_ignored, void *arg, struct telling *telling)
{
	size_t end;

	*telling = (struct telling){0};
	for (size_t line = 0; line < size; line = end) {
		end = next_line(text, size, line);
		size_t length = end - line - (text[end - 1] == '\n');

		if (!is_telling_line(text + line, length))
			continue;
		if (is_ignored && is_ignored(text + line, length, arg))
			continue;
		size_t after = end;

		for (int i = 0; i < CONTEXT_LINES && after < size; i++)
			after = next_line(text, size, after);
		add_part(telling, lines_before(text, line, CONTEXT_LINES), after);
	}
	telling->has_words = telling->n_parts > 0;
	if (!telling->has_words && size > 0)
		add_part(telling, lines_before(text, size, TAIL_LINES), size);
	for (size_t i = 0; i < telling->n_parts; i++) {
		struct telling_part *part = &telling->parts[i];

		if (part->end > part->begin && text[part->end - 1] == '\n')
			part->end--;
	}
}

void telling_clear(struct telling *telling)
{
	free(telling->parts);
	*telling = (struct telling){0};
}
