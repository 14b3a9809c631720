/*
 * What the live display knows of a run, and what a frame of it looks like.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/live_frame.h"
#include "client/progress.h"

static struct progress progress;
static const struct output colorless = {.stream = NULL};
static struct live_place place;

static void set_up(void)
{
	progress_init(&progress);
	place = (struct live_place){
	    .output = &colorless, .columns = 60, .rows = 24, .is_utf8 = true, .now_s = 110};
}

static void tear_down(void)
{
	progress_clear(&progress);
}

TestSuite(live, .init = set_up, .fini = tear_down);

/* A view of the execution of that number, queued at 100 and started at 105. */
static void note(int exec, const char *name, const char *state, const char *deps, const char *lock)
{
	json_t *view = json_pack("{s:s, s:s, s:i, s:f, s:f, s:o, s:o}", "name", name, "state",
	    state, "exec", exec, "queued_at", 100.0, "started_at", 105.0, "deps", json_array(),
	    "locks", json_array());

	cr_assert_not_null(view);
	for (size_t length; *deps; deps += length + (deps[length] == ' ')) {
		length = strcspn(deps, " ");
		json_array_append_new(json_object_get(view, "deps"), json_stringn(deps, length));
	}
	if (lock)
		json_array_append_new(json_object_get(view, "locks"), json_string(lock));
	progress_note(&progress, view);
	json_decref(view);
}

static void note_duration(const char *name, double seconds)
{
	json_t *durations = json_pack("{s:f}", name, seconds);

	progress_note_durations(&progress, durations);
	json_decref(durations);
}

/* The frame's lines are these, each ended by a newline. */
static void expect_frame(const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct live_frame frame;

	live_frame_make(&frame, &progress, &place);
	for (size_t i = 0; i < frame.n_lines; i++) {
		fprintf(stream, "%s\n", frame.lines[i]);
		cr_assert_lt(output_width(frame.lines[i]), place.columns, "%s", frame.lines[i]);
	}
	fclose(stream);
	live_frame_clear(&frame);
	cr_assert_str_eq(text, wanted);
	free(text);
}

/* ---- what is known ---- */

Test(live, states_are_counted)
{
	note(1, "a", "wanted", "", NULL);
	note(2, "b", "wanted", "a", NULL);
	cr_assert_eq(progress.n_waiting, 2);
	note(1, "a", "running", "", NULL);
	note(1, "a", "running", "", NULL);
	cr_assert_eq(progress.n_waiting, 1);
	cr_assert_eq(progress.n_running, 1);
	note(1, "a", "succeeded", "", NULL);
	note(2, "b", "skipped", "a", NULL);
	note(3, "c", "up_to_date", "", NULL);
	note(4, "d", "failed", "", NULL);
	cr_assert_eq(progress.n_waiting + progress.n_running, 0);
	cr_assert_eq(progress.n_succeeded, 1);
	cr_assert_eq(progress.n_skipped, 2);
	cr_assert_eq(progress.n_failed, 1);
}

Test(live, what_is_pending_says_why)
{
	json_t *view = json_pack("{s:s, s:s, s:i, s:f, s:s}", "name", "a", "state", "running",
	    "exec", 1, "started_at", 105.0, "pending", "pending in Slurm: Resources");

	progress_note(&progress, view);
	cr_assert_str_eq(TAILQ_FIRST(&progress.running)->pending, "pending in Slurm: Resources");
	json_object_del(view, "pending");
	progress_note(&progress, view);
	cr_assert_null(TAILQ_FIRST(&progress.running)->pending);
	json_decref(view);
}

static void expect_reason(const char *wanted)
{
	char *reason = progress_reason(&progress, TAILQ_LAST(&progress.waiting, progress_list));

	cr_assert_str_eq(reason, wanted);
	free(reason);
}

Test(live, what_waits_has_a_reason)
{
	note(1, "a", "running", "", "l");
	note(2, "b", "wanted", "a", NULL);
	expect_reason("a");
	note(3, "c", "wanted", "a b x", "l");
	expect_reason("a, b");
	note(4, "d", "wanted", "a b c", NULL);
	expect_reason("a, b and 1 more");
	note(5, "e", "wanted", "x", "l");
	expect_reason("the lock l, held by a");
	note(6, "f", "wanted", "", "m");
	expect_reason("its turn");
}

