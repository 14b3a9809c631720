/*
 * What ppctl top knows, what it looks like, and which keys are which.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/keys.h"
#include "client/top_frame.h"
#include "client/top_model.h"

static struct top_model model;
static const struct output colorless = {.stream = NULL};
static struct top_look look;

static void set_up(void)
{
	top_model_init(&model);
	look = (struct top_look){
	    .place = {.output = &colorless, .columns = 60, .rows = 16, .now_s = 110},
	    .workspace = "/ws",
	    .server = "parproc 1",
	    .parallel = 4,
	};
}

static void tear_down(void)
{
	top_model_clear(&model);
}

TestSuite(top, .init = set_up, .fini = tear_down);

/* A view of the execution of that number in run 1, which was queued at 100. */
static json_t *make_view(int exec, const char *name, const char *state)
{
	json_t *view = json_pack("{s:i, s:i, s:s, s:s, s:f}", "exec", exec, "run", 1, "name", name,
	    "state", state, "queued_at", 100.0);

	cr_assert_not_null(view);
	return view;
}

/* Takes the view. */
static void note(json_t *view)
{
	top_model_note(&model, view);
	json_decref(view);
}

static void note_at(int exec, const char *name, const char *state, double at_s)
{
	json_t *view = make_view(exec, name, state);

	if (strcmp(state, "running") == 0)
		json_object_set_new(view, "started_at", json_real(at_s));
	else if (strcmp(state, "wanted") != 0)
		json_object_set_new(view, "ended_at", json_real(at_s));
	note(view);
}

/* The names in a window of so many rows, the selected one in brackets. */
static void expect_window(size_t n_rows, const char *wanted)
{
	struct top_item *rows[100];
	size_t count = top_model_get_window(&model, rows, n_rows);
	char text[1000] = "";

	for (size_t i = 0; i < count; i++) {
		bool is_selected = rows[i] == model.selected;

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s",
		    i > 0 ? " " : "", is_selected ? "[" : "", rows[i]->name,
		    is_selected ? "]" : "");
	}
	cr_assert_str_eq(text, wanted);
}

/* ---- the order ---- */

Test(top, the_longest_runs_first_and_the_newest_end_comes_first)
{
	note_at(1, "ok1", "succeeded", 101);
	note_at(2, "ok2", "skipped", 102);
	note_at(3, "wait1", "wanted", 0);
	note_at(4, "run2", "running", 105);
	note_at(5, "run1", "running", 104);
	note_at(6, "bad1", "failed", 106);
	note_at(7, "bad2", "failed", 107);
	note_at(8, "wait2", "wanted", 0);
	expect_window(20, "[run1] run2 bad2 bad1 wait1 wait2 ok2 ok1");
	cr_assert_eq(model.progress.n_running, 2);
	cr_assert_eq(model.progress.n_waiting, 2);
	cr_assert_eq(model.progress.n_failed, 2);
	cr_assert_eq(model.progress.n_succeeded, 1);
	cr_assert_eq(model.progress.n_skipped, 1);
}

Test(top, pages_are_sorted_at_their_end)
{
	top_model_begin_loading(&model);
	note_at(3, "c", "running", 103);
	note_at(1, "a", "running", 101);
	note_at(2, "b", "running", 102);
	note_at(4, "d", "succeeded", 104);
	note_at(5, "e", "succeeded", 105);
	note_at(6, "f", "succeeded", 103);
	top_model_end_loading(&model);
	expect_window(20, "[a] b c e d f");
}

Test(top, what_is_complete_stays_so)
{
	note_at(1, "a", "running", 101);
	note_at(1, "a", "succeeded", 102);
	note_at(1, "a", "succeeded", 102);
	note_at(1, "a", "running", 101);
	cr_assert_eq(model.progress.n_succeeded, 1);
	cr_assert_eq(model.n_listed[TOP_FINISHED], 1);
	cr_assert_eq(model.n_listed[TOP_RUNNING], 0);
}

Test(top, views_that_say_nothing_are_passed_over)
{
	note(json_pack("{s:s, s:s}", "name", "idle", "state", "idle"));
	note(make_view(1, "new", "some_newer_state"));
	note(json_object());
	top_model_note(&model, NULL);
	expect_window(20, "");
}

