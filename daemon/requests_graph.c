/*
 * The graph of what there is, or of what a run would do, as nodes and edges: for those who draw it.
 */
#include <stdlib.h>

#include "daemon/ask.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"

#define GRAPH_MAX_BYTES (8u << 20)

struct graph {
	struct core *core;
	const struct run *run; /* whose states the nodes have, or NULL */
	json_t *nodes, *edges;
	json_t *names; /* an object: those that have a node */
	size_t bytes;
	bool is_truncated;
};

static int graph_init(struct graph *graph, struct core *core, const struct run *run)
{
	*graph = (struct graph){
	    .core = core,
	    .run = run,
	    .nodes = json_array(),
	    .edges = json_array(),
	    .names = json_object(),
	};
	return graph->nodes && graph->edges && graph->names ? 0 : -1;
}

static void graph_clear(struct graph *graph)
{
	json_decref(graph->nodes);
	json_decref(graph->edges);
	json_decref(graph->names);
}

/* Takes item; false: the answer is full. */
static bool graph_add(struct graph *graph, json_t *list, json_t *item)
{
	size_t bytes = item ? json_dumpb(item, NULL, 0, JSON_COMPACT) : 0;

	if (!item || graph->bytes + bytes > GRAPH_MAX_BYTES) {
		json_decref(item);
		graph->is_truncated = true;
		return false;
	}
	graph->bytes += bytes;
	json_array_append_new(list, item);
	return true;
}

/* The proc's place in the run that is looked at, or NULL. */
static const struct membership *find_member(const struct graph *graph, const char *name)
{
	const struct proc *proc = graph->run ? core_find_proc(graph->core, name) : NULL;

	return proc ? core_find_member(graph->run, proc) : NULL;
}

/* null: it is not in the run. */
static json_t *view_state(const struct graph *graph, const char *name)
{
	const struct membership *member = find_member(graph, name);

	if (!member)
		return json_null();
	return view_text(
	    member->override != ERROR_NONE ? "failed" : execution_state_name(member->execution));
}

/* Takes locks. */
static bool add_node(struct graph *graph, const char *name, const char *kind, int32_t wave,
    bool is_collector, json_t *locks)
{
	json_object_set_new(graph->names, name, json_true());
	return graph_add(graph, graph->nodes,
	    json_pack("{s:s, s:s, s:i, s:b, s:o, s:o}", "name", name, "kind", kind, "wave",
	        (int)wave, "collector", is_collector, "locks", locks, "state",
	        view_state(graph, name)));
}

static bool add_definition(struct graph *graph, const char *name, const char *kind,
    const struct definition *definition, char *const *values)
{
	return add_node(graph, name, kind, definition->wave, definition->run.n_words == 0,
	    view_locks(definition, values));
}

static bool add_missing(struct graph *graph, const char *name)
{
	return json_object_get(graph->names, name) ||
	       add_node(graph, name, "missing", 0, false, json_array());
}

/* from: NULL where a command will tell it. */
static bool add_edge(struct graph *graph, const char *from, const char *to, enum edge_reason reason,
    const char *command)
{
	return graph_add(graph, graph->edges,
	    json_pack("{s:o, s:s, s:s, s:o}", "from", view_text(from), "to", to, "reason",
	        view_edge_reason(reason), "command", view_text(command)));
}

static enum request_status graph_answer(struct graph *graph, struct request *request)
{
	json_t *answer = json_pack("{s:O, s:O}", "nodes", graph->nodes, "edges", graph->edges);

	if (answer && graph->is_truncated)
		json_object_set_new(answer, "truncated", json_true());
	graph_clear(graph);
	if (!answer)
		return request_refuse_memory(request);
	request_warn(request, answer);
	return request_answer(request, answer);
}

/* --- what a run would do --- */

/* Executions of the run that no plan knows, as a command named them or what did. */
struct found {
	const struct execution **items;
	size_t count, max;
};

static bool add_found(struct graph *graph, struct found *found, const struct execution *execution)
{
	const char *name = execution->proc->name;

	if (json_object_get(graph->names, name))
		return true;
	if (found->count == found->max) {
		found->max = found->max ? found->max * 2 : 16;
		found->items = mem_resize(found->items, found->max, sizeof(*found->items));
	}
	found->items[found->count++] = execution;
	return add_definition(graph, name, "proc", execution->definition, execution->values);
}

