/*
 * Counting at named points; see inject.h. The one mutable global of the daemon, and only in builds
 * for tests: a point may be anywhere.
 */
#include "daemon/supervisor/inject.h"

#ifdef PP_FAULTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

static const char *point_wanted;
static size_t point_length;
static unsigned long n_left;

void inject_init(void)
{
	const char *text = getenv("PP_FAULT");
	const char *colon = text ? strrchr(text, ':') : NULL;

	if (!colon)
		return;
	point_wanted = text;
	point_length = (size_t)(colon - text);
	n_left = strtoul(colon + 1, NULL, 10);
}

static bool is_due(const char *point)
{
	return point_wanted && n_left > 0 && strlen(point) == point_length &&
	       memcmp(point, point_wanted, point_length) == 0 && --n_left == 0;
}

void inject_death(const char *point)
{
	if (!is_due(point))
		return;
	log_warning("fault injected point=%s", point);
	kill(getpid(), SIGKILL);
}

bool inject_failure(const char *point)
{
	bool fails = is_due(point);

	if (fails)
		log_warning("fault injected point=%s", point);
	return fails;
}

#else

typedef int inject_is_nothing; /* a file of C has something in it */

#endif
