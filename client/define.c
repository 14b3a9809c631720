/*
 * The verbs that change what can be run: define, undefine, clear, reload. A definition that a
 * command line describes becomes the same JSON as one in a file; whether it makes sense is the
 * daemon's affair.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/memory.h"
#include "client/request.h"
#include "client/verbs.h"

#define FILE_BYTES_MAX (16 << 20) /* a request is not larger */

/* What a text is prefixed with to mean something other than a name; or NULL. */
static const char *find_prefix(const char *text, const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		size_t length = strlen(*prefixes);

		/* "when_scheduled::x" is a name. */
		if (strncmp(text, *prefixes, length) == 0 && text[length] == ':' &&
		    text[length + 1] != ':')
			return *prefixes;
	}
	return NULL;
}

/* A dependency or reverse dependency: NAME or PREFIX:NAME. */
static json_t *new_dependency(const char *text, const char *const *prefixes)
{
	const char *prefix = find_prefix(text, prefixes);

	if (!prefix)
		return json_string(text);
	return json_pack("{s:s}", prefix, text + strlen(prefix) + 1);
}

/* Adds the values of a repeated option as a list. -1: not UTF-8. */
static int put_list(json_t *definition, const struct invocation *inv, const char *option,
    const char *key, const char *const *prefixes)
{
	json_t *list = NULL;
	size_t position = 0;
	const char *text;

	while ((text = invocation_next(inv, option, &position))) {
		if (!list)
			list = json_array();
		if (json_array_append_new(list, new_dependency(text, prefixes))) {
			json_decref(list);
			return -1;
		}
	}
	return list ? json_object_set_new(definition, key, list) : 0;
}

/* Adds an option's value as text. -1: not UTF-8. */
static int put_text(json_t *definition, const struct invocation *inv, const char *option)
{
	const char *text = invocation_get(inv, option);

	return text ? json_object_set_new(definition, option, json_string(text)) : 0;
}

/* The command after "--": one word is for the shell, several are executed as they are. */
static int put_command(json_t *definition, const struct invocation *inv)
{
	json_t *list;

	if (inv->n_rest == 0)
		return 0;
	if (inv->n_rest == 1)
		return json_object_set_new(definition, "run", json_string(inv->rest[0]));
	list = json_array();
	for (size_t i = 0; i < inv->n_rest; i++) {
		if (json_array_append_new(list, json_string(inv->rest[i]))) {
			json_decref(list);
			return -1;
		}
	}
	return json_object_set_new(definition, "run", list);
}

/* --arg NAME[:TYPE][=DEFAULT]. 0, or an exit status. */
static int put_argument(json_t *args, const char *word)
{
	size_t name_length = strcspn(word, ":=");
	size_t type_length = word[name_length] == ':' ? strcspn(word + name_length + 1, "=") : 0;
	const char *type = word + name_length + (type_length > 0 ? 1 : 0);
	const char *equals = strchr(word + name_length, '=');
	json_t *arg = json_object();
	char *name = memory_copy(word);
	int status = EXIT_FINE, failed = 0;

	name[name_length] = '\0';
	if (type_length > 0)
		failed |= json_object_set_new(arg, "type", json_stringn(type, type_length));
	if (equals)
		failed |= json_object_set_new(arg, "default", json_string(equals + 1));
	if (name_length == 0 || (word[name_length] == ':' && type_length == 0))
		status = client_complain(
		    EXIT_BAD_REQUEST, "--arg %s: it has to be NAME[:TYPE][=DEFAULT]", word);
	else if (json_object_get(args, name))
		status = client_complain(EXIT_BAD_REQUEST, "--arg %s is given twice", name);
	else if (failed || json_object_set(args, name, arg))
		status = client_complain(EXIT_BAD_REQUEST, "--arg %s: it is not valid UTF-8", word);
	json_decref(arg);
	free(name);
	return status;
}

/* Adds what the repeated option says to an object of the definition. 0, or an exit status. */
static int put_pairs(json_t *definition, const struct invocation *inv, const char *option,
    const char *key, int (*put)(json_t *object, const char *word))
{
	json_t *object = NULL;
	size_t position = 0;
	const char *word;
	int status = EXIT_FINE;

	while (!status && (word = invocation_next(inv, option, &position))) {
		if (!object)
			object = json_object();
		status = put(object, word);
	}
	if (object)
		json_object_set_new(definition, key, object);
	return status;
}

static int put_variable(json_t *object, const char *word)
{
	return request_put_pair(object, "--env", word, false);
}

