/* What comes after what; see follow.h. */
#include "daemon/follow.h"

#include <stdlib.h>

#include "daemon/core/standby.h"
#include "daemon/daemon.h"
#include "daemon/process.h"

_Static_assert(STANDBY_AFTER_MAX <= WIRE_AFTER_MAX, "what follows can be said");

uint32_t follow_list(const struct daemon *daemon, const struct execution *execution,
    struct wire_after after[WIRE_AFTER_MAX])
{
	uint32_t n_after = 0;

	for (uint32_t i = 0; execution->is_standby && i < execution->n_deps; i++) {
		const struct execution *dep = execution->deps[i];

		/* What has failed meanwhile is not known to the supervisor, or has to be told. */
		if (execution_is_success(dep) || n_after == WIRE_AFTER_MAX)
			continue;
		/* What leaves a result may fail for that. */
		after[n_after++] =
		    (struct wire_after){.key = {.exec = dep->id, .attempt = dep->attempt},
		        .absent = process_file(daemon->state_directory, dep->id, "result")};
	}
	return n_after;
}

void follow_clear(struct wire_after *after, uint32_t n_after)
{
	for (uint32_t i = 0; i < n_after; i++)
		free((char *)after[i].absent);
}

void follow_hold(struct daemon *daemon)
{
	if (daemon->n_follow_holds++ > 0)
		return;
	core_hold_following(daemon->core, true);
	scheduler_wake(daemon);
}

void follow_release(struct daemon *daemon)
{
	if (--daemon->n_follow_holds > 0)
		return;
	core_hold_following(daemon->core, false);
	scheduler_wake(daemon);
}
