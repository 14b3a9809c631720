/*
 * The end of the scheduler: requests are refused, what runs is canceled and waited for, waiting
 * clients are answered, the supervisor is told. Each step has a time limit. Or another scheduler is
 * to go on: then only what is answered is waited for.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/dynamic.h"
#include "daemon/effects.h"
#include "daemon/events.h"
#include "daemon/log.h"
#include "daemon/scheduler_internal.h"
#include "daemon/session.h"
#include "daemon/workers.h"

#define WORKERS_LIMIT_NS (INT64_C(5) * 1000000000) /* beyond kill_after */
#define CLIENTS_LIMIT_NS (INT64_C(1) * 1000000000)

static const struct timeval look_delay = {.tv_usec = 20 * 1000};

static struct scheduler *scheduler_of(struct daemon *daemon)
{
	return (struct scheduler *)daemon;
}

void scheduler_stop(struct daemon *daemon)
{
	struct scheduler *scheduler = scheduler_of(daemon);
	int64_t now_ns = scheduler_now_ns();
	const struct cancel_request request = {.is_all = true,
	    .info = "it was canceled, as the daemon ended",
	    .scope = {.now_ns = now_ns}};
	struct fault fault = {0};
	char quoted[LOG_QUOTED_SIZE];
	char *names;

	if (daemon->is_stopping)
		return;
	daemon->is_stopping = true;
	scheduler->end = END_WORKERS;
	scheduler->end_limit_ns =
	    now_ns + core_get_options(daemon->core)->kill_after_ns + WORKERS_LIMIT_NS;
	if (core_cancel(daemon->core, &request, &scheduler->canceled, &fault) < 0)
		fault_clear(&fault);
	dynamics_cancel_all(daemon);
	names = strings_join(&scheduler->canceled, " ");
	log_info("stopping n_canceled=%zu canceled=%s", scheduler->canceled.count,
	    log_quote(quoted, names));
	free(names);
	scheduler_wake(daemon);
}

static bool have_workers_ended(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;
	struct core_load load;

	core_get_load(daemon->core, &load);
	return load.n_running == 0 && load.n_wanted == 0 && dynamics_count(daemon->dynamics) == 0 &&
	       effects_count_groups(daemon) == 0;
}

/* Everybody who waits for something is answered now. */
static void answer_all(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;
	struct stopped *stopped;

	while ((stopped = TAILQ_FIRST(&scheduler->stopped))) {
		TAILQ_REMOVE(&scheduler->stopped, stopped, of_scheduler);
		stopped->done(stopped->arg);
		free(stopped);
	}
	events_tell_end(daemon);
	if (daemon->sessions) {
		sessions_refuse_all(daemon->sessions);
		sessions_flush(daemon->sessions);
	}
}

static void leave(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;

	if (scheduler->is_stored)
		effects_acknowledge(daemon);
	else
		log_error("ended without storing what happened last");
	workers_send_farewell(daemon->workers);
	workers_flush(daemon->workers);
	scheduler->is_done = true;
	log_info("ended");
}

int scheduler_restart(struct daemon *daemon)
{
	struct scheduler *scheduler = scheduler_of(daemon);

	if (!scheduler->options->has_state)
		return -1;
	if (!scheduler->is_restarting)
		scheduler->end_limit_ns = scheduler_now_ns() + CLIENTS_LIMIT_NS;
	scheduler->is_restarting = true;
	scheduler_wake(daemon);
	return 0;
}

/* Another scheduler goes on from what is stored, so nothing else has to be in order. */
static void make_way(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;
	bool is_late = scheduler_now_ns() > scheduler->end_limit_ns;

	if (!scheduler->is_stored || (!is_late && !sessions_are_flushed(daemon->sessions))) {
		if (!event_pending(scheduler->end_look, EV_TIMEOUT, NULL))
			event_add(scheduler->end_look, &look_delay);
		return;
	}
	workers_flush(daemon->workers);
	scheduler->is_done = true;
	log_info("makes way for another scheduler");
}

void scheduler_look_for_end(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;
	bool is_late = scheduler->end != END_NOT && scheduler_now_ns() > scheduler->end_limit_ns;

	if (scheduler->is_done)
		return;
	if (scheduler->end == END_NOT) {
		if (scheduler->is_restarting)
			make_way(scheduler);
		return;
	}
	if (scheduler->end == END_WORKERS && (is_late || have_workers_ended(scheduler))) {
		if (is_late)
			log_error("workers have not ended in time");
		effects_kill_groups(daemon);
		answer_all(scheduler);
		scheduler->end = END_CLIENTS;
		scheduler->end_limit_ns = scheduler_now_ns() + CLIENTS_LIMIT_NS;
		is_late = false;
	}
	if (scheduler->end == END_CLIENTS &&
	    (is_late || !daemon->sessions || sessions_are_flushed(daemon->sessions)))
		leave(scheduler);
	else if (!event_pending(scheduler->end_look, EV_TIMEOUT, NULL))
		event_add(scheduler->end_look, &look_delay);
}

void scheduler_on_end_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg; /* the pass that follows looks */
}

int scheduler_on_stopped(struct daemon *daemon, void (*done)(void *arg), void *arg)
{
	struct stopped *stopped = calloc(1, sizeof(*stopped));

	if (!stopped)
		return -1;
	stopped->done = done;
	stopped->arg = arg;
	TAILQ_INSERT_TAIL(&scheduler_of(daemon)->stopped, stopped, of_scheduler);
	return 0;
}

void scheduler_off_stopped(struct daemon *daemon, void *arg)
{
	struct scheduler *scheduler = scheduler_of(daemon);
	struct stopped *stopped;

	TAILQ_FOREACH (stopped, &scheduler->stopped, of_scheduler) {
		if (stopped->arg != arg)
			continue;
		TAILQ_REMOVE(&scheduler->stopped, stopped, of_scheduler);
		free(stopped);
		return;
	}
}

const struct strings *scheduler_get_canceled(const struct daemon *daemon)
{
	return &((const struct scheduler *)daemon)->canceled;
}

void scheduler_forget_end(struct scheduler *scheduler)
{
	struct stopped *stopped;

	while ((stopped = TAILQ_FIRST(&scheduler->stopped))) {
		TAILQ_REMOVE(&scheduler->stopped, stopped, of_scheduler);
		free(stopped);
	}
	strings_clear(&scheduler->canceled);
}
