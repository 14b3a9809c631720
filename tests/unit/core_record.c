/*
 * Copies of what the core knows; see core_record.h. Definitions never change, so a record has a
 * reference to one rather than a copy.
 */
#include "tests/unit/core_record.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/resolving.h"

static char **copy_texts(char *const *texts, size_t count)
{
	char **copy = mem_new(count, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_copy(texts[i]);
	return copy;
}

static void free_texts(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((char *)texts[i]);
	free((void *)texts);
}

static void print_texts(FILE *out, const char *what, const char *const *texts, size_t count)
{
	fprintf(out, " %s=", what);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i > 0 ? "," : "", texts[i]);
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "-";
}

/* --- names --- */

void record_of_name(struct core *core, const char *name, struct name_record *record)
{
	const struct proto *proto = core_find_proto(core, name);
	const struct proc *proc = core_find_proc(core, name);
	*record = (struct name_record){.name = mem_copy(name)};
	if (proto != NULL)
		record->proto = definition_ref(proto->definition);
	if (proc == NULL || !proc->is_defined)
		return;
	record->proc = definition_ref(proc->definition);
	if (proc->proto == NULL)
		return;
	record->of = mem_copy(proc->proto->definition->name);
	record->n_values = proc->definition->n_args;
	record->values = copy_texts(proc->values, record->n_values);
}

void record_clear_name(struct name_record *record)
{
	definition_unref(record->proto);
	definition_unref(record->proc);
	free_texts((const char *const *)record->values, record->n_values);
	free(record->name);
	free(record->of);
}

void record_print_name(FILE *out, const struct name_record *record)
{
	fprintf(out, "name %s proto=%p proc=%p of=%s", record->name, (void *)record->proto,
	    (void *)record->proc, or_none(record->of));
	print_texts(out, "values", (const char *const *)record->values, record->n_values);
	fprintf(out, "\n");
}

/* --- runs and memberships --- */

/* The params of runs have no key of their own in the store. */
void record_of_run(const struct run *run, struct run_record *record)
{
	*record = (struct run_record){.id = run->id,
	    .name = mem_copy(run->name),
	    .params = {.text = mem_copy(run->params->text)},
	    .executor = mem_copy(run->executor),
	    .created_ns = run->created_ns,
	    .ended_ns = run->ended_ns,
	    .holds = run->holds,
	    .brief_holds = run->brief_holds,
	    .is_fail_fast = run->is_fail_fast,
	    .is_failed = run->is_failed};
}

void record_clear_run(struct run_record *record)
{
	free((char *)record->name);
	free((char *)record->params.text);
	free((char *)record->executor);
}

void record_print_run(FILE *out, const struct run_record *record)
{
	fprintf(out,
	    "run %llu %s params=%s executor=%s created=%lld ended=%lld holds=%u,%u fail_fast=%d "
	    "failed=%d\n",
	    (unsigned long long)record->id, or_none(record->name), record->params.text,
	    or_none(record->executor), (long long)record->created_ns, (long long)record->ended_ns,
	    record->holds, record->brief_holds, record->is_fail_fast, record->is_failed);
}

void record_of_member(const struct membership *member, struct member_record *record)
{
	*record = (struct member_record){.run = member->run->id,
	    .exec = member->execution->id,
	    .since = member->since,
	    .override = member->override,
	    .info = mem_copy(member->override_info)};
}

void record_clear_member(struct member_record *record)
{
	free((char *)record->info);
}

void record_print_member(FILE *out, const struct member_record *record)
{
	fprintf(out, "member %llu in run %llu since=%llu override=%d info=%s\n",
	    (unsigned long long)record->exec, (unsigned long long)record->run,
	    (unsigned long long)record->since, record->override, or_none(record->info));
}

/* --- executions --- */

static const uint64_t *copy_deps(const struct execution *execution)
{
	uint64_t *deps = mem_new(execution->n_deps, sizeof(*deps));
	for (uint32_t i = 0; i < execution->n_deps; i++)
		deps[i] = execution->deps[i]->id;
	return deps;
}

static const char *const *copy_missing(const struct execution *execution)
{
	char **names = mem_new(execution->n_missing, sizeof(*names));
	size_t n = 0;
	for (const struct missing *at = execution->missing; at; at = at->next_of_execution)
		names[n++] = mem_copy(at->proc->name);
	return (const char *const *)names;
}

