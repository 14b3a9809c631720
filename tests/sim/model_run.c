/*
 * Plans carried out, and the model's runs: start, answers, cancel.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_plan.h"

/* --- runs --- */

struct model_run *model_find_run(struct model *model, uint64_t id)
{
	for (size_t i = 0; i < model->n_runs; i++)
		if (model->runs[i]->id == id)
			return model->runs[i];
	return NULL;
}

struct model_run *model_find_named_run(struct model *model, const char *name)
{
	for (size_t i = model->n_runs; i > 0; i--) {
		struct model_run *run = model->runs[i - 1];
		if (!run->is_gone && run->name != NULL && strcmp(run->name, name) == 0)
			return run;
	}
	return NULL;
}

static struct model_run *new_run(uint64_t id, const char *name, const char *params)
{
	struct model_run *run = mem_new(1, sizeof(*run));
	*run = (struct model_run){.id = id, .name = mem_copy(name), .params = mem_copy(params)};
	return run;
}

static void keep_run(struct model *model, struct model_run *run)
{
	model->runs = mem_resize(model->runs, model->n_runs + 1, sizeof(struct model_run *));
	model->runs[model->n_runs++] = run;
}

struct model_run *model_add_run(
    struct model *model, uint64_t id, const char *name, const char *params)
{
	struct model_run *run = new_run(id, name, params);
	keep_run(model, run);
	return run;
}

struct model_member *model_find_member(const struct model_run *run, const char *name)
{
	for (size_t i = 0; i < run->n_members; i++)
		if (strcmp(run->members[i].exec->name, name) == 0)
			return &run->members[i];
	return NULL;
}

/* False: there is one of that name. */
static bool add_member(struct model_run *run, struct model_exec *exec)
{
	if (model_find_member(run, exec->name) != NULL)
		return false;
	run->members = mem_resize(run->members, run->n_members + 1, sizeof(*run->members));
	run->members[run->n_members++] = (struct model_member){.exec = exec};
	exec->runs = mem_resize(exec->runs, exec->n_runs + 1, sizeof(struct model_run *));
	exec->runs[exec->n_runs++] = run;
	return true;
}

static bool is_live_in(const struct model_run *run, const struct model_exec *exec)
{
	for (size_t i = 0; i < run->n_members; i++)
		if (run->members[i].exec == exec)
			return !run->is_over && run->members[i].override == ERROR_NONE;
	return false;
}

unsigned model_count_live_runs(const struct model *model, const struct model_exec *exec)
{
	unsigned n = 0;
	for (size_t i = 0; i < model->n_runs; i++)
		n += is_live_in(model->runs[i], exec);
	return n;
}

const struct model_run *model_home(const struct model_exec *exec)
{
	const struct model_run *home = NULL;
	if (is_live_in(exec->first_run, exec))
		return exec->first_run;
	for (size_t i = 0; i < exec->n_runs; i++)
		if (home == NULL && is_live_in(exec->runs[i], exec))
			home = exec->runs[i];
	return home != NULL ? home : exec->first_run;
}

/* --- plans --- */

static int32_t node_wave(const struct plan_node *node)
{
	assert(node->exec != NULL || node->target.definition != NULL);
	return node->exec != NULL ? node->exec->definition->wave : node->target.definition->wave;
}

/* What is complete already holds nobody back, whatever its wave. */
static bool is_over(const struct plan_node *node)
{
	return node->exec != NULL && model_is_complete(node->exec);
}

/* A search for a node through all that would be waited for. */
struct way {
	struct model_plan *plan;
	size_t goal;
	bool *seen_nodes;
	bool *seen_execs; /* as in the model's list */
};

static bool node_reaches(struct way *way, size_t at);

/* exec has no node. */
static bool lone_reaches(struct way *way, const struct model_exec *exec);

static bool exec_reaches(struct way *way, const struct model_exec *exec)
{
	/* What is complete waits for nothing any more. */
	if (exec == NULL || model_is_complete(exec))
		return false;
	for (size_t i = 0; i < way->plan->n_nodes; i++)
		if (way->plan->nodes[i].exec == exec)
			return node_reaches(way, i);
	return lone_reaches(way, exec);
}

/* Through what it needs already, and what the plan's roots are for. */
static bool needs_reach(struct way *way, const struct model_exec *exec)
{
	const struct model_plan *plan = way->plan;
	for (size_t i = 0; i < exec->n_deps; i++)
		if (exec_reaches(way, exec->deps[i]))
			return true;
	for (size_t i = 0; exec == plan->dependent && i < plan->n_roots; i++)
		if (node_reaches(way, plan->roots[i]))
			return true;
	return exec_reaches(way, model_before(exec));
}

