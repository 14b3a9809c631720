/*
 * The report's page: its head, what is said of the whole run, and the other parts in their order.
 */
#include <string.h>

#include "client/html.h"
#include "client/output.h"
#include "client/report.h"

#define PATH_MAX_NAMES 40

/* How the run stands, as a state of an execution has the same color. */
static enum record_state color_of(const struct record *record)
{
	if (strcmp(record->state, "succeeded") == 0)
		return RECORD_SUCCEEDED;
	return strcmp(record->state, "failed") == 0 ? RECORD_FAILED : RECORD_RUNNING;
}

static void put_name(FILE *stream, const struct record *record)
{
	fprintf(stream, "Run %lld", (long long)record->run);
	if (record->name) {
		fputs(": ", stream);
		html_put(stream, record->name);
	}
}

static void put_head(FILE *stream, const struct record *record)
{
	char text[TIME_SIZE];

	/* Nothing of the page is fetched or run, whatever is in it. */
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	    stream);
	put_name(stream, record);
	fprintf(stream, "</title>\n<style>\n%s</style></head>\n<body><main>\n<header><h1>",
	    report_style);
	put_name(stream, record);
	fprintf(stream, "</h1><span class=\"state %s\">", report_state_class(color_of(record)));
	html_put(stream, record->state);
	output_format_time(text, (double)record->created_us / 1e6);
	fprintf(stream, "</span><p>%s</p></header>\n", text);
}

static void begin_figure(FILE *stream, const char *label)
{
	fprintf(stream, "<div><dt>%s</dt><dd>", label);
}

static void put_figure_duration(FILE *stream, const char *label, int64_t duration_us)
{
	begin_figure(stream, label);
	report_put_duration(stream, duration_us);
	fputs("</dd></div>\n", stream);
}

static void put_figure_count(FILE *stream, const char *label, uint32_t count)
{
	begin_figure(stream, label);
	fprintf(stream, "%u</dd></div>\n", count);
}

static void put_figures(FILE *stream, const struct record *record)
{
	static const char *const labels[RECORD_STATES] = {
	    "Waiting", "Running", "Succeeded", "Failed", "Skipped", "Up to date"};

	fputs("<dl>\n", stream);
	put_figure_duration(
	    stream, record->ended_us > 0 ? "Time" : "Time so far", record_makespan_us(record));
	put_figure_duration(stream, "Critical path", record->critical_us);
	put_figure_duration(stream, "CPU", (int64_t)(record->cpu_s * 1e6));
	put_figure_count(stream, "At once", record->n_lanes);
	put_figure_count(stream, "Procs", record->n_execs);
	for (int state = 0; state < RECORD_STATES; state++) {
		if (record->n_of_state[state] > 0)
			put_figure_count(stream, labels[state], record->n_of_state[state]);
	}
	fputs("</dl>\n", stream);
}

static void put_path(FILE *stream, const struct record *record)
{
	uint32_t n = record->n_critical < PATH_MAX_NAMES ? record->n_critical : PATH_MAX_NAMES;

	if (n < 2)
		return;
	fputs("<p class=\"path\">Critical path: ", stream);
	for (uint32_t i = 0; i < n; i++) {
		const struct record_exec *exec = &record->execs[record->critical[i]];

		fputs(i > 0 ? " <i>→</i> <b>" : "<b>", stream);
		html_put(stream, exec->name);
		fputs("</b> ", stream);
		report_put_duration(stream, record_duration_us(exec));
	}
	if (n < record->n_critical)
		fprintf(stream, " <i>→</i> and %u more", record->n_critical - n);
	fputs("</p>\n", stream);
}

void report_put_page(FILE *stream, const struct record *record)
{
	put_head(stream, record);
	put_figures(stream, record);
	put_path(stream, record);
	report_put_failures(stream, record);
	report_put_timeline(stream, record);
	report_put_graph(stream, record);
	report_put_table(stream, record);
	fputs("</main></body></html>\n", stream);
}
