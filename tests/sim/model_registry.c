/*
 * The model's registry: lists that are searched from end to end. A name's meaning is found by
 * trying every proto.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"

struct model_proc *model_find_proc(struct model *model, const char *name)
{
	for (size_t i = 0; i < model->n_procs; i++)
		if (strcmp(model->procs[i].name, name) == 0)
			return &model->procs[i];
	return NULL;
}

struct definition *model_find_proto(struct model *model, const char *name)
{
	for (size_t i = 0; i < model->n_protos; i++)
		if (strcmp(model->protos[i]->name, name) == 0)
			return model->protos[i];
	return NULL;
}

static char **copy_values(const struct definition *definition, char *const *values)
{
	if (values == NULL || definition->n_args == 0)
		return NULL;
	char **copy = mem_new(definition->n_args, sizeof(*copy));
	for (size_t i = 0; i < definition->n_args; i++)
		copy[i] = mem_copy(values[i]);
	return copy;
}

static void free_values(const struct definition *definition, char **values)
{
	for (size_t i = 0; values != NULL && i < definition->n_args; i++)
		free(values[i]);
	free(values);
}

void model_target_clear(struct model_target *target)
{
	free_values(target->definition, target->values);
	free(target->name);
	*target = (struct model_target){0};
}

void model_targets_clear(struct model_targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		model_target_clear(&targets->items[i]);
	free(targets->items);
	*targets = (struct model_targets){0};
}

static void add_target(struct model_targets *targets, struct model_target target)
{
	targets->items = mem_resize(targets->items, targets->count + 1, sizeof(*targets->items));
	targets->items[targets->count++] = target;
}

/* --- values --- */

static bool is_glob(const char *value)
{
	return strpbrk(value, "*?") != NULL;
}

static enum fault_code check_value(const struct argument *arg, const char *value)
{
	char *end;
	if (arg->type == ARG_INT && (strtol(value, &end, 10), *end != '\0'))
		return FAULT_BAD_ARGUMENT;
	if (arg->has_choices && !strings_contain(&arg->choices, value))
		return FAULT_NOT_A_CHOICE;
	return FAULT_NONE;
}

/* The placeholders of a pattern are the first arguments, in their order. */
bool model_instance(
    struct model *model, struct definition *proto, char **values, struct model_target *target)
{
	for (size_t i = 0; i < proto->n_args; i++)
		if (values[i] == NULL || check_value(&proto->args[i], values[i]) != FAULT_NONE)
			return false;
	char *name = model_fill(proto, values, proto->name);
	struct model_proc *there = model_find_proc(model, name);
	if (there != NULL) {
		*target = (struct model_target){.name = name,
		    .definition = there->definition,
		    .values = copy_values(there->definition, there->values)};
		return true;
	}
	*target = (struct model_target){.name = name,
	    .definition = proto,
	    .values = copy_values(proto, values),
	    .proto = proto->name};
	return true;
}

/* Goes through the choices of the arguments from at on; the first is the slowest. */
static enum fault_code expand(struct model *model, struct definition *proto,
    const struct strings *given, char **values, size_t at, struct model_targets *targets)
{
	if (at == given->count) {
		struct model_target target;
		for (size_t i = 0; i < given->count; i++) {
			enum fault_code code = check_value(&proto->args[i], values[i]);
			if (code != FAULT_NONE)
				return code;
		}
		if (model_instance(model, proto, values, &target))
			add_target(targets, target);
		return FAULT_NONE;
	}
	const struct argument *arg = &proto->args[at];
	const char *value = given->items[at];
	if (!is_glob(value)) {
		values[at] = given->items[at];
		return expand(model, proto, given, values, at + 1, targets);
	}
	if (!arg->has_choices)
		return FAULT_BAD_ARGUMENT;
	bool is_any = false;
	for (size_t i = 0; i < arg->choices.count; i++) {
		if (fnmatch(value, arg->choices.items[i], 0) != 0)
			continue;
		is_any = true;
		values[at] = arg->choices.items[i];
		enum fault_code code = expand(model, proto, given, values, at + 1, targets);
		if (code != FAULT_NONE)
			return code;
	}
	return is_any ? FAULT_NONE : FAULT_NOT_A_CHOICE;
}

