/* What a request would schedule; see search.h. What may be joined is in join.c. */
#include "daemon/core/search.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/expand.h"
#include "daemon/core/join.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"

/* Room for one more at the end of an array; evaluates to its address. */
#define GROW(array, count, max)                                                                    \
	(((count) == (max) ? (void)((max) = (max) ? 2 * (max) : 16,                                \
	                         (array) = mem_resize((array), (max), sizeof(*(array))))           \
	                   : (void)0),                                                             \
	    &(array)[(count)++])

struct node *search_find(const struct search *search, const struct proc *proc)
{
	return proc->visit == search->visit ? &search->nodes[proc->node] : NULL;
}

void search_set_wave(struct search *search, struct node *node, int32_t wave)
{
	node->wave = wave;
	if (search->n_nodes == 1 || wave < search->lowest_wave)
		search->lowest_wave = wave;
	if (search->n_nodes == 1 || wave > search->highest_wave)
		search->highest_wave = wave;
}

uint32_t search_add_node(
    struct search *search, struct proc *proc, enum node_kind kind, struct execution *execution)
{
	struct node *node = GROW(search->nodes, search->n_nodes, search->max_nodes);

	*node = (struct node){.proc = proc, .kind = kind, .execution = execution};
	search_set_wave(search, node, execution ? execution->wave : proc->definition->wave);
	proc->visit = search->visit;
	proc->node = (uint32_t)(search->n_nodes - 1);
	proc->named_by = 0;
	return proc->node;
}

void search_push(struct search *search, uint32_t at)
{
	*GROW(search->stack, search->n_stack, search->max_stack) = at;
}

/* Adds the node of a proc that is met for the first time. */
static uint32_t search_meet(struct search *search, struct proc *proc)
{
	struct membership *member = core_find_member(search->run, proc);
	uint32_t at;

	if (member != NULL)
		return search_add_node(search, proc, NODE_MEMBER, member->execution);
	at = join_find(search, proc);
	if (search->nodes[at].kind == NODE_NEW || search->nodes[at].kind == NODE_JOIN)
		search_push(search, at);
	return at;
}

/* The node of proc, which is needed itself. */
static uint32_t search_visit(struct search *search, struct proc *proc)
{
	uint32_t at = proc->visit == search->visit ? proc->node : search_meet(search, proc);

	search->nodes[at].is_needed = true;
	return at;
}

static void add_edge(struct search *search, uint32_t from, const struct search_edge *edge)
{
	*GROW(search->edges, search->n_edges, search->max_edges) = *edge;
	search->nodes[from].n_edges++;
}

static void add_node_edge(
    struct search *search, uint32_t from, struct proc *proc, enum search_edge_kind kind)
{
	uint32_t to = search_visit(search, proc);

	if (kind != SEARCH_PULL) {
		if (proc->named_by == from + 1)
			return;
		proc->named_by = from + 1;
	}
	add_edge(search, from,
	    &(struct search_edge){.kind = (uint8_t)kind,
	        .to = to,
	        .is_promised = kind == SEARCH_WHEN_TARGET_SCHEDULED});
}

static int add_missing(struct search *search, uint32_t from, const char *name)
{
	const char *of = search->nodes[from].proc->name;

	if (!search->core->options.allow_missing_deps) {
		if (search->is_terse)
			return -1;
		struct expansion expansion = {.core = search->core, .fault = search->fault};
		expand_refuse_unknown(&expansion, name);
		fault_wrap(search->fault, FAULT_MISSING_DEP, "%s: its dependency is missing", of);
		strings_clear(&search->fault->names);
		strings_add(&search->fault->names, of);
		strings_add(&search->fault->names, name);
		return -1;
	}
	if (missing_check(search->core, name, search->fault) != 0)
		return fault_wrap(search->fault, FAULT_BAD_NAME, "%s: deps", of);
	struct proc *proc = registry_get(search->core, name);
	proc->references++;
	add_edge(search, from, &(struct search_edge){.kind = SEARCH_MISSING, .proc = proc});
	search->n_missing++;
	return 0;
}

