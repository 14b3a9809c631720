/*
 * The verbs about the daemon itself: ping, version, restart, stop, call.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "client/client.h"
#include "client/verbs.h"

#define LOOK_AGAIN_S 0.05

/* So often it is tried to speak with a daemon that closes the connection at once. */
#define MEETINGS_MAX 100

int verb_ping(struct client *client)
{
	json_t *result = NULL;
	int status = client_request(client, "ping", NULL, &result);

	if (!status && client->is_json)
		output_print_json(&client->out, result);
	else if (!status && !client->is_quiet)
		fputs("pong\n", client->out.stream);
	json_decref(result);
	return status;
}

int verb_version(struct client *client)
{
	const struct invocation *inv = client->inv;
	struct pp_connect_options options = {
	    .directory = invocation_get(inv, "directory"),
	    .socket_path = invocation_get(inv, "socket"),
	    .client = "ppctl " PACKAGE_VERSION,
	};
	json_t *info = NULL, *answer;

	/* The client's own version is known without a daemon. */
	if (pp_connect(&options, &client->conn) == PP_OK &&
	    pp_server_info(client->conn, PP_FOREVER, &info))
		info = NULL;
	answer = json_pack("{s:s, s:s?, s:O?, s:s?}", "client", PACKAGE_VERSION, "server",
	    member_text(info, "server", NULL), "protocol", json_object_get(info, "protocol"),
	    "workspace", member_text(info, "workspace", NULL));
	if (client->is_json) {
		output_print_json(&client->out, answer);
	} else {
		fprintf(client->out.stream, "ppctl %s\n", PACKAGE_VERSION);
		if (info)
			fprintf(client->out.stream, "%s serves %s\n",
			    member_text(info, "server", "?"), member_text(info, "workspace", "?"));
	}
	json_decref(answer);
	return EXIT_FINE;
}

/* A descriptor that is readable when that process has ended; -1: it has, or there is none. */
static int open_process(const json_t *info, const char *key)
{
	pid_t pid = (pid_t)json_integer_value(json_object_get(info, key));

	return pid > 0 ? pidfd_open(pid, 0) : -1;
}

static void wait_for_end(int process)
{
	struct pollfd polled = {process, POLLIN, 0};

	if (process < 0)
		return;
	while (poll(&polled, 1, -1) < 0 && errno == EINTR)
		;
	close(process);
}

static void print_canceled(const struct client *client, json_t *result)
{
	size_t i;
	json_t *name;

	if (client->is_json) {
		output_print_json(&client->out, result ? result : json_null());
		return;
	}
	json_array_foreach (json_object_get(result, "canceled"), i, name) {
		fputs("canceled ", client->out.stream);
		output_print_escaped(
		    client->out.stream, json_string_value(name), json_string_length(name), 0);
		putc('\n', client->out.stream);
	}
}

/*
 * Connects to a daemon that is to end. *info: what it says of itself; NULL: it was ending already,
 * and has. Returns 0, or an exit status.
 */
static int meet(struct client *client, json_t **info)
{
	int status = client_connect(client), left = MEETINGS_MAX;

	*info = NULL;
	while (!status && pp_server_info(client->conn, PP_FOREVER, info)) {
		*info = NULL;
		if (pp_error_code(client->conn) != PP_ERR_UNREACHABLE || left-- == 0)
			return client_report(client);
		/* It ends just now, or a scheduler that died is replaced. */
		pp_close(client->conn);
		client->conn = NULL;
		poll(NULL, 0, (int)(LOOK_AGAIN_S * 1000));
		if (client_try_connect(client))
			return client_is_unserved(client) ? EXIT_FINE : client_report(client);
	}
	return status;
}

int verb_stop(struct client *client)
{
	json_t *info, *result = NULL;
	int status = meet(client, &info);

	if (!status && !info)
		print_canceled(client, NULL);
	if (status || !info)
		return status;
	int scheduler = open_process(info, "pid");
	int supervisor = open_process(info, "supervisor_pid");
	enum pp_error error = pp_call(client->conn, "shutdown", NULL, PP_FOREVER, &result);

	/* It may be gone before its answer has arrived: that is what was wanted. */
	if (error && error != PP_ERR_UNREACHABLE) {
		status = client_report(client);
		goto out;
	}
	wait_for_end(scheduler);
	wait_for_end(supervisor);
	scheduler = supervisor = -1;
	print_canceled(client, result);
out:
	if (scheduler >= 0)
		close(scheduler);
	if (supervisor >= 0)
		close(supervisor);
	json_decref(result);
	return status;
}

/* Waits until another scheduler than that one says hello. Returns 0, or an exit status. */
static int await_another(struct client *client, json_int_t pid, json_t **info)
{
	for (;;) {
		int status = client_request(client, "hello", NULL, info);

		if (status || json_integer_value(json_object_get(*info, "pid")) != pid)
			return status;
		json_decref(*info);
		*info = NULL;
		/* It has others to answer before it ends; its end cuts this short. */
		pp_step(client->conn, LOOK_AGAIN_S);
	}
}

/* Whether the program that was to take over does not come to serve. */
static bool is_spare(const json_t *info)
{
	return json_is_true(json_object_get(info, "spare"));
}

static void print_restarted(const struct client *client, json_t *previous, json_t *info)
{
	json_t *answer =
	    json_pack("{s:s, s:O, s:b, s:O}", "server", member_text(info, "server", "?"), "pid",
	        json_object_get(info, "pid"), "spare", is_spare(info), "previous", previous);

	if (client->is_json)
		output_print_json(&client->out, answer);
	else if (!client->is_quiet)
		fprintf(client->out.stream,
		    "%s (pid %" JSON_INTEGER_FORMAT ") in place of %s (pid %" JSON_INTEGER_FORMAT
		    ")\n",
		    member_text(info, "server", "?"),
		    json_integer_value(json_object_get(info, "pid")),
		    member_text(previous, "server", "?"),
		    json_integer_value(json_object_get(previous, "pid")));
	json_decref(answer);
}

int verb_restart(struct client *client)
{
	json_t *previous = NULL, *info = NULL;
	int status = client_request(client, "restart", NULL, &previous);

	if (!status)
		status = await_another(
		    client, json_integer_value(json_object_get(previous, "pid")), &info);
	if (!status) {
		print_restarted(client, previous, info);
		if (is_spare(info))
			status = client_complain(EXIT_NO_DAEMON,
			    "the ppd that is installed now does not come to serve: the one that "
			    "the daemon was started with goes on (%s/.parproc/ppd.log says why)",
			    member_text(info, "workspace", ""));
	}
	json_decref(previous);
	json_decref(info);
	return status;
}

int verb_call(struct client *client)
{
	const struct invocation *inv = client->inv;
	const char *words[2] = {NULL, "{}"};
	json_t *params, *result = NULL;
	json_error_t error;

	for (size_t i = 0; i < inv->n_words + inv->n_rest; i++)
		words[i] = i < inv->n_words ? inv->words[i] : inv->rest[i - inv->n_words];
	params = json_loads(words[1], JSON_REJECT_DUPLICATES, &error);
	if (!params)
		return client_complain(
		    EXIT_BAD_REQUEST, "call: %s is no JSON object: %s", words[1], error.text);
	int status = client_request(client, words[0], params, &result);

	if (!status)
		output_print_json(&client->out, result);
	json_decref(result);
	return status;
}
