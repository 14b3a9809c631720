/*
 * From the workspace's options to those of the core.
 */
#include "daemon/settings.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/workers.h"

/*
 * So many processes are handed over before they have a slot, once so many were short: enough for
 * what the scheduler has to do to be done for several at a time, and few enough that all of them
 * have begun within the time that the supervisor keeps them (STANDBY_NS).
 */
#define STANDBY_MAX 16
#define STANDBY_PER_SLOT 8
#define STANDBY_AFTER 16

static uint32_t get_standby(uint32_t parallel)
{
	return parallel < STANDBY_MAX / STANDBY_PER_SLOT ? STANDBY_PER_SLOT : STANDBY_MAX;
}

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
	    .standby = get_standby(workspace_options_parallel(options)),
	    .standby_after = STANDBY_AFTER,
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
	if (daemon->workers)
		workers_set_slots(daemon->workers, converted.is_single ? 1 : converted.parallel);
}
