/*
 * The verbs that explain: show, plan, why. They run nothing. What show prints is whatever members
 * the answer has, so that a newer daemon's are not lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/memory.h"
#include "client/outcome.h"
#include "client/request.h"
#include "client/table.h"
#include "client/verbs.h"

static void print_fields(const struct output *output, json_t *object, int indent);

static bool is_nothing(const json_t *value)
{
	return json_is_null(value) || (json_is_string(value) && !json_string_length(value)) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

/* Puts a number that is a time, a duration or an amount of memory, by its name, as people read it.
 * False: it is none of these. */
static bool put_quantity(FILE *stream, const char *key, const json_t *value)
{
	char text[TIME_SIZE > BYTES_SIZE ? TIME_SIZE : BYTES_SIZE];
	double number = json_number_value(value);
	size_t length = strlen(key);

	if (!json_is_number(value))
		return false;
	if (length > 3 && strcmp(key + (length - 3), "_at") == 0)
		output_format_time(text, number);
	else if (strcmp(key, "user_time") == 0 || strcmp(key, "system_time") == 0)
		output_format_short_duration(text, number);
	else if (strcmp(key, "max_rss") == 0)
		output_format_bytes(text, number);
	else
		return false;
	fputs(text, stream);
	return true;
}

/* A value as text for one line: a list with commas, what is nested as JSON. New. */
static char *describe_value(const char *key, json_t *value)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);
	json_t *item;

	if (!stream)
		memory_refused();
	if (json_is_array(value)) {
		json_array_foreach (value, i, item) {
			fputs(i > 0 ? ", " : "", stream);
			output_put_scalar(stream, item);
		}
	} else if (!put_quantity(stream, key, value)) {
		output_put_scalar(stream, value);
	}
	if (fclose(stream))
		memory_refused();
	return text;
}

/* Whether a list is better shown as one item a line. */
static bool is_list_of_objects(const json_t *value)
{
	return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void print_field(const struct output *output, const char *key, json_t *value, int indent)
{
	size_t i;
	json_t *item;

	fprintf(output->stream, "%*s%s%s:%s", indent, "", output_style_begin(output, STYLE_BOLD),
	    key, output_style_end(output, STYLE_BOLD));
	if (json_is_object(value)) {
		putc('\n', output->stream);
		print_fields(output, value, indent + 2);
	} else if (is_list_of_objects(value)) {
		putc('\n', output->stream);
		json_array_foreach (value, i, item) {
			char *text = describe_value("", item);

			fprintf(output->stream, "%*s", indent + 2, "");
			output_print_escaped(output->stream, text, strlen(text), 0);
			putc('\n', output->stream);
			free(text);
		}
	} else {
		char *text = describe_value(key, value);

		putc(' ', output->stream);
		output_print_escaped(output->stream, text, strlen(text), 0);
		putc('\n', output->stream);
		free(text);
	}
}

/* The members of an object that say something, one a line. */
static void print_fields(const struct output *output, json_t *object, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (!is_nothing(value))
			print_field(output, key, value, indent);
	}
}

/* Asks a method about one name. */
static int ask_about(struct client *client, const char *method, json_t **result)
{
	const struct invocation *inv = client->inv;
	struct pp_request request = {.run = invocation_get(inv, "run")};
	const char *name = inv->n_words > 0 ? inv->words[0] : inv->rest[0];
	int status = client_connect(client);

	if (status)
		return status;
	json_t *params = pp_request_params(client->conn, method, &request);

	if (!params)
		return client_report(client);
	if (json_object_set_new(params, "name", json_string(name))) {
		json_decref(params);
		return client_complain(EXIT_BAD_REQUEST, "%s: it is not valid UTF-8", name);
	}
	return client_request(client, method, params, result);
}

/* Its name and kind first, then the rest, a run's procs as a table. */
static void print_shown(const struct output *output, json_t *shown)
{
	static const char *const first[] = {"name", "kind"};
	json_t *procs = NULL;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		json_t *value = json_object_get(shown, first[i]);

		if (value && !is_nothing(value))
			print_field(output, first[i], value, 0);
		json_object_del(shown, first[i]);
	}
	if (is_list_of_objects(json_object_get(shown, "procs"))) {
		procs = json_incref(json_object_get(shown, "procs"));
		json_object_del(shown, "procs");
	}
	print_fields(output, shown, 0);
	if (procs) {
		putc('\n', output->stream);
		outcome_print_table(output, procs);
	}
	json_decref(procs);
}

int verb_show(struct client *client)
{
	json_t *result = NULL;
	int status = ask_about(client, "show", &result);

	if (status)
		return status;
	client_warn_of(result);
	if (client->is_json)
		output_print_json(&client->out, result);
	else
		print_shown(&client->out, result);
	json_decref(result);
	return EXIT_FINE;
}

int verb_why(struct client *client)
{
	json_t *result = NULL, *line;
	size_t i;
	int status = ask_about(client, "why", &result);

	if (status)
		return status;
	client_warn_of(result);
	if (client->is_json) {
		output_print_json(&client->out, result);
	} else {
		json_array_foreach (json_object_get(result, "lines"), i, line) {
			output_print_escaped(client->out.stream, json_string_value(line),
			    json_string_length(line), 0);
			putc('\n', client->out.stream);
		}
	}
	json_decref(result);
	return EXIT_FINE;
}

/* "base (dep), early (rdep)", and what only a command can tell. New. */
static char *describe_edges(const json_t *deps, const json_t *unresolved)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);
	json_t *dep;

	if (!stream)
		memory_refused();
	json_array_foreach (deps, i, dep) {
		const char *reason = member_text(dep, "reason", NULL);

		fprintf(stream, "%s%s", i > 0 ? ", " : "", member_text(dep, "name", "?"));
		if (reason)
			fprintf(stream, " (%s)", reason);
	}
	json_array_foreach (unresolved, i, dep)
		fprintf(stream, "%s%s", ftell(stream) > 0 ? ", " : "", json_string_value(dep));
	if (fclose(stream))
		memory_refused();
	return text;
}

static void print_plan(const struct output *output, const json_t *steps)
{
	static const char *const heads[] = {"STEP", "NAME", "WAVE", "AFTER"};
	struct table *table = table_new(heads, 4);
	size_t i;
	json_t *step;

	json_array_foreach (steps, i, step) {
		char number[24], wave[24];
		char *after = describe_edges(
		    json_object_get(step, "deps"), json_object_get(step, "unresolved"));
		const char *cells[] = {number, member_text(step, "name", "?"), wave, after};

		snprintf(number, sizeof(number), "%zu", i + 1);
		snprintf(wave, sizeof(wave), "%.0f", member_number(step, "wave", 0));
		table_add(table, cells, STYLE_BOLD, 1);
		free(after);
	}
	table_print(table, output);
	table_free(table);
}

int verb_plan(struct client *client)
{
	struct request request;
	json_t *result = NULL;
	int status = request_set_all(&request, client->inv);

	if (!status)
		status = client_ask(client, "plan", &request.pp, &result);
	if (!status)
		client_warn_of(result);
	if (!status && client->is_json)
		output_print_json(&client->out, result);
	else if (!status)
		print_plan(&client->out, json_object_get(result, "steps"));
	json_decref(result);
	request_clear(&request);
	return status;
}