enum fault_code model_lookup(struct model *model, const char *name, struct model_targets *targets)
{
	struct model_proc *proc = model_find_proc(model, name);
	if (proc != NULL) {
		add_target(targets, (struct model_target){.name = mem_copy(name),
		                        .definition = proc->definition,
		                        .values = copy_values(proc->definition, proc->values)});
		return FAULT_NONE;
	}
	struct definition *found = NULL;
	struct strings values = {0};
	size_t n_found = 0;
	for (size_t i = 0; i < model->n_protos; i++) {
		struct strings these = {0};
		if (!model_match(model->protos[i]->name, name, model->separator, &these))
			continue;
		bool is_exact = strcmp(model->protos[i]->name, name) == 0;
		strings_clear(&values);
		values = these;
		found = model->protos[i];
		n_found = is_exact ? 1 : n_found + 1;
		if (is_exact)
			break;
	}
	enum fault_code code = n_found == 0  ? FAULT_UNKNOWN_NAME
	                       : n_found > 1 ? FAULT_AMBIGUOUS_NAME
	                                     : FAULT_NONE;
	if (code == FAULT_NONE) {
		char **filled = mem_new(found->n_args + 1, sizeof(*filled));
		code = expand(model, found, &values, filled, 0, targets);
		free(filled);
	}
	strings_clear(&values);
	return code;
}

/* --- define --- */

static void add_proc(struct model *model, const char *name, struct definition *definition,
    char *const *values, const char *proto)
{
	model->procs = mem_resize(model->procs, model->n_procs + 1, sizeof(*model->procs));
	model->procs[model->n_procs++] = (struct model_proc){.name = mem_copy(name),
	    .definition = definition_ref(definition),
	    .values = copy_values(definition, values),
	    .proto = mem_copy(proto)};
}

void model_create(struct model *model, const struct model_target *target)
{
	if (target->proto != NULL && model_find_proc(model, target->name) == NULL)
		add_proc(model, target->name, target->definition, target->values, target->proto);
}

static void remove_proc(struct model *model, struct model_proc *proc)
{
	free(proc->name);
	free(proc->proto);
	free_values(proc->definition, proc->values);
	definition_unref(proc->definition);
	*proc = model->procs[--model->n_procs];
}

static void remove_procs_of(struct model *model, const char *proto)
{
	for (size_t i = model->n_procs; i-- > 0;)
		if (model->procs[i].proto != NULL && strcmp(model->procs[i].proto, proto) == 0)
			remove_proc(model, &model->procs[i]);
}

static void set_proto(struct model *model, struct definition *definition)
{
	for (size_t i = 0; i < model->n_procs; i++) {
		struct model_proc *proc = &model->procs[i];
		if (proc->proto == NULL || strcmp(proc->proto, definition->name) != 0)
			continue;
		/* The worlds replace protos only by ones with the same arguments. */
		definition_unref(proc->definition);
		proc->definition = definition_ref(definition);
	}
	for (size_t i = 0; i < model->n_protos; i++) {
		if (strcmp(model->protos[i]->name, definition->name) == 0) {
			definition_unref(model->protos[i]);
			model->protos[i] = definition_ref(definition);
			return;
		}
	}
	model->protos = mem_resize(model->protos, model->n_protos + 1, sizeof(*model->protos));
	model->protos[model->n_protos++] = definition_ref(definition);
}

static enum fault_code check_define(
    struct model *model, const struct definition *definition, bool is_replace)
{
	struct model_proc *proc = model_find_proc(model, definition->name);
	struct definition *proto = model_find_proto(model, definition->name);
	const struct definition *there = proc != NULL ? proc->definition : proto;
	if (there == NULL)
		return FAULT_NONE;
	bool is_same = strcmp(there->source, definition->source) == 0;
	return is_same || is_replace ? FAULT_NONE : FAULT_EXISTS;
}

