/*
 * Requests that define and create: checked whole against what there is, then carried out; undone
 * whole where what is to start at once cannot.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/expand.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/registry.h"
#include "daemon/core/resolve.h"
#include "daemon/core/slots.h"
#include "daemon/core/values.h"

/* How to take back the definition of one name. */
struct undo {
	char *name;
	struct definition *proc; /* what a proc of that name was defined by, or NULL */
	struct definition *proto;
};

/* A proc that was created from a proto, and that a definition may do away with. */
struct created {
	char *name;
	char *proto;
	char **values;
};

struct defining {
	struct core *core;
	const struct define_request *request;
	struct define_outcome *outcome;
	struct undo *undos;
	size_t n_undos;
	struct created *created;
	size_t n_created, max_created;
};

/* What is under a name. */
struct known {
	struct proc *proc; /* defined or not, or NULL */
	struct proto *proto;
};

static struct known find_known(const struct core *core, const char *name)
{
	return (struct known){registry_find(core, name), registry_find_proto(core, name)};
}

static bool is_created(const struct proc *proc)
{
	return proc && proc->is_defined && proc->proto;
}

/* What defines it: of a proc that was created, its proto's does not count. */
static struct definition *proc_definition(const struct known *known)
{
	const struct proc *proc = known->proc;

	return proc && proc->is_defined && !proc->proto ? proc->definition : NULL;
}

static struct definition *proto_definition(const struct known *known)
{
	return known->proto ? known->proto->definition : NULL;
}

static bool is_same(const struct definition *a, const struct definition *b)
{
	return a && b && a->is_proto == b->is_proto && strcmp(a->source, b->source) == 0;
}

static int refuse_taken(
    const struct definition *definition, const struct definition *old, struct fault *fault)
{
	const char *whose = old == NULL                  ? "it was created from a proto"
	                    : old->origin == ORIGIN_FILE ? "the workspace file defines it"
	                                                 : "a client has defined it";

	fault_set(fault, FAULT_EXISTS, "%s: the name is taken by something else (%s)",
	    definition->name, whose);
	strings_add(&fault->names, definition->name);
	return -1;
}

/* Whether definition can have its name. */
static int check_name(
    const struct defining *defining, const struct definition *definition, struct fault *fault)
{
	bool is_file = defining->request->is_whole;
	const struct known known = find_known(defining->core, definition->name);
	struct definition *proc = proc_definition(&known);
	struct definition *old = proc ? proc : proto_definition(&known);

	if (old == NULL) {
		bool is_taken = is_created(known.proc) && !definition->is_proto;
		if (is_taken && !is_file && !defining->request->is_replace)
			return refuse_taken(definition, NULL, fault);
		return 0;
	}
	if (is_file ? old->origin == ORIGIN_FILE
	            : is_same(old, definition) || defining->request->is_replace)
		return 0;
	return refuse_taken(definition, old, fault);
}

static int check_executor(
    const struct core *core, const struct definition *definition, struct fault *fault)
{
	if (definition->executor == NULL || core_has_executor(core, definition->executor))
		return 0;
	return fault_set(fault, FAULT_BAD_DEFINITION, "%s: there is no executor %s",
	    definition->name, definition->executor);
}

static int check_all(const struct defining *defining, struct fault *fault)
{
	const struct define_request *request = defining->request;
	struct name {
		UT_hash_handle hh;
		const char *text;
	} *names = mem_new(request->count, sizeof(*names)), *set = NULL, *found;
	int result = 0;

	for (size_t i = 0; i < request->count && result == 0; i++) {
		names[i].text = request->definitions[i]->name;
		HASH_FIND(hh, set, names[i].text, strlen(names[i].text), found);
		if (found != NULL) {
			result = fault_set(fault, FAULT_EXISTS,
			    "%s: both a proc and a proto are to have that name", names[i].text);
			strings_add(&fault->names, names[i].text);
		} else
			HASH_ADD_KEYPTR(hh, set, names[i].text, strlen(names[i].text), &names[i]);
		if (result == 0)
			result = check_name(defining, request->definitions[i], fault);
		if (result == 0 &&
		    lock_check(defining->core, request->definitions[i], NULL, fault) != 0)
			result = fault_wrap(
			    fault, FAULT_BAD_DEFINITION, "%s", request->definitions[i]->name);
		if (result == 0)
			result = check_executor(defining->core, request->definitions[i], fault);
	}
	HASH_CLEAR(hh, set);
	free(names);
	return result;
}

static void note_created(struct defining *defining, const struct proc *proc)
{
	if (defining->n_created == defining->max_created) {
		defining->max_created = defining->max_created ? 2 * defining->max_created : 16;
		defining->created = mem_resize(
		    defining->created, defining->max_created, sizeof(*defining->created));
	}
	defining->created[defining->n_created++] = (struct created){mem_copy(proc->name),
	    mem_copy(proc->proto->definition->name), values_ref(proc->values)};
}