static bool lone_reaches(struct way *way, const struct model_exec *exec)
{
	const struct model *model = way->plan->model;
	size_t i = 0;
	while (model->execs[i] != exec)
		i++;
	if (way->seen_execs[i])
		return false;
	way->seen_execs[i] = true;
	return needs_reach(way, exec);
}

static bool node_reaches(struct way *way, size_t at)
{
	const struct model_plan *plan = way->plan;
	const struct plan_node *node = &plan->nodes[at];
	if (at == way->goal)
		return true;
	if (way->seen_nodes[at] || (node->exec != NULL && model_is_complete(node->exec)))
		return false;
	way->seen_nodes[at] = true;
	if (node->exec != NULL ? needs_reach(way, node->exec)
	                       : exec_reaches(way, model_last(plan->model, node->target.name)))
		return true;
	for (size_t i = 0; i < plan->n_edges; i++)
		if (plan->edges[i].from == at && node_reaches(way, plan->edges[i].to))
			return true;
	return false;
}

bool plan_is_circle(struct model_plan *plan, const struct plan_edge *edge)
{
	struct way way = {.plan = plan,
	    .goal = edge->from,
	    .seen_nodes = mem_new(plan->n_nodes, sizeof(bool)),
	    .seen_execs = mem_new(plan->model->n_execs, sizeof(bool))};
	bool is_circle = node_reaches(&way, edge->to);
	free(way.seen_nodes);
	free(way.seen_execs);
	return is_circle;
}

enum fault_code plan_check(struct model_plan *plan)
{
	if (plan->code != FAULT_NONE)
		return plan->code;
	for (size_t i = 0; i < plan->n_edges && plan->code == FAULT_NONE; i++)
		if (plan_is_circle(plan, &plan->edges[i]))
			plan->code = FAULT_CYCLE;
	for (size_t i = 0; i < plan->n_edges && plan->code == FAULT_NONE; i++)
		if (!is_over(&plan->nodes[plan->edges[i].to]) &&
		    node_wave(&plan->nodes[plan->edges[i].to]) >
		        node_wave(&plan->nodes[plan->edges[i].from]))
			plan->code = FAULT_WAVE_ORDER;
	return plan->code;
}

static struct model_exec *new_exec(struct model_plan *plan, struct plan_node *node)
{
	struct model_exec *exec = mem_new(1, sizeof(*exec));
	const struct definition *definition = node->target.definition;
	exec->name = mem_copy(node->target.name);
	exec->definition = definition_ref(node->target.definition);
	exec->values = mem_new(definition->n_args + 1, sizeof(*exec->values));
	for (size_t i = 0; i < definition->n_args; i++)
		exec->values[i] = mem_copy(node->target.values[i]);
	model_fill_wants(exec);
	for (size_t i = 0; i < node->missing.count; i++)
		strings_add(&exec->missing, node->missing.items[i]);
	exec->n_unresolved = node->n_commands;
	exec->first_run = plan->run;
	exec->params = mem_copy(plan->params);
	exec->state = STATE_WANTED;
	exec->deadline_ns = INT64_MAX;
	exec->kill_ns = INT64_MAX;
	exec->priority = definition->priority;
	exec->predecessor = model_last(plan->model, exec->name);
	return exec;
}

static void add_dep(struct model_exec *exec, struct model_exec *dep)
{
	for (size_t i = 0; i < exec->n_deps; i++)
		if (exec->deps[i] == dep)
			return;
	exec->deps = mem_resize(exec->deps, exec->n_deps + 1, sizeof(struct model_exec *));
	exec->deps[exec->n_deps++] = dep;
}

/* What comes to depend on more is followed by it into every run that it is in, the nearest first;
 * but not by what a run has another execution of, and what that has below it. */
static void add_with_deps(struct model *model, struct model_run *run, struct model_exec *exec)
{
	struct model_exec **list = mem_new(model->n_execs + 1, sizeof(struct model_exec *));
	size_t count = 0;
	list[count++] = exec;
	for (size_t i = 0; i < count; i++) {
		if (!add_member(run, list[i]))
			continue;
		for (size_t j = 0; j < list[i]->n_deps; j++) {
			bool is_there = false;
			for (size_t k = 0; k < count; k++)
				is_there |= list[k] == list[i]->deps[j];
			if (!is_there)
				list[count++] = list[i]->deps[j];
		}
	}
	free(list);
}

static void follow(struct model *model, struct model_exec *exec, struct model_exec *dep)
{
	for (size_t i = 0; i < model->n_runs; i++) {
		const struct model_member *member = model_find_member(model->runs[i], dep->name);
		bool is_there = member != NULL && member->exec == dep;
		if (is_live_in(model->runs[i], exec) && !is_there)
			add_with_deps(model, model->runs[i], dep);
	}
}

