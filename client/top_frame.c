/*
 * Makes the lines of ppctl top: the workspace, the runs, the executions, and one for questions. The
 * selected row has a mark, so that it can be told without colors, too.
 */
#include "client/top_frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/line.h"
#include "client/memory.h"

#define STATE_COLUMNS 10
#define TIME_COLUMNS 7
#define NAME_COLUMNS_MAX 40
#define BAR_COLUMNS 20
#define RUN_ROWS_MIN 3
#define HEAD_ROWS 2      /* workspace, totals */
#define SMALL_ROWS 10    /* with fewer there is one run to be seen, and no heading */
#define SMALL_COLUMNS 40 /* with fewer times give way to reasons */

struct frame {
	const struct top_look *look;
	char **lines;
	size_t n_lines;
};

static const struct output colorless = {0};

static void begin(const struct frame *frame, struct line *line)
{
	const struct live_place *place = &frame->look->place;

	line_begin(line, place->output, place->is_utf8, place->columns);
}

static void end(struct frame *frame, struct line *line)
{
	char *text = line_end(line);

	if (frame->n_lines < frame->look->place.rows)
		frame->lines[frame->n_lines++] = text;
	else
		free(text);
}

/* A row that can be selected: with a mark, and in reverse all along. */
static void begin_row(
    const struct frame *frame, struct line *line, bool is_selected, bool is_active)
{
	begin(frame, line);
	if (is_selected && is_active)
		line->output = &colorless;
	if (is_selected && is_active)
		fputs("\033[7m", line->stream);
	line_put(line, STYLE_BOLD, is_selected ? ">" : " ", 1);
	line_put(line, STYLE_NONE, " ", 1);
}

static void end_row(struct frame *frame, struct line *line, bool is_selected, bool is_active)
{
	if (is_selected && is_active) {
		line_pad(line, line->columns);
		fputs("\033[0m", line->stream);
	}
	end(frame, line);
}

__attribute__((format(printf, 3, 4))) static void put_format(
    struct line *line, enum output_style style, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = memory_print_args(format, args);
	va_end(args);
	line_put(line, style, text, line->columns);
	free(text);
}

/* ---- the head ---- */

static void add_head(struct frame *frame, const struct top_model *model)
{
	const struct top_look *look = frame->look;
	struct line line;

	begin(frame, &line);
	if (look->parallel > 0 && model->scope == 0)
		put_format(&line, STYLE_BOLD, "slots %zu/%" JSON_INTEGER_FORMAT "  ",
		    model->progress.n_running, look->parallel);
	else if (look->parallel > 0)
		put_format(&line, STYLE_BOLD, "slots %" JSON_INTEGER_FORMAT "  ", look->parallel);
	put_format(&line, STYLE_NONE, "load %.2f  ", look->load);
	line_put(&line, STYLE_NONE, look->server, 24);
	line_put(&line, STYLE_NONE, "  ", 2);
	line_put(&line, STYLE_BOLD, look->workspace, line.columns);
	end(frame, &line);
}

static void add_totals(struct frame *frame, const struct top_model *model)
{
	const struct progress *progress = &model->progress;
	struct line line;

	begin(frame, &line);
	if (progress->n_running + progress->n_waiting > 0)
		live_frame_put_times(&line, progress, &frame->look->place);
	else
		line_put(&line, STYLE_FAINT, model->is_loading ? "…" : "nothing runs", 16);
	live_frame_put_counts(&line, progress, &frame->look->place);
	if (model->is_cut)
		line_put(&line, STYLE_FAINT, ", and more", 16);
	end(frame, &line);
}

/* ---- runs ---- */

