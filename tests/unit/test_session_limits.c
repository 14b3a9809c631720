/*
 * Peers that are slow, silent or hostile: what they get, what they cost, and that others are
 * served.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/session_kit.h"

#define PING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"
#define WAIT "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n"
#define N_MANY 100

TestSuite(session_limits, .init = set_up, .fini = tear_down);

Test(session_limits, a_line_that_is_too_long_ends_its_connection_alone)
{
	struct peer peer = connect_peer(), other = connect_peer();
	size_t size = 20u << 20;
	char *bytes = malloc(size);

	memset(bytes, 'x', size);
	send_bytes(&peer, bytes, size);
	free(bytes);
	expect_error(&peer, "limit");
	expect_end(&peer);
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 1u);
	close_peer(&peer);
	close_peer(&other);
}

Test(session_limits, who_asks_for_much_waits_for_others)
{
	struct peer busy = connect_peer(), batch = connect_peer(), other = connect_peer();
	char lines[50 * 64] = "", elements[50 * 64] = "[";

	for (int id = 1; id <= 50; id++) {
		sprintf(lines + strlen(lines),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\"}\n", id);
		sprintf(elements + strlen(elements),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\"}%s", id,
		    id < 50 ? "," : "]\n");
	}
	handling_ns = 100 * 1000000; /* more than any share of the time */
	cr_assert_gt(send(busy.fd, lines, strlen(lines), 0), 0);
	cr_assert_gt(send(batch.fd, elements, strlen(elements), 0), 0);
	turn();
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	cr_assert_lt(n_handled, 20u);
	for (int id = 1; id <= 50; id++)
		expect_id(&busy, id);
	json_decref(next_message(&batch));
	cr_assert_eq(n_handled, 101u);
	close_peer(&busy);
	close_peer(&batch);
	close_peer(&other);
}

/* Many that come at once, each with something that takes long, are no reason to let wait for all of
 * them who has asked for little so far. */
Test(session_limits, many_that_come_at_once_wait_for_who_asks_for_little)
{
	struct peer light = connect_peer(), many[N_MANY];

	for (int i = 0; i < 50; i++) {
		cr_assert(send_bytes(&light, PING, strlen(PING)));
		settle();
	}
	for (int i = 0; i < N_MANY; i++) {
		many[i] = connect_peer();
		cr_assert_eq(send(many[i].fd, WAIT, strlen(WAIT), 0), (ssize_t)strlen(WAIT));
	}
	handling_ns = 7 * 1000000;
	n_handled = 0;
	order[0] = '\0';
	cr_assert_eq(send(light.fd, PING, strlen(PING), 0), (ssize_t)strlen(PING));
	for (int i = 0; i < N_MANY && !strchr(order, 'p'); i++)
		turn();
	cr_assert_lt(n_handled, (size_t)N_MANY / 2, "it was one of %zu", n_handled);
	for (int i = 0; i < N_MANY; i++)
		settle();
	cr_assert_eq(n_handled, (size_t)N_MANY + 1, "all are served in the end");
	for (int i = 0; i < N_MANY; i++)
		close_peer(&many[i]);
	close_peer(&light);
}

Test(session_limits, a_long_message_waits_for_others)
{
	enum { COUNT = 5, SIZE = 100 << 10 };
	struct peer peers[COUNT], other = connect_peer();
	char *line = malloc(SIZE + 1);

	memset(line, ' ', SIZE);
	line[SIZE] = '\0';
	memcpy(line, "{\"jsonrpc\":\"2.0\",\"id\":1,", 24);
	strcpy(line + SIZE - 18, "\"method\":\"ping\"}\n");
	handling_ns = 100 * 1000000;
	for (size_t i = 0; i < COUNT; i++) {
		peers[i] = connect_peer();
		cr_assert_eq(send(peers[i].fd, line, SIZE, 0), SIZE);
	}
	free(line);
	for (int i = 0; i < 1000 && daemon_under_test.sessions->n_waiting < COUNT; i++)
		turn();
	cr_assert_leq(n_handled, 1u);
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	cr_assert_leq(n_handled, 3u); /* one a turn, and the other */
	for (size_t i = 0; i < COUNT; i++) {
		expect_id(&peers[i], 1);
		close_peer(&peers[i]);
	}
	close_peer(&other);
}

