/* Requests that schedule, from their names to their effect; see resolve.h. */
#include "daemon/core/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/expand.h"
#include "daemon/core/history.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/nested.h"
#include "daemon/core/priority.h"
#include "daemon/core/ready.h"
#include "daemon/core/registry.h"
#include "daemon/core/resolving.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/slots.h"
#include "daemon/core/touch.h"
#include "daemon/core/wait.h"

static bool join_below(struct execution *execution, void *arg)
{
	struct search *search = arg;

	execution_join_run(search->core, execution, search->run);
	return true;
}

/* How many nodes ahead something is fetched of them, which is all over the memory. */
enum { AHEAD = 8 };

/* What is fetched in a loop has to be inlined: calls that do nothing but this are dropped as calls
 * that do nothing. */
#define FETCHES __attribute__((always_inline)) static inline

/* The node that is i-th in the order, or NULL. */
static struct node *ordered(const struct search *search, size_t i)
{
	return i < search->n_order ? &search->nodes[search->order[i]] : NULL;
}

/* Fetches what the execution of a later node is made of: the node, its proc, the definition. */
FETCHES void fetch_parts(const struct search *search, size_t i)
{
	const struct node *farthest = ordered(search, i + 3 * (size_t)AHEAD);
	const struct node *far = ordered(search, i + 2 * (size_t)AHEAD);
	const struct node *near = ordered(search, i + AHEAD);

	if (farthest != NULL)
		__builtin_prefetch(farthest);
	if (far != NULL) {
		__builtin_prefetch(&far->proc->mean_ns);
		__builtin_prefetch(&far->proc->name);
		__builtin_prefetch(&far->proc->name_waits);
	}
	if (near != NULL) {
		__builtin_prefetch(near->proc->definition);
		__builtin_prefetch(&near->proc->definition->executor);
	}
}

static void make_executions(struct search *search, const struct scope *scope)
{
	for (size_t i = 0; i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		if (node->kind == NODE_JOIN && node->is_reached)
			execution_each_below(search->core, node->execution, join_below, search);
	}
	for (size_t i = 0; i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		fetch_parts(search, i);
		if (node->kind != NODE_NEW || !node->is_reached)
			continue;
		node->execution = execution_new(search->core, node->proc, search->run, scope);
		node->execution->is_new = true;
		execution_join_run(search->core, node->execution, search->run);
		execution_line_up(node->execution);
		if (node->execution->predecessor != NULL)
			priority_raise(
			    search->core, node->execution->predecessor, node->execution->priority);
	}
}

/* Whether something in run has failed; what has just done so is not counted yet. */
static bool has_failed(const struct core *core, const struct run *run)
{
	return run->n_failed > 0 || !TAILQ_EMPTY(&core->settling);
}

/* The first of the dependencies of execution that has failed in the run; or NULL. */
static struct execution *failed_dep(
    const struct core *core, const struct run *run, const struct execution *execution)
{
	if (!has_failed(core, run))
		return NULL;
	for (uint32_t i = 0; i < execution->n_deps; i++) {
		const struct membership *member = execution_in_run(execution->deps[i], run);
		if (member != NULL && membership_is_complete(member) &&
		    !membership_is_success(member))
			return execution->deps[i];
	}
	return NULL;
}

/* Fetches what a later node is linked with: the nodes that its edges go to, then their executions,
 * as far as linking looks at them. Only of edges that certainly hold. */
FETCHES void fetch_deps(const struct search *search, size_t i)
{
	const struct node *far = ordered(search, i + 2 * (size_t)AHEAD);
	const struct node *near = ordered(search, i + AHEAD);

	for (size_t j = 0; far != NULL && j < far->n_edges; j++)
		if (search->edges[far->first_edge + j].kind == SEARCH_DEP)
			__builtin_prefetch(&search->nodes[search->edges[far->first_edge + j].to]);
	for (size_t j = 0; near != NULL && j < near->n_edges; j++) {
		const struct search_edge *edge = &search->edges[near->first_edge + j];
		const struct execution *dep =
		    edge->kind == SEARCH_DEP ? search->nodes[edge->to].execution : NULL;
		if (dep == NULL)
			continue;
		__builtin_prefetch(&dep->dependents);
		__builtin_prefetch(&dep->state);
		__builtin_prefetch(&dep->first);
		__builtin_prefetch(&dep->priority);
	}
}

