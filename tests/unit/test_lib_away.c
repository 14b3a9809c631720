/*
 * libparproc without a daemon: it stays away, comes back as another one, has ended on purpose, or
 * has to be started. What is asked again is test_lib_resume's affair.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/resume_kit.h"

TestSuite(away, .init = resume_set_up, .fini = resume_tear_down, .timeout = 60);

/* ---- who comes back ---- */

Test(away, a_daemon_that_has_forgotten_all_is_not_asked_to_repeat)
{
	const struct plan plans[] = {{.pid = 1, .silent = "run"}, {.pid = 2}};
	struct seen changing = {0}, looking = {0};
	struct told told = {0};

	begin(plans, 2);
	listen_to(&told);
	call("echo", NULL);
	call("subscribe", json_pack("{s:i}", "seq", 5));
	send_request("run", NULL, &changing);
	hang_up();
	send_request("status", NULL, &looking);
	step_until(&looking.count, 1);
	cr_assert_eq(looking.error, PP_OK);
	cr_assert_eq(changing.count, 1);
	cr_assert_eq(changing.error, PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(changing.text, "knows nothing"), "%s", changing.text);
	cr_assert_str_eq(told.text, "resumed, 0 resync, ");
	cr_assert_eq(count_requests("run"), 1u);
	call("start", NULL); /* what is new is for the new one */
}

Test(away, the_same_daemon_has_forgotten_nothing)
{
	const struct plan plans[] = {{.pid = 1, .silent = "run"}, {.pid = 1}};
	struct seen seen = {0};

	begin(plans, 2);
	send_request("run", NULL, &seen);
	hang_up();
	step_until(&seen.count, 1);
	cr_assert_eq(seen.error, PP_OK);
}

Test(away, a_daemon_of_another_protocol_ends_it)
{
	const struct plan plans[] = {{DURABLE, .silent = "wait"}, {DURABLE, .newer = 1}};
	struct seen seen = {0};

	begin(plans, 2);
	send_request("wait", NULL, &seen);
	hang_up();
	while (seen.count == 0)
		pp_step(conn, 30);
	cr_assert_eq(seen.error, PP_ERR_PROTOCOL);
	cr_assert_not_null(strstr(seen.text, "upgrade the client"), "%s", seen.text);
	cr_assert_eq(pp_call(conn, "status", NULL, 30, NULL), PP_ERR_PROTOCOL);
	cr_assert_eq(count_requests("wait"), 1u);
}

Test(away, what_the_daemon_said_of_itself_changes_in_place)
{
	const struct plan plans[] = {{DURABLE, .pid = 1}, {DURABLE, .pid = 2}};
	json_t *info, *again;

	begin(plans, 2);
	cr_assert_eq(pp_server_info(conn, 30, &info), PP_OK);
	hang_up();
	call("echo", NULL);
	cr_assert_eq(json_integer_value(json_object_get(info, "pid")), 2);
	cr_assert_eq(pp_server_info(conn, 0, &again), PP_OK);
	cr_assert_eq(again, info);
}

Test(away, a_daemon_that_is_away_for_a_while)
{
	const struct plan plans[] = {{DURABLE, .silent = "status"}, {DURABLE}};
	struct seen seen = {0};

	begin(plans, 1);
	send_request("status", NULL, &seen);
	hang_up();
	server_stop(server);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(pp_step(conn, 30), PP_OK, "%s", pp_error_text(conn));
	cr_assert_eq(pp_get_fd(conn), -1);
	cr_assert_eq(seen.count, 0);
	server = server_start_by(directory, plans + 1, 1);
	step_until(&seen.count, 1);
	cr_assert_eq(seen.error, PP_OK);
}

Test(away, a_call_s_own_time_limit_holds)
{
	const struct plan plans[] = {{DURABLE}};

	begin(plans, 1);
	call("echo", NULL);
	end_server();
	cr_assert_eq(pp_call(conn, "status", NULL, 0.05, NULL), PP_ERR_TIMEOUT);
}

Test(away, a_daemon_that_stays_away_is_given_up)
{
	const struct plan plans[] = {{DURABLE, .silent = "wait"}};
	struct seen seen = {0};

	options.timeout_s = 0.05;
	begin(plans, 1);
	send_request("wait", NULL, &seen);
	hang_up();
	end_server();
	step_until_lost();
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.error, PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(seen.text, "the daemon went away"), "%s", seen.text);
	cr_assert_not_null(strstr(seen.text, "ppd.sock: Connection refused"), "%s", seen.text);
}

