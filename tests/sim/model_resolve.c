/*
 * How the model turns names into executions. A plan is made first: nodes are procs, with the
 * execution that stands for each in the run (there already, joined from another run, adopted with
 * one that is joined, or new), edges say what depends on what. Only a plan without faults is
 * carried out.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_plan.h"

struct plan_node *plan_find_node(struct model_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_nodes; i++)
		if (strcmp(plan->nodes[i].target.name, name) == 0)
			return &plan->nodes[i];
	return NULL;
}

struct model_exec *plan_find_adopted(const struct model_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_adopted; i++)
		if (strcmp(plan->adopted[i]->name, name) == 0)
			return plan->adopted[i];
	return NULL;
}

/* The node of a proc; takes the target. */
static size_t visit(struct model_plan *plan, struct model_target target)
{
	struct plan_node *node = plan_find_node(plan, target.name);
	if (node != NULL) {
		model_target_clear(&target);
		return (size_t)(node - plan->nodes);
	}
	plan->nodes = mem_resize(plan->nodes, plan->n_nodes + 1, sizeof(*plan->nodes));
	node = &plan->nodes[plan->n_nodes++];
	*node = (struct plan_node){.target = target};
	struct model_member *member = model_find_member(plan->run, target.name);
	if (member != NULL)
		node->exec = member->exec;
	else
		node->exec = plan_find_adopted(plan, target.name);
	return plan->n_nodes - 1;
}

static void add_edge(struct model_plan *plan, size_t from, size_t to)
{
	plan->edges = mem_resize(plan->edges, plan->n_edges + 1, sizeof(*plan->edges));
	plan->edges[plan->n_edges++] = (struct plan_edge){from, to};
}

static void refuse(struct model_plan *plan, enum fault_code code)
{
	if (plan->code == FAULT_NONE)
		plan->code = code;
}

/* The proc as it is in the registry, or as its execution knew it. */
static struct model_target target_of_exec(const struct model_exec *exec)
{
	struct model_target target = {.name = mem_copy(exec->name), .definition = exec->definition};
	if (exec->definition->n_args > 0) {
		target.values = mem_new(exec->definition->n_args, sizeof(*target.values));
		for (size_t i = 0; i < exec->definition->n_args; i++)
			target.values[i] = mem_copy(exec->values[i]);
	}
	return target;
}

static void visit_name(struct model_plan *plan, size_t from, const char *name)
{
	struct model_targets targets = {0};
	enum fault_code code = model_lookup(plan->model, name, &targets);
	if (code == FAULT_UNKNOWN_NAME) {
		if (!plan->model->allow_missing)
			refuse(plan, FAULT_MISSING_DEP);
		strings_add(&plan->nodes[from].missing, name);
	} else if (code != FAULT_NONE) {
		refuse(plan, code);
	}
	for (size_t i = 0; i < targets.count; i++) {
		add_edge(plan, from, visit(plan, targets.items[i]));
		targets.items[i] = (struct model_target){0};
	}
	free(targets.items);
}

static void expand_deps(struct model_plan *plan, size_t at)
{
	const struct definition *definition = plan->nodes[at].target.definition;
	for (size_t i = 0; i < definition->n_deps; i++) {
		const struct dep *dep = &definition->deps[i];
		if (dep->kind == DEP_COMMAND)
			plan->nodes[at].n_commands++;
		if (dep->kind != DEP_NAME)
			continue;
		char *name = model_fill(definition, plan->nodes[at].target.values, dep->text);
		visit_name(plan, at, name);
		free(name);
	}
}

/* --- reverse dependencies --- */

/* How the rdeps of a proc mean another one. */
struct meaning {
	bool is_plain, is_when_scheduled, is_when_target;
};