Test(live, durations_are_asked_for_once)
{
	json_t *names;

	note(1, "a", "running", "", NULL);
	note(2, "b", "wanted", "", NULL);
	note(3, "c", "wanted", "", NULL);
	names = progress_wanted_durations(&progress, 2);
	cr_assert_eq(json_array_size(names), 2);
	cr_assert_str_eq(json_string_value(json_array_get(names, 0)), "a");
	json_decref(names);
	names = progress_wanted_durations(&progress, 2);
	cr_assert_eq(json_array_size(names), 1);
	json_decref(names);
	names = progress_wanted_durations(&progress, 2);
	cr_assert_eq(json_array_size(names), 0);
	json_decref(names);
}

Test(live, what_is_left_is_told_where_enough_is_known)
{
	note(1, "a", "running", "", NULL);
	cr_assert_lt(progress_left_s(&progress, 110), 0);
	note_duration("a", 8);
	cr_assert_float_eq(progress_left_s(&progress, 110), 3, 1e-9);
	cr_assert_float_eq(progress_left_s(&progress, 120), 0, 1e-9);
	note(2, "b", "wanted", "", NULL);
	cr_assert_float_eq(progress_left_s(&progress, 110), 6, 1e-9, "it is guessed for b");
	note_duration("b", 10);
	cr_assert_float_eq(progress_left_s(&progress, 110), 13, 1e-9);
	note(3, "c", "running", "", NULL);
	note_duration("c", 8);
	cr_assert_float_eq(progress_left_s(&progress, 110), 8, 1e-9, "two run at a time");
	note(2, "b", "succeeded", "", NULL);
	cr_assert_float_eq(progress_left_s(&progress, 110), 3, 1e-9, "the longest");
	note_duration("gone", 8);
}

/* ---- what it looks like ---- */

Test(live, nothing_is_shown_of_nothing)
{
	expect_frame("");
}

Test(live, a_frame_has_what_runs_and_waits_and_totals)
{
	note(1, "first", "running", "", NULL);
	note(2, "second::東京", "running", "", NULL);
	note(3, "third", "wanted", "first", NULL);
	note(4, "done", "succeeded", "", NULL);
	note_duration("first", 10);
	expect_frame("⠋ first           5.0s  ━━━━━━━━━━──────────\n"
	             "⠋ second::東京    5.0s\n"
	             "· third waits for first\n"
	             "10.0s · 2 running · 1 waiting · 1 ok\n");
}

Test(live, a_bar_is_never_full)
{
	note(1, "a", "running", "", NULL);
	note_duration("a", 0.1);
	expect_frame("⠋ a           5.0s  ━━━━━━━━━━━━━━━━━━━─\n"
	             "10.0s, ~0s left · 1 running\n");
}

Test(live, without_utf8_it_is_ascii)
{
	place.is_utf8 = false;
	place.tick = 3;
	note(1, "a", "running", "", NULL);
	note(2, "b", "wanted", "a", NULL);
	note_duration("a", 10);
	note_duration("b", 10);
	expect_frame("\\ a           5.0s  ==========----------\n"
	             ". b waits for a\n"
	             "10.0s, ~15s left, 1 running, 1 waiting\n");
}

Test(live, a_small_terminal_gets_what_fits)
{
	place.rows = 4;
	place.columns = 20;
	for (int i = 0; i < 5; i++)
		note(i + 1, "a::long::name", "running", "", NULL);
	note(9, "b", "wanted", "", NULL);
	expect_frame("⠋ a::long:    5.0s\n"
	             "… 4 more running\n"
	             "10.0s · 5 running\n");
	place.rows = 2;
	expect_frame("10.0s · 5 running\n");
	place.rows = 1;
	place.columns = 1;
	expect_frame("\n");
}

