/*
 * What explains: show, plan, why.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/attempts.h"
#include "daemon/ask.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/logs.h"
#include "daemon/reasons.h"
#include "daemon/requests.h"
#include "daemon/requests_list.h"
#include "daemon/requests_look.h"
#include "daemon/slices.h"
#include "protocol/jsonrpc.h"

#define DEPENDENTS_MAX 1000
#define PLAN_MAX_BYTES (8u << 20)

/* --- show --- */

/* The members of the definition as it was written. A new object. */
static json_t *load_source(const struct definition *definition)
{
	json_t *source = definition->source ? json_loads(definition->source, 0, NULL) : NULL;

	return source ? source : json_object();
}

static const char *origin_name(const struct definition *definition)
{
	return definition->origin == ORIGIN_FILE ? "file" : "client";
}

/* Who depends on a name. */
struct dependents {
	const char *name;
	struct strings found;
};

static bool dep_is(
    const struct definition *definition, char *const *values, size_t i, const char *name)
{
	const struct dep *dep = &definition->deps[i];
	char *filled;
	bool is_same;

	if (dep->kind != DEP_NAME)
		return false;
	if (!values || !strchr(dep->text, '['))
		return strcmp(dep->text, name) == 0;
	filled = definition_fill(definition, values, dep->text);
	is_same = strcmp(filled, name) == 0;
	free(filled);
	return is_same;
}

static bool add_dependent(struct dependents *dependents, const char *name,
    const struct definition *definition, char *const *values)
{
	for (size_t i = 0; i < definition->n_deps; i++) {
		if (!dep_is(definition, values, i, dependents->name))
			continue;
		strings_add(&dependents->found, name);
		break;
	}
	return dependents->found.count < DEPENDENTS_MAX;
}

static bool visit_dependent_proc(struct proc *proc, void *arg)
{
	return !proc->is_defined || add_dependent(arg, proc->name, proc->definition, proc->values);
}

static bool visit_dependent_proto(struct proto *proto, void *arg)
{
	return add_dependent(arg, proto->definition->name, proto->definition, NULL);
}

static json_t *list_dependents(struct core *core, const char *name)
{
	struct dependents dependents = {.name = name};
	json_t *list;

	core_each_proto(core, visit_dependent_proto, &dependents);
	core_each_proc(core, visit_dependent_proc, &dependents);
	list = view_texts(&dependents.found);
	strings_clear(&dependents.found);
	return list;
}

static enum request_status show_proc(
    struct request *request, struct proc *proc, const struct run *run)
{
	struct core *core = request->daemon->core;
	const struct membership *member = run ? core_find_member(run, proc) : NULL;
	const struct definition *definition = proc->definition;
	const struct execution *execution = member ? member->execution : run ? NULL : proc->newest;
	json_t *answer = json_object(), *view, *attempts;

	if (member)
		view = view_member(core, member);
	else
		view = run ? view_proc_idle(proc) : view_proc(core, proc);
	json_object_set_new(answer, "kind", json_string("proc"));
	json_object_set_new(answer, "name", view_text(proc->name));
	json_object_set_new(
	    answer, "origin", view_text(definition ? origin_name(definition) : NULL));
	json_object_set_new(
	    answer, "definition", definition ? load_source(definition) : json_null());
	json_object_set_new(answer, "view", view);
	attempts = execution ? attempts_view(execution) : NULL;
	if (attempts)
		json_object_set_new(answer, "attempts", attempts);
	json_object_set_new(answer, "dependents", list_dependents(core, proc->name));
	request_warn(request, answer);
	return request_answer(request, answer);
}

static enum request_status show_proto(struct request *request, const struct proto *proto)
{
	const struct definition *definition = proto->definition;
	json_t *answer = json_object(), *procs = json_array();
	const struct proc *proc;

	TAILQ_FOREACH (proc, &proto->procs, of_proto) {
		if (json_array_size(procs) == DEPENDENTS_MAX)
			break;
		json_array_append_new(procs, view_text(proc->name));
	}
	json_object_set_new(answer, "kind", json_string("proto"));
	json_object_set_new(answer, "name", view_text(definition->name));
	json_object_set_new(answer, "origin", view_text(origin_name(definition)));
	json_object_set_new(answer, "definition", load_source(definition));
	json_object_set_new(answer, "args", list_arguments(definition));
	json_object_set_new(answer, "procs", procs);
	json_object_set_new(
	    answer, "dependents", list_dependents(request->daemon->core, definition->name));
	request_warn(request, answer);
	return request_answer(request, answer);
}

static enum request_status show_run(struct request *request, const struct run *run)
{
	json_t *answer = list_run(run);
	struct membership *member;
	struct views views;

	if (!answer || views_init(&views, 0) != 0) {
		json_decref(answer);
		return request_refuse_memory(request);
	}
	json_object_set_new(answer, "kind", json_string("run"));
	json_object_set_new(answer, "members", json_integer((json_int_t)run->n_members));
	TAILQ_FOREACH (member, &run->members, of_run) {
		if (!views_add(&views, view_member(request->daemon->core, member)))
			break;
	}
	request_set_views(answer, &views, NULL);
	return request_answer(request, answer);
}

enum request_status handle_show(struct request *request)
{
	const char *name = request_read_text(request, "name");
	struct core *core = request->daemon->core;
	struct proto *proto;
	struct proc *proc;
	struct run *run;

