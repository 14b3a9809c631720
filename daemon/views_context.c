/*
 * What a process is told about itself: the answer of `context`, and the file that PP_CONTEXT names.
 */
#include "daemon/core/model.h"
#include "daemon/views.h"

/*
 * The params that hold for an execution: the workspace's, over them its definition's, over them
 * its run's.
 */
static json_t *merge_params(const struct execution *execution)
{
	const char *text = execution->params ? execution->params->text : NULL;
	const char *own_text = execution->definition->params;
	json_t *both = text ? json_loads(text, 0, NULL) : NULL;
	json_t *own = own_text ? json_loads(own_text, 0, NULL) : NULL;
	json_t *merged = json_object();

	json_object_update(merged, json_object_get(both, "w"));
	json_object_update(merged, own);
	json_object_update(merged, json_object_get(both, "o"));
	json_decref(both);
	json_decref(own);
	return merged;
}

json_t *view_context(const struct execution *execution)
{
	json_t *results = json_object(), *changed = json_array();
	const struct run *run = execution_run(execution);

	for (uint32_t i = 0; results && changed && i < execution->n_deps; i++) {
		const struct execution *dep = execution->deps[i];

		json_object_set_new(results, dep->proc->name, view_result(dep));
		if (dep->state == STATE_SUCCEEDED)
			json_array_append_new(changed, view_text(dep->proc->name));
	}
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:b, s:o}", "proc", execution->proc->name,
	    "run", run ? json_integer((json_int_t)run->id) : json_null(), "exec",
	    (json_int_t)execution->id, "args",
	    view_arguments(execution->definition, execution->values), "params",
	    merge_params(execution), "results", results, "deps_changed",
	    json_array_size(changed) > 0, "changed_deps", changed);
}
