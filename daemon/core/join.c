/* Joining executions of other runs, and late dependencies; see join.h. */
#include "daemon/core/join.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/values.h"

static bool depends_on_proc(const struct execution *execution, const struct proc *proc)
{
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (execution->deps[i]->proc == proc)
			return true;
	return false;
}

/* Whether execution can come into the run: no other one of its proc is in it, or comes with it. */
static bool fits(struct execution *execution, void *arg)
{
	const struct search *search = arg;
	const struct node *node = search_find(search, execution->proc);
	const struct membership *member;

	for (const struct execution *at = execution->proc->newest; at; at = at->older)
		if (at != execution && at->visit == search->core->visit)
			return false;
	if (node != NULL && node->execution != NULL)
		return node->execution == execution;
	member = core_find_member(search->run, execution->proc);
	return member == NULL || member->execution == execution;
}

/* Whether the run may have execution, for all that it depends on. */
static bool may_join(const struct search *search, const struct execution *execution)
{
	const struct proc *proc = execution->proc;

	if (execution->definition != proc->definition ||
	    !values_are_same(execution->values, proc->values, proc->definition->n_args) ||
	    execution->ending != ERROR_NONE || execution->live_runs == 0 ||
	    strcmp(execution->params->text, search->params) != 0)
		return false;
	for (size_t i = 0; i < search->n_unjoined; i++)
		if (search->unjoined[i] == execution)
			return false;
	return true;
}

static bool can_join(struct search *search, struct execution *execution)
{
	return may_join(search, execution) &&
	       execution_each_below(search->core, execution, fits, search);
}

static bool adopt(struct execution *execution, void *arg)
{
	struct search *search = arg;
	struct proc *proc = execution->proc;

	if (search_find(search, proc) == NULL) {
		bool is_member = execution_in_run(execution, search->run) != NULL;
		search_add_node(search, proc, is_member ? NODE_MEMBER : NODE_ADOPTED, execution);
	}
	/* It may have been met before and taken for new. */
	struct node *node = &search->nodes[proc->node];
	if (node->kind == NODE_NEW) {
		search->n_replaced++;
		node->kind = NODE_ADOPTED;
		node->execution = execution;
		search_set_wave(search, node, execution->wave);
	}
	return true;
}

uint32_t join_find(struct search *search, struct proc *proc)
{
	struct execution *execution = search->is_apart ? NULL : proc->in_flight;

	while (execution != NULL && !can_join(search, execution))
		execution = execution->successor;
	if (execution == NULL)
		return search_add_node(search, proc, NODE_NEW, NULL);
	size_t n_replaced = search->n_replaced;
	execution_each_below(search->core, execution, adopt, search);
	search->nodes[proc->node].kind = NODE_JOIN;
	search->nodes[proc->node].has_replaced = search->n_replaced > n_replaced;
	search->n_joined++;
	return proc->node;
}

bool join_adopted(const struct search *search, struct node *node)
{
	if (node->kind != NODE_ADOPTED || !node->is_needed ||
	    execution_is_complete(node->execution) || !may_join(search, node->execution))
		return false;
	node->kind = NODE_JOIN;
	node->n_edges = 0;
	return true;
}

static void unjoin(struct search *search, struct execution *execution)
{
	search->unjoined =
	    mem_resize(search->unjoined, search->n_unjoined + 1, sizeof(*search->unjoined));
	search->unjoined[search->n_unjoined++] = execution;
	search->is_again = true;
}

/* Whether a node that is joined or adopted gets dep in this run. */
static bool is_late(const struct search *search, const struct node *node, uint32_t dep)
{
	/* Those that come as they are stay so between themselves. */
	if (node->kind == NODE_ADOPTED && search->nodes[dep].kind == NODE_ADOPTED)
		return false;
	return !depends_on_proc(node->execution, search->nodes[dep].proc);
}

/* Whether a conditional rdep promises something of a node that is too late for that. */
static bool is_broken(const struct search *search, const struct node *node)
{
	uint32_t dep;

	if (!execution_has_begun(node->execution))
		return false;
	for (size_t i = 0; i < node->n_edges; i++) {
		const struct search_edge *edge = &search->edges[node->first_edge + i];
		if (edge->is_promised && search_edge_holds(search, edge, &dep) &&
		    is_late(search, node, dep))
			return true;
	}
	return false;
}

static bool is_other(struct execution *execution, void *arg)
{
	return execution != arg;
}

/* What brought the adopted execution in must not be joined. */
static void unjoin_above(struct search *search, struct execution *execution)
{
	for (size_t i = 0; i < search->n_nodes; i++) {
		struct node *node = &search->nodes[i];
		if (node->kind == NODE_JOIN &&
		    !execution_each_below(search->core, node->execution, is_other, execution))
			unjoin(search, node->execution);
	}
}

/*
 * How many are given up before it is looked again: what is given up may have been all that was
 * wrong with others. So it is one at a time, but for requests that give up very many.
 */
static size_t give_up_limit(const struct search *search)
{
	return search->n_unjoined + 1 + search->n_unjoined / 16;
}

/* Those in vain that have, or have not, replaced something. Answers whether there is one. */
static bool give_up_those(struct search *search, bool has_replaced)
{
	size_t limit = give_up_limit(search), n_before = search->n_unjoined;

	for (size_t i = search->n_nodes; i-- > 0 && search->n_unjoined < limit;) {
		const struct node *node = &search->nodes[i];
		if (node->kind == NODE_JOIN && !node->is_reached &&
		    node->has_replaced == has_replaced)
			unjoin(search, node->execution);
	}
	return search->n_unjoined > n_before;
}

