/*
 * The verbs params and options: show them, or set some until the daemon ends.
 */
#include <stdio.h>
#include <string.h>

#include "client/request.h"
#include "client/verbs.h"

/* The pairs of the command line as an object. 0, or an exit status. */
static int read_changes(const struct invocation *inv, const char *what, json_t *changes)
{
	for (size_t i = 0; i < inv->n_words + inv->n_rest; i++) {
		const char *word = i < inv->n_words ? inv->words[i] : inv->rest[i - inv->n_words];
		int status = request_put_pair(changes, what, word, true);

		if (status)
			return status;
	}
	return EXIT_FINE;
}

static void print_values(const struct client *client, json_t *values)
{
	FILE *stream = client->out.stream;
	const char *key;
	json_t *value;

	json_object_foreach (values, key, value) {
		output_print_escaped(stream, key, strlen(key), 0);
		putc('=', stream);
		if (json_is_string(value))
			output_print_escaped(
			    stream, json_string_value(value), json_string_length(value), 0);
		else
			output_put_scalar(stream, value);
		putc('\n', stream);
	}
}

/* A comment, as values it is not: how many job tokens nobody has. */
static void print_tokens(const struct client *client, const json_t *tokens)
{
	json_t *n_free = json_object_get(tokens, "free");

	if (json_is_integer(n_free))
		fprintf(client->out.stream, "# %lld of %lld job tokens are free\n",
		    (long long)json_integer_value(n_free),
		    (long long)json_integer_value(json_object_get(tokens, "limit")));
}

/* An amount of a pool, as it may be in the workspace file. */
static void print_amount(FILE *stream, json_int_t amount)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (unit < 4 && amount > 0 && amount % 1024 == 0) {
		amount /= 1024;
		unit++;
	}
	fprintf(stream, "%lld%s", (long long)amount, units[unit]);
}

/* The same of what is held of each pool, and how many would start but for that. */
static void print_pools(const struct client *client, json_t *pools)
{
	FILE *stream = client->out.stream;
	const char *name;
	json_t *pool;

	json_object_foreach (pools, name, pool) {
		json_int_t n_waiting = json_integer_value(json_object_get(pool, "waiting"));

		fputs("# pool ", stream);
		output_print_escaped(stream, name, strlen(name), 0);
		fputs(": ", stream);
		print_amount(stream, json_integer_value(json_object_get(pool, "used")));
		fputs(" of ", stream);
		print_amount(stream, json_integer_value(json_object_get(pool, "capacity")));
		fputs(" used", stream);
		if (n_waiting > 0)
			fprintf(stream, ", %lld in line", (long long)n_waiting);
		putc('\n', stream);
	}
}

/* Shows with get, or sets with set what the words say and shows what holds then. */
static int show_or_set(struct client *client, const char *what, const char *get, const char *set)
{
	json_t *changes = json_object(), *result = NULL;
	int status = read_changes(client->inv, what, changes);

	if (!status && json_object_size(changes) > 0)
		status =
		    client_request(client, set, json_pack("{s:O}", "values", changes), &result);
	else if (!status)
		status = client_request(client, get, NULL, &result);
	json_decref(changes);
	if (status)
		return status;
	client_warn_of(result);
	json_t *values = json_object_get(result, "values");

	if (client->is_json)
		output_print_json(&client->out, values ? values : result);
	else if (json_is_object(values))
		print_values(client, values);
	if (!client->is_json)
		print_pools(client, json_object_get(result, "pools"));
	if (!client->is_json)
		print_tokens(client, json_object_get(result, "job_tokens"));
	json_decref(result);
	return EXIT_FINE;
}

int verb_params(struct client *client)
{
	return show_or_set(client, "param", "params.get", "params.set");
}

int verb_options(struct client *client)
{
	return show_or_set(client, "option", "options.get", "options.set");
}
