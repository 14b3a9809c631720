/*
 * Subscribes first and asks for runs and pages behind that, so that nothing falls between them: the
 * daemon takes requests in their order, and a page is as things are when it comes.
 */
#include "client/top_feed.h"

#include <stdlib.h>
#include <string.h>

#include "client/clock.h"
#include "client/member.h"
#include "client/memory.h"

#define AGAIN_S 1.0 /* what is on the screen is asked for no more often than that */
#define DURATIONS_AGAIN_S 0.1
#define DURATIONS_MAX 500
#define BEHIND_AGAIN_S                                                                             \
	5.0 /* all pages anew: who falls behind again at once gains nothing by that */
#define RUNS_FIRST 1000
#define RUNS_AGAIN 100

static bool is_asking(const struct top_feed *feed, enum top_ask ask)
{
	return feed->asked[ask] != 0;
}

/* Takes params. */
static void ask(struct top_feed *feed, enum top_ask ask, const char *method, json_t *params,
    pp_callback *callback)
{
	pp_forget(feed->conn, feed->asked[ask]);
	feed->asked_s[ask] = clock_s(CLOCK_MONOTONIC);
	if (pp_send(feed->conn, method, params, callback, feed, &feed->asked[ask]))
		feed->asked[ask] = 0; /* dispatching tells what is wrong */
}

static void set_run(json_t *params, json_int_t run)
{
	if (run != 0)
		json_object_set_new(params, "run", json_sprintf("%" JSON_INTEGER_FORMAT, run));
}

/* ---- pages ---- */

static void note_views(struct top_feed *feed, const json_t *views)
{
	size_t i;
	json_t *view;

	json_array_foreach (views, i, view) {
		const char *state = member_text(view, "state", "");

		if (strcmp(state, "idle") != 0)
			top_model_note(feed->model, view);
	}
	feed->has_changed = true;
}

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg);

/* Asks for the next page of the runs that are to be loaded, or is done with them. */
static void load(struct top_feed *feed)
{
	json_t *params;

	if (feed->n_to_load == 0 || feed->model->is_cut) {
		feed->n_to_load = 0;
		if (feed->model->is_loading)
			top_model_end_loading(feed->model);
		feed->has_changed = true;
		return;
	}
	params = json_object();
	set_run(params, feed->to_load[feed->n_to_load - 1]);
	if (feed->cursor)
		json_object_set(params, "cursor", feed->cursor);
	ask(feed, ASK_PAGE, "status", params, on_page);
}

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top_feed *feed = arg;
	json_t *cursor = json_object_get(result, "cursor");

	(void)conn;
	feed->asked[ASK_PAGE] = 0;
	note_views(feed, json_object_get(result, "procs"));
	json_decref(feed->cursor);
	feed->cursor = error || json_is_null(cursor) ? NULL : json_incref(cursor);
	if (!feed->cursor)
		feed->n_to_load--; /* or it was forgotten meanwhile */
	load(feed);
}

static void begin_pages(struct top_feed *feed)
{
	const struct top_model *model = feed->model;

	feed->wants_pages = false;
	free(feed->to_load);
	feed->to_load = memory_alloc((model->runs.n_active + 1) * sizeof(*feed->to_load));
	feed->n_to_load = 0;
	if (model->scope != 0)
		feed->to_load[feed->n_to_load++] = model->scope;
	for (size_t i = 0; model->scope == 0 && i < model->runs.n_active; i++)
		feed->to_load[feed->n_to_load++] = model->runs.items[i].run;
	load(feed);
}

/* ---- runs, options ---- */

static void on_runs(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top_feed *feed = arg;
	const json_t *runs = json_object_get(result, "runs");
	size_t limit = feed->runs_limit;

	(void)conn;
	feed->asked[ASK_RUNS] = 0;
	if (error ==
	    PP_OK) /* older ones than RUNS_FIRST are not followed: nobody tells of their end */
		top_runs_note(
		    &feed->model->runs, runs, limit >= RUNS_FIRST || json_array_size(runs) < limit);
	feed->runs_depth = top_runs_get_depth(&feed->model->runs);
	if (feed->runs_depth > limit && limit < RUNS_FIRST)
		feed->wants_runs = true;
	feed->has_changed = true;
	if (feed->wants_pages)
		begin_pages(feed);
}

