/*
 * Shows executions as lines: "start NAME", "ok NAME 1.2s", "FAIL NAME 0.3s exit 2", "skip NAME".
 * It remembers what it has shown of each execution, so that events, snapshots and final answers
 * may overlap. It must not know where the views come from.
 */
#include "client/display.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "client/clock.h"
#include "client/excerpt.h"
#include "client/link.h"
#include "client/live.h"
#include "client/member.h"
#include "client/memory.h"
#include "client/outcome.h"

enum stage { STAGE_WANTED, STAGE_STARTED, STAGE_ENDED };

/* What was shown of an execution. */
struct shown {
	json_int_t exec;
	enum stage stage;
	json_int_t retry; /* the newest attempt that was shown to start or to come; or 0 */
	UT_hash_handle hh;
};

struct display {
	const struct output *output;
	struct live *live;   /* or NULL: lines are all there is */
	struct output lines; /* where they go */
	enum display_mode mode;
	bool shows_full_log;
	struct shown *shown; /* by exec */
};

struct display *display_new(const struct output *output, enum display_mode mode)
{
	struct display *display = memory_alloc(sizeof(*display));

	display->output = output;
	display->mode = mode;
	return display;
}

void display_start_live(struct display *display)
{
	display->live = live_new(display->output);
}

void display_stop_live(struct display *display)
{
	if (!display)
		return;
	live_free(display->live);
	display->live = NULL;
}

void display_hide_live(struct display *display)
{
	live_hide(display ? display->live : NULL);
}

struct live *display_get_live(const struct display *display)
{
	return display ? display->live : NULL;
}

void display_free(struct display *display)
{
	struct shown *shown = display ? display->shown : NULL, *next;

	if (!display)
		return;
	display_stop_live(display);
	HASH_CLEAR(hh, display->shown); /* the table; its members still know their order */
	for (; shown; shown = next) {
		next = shown->hh.next;
		free(shown);
	}
	free(display);
}

void display_set_full_log(struct display *display, bool shows_full_log)
{
	display->shows_full_log = shows_full_log;
}

static struct shown *find_shown(const struct display *display, json_int_t exec)
{
	struct shown *shown;

	HASH_FIND(hh, display->shown, &exec, sizeof(exec), shown);
	return shown;
}

/* Notes that an execution has come to a stage; false: that was shown before. */
static bool come_to(struct display *display, json_int_t exec, enum stage stage)
{
	struct shown *shown = find_shown(display, exec);

	if (shown && shown->stage >= stage)
		return false;
	if (!shown) {
		shown = memory_alloc(sizeof(*shown));
		shown->exec = exec;
		HASH_ADD(hh, display->shown, exec, sizeof(shown->exec), shown);
	}
	shown->stage = stage;
	return true;
}

static bool has_ended(const struct display *display, json_int_t exec)
{
	const struct shown *shown = find_shown(display, exec);

	return shown && shown->stage == STAGE_ENDED;
}

/* A name, which is a link to the log where there is one and the terminal knows that. */
static void print_name(const struct output *output, const json_t *view)
{
	const char *name = member_text(view, "name", "?"), *log = member_text(view, "log", NULL);
	char *link = output->has_links && log ? link_begin(log) : NULL;

	fputs(link ? link : "", output->stream);
	output_print_escaped(output->stream, name, strlen(name), 0);
	fputs(link ? LINK_END : "", output->stream);
	free(link);
}

static void print_line(const struct display *display, enum output_style style, const char *word,
    const json_t *view, const char *rest)
{
	const struct output *output = &display->lines;

	fprintf(output->stream, "%s%s%s ", output_style_begin(output, style), word,
	    output_style_end(output, style));
	print_name(output, view);
	if (rest && rest[0]) {
		putc(' ', output->stream);
		output_print_escaped(output->stream, rest, strlen(rest), 0);
	}
	putc('\n', output->stream);
}

/* Only what was executed has something in its log that could tell why. */
static bool has_telling_log(const json_t *view)
{
	static const char *const without[] = {
	    "dep_failed", "dep_missing", "failures", "canceled", "lost"};
	const char *error = member_text(view, "error", "");

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		if (strcmp(error, without[i]) == 0)
			return false;
	}
	return true;
}

static void print_failure(const struct display *display, const json_t *view)
{
	char duration[DURATION_SIZE] = "";
	char *reason = outcome_describe(view), *attempt = outcome_attempt(view);
	char *rest;

	outcome_format_duration(duration, view);
	rest = memory_print("%s%s%s%s%s%s", duration, duration[0] ? " " : "", reason,
	    attempt ? " (" : "", attempt ? attempt : "", attempt ? ")" : "");
	print_line(display, STYLE_BAD, "FAIL", view, rest);
	char *details = outcome_detail(view);

	if (details) {
		fputs("  ", display->lines.stream);
		output_print_escaped(display->lines.stream, details, strlen(details), 0);
		putc('\n', display->lines.stream);
	}
	if (has_telling_log(view))
		excerpt_print_failure(&display->lines, view, display->shows_full_log);
	free(details);
	free(rest);
	free(attempt);
	free(reason);
}

static void print_end(const struct display *display, const json_t *view)
{
	const char *state = member_text(view, "state", "");
	char duration[DURATION_SIZE] = "";

	if (strcmp(state, "failed") == 0) {
		print_failure(display, view);
		return;
	}
	if (display->mode == DISPLAY_FAILURES)
		return;
	if (strcmp(state, "succeeded") == 0) {
		char *attempt = outcome_attempt(view), *rest;

		outcome_format_duration(duration, view);
		rest = attempt ? memory_print("%s (%s)", duration, attempt) : memory_copy(duration);
		print_line(display, STYLE_GOOD, "ok", view, rest);
		free(rest);
		free(attempt);
		excerpt_print_warnings(&display->lines, view);
	} else if (strcmp(state, "up_to_date") == 0) {
		print_line(display, STYLE_SKIP, "skip", view, "up to date");
	} else {
		print_line(display, STYLE_SKIP, "skip", view, member_text(view, "info", ""));
	}
}