Test(top, among_all_runs_another_run_ends_nothing)
{
	json_t *view;

	note_at(1, "a", "running", 101);
	view = make_view(1, "a", "failed");
	json_object_set_new(view, "run", json_integer(2));
	note(view);
	cr_assert_eq(model.n_listed[TOP_RUNNING], 1);
	top_model_set_scope(&model, 2);
	note_at(1, "a", "running", 101);
	view = make_view(1, "a", "failed");
	json_object_set_new(view, "run", json_integer(2));
	note(view);
	cr_assert_eq(model.n_listed[TOP_FAILED], 1);
}

Test(top, of_what_has_ended_the_oldest_goes)
{
	for (int i = 1; i <= TOP_ENDED_MAX + 10; i++)
		note_at(i, "a", "succeeded", 100 + i);
	cr_assert_eq(model.n_listed[TOP_FINISHED], TOP_ENDED_MAX);
	cr_assert_eq(model.progress.n_succeeded, TOP_ENDED_MAX + 10);
	cr_assert_eq(model.sections[TOP_FINISHED]->exec, TOP_ENDED_MAX + 10);
}

Test(top, of_what_has_ended_the_oldest_goes_whatever_is_listed)
{
	note_at(1, "listed", "succeeded", 101);
	for (int i = 2; i <= TOP_ENDED_MAX; i++)
		note_at(i, i == TOP_ENDED_MAX ? "listed too" : "a", "succeeded", 100 + i);
	top_model_set_filter(&model, "listed");
	note_at(99998, "a", "succeeded", 99998);
	expect_window(9, "[listed too]");
	note_at(99999, "a", "succeeded", 99999);
	expect_window(9, "[listed too]");
	cr_assert_eq(HASH_COUNT(model.items), TOP_ENDED_MAX);
	top_model_set_filter(&model, "");
	cr_assert_eq(model.n_listed[TOP_FINISHED], TOP_ENDED_MAX);
	cr_assert_eq(model.sections[TOP_FINISHED]->prev->exec, 3);
}

static void note_in_run(int exec, const char *name, const char *state, int run)
{
	json_t *view = make_view(exec, name, state);

	json_object_set_new(view, "run", json_integer(run));
	json_object_set_new(view, "ended_at", json_real(100 + exec));
	note(view);
}

Test(top, what_has_ended_in_a_run_goes_with_it)
{
	note_in_run(1, "ok1", "succeeded", 1);
	note_in_run(2, "bad1", "failed", 1);
	note_in_run(3, "ok2", "succeeded", 2);
	note_in_run(4, "skip1", "skipped", 1);
	note_in_run(5, "wait1", "wanted", 1);
	top_model_move(&model, 2);
	expect_window(20, "bad1 wait1 [skip1] ok2 ok1");
	top_model_forget_run(&model, 1);
	expect_window(20, "wait1 [ok2]");
	cr_assert_eq(model.progress.n_succeeded, 1);
	cr_assert_eq(model.progress.n_failed, 0);
	cr_assert_eq(model.progress.n_skipped, 0);
	cr_assert_eq(model.progress.n_waiting, 1);
	top_model_forget_run(&model, 1);
	top_model_forget_run(&model, 3);
	note_in_run(6, "ok3", "succeeded", 1);
	expect_window(20, "wait1 ok3 [ok2]");
}

Test(top, a_run_that_goes_takes_what_is_not_kept_out_of_the_totals)
{
	for (int i = 0; i < TOP_ENDED_MAX + 10; i++)
		note_in_run(i, "a", "succeeded", 1);
	note_in_run(TOP_ENDED_MAX + 10, "b", "succeeded", 2);
	top_model_forget_run(&model, 1);
	expect_window(20, "[b]");
	cr_assert_eq(model.progress.n_succeeded, 1);
	cr_assert_eq(model.n_ended[TOP_FINISHED], 1);
}

Test(top, there_are_not_more_than_so_many)
{
	top_model_begin_loading(&model);
	for (int i = 1; i <= TOP_ITEMS_MAX + 1; i++)
		note_at(i, "a", "wanted", 0);
	cr_assert(model.is_cut);
	cr_assert_eq(model.n_listed[TOP_WAITING], TOP_ITEMS_MAX);
	note_at(1, "a", "running", 101);
	cr_assert_eq(model.n_listed[TOP_RUNNING], 1);
}

/* ---- the selection ---- */

static void note_ten(void)
{
	static const char *const names[] = {
	    "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"};

	for (int i = 0; i < 10; i++)
		note_at(i + 1, names[i], "running", 101 + i);
}