static void link_node(struct search *search, struct node *node)
{
	struct execution *execution = node->execution;
	uint32_t dep;

	for (size_t i = 0; i < node->n_edges; i++) {
		struct search_edge *edge = &search->edges[node->first_edge + i];
		if (edge->kind == SEARCH_MISSING) {
			/* The reference that the edge holds is taken over. */
			missing_add(search->core, execution, edge->proc);
			edge->kind = SEARCH_PULL;
		} else if (search_edge_holds(search, edge, &dep) &&
		           (edge->kind != SEARCH_WHEN_SCHEDULED ||
		               !execution_depends_on(execution, search->nodes[dep].execution))) {
			/* Edges of the other kinds stand once already. */
			execution_add_dep(search->core, execution, search->nodes[dep].execution);
		}
	}
}

static void link_late(struct search *search)
{
	for (size_t i = 0; i < search->n_late; i++) {
		struct execution *execution = search->late[i].execution;
		struct execution *dep = search->nodes[search->late[i].dep].execution;
		if (execution_depends_on(execution, dep))
			continue;
		ready_forget(search->core, execution);
		execution_add_dep(search->core, execution, dep);
	}
}

/* The commands of a node's dependencies are run from here on. */
static void ask(struct search *search, struct node *node)
{
	for (size_t i = 0; i < node->n_edges; i++) {
		const struct search_edge *edge = &search->edges[node->first_edge + i];
		if (edge->kind == SEARCH_ASK)
			resolving_begin(search->core, node->execution,
			    &(struct question){
			        .dep = edge->to, .definition = edge->definition, .arg = edge->arg});
	}
}

/* Whatever was linked or joined goes its way: it fails, or is ready if nothing holds it. */
static void release(struct search *search, struct execution *execution, int64_t now_ns)
{
	struct execution *failed = failed_dep(search->core, search->run, execution);
	struct membership *member = failed ? execution_in_run(execution, search->run) : NULL;

	if (execution_is_past_deps(execution))
		return;
	if (member != NULL && !membership_is_complete(member))
		settle_dep_failed(search->core, member, failed, now_ns);
	else
		ready_consider(search->core, execution);
}

/* What late dependencies have brought into another run may depend on what has failed there. */
static void release_brought(struct core *core, int64_t now_ns)
{
	for (size_t i = 0; i < core->n_brought; i++) {
		struct membership *member = core->brought[i];
		if (execution_is_past_deps(member->execution) || membership_is_complete(member))
			continue;
		struct execution *failed = failed_dep(core, member->run, member->execution);
		if (failed != NULL)
			settle_dep_failed(core, member, failed, now_ns);
	}
	core->n_brought = 0;
}

/* What it depends on may count as canceled in some of its runs; but for one, or NULL. */
static void fail_in_runs(
    struct core *core, struct execution *execution, const struct run *but, int64_t now_ns)
{
	struct membership *at = &execution->first;

	do {
		if (at->run == NULL || at->run == but || membership_is_complete(at))
			continue;
		struct execution *failed = failed_dep(core, at->run, execution);
		if (failed != NULL)
			settle_dep_failed(core, at, failed, now_ns);
	} while ((at = at->next_of_execution) != NULL);
}

/* A dependency that came late may be one that has failed in other runs of its dependent. */
static void release_late(struct search *search, struct execution *execution, int64_t now_ns)
{
	fail_in_runs(search->core, execution, search->run, now_ns);
	release(search, execution, now_ns);
}

void resolve_again(struct core *core, struct execution *execution, int64_t now_ns)
{
	fail_in_runs(core, execution, NULL, now_ns);
	ready_consider(core, execution);
	settle_all(core, now_ns);
}

static bool release_joined(struct execution *execution, void *arg)
{
	struct search *search = arg;

	release(search, execution, search->now_ns);
	return true;
}

/* Whether start_outcome tells of the node, as somebody may wait for it. */
static struct membership *find_pulled(const struct search *search, const struct node *node)
{
	if (node->execution == NULL || (node->kind == NODE_MEMBER && !node->is_root))
		return NULL;
	return node->kind == NODE_NEW ? &node->execution->first
	                              : execution_in_run(node->execution, search->run);
}

/* What a process is going to wait for is as urgent as that is, before anything of it fails. */
static void raise_pulled(struct search *search, const struct scope *scope)
{
	const struct execution *asker =
	    scope->is_waiting ? core_find_execution(search->core, scope->exec) : NULL;

	for (size_t i = 0; asker != NULL && i < search->n_nodes; i++) {
		const struct membership *member = find_pulled(search, &search->nodes[i]);
		if (member != NULL && !membership_is_complete(member))
			priority_raise(search->core, member->execution, asker->priority);
	}
}

