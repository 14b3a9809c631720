/*
 * What a watch shows and asks for beside its events: pages of views and open inputs where events
 * were dropped, how long procs are expected to run.
 */
#include <stdio.h>
#include <string.h>

#include "client/live.h"
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

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;
	json_t *cursor = json_object_get(result, "cursor"), *view;
	size_t i;

	(void)conn;
	watch->asked_page = 0;
	if (error)
		return;
	json_array_foreach (json_object_get(result, "procs"), i, view)
		watch_show(watch, view);
	if (cursor && !json_is_null(cursor)) {
		ask_page(watch, json_incref(cursor));
	} else if (watch->is_behind) {
		watch->is_behind = false;
		ask_page(watch, NULL);
	}
}

static void on_inputs(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->asked_inputs = 0;
	if (error == PP_OK)
		questions_begin(watch->options->questions, json_object_get(result, "inputs"));
}

/* Asks for the inputs that are open, as subscribe alone tells them. */
static void ask_inputs(struct watch *watch)
{
	pp_conn *conn = watch->client->conn;
	char run[RUN_SIZE];
	const struct pp_request request = make_request(watch, run);
	json_t *params = pp_request_params(conn, "subscribe", &request);

	pp_forget(conn, watch->asked_inputs);
	watch->asked_inputs = 0;
	if (params && json_object_set_new(params, "kinds", json_pack("[s, s]", "state", "input")))
		json_decref(params);
	else if (params)
		pp_send(conn, "subscribe", params, on_inputs, watch, &watch->asked_inputs);
}

/* The daemon has dropped events, as it does where a client reads too slowly. */
void watch_catch_up(struct watch *watch)
{
	/* Of all runs, status would also tell what was over long ago. */
	bool is_bounded = watch->run || watch->options->run || watch->options->names ||
	                  pp_default_run(watch->client->conn);

	if (watch->options->questions)
		ask_inputs(watch);
	/* What failed is in the answer in any case. */
	if (!watch->options->display || !is_bounded ||
	    !display_shows_success(watch->options->display))
		return;
	if (watch->asked_page)
		watch->is_behind = true;
	else
		ask_page(watch, NULL);
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
