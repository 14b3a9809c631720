/*
 * wait, and the end of run: requests that are answered when the core says that what they wait for
 * is complete, or refused when their time has run out.
 */
#include "daemon/requests_wait.h"

#include <stdlib.h>

#include "daemon/ask.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/effects.h"
#include "daemon/events.h"
#include "daemon/handlers.h"
#include "daemon/repeats.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"
#include "daemon/session.h"
#include "daemon/waits.h"

#define NS_PER_S INT64_C(1000000000)
#define TIMEOUT_MAX_S (3650.0 * 86400)

struct waiting {
	struct request *request;
	uint64_t id; /* of the core's wait */
	struct event *timer;
	uint32_t watch;
	uint64_t exec;                      /* that it is asked from, or 0 */
	struct session_postponed postponed; /* the answer, until there is room for it */
};

/* Ends the core's wait and frees waiting, which the request then does not have any more. */
static void waiting_end(struct waiting *waiting)
{
	struct request *request = waiting->request;

	if (waiting->timer)
		event_free(waiting->timer);
	session_forget_postponed(&waiting->postponed);
	core_wait_end(request->daemon->core, waiting->id, scheduler_now_ns());
	effects_follow_wait(request->daemon, waiting->exec);
	if (waiting->watch)
		events_unwatch(request->session, waiting->watch);
	request->pending = NULL;
	request->abandon = NULL;
	free(waiting);
}

/* Its connection is gone. What it waited for goes on. */
static void waiting_abandon(struct request *request)
{
	struct waiting *waiting = request->pending;

	waits_forget(request->daemon, waiting->id);
	waiting_end(waiting);
	scheduler_wake(request->daemon);
}

static json_t *count_members(const struct wait_outcome *outcome)
{
	uint64_t n_failed = 0;

	for (size_t i = 0; i < outcome->n_members; i++)
		n_failed += !membership_is_success(outcome->members[i]);
	return json_pack("{s:I, s:I, s:I}", "procs", (json_int_t)outcome->n_members, "succeeded",
	    (json_int_t)(outcome->n_members - n_failed), "failed", (json_int_t)n_failed);
}

/* Gathers the views of all members, or of those that have failed. */
static void gather(const struct core *core, const struct wait_outcome *outcome, bool only_failed,
    struct views *views)
{
	for (size_t i = 0; i < outcome->n_members; i++) {
		const struct membership *member = outcome->members[i];

		if (only_failed && membership_is_success(member))
			continue;
		if (!views_add(views, view_member(core, member)))
			return;
	}
}

/* All that is waited for if it fits into an answer, else counts and what has failed. */
static json_t *build_answer(const struct core *core, const struct wait_outcome *outcome)
{
	struct views views;
	json_t *answer;

	if (views_init(&views, 0) != 0)
		return NULL;
	if (outcome->n_members <= VIEWS_MAX)
		gather(core, outcome, false, &views);
	else
		views.is_truncated = true;
	answer = json_pack("{s:o, s:b}", "run",
	    outcome->run ? json_integer((json_int_t)outcome->run) : json_null(), "ok",
	    outcome->is_ok);
	if (!answer || views.is_truncated) {
		views_clear(&views);
		if (!answer || views_init(&views, 0) != 0)
			return answer;
		gather(core, outcome, true, &views);
		views.is_truncated = true;
		json_object_set_new(answer, "counts", count_members(outcome));
	}
	request_set_views(answer, &views, NULL);
	return answer;
}

static void answer(void *arg)
{
	struct waiting *waiting = arg;
	struct request *request = waiting->request;
	struct core *core = request->daemon->core;
	struct wait_outcome outcome = {0};
	struct fault fault = {0};
	json_t *answer = NULL;

	core_wait_outcome(core, waiting->id, &outcome);
	if (outcome.fault)
		fault_copy(outcome.fault, &fault);
	else
		answer = build_answer(core, &outcome);
	waiting_end(waiting);
	if (fault.code != FAULT_NONE)
		request_refuse_fault(request, &fault);
	else if (answer)
		request_answer(request, answer);
	else
		request_refuse_memory(request);
}

/*
 * Many may have waited for the same, and their answers are long: who has not read what came before
 * gets this one later. What it tells of is kept as long as the core has the wait.
 */
static void on_done(void *arg)
{
	struct waiting *waiting = arg;

	if (waiting->timer)
		event_del(waiting->timer);
	effects_follow_wait(waiting->request->daemon, waiting->exec);
	if (!session_postpone(waiting->request->session, &waiting->postponed, answer, waiting))
		answer(waiting);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct waiting *waiting = arg;
	struct request *request = waiting->request;
	struct daemon *daemon = request->daemon;

	(void)fd;
	(void)what;
	waits_forget(daemon, waiting->id);
	waiting_end(waiting);
	request_refuse(request, PROTOCOL_TIMEOUT, "the time has run out", NULL);
	scheduler_wake(daemon);
}

