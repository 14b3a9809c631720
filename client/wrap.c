/*
 * Breaks lines as terminals do; see wrap.h.
 */
#include "client/wrap.h"

#include <stdlib.h>
#include <string.h>

#include "client/output.h"

bool wrap_is_redone(void)
{
	const char *term = getenv("TERM");

	if (getenv("TMUX")) /* whatever it runs in */
		return true;
	return !getenv("XTERM_VERSION") && !getenv("STY") &&
	       !(term && strncmp(term, "linux", 5) == 0);
}

size_t wrap_count_rows(const char *line, size_t columns)
{
	size_t n_rows = 1, fit;

	/* A character that is wider than what is left of a row is the first of the next. */
	while (columns > 0 && line[fit = output_fit(line, columns)] != '\0') {
		if (fit == 0) /* wider than the terminal */
			return n_rows;
		line += fit;
		n_rows++;
	}
	return n_rows;
}