Test(top, the_selection_moves_within_the_window_then_with_it)
{
	note_ten();
	expect_window(3, "[p0] p1 p2");
	top_model_move(&model, 2);
	expect_window(3, "p0 p1 [p2]");
	top_model_move(&model, 1);
	expect_window(3, "p1 p2 [p3]");
	top_model_move(&model, -1);
	expect_window(3, "p1 [p2] p3");
	top_model_move(&model, -100);
	expect_window(3, "[p0] p1 p2");
	top_model_move(&model, LONG_MAX);
	expect_window(3, "p7 p8 [p9]");
	top_model_move(&model, 1);
	expect_window(3, "p7 p8 [p9]");
	top_model_move(&model, LONG_MIN);
	expect_window(3, "[p0] p1 p2");
	expect_window(0, "");
	expect_window(1, "[p0]");
}

Test(top, moving_in_an_empty_list_selects_nothing)
{
	top_model_move(&model, 1);
	top_model_move(&model, -1);
	top_model_move(&model, LONG_MAX);
	expect_window(3, "");
	note_ten();
	expect_window(2, "[p0] p1");
}

Test(top, who_has_not_moved_sees_the_top)
{
	note_at(20, "w", "wanted", 0);
	expect_window(3, "[w]");
	note_ten();
	expect_window(3, "[p0] p1 p2");
}

Test(top, what_ends_leaves_the_selection_in_its_place)
{
	note_ten();
	top_model_move(&model, 1);
	expect_window(4, "p0 [p1] p2 p3");
	note_at(2, "p1", "succeeded", 109);
	expect_window(4, "p0 [p2] p3 p4");
	note_at(1, "p0", "succeeded", 109);
	expect_window(4, "[p2] p3 p4 p5");
}

Test(top, the_last_one_hands_its_selection_on)
{
	note_at(1, "a", "running", 101);
	note_at(2, "b", "running", 102);
	top_model_move(&model, 1);
	expect_window(4, "a [b]");
	note_at(2, "b", "failed", 103);
	expect_window(4, "[a] b");
	note_at(1, "a", "failed", 104);
	expect_window(4, "a [b]");
}

Test(top, a_window_is_full_where_there_is_enough)
{
	note_ten();
	top_model_move(&model, 9);
	expect_window(3, "p7 p8 [p9]");
	expect_window(5, "p5 p6 p7 p8 [p9]");
	expect_window(20, "p0 p1 p2 p3 p4 p5 p6 p7 p8 [p9]");
	expect_window(2, "p8 [p9]");
}

/* ---- what is hidden ---- */

Test(top, a_filter_is_a_part_of_the_name_or_a_glob)
{
	note_at(1, "build::prod", "running", 101);
	note_at(2, "build::dev", "running", 102);
	note_at(3, "test::prod", "wanted", 0);
	top_model_set_filter(&model, "PROD");
	expect_window(9, "[build::prod] test::prod");
	note_at(4, "late::prod", "wanted", 0);
	note_at(5, "late::dev", "wanted", 0);
	expect_window(9, "[build::prod] test::prod late::prod");
	top_model_set_filter(&model, "build::*");
	expect_window(9, "[build::prod] build::dev");
	top_model_set_filter(&model, "b*prod");
	expect_window(9, "[build::prod]");
	top_model_set_filter(&model, "none");
	expect_window(9, "");
	note_at(1, "build::prod", "succeeded", 103);
	expect_window(9, "");
	top_model_set_filter(&model, "");
	expect_window(9, "[build::dev] test::prod late::prod late::dev build::prod");
}

Test(top, a_filter_while_pages_come_ends_no_loading)
{
	top_model_set_filter(&model, "a");
	cr_assert_not(model.is_loading);
	top_model_begin_loading(&model);
	note_at(1, "a1", "running", 103);
	top_model_set_filter(&model, "");
	cr_assert(model.is_loading);
	note_at(2, "a2", "running", 102);
	top_model_end_loading(&model);
	expect_window(9, "[a2] a1");
}

Test(top, the_selection_survives_a_filter_that_it_matches)
{
	note_ten();
	top_model_move(&model, 5);
	top_model_set_filter(&model, "5");
	expect_window(3, "[p5]");
	top_model_set_filter(&model, "");
	expect_window(20, "p0 p1 p2 p3 p4 [p5] p6 p7 p8 p9");
	top_model_set_filter(&model, "6");
	expect_window(3, "[p6]");
}

