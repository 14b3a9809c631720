/*
 * How libparproc gets to a daemon: versions, long paths, nobody there, starting one; and what it
 * asks for by default.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/parproc.h"
#include "protocol/version.h"
#include "tests/unit/lib_kit.h"

static char *directory;

static void set_up(void)
{
	unsetenv("PP_SOCKET");
	unsetenv("PP_WORKSPACE");
	unsetenv("PP_RUN");
	unsetenv("PP_EXEC");
	unsetenv("PP_AUTOSTART");
	directory = kit_directory_new();
}

static void tear_down(void)
{
	kit_directory_free(directory);
}

TestSuite(connect, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- connecting ---- */

static void expect_mismatch(int protocol, const char *advice)
{
	struct pp_connect_options options = {.directory = directory};
	struct server *server = server_start(directory, protocol);
	pp_conn *conn;
	json_t *info;

	cr_assert_eq(pp_connect(&options, &conn), PP_OK);
	cr_assert_eq(pp_call(conn, "echo", NULL, 30, NULL), PP_ERR_PROTOCOL);
	cr_assert_not_null(strstr(pp_error_text(conn), advice), "%s", pp_error_text(conn));
	cr_assert_eq(pp_server_info(conn, 30, &info), PP_ERR_PROTOCOL);
	cr_assert_eq(pp_get_fd(conn), -1);
	pp_close(conn);
	server_stop(server);
}

Test(connect, a_newer_daemon_asks_for_a_newer_client)
{
	expect_mismatch(PROTOCOL_VERSION + 1, "upgrade the client");
}

Test(connect, an_older_daemon_has_to_be_restarted)
{
	expect_mismatch(PROTOCOL_VERSION - 1, "restart the daemon");
}

Test(connect, a_path_longer_than_a_socket_s_address)
{
	static const char part[] = "a-directory-with-a-long-name-of-fifty-characters-x";
	struct pp_connect_options options = {0};
	char *path = strdup(directory), *longer;
	struct server *server;
	pp_conn *conn;

	while (strlen(path) < 2 * sizeof(struct sockaddr_un)) {
		kit_make_directory(path, part);
		longer = kit_path(path, part);
		free(path);
		path = longer;
	}
	server = server_start(path, PROTOCOL_VERSION);
	options.directory = path;
	cr_assert_eq(pp_connect(&options, &conn), PP_OK, "%s", pp_error_text(conn));
	cr_assert_eq(pp_call(conn, "echo", NULL, 30, NULL), PP_OK);
	pp_close(conn);
	server_stop(server);
	free(path);
}

static void expect_unreachable(const struct pp_connect_options *options, const char *text)
{
	pp_conn *conn;

	cr_assert_eq(pp_connect(options, &conn), PP_ERR_UNREACHABLE);
	cr_assert_eq(pp_error_code(conn), PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(pp_error_text(conn), text), "%s", pp_error_text(conn));
	cr_assert_eq(pp_get_fd(conn), -1);
	cr_assert_eq(pp_call(conn, "echo", NULL, 1, NULL), PP_ERR_UNREACHABLE);
	cr_assert_not_null(strstr(pp_error_text(conn), text), "%s", pp_error_text(conn));
	pp_close(conn);
}

Test(connect, nobody_there_is_said_with_the_socket_s_path)
{
	struct pp_connect_options options = {.directory = directory};

	expect_unreachable(&options, "/.parproc/ppd.sock: No such file or directory");
	kit_make_directory(directory, ".parproc");
	server_stop(server_start(directory, PROTOCOL_VERSION));
	expect_unreachable(&options, "/.parproc/ppd.sock: Connection refused");
	options.socket_path = "/dev/null";
	expect_unreachable(&options, "/dev/null");
}

/* ---- starting a daemon ---- */

/* A ppd that is a shell script. */
static struct pp_connect_options options_with_ppd(char **ppd, const char *script)
{
	kit_make_file(directory, "ppd", script, 0755);
	*ppd = kit_path(directory, "ppd");
	return (struct pp_connect_options){
	    .directory = directory, .ppd_path = *ppd, .autostart = true, .timeout_s = 30};
}

Test(connect, a_daemon_that_cannot_be_started_says_why)
{
	char *ppd;
	struct pp_connect_options options =
	    options_with_ppd(&ppd, "#!/bin/sh\necho one >&2\necho 'ppd: disk full' >&2\nexit 1\n");

	expect_unreachable(&options, "ppd: disk full");
	free(ppd);
	options = options_with_ppd(&ppd, "#!/bin/sh\nexit 4\n");
	expect_unreachable(&options, "did not say why");
	free(ppd);
	options.ppd_path = "/nonexistent/ppd";
	expect_unreachable(&options, "/nonexistent/ppd");
}

Test(connect, a_daemon_that_never_is_ready_is_given_up)
{
	char *ppd;
	struct pp_connect_options options = options_with_ppd(&ppd, "#!/bin/sh\nexec sleep 1000\n");

	options.timeout_s = 0.05;
	expect_unreachable(&options, "not ready in time");
	free(ppd);
	options = options_with_ppd(&ppd, "#!/bin/sh\nexit 0\n");
	options.timeout_s = 0.05;
	expect_unreachable(&options, directory);
	free(ppd);
}

