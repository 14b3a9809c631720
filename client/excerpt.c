/*
 * Chooses what is printed of a log: all of it, what tells why something failed, or warnings. What
 * is chosen is made harmless for the terminal. It must not know when it is to be shown.
 */
#include "client/excerpt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/ignore.h"
#include "client/logfile.h"
#include "client/member.h"
#include "client/telling.h"

#define FAILURE_LINES_MAX 100
#define WARNING_LINES_MAX 16
#define COLUMNS_MAX 500 /* cells of a line that are shown */
/* Of the log of what succeeded: there may be thousands of these. */
#define WARNING_HEAD_BYTES (256u << 10)
#define WARNING_TAIL_BYTES (768u << 10)

/* A range of lines of a text that are printed, counted over all its parts. */
struct range {
	size_t n_skipped; /* still to skip */
	size_t n_left;    /* still to print */
};

/* One line of a log, without what a progress display has overwritten in it. */
static void print_line(const struct output *output, const char *line, size_t size)
{
	unsigned flags =
	    ESCAPE_KEEP_TABS | (output->has_color ? ESCAPE_KEEP_COLORS : ESCAPE_STRIP_COLORS);
	char *text = output_escape_line(line, size, COLUMNS_MAX, flags);

	fprintf(output->stream, "  %s\n", text);
	free(text);
}

static size_t count_lines(const char *text, const struct telling *telling)
{
	size_t n_lines = 0;

	for (size_t i = 0; i < telling->n_parts; i++) {
		n_lines++;
		for (size_t at = telling->parts[i].begin; at < telling->parts[i].end; at++)
			n_lines += text[at] == '\n';
	}
	return n_lines;
}

static void print_part(const struct output *output, const char *text,
    const struct telling_part *part, struct range *range)
{
	for (size_t line = part->begin; line <= part->end && range->n_left > 0;) {
		const char *newline = memchr(text + line, '\n', part->end - line);
		size_t end = newline ? (size_t)(newline - text) : part->end;

		if (range->n_skipped > 0) {
			range->n_skipped--;
		} else {
			print_line(output, text + line, end - line);
			range->n_left--;
		}
		line = end + 1;
	}
}

static void print_parts(const struct output *output, const char *text,
    const struct telling *telling, struct range range)
{
	for (size_t i = 0; i < telling->n_parts && range.n_left > 0; i++) {
		print_part(output, text, &telling->parts[i], &range);
		if (range.n_skipped == 0 && range.n_left > 0 && i + 1 < telling->n_parts)
			fputs("  --\n", output->stream);
	}
}

/* Where there is more than what is printed; what: of what. */
static void print_more(const struct output *output, const json_t *view, const char *what)
{
	const char *name = member_text(view, "name", "?");

	fprintf(output->stream, "  … %s: ppctl logs ", what);
	output_print_escaped(output->stream, name, strlen(name), 0);
	putc('\n', output->stream);
}

static void print_whole(const struct output *output, const struct logfile_text *text)
{
	struct telling_part all = {0, text->size};
	struct range range = {0, SIZE_MAX};

	if (all.end > 0 && text->bytes[all.end - 1] == '\n')
		all.end--;
	if (text->size > 0)
		print_part(output, text->bytes, &all, &range);
}

static bool is_ignored(const char *line, size_t size, void *arg)
{
	return ignore_has(arg, line, size);
}

/* Finds what tells something. To be cleared. */
static void select_telling(const json_t *view, const struct logfile_text *text, bool has_succeeded,
    struct telling *telling)
{
	struct ignore ignore;

	ignore_init(&ignore, json_object_get(view, "log_ignore"), has_succeeded);
	telling_select_but(text->bytes, text->size, is_ignored, &ignore, telling);
	ignore_clear(&ignore);
}

/* Of many lines the last ones: what ended it is among these. */
static void print_telling(
    const struct output *output, const json_t *view, const struct logfile_text *text)
{
	struct telling telling;
	size_t n_lines;

	select_telling(view, text, false, &telling);
	n_lines = count_lines(text->bytes, &telling);
	struct range range = {
	    n_lines > FAILURE_LINES_MAX ? n_lines - FAILURE_LINES_MAX : 0, FAILURE_LINES_MAX};

	if (range.n_skipped > 0 || (telling.has_words && text->n_left_out > 0))
		print_more(output, view, "more");
	print_parts(output, text->bytes, &telling, range);
	telling_clear(&telling);
}

void excerpt_print_failure(const struct output *output, const json_t *view, bool is_full)
{
	const char *path = member_text(view, "log", NULL);
	struct logfile_text text;

	if (!path || logfile_read(path, &text))
		return;
	if (is_full)
		print_whole(output, &text);
	else
		print_telling(output, view, &text);
	free(text.bytes);
}

static void print_warnings(
    const struct output *output, const json_t *view, const struct logfile_text *text)
{
	const struct range range = {0, WARNING_LINES_MAX};
	char what[128];
	struct telling telling;
	size_t n_lines, n_more;

	select_telling(view, text, true, &telling);
	if (telling.has_words) {
		n_lines = count_lines(text->bytes, &telling);
		n_more = n_lines > WARNING_LINES_MAX ? n_lines - WARNING_LINES_MAX : 0;
		print_parts(output, text->bytes, &telling, range);
		if (text->n_left_out > 0)
			snprintf(what, sizeof(what),
			    "%zu more, and %" PRIu64 " bytes in the middle that were not looked at",
			    n_more, text->n_left_out);
		else
			snprintf(what, sizeof(what), "%zu more", n_more);
		if (n_more > 0 || text->n_left_out > 0)
			print_more(output, view, what);
	}
	telling_clear(&telling);
}

void excerpt_print_warnings(const struct output *output, const json_t *view)
{
	const char *path = member_text(view, "log", NULL);
	struct stat status;
	struct logfile_text text;

	/* Most logs are empty: no more than this for each of them. */
	if (!path || stat(path, &status) || status.st_size == 0 ||
	    logfile_read_ends(path, WARNING_HEAD_BYTES, WARNING_TAIL_BYTES, &text))
		return;
	print_warnings(output, view, &text);
	free(text.bytes);
}