/* A line of requests of that method, which need no params. */
static char *make_requests(const char *method, size_t count)
{
	char *lines = calloc(count, 80), *end = lines;

	for (size_t id = 1; id <= count; id++)
		end += sprintf(
		    end, "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"%s\"}\n", id, method);
	return lines;
}

Test(session_limits, answers_that_nobody_reads_share_one_budget)
{
	enum { COUNT = 60, ASKED = 6 };
	struct sessions *sessions = daemon_under_test.sessions;
	struct peer silent[COUNT], reader = connect_peer(), other = connect_peer();
	char *lines = make_requests("list", ASKED);

	send_text(&reader, lines);
	for (size_t i = 0; i < COUNT; i++) {
		silent[i] = connect_peer();
		send_text(&silent[i], lines);
	}
	free(lines);
	for (int i = 0; i < 5000 && sessions->n_waiting > 0; i++)
		turn();
	cr_assert_leq(sessions->output_bytes, SESSIONS_OUTPUT_MAX + COUNT * SESSION_OUTPUT_SMALL);
	cr_assert_gt(sessions->output_bytes, (size_t)SESSIONS_OUTPUT_BUDGET);
	cr_assert_eq(sessions_count(sessions), COUNT + 2u);
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	/* Who reads, slowly, gets all; of those that do not some make way. */
	for (int id = 1; id <= ASKED; id++) {
		advance_clock(INT64_C(300) * 1000000);
		expect_id(&reader, id);
	}
	cr_assert_leq(sessions->output_bytes, (SESSIONS_OUTPUT_BUDGET + SESSIONS_OUTPUT_MAX) / 2);
	cr_assert_lt(sessions_count(sessions), COUNT + 2u);
	cr_assert_gt(sessions_count(sessions), 2u);
	for (size_t i = 0; i < COUNT; i++)
		close_peer(&silent[i]);
	close_peer(&reader);
	close_peer(&other);
	settle();
	cr_assert_eq(sessions->output_bytes, 0u);
}

Test(session_limits, a_batch_has_no_longer_answer_than_a_request)
{
	struct peer peer = connect_peer();
	char line[300 * 64] = "[";
	json_t *answers, *answer;
	size_t index, n_refused = 0, bytes;

	for (int id = 1; id <= 250; id++)
		sprintf(line + strlen(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"status\"}%s", id,
		    id < 250 ? "," : "]\n");
	send_text(&peer, line);
	answers = next_message(&peer);
	cr_assert_eq(json_array_size(answers), 250u);
	json_array_foreach (answers, index, answer)
		n_refused += json_object_get(answer, "error") != NULL;
	cr_assert_gt(n_refused, 0u);
	bytes = json_dumpb(answers, NULL, 0, JSON_COMPACT);
	cr_assert_leq(bytes, 16u << 20);
	json_decref(answers);
	settle();
	cr_assert_eq(daemon_under_test.sessions->output_bytes, 0u);
	cr_assert_eq(daemon_under_test.sessions->calls_bytes, 0u);
	close_peer(&peer);
}

static void answer_late(void *arg)
{
	request_answer(arg, make_text(LARGE_ANSWER_BYTES));
}

Test(session_limits, what_many_have_waited_for_is_answered_as_they_read)
{
	enum { PEERS = 4, EACH = 100 };
	static struct session_postponed postponed[PEERS * EACH];
	struct sessions *sessions = daemon_under_test.sessions;
	struct peer peers[PEERS];
	char *lines = make_requests("wait", EACH);

	for (size_t i = 0; i < PEERS; i++) {
		peers[i] = connect_peer();
		send_text(&peers[i], lines);
		settle();
	}
	free(lines);
	cr_assert_eq(n_deferred, (size_t)PEERS * EACH);
	for (size_t i = 0; i < n_deferred; i++)
		if (!session_postpone(
		        deferred[i]->session, &postponed[i], answer_late, deferred[i]))
			answer_late(deferred[i]);
	cr_assert_leq(sessions->output_bytes, SESSIONS_OUTPUT_BUDGET + LARGE_ANSWER_BYTES + 1000);
	for (size_t i = 0; i < PEERS - 1; i++)
		for (int id = 1; id <= EACH; id++)
			expect_id(&peers[i], id);
	/* The one that never reads gets no more than fits. */
	cr_assert_leq(sessions->output_bytes, (size_t)SESSION_OUTPUT_SOFT + 2 * LARGE_ANSWER_BYTES);
	for (size_t i = 0; i < PEERS; i++)
		close_peer(&peers[i]);
	settle();
	cr_assert_eq(sessions->n_calls, 0u);
	cr_assert_eq(sessions->output_bytes, 0u);
}

Test(session_limits, a_message_that_is_large_in_memory_is_refused)
{
	const size_t count = 950000;
	struct peer peer = connect_peer(), other = connect_peer();
	char *line = malloc(4 * count), *end;

	end =
	    line + sprintf(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[");
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, i ? ",{}" : "{}");
	strcpy(end, "]}\n");
	send_text(&peer, line);
	expect_error(&peer, "limit");
	free(line);
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&peer, 1);
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	close_peer(&peer);
	close_peer(&other);
}

Test(session_limits, half_messages_make_way_for_a_whole_one)
{
	enum { COUNT = 3 };
	const size_t count = 700000, size = 12u << 20;
	struct peer halves[COUNT], peer = connect_peer();
	char *line = malloc(4 * count), *end = line, *half = malloc(size);

	memset(half, ' ', size);
	for (size_t i = 0; i < COUNT; i++) {
		halves[i] = connect_peer();
		send_bytes(&halves[i], half, size);
	}
	free(half);
	cr_assert_gt(daemon_under_test.sessions->input_bytes, 36u << 20);
	end += sprintf(
	    line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\",\"params\":{\"names\":[");
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, i ? ",{}" : "{}");
	strcpy(end, "]}}\n");
	send_text(&peer, line);
	free(line);
	expect_error(&peer, "bad_params"); /* so it was read */
	expect_error(&halves[0], "limit");
	expect_end(&halves[0]);
	for (size_t i = 0; i < COUNT; i++)
		close_peer(&halves[i]);
	close_peer(&peer);
}

