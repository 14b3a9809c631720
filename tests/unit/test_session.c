/*
 * Connections over socket pairs, with handlers of the test's own: order, batches, and how a
 * connection ends.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/session_kit.h"

TestSuite(session, .init = set_up, .fini = tear_down);

Test(session, pipelined_requests_are_handled_in_order)
{
	struct peer peer = connect_peer();

	for (int id = 1; id <= 200; id++) {
		char line[64];
		snprintf(line, sizeof(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\"}\n", id);
		send_text(&peer, line);
	}
	for (int id = 1; id <= 200; id++)
		expect_id(&peer, id);
	close_peer(&peer);
}

Test(session, a_message_may_come_in_pieces)
{
	struct peer peer = connect_peer();
	const char *line = "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}\r\n\n \n";

	for (const char *byte = line; *byte; byte++)
		cr_assert(send_bytes(&peer, byte, 1));
	expect_id(&peer, 5);
	settle();
	cr_assert_eq(n_handled, 1u);
	close_peer(&peer);
}

Test(session, unknown_methods_and_params_are_refused)
{
	struct peer peer = connect_peer();

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pong\"}\n");
	expect_error(&peer, "unknown_method");
	send_text(
	    &peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":1}}\n");
	expect_error(&peer, "bad_params");
	send_text(
	    &peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\",\"params\":{\"names\":1}}\n");
	expect_error(&peer, "bad_params");
	cr_assert_eq(n_handled, 0u);
	close_peer(&peer);
}

Test(session, a_batch_is_answered_at_once_and_whole)
{
	struct peer peer = connect_peer();
	json_t *answers;

	send_text(&peer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},"
	                 "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"},"
	                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"wait\"},7]\n");
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\n");
	expect_id(&peer, 3);
	cr_assert_eq(n_deferred, 1u);
	request_answer(deferred[0], json_true());
	answers = next_message(&peer);
	cr_assert_eq(json_array_size(answers), 3u);
	json_decref(answers);
	send_text(&peer, "[]\n");
	expect_error(&peer, "invalid_request");
	send_text(&peer, "[{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}]\n");
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}\n");
	expect_id(&peer, 4); /* and nothing before it for the batch of a notification */
	close_peer(&peer);
}

Test(session, what_is_deferred_in_a_batch_goes_with_its_connection)
{
	struct peer peer = connect_peer();

	send_text(&peer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"},"
	                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"wait\"}]\n");
	settle();
	cr_assert_eq(n_deferred, 2u);
	close_peer(&peer);
	settle();
	cr_assert_eq(n_abandoned, 2u);
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 0u);
}

Test(session, the_half_that_was_shut_still_gets_its_answers)
{
	struct peer peer = connect_peer();

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n"
	                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	shutdown(peer.fd, SHUT_WR);
	expect_id(&peer, 2);
	settle();
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 1u);
	request_answer(deferred[0], json_object());
	expect_id(&peer, 1);
	expect_end(&peer);
	close_peer(&peer);
}

Test(session, a_half_shut_peer_that_does_not_read_costs_no_time)
{
	struct event_base *base = daemon_under_test.base;
	struct peer peer = connect_peer();
	size_t size = 8 * LARGE_ANSWER_BYTES; /* more than the socket takes */
	char *text = malloc(size);

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n");
	shutdown(peer.fd, SHUT_WR);
	settle();
	memset(text, 'x', size);
	request_answer(deferred[0], json_stringn(text, size));
	free(text);
	settle();
	event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 1);
	settle();
	cr_assert_eq(event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 0), 0);
	expect_id(&peer, 1);
	expect_end(&peer);
	close_peer(&peer);
}

Test(session, a_half_shut_peer_that_leaves_abandons_its_requests)
{
	struct peer peer = connect_peer();

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n");
	shutdown(peer.fd, SHUT_WR);
	settle();
	cr_assert_eq(n_abandoned, 0u);
	close_peer(&peer);
	settle();
	cr_assert_eq(n_abandoned, 1u);
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 0u);
}