static struct meaning find_meaning(struct model_plan *plan, const char *declarer,
    const struct definition *definition, char *const *values, const char *name)
{
	struct meaning meaning = {false, false, false};
	for (size_t i = 0; i < definition->n_rdeps; i++) {
		struct strings found = {0};
		char *pattern = model_fill(definition, values, definition->rdeps[i].target);
		enum rdep_kind kind = definition->rdeps[i].kind;
		/* A pattern that matches its own declarer says nothing about it. */
		bool is_itself = model_is_pattern(pattern) && strcmp(declarer, name) == 0;
		if (!is_itself && model_match(pattern, name, plan->model->separator, &found)) {
			meaning.is_plain |= kind == RDEP_PLAIN;
			meaning.is_when_scheduled |= kind == RDEP_WHEN_SCHEDULED;
			meaning.is_when_target |= kind == RDEP_WHEN_TARGET_SCHEDULED;
		}
		strings_clear(&found);
		free(pattern);
	}
	return meaning;
}

/* The same of a name as the registry knows it. */
static struct meaning find_known_meaning(
    struct model_plan *plan, const char *declarer, const char *name)
{
	const struct model_proc *proc = model_find_proc(plan->model, declarer);
	if (proc == NULL)
		return (struct meaning){false, false, false};
	return find_meaning(plan, declarer, proc->definition, proc->values, name);
}

bool plan_is_joined(const struct model_plan *plan, const struct model_exec *exec)
{
	for (size_t i = 0; i < plan->n_joined; i++)
		if (plan->joined[i] == exec)
			return true;
	return false;
}

/* It comes with one that is joined, as it is. */
static bool is_adopted(const struct model_plan *plan, const struct plan_node *node)
{
	return node->exec != NULL && !plan_is_joined(plan, node->exec) &&
	       model_find_member(plan->run, node->target.name) == NULL;
}

static struct model_target target_of_proc(const struct model_proc *proc)
{
	struct model_exec like = {
	    .name = proc->name, .definition = proc->definition, .values = proc->values};
	return target_of_exec(&like);
}

static bool depends_on(const struct model_exec *exec, const char *name)
{
	for (size_t i = 0; i < exec->n_deps; i++)
		if (strcmp(exec->deps[i]->name, name) == 0)
			return true;
	return false;
}

/* A node that is joined or adopted has to come after declarer: it still can, or what brings it in
 * must not be joined; what is plain is left as it is then. */
static void promise(struct model_plan *plan, size_t at, size_t declarer, bool is_conditional)
{
	struct model_exec *exec = plan->nodes[at].exec;
	const struct plan_node *before = &plan->nodes[declarer];
	bool is_whole = plan_is_joined(plan, exec);
	if ((!is_whole && is_adopted(plan, before)) || depends_on(exec, before->target.name))
		return;
	if (exec->state == STATE_WANTED && exec->attempt == 0) {
		add_edge(plan, at, declarer);
		return;
	}
	if (is_conditional)
		plan_break_join(plan, exec);
}

/* Procs that declare a when_target_scheduled rdep on the node, or a plain one if it is new. */
static void inject_procs(struct model_plan *plan, size_t at)
{
	for (size_t i = 0; i < plan->model->n_procs; i++) {
		const struct model_proc *proc = &plan->model->procs[i];
		struct meaning meaning = find_meaning(
		    plan, proc->name, proc->definition, proc->values, plan->nodes[at].target.name);
		if (meaning.is_when_target || (meaning.is_plain && plan->nodes[at].exec == NULL))
			visit(plan, target_of_proc(proc));
	}
}

/* The name of the first placeholder in pattern from *at on; *at moves behind it. */
static bool next_placeholder(const char **at, const char **name, size_t *length)
{
	const char *open = strchr(*at, '[');
	if (open == NULL)
		return false;
	*name = open + 1;
	*length = strcspn(*name, "]");
	*at = *name + *length + 1;
	return true;
}

