/*
 * What can be run, and what was: list, runs.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/requests.h"
#include "daemon/requests_list.h"
#include "daemon/workspace/workspace.h"

#define LIST_MAX_BYTES (8u << 20)
#define RUNS_DEFAULT 50

json_t *list_command(const struct command *command)
{
	json_t *words;

	if (command->n_words == 0)
		return json_null();
	if (command->is_shell)
		return view_text(command->words[0]);
	words = json_array();
	for (size_t i = 0; i < command->n_words; i++)
		json_array_append_new(words, view_text(command->words[i]));
	return words;
}

static json_t *list_choices(const struct argument *argument)
{
	if (argument->choices_command.n_words > 0)
		return json_pack("{s:o}", "command", list_command(&argument->choices_command));
	return argument->has_choices ? view_texts(&argument->choices) : json_null();
}

static json_t *list_argument(const struct argument *argument)
{
	const char *text = argument->default_text;

	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", argument->name, "type",
	    arg_type_name(argument->type), "default", view_argument(argument, text), "choices",
	    list_choices(argument), "description", view_text(argument->description));
}

json_t *list_arguments(const struct definition *definition)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < definition->n_args; i++)
		json_array_append_new(list, list_argument(&definition->args[i]));
	return list;
}

struct listing {
	json_t *list;
	size_t bytes;
	bool is_truncated;
};

/* Takes item; false: the list is full. */
static bool listing_add(struct listing *listing, json_t *item)
{
	size_t bytes = item ? json_dumpb(item, NULL, 0, JSON_COMPACT) : 0;

	if (!item || listing->bytes + bytes > LIST_MAX_BYTES) {
		json_decref(item);
		listing->is_truncated = true;
		return false;
	}
	listing->bytes += bytes;
	json_array_append_new(listing->list, item);
	return true;
}

static bool visit_proc(struct proc *proc, void *arg)
{
	const struct definition *definition = proc->definition;

	if (!proc->is_defined)
		return true;
	return listing_add(arg, json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", proc->name,
	                            "description", view_text(definition->description), "proto",
	                            view_text(definition->is_proto ? definition->name : NULL),
	                            "args", view_arguments(definition, proc->values), "deps",
	                            view_defined_deps(definition, proc->values)));
}

static bool visit_proto(struct proto *proto, void *arg)
{
	const struct definition *definition = proto->definition;

	return listing_add(
	    arg, json_pack("{s:s, s:o, s:o, s:o}", "name", definition->name, "description",
	             view_text(definition->description), "args", list_arguments(definition), "deps",
	             view_defined_deps(definition, NULL)));
}

/* Their names, in the order of the file; the two that are built in first. */
static json_t *list_executors(const struct daemon *daemon)
{
	const struct executors *executors = workspace_get_executors(daemon->workspace);
	json_t *list = json_array();

	for (size_t i = 0; list && i < executors->count; i++)
		json_array_append_new(list, json_string(executors->items[i].name));
	return list;
}

enum request_status handle_list(struct request *request)
{
	struct listing procs = {.list = json_array()}, protos = {.list = json_array()};
	struct core *core = request->daemon->core;
	json_t *answer;

	request_look_file(request);
	core_each_proto(core, visit_proto, &protos);
	procs.bytes = protos.bytes;
	core_each_proc(core, visit_proc, &procs);
	answer = json_pack("{s:o, s:o, s:o}", "procs", procs.list, "protos", protos.list,
	    "executors", list_executors(request->daemon));
	if (!answer)
		return request_refuse_memory(request);
	if (procs.is_truncated || protos.is_truncated)
		json_object_set_new(answer, "truncated", json_true());
	request_warn(request, answer);
	return request_answer(request, answer);
}

static const char *run_state(const struct run *run)
{
	if (run_is_active(run))
		return "active";
	return run->is_failed ? "failed" : "succeeded";
}

json_t *list_run(const struct run *run)
{
	return json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:I}", "run",
	    (json_int_t)run->id, "name", view_text(run->name), "state", run_state(run), "procs",
	    (json_int_t)run->n_members, "complete",
	    (json_int_t)(run->n_members - run->n_incomplete), "failed", (json_int_t)run->n_failed,
	    "created_at", view_time(run->created_ns), "ended_at", view_time(run->ended_ns), "holds",
	    (json_int_t)run->holds);
}

enum request_status handle_runs(struct request *request)
{
	int64_t limit = request_read_integer(request, "limit", RUNS_DEFAULT);
	uint64_t before = (uint64_t)request_read_integer(request, "before", 0);
	json_t *list = json_array(), *answer;
	const struct run *run;

	if (limit > VIEWS_MAX)
		limit = VIEWS_MAX;
	while (list && limit-- > 0 && (run = core_next_run(request->daemon->core, before))) {
		json_array_append_new(list, list_run(run));
		before = run->id;
	}
	answer = json_pack("{s:o}", "runs", list);
	return answer ? request_answer(request, answer) : request_refuse_memory(request);
}
