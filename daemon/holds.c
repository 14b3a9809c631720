/*
 * Orphaned holds: a list that is made once, and a timer that takes them back.
 */
#include "daemon/holds.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"

#define GRACE_S 10

struct holds {
	struct daemon *daemon;
	uint64_t *runs; /* one for each hold */
	size_t count;
	struct event *timer;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct holds *holds = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < holds->count; i++) {
		const struct scope scope = {
		    .run = holds->runs[i], .now_ns = scheduler_now_ns(), .is_brief = true};
		struct fault fault = {0};
		uint64_t run;

		if (core_close(holds->daemon->core, &scope, &run, &fault) != 0)
			fault_clear(&fault); /* somebody has closed it, or it is forgotten */
	}
	holds->count = 0;
	scheduler_wake(holds->daemon);
}

static void add(struct holds *holds, const struct run *run)
{
	holds->runs =
	    mem_resize(holds->runs, holds->count + run->brief_holds, sizeof(*holds->runs));
	for (uint32_t i = 0; i < run->brief_holds; i++)
		holds->runs[holds->count++] = run->id;
}

struct holds *holds_new(struct daemon *daemon)
{
	const struct timeval grace = {.tv_sec = GRACE_S};
	struct holds *holds = calloc(1, sizeof(*holds));
	const struct run *run = NULL;

	if (!holds)
		return NULL;
	holds->daemon = daemon;
	holds->timer = evtimer_new(daemon->base, on_timer, holds);
	if (!holds->timer) {
		free(holds);
		return NULL;
	}
	while ((run = core_next_run(daemon->core, run ? run->id : 0)))
		if (run_is_active(run) && run->brief_holds > 0)
			add(holds, run);
	if (holds->count > 0)
		evtimer_add(holds->timer, &grace);
	return holds;
}

void holds_free(struct holds *holds)
{
	if (!holds)
		return;
	event_free(holds->timer);
	free(holds->runs);
	free(holds);
}
