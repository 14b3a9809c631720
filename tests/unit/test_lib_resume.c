/*
 * libparproc when its connection ends: a stand-in for the daemon drops it at every point that
 * matters. What is asked again, and how, is read from what the stand-in has got.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/resume_kit.h"

TestSuite(resume, .init = resume_set_up, .fini = resume_tear_down, .timeout = 60);

/* ---- what is asked again ---- */

static void expect_repeat(enum drop drop)
{
	const struct plan plans[] = {{.drop = drop, .drop_at = "status"}, {DURABLE}};
	json_t *result;

	begin(plans, 2);
	cr_assert_eq(pp_call(conn, "status", json_pack("{s:[s]}", "names", "a"), 30, &result),
	    PP_OK, "%s", pp_error_text(conn));
	cr_assert_str_eq(
	    json_string_value(json_array_get(json_object_get(result, "names"), 0)), "a");
	cr_assert(json_equal(result, param_of(1, "status", NULL)));
	cr_assert_eq(count_requests("hello"), drop == DROP_ACCEPTED ? 1u : 2u);
	json_decref(result);
}

Test(resume, a_request_that_was_not_read)
{
	expect_repeat(DROP_ACCEPTED);
}

Test(resume, a_request_that_was_read)
{
	expect_repeat(DROP_READ);
}

Test(resume, a_request_that_was_answered_by_half)
{
	expect_repeat(DROP_HALF);
}

Test(resume, what_changes_something_has_the_same_id_again)
{
	const struct plan plans[] = {{DURABLE, .drop = DROP_HALF, .drop_at = "start"}, {DURABLE}};
	json_t *params = json_pack("{s:[s]}", "names", "a");
	const char *id, *other;

	begin(plans, 2);
	call("start", json_incref(params));
	cr_assert_eq(json_object_size(params), 1u, "what the caller gave was changed");
	id = json_string_value(param_of(0, "start", "request_id"));
	cr_assert_eq(strlen(id), 32u);
	cr_assert_str_eq(json_string_value(param_of(1, "start", "request_id")), id);
	call("start", params);
	other = json_string_value(param_of(1, "start", "request_id"));
	cr_assert_str_neq(other, id);
	call("start", json_pack("{s:s}", "request_id", "mine"));
	cr_assert_str_eq(json_string_value(param_of(1, "start", "request_id")), "mine");
	call("status", NULL);
	cr_assert(json_is_null(param_of(1, "status", NULL)));
}

Test(resume, several_are_asked_again_in_their_order)
{
	const struct plan plans[] = {{DURABLE, .silent = "status"}, {DURABLE}};
	struct seen seen = {0};
	json_t *requests;

	begin(plans, 2);
	for (int i = 0; i < 3; i++)
		send_request("status", json_pack("{s:i}", "limit", i), &seen);
	hang_up();
	step_until(&seen.count, 3);
	requests = server_get_requests(server);
	for (int i = 0; i < 3; i++) {
		json_t *request = json_array_get(requests, 5 + 1 + (size_t)i);

		cr_assert_eq(json_integer_value(json_object_get(request, "connection")), 1);
		cr_assert_eq(json_integer_value(
		                 json_object_get(json_object_get(request, "params"), "limit")),
		    i);
	}
	cr_assert_eq(seen.error, PP_OK);
	json_decref(requests);
}

Test(resume, a_method_that_is_not_known_is_sent_once)
{
	const struct plan plans[] = {{DURABLE}};
	struct seen seen = {0};

	begin(plans, 1);
	send_request("silent", NULL, &seen);
	hang_up();
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.error, PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(seen.text, "not known whether"), "%s", seen.text);
	call("echo", NULL); /* over another connection */
	cr_assert_eq(count_requests("silent"), 1u);
}

Test(resume, what_nobody_waits_for_is_not_asked_again)
{
	const struct plan plans[] = {{DURABLE, .silent = "status"}, {DURABLE}};
	uint64_t id;

	begin(plans, 2);
	cr_assert_eq(pp_send(conn, "status", NULL, NULL, NULL, &id), PP_OK);
	cr_assert_eq(pp_send(conn, "cancel", NULL, NULL, NULL, NULL), PP_OK);
	hang_up();
	call("echo", NULL);
	cr_assert_eq(count_requests("status"), 1u);
	cr_assert_eq(count_requests("cancel"), 1u, "it was answered");
}

Test(resume, a_wait_goes_on_with_what_is_left_of_its_time)
{
	const struct plan plans[] = {{DURABLE, .silent = "wait"}, {DURABLE}};
	struct seen seen = {0};
	double left_s;

	begin(plans, 2);
	send_request("wait", json_pack("{s:f}", "timeout", 1000.0), &seen);
	hang_up();
	step_until(&seen.count, 1);
	left_s = json_number_value(param_of(1, "wait", "timeout"));
	cr_assert_gt(left_s, 0);
	cr_assert_lt(left_s, 1000.0);
	cr_assert_str_eq(json_string_value(param_of(1, "wait", "request_id")),
	    json_string_value(param_of(0, "wait", "request_id")));
}

Test(resume, a_wait_s_time_runs_out_without_a_daemon_too)
{
	const struct plan plans[] = {{DURABLE, .silent = "wait"}};
	struct seen seen = {0};

	begin(plans, 1);
	send_request("wait", json_pack("{s:f}", "timeout", 0.05), &seen);
	send_request("wait", NULL, &seen);
	hang_up();
	end_server();
	step_until(&seen.count, 1);
	cr_assert_eq(seen.error, PP_ERR_REMOTE);
	cr_assert_str_eq(pp_error_name(conn), "timeout");
}

