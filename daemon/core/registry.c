/*
 * Protos and procs by name and pattern, and their rdeps by target; see registry.h. A name stays
 * known while anything refers to it, defined or not.
 */
#include "daemon/core/registry.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/history.h"
#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/touch.h"
#include "daemon/core/values.h"

void registry_init(struct core *core)
{
	core->patterns = index_new(core->separator);
	core->rdeps = index_new(core->separator);
	core->missing = index_new(core->separator);
}

/* Puts the rdeps of a proc or proto into the index. */
static struct rdep_entry *rdeps_add(
    struct core *core, const struct definition *definition, struct proc *proc, struct proto *proto)
{
	struct rdep_entry *entries;

	if (definition->n_rdeps == 0)
		return NULL;
	entries = mem_new(definition->n_rdeps, sizeof(*entries));
	for (size_t i = 0; i < definition->n_rdeps; i++) {
		const struct rdep *rdep = &definition->rdeps[i];
		entries[i] = (struct rdep_entry){rdep->kind, proc, proto, NULL};
		entries[i].target = proc && proc->values
		                        ? definition_fill(definition, proc->values, rdep->target)
		                        : mem_copy(rdep->target);
		index_add(core->rdeps, entries[i].target, &entries[i]);
	}
	return entries;
}

static void rdeps_remove(
    struct core *core, const struct definition *definition, struct rdep_entry *entries)
{
	if (entries == NULL)
		return;
	for (size_t i = 0; i < definition->n_rdeps; i++) {
		index_remove(core->rdeps, entries[i].target, &entries[i]);
		free(entries[i].target);
	}
	free(entries);
}

struct proc *registry_find(const struct core *core, const char *name)
{
	return proc_table_find(&core->procs, name);
}

static struct proc *proc_new(struct core *core, const char *name)
{
	struct proc *proc = mem_new(1, sizeof(*proc) + strlen(name) + 1);

	proc->name = strcpy((char *)(proc + 1), name);
	proc_table_add(&core->procs, proc);
	history_find(core, proc);
	return proc;
}

struct proc *registry_get(struct core *core, const char *name)
{
	struct proc *proc = registry_find(core, name);

	return proc != NULL ? proc : proc_new(core, name);
}

static void proc_free(struct core *core, struct proc *proc)
{
	proc_table_remove(&core->procs, proc);
	history_keep(core, proc);
	free(proc);
}

void registry_release(struct core *core, struct proc *proc)
{
	if (!proc->is_defined && proc->references == 0)
		proc_free(core, proc);
}

/* Takes what a definition gave to proc; the name itself stays. */
static void proc_strip(struct core *core, struct proc *proc)
{
	rdeps_remove(core, proc->definition, proc->rdeps);
	values_unref(proc->values);
	definition_unref(proc->definition);
	proc->rdeps = NULL;
	proc->values = NULL;
	proc->definition = NULL;
}

/* Takes the definition away; the name stays. */
static void undefine(struct core *core, struct proc *proc)
{
	if (proc->proto != NULL)
		TAILQ_REMOVE(&proc->proto->procs, proc, of_proto);
	proc_strip(core, proc);
	proc->proto = NULL;
	proc->is_defined = false;
	core->n_defined--;
}

/* proc: what is known under name so far, or NULL. */
static struct proc *define(struct core *core, struct proc *proc, const char *name,
    struct definition *definition, struct proto *proto, char **values)
{
	if (proc != NULL && proc->is_defined)
		undefine(core, proc);
	if (proc == NULL)
		proc = proc_new(core, name);
	touch_proc(core, proc);
	proc->is_defined = true;
	proc->definition = definition_ref(definition);
	proc->proto = proto;
	proc->values = values;
	proc->rdeps = rdeps_add(core, definition, proc, NULL);
	core->n_defined++;
	if (proto == NULL)
		return proc;
	TAILQ_INSERT_TAIL(&proto->procs, proc, of_proto);
	if (core->n_created == core->max_created) {
		core->max_created = core->max_created ? 2 * core->max_created : 16;
		core->created =
		    mem_resize(core->created, core->max_created, sizeof(*core->created));
	}
	core->created[core->n_created++] = proc;
	return proc;
}

struct proc *registry_define_proc(struct core *core, const char *name,
    struct definition *definition, struct proto *proto, char **values)
{
	return define(core, registry_find(core, name), name, definition, proto, values);
}

struct proc *registry_create_proc(
    struct core *core, struct proc *proc, const char *name, struct proto *proto, char **values)
{
	return define(core, proc, name, proto->definition, proto, values);
}

void registry_undefine_proc(struct core *core, struct proc *proc)
{
	touch_proc(core, proc);
	undefine(core, proc);
	registry_release(core, proc);
}

void registry_undo_created(struct core *core)
{
	while (core->n_created > 0) {
		struct proc *proc = core->created[--core->n_created];

		if (!touch_undo_proc(core, proc))
			touch_proc(core, proc);
		undefine(core, proc);
		registry_release(core, proc);
	}
}

void registry_keep_created(struct core *core)
{
	core->n_created = 0;
}

struct proto *registry_find_proto(const struct core *core, const char *name)
{
	struct proto *proto;

	HASH_FIND(by_name, core->protos, name, strlen(name), proto);
	return proto;
}

static void proto_index(struct core *core, struct proto *proto, bool is_added)
{
	const char *name = proto->definition->name;

	if (!name_has_placeholder(name))
		return;
	if (is_added)
		index_add(core->patterns, name, proto);
	else
		index_remove(core->patterns, name, proto);
}

