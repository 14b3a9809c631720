/*
 * Calls functions in the program that asked for the run: its end of what functions.h says. What it
 * says to a worker: that the call is begun, or nothing where it is not for this program; then what
 * came of it.
 */
#include "lib/functions.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/environment.h"
#include "lib/functions_line.h"
#include "lib/kept_fd.h"

/* What is looked at when the process ends, whatever is freed by then. */
struct exit_guard {
	pid_t pid;    /* of this process */
	pid_t viewer; /* 0: none */
	unsigned n_calls;
};

struct functions {
	pp_app *app;
	struct exit_guard *guard; /* lives until the process ends */
	struct kept_fd listener;
	char address[64]; /* PID:NAME */
	struct conn_helper helper;
};

/* The kernel finds a name that is free. */
static int listen_somewhere(struct functions *functions, int fd)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(name);

	if (bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)) < 0 ||
	    listen(fd, SOMAXCONN) < 0 || getsockname(fd, (struct sockaddr *)&name, &size) < 0)
		return -1;
	snprintf(functions->address, sizeof(functions->address), "%ld:%.*s", (long)getpid(),
	    (int)(size - offsetof(struct sockaddr_un, sun_path) - 1), name.sun_path + 1);
	return 0;
}

/* on_exit(3): a function has called exit(), in the program that asked for it. */
static void note_exit(int status, void *arg)
{
	const struct exit_guard *guard = arg;

	if (guard->n_calls == 0 || getpid() != guard->pid)
		return;
	fflush(NULL);
	dprintf(STDERR_FILENO, "a function called exit(%d); it has to return\n", status);
	if (guard->viewer > 0)
		kill(guard->viewer, SIGTERM);
	status &= 0xff;
	_exit(status == 0 || status == PP_SKIPPED ? 1 : status);
}

static int guard_exit(struct functions *functions)
{
	functions->guard = calloc(1, sizeof(*functions->guard));
	if (!functions->guard)
		return -1;
	functions->guard->pid = getpid();
	return on_exit(note_exit, functions->guard);
}

static void serve(void *arg)
{
	functions_serve(arg);
}

struct functions *functions_new(pp_app *app)
{
	struct functions *functions = calloc(1, sizeof(*functions));
	int fd;

