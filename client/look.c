/*
 * The verbs that look: status, list, runs. They change nothing; status and runs do not even start
 * a daemon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/memory.h"
#include "client/outcome.h"
#include "client/request.h"
#include "client/table.h"
#include "client/verbs.h"

#define CHOICES_SHOWN 8

int verb_status(struct client *client)
{
	static const char *const lists[] = {"procs", NULL};
	struct request request;
	json_t *result = NULL;

	request_set_names(&request, client->inv);
	int status = client_ask_all(client, "status", &request.pp, lists, &result);

	request_clear(&request);
	if (status)
		return status;
	client_warn_of(result);
	if (client->is_json)
		output_print_json(&client->out, result);
	else
		outcome_print_table(&client->out, json_object_get(result, "procs"));
	json_decref(result);
	return EXIT_FINE;
}

static void put_choices(FILE *stream, const json_t *choices)
{
	size_t i;
	json_t *choice;

	if (json_is_object(choices)) {
		fputs(" of a command", stream);
		return;
	}
	json_array_foreach (choices, i, choice) {
		fputs(i == 0 ? " " : "|", stream);
		if (i == CHOICES_SHOWN) {
			fputs("…", stream);
			return;
		}
		output_put_scalar(stream, choice);
	}
}

/* "env: dev|prod, n: int = 4". New. */
static char *describe_arguments(const json_t *args)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);
	json_t *arg;

	if (!stream)
		memory_refused();
	json_array_foreach (args, i, arg) {
		const char *type = member_text(arg, "type", "str");
		const json_t *choices = json_object_get(arg, "choices");
		json_t *value = json_object_get(arg, "default");
		bool has_choices = json_is_object(choices) || json_is_array(choices);
		bool has_type = strcmp(type, "str") != 0 && !has_choices;

		fprintf(stream, "%s%s%s", i > 0 ? ", " : "", member_text(arg, "name", "?"),
		    has_type || has_choices ? ":" : "");
		if (has_type)
			fprintf(stream, " %s", type);
		put_choices(stream, choices);
		if (value && !json_is_null(value)) {
			fputs(" = ", stream);
			output_put_scalar(stream, value);
		}
	}
	if (fclose(stream))
		memory_refused();
	return text;
}

static void add_list_rows(struct table *table, const json_t *definitions)
{
	size_t i;
	json_t *definition;

	json_array_foreach (definitions, i, definition) {
		char *args = describe_arguments(json_object_get(definition, "args"));
		const char *cells[] = {member_text(definition, "name", "?"), args,
		    member_text(definition, "description", "")};

		table_add(table, cells, STYLE_BOLD, 0);
		free(args);
	}
}

int verb_list(struct client *client)
{
	static const char *const heads[] = {"NAME", "ARGUMENTS", "DESCRIPTION"};
	json_t *result = NULL;
	int status = client_request(client, "list", NULL, &result);

	if (status)
		return status;
	client_warn_of(result);
	if (client->is_json) {
		output_print_json(&client->out, result);
	} else {
		struct table *table = table_new(heads, 3);

		add_list_rows(table, json_object_get(result, "procs"));
		add_list_rows(table, json_object_get(result, "protos"));
		table_print(table, &client->out);
		table_free(table);
	}
	json_decref(result);
	return EXIT_FINE;
}

static void add_run_row(struct table *table, const json_t *run)
{
	const char *state = member_text(run, "state", "");
	double created = member_number(run, "created_at", 0);
	double ended = member_number(run, "ended_at", 0);
	char number[24], n_procs[24], n_failed[24], begun[TIME_SIZE], duration[DURATION_SIZE] = "";
	const char *cells[] = {
	    number, member_text(run, "name", ""), state, n_procs, n_failed, begun, duration};

	snprintf(number, sizeof(number), "%.0f", member_number(run, "run", 0));
	snprintf(n_procs, sizeof(n_procs), "%.0f", member_number(run, "procs", 0));
	snprintf(n_failed, sizeof(n_failed), "%.0f", member_number(run, "failed", 0));
	output_format_time(begun, created);
	if (ended > 0)
		output_format_duration(duration, ended - created);
	table_add(table, cells, output_state_style(state), 2);
}

int verb_runs(struct client *client)
{
	static const char *const heads[] = {
	    "RUN", "NAME", "STATE", "PROCS", "FAILED", "BEGUN", "TIME"};
	const char *limit = invocation_get(client->inv, "limit");
	json_t *params = json_object(), *result = NULL, *run;
	long long number;
	size_t i;

	if (limit && options_parse_integer(limit, 1, 1000000000, &number)) {
		json_decref(params);
		return client_complain(
		    EXIT_BAD_REQUEST, "--limit %s: it has to be a whole number from 1", limit);
	}
	if (limit)
		json_object_set_new(params, "limit", json_integer(number));
	int status = client_request(client, "runs", params, &result);

	if (status)
		return status;
	if (client->is_json) {
		output_print_json(&client->out, result);
	} else {
		struct table *table = table_new(heads, 7);

		json_array_foreach (json_object_get(result, "runs"), i, run)
			add_run_row(table, run);
		table_print(table, &client->out);
		table_free(table);
	}
	json_decref(result);
	return EXIT_FINE;
}
