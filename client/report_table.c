/*
 * The report's table: a row for each execution, what failed first, then in the order in which they
 * started; what never did comes last.
 */
#include <stdlib.h>

#include "client/html.h"
#include "client/memory.h"
#include "client/output.h"
#include "client/report.h"

#define ROWS_MAX 2000

static int rank_of(const struct record_exec *exec)
{
	if (exec->state == RECORD_FAILED)
		return report_is_own_failure(exec) ? 0 : 1;
	return exec->started_us > 0 ? 2 : 3;
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct record *record = arg;
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	const struct record_exec *one = &record->execs[i], *other = &record->execs[j];
	int one_rank = rank_of(one), other_rank = rank_of(other);

	if (one_rank != other_rank)
		return one_rank - other_rank;
	if (one->started_us != other->started_us)
		return one->started_us < other->started_us ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* A duration in a cell of its own, which is empty without one. */
static void put_duration_cell(FILE *stream, bool has_any, int64_t duration_us)
{
	fputs("<td class=\"r\">", stream);
	if (has_any)
		report_put_duration(stream, duration_us > 0 ? duration_us : 0);
	fputs("</td>", stream);
}

static void put_usage(FILE *stream, const struct record_exec *exec)
{
	char text[BYTES_SIZE];

	put_duration_cell(
	    stream, exec->has_usage, (int64_t)((exec->user_s + exec->system_s) * 1e6));
	output_format_bytes(text, exec->max_rss);
	fprintf(stream, "<td class=\"r\">%s</td>", exec->has_usage ? text : "");
}

static void put_why(FILE *stream, const struct record_exec *exec)
{
	fputs("<td class=\"why\">", stream);
	html_put(stream, exec->reason);
	if (exec->locks) {
		fputs(exec->reason ? "; locks " : "locks ", stream);
		html_put(stream, exec->locks);
	}
	fputs("</td>", stream);
}

static void put_row(FILE *stream, const struct record *record, const struct record_exec *exec)
{
	int64_t waited_until_us = exec->started_us > 0 ? exec->started_us : exec->stop_us;

	fputs("<tr><td class=\"name\">", stream);
	html_put(stream, exec->name);
	fprintf(stream, "</td><td class=\"state %s\">%s</td>", report_state_class(exec->state),
	    record_state_text(exec->state));
	put_duration_cell(stream, exec->started_us > 0, exec->started_us - record->begin_us);
	put_duration_cell(stream, exec->queued_us > 0, waited_until_us - exec->queued_us);
	put_duration_cell(stream, exec->has_run, record_duration_us(exec));
	put_usage(stream, exec);
	put_why(stream, exec);
	fputs("</tr>\n", stream);
}

void report_put_table(FILE *stream, const struct record *record)
{
	uint32_t *rows = memory_alloc(record->n_execs * sizeof(*rows));
	uint32_t n = record->n_execs < ROWS_MAX ? record->n_execs : ROWS_MAX;

	for (uint32_t i = 0; i < record->n_execs; i++)
		rows[i] = i;
	qsort_r(rows, record->n_execs, sizeof(*rows), compare_rows, (void *)record);
	fputs("<section><h2>Procs</h2>\n<div class=\"rows\" "
	      "tabindex=\"0\"><table><thead><tr><th>Name</th><th>State</th>"
	      "<th class=\"r\">Started</th><th class=\"r\">Waited</th><th class=\"r\">Ran</th>"
	      "<th class=\"r\">CPU</th><th "
	      "class=\"r\">Memory</th><th>Remarks</th></tr></thead>\n<tbody>\n",
	    stream);
	for (uint32_t i = 0; i < n; i++)
		put_row(stream, record, &record->execs[rows[i]]);
	fputs("</tbody></table></div>\n", stream);
	if (n < record->n_execs)
		fprintf(stream,
		    "<p class=\"note\">The first %u of %u; ppctl status --run %lld has "
		    "all.</p>\n",
		    n, record->n_execs, (long long)record->run);
	fputs("</section>\n", stream);
	free(rows);
}
