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
#include "client/member.h"

#define FAILURE_LINES_MAX 100
#define WARNING_LINES_MAX 16
#define COLUMNS_MAX 500 /* cells of a line that are shown */
/* Of the log of what succeeded: there may be thousands of these. */
#define WARNING_HEAD_BYTES (256u << 10)
#define WARNING_TAIL_BYTES (768u << 10)

/* Where lines go, and how many. */
struct lines {
	excerpt_put *put;
	void *arg;
	size_t n_skipped; /* still to skip */
	size_t n_left;    /* still to put */
};

/* One line of a log, without what a progress display has overwritten in it; arg: the output. */
static void print_line(const char *line, size_t size, void *arg)
{
	const struct output *output = arg;
	unsigned flags =
	    ESCAPE_KEEP_TABS | (output->has_color ? ESCAPE_KEEP_COLORS : ESCAPE_STRIP_COLORS);

	if (!line) {
		fputs("  --\n", output->stream);
		return;
	}
	char *text = output_escape_line(line, size, COLUMNS_MAX, flags);

	fprintf(output->stream, "  %s\n", text);
	free(text);
}

size_t excerpt_count_lines(const struct logfile_text *text, const struct telling *telling)
{
	size_t n_lines = 0;

	for (size_t i = 0; i < telling->n_parts; i++) {
		n_lines++;
		for (size_t at = telling->parts[i].begin; at < telling->parts[i].end; at++)
			n_lines += text->bytes[at] == '\n';
	}
	return n_lines;
}

static void put_part(const char *text, const struct telling_part *part, struct lines *lines)
{
	for (size_t line = part->begin; line <= part->end && lines->n_left > 0;) {
		const char *newline = memchr(text + line, '\n', part->end - line);
		size_t end = newline ? (size_t)(newline - text) : part->end;

		if (lines->n_skipped > 0) {
			lines->n_skipped--;
		} else {
			lines->put(text + line, end - line, lines->arg);
			lines->n_left--;
		}
		line = end + 1;
	}
}

void excerpt_put_lines(const struct logfile_text *text, const struct telling *telling,
    size_t n_skipped, size_t n_max, excerpt_put *put, void *arg)
{
	struct lines lines = {put, arg, n_skipped, n_max};

	for (size_t i = 0; i < telling->n_parts && lines.n_left > 0; i++) {
		put_part(text->bytes, &telling->parts[i], &lines);
		if (lines.n_skipped == 0 && lines.n_left > 0 && i + 1 < telling->n_parts)
			put(NULL, 0, arg);
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
	const struct telling telling = {.parts = &all, .n_parts = text->size > 0};

	if (all.end > 0 && text->bytes[all.end - 1] == '\n')
		all.end--;
	excerpt_put_lines(text, &telling, 0, SIZE_MAX, print_line, (void *)output);
}

static bool is_ignored(const char *line, size_t size, void *arg)
{
	return ignore_has(arg, line, size);
}

void excerpt_select(const json_t *log_ignore, const struct logfile_text *text, bool has_succeeded,
    struct telling *telling)
{
	struct ignore ignore;

	ignore_init(&ignore, log_ignore, has_succeeded);
	telling_select_but(text->bytes, text->size, is_ignored, &ignore, telling);
	ignore_clear(&ignore);
}

/* Of many lines the last ones: what ended it is among these. */
static void print_telling(
    const struct output *output, const json_t *view, const struct logfile_text *text)
{
	struct telling telling;
	size_t n_lines, n_skipped;

	excerpt_select(json_object_get(view, "log_ignore"), text, false, &telling);
	n_lines = excerpt_count_lines(text, &telling);
	n_skipped = n_lines > FAILURE_LINES_MAX ? n_lines - FAILURE_LINES_MAX : 0;
	if (n_skipped > 0 || (telling.has_words && text->n_left_out > 0))
		print_more(output, view, "more");
	excerpt_put_lines(text, &telling, n_skipped, FAILURE_LINES_MAX, print_line, (void *)output);
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
	char what[128];
	struct telling telling;
	size_t n_lines, n_more;

	excerpt_select(json_object_get(view, "log_ignore"), text, true, &telling);
	if (telling.has_words) {
		n_lines = excerpt_count_lines(text, &telling);
		n_more = n_lines > WARNING_LINES_MAX ? n_lines - WARNING_LINES_MAX : 0;
		excerpt_put_lines(text, &telling, 0, WARNING_LINES_MAX, print_line, (void *)output);
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
