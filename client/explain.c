/*
 * The verbs that explain: show and why. They run nothing. What show prints is whatever members
 * the answer has, so that a newer daemon's are not lost.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/excerpt.h"
#include "client/logfile.h"
#include "client/memory.h"
#include "client/outcome.h"
#include "client/request.h"
#include "client/table.h"
#include "client/verbs.h"

#define LAST_LINE_COLUMNS 500 /* of a log's */
#define TELLING_LINES 16

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

/* Puts the members of an object that say something. */
static void put_members(FILE *stream, json_t *object)
{
	const char *separator = "", *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (is_nothing(value))
			continue;
		fprintf(stream, "%s%s: ", separator, key);
		if (!put_quantity(stream, key, value))
			output_put_scalar(stream, value);
		separator = ", ";
	}
}

/* A value as text for one line: a list with commas, an object as its members. New. */
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
	} else if (json_is_object(value)) {
		put_members(stream, value);
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

/* The last line of a text that has anything in it: where it begins, and its length in *size. */
static const char *find_last_line(const struct logfile_text *text, size_t *size)
{
	size_t end = text->size, begin;

	while (end > 0 && isspace((unsigned char)text->bytes[end - 1]))
		end--;
	for (begin = end; begin > 0 && text->bytes[begin - 1] != '\n';)
		begin--;
	*size = end - begin;
	return text->bytes + begin;
}

static void print_line(const struct output *output, const char *line, size_t size)
{
	char *shown = output_escape_line(
	    line, size, LAST_LINE_COLUMNS, ESCAPE_KEEP_TABS | ESCAPE_STRIP_COLORS);

	fprintf(output->stream, "  %s\n", shown);
	free(shown);
}

static void put_telling(const char *line, size_t size, void *arg)
{
	if (line)
		print_line(arg, line, size);
	else
		fputs("  …\n", ((struct output *)arg)->stream);
}

/* The lines around words that tell of errors; else the last one, which is mostly the reason. */
static void print_telling(struct output *output, const struct logfile_text *text)
{
	struct telling telling;
	const char *line;
	size_t size;

	excerpt_select(NULL, text, false, &telling);
	if (telling.has_words) {
		excerpt_put_lines(text, &telling, 0, TELLING_LINES, put_telling, output);
	} else {
		line = find_last_line(text, &size);
		if (size > 0)
			print_line(output, line, size);
	}
	telling_clear(&telling);
}

/* Where a failure is told at length, and what tells the reason. */
static void print_log(struct output *output, const char *path)
{
	struct logfile_text text;

	fputs("log: ", output->stream);
	output_print_escaped(output->stream, path, strlen(path), 0);
	putc('\n', output->stream);
	if (logfile_read(path, &text))
		return;
	print_telling(output, &text);
	free(text.bytes);
}

int verb_why(struct client *client)
{
	json_t *result = NULL, *line;
	const char *log;
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
		log = member_text(result, "log", NULL);
		if (log)
			print_log(&client->out, log);
	}
	json_decref(result);
	return EXIT_FINE;
}
