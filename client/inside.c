/*
 * The verbs for use inside a proc. What a process leaves for the daemon it leaves in files, so
 * return, message, skip and fail need no connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/memory.h"
#include "client/verbs.h"

#define EXIT_SKIPPED 77

/* All words with blanks between them. New. */
static char *join_words(const struct invocation *inv)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < inv->n_words; i++)
		size += strlen(inv->words[i]) + 1;
	for (size_t i = 0; i < inv->n_rest; i++)
		size += strlen(inv->rest[i]) + 1;
	text = end = memory_alloc(size);
	for (size_t i = 0; i < inv->n_words + inv->n_rest; i++) {
		const char *word = i < inv->n_words ? inv->words[i] : inv->rest[i - inv->n_words];

		if (i > 0)
			*end++ = ' ';
		end = stpcpy(end, word);
	}
	return text;
}

/* Writes text and a newline to the file that the variable names. 0, or an exit status. */
static int leave(const char *variable, const char *text)
{
	const char *path = getenv(variable);
	FILE *file = path ? fopen(path, "we") : NULL;
	bool has_failed = !file;

	if (!path)
		return client_complain(
		    EXIT_BAD_REQUEST, "%s is not set, as it is inside a proc", variable);
	if (file) {
		has_failed = fprintf(file, "%s\n", text) < 0;
		has_failed |= fclose(file) != 0;
	}
	if (has_failed)
		return client_complain(EXIT_BAD_REQUEST, "%s: %s", path, strerror(errno));
	return EXIT_FINE;
}

static int leave_message(const struct client *client)
{
	char *text = join_words(client->inv);
	int status = EXIT_FINE;

	if (text[0])
		status = leave("PP_MESSAGE", text);
	free(text);
	return status;
}

int verb_message(struct client *client)
{
	return leave_message(client);
}

int verb_skip(struct client *client)
{
	int status = leave_message(client);

	return status ? status : EXIT_SKIPPED;
}

int verb_fail(struct client *client)
{
	int status = leave_message(client);

	return status ? status : EXIT_PROC_FAILED;
}

int verb_return(struct client *client)
{
	const struct invocation *inv = client->inv;
	const char *text = inv->n_words > 0 ? inv->words[0] : inv->rest[0];
	json_error_t error;
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

	if (!value) {
		client_complain(EXIT_BAD_REQUEST, "return: it is not JSON: %s", error.text);
		client_hint("a text needs quotes within quotes: ppctl return '\"text\"'");
		return EXIT_BAD_REQUEST;
	}
	json_decref(value);
	return leave("PP_RESULT", text);
}

/* Sends a request about the execution that this runs in. */
static int ask_own(struct client *client, const char *method, json_t *params, json_t **result)
{
	int status = client_connect(client);

	if (!status && pp_default_exec(client->conn) == 0)
		status = client_complain(EXIT_BAD_REQUEST,
		    "%s is for use inside a proc of this workspace", client->inv->verb->name);
	if (status) {
		json_decref(params);
		return status;
	}
	json_object_set_new(params, "exec", json_integer(pp_default_exec(client->conn)));
	return client_request(client, method, params, result);
}

/* On another machine than the daemon's the library has it from a file. NULL: it is to be asked. */
static json_t *load_context(void)
{
	pp_ctx *ctx = NULL;
	json_t *context = NULL;

	if (getenv("PP_CONTEXT") && pp_ctx_current(&ctx) == PP_OK)
		context = json_incref(pp_context(ctx));
	pp_ctx_free(ctx);
	return context;
}

int verb_context(struct client *client)
{
	json_t *result = load_context();
	int status = result ? EXIT_FINE : ask_own(client, "context", json_object(), &result);

	if (!status)
		output_print_json(&client->out, result);
	json_decref(result);
	return status;
}

int verb_input(struct client *client)
{
	char *prompt = join_words(client->inv);
	json_t *params = json_pack(
	    "{s:s*, s:b}", "prompt", prompt, "secret", invocation_has(client->inv, "secret"));
	json_t *result = NULL;
	int status;

	free(prompt);
	if (!params)
		return client_complain(EXIT_BAD_REQUEST, "input: the prompt is not valid UTF-8");
	status = ask_own(client, "input.ask", params, &result);
	if (!status && client->is_json)
		output_print_json(&client->out, result);
	else if (!status)
		fprintf(client->out.stream, "%s\n", member_text(result, "text", ""));
	json_decref(result);
	return status;
}