static int put_param(json_t *object, const char *word)
{
	return request_put_pair(object, "--param", word, true);
}

/* --use POOL=AMOUNT; the daemon knows what an amount is. */
static int put_use(json_t *object, const char *word)
{
	return request_put_pair(object, "--use", word, true);
}

static int put_integer(json_t *definition, const struct invocation *inv, const char *option)
{
	const char *text = invocation_get(inv, option);
	long long number;

	if (!text)
		return EXIT_FINE;
	if (options_parse_integer(text, INT32_MIN, INT32_MAX, &number))
		return client_complain(
		    EXIT_BAD_REQUEST, "--%s %s: it has to be a whole number", option, text);
	json_object_set_new(definition, option, json_integer(number));
	return EXIT_FINE;
}

/* What the options say of one proc or proto. 0, or an exit status. */
static int fill_definition(json_t *definition, const struct invocation *inv)
{
	static const char *const dep_prefixes[] = {"special", "command", NULL};
	static const char *const rdep_prefixes[] = {
	    "when_scheduled", "when_target_scheduled", NULL};
	static const char *const no_prefixes[] = {NULL};

	if (put_text(definition, inv, "description") || put_command(definition, inv) ||
	    put_list(definition, inv, "dep", "deps", dep_prefixes) ||
	    put_list(definition, inv, "rdep", "rdeps", rdep_prefixes) ||
	    put_list(definition, inv, "lock", "locks", no_prefixes) ||
	    put_text(definition, inv, "timeout") || put_text(definition, inv, "cwd") ||
	    put_text(definition, inv, "result") || put_text(definition, inv, "executor"))
		return client_complain(EXIT_BAD_REQUEST, "define: a word is not valid UTF-8");
	if (invocation_has(inv, "now"))
		json_object_set_new(definition, "now", json_true());
	int status = put_integer(definition, inv, "wave");

	if (!status)
		status = put_integer(definition, inv, "priority");
	if (!status)
		status = put_integer(definition, inv, "retries");
	if (!status)
		status = put_pairs(definition, inv, "use", "use", put_use);
	if (!status)
		status = put_pairs(definition, inv, "arg", "args", put_argument);
	if (!status)
		status = put_pairs(definition, inv, "env", "env", put_variable);
	if (!status)
		status = put_pairs(definition, inv, "param", "params", put_param);
	return status;
}

/* The definitions of one proc, or proto: its name has placeholders. */
static int read_command_line(const struct invocation *inv, json_t **definitions)
{
	const char *name = inv->words[0];
	json_t *definition = json_object();
	int status = fill_definition(definition, inv);

	if (!status) {
		*definitions = json_pack(
		    "{s:{s:O}}", strchr(name, '[') ? "protos" : "procs", name, definition);
		if (!*definitions)
			status = client_complain(
			    EXIT_BAD_REQUEST, "define: %s is not valid UTF-8", name);
	}
	json_decref(definition);
	return status;
}

/* All of a file, or of standard input. New; NULL with errno. */
static char *read_file(const char *path, size_t *size)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *bytes = NULL;
	size_t n_max = 0, n;

	*size = 0;
	if (!file)
		return NULL;
	do {
		if (*size == n_max) {
			n_max = n_max ? n_max * 2 : 65536;
			bytes = memory_grow(bytes, n_max, 1);
		}
		n = fread(bytes + *size, 1, n_max - *size, file);
		*size += n;
	} while (n > 0 && *size <= FILE_BYTES_MAX);
	if (ferror(file) || *size > FILE_BYTES_MAX) {
		errno = *size > FILE_BYTES_MAX ? EFBIG : errno;
		free(bytes);
		bytes = NULL;
	}
	if (file != stdin)
		fclose(file);
	return bytes;
}

/* The text of a file; the daemon reads it, as it does the workspace file. 0, or an exit status. */
static int read_definitions(const char *shown, const char *path, json_t **definitions)
{
	size_t size;
	char *bytes = read_file(path, &size);

	if (!bytes)
		return client_complain(EXIT_BAD_REQUEST, "%s: %s", shown, strerror(errno));
	*definitions = json_stringn(bytes, size);
	free(bytes);
	if (!*definitions)
		return client_complain(EXIT_BAD_REQUEST, "%s: it is not valid UTF-8", shown);
	return EXIT_FINE;
}

