/*
 * Overrides of params, run by run. The core has the text of what holds for executions; here is what
 * later requests of the same run are merged with.
 */
#include "daemon/params.h"

#include <string.h>

#include "daemon/core/core.h"
#include "daemon/daemon.h"
#include "daemon/extra.h"
#include "daemon/measure.h"
#include "daemon/workspace/workspace.h"

const char *params_find_limit(
    const struct daemon *daemon, const json_t *overrides, const char *text)
{
	size_t bytes = measure_json(overrides);

	if (bytes > PARAMS_MAX_BYTES)
		return "params: those of a run take no more than " PARAMS_MAX_TEXT;
	if (json_object_size(overrides) == 0)
		return NULL; /* those of the workspace, which are limited by themselves */
	if (daemon->params_bytes + bytes + core_measure_params(daemon->core, text) >
	    PARAMS_TOTAL_MAX_BYTES)
		return "params: those of all runs take no more than 32 MiB; runs that are over "
		       "give theirs back when they are cleared";
	return NULL;
}

void params_add(struct daemon *daemon, struct run *run, json_t *overrides)
{
	struct run_extra *extra =
	    run && json_object_size(overrides) > 0 ? run_extra_get(run) : NULL;

	if (!extra || !run_is_active(run))
		return;
	if (!extra->params)
		extra->params = json_object();
	if (!extra->params || json_object_update(extra->params, overrides) != 0)
		return;
	daemon->params_bytes -= extra->params_bytes;
	extra->params_bytes = measure_json(extra->params);
	daemon->params_bytes += extra->params_bytes;
}

void params_count(struct daemon *daemon)
{
	struct run *run = NULL;

	while ((run = core_next_run(daemon->core, run ? run->id : 0))) {
		struct run_extra *extra = run->extra;

		if (!extra || !extra->params)
			continue;
		extra->params_bytes = measure_json(extra->params);
		daemon->params_bytes += extra->params_bytes;
	}
}

json_t *params_of_run(const struct run *run)
{
	const struct run_extra *extra = run && run_is_active(run) ? run->extra : NULL;

	return extra ? extra->params : NULL;
}

void params_drop(struct daemon *daemon, struct run *run)
{
	struct run_extra *extra = run->extra;

	if (!extra)
		return;
	daemon->params_bytes -= extra->params_bytes;
	extra->params_bytes = 0;
	json_decref(extra->params);
	extra->params = NULL;
}