static void add_ask(
    struct search *search, uint32_t from, size_t dep, struct definition *definition, size_t arg)
{
	add_edge(search, from,
	    &(struct search_edge){.kind = SEARCH_ASK,
	        .to = (uint32_t)dep,
	        .definition = definition,
	        .arg = (uint32_t)arg});
	search->n_asks++;
}

static int refuse_dep(struct search *search, const struct proc *proc, const char *what)
{
	enum fault_code code = search->fault->code;

	return fault_wrap(search->fault, code, "%s: %s", proc->name, what);
}

/* Choices have to be asked for before the search can be made. */
static int refuse_asking(struct search *search, const struct expansion *expansion)
{
	search->asked_definition = expansion->asked_definition;
	search->asked_arg = expansion->asked_arg;
	return expand_refuse_asking(expansion);
}

/* The text of a dep or target with the arguments of proc filled in; the caller frees it. */
static char *fill(const struct proc *proc, const char *text)
{
	return proc->values ? definition_fill(proc->definition, proc->values, text)
	                    : mem_copy(text);
}

/* named: the proc that it names as it stands, if that is known. */
static int search_dep(struct search *search, uint32_t from, size_t index, struct proc *named)
{
	struct proc *proc = search->nodes[from].proc;
	const struct dep *dep = &proc->definition->deps[index];
	struct expansion expansion = {
	    .core = search->core, .answers = search->answers, .fault = search->fault};
	int result = 0;

	if (dep->kind == DEP_NO_FAILURES)
		return 0;
	if (dep->kind == DEP_COMMAND) {
		add_ask(search, from, index, NULL, 0);
		return 0;
	}
	if (named != NULL && named->is_defined) {
		add_node_edge(search, from, named, SEARCH_DEP);
		return 0;
	}
	char *name = fill(proc, dep->text);
	switch (expand_name(&expansion, name)) {
	case EXPANSION_OK:
		for (size_t i = 0; i < expansion.n_procs; i++)
			add_node_edge(search, from, expansion.procs[i], SEARCH_DEP);
		break;
	case EXPANSION_UNKNOWN:
		result = add_missing(search, from, name);
		break;
	case EXPANSION_ASKS:
		add_ask(search, from, index, expansion.asked_definition, expansion.asked_arg);
		break;
	case EXPANSION_REFUSED:
		result = refuse_dep(search, proc, "deps");
		break;
	}
	free(expansion.procs);
	free(name);
	return result;
}

struct rdep_visit {
	struct search *search;
	uint32_t from;
	int result;
};

/*
 * The declarer of an rdep, if it matches target, in *declarer; else NULL. -1: the fault. is_weak:
 * it does not bring its declarer in, so no proto makes one.
 */
static int search_declarer(struct search *search, const struct rdep_entry *entry,
    const struct proc *target, bool is_weak, struct proc **declarer)
{
	struct capture captures[NAME_PLACEHOLDERS_MAX];
	struct expansion expansion = {
	    .core = search->core, .answers = search->answers, .fault = search->fault};
	int count = name_match(entry->target, search->core->separator, target->name, captures);

	*declarer = NULL;
	if (count < 0)
		return 0;
	if (entry->proc != NULL) {
		*declarer = entry->proc;
		return 0;
	}
	if (is_weak)
		return 0;
	switch (expand_captures(&expansion, entry->proto, captures, count, declarer)) {
	case EXPANSION_OK:
		return 0;
	case EXPANSION_UNKNOWN:
		*declarer = NULL;
		return 0;
	case EXPANSION_ASKS:
		return refuse_asking(search, &expansion);
	case EXPANSION_REFUSED:
		break;
	}
	return refuse_dep(search, target, "rdeps");
}

