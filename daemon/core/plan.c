/* What a request would do, without doing it; and why an execution does not run yet. */
#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/expand.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"
#include "daemon/core/run.h"
#include "daemon/core/search.h"
#include "daemon/core/slots.h"
#include "daemon/core/wait.h"

/* What is said of those that hold slots. */
#define SLOT_HOLDERS_MAX 5
#define SLOTS_LOOKED_AT 64

/* The same of what a process waits for. */
#define NESTED_NAMES_MAX 4
#define NESTED_LOOKED_AT 64

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		free(plan->steps[i].name);
		strings_clear(&plan->steps[i].deps);
		strings_clear(&plan->steps[i].missing);
		strings_clear(&plan->steps[i].commands);
		strings_clear(&plan->steps[i].locks);
		free(plan->steps[i].reasons);
	}
	free(plan->steps);
	*plan = (struct plan){0};
}

static enum edge_reason reason_of(const struct search_edge *edge)
{
	if (edge->kind == SEARCH_RDEP)
		return EDGE_RDEP;
	if (edge->kind == SEARCH_WHEN_TARGET_SCHEDULED)
		return EDGE_WHEN_TARGET_SCHEDULED;
	return edge->kind == SEARCH_WHEN_SCHEDULED ? EDGE_WHEN_SCHEDULED : EDGE_DEP;
}

struct ordering {
	struct search *search;
	struct plan *plan;
	uint32_t *named_by; /* of each node: 1 + the one whose dependencies have it already */
	uint32_t *stack;
};

static const char *asked_command(const struct search_edge *edge, const struct definition *own)
{
	const struct command *command = edge->definition
	                                    ? &edge->definition->args[edge->arg].choices_command
	                                    : &own->deps[edge->to].command;

	return command->words[0];
}

static void describe_edges(
    const struct ordering *ordering, const struct node *node, struct plan_step *step)
{
	const struct search *search = ordering->search;
	uint32_t self = (uint32_t)(node - search->nodes) + 1, dep;

	step->reasons = mem_new(node->n_edges, sizeof(*step->reasons));
	for (size_t i = 0; i < node->n_edges; i++) {
		const struct search_edge *edge = &search->edges[node->first_edge + i];
		if (edge->kind == SEARCH_MISSING) {
			strings_add(&step->missing, edge->proc->name);
		} else if (edge->kind == SEARCH_ASK) {
			strings_add(&step->commands, asked_command(edge, node->proc->definition));
		} else if (search_edge_holds(search, edge, &dep) &&
		           ordering->named_by[dep] != self) {
			ordering->named_by[dep] = self;
			step->reasons[step->deps.count] = reason_of(edge);
			strings_add(&step->deps, search->nodes[dep].proc->name);
		}
	}
}

static void describe_locks(const struct proc *proc, struct plan_step *step)
{
	const struct definition *definition = proc->definition;

	for (size_t i = 0; i < definition->locks.count; i++)
		strings_take(&step->locks,
		    definition_fill(definition, proc->values, definition->locks.items[i]));
}

/* Describes the node and, before it, what it depends on. Colors: 0 not seen, 3 begun, 4 done. */
static void describe(struct ordering *ordering, uint32_t root)
{
	struct search *search = ordering->search;
	uint32_t *stack = ordering->stack, dep;
	size_t count = 0;

	stack[count++] = root;
	while (count > 0) {
		struct node *node = &search->nodes[stack[count - 1]];
		if (node->color == 4 || node->kind == NODE_MEMBER || node->kind == NODE_ADOPTED) {
			count--;
			continue;
		}
		if (node->color != 3) {
			node->color = 3;
			for (size_t i = node->kind == NODE_NEW ? node->n_edges : 0; i-- > 0;)
				if (search_edge_holds(
				        search, &search->edges[node->first_edge + i], &dep))
					stack[count++] = dep;
			continue;
		}
		node->color = 4;
		count--;
		struct plan_step *step = &ordering->plan->steps[ordering->plan->n_steps++];
		step->name = mem_copy(node->proc->name);
		step->wave = node->proc->definition->wave;
		step->is_collector = node->proc->definition->run.n_words == 0;
		step->is_joined = node->kind == NODE_JOIN;
		describe_edges(ordering, node, step);
		describe_locks(node->proc, step);
	}
}

