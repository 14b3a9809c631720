/*
 * The verb logs. The daemon says where a log is and when its execution has ended; what is in it is
 * read from the file, so that a large log costs the daemon nothing.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "client/logfile.h"
#include "client/memory.h"
#include "client/outcome.h"
#include "client/request.h"
#include "client/verbs.h"

#define OPEN_AGAIN_MS 100 /* while there is no file: nothing tells when it is created */

struct follower {
	struct client *client;
	char *path; /* of the newest attempt, or of the one that was asked for */
	bool is_one_attempt;
	char **next; /* those of the attempts after it, which may have ended already */
	size_t n_next;
	json_int_t exec;
	bool is_complete;
	bool is_behind; /* events were dropped: the newest may have been the end */
	int fd;         /* of the log; -1: it is not there yet */
	int notify;     /* inotify */
	bool has_tail;
	unsigned long long tail;
};

/* Opens the log, at its last lines if only those are wanted. -1: it is not there; the error of any
 * other failure was printed and is in *status. */
static int open_log(const struct follower *follower, int *status)
{
	int fd = logfile_open(follower->path);
	off_t from;

	if (fd < 0) {
		if (errno != ENOENT)
			*status = client_complain(
			    EXIT_BAD_REQUEST, "%s: %s", follower->path, strerror(errno));
		return -1;
	}
	from = follower->has_tail ? logfile_find_tail(fd, follower->tail) : 0;
	if (from < 0 || lseek(fd, from, SEEK_SET) < 0) {
		*status =
		    client_complain(EXIT_BAD_REQUEST, "%s: %s", follower->path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* Prints what has come. 0, or an exit status. */
static int copy_log(const struct follower *follower)
{
	bool is_output;

	if (follower->fd < 0 || logfile_copy(follower->fd, STDOUT_FILENO, &is_output) == 0)
		return EXIT_FINE;
	return client_complain(EXIT_BAD_REQUEST, "%s: %s",
	    is_output ? "standard output" : follower->path, strerror(errno));
}

static void add_next(struct follower *follower, const char *path)
{
	follower->next = memory_grow(follower->next, follower->n_next + 1, sizeof(*follower->next));
	follower->next[follower->n_next++] = memory_copy(path);
}

/* Whether path is the newest that is known of. */
static bool is_newest(const struct follower *follower, const char *path)
{
	size_t n_next = follower->n_next;

	return strcmp(path, n_next > 0 ? follower->next[n_next - 1] : follower->path) == 0;
}

static void look_at_view(struct follower *follower, const json_t *view)
{
	const char *path = member_text(view, "log", NULL);

	if (json_integer_value(json_object_get(view, "exec")) != follower->exec)
		return;
	if (path && !is_newest(follower, path)) {
		if (follower->is_one_attempt) {
			follower->is_complete = true;
			return;
		}
		add_next(follower, path);
	}
	if (outcome_is_complete(view))
		follower->is_complete = true;
}

static void on_event(pp_conn *conn, json_t *event, void *arg)
{
	struct follower *follower = arg;

	(void)conn;
	look_at_view(follower, json_object_get(event, "proc"));
	if (strcmp(member_text(event, "kind", ""), "resync") == 0)
		follower->is_behind = true;
}

/* From here on is_complete will be told by events, if it is not yet true. 0, or an exit status. */
static int subscribe(struct follower *follower, const struct pp_request *request)
{
	static const char *const kinds[] = {"state", NULL};
	struct client *client = follower->client;
	json_t *snapshot = NULL, *view;
	bool is_there = false;
	size_t i;

	follower->is_behind = false;
	pp_on_event(client->conn, on_event, follower);
	if (pp_subscribe(client->conn, request, kinds, PP_FOREVER, &snapshot))
		return client_report(client);
	json_array_foreach (json_object_get(snapshot, "procs"), i, view) {
		is_there |= json_integer_value(json_object_get(view, "exec")) == follower->exec;
		look_at_view(follower, view);
	}
	if (!is_there) /* there is a newer one, or it is forgotten */
		follower->is_complete = true;
	json_decref(snapshot);
	return EXIT_FINE;
}

/* How long poll(2) may wait, in its milliseconds. */
static int poll_timeout(const struct follower *follower)
{
	double seconds = pp_get_timeout(follower->client->conn);
	int limit_ms = follower->fd < 0 || follower->notify < 0 ? OPEN_AGAIN_MS : -1;

	if (seconds < 0 || (limit_ms >= 0 && seconds * 1000 > limit_ms))
		return limit_ms;
	return seconds > 3600 ? 3600000 : (int)(seconds * 1000) + 1;
}

/* Waits until the log has grown or the daemon has told something. 0, or an exit status. */
static int wait_for_more(const struct follower *follower)
{
	char discarded[sizeof(struct inotify_event) + NAME_MAX + 1];
	pp_conn *conn = follower->client->conn;
	struct pollfd polled[] = {
	    {pp_get_fd(conn), pp_get_events(conn), 0},
	    {follower->notify, POLLIN, 0},
	};

	if (poll(polled, 2, poll_timeout(follower)) < 0 && errno != EINTR)
		return client_complain(
		    EXIT_NO_DAEMON, "waiting for the daemon: %s", strerror(errno));
	if (polled[1].revents & POLLIN &&
	    read(follower->notify, discarded, sizeof(discarded)) < 0 && errno != EAGAIN)
		return client_complain(
		    EXIT_BAD_REQUEST, "the log cannot be watched: %s", strerror(errno));
	if (pp_dispatch(conn))
		return client_report(follower->client);
	return EXIT_FINE;
}

/* Goes on with the log of the next attempt; all of the one before is copied. */
static void go_on(struct follower *follower)
{
	if (follower->fd >= 0)
		close(follower->fd);
	follower->fd = -1;
	follower->has_tail = false;
	free(follower->path);
	follower->path = follower->next[0];
	follower->n_next--;
	memmove(follower->next, follower->next + 1, follower->n_next * sizeof(*follower->next));
}

static int follow(struct follower *follower, const struct pp_request *request)
{
	int status = follower->is_complete ? EXIT_FINE : subscribe(follower, request);

	follower->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	while (!status) {
		/* What is complete before the copy is copied in full. */
		bool was_complete = follower->is_complete, has_next = follower->n_next > 0;

		if (follower->fd < 0) {
			follower->fd = open_log(follower, &status);
			if (follower->fd >= 0 && follower->notify >= 0)
				inotify_add_watch(follower->notify, follower->path, IN_MODIFY);
		}
		if (!status)
			status = copy_log(follower);
		if (!status && has_next) {
			go_on(follower);
			continue;
		}
		if (!status && was_complete)
			break;
		if (!status && !follower->is_complete)
			status = wait_for_more(follower);
		if (!status && follower->is_behind)
			status = subscribe(follower, request);
	}
	if (follower->notify >= 0)
		close(follower->notify);
	return status;
}

static int show(struct follower *follower)
{
	int status = EXIT_FINE;

	follower->fd = open_log(follower, &status);
	if (!status && follower->fd < 0)
		client_complain(0, "there is no log: it was not started, or has no command");
	return status ? status : copy_log(follower);
}

/* Asks where the log is. 0, or an exit status. */
static int ask(
    struct client *client, const struct pp_request *request, long long attempt, json_t **answer)
{
	int status = client_connect(client);
	struct pp_request about = {.run = request->run};
	json_t *params;

	if (status)
		return status;
	params = pp_request_params(client->conn, "log", &about);
	if (!params)
		return client_report(client);
	if (json_object_set_new(params, "name", json_string(request->names[0]))) {
		json_decref(params);
		return client_complain(
		    EXIT_BAD_REQUEST, "%s: it is not valid UTF-8", request->names[0]);
	}
	if (attempt > 0)
		json_object_set_new(params, "attempt", json_integer(attempt));
	return client_request(client, "log", params, answer);
}

int verb_logs(struct client *client)
{
	const char *tail = invocation_get(client->inv, "tail");
	struct follower follower = {.client = client, .fd = -1, .notify = -1};
	struct request request;
	json_t *answer = NULL;
	const char *attempt = invocation_get(client->inv, "attempt");
	long long n_lines = 0, number = 0;
	int status;

	if (tail && options_parse_integer(tail, 0, LLONG_MAX, &n_lines))
		return client_complain(
		    EXIT_BAD_REQUEST, "--tail %s: it has to be a whole number", tail);
	if (attempt && options_parse_integer(attempt, 1, INT_MAX, &number))
		return client_complain(
		    EXIT_BAD_REQUEST, "--attempt %s: it has to be a whole number from 1", attempt);
	request_set_names(&request, client->inv);
	status = ask(client, &request.pp, number, &answer);
	if (status)
		goto out;
	follower.path = memory_copy(member_text(answer, "path", ""));
	follower.is_one_attempt = number > 0;
	follower.exec = json_integer_value(json_object_get(answer, "exec"));
	follower.is_complete = json_is_true(json_object_get(answer, "complete"));
	follower.has_tail = tail != NULL;
	follower.tail = (unsigned long long)n_lines;
	if (client->is_json)
		output_print_json(&client->out, answer);
	else if (invocation_has(client->inv, "follow"))
		status = follow(&follower, &request.pp);
	else
		status = show(&follower);
out:
	if (follower.fd >= 0)
		close(follower.fd);
	free(follower.path);
	for (size_t i = 0; i < follower.n_next; i++)
		free(follower.next[i]);
	free(follower.next);
	json_decref(answer);
	request_clear(&request);
	return status;
}