static int arm_timer(struct waiting *waiting, int64_t timeout_ns)
{
	struct timeval delay = {
	    .tv_sec = (time_t)(timeout_ns / NS_PER_S),
	    .tv_usec = (suseconds_t)(timeout_ns % NS_PER_S / 1000),
	};

	if (timeout_ns == WAIT_FOREVER_NS)
		return 0;
	waiting->timer = evtimer_new(waiting->request->daemon->base, on_timeout, waiting);
	return waiting->timer ? evtimer_add(waiting->timer, &delay) : -1;
}

enum request_status wait_begin(
    struct request *request, const struct wait_request *query, int64_t timeout_ns, uint32_t watch)
{
	struct daemon *daemon = request->daemon;
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	struct fault fault = {0};

	if (!waiting || core_wait(daemon->core, query, &waiting->id, &fault) != 0) {
		free(waiting);
		if (watch)
			events_unwatch(request->session, watch);
		return fault.code != FAULT_NONE ? request_refuse_fault(request, &fault)
		                                : request_refuse_memory(request);
	}
	waiting->request = request;
	waiting->watch = watch;
	waiting->exec = query->scope.exec;
	effects_follow_wait(daemon, waiting->exec);
	request->pending = waiting;
	request->abandon = waiting_abandon;
	if (waits_register(daemon, waiting->id, on_done, waiting) == 0 &&
	    arm_timer(waiting, timeout_ns) == 0) {
		request_forget_params(request);
		return REQUEST_DEFERRED;
	}
	waits_forget(daemon, waiting->id);
	waiting_end(waiting);
	return request_refuse_memory(request);
}

static int64_t read_timeout(const struct request *request)
{
	const json_t *timeout = json_object_get(request->params, "timeout");
	double seconds = json_number_value(timeout);

	if (!json_is_number(timeout))
		return WAIT_FOREVER_NS;
	if (!(seconds > 0))
		return 0;
	return (int64_t)((seconds < TIMEOUT_MAX_S ? seconds : TIMEOUT_MAX_S) * (double)NS_PER_S);
}

/* Notes for a repeat which run is waited for, or which are: another time it would be others. */
static void keep_targets(const struct request *request, const struct scope *scope)
{
	const struct core *core = request->daemon->core;
	struct run *only, *run = NULL;
	struct fault fault = {0};
	uint64_t *runs = NULL;
	size_t count = 0, size = 0;

	if (core_look_run(core, scope, &only, &fault) != 0) {
		fault_clear(&fault); /* it will be said */
		return;
	}
	while (!only && (run = core_next_run(core, run ? run->id : 0))) {
		if (!run_is_active(run))
			continue;
		if (count == size) {
			size = size ? 2 * size : 16;
			runs = mem_resize(runs, size, sizeof(*runs));
		}
		runs[count++] = run->id;
	}
	repeats_keep_wait(request, only ? only->id : 0, runs, count);
	free(runs);
}

static enum request_status wait_for_runs(struct request *request)
{
	struct wait_request query = {0};
	enum request_status status;

	if (request_scope(request, &query.scope) != 0)
		return REQUEST_DONE;
	if (request_read_text(request, "request_id"))
		keep_targets(request, &query.scope);
	status = wait_begin(request, &query, read_timeout(request), 0);
	request_scope_clear(&query.scope);
	return status;
}

static enum request_status proceed_wait(struct request *request, const struct name_request *query)
{
	const struct wait_request wait = {.names = query->names,
	    .n_names = query->n_names,
	    .scope = query->scope,
	    .answers = query->answers};

	return wait_begin(request, &wait, read_timeout(request), 0);
}

enum request_status handle_wait(struct request *request)
{
	request_look_file(request);
	if (json_array_size(json_object_get(request->params, "names")) == 0)
		return wait_for_runs(request);
	if (request_expand_globs(request) != 0)
		return REQUEST_DONE;
	return ask_begin_wait(request, proceed_wait);
}

enum request_status handle_wait_again(struct request *request, const struct repeat *repeat)
{
	struct wait_request query = {
	    .is_again = true, .runs = repeat->execs, .n_runs = repeat->n_execs};

	request_look_scope(request, &query.scope);
	query.scope.run = repeat->run;
	query.scope.run_name = NULL;
	return wait_begin(request, &query, read_timeout(request), 0);
}