static void on_options(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top_feed *feed = arg;

	(void)conn;
	feed->asked[ASK_OPTIONS] = 0;
	if (error == PP_OK)
		feed->parallel =
		    (json_int_t)member_number(json_object_get(result, "values"), "parallel", 0);
	feed->has_changed = true;
}

static void ask_runs(struct top_feed *feed, size_t limit)
{
	feed->wants_runs = false;
	feed->runs_limit = limit;
	ask(feed, ASK_RUNS, "runs", json_pack("{s:I}", "limit", (json_int_t)limit), on_runs);
	ask(feed, ASK_OPTIONS, "options.get", NULL, on_options);
}

/* ---- events ---- */

static void forget_run(struct top_feed *feed, json_int_t run)
{
	feed->has_changed = true;
	if (run != feed->model->scope) {
		top_model_forget_run(feed->model, run);
		return;
	}
	feed->is_gone = true;
	top_feed_choose(feed, 0);
}

static void on_event(pp_conn *conn, json_t *event, void *arg)
{
	struct top_feed *feed = arg;
	const char *kind = member_text(event, "kind", "");
	const json_t *view = json_object_get(event, "proc");

	(void)conn;
	if (strcmp(kind, "resync") == 0)
		feed->is_behind = true;
	if (!feed->is_subscribed) /* it is of what was looked at before */
		return;
	feed->is_stale = true;
	if (strcmp(kind, "run") == 0 && strcmp(member_text(event, "state", ""), "forgotten") == 0) {
		forget_run(feed, json_integer_value(json_object_get(event, "run")));
		return;
	}
	if (strcmp(kind, "state") != 0) {
		feed->wants_runs = true;
		return;
	}
	top_model_note(feed->model, view);
	feed->has_changed = true;
}

static void on_subscribed(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top_feed *feed = arg;

	(void)result;
	feed->asked[ASK_SUBSCRIBE] = 0;
	feed->is_subscribed = error == PP_OK;
	if (error == PP_ERR_REMOTE && feed->model->scope != 0) {
		forget_run(feed, feed->model->scope);
		return;
	}
	if (error == PP_ERR_REMOTE) {
		free(feed->refusal);
		feed->refusal = memory_copy(pp_error_text(conn));
	}
	feed->is_behind |= error != PP_OK; /* so that it is asked for again */
}

static void on_resume(pp_conn *conn, void *arg)
{
	struct top_feed *feed = arg;

	(void)conn;
	feed->is_resumed = feed->is_stale = feed->wants_runs = feed->has_changed = true;
}

void top_feed_choose(struct top_feed *feed, json_int_t run)
{
	json_t *params = json_pack("{s:[s,s,s,s]}", "kinds", "state", "run", "input", "define");

	for (int i = 0; i < ASK_KINDS; i++) {
		pp_forget(feed->conn, feed->asked[i]);
		feed->asked[i] = 0;
	}
	json_decref(feed->cursor);
	feed->cursor = NULL;
	top_model_set_scope(feed->model, run);
	top_model_begin_loading(feed->model);
	feed->first_exec = feed->last_exec = 0;
	feed->is_subscribed = feed->is_behind = false;
	feed->wants_pages = feed->has_changed = true;
	set_run(params, run);
	ask(feed, ASK_SUBSCRIBE, "subscribe", params, on_subscribed);
	ask_runs(feed, RUNS_FIRST);
}

void top_feed_begin(struct top_feed *feed, pp_conn *conn, struct top_model *model)
{
	*feed = (struct top_feed){.conn = conn, .model = model};
	pp_on_event(conn, on_event, feed);
	pp_on_resume(conn, on_resume, feed);
}

void top_feed_end(struct top_feed *feed)
{
	pp_on_event(feed->conn, NULL, NULL);
	pp_on_resume(feed->conn, NULL, NULL);
	for (int i = 0; i < ASK_KINDS; i++)
		pp_forget(feed->conn, feed->asked[i]);
	json_decref(feed->cursor);
	free(feed->refusal);
	free(feed->to_load);
}

/* ---- what is on the screen ---- */

static void on_rows(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top_feed *feed = arg;

	(void)conn;
	feed->asked[ASK_ROWS] = 0;
	if (error == PP_OK)
		note_views(feed, json_object_get(result, "procs"));
}

