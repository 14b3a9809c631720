/* The two clocks: one for what users see, one for how long things take. */
#ifndef PARPROC_DAEMON_SUPERVISOR_CLOCK_H
#define PARPROC_DAEMON_SUPERVISOR_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_MS INT64_C(1000000)
#define CLOCK_SECOND (1000 * CLOCK_MS)

static inline int64_t clock_read_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

/* Since the epoch. */
static inline int64_t clock_time_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

static inline int64_t clock_monotonic_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* Since the epoch, when the monotonic clock was at 0, as both are now; never 0. */
static inline int64_t clock_get_base_ns(void)
{
	int64_t base_ns = clock_time_ns() - clock_monotonic_ns();

	return base_ns > 0 ? base_ns : 1; /* there are machines whose clock begins with them */
}

#endif