/* What comes in by a proto's rdep; the edge of what is there already is found with others. */
static void add_edge_of_proto(struct model_plan *plan, size_t at, struct model_target target)
{
	size_t declarer = visit(plan, target);
	if (plan->nodes[at].exec == NULL)
		add_edge(plan, at, declarer);
	else
		promise(plan, at, declarer, true);
}

static void inject_proto(
    struct model_plan *plan, size_t at, struct definition *proto, const char *pattern)
{
	struct strings found = {0};
	struct model_target target;
	const char *rest = pattern, *name;
	size_t length, n = 0;
	char **values = mem_new(proto->n_args + 1, sizeof(*values));
	if (model_match(pattern, plan->nodes[at].target.name, plan->model->separator, &found)) {
		for (; next_placeholder(&rest, &name, &length); n++) {
			for (size_t i = 0; i < proto->n_args; i++)
				if (strlen(proto->args[i].name) == length &&
				    strncmp(proto->args[i].name, name, length) == 0 &&
				    n < found.count)
					values[i] = found.items[n];
		}
		if (model_instance(plan->model, proto, values, &target)) {
			/* A pattern of it may match what it makes itself. */
			if (strcmp(target.name, plan->nodes[at].target.name) == 0)
				model_target_clear(&target);
			else
				add_edge_of_proto(plan, at, target);
		}
	}
	free(values);
	strings_clear(&found);
}

static void inject_protos(struct model_plan *plan, size_t at)
{
	for (size_t i = 0; i < plan->model->n_protos; i++) {
		struct definition *proto = plan->model->protos[i];
		for (size_t j = 0; j < proto->n_rdeps; j++)
			if (proto->rdeps[j].kind == RDEP_WHEN_TARGET_SCHEDULED ||
			    (proto->rdeps[j].kind == RDEP_PLAIN && plan->nodes[at].exec == NULL))
				inject_proto(plan, at, proto, proto->rdeps[j].target);
	}
}

/* Everything that is in the run, or comes into it, comes before what its rdeps mean. */
static void obey_declarers(struct model_plan *plan, size_t at)
{
	struct meaning meaning;
	for (size_t i = 0; i < plan->run->n_members; i++) {
		const struct model_exec *exec = plan->run->members[i].exec;
		meaning = find_known_meaning(plan, exec->name, plan->nodes[at].target.name);
		if (meaning.is_plain || meaning.is_when_scheduled || meaning.is_when_target)
			visit(plan, target_of_exec(exec));
	}
	for (size_t i = 0; i < plan->n_nodes; i++) {
		const struct plan_node *node = &plan->nodes[i];
		const char *name = plan->nodes[at].target.name;
		if (node->exec != NULL)
			meaning = find_known_meaning(plan, node->target.name, name);
		else
			meaning = find_meaning(plan, node->target.name, node->target.definition,
			    node->target.values, name);
		if (!meaning.is_plain && !meaning.is_when_scheduled && !meaning.is_when_target)
			continue;
		if (plan->nodes[at].exec == NULL)
			add_edge(plan, at, i);
		else
			promise(plan, at, i, meaning.is_when_scheduled || meaning.is_when_target);
	}
}

/* One when_scheduled of the node, which is new in the run: its target comes after it. */
static void push_target(struct model_plan *plan, size_t at, const char *pattern)
{
	struct model_targets targets = {0};
	char *name =
	    model_fill(plan->nodes[at].target.definition, plan->nodes[at].target.values, pattern);
	enum fault_code code =
	    model_is_pattern(name) ? FAULT_UNKNOWN_NAME : model_lookup(plan->model, name, &targets);
	if (code == FAULT_UNKNOWN_NAME && !plan->model->allow_missing) {
		refuse(plan, FAULT_MISSING_DEP);
	} else if (code != FAULT_NONE && code != FAULT_UNKNOWN_NAME) {
		refuse(plan, code);
	}
	for (size_t i = 0; i < targets.count; i++) {
		visit(plan, targets.items[i]);
		targets.items[i] = (struct model_target){0};
	}
	free(targets.items);
	free(name);
}

