/*
 * Runs, their waves and their end; see run.h. A run counts what of it is incomplete, for each wave
 * too, so that no event has to look at its members.
 */
#include "daemon/core/run.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/ready.h"
#include "daemon/core/resolving.h"
#include "daemon/core/slots.h"
#include "daemon/core/touch.h"
#include "daemon/core/wait.h"

/* Each costs about a kilobyte, and a request of forty bytes makes one. */
#define RUN_ACTIVE_MAX 32768

static void name_add(struct core *core, struct run *run)
{
	struct run_name *name;
	size_t length;

	if (run->name == NULL)
		return;
	length = strlen(run->name);
	HASH_FIND(by_name, core->run_names, run->name, length, name);
	if (name == NULL) {
		name = mem_new(1, sizeof(*name) + length + 1);
		memcpy(name->name, run->name, length);
		HASH_ADD(by_name, core->run_names, name, length, name);
	}
	run->older_of_name = name->newest;
	name->newest = run;
}

static void name_remove(struct core *core, struct run *run)
{
	struct run_name *name;
	struct run **link;

	if (run->name == NULL)
		return;
	HASH_FIND(by_name, core->run_names, run->name, strlen(run->name), name);
	for (link = &name->newest; *link != run; link = &(*link)->older_of_name)
		continue;
	*link = run->older_of_name;
	if (name->newest == NULL) {
		HASH_DELETE(by_name, core->run_names, name);
		free(name);
	}
}

struct run *run_new(struct core *core, const char *name, int64_t now_ns)
{
	struct run *run = mem_new(1, sizeof(*run));

	run->id = core->next_run++;
	run->name = mem_copy(name);
	run->created_ns = now_ns;
	run->oldest_member = UINT64_MAX;
	TAILQ_INIT(&run->members);
	HASH_ADD(by_id, core->runs, id, sizeof(run->id), run);
	name_add(core, run);
	TAILQ_INSERT_TAIL(&core->active, run, of_order);
	core->n_active++;
	run->is_new = true;
	return run;
}

static void run_free(struct run *run)
{
	for (size_t i = 0; i < run->n_waves; i++)
		free(run->waves[i]);
	free(run->waves);
	index_free(run->names);
	params_unref(run->params);
	free(run->name);
	free(run->executor);
	free(run);
}

/* Takes run out of everything that finds it. */
static void run_unlink(struct core *core, struct run *run)
{
	HASH_DELETE(by_id, core->runs, run);
	name_remove(core, run);
	if (run_is_active(run)) {
		TAILQ_REMOVE(&core->active, run, of_order);
		core->n_active--;
	} else {
		TAILQ_REMOVE(&core->over, run, of_order);
		core->n_over--;
	}
	if (run->is_quiet)
		TAILQ_REMOVE(&core->quiet, run, of_quiet);
}

void run_undo(struct core *core, struct run *run)
{
	core->next_run--;
	run_unlink(core, run);
	run_free(run);
}

bool run_is_active(const struct run *run)
{
	return run->ended_ns == 0;
}

struct run *core_find_run(const struct core *core, uint64_t id)
{
	struct run *run;

	HASH_FIND(by_id, core->runs, &id, sizeof(id), run);
	return run;
}

struct run *core_find_run_by_name(const struct core *core, const char *text)
{
	struct run_name *name;

	HASH_FIND(by_name, core->run_names, text, strlen(text), name);
	return name ? name->newest : NULL;
}

/* The table keeps them in the order in which they were made, which is that of their numbers. */
static struct run *get_newest(const struct core *core)
{
	if (core->runs == NULL)
		return NULL;
	return ELMT_FROM_HH(core->runs->by_id.tbl, core->runs->by_id.tbl->tail);
}

struct run *core_next_run(const struct core *core, uint64_t before)
{
	struct run *run = before > 0 ? core_find_run(core, before) : NULL;

	if (run != NULL)
		return run->by_id.prev;
	/* From a run that has been forgotten since, the way there is longer. */
	run = get_newest(core);
	while (run != NULL && before > 0 && run->id >= before)
		run = run->by_id.prev;
	return run;
}

/* What a request gives that is no number of a run comes as the largest. */
static int refuse_number(struct fault *fault, uint64_t id)
{
	if (id == UINT64_MAX)
		return fault_set(fault, FAULT_NOT_FOUND, "a run has a number from 1 on");
	return fault_set(fault, FAULT_NOT_FOUND, "there is no run %llu", (unsigned long long)id);
}

