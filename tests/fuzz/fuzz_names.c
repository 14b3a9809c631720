/*
 * Names and patterns. Each line of the input is taken as a pattern and as a name that it or another
 * may match; one that begins with '=' is the separator. Where a pattern matches, the pattern filled
 * with what was captured is the name again, and the index finds the one by the other.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/index.h"
#include "daemon/core/name.h"
#include "tests/fuzz/fuzz.h"

#define LINES_MAX 12
#define SEPARATOR_MAX 16

/* A line, and what it is. */
struct line {
	const char *text;
	bool is_target, is_concrete;
	bool is_found; /* in the present search */
};

struct lines {
	struct line items[LINES_MAX];
	size_t count;
	const char *separator;
};

static const struct slice *find_value(
    const struct capture *captures, int n_captures, struct slice placeholder)
{
	for (int i = 0; i < n_captures; i++) {
		if (slice_equal(captures[i].name, placeholder))
			return &captures[i].value;
	}
	return NULL;
}

static void check_filled(
    const char *pattern, const char *name, const struct capture *captures, int n_captures)
{
	const char *begin, *end, *rest = name;
	struct slice placeholder;

	while (name_next_placeholder(pattern, &placeholder, &begin, &end)) {
		const struct slice *value = find_value(captures, n_captures, placeholder);
		size_t n_before = (size_t)(begin - pattern);

		FUZZ_CHECK(value && value->length > 0);
		FUZZ_CHECK(strncmp(rest, pattern, n_before) == 0);
		rest += n_before;
		FUZZ_CHECK(strncmp(rest, value->text, value->length) == 0);
		rest += value->length;
		pattern = end;
	}
	FUZZ_CHECK(strcmp(rest, pattern) == 0);
}

static bool is_kind(const char *text, enum name_kind kind, const char *separator)
{
	struct fault fault = {0};
	bool is_fine = name_check(text, kind, separator, &fault) == 0;

	FUZZ_CHECK(is_fine == (fault.code == FAULT_NONE));
	fault_clear(&fault);
	return is_fine;
}

static bool matches(const struct lines *lines, const struct line *pattern, const struct line *name)
{
	struct capture captures[NAME_PLACEHOLDERS_MAX];
	int n_captures;

	if (!pattern->is_target || !name->is_concrete)
		return false;
	n_captures = name_match(pattern->text, lines->separator, name->text, captures);
	FUZZ_CHECK(n_captures <= NAME_PLACEHOLDERS_MAX);
	if (n_captures >= 0)
		check_filled(pattern->text, name->text, captures, n_captures);
	return n_captures >= 0;
}

/* --- the index --- */

static bool note_found(void *item, void *arg)
{
	(void)arg;
	((struct line *)item)->is_found = true;
	return true;
}

static void forget_found(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		lines->items[i].is_found = false;
}

/* What matches is found, both ways. */
static void try_searches(struct lines *lines, struct index *patterns, struct index *names)
{
	for (size_t i = 0; i < lines->count; i++) {
		struct line *line = &lines->items[i];

		forget_found(lines);
		if (line->is_concrete)
			index_find_patterns(patterns, line->text, note_found, NULL);
		for (size_t j = 0; j < lines->count; j++)
			FUZZ_CHECK(
			    lines->items[j].is_found || !matches(lines, &lines->items[j], line));
		forget_found(lines);
		if (line->is_target)
			index_find_names(names, line->text, note_found, NULL);
		for (size_t j = 0; j < lines->count; j++)
			FUZZ_CHECK(
			    lines->items[j].is_found || !matches(lines, line, &lines->items[j]));
	}
}

static void try_index(struct lines *lines)
{
	struct index *patterns = index_new(lines->separator);
	struct index *names = index_new(lines->separator);

	for (size_t i = 0; i < lines->count; i++) {
		struct line *line = &lines->items[i];

		if (line->is_target)
			index_add(patterns, line->text, line);
		if (line->is_concrete)
			index_add(names, line->text, line);
	}
	try_searches(lines, patterns, names);
	for (size_t i = 0; i < lines->count; i++) {
		struct line *line = &lines->items[i];

		FUZZ_CHECK(index_remove(patterns, line->text, line) == line->is_target);
		FUZZ_CHECK(index_remove(names, line->text, line) == line->is_concrete);
	}
	index_free(patterns);
	index_free(names);
}

/* --- the input --- */

/* As options.separator may be. */
static bool is_separator(const char *text)
{
	for (const char *byte = text; *byte; byte++)
		if (strchr("[]*?", *byte) || (unsigned char)*byte < 0x20 || *byte == 0x7f)
			return false;
	return text[0] && strlen(text) <= SEPARATOR_MAX;
}

static void read_lines(struct lines *lines, char *text, char *end)
{
	while (text < end && lines->count < LINES_MAX) {
		char *newline = memchr(text, '\n', (size_t)(end - text));

		if (!newline)
			newline = end;
		*newline = '\0'; /* there is room for the last one's */
		if (text[0] == '=' && is_separator(text + 1))
			lines->separator = text + 1;
		else
			lines->items[lines->count++].text = text;
		text = newline + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines lines = {.separator = "::"};
	char *text = malloc(size + 1);

	FUZZ_CHECK(text);
	if (size > 0)
		memcpy(text, data, size);
	read_lines(&lines, text, text + size);
	for (size_t i = 0; i < lines.count; i++) {
		struct line *line = &lines.items[i];

		(void)is_kind(line->text, NAME_FILLED, lines.separator);
		(void)is_kind(line->text, NAME_PROTO, lines.separator);
		line->is_target = is_kind(line->text, NAME_TARGET, lines.separator);
		line->is_concrete = is_kind(line->text, NAME_CONCRETE, lines.separator);
	}
	try_index(&lines);
	free(text);
	return 0;
}
