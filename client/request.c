/*
 * From words and options to the members of a request. What the names mean is the daemon's affair;
 * here is only decided which word is a name and which an argument.
 */
#include "client/request.h"

#include <stdlib.h>
#include <string.h>

#include "client/memory.h"

static void add_name(struct request *request, const char *name)
{
	request->names[request->n_names++] = name;
}

static void begin(struct request *request, const struct invocation *inv)
{
	*request = (struct request){0};
	request->names = memory_alloc((inv->n_words + inv->n_rest + 1) * sizeof(*request->names));
	request->pp.names = request->names;
	request->pp.run = invocation_get(inv, "run");
}

void request_set_names(struct request *request, const struct invocation *inv)
{
	begin(request, inv);
	for (size_t i = 0; i < inv->n_words; i++)
		add_name(request, inv->words[i]);
	for (size_t i = 0; i < inv->n_rest; i++)
		add_name(request, inv->rest[i]);
	if (request->n_names == 0)
		request->pp.names = NULL; /* no names is something else than none of them */
}

int request_put_pair(json_t *object, const char *what, const char *word, bool is_json)
{
	const char *equals = strchr(word, '=');
	json_t *value = NULL;

	if (!equals || equals == word)
		return client_complain(
		    EXIT_BAD_REQUEST, "%s %s: it has to be NAME=VALUE", what, word);
	char *key = memory_copy(word);

	key[equals - word] = '\0';
	if (is_json)
		value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (!value)
		value = json_string(equals + 1);
	int status = EXIT_FINE;

	if (json_object_get(object, key)) {
		json_decref(value);
		status = client_complain(EXIT_BAD_REQUEST, "%s %s is given twice", what, key);
	} else if (json_object_set_new(object, key, value)) {
		status =
		    client_complain(EXIT_BAD_REQUEST, "%s %s: it is not valid UTF-8", what, word);
	}
	free(key);
	return status;
}

static int put_params(struct request *request, const struct invocation *inv)
{
	size_t position = 0;
	const char *word;

	while ((word = invocation_next(inv, "param", &position))) {
		if (!request->pp.params)
			request->pp.params = json_object();
		int status = request_put_pair(request->pp.params, "param", word, true);

		if (status)
			return status;
	}
	return EXIT_FINE;
}

int request_set_all(struct request *request, const struct invocation *inv)
{
	begin(request, inv);
	for (size_t i = 0; i < inv->n_words; i++) {
		size_t length;

		if (!options_is_assignment(inv->words[i], &length)) {
			add_name(request, inv->words[i]);
			continue;
		}
		if (!request->pp.args)
			request->pp.args = json_object();
		int status = request_put_pair(request->pp.args, "argument", inv->words[i], false);

		if (status)
			return status;
	}
	for (size_t i = 0; i < inv->n_rest; i++)
		add_name(request, inv->rest[i]);
	request->pp.as = invocation_get(inv, "as");
	request->pp.executor = invocation_get(inv, "executor");
	request->pp.is_full = invocation_has(inv, "full");
	request->pp.is_fail_fast = invocation_has(inv, "fail-fast");
	if (request->n_names == 0)
		return client_complain(
		    EXIT_BAD_REQUEST, "no name is given: what comes before '=' is an argument");
	return put_params(request, inv);
}

void request_clear(struct request *request)
{
	free(request->names);
	json_decref(request->pp.args);
	json_decref(request->pp.params);
	*request = (struct request){0};
}
