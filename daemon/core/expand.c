/* Names to procs, through protos, arguments, choices and globs; see expand.h. */
#include "daemon/core/expand.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"
#include "daemon/core/values.h"

static void expansion_add(struct expansion *expansion, struct proc *proc)
{
	if (expansion->n_procs == expansion->max_procs) {
		expansion->max_procs = expansion->max_procs ? 2 * expansion->max_procs : 4;
		expansion->procs =
		    mem_resize(expansion->procs, expansion->max_procs, sizeof(*expansion->procs));
	}
	expansion->procs[expansion->n_procs++] = proc;
}

void expand_refuse_unknown(struct expansion *expansion, const char *name)
{
	struct strings near = {0};

	core_suggest(expansion->core, name, &near);
	fault_set(expansion->fault, FAULT_UNKNOWN_NAME, "%s: no proc or proto of that name%s", name,
	    name_has_glob(name) ? "; a glob stands for choices of a proto's arguments" : "");
	expansion->fault->names = near;
	fault_note(expansion->fault, "name", name);
}

/* The choices of an argument: *choices is NULL where it has none; false if they have to be asked
 * for. */
static bool choices_find(const struct expansion *expansion, const struct definition *definition,
    size_t arg, const struct strings **choices)
{
	const struct argument *argument = &definition->args[arg];

	*choices = argument->has_choices ? &argument->choices : NULL;
	if (argument->choices_command.n_words == 0)
		return true;
	for (size_t i = 0; expansion->answers && i < expansion->answers->count; i++) {
		const struct choices_answer *answer = &expansion->answers->items[i];
		if (answer->definition == definition && answer->arg == arg) {
			*choices = answer->choices;
			return true;
		}
	}
	return false;
}

static int note_value(struct fault *fault, const struct definition *definition,
    const struct argument *arg, const char *value)
{
	fault_note(fault, "proto", definition->name);
	fault_note(fault, "argument", arg->name);
	fault_note(fault, "value", value);
	return fault_note(fault, "type", arg_type_name(arg->type));
}

static int refuse_choice(struct expansion *expansion, const struct definition *definition,
    const struct argument *arg, const char *value, const struct strings *choices)
{
	char *list = strings_join(choices, ", ");

	fault_set(expansion->fault, FAULT_NOT_A_CHOICE, "%s: %s=%s is not one of its choices: %s",
	    definition->name, arg->name, value, choices->count > 0 ? list : "there are none");
	for (size_t i = 0; i < choices->count; i++)
		strings_add(&expansion->fault->names, choices->items[i]);
	free(list);
	return note_value(expansion->fault, definition, arg, value);
}

static int check_value(struct expansion *expansion, const struct definition *definition,
    const struct argument *arg, const char *value)
{
	if (arg_type_check(arg->type, value) != 0)
		fault_set(expansion->fault, FAULT_BAD_ARGUMENT, "%s: %s=%s is not of type %s",
		    definition->name, arg->name, value, arg_type_name(arg->type));
	else if (arg->is_placeholder && !name_value_is_fine(value, expansion->core->separator))
		fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
		    "%s: %s='%s': a value is not empty and has no %s, brackets or control"
		    " characters in it",
		    definition->name, arg->name, value, expansion->core->separator);
	else
		return 0;
	return note_value(expansion->fault, definition, arg, value);
}

/* The values that one argument takes: itself, or the choices that a glob matches. */
static enum expansion_status expand_value(struct expansion *expansion,
    struct definition *definition, size_t i, const char *value, struct strings *found)
{
	const struct argument *arg = &definition->args[i];
	const struct strings *choices;