	if (!functions) {
		app_fail(app, PP_ERR_NOMEM, "no memory");
		return NULL;
	}
	functions->app = app;
	kept_fd_set(&functions->listener, -1);
	if (guard_exit(functions) != 0) {
		app_fail(app, PP_ERR_NOMEM, "no memory");
		functions_free(functions);
		return NULL;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	kept_fd_set(&functions->listener, fd);
	if (fd < 0 || listen_somewhere(functions, fd) < 0) {
		app_fail(app, PP_ERR_SYSTEM, "cannot listen for calls of functions: %m");
		functions_free(functions);
		return NULL;
	}
	functions->helper = (struct conn_helper){.fd = fd,
	    .serve = serve,
	    .arg = functions,
	    .variable = FUNCTIONS_VARIABLE,
	    .value = functions->address};
	return functions;
}

void functions_free(struct functions *functions)
{
	if (!functions)
		return;
	kept_fd_close(&functions->listener);
	free(functions);
}

void functions_attach(struct functions *functions, pp_conn *conn)
{
	conn->helper = &functions->helper;
}

int functions_get_fd(const struct functions *functions)
{
	return functions->helper.fd;
}

void functions_set_viewer(struct functions *functions, pid_t pid)
{
	functions->guard->viewer = pid;
}

const char *functions_get_address(const struct functions *functions)
{
	return functions->address;
}

/* No more calls come: workers do them themselves. */
static void stop_listening(struct functions *functions)
{
	kept_fd_close(&functions->listener);
	functions->helper.fd = -1;
}

/* With the execution's environment and working directory, which are not the program's. */
static int call_as_execution(pp_ctx *ctx, pp_function *function, const char *directory)
{
	char **own = environ, **environment = environment_make(ctx->variables);
	char *here = getcwd(NULL, 0);
	int status = 1;

	if (!environment || !here || chdir(directory) < 0) {
		pp_message(ctx, "%s: %s", directory, strerror(errno));
		goto out;
	}
	environ = environment;
	status = ctx_call(ctx, function);
	environ = own;
	fflush(stdout);
	if (chdir(here) < 0)
		perror(here);
out:
	free(environment);
	free(here);
	return status;
}

/* A call that has come, from a worker of this program. */
struct call {
	struct app_task *task;
	enum app_call kind;
	pp_function *function;
	const char *directory;
	json_t *variables;
};

/* False: it is not for this program, or not as it is built. */
static bool read_call(const struct functions *functions, json_t *request, struct call *call)
{
	const pp_app *app = functions->app;
	const char *name, *kind, *program, *build, *arg = NULL;
	int number;

	*call = (struct call){0};
	if (json_unpack(request, "{s:s, s:s, s:s, s:s, s:s, s:o, s?s}", "call", &kind, "name",
	        &name, "program", &program, "build", &build, "directory", &call->directory,
	        "variables", &call->variables, "arg", &arg) < 0 ||
	    !app->executable || strcmp(program, app->executable) != 0 ||
	    strcmp(build, app->build) != 0)
		return false;
	number = app_call_find(kind);
	if (number < 0 || !json_is_object(call->variables))
		return false;
	call->kind = (enum app_call)number;
	HASH_FIND_STR(app->tasks, name, call->task);
	if (call->task)
		call->function = app_find_function(call->task, call->kind, arg);
	return call->function != NULL;
}

/* The answer, new; NULL: no memory. */
static json_t *do_call(struct functions *functions, const struct call *call)
{
	pp_ctx *ctx = ctx_new(call->task, call->kind, json_incref(call->variables));
	json_t *answer;
	int status;

	if (!ctx)
		return NULL;
	ctx->functions = functions;
	functions->guard->n_calls++;
	status = call_as_execution(ctx, call->function, call->directory);
	functions->guard->n_calls--;
	answer = json_pack(
	    "{s:i, s:O?, s:s?}", "status", status, "value", ctx->answer, "message", ctx->message);
	if (!answer) /* the message is not UTF-8 */
		answer = json_pack("{s:i, s:O?}", "status", status, "value", ctx->answer);
	pp_ctx_free(ctx);
	return answer;
}

/* Whether whoever asked has gone: was canceled, or has run out of its time. */
static bool has_gone(int fd)
{
	struct pollfd polled = {fd, 0, 0};

	return poll(&polled, 1, 0) > 0 && polled.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static void converse(struct functions *functions, struct kept_fd *peer)
{
	struct functions_reader reader;
	json_t *request, *begun = json_pack("{s:b}", "begun", 1), *answer = NULL;
	struct call call;

	functions_reader_init(&reader, peer->fd, -1);
	request = functions_receive(&reader, clock_deadline_s(FUNCTIONS_PATIENCE_S));
	functions_reader_clear(&reader);
	if (request && begun && read_call(functions, request, &call) && !has_gone(peer->fd) &&
	    functions_send(peer->fd, begun) == 0)
		answer = do_call(functions, &call);
	if (answer && kept_fd_is_own(peer))
		functions_send(peer->fd, answer);
	json_decref(request);
	json_decref(begun);
	json_decref(answer);
}

void functions_serve(struct functions *functions)
{
	struct kept_fd peer;
	int fd;

	if (!kept_fd_is_own(&functions->listener)) {
		stop_listening(functions);
		return;
	}
	fd = accept4(functions->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			stop_listening(functions);
		return;
	}
	kept_fd_set(&peer, fd);
	if (functions_is_peer(fd, 0))
		converse(functions, &peer);
	if (kept_fd_is_own(&peer)) /* a child that the function has forgotten may hold it too */
		shutdown(fd, SHUT_RDWR);
	kept_fd_close(&peer);
}
