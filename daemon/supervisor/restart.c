/*
 * The back-off of scheduler restarts: arithmetic only, so that tests need no time to pass.
 */
#include "daemon/supervisor/restart.h"

#define FIRST_PAUSE_NS INT64_C(100000000)
#define LONGEST_PAUSE_NS INT64_C(5000000000)

int64_t restart_get_pause_ns(struct restart *restart, bool has_served, int64_t lived_ns)
{
	int64_t pause_ns = FIRST_PAUSE_NS;

	if (has_served && lived_ns >= RESTART_HEALTHY_NS)
		restart->n_deaths = 0;
	restart->n_failed = has_served ? 0 : restart->n_failed + 1;
	if (restart->n_deaths++ == 0)
		return 0;
	for (unsigned int n = 1; n < restart->n_failed && pause_ns < LONGEST_PAUSE_NS; n++)
		pause_ns *= 2;
	return pause_ns < LONGEST_PAUSE_NS ? pause_ns : LONGEST_PAUSE_NS;
}