static const struct question_record *copy_questions(const struct execution *execution)
{
	struct question_record *questions = mem_new(execution->n_unresolved, sizeof(*questions));
	size_t n = 0;
	for (const struct resolving *at = execution->resolving; at; at = at->next)
		questions[n++] = (struct question_record){.dep = at->dep,
		    .is_choices = at->definition != NULL,
		    .names = (const char *const *)copy_texts(at->names.items, at->names.count),
		    .n_names = at->names.count};
	return questions;
}

void record_of_execution(const struct execution *execution, struct execution_record *record)
{
	const struct definition *definition = execution->definition;
	*record = (struct execution_record){.id = execution->id,
	    .proc = mem_copy(execution->proc->name),
	    .definition = definition_ref(execution->definition),
	    .values = (const char *const *)copy_texts(execution->values, definition->n_args),
	    .run = execution->first.run != NULL ? execution->first.run->id : 0,
	    .params = {.text = mem_copy(execution->params->text), .key = execution->params->key},
	    .env = execution->env,
	    .executor = mem_copy(execution_executor(execution)),
	    .attempt = execution->attempt,
	    .priority = execution->priority,
	    .n_transient = execution->n_transient,
	    .retry_ns = execution->is_retrying ? execution->deadline_ns : 0,
	    /* What stands by may run before anybody hears of it. */
	    .state = execution->is_standby ? STATE_RUNNING : execution->state,
	    .error = execution->error,
	    .ending = execution->ending,
	    .is_pending = execution->is_pending,
	    .is_standby = execution->is_standby,
	    .exit_code = execution->exit_code,
	    .signal = execution->signal,
	    .info = mem_copy(execution->info),
	    .queued_ns = execution->queued_ns,
	    .started_ns = execution->started_ns,
	    .ended_ns = execution->ended_ns,
	    .rank_ms = execution->rank_ms,
	    .place = execution->place,
	    .deps = copy_deps(execution),
	    .n_deps = execution->n_deps,
	    .failed_dep = execution->failed_dep != NULL ? execution->failed_dep->id : 0,
	    .missing = copy_missing(execution),
	    .n_missing = execution->n_missing,
	    .questions = copy_questions(execution),
	    .n_questions = execution->n_unresolved};
}

void record_clear_execution(struct execution_record *record)
{
	for (size_t i = 0; i < record->n_questions; i++)
		free_texts(record->questions[i].names, record->questions[i].n_names);
	free((void *)record->questions);
	free_texts(record->missing, record->n_missing);
	free_texts(record->values, record->definition->n_args);
	definition_unref(record->definition);
	free((void *)record->deps);
	free((char *)record->proc);
	free((char *)record->params.text);
	free((char *)record->executor);
	free((char *)record->info);
}

void record_print_execution(FILE *out, const struct execution_record *record)
{
	fprintf(out,
	    "execution %llu %s definition=%p run=%llu params=%s env=%u on=%s attempt=%u,%u,%lld "
	    "state=%d "
	    "priority=%d error=%d ending=%d pending=%d,%d exit=%d signal=%d info=%s "
	    "times=%lld,%lld,%lld "
	    "rank=%u,%u "
	    "failed_dep=%llu",
	    (unsigned long long)record->id, record->proc, (void *)record->definition,
	    (unsigned long long)record->run, record->params.text, record->env,
	    or_none(record->executor), record->attempt, record->n_transient,
	    (long long)record->retry_ns, record->state, record->priority, record->error,
	    record->ending, record->is_pending, record->is_standby, record->exit_code,
	    record->signal, or_none(record->info), (long long)record->queued_ns,
	    (long long)record->started_ns, (long long)record->ended_ns, record->rank_ms,
	    record->place, (unsigned long long)record->failed_dep);
	print_texts(out, "values", record->values, record->definition->n_args);
	print_texts(out, "missing", record->missing, record->n_missing);
	fprintf(out, " deps=");
	for (size_t i = 0; i < record->n_deps; i++)
		fprintf(out, "%s%llu", i > 0 ? "," : "", (unsigned long long)record->deps[i]);
	for (size_t i = 0; i < record->n_questions; i++) {
		const struct question_record *question = &record->questions[i];
		fprintf(out, " question=%zu,%d", question->dep, question->is_choices);
		print_texts(out, "names", question->names, question->n_names);
	}
	fprintf(out, "\n");
}

char *record_find_difference(const char *before, const char *after)
{
	size_t from = 0, at = 0;
	for (; before[at] == after[at] && after[at] != '\0'; at++)
		if (after[at] == '\n')
			from = at + 1;
	if (before[at] == after[at])
		return NULL;
	return mem_print("\n  %.*s\nbecame\n  %.*s", (int)strcspn(before + from, "\n"),
	    before + from, (int)strcspn(after + from, "\n"), after + from);
}