	request_look_file(request);
	if (request_look_run(request, &run) != 0)
		return REQUEST_DONE;
	proc = core_find_proc(core, name);
	if (proc && proc->is_defined)
		return show_proc(request, proc, run);
	proto = core_find_proto(core, name);
	if (proto)
		return show_proto(request, proto);
	if (proc && proc->newest)
		return show_proc(request, proc, run);
	run = request_find_run(request, name);
	if (run)
		return show_run(request, run);
	return request_refuse_unknown(request, name);
}

/* --- plan --- */

/* What only a command or a later definition can tell, in words. */
static json_t *list_unresolved(const struct plan_step *step)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; list && i < step->missing.count; i++) {
		text = mem_print("%s, which nothing defines yet", step->missing.items[i]);
		json_array_append_new(list, view_text(text));
		free(text);
	}
	for (size_t i = 0; list && i < step->commands.count; i++) {
		text = mem_print("what the command %s prints", step->commands.items[i]);
		json_array_append_new(list, view_text(text));
		free(text);
	}
	return list;
}

static json_t *build_step(const struct plan_step *step)
{
	json_t *deps = json_array();

	for (size_t i = 0; deps && i < step->deps.count; i++)
		json_array_append_new(deps, json_pack("{s:s, s:s}", "name", step->deps.items[i],
		                                "reason", view_edge_reason(step->reasons[i])));
	return json_pack("{s:s, s:i, s:b, s:b, s:o, s:o}", "name", step->name, "wave",
	    (int)step->wave, "collector", step->is_collector, "joined", step->is_joined, "deps",
	    deps, "unresolved", list_unresolved(step));
}

/* A plan on its way into an answer. */
struct planning {
	struct plan plan;
	size_t next; /* step */
	struct json_text steps;
	bool is_truncated;
};

static bool planning_step(void *arg)
{
	struct planning *planning = arg;
	size_t length = planning->steps.length;
	json_t *step;

	if (planning->next == planning->plan.n_steps || planning->steps.is_failed)
		return false;
	step = build_step(&planning->plan.steps[planning->next++]);
	json_text_value(&planning->steps, step);
	json_decref(step);
	planning->is_truncated = planning->steps.length > PLAN_MAX_BYTES;
	if (planning->is_truncated)
		planning->steps.length = length;
	return !planning->is_truncated;
}

static void planning_finish(struct request *request, void *arg)
{
	const struct planning *planning = arg;
	json_t *answer = json_object();

	if (planning->is_truncated)
		json_object_set_new(answer, "truncated", json_true());
	request_warn(request, answer);
	request_answer_items(request, answer, "steps", &planning->steps);
}

static void planning_free(void *arg)
{
	struct planning *planning = arg;

	plan_clear(&planning->plan);
	free(planning->steps.text);
	free(planning);
}

static enum request_status proceed_plan(struct request *request, const struct name_request *query)
{
	static const struct slices_work work = {planning_step, planning_finish, planning_free};
	struct planning *planning = calloc(1, sizeof(*planning));
	struct fault fault = {0};

	if (!planning)
		return request_refuse_memory(request);
	if (core_plan(request->daemon->core, query, false, &planning->plan, &fault) != 0) {
		planning_free(planning);
		return request_refuse_fault(request, &fault);
	}
	return slices_begin(request, &work, planning);
}

enum request_status handle_plan(struct request *request)
{
	request_look_file(request);
	return ask_begin(request, proceed_plan);
}

/* --- why --- */

/* Where the cause of a failure printed what it did; null where there is none. */
static json_t *view_failed_log(const struct execution *cause)
{
	/* What a command of its definition has said is in its log too. */
	bool is_told = cause && cause->state == STATE_FAILED &&
	               (cause->attempt > 0 || cause->error == ERROR_RESOLVE);
	char *path = is_told ? logs_path(cause) : NULL;
	json_t *value = view_text(path);

	free(path);
	return value;
}

enum request_status handle_why(struct request *request)
{
	const char *name = request_read_text(request, "name");
	struct strings lines = {0}, causes = {0};
	const struct execution *cause = NULL;
	struct membership *member;
	const char *state;
	struct proc *proc;
	struct run *run;
	json_t *answer;

	request_look_file(request);
	if (request_look_run(request, &run) != 0 ||
	    request_look_proc(request, name, &proc, run, &member) != 0)
		return REQUEST_DONE;
	if (!member) {
		state = "idle";
		strings_take(&lines,
		    run ? mem_print("%s is not in run %llu", name, (unsigned long long)run->id)
		        : mem_print("%s has not been asked for yet, nor needed by anything", name));
	} else {
		bool is_override = run && member->override != ERROR_NONE;

		state = is_override ? "failed" : execution_state_name(member->execution);
		cause = reason_trace(request->daemon->core, member->execution, run ? member : NULL,
		    request->now_ns, &lines, &causes);
	}
	answer = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", name, "state", state, "lines",
	    view_texts(&lines), "causes", view_texts(&causes), "log", view_failed_log(cause));
	strings_clear(&lines);
	strings_clear(&causes);
	if (!answer)
		return request_refuse_memory(request);
	request_warn(request, answer);
	return request_answer(request, answer);
}
