/* What is done at once, and what a timer goes on with; see slices.h. */
#include "daemon/slices.h"

#include <event2/event.h>
#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/session.h"

#define SLICE_NS 2000000

struct slices {
	struct request *request;
	const struct slices_work *work;
	void *arg;
	struct event *next;
};

/* Works for the time of a slice. False: it is done. */
static bool work_on(const struct slices_work *work, void *arg)
{
	int64_t end_ns = scheduler_now_ns() + SLICE_NS;

	do {
		if (!work->step(arg))
			return false;
	} while (scheduler_now_ns() < end_ns);
	return true;
}

static void slices_free(struct slices *slices)
{
	if (slices->next)
		event_free(slices->next);
	slices->work->free(slices->arg);
	free(slices);
}

/* The connection is gone. */
static void slices_abandon(struct request *request)
{
	struct slices *slices = request->pending;

	request->pending = NULL;
	request->abandon = NULL;
	if (request->session)
		session_release_requests(request->session);
	slices_free(slices);
}

static void on_next(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = {0};
	struct slices *slices = arg;
	struct request *request = slices->request;
	struct session *session = request->session;

	(void)fd;
	(void)what;
	if (work_on(slices->work, slices->arg)) {
		event_add(slices->next, &at_once);
		return;
	}
	request->pending = NULL;
	request->abandon = NULL;
	slices->work->finish(request, slices->arg);
	session_release_requests(session);
	slices_free(slices);
}

enum request_status slices_begin(struct request *request, const struct slices_work *work, void *arg)
{
	static const struct timeval at_once = {0};
	struct slices *slices = NULL;

	if (work_on(work, arg) && request->session)
		slices = calloc(1, sizeof(*slices));
	if (slices) {
		*slices = (struct slices){request, work, arg, NULL};
		slices->next = evtimer_new(request->daemon->base, on_next, slices);
	}
	if (!slices || !slices->next || event_add(slices->next, &at_once) != 0) {
		if (slices && slices->next)
			event_free(slices->next);
		free(slices);
		while (work->step(arg))
			continue;
		work->finish(request, arg);
		work->free(arg);
		return REQUEST_DONE;
	}
	request->pending = slices;
	request->abandon = slices_abandon;
	session_hold_requests(request->session);
	return REQUEST_DEFERRED;
}