Test(session_limits, deep_json_and_bad_text_are_errors)
{
	struct peer peer = connect_peer();
	size_t depth = 100000;
	char *bytes = malloc(depth + 1);

	memset(bytes, '[', depth);
	bytes[depth] = '\n';
	cr_assert(send_bytes(&peer, bytes, depth + 1));
	free(bytes);
	expect_error(&peer, "limit");
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}\n");
	expect_error(&peer, "parse_error");
	send_text(&peer, "{\"a\":1,\"a\":2}\n");
	expect_error(&peer, "parse_error");
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	expect_id(&peer, 2);
	close_peer(&peer);
}

Test(session_limits, a_reader_that_stops_costs_little)
{
	struct peer peer = connect_peer(), other = connect_peer();
	const int count = 400; /* of 100 KiB each */
	size_t n_handled_before;

	char *lines = calloc((size_t)count, 64);
	for (int id = 1; id <= count; id++)
		sprintf(lines + strlen(lines),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"status\"}\n", id);
	send_text(&peer, lines);
	free(lines);
	settle();
	cr_assert_leq(daemon_under_test.sessions->output_bytes,
	    (size_t)SESSION_OUTPUT_SOFT + 2 * LARGE_ANSWER_BYTES);
	n_handled_before = n_handled;
	cr_assert_lt(n_handled_before, (size_t)count);
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	for (int id = 1; id <= count; id++)
		expect_id(&peer, id);
	cr_assert_eq(daemon_under_test.sessions->output_bytes, 0u);
	close_peer(&peer);
	close_peer(&other);
}

Test(session_limits, requests_in_flight_are_limited)
{
	struct peer peer = connect_peer();

	for (int id = 1; id <= SESSION_REQUESTS_MAX + 1; id++) {
		char line[64];
		snprintf(line, sizeof(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"wait\"}\n", id);
		send_text(&peer, line);
	}
	expect_error(&peer, "limit");
	cr_assert_eq(n_deferred, (size_t)SESSION_REQUESTS_MAX);
	request_answer(deferred[0], json_object());
	expect_id(&peer, 1);
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":9999,\"method\":\"ping\"}\n");
	expect_id(&peer, 9999);
	close_peer(&peer);
}

