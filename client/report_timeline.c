/*
 * The report's timeline: a row for each lane, a bar for what ran in it, in its state's color.
 * Before a bar, as far as the lane was free, the time is light in which what ran then was waiting
 * already. How much is drawn is bounded: bars too narrow to be told apart are one, lanes beyond the
 * first 200 are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "client/html.h"
#include "client/memory.h"
#include "client/output.h"
#include "client/report.h"

#define WIDTH 1100
#define LEFT 30 /* of the bars: before them is the lane's number */
#define RIGHT 1094
#define TOP 20
#define LANES_MAX 200
#define BARS_MAX 20000
#define TICKS_MAX 10
#define LABEL_MIN 6      /* characters of a name that is cut */
#define CHARACTER_PX 6.3 /* of a label, on average */

/* A lane so far: where its last bar ends, and by state where the last one that is narrow was. */
struct row {
	double end;
	double narrow[RECORD_STATES];
};

struct timeline {
	FILE *stream;
	const struct record *record;
	struct row *rows;
	uint32_t n_rows;
	double pitch, height; /* of rows and bars */
	double px_of_us;
	uint32_t n_bars;
};

static double x_of(const struct timeline *timeline, int64_t time_us)
{
	int64_t since_us = time_us - timeline->record->begin_us;

	return LEFT + (since_us > 0 ? (double)since_us * timeline->px_of_us : 0);
}

static double y_of(const struct timeline *timeline, uint32_t lane)
{
	return TOP + lane * timeline->pitch;
}

static void choose_sizes(struct timeline *timeline)
{
	const struct record *record = timeline->record;
	int64_t length_us = record->stop_us - record->begin_us;
	uint32_t n = record->n_lanes;

	timeline->n_rows = n < LANES_MAX ? n : LANES_MAX;
	timeline->pitch = n <= 12 ? 26 : n <= 40 ? 19 : n <= 100 ? 10 : 6;
	timeline->height = timeline->pitch > 12 ? timeline->pitch - 4 : timeline->pitch - 1.5;
	timeline->px_of_us = (double)(RIGHT - LEFT) / (double)(length_us > 0 ? length_us : 1);
}

/* --- the axis --- */

/* Microseconds between ticks: the shortest that people count in that gives few enough. */
static double choose_step(double length_us)
{
	static const double minutes[] = {60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600};
	double step = 1;

	for (int i = 0; length_us / step > TICKS_MAX && step < 6e7; i++)
		step *= i % 3 == 1 ? 2.5 : 2;
	for (size_t i = 0; step >= 6e7 && i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		step = minutes[i] * 1e6;
		if (length_us / step <= TICKS_MAX)
			return step;
	}
	while (length_us / step > TICKS_MAX)
		step *= 2;
	return step;
}

static void put_tick_label(FILE *stream, double time_us, double step_us)
{
	char text[DURATION_SIZE];

	if (step_us < 6e7 && time_us < 6e8) {
		fprintf(stream, "%gs", time_us / 1e6);
		return;
	}
	output_format_duration(text, time_us / 1e6);
	fputs(text, stream);
}

static void put_axis(const struct timeline *timeline)
{
	const struct record *record = timeline->record;
	double length_us = (double)(record->stop_us - record->begin_us);
	double step_us = choose_step(length_us);
	double bottom = y_of(timeline, timeline->n_rows);

	for (int i = 0; i * step_us <= length_us; i++) {
		double x = LEFT + i * step_us * timeline->px_of_us;

		fprintf(timeline->stream,
		    "<path class=\"g\" d=\"M%.1f %d V%.1f\"/><text class=\"t\" x=\"%.1f\" y=\"11\""
		    " text-anchor=\"%s\">",
		    x, TOP - 5, bottom, x, i > 0 && x > RIGHT - 20 ? "end" : "middle");
		put_tick_label(timeline->stream, i * step_us, step_us);
		fputs("</text>\n", timeline->stream);
	}
	for (uint32_t lane = 0; timeline->pitch > 12 && lane < timeline->n_rows; lane++)
		fprintf(timeline->stream,
		    "<text class=\"t\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%u</text>\n",
		    LEFT - 8, y_of(timeline, lane) + timeline->height / 2 + 3.5, lane + 1);
}

/* --- bars --- */

static void put_title(FILE *stream, const struct record_exec *exec)
{
	fputs("<title>", stream);
	html_put(stream, exec->name);
	fprintf(stream, "\n%s, ", record_state_text(exec->state));
	report_put_duration(stream, record_duration_us(exec));
	if (exec->reason) {
		fputs("\n", stream);
		html_put(stream, exec->reason);
	}
	fputs("</title>", stream);
}

