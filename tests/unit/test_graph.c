/* Graphs as text, whatever the names in them are. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "client/graph.h"

typedef void graph_write(FILE *stream, const json_t *graph);

static char *write_text(graph_write *write, const json_t *graph)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_not_null(stream);
	write(stream, graph);
	cr_assert_eq(fclose(stream), 0);
	return text;
}

static void check_part(graph_write *write, const json_t *graph, const char *part)
{
	char *text = write_text(write, graph);

	cr_assert(strstr(text, part), "%s is not in\n%s", part, text);
	free(text);
}

static void check(graph_write *write, const char *json, const char *part)
{
	json_error_t error;
	json_t *graph = json_loads(json, 0, &error);

	cr_assert_not_null(graph, "%s: %s", json, error.text);
	check_part(write, graph, part);
	json_decref(graph);
}

/* A graph of one node of that name. */
static json_t *graph_of(const char *name)
{
	json_t *graph =
	    json_pack("{s:[{s:s, s:s}], s:[]}", "nodes", "name", name, "kind", "proc", "edges");

	cr_assert_not_null(graph);
	return graph;
}

static void check_label(const char *name, const char *dot, const char *mermaid)
{
	json_t *graph = graph_of(name);
	char part[256];

	snprintf(part, sizeof(part), "\tn0 [label=\"%s\",", dot);
	check_part(graph_write_dot, graph, part);
	snprintf(part, sizeof(part), "\tn0[\"%s\"]\n", mermaid);
	check_part(graph_write_mermaid, graph, part);
	json_decref(graph);
}

Test(graph, names_are_only_text)
{
	check_label("build::prod", "build::prod", "build::prod");
	check_label("a\"b", "a\\\"b", "a#34;b");
	check_label("a\\", "a\\\\", "a#92;");
	check_label("\\N\\n\\G", "\\\\N\\\\n\\\\G", "#92;N#92;n#92;G");
	check_label("a\nb\tc", "a\\\\nb\\\\tc", "a#92;nb#92;tc");
	check_label("\x1b[31m", "\\\\x1b[31m", "#92;x1b[31m");
	check_label("&lt;b&gt;", "&amp;lt;b&amp;gt;", "#38;lt#59;b#38;gt#59;");
	check_label("<b>x</b>", "<b>x</b>", "#60;b#62;x#60;/b#62;");
	check_label("#quot;", "#quot;", "#35;quot#59;");
	check_label("`*x*` %%{init}%%", "`*x*` %%{init}%%",
	    "#96;#42;x#42;#96; #37;#37;#123;init#125;#37;#37;");
	check_label("1. x", "1. x", "1#46; x");
	check_label("- x", "- x", "#45; x");
	check_label("a-b 1.2", "a-b 1.2", "a-b 1.2");
	check_label("end", "end", "end");
	check_label("組立::\xc3\xa9\xf0\x9f\x9a\x80", "組立::\xc3\xa9\xf0\x9f\x9a\x80",
	    "組立::\xc3\xa9\xf0\x9f\x9a\x80");
	check_label("\xe2\x80\xae", "\\\\u202e", "#92;u202e");
}

Test(graph, a_name_of_any_byte_and_of_full_length_is_whole)
{
	char name[1025], expected[1025];
	json_t *graph;

	memset(name, 'x', 1024);
	name[1024] = '\0';
	strcpy(expected, name);
	graph = graph_of(name);
	check_part(graph_write_dot, graph, expected);
	check_part(graph_write_mermaid, graph, expected);
	json_decref(graph);
	for (int c = 1; c < 128; c++) {
		char one[2] = {(char)c, '\0'}, *text;
		size_t n_quotes = 0;

		graph = graph_of(one);
		text = write_text(graph_write_mermaid, graph);
		for (const char *at = strchr(text, 'n') + 1; *at; at++)
			n_quotes += *at == '"';
		cr_assert_eq(n_quotes, 2, "%d", c);
		cr_assert(strstr(text, "\"]\n"), "%d", c);
		free(text);
		json_decref(graph);
	}
}

#define NODE(name, more)                                                                           \
	"{\"name\": \"" name "\", \"kind\": \"proc\", \"wave\": 0, \"collector\": false, "         \
	"\"locks\": [], \"state\": null" more "}"
