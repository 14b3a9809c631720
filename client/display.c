/*
 * Shows executions as lines: "start NAME", "ok NAME 1.2s", "FAIL NAME 0.3s exit 2", "skip NAME".
 * It remembers what it has shown of each execution, so that events, snapshots and final answers
 * may overlap. It must not know where the views come from.
 */
#include "client/display.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "client/live.h"
#include "client/logfile.h"
#include "client/member.h"
#include "client/memory.h"
#include "client/outcome.h"
#include "client/telling.h"

#define LINES_MAX 100   /* lines of a log that are shown of a failure */
#define COLUMNS_MAX 500 /* cells of a line that are shown */

enum stage { STAGE_WANTED, STAGE_STARTED, STAGE_ENDED };

/* What was shown of an execution. */
struct shown {
	json_int_t exec;
	enum stage stage;
	UT_hash_handle hh;
};

struct display {
	const struct output *output;
	struct live *live;   /* or NULL: lines are all there is */
	struct output lines; /* where they go */
	enum display_mode mode;
	bool shows_full_log;
	struct shown *shown; /* by exec */
};

struct display *display_new(const struct output *output, enum display_mode mode)
{
	struct display *display = memory_alloc(sizeof(*display));

	display->output = output;
	display->mode = mode;
	return display;
}

void display_start_live(struct display *display)
{
	display->live = live_new(display->output);
}

void display_stop_live(struct display *display)
{
	if (!display)
		return;
	live_free(display->live);
	display->live = NULL;
}

void display_hide_live(struct display *display)
{
	live_hide(display ? display->live : NULL);
}

struct live *display_get_live(const struct display *display)
{
	return display ? display->live : NULL;
}

void display_free(struct display *display)
{
	struct shown *shown = display ? display->shown : NULL, *next;

	if (!display)
		return;
	display_stop_live(display);
	HASH_CLEAR(hh, display->shown); /* the table; its members still know their order */
	for (; shown; shown = next) {
		next = shown->hh.next;
		free(shown);
	}
	free(display);
}

void display_set_full_log(struct display *display, bool shows_full_log)
{
	display->shows_full_log = shows_full_log;
}

/* Notes that an execution has come to a stage; false: that was shown before. */
static bool come_to(struct display *display, json_int_t exec, enum stage stage)
{
	struct shown *shown;

	HASH_FIND(hh, display->shown, &exec, sizeof(exec), shown);
	if (shown && shown->stage >= stage)
		return false;
	if (!shown) {
		shown = memory_alloc(sizeof(*shown));
		shown->exec = exec;
		HASH_ADD(hh, display->shown, exec, sizeof(shown->exec), shown);
	}
	shown->stage = stage;
	return true;
}

static bool has_ended(const struct display *display, json_int_t exec)
{
	struct shown *shown;

	HASH_FIND(hh, display->shown, &exec, sizeof(exec), shown);
	return shown && shown->stage == STAGE_ENDED;
}

static void print_log_line(const struct output *output, const char *line, size_t size)
{
	char *text = output_escape_line(line, size, COLUMNS_MAX);

	fprintf(output->stream, "  %s\n", text);
	free(text);
}

static size_t count_lines(const char *text, const struct telling_part *part)
{
	size_t n_lines = 1;

	for (size_t i = part->begin; i < part->end; i++)
		n_lines += text[i] == '\n';
	return n_lines;
}

/* Prints the lines of a part but for the first so many, which *n_skipped counts down. */
static void print_part(const struct output *output, const char *text,
    const struct telling_part *part, size_t *n_skipped)
{
	for (size_t line = part->begin; line <= part->end;) {
		const char *newline = memchr(text + line, '\n', part->end - line);
		size_t end = newline ? (size_t)(newline - text) : part->end;

		if (*n_skipped > 0)
			(*n_skipped)--;
		else
			print_log_line(output, text + line, end - line);
		line = end + 1;
	}
}

static void print_telling(
    const struct display *display, const char *name, const struct logfile_text *text)
{
	FILE *stream = display->lines.stream;
	struct telling telling;
	size_t n_lines = 0;

	telling_select(text->bytes, text->size, &telling);
	for (size_t i = 0; i < telling.n_parts; i++)
		n_lines += count_lines(text->bytes, &telling.parts[i]);
	size_t n_skipped = n_lines > LINES_MAX ? n_lines - LINES_MAX : 0;

	if (n_skipped > 0 || (telling.has_words && text->n_left_out > 0)) {
		fprintf(stream, "  … more: ppctl logs ");
		output_print_escaped(stream, name, strlen(name), 0);
		putc('\n', stream);
	}
	for (size_t i = 0; i < telling.n_parts; i++) {
		print_part(&display->lines, text->bytes, &telling.parts[i], &n_skipped);
		if (n_skipped == 0 && i + 1 < telling.n_parts)
			fputs("  --\n", stream);
	}
	telling_clear(&telling);
}