Test(resume, descriptors_go_with_it_again)
{
	const struct plan plans[] = {{DURABLE, .drop = DROP_READ, .drop_at = "run"}, {DURABLE}};
	struct seen seen = {0};
	int ends[2];
	uint64_t id;
	char byte;

	begin(plans, 2);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(pp_send(conn, "run", NULL, note_answer, &seen, &id), PP_OK);
	cr_assert_eq(pp_add_fds(conn, id, &ends[1], 1), PP_OK);
	step_until(&seen.count, 1);
	cr_assert_eq(seen.error, PP_OK);
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_assert_eq(read(ends[0], &byte, 1), 0, "nobody has it any more");
	close(ends[0]);
}

/* ---- what a connection has beside requests ---- */

Test(resume, a_subscription_is_made_again_from_the_last_event_on)
{
	const struct plan plans[] = {
	    {DURABLE, .said_at = "subscribe", .said = EVENT("6", "state") EVENT("7", "run")},
	    {DURABLE, .said_at = "subscribe", .said = EVENT("9", "state")}};
	struct told told = {0};

	begin(plans, 2);
	listen_to(&told);
	call("subscribe", json_pack("{s:i, s:[s]}", "seq", 5, "kinds", "state"));
	step_until(&told.count, 2);
	hang_up();
	step_until(&told.count, 4);
	cr_assert_str_eq(told.text, "6 state, 7 run, resumed, 9 state, ");
	cr_assert_eq(json_integer_value(param_of(1, "subscribe", "after")), 7);
	cr_assert_not_null(param_of(1, "subscribe", "kinds"));
}

Test(resume, a_snapshot_counts_as_seen)
{
	const struct plan plans[] = {{DURABLE}};
	struct told told = {0};

	begin(plans, 1);
	listen_to(&told);
	call("subscribe", json_pack("{s:i}", "seq", 5));
	hang_up();
	step_until(&told.count, 1);
	call("echo", NULL);
	cr_assert_eq(json_integer_value(param_of(1, "subscribe", "after")), 5);
}

Test(resume, a_subscription_that_was_given_back_is_not_made_again)
{
	const struct plan plans[] = {{DURABLE}};

	begin(plans, 1);
	call("subscribe", NULL);
	call("unsubscribe", NULL);
	hang_up();
	cr_assert_eq(pp_step(conn, 0), PP_ERR_UNREACHABLE, "nothing needs a connection");
	call("echo", NULL);
	cr_assert_eq(count_requests("subscribe"), 1u);
}

Test(resume, a_run_s_events_go_on)
{
	const struct plan plans[] = {
	    {DURABLE, .silent = "run", .said_at = "run", .said = EVENT("3", "state")}, {DURABLE}};
	struct told told = {0};
	struct seen seen = {0};

	begin(plans, 2);
	listen_to(&told);
	send_request("run", json_pack("{s:b}", "subscribe", 1), &seen);
	step_until(&told.count, 1);
	hang_up();
	step_until(&seen.count, 1);
	cr_assert_null(param_of(0, "run", "after"));
	cr_assert_eq(json_integer_value(param_of(1, "run", "after")), 3);
	cr_assert_str_eq(json_string_value(param_of(1, "run", "request_id")),
	    json_string_value(param_of(0, "run", "request_id")));
	cr_assert_str_eq(told.text, "3 state, resumed, ");
}

Test(resume, a_daemon_that_cannot_tell_what_was_missed_makes_it_known)
{
	const struct plan plans[] = {
	    {.capabilities = {"durable"}, .said_at = "subscribe", .said = EVENT("6", "state")},
	    {.capabilities = {"durable"}}};
	struct told told = {0};

	begin(plans, 2);
	listen_to(&told);
	call("subscribe", NULL);
	step_until(&told.count, 1);
	hang_up();
	step_until(&told.count, 3);
	cr_assert_str_eq(told.text, "6 state, resumed, 6 resync, ");
	call("echo", NULL);
	cr_assert_null(param_of(1, "subscribe", "after"));
}

Test(resume, a_subscription_that_is_refused_then_is_made_known)
{
	const struct plan plans[] = {{DURABLE}, {DURABLE, .refused = "subscribe"}};
	struct told told = {0};

	begin(plans, 2);
	listen_to(&told);
	call("subscribe", NULL);
	hang_up();
	step_until(&told.count, 2);
	cr_assert_str_eq(told.text, "resumed, 0 resync, ");
	hang_up();
	call("echo", NULL);
	cr_assert_eq(count_requests("subscribe"), 2u, "it is not tried for ever");
}

Test(resume, a_hold_is_taken_again)
{
	const struct plan plans[] = {{DURABLE}};
	struct told told = {0};

	begin(plans, 1);
	listen_to(&told);
	call("open", json_pack("{s:s, s:i}", "for", "connection", "run", 4));
	call("open", json_pack("{s:s, s:i}", "for", "run", "run", 5));
	hang_up();
	step_until(&told.count, 1);
	call("echo", NULL);
	cr_assert_eq(json_integer_value(param_of(1, "open", "run")), 4);
	cr_assert_str_eq(json_string_value(param_of(1, "open", "for")), "connection");
	cr_assert_str_neq(json_string_value(param_of(1, "open", "request_id")),
	    json_string_value(param_of(0, "open", "request_id")));
	cr_assert_eq(count_requests("open"), 3u);
	call("close", json_pack("{s:i}", "run", 4));
	hang_up();
	call("echo", NULL);
	cr_assert_eq(count_requests("open"), 3u);
}
