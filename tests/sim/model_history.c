/*
 * What the model knows of how long procs take, and the ranks that it gives to what one request
 * makes: on each way down from an execution it adds up what the procs take.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_plan.h"

#define NS_PER_MS 1000000

static struct model_duration *find(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->n_durations; i++)
		if (strcmp(model->durations[i].name, name) == 0)
			return &model->durations[i];
	return NULL;
}

void model_note_duration(struct model *model, const char *name, int64_t duration_ns)
{
	struct model_duration *known = find(model, name);
	int64_t mean_ns =
	    known != NULL ? known->mean_ns + (duration_ns - known->mean_ns) / 4 : duration_ns;
	if (mean_ns <= 0)
		return;
	if (known == NULL) {
		model->durations =
		    mem_resize(model->durations, model->n_durations + 1, sizeof(*model->durations));
		known = &model->durations[model->n_durations++];
		known->name = mem_copy(name);
	}
	known->mean_ns = mean_ns;
}

static uint64_t known_ms(const struct model *model, const struct plan_node *node)
{
	const struct model_duration *known = find(model, node->target.name);
	if (known == NULL || node->target.definition->run.n_words == 0)
		return 0;
	return (uint64_t)((known->mean_ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* The rank of a node: what it takes, and the longest way up from it. */
static uint64_t rank(const struct model_plan *plan, const bool *is_new, uint64_t mean_ms, size_t at)
{
	const struct plan_node *node = &plan->nodes[at];
	uint64_t longest = 0, own_ms = known_ms(plan->model, node);
	for (size_t i = 0; i < plan->n_edges; i++) {
		if (plan->edges[i].to != at || !is_new[plan->edges[i].from])
			continue;
		uint64_t above = rank(plan, is_new, mean_ms, plan->edges[i].from);
		longest = above > longest ? above : longest;
	}
	if (own_ms == 0 && node->target.definition->run.n_words > 0)
		own_ms = mean_ms;
	return own_ms + longest;
}

void model_rank(struct model_plan *plan, const bool *is_new)
{
	uint64_t sum_ms = 0, n_known = 0;
	plan->model->n_batches++;
	for (size_t i = 0; i < plan->n_nodes; i++) {
		if (!is_new[i])
			continue;
		plan->nodes[i].exec->batch = plan->model->n_batches;
		sum_ms += known_ms(plan->model, &plan->nodes[i]);
		n_known += known_ms(plan->model, &plan->nodes[i]) > 0;
	}
	for (size_t i = 0; n_known > 0 && i < plan->n_nodes; i++)
		if (is_new[i])
			plan->nodes[i].exec->rank_ms = rank(plan, is_new, sum_ms / n_known, i);
}

/* The smallest number in the batch of exec. */
static uint64_t find_first(const struct model *model, const struct model_exec *exec)
{
	uint64_t first = exec->id;
	for (size_t i = 0; i < model->n_execs; i++)
		if (model->execs[i]->batch == exec->batch && model->execs[i]->id < first)
			first = model->execs[i]->id;
	return first;
}

bool model_is_before(
    const struct model *model, const struct model_exec *a, const struct model_exec *b)
{
	uint64_t a_first = find_first(model, a), b_first = find_first(model, b);
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->batch != b->batch)
		return a_first < b_first;
	return a->rank_ms != b->rank_ms ? a->rank_ms > b->rank_ms : a->id < b->id;
}
