/*
 * What the definitions of procs and protos say of each other before anything of them is asked for.
 * An argument that has no value yet is taken for one that could be anything. Each name is looked up
 * once, so it costs what there is.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"

#define MATCHES_MAX 16

struct outline {
	struct core *core;
	outline_visit *visit;
	void *arg;
	bool is_ended;
};

static void tell(struct outline *outline, struct outline_edge edge)
{
	if (!outline->is_ended && !outline->visit(&edge, outline->arg))
		outline->is_ended = true;
}

/* text with a star for each placeholder: a name that patterns match. The caller frees it. */
static char *put_stars(const char *text)
{
	char *starred = mem_new(strlen(text) + 1, 1), *out = starred;
	const char *begin, *end;
	struct slice name;

	while (name_next_placeholder(text, &name, &begin, &end)) {
		memcpy(out, text, (size_t)(begin - text));
		out += begin - text;
		*out++ = '*';
		text = end;
	}
	strcpy(out, text);
	return starred;
}

/* Calls found for each definition that text, a name, pattern or glob, may mean. How many. */
static size_t find_named(struct outline *outline, const char *text,
    void (*found)(struct outline *, const char *name, void *), void *arg)
{
	const struct proc *proc = core_find_proc(outline->core, text);
	struct proto *protos[MATCHES_MAX];
	size_t count;
	char *starred;

	if ((proc && proc->is_defined) || core_find_proto(outline->core, text)) {
		found(outline, text, arg);
		return 1;
	}
	starred = put_stars(text);
	count = registry_match(outline->core, starred, protos, MATCHES_MAX);
	free(starred);
	if (count > MATCHES_MAX)
		count = MATCHES_MAX;
	for (size_t i = 0; i < count; i++)
		found(outline, protos[i]->definition->name, arg);
	return count;
}

static void found_dep(struct outline *outline, const char *name, void *to)
{
	tell(outline, (struct outline_edge){.from = name, .to = to, .reason = EDGE_DEP});
}

static void outline_deps(struct outline *outline, const char *name,
    const struct definition *definition, char *const *values)
{
	for (size_t i = 0; i < definition->n_deps && !outline->is_ended; i++) {
		const struct dep *dep = &definition->deps[i];
		struct outline_edge missing = {.to = name, .reason = EDGE_DEP, .is_missing = true};
		char *text;

		if (dep->kind == DEP_COMMAND)
			tell(outline, (struct outline_edge){.to = name,
			                  .reason = EDGE_COMMAND,
			                  .command = dep->command.words[0]});
		if (dep->kind != DEP_NAME)
			continue;
		text =
		    values ? definition_fill(definition, values, dep->text) : mem_copy(dep->text);
		missing.from = text;
		if (find_named(outline, text, found_dep, (void *)(uintptr_t)name) == 0)
			tell(outline, missing);
		free(text);
	}
}

static enum edge_reason reason_of_rdep(enum rdep_kind kind)
{
	switch (kind) {
	case RDEP_WHEN_SCHEDULED:
		return EDGE_WHEN_SCHEDULED;
	case RDEP_WHEN_TARGET_SCHEDULED:
		return EDGE_WHEN_TARGET_SCHEDULED;
	case RDEP_PLAIN:
		break;
	}
	return EDGE_RDEP;
}

static const char *name_of_declarer(const struct rdep_entry *entry)
{
	return entry->proc ? entry->proc->name : entry->proto->definition->name;
}

struct target {
	struct outline *outline;
	const char *name;
	const char *starred;
};

static bool is_target(const struct outline *outline, const char *target, const char *starred)
{
	struct capture captures[NAME_PLACEHOLDERS_MAX];

	return name_match(target, outline->core->separator, starred, captures) >= 0;
}

static bool visit_declarer(void *item, void *arg)
{
	const struct rdep_entry *entry = item;
	const struct target *target = arg;

	if (!is_target(target->outline, entry->target, target->starred))
		return true;
	tell(target->outline, (struct outline_edge){.from = name_of_declarer(entry),
	                          .to = target->name,
	                          .reason = reason_of_rdep(entry->kind)});
	return !target->outline->is_ended;
}

/* Those whose rdeps mean name; what is created from a proto leaves patterns to that. */
static void outline_declarers(struct outline *outline, const char *name, bool is_created)
{
	char *starred = put_stars(name);
	struct target target = {outline, name, starred};

	if (is_created)
		index_find_items(outline->core->rdeps, name, visit_declarer, &target);
	else
		index_find_patterns(outline->core->rdeps, starred, visit_declarer, &target);
	free(starred);
}

static void found_target(struct outline *outline, const char *name, void *arg)
{
	const struct rdep_entry *entry = arg;
	char *starred = put_stars(name);

	/* Else it finds the declarer by itself. */
	if (!is_target(outline, entry->target, starred))
		tell(outline, (struct outline_edge){.from = name_of_declarer(entry),
		                  .to = name,
		                  .reason = reason_of_rdep(entry->kind)});
	free(starred);
}

static void outline_targets(
    struct outline *outline, struct rdep_entry *entries, const struct definition *definition)
{
	for (size_t i = 0; entries && i < definition->n_rdeps && !outline->is_ended; i++)
		find_named(outline, entries[i].target, found_target, &entries[i]);
}

bool core_outline_proto(
    struct core *core, const struct proto *proto, outline_visit *visit, void *arg)
{
	struct outline outline = {.core = core, .visit = visit, .arg = arg};
	const struct definition *definition = proto->definition;

	outline_deps(&outline, definition->name, definition, NULL);
	outline_declarers(&outline, definition->name, false);
	outline_targets(&outline, proto->rdeps, definition);
	return !outline.is_ended;
}

/* What is created from a proto hangs on that, which says the rest. */
bool core_outline_proc(struct core *core, const struct proc *proc, outline_visit *visit, void *arg)
{
	struct outline outline = {.core = core, .visit = visit, .arg = arg};

	if (!proc->is_defined)
		return true;
	outline_declarers(&outline, proc->name, proc->proto != NULL);
	if (proc->proto) {
		tell(&outline, (struct outline_edge){.from = proc->proto->definition->name,
		                   .to = proc->name,
		                   .reason = EDGE_PROTO});
	} else {
		outline_deps(&outline, proc->name, proc->definition, proc->values);
		outline_targets(&outline, proc->rdeps, proc->definition);
	}
	return !outline.is_ended;
}
