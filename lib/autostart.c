/*
 * Starts `ppd -d` and hears when it ends, which says that a daemon is ready: this one, or another
 * client's. What it prints becomes the error's text. No signal handlers are needed: its end is the
 * end of the pipe that it writes its messages to.
 */
#include "lib/autostart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/connection.h"
#include "lib/discover.h"
#include "lib/executable.h"

#define DEFAULT_IDLE_EXIT "30m"
#define MAX_MESSAGE_BYTES 1024

struct starter {
	pid_t pid;
	int fd;                       /* what it prints comes from here */
	char *ppd;                    /* what was executed */
	char text[MAX_MESSAGE_BYTES]; /* the beginning of what it has printed */
	size_t length;
};

static int set_actions(posix_spawn_file_actions_t *actions, int output)
{
	int error = posix_spawn_file_actions_adddup2(actions, output, 1);

	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, 1, 2);
	if (error == 0) /* last, because output may be 0 */
		error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	return error;
}

/* A session of its own, so that Ctrl-C at the client does not reach it; no signal blocked or
 * ignored, whatever the caller has done. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	error = posix_spawnattr_setflags(
	    attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	return error;
}

/* An errno value, 0: started. */
static int spawn(const char *ppd, char *const *argv, int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;

	error = posix_spawn_file_actions_init(&actions);
	if (error != 0)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = set_actions(&actions, output);
		if (error == 0)
			error = set_attributes(&attributes);
		if (error == 0)
			error = posix_spawnp(pid, ppd, &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Keeps the beginning of what comes and drops the rest. 1: there may be more, 0: that was all for
 * now, -1: the end. */
static int read_output(struct starter *starter)
{
	char rest[MAX_MESSAGE_BYTES];
	size_t space = sizeof(starter->text) - 1 - starter->length;
	ssize_t size = read(starter->fd, space > 0 ? starter->text + starter->length : rest,
	    space > 0 ? space : sizeof(rest));

	if (size < 0 && errno == EINTR)
		return 1;
	if (size < 0 && errno == EAGAIN)
		return 0;
	if (size <= 0)
		return -1;
	if (space > 0)
		starter->length += (size_t)size;
	starter->text[starter->length] = '\0';
	return 1;
}

/* The exit status, or -1: a signal, or somebody else reaped it. */
static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The last line is what the program ended with. */
static const char *last_line(struct starter *starter)
{
	char *newline;

	while (starter->length > 0 && starter->text[starter->length - 1] == '\n')
		starter->text[--starter->length] = '\0';
	newline = strrchr(starter->text, '\n');
	return newline ? newline + 1 : starter->text;
}

/* Whether a daemon serves is for connect() to say; an exit status of its own is an error, though.
 */
static enum pp_error finish(pp_conn *conn, struct starter *starter)
{
	int status = reap(starter->pid);

	starter->pid = 0;
	if (status <= 0)
		return PP_OK;
	if (starter->length == 0)
		return conn_fail(conn, PP_ERR_UNREACHABLE,
		    "cannot start a daemon for %s: %s failed and did not say why", conn->workspace,
		    starter->ppd);
	return conn_fail(conn, PP_ERR_UNREACHABLE, "cannot start a daemon for %s: %s",
	    conn->workspace, last_line(starter));
}

enum pp_error starter_advance(pp_conn *conn)
{
	struct starter *starter = conn->starter;
	enum pp_error error;
	int going;

	do {
		going = read_output(starter);
	} while (going > 0);
	if (going == 0)
		return PP_OK;
	conn->starter = NULL;
	error = finish(conn, starter);
	starter_free(starter);
	return error;
}

enum pp_error starter_give_up(pp_conn *conn)
{
	starter_free(conn->starter);
	conn->starter = NULL;
	return conn_fail(conn, PP_ERR_UNREACHABLE,
	    "the daemon for %s was started but is not ready in time", conn->workspace);
}

void starter_free(struct starter *starter)
{
	if (!starter)
		return;
	if (starter->pid > 0) {
		kill(starter->pid, SIGKILL);
		reap(starter->pid);
	}
	if (starter->fd >= 0)
		close(starter->fd);
	free(starter->ppd);
	free(starter);
}

int starter_get_fd(const struct starter *starter)
{
	return starter->fd;
}

/* Fills in pid and fd. */
static enum pp_error start(pp_conn *conn, struct starter *starter, char *const *argv)
{
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return conn_fail(conn, PP_ERR_SYSTEM, "cannot start a daemon: %m");
	starter->fd = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	status = spawn(starter->ppd, argv, ends[1], &starter->pid);
	close(ends[1]);
	if (status == 0)
		return PP_OK;
	starter->pid = 0;
	errno = status;
	return conn_fail(conn, PP_ERR_UNREACHABLE, "cannot start a daemon: %s: %m", starter->ppd);
}

enum pp_error starter_begin(pp_conn *conn)
{
	const char *idle_exit = conn->idle_exit ? conn->idle_exit : DEFAULT_IDLE_EXIT;
	const char *argv[9] = {"ppd", "-d", "-C", conn->workspace, "--idle-exit", idle_exit};
	struct starter *starter = calloc(1, sizeof(*starter));
	enum pp_error error;

	if (!starter)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory");
	starter->fd = -1;
	starter->ppd = conn->ppd_path ? strdup(conn->ppd_path) : executable_find("ppd");
	if (conn->is_socket_named) {
		argv[6] = "-S";
		argv[7] = conn->socket_path;
	}
	error = starter->ppd ? start(conn, starter, (char *const *)argv)
	                     : conn_fail(conn, PP_ERR_NOMEM, "no memory");
	if (error == PP_OK)
		conn->starter = starter;
	else
		starter_free(starter);
	return error;
}
