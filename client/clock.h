/*
 * The clocks that ppctl looks at.
 */
#ifndef PARPROC_CLIENT_CLOCK_H
#define PARPROC_CLIENT_CLOCK_H

#include <time.h>

/* Now, in seconds. */
static inline double clock_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