	if (!choices_find(expansion, definition, i, &choices)) {
		expansion->asked_definition = definition;
		expansion->asked_arg = i;
		return EXPANSION_ASKS;
	}
	if (!arg->is_placeholder || !name_has_glob(value)) {
		if (check_value(expansion, definition, arg, value) != 0)
			return EXPANSION_REFUSED;
		if (choices != NULL && !strings_contain(choices, value)) {
			refuse_choice(expansion, definition, arg, value, choices);
			return EXPANSION_REFUSED;
		}
		strings_add(found, value);
		return EXPANSION_OK;
	}
	if (choices == NULL) {
		fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
		    "%s: %s=%s: argument %s has no choices that a glob could stand for",
		    definition->name, arg->name, value, arg->name);
		note_value(expansion->fault, definition, arg, value);
		return EXPANSION_REFUSED;
	}
	for (size_t c = 0; c < choices->count; c++) {
		if (fnmatch(value, choices->items[c], FNM_NOESCAPE) != 0)
			continue;
		if (check_value(expansion, definition, arg, choices->items[c]) != 0)
			return EXPANSION_REFUSED;
		strings_add(found, choices->items[c]);
	}
	strings_make_unique(found);
	if (found->count == 0) {
		refuse_choice(expansion, definition, arg, value, choices);
		return EXPANSION_REFUSED;
	}
	return EXPANSION_OK;
}

static bool values_equal(char *const *a, char *const *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

/* Makes the proc of those values (borrowed), or finds that it is there. */
static enum expansion_status make_proc(struct expansion *expansion, struct proto *proto,
    char *const *values, const char *as, struct proc **made)
{
	struct definition *definition = proto->definition;
	char *filled = as ? NULL : definition_fill(definition, values, definition->name);
	const char *name = as ? as : filled;
	struct proc *proc = registry_find(expansion->core, name);
	enum expansion_status status = EXPANSION_OK;

	if (proc != NULL && proc->is_defined) {
		bool is_same =
		    proc->proto == proto && values_equal(proc->values, values, definition->n_args);
		if (as != NULL && !is_same) {
			fault_set(expansion->fault, FAULT_EXISTS,
			    "%s: there is another proc of that name", as);
			strings_add(&expansion->fault->names, as);
			status = EXPANSION_REFUSED;
		}
	} else if (name_check(name, NAME_CONCRETE, expansion->core->separator, expansion->fault) !=
	           0) {
		status = EXPANSION_REFUSED;
	} else {
		char **copy = values_copy(values, definition->n_args);
		proc = registry_create_proc(expansion->core, proc, name, proto, copy);
	}
	free(filled);
	*made = proc;
	return status;
}

/* How many combinations of the values found there are; 0: refused. */
static size_t count_product(
    struct expansion *expansion, const struct definition *definition, const struct strings *found)
{
	size_t total = 1;

	for (size_t i = 0; i < definition->n_args; i++)
		if (__builtin_mul_overflow(total, found[i].count, &total) ||
		    total > PROCS_AT_ONCE_MAX) {
			fault_set(expansion->fault, FAULT_LIMIT, "%s: more than %d procs at once",
			    definition->name, PROCS_AT_ONCE_MAX);
			return 0;
		}
	if (expansion->as != NULL && total > 1) {
		fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
		    "%s: the globs stand for %zu procs, which cannot all have the name %s",
		    definition->name, total, expansion->as);
		return 0;
	}
	return total;
}

/* Makes a proc of each combination of the values found, the first argument slowest. */
static enum expansion_status make_product(
    struct expansion *expansion, struct proto *proto, const struct strings *found)
{
	size_t n_args = proto->definition->n_args, *at = mem_new(n_args, sizeof(*at));
	size_t total = count_product(expansion, proto->definition, found), next = expansion->skip;
	char **values = mem_new(n_args, sizeof(*values));
	enum expansion_status status = total > 0 ? EXPANSION_OK : EXPANSION_REFUSED;
	struct proc *proc;

	for (size_t i = n_args, rest = next; i > 0 && total > 0; rest /= found[i].count) {
		i--;
		at[i] = rest % found[i].count;
	}
	if (expansion->most > 0 && next < total && total - next > expansion->most)
		total = next + expansion->most;
	for (; next < total && status == EXPANSION_OK; next++) {
		for (size_t i = 0; i < n_args; i++)
			values[i] = found[i].items[at[i]];
		status = make_proc(expansion, proto, values, expansion->as, &proc);
		if (status == EXPANSION_OK)
			expansion_add(expansion, proc);
		for (size_t i = n_args; i > 0 && ++at[i - 1] == found[i - 1].count;)
			at[--i] = 0;
	}
	free(values);
	free(at);
	return status;
}

static int refuse_keyword(
    struct expansion *expansion, const struct definition *definition, const char *name)
{
	fault_set(expansion->fault, FAULT_BAD_ARGUMENT, "%s: it has no argument %s",
	    definition->name, name);
	fault_note(expansion->fault, "proto", definition->name);
	return fault_note(expansion->fault, "argument", name);
}

