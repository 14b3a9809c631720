/* Commands whose answers an execution waits for; see resolving.h. */
#include "daemon/core/resolving.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/resolve.h"
#include "daemon/core/settle.h"
#include "daemon/core/touch.h"

void choices_answers_free(struct choices_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct strings *choices = (struct strings *)answers[i].choices;
		definition_unref((struct definition *)answers[i].definition);
		strings_clear(choices);
		free(choices);
	}
	free(answers);
}

void resolving_begin(
    struct core *core, struct execution *execution, const struct question *question)
{
	struct resolving *resolving = mem_new(1, sizeof(*resolving));
	struct definition *definition = question->definition;
	const struct command *command = definition
	                                    ? &definition->args[question->arg].choices_command
	                                    : &execution->definition->deps[question->dep].command;

	*resolving = (struct resolving){.id = core->next_resolving++,
	    .execution = execution,
	    .next = execution->resolving,
	    .dep = question->dep,
	    .definition = definition ? definition_ref(definition) : NULL,
	    .arg = question->arg,
	    .answers = question->answers,
	    .n_answers = question->n_answers};
	for (size_t i = 0; question->names && i < question->names->count; i++)
		strings_add(&resolving->names, question->names->items[i]);
	execution->resolving = resolving;
	touch_execution(core, execution);
	if (execution->n_unresolved++ == 0)
		HASH_ADD(by_id, core->live, id, sizeof(execution->id), execution);
	HASH_ADD(by_id, core->resolving, id, sizeof(resolving->id), resolving);
	execution_update_progress(core, execution);
	action_emit(core, &(struct action){.kind = ACTION_RESOLVE,
	                      .execution = execution,
	                      .id = resolving->id,
	                      .command = command,
	                      .is_choices = definition != NULL});
}

static void resolving_free(struct core *core, struct resolving *resolving)
{
	HASH_DELETE(by_id, core->resolving, resolving);
	definition_unref(resolving->definition);
	strings_clear(&resolving->names);
	choices_answers_free(resolving->answers, resolving->n_answers);
	free(resolving);
}

/* One of its resolvings was taken off its list. */
static void resolving_count_out(struct core *core, struct execution *execution)
{
	if (--execution->n_unresolved == 0)
		HASH_DELETE(by_id, core->live, execution);
}

/* Takes resolving off its execution's list. */
static void resolving_unlink(struct core *core, struct resolving *resolving)
{
	struct execution *execution = resolving->execution;
	struct resolving **link = &execution->resolving;

	while (*link != resolving)
		link = &(*link)->next;
	*link = resolving->next;
	touch_execution(core, execution);
	resolving_count_out(core, execution);
}

void resolving_drop(struct core *core, struct execution *execution)
{
	struct resolving *resolving;

	while ((resolving = execution->resolving) != NULL) {
		execution->resolving = resolving->next;
		resolving_count_out(core, execution);
		resolving_free(core, resolving);
	}
}

static struct resolving *resolving_find(const struct core *core, uint64_t id)
{
	struct resolving *resolving;

	HASH_FIND(by_id, core->resolving, &id, sizeof(id), resolving);
	return resolving;
}

/* The answers that resolving had and the one that came now; the caller frees them. */
static struct choices_answer *answers_add(
    struct resolving *resolving, const struct strings *answer, size_t *count)
{
	struct strings *copy = mem_new(1, sizeof(*copy));
	struct choices_answer *answers = resolving->answers;

	for (size_t i = 0; i < answer->count; i++)
		strings_add(copy, answer->items[i]);
	*count = resolving->n_answers + 1;
	answers = mem_resize(answers, *count, sizeof(*answers));
	answers[*count - 1] =
	    (struct choices_answer){definition_ref(resolving->definition), resolving->arg, copy};
	resolving->answers = NULL;
	resolving->n_answers = 0;
	return answers;
}

void core_resolved(struct core *core, uint64_t id, const struct strings *answer, int64_t now_ns)
{
	struct resolving *resolving = resolving_find(core, id);

	if (resolving == NULL)
		return;
	struct execution *execution = resolving->execution;
	size_t dep = resolving->dep;
	resolving_unlink(core, resolving);
	if (resolving->definition == NULL) {
		resolve_late(core, execution, answer, NULL, now_ns);
	} else {
		struct late_dep late = {.dep = dep};
		late.answers = answers_add(resolving, answer, &late.n_answers);
		const struct strings *names = resolving->names.count ? &resolving->names : NULL;
		resolve_late(core, execution, names, &late, now_ns);
		choices_answers_free(late.answers, late.n_answers);
	}
	resolving_free(core, resolving);
	execution_update_progress(core, execution);
	settle_all(core, now_ns);
}

void core_resolve_failed(struct core *core, uint64_t id, const char *info, int64_t now_ns)
{
	struct resolving *resolving = resolving_find(core, id);

	if (resolving == NULL)
		return;
	settle_fail(core, resolving->execution, ERROR_RESOLVE, info, now_ns);
	settle_all(core, now_ns);
}
