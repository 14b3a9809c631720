/*
 * Lines of logs that tell nothing, by the patterns of a proc's log_ignore.
 */
#ifndef PARPROC_CLIENT_IGNORE_H
#define PARPROC_CLIENT_IGNORE_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of a line that are compared with patterns, and those of each further line where so many
 * were longer than that: it may take a time that grows with the square of a line's length.
 */
enum { IGNORE_LINE_BYTES = 4096, IGNORE_LONG_LINES = 100, IGNORE_LONG_LINE_BYTES = 512 };

struct ignore {
	const json_t *patterns; /* borrowed */
	bool has_succeeded;
	bool is_compiled;
	bool is_empty; /* no pattern counts */
	unsigned n_long;
	regex_t all;
};

/* patterns: as in a view, or NULL. has_succeeded: those that are for this count too. Costs nothing
 * before a line is compared. */
void ignore_init(struct ignore *ignore, const json_t *patterns, bool has_succeeded);
void ignore_clear(struct ignore *ignore);

/* Whether one of them matches in the line, the escape sequences in which do not count. */
bool ignore_has(struct ignore *ignore, const char *line, size_t size);

#endif
