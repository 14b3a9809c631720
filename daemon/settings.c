/*
 * From the workspace's options to those of the core.
 */
#include "daemon/settings.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"

void settings_convert(const struct workspace_options *options, struct core_options *converted)
{
	*converted = (struct core_options){
	    .separator = options->separator,
	    .parallel = workspace_options_parallel(options),
	    .is_single = options->mode == MODE_SINGLE,
	    .allow_missing_deps = options->allow_missing_deps,
	    .kill_after_ns = options->kill_after_ns,
	    .keep_runs = options->keep_runs,
	    .executor = options->executor,
	};
}

void settings_apply_pools(struct core *core, const json_t *pools)
{
	struct pool_limit *limits = mem_new(json_object_size(pools), sizeof(*limits));
	const char *name;
	json_t *capacity;
	size_t count = 0;

	json_object_foreach ((json_t *)pools, name, capacity)
		if (json_integer_value(capacity) > 0)
			limits[count++] = (struct pool_limit){name, json_integer_value(capacity)};
	core_set_pools(core, limits, count);
	free(limits);
}

void settings_apply(struct daemon *daemon, const struct workspace_options *options, int64_t now_ns)
{
	struct core_options converted;

	settings_convert(options, &converted);
	core_set_options(daemon->core, &converted, now_ns);
}
