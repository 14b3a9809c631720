/*
 * Makes the lines of the live display: what runs, what waits, totals. Each part says what it needs,
 * and the name gets the cells that are left.
 */
#include "client/live_frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/link.h"
#include "client/memory.h"

#define WAITING_LINES_MAX 3
#define NAME_COLUMNS_MAX 40
#define DURATION_COLUMNS 7
#define BAR_COLUMNS 20
#define BAR_COLUMNS_MIN 6

/* A line on its way: text for the terminal, and the cells that it takes. */
struct line {
	FILE *stream;
	char *text;
	size_t size;
	size_t width, columns;
};

static void begin(struct line *line, const struct live_place *place)
{
	*line = (struct line){.columns = place->columns > 0 ? place->columns - 1 : 0};
	line->stream = open_memstream(&line->text, &line->size);
	if (!line->stream)
		memory_refused();
}

/* Appends as much of foreign text as fits, in a style. */
static void put(struct line *line, const struct live_place *place, enum output_style style,
    const char *text, size_t columns)
{
	char *escaped = output_escape(text, strlen(text), 0);
	size_t left = line->columns - line->width;
	size_t size = output_fit(escaped, columns < left ? columns : left);

	escaped[size] = '\0';
	fprintf(line->stream, "%s%s%s", output_style_begin(place->output, style), escaped,
	    output_style_end(place->output, style));
	line->width += output_width(escaped);
	free(escaped);
}

/* The same of a name, which is a link to its log. */
static void put_name(struct line *line, const struct live_place *place,
    const struct progress_item *item, size_t columns)
{
	char *link = place->output->has_links && item->log ? link_begin(item->log) : NULL;

	fputs(link ? link : "", line->stream);
	put(line, place, STYLE_NONE, item->name, columns);
	fputs(link ? LINK_END : "", line->stream);
	free(link);
}

static void pad(struct line *line, size_t width)
{
	for (; line->width < width && line->width < line->columns; line->width++)
		putc(' ', line->stream);
}

static void end(struct live_frame *frame, struct line *line)
{
	if (fclose(line->stream) != 0)
		memory_refused();
	frame->widths[frame->n_lines] = line->width;
	frame->lines[frame->n_lines++] = line->text;
}

/* ---- what runs ---- */

static const char *spinner(const struct live_place *place)
{
	static const char *const braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static const char *const plain[] = {"|", "/", "-", "\\"};

	return place->is_utf8 ? braille[place->tick % 10] : plain[place->tick % 4];
}

/* Full only when it has ended, which it has not. */
static void put_bar(struct line *line, const struct live_place *place, double part)
{
	size_t columns = line->columns - line->width;
	size_t n_done;

	if (columns > BAR_COLUMNS)
		columns = BAR_COLUMNS;
	if (columns < BAR_COLUMNS_MIN)
		return;
	n_done = part > 0 ? (size_t)((part < 1 ? part : 1) * (double)columns) : 0;
	if (n_done >= columns)
		n_done = columns - 1;
	fputs(output_style_begin(place->output, STYLE_GOOD), line->stream);
	for (size_t i = 0; i < n_done; i++)
		fputs(place->is_utf8 ? "━" : "=", line->stream);
	fputs(output_style_end(place->output, STYLE_GOOD), line->stream);
	fputs(output_style_begin(place->output, STYLE_FAINT), line->stream);
	for (size_t i = n_done; i < columns; i++)
		fputs(place->is_utf8 ? "─" : "-", line->stream);
	fputs(output_style_end(place->output, STYLE_FAINT), line->stream);
	line->width += columns;
}

static void add_running(struct live_frame *frame, const struct progress_item *item,
    const struct live_place *place, size_t name_columns)
{
	char duration[DURATION_SIZE];
	double ran_s = place->now_s > item->since_s ? place->now_s - item->since_s : 0;
	struct line line;

	output_format_duration(duration, ran_s);
	begin(&line, place);
	put(&line, place, STYLE_GOOD, spinner(place), 1);
	put(&line, place, STYLE_NONE, " ", 1);
	put_name(&line, place, item, name_columns);
	pad(&line, 2 + name_columns + 1 + DURATION_COLUMNS - strlen(duration));
	put(&line, place, STYLE_FAINT, duration, DURATION_COLUMNS);
	if (item->expected_s > 0) {
		pad(&line, line.width + 2);
		put_bar(&line, place, ran_s / item->expected_s);
	}
	end(frame, &line);
}

/* The cells for names: no more than the longest needs, and what the terminal can spare. */
static size_t choose_name_columns(
    const struct progress *progress, const struct live_place *place, size_t n_lines)
{
	size_t most = place->columns / 2, columns = 8;
	const struct progress_item *item;

	if (place->columns < 30) /* no bar there */
		most = place->columns > 14 ? place->columns - 12 : 2;
	TAILQ_FOREACH (item, &progress->running, link) {
		char *escaped;
		size_t width;

		if (n_lines-- == 0)
			break;
		escaped = output_escape(item->name, strlen(item->name), 0);
		width = output_width(escaped);
		free(escaped);
		columns = width > columns ? width : columns;
	}
	columns = columns < NAME_COLUMNS_MAX ? columns : NAME_COLUMNS_MAX;
	return columns < most ? columns : most;
}

