/*
 * Writes graphs as dot and as Mermaid. Names may be any text: see put_dot() and put_mermaid(). It
 * must not know where a graph comes from or goes to.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/graph.h"
#include "client/member.h"
#include "client/memory.h"
#include "client/output.h"

struct node {
	json_t *json; /* borrowed */
	const char *name, *kind, *state;
	long long wave;
	size_t number;
};

struct graph {
	const json_t *edges;
	struct node *nodes;       /* of procs and protos by wave; then those that nothing defines */
	size_t n_nodes, n_placed; /* placed: what has a wave */
	json_t *numbers;          /* name to number */
	bool has_waves;
};

/* The look of a state: dot's fill, Mermaid's class. */
static const struct {
	const char *state, *fill;
} looks[] = {
    {"wanted", "#eceff1"},
    {"running", "#bbdefb"},
    {"succeeded", "#c8e6c9"},
    {"failed", "#ffcdd2"},
    {"skipped", "#fff9c4"},
    {"up_to_date", "#f0f4c3"},
};

#define N_LOOKS (sizeof(looks) / sizeof(looks[0]))

static const char *find_fill(const char *state)
{
	for (size_t i = 0; i < N_LOOKS; i++) {
		if (strcmp(looks[i].state, state) == 0)
			return looks[i].fill;
	}
	return NULL;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	bool is_x_missing = strcmp(x->kind, "missing") == 0;
	bool is_y_missing = strcmp(y->kind, "missing") == 0;

	if (is_x_missing != is_y_missing)
		return is_x_missing ? 1 : -1;
	if (x->wave != y->wave)
		return x->wave < y->wave ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void graph_init(struct graph *graph, const json_t *json)
{
	const json_t *list = json_object_get(json, "nodes");
	json_t *item;
	size_t i;

	*graph = (struct graph){.edges = json_object_get(json, "edges"), .numbers = json_object()};
	graph->n_nodes = json_array_size(list);
	graph->nodes = memory_alloc(graph->n_nodes * sizeof(*graph->nodes));
	json_array_foreach (list, i, item) {
		struct node *node = &graph->nodes[i];

		*node = (struct node){.json = item,
		    .name = member_text(item, "name", "?"),
		    .kind = member_text(item, "kind", "proc"),
		    .state = member_text(item, "state", ""),
		    .wave = (long long)member_number(item, "wave", 0),
		    .number = i};
		if (json_object_set_new(graph->numbers, node->name, json_integer((json_int_t)i)))
			memory_refused();
		graph->n_placed += strcmp(node->kind, "missing") != 0;
	}
	qsort(graph->nodes, graph->n_nodes, sizeof(*graph->nodes), compare_nodes);
	for (i = 1; i < graph->n_placed; i++)
		graph->has_waves |= graph->nodes[i].wave != graph->nodes[0].wave;
}

static void graph_clear(struct graph *graph)
{
	free(graph->nodes);
	json_decref(graph->numbers);
}

/* Whether the i-th node is the first, or the last, of a wave that is shown as such. */
static bool begins_wave(const struct graph *graph, size_t i)
{
	return graph->has_waves && i < graph->n_placed &&
	       (i == 0 || graph->nodes[i - 1].wave != graph->nodes[i].wave);
}

static bool ends_wave(const struct graph *graph, size_t i)
{
	return graph->has_waves && i < graph->n_placed &&
	       (i + 1 == graph->n_placed || graph->nodes[i + 1].wave != graph->nodes[i].wave);
}

/* The numbers of an edge's ends; false where the answer has no such nodes. */
static bool find_ends(const struct graph *graph, const json_t *edge, size_t *from, size_t *to)
{
	const char *first = member_text(edge, "from", "");
	const json_t *from_number = json_object_get(graph->numbers, first);
	const json_t *to_number = json_object_get(graph->numbers, member_text(edge, "to", ""));

	*from = from_number ? (size_t)json_integer_value(from_number) : 0;
	*to = (size_t)json_integer_value(to_number);
	return to_number && (from_number || json_is_null(json_object_get(edge, "from")));
}

/* ---- dot ---- */

/*
 * A text within a quoted string that is a label: there dot reads \N and the like, and &lt; as HTML
 * does. A backslash and an ampersand stand for themselves so.
 */
static void put_dot(FILE *stream, const char *text)
{
	char *escaped = output_escape(text, strlen(text), 0);

	for (const char *at = escaped; *at; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', stream);
		putc(*at, stream);
		if (*at == '&')
			fputs("amp;", stream);
	}
	free(escaped);
}

static const char *dot_shape(const struct node *node)
{
	if (strcmp(node->kind, "proto") == 0)
		return "shape=box3d,style=filled";
	if (strcmp(node->kind, "missing") == 0)
		return "shape=box,style=\"rounded,dashed\",color=red";
	return json_is_true(json_object_get(node->json, "collector"))
	           ? "shape=ellipse,style=filled"
	           : "shape=box,style=\"rounded,filled\"";
}

static void put_locks(FILE *stream, const struct node *node, const char *line_break,
    void (*put)(FILE *stream, const char *text))
{
	const json_t *locks = json_object_get(node->json, "locks");
	json_t *lock;
	size_t i;

	json_array_foreach (locks, i, lock) {
		fputs(i == 0 ? line_break : ", ", stream);
		fputs(i == 0 ? "lock: " : "", stream);
		put(stream, json_is_string(lock) ? json_string_value(lock) : "?");
	}
}

static void write_dot_node(FILE *stream, const struct node *node)
{
	const char *fill = find_fill(node->state);

	fprintf(stream, "\tn%zu [label=\"", node->number);
	put_dot(stream, node->name);
	put_locks(stream, node, "\\n", put_dot);
	fprintf(stream, "\",%s", dot_shape(node));
	if (fill)
		fprintf(stream, ",fillcolor=\"%s\"", fill);
	fputs("];\n", stream);
}

static void write_dot_nodes(FILE *stream, const struct graph *graph)
{
	for (size_t i = 0; i < graph->n_nodes; i++) {
		const struct node *node = &graph->nodes[i];

		if (begins_wave(graph, i))
			fprintf(stream, "\tsubgraph \"cluster_%lld\" {\n\tlabel=\"wave %lld\";\n",
			    node->wave, node->wave);
		write_dot_node(stream, node);
		if (ends_wave(graph, i))
			fputs("\t}\n", stream);
	}
}

static const char *dot_edge_style(const char *reason)
{
	if (strcmp(reason, "command") == 0)
		return "style=dotted,";
	if (strcmp(reason, "proto") == 0)
		return "style=dotted,arrowhead=none,color=gray50,";
	return "style=dashed,";
}

static void write_dot_edge(
    FILE *stream, const struct graph *graph, const json_t *edge, size_t number)
{
	const char *reason = member_text(edge, "reason", "dep");
	const char *command = member_text(edge, "command", NULL);
	size_t from, to;

	if (!find_ends(graph, edge, &from, &to))
		return;
	if (command) {
		fprintf(stream, "\tc%zu [label=\"", number);
		put_dot(stream, command);
		fputs("\",shape=note];\n", stream);
		fprintf(stream, "\tc%zu -> n%zu", number, to);
	} else {
		fprintf(stream, "\tn%zu -> n%zu", from, to);
	}
	if (strcmp(reason, "dep") != 0) {
		fprintf(stream, " [%slabel=\"", dot_edge_style(reason));
		put_dot(stream, reason);
		fputs("\"]", stream);
	}
	fputs(";\n", stream);
}

void graph_write_dot(FILE *stream, const json_t *json)
{
	struct graph graph;
	json_t *edge;
	size_t i;

	graph_init(&graph, json);
	fputs("digraph parproc {\n"
	      "\trankdir=LR;\n"
	      "\tgraph [fontname=\"sans-serif\"];\n"
	      "\tnode [fontname=\"sans-serif\",fillcolor=white];\n"
	      "\tedge [fontname=\"sans-serif\",fontsize=10];\n",
	    stream);
	write_dot_nodes(stream, &graph);
	json_array_foreach (graph.edges, i, edge)
		write_dot_edge(stream, &graph, edge, i);
	fputs("}\n", stream);
	graph_clear(&graph);
}

/* ---- Mermaid ---- */

static bool is_plain(const char *at)
{
	/* Before a blank these would begin a list. */
	if (strchr("-+.)", *at) && at[1] == ' ')
		return false;
	return (unsigned char)*at >= 0x80 || strchr("_:/-.,=+@()[] ", *at) ||
	       (*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
	       (*at >= 'a' && *at <= 'z');
}

/* A text in quotes: there any character may be a number between # and ; instead. */
static void put_mermaid(FILE *stream, const char *text)
{
	char *escaped = output_escape(text, strlen(text), 0);

	for (const char *at = escaped; *at; at++) {
		if (is_plain(at))
			putc(*at, stream);
		else
			fprintf(stream, "#%d;", (unsigned char)*at);
	}
	free(escaped);
}

/* What stands around a node's quotes, which makes its shape. */
static void mermaid_shape(const struct node *node, const char **begin, const char **end)
{
	if (strcmp(node->kind, "proto") == 0) {
		*begin = "[[";
		*end = "]]";
	} else if (strcmp(node->kind, "missing") == 0) {
		*begin = "{{";
		*end = "}}";
	} else if (json_is_true(json_object_get(node->json, "collector"))) {
		*begin = "([";
		*end = "])";
	} else {
		*begin = "[";
		*end = "]";
	}
}

static void write_mermaid_node(FILE *stream, const struct node *node)
{
	const char *begin, *end;

	mermaid_shape(node, &begin, &end);
	fprintf(stream, "\tn%zu%s\"", node->number, begin);
	put_mermaid(stream, node->name);
	put_locks(stream, node, "<br>", put_mermaid);
	fprintf(stream, "\"%s%s%s\n", end, find_fill(node->state) ? ":::" : "",
	    find_fill(node->state) ? node->state : "");
}

static void write_mermaid_nodes(FILE *stream, const struct graph *graph)
{
	for (size_t i = 0; i < graph->n_nodes; i++) {
		const struct node *node = &graph->nodes[i];

		if (begins_wave(graph, i))
			fprintf(stream, "\tsubgraph w%zu [\"wave %lld\"]\n", i, node->wave);
		write_mermaid_node(stream, node);
		if (ends_wave(graph, i))
			fputs("\tend\n", stream);
	}
}

static void write_mermaid_edge(
    FILE *stream, const struct graph *graph, const json_t *edge, size_t number)
{
	const char *reason = member_text(edge, "reason", "dep");
	const char *command = member_text(edge, "command", NULL);
	bool is_proto = strcmp(reason, "proto") == 0;
	size_t from, to;

	if (!find_ends(graph, edge, &from, &to))
		return;
	if (command) {
		fprintf(stream, "\tc%zu>\"", number);
		put_mermaid(stream, command);
		fputs("\"]\n", stream);
	}
	fprintf(stream, "\t%c%zu ", command ? 'c' : 'n', command ? number : from);
	if (strcmp(reason, "dep") == 0) {
		fputs("-->", stream);
	} else {
		fputs(is_proto ? "-.-|\"" : "-.->|\"", stream);
		put_mermaid(stream, reason);
		fputs("\"|", stream);
	}
	fprintf(stream, " n%zu\n", to);
}

void graph_write_mermaid(FILE *stream, const json_t *json)
{
	struct graph graph;
	json_t *edge;
	size_t i;

	graph_init(&graph, json);
	fputs("flowchart LR\n", stream);
	write_mermaid_nodes(stream, &graph);
	json_array_foreach (graph.edges, i, edge)
		write_mermaid_edge(stream, &graph, edge, i);
	for (i = 0; i < N_LOOKS; i++)
		fprintf(stream, "\tclassDef %s fill:%s\n", looks[i].state, looks[i].fill);
	graph_clear(&graph);
}
