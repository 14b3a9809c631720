/*
 * Rebuilding the core from records: here each of them becomes what it was, in restore_link.c they
 * are put together. Lines, counters and heaps are not kept but made anew by the code that makes
 * them in the first place. See restore.h.
 */
#include "daemon/core/restore_internal.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/name.h"
#include "daemon/core/registry.h"
#include "daemon/core/run.h"
#include "daemon/core/slots.h"
#include "daemon/core/values.h"

struct restore *restore_begin(struct core *core)
{
	struct restore *restore = mem_new(1, sizeof(*restore));

	restore->core = core;
	return restore;
}

static void free_questions(struct restored *item)
{
	for (size_t i = 0; i < item->n_questions; i++) {
		struct strings *names = (struct strings *)item->questions[i].names;

		if (names != NULL)
			strings_clear(names);
		free(names);
	}
	free(item->questions);
	free(item->is_choices);
}

/* Has no execution depend on another any more: what no run has either is freed with the core. */
static void take_apart(struct restore *restore)
{
	struct core *core = restore->core;

	for (size_t i = 0; i < restore->count; i++)
		restore->items[i].execution->references++;
	for (size_t i = 0; i < restore->count; i++) {
		struct execution *execution = restore->items[i].execution;

		missing_drop(core, execution);
		execution_drop_dependents(core, execution);
		execution_drop_deps(core, execution);
	}
	for (size_t i = 0; i < restore->count; i++)
		execution_unref(core, restore->items[i].execution);
}

void restore_free(struct restore *restore)
{
	for (size_t i = 0; i < restore->count; i++) {
		free_questions(&restore->items[i]);
		free(restore->items[i].deps);
	}
	free(restore->items);
	free(restore);
}

void restore_abandon(struct restore *restore)
{
	take_apart(restore);
	restore_free(restore);
}

/* --- definitions --- */

static bool is_name(const struct restore *restore, const char *text)
{
	struct fault fault = {0};
	const char *separator = restore->core->separator;
	bool is_good = text != NULL && name_check(text, NAME_CONCRETE, separator, &fault) == 0;

	fault_clear(&fault);
	return is_good;
}

/* Whether there is a text for each argument. */
static bool has_values(const struct definition *definition, const char *const *values)
{
	for (size_t i = 0; i < definition->n_args; i++)
		if (values == NULL || values[i] == NULL)
			return false;
	return true;
}

int restore_proto(struct restore *restore, struct definition *definition)
{
	if (!definition->is_proto || registry_find_proto(restore->core, definition->name) != NULL)
		return -1;
	registry_put_proto(restore->core, definition);
	return 0;
}

int restore_proc(struct restore *restore, const char *name, struct definition *definition,
    const char *proto_name, const char *const *values)
{
	struct core *core = restore->core;
	struct proto *proto = proto_name ? registry_find_proto(core, proto_name) : NULL;
	struct proc *proc = registry_find(core, name);

	if (!is_name(restore, name) || (proc != NULL && proc->is_defined))
		return -1;
	if (proto_name == NULL ? definition->is_proto || strcmp(definition->name, name) != 0
	                       : proto == NULL || proto->definition != definition ||
	                             !has_values(definition, values))
		return -1;
	registry_define_proc(core, name, definition, proto,
	    proto ? values_copy((char *const *)values, definition->n_args) : NULL);
	registry_keep_created(core);
	return 0;
}

/* --- runs --- */

static struct params *get_params(struct restore *restore, const struct params_record *record)
{
	struct params *params = params_get(restore->core, record->text);

	if (record->key == 0 || params->key == record->key)
		return params;
	/* Two keys for one text: whoever has them counts them apart. */
	if (params->key != 0) {
		params_unref(params);
		params = params_new(record->text);
	}
	params->key = record->key;
	return params;
}

/* Puts it where it was among those that are over: the first that ended comes first. */
static void end_run(struct core *core, struct run *run, int64_t ended_ns)
{
	struct run *before = TAILQ_LAST(&core->over, run_list);

	run->ended_ns = ended_ns;
	TAILQ_REMOVE(&core->active, run, of_order);
	while (before != NULL && before->ended_ns > ended_ns)
		before = TAILQ_PREV(before, run_list, of_order);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&core->over, before, run, of_order);
	else
		TAILQ_INSERT_HEAD(&core->over, run, of_order);
	core->n_active--;
	core->n_over++;
}

