/*
 * From the name of an executor to what is done. One that the workspace defines no longer starts
 * nothing: what was to run there fails, rather than run somewhere else.
 */
#include "daemon/executors/executors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/executors/prefix.h"
#include "daemon/executors/slurm.h"
#include "daemon/extra.h"
#include "daemon/keep.h"
#include "daemon/views.h"
#include "daemon/workspace/workspace.h"

void executors_apply(struct daemon *daemon, const struct executors *executors)
{
	struct core_executor *list = mem_new(executors->count, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < executors->count; i++)
		if (executors->items[i].kind != EXECUTOR_KIND_LOCAL)
			list[count++] = (struct core_executor){
			    executors->items[i].name, executors->items[i].parallel};
	core_set_executors(daemon->core, list, count);
	free(list);
}

static bool is_local(const struct execution *execution)
{
	return strcmp(execution_executor(execution), EXECUTOR_LOCAL) == 0;
}

static bool is_slurm(const struct execution *execution)
{
	return strcmp(execution_executor(execution), EXECUTOR_SLURM) == 0;
}

/* What the execution needs: the executor's, and its own over them, filled in. */
static void compose_resources(
    const struct executor *executor, const struct execution *execution, struct resources *resources)
{
	const struct definition *definition = execution->definition;
	char *filled;

	*resources = executor->resources;
	resources->partition = mem_copy(resources->partition);
	resources->extra = (struct strings){0};
	for (size_t i = 0; i < executor->resources.extra.count; i++)
		strings_add(&resources->extra, executor->resources.extra.items[i]);
	resources_read_text(definition->resources, resources);
	if (!execution->values)
		return;
	if (resources->partition) {
		filled = definition_fill(definition, execution->values, resources->partition);
		free(resources->partition);
		resources->partition = filled;
	}
	for (size_t i = 0; i < resources->extra.count; i++) {
		filled = definition_fill(definition, execution->values, resources->extra.items[i]);
		free(resources->extra.items[i]);
		resources->extra.items[i] = filled;
	}
}

/* --- the context, for a process that may not reach the socket --- */

/* Of each attempt another file, as that of an earlier one is removed some time after its end. */
static char *context_path(const struct daemon *daemon, const struct execution *execution)
{
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "%u.context", (unsigned)execution->attempt);
	return process_file(daemon->state_directory, execution->id, suffix);
}

/* Leaves what `context` answers in a file that PP_CONTEXT names. NULL, or what is wrong. */
static char *leave_context(
    struct daemon *daemon, const struct execution *execution, struct process *process)
{
	char *path = context_path(daemon, execution), *problem = NULL;
	json_t *context = view_context(execution);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (!context || fd < 0 || json_dumpfd(context, fd, JSON_COMPACT) != 0)
		problem = mem_print("its context cannot be left for it: %s: %s", path,
		    strerror(fd < 0 ? errno : ENOSPC));
	else
		process_set_variable(process, "PP_CONTEXT", path);
	if (fd >= 0)
		close(fd);
	json_decref(context);
	free(path);
	return problem;
}

/* Puts the executor's words before those of process. */
static void wrap(struct daemon *daemon, const struct executor *executor,
    const struct execution *execution, struct process *process, const char *log,
    bool is_output_apart)
{
	struct resources resources;

	compose_resources(executor, execution, &resources);
	if (executor->kind == EXECUTOR_KIND_SLURM)
		slurm_wrap(
		    daemon->slurm, execution, process, is_output_apart ? log : NULL, &resources);
	else
		prefix_wrap(executor,
		    &(struct prefix_values){.execution = execution,
		        .workspace = daemon->directory,
		        .log = log,
		        .resources = resources},
		    process);
	resources_clear(&resources);
}

char *executors_wrap(struct daemon *daemon, const struct execution *execution,
    struct process *process, const char *log, bool is_output_apart)
{
	const struct executors *executors = workspace_get_executors(daemon->workspace);
	const struct executor *executor;
	char *problem;

	if (is_local(execution))
		return NULL;
	executor = executors_find(executors, execution_executor(execution));
	if (!executor)
		return executors_explain_unknown(executors, execution_executor(execution));
	problem = leave_context(daemon, execution, process);
	if (!problem)
		wrap(daemon, executor, execution, process, log, is_output_apart);
	return problem;
}

char *executors_explain_failure(struct daemon *daemon, const struct execution *execution,
    struct process *process, const char *stage, int error)
{
	const char *name = execution_executor(execution);
	const struct executor *executor =
	    executors_find(workspace_get_executors(daemon->workspace), name);
	char *text, *why;

	if (is_local(execution) || strcmp(stage, "exec") != 0)
		return process_explain_failure(process, stage, error);
	if (!executor) /* a reload has removed it meanwhile, and with it its program's name */
		return mem_print("executor %s: exec: %s", name, strerror(error));
	wrap(daemon, executor, execution, process, NULL, false);
	why = process_explain_failure(process, stage, error);
	text = mem_print("executor %s: %s", name, why);
	free(why);
	return text;
}

void executors_discard(struct daemon *daemon, const struct execution *execution)
{
	if (is_local(execution))
		return;
	keep_remove_file(daemon, context_path(daemon, execution));
	if (is_slurm(execution))
		slurm_discard(daemon->slurm, execution);
}

void executors_begin(struct daemon *daemon, struct execution *execution)
{
	if (is_slurm(execution))
		slurm_begin(daemon->slurm, execution);
}

void executors_signal(struct daemon *daemon, const struct execution *execution, int signal)
{
	const struct worker_key key = {.exec = execution->id, .attempt = execution->attempt};

	if (is_slurm(execution))
		slurm_signal(daemon->slurm, execution, signal);
	else
		workers_signal(daemon->workers, key, signal);
}

bool executors_delay_end(
    struct daemon *daemon, const struct execution *execution, const struct worker_exit *report)
{
	struct exec_extra *extra = execution->extra;

	if (!is_slurm(execution) || !slurm_delays_end(daemon->slurm, execution, report))
		return false;
	extra->is_reported = true; /* so recovery does not start it again */
	return true;
}

void executors_end(struct daemon *daemon, struct execution *execution,
    const struct worker_exit *exit, struct exit_report *report, char **info)
{
	if (is_local(execution))
		return;
	keep_remove_file(daemon, context_path(daemon, execution));
	if (is_slurm(execution))
		slurm_end(daemon->slurm, execution, exit, report, info);
}

void executors_forget(struct daemon *daemon, const struct execution *execution)
{
	if (is_local(execution))
		return;
	keep_remove_file(daemon, context_path(daemon, execution));
	if (is_slurm(execution))
		slurm_forget(daemon->slurm, execution);
}

bool executors_measure(const struct daemon *daemon, const struct execution *execution)
{
	(void)daemon;
	return !is_slurm(execution);
}

bool executors_outlive(const struct daemon *daemon, const struct execution *execution)
{
	(void)daemon;
	return is_slurm(execution);
}

void executors_lose(struct daemon *daemon, struct execution *execution)
{
	slurm_lose(daemon->slurm, execution);
}