Test(away, a_daemon_that_does_not_answer_is_given_up)
{
	const struct plan plans[] = {{DURABLE, .silent = "wait"}, {.silent = "hello"}};
	struct seen seen = {0};

	options.resume_s = 0.05;
	begin(plans, 2);
	send_request("wait", NULL, &seen);
	hang_up();
	step_until_lost();
	cr_assert_eq(seen.count, 1);
	cr_assert_not_null(strstr(seen.text, "does not answer"), "%s", seen.text);
	cr_assert_eq(count_requests("wait"), 1u);
}

Test(away, one_that_does_not_answer_from_the_beginning_is_given_up_too)
{
	const struct plan plans[] = {{.silent = "hello"}};

	options.resume_s = 0.05;
	begin(plans, 1);
	step_until_lost();
	cr_assert_not_null(
	    strstr(pp_error_text(conn), "does not answer"), "%s", pp_error_text(conn));
}

Test(away, a_daemon_that_crashes_again_and_again_is_given_up)
{
	const struct plan plans[] = {
	    {DURABLE, .silent = "wait"}, {.drop = DROP_READ, .drop_at = "hello"}};
	struct seen seen = {0};

	options.resume_s = 0.2;
	begin(plans, 2);
	send_request("wait", NULL, &seen);
	hang_up();
	step_until_lost();
	cr_assert_eq(seen.count, 1);
	cr_assert_lt(count_requests("hello"), 10u, "it was not left in peace");
}

Test(away, nobody_comes_back_who_is_told_not_to)
{
	const struct plan plans[] = {{DURABLE, .drop = DROP_READ, .drop_at = "status"}, {DURABLE}};

	options.resume_s = -1;
	begin(plans, 2);
	cr_assert_eq(pp_call(conn, "status", NULL, 30, NULL), PP_ERR_UNREACHABLE);
	cr_assert_eq(pp_call(conn, "status", NULL, 30, NULL), PP_ERR_UNREACHABLE);
	cr_assert_eq(count_requests("status"), 1u);
}

Test(away, an_idle_connection_is_made_again_when_it_is_needed)
{
	const struct plan plans[] = {{DURABLE}};

	begin(plans, 1);
	call("echo", NULL);
	server_stop(server);
	while (pp_get_fd(conn) >= 0)
		cr_assert_eq(pp_dispatch(conn), PP_OK, "%s", pp_error_text(conn));
	cr_assert_eq(pp_get_timeout(conn), PP_FOREVER);
	cr_assert_eq(pp_step(conn, 30), PP_ERR_UNREACHABLE);
	cr_assert_eq(pp_dispatch(conn), PP_OK);
	server = server_start_by(directory, plans, 1);
	call("start", NULL);
	cr_assert_eq(count_requests("start"), 1u);
}

/* ---- the end on purpose ---- */

Test(away, who_is_refused_because_of_the_end_does_not_come_back)
{
	const struct plan plans[] = {{DURABLE, .ended = "status"}};

	begin(plans, 1);
	cr_assert_eq(pp_call(conn, "status", NULL, 30, NULL), PP_ERR_REMOTE);
	hang_up();
	cr_assert_eq(pp_call(conn, "echo", NULL, 30, NULL), PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(pp_error_text(conn), "has ended"), "%s", pp_error_text(conn));
	cr_assert_eq(count_requests("hello"), 1u);
}

Test(away, who_is_told_of_the_end_does_not_come_back)
{
	const struct plan plans[] = {{DURABLE, .said_at = "subscribe", .said = EVENT("6", "end")}};
	struct told told = {0};

	begin(plans, 1);
	listen_to(&told);
	call("subscribe", NULL);
	step_until(&told.count, 1);
	hang_up();
	cr_assert_str_eq(told.text, "6 end, ");
	cr_assert_eq(pp_get_fd(conn), -1);
	cr_assert_eq(pp_call(conn, "echo", NULL, 30, NULL), PP_ERR_UNREACHABLE);
}