/* Asks what the rows on the screen wait for, if these are others or something has happened. */
static void ask_rows(struct top_feed *feed, size_t n_rows)
{
	struct top_item **rows = memory_alloc((n_rows + 1) * sizeof(struct top_item *));
	size_t count = top_model_get_window(feed->model, rows, n_rows);
	json_t *names = json_array(), *params;

	feed->asked_s[ASK_ROWS] = clock_s(CLOCK_MONOTONIC);
	if (count > 0 && (feed->is_stale || rows[0]->exec != feed->first_exec ||
	                     rows[count - 1]->exec != feed->last_exec)) {
		for (size_t i = 0; i < count; i++) {
			if (rows[i]->section == TOP_RUNNING || rows[i]->section == TOP_WAITING)
				json_array_append_new(names, json_string(rows[i]->name));
		}
		feed->first_exec = rows[0]->exec;
		feed->last_exec = rows[count - 1]->exec;
	}
	if (json_array_size(names) > 0) {
		params = json_pack("{s:O}", "names", names);
		set_run(params, feed->model->scope);
		ask(feed, ASK_ROWS, "status", params, on_rows);
	}
	json_decref(names);
	free(rows);
}

static void on_durations(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top_feed *feed = arg;

	(void)conn;
	feed->asked[ASK_DURATIONS] = 0;
	if (error == PP_OK)
		progress_note_durations(
		    &feed->model->progress, json_object_get(result, "durations"));
	feed->has_changed = true;
}

static void ask_durations(struct top_feed *feed)
{
	json_t *names = progress_wanted_durations(&feed->model->progress, DURATIONS_MAX);

	if (json_array_size(names) > 0)
		ask(feed, ASK_DURATIONS, "durations", json_pack("{s:O}", "names", names),
		    on_durations);
	json_decref(names);
}

/* Seconds until that may be asked for again; below 0: it is being asked for. */
static double due_in(const struct top_feed *feed, enum top_ask ask, double again_s)
{
	double left_s = feed->asked_s[ask] + again_s - clock_s(CLOCK_MONOTONIC);

	if (is_asking(feed, ask))
		return -1;
	return left_s > 0 ? left_s : 0;
}

void top_feed_turn(struct top_feed *feed, size_t n_rows)
{
	if (feed->wants_pages || feed->model->is_loading)
		return;
	if (feed->is_behind && due_in(feed, ASK_SUBSCRIBE, BEHIND_AGAIN_S) == 0) {
		top_feed_choose(feed, feed->model->scope);
		return;
	}
	if (due_in(feed, ASK_ROWS, AGAIN_S) == 0) {
		ask_rows(feed, n_rows);
		/* In other runs than the one in scope there may be news that nobody tells. */
		feed->wants_runs |= feed->is_stale || feed->model->scope;
		feed->is_stale = false;
	}
	if (feed->wants_runs && due_in(feed, ASK_RUNS, AGAIN_S) == 0)
		ask_runs(feed, feed->runs_depth > RUNS_AGAIN ? RUNS_FIRST : RUNS_AGAIN);
	if (feed->model->progress.n_unasked > 0 &&
	    due_in(feed, ASK_DURATIONS, DURATIONS_AGAIN_S) == 0)
		ask_durations(feed);
}

int top_feed_get_timeout_ms(const struct top_feed *feed)
{
	double least_s = 3600, due_s[4] = {-1, -1, -1, -1};
	bool is_waiting = false;

	if (feed->wants_pages || feed->model->is_loading)
		return -1;
	if (feed->is_stale || feed->model->scope)
		due_s[0] = due_in(feed, ASK_ROWS, AGAIN_S);
	if (feed->wants_runs)
		due_s[1] = due_in(feed, ASK_RUNS, AGAIN_S);
	if (feed->model->progress.n_unasked > 0)
		due_s[2] = due_in(feed, ASK_DURATIONS, DURATIONS_AGAIN_S);
	if (feed->is_behind)
		due_s[3] = due_in(feed, ASK_SUBSCRIBE, BEHIND_AGAIN_S);
	for (size_t i = 0; i < 4; i++) {
		if (due_s[i] < 0)
			continue;
		is_waiting = true;
		least_s = due_s[i] < least_s ? due_s[i] : least_s;
	}
	return is_waiting ? (int)(least_s * 1000) + 1 : -1;
}
