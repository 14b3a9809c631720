/*
 * The graph of what there is, or of what a run would do, as nodes and edges: for those who draw it.
 */
#include <stdlib.h>

#include "daemon/ask.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"

#define GRAPH_MAX_BYTES (8u << 20)

struct graph {
	struct core *core;
	const struct run *run; /* whose states the nodes have, or NULL */
	json_t *nodes, *edges;
	json_t *missing; /* an object: the names that have a node and are not defined */
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
	    .missing = json_object(),
	};
	return graph->nodes && graph->edges && graph->missing ? 0 : -1;
}

static void graph_clear(struct graph *graph)
{
	json_decref(graph->nodes);
	json_decref(graph->edges);
	json_decref(graph->missing);
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

/* Of the proc's execution in the run that is looked at; null: there is none. */
static json_t *view_state(const struct graph *graph, const char *name)
{
	const struct proc *proc = graph->run ? core_find_proc(graph->core, name) : NULL;
	const struct membership *member = proc ? core_find_member(graph->run, proc) : NULL;

	if (!member)
		return json_null();
	return view_text(
	    member->override != ERROR_NONE ? "failed" : execution_state_name(member->execution));
}

/* Takes locks. */
static bool add_node(struct graph *graph, const char *name, const char *kind, int32_t wave,
    bool is_collector, json_t *locks)
{
	return graph_add(graph, graph->nodes,
	    json_pack("{s:s, s:s, s:i, s:b, s:o, s:o}", "name", name, "kind", kind, "wave",
	        (int)wave, "collector", is_collector, "locks", locks, "state",
	        view_state(graph, name)));
}

static bool add_missing(struct graph *graph, const char *name)
{
	if (json_object_get(graph->missing, name))
		return true;
	json_object_set_new(graph->missing, name, json_true());
	return add_node(graph, name, "missing", 0, false, json_array());
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

static bool add_step_edges(struct graph *graph, const struct plan_step *step)
{
	size_t i;

	for (i = 0; i < step->deps.count; i++)
		if (!add_edge(graph, step->deps.items[i], step->name, step->reasons[i], NULL))
			return false;
	for (i = 0; i < step->missing.count; i++)
		if (!add_missing(graph, step->missing.items[i]) ||
		    !add_edge(graph, step->missing.items[i], step->name, EDGE_DEP, NULL))
			return false;
	for (i = 0; i < step->commands.count; i++)
		if (!add_edge(graph, NULL, step->name, EDGE_COMMAND, step->commands.items[i]))
			return false;
	return true;
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

static bool add_definition(struct graph *graph, const char *name, const char *kind,
    const struct definition *definition, char *const *values)
{
	return add_node(graph, name, kind, definition->wave, definition->run.n_words == 0,
	    view_locks(definition, values));
}

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
