/*
 * The report's page: foreign text in it, and its bounds. How it looks is for a browser:
 * tests/integration/test_record.py.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "client/html.h"
#include "client/report.h"

#define T0 1000000000.0

/* Has put write to memory. New. */
static char *page_of(const struct record *record, void (*put)(FILE *, const struct record *))
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_not_null(stream);
	put(stream, record);
	fclose(stream);
	return text;
}

static void begin(struct record *record, const char *name)
{
	json_t *run = json_pack("{s:i, s:s, s:s, s:f, s:f}", "run", 7, "name", name, "state",
	    "failed", "created_at", T0, "ended_at", T0 + 100);

	record_init(record, run, (int64_t)((T0 + 100) * 1e6));
	json_decref(run);
}

/* Takes deps. */
static void add(struct record *record, const char *name, const char *state, double started,
    double ended, json_t *deps)
{
	json_t *view = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:o*}", "name", name, "state",
	    state, "info", "because <b>of</b> \"this\"", "queued_at", T0, "started_at",
	    T0 + started, "ended_at", T0 + ended, "deps", deps);

	record_add(record, view);
	json_decref(view);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
		n++;
	return n;
}

static void expect_html(const char *text, size_t columns, const char *expected)
{
	char *html = NULL;
	size_t size;
	FILE *stream = open_memstream(&html, &size);

	cr_assert_not_null(stream);
	if (columns > 0)
		html_put_cut(stream, text, columns);
	else
		html_put(stream, text);
	fclose(stream);
	cr_assert_str_eq(html, expected);
	free(html);
}

Test(report, text_is_seen_as_it_is)
{
	expect_html("a::b[c] = d/e", 0, "a::b[c] = d/e");
	expect_html("<a href='x'>&\"</a>", 0, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
	expect_html("&amp;", 0, "&amp;amp;");
	expect_html("grün ∑", 0, "grün ∑");
	expect_html("\xff<\xc3", 0, "\\xff&lt;\\xc3");
	expect_html("a\x1b[31mb\nc\r", 0, "a\\x1b[31mb\\nc\\r");
	expect_html("\xe2\x80\xae<", 0, "\\u202e&lt;");
	expect_html(NULL, 0, "");
}

Test(report, text_is_cut_between_characters)
{
	expect_html("abcdef", 6, "abcdef");
	expect_html("abcdef", 5, "abcd…");
	expect_html("<<<<<<", 3, "&lt;&lt;…");
	expect_html("日本語", 5, "日本…");
	expect_html("日本語", 4, "日…");
	expect_html("ab", 1, "…");
}

Test(report, foreign_text_is_escaped_everywhere)
{
	static const char evil[] = "</title></svg><script>alert(\"1\")</script>&'";
	struct record record;
	char *page;

	begin(&record, evil);
	add(&record, "x", "succeeded", 0, 40, NULL);
	add(&record, evil, "failed", 40, 90, json_pack("[s]", "x"));
	record_finish(&record);
	page = page_of(&record, report_put_page);
	cr_assert_eq(count(page, "<script"), 0);
	cr_assert_eq(count(page, "<b>of"), 0);
	cr_assert_eq(count(page, "\"1\""), 0);
	cr_assert_geq(
	    count(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"), 5);
	cr_assert_eq(count(page, "http:") + count(page, "https:"), 0);
	cr_assert_eq(count(page, "url("), 0);
	free(page);
	record_clear(&record);
}

Test(report, of_what_is_too_much_it_says_how_much_there_is)
{
	enum { N = 2500 };
	struct record record;
	char *page, name[16];

	begin(&record, "many");
	for (int i = 0; i < N; i++) { /* all at once: as many lanes */
		snprintf(name, sizeof(name), "p%d", i);
		add(&record, name, i % 4 ? "succeeded" : "failed", 1, 50 + i % 7,
		    i > 0 ? json_pack("[s]", "p0") : NULL);
	}
	record_finish(&record);
	page = page_of(&record, report_put_timeline);
	cr_assert_not_null(strstr(page, "The first 200 of 2500 slots."));
	cr_assert_eq(count(page, "<g>"), 200);
	free(page);
	page = page_of(&record, report_put_graph);
	cr_assert_not_null(strstr(page, "2500 executions and 2499 dependencies are too many"));
	cr_assert_eq(count(page, "<svg"), 0);
	free(page);
	page = page_of(&record, report_put_table);
	cr_assert_eq(count(page, "<tr><td"), 2000);
	cr_assert_not_null(strstr(page, "The first 2000 of 2500; ppctl status --run 7 has all."));
	free(page);
	page = page_of(&record, report_put_failures);
	cr_assert_eq(count(page, "<article>"), 500);
	cr_assert_not_null(strstr(page, "625 failed"));
	free(page);
	record_clear(&record);
}

Test(report, bars_that_cannot_be_told_apart_are_one_but_failures_are_seen)
{
	enum { N = 50000 };
	struct record record;
	char *page, name[16];

	begin(&record, "many");
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		add(&record, name, i == N / 2 ? "failed" : "succeeded", i * 2e-3, (i + 1) * 2e-3,
		    NULL);
	}
	record_finish(&record);
	cr_assert_eq(record.n_lanes, 1);
	page = page_of(&record, report_put_timeline);
	cr_assert_leq(count(page, "<g>"), 1200);
	cr_assert_geq(count(page, "<g>"), 1000);
	cr_assert_eq(count(page, "<rect class=\"bad\""), 1);
	cr_assert_null(strstr(page, "The first"));
	free(page);
	record_clear(&record);
}

Test(report, a_run_without_executions_is_a_page_too)
{
	struct record record;
	char *page;

	begin(&record, "");
	record_finish(&record);
	page = page_of(&record, report_put_page);
	cr_assert_eq(count(page, "<svg"), 0);
	cr_assert_not_null(strstr(page, "<title>Run 7</title>"));
	cr_assert_not_null(strstr(page, "</html>"));
	free(page);
	record_clear(&record);
}