/* The run that scope names is not there. */
static int refuse_run(const struct scope *scope, struct fault *fault)
{
	if (scope->run_name == NULL)
		return refuse_number(fault, scope->run);
	if (scope->run_name[0] == '\0')
		return fault_set(fault, FAULT_NOT_FOUND,
		    "the run is named by an empty text: give its number or name");
	return fault_set(fault, FAULT_NOT_FOUND, "there is no run %s", scope->run_name);
}

int core_look_run(
    const struct core *core, const struct scope *scope, struct run **run, struct fault *fault)
{
	*run = NULL;
	if (scope->run != 0) {
		*run = core_find_run(core, scope->run);
		return *run ? 0 : refuse_run(scope, fault);
	}
	if (scope->run_name != NULL) {
		*run = core_find_run_by_name(core, scope->run_name);
		if (*run == NULL)
			return refuse_run(scope, fault);
	}
	return 0;
}

int run_for_start(
    struct core *core, const struct scope *scope, struct run **run, struct fault *fault)
{
	*run = NULL;
	if (scope->run != 0) {
		*run = core_find_run(core, scope->run);
		return *run ? 0 : refuse_run(scope, fault);
	}
	if (scope->run_name != NULL)
		*run = core_find_run_by_name(core, scope->run_name);
	if (*run != NULL && run_is_active(*run))
		return 0;
	if (core->n_active >= RUN_ACTIVE_MAX) {
		fault_set(fault, FAULT_LIMIT,
		    "%d runs are active already: end some, or use one of them", RUN_ACTIVE_MAX);
		return -1;
	}
	*run = run_new(core, scope->run_name, scope->now_ns);
	return 0;
}

