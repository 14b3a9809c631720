/*
 * Executions, their places in runs, their edges, their states; see execution.h. An execution lives
 * as long as a run has it or another execution depends on it; what it depends on itself is known as
 * long as a run has it.
 */
#include "daemon/core/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/priority.h"
#include "daemon/core/registry.h"
#include "daemon/core/run.h"
#include "daemon/core/slots.h"
#include "daemon/core/touch.h"
#include "daemon/core/values.h"
#include "daemon/core/wait.h"

static const char *const state_names[] = {
    "wanted", "running", "succeeded", "failed", "skipped", "up_to_date"};

static const char *const error_names[] = {NULL, "exit", "signal", "timeout", "dep_failed",
    "dep_missing", "failures", "canceled", "bad_result", "spawn", "resolve", "lost", "outputs"};

/* Bit S of legal[F]: from state F to state S. */
static const unsigned legal[] = {
    [STATE_WANTED] =
        1u << STATE_RUNNING | 1u << STATE_FAILED | 1u << STATE_SUCCEEDED | 1u << STATE_UP_TO_DATE,
    [STATE_RUNNING] = 1u << STATE_SUCCEEDED | 1u << STATE_FAILED | 1u << STATE_SKIPPED |
                      1u << STATE_WANTED, /* to be tried again */
    [STATE_SUCCEEDED] = 0,
    [STATE_FAILED] = 0,
    [STATE_SKIPPED] = 0,
    [STATE_UP_TO_DATE] = 0,
};

const char *execution_state_name(const struct execution *execution)
{
	return execution ? state_names[execution->state] : "idle";
}

const char *execution_error_name(enum execution_error error)
{
	return error_names[error];
}

char *execution_copy_info(const char *text)
{
	char *copy = mem_copy(text);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	return copy;
}

bool execution_is_complete(const struct execution *execution)
{
	return execution->state > STATE_RUNNING;
}

bool execution_has_begun(const struct execution *execution)
{
	return execution->state != STATE_WANTED || execution->attempt > 0;
}

bool execution_is_past_deps(const struct execution *execution)
{
	return execution_has_begun(execution) && execution->n_pending == 0;
}

bool execution_is_success(const struct execution *execution)
{
	return execution_is_complete(execution) && execution->state != STATE_FAILED;
}

bool execution_may_become(enum execution_state from, enum execution_state to)
{
	return legal[from] >> to & 1;
}

void execution_set_state(struct core *core, struct execution *execution, enum execution_state state)
{
	if (!execution_may_become(execution->state, state)) {
		fprintf(stderr, "ppd: illegal transition: exec=%llu from=%s to=%s\n",
		    (unsigned long long)execution->id, state_names[execution->state],
		    state_names[state]);
		abort();
	}
	execution->state = state;
	touch_execution(core, execution);
	action_changed(core, execution, NULL);
}

struct params *params_new(const char *text)
{
	struct params *params = mem_new(1, sizeof(*params));

	params->references = 1;
	params->text = mem_copy(text ? text : "{}");
	return params;
}

static struct params *params_find(const struct core *core, const char *text)
{
	struct params *params;

	HASH_FIND(by_text, core->params, text, strlen(text), params);
	return params;
}

struct params *params_get(struct core *core, const char *text)
{
	struct params *params = params_find(core, text ? text : "{}");

	if (params != NULL)
		return params_ref(params);
	params = params_new(text);
	params->core = core;
	params->length = strlen(params->text);
	HASH_ADD_KEYPTR(by_text, core->params, params->text, params->length, params);
	core->params_bytes += params->length;
	return params;
}

size_t core_measure_params(const struct core *core, const char *text)
{
	return core->params_bytes + (params_find(core, text) ? 0 : strlen(text));
}

struct params *params_ref(struct params *params)
{
	params->references++;
	return params;
}

void params_unref(struct params *params)
{
	if (params == NULL || --params->references > 0)
		return;
	if (params->core != NULL) {
		HASH_DELETE(by_text, params->core->params, params);
		params->core->params_bytes -= params->length;
	}
	free(params->text);
	free(params);
}

void execution_define(struct execution *execution, struct definition *definition)
{
	execution->definition = definition_ref(definition);
	execution->wave = definition->wave;
	execution->is_collector = definition->run.n_words == 0;
	execution->is_timed = definition->timeout_ns != 0;
	execution->needs_locks = definition->locks.count > 0 || definition->n_uses > 0;
	execution->needs_no_failures = definition->has_no_failures;
}