Test(session, an_unfinished_message_at_the_end_is_an_error)
{
	struct peer peer = connect_peer();

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	shutdown(peer.fd, SHUT_WR);
	expect_error(&peer, "parse_error");
	expect_end(&peer);
	close_peer(&peer);
}

Test(session, a_request_that_takes_effect_later_holds_back_those_behind_it)
{
	struct peer peer = connect_peer();

	send_text(&peer,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"create\",\"params\":{\"names\":[\"a\"]}}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	settle();
	cr_assert_str_eq(order, "w");
	struct session *session = deferred[0]->session;
	request_answer(deferred[0], json_object());
	session_release_requests(session);
	expect_id(&peer, 1);
	expect_id(&peer, 2);
	cr_assert_str_eq(order, "wp");
	close_peer(&peer);
}

/* "wait" of the process of the execution 7. */
#define EARLY                                                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\",\"params\":{\"names\":[\"a\"],"         \
	"\"exec\":7}}"

Test(session, what_comes_early_is_handled_once_it_may_be_with_those_behind_it)
{
	struct peer peer = connect_peer(), other = connect_peer();

	early_exec = 7;
	send_text(&peer, EARLY "\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	settle();
	sessions_serve_early(daemon_under_test.sessions);
	settle();
	cr_assert_str_eq(order, "");
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\n");
	expect_id(&other, 3);
	early_exec = 0;
	sessions_serve_early(daemon_under_test.sessions);
	cr_assert_str_eq(order, "pw");
	expect_id(&peer, 2);
	request_answer(deferred[0], json_object());
	expect_id(&peer, 1);
	close_peer(&peer);
	close_peer(&other);
}

Test(session, what_comes_early_in_a_batch_is_answered_with_it)
{
	struct peer peer = connect_peer();
	json_t *answers;

	early_exec = 7;
	send_text(&peer, "[" EARLY ",{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]\n");
	settle();
	cr_assert_str_eq(order, "");
	early_exec = 0;
	sessions_serve_early(daemon_under_test.sessions);
	settle();
	cr_assert_str_eq(order, "wp");
	request_answer(deferred[0], json_object());
	answers = next_message(&peer);
	cr_assert_eq(json_array_size(answers), 2u);
	json_decref(answers);
	close_peer(&peer);
}

Test(session, who_leaves_before_it_is_handled_leaves_nothing)
{
	struct peer peer = connect_peer();

	early_exec = 7;
	send_text(&peer, EARLY "\n");
	settle();
	session_end(TAILQ_FIRST(&daemon_under_test.sessions->live));
	settle();
	early_exec = 0;
	sessions_serve_early(daemon_under_test.sessions);
	cr_assert_str_eq(order, "");
	close_peer(&peer);
}

Test(session, what_comes_early_is_refused_by_an_ending_daemon)
{
	struct peer peer = connect_peer();

	early_exec = 7;
	send_text(&peer, EARLY "\n");
	settle();
	sessions_refuse_all(daemon_under_test.sessions);
	expect_error(&peer, "shutting_down");
	sessions_serve_early(daemon_under_test.sessions);
	cr_assert_str_eq(order, "");
	close_peer(&peer);
}

Test(session, what_schedules_something_waits_until_nothing_follows)
{
	struct peer peer = connect_peer();

	has_followers = true;
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"
	                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"create\",\"params\":{"
	                 "\"names\":[\"a\"]}}\n");
	expect_id(&peer, 1);
	settle();
	cr_assert_str_eq(order, "p");
	cr_assert_eq(daemon_under_test.n_follow_holds, 1u);
	has_followers = false;
	sessions_serve_early(daemon_under_test.sessions);
	cr_assert_str_eq(order, "pw");
	cr_assert_eq(daemon_under_test.n_follow_holds, 0u);
	request_answer(deferred[0], json_object());
	session_release_requests(TAILQ_FIRST(&daemon_under_test.sessions->live));
	expect_id(&peer, 2);
	close_peer(&peer);
}

Test(session, what_comes_early_is_refused_if_the_daemon_ends_meanwhile)
{
	struct peer peer = connect_peer();

	early_exec = 7;
	send_text(&peer, EARLY "\n");
	settle();
	early_exec = 0;
	daemon_under_test.is_stopping = true;
	sessions_serve_early(daemon_under_test.sessions);
	expect_error(&peer, "shutting_down");
	cr_assert_str_eq(order, "");
	close_peer(&peer);
}

Test(session, what_comes_early_is_refused_if_it_cannot_be_stored_any_more)
{
	struct peer peer = connect_peer();

	early_exec = 7;
	send_text(&peer, EARLY "\n");
	settle();
	early_exec = 0;
	problem = "the disk is full";
	sessions_serve_early(daemon_under_test.sessions);
	expect_error(&peer, "storage");
	cr_assert_str_eq(order, "");
	close_peer(&peer);
}

Test(session, a_request_of_a_batch_holds_back_those_behind_it_too)
{
	struct peer peer = connect_peer();
	json_t *answers;

	send_text(&peer,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"create\",\"params\":{\"names\":[\"a\"]}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\n");
	settle();
	cr_assert_str_eq(order, "w");
	struct session *session = deferred[0]->session;
	request_answer(deferred[0], json_object());
	session_release_requests(session);
	answers = next_message(&peer);
	cr_assert_eq(json_array_size(answers), 2u);
	json_decref(answers);
	expect_id(&peer, 3);
	cr_assert_str_eq(order, "wpp");
	close_peer(&peer);
}

Test(session, who_leaves_in_the_middle_of_a_batch_leaves_nothing)
{
	struct peer peer = connect_peer();

	send_text(&peer,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"create\",\"params\":{\"names\":[\"a\"]}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]\n");
	settle();
	shutdown(peer.fd, SHUT_RDWR);
	session_release_requests(deferred[0]->session);
	settle();
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 0u);
	cr_assert_eq(daemon_under_test.sessions->calls_bytes, 0u);
	cr_assert_eq(daemon_under_test.sessions->n_calls, 0u);
	close_peer(&peer);
}