static int step_compare(const void *a, const void *b)
{
	const struct plan_step *x = a, *y = b;

	return x->wave < y->wave ? -1 : x->wave > y->wave;
}

static void describe_all(struct search *search, struct plan *plan)
{
	struct ordering ordering = {
	    .search = search,
	    .plan = plan,
	    .named_by = mem_new(search->n_nodes, sizeof(uint32_t)),
	    .stack = mem_new(search->n_nodes + search->n_edges + 1, sizeof(uint32_t)),
	};

	plan->steps = mem_new(search->n_nodes, sizeof(*plan->steps));
	for (size_t i = 0; i < search->n_nodes; i++)
		search->nodes[i].color = 0;
	for (size_t i = 0; i < search->n_order; i++)
		if (search->nodes[search->order[i]].is_reached)
			describe(&ordering, search->order[i]);
	free(ordering.named_by);
	free(ordering.stack);
	/* Waves come one after the other; glibc's qsort is stable, as it merges. */
	qsort(plan->steps, plan->n_steps, sizeof(*plan->steps), step_compare);
}

int core_plan(struct core *core, const struct name_request *request, bool is_apart,
    struct plan *plan, struct fault *fault)
{
	struct scope scope = request->scope;
	struct search search = {.core = core,
	    .params = scope.params ? scope.params : "{}",
	    .answers = &request->answers,
	    .is_apart = is_apart,
	    .fault = fault};
	struct expansion expansion = expansion_of(core, request, fault);
	int result = expand_request(&expansion, request);

	*plan = (struct plan){0};
	if (is_apart) {
		scope.run = scope.exec = 0;
		scope.run_name = NULL;
	}
	if (result == 0)
		result = run_for_start(core, &scope, &search.run, fault);
	if (result == 0)
		result = search_run(&search, expansion.procs, expansion.n_procs);
	if (result == 0)
		describe_all(&search, plan);
	if (search.run != NULL && search.run->is_new)
		run_undo(core, search.run);
	search_clear(&search);
	registry_undo_created(core);
	free(expansion.procs);
	return result;
}

/* Adds the names of the dependencies that are incomplete. */
static void explain_deps(const struct execution *execution, struct reason *reason)
{
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (!execution_is_complete(execution->deps[i]))
			strings_add(&reason->names, execution->deps[i]->proc->name);
}

static void explain_wave(
    const struct run *home, const struct execution *execution, struct reason *reason)
{
	const struct membership *member;

	TAILQ_FOREACH (member, &home->members, of_run)
		if (member->execution->wave < execution->wave && !membership_is_complete(member))
			strings_add(&reason->names, member->execution->proc->name);
}

/* Adds some of those that hold something of the lock. */
static void explain_holders(const struct lock *lock, struct reason *reason)
{
	const struct lock_claim *holder;

	TAILQ_FOREACH (holder, &lock->holders, of_holders) {
		if (reason->n_held == REASON_HOLDERS_MAX)
			return;
		strings_add(&reason->names, holder->execution->proc->name);
		reason->held[reason->n_held] = holder->amount;
		reason->since_ns[reason->n_held++] = holder->execution->started_ns;
	}
}

static void explain_lock(const struct execution *execution, struct reason *reason)
{
	const struct lock_claim *claim = lock_find_unfit(execution);
	const struct execution *before = NULL;

	if (claim == NULL)
		return;
	reason->kind = claim->lock->is_pool ? WAITS_POOL : WAITS_LOCK;
	reason->lock = claim->lock->name;
	reason->amount = claim->amount;
	reason->capacity = claim->lock->capacity;
	reason->used = claim->lock->used;
	if (claim->amount > reason->capacity - reason->used)
		explain_holders(claim->lock, reason);
	else
		before = lock_find_before(claim);
	if (before != NULL)
		strings_add(&reason->names, before->proc->name);
	if (reason->n_held > 0)
		reason->lock_since_ns = reason->since_ns[0];
}

