/*
 * The verb events: the event stream, a JSON object a line, until somebody ends it.
 */
#include <stdio.h>

#include "client/request.h"
#include "client/verbs.h"

static void print_event(pp_conn *conn, json_t *event, void *arg)
{
	const struct output *output = arg;

	(void)conn;
	output_print_json(output, event);
}

/* The params of subscribe; NULL: an error was printed, and *status says which. */
static json_t *new_params(struct client *client, int *status)
{
	const struct invocation *inv = client->inv;
	struct request request;
	json_t *params, *kinds = json_array();
	size_t position = 0;
	const char *kind;

	request_set_names(&request, inv);
	params = pp_request_params(client->conn, "subscribe", &request.pp);
	request_clear(&request);
	if (!params)
		*status = client_report(client);
	while ((kind = invocation_next(inv, "kind", &position)))
		json_array_append_new(kinds, json_string(kind));
	if (json_array_size(kinds) > 0)
		json_object_set(params, "kinds", kinds);
	json_decref(kinds);
	return params;
}

int verb_events(struct client *client)
{
	struct output lines = client->out;
	int status = client_connect(client);

	if (status)
		return status;
	json_t *params = new_params(client, &status);

	if (!params)
		return status;
	lines.is_terminal = false; /* one line each, whoever reads */
	pp_on_event(client->conn, print_event, &lines);
	status = client_request(client, "subscribe", params, NULL);
	while (!status) {
		fflush(client->out.stream);
		if (pp_step(client->conn, PP_FOREVER))
			status = client_report(client);
		if (ferror(client->out.stream))
			break;
	}
	return status;
}
