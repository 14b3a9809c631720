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
/* Of what is defined: so that nobody waits long while an answer is made. */
#define PAGE_DEFINITIONS 1000
#define PAGE_BYTES (1u << 20)

struct graph {
	struct core *core;
	const struct run *run; /* whose states the nodes have, or NULL */
	json_t *nodes, *edges;
	json_t *names; /* an object: those that have a node */
	size_t bytes;
	bool is_truncated;
	size_t limit, n_definitions; /* these: of a page of what is defined */
	const char *next;            /* the name that the next page begins with, or NULL */
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
	/* Of what was cut the rest is not told by a further page. */
	if (answer && graph->next && !graph->is_truncated)
		json_object_set_new(answer, "cursor", json_string(graph->next));
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

/* --- what is defined, a page at a time --- */

static bool visit_edge(const struct outline_edge *edge, void *arg)
{
	struct graph *graph = arg;

	if (edge->is_missing && !add_missing(graph, edge->from))
		return false;
	return add_edge(graph, edge->from, edge->to, edge->reason, edge->command);
}

/* A definition's node, and the edges that are told with it. */
static void add_proto(struct graph *graph, const struct proto *proto)
{
	const struct definition *definition = proto->definition;

	if (add_definition(graph, definition->name, "proto", definition, NULL))
		core_outline_proto(graph->core, proto, visit_edge, graph);
}

static void add_proc(struct graph *graph, const struct proc *proc)
{
	if (add_definition(graph, proc->name, "proc", proc->definition, proc->values))
		core_outline_proc(graph->core, proc, visit_edge, graph);
}

static bool page_is_full(const struct graph *graph)
{
	return graph->n_definitions >= graph->limit || graph->bytes >= PAGE_BYTES;
}

/* False, with the name that comes next: the page ends before that. */
static bool visit_proto(struct proto *proto, void *arg)
{
	struct graph *graph = arg;

	if (page_is_full(graph)) {
		graph->next = proto->definition->name;
		return false;
	}
	graph->n_definitions++;
	add_proto(graph, proto);
	return true;
}

static bool visit_proc(struct proc *proc, void *arg)
{
	struct graph *graph = arg;

	if (!proc->is_defined)
		return true;
	if (page_is_full(graph)) {
		graph->next = proc->name;
		return false;
	}
	graph->n_definitions++;
	add_proc(graph, proc);
	return true;
}

/* From cursor on, where an earlier page ended; NULL: from the first. Protos come first. 0, or -1:
 * it has gone. */
static int add_page(struct graph *graph, const char *cursor)
{
	struct proc *proc = cursor ? core_find_proc(graph->core, cursor) : NULL;
	struct proto *proto = cursor && !proc ? core_find_proto(graph->core, cursor) : NULL;

	if (cursor && !proto && (!proc || !proc->is_defined))
		return -1;
	if (!cursor)
		core_each_proto(graph->core, visit_proto, graph);
	while (proto && visit_proto(proto, graph))
		proto = proto->by_name.next;
	if (!proc && !graph->next)
		core_each_proc(graph->core, visit_proc, graph);
	while (proc && visit_proc(proc, graph))
		proc = TAILQ_NEXT(proc, of_all);
	return 0;
}

static enum request_status answer_outline(struct request *request)
{
	const char *cursor = request_read_text(request, "cursor");
	int64_t limit = request_read_integer(request, "limit", 0);
	struct graph graph;
	struct run *run;

	if (request_look_run(request, &run) != 0)
		return REQUEST_DONE;
	if (graph_init(&graph, request->daemon->core, run) != 0)
		return graph_answer(&graph, request);
	graph.limit = limit > 0 && limit < PAGE_DEFINITIONS ? (size_t)limit : PAGE_DEFINITIONS;
	if (add_page(&graph, cursor) != 0) {
		graph_clear(&graph);
		return request_refuse_cursor(request);
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
	if (count > 0 && request_read_text(request, "cursor"))
		return request_refuse_cursor(request);
	return count > 0 ? ask_begin(request, proceed_graph) : answer_outline(request);
}