/* The node comes after declarer if that comes into the run, or is in it. */
static void add_weak_edge(
    struct search *search, uint32_t from, struct proc *declarer, bool is_promised)
{
	struct search_edge edge = {
	    .kind = SEARCH_WHEN_SCHEDULED, .proc = declarer, .is_promised = is_promised};

	if (core_find_member(search->run, declarer) != NULL) {
		edge.to = search_visit(search, declarer);
		edge.proc = NULL;
	}
	add_edge(search, from, &edge);
}

static bool search_rdep(void *item, void *arg)
{
	struct rdep_visit *visit = arg;
	struct search *search = visit->search;
	struct rdep_entry *entry = item;
	struct proc *declarer;
	const struct node *node = &search->nodes[visit->from];
	/* What was joined keeps its plain rdeps as they were when it was scheduled. */
	bool is_weak = entry->kind == RDEP_WHEN_SCHEDULED || node->kind == NODE_ADOPTED ||
	               (entry->kind == RDEP_PLAIN && node->kind == NODE_JOIN);

	visit->result = search_declarer(search, entry, node->proc, is_weak, &declarer);
	if (visit->result != 0)
		return false;
	/* A pattern that matches its own declarer too says nothing about it. */
	if (declarer == NULL || (declarer == node->proc && name_has_placeholder(entry->target)))
		return true;
	if (is_weak)
		add_weak_edge(search, visit->from, declarer, entry->kind != RDEP_PLAIN);
	else
		add_node_edge(search, visit->from, declarer,
		    entry->kind == RDEP_PLAIN ? SEARCH_RDEP : SEARCH_WHEN_TARGET_SCHEDULED);
	return true;
}

/* Brings in the target of a when_scheduled rdep of the node. */
static int search_target(struct search *search, uint32_t from, const char *text)
{
	struct proc *proc = search->nodes[from].proc;
	struct expansion expansion = {
	    .core = search->core, .answers = search->answers, .fault = search->fault};
	enum expansion_status status = EXPANSION_UNKNOWN;
	char *name = fill(proc, text);
	int result = 0;

	if (!name_has_placeholder(name))
		status = expand_name(&expansion, name);
	/* A value that the target's types or choices refuse does not fill it. */
	if (status == EXPANSION_REFUSED && (search->fault->code == FAULT_BAD_ARGUMENT ||
	                                       search->fault->code == FAULT_NOT_A_CHOICE)) {
		fault_clear(search->fault);
		status = EXPANSION_UNKNOWN;
	}
	for (size_t i = 0; i < expansion.n_procs; i++)
		add_node_edge(search, from, expansion.procs[i], SEARCH_PULL);
	if (status == EXPANSION_UNKNOWN && !search->core->options.allow_missing_deps) {
		fault_set(search->fault, FAULT_MISSING_DEP,
		    "%s: rdeps: nothing of the name %s is defined, or can be filled in", proc->name,
		    name);
		strings_add(&search->fault->names, proc->name);
		strings_add(&search->fault->names, name);
		result = -1;
	} else if (status == EXPANSION_ASKS) {
		result = refuse_asking(search, &expansion);
	} else if (status == EXPANSION_REFUSED) {
		result = refuse_dep(search, proc, "rdeps");
	}
	free(expansion.procs);
	free(name);
	return result;
}

/* Some of the dependencies of the node, from first on. Mostly they are plain names of what is
 * there.
 */
static int search_deps(struct search *search, uint32_t from, size_t first)
{
	const struct proc *proc = search->nodes[from].proc;
	const struct dep *deps = proc->definition->deps;
	const char *names[PROC_TABLE_BATCH];
	struct proc *named[PROC_TABLE_BATCH] = {NULL};
	size_t count = proc->definition->n_deps - first;

	if (count > PROC_TABLE_BATCH)
		count = PROC_TABLE_BATCH;
	for (size_t i = 0; i < count; i++)
		names[i] = deps[first + i].kind == DEP_NAME ? deps[first + i].text : "";
	if (proc->values == NULL)
		proc_table_find_all(&search->core->procs, names, count, named);
	for (size_t i = 0; i < count; i++)
		if (named[i] != NULL)
			__builtin_prefetch(named[i]->definition);
	for (size_t i = 0; i < count; i++)
		if (search_dep(search, from, first + i, named[i]) != 0)
			return -1;
	return 0;
}