#define EDGE(from, to, reason)                                                                     \
	"{\"from\": \"" from "\", \"to\": \"" to "\", \"reason\": \"" reason                       \
	"\", \"command\": null}"
#define GRAPH(nodes, edges) "{\"nodes\": [" nodes "], \"edges\": [" edges "]}"

Test(graph, edges_say_their_reason_unless_they_are_plain)
{
	check(graph_write_dot, GRAPH(NODE("a", "") "," NODE("b", ""), EDGE("a", "b", "dep")),
	    "\tn0 -> n1;\n");
	check(graph_write_dot, GRAPH(NODE("a", "") "," NODE("b", ""), EDGE("b", "a", "rdep")),
	    "\tn1 -> n0 [style=dashed,label=\"rdep\"];\n");
	check(graph_write_mermaid, GRAPH(NODE("a", "") "," NODE("b", ""), EDGE("a", "b", "dep")),
	    "\tn0 --> n1\n");
	check(graph_write_mermaid,
	    GRAPH(NODE("a", "") "," NODE("b", ""), EDGE("a", "b", "when_scheduled")),
	    "\tn0 -.->|\"when_scheduled\"| n1\n");
}

#define COMMAND                                                                                    \
	"{\"from\": null, \"to\": \"a\", \"reason\": \"command\", \"command\": \"./l\\\"s\"}"

Test(graph, what_a_command_will_name_has_a_node)
{
	check(graph_write_dot, GRAPH(NODE("a", ""), COMMAND),
	    "\tc0 [label=\"./l\\\"s\",shape=note];\n\tc0 -> n0 "
	    "[style=dotted,label=\"command\"];\n");
	check(graph_write_mermaid, GRAPH(NODE("a", ""), COMMAND),
	    "\tc0>\"./l#34;s\"]\n\tc0 -.->|\"command\"| n0\n");
}

Test(graph, an_edge_to_what_was_left_out_is_left_out)
{
	json_t *graph = json_loads(
	    GRAPH(NODE("a", ""), EDGE("a", "gone", "dep") "," EDGE("gone", "a", "dep")), 0, NULL);
	char *text = write_text(graph_write_dot, graph);

	cr_assert_null(strstr(text, "->"), "%s", text);
	free(text);
	json_decref(graph);
}

Test(graph, waves_locks_and_states_show)
{
	static const char json[] =
	    "{\"nodes\": ["
	    "{\"name\": \"late\", \"kind\": \"proc\", \"wave\": 1, \"state\": \"failed\"},"
	    "{\"name\": \"ghost\", \"kind\": \"missing\", \"wave\": 0},"
	    "{\"name\": \"p::[a]\", \"kind\": \"proto\", \"wave\": -2, \"locks\": [\"l\", "
	    "\"m\\\"\"]}"
	    "], \"edges\": []}";

	check(graph_write_dot, json,
	    "\tsubgraph \"cluster_-2\" {\n\tlabel=\"wave -2\";\n"
	    "\tn2 [label=\"p::[a]\\nlock: l, m\\\"\",shape=box3d,style=filled];\n\t}\n"
	    "\tsubgraph \"cluster_1\" {\n\tlabel=\"wave 1\";\n"
	    "\tn0 [label=\"late\",shape=box,style=\"rounded,filled\",fillcolor=\"#ffcdd2\"];\n\t}\n"
	    "\tn1 [label=\"ghost\",shape=box,style=\"rounded,dashed\",color=red];\n");
	check(graph_write_mermaid, json,
	    "\tsubgraph w0 [\"wave -2\"]\n\tn2[[\"p::[a]<br>lock: l, m#34;\"]]\n\tend\n"
	    "\tsubgraph w1 [\"wave 1\"]\n\tn0[\"late\"]:::failed\n\tend\n"
	    "\tn1{{\"ghost\"}}\n");
}

Test(graph, whatever_an_answer_is)
{
	static const char *const answers[] = {"{}", "{\"nodes\": 1, \"edges\": {}}",
	    "{\"nodes\": [1, {}, null], \"edges\": [2, {}, {\"from\": null, \"to\": \"?\"}]}"};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		check(graph_write_dot, answers[i], "}\n");
		check(graph_write_mermaid, answers[i], "flowchart LR\n");
	}
}
