/*
 * Graphs as text that others draw: Graphviz's dot, and Mermaid's flowcharts.
 */
#ifndef PARPROC_CLIENT_GRAPH_H
#define PARPROC_CLIENT_GRAPH_H

#include <jansson.h>
#include <stdio.h>

/*
 * Writes an answer of the method graph. Nodes are called by numbers, so that a name is only ever
 * the text in one; what comes first is at an edge's beginning. Takes time as the answer is long.
 */
void graph_write_dot(FILE *stream, const json_t *graph);
void graph_write_mermaid(FILE *stream, const json_t *graph);

#endif
