/*
 * What of a plan is joined: an execution that is in flight in another run stands for a node, with
 * all that it depends on. A choice that turns out wrong is banned, and the plan is made again.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_plan.h"

static void add_exec(struct model_exec ***list, size_t *count, struct model_exec *exec)
{
	*list = mem_resize(*list, *count + 1, sizeof(struct model_exec *));
	(*list)[(*count)++] = exec;
}

/* Whether exec is other or depends on it in the end. */
static bool is_above(const struct model_exec *exec, const struct model_exec *other)
{
	if (exec == other)
		return true;
	for (size_t i = 0; i < exec->n_deps; i++)
		if (is_above(exec->deps[i], other))
			return true;
	return false;
}

static bool is_banned(const struct model_plan *plan, const struct model_exec *exec)
{
	for (size_t i = 0; i < plan->n_banned; i++)
		if (plan->banned[i] == exec)
			return true;
	return false;
}

void plan_break_join(struct model_plan *plan, const struct model_exec *exec)
{
	bool is_whole = plan_is_joined(plan, exec);
	plan->n_broken = 0;
	for (size_t i = 0; i < plan->n_joined; i++)
		if (is_whole ? plan->joined[i] == exec : is_above(plan->joined[i], exec))
			add_exec(&plan->broken, &plan->n_broken, plan->joined[i]);
}

/* The execution and all that it depends on, if none of that is in the run as something else. */
static bool collect_adopted(
    struct model_plan *plan, struct model_exec *exec, struct model_exec ***list, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if ((*list)[i] == exec)
			return true;
	struct model_member *member = model_find_member(plan->run, exec->name);
	struct model_exec *adopted = plan_find_adopted(plan, exec->name);
	if ((member != NULL && member->exec != exec) || (adopted != NULL && adopted != exec))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (strcmp((*list)[i]->name, exec->name) == 0)
			return false;
	*list = mem_resize(*list, *count + 1, sizeof(struct model_exec *));
	(*list)[(*count)++] = exec;
	for (size_t i = 0; i < exec->n_deps; i++)
		if (!collect_adopted(plan, exec->deps[i], list, count))
			return false;
	return true;
}

/* Whether the core's number is that of exec, or may be if that is not known yet. */
static bool is_number_of(struct model *model, uint64_t id, const struct model_exec *exec)
{
	if (exec->id != 0)
		return id == exec->id;
	return id != 0 && model_find_exec(model, id) == NULL;
}

static bool is_allowed(const struct model_plan *plan, const struct model_exec *exec)
{
	struct model *model = plan->model;
	return !plan->is_hinted ||
	       is_number_of(
	           model, model->find_id(plan->run->id, exec->name, model->core_arg), exec);
}

/* Whether exec, in flight elsewhere, can stand for the node; what comes with it is listed. */
static bool can_join(struct model_plan *plan, const struct plan_node *node, struct model_exec *exec,
    struct model_exec ***list, size_t *count)
{
	return strcmp(exec->name, node->target.name) == 0 && is_allowed(plan, exec) &&
	       !model_is_complete(exec) && exec->ending == ERROR_NONE && !is_banned(plan, exec) &&
	       exec->definition == node->target.definition &&
	       model_count_live_runs(plan->model, exec) > 0 &&
	       strcmp(exec->params, plan->params) == 0 && collect_adopted(plan, exec, list, count);
}

/* What came with something joined, but is needed itself too, can be joined as well. */
static bool is_only_adopted(const struct model_plan *plan, const struct plan_node *node)
{
	return node->is_needed && !plan_is_joined(plan, node->exec) &&
	       model_find_member(plan->run, node->target.name) == NULL;
}

/* Joins the first node that can be joined, with the oldest that fits; false: there is none. */
static bool join_one(struct model_plan *plan)
{
	for (size_t i = 0; i < plan->n_nodes; i++) {
		if (plan->nodes[i].exec != NULL && !is_only_adopted(plan, &plan->nodes[i]))
			continue;
		for (size_t j = 0; j < plan->model->n_execs; j++) {
			struct model_exec **list = NULL;
			size_t count = 0;
			bool is_good =
			    can_join(plan, &plan->nodes[i], plan->model->execs[j], &list, &count);
			for (size_t k = 0; is_good && k < count; k++) {
				add_exec(&plan->adopted, &plan->n_adopted, list[k]);
			}
			free(list);
			if (is_good) {
				add_exec(&plan->joined, &plan->n_joined, plan->model->execs[j]);
				return true;
			}
		}
	}
	return false;
}

