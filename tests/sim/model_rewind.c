/*
 * Starts taken back: what they do to the model is to append to its lists, so that their lengths are
 * enough to know what was there before; and to fail what depends on what has failed.
 */
#include <stdlib.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"

struct exec_mark {
	size_t n_deps, n_runs, n_missing;
	enum execution_state state;
	enum execution_error error;
	int priority;
};

struct run_mark {
	size_t n_members, n_failed;
	bool is_fail_fast;
	enum execution_error *overrides; /* of the members */
};

struct model_mark {
	size_t n_procs, n_execs, n_runs;
	struct exec_mark *execs;
	struct run_mark *runs;
};

struct model_mark *model_mark(const struct model *model)
{
	struct model_mark *mark = mem_new(1, sizeof(*mark));
	*mark = (struct model_mark){.n_procs = model->n_procs,
	    .n_execs = model->n_execs,
	    .n_runs = model->n_runs,
	    .execs = mem_new(model->n_execs, sizeof(struct exec_mark)),
	    .runs = mem_new(model->n_runs, sizeof(struct run_mark))};
	for (size_t i = 0; i < model->n_execs; i++) {
		const struct model_exec *exec = model->execs[i];
		mark->execs[i] = (struct exec_mark){exec->n_deps, exec->n_runs, exec->missing.count,
		    exec->state, exec->error, exec->priority};
	}
	for (size_t i = 0; i < model->n_runs; i++) {
		const struct model_run *run = model->runs[i];
		mark->runs[i] = (struct run_mark){run->n_members, run->n_failed, run->is_fail_fast,
		    mem_new(run->n_members, sizeof(enum execution_error))};
		for (size_t j = 0; j < run->n_members; j++)
			mark->runs[i].overrides[j] = run->members[j].override;
	}
	return mark;
}

static void rewind_exec(struct model_exec *exec, const struct exec_mark *mark)
{
	exec->n_deps = mark->n_deps;
	exec->n_runs = mark->n_runs;
	while (exec->missing.count > mark->n_missing)
		free(exec->missing.items[--exec->missing.count]);
	exec->state = mark->state;
	exec->error = mark->error;
	exec->priority = mark->priority;
}

static void rewind_run(struct model_run *run, const struct run_mark *mark)
{
	run->n_members = mark->n_members;
	for (size_t i = 0; i < run->n_members; i++)
		run->members[i].override = mark->overrides[i];
	run->n_failed = mark->n_failed;
	run->is_fail_fast = mark->is_fail_fast;
}

static void rewind_all(struct model *model, const struct model_mark *mark)
{
	while (model->n_execs > mark->n_execs)
		model_free_exec(model->execs[--model->n_execs]);
	while (model->n_runs > mark->n_runs)
		model_free_run(model->runs[--model->n_runs]);
	while (model->n_procs > mark->n_procs)
		model_undefine(model, model->procs[model->n_procs - 1].name);
	for (size_t i = 0; i < model->n_execs; i++)
		rewind_exec(model->execs[i], &mark->execs[i]);
	for (size_t i = 0; i < model->n_runs; i++)
		rewind_run(model->runs[i], &mark->runs[i]);
}

void model_rewind(struct model *model, struct model_mark *mark, bool is_kept)
{
	if (!is_kept)
		rewind_all(model, mark);
	for (size_t i = 0; i < mark->n_runs; i++)
		free(mark->runs[i].overrides);
	free(mark->execs);
	free(mark->runs);
	free(mark);
}