static void put(struct model *model, struct definition *definition)
{
	struct model_proc *proc = model_find_proc(model, definition->name);
	if (definition->is_proto)
		set_proto(model, definition);
	else if (proc == NULL)
		add_proc(model, definition->name, definition, NULL, NULL);
	if (!definition->is_proto && proc != NULL) {
		definition_unref(proc->definition);
		proc->definition = definition_ref(definition);
	}
}

static bool is_there(struct model *model, const struct definition *definition)
{
	struct model_proc *proc = model_find_proc(model, definition->name);
	struct definition *proto = model_find_proto(model, definition->name);
	const struct definition *there = proc != NULL ? proc->definition : proto;
	return there != NULL && strcmp(there->source, definition->source) == 0;
}

/* All that the registry knows, taken aside. */
struct registry {
	struct model_proc *procs;
	size_t n_procs;
	struct definition **protos;
	size_t n_protos;
};

static struct registry copy_registry(struct model *model)
{
	struct model kept = {.n_procs = 0};
	for (size_t i = 0; i < model->n_procs; i++)
		add_proc(&kept, model->procs[i].name, model->procs[i].definition,
		    model->procs[i].values, model->procs[i].proto);
	for (size_t i = 0; i < model->n_protos; i++)
		set_proto(&kept, model->protos[i]);
	return (struct registry){kept.procs, kept.n_procs, kept.protos, kept.n_protos};
}

static void clear_registry(struct registry *registry)
{
	struct model old = {.procs = registry->procs, .n_procs = registry->n_procs};
	while (old.n_procs > 0)
		remove_proc(&old, &old.procs[old.n_procs - 1]);
	for (size_t i = 0; i < registry->n_protos; i++)
		definition_unref(registry->protos[i]);
	free(registry->procs);
	free(registry->protos);
}

static void swap_registry(struct model *model, struct registry *registry)
{
	struct registry now = {model->procs, model->n_procs, model->protos, model->n_protos};
	model->procs = registry->procs;
	model->n_procs = registry->n_procs;
	model->protos = registry->protos;
	model->n_protos = registry->n_protos;
	*registry = now;
}

enum fault_code model_define(struct model *model, struct definition *const *definitions,
    size_t count, bool is_replace, uint64_t new_run)
{
	const char **names = mem_new(count, sizeof(*names));
	struct registry before = copy_registry(model);
	struct model_request request = {.names = names, .params = "", .new_run = new_run};
	enum fault_code code = FAULT_NONE;
	struct model_run *run;
	for (size_t i = 0; i < count && code == FAULT_NONE; i++) {
		code = check_define(model, definitions[i], is_replace);
		if (code == FAULT_NONE && !model_is_usable(model, definitions[i]))
			code = FAULT_BAD_DEFINITION;
	}
	for (size_t i = 0; i < count && code == FAULT_NONE; i++) {
		struct definition *definition = definitions[i];
		if (is_there(model, definition))
			continue;
		put(model, definition);
		if (definition->is_now)
			names[request.n_names++] = definition->name;
	}
	if (code == FAULT_NONE && request.n_names > 0)
		code = model_start(model, &request, &run);
	if (code != FAULT_NONE)
		swap_registry(model, &before);
	clear_registry(&before);
	free(names);
	return code;
}

enum fault_code model_undefine(struct model *model, const char *name)
{
	struct model_proc *proc = model_find_proc(model, name);
	if (proc != NULL) {
		remove_proc(model, proc);
		return FAULT_NONE;
	}
	for (size_t i = 0; i < model->n_protos; i++) {
		if (strcmp(model->protos[i]->name, name) != 0)
			continue;
		struct definition *proto = model->protos[i];
		model->protos[i] = model->protos[--model->n_protos];
		remove_procs_of(model, name);
		definition_unref(proto);
		return FAULT_NONE;
	}
	return FAULT_UNKNOWN_NAME;
}
