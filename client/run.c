/*
 * The verbs that schedule and wait: run, create, start, wait, open, close. What is shown meanwhile
 * is the display's affair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/display.h"
#include "client/live.h"
#include "client/request.h"
#include "client/verbs.h"
#include "client/watch.h"

/* Of those that are waited for, and for how long an answer is waited for. */
#define NAMES_LOOKED_AT 4
#define LOOK_S 0.5

static void print_names(void *arg, const json_t *page)
{
	const struct client *client = arg;
	const json_t *names = json_object_get(page, "procs");
	size_t i;
	json_t *name;

	json_array_foreach (names, i, name) {
		if (json_is_string(name)) {
			fwrite(json_string_value(name), 1, json_string_length(name),
			    client->out.stream);
			putc('\n', client->out.stream);
		}
	}
}

/* The answer of start, open and close: the run's number alone, unless --json. */
static void print_run(const struct client *client, json_t *result)
{
	if (client->is_json)
		output_print_json(&client->out, result);
	else
		fprintf(client->out.stream, "%" JSON_INTEGER_FORMAT "\n",
		    json_integer_value(json_object_get(result, "run")));
}

int verb_create(struct client *client)
{
	static const char *const lists[] = {"procs", NULL};
	struct request request;
	json_t *result = NULL;
	int status = request_set_all(&request, client->inv);

	if (!status && client->is_json)
		status = client_ask_all(client, "create", &request.pp, lists, &result);
	else if (!status)
		status = client_ask_pages(client, "create", &request.pp, print_names, client);
	if (!status && client->is_json)
		output_print_json(&client->out, result);
	json_decref(result);
	request_clear(&request);
	return status;
}

static int start(struct client *client, const struct request *request)
{
	json_t *result = NULL;
	int status = client_ask(client, "start", &request->pp, &result);

	if (!status)
		print_run(client, result);
	json_decref(result);
	return status;
}

int verb_start(struct client *client)
{
	struct request request;
	int status = request_set_all(&request, client->inv);

	if (!status)
		status = start(client, &request);
	request_clear(&request);
	return status;
}

/* Whether what runs is to be shown live: as the command line says, else the workspace's options
 * (values). */
static bool is_live(const struct client *client, const json_t *values)
{
	const char *dynamic = member_text(values, "dynamic", "auto");

	if (client->is_quiet || client->is_verbose || invocation_has(client->inv, "plain") ||
	    strcmp(dynamic, "never") == 0)
		return false;
	return strcmp(dynamic, "always") == 0 || live_is_possible(&client->out);
}

/* The display that the options ask for, or NULL. */
static struct display *new_display(const struct client *client, const json_t *values)
{
	struct display *display;

	if (client->is_json)
		return NULL;
	display = display_new(&client->out, client->is_quiet     ? DISPLAY_FAILURES
	                                    : client->is_verbose ? DISPLAY_ALL
	                                                         : DISPLAY_CHANGES);
	if (values && is_live(client, values))
		display_start_live(display);
	return display;
}

/* Where an answer was too large to list all procs. */
static void print_counts(const struct client *client, const json_t *result)
{
	json_t *counts = json_object_get(result, "counts"), *count;
	const char *state, *gap = "";

	if (!json_is_true(json_object_get(result, "truncated")) || client->is_quiet || !counts)
		return;
	json_object_foreach (counts, state, count) {
		fprintf(client->out.stream, "%s%" JSON_INTEGER_FORMAT " %s", gap,
		    json_integer_value(count), state);
		gap = ", ";
	}
	putc('\n', client->out.stream);
}

/* Shows an answer of run or wait; the exit status that it means. */
static int finish(const struct client *client, struct display *display, json_t *result)
{
	if (client->is_json) {
		output_print_json(&client->out, result);
	} else {
		display_finish(display, json_object_get(result, "procs"));
		print_counts(client, result);
	}
	return json_is_true(json_object_get(result, "ok")) ? EXIT_FINE : EXIT_PROC_FAILED;
}

/* Whether the run is the one of the proc that this command runs in: then its end is not ours to
 * decide on. */
static bool is_own_run(const struct client *client)
{
	return pp_default_run(client->conn) && !invocation_has(client->inv, "run");
}

/* In mode single processes get the terminal: makes it and says so in the params. */
static int offer_foreground(
    struct client *client, struct watch_options *options, const json_t *values)
{
	if (strcmp(member_text(values, "mode", ""), "single") != 0)
		return EXIT_FINE;
	options->foreground = foreground_new(&client->out);
	if (!options->foreground)
		return EXIT_BAD_REQUEST;
	json_object_set_new(options->params, "terminal", json_true());
	return EXIT_FINE;
}

/* What is to be seen meanwhile, by the workspace's options. With --json nothing is, and processes
 * get no terminal: what they print would be no JSON. */
