/*
 * Connections of libparproc against a stand-in for the daemon over a real socket: calls, callbacks,
 * events, errors, and what is not the client's fault.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/parproc.h"
#include "protocol/version.h"
#include "tests/unit/lib_kit.h"

static char *directory;
static struct server *server;
static pp_conn *conn;

static pp_conn *connect_to(const char *path)
{
	struct pp_connect_options options = {
	    .directory = path, .ignore_environment = true, .timeout_s = 30};
	pp_conn *new_conn;

	cr_assert_eq(pp_connect(&options, &new_conn), PP_OK, "%s", pp_error_text(new_conn));
	return new_conn;
}

static void set_up(void)
{
	directory = kit_directory_new();
	server = server_start(directory, PROTOCOL_VERSION);
	conn = connect_to(directory);
}

static void tear_down(void)
{
	pp_close(conn);
	server_stop(server);
	kit_directory_free(directory);
}

TestSuite(conn, .init = set_up, .fini = tear_down, .timeout = 60);

static void expect_echo(pp_conn *which, int value)
{
	json_t *result = NULL;

	cr_assert_eq(pp_call(which, "echo", json_pack("{s:i}", "n", value), 30, &result), PP_OK,
	    "%s", pp_error_text(which));
	cr_assert_eq(json_integer_value(json_object_get(result, "n")), value);
	json_decref(result);
}

/* ---- blocking ---- */

Test(conn, a_call_gets_its_answer)
{
	expect_echo(conn, 1);
	expect_echo(conn, 2);
	cr_assert_eq(pp_call(conn, "echo", NULL, PP_FOREVER, NULL), PP_OK);
	cr_assert_eq(pp_error_code(conn), PP_OK);
}

/* As by a program that closes all descriptors above 2, and then opens its own. */
Test(conn, a_descriptor_that_is_somebody_elses_now_is_left_alone)
{
	char *path = kit_path(directory, "file");
	int fd = pp_get_fd(conn), file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat status;

	cr_assert_geq(file, 0);
	cr_assert_eq(dup2(file, fd), fd);
	expect_echo(conn, 1);
	cr_assert_neq(pp_get_fd(conn), fd);
	cr_assert_eq(fstat(fd, &status), 0, "it was closed");
	cr_assert_eq(status.st_size, 0, "it was written to");
	close(file);
	close(fd);
	free(path);
}

Test(conn, a_descriptor_that_was_closed_is_replaced)
{
	cr_assert_eq(close(pp_get_fd(conn)), 0);
	expect_echo(conn, 1);
}

Test(conn, names_of_an_answer_can_be_asked_for)
{
	json_t *more = json_pack("[s, s]", "b", "c");
	struct pp_request request = {.more_names = more};
	json_t *params = pp_request_params(conn, "status", &request);

	cr_assert(json_equal(json_object_get(params, "names"), more));
	json_decref(params);
	request.names = PP_NAMES("a");
	params = pp_request_params(conn, "status", &request);
	cr_assert_eq(json_array_size(json_object_get(params, "names")), 3);
	cr_assert_eq(json_array_size(more), 2);
	json_decref(params);
	json_decref(more);
}

Test(conn, what_the_daemon_said_to_hello)
{
	json_t *info;

	cr_assert_eq(pp_server_info(conn, 30, &info), PP_OK);
	cr_assert_str_eq(json_string_value(json_object_get(info, "server")), "kit");
	cr_assert_eq(pp_server_info(conn, 0, &info), PP_OK);
}

Test(conn, a_refusal_has_name_text_and_data)
{
	json_t *result = json_null();

	cr_assert_eq(pp_call(conn, "fail", NULL, 30, &result), PP_ERR_REMOTE);
	cr_assert_null(result);
	cr_assert_eq(pp_error_code(conn), PP_ERR_REMOTE);
	cr_assert_str_eq(pp_error_name(conn), "unknown_name");
	cr_assert_str_eq(pp_error_text(conn), "nothing is named bild");
	cr_assert_not_null(json_object_get(pp_error_data(conn), "suggestions"));
	expect_echo(conn, 3);
}

Test(conn, a_timeout_leaves_the_connection_as_it_was)
{
	cr_assert_eq(pp_call(conn, "silent", NULL, 0.01, NULL), PP_ERR_TIMEOUT);
	cr_assert_null(pp_error_name(conn));
	cr_assert_eq(pp_call(conn, "later", NULL, 0, NULL), PP_ERR_TIMEOUT);
	expect_echo(conn, 4);
	cr_assert_eq(pp_call(conn, "release", NULL, 30, NULL), PP_OK);
	expect_echo(conn, 5);
}

