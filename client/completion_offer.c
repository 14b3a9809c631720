/*
 * What a command line could go on with; see completion_offer.h.
 */
#include "client/completion_offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/verbs.h"
#include "protocol/methods.h"

/* One that begins as what is typed does. */
static void offer(const struct offering *to, const char *word, const char *text)
{
	FILE *stream = to->client->out.stream;

	if (!*word || strncmp(word, to->typed, strlen(to->typed)) != 0 || strpbrk(word, "\n\t"))
		return;
	fputs(to->before, stream);
	fputs(word, stream);
	if (text && *text)
		fprintf(stream, "\t%.*s", (int)strcspn(text, "\n\t"), text);
	putc('\n', stream);
}

void offer_options(const struct offering *to, const struct option_spec *specs)
{
	char word[64];

	for (; specs && specs->name; specs++) {
		snprintf(word, sizeof(word), "--%s", specs->name);
		offer(to, word, specs->summary);
	}
}

void offer_verbs(const struct offering *to)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		offer(to, verb->name, verb->summary);
}

void offer_texts(const struct offering *to, const char *const *texts)
{
	for (; *texts; texts++)
		offer(to, *texts, NULL);
}

void offer_methods(const struct offering *to)
{
	for (size_t i = 0; i < protocol_method_count; i++)
		offer(to, protocol_methods[i].name, protocol_methods[i].summary);
}

void offer_kinds(const struct offering *to)
{
	const struct method *subscribe = protocol_method_find("subscribe");

	offer_texts(to, protocol_param_find(subscribe, "kinds")->choices);
}

/* ---- names ---- */

/* A pattern on its way to a name: what is filled in so far, and what comes. */
struct filling {
	const struct offering *to;
	const json_t *args; /* of the proto */
	const char *text;   /* that describes it */
};

static const json_t *find_choices(const struct filling *filling, const char *name, size_t length)
{
	size_t i;
	json_t *arg;

	json_array_foreach (filling->args, i, arg) {
		const char *own = member_text(arg, "name", "");

		if (strlen(own) == length && strncmp(own, name, length) == 0)
			return json_object_get(arg, "choices");
	}
	return NULL;
}

/* Offers begun with each choice for a placeholder, and what follows that up to the next. */
static void offer_choices(
    const struct filling *filling, const char *begun, const json_t *choices, const char *rest)
{
	size_t i;
	json_t *choice;

	json_array_foreach (choices, i, choice) {
		char *word;

		if (!json_is_string(choice))
			continue;
		word = memory_print(
		    "%s%s%.*s", begun, json_string_value(choice), (int)strcspn(rest, "["), rest);
		offer(filling->to, word, filling->text);
		free(word);
	}
}

/* Goes on from begun, which is what is typed or more of the pattern's literal text than that. */
static void fill(const struct filling *filling, const char *begun, const char *pattern)
{
	size_t literal = strcspn(pattern, "["), typed_length = strlen(filling->to->typed);
	const char *name = pattern + literal + 1, *rest, *value, *value_end;
	char *so_far, *next;

	so_far = memory_print("%s%.*s", begun, (int)literal, pattern);
	size_t length = strlen(so_far);
	const char *close = pattern[literal] ? strchr(name, ']') : NULL;

	if (strncmp(so_far, filling->to->typed, length < typed_length ? length : typed_length) != 0)
		goto out;
	if (!close) {
		offer(filling->to, so_far, filling->text);
		goto out;
	}
	const json_t *choices = find_choices(filling, name, (size_t)(close - name));

	rest = close + 1;
	value = typed_length > length ? filling->to->typed + length : "";
	value_end = *rest ? strstr(value, "::") : NULL;
	if (value_end) { /* it is given: go on behind it */
		next = memory_print("%s%.*s", so_far, (int)(value_end - value), value);
		fill(filling, next, rest);
		free(next);
	} else if (json_is_array(choices)) {
		offer_choices(filling, so_far, choices, rest);
	} else if (!*value) {
		offer(filling->to, so_far, filling->text);
	}
out:
	free(so_far);
}