static int choose_display(struct client *client, struct watch_options *options)
{
	json_t *values;
	int status;

	if (client->is_json)
		return EXIT_FINE;
	if (pp_options_get(client->conn, PP_FOREVER, &values))
		return client_report(client);
	status = strcmp(options->method, "run") == 0 ? offer_foreground(client, options, values)
	                                             : EXIT_FINE;
	if (!status)
		options->display = new_display(client, options->foreground ? NULL : values);
	json_decref(values);
	return status;
}

static int run(struct client *client, struct request *request)
{
	struct watch_options options = {.method = "run"};
	json_t *result = NULL;
	int status = client_connect(client);

	if (status)
		return status;
	request->pp.is_subscribed = true;
	options.params = pp_request_params(client->conn, "run", &request->pp);
	if (!options.params)
		return client_report(client);
	status = choose_display(client, &options);
	if (status) {
		json_decref(options.params);
		return status;
	}
	client_ask_events(client, options.params, display_get_states(options.display));
	options.questions = questions_new(client, display_get_live(options.display));
	options.cancels = !is_own_run(client);
	status = watch_request(client, &options, &result);
	if (result) {
		int outcome = finish(client, options.display, result);

		status = status ? status : outcome;
	}
	questions_free(options.questions);
	foreground_free(options.foreground);
	display_free(options.display);
	json_decref(result);
	return status;
}

int verb_run(struct client *client)
{
	struct request request;
	int status = request_set_all(&request, client->inv);

	if (!status)
		status = invocation_has(client->inv, "detach") ? start(client, &request)
		                                               : run(client, &request);
	request_clear(&request);
	return status;
}

/* Whether the daemon says soon that it knows nothing of that name. */
static bool is_unknown(struct client *client, const char *name)
{
	json_t *params = json_pack("{s:[s]}", "names", name), *result = NULL;
	enum pp_error error =
	    params ? pp_call(client->conn, "status", params, LOOK_S, &result) : PP_ERR_NOMEM;
	const char *why = error == PP_ERR_REMOTE ? pp_error_name(client->conn) : NULL;

	json_decref(result);
	return why && strcmp(why, "unknown_name") == 0;
}

/* Waiting for what is not there yet is fine, and a typo looks the same: the first such name is
 * told, with what the daemon says of it. */
static void tell_unknown(struct client *client, const char *const *names)
{
	for (size_t i = 0; names && names[i] && i < NAMES_LOOKED_AT; i++) {
		if (strpbrk(names[i], "*?") || !is_unknown(client, names[i]))
			continue;
		client_complain(0, "waits for %s: %s", names[i], pp_error_text(client->conn));
		return;
	}
}

static int wait_for(struct client *client, struct request *request)
{
	struct watch_options options = {
	    .method = "wait", .names = request->pp.names, .run = request->pp.run};
	json_t *result = NULL;
	int status = client_connect(client);

	if (status)
		return status;
	options.params = pp_request_params(client->conn, "wait", &request->pp);
	if (!options.params)
		return client_report(client);
	status = choose_display(client, &options);
	if (status) {
		json_decref(options.params);
		return status;
	}
	client_warn_of_file(client);
	if (!client->is_quiet)
		tell_unknown(client, request->pp.names);
	options.questions = questions_new(client, display_get_live(options.display));
	options.subscribes = options.display != NULL;
	status = watch_request(client, &options, &result);
	if (result) {
		int outcome = finish(client, options.display, result);

		status = status ? status : outcome;
	}
	questions_free(options.questions);
	display_free(options.display);
	json_decref(result);
	return status;
}

int verb_wait(struct client *client)
{
	const char *timeout = invocation_get(client->inv, "timeout");
	struct request request;
	int status = EXIT_FINE;

	request_set_names(&request, client->inv);
	if (timeout && options_parse_duration(timeout, &request.pp.timeout_s))
		status = client_complain(EXIT_BAD_REQUEST,
		    "--timeout %s: it has to be a duration such as 500ms, 30s, 5m, 2h or 1d",
		    timeout);
	/* The library takes 0 for none. */
	if (timeout && !status && request.pp.timeout_s <= 0)
		request.pp.timeout_s = 1e-9;
	if (!status)
		status = wait_for(client, &request);
	request_clear(&request);
	return status;
}

/* open and close: the run is the word, or that of --run, or the one that this runs in. */
static int hold(struct client *client, const char *method)
{
	const struct invocation *inv = client->inv;
	struct pp_request request = {.run = invocation_get(inv, "run")};
	json_t *result = NULL;

	if (inv->n_words + inv->n_rest > 0)
		request.run = inv->n_words > 0 ? inv->words[0] : inv->rest[0];
	int status = client_ask(client, method, &request, &result);

	if (!status)
		print_run(client, result);
	json_decref(result);
	return status;
}

int verb_open(struct client *client)
{
	return hold(client, "open");
}

int verb_close(struct client *client)
{
	return hold(client, "close");
}