/* Who waits for all that a request pulled in waits for what comes in late too. */
static void extend_waits(struct model_plan *plan, const bool *is_coming)
{
	for (size_t i = 0; i < plan->model->n_execs; i++) {
		struct model_exec *exec = plan->model->execs[i];
		if (!exec->is_extended || exec->first_run != plan->run ||
		    !model_awaits(exec, plan->dependent))
			continue;
		for (size_t j = 0; j < plan->n_nodes; j++)
			if (is_coming[j])
				model_await(exec, plan->nodes[j].exec);
		for (size_t j = 0; j < exec->n_awaits; j++)
			if (model_awaits(exec, exec->awaits[j]))
				model_raise(exec->awaits[j], exec->priority);
	}
}

/* What is waited for is as high as who waits for it. */
static void raise_all(struct model *model)
{
	for (size_t i = 0; i < model->n_execs; i++) {
		const struct model_exec *exec = model->execs[i];
		if (model_is_complete(exec))
			continue;
		for (size_t j = 0; j < exec->n_deps; j++)
			model_raise(exec->deps[j], exec->priority);
		if (model_before(exec) != NULL)
			model_raise(model_before(exec), exec->priority);
	}
}

void plan_commit(struct model_plan *plan)
{
	struct model *model = plan->model;
	bool *is_coming = mem_new(plan->n_nodes, sizeof(bool));
	bool *is_new = mem_new(plan->n_nodes, sizeof(bool));
	for (size_t i = 0; i < plan->n_nodes; i++)
		is_coming[i] = model_find_member(plan->run, plan->nodes[i].target.name) == NULL;
	for (size_t i = 0; i < plan->n_nodes; i++)
		model_create(model, &plan->nodes[i].target);
	for (size_t i = 0; i < plan->n_adopted; i++)
		add_member(plan->run, plan->adopted[i]);
	/* What had failed before it was adopted is no failure that fail-fast is about. */
	plan->run->n_failed = model_count_failures(plan->run);
	size_t n_before = model->n_execs;
	for (size_t i = 0; i < plan->n_nodes; i++) {
		struct plan_node *node = &plan->nodes[i];
		if (node->exec != NULL)
			continue;
		is_new[i] = true;
		node->exec = new_exec(plan, node);
		add_member(plan->run, node->exec);
		model->execs =
		    mem_resize(model->execs, model->n_execs + 1, sizeof(struct model_exec *));
		model->execs[model->n_execs++] = node->exec;
	}
	for (size_t i = 0; i < plan->n_edges; i++)
		add_dep(plan->nodes[plan->edges[i].from].exec, plan->nodes[plan->edges[i].to].exec);
	for (size_t i = 0; plan->dependent != NULL && i < plan->n_roots; i++) {
		add_dep(plan->dependent, plan->nodes[plan->roots[i]].exec);
		follow(model, plan->dependent, plan->nodes[plan->roots[i]].exec);
	}
	for (size_t i = 0; i < plan->n_edges; i++)
		follow(model, plan->nodes[plan->edges[i].from].exec,
		    plan->nodes[plan->edges[i].to].exec);
	raise_all(model);
	model_rank(plan, is_new);
	free(is_new);
	for (size_t i = n_before; i < model->n_execs; i++)
		for (size_t j = 0; j < model->n_execs; j++)
			if (model->execs[j]->predecessor == model->execs[i])
				abort();
	for (size_t i = 0; plan->dependent != NULL && i < plan->missing.count; i++)
		strings_add(&plan->dependent->missing, plan->missing.items[i]);
	if (plan->dependent != NULL)
		extend_waits(plan, is_coming);
	free(is_coming);
}

/* --- requests --- */

/* The run that the request means; *is_new: it is made for it and not kept yet. */
static enum fault_code request_run(
    struct model *model, const struct model_request *request, struct model_run **run, bool *is_new)
{
	*is_new = false;
	*run = request->run != 0           ? model_find_run(model, request->run)
	       : request->run_name != NULL ? model_find_named_run(model, request->run_name)
	                                   : NULL;
	if (request->run != 0)
		return *run == NULL || (*run)->is_gone ? FAULT_NOT_FOUND : FAULT_NONE;
	if (*run != NULL && !(*run)->is_over)
		return FAULT_NONE;
	*run = new_run(request->new_run, request->run_name, request->params);
	*is_new = true;
	return FAULT_NONE;
}

static bool has_new_nodes(const struct model_plan *plan)
{
	for (size_t i = 0; i < plan->n_nodes; i++)
		if (model_find_member(plan->run, plan->nodes[i].target.name) == NULL)
			return true;
	return false;
}

