/*
 * What it costs to schedule one proc that a few reverse dependencies match, with ever more protos
 * that have rdeps and do not match. Flat is right: an index finds those that match.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/core/core.h"
#include "daemon/core/mem.h"

#define ROUNDS 2000
#define MATCHING 3

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const struct fault *fault)
{
	fprintf(stderr, "bench/rdeps: %s\n", fault->message != NULL ? fault->message : "?");
	exit(1);
}

/* A collector; target is what its one rdep names, or NULL. */
static struct definition *make_definition(char *name, bool is_proto, char *target)
{
	struct definition *definition = definition_new(name, is_proto, ORIGIN_CLIENT);
	struct fault fault = {0};

	definition->source = mem_copy("{}");
	if (target != NULL) {
		definition->rdeps = mem_new(1, sizeof(*definition->rdeps));
		definition->rdeps[0] = (struct rdep){RDEP_PLAIN, target};
		definition->n_rdeps = 1;
	}
	if (definition_check(definition, "::", &fault) != 0)
		fail(&fault);
	free(name);
	return definition;
}

static void define(struct core *core, size_t n_protos)
{
	struct define_outcome outcome = {0};
	struct fault fault = {0};
	struct define_request request = {.origin = ORIGIN_CLIENT, .scope = {.params = ""}};

	request.definitions = mem_new(n_protos + 1, sizeof(*request.definitions));
	for (size_t i = 0; i < n_protos; i++)
		request.definitions[request.count++] =
		    make_definition(mem_print("check%zu::[env]", i), true,
		        i < MATCHING ? mem_copy("deploy::[env]") : mem_print("t%zu::[env]", i));
	request.definitions[request.count++] =
	    make_definition(mem_copy("deploy::[env]"), true, NULL);
	if (core_define(core, &request, &outcome, &fault) != 0)
		fail(&fault);
	for (size_t i = 0; i < request.count; i++)
		definition_unref(request.definitions[i]);
	free(request.definitions);
	strings_clear(&outcome.started);
}

/* Microseconds for one run of deploy::prod, and the executions that were in it. */
static double measure(size_t n_protos, size_t *n_executions)
{
	const struct core_options options = {.separator = "::",
	    .parallel = 1,
	    .allow_missing_deps = true,
	    .kill_after_ns = 1,
	    .keep_runs = 1};
	struct core *core = core_new(&options, 1, 1);
	const char *const names[] = {"deploy::prod"};
	struct name_request request = {.names = names, .n_names = 1, .scope = {.params = ""}};
	struct action action;
	double begun;

	define(core, n_protos);
	begun = cpu_seconds();
	for (int round = 0; round < ROUNDS; round++) {
		struct start_outcome outcome = {0};
		struct fault fault = {0};
		request.scope.now_ns = round + 1;
		if (core_start(core, &request, false, &outcome, &fault) != 0)
			fail(&fault);
		*n_executions = outcome.n_pulled;
		start_outcome_clear(&outcome);
		core_advance(core, round + 1);
		while (core_next_action(core, &action))
			continue;
	}
	double us = (cpu_seconds() - begun) / ROUNDS * 1e6;
	core_free(core);
	return us;
}

int main(void)
{
	double first = 0;

	for (size_t n_protos = 10; n_protos <= 100000; n_protos *= 10) {
		size_t n_executions = 0;
		double us = measure(n_protos, &n_executions);
		if (n_executions != MATCHING + 1) {
			fprintf(stderr, "bench/rdeps: %zu executions, not %d\n", n_executions,
			    MATCHING + 1);
			return 1;
		}
		if (n_protos == 10)
			first = us;
		printf(
		    "%6zu protos with rdeps, %d that match: %.1f us for a run of %zu, %.2f times "
		    "that of 10\n",
		    n_protos, MATCHING, us, n_executions, us / first);
	}
	return 0;
}
