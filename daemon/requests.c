/*
 * The table from methods to handlers, requests that repeat earlier ones, and what handlers share
 * in answering. Knows nothing of any one method.
 */
#include "daemon/requests.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/reload.h"
#include "daemon/repeats.h"
#include "daemon/session.h"
#include "daemon/views.h"
#include "protocol/version.h"

static const struct handler {
	const char *method;
	request_handler *handle;
} handlers[] = {
    {"cancel", handle_cancel},
    {"clear", handle_clear},
    {"close", handle_close},
    {"context", handle_context},
    {"create", handle_create},
    {"define", handle_define},
    {"durations", handle_durations},
    {"graph", handle_graph},
    {"hello", handle_hello},
    {"input.answer", handle_input_answer},
    {"input.ask", handle_input_ask},
    {"list", handle_list},
    {"log", handle_log},
    {"message", handle_message},
    {"open", handle_open},
    {"options.get", handle_options_get},
    {"options.set", handle_options_set},
    {"params.get", handle_params_get},
    {"params.set", handle_params_set},
    {"ping", handle_ping},
    {"plan", handle_plan},
    {"reload", handle_reload},
    {"restart", handle_restart},
    {"results", handle_results},
    {"run", handle_run},
    {"runs", handle_runs},
    {"show", handle_show},
    {"shutdown", handle_shutdown},
    {"start", handle_start},
    {"status", handle_status},
    {"subscribe", handle_subscribe},
    {"undefine", handle_undefine},
    {"unsubscribe", handle_unsubscribe},
    {"wait", handle_wait},
    {"why", handle_why},
};

static int compare_handler(const void *key, const void *element)
{
	return strcmp(key, ((const struct handler *)element)->method);
}

static const struct handler *find_handler(const char *method)
{
	return bsearch(method, handlers, sizeof(handlers) / sizeof(handlers[0]),
	    sizeof(handlers[0]), compare_handler);
}

/* --- request_id --- */

/* Answers as the first request of the same id was answered. */
static enum request_status answer_again(struct request *request, const struct repeat *repeat)
{
	if (strcmp(repeat->method, request->method) != 0)
		return request_refuse(request, PROTOCOL_BAD_ARGUMENT,
		    "request_id: that one was used for another method", NULL);
	if (strcmp(repeat->method, "open") == 0)
		return handle_open_again(request, repeat);
	if (repeat->answer)
		return request_answer(request, json_incref(repeat->answer));
	return strcmp(repeat->method, "wait") == 0 ? handle_wait_again(request, repeat)
	                                           : handle_run_again(request, repeat);
}

static request_handler handle_once;

/* What a request of the same id was about to do is done, or was given up. */
static enum request_status handle_attached(struct request *request)
{
	struct session *session = request->session;
	enum request_status status = handle_once(request);

	if (session)
		session_release_requests(session);
	return status;
}

/* Handles a request that may be the repeat of an earlier one. */
static enum request_status handle_once(struct request *request)
{
	const char *id = request_read_text(request, "request_id");
	const struct repeat *repeat;

	if (!id)
		return find_handler(request->method)->handle(request);
	if (strlen(id) > PROTOCOL_MAX_REQUEST_ID_BYTES)
		return request_refuse(
		    request, PROTOCOL_BAD_PARAMS, "request_id: more than 64 bytes", NULL);
	repeat = repeats_find(request->daemon, id);
	if (repeat)
		return answer_again(request, repeat);
	if (repeats_attach(request, handle_attached)) {
		session_hold_requests(request->session);
		return REQUEST_DEFERRED;
	}
	return find_handler(request->method)->handle(request);
}

request_handler *request_find_handler(const char *method)
{
	return find_handler(method) ? handle_once : NULL;
}

enum request_status request_answer_once(struct request *request, json_t *result)
{
	repeats_keep_answer(request, result);
	return request_answer(request, result);
}

/* --- refusing --- */

enum request_status request_refuse_memory(struct request *request)
{
	return request_refuse(request, PROTOCOL_INTERNAL, "no memory for the answer", NULL);
}

