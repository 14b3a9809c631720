/*
 * What the report says of failures: the telling lines of the logs of what failed by itself, as many
 * as can be read, and in a line what failed because of that.
 */
#include <stdlib.h>
#include <string.h>

#include "client/excerpt.h"
#include "client/html.h"
#include "client/output.h"
#include "client/report.h"

#define LOGS_MAX 40   /* logs that are looked into */
#define SHOWN_MAX 500 /* failures that are shown */
#define LINES_MAX 60  /* of a log */
#define COLUMNS_MAX 300
#define NAMES_MAX 40

static void put_line(const char *line, size_t size, void *arg)
{
	FILE *stream = arg;

	if (!line) {
		fputs("⋯\n", stream);
		return;
	}
	char *shown =
	    output_escape_line(line, size, COLUMNS_MAX, ESCAPE_KEEP_TABS | ESCAPE_STRIP_COLORS);

	html_put_escaped(stream, shown, strlen(shown));
	putc('\n', stream);
	free(shown);
}

static void put_telling(FILE *stream, const json_t *log_ignore, const struct logfile_text *text)
{
	struct telling telling;
	size_t n_lines, n_skipped;

	excerpt_select(log_ignore, text, false, &telling);
	n_lines = excerpt_count_lines(text, &telling);
	n_skipped = n_lines > LINES_MAX ? n_lines - LINES_MAX : 0;
	if (n_lines > 0)
		fputs("<pre>", stream);
	if (n_skipped > 0)
		fprintf(stream, "… %zu more\n", n_skipped);
	excerpt_put_lines(text, &telling, n_skipped, LINES_MAX, put_line, stream);
	if (n_lines > 0)
		fputs("</pre>\n", stream);
	telling_clear(&telling);
}

static void put_log(FILE *stream, const struct record_exec *exec)
{
	struct logfile_text text;

	if (logfile_read(exec->log, &text) == 0) {
		put_telling(stream, exec->log_ignore, &text);
		free(text.bytes);
	}
	fputs("<p class=\"log\">", stream);
	html_put(stream, exec->log);
	fputs("</p>", stream);
}

static void put_failure(FILE *stream, const struct record_exec *exec, bool has_log)
{
	fputs("<article><h3>", stream);
	html_put(stream, exec->name);
	fputs(" <span>", stream);
	html_put(stream, exec->reason);
	fputs("</span> <small>", stream);
	if (exec->has_run) {
		fputs("after ", stream);
		report_put_duration(stream, record_duration_us(exec));
	}
	fputs("</small></h3>\n", stream);
	if (has_log && exec->log)
		put_log(stream, exec);
	fputs("</article>\n", stream);
}

/* What failed without having done anything for it. */
static void put_others(FILE *stream, const struct record *record, uint32_t n_others)
{
	uint32_t n_named = 0;

	if (n_others == 0)
		return;
	fprintf(stream,
	    "<p class=\"note\">%u more failed because of others, or %s canceled: ", n_others,
	    n_others == 1 ? "was" : "were");
	for (uint32_t i = 0; i < record->n_execs && n_named < NAMES_MAX; i++) {
		const struct record_exec *exec = &record->execs[i];

		if (exec->state != RECORD_FAILED || report_is_own_failure(exec))
			continue;
		fputs(n_named++ > 0 ? ", " : "", stream);
		html_put(stream, exec->name);
	}
	fputs(n_named < n_others ? ", …</p>\n" : "</p>\n", stream);
}

void report_put_failures(FILE *stream, const struct record *record)
{
	uint32_t n_shown = 0, n_own = 0;

	if (record->n_of_state[RECORD_FAILED] == 0)
		return;
	fputs("<section><h2>Failures</h2>\n", stream);
	for (uint32_t i = 0; i < record->n_execs; i++) {
		if (!report_is_own_failure(&record->execs[i]))
			continue;
		n_own++;
		if (n_shown < SHOWN_MAX)
			put_failure(stream, &record->execs[i], n_shown++ < LOGS_MAX);
	}
	if (n_own > LOGS_MAX)
		fprintf(stream,
		    "<p class=\"note\">%u failed; the lines of the first %d are "
		    "here.</p>\n",
		    n_own, LOGS_MAX);
	put_others(stream, record, record->n_of_state[RECORD_FAILED] - n_own);
	fputs("</section>\n", stream);
}