static int search_expand(struct search *search, uint32_t at)
{
	struct proc *proc = search->nodes[at].proc;
	const struct definition *definition = proc->definition;
	struct rdep_visit visit = {search, at, 0};
	bool is_new = search->nodes[at].kind == NODE_NEW;

	search->nodes[at].first_edge = (uint32_t)search->n_edges;
	for (size_t i = 0; is_new && i < definition->n_deps; i += PROC_TABLE_BATCH)
		if (search_deps(search, at, i) != 0)
			return -1;
	index_find_patterns(search->core->rdeps, proc->name, search_rdep, &visit);
	if (visit.result != 0)
		return -1;
	for (size_t i = 0; i < definition->n_rdeps; i++)
		if (definition->rdeps[i].kind == RDEP_WHEN_SCHEDULED &&
		    search_target(search, at, definition->rdeps[i].target) != 0)
			return -1;
	return 0;
}

/* What comes with a joined execution comes as it is; but for what has to come before it here. */
static void search_expand_adopted(struct search *search)
{
	for (size_t i = 0; search->n_joined > 0 && i < search->n_nodes; i++) {
		struct node *node = &search->nodes[i];
		struct rdep_visit visit = {search, (uint32_t)i, 0};
		if (node->kind != NODE_ADOPTED)
			continue;
		node->first_edge = (uint32_t)search->n_edges;
		node->n_edges = 0;
		index_find_patterns(search->core->rdeps, node->proc->name, search_rdep, &visit);
	}
}

static void reverse(uint32_t *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		uint32_t item = items[i];
		items[i] = items[count - 1 - i];
		items[count - 1 - i] = item;
	}
}

/* Expands what is on the stack and what that leads to, dependencies right behind what depends on
 * them. */
static int search_follow(struct search *search)
{
	while (search->n_stack > 0) {
		uint32_t at = search->stack[--search->n_stack];
		size_t first = search->n_stack;
		if (search->nodes[at].kind == NODE_ADOPTED)
			continue;
		*GROW(search->order, search->n_order, search->max_order) = at;
		/* It may come with something that is joined, which is not known yet. */
		if (search_expand(search, at) != 0) {
			search->nodes[at].is_bad = true;
			fault_clear(search->fault);
		}
		if (search->n_nodes > PROCS_AT_ONCE_MAX)
			return fault_set(search->fault, FAULT_LIMIT,
			    "more than %d procs would be started by one request",
			    PROCS_AT_ONCE_MAX);
		reverse(search->stack + first, search->n_stack - first);
	}
	return 0;
}

/* What came with something joined, but is needed itself too, is as if it had been met first. */
static void search_join_adopted(struct search *search)
{
	for (size_t i = 0; search->n_joined > 0 && i < search->n_nodes; i++)
		if (join_adopted(search, &search->nodes[i]))
			search_push(search, (uint32_t)i);
	reverse(search->stack, search->n_stack);
}

/* Expands all that is reached. */
static int search_explore(struct search *search, struct proc *const *roots, size_t n_roots)
{
	size_t n_created = search->core->n_created;

	search->visit = ++search->core->visit;
	search->n_nodes = search->n_stack = search->n_order = search->n_asks = 0;
	search->n_joined = 0;
	search->is_again = false;
	search->is_terse = true;
	for (size_t i = 0; i < n_roots; i++) {
		uint32_t at = search_visit(search, roots[i]);
		search->nodes[at].is_root = true;
	}
	reverse(search->stack, search->n_stack);
	do {
		if (search_follow(search) != 0)
			return -1;
		search_join_adopted(search);
	} while (search->n_stack > 0);
	search_expand_adopted(search);
	/* What was created on the way may have rdeps on what was looked at before. */
	for (; n_created < search->core->n_created; n_created++)
		search->is_again |= search->core->created[n_created]->rdeps != NULL;
	return 0;
}