/* Either a file, or a name and its options. */
static int check(const struct invocation *inv)
{
	static const char *const describing[] = {"dep", "rdep", "lock", "use", "priority",
	    "retries", "executor", "wave", "timeout", "now", "arg", "param", "cwd", "env", "result",
	    "description"};
	bool has_file = invocation_get(inv, "file") != NULL;

	if (has_file == (inv->n_words == 1)) {
		client_complain(
		    0, "define: %s", has_file ? "a name and -f exclude each other" : "what?");
		client_hint("usage: ppctl define %s", inv->verb->usage);
		return EXIT_BAD_REQUEST;
	}
	for (size_t i = 0; has_file && i < sizeof(describing) / sizeof(describing[0]); i++) {
		if (invocation_has(inv, describing[i]))
			return client_complain(EXIT_BAD_REQUEST,
			    "define: --%s is for one proc or proto, not for a file", describing[i]);
	}
	if (has_file && inv->n_rest > 0)
		return client_complain(
		    EXIT_BAD_REQUEST, "define: a command is for one proc or proto, not for a file");
	return EXIT_FINE;
}

static void print_defined(const struct client *client, json_t *result)
{
	static const char *const counts[] = {"added", "replaced", "removed", "same"};
	const char *gap = "";
	size_t i;
	json_t *name;

	if (client->is_json) {
		output_print_json(&client->out, result);
		return;
	}
	if (client->is_quiet)
		return;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		double count = member_number(result, counts[i], 0);

		if (count > 0) {
			fprintf(client->out.stream, "%s%s %.0f", gap, counts[i], count);
			gap = ", ";
		}
	}
	fprintf(client->out.stream, "%s\n", gap[0] ? "" : "nothing");
	json_array_foreach (json_object_get(result, "started"), i, name) {
		fputs("started ", client->out.stream);
		output_print_escaped(
		    client->out.stream, json_string_value(name), json_string_length(name), 0);
		putc('\n', client->out.stream);
	}
}

int verb_define(struct client *client)
{
	const struct invocation *inv = client->inv;
	struct pp_request request = {.run = invocation_get(inv, "run")};
	const char *path = invocation_get(inv, "file");
	const char *shown = path && strcmp(path, "-") == 0 ? "standard input" : path;
	json_t *definitions = NULL, *params = NULL, *result = NULL;
	int status = check(inv);

	if (!status)
		status = path ? read_definitions(shown, path, &definitions)
		              : read_command_line(inv, &definitions);
	if (!status)
		status = client_connect(client);
	if (status)
		goto out;
	params = pp_request_params(client->conn, "define", &request);
	if (!params) {
		status = client_report(client);
		goto out;
	}
	json_object_set(params, "definitions", definitions);
	if (shown && json_object_set_new(params, "file", json_string(shown))) {
		status = client_complain(EXIT_BAD_REQUEST, "%s: it is not valid UTF-8", shown);
		goto out;
	}
	if (invocation_has(inv, "replace"))
		json_object_set_new(params, "replace", json_true());
	status = client_request(client, "define", json_incref(params), &result);
	const char *error = status ? pp_error_name(client->conn) : NULL;

	if (!status)
		print_defined(client, result);
	else if (error && strcmp(error, "exists") == 0)
		client_hint("ppctl define --replace puts this in its place");
out:
	json_decref(definitions);
	json_decref(params);
	json_decref(result);
	return status;
}

int verb_undefine(struct client *client)
{
	struct request request;
	json_t *result = NULL;

	request_set_names(&request, client->inv);
	request.pp.run = NULL;
	int status = client_ask(client, "undefine", &request.pp, &result);

	if (!status && client->is_json)
		output_print_json(&client->out, result);
	json_decref(result);
	request_clear(&request);
	return status;
}

int verb_clear(struct client *client)
{
	const char *run = invocation_get(client->inv, "run");
	struct pp_request request = {.run = run, .new_run = !run};
	json_t *params, *result = NULL;
	int status = client_connect(client);

	if (status)
		return status;
	params = pp_request_params(client->conn, "clear", &request);
	if (!params)
		return client_report(client);
	if (invocation_has(client->inv, "definitions"))
		json_object_set_new(params, "definitions", json_true());
	status = client_request(client, "clear", params, &result);
	if (!status && client->is_json)
		output_print_json(&client->out, result);
	else if (!status && !client->is_quiet)
		fprintf(client->out.stream, "cleared %.0f\n", member_number(result, "cleared", 0));
	json_decref(result);
	return status;
}

int verb_reload(struct client *client)
{
	json_t *result = NULL;
	int status = client_request(client, "reload", NULL, &result);

	if (!status)
		print_defined(client, result);
	json_decref(result);
	return status;
}