int restore_run(struct restore *restore, const struct run_record *record)
{
	struct core *core = restore->core;
	uint64_t next_run = core->next_run;
	struct run *run;

	if (record->id <= restore->last_run || record->id >= next_run ||
	    record->params.text == NULL || record->ended_ns < 0 ||
	    record->brief_holds > record->holds || record->holds > RUN_HOLDS_MAX)
		return -1;
	restore->last_run = core->next_run = record->id;
	run = run_new(core, record->name, record->created_ns);
	core->next_run = next_run;
	run->is_new = false;
	run->is_stored = true;
	run->params = get_params(restore, &record->params);
	run->executor = mem_copy(record->executor);
	run->holds = record->holds;
	run->brief_holds = record->brief_holds;
	run->is_fail_fast = record->is_fail_fast;
	run->is_failed = record->is_failed;
	if (record->ended_ns > 0)
		end_run(core, run, record->ended_ns);
	return 0;
}

/* --- executions --- */

struct restored *restore_find_item(const struct restore *restore, uint64_t id)
{
	size_t low = 0, high = restore->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (restore->items[middle].execution->id == id)
			return &restore->items[middle];
		if (restore->items[middle].execution->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct execution *restore_find(const struct restore *restore, uint64_t id)
{
	const struct restored *item = restore_find_item(restore, id);

	return item ? item->execution : NULL;
}

/* Later times than these would not be understood: they are added to. */
static bool is_time(int64_t ns)
{
	return ns >= 0 && ns <= INT64_MAX / 2;
}

/* Whoever fails, or is told to end, has a reason for people. */
static bool has_reason(const struct execution_record *record)
{
	return (record->error == ERROR_NONE && record->ending == ERROR_NONE) ||
	       record->info != NULL;
}

/* Whether an execution in that state could be like that. */
static bool is_possible_state(const struct execution_record *record)
{
	switch (record->state) {
	case STATE_WANTED:
		return record->ending == ERROR_NONE;
	case STATE_RUNNING:
		if (record->attempt == 0 || record->definition->run.n_words == 0)
			return false;
		break;
	case STATE_SUCCEEDED:
	case STATE_FAILED:
	case STATE_SKIPPED:
	case STATE_UP_TO_DATE:
		if (record->ended_ns == 0)
			return false;
		break;
	default:
		return false;
	}
	return record->n_missing == 0 && record->n_questions == 0;
}

/* Whether a core could have kept that. */
static bool is_possible(const struct restore *restore, const struct execution_record *record)
{
	const struct restored *last = restore->count ? &restore->items[restore->count - 1] : NULL;

	return record->id > 0 && record->id < restore->core->next_exec &&
	       record->place < record->id && (last == NULL || last->execution->id < record->id) &&
	       record->error <= ERROR_OUTPUTS && record->ending <= ERROR_OUTPUTS &&
	       (record->state == STATE_FAILED) == (record->error != ERROR_NONE) &&
	       (record->state == STATE_RUNNING || !(record->is_pending || record->is_standby)) &&
	       (record->retry_ns == 0 || (record->state == STATE_WANTED && record->attempt > 0)) &&
	       record->n_transient <= record->attempt && is_time(record->retry_ns) &&
	       is_possible_state(record) && has_reason(record) && is_time(record->queued_ns) &&
	       is_time(record->started_ns) && is_time(record->ended_ns) &&
	       record->params.text != NULL && has_values(record->definition, record->values) &&
	       is_name(restore, record->proc);
}

static int keep_questions(struct restored *item, const struct execution_record *record)
{
	const struct definition *definition = record->definition;

	item->n_questions = record->n_questions;
	item->questions = mem_new(record->n_questions, sizeof(*item->questions));
	item->is_choices = mem_new(record->n_questions, sizeof(*item->is_choices));
	for (size_t i = 0; i < record->n_questions; i++) {
		const struct question_record *question = &record->questions[i];
		struct strings *names = NULL;

		if (question->n_names > 0)
			names = mem_new(1, sizeof(*names));
		for (size_t j = 0; j < question->n_names; j++)
			strings_add(names, question->names[j]);
		item->questions[i] = (struct question){.dep = question->dep, .names = names};
		item->is_choices[i] = question->is_choices;
		if (names == NULL && (question->dep >= definition->n_deps ||
		                         definition->deps[question->dep].kind !=
		                             (question->is_choices ? DEP_NAME : DEP_COMMAND)))
			return -1;
		if (names != NULL && !question->is_choices)
			return -1;
	}
	return 0;
}

static void fill_execution(struct execution *execution, const struct execution_record *record)
{
	execution->env = record->env;
	execution->attempt = record->attempt;
	execution->n_transient = record->n_transient;
	execution->is_retrying = record->retry_ns > 0;
	execution->deadline_ns = record->retry_ns;
	execution->state = (uint8_t)record->state;
	execution->error = (uint8_t)record->error;
	execution->ending = (uint8_t)record->ending;
	execution->priority = record->priority;
	execution->is_pending = record->is_pending;
	execution->is_standby = record->is_standby;
	execution->exit_code = record->exit_code;
	execution->signal = record->signal;
	execution->info = execution_copy_info(record->info);
	execution->rank_ms = record->rank_ms;
	execution->place = record->place;
	execution->queued_ns = record->queued_ns;
	execution->started_ns = record->started_ns;
	execution->ended_ns = record->ended_ns;
	if (execution_is_complete(execution) && execution->ended_ns < execution->started_ns)
		execution->ended_ns = execution->started_ns;
	execution->is_new = record->state == STATE_WANTED; /* until restore_finish() */
	execution->is_stored = true;
}

static struct execution *make_execution(
    struct restore *restore, const struct execution_record *record)
{
	struct core *core = restore->core;
	struct execution *execution = mem_new(1, sizeof(*execution));
	struct proc *proc = registry_get(core, record->proc);

	execution->id = record->id;
	execution->proc = proc;
	proc->references++;
	execution_define(execution, record->definition);
	if (proc->definition == record->definition &&
	    values_are_same(proc->values, (char *const *)record->values, proc->definition->n_args))
		execution->values = values_ref(proc->values);
	else
		execution->values =
		    values_copy((char *const *)record->values, record->definition->n_args);
	execution->params = get_params(restore, &record->params);
	slots_assign_name(core, execution, record->executor);
	execution->older = proc->newest;
	proc->newest = execution;
	core->n_executions++;
	fill_execution(execution, record);
	core->n_incomplete += !execution_is_complete(execution);
	return execution;
}

/* Joins the run that the execution was made in, if that is not forgotten yet. */
static void join_first(struct core *core, struct execution *execution, struct run *run)
{
	execution->first.execution = execution;
	if (run == NULL)
		return;
	execution->first.execution = NULL;
	execution_join_run(core, execution, run)->is_changed = false;
	execution->first.since = execution_first_since(execution->id);
}

/* They are listed newest first, so the last was the first. */
static int add_missing(
    struct restore *restore, struct execution *execution, const struct execution_record *record)
{
	for (size_t i = record->n_missing; i > 0; i--) {
		struct proc *proc;

		if (!is_name(restore, record->missing[i - 1]))
			return -1;
		proc = registry_get(restore->core, record->missing[i - 1]);
		proc->references++;
		missing_add(restore->core, execution, proc);
	}
	return 0;
}

int restore_execution(struct restore *restore, const struct execution_record *record)
{
	struct core *core = restore->core;
	struct run *run = record->run ? core_find_run(core, record->run) : NULL;
	struct restored *item;

	if (!is_possible(restore, record) || (record->run != 0 && run == NULL))
		return -1;
	if (restore->count == restore->max) {
		restore->max = restore->max ? 2 * restore->max : 256;
		restore->items = mem_resize(restore->items, restore->max, sizeof(*restore->items));
	}
	item = &restore->items[restore->count++];
	*item = (struct restored){.n_deps = record->n_deps, .failed_dep = record->failed_dep};
	item->execution = make_execution(restore, record);
	item->deps = mem_new(record->n_deps, sizeof(*item->deps));
	if (record->n_deps > 0)
		memcpy(item->deps, record->deps, record->n_deps * sizeof(*item->deps));
	if (run != NULL && core_find_member(run, item->execution->proc) != NULL)
		return -1;
	join_first(core, item->execution, run);
	if (add_missing(restore, item->execution, record) != 0)
		return -1;
	return keep_questions(item, record);
}

/* What execution_join_run() has counted of a membership counts as failed instead. */
static void override_member(
    struct core *core, struct membership *member, const struct member_record *record)
{
	struct execution *execution = member->execution;
	struct run *run = member->run;
	bool was_failed = execution->state == STATE_FAILED;

	member->override = record->override;
	member->override_info = execution_copy_info(record->info);
	run->is_failed = true;
	run->n_failed += !was_failed;
	if (execution_is_complete(execution))
		return;
	run->n_incomplete--;
	execution->live_runs--;
	run->n_progress -= execution->is_in_progress;
	run_count_out(core, run, execution->wave);
}

int restore_member(struct restore *restore, const struct member_record *record)
{
	struct core *core = restore->core;
	const struct restored *item = restore_find_item(restore, record->exec);
	struct run *run = core_find_run(core, record->run);
	struct membership *member;

	if (item == NULL || run == NULL || record->override > ERROR_OUTPUTS ||
	    record->since < restore->last_since ||
	    (record->override != ERROR_NONE && record->info == NULL))
		return -1;
	restore->last_since = record->since;
	member = core_find_member(run, item->execution->proc);
	/* Of the first it says only what overrides it. */
	if (member != NULL && (member != &item->execution->first ||
	                          member->override != ERROR_NONE || record->override == ERROR_NONE))
		return -1;
	if (member == NULL) {
		member = execution_join_run(core, item->execution, run);
		run->visit = 1; /* its members are to be sorted */
	}
	member->since = record->since;
	member->is_changed = false;
	if (record->override != ERROR_NONE)
		override_member(core, member, record);
	return 0;
}
