/*
 * Cancelling: a run's own executions end, what other active runs are in goes on without it and
 * counts as failed in this run alone.
 */
#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/expand.h"
#include "daemon/core/mem.h"
#include "daemon/core/ready.h"
#include "daemon/core/registry.h"
#include "daemon/core/run.h"
#include "daemon/core/settle.h"

struct cancel {
	struct core *core;
	const struct cancel_request *request;
	struct strings *canceled;
};

static const char *describe_cancel(const struct cancel_request *request)
{
	if (request->info)
		return request->info;
	if (request->n_names > 0)
		return "it was canceled by name";
	return request->is_all ? "it was canceled with all runs" : "it was canceled with its run";
}

/* Ends execution itself, whoever else is in it. */
static void cancel_execution(const struct cancel *cancel, struct execution *execution)
{
	int64_t now_ns = cancel->request->scope.now_ns;

	if (execution_is_complete(execution))
		return;
	if (execution->ending == ERROR_NONE || execution->ending == ERROR_TIMEOUT ||
	    (cancel->request->is_kill && !execution->is_killed))
		strings_add(cancel->canceled, execution->proc->name);
	if (execution->state == STATE_RUNNING || execution->is_standby)
		ready_end(cancel->core, execution, ERROR_CANCELED, describe_cancel(cancel->request),
		    cancel->request->is_kill, now_ns);
	else
		settle_fail(cancel->core, execution, ERROR_CANCELED,
		    describe_cancel(cancel->request), now_ns);
}

static void cancel_member(const struct cancel *cancel, struct membership *member)
{
	/* What counts as canceled here, and goes on elsewhere, can still be ended by force. */
	if (membership_is_complete(member) && !cancel->request->is_force)
		return;
	if (cancel->request->is_force || member->execution->live_runs <= 1) {
		cancel_execution(cancel, member->execution);
		return;
	}
	strings_add(cancel->canceled, member->execution->proc->name);
	settle_in_run(cancel->core, member, ERROR_CANCELED, "it was canceled in this run",
	    cancel->request->scope.now_ns);
}

static void cancel_run(const struct cancel *cancel, struct run *run)
{
	struct membership *member;

	TAILQ_FOREACH (member, &run->members, of_run)
		cancel_member(cancel, member);
}

static int refuse_name(struct core *core, const char *name, struct fault *fault)
{
	struct expansion expansion = {.core = core, .fault = fault};

	expand_refuse_unknown(&expansion, name);
	return -1;
}

/* All names have to be known before any is canceled. */
static int check_names(struct core *core, const struct cancel_request *request,
    const struct run *run, struct fault *fault)
{
	for (size_t i = 0; i < request->n_names; i++) {
		const struct proc *proc = registry_find(core, request->names[i]);
		if (proc == NULL || (!proc->is_defined && proc->newest == NULL))
			return refuse_name(core, request->names[i], fault);
		if (run != NULL && core_find_member(run, proc) == NULL)
			return fault_set(fault,
			    run_is_active(run) ? FAULT_NOT_FOUND : FAULT_NOT_ALLOWED,
			    "%s is not in run %llu", request->names[i],
			    (unsigned long long)run->id);
	}
	return 0;
}

int core_cancel(struct core *core, const struct cancel_request *request, struct strings *canceled,
    struct fault *fault)
{
	struct cancel cancel = {core, request, canceled};
	struct run *run = NULL;

	if (core_look_run(core, &request->scope, &run, fault) != 0 ||
	    check_names(core, request, run, fault) != 0)
		return -1;
	if (request->n_names == 0 && run == NULL && !request->is_all)
		return fault_set(
		    fault, FAULT_BAD_ARGUMENT, "cancel what? Name procs or a run, or say all");
	for (size_t i = 0; i < request->n_names; i++) {
		struct proc *proc = registry_find(core, request->names[i]);
		struct execution *at, *next;
		if (run != NULL) {
			cancel_member(&cancel, core_find_member(run, proc));
			continue;
		}
		for (at = proc->in_flight; at != NULL; at = next) {
			next = at->successor;
			cancel_execution(&cancel, at);
		}
	}
	if (request->n_names == 0 && run != NULL) {
		cancel_run(&cancel, run);
	} else if (request->n_names == 0) {
		struct cancel_request all = *request;
		all.is_force = true;
		cancel.request = &all;
		TAILQ_FOREACH (run, &core->active, of_order)
			cancel_run(&cancel, run);
	}
	if (!core->is_settling)
		settle_all(core, request->scope.now_ns);
	return 0;
}