static void note_undo(struct defining *defining, const char *name, const struct known *known)
{
	struct definition *proc = proc_definition(known), *proto = proto_definition(known);
	const struct proc *at;

	if (is_created(known->proc))
		note_created(defining, known->proc);
	if (known->proto != NULL)
		TAILQ_FOREACH (at, &known->proto->procs, of_proto)
			note_created(defining, at);

	if ((defining->n_undos & (defining->n_undos - 1)) == 0)
		defining->undos = mem_resize(defining->undos,
		    defining->n_undos ? 2 * defining->n_undos : 1, sizeof(*defining->undos));
	defining->undos[defining->n_undos++] = (struct undo){mem_copy(name),
	    proc ? definition_ref(proc) : NULL, proto ? definition_ref(proto) : NULL};
}

static void remove_name(struct core *core, const char *name)
{
	struct proc *proc = registry_find(core, name);
	struct proto *proto = registry_find_proto(core, name);

	if (proc != NULL && proc->is_defined)
		registry_undefine_proc(core, proc);
	if (proto != NULL)
		registry_remove_proto(core, proto);
}

static void put(struct core *core, struct definition *definition)
{
	if (definition->is_proto)
		registry_put_proto(core, definition);
	else
		registry_define_proc(core, definition->name, definition, NULL, NULL);
}

static void define_one(struct defining *defining, struct definition *definition)
{
	struct core *core = defining->core;
	const struct known known = find_known(core, definition->name);
	struct definition *proc = proc_definition(&known);
	struct definition *old = proc ? proc : proto_definition(&known);

	if (is_same(old, definition)) {
		defining->outcome->n_same++;
		return;
	}
	note_undo(defining, definition->name, &known);
	if (old == NULL) {
		defining->outcome->n_added++;
	} else {
		defining->outcome->n_replaced++;
		/* A proto's procs follow it, so it is not removed first. */
		if (old->is_proto != definition->is_proto)
			remove_name(core, definition->name);
	}
	put(core, definition);
}

/* Removes what the file defined once and does not define now. */
static void remove_absent(struct defining *defining)
{
	struct core *core = defining->core;
	struct strings absent = {0};
	struct kept {
		UT_hash_handle hh;
	} *set = NULL, *found, *kept = mem_new(defining->request->count, sizeof(*kept));
	struct proc *proc;
	struct proto *proto, *next_proto;

	for (size_t i = 0; i < defining->request->count; i++) {
		const char *name = defining->request->definitions[i]->name;
		HASH_ADD_KEYPTR(hh, set, name, strlen(name), &kept[i]);
	}
	TAILQ_FOREACH (proc, &core->procs.all, of_all) {
		if (!proc->is_defined || proc->proto || proc->definition->origin != ORIGIN_FILE)
			continue;
		HASH_FIND(hh, set, proc->name, strlen(proc->name), found);
		if (found == NULL)
			strings_add(&absent, proc->name);
	}
	HASH_ITER (by_name, core->protos, proto, next_proto) {
		const char *name = proto->definition->name;
		if (proto->definition->origin != ORIGIN_FILE)
			continue;
		HASH_FIND(hh, set, name, strlen(name), found);
		if (found == NULL)
			strings_add(&absent, name);
	}
	for (size_t i = 0; i < absent.count; i++) {
		const struct known known = find_known(core, absent.items[i]);
		note_undo(defining, absent.items[i], &known);
		remove_name(core, absent.items[i]);
	}
	defining->outcome->n_removed = absent.count;
	HASH_CLEAR(hh, set);
	free(kept);
	strings_clear(&absent);
}

static void undo_clear(struct undo *undo)
{
	free(undo->name);
	definition_unref(undo->proc);
	definition_unref(undo->proto);
}

static void undo_all(struct defining *defining)
{
	while (defining->n_undos > 0) {
		struct undo *undo = &defining->undos[--defining->n_undos];
		remove_name(defining->core, undo->name);
		if (undo->proc != NULL)
			put(defining->core, undo->proc);
		if (undo->proto != NULL)
			put(defining->core, undo->proto);
		undo_clear(undo);
	}
	for (size_t i = 0; i < defining->n_created; i++) {
		const struct created *created = &defining->created[i];
		struct proto *proto = registry_find_proto(defining->core, created->proto);
		const struct proc *proc = registry_find(defining->core, created->name);
		if (proto != NULL && (proc == NULL || !proc->is_defined))
			registry_define_proc(defining->core, created->name, proto->definition,
			    proto, values_ref(created->values));
	}
	registry_keep_created(defining->core);
}

static void forget_undos(struct defining *defining)
{
	for (size_t i = 0; i < defining->n_created; i++) {
		free(defining->created[i].name);
		free(defining->created[i].proto);
		values_unref(defining->created[i].values);
	}
	free(defining->created);
	for (size_t i = 0; i < defining->n_undos; i++)
		undo_clear(&defining->undos[i]);
	free(defining->undos);
}