struct execution *execution_new(
    struct core *core, struct proc *proc, struct run *run, const struct scope *scope)
{
	struct execution *execution = mem_new(1, sizeof(*execution));

	execution->id = core->next_exec++;
	execution->proc = proc;
	proc->references++;
	execution_define(execution, proc->definition);
	execution->values = values_ref(proc->values);
	execution->params = params_ref(run->params);
	execution->env = scope->env;
	execution->priority = proc->definition->priority;
	execution->exit_code = -1;
	execution->queued_ns = scope->now_ns;
	slots_assign(core, execution, run);
	execution->older = proc->newest;
	proc->newest = execution;
	core->n_executions++;
	core->n_incomplete++;
	return execution;
}

static void execution_unlink_from_proc(struct execution *execution)
{
	struct execution **link = &execution->proc->newest;

	while (*link != execution)
		link = &(*link)->older;
	*link = execution->older;
}

void execution_unref(struct core *core, struct execution *execution)
{
	if (--execution->references > 0)
		return;
	execution_unlink_from_proc(execution);
	touch_forget_execution(core, execution);
	core->n_executions--;
	execution->older = core->graveyard;
	core->graveyard = execution;
	action_emit(core, &(struct action){.kind = ACTION_FORGET, .execution = execution});
}

void execution_drop_deps(struct core *core, struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_deps; i++)
		execution_unref(core, execution->deps[i]);
	free(execution->deps);
	execution->deps = NULL;
	execution->n_deps = 0;
	execution->failed_dep = NULL;
}

struct membership *execution_in_run(const struct execution *execution, const struct run *run)
{
	for (const struct membership *at = &execution->first; at; at = at->next_of_execution)
		if (at->run == run)
			return (struct membership *)at;
	return NULL;
}

struct membership *core_find_member(const struct run *run, const struct proc *proc)
{
	for (struct execution *at = proc->newest; at && at->id >= run->oldest_member;
	     at = at->older) {
		struct membership *member = execution_in_run(at, run);
		if (member != NULL)
			return member;
	}
	return NULL;
}

/* What is left of a since for those that begin between one execution and the next. */
#define SINCE_BITS 24

uint64_t execution_first_since(uint64_t id)
{
	return (id + 1) << SINCE_BITS;
}

/* Rises; where so many began without a new execution that it cannot, it stays. */
static uint64_t next_since(struct core *core)
{
	uint64_t least = core->next_exec << SINCE_BITS;

	if (core->last_since < least)
		core->last_since = least;
	else if (core->last_since < least + (1u << SINCE_BITS) - 1)
		core->last_since++;
	return core->last_since;
}

struct membership *execution_join_run(
    struct core *core, struct execution *execution, struct run *run)
{
	struct membership *member = execution_in_run(execution, run);

	if (member != NULL)
		return member;
	if (execution->first.execution == NULL) {
		member = &execution->first;
	} else {
		member = mem_new(1, sizeof(*member));
		member->next_of_execution = execution->first.next_of_execution;
		execution->first.next_of_execution = member;
	}
	member->execution = execution;
	member->run = run;
	member->since = next_since(core);
	member->is_changed = true;
	touch_execution(core, execution);
	execution->references++;
	TAILQ_INSERT_TAIL(&run->members, member, of_run);
	run->n_members++;
	if (execution->id < run->oldest_member)
		run->oldest_member = execution->id;
	if (run->names != NULL)
		index_add(run->names, execution->proc->name, execution->proc);
	if (execution_is_complete(execution)) {
		run->n_failed += execution->state == STATE_FAILED;
		if (execution->state == STATE_FAILED && run->failed == NULL)
			run->failed = member;
		if (execution->state == STATE_FAILED && !run->is_failed) {
			run->is_failed = true;
			touch_run(core, run);
		}
	} else {
		run->n_incomplete++;
		execution->live_runs++;
		run->n_progress += execution->is_in_progress;
		run_count_in(core, run, execution->wave);
	}
	wait_on_member(core, member);
	return member;
}