/* The text given for an argument: captured from the name, by keyword, or its default. NULL:
 * refused. */
static const char *pick_value(struct expansion *expansion, const struct definition *definition,
    size_t i, char *const *captured)
{
	const struct argument *arg = &definition->args[i];
	const char *given = captured[i];

	for (size_t k = 0; k < expansion->n_args; k++) {
		if (strcmp(expansion->args[k].name, arg->name) != 0)
			continue;
		if (!arg->is_placeholder) {
			fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
			    "%s: %s is a constant (%s): it is no placeholder of the name",
			    definition->name, arg->name, arg->default_text);
			note_value(expansion->fault, definition, arg, expansion->args[k].value);
			return NULL;
		}
		if (given != NULL && strcmp(given, expansion->args[k].value) != 0) {
			fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
			    "%s: %s is given twice: %s and %s", definition->name, arg->name, given,
			    expansion->args[k].value);
			note_value(expansion->fault, definition, arg, expansion->args[k].value);
			return NULL;
		}
		given = expansion->args[k].value;
	}
	if (given == NULL)
		given = arg->default_text;
	if (given == NULL) {
		fault_set(expansion->fault, FAULT_BAD_ARGUMENT, "%s: its argument %s is not given",
		    definition->name, arg->name);
		fault_note(expansion->fault, "proto", definition->name);
		fault_note(expansion->fault, "argument", arg->name);
	}
	return given;
}

static enum expansion_status expand_proto(
    struct expansion *expansion, struct proto *proto, char *const *captured)
{
	struct definition *definition = proto->definition;
	struct strings *found = mem_new(definition->n_args, sizeof(*found));
	enum expansion_status status = EXPANSION_OK;

	for (size_t k = 0; k < expansion->n_args && status == EXPANSION_OK; k++) {
		const char *name = expansion->args[k].name;
		if (definition_find_arg(definition, name, strlen(name)) < 0) {
			refuse_keyword(expansion, definition, name);
			status = EXPANSION_REFUSED;
		}
	}
	for (size_t i = 0; i < definition->n_args && status == EXPANSION_OK; i++) {
		const char *value = pick_value(expansion, definition, i, captured);
		status = value ? expand_value(expansion, definition, i, value, &found[i])
		               : EXPANSION_REFUSED;
	}
	if (status == EXPANSION_OK)
		status = make_product(expansion, proto, found);
	for (size_t i = 0; i < definition->n_args; i++)
		strings_clear(&found[i]);
	free(found);
	return status;
}

/* captures as texts, one for each argument (NULL: not captured). */
static char **captured_new(
    const struct definition *definition, const struct capture *captures, int n_captures)
{
	char **captured = mem_new(definition->n_args, sizeof(*captured));

	for (int c = 0; c < n_captures; c++) {
		int arg =
		    definition_find_arg(definition, captures[c].name.text, captures[c].name.length);
		if (arg >= 0)
			captured[arg] =
			    mem_copy_part(captures[c].value.text, captures[c].value.length);
	}
	return captured;
}

static void captured_free(const struct definition *definition, char **captured)
{
	for (size_t i = 0; i < definition->n_args; i++)
		free(captured[i]);
	free(captured);
}

static enum expansion_status refuse_ambiguous(struct expansion *expansion, const char *text)
{
	struct proto **protos;
	size_t count = registry_match(expansion->core, text, NULL, 0);
	struct strings names = {0};

	protos = mem_new(count, sizeof(struct proto *));
	registry_match(expansion->core, text, protos, count);
	for (size_t i = 0; i < count; i++)
		strings_add(&names, protos[i]->definition->name);
	char *list = strings_join(&names, ", ");
	fault_set(
	    expansion->fault, FAULT_AMBIGUOUS_NAME, "%s: several protos match: %s", text, list);
	expansion->fault->names = names;
	fault_note(expansion->fault, "name", text);
	free(list);
	free(protos);
	return EXPANSION_REFUSED;
}

/* text is the name of a proc that there is: itself, or the same under another name. */
static enum expansion_status expand_existing(struct expansion *expansion, struct proc *proc)
{
	enum expansion_status status = EXPANSION_OK;

