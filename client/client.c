/*
 * The connection to the daemon as the verbs see it: made when it is first needed, its errors told
 * to people and turned into exit statuses. Nothing else of ppctl opens connections.
 */
#include "client/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/memory.h"
#include "client/verbs.h"

/* So many names or views are asked for at once: a page is made while others wait for the daemon. */
#define PAGE_NAMES 10000
#define PAGE_VIEWS 250

void client_init(struct client *client, const struct invocation *inv)
{
	*client = (struct client){
	    .inv = inv,
	    .is_json = invocation_has(inv, "json"),
	    .is_quiet = invocation_has(inv, "quiet"),
	    .is_verbose = invocation_has(inv, "verbose"),
	};
	output_init(&client->out, stdout);
}

void client_clear(struct client *client)
{
	pp_close(client->conn);
	client->conn = NULL;
}

/* Text of several lines: the first after the prefix, the others indented below it. */
static void print_lines(const char *prefix, const char *text)
{
	size_t length = strcspn(text, "\n");

	fputs(prefix, stderr);
	output_print_escaped(stderr, text, length, 0);
	putc('\n', stderr);
	for (text += length; *text == '\n'; text += length) {
		text++;
		length = strcspn(text, "\n");
		fputs("  ", stderr);
		output_print_escaped(stderr, text, length, 0);
		putc('\n', stderr);
	}
}

__attribute__((format(printf, 2, 0))) static void print_formatted(
    const char *prefix, const char *format, va_list args)
{
	char *text = memory_print_args(format, args);

	fflush(stdout);
	print_lines(prefix, text);
	free(text);
}

int client_complain(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_formatted("ppctl: ", format, args);
	va_end(args);
	return status;
}

void client_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_formatted("  hint: ", format, args);
	va_end(args);
}

void client_warn(const char *text)
{
	fflush(stdout);
	print_lines("ppctl: warning: ", text);
}

void client_warn_of(const json_t *result)
{
	const char *warning = member_text(result, "warning", NULL);

	if (warning)
		client_warn(warning);
	if (json_is_true(json_object_get(result, "truncated")))
		client_warn("there is more than fits into one answer");
}

void client_warn_of_file(struct client *client)
{
	json_t *answer = NULL;

	/* Where that fails, what is asked next says why. */
	if (pp_call(client->conn, "options.get", NULL, PP_FOREVER, &answer) == PP_OK)
		client_warn_of(answer);
	json_decref(answer);
}

enum pp_error client_try_connect(struct client *client)
{
	const struct invocation *inv = client->inv;
	struct pp_connect_options options = {
	    .directory = invocation_get(inv, "directory"),
	    .socket_path = invocation_get(inv, "socket"),
	    .autostart = !(inv->verb->flags & VERB_LOOKS_ONLY) && !invocation_has(inv, "no-start"),
	    .client = "ppctl " PACKAGE_VERSION,
	};

	return pp_connect(&options, &client->conn);
}

int client_connect(struct client *client)
{
	if (client->conn)
		return EXIT_FINE;
	if (client_try_connect(client))
		return client_report(client);
	if (client->is_verbose)
		client_complain(0, "workspace %s, socket %s",
		    pp_workspace(client->conn) ? pp_workspace(client->conn) : "?",
		    pp_socket_path(client->conn) ? pp_socket_path(client->conn) : "?");
	return EXIT_FINE;
}