/* Targets that are in the run already, by the rdeps of a node that comes only now. */
static void come_before_members(struct model_plan *plan, size_t at)
{
	for (size_t i = 0; i < plan->run->n_members; i++) {
		const struct plan_node *node = &plan->nodes[at];
		struct model_exec *exec = plan->run->members[i].exec;
		struct meaning meaning = find_meaning(plan, node->target.name,
		    node->target.definition, node->target.values, exec->name);
		bool is_conditional = meaning.is_when_scheduled || meaning.is_when_target;
		bool is_waiting = exec->state == STATE_WANTED && exec->attempt == 0 &&
		                  plan->run->members[i].override == ERROR_NONE;
		if ((!is_conditional && !meaning.is_plain) || depends_on(exec, node->target.name))
			continue;
		if (is_waiting)
			add_edge(plan, visit(plan, target_of_exec(exec)), at);
		else if (is_conditional)
			refuse(plan, FAULT_TOO_LATE);
	}
}

/* Looks up all that the node is connected to, then follows what of that is new, depth first. */
static void expand(struct model_plan *plan, size_t at)
{
	const struct definition *definition = plan->nodes[at].target.definition;
	const struct model_exec *exec = plan->nodes[at].exec;
	if ((exec != NULL && !plan_is_joined(plan, exec)) || plan->nodes[at].is_expanded)
		return;
	size_t first = plan->n_nodes;
	plan->nodes[at].is_expanded = true;
	if (exec == NULL)
		expand_deps(plan, at);
	inject_procs(plan, at);
	inject_protos(plan, at);
	for (size_t i = 0; i < definition->n_rdeps; i++)
		if (definition->rdeps[i].kind == RDEP_WHEN_SCHEDULED)
			push_target(plan, at, definition->rdeps[i].target);
	come_before_members(plan, at);
	for (size_t i = first, n = plan->n_nodes; i < n; i++)
		expand(plan, i);
}

void plan_forget_nodes(struct model_plan *plan)
{
	for (size_t i = 0; i < plan->n_nodes; i++) {
		model_target_clear(&plan->nodes[i].target);
		strings_clear(&plan->nodes[i].missing);
	}
	plan->n_nodes = 0;
	plan->n_edges = 0;
	plan->n_roots = 0;
	plan->n_broken = 0;
	plan->code = FAULT_NONE;
}

static void add_root(struct model_plan *plan, size_t at)
{
	plan->roots = mem_resize(plan->roots, plan->n_roots + 1, sizeof(*plan->roots));
	plan->roots[plan->n_roots++] = at;
}

void plan_resolve(struct model_plan *plan, const char *const *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++) {
		struct model_targets targets = {0};
		enum fault_code code = model_lookup(plan->model, names[i], &targets);
		if (code == FAULT_UNKNOWN_NAME && plan->dependent != NULL)
			strings_add(&plan->missing, names[i]);
		else if (code != FAULT_NONE)
			refuse(plan, code);
		for (size_t j = 0; j < targets.count; j++) {
			add_root(plan, visit(plan, targets.items[j]));
			targets.items[j] = (struct model_target){0};
		}
		free(targets.items);
	}
	for (size_t i = 0; i < plan->n_roots; i++)
		expand(plan, plan->roots[i]);
	for (size_t i = 0; i < plan->n_nodes; i++)
		plan->nodes[i].is_needed = true;
	for (size_t i = 0; i < plan->n_adopted; i++)
		if (!plan_is_joined(plan, plan->adopted[i]) &&
		    model_find_member(plan->run, plan->adopted[i]->name) == NULL)
			visit(plan, target_of_exec(plan->adopted[i]));
	for (size_t i = 0, n = plan->n_nodes; i < n; i++)
		if (model_find_member(plan->run, plan->nodes[i].target.name) == NULL)
			obey_declarers(plan, i);
}