static void put_run(struct line *line, const struct top_run *run, const struct live_place *place)
{
	double until_s = run->is_active ? place->now_s : run->ended_s;
	char duration[DURATION_SIZE];

	put_format(line, STYLE_NONE, "run %" JSON_INTEGER_FORMAT, run->run);
	if (run->name[0]) {
		line_put(line, STYLE_NONE, " ", 1);
		line_put(line, STYLE_NONE, run->name, NAME_COLUMNS_MAX / 2);
	}
	line_put(line, STYLE_NONE, "  ", 2);
	line_put(line, output_state_style(run->state), run->state, STATE_COLUMNS);
	output_format_duration(duration, until_s - run->created_s);
	put_format(line, STYLE_NONE, "  %zu/%zu  %s", run->n_complete, run->n_procs, duration);
	if (run->n_failed > 0)
		put_format(line, STYLE_BAD, "  %zu failed", run->n_failed);
	if (!run->is_active || run->n_procs == 0)
		return;
	line_put(line, STYLE_NONE, "  ", 2);
	line_put_bar(line, (double)run->n_complete / (double)run->n_procs, false, BAR_COLUMNS);
}

static size_t count_run_rows(const struct top_model *model, const struct top_look *look)
{
	size_t rows = look->place.rows, most;

	if (rows < SMALL_ROWS)
		return rows > HEAD_ROWS + 2 ? 1 : 0;
	most = rows / 4 > RUN_ROWS_MIN ? rows / 4 : RUN_ROWS_MIN;
	return model->runs.count + 1 < most ? model->runs.count + 1 : most;
}

static void add_runs(struct frame *frame, const struct top_model *model)
{
	const struct top_look *look = frame->look;
	size_t n_rows = count_run_rows(model, look);
	size_t scope = top_runs_find(&model->runs, model->scope);
	size_t first = scope >= n_rows ? scope + 1 - n_rows : 0;

	for (size_t i = first; i < first + n_rows; i++) {
		bool is_selected = i == scope;
		struct line line;

		begin_row(frame, &line, is_selected, look->pane == TOP_PANE_RUNS);
		if (i > 0)
			put_run(&line, &model->runs.items[i - 1], &look->place);
		else
			put_format(&line, STYLE_NONE, "all active runs: %zu", model->runs.n_active);
		end_row(frame, &line, is_selected, look->pane == TOP_PANE_RUNS);
	}
}

/* ---- executions ---- */

static void format_time(
    char text[DURATION_SIZE], const struct top_item *item, const struct live_place *place)
{
	double from_s = item->started_s > 0 ? item->started_s : item->queued_s;
	double until_s = item->ended_s > 0 ? item->ended_s : place->now_s;

	text[0] = '\0';
	if (from_s > 0 && (item->started_s > 0 || item->ended_s == 0))
		output_format_duration(text, until_s - from_s);
}

static void put_item(struct line *line, const struct top_model *model, const struct top_item *item,
    const struct live_place *place, size_t name_columns)
{
	double expected_s =
	    item->section == TOP_RUNNING ? top_model_get_expected_s(model, item) : 0;
	char time[DURATION_SIZE];
	size_t at = 2 + name_columns + 2;

	line_put(line, STYLE_NONE, item->name, name_columns);
	line_pad(line, at);
	line_put(line, output_state_style(item->state), item->state, STATE_COLUMNS);
	line_pad(line, at += STATE_COLUMNS + 1);
	if (place->columns >= SMALL_COLUMNS) {
		format_time(time, item, place);
		line_pad(line, at + TIME_COLUMNS - strlen(time));
		line_put(line, STYLE_FAINT, time, TIME_COLUMNS);
		line_pad(line, at + TIME_COLUMNS + 2);
	}
	if (item->reason) {
		line_put(line, STYLE_NONE, item->reason, line->columns);
	} else if (expected_s > 0) {
		line_put_bar(
		    line, (place->now_s - item->started_s) / expected_s, false, BAR_COLUMNS);
	}
}

static size_t choose_name_columns(
    struct top_item *const *items, size_t n_items, const struct live_place *place)
{
	size_t most = place->columns / 2, columns = 8;

	for (size_t i = 0; i < n_items; i++) {
		char *escaped = output_escape(items[i]->name, strlen(items[i]->name), 0);
		size_t width = output_width(escaped);

		free(escaped);
		columns = width > columns ? width : columns;
	}
	columns = columns < NAME_COLUMNS_MAX ? columns : NAME_COLUMNS_MAX;
	return columns < most ? columns : most;
}