/* What would have to come after something that waits for it, in the line of a proc or by what it
 * depends on, cannot be joined. */
static void break_circles(struct model_plan *plan)
{
	for (size_t i = 0; i < plan->n_edges; i++) {
		const struct model_exec *exec = plan->nodes[plan->edges[i].from].exec;
		if (exec != NULL && plan_find_adopted(plan, exec->name) == exec &&
		    model_find_member(plan->run, exec->name) == NULL &&
		    plan_is_circle(plan, &plan->edges[i]))
			plan_break_join(plan, exec);
	}
}

/* Strictly, what must not be joined for what is needed must not come along with others either. */
static void break_banned(struct model_plan *plan)
{
	for (size_t i = 0; i < plan->n_nodes; i++) {
		const struct plan_node *node = &plan->nodes[i];
		if (node->exec != NULL && is_only_adopted(plan, node) &&
		    is_banned(plan, node->exec))
			plan_break_join(plan, node->exec);
	}
}

/* What was joined last of what is needed no more by what others brought. */
static struct model_exec *find_vain(struct model_plan *plan)
{
	for (size_t i = plan->n_joined; i-- > 0;)
		if (plan_find_node(plan, plan->joined[i]->name) == NULL)
			return plan->joined[i];
	return NULL;
}

/* What was joined in vain must not be, nor what cannot come after what it has to come after: one
 * at a time, since it may be all that was wrong with others. False: all are fine. */
static bool ban(struct model_plan *plan)
{
	struct model_exec *vain = find_vain(plan);
	if (vain == NULL && plan->n_broken == 0 && plan->is_strict)
		break_banned(plan);
	if (vain == NULL && plan->n_broken == 0)
		break_circles(plan);
	if (vain == NULL && plan->n_broken == 0)
		return false;
	if (vain != NULL)
		add_exec(&plan->banned, &plan->n_banned, vain);
	for (size_t i = 0; vain == NULL && i < plan->n_broken; i++)
		add_exec(&plan->banned, &plan->n_banned, plan->broken[i]);
	plan->n_joined = 0;
	plan->n_adopted = 0;
	return true;
}

static void make(struct model_plan *plan, const char *const *names, size_t n_names)
{
	plan->n_joined = plan->n_adopted = plan->n_banned = 0;
	do {
		plan_forget_nodes(plan);
		strings_clear(&plan->missing);
		plan_resolve(plan, names, n_names);
	} while (join_one(plan) || ban(plan));
}

/* Whether the core has the same executions in the run for the nodes. */
static bool is_as_in_core(const struct model_plan *plan)
{
	struct model *model = plan->model;
	for (size_t i = 0; i < plan->n_nodes; i++) {
		const struct plan_node *node = &plan->nodes[i];
		uint64_t id = model->find_id(plan->run->id, node->target.name, model->core_arg);
		if (node->exec != NULL ? !is_number_of(model, id, node->exec)
		                       : model_find_exec(model, id) != NULL)
			return false;
	}
	return true;
}

/*
 * Two executions that could be joined may exclude each other, since each brings another one of the
 * same proc with it, or takes away what the other is needed for. Which is joined then depends on
 * what is looked at first, and that is said nowhere: the core's choice is good if the plan comes to
 * the same with it.
 */
void plan_make(struct model_plan *plan, const char *const *names, size_t n_names)
{
	make(plan, names, n_names);
	bool is_in_core = plan->n_roots > 0 &&
	                  plan->model->find_id(plan->run->id,
	                      plan->nodes[plan->roots[0]].target.name, plan->model->core_arg) != 0;
	if (!is_in_core || is_as_in_core(plan))
		return;
	plan->model->n_hints++;
	plan->is_hinted = true;
	make(plan, names, n_names);
	if (is_as_in_core(plan))
		return;
	plan->is_strict = true;
	make(plan, names, n_names);
}

void plan_free(struct model_plan *plan)
{
	plan_forget_nodes(plan);
	strings_clear(&plan->missing);
	free(plan->nodes);
	free(plan->edges);
	free(plan->roots);
	free(plan->adopted);
	free(plan->joined);
	free(plan->banned);
	free(plan->broken);
}
