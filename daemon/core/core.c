/*
 * The core as a whole: its birth and end, the requests that create and start, and the pass in which
 * everything that can happen happens. What the requests mean is in resolve.c and define.c.
 */
#include "daemon/core/core.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/blockers.h"
#include "daemon/core/execution.h"
#include "daemon/core/expand.h"
#include "daemon/core/history.h"
#include "daemon/core/lock.h"
#include "daemon/core/mem.h"
#include "daemon/core/missing.h"
#include "daemon/core/ready.h"
#include "daemon/core/registry.h"
#include "daemon/core/resolve.h"
#include "daemon/core/resolving.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"
#include "daemon/core/standby.h"
#include "daemon/core/touch.h"
#include "daemon/core/wait.h"

static void copy_options(struct core *core, const struct core_options *options)
{
	char *separator = mem_copy(options->separator ? options->separator : "::"), *executor;

	free(core->separator);
	core->options = *options;
	core->separator = separator;
	core->options.separator = separator;
	executor = mem_copy(options->executor);
	free(core->executor);
	core->executor = executor;
	core->options.executor = executor;
}

struct core *core_new(const struct core_options *options, uint64_t first_run, uint64_t first_exec)
{
	struct core *core = mem_new(1, sizeof(*core));

	copy_options(core, options);
	proc_table_init(&core->procs);
	registry_init(core);
	ready_init(core);
	lock_init(core);
	TAILQ_INIT(&core->active);
	TAILQ_INIT(&core->over);
	TAILQ_INIT(&core->settling);
	TAILQ_INIT(&core->quiet);
	core->next_run = first_run;
	core->next_exec = first_exec;
	core->next_wait = core->next_resolving = 1;
	return core;
}

void core_free(struct core *core)
{
	if (core == NULL)
		return;
	wait_clear(core);
	run_free_all(core);
	HASH_CLEAR(by_id, core->live); /* it is threaded through those that are buried now */
	execution_bury(core);
	lock_clear(core);
	ready_clear(core);
	history_clear(core);
	touch_clear(core);
	registry_clear(core);
	strings_clear(&core->appeared);
	free(core->actions);
	free(core->brought);
	free(core->separator);
	free(core->executor);
	free(core);
}

void core_set_options(struct core *core, const struct core_options *options, int64_t now_ns)
{
	bool is_reindexed = strcmp(core->separator, options->separator) != 0;

	(void)now_ns;
	copy_options(core, options);
	if (is_reindexed)
		registry_reindex(core);
	run_prune(core);
}

const struct core_options *core_get_options(const struct core *core)
{
	return &core->options;
}

struct proc *core_find_proc(const struct core *core, const char *name)
{
	return registry_find(core, name);
}

struct proto *core_find_proto(const struct core *core, const char *name)
{
	return registry_find_proto(core, name);
}

void core_each_proc(struct core *core, bool (*visit)(struct proc *, void *), void *arg)
{
	struct proc *proc;

	TAILQ_FOREACH (proc, &core->procs.all, of_all)
		if (!visit(proc, arg))
			return;
}

void core_each_proto(struct core *core, bool (*visit)(struct proto *, void *), void *arg)
{
	struct proto *proto, *next;

	HASH_ITER (by_name, core->protos, proto, next)
		if (!visit(proto, arg))
			return;
}

struct execution *core_find_execution(const struct core *core, uint64_t id)
{
	struct execution *execution;

	HASH_FIND(by_id, core->live, &id, sizeof(id), execution);
	return execution;
}

/* Whether a search from the procs of expansion finds choices that have to be asked for; noted
 * there.
 */
static bool search_asks(struct core *core, const struct scope *scope, struct expansion *expansion)
{
	struct search search = {.core = core,
	    .params = scope->params ? scope->params : "{}",
	    .answers = expansion->answers,
	    .fault = expansion->fault};

	if (core->n_asking == 0 || run_for_start(core, scope, &search.run, expansion->fault) != 0)
		return false;
	bool asks = search_run(&search, expansion->procs, expansion->n_procs) != 0 &&
	            expansion->fault->code == FAULT_NEEDS_CHOICES;
	if (search.run->is_new)
		run_undo(core, search.run);
	expansion->asked_definition = search.asked_definition;
	expansion->asked_arg = search.asked_arg;
	search_clear(&search);
	return asks;
}

/* Lists what is needed, if it asks, and ends the expansion. */
static size_t finish_needs(
    struct core *core, struct expansion *expansion, bool asks, struct choices_need **needs)
{
	*needs = NULL;
	if (asks) {
		*needs = mem_new(1, sizeof(**needs));
		(*needs)[0] = (struct choices_need){
		    definition_ref(expansion->asked_definition), expansion->asked_arg};
	}
	registry_undo_created(core);
	free(expansion->procs);
	fault_clear(expansion->fault);
	return asks;
}

size_t core_needs_choices(
    struct core *core, const struct name_request *request, struct choices_need **needs)
{
	struct fault fault = {0};
	struct expansion expansion = expansion_of(core, request, &fault);
	bool asks;

