/* What is pending, beside what the core knows of it; see pending.h. */
#include "daemon/pending.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/events.h"
#include "daemon/extra.h"

void pending_begin(struct daemon *daemon, struct execution *execution, const char *why)
{
	struct exec_extra *extra = exec_extra_get(execution, daemon->logs_directory);
	char *text;

	if (execution->state != STATE_RUNNING || !extra)
		return;
	if (execution->is_pending && extra->pending && strcmp(extra->pending, why) == 0)
		return;
	text = execution_copy_info(why);
	free(extra->pending);
	extra->pending = text;
	if (execution->is_pending)
		events_publish_state(daemon, execution, NULL, STATE_RUNNING);
	else
		core_pending(daemon->core, execution->id);
	scheduler_wake(daemon);
}

void pending_end(struct daemon *daemon, struct execution *execution, int64_t begun_ns)
{
	struct exec_extra *extra = exec_extra_get(execution, daemon->logs_directory);
	int64_t asked_ns = execution->started_ns;

	if (!execution->is_pending)
		return;
	core_begun(daemon->core, execution->id, begun_ns ? begun_ns : scheduler_now_ns());
	if (extra) {
		free(extra->pending);
		extra->pending = NULL;
		extra->pending_ns = execution->started_ns - asked_ns;
	}
	scheduler_wake(daemon);
}