static void add_all_running(struct live_frame *frame, const struct progress *progress,
    const struct live_place *place, size_t n_lines)
{
	size_t n_shown = progress->n_running <= n_lines ? progress->n_running : n_lines - 1;
	size_t columns = choose_name_columns(progress, place, n_shown), n = 0;
	const struct progress_item *item;
	char text[64];
	struct line line;

	TAILQ_FOREACH (item, &progress->running, link) {
		if (n++ == n_shown)
			break;
		add_running(frame, item, place, columns);
	}
	if (n_shown == progress->n_running)
		return;
	snprintf(text, sizeof(text), "%s %zu more %s", place->is_utf8 ? "…" : "...",
	    progress->n_running - n_shown, n_shown > 0 ? "running" : "run");
	begin(&line, place);
	put(&line, place, STYLE_FAINT, text, sizeof(text));
	end(frame, &line);
}

/* ---- what waits ---- */

static void add_waiting(struct live_frame *frame, const struct progress *progress,
    const struct live_place *place, size_t n_lines)
{
	const struct progress_item *item;
	size_t n = 0;

	TAILQ_FOREACH (item, &progress->waiting, link) {
		struct line line;
		char *reason;

		if (n++ == n_lines)
			break;
		reason = progress_reason(progress, item);
		begin(&line, place);
		put(&line, place, STYLE_FAINT, place->is_utf8 ? "· " : ". ", 2);
		put(&line, place, STYLE_FAINT, item->name, NAME_COLUMNS_MAX);
		put(&line, place, STYLE_FAINT, " waits for ", 11);
		put(&line, place, STYLE_FAINT, reason, line.columns);
		end(frame, &line);
		free(reason);
	}
}

/* ---- totals ---- */

/* How long it has taken so far, and will take. */
static void put_times(
    struct line *line, const struct progress *progress, const struct live_place *place)
{
	double left_s = progress_left_s(progress, place->now_s);
	char duration[DURATION_SIZE], text[DURATION_SIZE + 16];

	output_format_duration(duration, place->now_s - progress->begun_s);
	put(line, place, STYLE_FAINT, duration, sizeof(duration));
	if (left_s < 0)
		return;
	if (left_s < 59) /* in whole seconds, rounded up: nobody knows tenths */
		snprintf(duration, sizeof(duration), "%ds", (int)(left_s + 0.999));
	else
		output_format_duration(duration, left_s);
	snprintf(text, sizeof(text), ", ~%s left", duration);
	put(line, place, STYLE_FAINT, text, sizeof(text));
}

static void put_count(struct line *line, const struct live_place *place, enum output_style style,
    size_t count, const char *word)
{
	char text[64];

	if (count == 0)
		return;
	put(line, place, STYLE_NONE, place->is_utf8 ? " · " : ", ", 3);
	snprintf(text, sizeof(text), "%zu %s", count, word);
	put(line, place, style, text, sizeof(text));
}

/* What matters most comes first: narrow terminals cut the rest. */
static void add_totals(
    struct live_frame *frame, const struct progress *progress, const struct live_place *place)
{
	struct line line;

	begin(&line, place);
	put_times(&line, progress, place);
	put_count(&line, place, STYLE_BAD, progress->n_failed, "failed");
	put_count(&line, place, STYLE_BOLD, progress->n_running, "running");
	put_count(&line, place, STYLE_NONE, progress->n_waiting, "waiting");
	put_count(&line, place, STYLE_GOOD, progress->n_succeeded, "ok");
	put_count(&line, place, STYLE_SKIP, progress->n_skipped, "skipped");
	end(frame, &line);
}

void live_frame_make(
    struct live_frame *frame, const struct progress *progress, const struct live_place *place)
{
	size_t n_max = place->rows > 1 ? place->rows - 1 : 1, n_waiting;

	*frame = (struct live_frame){0};
	if (n_max > LIVE_LINES_MAX)
		n_max = LIVE_LINES_MAX;
	if (progress->begun_s == 0)
		return;
	n_max--; /* the totals */
	if (progress->n_running > 0 && n_max > 0)
		add_all_running(frame, progress, place, n_max);
	n_waiting = n_max - frame->n_lines;
	add_waiting(
	    frame, progress, place, n_waiting < WAITING_LINES_MAX ? n_waiting : WAITING_LINES_MAX);
	add_totals(frame, progress, place);
}

void live_frame_clear(struct live_frame *frame)
{
	for (size_t i = 0; i < frame->n_lines; i++)
		free(frame->lines[i]);
	frame->n_lines = 0;
}