static bool has_all_choices(const json_t *proto)
{
	size_t i;
	json_t *arg;

	json_array_foreach (json_object_get(proto, "args"), i, arg) {
		if (!json_is_array(json_object_get(arg, "choices")))
			return false;
	}
	return true;
}

void offer_names(const struct offering *to)
{
	json_t *list = NULL, *item, *chosen = json_object();
	size_t i;

	if (pp_call(to->client->conn, "list", NULL, COMPLETION_TIMEOUT_S, &list))
		goto out;
	json_array_foreach (json_object_get(list, "protos"), i, item) {
		const char *name = member_text(item, "name", "");
		struct filling filling = {
		    to, json_object_get(item, "args"), member_text(item, "description", NULL)};

		fill(&filling, "", name);
		if (has_all_choices(item))
			json_object_set_new(chosen, name, json_true());
	}
	/* But for those that have been offered as choices. */
	json_array_foreach (json_object_get(list, "procs"), i, item) {
		const char *proto = member_text(item, "proto", NULL);

		if (!proto || !json_object_get(chosen, proto))
			offer(to, member_text(item, "name", ""),
			    member_text(item, "description", NULL));
	}
out:
	json_decref(chosen);
	json_decref(list);
}

/* ---- arguments ---- */

/* Whether one of the words is text, and then end. */
static bool is_among(char *const *words, size_t n_words, const char *text, char end)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < n_words; i++) {
		if (strncmp(words[i], text, length) == 0 && words[i][length] == end)
			return true;
	}
	return false;
}

/* name=, or the choices behind it if that is typed. */
static void offer_argument(const struct offering *to, const json_t *arg)
{
	char *assignment = memory_print("%s=", member_text(arg, "name", ""));
	size_t length = strlen(assignment), i;
	json_t *choice;

	if (strncmp(to->typed, assignment, length) != 0) {
		offer(to, assignment, member_text(arg, "description", NULL));
	} else {
		char *before = memory_print("%s%s", to->before, assignment);
		struct offering value = {to->client, before, to->typed + length};

		json_array_foreach (json_object_get(arg, "choices"), i, choice)
			offer(
			    &value, json_is_string(choice) ? json_string_value(choice) : "", NULL);
		free(before);
	}
	free(assignment);
}

void offer_arguments(const struct offering *to, char *const *words, size_t n_words)
{
	json_t *list = NULL, *proto, *arg;
	size_t i, j;

	if (pp_call(to->client->conn, "list", NULL, COMPLETION_TIMEOUT_S, &list))
		return;
	json_array_foreach (json_object_get(list, "protos"), i, proto) {
		if (!is_among(words, n_words, member_text(proto, "name", ""), '\0'))
			continue;
		json_array_foreach (json_object_get(proto, "args"), j, arg) {
			if (!is_among(words, n_words, member_text(arg, "name", ""), '='))
				offer_argument(to, arg);
		}
	}
	json_decref(list);
}

/* ---- others ---- */

void offer_runs(const struct offering *to)
{
	json_t *runs = NULL, *run;
	char number[32];
	size_t i;

	if (pp_call(to->client->conn, "runs", NULL, COMPLETION_TIMEOUT_S, &runs))
		return;
	json_array_foreach (json_object_get(runs, "runs"), i, run) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(run, "run")));
		offer(to, number, member_text(run, "state", NULL));
		offer(to, member_text(run, "name", ""), member_text(run, "state", NULL));
	}
	json_decref(runs);
}

void offer_executors(const struct offering *to)
{
	json_t *list = NULL, *name;
	size_t i;

	if (pp_call(to->client->conn, "list", NULL, COMPLETION_TIMEOUT_S, &list))
		return;
	json_array_foreach (json_object_get(list, "executors"), i, name)
		offer(to, json_string_value(name), NULL);
	json_decref(list);
}

void offer_values(const struct offering *to, const char *method)
{
	json_t *result = NULL, *value;
	const char *name;
	char *word;

	if (pp_call(to->client->conn, method, NULL, COMPLETION_TIMEOUT_S, &result))
		return;
	json_object_foreach (json_object_get(result, "values"), name, value) {
		word = memory_print("%s=", name);
		offer(to, word, NULL);
		free(word);
	}
	json_decref(result);
}