/* Shows that an execution is tried again, once for each attempt. */
static void show_retry(struct display *display, const json_t *view)
{
	json_int_t exec = json_integer_value(json_object_get(view, "exec"));
	json_int_t next = json_integer_value(json_object_get(view, "attempt")) + 1;
	double left_s = member_number(view, "retry_at", 0) - clock_s(CLOCK_REALTIME);
	char duration[DURATION_SIZE], *reason, *rest;
	struct shown *shown;

	come_to(display, exec, STAGE_WANTED);
	shown = find_shown(display, exec);
	if (shown->retry >= next)
		return;
	shown->retry = next;
	shown->stage = STAGE_WANTED; /* it starts once more */
	if (display->mode == DISPLAY_FAILURES)
		return;
	output_format_duration(duration, left_s > 0 ? left_s : 0);
	reason = outcome_retried(view);
	rest =
	    memory_print("%s (attempt %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " in %s)",
	        reason, next, json_integer_value(json_object_get(view, "attempts")), duration);
	print_line(display, STYLE_SKIP, "retry", view, rest);
	free(rest);
	free(reason);
}

/* Whether a view of one that was shown to be tried again is of the time before that. */
static bool is_between_attempts(const struct display *display, json_int_t exec, const json_t *view)
{
	const struct shown *shown = find_shown(display, exec);

	return shown && shown->retry > json_integer_value(json_object_get(view, "attempt"));
}

/* What was not heard to be tried again, as it began at once or nobody listened, starts once more
 * all the same. */
static void catch_up(const struct display *display, json_int_t exec, const json_t *view)
{
	json_int_t attempt = json_integer_value(json_object_get(view, "attempt"));
	struct shown *shown = find_shown(display, exec);

	if (!shown || shown->stage == STAGE_ENDED || attempt < 2 || shown->retry >= attempt)
		return;
	shown->stage = STAGE_WANTED;
}

static void note_attempt(const struct display *display, json_int_t exec, const json_t *view)
{
	json_int_t attempt = json_integer_value(json_object_get(view, "attempt"));
	struct shown *shown = find_shown(display, exec);

	if (shown && shown->retry < attempt)
		shown->retry = attempt;
}

/* Shows where a view says that an execution is. Where it tells of the end of one whose start was
 * not shown (both came in one pass of the daemon's loop), is_event says to show that first. */
static void show_view(struct display *display, const json_t *view, bool is_event)
{
	const char *state = member_text(view, "state", "");
	const json_t *member = json_object_get(view, "exec");
	json_int_t exec = json_integer_value(member);
	bool has_started = member_number(view, "started_at", 0) > 0;

	if (!json_is_integer(member))
		return;
	has_started = has_started && !is_between_attempts(display, exec, view);
	display->lines = *display->output;
	if (display->live) {
		display->lines.stream = live_get_stream(display->live);
		if (!has_ended(display, exec))
			live_note(display->live, view);
	}
	if (strcmp(state, "wanted") == 0 && json_object_get(view, "retry_at")) {
		show_retry(display, view);
		return;
	}
	if (strcmp(state, "wanted") == 0) {
		if (display->mode == DISPLAY_ALL && come_to(display, exec, STAGE_WANTED))
			print_line(
			    display, STYLE_NONE, "want", view, member_text(view, "waits", ""));
		return;
	}
	catch_up(display, exec, view);
	if (strcmp(state, "running") == 0 || (is_event && has_started)) {
		if (come_to(display, exec, STAGE_STARTED) && display->mode != DISPLAY_FAILURES &&
		    !display->live)
			print_line(display, STYLE_NONE, "start", view, NULL);
		note_attempt(display, exec, view);
	}
	if (outcome_is_complete(view) && come_to(display, exec, STAGE_ENDED))
		print_end(display, view);
}

void display_event(struct display *display, const json_t *view)
{
	show_view(display, view, true);
}

void display_begin(struct display *display, const json_t *views)
{
	size_t i;
	json_t *view;

	json_array_foreach (views, i, view) {
		const char *state = member_text(view, "state", "");

		/* What is idle has no execution. */
		if (display->live &&
		    (strcmp(state, "wanted") == 0 || strcmp(state, "running") == 0))
			live_note(display->live, view);
		if (strcmp(state, "running") == 0) {
			json_int_t exec = json_integer_value(json_object_get(view, "exec"));

			come_to(display, exec, STAGE_STARTED);
			note_attempt(display, exec, view);
		}
	}
}

const char *const *display_get_states(const struct display *display)
{
	static const char *const begun[] = {
	    "running", "succeeded", "failed", "skipped", "up_to_date", NULL};

	return display && (display->live || display->mode == DISPLAY_ALL) ? NULL : begun;
}

bool display_is_waiting_for(const struct display *display, const json_t *view)
{
	json_int_t exec = json_integer_value(json_object_get(view, "exec"));
	const struct shown *shown = find_shown(display, exec);

	return shown ? shown->stage != STAGE_ENDED : live_has(display->live, exec);
}

bool display_shows_success(const struct display *display)
{
	return display->mode != DISPLAY_FAILURES;
}

void display_finish(struct display *display, const json_t *views)
{
	size_t i;
	json_t *view;

	json_array_foreach (views, i, view) {
		if (outcome_is_complete(view))
			show_view(display, view, false);
	}
}