/*
 * What nothing needs any more since something that was joined later brought what needed it. What
 * brought what it was itself needed by is the reason for that; else the last is in vain whatever
 * happens to others.
 */
static void give_up_vain(struct search *search)
{
	if (!give_up_those(search, true))
		give_up_those(search, false);
}

static void give_up_broken(struct search *search)
{
	size_t limit = give_up_limit(search);

	for (size_t i = search->n_nodes; i-- > 0 && search->n_unjoined < limit;) {
		struct node *node = &search->nodes[i];
		if (node->kind == NODE_JOIN && is_broken(search, node))
			unjoin(search, node->execution);
		else if (node->kind == NODE_ADOPTED && is_broken(search, node))
			unjoin_above(search, node->execution);
	}
}

bool join_check(struct search *search)
{
	if (search->n_joined == 0)
		return true;
	give_up_vain(search);
	if (!search->is_again)
		give_up_broken(search);
	return !search->is_again;
}

bool join_undo(struct search *search, struct execution *execution)
{
	const struct node *node = search_find(search, execution->proc);

	if (node == NULL || node->execution != execution)
		return false;
	if (node->kind == NODE_JOIN)
		unjoin(search, node->execution);
	else if (node->kind == NODE_ADOPTED)
		unjoin_above(search, execution);
	return node->kind == NODE_JOIN || node->kind == NODE_ADOPTED;
}

static void add_late(struct search *search, struct execution *execution, uint32_t dep)
{
	if (search->n_late == search->max_late) {
		search->max_late = search->max_late ? 2 * search->max_late : 16;
		search->late = mem_resize(search->late, search->max_late, sizeof(*search->late));
	}
	search->late[search->n_late++] = (struct late_edge){execution, dep};
}

struct target_check {
	struct search *search;
	uint32_t declarer;
	enum rdep_kind kind;
	const char *pattern;
	int result;
};

/* target, in the run already, is declared to come after a node that comes in now. */
static bool check_target(void *item, void *arg)
{
	struct target_check *check = arg;
	struct search *search = check->search;
	struct proc *target = item;
	const struct proc *declarer = search->nodes[check->declarer].proc;
	const char *state;
	struct capture captures[NAME_PLACEHOLDERS_MAX];
	struct membership *member = core_find_member(search->run, target);

	if (member == NULL || target == declarer ||
	    name_match(check->pattern, search->core->separator, target->name, captures) < 0)
		return true;
	struct execution *execution = member->execution;
	if (depends_on_proc(execution, declarer))
		return true;
	if (!execution_has_begun(execution) && member->override == ERROR_NONE) {
		add_late(search, execution, check->declarer);
		return true;
	}
	if (check->kind == RDEP_PLAIN)
		return true;
	state = execution->is_standby              ? "about to start"
	        : execution->state == STATE_WANTED ? "tried again"
	                                           : execution_state_name(execution);
	check->result = fault_set(search->fault, FAULT_TOO_LATE,
	    "%s has to come before %s, but it is too late for that: %s is %s in run %llu already",
	    declarer->name, target->name, target->name, state, (unsigned long long)search->run->id);
	strings_add(&search->fault->names, declarer->name);
	strings_add(&search->fault->names, target->name);
	return false;
}

/* The run's procs by name, for patterns; made when it is first needed. */
static const struct index *run_names(struct search *search)
{
	struct run *run = search->run;
	struct membership *member;

	if (run->names != NULL)
		return run->names;
	run->names = index_new(search->core->separator);
	TAILQ_FOREACH (member, &run->members, of_run)
		index_add(run->names, member->execution->proc->name, member->execution->proc);
	return run->names;
}

static int check_targets(struct search *search, uint32_t declarer)
{
	struct proc *proc = search->nodes[declarer].proc;

	for (size_t i = 0; proc->rdeps && i < proc->definition->n_rdeps; i++) {
		const struct rdep_entry *entry = &proc->rdeps[i];
		struct target_check check = {search, declarer, entry->kind, entry->target, 0};
		if (name_has_placeholder(entry->target)) {
			index_find_names(run_names(search), entry->target, check_target, &check);
		} else {
			struct proc *target = registry_find(search->core, entry->target);
			if (target != NULL)
				check_target(target, &check);
		}
		if (check.result != 0)
			return -1;
	}
	return 0;
}

/* A joined or adopted execution that still waits gets the dependencies that it does not have. */
static void find_late_of_joined(struct search *search, const struct node *node)
{
	uint32_t dep;

	if (execution_has_begun(node->execution))
		return;
	for (size_t i = 0; i < node->n_edges; i++) {
		const struct search_edge *edge = &search->edges[node->first_edge + i];
		if (search_edge_holds(search, edge, &dep) && is_late(search, node, dep))
			add_late(search, node->execution, dep);
	}
}

int join_find_late(struct search *search)
{
	for (size_t i = 0; i < search->n_nodes; i++) {
		const struct node *node = &search->nodes[i];
		if (node->kind == NODE_ADOPTED)
			find_late_of_joined(search, node);
		if (!node->is_reached || (node->kind != NODE_NEW && node->kind != NODE_JOIN))
			continue;
		if (node->kind == NODE_JOIN)
			find_late_of_joined(search, node);
		if (search->run->n_members > 0 && node->proc->rdeps != NULL &&
		    check_targets(search, (uint32_t)i) != 0)
			return -1;
	}
	for (size_t i = 0; search->parent && i < search->n_nodes; i++)
		if (search->nodes[i].is_root)
			add_late(search, search->parent, (uint32_t)i);
	return 0;
}
