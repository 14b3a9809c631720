/*
 * The model's beginning and end, and small questions.
 */
#include "tests/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

struct model *model_new(const struct core_options *options)
{
	struct model *model = mem_new(1, sizeof(*model));
	model_set_options(model, options);
	return model;
}

void model_set_options(struct model *model, const struct core_options *options)
{
	free(model->separator);
	model->separator = mem_copy(options->separator);
	model->parallel = options->parallel;
	model->is_single = options->is_single;
	model->keep_runs = options->keep_runs;
	model->allow_missing = options->allow_missing_deps;
	model->kill_after_ns = options->kill_after_ns;
}

static void free_values(const struct definition *definition, char **values)
{
	for (size_t i = 0; values != NULL && i < definition->n_args; i++)
		free(values[i]);
	free(values);
}

void model_free_exec(struct model_exec *exec)
{
	free_values(exec->definition, exec->values);
	definition_unref(exec->definition);
	for (size_t i = 0; i < exec->n_wants; i++)
		free(exec->wants[i].name);
	free(exec->wants);
	strings_clear(&exec->missing);
	free(exec->name);
	free(exec->deps);
	free(exec->params);
	free(exec->runs);
	free(exec->awaits);
	free(exec);
}

void model_free_run(struct model_run *run)
{
	free(run->name);
	free(run->params);
	free(run->members);
	free(run);
}

void model_free(struct model *model)
{
	for (size_t i = 0; i < model->n_execs; i++)
		model_free_exec(model->execs[i]);
	for (size_t i = 0; i < model->n_runs; i++)
		model_free_run(model->runs[i]);
	for (size_t i = 0; i < model->n_procs; i++) {
		struct model_proc *proc = &model->procs[i];
		free(proc->name);
		free(proc->proto);
		free_values(proc->definition, proc->values);
		definition_unref(proc->definition);
	}
	for (size_t i = 0; i < model->n_protos; i++)
		definition_unref(model->protos[i]);
	for (size_t i = 0; i < model->n_durations; i++)
		free(model->durations[i].name);
	free(model->durations);
	free(model->execs);
	free(model->runs);
	free(model->procs);
	free(model->protos);
	free(model->separator);
	free(model);
}

struct model_exec *model_find_exec(struct model *model, uint64_t id)
{
	for (size_t i = model->n_execs; i > 0; i--)
		if (model->execs[i - 1]->id == id)
			return model->execs[i - 1];
	return NULL;
}

bool model_is_complete(const struct model_exec *exec)
{
	return exec->state != STATE_WANTED && exec->state != STATE_RUNNING;
}

void model_raise(struct model_exec *exec, int priority)
{
	if (model_is_complete(exec) || exec->priority >= priority)
		return;
	exec->priority = priority;
	for (size_t i = 0; i < exec->n_deps; i++)
		model_raise(exec->deps[i], priority);
	if (model_before(exec) != NULL)
		model_raise(model_before(exec), priority);
	for (size_t i = 0; i < exec->n_awaits; i++)
		if (model_awaits(exec, exec->awaits[i]))
			model_raise(exec->awaits[i], priority);
}

bool model_is_success(const struct model_exec *exec)
{
	return exec->state == STATE_SUCCEEDED || exec->state == STATE_SKIPPED;
}

bool model_member_is_complete(const struct model_member *member)
{
	return member->override != ERROR_NONE || model_is_complete(member->exec);
}

bool model_member_is_success(const struct model_member *member)
{
	return member->override == ERROR_NONE && model_is_success(member->exec);
}

void model_line_up(struct model *model, struct model_exec *exec)
{
	exec->predecessor = NULL;
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *other = model->execs[i];
		bool is_nearer = exec->predecessor == NULL || other->id > exec->predecessor->id;
		if (strcmp(other->name, exec->name) == 0 && other->id < exec->id && is_nearer)
			exec->predecessor = other;
	}
}

struct model_exec *model_before(const struct model_exec *exec)
{
	struct model_exec *before = exec->predecessor;
	while (before != NULL && model_is_complete(before))
		before = before->predecessor;
	return before;
}

struct model_exec *model_last(const struct model *model, const char *name)
{
	for (size_t i = model->n_execs; i > 0; i--)
		if (strcmp(model->execs[i - 1]->name, name) == 0 &&
		    !model_is_complete(model->execs[i - 1]))
			return model->execs[i - 1];
	return NULL;
}

bool model_awaits(const struct model_exec *exec, const struct model_exec *other)
{
	bool is_named = exec->awaits_run && exec != other;
	if (!exec->is_lent)
		return false;
	for (size_t i = 0; i < exec->n_awaits; i++)
		is_named |= exec->awaits[i] == other;
	if (!is_named)
		return false;
	const struct model_member *member = model_find_member(exec->first_run, other->name);
	return member != NULL && member->exec == other && !model_member_is_complete(member);
}

void model_await(struct model_exec *exec, struct model_exec *other)
{
	exec->awaits = mem_resize(exec->awaits, exec->n_awaits + 1, sizeof(struct model_exec *));
	exec->awaits[exec->n_awaits++] = other;
}

void model_end_wait(struct model_exec *exec)
{
	exec->is_lent = false;
	exec->is_extended = false;
	exec->awaits_run = false;
	exec->n_awaits = 0;
}
