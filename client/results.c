/*
 * The verbs results and result.
 */
#include <stdio.h>
#include <string.h>

#include "client/request.h"
#include "client/verbs.h"

/* 0, or an exit status. */
static int ask(struct client *client, const struct request *request, json_t **results)
{
	int status = client_connect(client);

	if (status)
		return status;
	client_warn_of_file(client);
	return client_ask(client, "results", &request->pp, results);
}

int verb_results(struct client *client)
{
	struct request request;
	json_t *result = NULL;

	request_set_names(&request, client->inv);
	int status = ask(client, &request, &result);

	if (!status)
		output_print_json(&client->out, result);
	json_decref(result);
	request_clear(&request);
	return status;
}

int verb_result(struct client *client)
{
	struct request request;
	json_t *results = NULL;

	request_set_names(&request, client->inv);
	int status = ask(client, &request, &results);
	json_t *value = status ? NULL : json_object_get(results, request.names[0]);

	if (!status && !value) {
		status = client_complain(EXIT_BAD_REQUEST,
		    "%s has no result: it was not executed yet", request.names[0]);
	} else if (!status && json_is_string(value) && invocation_has(client->inv, "raw") &&
	           !client->is_json) {
		fwrite(json_string_value(value), 1, json_string_length(value), client->out.stream);
		putc('\n', client->out.stream);
	} else if (!status) {
		output_print_json(&client->out, value);
	}
	json_decref(results);
	request_clear(&request);
	return status;
}