Test(session_limits, bytes_in_flight_are_limited)
{
	struct peer peer = connect_peer(), other = connect_peer();
	struct sessions *sessions = daemon_under_test.sessions;
	const char head[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"wait\",\"params\":{\"names\":[\"";
	size_t size = 15u << 20;
	char *line = malloc(size + 1);

	memset(line, ' ', size);
	line[size] = '\0';
	memcpy(line, head, sizeof(head) - 1);
	strcpy(line + size - 5, "\"]}}\n");
	for (int i = 0; i < 2; i++)
		send_text(&peer, line);
	free(line);
	expect_error(&peer, "limit"); /* the second */
	cr_assert_leq(sessions->calls_bytes, (size_t)SESSIONS_CALLS_BUDGET + size);
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	expect_id(&peer, 2);
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n"
	                  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	expect_id(&other, 2);
	close_peer(&peer);
	close_peer(&other);
	settle();
	cr_assert_eq(sessions->calls_bytes, 0u);
}

Test(session_limits, short_requests_that_wait_are_limited_by_what_they_hold)
{
	enum { COUNT = 8 };
	struct sessions *sessions = daemon_under_test.sessions;
	struct peer peers[COUNT];
	char line[512], *lines, *end;

	end = stpcpy(
	    line, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"wait\",\"params\":{\"names\":[");
	for (int i = 0; i < 100; i++)
		end = stpcpy(end, i ? ",\"a\"" : "\"a\"");
	strcpy(end, "]}}\n");
	lines = calloc(400, sizeof(line));
	for (end = lines; end < lines + 400 * strlen(line);)
		end = stpcpy(end, line);
	for (size_t i = 0; i < COUNT; i++) {
		peers[i] = connect_peer();
		send_text(&peers[i], lines);
		settle();
	}
	free(lines);
	expect_error(&peers[COUNT - 1], "limit");
	cr_assert_lt(n_deferred, (size_t)COUNT * 400);
	cr_assert_leq(
	    sessions->calls_bytes, (size_t)SESSIONS_CALLS_BUDGET + COUNT * 2 * SESSION_CALLS_FAIR);
	send_text(&peers[0], "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\"}\n");
	expect_id(&peers[0], 8);
	for (size_t i = 0; i < COUNT; i++)
		close_peer(&peers[i]);
}

Test(session_limits, runs_held_by_one_connection_are_limited)
{
	struct peer peer = connect_peer();
	struct session *session = TAILQ_FIRST(&daemon_under_test.sessions->live);

	for (uint64_t run = 1; run <= SESSION_RUNS_MAX; run++)
		cr_assert_eq(session_keep_run(session, run), 0);
	cr_assert_eq(session_keep_run(session, SESSION_RUNS_MAX + 1), -1);
	cr_assert_eq(errno, ENOSPC);
	cr_assert(session_forget_run(session, 7));
	cr_assert_eq(session_keep_run(session, SESSION_RUNS_MAX + 1), 0);
	close_peer(&peer);
	settle();
	cr_assert_eq(n_closed_runs, (size_t)SESSION_RUNS_MAX);
}

Test(session_limits, half_messages_share_one_budget)
{
	enum { COUNT = 12 };
	struct peer peers[COUNT], other = connect_peer();
	size_t size = 12u << 20, n_open = 0;
	char *bytes = malloc(size);

	memset(bytes, ' ', size);
	for (size_t i = 0; i < COUNT; i++) {
		peers[i] = connect_peer();
		send_bytes(&peers[i], bytes, size);
		cr_assert_leq(daemon_under_test.sessions->input_bytes,
		    (size_t)SESSIONS_INPUT_BUDGET + (17u << 20));
	}
	free(bytes);
	settle();
	for (size_t i = 0; i < COUNT; i++) {
		read_some(&peers[i]);
		n_open += peers[i].length == 0;
	}
	cr_assert_gt(n_open, 0u);
	cr_assert_lt(n_open, (size_t)COUNT);
	expect_error(&peers[0], "limit"); /* the one that was silent for longest */
	send_text(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	expect_id(&other, 1);
	for (size_t i = 0; i < COUNT; i++)
		close_peer(&peers[i]);
	close_peer(&other);
}
