/*
 * Making and freeing of what the daemon hangs onto executions and runs. No knowledge of what the
 * members mean.
 */
#include "daemon/extra.h"

#include <stdlib.h>

struct exec_extra *exec_extra_get(struct execution *execution, const char *state_directory)
{
	struct exec_extra *extra = execution->extra;

	if (extra)
		return extra;
	extra = calloc(1, sizeof(*extra));
	if (!extra)
		return NULL;
	extra->state_directory = state_directory;
	execution->extra = extra;
	return extra;
}

struct run_extra *run_extra_get(struct run *run)
{
	if (!run->extra)
		run->extra = calloc(1, sizeof(struct run_extra));
	return run->extra;
}

void exec_extra_free(struct execution *execution)
{
	struct exec_extra *extra = execution->extra;

	if (!extra)
		return;
	json_decref(extra->result);
	free(extra->pending);
	for (size_t i = 0; i < extra->attempts.count; i++)
		free(extra->attempts.items[i].info);
	free(extra->attempts.items);
	free(extra);
	execution->extra = NULL;
}

void run_extra_free(struct run *run)
{
	struct run_extra *extra = run->extra;

	if (!extra)
		return;
	json_decref(extra->params);
	free(extra);
	run->extra = NULL;
}
