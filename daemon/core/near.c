/* Names that are near to one that is unknown, for "did you mean". Only ever asked after an error.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/name.h"
#include "daemon/core/state.h"
#include "daemon/core/suggest.h"

/* Appends near names, the nearest first, at most 3. */
struct nearest {
	size_t best[3];
	const char *names[3];
	size_t count;
};

static void nearest_offer(struct nearest *nearest, const char *name, size_t distance)
{
	size_t at = nearest->count;

	while (at > 0 && nearest->best[at - 1] > distance)
		at--;
	if (at == 3)
		return;
	size_t last = nearest->count < 3 ? nearest->count++ : 2;
	for (; last > at; last--) {
		nearest->best[last] = nearest->best[last - 1];
		nearest->names[last] = nearest->names[last - 1];
	}
	nearest->best[at] = distance;
	nearest->names[at] = name;
}

/*
 * The pattern with each part that has a placeholder replaced by the part of name that stands in its
 * place, so that only what is fixed in the pattern counts. The caller frees it.
 */
static char *fill_in(const char *pattern, const char *name, const char *separator)
{
	struct name_part part, own;
	struct strings parts = {0};
	bool is_more = true;

	while (name_next_part(&pattern, separator, &part)) {
		is_more = is_more && name_next_part(&name, separator, &own);
		const struct slice *text =
		    part.placeholder.length > 0 && is_more ? &own.before : &part.before;
		strings_take(&parts, mem_copy_part(text->text, text->length));
	}
	char *filled = strings_join(&parts, separator);
	strings_clear(&parts);
	return filled;
}

void core_suggest(const struct core *core, const char *name, struct strings *names)
{
	struct nearest nearest = {0};
	size_t limit = suggest_limit(strlen(name));
	struct proc *proc;
	struct proto *proto, *next_proto;

	TAILQ_FOREACH (proc, &core->procs.all, of_all) {
		size_t distance =
		    proc->is_defined ? suggest_distance(name, proc->name, limit) : limit + 1;
		if (distance <= limit)
			nearest_offer(&nearest, proc->name, distance);
	}
	HASH_ITER (by_name, core->protos, proto, next_proto) {
		char *filled = fill_in(proto->definition->name, name, core->separator);
		size_t distance = suggest_distance(name, filled, limit);
		if (distance <= limit)
			nearest_offer(&nearest, proto->definition->name, distance);
		free(filled);
	}
	for (size_t i = 0; i < nearest.count; i++)
		strings_add(names, nearest.names[i]);
}