Test(live, names_cannot_command_the_terminal)
{
	note(1, "a\033[2Jb", "running", "", NULL);
	expect_frame("⠋ a\\x1b[2Jb    5.0s\n"
	             "10.0s · 1 running\n");
}

Test(live, a_thousand_that_run_are_a_few_lines)
{
	struct live_frame frame;
	char name[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		note(i + 1, name, "running", "", NULL);
	}
	live_frame_make(&frame, &progress, &place);
	cr_assert_leq(frame.n_lines, LIVE_LINES_MAX);
	live_frame_clear(&frame);
}

Test(live, names_that_are_cut_close_their_links)
{
	static const struct output linked = {.stream = NULL, .has_links = true};
	json_t *view = json_pack("{s:s, s:s, s:i, s:f, s:f, s:s}", "name",
	    "a-name-that-is-much-too-long-for-this", "state", "running", "exec", 1, "queued_at",
	    100.0, "started_at", 105.0, "log", "/a b");
	struct live_frame frame;

	progress_note(&progress, view);
	json_decref(view);
	place.output = &linked;
	place.columns = 24;
	live_frame_make(&frame, &progress, &place);
	cr_assert_not_null(strstr(frame.lines[0], "/a%20b\033\\a-name"), "%s", frame.lines[0]);
	cr_assert_not_null(strstr(frame.lines[0], "\033]8;;\033\\"), "%s", frame.lines[0]);
	cr_assert_lt(output_width(frame.lines[0]), place.columns);
	live_frame_clear(&frame);
}

static void note_attempt(const char *state, int attempt, const char *log)
{
	json_t *view = json_pack("{s:s, s:s, s:i, s:f, s:f, s:s, s:i, s:i}", "name", "a", "state",
	    state, "exec", 1, "queued_at", 100.0, "started_at", 105.0, "log", log, "attempt",
	    attempt, "attempts", 3);

	if (strcmp(state, "wanted") == 0)
		json_object_set_new(view, "retry_at", json_real(112));
	progress_note(&progress, view);
	json_decref(view);
}

Test(live, attempts_are_told_and_have_links_of_their_own)
{
	static const struct output linked = {.stream = NULL, .has_links = true};
	struct live_frame frame;

	note_attempt("running", 1, "/first");
	expect_frame("⠋ a           5.0s\n"
	             "10.0s · 1 running\n");
	note_attempt("wanted", 1, "/first");
	expect_frame("· a is tried again in 2.0s, 2 of 3\n"
	             "10.0s · 1 waiting\n");
	note_attempt("running", 2, "/second");
	expect_frame("⠋ a           5.0s  attempt 2 of 3\n"
	             "10.0s · 1 running\n");
	place.output = &linked;
	live_frame_make(&frame, &progress, &place);
	cr_assert_not_null(strstr(frame.lines[0], "/second\033\\a"), "%s", frame.lines[0]);
	live_frame_clear(&frame);
}

Test(live, a_snapshot_takes_away_what_it_does_not_tell_of)
{
	note(1, "a", "running", "", NULL);
	note(2, "b", "running", "", NULL);
	note(3, "c", "wanted", "a b", NULL);
	note(4, "d", "wanted", "", NULL);
	note_duration("b", 10);
	note_duration("d", 10);
	progress_begin_snapshot(&progress);
	note(1, "a", "running", "", NULL);
	note(3, "c", "wanted", "a b", NULL);
	note(5, "e", "wanted", "c", NULL); /* of an event meanwhile */
	progress_end_snapshot(&progress);
	cr_assert_eq(progress.n_running, 1);
	cr_assert_eq(progress.n_waiting, 2);
	cr_assert_eq(progress.n_expected, 0);
	cr_assert(progress_has(&progress, 1));
	cr_assert_not(progress_has(&progress, 2));
	expect_frame("⠋ a           5.0s\n"
	             "· c waits for a\n"
	             "· e waits for c\n"
	             "10.0s · 1 running · 2 waiting\n");
	progress_begin_snapshot(&progress);
	progress_end_snapshot(&progress);
	cr_assert_eq(progress.n_running + progress.n_waiting, 0);
}