/* Marks what is reached from the roots without looking below what is adopted. */
static void search_reach(struct search *search)
{
	bool is_all = search->n_joined == 0; /* nothing is there but for what is reached */

	search->n_stack = 0;
	for (size_t i = 0; i < search->n_nodes; i++) {
		search->nodes[i].is_reached = is_all;
		if (!is_all && search->nodes[i].is_root)
			search_push(search, (uint32_t)i);
	}
	while (search->n_stack > 0) {
		struct node *node = &search->nodes[search->stack[--search->n_stack]];
		if (node->is_reached)
			continue;
		node->is_reached = true;
		if (node->kind != NODE_NEW && node->kind != NODE_JOIN)
			continue;
		for (size_t i = 0; i < node->n_edges; i++) {
			const struct search_edge *edge = &search->edges[node->first_edge + i];
			if (edge->kind <= SEARCH_PULL && edge->proc == NULL)
				search_push(search, edge->to);
		}
	}
}

/* Refuses the first node that is needed and cannot be had: its fault is found again, in words. */
static int search_check_bad(struct search *search)
{
	int result = 0;

	search->is_terse = false;
	for (size_t i = 0; i < search->n_nodes && result == 0; i++) {
		const struct node *node = &search->nodes[i];
		if (!node->is_bad || !node->is_reached || node->kind == NODE_ADOPTED)
			continue;
		result = search_expand(search, (uint32_t)i);
		search->is_again |= result == 0; /* its edges are not what they were */
	}
	return result;
}

/* Lets go of the names that were missing in a search that is dropped. */
static void release_missing(struct search *search)
{
	for (size_t i = 0; search->n_missing > 0 && i < search->n_edges; i++) {
		if (search->edges[i].kind != SEARCH_MISSING)
			continue;
		search->edges[i].proc->references--;
		registry_release(search->core, search->edges[i].proc);
	}
	search->n_edges = search->n_missing = 0;
}

bool search_edge_holds(const struct search *search, const struct search_edge *edge, uint32_t *dep)
{
	struct node *node;

	switch (edge->kind) {
	case SEARCH_DEP:
	case SEARCH_RDEP:
	case SEARCH_WHEN_TARGET_SCHEDULED:
		*dep = edge->to;
		return true;
	case SEARCH_WHEN_SCHEDULED:
		*dep = edge->to;
		if (edge->proc == NULL)
			return true;
		node = search_find(search, edge->proc);
		if (node == NULL || (node->kind != NODE_ADOPTED && !node->is_reached))
			return false;
		*dep = edge->proc->node;
		return true;
	default:
		return false;
	}
}

int search_run(struct search *search, struct proc *const *roots, size_t n_roots)
{
	for (;;) {
		release_missing(search);
		search->n_late = 0;
		if (search_explore(search, roots, n_roots) != 0)
			return -1;
		if (search->is_again)
			continue;
		search_reach(search);
		if (!join_check(search))
			continue;
		if (search_check_bad(search) != 0)
			return -1;
		if (search->is_again)
			continue;
		if (join_find_late(search) != 0)
			return -1;
		/* First what may be mended by joining less. */
		if (search_check_cycles(search) == 0)
			return search_check_waves(search);
		if (!search->is_again)
			return -1;
	}
}

void search_clear(struct search *search)
{
	release_missing(search);
	free(search->nodes);
	free(search->edges);
	free(search->late);
	free(search->stack);
	free(search->order);
	free(search->unjoined);
}