/* Some of those that hold slots, found without a pass over all that runs. */
static void explain_slot(
    const struct core *core, const struct execution *execution, struct reason *reason)
{
	const struct execution *at = core->live;
	bool is_single = core->options.is_single;

	reason->executor = execution_executor(execution);
	reason->capacity = slots_limit(core, execution->slots);
	reason->used = (int64_t)(is_single ? core->n_slots_used : execution->slots->n_used);
	for (size_t i = 0; at != NULL && i < SLOTS_LOOKED_AT; i++, at = at->by_id.next)
		if (at->has_slot && (is_single || at->slots == execution->slots) &&
		    reason->names.count < SLOT_HOLDERS_MAX)
			strings_add(&reason->names, at->proc->name);
}

static void add_wait_item(const struct wait_item *item, struct reason *reason)
{
	if (item->member)
		strings_add(&reason->names, item->member->execution->proc->name);
	else if (item->proc)
		strings_add(&reason->names, item->proc->name);
	else
		strings_take(
		    &reason->names, mem_print("run %llu", (unsigned long long)item->run->id));
}

/* Some of what the process waits for, and how many others: it may be very many, and this is asked
 * with each look. */
static void explain_nested(const struct execution *execution, struct reason *reason)
{
	size_t n_pending = 0, n_looked_at = 0;

	for (const struct wait *wait = execution->nested; wait; wait = wait->next_of_asker) {
		n_pending += wait->n_pending;
		for (const struct wait_item *item = wait->items;
		     item && n_looked_at < NESTED_LOOKED_AT &&
		     reason->names.count < NESTED_NAMES_MAX;
		     item = item->next_of_wait, n_looked_at++)
			if (item->is_pending)
				add_wait_item(item, reason);
	}
	if (n_pending > reason->names.count && reason->names.count > 0)
		strings_take(
		    &reason->names, mem_print("%zu others", n_pending - reason->names.count));
	else if (n_pending > reason->names.count)
		strings_take(&reason->names, mem_print("%zu of what it has started", n_pending));
}

void core_explain(const struct core *core, const struct execution *execution, struct reason *reason)
{
	*reason = (struct reason){.kind = WAITS_NOT};
	if (execution->is_pending) {
		reason->kind = WAITS_OUTSIDE;
	} else if (execution->nested) {
		reason->kind = WAITS_NESTED;
		explain_nested(execution, reason);
	}
	if (execution->state != STATE_WANTED)
		return;
	if (execution->is_retrying) {
		reason->kind = WAITS_RETRY;
		reason->retry_ns = execution->deadline_ns;
	} else if (execution->n_unresolved > 0) {
		reason->kind = WAITS_RESOLVE;
	} else if (!execution->is_standby &&
	           run_holds_back(execution_home(execution), execution->wave)) {
		reason->kind = WAITS_WAVE;
		explain_wave(execution_home(execution), execution, reason);
	} else if (execution->predecessor != NULL) {
		reason->kind = WAITS_PREDECESSOR;
	} else if (execution->n_missing > 0) {
		reason->kind = WAITS_MISSING;
		for (const struct missing *at = execution->missing; at; at = at->next_of_execution)
			strings_add(&reason->names, at->proc->name);
	} else if (execution->n_pending > 0) {
		reason->kind = WAITS_DEPS;
		explain_deps(execution, reason);
	} else if (execution->n_claims > 0 && !execution->is_ready) {
		reason->kind = WAITS_LOCK;
		explain_lock(execution, reason);
	} else {
		reason->kind = WAITS_SLOT;
		explain_slot(core, execution, reason);
	}
}
