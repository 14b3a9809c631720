/*
 * The report's graph of dependencies: a column for each depth, what depends on nothing at the left.
 * Within a column the order is that in which lines cross less: each stands about where its
 * neighbors do.
 */
#include <stdlib.h>
#include <string.h>

#include "client/html.h"
#include "client/memory.h"
#include "client/output.h"
#include "client/report.h"

#define NODES_MAX 200
#define NAME_COLUMNS 24
#define NODE_HEIGHT 20
#define PITCH 27 /* from one node to the next below it */
#define GAP 54   /* between columns */
#define MARGIN 4
#define SWEEPS 8
#define CHARACTER_PX 6.4

struct node {
	uint32_t column;
	double place; /* from the top of its column: first in order, then in pixels */
	double wanted;
};

struct column {
	uint32_t *members; /* from the top */
	uint32_t count;
	double x, width;
};

struct graph {
	const struct record *record;
	struct node *nodes; /* one for each execution */
	struct column *columns;
	uint32_t n_columns, most;
};

static void make_columns(struct graph *graph)
{
	const struct record *record = graph->record;

	for (uint32_t i = 0; i < record->n_execs; i++) {
		graph->nodes[i].column = record->execs[i].depth;
		if (record->execs[i].depth >= graph->n_columns)
			graph->n_columns = record->execs[i].depth + 1;
	}
	graph->columns = memory_alloc(graph->n_columns * sizeof(*graph->columns));
	for (uint32_t i = 0; i < graph->n_columns; i++)
		graph->columns[i].members = memory_alloc(record->n_execs * sizeof(uint32_t));
	for (uint32_t i = 0; i < record->n_execs; i++) {
		struct column *column = &graph->columns[graph->nodes[i].column];

		column->members[column->count++] = i;
		if (column->count > graph->most)
			graph->most = column->count;
	}
}

/* Gives the members of a column their places: even ones, around the middle. */
static void place_column(struct graph *graph, const struct column *column)
{
	double first = (graph->most - column->count) / 2.0;

	for (uint32_t i = 0; i < column->count; i++)
		graph->nodes[column->members[i]].place = first + i;
}

/* Has each node want the mean of the places of what it depends on, or of what depends on it. */
static void find_wanted(struct graph *graph, bool is_backward)
{
	const struct record *record = graph->record;
	uint32_t *n_near = memory_alloc(record->n_execs * sizeof(*n_near));

	for (uint32_t i = 0; i < record->n_execs; i++)
		graph->nodes[i].wanted = 0;
	for (uint32_t i = 0; i < record->n_execs; i++) {
		const struct record_exec *exec = &record->execs[i];

		for (uint32_t j = 0; j < exec->n_deps; j++) {
			uint32_t dep = record->deps[exec->first_dep + j];
			uint32_t who = is_backward ? dep : i, near = is_backward ? i : dep;

			graph->nodes[who].wanted += graph->nodes[near].place;
			n_near[who]++;
		}
	}
	for (uint32_t i = 0; i < record->n_execs; i++) {
		struct node *node = &graph->nodes[i];

		node->wanted = n_near[i] > 0 ? node->wanted / n_near[i] : node->place;
	}
	free(n_near);
}

static int compare_wanted(const void *left, const void *right, void *arg)
{
	const struct graph *graph = arg;
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	double i_wanted = graph->nodes[i].wanted, j_wanted = graph->nodes[j].wanted;

	if (i_wanted < j_wanted || i_wanted > j_wanted)
		return i_wanted < j_wanted ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* Column after column, the neighbors of one being placed before it. */
static void sort_columns(struct graph *graph)
{
	for (uint32_t i = 0; i < graph->n_columns; i++)
		place_column(graph, &graph->columns[i]);
	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		bool is_backward = sweep % 2 == 1;

		for (uint32_t i = 0; i < graph->n_columns; i++) {
			struct column *column =
			    &graph->columns[is_backward ? graph->n_columns - 1 - i : i];

			find_wanted(graph, is_backward);
			qsort_r(column->members, column->count, sizeof(*column->members),
			    compare_wanted, graph);
			place_column(graph, column);
		}
	}
}

static double measure_name(const char *name)
{
	char *escaped = output_escape(name, strlen(name), 0);
	size_t width = output_width(escaped);

	free(escaped);
	return (double)(width < NAME_COLUMNS ? width : NAME_COLUMNS) * CHARACTER_PX + 22;
}

/* Sets where columns are; answers the width of all. */
static double place_columns(struct graph *graph)
{
	double x = MARGIN;

	for (uint32_t i = 0; i < graph->n_columns; i++) {
		struct column *column = &graph->columns[i];

		column->x = x;
		for (uint32_t j = 0; j < column->count; j++) {
			double width = measure_name(graph->record->execs[column->members[j]].name);

			column->width = width > column->width ? width : column->width;
		}
		x += column->width + GAP;
	}
	return x - GAP + MARGIN;
}

static double y_of(const struct graph *graph, uint32_t i)
{
	return MARGIN + graph->nodes[i].place * PITCH;
}

