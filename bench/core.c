/*
 * bench/core N: what the core alone costs. N executions in 50 layers, each but the first depending
 * on 3 of the layer before, are resolved by one request, scheduled (100 at a time) and completed in
 * simulation. Prints CPU time and memory for N/10 and N, and the ratio between them. It must not
 * know more of the core than core.h says.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/core/core.h"
#include "daemon/core/mem.h"

enum { LAYERS = 50, EDGES = 3, PARALLEL = 100 };

struct figures {
	double define_s, start_s, run_s;
	size_t definition_bytes, execution_bytes;
	size_t n_completed;
};

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t used_bytes(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* A prime, so that the nodes of a layer are needed by others all over the next one. */
enum { STRIDE = 7919 };

static struct definition *make_definition(size_t index, size_t per_layer)
{
	char name[32];
	size_t layer = index / per_layer;
	snprintf(name, sizeof(name), "n%zu", index);
	struct definition *definition = definition_new(name, false, ORIGIN_CLIENT);
	definition->run.is_shell = true;
	definition->run.words = mem_new(1, sizeof(*definition->run.words));
	definition->run.words[0] = mem_copy("true");
	definition->run.n_words = 1;
	free(definition->source);
	definition->source = mem_copy("{}");
	if (layer == 0)
		return definition;
	definition->deps = mem_new(EDGES, sizeof(*definition->deps));
	definition->n_deps = EDGES;
	size_t first = index * STRIDE % per_layer;
	for (size_t i = 0; i < EDGES; i++)
		definition->deps[i].text =
		    mem_print("n%zu", (layer - 1) * per_layer + (first + i) % per_layer);
	return definition;
}

static void fail(const char *what, const struct fault *fault)
{
	fprintf(
	    stderr, "bench/core: %s: %s\n", what, fault->message != NULL ? fault->message : "?");
	exit(1);
}

static void define_graph(struct core *core, size_t n)
{
	struct fault fault = {0};
	struct define_outcome outcome = {0};
	struct define_request request = {.origin = ORIGIN_CLIENT, .scope = {.params = ""}};
	request.definitions = mem_new(n, sizeof(*request.definitions));
	for (size_t i = 0; i < n; i++) {
		struct definition *definition = make_definition(i, n / LAYERS);
		if (definition_check(definition, "::", &fault) != 0)
			fail("check", &fault);
		request.definitions[request.count++] = definition;
	}
	if (core_define(core, &request, &outcome, &fault) != 0)
		fail("define", &fault);
	for (size_t i = 0; i < n; i++)
		definition_unref(request.definitions[i]);
	free(request.definitions);
	strings_clear(&outcome.started);
}

static void start_graph(struct core *core, size_t n)
{
	struct fault fault = {0};
	struct start_outcome outcome = {0};
	size_t per_layer = n / LAYERS;
	char **names = mem_new(per_layer, sizeof(*names));
	struct name_request request = {.names = (const char *const *)names,
	    .n_names = per_layer,
	    .scope = {.params = "", .now_ns = 1}};
	for (size_t i = 0; i < per_layer; i++)
		names[i] = mem_print("n%zu", (LAYERS - 1) * per_layer + i);
	if (core_start(core, &request, false, &outcome, &fault) != 0)
		fail("start", &fault);
	start_outcome_clear(&outcome);
	for (size_t i = 0; i < per_layer; i++)
		free(names[i]);
	free(names);
}

/* Ends one process after the other, as they were started; answers how many there were. */
static size_t run_graph(struct core *core)
{
	uint64_t running[PARALLEL];
	size_t first = 0, n_running = 0, n_completed = 0;
	int64_t now_ns = 2;
	struct action action;
	const struct exit_report report = {.wait_status = 0};
	bool is_over = false;
	while (!is_over) {
		core_advance(core, now_ns++);
		while (core_next_action(core, &action)) {
			if (action.kind == ACTION_START)
				running[(first + n_running++) % PARALLEL] = action.execution->id;
			else if (action.kind == ACTION_RUN_OVER)
				is_over = true;
		}
		if (n_running == 0)
			break;
		core_exited(core, running[first], &report, now_ns);
		first = (first + 1) % PARALLEL;
		n_running--;
		n_completed++;
	}
	return n_completed;
}

static void measure(size_t n, struct figures *figures)
{
	const struct core_options options = {.separator = "::",
	    .parallel = PARALLEL,
	    .allow_missing_deps = true,
	    .kill_after_ns = INT64_C(10000000000),
	    .keep_runs = 50};
	struct core *core = core_new(&options, 1, 1);
	size_t bytes_0 = used_bytes();
	double time_0 = cpu_seconds();
	define_graph(core, n);
	size_t bytes_1 = used_bytes();
	double time_1 = cpu_seconds();
	start_graph(core, n);
	double time_2 = cpu_seconds();
	size_t bytes_2 = used_bytes();
	figures->n_completed = run_graph(core);
	double time_3 = cpu_seconds();
	size_t bytes_3 = used_bytes();
	figures->define_s = time_1 - time_0;
	figures->start_s = time_2 - time_1;
	figures->run_s = time_3 - time_2;
	figures->definition_bytes = bytes_1 - bytes_0;
	figures->execution_bytes = (bytes_2 > bytes_3 ? bytes_2 : bytes_3) - bytes_1;
	core_free(core);
}

/* In a process of its own, so that each size begins with empty memory. */
static int measure_apart(size_t n, struct figures *figures)
{
	int ends[2];
	int status = 0;
	if (pipe(ends) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		measure(n, figures);
		_exit(write(ends[1], figures, sizeof(*figures)) == sizeof(*figures) ? 0 : 1);
	}
	close(ends[1]);
	ssize_t got = read(ends[0], figures, sizeof(*figures));
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return -1;
	return got == sizeof(*figures) && figures->n_completed == n ? 0 : -1;
}

static double total(const struct figures *figures)
{
	return figures->start_s + figures->run_s;
}

static void print(size_t n, const struct figures *figures)
{
	double count = (double)n;
	printf("%8zu executions, %zu edges: %.3f s CPU (resolve %.3f, run %.3f), %.0f ns and %.0f "
	       "bytes "
	       "an execution; defining: %.3f s, %.0f bytes each\n",
	    n, (n - n / LAYERS) * EDGES, total(figures), figures->start_s, figures->run_s,
	    total(figures) / count * 1e9, (double)figures->execution_bytes / count,
	    figures->define_s, (double)figures->definition_bytes / count);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	size_t unit = (size_t)LAYERS * 10 * EDGES;
	struct figures small, large;
	if (argc > 2 || n < unit) {
		fprintf(stderr, "usage: bench/core N (at least %zu)\n", unit);
		return 2;
	}
	n = n / (LAYERS * 10) * (LAYERS * 10);
	if (measure_apart(n / 10, &small) != 0 || measure_apart(n, &large) != 0) {
		fprintf(stderr, "bench/core: not every execution was completed\n");
		return 1;
	}
	print(n / 10, &small);
	print(n, &large);
	printf("ratio of %zu to %zu: %.1f\n", n, n / 10, total(&large) / total(&small));
	return 0;
}