static void put_wait(
    const struct timeline *timeline, const struct record_exec *exec, double x, double y)
{
	double from = exec->queued_us > 0 ? x_of(timeline, exec->queued_us) : x;

	if (from < timeline->rows[exec->lane].end)
		from = timeline->rows[exec->lane].end;
	if (x - from >= 2)
		fprintf(timeline->stream,
		    "<rect class=\"wait\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
		    from, y + timeline->height * 0.3, x - from, timeline->height * 0.4);
}

static void put_label(const struct timeline *timeline, const struct record_exec *exec, double x,
    double y, double width)
{
	double columns = (width - 10) / CHARACTER_PX;

	/* A letter or two of a longer name say nothing. */
	if (timeline->pitch < 12 || columns < 1 ||
	    (columns < LABEL_MIN && columns < (double)strlen(exec->name)))
		return;
	fprintf(timeline->stream, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">", x + 5,
	    y + timeline->height / 2 + 4);
	html_put_cut(timeline->stream, exec->name, (size_t)columns);
	fputs("</text>", timeline->stream);
}

static void put_bar(struct timeline *timeline, const struct record_exec *exec)
{
	struct row *row = &timeline->rows[exec->lane];
	double x = x_of(timeline, exec->started_us), end = x_of(timeline, exec->stop_us);
	double y = y_of(timeline, exec->lane), width = end - x;

	if (width < 1) {
		if (x - row->narrow[exec->state] < 1)
			return;
		row->narrow[exec->state] = x;
		width = 1;
	}
	timeline->n_bars++;
	put_wait(timeline, exec, x, y);
	row->end = end;
	fprintf(timeline->stream,
	    "<g><rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"%s>",
	    report_state_class(exec->state), x, y, width > 3 ? width - 1 : width, timeline->height,
	    width > 6 && timeline->pitch > 12 ? " rx=\"3\"" : "");
	put_title(timeline->stream, exec);
	fputs("</rect>", timeline->stream);
	if (exec->is_critical && width > 3)
		fprintf(timeline->stream,
		    "<rect class=\"p\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"2\"/>", x,
		    y + timeline->height, width - 1);
	put_label(timeline, exec, x, y, width);
	fputs("</g>\n", timeline->stream);
}

static void put_bars(struct timeline *timeline)
{
	const struct record *record = timeline->record;

	timeline->rows = memory_alloc(timeline->n_rows * sizeof(*timeline->rows));
	for (uint32_t i = 0; i < record->n_by_start && timeline->n_bars < BARS_MAX; i++) {
		const struct record_exec *exec = &record->execs[record->by_start[i]];

		if (exec->lane < timeline->n_rows)
			put_bar(timeline, exec);
	}
	free(timeline->rows);
}

static void put_key(FILE *stream, const struct record *record)
{
	fputs("<p class=\"key\">", stream);
	for (int state = RECORD_RUNNING; state < RECORD_STATES; state++) {
		if (record->n_of_state[state] > 0)
			fprintf(stream, "<span><i class=\"%s\"></i>%s</span>",
			    report_state_class((enum record_state)state),
			    record_state_text((enum record_state)state));
	}
	fputs("<span><i class=\"wait\"></i>waiting, with the slot free</span>"
	      "<span><i class=\"p\"></i>critical path</span></p>\n",
	    stream);
}

void report_put_timeline(FILE *stream, const struct record *record)
{
	struct timeline timeline = {.stream = stream, .record = record};

	if (record->n_lanes == 0)
		return;
	choose_sizes(&timeline);
	fputs("<section><h2>Timeline <small>by slot</small></h2>\n<div class=\"figure\" "
	      "tabindex=\"0\">",
	    stream);
	fprintf(stream,
	    "<svg class=\"time\" viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"Timeline\">\n",
	    WIDTH, y_of(&timeline, timeline.n_rows) + 4);
	put_axis(&timeline);
	put_bars(&timeline);
	fputs("</svg></div>\n", stream);
	put_key(stream, record);
	if (timeline.n_rows < record->n_lanes)
		fprintf(stream, "<p class=\"note\">The first %u of %u slots.</p>\n",
		    timeline.n_rows, record->n_lanes);
	if (timeline.n_bars >= BARS_MAX)
		fprintf(stream,
		    "<p class=\"note\">The first %d bars are drawn; ppctl trace has "
		    "all.</p>\n",
		    BARS_MAX);
	fputs("</section>\n", stream);
}
