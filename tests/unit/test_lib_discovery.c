/*
 * Which workspace and socket libparproc finds: options, environment, directories upward.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/connection.h"
#include "lib/discover.h"
#include "tests/unit/lib_kit.h"

static const char *const variables[] = {"PP_SOCKET", "PP_WORKSPACE", "PP_RUN", "PP_EXEC"};

/* Each test has a directory with the workspace "ws" and in it "a/b"; "none" is outside. */
static char *top;

static void set_up(void)
{
	size_t i;

	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	top = kit_directory_new();
	kit_make_directory(top, "none");
	kit_make_directory(top, "ws");
	kit_make_directory(top, "ws/a");
	kit_make_directory(top, "ws/a/b");
	kit_make_file(top, "ws/parproc.yaml", "", 0600);
}

static void tear_down(void)
{
	cr_assert_eq(chdir("/"), 0);
	kit_directory_free(top);
}

TestSuite(discovery, .init = set_up, .fini = tear_down);

static void go_to(const char *name)
{
	char *path = kit_path(top, name);

	cr_assert_eq(chdir(path), 0);
	free(path);
}

/* Names are below the test's directory; NULL: nothing was found. */
static void expect_found(
    const struct pp_connect_options *options, const char *workspace, const char *socket)
{
	static const struct pp_connect_options none;
	pp_conn *conn = calloc(1, sizeof(*conn));
	enum pp_error error = discover(conn, options ? options : &none);
	char *expected = workspace ? kit_path(top, workspace) : NULL;

	cr_assert_eq(error, socket ? PP_OK : PP_ERR_NO_WORKSPACE, "%s", pp_error_text(conn));
	if (expected)
		cr_assert_str_eq(conn->workspace, expected);
	else
		cr_assert_null(conn->workspace);
	free(expected);
	if (socket) {
		expected = kit_path(top, socket);
		cr_assert_str_eq(conn->socket_path, expected);
		free(expected);
	} else {
		cr_assert_neq(pp_error_text(conn)[0], '\0');
	}
	kept_fd_set(&conn->socket, -1);
	pp_close(conn);
}

static void set_variable(const char *name, const char *path)
{
	char *value = kit_path(top, path);

	setenv(name, value, 1);
	free(value);
}

Test(discovery, here)
{
	go_to("ws");
	expect_found(NULL, "ws", "ws/.parproc/ppd.sock");
}

Test(discovery, upward)
{
	go_to("ws/a/b");
	expect_found(NULL, "ws", "ws/.parproc/ppd.sock");
}

Test(discovery, the_nearest_wins_whatever_marks_it)
{
	static const char *const files[] = {"parproc.json", "parproc.yml", "parproc.yaml"};
	char *path;
	size_t i;

	go_to("ws/a/b");
	kit_make_directory(top, "ws/a/.parproc");
	expect_found(NULL, "ws/a", "ws/a/.parproc/ppd.sock");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		path = kit_path("ws/a/b", files[i]);
		kit_make_file(top, path, "", 0600);
		expect_found(NULL, "ws/a/b", "ws/a/b/.parproc/ppd.sock");
		cr_assert_eq(unlink(files[i]), 0);
		free(path);
	}
}

Test(discovery, a_directory_with_a_file_s_name_is_no_workspace)
{
	go_to("ws/a/b");
	kit_make_directory(top, "ws/a/parproc.yaml");
	kit_make_file(top, "ws/a/.parproc", "", 0600);
	expect_found(NULL, "ws", "ws/.parproc/ppd.sock");
}

Test(discovery, nothing_found_is_an_error_that_says_so)
{
	go_to("none");
	expect_found(NULL, NULL, NULL);
}

Test(discovery, a_directory_that_is_named)
{
	struct pp_connect_options options = {.directory = "../ws/a"};

	go_to("none");
	expect_found(&options, "ws", "ws/.parproc/ppd.sock");
	options.directory = ".";
	expect_found(&options, "none", "none/.parproc/ppd.sock");
	options.directory = "missing";
	expect_found(&options, NULL, NULL);
}

Test(discovery, symbolic_links_are_followed)
{
	char *target = kit_path(top, "ws/a");
	char *link = kit_path(top, "none/link");

	cr_assert_eq(symlink(target, link), 0);
	go_to("none/link");
	expect_found(NULL, "ws", "ws/.parproc/ppd.sock");
	free(target);
	free(link);
}

Test(discovery, the_environment_wins_over_the_search)
{
	go_to("none");
	set_variable("PP_WORKSPACE", "ws/a");
	expect_found(NULL, "ws", "ws/.parproc/ppd.sock");
	set_variable("PP_SOCKET", "elsewhere.sock");
	expect_found(NULL, "ws", "elsewhere.sock");
	setenv("PP_SOCKET", "", 1);
	expect_found(NULL, "ws", "ws/.parproc/ppd.sock");
}

Test(discovery, options_win_over_the_environment)
{
	struct pp_connect_options options = {.directory = "../none"};

	go_to("ws");
	set_variable("PP_WORKSPACE", "ws/a");
	set_variable("PP_SOCKET", "elsewhere.sock");
	expect_found(&options, "none", "none/.parproc/ppd.sock");
	options.socket_path = "mine.sock";
	expect_found(&options, "none", "ws/mine.sock");
	options.directory = NULL;
	expect_found(&options, "ws", "ws/mine.sock");
	options = (struct pp_connect_options){.ignore_environment = true};
	expect_found(&options, "ws", "ws/.parproc/ppd.sock");
}

/* ---- PP_RUN and PP_EXEC ---- */

static void expect_defaults(const struct pp_connect_options *options, const char *run, int64_t exec)
{
	static const struct pp_connect_options none;
	pp_conn *conn = calloc(1, sizeof(*conn));

	cr_assert_eq(discover(conn, options ? options : &none), PP_OK);
	if (run)
		cr_assert_str_eq(pp_default_run(conn), run);
	else
		cr_assert_null(pp_default_run(conn));
	cr_assert_eq(pp_default_exec(conn), exec);
	kept_fd_set(&conn->socket, -1);
	pp_close(conn);
}

Test(discovery, the_run_of_the_environment)
{
	go_to("ws");
	expect_defaults(NULL, NULL, 0);
	setenv("PP_RUN", "nightly", 1);
	expect_defaults(NULL, "nightly", 0);
	setenv("PP_EXEC", "12", 1);
	expect_defaults(NULL, "nightly", 12);
	setenv("PP_EXEC", "12x", 1);
	expect_defaults(NULL, "nightly", 0);
}

Test(discovery, the_run_of_another_daemon_means_nothing)
{
	struct pp_connect_options options = {.directory = "../none"};

	go_to("ws");
	setenv("PP_RUN", "3", 1);
	setenv("PP_EXEC", "12", 1);
	set_variable("PP_SOCKET", "ws/.parproc/ppd.sock");
	set_variable("PP_WORKSPACE", "ws");
	expect_defaults(NULL, "3", 12);
	expect_defaults(&options, NULL, 0);
	options.directory = "a";
	expect_defaults(&options, "3", 12);
	options.ignore_environment = true;
	expect_defaults(&options, NULL, 0);
}
