/*
 * Which files of an execution are watched, and for how long. What is done about one that is too
 * large is in logs_watch.c.
 */
#include "daemon/logs_limit.h"

#include <stdlib.h>

#include "daemon/core/model.h"
#include "daemon/daemon.h"
#include "daemon/extra.h"
#include "daemon/logs.h"
#include "daemon/logs_watch.h"
#include "daemon/process.h"
#include "daemon/workspace/workspace.h"

#define FASTEST_PER_NS 16 /* bytes: no machine writes 16 GB a second to one file */

#define OUTPUT_MAX                                                                                 \
	(INT64_C(16) << 20) /* bytes of a captured standard output that go to the log              \
	                     */

void logs_limit_started(struct daemon *daemon, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;
	const struct workspace_options *options = workspace_get_options(daemon->workspace);
	char *path = logs_path(execution);

	/* At a terminal it writes no log. */
	if (path && !extra->has_terminal)
		logs_watch_begin(daemon->logs_watch, path, 0);
	free(path);
	if (execution->definition->result == RESULT_STDOUT) {
		/* What would be a result is not cut, however small the logs. */
		path = process_file(daemon->state_directory, execution->id, "out");
		logs_watch_begin(daemon->logs_watch, path, options->max_result_bytes);
		free(path);
	}
}

/* Most are too short for that, and then not even looked at. */
static bool may_be_too_large(const struct daemon *daemon, int64_t ran_ns)
{
	int64_t max = workspace_get_options(daemon->workspace)->max_log_bytes;

	/* Less than nothing: the clock was set meanwhile. */
	return max != 0 && (ran_ns < 0 || ran_ns > max / FASTEST_PER_NS);
}

int64_t logs_limit_get_output_max(const struct daemon *daemon)
{
	int64_t max = workspace_get_options(daemon->workspace)->max_log_bytes;

	return max != 0 && max < OUTPUT_MAX ? max : OUTPUT_MAX;
}

void logs_limit_ended(struct daemon *daemon, const struct execution *execution, int64_t ran_ns)
{
	struct logs_watch *watch = daemon->logs_watch;
	bool may_be_large = may_be_too_large(daemon, ran_ns);
	char *path;

	if (!may_be_large && logs_watch_is_empty(watch))
		return;
	if (execution->definition->result == RESULT_STDOUT) {
		path = process_file(daemon->state_directory, execution->id, "out");
		logs_watch_end(watch, path);
		free(path);
	}
	path = logs_path(execution);
	if (path)
		logs_watch_pack(watch, path, may_be_large);
	free(path);
}

void logs_limit_forget(struct daemon *daemon, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	if (logs_watch_is_empty(daemon->logs_watch))
		return;
	for (unsigned attempt = extra->log_attempt; attempt > 0; attempt--) {
		char *path = logs_path_of_attempt(execution, attempt);

		if (path)
			logs_watch_forget(daemon->logs_watch, path);
		free(path);
	}
}