/* The edge of each dependency that is not among known, an object of names. */
static bool add_other_deps(struct graph *graph, struct found *found,
    const struct execution *execution, const json_t *known, enum edge_reason reason)
{
	for (uint32_t i = 0; i < execution->n_deps; i++) {
		const char *name = execution->deps[i]->proc->name;

		if (!json_object_get(known, name) &&
		    (!add_found(graph, found, execution->deps[i]) ||
		        !add_edge(graph, name, execution->proc->name, reason, NULL)))
			return false;
	}
	return true;
}

/* What commands have named in the run that is looked at, and what that depends on. */
static bool add_named(
    struct graph *graph, const struct plan_step *step, const struct execution *execution)
{
	json_t *known = json_object();
	struct found found = {0};
	bool is_added;

	for (size_t i = 0; i < step->deps.count; i++)
		json_object_set_new(known, step->deps.items[i], json_true());
	is_added = add_other_deps(graph, &found, execution, known, EDGE_COMMAND);
	json_object_clear(known);
	for (size_t i = 0; is_added && i < found.count; i++)
		is_added = add_other_deps(graph, &found, found.items[i], known, EDGE_DEP);
	json_decref(known);
	free(found.items);
	return is_added;
}

static bool add_commands(struct graph *graph, const struct plan_step *step)
{
	const struct membership *member =
	    step->commands.count > 0 ? find_member(graph, step->name) : NULL;

	if (member && member->execution->n_unresolved == 0)
		return add_named(graph, step, member->execution);
	for (size_t i = 0; i < step->commands.count; i++)
		if (!add_edge(graph, NULL, step->name, EDGE_COMMAND, step->commands.items[i]))
			return false;
	return true;
}

static bool add_step_edges(struct graph *graph, const struct plan_step *step)
{
	for (size_t i = 0; i < step->deps.count; i++)
		if (!add_edge(graph, step->deps.items[i], step->name, step->reasons[i], NULL))
			return false;
	for (size_t i = 0; i < step->missing.count; i++)
		if (!add_missing(graph, step->missing.items[i]) ||
		    !add_edge(graph, step->missing.items[i], step->name, EDGE_DEP, NULL))
			return false;
	return add_commands(graph, step);
}

/* All nodes come first: they are what is left of a graph that is too large. */
static void graph_add_plan(struct graph *graph, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (!add_node(graph, step->name, "proc", step->wave, step->is_collector,
		        view_texts(&step->locks)))
			return;
	}
	for (size_t i = 0; i < plan->n_steps; i++)
		if (!add_step_edges(graph, &plan->steps[i]))
			return;
}

static enum request_status proceed_graph(struct request *request, const struct name_request *query)
{
	struct fault fault = {0};
	struct plan plan = {0};
	struct graph graph;
	struct run *run;

	if (request_look_run(request, &run) != 0)
		return REQUEST_DONE;
	if (core_plan(request->daemon->core, query, true, &plan, &fault) != 0)
		return request_refuse_fault(request, &fault);
	if (graph_init(&graph, request->daemon->core, run) == 0)
		graph_add_plan(&graph, &plan);
	plan_clear(&plan);
	return graph_answer(&graph, request);
}

/* --- what is defined --- */

static bool visit_proto(struct proto *proto, void *arg)
{
	return add_definition(arg, proto->definition->name, "proto", proto->definition, NULL);
}

static bool visit_proc(struct proc *proc, void *arg)
{
	return !proc->is_defined ||
	       add_definition(arg, proc->name, "proc", proc->definition, proc->values);
}

static bool visit_edge(const struct outline_edge *edge, void *arg)
{
	struct graph *graph = arg;

	if (edge->is_missing && !add_missing(graph, edge->from))
		return false;
	return add_edge(graph, edge->from, edge->to, edge->reason, edge->command);
}

static enum request_status answer_outline(struct request *request)
{
	struct core *core = request->daemon->core;
	struct graph graph;
	struct run *run;

	if (request_look_run(request, &run) != 0)
		return REQUEST_DONE;
	if (graph_init(&graph, core, run) == 0) {
		core_each_proto(core, visit_proto, &graph);
		core_each_proc(core, visit_proc, &graph);
		core_outline(core, visit_edge, &graph);
	}
	return graph_answer(&graph, request);
}

enum request_status handle_graph(struct request *request)
{
	struct request_texts names;
	size_t count;

	request_look_file(request);
	if (request_read_texts(request, "names", &names) != 0)
		return REQUEST_DONE;
	count = names.count;
	free(names.items);
	return count > 0 ? ask_begin(request, proceed_graph) : answer_outline(request);
}
