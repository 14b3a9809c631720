/*
 * The parts of the page that report writes: each puts one section of HTML about a record. None of
 * them needs anything from outside the page, or a script in it.
 */
#ifndef PARPROC_CLIENT_REPORT_H
#define PARPROC_CLIENT_REPORT_H

#include <stdio.h>

#include "client/record.h"

extern const char report_style[];

/* The lanes as SVG: what ran when, and what waited for a lane that was free. */
void report_put_timeline(FILE *stream, const struct record *record);

/* What depends on what, as SVG, where that is few enough to be seen. */
void report_put_graph(FILE *stream, const struct record *record);

/* What failed by itself, with the telling lines of its log; then what failed for it. */
void report_put_failures(FILE *stream, const struct record *record);

/* All executions as a table, what failed first. */
void report_put_table(FILE *stream, const struct record *record);

/* The whole page. */
void report_put_page(FILE *stream, const struct record *record);

/* --- report_text.c: what the parts share --- */

/* The class in the style that has a state's color. */
const char *report_state_class(enum record_state state);

/* "523ms", "1.2s", "3m05s". */
void report_put_duration(FILE *stream, int64_t duration_us);

/* Whether it failed by what it did itself, rather than because something else failed or somebody
 * canceled it. */
bool report_is_own_failure(const struct record_exec *exec);

#endif
