/*
 * What changes the registry, or forgets: define, undefine, reload, clear.
 */
#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/reload.h"
#include "daemon/requests.h"
#include "daemon/workspace/workspace.h"

/* Refuses definitions that make no sense, with the key that is wrong; clears error. */
static enum request_status refuse_definitions(
    struct request *request, struct workspace_error *error)
{
	char *text = workspace_error_text(error);
	struct fault fault = {0};
	enum request_status status;

	if (error->code == FAULT_BAD_DEFINITION) {
		status = request_refuse(request, PROTOCOL_BAD_DEFINITION, text,
		    error->key ? json_pack("{s:s}", "key", error->key) : NULL);
	} else {
		fault_set(&fault, error->code, "%s", text);
		status = request_refuse_fault(request, &fault);
	}
	free(text);
	workspace_error_clear(error);
	return status;
}

/* What define and reload have in common; takes outcome's list. */
static json_t *build_outcome(struct define_outcome *outcome)
{
	json_t *answer = json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "added",
	    (json_int_t)outcome->n_added, "replaced", (json_int_t)outcome->n_replaced, "removed",
	    (json_int_t)outcome->n_removed, "same", (json_int_t)outcome->n_same, "run",
	    outcome->run ? json_integer((json_int_t)outcome->run) : json_null(), "started",
	    view_texts(&outcome->started));

	strings_clear(&outcome->started);
	return answer;
}

static enum request_status define(struct request *request, struct definitions *definitions)
{
	struct define_request query = {
	    .definitions = definitions->items,
	    .count = definitions->count,
	    .origin = ORIGIN_CLIENT,
	    .is_replace = request_read_flag(request, "replace"),
	};
	struct define_outcome outcome = {0};
	struct fault fault = {0};
	json_t *answer;
	int status;

	if (request_scope(request, &query.scope) != 0)
		return REQUEST_DONE;
	status = core_define(request->daemon->core, &query, &outcome, &fault);
	request_scope_clear(&query.scope);
	if (status != 0)
		return request_refuse_fault(request, &fault);
	answer = build_outcome(&outcome);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

/* As an object, or as the text of a file. 0, or -1 with *error filled in. */
static int read_definitions(
    struct request *request, struct definitions *definitions, struct workspace_error *error)
{
	const struct workspace *workspace = request->daemon->workspace;
	const char *separator = workspace_get_options(workspace)->separator;
	const json_t *value = json_object_get(request->params, "definitions");
	const char *file = request_read_text(request, "file");

	if (json_is_string(value))
		return definitions_from_text(json_string_value(value), json_string_length(value),
		    file ? file : "definitions", separator, definitions, error);
	return definitions_from_request(value, separator, definitions, error);
}

enum request_status handle_define(struct request *request)
{
	struct definitions definitions = {0};
	struct workspace_error error = {0};
	enum request_status status;

	request_look_file(request);
	if (read_definitions(request, &definitions, &error) != 0)
		return refuse_definitions(request, &error);
	status = define(request, &definitions);
	definitions_clear(&definitions);
	return status;
}

enum request_status handle_undefine(struct request *request)
{
	struct strings list = {0};
	struct fault fault = {0};
	struct request_texts names;
	json_t *answer;
	int status;

	request_look_file(request);
	if (request_read_texts(request, "names", &names) != 0)
		return REQUEST_DONE;
	for (size_t i = 0; i < names.count; i++)
		strings_add(&list, names.items[i]);
	free(names.items);
	status = core_undefine(request->daemon->core, &list, &fault);
	answer = status == 0 ? json_pack("{s:o}", "names", view_texts(&list)) : NULL;
	strings_clear(&list);
	if (status != 0)
		return request_refuse_fault(request, &fault);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

enum request_status handle_reload(struct request *request)
{
	struct define_outcome outcome = {0};
	json_t *answer;

	if (reload_workspace(request->daemon, true, request->now_ns, &outcome) != 0) {
		strings_clear(&outcome.started);
		return request_refuse_file(request);
	}
	answer = build_outcome(&outcome);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

enum request_status handle_clear(struct request *request)
{
	struct core *core = request->daemon->core;
	struct fault fault = {0};
	struct run *run;
	size_t count = 0;
	json_t *answer;

	if (request_read_flag(request, "definitions")) {
		count = core_undefine_all(core);
	} else {
		if (request_look_run(request, &run) != 0)
			return REQUEST_DONE;
		if (core_clear(core, run ? run->id : 0, &count, &fault) != 0)
			return request_refuse_fault(request, &fault);
	}
	answer = json_pack("{s:I}", "cleared", (json_int_t)count);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}