static void add_heading(struct frame *frame, size_t name_columns)
{
	size_t at = 2 + name_columns + 2;
	struct line line;

	begin(frame, &line);
	line_pad(&line, 2);
	line_put(&line, STYLE_FAINT, "NAME", name_columns);
	line_pad(&line, at);
	line_put(&line, STYLE_FAINT, "STATE", STATE_COLUMNS);
	if (frame->look->place.columns >= SMALL_COLUMNS) {
		line_pad(&line, at + STATE_COLUMNS + 1 + TIME_COLUMNS - strlen("TIME"));
		line_put(&line, STYLE_FAINT, "TIME", TIME_COLUMNS);
		line_put(&line, STYLE_FAINT, "  REASON", sizeof("  REASON"));
	}
	end(frame, &line);
}

static void add_items(struct frame *frame, struct top_model *model, size_t n_rows)
{
	const struct top_look *look = frame->look;
	struct top_item **items = memory_alloc((n_rows + 1) * sizeof(struct top_item *));
	size_t n_items = top_model_get_window(model, items, n_rows);
	size_t name_columns = choose_name_columns(items, n_items, &look->place);

	if (look->place.rows >= SMALL_ROWS)
		add_heading(frame, name_columns);
	for (size_t i = 0; i < n_items; i++) {
		bool is_selected = items[i] == model->selected;
		struct line line;

		begin_row(frame, &line, is_selected, look->pane == TOP_PANE_PROCS);
		put_item(&line, model, items[i], &look->place, name_columns);
		end_row(frame, &line, is_selected, look->pane == TOP_PANE_PROCS);
	}
	free(items);
}

/* ---- the rest ---- */

static void add_text(struct frame *frame, size_t n_rows)
{
	const struct top_look *look = frame->look;

	for (size_t i = 0; i < n_rows; i++) {
		const json_t *text = json_array_get(look->text, look->text_offset + i);
		struct line line;

		begin(frame, &line);
		line_put(&line, STYLE_NONE, text ? json_string_value(text) : "", line.columns);
		end(frame, &line);
	}
}

static void add_bottom(struct frame *frame, const struct top_model *model)
{
	const struct top_look *look = frame->look;
	struct line line;

	while (frame->n_lines + 1 < look->place.rows) {
		begin(frame, &line);
		end(frame, &line);
	}
	begin(frame, &line);
	if (look->question) {
		line_put(&line, STYLE_BOLD, look->question, line.columns);
	} else if (look->message) {
		line_put(&line, STYLE_BOLD, look->message, line.columns);
	} else if (look->text) {
		line_put(&line, STYLE_FAINT, "any other key closes this", line.columns);
	} else {
		if (model->filter[0]) {
			line_put(&line, STYLE_BOLD, "/", 1);
			line_put(&line, STYLE_BOLD, model->filter, line.columns / 2);
			line_put(&line, STYLE_NONE, "  ", 2);
		}
		if (model->hides_finished)
			line_put(&line, STYLE_BOLD, "a: finished are hidden  ", line.columns);
		line_put(&line, STYLE_FAINT,
		    "q quit  ? help  Tab runs  / filter  l log  w why  c cancel", line.columns);
	}
	end(frame, &line);
}

size_t top_frame_count_rows(const struct top_model *model, const struct top_look *look)
{
	size_t others = HEAD_ROWS + count_run_rows(model, look) + 1;

	if (look->place.rows >= SMALL_ROWS && !look->text)
		others++; /* the heading */
	return look->place.rows > others ? look->place.rows - others : 0;
}

char **top_frame_make(struct top_model *model, const struct top_look *look, size_t *n_lines)
{
	struct frame frame = {.look = look};
	size_t n_rows = top_frame_count_rows(model, look);

	frame.lines = memory_alloc((look->place.rows + 1) * sizeof(char *));
	if (look->place.rows > HEAD_ROWS) {
		add_head(&frame, model);
		add_totals(&frame, model);
	}
	add_runs(&frame, model);
	if (look->text)
		add_text(&frame, n_rows);
	else
		add_items(&frame, model, n_rows);
	add_bottom(&frame, model);
	*n_lines = frame.n_lines;
	return frame.lines;
}
