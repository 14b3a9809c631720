/*
 * bench/makespan [GRAPHS [SEED]]: what knowing how long procs take is worth. The core schedules
 * random graphs with known durations in virtual time: once without history, once with that of an
 * earlier run, whose durations were others by up to a quarter. Prints how much longer each took
 * than no schedule can be shorter than: the longest way through the graph, or all work divided by
 * the slots.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/core.h"
#include "daemon/core/mem.h"

enum { NODES_MAX = 400 };

struct graph {
	size_t n_nodes;
	int64_t duration_ms[NODES_MAX];
	int64_t longest_ms[NODES_MAX];       /* up to the end of a node, on the longest way there */
	bool has_edge[NODES_MAX][NODES_MAX]; /* the first depends on the second, which is smaller */
};

static uint64_t random_state;

/* splitmix64: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t random_next(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(size_t n)
{
	return (size_t)(random_next() % n);
}

/* Mostly short, some long: half of them below a second, a few up to a minute. */
static int64_t random_duration_ms(void)
{
	int64_t scale_ms = 100;

	for (int i = 0; i < 3 && below(2) == 0; i++)
		scale_ms *= 8;
	return scale_ms / 2 + (int64_t)below((size_t)scale_ms);
}

/* Layers, each node on up to three of the layer before. */
static void make_layers(struct graph *graph)
{
	size_t width = 5 + below(20);

	graph->n_nodes = width * (4 + below(12));
	for (size_t i = width; i < graph->n_nodes; i++)
		for (size_t edges = 1 + below(3); edges > 0; edges--)
			graph->has_edge[i][(i / width - 1) * width + below(width)] = true;
}

/* One forks into chains of different length, which one joins; several times one after the other. */
static void make_fork_join(struct graph *graph)
{
	size_t from = 0;

	graph->n_nodes = 1;
	for (size_t rounds = 2 + below(4); rounds > 0; rounds--) {
		size_t ends[12], n_ends = 4 + below(8);
		for (size_t chain = 0; chain < n_ends; chain++) {
			ends[chain] = from;
			for (size_t length = 1 + below(5); length > 0; length--) {
				graph->has_edge[graph->n_nodes][ends[chain]] = true;
				ends[chain] = graph->n_nodes++;
			}
		}
		from = graph->n_nodes++;
		for (size_t chain = 0; chain < n_ends; chain++)
			graph->has_edge[from][ends[chain]] = true;
	}
}

/* Any of those before, so that the order in which they are asked for says nothing. */
static void make_random(struct graph *graph)
{
	graph->n_nodes = 50 + below(150);
	for (size_t i = 1; i < graph->n_nodes; i++)
		for (size_t edges = below(4); edges > 0; edges--)
			graph->has_edge[i][below(i)] = true;
}

static int64_t lower_bound_ms(struct graph *graph, int64_t parallel)
{
	int64_t work_ms = 0, longest_ms = 0;

	for (size_t i = 0; i < graph->n_nodes; i++) {
		int64_t before_ms = 0;
		for (size_t j = 0; j < i; j++)
			if (graph->has_edge[i][j] && graph->longest_ms[j] > before_ms)
				before_ms = graph->longest_ms[j];
		graph->longest_ms[i] = before_ms + graph->duration_ms[i];
		work_ms += graph->duration_ms[i];
		if (graph->longest_ms[i] > longest_ms)
			longest_ms = graph->longest_ms[i];
	}
	work_ms = (work_ms + parallel - 1) / parallel;
	return work_ms > longest_ms ? work_ms : longest_ms;
}

/* --- the core in virtual time --- */

static void fail(const char *what, const struct fault *fault)
{
	fprintf(stderr, "bench/makespan: %s: %s\n", what, fault->message);
	exit(1);
}

static struct definition *make_definition(const struct graph *graph, size_t node)
{
	char name[32];

	snprintf(name, sizeof(name), "n%zu", node);
	struct definition *definition = definition_new(name, false, ORIGIN_CLIENT);
	definition->run.is_shell = true;
	definition->run.words = mem_new(1, sizeof(*definition->run.words));
	definition->run.words[0] = mem_copy("true");
	definition->run.n_words = 1;
	definition->deps = mem_new(node, sizeof(*definition->deps));
	for (size_t i = 0; i < node; i++)
		if (graph->has_edge[node][i])
			definition->deps[definition->n_deps++].text = mem_print("n%zu", i);
	return definition;
}

static void define(struct core *core, const struct graph *graph)
{
	struct define_outcome outcome = {0};
	struct fault fault = {0};
	struct definition *definitions[NODES_MAX];
	struct define_request request = {.origin = ORIGIN_CLIENT,
	    .scope = {.params = ""},
	    .definitions = definitions,
	    .count = graph->n_nodes};

	for (size_t i = 0; i < graph->n_nodes; i++)
		definitions[i] = make_definition(graph, i);
	if (core_define(core, &request, &outcome, &fault) != 0)
		fail("define", &fault);
	for (size_t i = 0; i < graph->n_nodes; i++)
		definition_unref(definitions[i]);
	strings_clear(&outcome.started);
}