/* The style's class of an edge that a definition's list of dependencies does not have. */
static const char *reason_class(enum record_reason reason)
{
	return reason == REASON_DEP ? "" : reason == REASON_COMMAND ? " by" : " rd";
}

static void put_edge(
    FILE *stream, const struct graph *graph, uint32_t from, uint32_t to, enum record_reason reason)
{
	const struct column *left = &graph->columns[graph->nodes[from].column];
	double x1 = left->x + left->width, x2 = graph->columns[graph->nodes[to].column].x;
	double y1 = y_of(graph, from) + NODE_HEIGHT / 2.0, y2 = y_of(graph, to) + NODE_HEIGHT / 2.0;
	bool is_critical =
	    graph->record->execs[from].is_critical && graph->record->execs[to].is_critical;

	fprintf(stream, "<path class=\"e%s%s\" d=\"M%.0f %.1f C%.0f %.1f %.0f %.1f %.0f %.1f\"",
	    reason_class(reason), is_critical ? " c" : "", x1, y1, x1 + GAP / 2.0, y1,
	    x2 - GAP / 2.0, y2, x2, y2);
	if (reason == REASON_DEP)
		fputs("/>\n", stream);
	else
		fprintf(stream, "><title>%s</title></path>\n", record_reason_name(reason));
}

/* What lines that are not drawn through mean, as far as there are any. */
static void put_key(FILE *stream, const struct record *record)
{
	bool has_rdeps = false, has_named = false;

	for (uint32_t i = 0; i < record->n_deps; i++) {
		has_named |= record->reasons[i] == REASON_COMMAND;
		has_rdeps |=
		    record->reasons[i] != REASON_DEP && record->reasons[i] != REASON_COMMAND;
	}
	if (!has_rdeps && !has_named)
		return;
	fputs("<p class=\"key\">", stream);
	if (has_rdeps)
		fputs("<span><i class=\"rd\"></i>by an rdep</span>", stream);
	if (has_named)
		fputs("<span><i class=\"by\"></i>named by a command</span>", stream);
	fputs("</p>\n", stream);
}

static void put_node(FILE *stream, const struct graph *graph, uint32_t i)
{
	const struct record_exec *exec = &graph->record->execs[i];
	const struct column *column = &graph->columns[graph->nodes[i].column];
	double y = y_of(graph, i);

	fprintf(stream,
	    "<g><rect class=\"o%s\" x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%d\" rx=\"4\">"
	    "<title>",
	    exec->is_critical ? " c" : "", column->x, y, column->width, NODE_HEIGHT);
	html_put(stream, exec->name);
	fprintf(stream, "\n%s</title></rect>", record_state_text(exec->state));
	fprintf(stream, "<circle class=\"%s\" cx=\"%.0f\" cy=\"%.1f\" r=\"4\"/>",
	    report_state_class(exec->state), column->x + 10, y + NODE_HEIGHT / 2.0);
	fprintf(stream, "<text x=\"%.0f\" y=\"%.1f\">", column->x + 18, y + 14);
	html_put_cut(stream, exec->name, NAME_COLUMNS);
	fputs("</text></g>\n", stream);
}

static void put_graph(FILE *stream, struct graph *graph)
{
	const struct record *record = graph->record;
	double width, height;

	make_columns(graph);
	sort_columns(graph);
	width = place_columns(graph);
	height = (graph->most - 1) * (double)PITCH + NODE_HEIGHT + 2 * MARGIN;
	fprintf(stream,
	    "<div class=\"figure\" tabindex=\"0\"><svg class=\"graph\" viewBox=\"0 0 %.0f %.0f\" "
	    "width=\"%.0f\""
	    " height=\"%.0f\" role=\"img\" aria-label=\"Dependencies\">\n",
	    width, height, width, height);
	for (uint32_t i = 0; i < record->n_execs; i++) {
		const struct record_exec *exec = &record->execs[i];

		for (uint32_t j = 0; j < exec->n_deps; j++)
			put_edge(stream, graph, record->deps[exec->first_dep + j], i,
			    record->reasons[exec->first_dep + j]);
	}
	for (uint32_t i = 0; i < record->n_execs; i++)
		put_node(stream, graph, i);
	fputs("</svg></div>\n", stream);
}

void report_put_graph(FILE *stream, const struct record *record)
{
	struct graph graph = {.record = record};

	if (record->n_deps == 0)
		return;
	fputs("<section><h2>Dependencies</h2>\n", stream);
	if (record->n_execs > NODES_MAX) {
		fprintf(stream,
		    "<p class=\"note\">%u executions and %u dependencies are too many for a "
		    "picture, which is drawn up to %d executions.</p></section>\n",
		    record->n_execs, record->n_deps, NODES_MAX);
		return;
	}
	graph.nodes = memory_alloc(record->n_execs * sizeof(*graph.nodes));
	put_graph(stream, &graph);
	put_key(stream, record);
	fputs("</section>\n", stream);
	for (uint32_t i = 0; i < graph.n_columns; i++)
		free(graph.columns[i].members);
	free(graph.columns);
	free(graph.nodes);
}