Test(top, what_has_finished_can_be_hidden)
{
	note_at(1, "run", "running", 101);
	note_at(2, "ok", "succeeded", 102);
	note_at(3, "bad", "failed", 103);
	top_model_move(&model, LONG_MAX);
	expect_window(9, "run bad [ok]");
	top_model_hide_finished(&model, true);
	expect_window(9, "run [bad]");
	top_model_move(&model, 5);
	expect_window(9, "run [bad]");
	top_model_hide_finished(&model, false);
	expect_window(9, "run [bad] ok");
}

/* ---- runs ---- */

static void note_runs(const char *text, bool is_all)
{
	json_t *runs = json_loads(text, 0, NULL);

	cr_assert_not_null(runs);
	top_runs_note(&model.runs, runs, is_all);
	json_decref(runs);
}

Test(top, how_many_runs_to_ask_for)
{
	cr_assert_eq(top_runs_get_depth(&model.runs), 0);
	note_runs("[{\"run\": 5, \"state\": \"failed\"}]", true);
	cr_assert_eq(top_runs_get_depth(&model.runs), 0);
	note_runs("[{\"run\": 5, \"state\": \"failed\"}, {\"run\": 4, \"state\": \"active\"},"
	          " {\"run\": 3, \"state\": \"succeeded\"}, {\"run\": 2, \"state\": \"active\"},"
	          " {\"run\": 1, \"state\": \"failed\"}]",
	    true);
	cr_assert_eq(top_runs_get_depth(&model.runs), 4);
	note_runs("[{\"run\": 6, \"state\": \"failed\"}]", false);
	cr_assert_eq(top_runs_get_depth(&model.runs), 5);
}

Test(top, active_runs_come_first)
{
	note_runs("[]", true);
	cr_assert_eq(model.runs.count, 0);
	note_runs("[{\"run\": 5, \"state\": \"failed\"}, {\"run\": 4, \"state\": \"active\"},"
	          " {\"run\": 3, \"state\": \"succeeded\"}, {\"run\": 2, \"state\": \"active\"}]",
	    true);
	cr_assert_eq(model.runs.n_active, 2);
	cr_assert_eq(model.runs.items[0].run, 4);
	cr_assert_eq(model.runs.items[1].run, 2);
	cr_assert_eq(model.runs.items[2].run, 5);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, 0), 0);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, -1), 0);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, 1), 4);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, LONG_MAX), 3);
	top_model_set_scope(&model, 5);
	cr_assert_eq(top_runs_find(&model.runs, model.scope), 3);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, -1), 2);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, 1), 3);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, 2), 3);
	cr_assert_eq(top_runs_step(&model.runs, model.scope, LONG_MIN), 0);
}

Test(top, a_run_that_is_forgotten_goes)
{
	note_runs("[{\"run\": 5, \"state\": \"failed\"}, {\"run\": 4, \"state\": \"active\"},"
	          " {\"run\": 3, \"state\": \"succeeded\"}]",
	    true);
	top_model_forget_run(&model, 5);
	cr_assert_eq(model.runs.count, 2);
	cr_assert_eq(model.runs.n_active, 1);
	top_model_forget_run(&model, 4); /* that it was over had not been heard of */
	cr_assert_eq(model.runs.n_active, 0);
	top_model_forget_run(&model, 3);
	top_model_forget_run(&model, 3);
	cr_assert_eq(model.runs.count, 0);
}

Test(top, a_run_that_an_answer_is_too_short_for_stays)
{
	note_runs(
	    "[{\"run\": 2, \"state\": \"succeeded\"}, {\"run\": 1, \"state\": \"active\"}]", true);
	note_runs(
	    "[{\"run\": 4, \"state\": \"active\"}, {\"run\": 3, \"state\": \"active\"}]", false);
	cr_assert_eq(model.runs.count, 4);
	cr_assert_eq(model.runs.n_active, 3);
	cr_assert_eq(model.runs.items[2].run, 1);
	note_runs(
	    "[{\"run\": 4, \"state\": \"active\"}, {\"run\": 1, \"state\": \"failed\"}]", false);
	cr_assert_eq(model.runs.n_active, 1);
	cr_assert_eq(model.runs.count, 2);
	note_runs("[{\"run\": 5, \"state\": \"active\"}]", true);
	cr_assert_eq(model.runs.count, 1);
}

/* ---- frames ---- */