void resolve_commit(struct search *search, const struct scope *scope)
{
	struct core *core = search->core;
	struct run *run = search->run;
	bool was_settling = core->is_settling;

	core->is_settling = true; /* what fails here cancels others, where it is fail-fast */
	if (run->is_new)
		action_emit(core, &(struct action){.kind = ACTION_RUN_OPENED, .run = run});
	run->is_new = false;
	if (run->params == NULL || strcmp(run->params->text, search->params) != 0) {
		params_unref(run->params);
		run->params = params_get(core, search->params);
		touch_run(core, run);
	}
	search->now_ns = scope->now_ns;
	slots_use(search->core, search->run, scope);
	make_executions(search, scope);
	history_rank(search);
	for (size_t i = 0; i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		fetch_deps(search, i);
		if (node->kind == NODE_NEW && node->is_reached)
			link_node(search, node);
	}
	link_late(search);
	raise_pulled(search, scope);
	for (size_t i = 0; i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		if (node->kind != NODE_NEW || !node->is_reached)
			continue;
		node->execution->is_new = false;
		action_changed(core, node->execution, NULL);
		if (search->n_asks > 0)
			ask(search, node);
	}
	for (size_t i = 0; i < search->n_order; i++) {
		struct node *node = &search->nodes[search->order[i]];
		if (node->kind == NODE_NEW && node->is_reached)
			release(search, node->execution, scope->now_ns);
		/* What it depends on may count as canceled in this run already. */
		if (node->kind == NODE_JOIN && node->is_reached && has_failed(core, run))
			execution_each_below(core, node->execution, release_joined, search);
	}
	release_brought(core, scope->now_ns);
	for (size_t i = 0; i < search->n_late; i++)
		release_late(search, search->late[i].execution, scope->now_ns);
	core->is_settling = was_settling;
	run_check_quiet(core, run);
}

static void pulled_add(struct start_outcome *outcome, size_t *max, struct membership *member)
{
	if (outcome->n_pulled == *max) {
		*max = *max ? 2 * *max : 16;
		outcome->pulled = mem_resize(outcome->pulled, *max, sizeof(*outcome->pulled));
	}
	outcome->pulled[outcome->n_pulled++] = member;
}

/* Lists what was named and what came with it, in the order of the search. */
static void list_pulled(struct search *search, struct start_outcome *outcome)
{
	size_t max = 0;

	for (size_t i = 0; i < search->n_nodes; i++) {
		struct membership *member = find_pulled(search, &search->nodes[i]);
		if (member != NULL)
			pulled_add(outcome, &max, member);
	}
}

void start_outcome_clear(struct start_outcome *outcome)
{
	strings_clear(&outcome->names);
	free(outcome->pulled);
	*outcome = (struct start_outcome){0};
}

static int refuse_over(struct fault *fault, const struct run *run)
{
	return fault_set(fault, FAULT_NOT_ALLOWED,
	    "run %llu is over: nothing more can be started in it", (unsigned long long)run->id);
}

/* Whether who asks can wait for all that the search has found. */
static int check_waiting(struct search *search, const struct scope *scope)
{
	struct execution *asker =
	    scope->exec ? core_find_execution(search->core, scope->exec) : NULL;
	struct nested nested = {.asker = asker, .search = search, .is_for_all = true};

	if (!scope->is_waiting || asker == NULL || asker->state != STATE_RUNNING)
		return 0;
	return wait_check(search->core, &nested, search->fault);
}

int resolve_start(struct core *core, struct proc *const *roots, size_t n_roots,
    const struct scope *scope, const struct choices_answers *answers, bool is_fail_fast,
    struct start_outcome *outcome, struct fault *fault)
{
	struct search search = {.core = core,
	    .params = scope->params ? scope->params : "{}",
	    .answers = answers,
	    .fault = fault};
	int result = -1;

	if (slots_check(core, scope, fault) != 0 ||
	    run_for_start(core, scope, &search.run, fault) != 0)
		return -1;
	if (!run_is_active(search.run))
		for (size_t i = 0; i < n_roots; i++)
			if (core_find_member(search.run, roots[i]) == NULL)
				return refuse_over(fault, search.run);
	if (search_run(&search, roots, n_roots) == 0 && check_waiting(&search, scope) == 0) {
		if (run_is_active(search.run)) {
			if (is_fail_fast && !search.run->is_fail_fast) {
				search.run->is_fail_fast = true;
				touch_run(core, search.run);
			}
			resolve_commit(&search, scope);
		}
		outcome->run = search.run->id;
		for (size_t i = 0; i < n_roots; i++)
			strings_add(&outcome->names, roots[i]->name);
		list_pulled(&search, outcome);
		result = 0;
	} else if (search.run->is_new) {
		run_undo(core, search.run);
	}
	search_clear(&search);
	settle_all(core, scope->now_ns);
	return result;
}