static int start_roots(
    struct defining *defining, struct proc *const *roots, size_t n_roots, struct fault *fault)
{
	struct define_outcome *outcome = defining->outcome;
	struct start_outcome started = {0};
	struct scope scope = defining->request->scope;

	if (outcome->run != 0)
		scope.run = outcome->run;
	if (resolve_start(defining->core, roots, n_roots, &scope, NULL, false, &started, fault) !=
	    0)
		return -1;
	outcome->run = started.run;
	for (size_t i = 0; i < started.names.count; i++)
		strings_add(&outcome->started, started.names.items[i]);
	start_outcome_clear(&started);
	return 0;
}

/* One after the other, so that one that cannot start does no harm to the others. */
static void start_each(
    struct defining *defining, struct proc *const *roots, size_t n_roots, struct fault *fault)
{
	for (size_t i = 0; i < n_roots; i++) {
		if (start_roots(defining, &roots[i], 1, fault) == 0)
			continue;
		strings_take(&defining->outcome->refused,
		    mem_print("%s: %s", roots[i]->name, fault->message));
		fault_clear(fault);
	}
}

/*
 * Starts the procs among what was defined now that are now: true, together. Where that cannot be,
 * a client's request is refused, while of the file's procs those start that can.
 */
static int start_now(struct defining *defining, struct fault *fault)
{
	struct core *core = defining->core;
	struct proc **roots = mem_new(defining->n_undos, sizeof(struct proc *));
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < defining->n_undos; i++) {
		struct proc *proc = registry_find(core, defining->undos[i].name);
		if (proc != NULL && proc->is_defined && !proc->proto && proc->definition->is_now)
			roots[count++] = proc;
	}
	if (count > 0)
		result = start_roots(defining, roots, count, fault);
	if (result != 0 && defining->request->is_whole) {
		fault_clear(fault);
		start_each(defining, roots, count, fault);
		result = 0;
	}
	free(roots);
	return result;
}

/* Tells those that wait for names that they are there. */
static void note_appeared(const struct defining *defining)
{
	for (size_t i = 0; i < defining->n_undos; i++) {
		const char *name = defining->undos[i].name;
		const struct proc *proc = registry_find(defining->core, name);
		if (proc != NULL && proc->is_defined)
			missing_note_proc(defining->core, proc);
		if (registry_find_proto(defining->core, name) != NULL)
			missing_note_proto(defining->core, name);
	}
}

int core_define(struct core *core, const struct define_request *request,
    struct define_outcome *outcome, struct fault *fault)
{
	struct defining defining = {.core = core, .request = request, .outcome = outcome};
	int result;

	*outcome = (struct define_outcome){0};
	if (check_all(&defining, fault) != 0)
		return -1;
	if (request->is_whole)
		remove_absent(&defining);
	for (size_t i = 0; i < request->count; i++)
		define_one(&defining, request->definitions[i]);
	registry_keep_created(core);
	result = start_now(&defining, fault);
	if (result != 0) {
		registry_undo_created(core);
		undo_all(&defining);
	} else {
		registry_keep_created(core);
		note_appeared(&defining);
		if (defining.n_undos > 0)
			action_emit(core, &(struct action){.kind = ACTION_DEFINED});
	}
	forget_undos(&defining);
	return result;
}

int core_undefine(struct core *core, const struct strings *names, struct fault *fault)
{
	struct expansion expansion = {.core = core, .fault = fault};

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		const struct proc *proc = registry_find(core, name);
		const struct proto *known = registry_find_proto(core, name);
		struct definition *proto = known ? known->definition : NULL;
		bool is_proc = proc != NULL && proc->is_defined;
		if (!is_proc && proto == NULL) {
			expand_refuse_unknown(&expansion, name);
			return -1;
		}
		struct definition *definition = is_proc && !proc->proto ? proc->definition : proto;
		if (definition != NULL && definition->origin == ORIGIN_FILE)
			return fault_set(fault, FAULT_NOT_ALLOWED,
			    "%s: the workspace file defines it, so it has to be removed there",
			    name);
	}
	for (size_t i = 0; i < names->count; i++)
		remove_name(core, names->items[i]);
	action_emit(core, &(struct action){.kind = ACTION_DEFINED});
	return 0;
}

size_t core_undefine_all(struct core *core)
{
	struct proto *proto, *next_proto;
	struct proc *proc;
	struct strings names = {0};

	TAILQ_FOREACH (proc, &core->procs.all, of_all)
		if (proc->is_defined && (proc->proto || proc->definition->origin == ORIGIN_CLIENT))
			strings_add(&names, proc->name);
	HASH_ITER (by_name, core->protos, proto, next_proto)
		if (proto->definition->origin == ORIGIN_CLIENT)
			strings_add(&names, proto->definition->name);
	size_t count = names.count;
	for (size_t i = 0; i < count; i++)
		remove_name(core, names.items[i]);
	strings_clear(&names);
	action_emit(core, &(struct action){.kind = ACTION_DEFINED});
	return count;
}