/* All of it, in the order of its numbers. */
static void start(struct core *core, const struct graph *graph)
{
	struct start_outcome outcome = {0};
	struct fault fault = {0};
	struct strings names = {0};

	for (size_t i = 0; i < graph->n_nodes; i++)
		strings_take(&names, mem_print("n%zu", i));
	struct name_request request = {.names = (const char *const *)names.items,
	    .n_names = names.count,
	    .scope = {.params = "", .now_ns = 1}};
	if (core_start(core, &request, false, &outcome, &fault) != 0)
		fail("start", &fault);
	start_outcome_clear(&outcome);
	strings_clear(&names);
}

/* What an earlier run has told of each: up to a quarter less or more than it takes now. */
static void remember(struct core *core, const struct graph *graph)
{
	char name[32];

	for (size_t i = 0; i < graph->n_nodes; i++) {
		int64_t quarter_ms = graph->duration_ms[i] / 4;
		int64_t mean_ms = graph->duration_ms[i] - quarter_ms +
		                  (int64_t)below((size_t)(2 * quarter_ms + 1));
		snprintf(name, sizeof(name), "n%zu", i);
		core_expect(core, name, mean_ms * 1000000);
	}
}

struct process {
	uint64_t exec;
	int64_t ends_ms;
};

/* The time at which all are complete. */
static int64_t play(struct core *core, const struct graph *graph)
{
	const struct exit_report success = {.wait_status = 0};
	struct process running[NODES_MAX];
	struct action action;
	size_t n_running = 0;
	int64_t now_ms = 1;

	for (;;) {
		core_advance(core, now_ms * 1000000);
		while (core_next_action(core, &action))
			if (action.kind == ACTION_START) {
				size_t node = strtoul(action.execution->proc->name + 1, NULL, 10);
				running[n_running++] = (struct process){
				    action.execution->id, now_ms + graph->duration_ms[node]};
			}
		if (n_running == 0)
			return now_ms - 1;
		size_t first = 0;
		for (size_t i = 1; i < n_running; i++)
			if (running[i].ends_ms < running[first].ends_ms)
				first = i;
		now_ms = running[first].ends_ms;
		uint64_t exec = running[first].exec;
		running[first] = running[--n_running];
		core_exited(core, exec, &success, now_ms * 1000000);
	}
}

static double makespan_ratio(struct graph *graph, unsigned parallel, bool has_history)
{
	const struct core_options options = {.separator = "::",
	    .parallel = parallel,
	    .allow_missing_deps = true,
	    .kill_after_ns = INT64_C(10000000000),
	    .keep_runs = 50};
	struct core *core = core_new(&options, 1, 1);

	define(core, graph);
	if (has_history)
		remember(core, graph);
	start(core, graph);
	int64_t makespan_ms = play(core, graph);
	core_free(core);
	return (double)makespan_ms / (double)lower_bound_ms(graph, parallel);
}

/* --- figures --- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double quantile(const double *sorted, size_t count, size_t percent)
{
	return sorted[(count - 1) * percent / 100];
}

static void measure(const char *kind, void (*make)(struct graph *), unsigned parallel, size_t count)
{
	double *without = mem_new(count, sizeof(double)), *with = mem_new(count, sizeof(double));
	struct graph *graph = mem_new(1, sizeof(*graph));

	for (size_t i = 0; i < count; i++) {
		memset(graph, 0, sizeof(*graph));
		make(graph);
		for (size_t node = 0; node < graph->n_nodes; node++)
			graph->duration_ms[node] = random_duration_ms();
		without[i] = makespan_ratio(graph, parallel, false);
		with[i] = makespan_ratio(graph, parallel, true);
	}
	qsort(without, count, sizeof(double), compare);
	qsort(with, count, sizeof(double), compare);
	printf("%-10s parallel %2u: without history %.3f (90 %%: %.3f), with %.3f (90 %%: %.3f)\n",
	    kind, parallel, quantile(without, count, 50), quantile(without, count, 90),
	    quantile(with, count, 50), quantile(with, count, 90));
	free(without);
	free(with);
	free(graph);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct graph *);
	} kinds[] = {
	    {"layers", make_layers}, {"fork-join", make_fork_join}, {"random", make_random}};
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;

	random_state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	if (argc > 3 || count == 0) {
		fprintf(stderr, "usage: bench/makespan [GRAPHS [SEED]]\n");
		return 2;
	}
	printf("makespan over its lower bound, median of %zu graphs each:\n", count);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (unsigned parallel = 2; parallel <= 16; parallel *= 2)
			measure(kinds[i].name, kinds[i].make, parallel, count);
	return 0;
}