	*needs = NULL;
	if (core->n_asking == 0)
		return 0;
	if (expand_request(&expansion, request) != 0)
		asks = fault.code == FAULT_NEEDS_CHOICES;
	else
		asks = search_asks(core, &request->scope, &expansion);
	return finish_needs(core, &expansion, asks, needs);
}

size_t core_wait_needs_choices(
    struct core *core, const struct wait_request *request, struct choices_need **needs)
{
	const struct scope *scope = &request->scope;
	const struct execution *asker = scope->exec ? core_find_execution(core, scope->exec) : NULL;
	struct fault fault = {0};
	struct expansion expansion = {.core = core, .answers = &request->answers, .fault = &fault};
	struct run *run = NULL;
	bool asks = false;

	if (asker != NULL && asker->state == STATE_RUNNING && core->n_asking > 0 &&
	    core_look_run(core, scope, &run, &fault) == 0 && run != NULL && run_is_active(run)) {
		expansion.procs = mem_new(request->n_names, sizeof(struct proc *));
		for (size_t i = 0; i < request->n_names; i++) {
			struct proc *proc = registry_find(core, request->names[i]);
			if (proc && proc->is_defined && core_find_member(run, proc) == NULL)
				expansion.procs[expansion.n_procs++] = proc;
		}
		asks = expansion.n_procs > 0 && search_asks(core, scope, &expansion);
	}
	return finish_needs(core, &expansion, asks, needs);
}

/* Starts those of the procs that a create request made that are now: true. */
static int start_created(
    struct core *core, const struct name_request *request, uint64_t *run, struct fault *fault)
{
	struct proc **roots = mem_new(core->n_created, sizeof(struct proc *));
	struct start_outcome outcome = {0};
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < core->n_created; i++)
		if (core->created[i]->definition->is_now)
			roots[count++] = core->created[i];
	if (count > 0)
		result = resolve_start(
		    core, roots, count, &request->scope, &request->answers, false, &outcome, fault);
	*run = outcome.run;
	start_outcome_clear(&outcome);
	free(roots);
	return result;
}

/* The names of a page; those before it are not among procs where they were skipped. */
static void list_created(const struct expansion *expansion, const struct name_request *request,
    struct create_outcome *outcome)
{
	size_t i = expansion->skip > 0 ? 0 : request->first;
	size_t end = expansion->n_procs;

	if (request->limit > 0 && i < end && end - i > request->limit) {
		end = i + request->limit;
		outcome->is_truncated = true;
	}
	for (; i < end; i++)
		strings_add(&outcome->names, expansion->procs[i]->name);
}

void create_outcome_clear(struct create_outcome *outcome)
{
	strings_clear(&outcome->names);
}

int core_create(struct core *core, const struct name_request *request,
    struct create_outcome *outcome, struct fault *fault)
{
	struct expansion expansion = expansion_of(core, request, fault);
	int result;

	*outcome = (struct create_outcome){0};
	if (request->n_names == 1 && request->first > 0) {
		expansion.skip = request->first;
		expansion.most = request->limit > 0 ? request->limit + 1 : 0;
	}
	result = expand_request(&expansion, request);
	if (result == 0)
		result = start_created(core, request, &outcome->run, fault);
	if (result == 0) {
		list_created(&expansion, request, outcome);
		missing_note_created(core);
		if (core->n_created > 0)
			action_emit(core, &(struct action){.kind = ACTION_DEFINED});
		registry_keep_created(core);
	} else {
		registry_undo_created(core);
	}
	free(expansion.procs);
	return result;
}

int core_start(struct core *core, const struct name_request *request, bool is_fail_fast,
    struct start_outcome *outcome, struct fault *fault)
{
	struct expansion expansion = expansion_of(core, request, fault);
	int result = expand_request(&expansion, request);

	*outcome = (struct start_outcome){0};
	if (result == 0)
		result = resolve_start(core, expansion.procs, expansion.n_procs, &request->scope,
		    &request->answers, is_fail_fast, outcome, fault);
	if (result == 0) {
		missing_note_created(core);
		registry_keep_created(core);
	} else {
		registry_undo_created(core);
	}
	free(expansion.procs);
	return result;
}

void core_advance(struct core *core, int64_t now_ns)
{
	bool is_any;

	do {
		is_any = missing_settle(core, now_ns);
		settle_all(core, now_ns);
		is_any |= ready_collect(core, now_ns);
		settle_all(core, now_ns);
		if (!is_any)
			is_any = blockers_settle_quiet(core, now_ns);
		/* Slots are given last, when it is known who else is ready and came earlier. */
		if (!is_any)
			is_any = ready_start(core, now_ns);
	} while (is_any);
	standby_fill(core);
	run_prune(core);
	execution_release(core);
}

void core_get_load(const struct core *core, struct core_load *load)
{
	*load = (struct core_load){
	    .n_running = core->n_running,
	    .n_slots_used = core->n_slots_used,
	    .n_wanted = core->n_incomplete - core->n_running,
	    .n_active_runs = core->n_active,
	    .n_procs = core->n_defined,
	    .n_protos = core->n_protos,
	    .n_executions = core->n_executions,
	};
}