void execution_leave_run(struct core *core, struct membership *membership)
{
	struct execution *execution = membership->execution;
	struct membership *first = &execution->first;

	if (membership->run->failed == membership)
		membership->run->failed = NULL;
	free(membership->override_info);
	TAILQ_REMOVE(&membership->run->members, membership, of_run);
	if (membership == first) {
		/* The place inside the execution is left empty: no other run is its first. */
		first->run = NULL;
		touch_execution(core, execution);
		first->override_info = NULL;
		first->override = ERROR_NONE;
	} else {
		struct membership *before = first;
		while (before->next_of_execution != membership)
			before = before->next_of_execution;
		before->next_of_execution = membership->next_of_execution;
		free(membership);
	}
	/* What is complete may depend on each other: nothing else would ever let go of those. */
	if (first->run == NULL && first->next_of_execution == NULL) {
		touch_execution(core, execution);
		execution_drop_deps(core, execution);
	}
	execution_unref(core, execution);
}

struct execution *execution_last_in_line(const struct proc *proc)
{
	struct execution *last = proc->in_flight;

	while (last != NULL && last->successor != NULL)
		last = last->successor;
	return last;
}

bool execution_depends_on(const struct execution *execution, const struct execution *dep)
{
	for (uint32_t i = 0; i < execution->n_deps; i++)
		if (execution->deps[i] == dep)
			return true;
	return false;
}

/* Appends to an array that has room for 3 (what the smallest piece of memory holds), then for twice
 * as many each time: it is full when the count is 0 or 3 times a power of two. */
static struct execution **edges_push(
    struct execution **edges, uint32_t *count, struct execution *execution)
{
	uint32_t thirds = *count / 3;

	if (*count == 3 * thirds && (thirds & (thirds - 1)) == 0)
		edges =
		    mem_resize(edges, *count ? 2 * (size_t)*count : 3, sizeof(struct execution *));
	edges[(*count)++] = execution;
	return edges;
}

static void stack_push(
    struct execution ***stack, size_t *count, size_t *max, struct execution *execution)
{
	if (*count == *max) {
		*max = *max ? 2 * *max : 16;
		*stack = mem_resize(*stack, *max, sizeof(struct execution *));
	}
	(*stack)[(*count)++] = execution;
}

bool execution_each_below(struct core *core, struct execution *execution,
    bool (*visit)(struct execution *, void *), void *arg)
{
	uint64_t stamp = ++core->visit;
	struct execution **stack = NULL;
	size_t count = 0, max = 0;
	bool is_whole = true;

	stack_push(&stack, &count, &max, execution);
	execution->visit = stamp;
	while (count > 0 && is_whole) {
		struct execution *at = stack[--count];
		is_whole = visit(at, arg);
		for (uint32_t i = 0; i < at->n_deps; i++) {
			if (at->deps[i]->visit == stamp)
				continue;
			at->deps[i]->visit = stamp;
			stack_push(&stack, &count, &max, at->deps[i]);
		}
	}
	free(stack);
	return is_whole;
}

static void note_brought(struct core *core, struct membership *member)
{
	if (core->n_brought == core->max_brought) {
		core->max_brought = core->max_brought ? 2 * core->max_brought : 16;
		core->brought =
		    mem_resize(core->brought, core->max_brought, sizeof(*core->brought));
	}
	core->brought[core->n_brought++] = member;
}

/* Puts execution and what it depends on into run, the nearest first: where that has an execution
 * of a proc already, it stays with that and with what it has below it. */
static void join_with_below(struct core *core, struct execution *execution, struct run *run)
{
	uint64_t stamp = ++core->visit;
	struct execution **queue = NULL;
	size_t count = 0, max = 0;

	stack_push(&queue, &count, &max, execution);
	execution->visit = stamp;
	for (size_t at = 0; at < count; at++) {
		execution = queue[at];
		if (core_find_member(run, execution->proc) != NULL)
			continue;
		note_brought(core, execution_join_run(core, execution, run));
		for (uint32_t i = 0; i < execution->n_deps; i++) {
			if (execution->deps[i]->visit == stamp)
				continue;
			execution->deps[i]->visit = stamp;
			stack_push(&queue, &count, &max, execution->deps[i]);
		}
	}
	free(queue);
}

void execution_link(struct execution *execution, struct execution *dep)
{
	execution->deps = edges_push(execution->deps, &execution->n_deps, dep);
	dep->references++;
	if (execution_is_complete(dep))
		return;
	dep->dependents = edges_push(dep->dependents, &dep->n_dependents, execution);
	execution->references++; /* its run may be forgotten before dep has ended */
	execution->n_pending++;
}

