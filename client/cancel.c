/*
 * The verb cancel. What a cancel takes along is the daemon's affair.
 */
#include <stdio.h>

#include "client/request.h"
#include "client/verbs.h"

/* What is to be canceled must be said: a forgotten name is not everything. */
static int check(const struct client *client, const struct request *request)
{
	bool is_all = invocation_has(client->inv, "all");
	int n_ways = (request->n_names > 0) + is_all;

	if (n_ways > 1)
		return client_complain(
		    EXIT_BAD_REQUEST, "cancel: names and --all exclude each other");
	if (is_all && invocation_has(client->inv, "run"))
		return client_complain(
		    EXIT_BAD_REQUEST, "cancel: --run and --all exclude each other");
	if (n_ways == 0 && !invocation_has(client->inv, "run")) {
		client_complain(EXIT_BAD_REQUEST, "cancel: what?");
		client_hint("give names, --run R for a whole run, or --all");
		return EXIT_BAD_REQUEST;
	}
	return EXIT_FINE;
}

/* On standard error, as standard output has the names of what was canceled alone. */
static void say_nothing_canceled(const struct client *client)
{
	const struct invocation *inv = client->inv;
	size_t n_names = inv->n_words + inv->n_rest;

	if (n_names == 1)
		client_complain(0, "there is nothing of %s to cancel",
		    inv->n_words > 0 ? inv->words[0] : inv->rest[0]);
	else if (n_names > 1)
		client_complain(0, "there is nothing of these to cancel");
	else if (invocation_has(inv, "run"))
		client_complain(
		    0, "there is nothing of run %s to cancel", invocation_get(inv, "run"));
	else
		client_complain(0, "there is nothing to cancel");
}

int verb_cancel(struct client *client)
{
	struct request request;
	json_t *result = NULL, *name;
	size_t i;

	request_set_names(&request, client->inv);
	request.pp.is_all = invocation_has(client->inv, "all");
	request.pp.new_run = request.pp.is_all; /* not only the run that this runs in */
	request.pp.is_forced = invocation_has(client->inv, "force");
	request.pp.is_kill = invocation_has(client->inv, "kill");
	int status = check(client, &request);

	if (!status)
		status = client_ask(client, "cancel", &request.pp, &result);
	if (!status && client->is_json) {
		output_print_json(&client->out, result);
	} else if (!status && !client->is_quiet) {
		if (json_array_size(json_object_get(result, "canceled")) == 0)
			say_nothing_canceled(client);
		json_array_foreach (json_object_get(result, "canceled"), i, name) {
			fputs("canceled ", client->out.stream);
			output_print_escaped(client->out.stream, json_string_value(name),
			    json_string_length(name), 0);
			putc('\n', client->out.stream);
		}
	}
	json_decref(result);
	request_clear(&request);
	return status;
}