/* The procs that names stand for, or without names a late dependency. 0; or -1 with the fault. */
static int late_roots(struct core *core, struct execution *execution, const struct strings *names,
    const struct late_dep *late, struct expansion *expansion)
{
	const struct definition *definition = execution->definition;
	struct strings filled = {0};
	uint64_t known = missing_mark(core, execution);
	int result = 0;

	if (names == NULL && late == NULL)
		return 0;
	if (names == NULL) {
		const char *text = definition->deps[late->dep].text;
		strings_take(&filled, execution->values
		                          ? definition_fill(definition, execution->values, text)
		                          : mem_copy(text));
		names = &filled;
	}
	for (size_t i = 0; i < names->count && result == 0; i++) {
		const char *name = names->items[i];
		enum expansion_status status = expand_name(expansion, name);
		if (status == EXPANSION_REFUSED)
			result = -1;
		if (status == EXPANSION_ASKS)
			result = expand_refuse_asking(expansion);
		if (status != EXPANSION_UNKNOWN)
			continue;
		if (!core->options.allow_missing_deps) {
			expand_refuse_unknown(expansion, name);
			result = -1;
			continue;
		}
		if (missing_check(core, name, expansion->fault) != 0) {
			result = -1;
			continue;
		}
		struct proc *proc = registry_get(core, name);
		if (proc->visit == known)
			continue;
		proc->references++;
		missing_add(core, execution, proc);
	}
	strings_clear(&filled);
	return result;
}

/* Who waits for all that a request pulled in waits for what comes in late too. */
static void extend_waits(struct search *search, struct execution *execution)
{
	struct membership *member = execution_in_run(execution, search->run);

	for (size_t i = 0; i < search->n_nodes; i++) {
		const struct node *node = &search->nodes[i];
		if (node->execution == NULL || node->kind == NODE_MEMBER)
			continue;
		struct membership *pulled = execution_in_run(node->execution, search->run);
		if (pulled != NULL)
			wait_extend(search->core, member, pulled);
	}
}

/* Asks for the choices that a late dependency was found to need, to try again with their answer. */
static void ask_late(struct core *core, struct execution *execution, const struct strings *names,
    struct late_dep *late, const struct search *search, const struct expansion *expansion)
{
	struct question question = {.names = names,
	    .definition =
	        search->asked_definition ? search->asked_definition : expansion->asked_definition,
	    .arg = search->asked_definition ? search->asked_arg : expansion->asked_arg};

	if (late != NULL) {
		question.dep = late->dep;
		question.answers = late->answers;
		question.n_answers = late->n_answers;
		late->answers = NULL;
		late->n_answers = 0;
	}
	resolving_begin(core, execution, &question);
}

void resolve_late(struct core *core, struct execution *execution, const struct strings *names,
    struct late_dep *late, int64_t now_ns)
{
	struct fault fault = {0};
	struct choices_answers answers = {0};
	struct scope scope = {.env = execution->env, .now_ns = now_ns};
	struct search search = {.core = core,
	    .run = execution_home(execution),
	    .params = execution->params->text,
	    .answers = &answers,
	    .fault = &fault,
	    .parent = execution};
	struct expansion expansion = {.core = core, .answers = &answers, .fault = &fault};

	if (late != NULL)
		answers = (struct choices_answers){late->answers, late->n_answers};
	registry_keep_created(core);
	int result = late_roots(core, execution, names, late, &expansion);
	if (result == 0 && expansion.n_procs > 0 &&
	    (result = search_run(&search, expansion.procs, expansion.n_procs)) == 0) {
		resolve_commit(&search, &scope);
		extend_waits(&search, execution);
	}
	if (result < 0) {
		registry_undo_created(core);
		if (fault.code == FAULT_NEEDS_CHOICES)
			ask_late(core, execution, names, late, &search, &expansion);
		else
			settle_fail(core, execution, ERROR_RESOLVE, fault.message, now_ns);
	} else {
		registry_keep_created(core);
		ready_consider(core, execution);
	}
	search_clear(&search);
	free(expansion.procs);
	fault_clear(&fault);
}