void execution_add_dep(struct core *core, struct execution *execution, struct execution *dep)
{
	execution_link(execution, dep);
	priority_raise(core, dep, execution->priority);
	touch_execution(core, execution);
	/* Whoever waits for execution waits for dep: it has to be seen in all of its runs. */
	for (struct membership *at = &execution->first; at; at = at->next_of_execution)
		if (at->run != NULL && at->override == ERROR_NONE &&
		    execution_in_run(dep, at->run) == NULL)
			join_with_below(core, dep, at->run);
}

void execution_line_up(struct execution *execution)
{
	struct execution *last = execution_last_in_line(execution->proc);

	if (last == NULL) {
		execution->proc->in_flight = execution;
		return;
	}
	last->successor = execution;
	execution->predecessor = last;
	execution->n_pending++;
}

void execution_drop_dependents(struct core *core, struct execution *execution)
{
	for (uint32_t i = 0; i < execution->n_dependents; i++)
		execution_unref(core, execution->dependents[i]);
	free(execution->dependents);
	execution->dependents = NULL;
	execution->n_dependents = 0;
}

static bool is_in_progress(const struct execution *execution)
{
	if (execution->state == STATE_RUNNING)
		return !execution->is_lent;
	return execution->state == STATE_WANTED &&
	       (execution->is_ready || execution->is_standby || execution->is_retrying ||
	           execution->n_unresolved > 0);
}

void execution_update_progress(struct core *core, struct execution *execution)
{
	bool is_now = is_in_progress(execution);

	if (is_now == execution->is_in_progress)
		return;
	execution->is_in_progress = is_now;
	core->n_in_progress += is_now ? 1 : (uint64_t)-1;
	for (struct membership *at = &execution->first; at; at = at->next_of_execution) {
		if (at->run == NULL || at->override != ERROR_NONE)
			continue;
		at->run->n_progress += is_now ? 1 : (uint64_t)-1;
		run_check_quiet(core, at->run);
	}
}

struct run *execution_home(const struct execution *execution)
{
	const struct membership *at = &execution->first;

	if (at->run != NULL && at->override == ERROR_NONE)
		return at->run;
	/* Later memberships are linked newest first: the oldest that is left is the last. */
	struct run *home = NULL;
	for (at = at->next_of_execution; at; at = at->next_of_execution)
		if (at->override == ERROR_NONE)
			home = at->run;
	return home;
}

struct run *execution_run(const struct execution *execution)
{
	struct run *run = execution_home(execution);

	if (run == NULL)
		run = execution->first.run;
	if (run == NULL && execution->first.next_of_execution != NULL)
		run = execution->first.next_of_execution->run;
	return run;
}

struct membership *execution_place(const struct execution *execution)
{
	const struct run *run = execution_run(execution);

	return run != NULL ? execution_in_run(execution, run) : NULL;
}

bool membership_is_complete(const struct membership *membership)
{
	return membership->override != ERROR_NONE || execution_is_complete(membership->execution);
}

bool membership_is_success(const struct membership *membership)
{
	return membership->override == ERROR_NONE && execution_is_success(membership->execution);
}

enum execution_error membership_error(const struct membership *membership)
{
	return membership->override ? membership->override
	                            : (enum execution_error)membership->execution->error;
}

static void execution_free(struct core *core, struct execution *execution)
{
	struct proc *proc = execution->proc;

	slots_unassign(execution);
	definition_unref(execution->definition);
	values_unref(execution->values);
	params_unref(execution->params);
	free(execution->deps);
	free(execution->claims);
	free(execution->info);
	free(execution);
	proc->references--;
	registry_release(core, proc);
}

void execution_release(struct core *core)
{
	/* What is forgotten by that comes in front of those that are done with. */
	while (core->graveyard != core->released) {
		struct execution *first = core->graveyard;

		for (struct execution *at = first; at != core->released; at = at->older)
			execution_drop_deps(core, at);
		core->released = first;
	}
}

void execution_bury(struct core *core)
{
	struct execution *execution, *dead = core->graveyard;

	core->graveyard = core->released = NULL;
	while ((execution = dead) != NULL) {
		dead = execution->older;
		execution_free(core, execution);
	}
}
