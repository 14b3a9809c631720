/*
 * The verb plan: what a run would do, as a table in its order, or as a tree of what comes before
 * what.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/memory.h"
#include "client/plan_tree.h"
#include "client/request.h"
#include "client/table.h"
#include "client/verbs.h"

#define DEPTH_DEFAULT 100
#define DEPTH_MAX 1000

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

/* Whether a tree is asked for, in *depth of how many levels; 0: it is not. */
static int read_depth(const struct invocation *inv, size_t *depth)
{
	const char *text = invocation_get(inv, "depth");
	long long number = DEPTH_DEFAULT;

	if (text && options_parse_integer(text, 1, DEPTH_MAX, &number))
		return client_complain(EXIT_BAD_REQUEST,
		    "--depth %s: it has to be a whole number from 1 to %d", text, DEPTH_MAX);
	*depth = text || invocation_has(inv, "tree") ? (size_t)number : 0;
	return EXIT_FINE;
}

int verb_plan(struct client *client)
{
	struct request request = {0};
	json_t *result = NULL;
	size_t depth = 0;
	int status = read_depth(client->inv, &depth);

	if (!status)
		status = request_set_all(&request, client->inv);
	if (!status)
		status = client_ask(client, "plan", &request.pp, &result);
	if (!status)
		client_warn_of(result);
	if (!status && client->is_json)
		output_print_json(&client->out, result);
	else if (!status && depth > 0)
		plan_print_tree(&client->out, json_object_get(result, "steps"), depth);
	else if (!status)
		print_plan(&client->out, json_object_get(result, "steps"));
	json_decref(result);
	request_clear(&request);
	return status;
}