static void print_log(const struct display *display, const char *name, const char *path)
{
	struct logfile_text text;

	if (logfile_read(path, &text))
		return;
	if (display->shows_full_log) {
		struct telling_part all = {0, text.size};
		size_t n_skipped = 0;

		if (all.end > 0 && text.bytes[all.end - 1] == '\n')
			all.end--;
		if (text.size > 0)
			print_part(&display->lines, text.bytes, &all, &n_skipped);
	} else {
		print_telling(display, name, &text);
	}
	free(text.bytes);
}

static void print_line(const struct display *display, enum output_style style, const char *word,
    const char *name, const char *rest)
{
	const struct output *output = &display->lines;

	fprintf(output->stream, "%s%s%s ", output_style_begin(output, style), word,
	    output_style_end(output, style));
	output_print_escaped(output->stream, name, strlen(name), 0);
	if (rest && rest[0]) {
		putc(' ', output->stream);
		output_print_escaped(output->stream, rest, strlen(rest), 0);
	}
	putc('\n', output->stream);
}

/* Only what was executed has something in its log that could tell why. */
static bool has_telling_log(const json_t *view)
{
	static const char *const without[] = {
	    "dep_failed", "dep_missing", "failures", "canceled", "lost"};
	const char *error = member_text(view, "error", "");

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		if (strcmp(error, without[i]) == 0)
			return false;
	}
	return true;
}

static void print_failure(const struct display *display, const char *name, const json_t *view)
{
	char duration[DURATION_SIZE] = "";
	char *reason = outcome_describe(view);
	const char *log = member_text(view, "log", NULL);
	char *rest;

	outcome_format_duration(duration, view);
	if (asprintf(&rest, "%s%s%s", duration, duration[0] ? " " : "", reason) < 0)
		memory_refused();
	print_line(display, STYLE_BAD, "FAIL", name, rest);
	char *details = outcome_detail(view);

	if (details) {
		fputs("  ", display->lines.stream);
		output_print_escaped(display->lines.stream, details, strlen(details), 0);
		putc('\n', display->lines.stream);
	}
	if (log && has_telling_log(view))
		print_log(display, name, log);
	free(details);
	free(rest);
	free(reason);
}

static void print_end(const struct display *display, const char *name, const json_t *view)
{
	const char *state = member_text(view, "state", "");
	char duration[DURATION_SIZE] = "";

	if (strcmp(state, "failed") == 0) {
		print_failure(display, name, view);
		return;
	}
	if (display->mode == DISPLAY_FAILURES)
		return;
	if (strcmp(state, "succeeded") == 0) {
		outcome_format_duration(duration, view);
		print_line(display, STYLE_GOOD, "ok", name, duration);
	} else if (strcmp(state, "up_to_date") == 0) {
		print_line(display, STYLE_SKIP, "skip", name, "up to date");
	} else {
		print_line(display, STYLE_SKIP, "skip", name, member_text(view, "info", ""));
	}
}

/* Shows where a view says that an execution is. Where it tells of the end of one whose start was
 * not shown (both came in one pass of the daemon's loop), is_event says to show that first. */
static void show_view(struct display *display, const json_t *view, bool is_event)
{
	const char *name = member_text(view, "name", "?");
	const char *state = member_text(view, "state", "");
	const json_t *member = json_object_get(view, "exec");
	json_int_t exec = json_integer_value(member);
	bool has_started = member_number(view, "started_at", 0) > 0;

	if (!json_is_integer(member))
		return;
	display->lines = *display->output;
	if (display->live) {
		display->lines.stream = live_get_stream(display->live);
		if (!has_ended(display, exec))
			live_note(display->live, view);
	}
	if (strcmp(state, "wanted") == 0) {
		if (display->mode == DISPLAY_ALL && come_to(display, exec, STAGE_WANTED))
			print_line(
			    display, STYLE_NONE, "want", name, member_text(view, "waits", ""));
		return;
	}
	if (strcmp(state, "running") == 0 || (is_event && has_started)) {
		if (come_to(display, exec, STAGE_STARTED) && display->mode != DISPLAY_FAILURES &&
		    !display->live)
			print_line(display, STYLE_NONE, "start", name, NULL);
	}
	if (outcome_is_complete(view) && come_to(display, exec, STAGE_ENDED))
		print_end(display, name, view);
}

void display_event(struct display *display, const json_t *view)
{
	show_view(display, view, true);
}

void display_begin(struct display *display, const json_t *views)
{
	size_t i;
	json_t *view;

	json_array_foreach (views, i, view) {
		const char *state = member_text(view, "state", "");

		/* What is idle has no execution. */
		if (display->live &&
		    (strcmp(state, "wanted") == 0 || strcmp(state, "running") == 0))
			live_note(display->live, view);
		if (strcmp(member_text(view, "state", ""), "running") == 0)
			come_to(display, json_integer_value(json_object_get(view, "exec")),
			    STAGE_STARTED);
	}
}

bool display_shows_success(const struct display *display)
{
	return display->mode != DISPLAY_FAILURES;
}

void display_finish(struct display *display, const json_t *views)
{
	size_t i;
	json_t *view;

	json_array_foreach (views, i, view) {
		if (outcome_is_complete(view))
			show_view(display, view, false);
	}
}