/* Gives a created proc the values that its proto's new definition asks for; false: they do not fit.
 */
static bool proc_follow(struct core *core, struct proc *proc, struct definition *definition)
{
	char **values = values_new(definition->n_args);

	for (size_t i = 0; i < definition->n_args; i++) {
		const struct argument *arg = &definition->args[i];
		int old = definition_find_arg(proc->definition, arg->name, strlen(arg->name));
		const char *value =
		    arg->is_placeholder && old >= 0 ? proc->values[old] : arg->default_text;
		if (value == NULL || arg_type_check(arg->type, value) != 0 ||
		    (arg->has_choices && !strings_contain(&arg->choices, value))) {
			values_unref(values);
			return false;
		}
		values[i] = mem_copy(value);
	}
	touch_proc(core, proc);
	proc_strip(core, proc);
	proc->definition = definition_ref(definition);
	proc->values = values;
	proc->rdeps = rdeps_add(core, definition, proc, NULL);
	return true;
}

/* Whether choices of the definition come from a command. */
static bool is_asking(const struct definition *definition)
{
	for (size_t i = 0; i < definition->n_args; i++)
		if (definition->args[i].choices_command.n_words > 0)
			return true;
	return false;
}

struct proto *registry_put_proto(struct core *core, struct definition *definition)
{
	struct proto *proto = registry_find_proto(core, definition->name);
	struct proc *proc, *next;

	touch_proto(core, definition->name);
	if (proto == NULL) {
		proto = mem_new(1, sizeof(*proto));
		TAILQ_INIT(&proto->procs);
		core->n_protos++;
		core->n_asking += is_asking(definition);
	} else {
		HASH_DELETE(by_name, core->protos, proto);
		proto_index(core, proto, false);
		rdeps_remove(core, proto->definition, proto->rdeps);
		for (proc = TAILQ_FIRST(&proto->procs); proc != NULL; proc = next) {
			next = TAILQ_NEXT(proc, of_proto);
			if (!proc_follow(core, proc, definition))
				registry_undefine_proc(core, proc);
		}
		core->n_asking += is_asking(definition);
		core->n_asking -= is_asking(proto->definition);
		definition_unref(proto->definition);
	}
	proto->definition = definition_ref(definition);
	proto->rdeps = rdeps_add(core, definition, NULL, proto);
	HASH_ADD_KEYPTR(by_name, core->protos, definition->name, strlen(definition->name), proto);
	proto_index(core, proto, true);
	return proto;
}

void registry_remove_proto(struct core *core, struct proto *proto)
{
	struct proc *proc;

	while ((proc = TAILQ_FIRST(&proto->procs)) != NULL)
		registry_undefine_proc(core, proc);
	touch_proto(core, proto->definition->name);
	HASH_DELETE(by_name, core->protos, proto);
	proto_index(core, proto, false);
	rdeps_remove(core, proto->definition, proto->rdeps);
	core->n_asking -= is_asking(proto->definition);
	definition_unref(proto->definition);
	free(proto);
	core->n_protos--;
}

struct match {
	const struct core *core;
	const char *name;
	struct proto **protos;
	size_t count, max;
};

static bool match_visit(void *item, void *arg)
{
	struct match *match = arg;
	struct proto *proto = item;
	struct capture captures[NAME_PLACEHOLDERS_MAX];

	if (name_match(proto->definition->name, match->core->separator, match->name, captures) < 0)
		return true;
	if (match->count < match->max)
		match->protos[match->count] = proto;
	match->count++;
	return true;
}

size_t registry_match(const struct core *core, const char *name, struct proto **protos, size_t max)
{
	struct match match = {core, name, protos, 0, max};

	index_find_patterns(core->patterns, name, match_visit, &match);
	return match.count;
}

static void reindex_entries(
    struct core *core, const struct definition *definition, struct rdep_entry *entries)
{
	for (size_t i = 0; entries && i < definition->n_rdeps; i++)
		index_add(core->rdeps, entries[i].target, &entries[i]);
}

void registry_reindex(struct core *core)
{
	struct proto *proto, *next_proto;
	struct run *run, *next_run;
	struct proc *proc;

	index_free(core->patterns);
	index_free(core->rdeps);
	index_free(core->missing);
	registry_init(core);
	HASH_ITER (by_name, core->protos, proto, next_proto) {
		proto_index(core, proto, true);
		reindex_entries(core, proto->definition, proto->rdeps);
	}
	TAILQ_FOREACH (proc, &core->procs.all, of_all) {
		reindex_entries(core, proc->definition, proc->rdeps);
		if (proc->missing != NULL)
			index_add(core->missing, proc->name, proc);
	}
	/* Those of runs are made again when they are needed. */
	HASH_ITER (by_id, core->runs, run, next_run) {
		index_free(run->names);
		run->names = NULL;
	}
}

void registry_clear(struct core *core)
{
	struct proto *proto, *next_proto;
	struct proc *proc;

	HASH_ITER (by_name, core->protos, proto, next_proto)
		registry_remove_proto(core, proto);
	while ((proc = TAILQ_FIRST(&core->procs.all)) != NULL) {
		proc->references = 0;
		if (proc->is_defined)
			registry_undefine_proc(core, proc);
		else
			registry_release(core, proc);
	}
	proc_table_clear(&core->procs);
	free(core->created);
	index_free(core->patterns);
	index_free(core->rdeps);
	index_free(core->missing);
}