/* The nearest of the names that may have been meant, as the end of a sentence. New. */
static char *describe_nearest(const struct strings *near)
{
	return near->count > 0 ? mem_print(" (did you mean %s?)", near->items[0]) : mem_copy("");
}

enum request_status request_refuse_unknown(struct request *request, const char *name)
{
	struct strings near = {0};
	enum request_status status;
	char *message, *hint;

	core_suggest(request->daemon->core, name, &near);
	hint = describe_nearest(&near);
	message = mem_print("there is no proc or proto %s%s", name, hint);
	status = request_refuse(request, PROTOCOL_UNKNOWN_NAME, message,
	    json_pack("{s:s, s:o}", "name", name, "suggestions", view_texts(&near)));
	free(message);
	free(hint);
	strings_clear(&near);
	return status;
}

/* So many procs of a proto are named. */
#define PROCS_SHOWN 3

/* What to name instead of a proto. Adds the names that it says. New. */
static char *describe_proto(const struct proto *proto, struct strings *names)
{
	const struct definition *definition = proto->definition;
	size_t count = core_list_procs_of(proto, PROCS_SHOWN, names);
	struct strings missing = {0};
	char *list, *message;

	for (size_t i = 0; count == 0 && i < definition->n_args; i++) {
		if (definition->args[i].is_placeholder)
			strings_take(&missing, mem_print("[%s]", definition->args[i].name));
	}
	list = strings_join(count > 0 ? names : &missing, ", ");
	if (count == 0)
		message =
		    mem_print("%s is a proto, name one of its procs, with values in place of %s",
		        definition->name, list);
	else if (count > names->count)
		message = mem_print("%s is a proto, name one of its procs: %s and %zu more",
		    definition->name, list, count - names->count);
	else
		message =
		    mem_print("%s is a proto, name one of its procs: %s", definition->name, list);
	strings_clear(&missing);
	free(list);
	return message;
}

/* What is said of a name that is no proc's. Adds the names that may have been meant. New. */
static char *describe_unknown(const struct core *core, const char *name, struct strings *near)
{
	const struct proto *maker = core_find_maker(core, name);
	char *hint, *message;

	core_suggest_procs(core, name, near);
	hint = describe_nearest(near);
	if (maker)
		message = mem_print("there is no proc %s yet: %s makes it when it is asked for%s",
		    name, maker->definition->name, hint);
	else
		message = mem_print("there is no proc %s%s", name, hint);
	free(hint);
	return message;
}

enum request_status request_refuse_unknown_proc(struct request *request, const char *name)
{
	const struct core *core = request->daemon->core;
	const struct proto *proto = core_find_proto(core, name);
	struct strings names = {0};
	char *message =
	    proto ? describe_proto(proto, &names) : describe_unknown(core, name, &names);
	enum request_status status;

	status = request_refuse(request, PROTOCOL_UNKNOWN_NAME, message,
	    json_pack("{s:s, s:o}", "name", name, "suggestions", view_texts(&names)));
	free(message);
	strings_clear(&names);
	return status;
}

/* --- the workspace file --- */

enum request_status request_refuse_file(struct request *request)
{
	char *problem = reload_get_problem(request->daemon);
	enum request_status status;

	status = request_refuse(
	    request, PROTOCOL_BAD_WORKSPACE, problem, reload_get_problem_data(request->daemon));
	free(problem);
	return status;
}

int request_need_file(struct request *request)
{
	if (reload_workspace(request->daemon, false, request->now_ns, NULL) == 0)
		return 0;
	request_refuse_file(request);
	return -1;
}

void request_look_file(struct request *request)
{
	reload_workspace(request->daemon, false, request->now_ns, NULL);
}

void request_warn(const struct request *request, json_t *answer)
{
	char *problem = reload_get_problem(request->daemon);

	if (problem)
		json_object_set_new(answer, "warning", view_text(problem));
	free(problem);
}

void request_set_views(json_t *answer, struct views *views, const char *next)
{
	json_object_set_new(answer, "procs", views->list);
	views->list = NULL;
	if (!views->is_truncated)
		return;
	json_object_set_new(answer, "truncated", json_true());
	if (next)
		json_object_set_new(answer, "cursor", view_text(next));
}