static bool has_capability(const json_t *info, const char *name)
{
	json_t *capability;
	size_t i;

	json_array_foreach (json_object_get(info, "capabilities"), i, capability) {
		const char *text = json_string_value(capability);

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

void client_ask_events(struct client *client, json_t *params, const char *const *states)
{
	json_t *info, *list;

	if (pp_server_info(client->conn, PP_FOREVER, &info))
		return; /* the request itself will say why */
	if (has_capability(info, "brief"))
		json_object_set_new(params, "brief", json_true());
	if (!states || !has_capability(info, "states"))
		return;
	list = json_array();
	for (; *states; states++)
		json_array_append_new(list, json_string(*states));
	json_object_set_new(params, "states", list);
}

/* What was near, where the daemon's sentence does not say it already. */
static void hint_suggestions(const char *text, const json_t *data)
{
	const json_t *suggestions = json_object_get(data, "suggestions");
	char *list = NULL;
	size_t size = 0, i;
	json_t *name;

	if (json_array_size(suggestions) == 0 || strstr(text, "(did you mean "))
		return;
	FILE *stream = open_memstream(&list, &size);

	if (!stream)
		memory_refused();
	json_array_foreach (suggestions, i, name) {
		if (json_is_string(name) && !strstr(text, json_string_value(name)))
			fprintf(
			    stream, "%s%s", ftell(stream) > 0 ? ", " : "", json_string_value(name));
	}
	fclose(stream);
	if (size > 0)
		client_hint("did you mean %s?", list);
	free(list);
}

static int report_remote(const struct client *client)
{
	const char *name = pp_error_name(client->conn);
	const char *text = pp_error_text(client->conn);

	client_complain(0, "%s", text);
	hint_suggestions(text, pp_error_data(client->conn));
	if (name && strcmp(name, "timeout") == 0)
		return EXIT_TIMED_OUT;
	if (name && strcmp(name, "shutting_down") == 0)
		return EXIT_NO_DAEMON;
	return EXIT_BAD_REQUEST;
}

bool client_is_unserved(const struct client *client)
{
	return pp_error_code(client->conn) == PP_ERR_UNREACHABLE &&
	       strncmp(pp_error_text(client->conn), "no daemon serves", 16) == 0;
}

int client_report(struct client *client)
{
	const struct invocation *inv = client->inv;
	enum pp_error code = pp_error_code(client->conn);
	const char *text = pp_error_text(client->conn);

	if (code == PP_ERR_REMOTE)
		return report_remote(client);
	client_complain(0, "%s", text);
	if (code == PP_ERR_INVALID || code == PP_ERR_NOMEM)
		return EXIT_BAD_REQUEST;
	/* Not where one is that does not answer. */
	bool is_unserved = inv->verb->flags & VERB_LOOKS_ONLY && client_is_unserved(client);

	if (is_unserved && invocation_has(inv, "socket"))
		client_hint("without -S ppctl asks the daemon of the workspace");
	else if (is_unserved && inv->verb->run != verb_stop)
		client_hint(
		    "ppctl %s starts no daemon; ppctl run does, or ppd -d", inv->verb->name);
	if (code == PP_ERR_NO_WORKSPACE && !invocation_has(inv, "directory"))
		client_hint("touch parproc.yaml makes this directory a workspace; -C DIR names "
		            "another");
	return EXIT_NO_DAEMON;
}

int client_request(struct client *client, const char *method, json_t *params, json_t **result)
{
	int status = client_connect(client);

	if (status) {
		json_decref(params);
		return status;
	}
	if (pp_call(client->conn, method, params, PP_FOREVER, result))
		return client_report(client);
	return EXIT_FINE;
}

int client_ask(
    struct client *client, const char *method, const struct pp_request *request, json_t **result)
{
	int status = client_connect(client);

	if (status)
		return status;
	json_t *params = pp_request_params(client->conn, method, request);

	if (!params)
		return client_report(client);
	return client_request(client, method, params, result);
}

int client_ask_pages(struct client *client, const char *method, const struct pp_request *request,
    client_page_visit *visit, void *arg)
{
	int status = client_connect(client);

	if (status)
		return status;
	json_t *params = pp_request_params(client->conn, method, request), *cursor;

	if (!params)
		return client_report(client);
	bool is_names = strcmp(method, "create") == 0;

	json_object_set_new(params, "limit", json_integer(is_names ? PAGE_NAMES : PAGE_VIEWS));
	do {
		json_t *page = NULL;

		status = client_request(client, method, json_incref(params), &page);
		cursor = status ? NULL : json_object_get(page, "cursor");
		if (!status)
			visit(arg, page);
		if (cursor && !json_is_null(cursor))
			json_object_set(params, "cursor", cursor);
		else
			cursor = NULL;
		json_decref(page);
	} while (cursor);
	json_decref(params);
	return status;
}

/* What the pages of an answer are gathered in. */
struct gathered {
	const char *const *lists;
	json_t *result; /* of the first page */
};

static void gather(void *arg, const json_t *page)
{
	struct gathered *gathered = arg;

	if (!gathered->result) {
		gathered->result = json_copy((json_t *)page);
		return;
	}
	for (const char *const *list = gathered->lists; *list; list++)
		json_array_extend(
		    json_object_get(gathered->result, *list), json_object_get(page, *list));
	json_object_del(gathered->result, "cursor");
	if (json_object_get(page, "truncated") && !json_object_get(page, "cursor"))
		json_object_set_new(gathered->result, "truncated", json_true());
	else
		json_object_del(gathered->result, "truncated");
}

int client_ask_all(struct client *client, const char *method, const struct pp_request *request,
    const char *const *lists, json_t **result)
{
	struct gathered gathered = {.lists = lists};
	int status = client_ask_pages(client, method, request, gather, &gathered);

	if (status) {
		json_decref(gathered.result);
		gathered.result = NULL;
	}
	*result = gathered.result;
	return status;
}