/* The frame's lines are these, without the empty ones before the last; each fits. */
static void expect_frame(const char *wanted)
{
	char *text = NULL;
	size_t size, n_lines;
	FILE *stream = open_memstream(&text, &size);
	char **lines = top_frame_make(&model, &look, &n_lines);

	cr_assert_eq(n_lines, look.place.rows);
	for (size_t i = 0; i < n_lines; i++) {
		if (lines[i][0])
			fprintf(stream, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	fclose(stream);
	cr_assert_str_eq(text, wanted);
	free(text);
}

Test(top, a_frame_has_it_all)
{
	json_t *view = make_view(3, "link", "wanted");

	json_object_set_new(view, "waits", json_string("waits for cc"));
	note(view);
	note_at(1, "cc", "running", 105);
	note_at(2, "bad", "failed", 102);
	note_runs("[{\"run\": 1, \"state\": \"active\", \"procs\": 4, \"complete\": 2,"
	          " \"failed\": 1, \"created_at\": 100, \"name\": \"site\"}]",
	    true);
	look.pane = TOP_PANE_RUNS;
	expect_frame("slots 1/4  load 0.00  parproc 1  /ws\n"
	             "10.0s, 1 failed, 1 running, 1 waiting\n"
	             "\033[7m> all active runs: 1                                        \033[0m\n"
	             "  run 1 site  active  2/4  10.0s  1 failed  ========--------\n"
	             "  NAME      STATE         TIME  REASON\n"
	             "> cc        running       5.0s  \n"
	             "  bad       failed              failed\n"
	             "  link      wanted       10.0s  waits for cc\n"
	             "q quit  ? help  Tab runs  / filter  l log  w why  c cancel\n");
}

Test(top, a_frame_fits_everywhere)
{
	note_at(1, "\xe6\x9d\xb1\xe4\xba\xac\033[2J", "running", 105);
	note_runs("[{\"run\": 1, \"state\": \"active\", \"procs\": 1, \"complete\": 0}]", true);
	for (size_t rows = 1; rows < 30; rows++) {
		for (size_t columns = 1; columns < 100; columns += 7) {
			char **lines;
			size_t n_lines;

			look.place.rows = rows;
			look.place.columns = columns;
			look.pane = rows % 2 ? TOP_PANE_PROCS : TOP_PANE_RUNS;
			lines = top_frame_make(&model, &look, &n_lines);
			cr_assert_eq(n_lines, rows);
			for (size_t i = 0; i < n_lines; i++) {
				char *line = lines[i];

				cr_assert_null(strstr(line, "\033[2J"));
				if (strncmp(line, "\033[7m", 4) == 0) {
					line += 4;
					line[strlen(line) - 4] = '\0';
				}
				cr_assert_leq(output_width(line), columns, "%s", line);
				free(lines[i]);
			}
			free(lines);
		}
	}
}

/* ---- keys ---- */

static void expect_key(const char *bytes, bool is_final, size_t length, enum key_kind kind)
{
	struct key key;

	cr_assert_eq(keys_read(&key, bytes, strlen(bytes), is_final), length);
	if (length > 0)
		cr_assert_eq(key.kind, kind);
}

Test(top, keys_are_told_from_each_other)
{
	expect_key("", true, 0, KEY_OTHER);
	expect_key("q", false, 1, KEY_TEXT);
	expect_key("\xe6\x9d\xb1q", false, 3, KEY_TEXT);
	expect_key("\xe6\x9d", false, 0, KEY_TEXT);
	expect_key("\xe6\x9d", true, 2, KEY_OTHER);
	expect_key("\xff", false, 1, KEY_OTHER);
	expect_key("\r", false, 1, KEY_ENTER);
	expect_key("\t", false, 1, KEY_TAB);
	expect_key("\177", false, 1, KEY_BACKSPACE);
	expect_key("\033[A", false, 3, KEY_UP);
	expect_key("\033OB", false, 3, KEY_DOWN);
	expect_key("\033[5~x", false, 4, KEY_PAGE_UP);
	expect_key("\033[1~", false, 4, KEY_HOME);
	expect_key("\033[8~", false, 4, KEY_END);
	expect_key("\033[1;5A", false, 6, KEY_OTHER);
	expect_key("\033x", false, 2, KEY_OTHER);
	expect_key("\001", false, 1, KEY_OTHER);
}

Test(top, an_escape_waits_for_what_follows)
{
	expect_key("\033", false, 0, KEY_OTHER);
	expect_key("\033", true, 1, KEY_ESCAPE);
	expect_key("\033[", false, 0, KEY_OTHER);
	expect_key("\033[", true, 2, KEY_OTHER);
	expect_key("\033[1", true, 3, KEY_OTHER);
	expect_key("\033\033", false, 1, KEY_ESCAPE);
}
