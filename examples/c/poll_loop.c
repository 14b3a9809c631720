/*
 * A program that has a loop of its own: it reads names of procs from standard input, starts a run
 * for each at once, and prints what happens, until the input has ended and so have the runs.
 * Nothing waits but poll(2). The procs are commands that it defines in the workspace.
 *
 *	printf '%s\n' build::dev build::prod | ./poll_loop
 */
#include <parproc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct loop {
	pp_conn *conn;
	unsigned n_open; /* requests without an answer */
	bool has_failed;
	bool has_input;
	char line[256];
	size_t size;
};

/* ---- what comes ---- */

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

static void print_event(pp_conn *conn, json_t *event, void *arg)
{
	const json_t *proc = json_object_get(event, "proc");

	(void)conn;
	(void)arg;
	if (proc && strcmp(text_of(proc, "state"), "wanted") != 0)
		printf("%s %s\n", text_of(proc, "state"), text_of(proc, "name"));
	fflush(stdout);
}

/* Each request has one answer, also when the connection is lost: what is counted comes to 0. */
static void note_answer(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct loop *loop = arg;

	loop->n_open--;
	if (error) {
		printf("error: %s\n", pp_error_text(conn));
		loop->has_failed = true;
	} else if (json_is_false(json_object_get(result, "ok"))) {
		loop->has_failed = true;
	}
}

/* ---- what goes ---- */

/* Takes params; NULL is what could not be made. */
static void send_request(struct loop *loop, const char *method, json_t *params)
{
	loop->n_open++;
	if (!params || pp_send(loop->conn, method, params, note_answer, loop, NULL))
		note_answer(loop->conn, PP_ERR_INVALID, NULL, loop);
}

static void define(struct loop *loop)
{
	json_t *build = json_pack("{s:{s:{s:[s,s]}}, s:s}", "args", "env", "choices", "dev", "prod",
	    "run", "echo building $env");
	json_t *test =
	    json_pack("{s:[s], s:s}", "deps", "build::[env]", "run", "echo testing $env");

	send_request(loop, "define",
	    json_pack("{s:b, s:{s:{s:o, s:o}}}", "replace", 1, "definitions", "protos",
	        "build::[env]", build, "test::[env]", test));
}

static void run(struct loop *loop, const char *name)
{
	struct pp_request request = {.names = PP_NAMES(name)};

	send_request(loop, "run", pp_request_params(loop->conn, "run", &request));
}

static void read_input(struct loop *loop)
{
	size_t room = sizeof(loop->line) - loop->size;
	ssize_t size = read(STDIN_FILENO, loop->line + loop->size, room);
	char *end;

	if (size <= 0) {
		loop->has_input = false;
		return;
	}
	loop->size += (size_t)size;
	while ((end = memchr(loop->line, '\n', loop->size)) != NULL) {
		*end++ = '\0';
		run(loop, loop->line);
		loop->size -= (size_t)(end - loop->line);
		memmove(loop->line, end, loop->size);
	}
	if (loop->size == sizeof(loop->line))
		loop->size = 0; /* no name is that long */
}

/* ---- the loop ---- */

/* In milliseconds, rounded up, so that it is not too early. */
static int poll_timeout(const pp_conn *conn)
{
	double timeout_s = pp_get_timeout(conn);

	if (timeout_s < 0)
		return -1;
	return timeout_s < 3600 ? (int)(timeout_s * 1e3) + 1 : 3600000;
}

static void loop_run(struct loop *loop)
{
	enum pp_error error = PP_OK;

	while (!error && (loop->has_input || loop->n_open > 0)) {
		struct pollfd fds[] = {
		    {.fd = loop->has_input ? STDIN_FILENO : -1, .events = POLLIN},
		    {.fd = pp_get_fd(loop->conn), .events = pp_get_events(loop->conn)}};

		if (poll(fds, 2, poll_timeout(loop->conn)) > 0 && fds[0].revents)
			read_input(loop);
		error = pp_dispatch(loop->conn);
	}
	loop->has_failed |= error != PP_OK;
}

int main(void)
{
	struct pp_connect_options options = {.autostart = true, .client = "poll_loop 1.0"};
	struct loop loop = {.has_input = true};

	/* The one call that waits: for a daemon that it may have to start. */
	if (pp_connect(&options, &loop.conn)) {
		fprintf(stderr, "poll_loop: %s\n", pp_error_text(loop.conn));
		return 3;
	}
	pp_on_event(loop.conn, print_event, NULL);
	/* They take effect in this order, so none has to wait for the answer to the one before. */
	define(&loop);
	send_request(&loop, "subscribe", json_pack("{s:[s]}", "kinds", "state"));
	loop_run(&loop);
	pp_close(loop.conn);
	return loop.has_failed ? 1 : 0;
}