static enum fault_code plan_request(struct model_plan *plan, const struct model_request *request)
{
	plan_make(plan, request->names, request->n_names);
	if (plan->code != FAULT_NONE)
		return plan->code;
	if (plan->run->is_over && has_new_nodes(plan))
		return FAULT_NOT_ALLOWED;
	return plan_check(plan);
}

enum fault_code model_start(
    struct model *model, const struct model_request *request, struct model_run **run)
{
	bool is_new;
	enum fault_code code = request_run(model, request, run, &is_new);
	if (code != FAULT_NONE)
		return code;
	struct model_plan plan = {.model = model, .run = *run, .params = request->params};
	code = plan_request(&plan, request);
	/* Whether a way to join is found may depend on what is looked at first, too. */
	if ((code != FAULT_NONE) != request->is_refused) {
		plan_free(&plan);
		plan = (struct model_plan){
		    .model = model, .run = *run, .params = request->params, .is_strict = true};
		code = plan_request(&plan, request);
	}
	if (code == FAULT_NONE) {
		plan_commit(&plan);
		(*run)->is_fail_fast |= request->is_fail_fast;
		if (is_new)
			keep_run(model, *run);
	} else if (is_new) {
		model_free_run(*run);
		*run = NULL;
	}
	plan_free(&plan);
	return code;
}

enum fault_code model_pull(struct model *model, struct model_run *run, struct model_exec *dependent,
    const char *const *names, size_t n_names, const char *params)
{
	struct model_plan plan = {
	    .model = model, .run = run, .dependent = dependent, .params = params};
	plan_make(&plan, names, n_names);
	enum fault_code code = plan.code;
	if (code == FAULT_NONE && plan.missing.count > 0 && !model->allow_missing)
		code = FAULT_MISSING_DEP;
	/* Edges from the dependent to the roots are checked with the rest. */
	struct plan_node *self = NULL;
	for (size_t i = 0; i < plan.n_nodes; i++)
		if (plan.nodes[i].exec == dependent)
			self = &plan.nodes[i];
	if (code == FAULT_NONE && self == NULL) {
		plan.nodes = mem_resize(plan.nodes, plan.n_nodes + 1, sizeof(*plan.nodes));
		self = &plan.nodes[plan.n_nodes++];
		*self = (struct plan_node){.exec = dependent};
		self->target.name = mem_copy(dependent->name);
		self->target.definition = dependent->definition;
	}
	for (size_t i = 0; code == FAULT_NONE && i < plan.n_roots; i++) {
		plan.edges = mem_resize(plan.edges, plan.n_edges + 1, sizeof(*plan.edges));
		plan.edges[plan.n_edges++] =
		    (struct plan_edge){(size_t)(self - plan.nodes), plan.roots[i]};
	}
	if (code == FAULT_NONE)
		code = plan_check(&plan);
	if (code == FAULT_NONE)
		plan_commit(&plan);
	plan_free(&plan);
	return code;
}

/* --- cancel --- */

static bool is_named(const struct model_cancel *cancel, const char *name)
{
	for (size_t i = 0; i < cancel->n_names; i++)
		if (strcmp(cancel->names[i], name) == 0)
			return true;
	return cancel->names == NULL;
}

static void cancel_member(
    struct model *model, const struct model_cancel *cancel, struct model_member *member)
{
	struct model_exec *exec = member->exec;
	if (!is_named(cancel, exec->name) || model_is_complete(exec))
		return;
	bool is_shared =
	    cancel->run != NULL && !cancel->is_force && model_count_live_runs(model, exec) > 1;
	if (member->override != ERROR_NONE && !cancel->is_force)
		return;
	if (is_shared) {
		member->override = ERROR_CANCELED;
		return;
	}
	if (!cancel->is_kill || (exec->state != STATE_RUNNING && exec->standby_at == 0)) {
		model_end(model, exec, ERROR_CANCELED);
		return;
	}
	if (exec->ending == ERROR_NONE || exec->ending == ERROR_TIMEOUT)
		exec->ending = ERROR_CANCELED;
	exec->n_kills = 1;
	exec->deadline_ns = INT64_MAX;
	exec->kill_ns = INT64_MAX;
}

enum fault_code model_cancel(struct model *model, const struct model_cancel *cancel)
{
	for (size_t i = 0; i < model->n_runs; i++) {
		struct model_run *run = model->runs[i];
		if (run->is_over || (cancel->run != NULL && cancel->run != run))
			continue;
		for (size_t j = 0; j < run->n_members; j++)
			cancel_member(model, cancel, &run->members[j]);
	}
	return FAULT_NONE;
}
