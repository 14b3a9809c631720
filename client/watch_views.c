/*
 * What a watch shows and asks for beside its events: pages of views and open inputs where events
 * were dropped, how long procs are expected to run.
 */
#include <stdio.h>
#include <string.h>

#include "client/live.h"
#include "client/outcome.h"
#include "client/watch_internal.h"

/* Shows where a view says that an execution is. */
void watch_show(struct watch *watch, const json_t *view)
{
	struct foreground *foreground = watch->options->foreground;

	foreground_release(foreground);
	display_event(watch->options->display, view);
	foreground_note(foreground, json_integer_value(json_object_get(view, "exec")),
	    strcmp(member_text(view, "state", ""), "running") == 0);
	foreground_grab(foreground);
}

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg);

/* What is watched; run: room for its number. */
static struct pp_request make_request(const struct watch *watch, char run[RUN_SIZE])
{
	struct pp_request request = {.names = watch->options->names, .run = watch->options->run};

	if (watch->run) {
		snprintf(run, RUN_SIZE, "%" JSON_INTEGER_FORMAT, watch->run);
		request.run = run;
	}
	return request;
}

/* Asks for the states of what is watched, from cursor (taken; NULL: the beginning). */
static void ask_page(struct watch *watch, json_t *cursor)
{
	pp_conn *conn = watch->client->conn;
	char run[RUN_SIZE];
	const struct pp_request request = make_request(watch, run);
	json_t *params = pp_request_params(conn, "status", &request);

	if (params && cursor)
		json_object_set(params, "cursor", cursor);
	json_decref(cursor);
	if (!params || pp_send(conn, "status", params, on_page, watch, &watch->asked_page))
		watch->asked_page = 0;
}

/* Of all runs status tells of each proc, also of what was over long ago. */
static bool is_bounded(const struct watch *watch)
{
	return watch->run || watch->options->run || watch->options->names ||
	       pp_default_run(watch->client->conn);
}

static void show_page(struct watch *watch, const json_t *views)
{
	struct display *display = watch->options->display;
	bool is_all = is_bounded(watch);
	json_t *view;
	size_t i;

	if (watch->is_first_page) {
		display_begin(display, views);
		return;
	}
	json_array_foreach (views, i, view) {
		if (is_all || !outcome_is_complete(view) || display_is_waiting_for(display, view))
			watch_show(watch, view);
	}
}

/* Asks for all states anew: what they do not tell of is no more. */
static void begin_pages(struct watch *watch)
{
	watch->is_behind = watch->is_first_page = false;
	live_begin_snapshot(display_get_live(watch->options->display));
	ask_page(watch, NULL);
}

/* cursor: where the next page begins. */
static void go_on(struct watch *watch, json_t *cursor)
{
	if (cursor && !json_is_null(cursor))
		ask_page(watch, json_incref(cursor));
	else if (watch->is_behind)
		begin_pages(watch);
	else if (!watch->is_first_page)
		live_end_snapshot(display_get_live(watch->options->display));
}

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->asked_page = 0;
	if (error)
		return;
	show_page(watch, json_object_get(result, "procs"));
	go_on(watch, json_object_get(result, "cursor"));
}

static void on_inputs(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->asked_snapshot = 0;
	if (error == PP_OK)
		questions_begin(watch->options->questions, json_object_get(result, "inputs"));
}

static void on_snapshot(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	on_inputs(conn, error, result, watch);
	if (error || !watch->options->display || watch->asked_page)
		return;
	watch->is_first_page = true;
	show_page(watch, json_object_get(result, "procs"));
	go_on(watch, json_object_get(result, "cursor"));
}

static void subscribe(struct watch *watch, pp_callback *callback)
{
	pp_conn *conn = watch->client->conn;
	char run[RUN_SIZE];
	const struct pp_request request = make_request(watch, run);
	json_t *params = pp_request_params(conn, "subscribe", &request);
	json_t *kinds = json_pack("[s, s*]", "state", watch->options->questions ? "input" : NULL);

	pp_forget(conn, watch->asked_snapshot);
	watch->asked_snapshot = 0;
	if (params)
		client_ask_events(
		    watch->client, params, display_get_states(watch->options->display));
	if (!params || json_object_set_new(params, "kinds", kinds) != 0)
		json_decref(params);
	else if (pp_send(conn, "subscribe", params, callback, watch, &watch->asked_snapshot))
		watch->asked_snapshot = 0;
}

void watch_subscribe(struct watch *watch)
{
	subscribe(watch, on_snapshot);
}

/* The daemon has dropped events, as it does where a client reads too slowly. Open inputs only
 * subscribe tells; what failed is in the answer in any case. */
void watch_catch_up(struct watch *watch)
{
	const struct display *display = watch->options->display;

	if (watch->options->questions)
		subscribe(watch, on_inputs);
	if (!display || !display_shows_success(display))
		return;
	if (watch->asked_page)
		watch->is_behind = true;
	else
		begin_pages(watch);
}

static void on_durations(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->asked_durations = 0;
	if (error == PP_OK)
		live_note_durations(display_get_live(watch->options->display),
		    json_object_get(result, "durations"));
}

/* Asks how long what is shown will take, some at a time. An older daemon does not know. */
void watch_ask_durations(struct watch *watch, struct live *live)
{
	json_t *names = watch->asked_durations ? NULL : live_wanted_durations(live);

	if (names && pp_send(watch->client->conn, "durations", json_pack("{s:o}", "names", names),
	                 on_durations, watch, &watch->asked_durations))
		watch->asked_durations = 0;
}