Test(conn, a_large_request_and_its_answer)
{
	size_t size = 8 << 20;
	char *text = malloc(size);
	json_t *result;

	memset(text, 'x', size);
	cr_assert_eq(
	    pp_call(conn, "echo", json_pack("{s:s#}", "t", text, size), 120, &result), PP_OK);
	cr_assert_eq(json_string_length(json_object_get(result, "t")), size);
	json_decref(result);
	free(text);
}

Test(conn, a_request_above_the_limit_is_not_sent)
{
	size_t size = PROTOCOL_MAX_LINE_BYTES;
	char *text = malloc(size);

	memset(text, 'x', size);
	cr_assert_eq(
	    pp_call(conn, "echo", json_pack("{s:s#}", "t", text, size), 30, NULL), PP_ERR_INVALID);
	free(text);
	expect_echo(conn, 6);
}

/* ---- wrong calls ---- */

Test(conn, wrong_calls_are_errors)
{
	json_t *result;

	cr_assert_eq(pp_connect(NULL, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_call(NULL, "echo", json_object(), 1, &result), PP_ERR_INVALID);
	cr_assert_eq(pp_call(conn, NULL, json_object(), 1, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_call(conn, "echo", json_integer(1), 1, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_send(NULL, "echo", json_object(), NULL, NULL, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_dispatch(NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_step(NULL, 0), PP_ERR_INVALID);
	cr_assert_eq(pp_define(conn, NULL, false, 1, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_define(NULL, json_object(), false, 1, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_params_set(conn, NULL, 1, NULL), PP_ERR_INVALID);
	cr_assert_eq(pp_run(NULL, NULL, 1, NULL), PP_ERR_INVALID);
	cr_assert_null(pp_request_params(NULL, "run", NULL));
	cr_assert_null(pp_request_params(conn, NULL, NULL));
	cr_assert_eq(pp_get_fd(NULL), -1);
	cr_assert_eq(pp_get_events(NULL), 0);
	cr_assert_eq(pp_error_code(NULL), PP_ERR_NOMEM);
	cr_assert_not_null(pp_error_text(NULL));
	pp_on_event(NULL, NULL, NULL);
	pp_forget(NULL, 1);
	pp_forget(conn, 12345);
	pp_close(NULL);
	expect_echo(conn, 7);
}

/* ---- callbacks ---- */

/* What callbacks have seen. */
struct seen {
	int count;
	int sum;
	enum pp_error error;
	enum pp_error nested;
	json_int_t last;
	bool is_in_order;
};

static void count_answer(pp_conn *which, enum pp_error error, json_t *result, void *arg)
{
	struct seen *seen = arg;
	json_int_t n = json_integer_value(json_object_get(result, "n"));

	(void)which;
	seen->is_in_order = (seen->count == 0 || seen->is_in_order) && n >= seen->last;
	seen->last = n;
	seen->count++;
	seen->error = error;
}

static void step_until(pp_conn *which, const int *count, int wanted)
{
	while (*count < wanted)
		cr_assert_eq(pp_step(which, 30), PP_OK, "%s", pp_error_text(which));
}

/* More than the daemon takes at a time. */
Test(conn, many_requests_are_pipelined)
{
	struct seen seen = {0};
	int i;

	for (i = 0; i < 5000; i++)
		cr_assert_eq(
		    pp_send(conn, "echo", json_pack("{s:i}", "n", i), count_answer, &seen, NULL),
		    PP_OK);
	step_until(conn, &seen.count, 5000);
	cr_assert(seen.is_in_order);
}

static void note_integer(pp_conn *which, enum pp_error error, json_t *result, void *arg)
{
	struct seen *seen = arg;

	(void)which;
	seen->count++;
	seen->error = error;
	seen->is_in_order = json_integer_value(result) > seen->last;
	seen->last = json_integer_value(result);
}

Test(conn, descriptors_go_with_their_request)
{
	int ends[3][2], fds[3];
	uint64_t id;
	char byte;

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(pipe(ends[i]), 0);
		fds[i] = ends[i][1];
	}
	pp_send(conn, "echo", NULL, NULL, NULL, NULL); /* a request before it in the queue */
	cr_assert_eq(pp_send(conn, "write", NULL, NULL, NULL, &id), PP_OK);
	cr_assert_eq(pp_add_fds(conn, id, fds, 4), PP_ERR_INVALID);
	cr_assert_eq(pp_add_fds(conn, id, (int[]){fds[0], -1}, 2), PP_ERR_SYSTEM);
	cr_assert_eq(pp_add_fds(conn, id, fds, 3), PP_OK, "%s", pp_error_text(conn));
	cr_assert_eq(pp_add_fds(conn, id, fds, 3), PP_ERR_INVALID);
	expect_echo(conn, 1);
	cr_assert_eq(pp_add_fds(conn, id, fds, 3), PP_ERR_INVALID); /* it is answered */
	for (int i = 0; i < 3; i++) {
		close(ends[i][1]);
		cr_assert_eq(read(ends[i][0], &byte, 1), 1);
		cr_assert_eq(byte, '0' + i);
		cr_assert_eq(read(ends[i][0], &byte, 1), 0); /* nobody has it any more */
		close(ends[i][0]);
	}
}

Test(conn, answers_may_come_in_another_order)
{
	struct seen first = {0}, second = {0};
	uint64_t first_id, second_id;

	cr_assert_eq(pp_send(conn, "later", NULL, note_integer, &first, &first_id), PP_OK);
	cr_assert_eq(pp_send(conn, "later", NULL, note_integer, &second, &second_id), PP_OK);
	expect_echo(conn, 8);
	cr_assert_eq(first.count + second.count, 0);
	cr_assert_eq(pp_call(conn, "release", NULL, 30, NULL), PP_OK);
	cr_assert_eq(first.count, 1);
	cr_assert_eq((uint64_t)first.last, first_id);
	cr_assert_eq((uint64_t)second.last, second_id);
}

Test(conn, a_forgotten_request_s_callback_is_not_called)
{
	struct seen seen = {0};
	uint64_t id;

	cr_assert_eq(pp_send(conn, "later", NULL, note_integer, &seen, &id), PP_OK);
	pp_forget(conn, id);
	cr_assert_eq(pp_call(conn, "release", NULL, 30, NULL), PP_OK);
	cr_assert_eq(seen.count, 0);
}

static void try_from_inside(pp_conn *which, enum pp_error error, json_t *result, void *arg)
{
	struct seen *seen = arg;

	seen->nested = pp_call(which, "echo", NULL, 1, NULL);
	cr_assert_eq(pp_dispatch(which), PP_ERR_INVALID);
	cr_assert_eq(pp_step(which, 1), PP_ERR_INVALID);
	cr_assert_eq(
	    pp_send(which, "echo", json_pack("{s:i}", "n", 1), count_answer, arg, NULL), PP_OK);
	(void)error;
	(void)result;
}

Test(conn, a_callback_may_send_but_not_wait)
{
	struct seen seen = {0};

	cr_assert_eq(pp_send(conn, "echo", NULL, try_from_inside, &seen, NULL), PP_OK);
	step_until(conn, &seen.count, 1);
	cr_assert_eq(seen.nested, PP_ERR_INVALID);
	cr_assert_eq(seen.error, PP_OK);
}

/* A program's own loop: nothing but poll() and the three questions. */
Test(conn, a_loop_of_the_caller_s_own)
{
	struct seen seen = {0};
	int i;

	for (i = 0; i < 100; i++)
		pp_send(conn, "echo", json_pack("{s:i}", "n", i), count_answer, &seen, NULL);
	cr_assert_eq(pp_get_events(conn), POLLIN | POLLOUT);
	while (seen.count < 100) {
		struct pollfd ready = {.fd = pp_get_fd(conn), .events = pp_get_events(conn)};

		cr_assert_geq(poll(&ready, 1, pp_get_timeout(conn) < 0 ? -1 : 0), 0);
		cr_assert_eq(pp_dispatch(conn), PP_OK);
	}
	cr_assert_eq(pp_get_events(conn), POLLIN);
}

/* ---- events ---- */

static void count_event(pp_conn *which, json_t *event, void *arg)
{
	struct seen *seen = arg;
	json_int_t seq = json_integer_value(json_object_get(event, "seq"));

	(void)which;
	cr_assert_eq(seq, seen->last + 1);
	seen->last = seq;
	seen->count++;
}

Test(conn, a_flood_of_events_reaches_the_callback)
{
	struct seen seen = {0};

	pp_on_event(conn, count_event, &seen);
	cr_assert_eq(pp_call(conn, "flood", json_pack("{s:i}", "count", 20000), 30, NULL), PP_OK);
	cr_assert_eq(seen.count, 20000);
	pp_on_event(conn, NULL, NULL);
	cr_assert_eq(pp_call(conn, "flood", json_pack("{s:i}", "count", 10), 30, NULL), PP_OK);
	cr_assert_eq(seen.count, 20000);
}

Test(conn, a_flood_does_not_outlast_a_timeout)
{
	json_t *params = json_pack("{s:I}", "count", (json_int_t)1 << 40);

	cr_assert_eq(pp_call(conn, "flood", params, 0.05, NULL), PP_ERR_TIMEOUT);
}

/* An answer that a blocking call waits for leaves what came behind it for the next one. */
Test(conn, what_comes_behind_an_answer_is_not_lost)
{
	static const char text[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":5}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":1}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"unknown\"}\n";
	struct seen seen = {0};
	json_t *result;

	pp_on_event(conn, count_event, &seen);
	cr_assert_eq(pp_call(conn, "raw", json_pack("{s:s}", "text", text), 30, &result), PP_OK);
	cr_assert_eq(json_integer_value(result), 5);
	json_decref(result);
	step_until(conn, &seen.count, 1);
	expect_echo(conn, 9);
}

/* ---- a bad daemon ---- */

static void expect_lost(enum pp_error error)
{
	cr_assert_eq(pp_error_code(conn), error, "%s", pp_error_text(conn));
	cr_assert_neq(pp_error_text(conn)[0], '\0');
	cr_assert_eq(pp_get_fd(conn), -1);
	cr_assert_eq(pp_get_events(conn), 0);
	cr_assert_eq(pp_call(conn, "echo", NULL, 1, NULL), error);
	cr_assert_eq(pp_send(conn, "echo", json_object(), NULL, NULL, NULL), error);
	cr_assert_eq(pp_dispatch(conn), error);
}

/* A connection that does not come back. */
static void reconnect_for_once(void)
{
	struct pp_connect_options options = {
	    .directory = directory, .ignore_environment = true, .resume_s = -1};

	pp_close(conn);
	cr_assert_eq(pp_connect(&options, &conn), PP_OK, "%s", pp_error_text(conn));
}

Test(conn, a_daemon_that_goes_away_fails_what_waits)
{
	struct seen seen = {0};

	reconnect_for_once();
	pp_send(conn, "silent", NULL, count_answer, &seen, NULL);
	pp_send(conn, "silent", NULL, count_answer, &seen, NULL);
	cr_assert_eq(pp_call(conn, "hang_up", NULL, 30, NULL), PP_ERR_UNREACHABLE);
	cr_assert_eq(seen.count, 2);
	cr_assert_eq(seen.error, PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(pp_error_text(conn), "ppd.sock"));
	expect_lost(PP_ERR_UNREACHABLE);
}

Test(conn, a_daemon_that_is_killed_raises_no_signal)
{
	int i;

	reconnect_for_once();
	signal(SIGPIPE, SIG_DFL);
	cr_assert_eq(pp_send(conn, "hang_up", NULL, NULL, NULL, NULL), PP_OK);
	for (i = 0; i < 100000 && pp_get_fd(conn) >= 0; i++) {
		pp_send(conn, "silent", NULL, NULL, NULL, NULL);
		pp_dispatch(conn);
	}
	expect_lost(PP_ERR_UNREACHABLE);
}

static const char *const bad_lines[] = {
    "garbage\n",
    "\n",
    "[]\n",
    "1\n",
    "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":1}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":\"2\",\"result\":1}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":1}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"no\"}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":1,\"result\":2}\n",
};

Test(conn, a_daemon_that_talks_nonsense_is_left)
{
	size_t i;

	for (i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		json_t *params = json_pack("{s:s}", "text", bad_lines[i]);

		cr_assert_eq(pp_call(conn, "raw", params, 30, NULL), PP_ERR_PROTOCOL, "%s: %s",
		    bad_lines[i], pp_error_text(conn));
		expect_lost(PP_ERR_PROTOCOL);
		pp_close(conn);
		conn = connect_to(directory);
	}
}

/* ---- threads ---- */

static void *echo_many(void *arg)
{
	pp_conn *mine = connect_to(directory);
	int i;

	(void)arg;
	for (i = 0; i < 300; i++)
		expect_echo(mine, i);
	cr_assert_eq(pp_call(mine, "fail", NULL, 30, NULL), PP_ERR_REMOTE);
	pp_close(mine);
	return NULL;
}

Test(conn, threads_with_a_connection_each)
{
	pthread_t threads[8];
	size_t i;

	for (i = 0; i < 8; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, echo_many, NULL), 0);
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}