Test(session, an_ending_daemon_refuses)
{
	struct peer peer = connect_peer();

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n");
	settle();
	daemon_under_test.is_stopping = true;
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"status\"}\n");
	expect_error(&peer, "shutting_down");
	sessions_refuse_all(daemon_under_test.sessions);
	expect_error(&peer, "shutting_down");
	cr_assert_eq(n_abandoned, 1u);
	cr_assert(sessions_are_flushed(daemon_under_test.sessions));
	close_peer(&peer);
}

Test(session, events_rest_while_more_may_come_but_not_at_the_end)
{
	static const char text[] = "{\"jsonrpc\":\"2.0\",\"method\":\"event\"}\n";
	struct peer peer = connect_peer();
	struct session *session;

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&peer, 1);
	session = TAILQ_FIRST(&daemon_under_test.sessions->live);
	session_queue_event(session, text, sizeof(text) - 1);
	sessions_flush(daemon_under_test.sessions);
	cr_assert_not(sessions_are_flushed(daemon_under_test.sessions));
	daemon_under_test.is_stopping = true;
	sessions_refuse_all(daemon_under_test.sessions);
	sessions_flush(daemon_under_test.sessions);
	cr_assert(sessions_are_flushed(daemon_under_test.sessions));
	session_queue_event(session, text, sizeof(text) - 1);
	sessions_flush(daemon_under_test.sessions);
	cr_assert(sessions_are_flushed(daemon_under_test.sessions));
	close_peer(&peer);
}

Test(session, holds_of_runs_end_with_the_connection)
{
	struct peer peer = connect_peer();

	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"open\"}\n");
	expect_id(&peer, 1);
	close_peer(&peer);
	settle();
	cr_assert_eq(n_closed_runs, 1u);
}
