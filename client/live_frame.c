/*
 * Makes the lines of the live display: what runs, what waits, totals. Each part says what it needs,
 * and the name gets the cells that are left.
 */
#include "client/live_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/line.h"
#include "client/memory.h"
#include "client/link.h"

#define WAITING_LINES_MAX 3
#define NAME_COLUMNS_MAX 40
#define DURATION_COLUMNS 7
#define BAR_COLUMNS 20

static void begin(struct line *line, const struct live_place *place)
{
	line_begin(
	    line, place->output, place->is_utf8, place->columns > 0 ? place->columns - 1 : 0);
}

/* Appends as much of a name as fits, which is a link to its log. */
static void put_name(struct line *line, const struct progress_item *item, size_t columns)
{
	char *link = line->output->has_links && item->log ? link_begin(item->log) : NULL;

	fputs(link ? link : "", line->stream);
	line_put(line, STYLE_NONE, item->name, columns);
	fputs(link ? LINK_END : "", line->stream);
	free(link);
}

static void end(struct live_frame *frame, struct line *line)
{
	frame->lines[frame->n_lines++] = line_end(line);
}

/* ---- what runs ---- */

static void add_running(struct live_frame *frame, const struct progress_item *item,
    const struct live_place *place, size_t name_columns)
{
	char duration[DURATION_SIZE], attempt[64];
	double ran_s = place->now_s > item->since_s ? place->now_s - item->since_s : 0;
	struct line line;

	output_format_duration(duration, ran_s);
	begin(&line, place);
	line_put_spinner(&line, place->tick);
	line_put(&line, STYLE_NONE, " ", 1);
	put_name(&line, item, name_columns);
	line_pad(&line, 2 + name_columns + 1 + DURATION_COLUMNS - strlen(duration));
	line_put(&line, STYLE_FAINT, duration, DURATION_COLUMNS);
	if (item->pending) {
		line_pad(&line, line.width + 2);
		line_put(&line, STYLE_FAINT, item->pending, SIZE_MAX);
	} else if (item->expected_s > 0) {
		line_pad(&line, line.width + 2);
		line_put_bar(&line, ran_s / item->expected_s, false, BAR_COLUMNS);
	}
	if (item->attempt > 1) {
		snprintf(
		    attempt, sizeof(attempt), "attempt %d of %d", item->attempt, item->attempts);
		line_pad(&line, line.width + 2);
		line_put(&line, STYLE_FAINT, attempt, SIZE_MAX);
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
	line_put(&line, STYLE_FAINT, text, sizeof(text));
	end(frame, &line);
}

/* ---- what waits ---- */

/* What it waits for; the caller frees it. */
static char *describe_wait(const struct progress *progress, const struct progress_item *item,
    const struct live_place *place)
{
	double left_s = item->retry_s - place->now_s;
	char duration[DURATION_SIZE], *text, *reason;

	if (item->retry_s > 0) {
		output_format_duration(duration, left_s > 0 ? left_s : 0);
		return memory_print(
		    " is tried again in %s, %d of %d", duration, item->attempt + 1, item->attempts);
	}
	reason = progress_reason(progress, item);
	text = memory_print(" waits for %s", reason);
	free(reason);
	return text;
}

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
		reason = describe_wait(progress, item, place);
		begin(&line, place);
		line_put(&line, STYLE_FAINT, place->is_utf8 ? "· " : ". ", 2);
		line_put(&line, STYLE_FAINT, item->name, NAME_COLUMNS_MAX);
		line_put(&line, STYLE_FAINT, reason, line.columns);
		end(frame, &line);
		free(reason);
	}
}

/* ---- totals ---- */

void live_frame_put_times(
    struct line *line, const struct progress *progress, const struct live_place *place)
{
	double left_s = progress_left_s(progress, place->now_s);
	char duration[DURATION_SIZE], text[DURATION_SIZE + 16];

	output_format_duration(duration, place->now_s - progress->begun_s);
	line_put(line, STYLE_FAINT, duration, sizeof(duration));
	if (left_s < 0)
		return;
	if (left_s < 59) /* in whole seconds, rounded up: nobody knows tenths */
		snprintf(duration, sizeof(duration), "%ds", (int)(left_s + 0.999));
	else
		output_format_duration(duration, left_s);
	snprintf(text, sizeof(text), ", ~%s left", duration);
	line_put(line, STYLE_FAINT, text, sizeof(text));
}

static void put_count(struct line *line, const struct live_place *place, enum output_style style,
    size_t count, const char *word)
{
	const char *gap = place->is_utf8 ? " · " : ", ";
	char text[64];

	snprintf(text, sizeof(text), "%zu %s", count, word);
	if (count == 0)
		return;
	/* A part of a number would be another number. */
	if (line->width + output_width(gap) + output_width(text) > line->columns) {
		line->columns = line->width;
		return;
	}
	line_put(line, STYLE_NONE, gap, 3);
	line_put(line, style, text, sizeof(text));
}

void live_frame_put_counts(
    struct line *line, const struct progress *progress, const struct live_place *place)
{
	put_count(line, place, STYLE_BAD, progress->n_failed, "failed");
	put_count(line, place, STYLE_BOLD, progress->n_running, "running");
	put_count(line, place, STYLE_NONE, progress->n_waiting, "waiting");
	put_count(line, place, STYLE_GOOD, progress->n_succeeded, "ok");
	put_count(line, place, STYLE_SKIP, progress->n_skipped, "skipped");
}

static void add_totals(
    struct live_frame *frame, const struct progress *progress, const struct live_place *place)
{
	struct line line;

	begin(&line, place);
	live_frame_put_times(&line, progress, place);
	put_count(&line, place, STYLE_BOLD, place->n_questions,
	    place->n_questions == 1 ? "more question" : "more questions");
	live_frame_put_counts(&line, progress, place);
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