Test(away, a_daemon_that_was_to_end_may_be_gone)
{
	const struct plan plans[] = {{DURABLE, .silent = "shutdown"}};
	struct seen seen = {0};

	options.timeout_s = 1000;
	begin(plans, 1);
	send_request("shutdown", NULL, &seen);
	cr_assert_eq(pp_step(conn, 30), PP_OK); /* it is sent, and hello answered */
	end_server();
	step_until(&seen.count, 1);
	cr_assert_eq(seen.error, PP_ERR_UNREACHABLE);
	cr_assert_eq(pp_step(conn, 30), PP_ERR_UNREACHABLE);
}

/* ---- in a loop of the caller's own ---- */

Test(away, a_loop_of_the_caller_s_own)
{
	const struct plan plans[] = {{DURABLE, .silent = "status"}, {DURABLE}};
	struct seen seen = {0};

	begin(plans, 2);
	send_request("status", NULL, &seen);
	pp_send(conn, "hang_up", NULL, NULL, NULL, NULL);
	while (seen.count == 0) {
		double timeout_s = pp_get_timeout(conn);
		struct pollfd ready = {.fd = pp_get_fd(conn), .events = pp_get_events(conn)};

		cr_assert(ready.fd >= 0 || timeout_s >= 0, "it would sleep for ever");
		poll(&ready, 1, timeout_s < 0 ? -1 : (int)(timeout_s * 1000) + 1);
		cr_assert_eq(pp_dispatch(conn), PP_OK, "%s", pp_error_text(conn));
	}
	cr_assert_eq(seen.error, PP_OK);
}

/* ---- starting a daemon ---- */

static char *path_of(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* A ppd that is a shell script, which waits at a gate. */
static void begin_with_ppd(const char *script)
{
	const struct plan plans[] = {{DURABLE, .silent = "status"}};

	kit_make_file(directory, "ppd", script, 0755);
	options.ppd_path = strdup(path_of("ppd"));
	options.autostart = true;
	begin(plans, 1);
	free((char *)options.ppd_path); /* borrowed for the call only */
}

Test(away, a_daemon_is_started_while_the_loop_goes_on)
{
	const struct plan plans[] = {{DURABLE}};
	struct seen seen = {0};

	begin_with_ppd("#!/bin/sh\ncd \"$3\" && touch begun\n"
	               "until test -e go; do sleep 0.01; done\necho ready\n");
	send_request("status", NULL, &seen);
	hang_up();
	server_stop(server);
	while (access(path_of("begun"), F_OK) != 0)
		cr_assert_eq(pp_dispatch(conn), PP_OK, "%s", pp_error_text(conn));
	cr_assert_geq(pp_get_fd(conn), 0);
	cr_assert_eq(pp_get_events(conn), POLLIN);
	cr_assert_eq(pp_dispatch(conn), PP_OK); /* it does not wait */
	server = server_start_by(directory, plans, 1);
	kit_make_file(directory, "go", "", 0600);
	step_until(&seen.count, 1);
	cr_assert_eq(seen.error, PP_OK);
}

Test(away, a_daemon_that_cannot_be_started_says_why)
{
	struct seen seen = {0};

	begin_with_ppd("#!/bin/sh\necho 'ppd: disk full' >&2\nexit 1\n");
	send_request("status", NULL, &seen);
	hang_up();
	end_server();
	step_until_lost();
	cr_assert_eq(seen.count, 1);
	cr_assert_not_null(strstr(seen.text, "ppd: disk full"), "%s", seen.text);
}

Test(away, a_daemon_that_is_never_ready_is_given_up)
{
	struct seen seen = {0};

	options.timeout_s = 0.1;
	begin_with_ppd("#!/bin/sh\nexec sleep 1000\n");
	send_request("status", NULL, &seen);
	hang_up();
	end_server();
	step_until_lost();
	cr_assert_not_null(strstr(seen.text, "not ready in time"), "%s", seen.text);
}

Test(away, closing_ends_what_was_begun)
{
	struct seen seen = {0};

	begin_with_ppd("#!/bin/sh\ncd \"$3\" && echo $$ >pid && exec sleep 1000\n");
	send_request("status", NULL, &seen);
	hang_up();
	end_server();
	while (access(path_of("pid"), F_OK) != 0)
		cr_assert_eq(pp_dispatch(conn), PP_OK, "%s", pp_error_text(conn));
	pp_close(conn); /* it waits for the end of the one that it has killed */
	conn = NULL;
	cr_assert_eq(seen.count, 0);
}