	if (expansion->as == NULL && expansion->n_args == 0) {
		if (expansion->skip == 0)
			expansion_add(expansion, proc);
		return EXPANSION_OK;
	}
	if (proc->proto != NULL)
		return expand_proto(expansion, proc->proto, proc->values);
	if (expansion->n_args > 0) {
		refuse_keyword(expansion, proc->definition, expansion->args[0].name);
		status = EXPANSION_REFUSED;
	} else {
		fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
		    "%s: only what a proto makes can be given another name", proc->name);
		status = EXPANSION_REFUSED;
	}
	return status;
}

enum expansion_status expand_name(struct expansion *expansion, const char *text)
{
	struct core *core = expansion->core;
	struct proc *proc = registry_find(core, text);
	struct capture captures[NAME_PLACEHOLDERS_MAX];
	int n_captures = 0;

	if (proc != NULL && proc->is_defined)
		return expand_existing(expansion, proc);
	struct proto *proto = registry_find_proto(core, text);
	if (proto == NULL) {
		size_t count = registry_match(core, text, &proto, 1);
		if (count == 0)
			return EXPANSION_UNKNOWN;
		if (count > 1)
			return refuse_ambiguous(expansion, text);
		n_captures = name_match(proto->definition->name, core->separator, text, captures);
	}
	char **captured = captured_new(proto->definition, captures, n_captures);
	enum expansion_status status = expand_proto(expansion, proto, captured);
	captured_free(proto->definition, captured);
	return status;
}

enum expansion_status expand_captures(struct expansion *expansion, struct proto *proto,
    const struct capture *captures, int n_captures, struct proc **proc)
{
	struct definition *definition = proto->definition;
	char **values = captured_new(definition, captures, n_captures);
	enum expansion_status status = EXPANSION_OK;

	for (size_t i = 0; i < definition->n_args && status == EXPANSION_OK; i++) {
		const struct argument *arg = &definition->args[i];
		const struct strings *choices;
		if (!arg->is_placeholder) {
			free(values[i]);
			values[i] = mem_copy(arg->default_text);
		} else if (values[i] == NULL || arg_type_check(arg->type, values[i]) != 0) {
			status = EXPANSION_UNKNOWN;
		} else if (!choices_find(expansion, definition, i, &choices)) {
			expansion->asked_definition = definition;
			expansion->asked_arg = i;
			status = EXPANSION_ASKS;
		} else if (choices != NULL && !strings_contain(choices, values[i])) {
			status = EXPANSION_UNKNOWN;
		}
	}
	if (status == EXPANSION_OK)
		status = make_proc(expansion, proto, values, NULL, proc);
	captured_free(definition, values);
	return status;
}

int expand_refuse_asking(const struct expansion *expansion)
{
	const struct definition *definition = expansion->asked_definition;

	return fault_set(expansion->fault, FAULT_NEEDS_CHOICES,
	    "%s: the choices of %s come from a command", definition->name,
	    definition->args[expansion->asked_arg].name);
}

int expand_request(struct expansion *expansion, const struct name_request *request)
{
	size_t kept = 0;

	if (request->as != NULL && request->n_names != 1)
		return fault_set(expansion->fault, FAULT_BAD_ARGUMENT,
		    "another name can be given to one proc only");
	for (size_t i = 0; i < request->n_names; i++) {
		const char *name = request->names[i];
		switch (expand_name(expansion, name)) {
		case EXPANSION_OK:
			break;
		case EXPANSION_UNKNOWN:
			expand_refuse_unknown(expansion, name);
			return -1;
		case EXPANSION_ASKS:
			return expand_refuse_asking(expansion);
		case EXPANSION_REFUSED:
			return -1;
		}
	}
	uint64_t stamp = ++expansion->core->visit;
	for (size_t i = 0; i < expansion->n_procs; i++) {
		if (expansion->procs[i]->visit == stamp)
			continue;
		expansion->procs[i]->visit = stamp;
		expansion->procs[kept++] = expansion->procs[i];
	}
	expansion->n_procs = kept;
	return 0;
}

struct expansion expansion_of(
    struct core *core, const struct name_request *request, struct fault *fault)
{
	return (struct expansion){.core = core,
	    .args = request->args,
	    .n_args = request->n_args,
	    .as = request->as,
	    .answers = &request->answers,
	    .fault = fault};
}
