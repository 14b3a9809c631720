/*
 * Asks for a run's record page by page, each of which is taken in before the next comes, and opens
 * what it is written to only when all of it is there.
 */
#include "client/record_load.h"

#include <stdlib.h>
#include <string.h>

#include "client/clock.h"
#include "client/outfile.h"

/* Puts the newest run into params. 0, or an exit status. */
static int choose_newest(struct client *client, json_t *params)
{
	json_t *result = NULL;
	const json_t *run;
	int status = client_request(client, "runs", json_pack("{s:i}", "limit", 1), &result);

	if (status)
		return status;
	run = json_object_get(json_array_get(json_object_get(result, "runs"), 0), "run");
	if (run)
		json_object_set(params, "run", (json_t *)run);
	else
		status = client_complain(EXIT_BAD_REQUEST, "there has been no run yet");
	json_decref(result);
	return status;
}

/* The params of the request for the first page; new. Or NULL and an exit status. */
static json_t *make_params(struct client *client, int *status)
{
	const struct invocation *inv = client->inv;
	const char *word = inv->n_words > 0 ? inv->words[0] : NULL;
	struct pp_request request = {.run = word ? word : invocation_get(inv, "run")};
	json_t *params = NULL;

	if (!word && inv->n_rest > 0)
		request.run = inv->rest[0];
	*status = client_connect(client);
	if (*status)
		return NULL;
	params = pp_request_params(client->conn, "status", &request);
	if (!params) {
		*status = client_report(client);
		return NULL;
	}
	/* Inside a process it is that one's run. */
	if (!json_object_get(params, "run") && !json_object_get(params, "exec"))
		*status = choose_newest(client, params);
	if (*status) {
		json_decref(params);
		return NULL;
	}
	return params;
}

/* Takes in a page. 0, or an exit status. */
static int add_page(struct record *record, const json_t *page)
{
	const json_t *run = json_object_get(page, "run");
	json_t *view;
	size_t i;

	if (!json_is_object(run))
		return client_complain(EXIT_BAD_REQUEST,
		    "the daemon is older than this ppctl, and does not tell enough of a run; "
		    "ppctl restart has the installed one go on");
	if (!record->names)
		record_init(record, run, (int64_t)(clock_s(CLOCK_REALTIME) * 1e6));
	json_array_foreach (json_object_get(page, "procs"), i, view)
		record_add(record, view);
	return EXIT_FINE;
}

int record_load(struct client *client, struct record *record)
{
	int status;
	json_t *params = make_params(client, &status);
	json_t *cursor = NULL;

	*record = (struct record){0};
	if (status)
		return status;
	do {
		json_t *page = NULL;

		if (cursor)
			json_object_set_new(params, "cursor", cursor);
		cursor = NULL;
		status = client_request(client, "status", json_incref(params), &page);
		if (!status)
			status = add_page(record, page);
		if (!status && json_is_string(json_object_get(page, "cursor")))
			cursor = json_incref(json_object_get(page, "cursor"));
		json_decref(page);
	} while (cursor);
	json_decref(params);
	if (!status)
		record_finish(record);
	return status;
}

struct writing {
	const struct record *record;
	void (*write)(FILE *stream, const struct record *record);
};

static int put_record(FILE *stream, const void *arg)
{
	const struct writing *writing = arg;

	writing->write(stream, writing->record);
	return 0;
}

int record_write(struct client *client, const struct record *record,
    void (*write)(FILE *stream, const struct record *record))
{
	const struct writing writing = {record, write};

	return outfile_write(client, put_record, &writing);
}