/* The index of the first wave that is not lower than number. */
static size_t wave_search(const struct run *run, int32_t number)
{
	size_t low = 0, high = run->n_waves;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (run->waves[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void run_count_in(struct core *core, struct run *run, int32_t number)
{
	size_t at = wave_search(run, number);

	(void)core;
	if (at == run->n_waves || run->waves[at]->number != number) {
		struct wave *wave = mem_new(1, sizeof(*wave));
		wave->number = number;
		TAILQ_INIT(&wave->gated);
		if ((run->n_waves & (run->n_waves - 1)) == 0)
			run->waves = mem_resize(
			    run->waves, run->n_waves ? 2 * run->n_waves : 1, sizeof(*run->waves));
		memmove(&run->waves[at + 1], &run->waves[at],
		    (run->n_waves - at) * sizeof(*run->waves));
		run->waves[at] = wave;
		run->n_waves++;
		if (run->lowest_wave >= at)
			run->lowest_wave++;
	}
	run->waves[at]->n_incomplete++;
	if (at < run->lowest_wave)
		run->lowest_wave = at;
}

void run_count_out(struct core *core, struct run *run, int32_t number)
{
	size_t at = wave_search(run, number);
	struct execution *execution;

	run->waves[at]->n_incomplete--;
	if (at != run->lowest_wave || run->waves[at]->n_incomplete > 0)
		return;
	while (run->lowest_wave < run->n_waves && run->waves[run->lowest_wave]->n_incomplete == 0)
		run->lowest_wave++;
	if (run->lowest_wave == run->n_waves)
		return;
	struct wave *wave = run->waves[run->lowest_wave];
	while ((execution = TAILQ_FIRST(&wave->gated)) != NULL) {
		run_ungate(run, execution);
		ready_consider(core, execution);
	}
}

bool run_holds_back(const struct run *run, int32_t wave)
{
	return run->lowest_wave < run->n_waves && run->waves[run->lowest_wave]->number < wave;
}

void run_gate(struct run *run, struct execution *execution)
{
	size_t at = wave_search(run, execution->wave);

	TAILQ_INSERT_TAIL(&run->waves[at]->gated, execution, of_queue);
	execution->is_gated = true;
}

void run_ungate(struct run *run, struct execution *execution)
{
	size_t at = wave_search(run, execution->wave);

	TAILQ_REMOVE(&run->waves[at]->gated, execution, of_queue);
	execution->is_gated = false;
}

void run_check_quiet(struct core *core, struct run *run)
{
	if (run->is_quiet || run->is_new || run->n_progress > 0 || run->n_incomplete == 0)
		return;
	TAILQ_INSERT_TAIL(&core->quiet, run, of_quiet);
	run->is_quiet = true;
}

void run_check_over(struct core *core, struct run *run, int64_t now_ns)
{
	if (run->n_incomplete > 0 || run->holds > 0 || run->is_new || !run_is_active(run))
		return;
	run->ended_ns = now_ns;
	touch_run(core, run);
	TAILQ_REMOVE(&core->active, run, of_order);
	TAILQ_INSERT_TAIL(&core->over, run, of_order);
	core->n_active--;
	core->n_over++;
	action_emit(core, &(struct action){.kind = ACTION_RUN_OVER, .run = run});
	wait_on_run_over(core, run);
}

void run_forget(struct core *core, struct run *run)
{
	struct membership *member;

	run_unlink(core, run);
	touch_forget_run(core, run);
	while ((member = TAILQ_FIRST(&run->members)) != NULL)
		execution_leave_run(core, member);
	run->older_of_name = core->run_graveyard;
	core->run_graveyard = run;
	action_emit(core, &(struct action){.kind = ACTION_FORGET_RUN, .run = run});
}

void run_prune(struct core *core)
{
	struct run *run, *next;

	for (run = TAILQ_FIRST(&core->over); run && core->n_over > core->options.keep_runs;
	     run = next) {
		next = TAILQ_NEXT(run, of_order);
		if (run->n_waited == 0)
			run_forget(core, run);
	}
}

int core_clear(struct core *core, uint64_t id, size_t *count, struct fault *fault)
{
	struct run *run, *next;

	*count = 0;
	if (id != 0) {
		run = core_find_run(core, id);
		if (run == NULL)
			return refuse_number(fault, id);
		if (run_is_active(run) || run->n_waited > 0)
			return fault_set(fault, FAULT_NOT_ALLOWED,
			    "run %llu is not over: only a run that is over can be forgotten",
			    (unsigned long long)id);
		run_forget(core, run);
		*count = 1;
		return 0;
	}
	for (run = TAILQ_FIRST(&core->over); run != NULL; run = next) {
		next = TAILQ_NEXT(run, of_order);
		if (run->n_waited > 0)
			continue;
		run_forget(core, run);
		++*count;
	}
	return 0;
}

void run_release(struct core *core, struct run *run, bool is_brief)
{
	run->holds--;
	if (run->brief_holds > 0 && (is_brief || run->brief_holds > run->holds))
		run->brief_holds--;
	touch_run(core, run);
}

int core_open(struct core *core, const struct scope *scope, uint64_t *id, struct fault *fault)
{
	struct run *run;

	if (run_for_start(core, scope, &run, fault) != 0)
		return -1;
	if (!run_is_active(run))
		return fault_set(
		    fault, FAULT_NOT_ALLOWED, "run %llu is over", (unsigned long long)run->id);
	if (run->holds == RUN_HOLDS_MAX)
		return fault_set(fault, FAULT_LIMIT, "run %llu is held open %u times",
		    (unsigned long long)run->id, RUN_HOLDS_MAX);
	if (run->is_new) {
		run->is_new = false;
		run->params = params_get(core, scope->params);
		action_emit(core, &(struct action){.kind = ACTION_RUN_OPENED, .run = run});
	}
	run->holds++;
	run->brief_holds += scope->is_brief;
	touch_run(core, run);
	*id = run->id;
	return 0;
}

int core_close(struct core *core, const struct scope *scope, uint64_t *id, struct fault *fault)
{
	struct run *run;

	if (core_look_run(core, scope, &run, fault) != 0)
		return -1;
	if (run == NULL)
		return fault_set(fault, FAULT_NOT_FOUND, "which run? none is named");
	if (run->holds == 0)
		return fault_set(fault, FAULT_NOT_ALLOWED, "run %llu is not held open",
		    (unsigned long long)run->id);
	run_release(core, run, scope->is_brief);
	*id = run->id;
	run_check_quiet(core, run);
	run_check_over(core, run, scope->now_ns);
	return 0;
}

void run_bury(struct core *core)
{
	struct run *run;

	while ((run = core->run_graveyard) != NULL) {
		core->run_graveyard = run->older_of_name;
		run_free(run);
	}
}

void run_free_all(struct core *core)
{
	struct membership *member;
	struct run *run;

	TAILQ_CONCAT(&core->over, &core->active, of_order);
	while ((run = TAILQ_FIRST(&core->over)) != NULL) {
		run->ended_ns = 1;
		TAILQ_FOREACH (member, &run->members, of_run) {
			missing_drop(core, member->execution);
			resolving_drop(core, member->execution);
			execution_drop_dependents(core, member->execution);
		}
		run_forget(core, run);
	}
	run_bury(core);
}