Test(connect, no_daemon_is_started_against_the_user_s_wish)
{
	char *ppd;
	struct pp_connect_options options =
	    options_with_ppd(&ppd, "#!/bin/sh\necho started >&2\nexit 1\n");

	setenv("PP_AUTOSTART", "0", 1);
	expect_unreachable(&options, "no daemon serves");
	options.ignore_environment = true;
	expect_unreachable(&options, "started");
	options.autostart = false;
	expect_unreachable(&options, "no daemon serves");
	free(ppd);
}

/* Serves once the script has run. */
static void *serve_when_started(void *arg)
{
	kit_wait_for_file(directory, "started");
	*(struct server **)arg = server_start(directory, PROTOCOL_VERSION);
	return NULL;
}

Test(connect, a_daemon_is_started_and_connected_to)
{
	static const char script[] = "#!/bin/sh\n"
	                             "cd \"$3\" && echo \"$*\" >args.new && mv args.new args\n"
	                             "test -t 0 && exit 9\n"
	                             "touch started\n";
	char *ppd, *path = kit_path(directory, "args"), args[1000] = "", expected[1000];
	struct pp_connect_options options = options_with_ppd(&ppd, script);
	struct server *server = NULL;
	pthread_t thread;
	pp_conn *conn;
	FILE *file;

	cr_assert_eq(pthread_create(&thread, NULL, serve_when_started, &server), 0);
	cr_assert_eq(pp_connect(&options, &conn), PP_OK, "%s", pp_error_text(conn));
	cr_assert_eq(pp_call(conn, "echo", NULL, 30, NULL), PP_OK);
	pthread_join(thread, NULL);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(args, sizeof(args), file));
	fclose(file);
	snprintf(expected, sizeof(expected), "-d -C %s --idle-exit 30m\n", directory);
	cr_assert_str_eq(args, expected);
	pp_close(conn);
	server_stop(server);
	free(ppd);
	free(path);
}

/* ---- what is asked for by default ---- */

static pp_conn *connect_with_environment(struct server **server)
{
	struct pp_connect_options options = {.directory = directory};
	pp_conn *conn;

	*server = server_start(directory, PROTOCOL_VERSION);
	cr_assert_eq(pp_connect(&options, &conn), PP_OK, "%s", pp_error_text(conn));
	return conn;
}

static void expect_params(
    pp_conn *conn, const char *method, const struct pp_request *request, const char *expected)
{
	json_t *wanted = json_loads(expected, 0, NULL);
	json_t *params = pp_request_params(conn, method, request);
	char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);

	cr_assert_not_null(wanted, "%s", expected);
	cr_assert(json_equal(params, wanted), "%s", text);
	free(text);
	json_decref(params);
	json_decref(wanted);
}

Test(connect, a_request_says_what_was_set_and_nothing_else)
{
	struct pp_request request = {.names = (const char *const[]){"a", "b", NULL}};
	struct server *server;
	pp_conn *conn = connect_with_environment(&server);

	expect_params(conn, "status", NULL, "{}");
	expect_params(conn, "status", &request, "{\"names\":[\"a\",\"b\"]}");
	request.run = "nightly";
	request.timeout_s = 1.5;
	expect_params(conn, "wait", &request,
	    "{\"names\":[\"a\",\"b\"],\"run\":\"nightly\",\"timeout\":1.5}");
	request = (struct pp_request){.is_all = true, .is_forced = true, .is_kill = true};
	expect_params(conn, "cancel", &request, "{\"all\":true,\"force\":true,\"kill\":true}");
	request = (struct pp_request){.run = "\xff"};
	cr_assert_null(pp_request_params(conn, "wait", &request));
	cr_assert_eq(pp_error_code(conn), PP_ERR_INVALID);
	pp_close(conn);
	server_stop(server);
}

Test(connect, a_request_from_inside_a_proc_belongs_to_its_run)
{
	struct pp_request request = {0};
	struct server *server;
	pp_conn *conn;

	setenv("PP_RUN", "7", 1);
	setenv("PP_EXEC", "42", 1);
	conn = connect_with_environment(&server);
	expect_params(conn, "status", NULL, "{\"run\":\"7\",\"exec\":42}");
	expect_params(conn, "list", NULL, "{}");
	expect_params(conn, "context", NULL, "{\"exec\":42}");
	request.run = "nightly";
	expect_params(conn, "status", &request, "{\"run\":\"nightly\",\"exec\":42}");
	request = (struct pp_request){.new_run = true};
	expect_params(conn, "status", &request, "{}");
	pp_close(conn);
	server_stop(server);
}

Test(connect, what_starts_something_carries_the_environment)
{
	struct pp_request request = {0};
	struct server *server;
	json_t *params, *env;
	pp_conn *conn;

	setenv("PP_RUN", "7", 1);
	setenv("KIT_PLAIN", "a=b", 1);
	setenv("KIT_BYTES", "\xff", 1);
	conn = connect_with_environment(&server);
	params = pp_request_params(conn, "start", NULL);
	env = json_object_get(params, "env");
	cr_assert_str_eq(json_string_value(json_object_get(env, "KIT_PLAIN")), "a=b");
	cr_assert_null(json_object_get(env, "KIT_BYTES"), "what is not UTF-8 was sent");
	cr_assert_null(json_object_get(env, "PP_RUN"));
	json_decref(params);
	request.env = json_pack("{s:s}", "ONLY", "this");
	params = pp_request_params(conn, "start", &request);
	cr_assert(json_equal(json_object_get(params, "env"), request.env));
	json_decref(params);
	json_decref(request.env);
	pp_close(conn);
	server_stop(server);
}
