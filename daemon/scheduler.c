/*
 * The scheduler process: builds its parts, runs the loop, and ends. What a pass does, and in which
 * order, is here; what any of it means is not.
 */
#include "daemon/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/dynamic.h"
#include "daemon/effects.h"
#include "daemon/environment.h"
#include "daemon/inputs.h"
#include "daemon/jobserver.h"
#include "daemon/keep.h"
#include "daemon/log.h"
#include "daemon/parts.h"
#include "daemon/presence.h"
#include "daemon/recover.h"
#include "daemon/reload.h"
#include "daemon/scheduler_internal.h"
#include "daemon/session.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/inject.h"
#include "daemon/workers.h"
#include "daemon/workspace/workspace.h"

#define ROUNDS_PER_PASS 64 /* then input has its turn again */
#define MMAP_THRESHOLD_BYTES (256 << 10)

/*
 * Time that never goes back: the clock of the wall as it was at the start, and what has passed
 * since. So no change of the wall's clock makes a time limit run out, or never. The start is that
 * of the supervisor, since times outlive a scheduler.
 */
static int64_t clock_base_ns;

void scheduler_set_clock(int64_t base_ns)
{
	clock_base_ns = base_ns;
}

int64_t scheduler_time_ns(int64_t monotonic_ns)
{
	if (clock_base_ns == 0)
		clock_base_ns = clock_get_base_ns();
	return clock_base_ns + monotonic_ns;
}

int64_t scheduler_now_ns(void)
{
	return scheduler_time_ns(clock_monotonic_ns());
}

void scheduler_wake(struct daemon *daemon)
{
	daemon->is_dirty = true;
}

/* --- a pass --- */

static void arm_deadline(struct scheduler *scheduler)
{
	int64_t deadline_ns = core_next_deadline(scheduler->daemon.core);
	int64_t delay_ns;
	struct timeval delay;

	if (deadline_ns == scheduler->deadline_ns)
		return;
	scheduler->deadline_ns = deadline_ns;
	if (deadline_ns == INT64_MAX) {
		event_del(scheduler->deadline);
		return;
	}
	delay_ns = deadline_ns - scheduler_now_ns();
	if (delay_ns < 0)
		delay_ns = 0;
	delay.tv_sec = delay_ns / 1000000000;
	delay.tv_usec = delay_ns / 1000 % 1000000 + 1; /* not a moment too early */
	event_add(scheduler->deadline, &delay);
}

/* No client, no active run: the daemon may end, if that lasts. */
static void watch_idleness(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;
	int64_t limit_ns = scheduler->options->idle_exit_ns;
	const struct timeval delay = {
	    .tv_sec = limit_ns / 1000000000, .tv_usec = limit_ns / 1000 % 1000000};
	struct core_load load;

	if (limit_ns == 0 || !daemon->sessions)
		return;
	core_get_load(daemon->core, &load);
	if (sessions_count(daemon->sessions) > 0 || load.n_active_runs > 0)
		event_del(scheduler->idle);
	else if (!event_pending(scheduler->idle, EV_TIMEOUT, NULL))
		event_add(scheduler->idle, &delay);
}

/* What this pass has changed is stored, or nobody hears of it. */
static void commit(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;
	bool is_stored;

	inject_death("advanced");
	is_stored = scheduler->is_stored = keep_commit(daemon) == 0;
	inject_death("stored");
	if (is_stored)
		effects_acknowledge(daemon);
	/* At the end nothing is waited for: it is not known whether it will come. */
	if (daemon->is_stopping)
		is_stored = true;
	workers_hold(daemon->workers, !is_stored);
	if (daemon->sessions)
		sessions_hold(daemon->sessions, !is_stored);
}

/* Timeouts, and what is tried again. What has ended in this turn is told first: it may be due too.
 */
static void tick(struct scheduler *scheduler)
{
	if (!scheduler->is_due)
		return;
	scheduler->is_due = false;
	effects_carry_out(&scheduler->daemon);
	core_tick(scheduler->daemon.core, scheduler_now_ns());
}

/* What the loop's callbacks have recorded takes effect. */
static void make_pass(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;

	if (daemon->sessions)
		sessions_serve_early(daemon->sessions);
	if (daemon->is_dirty) {
		tick(scheduler);
		for (int round = 0; daemon->is_dirty && round < ROUNDS_PER_PASS; round++) {
			daemon->is_dirty = false;
			core_advance(daemon->core, scheduler_now_ns());
			effects_carry_out(daemon);
			dynamics_start(daemon);
		}
		inputs_tell_joined(daemon);
		environments_trim(daemon->environments);
		commit(scheduler);
		arm_deadline(scheduler);
		watch_idleness(scheduler);
	}
	workers_send(daemon->workers);
	if (scheduler->is_done) /* the supervisor is gone */
		return;
	if (daemon->sessions)
		sessions_flush(daemon->sessions);
	inject_death("answered");
	scheduler_look_for_end(scheduler);
}

static void run_loop(struct scheduler *scheduler)
{
	while (!scheduler->is_done) {
		int flags = EVLOOP_ONCE | (scheduler->daemon.is_dirty ? EVLOOP_NONBLOCK : 0);

		if (event_base_loop(scheduler->daemon.base, flags) < 0) {
			log_error("loop failed error=%s", strerror(errno));
			scheduler->status = 1;
			return;
		}
		/* Before all is known of workers nothing may begin. */
		if (!scheduler->daemon.sessions && !scheduler->daemon.is_stopping)
			continue;
		if (!scheduler->is_done) /* else without a supervisor there is nobody to act for */
			make_pass(scheduler);
	}
}

/* --- callbacks --- */

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct scheduler *scheduler = arg;

	(void)fd;
	(void)what;
	scheduler->deadline_ns = INT64_MAX; /* it has to be armed again, whichever comes next */
	scheduler->is_due = true;
	scheduler_wake(&scheduler->daemon);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct scheduler *scheduler = arg;

	(void)fd;
	(void)what;
	log_info("idle for long enough");
	scheduler_stop(&scheduler->daemon);
}

static void on_terminate(evutil_socket_t fd, short what, void *arg)
{
	struct scheduler *scheduler = arg;

	(void)fd;
	(void)what;
	scheduler_stop(&scheduler->daemon);
}

static void on_workspace_gone(void *arg)
{
	struct scheduler *scheduler = arg;

	log_warning("workspace is gone");
	scheduler_stop(&scheduler->daemon);
}

static void on_worker_started(void *arg, struct worker_key key, pid_t pid, int64_t started_ns)
{
	struct scheduler *scheduler = arg;

	effects_started(&scheduler->daemon, key, pid, started_ns);
}

static void on_worker_exited(void *arg, const struct worker_exit *report)
{
	struct scheduler *scheduler = arg;

	effects_exited(&scheduler->daemon, report);
}

/* An environment of an earlier scheduler. */
static void on_environment_held(void *arg, uint32_t env)
{
	struct scheduler *scheduler = arg;

	environments_hold(scheduler->daemon.environments, env);
}

static void on_worker_refused(void *arg, struct worker_key key)
{
	struct scheduler *scheduler = arg;

	jobserver_refused(&scheduler->daemon, key);
}

static void on_worker_returned(void *arg, struct worker_key key)
{
	struct scheduler *scheduler = arg;

	effects_returned(&scheduler->daemon, key);
}

static void on_token(void *arg)
{
	struct scheduler *scheduler = arg;

	jobserver_granted(&scheduler->daemon);
}

static void on_tokens_set(void *arg)
{
	struct scheduler *scheduler = arg;

	jobserver_note_set(&scheduler->daemon);
}

static void on_supervisor_lost(void *arg)
{
	struct scheduler *scheduler = arg;

	log_error("supervisor is gone");
	recover_lose_workers(&scheduler->daemon);
	scheduler->status = 1;
	scheduler->is_done = true;
}

/* The supervisor has told all that it knows: now requests can be served. */
static void on_workers_ready(void *arg)
{
	struct scheduler *scheduler = arg;
	struct daemon *daemon = &scheduler->daemon;
	char quoted[LOG_QUOTED_SIZE];

	if (daemon->sessions || daemon->is_stopping)
		return;
	jobserver_apply_options(daemon);
	recover_workers(daemon);
	if (reload_workspace(daemon, true, scheduler_now_ns(), NULL) < 0) {
		char *problem = reload_get_problem(daemon);

		log_warning("workspace file is broken problem=%s", log_quote(quoted, problem));
		free(problem);
	}
	daemon->sessions = sessions_new(daemon, scheduler->options->listen_fd);
	if (!daemon->sessions) {
		log_error("cannot serve error=%s", strerror(errno));
		scheduler->status = 1;
		scheduler->is_done = true;
		return;
	}
	scheduler_wake(daemon);
	if (scheduler->options->ready_fd >= 0) {
		if (write(scheduler->options->ready_fd, "", 1) < 0)
			log_warning("readiness not told error=%s", strerror(errno));
		close(scheduler->options->ready_fd);
	}
	log_info("serving workspace=%s", log_quote(quoted, daemon->directory));
}

/* --- building --- */

static void prepare_process(const struct scheduler_options *options)
{
	struct rlimit limit;

	log_set_name("scheduler");
	if (options->is_verbose)
		log_set_level(LOG_LEVEL_DEBUG);
#ifdef __GLIBC__
	/* Said once it does not grow: what long messages took goes back when they are handled. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
#endif
	umask(077); /* processes are the supervisor's, and have that of who started it */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error of write(2) */
	signal(SIGINT, SIG_IGN);  /* a terminal's; the supervisor gets it too, and tells us */
	signal(SIGHUP, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int build_events(struct scheduler *scheduler)
{
	struct event_base *base = scheduler->daemon.base;

	scheduler->deadline_ns = INT64_MAX;
	scheduler->deadline = evtimer_new(base, on_deadline, scheduler);
	scheduler->idle = evtimer_new(base, on_idle, scheduler);
	scheduler->end_look = evtimer_new(base, scheduler_on_end_look, scheduler);
	scheduler->terminate = evsignal_new(base, SIGTERM, on_terminate, scheduler);
	if (!scheduler->deadline || !scheduler->idle || !scheduler->end_look ||
	    !scheduler->terminate || event_add(scheduler->terminate, NULL) < 0)
		return -1;
	scheduler->presence =
	    presence_new(base, scheduler->daemon.state_directory, on_workspace_gone, scheduler);
	if (!scheduler->presence)
		log_warning("removal of the workspace is not noticed error=%s", strerror(errno));
	return 0;
}

static int refuse_to_start(void)
{
	log_error("cannot start error=%s", strerror(errno));
	return -1;
}

/* 0, or -1: the log has said why last. What was built is freed by tear_down(). */
static int build(struct scheduler *scheduler)
{
	const struct scheduler_options *options = scheduler->options;
	struct daemon *daemon = &scheduler->daemon;
	uint64_t last_seq;
	const struct workers_events workers_events = {
	    .started = on_worker_started,
	    .exited = on_worker_exited,
	    .held = on_environment_held,
	    .ready = on_workers_ready,
	    .lost = on_supervisor_lost,
	    .refused = on_worker_refused,
	    .returned = on_worker_returned,
	    .token = on_token,
	    .tokens_set = on_tokens_set,
	    .arg = scheduler,
	};

	daemon->directory = mem_copy(options->directory);
	daemon->state_directory = mem_print("%s/.parproc", options->directory);
	daemon->socket_path = mem_copy(options->socket_path);
	daemon->supervisor_pid = getppid();
	daemon->is_spare = options->is_spare;
	daemon->base = event_base_new();
	daemon->workspace = workspace_new(options->directory);
	if (!daemon->base || !daemon->workspace)
		return refuse_to_start();
	if (recover_state(daemon, options->has_state, options->is_fresh, &last_seq) != 0)
		return -1;
	daemon->workers = workers_new(daemon->base, options->supervisor_fd, &workers_events);
	if (!daemon->workers || parts_make(daemon, last_seq) != 0)
		return refuse_to_start();
	recover_requests(daemon);
	return build_events(scheduler) == 0 ? 0 : refuse_to_start();
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void tear_down(struct scheduler *scheduler)
{
	struct daemon *daemon = &scheduler->daemon;

	sessions_free(daemon->sessions); /* abandons requests, which need all the rest */
	presence_free(scheduler->presence);
	free_event(scheduler->deadline);
	free_event(scheduler->idle);
	free_event(scheduler->end_look);
	free_event(scheduler->terminate);
	parts_free(daemon);
	scheduler_forget_end(scheduler);
}

int scheduler_main(const struct scheduler_options *options)
{
	struct scheduler scheduler = {.options = options};

	scheduler_set_clock(options->clock_base_ns);
	prepare_process(options);
	TAILQ_INIT(&scheduler.stopped);
	if (build(&scheduler) < 0)
		scheduler.status = 1;
	else
		run_loop(&scheduler);
	/* An end of the link before that of the process would be taken for a failure. */
	if (scheduler.is_restarting && fcntl(options->supervisor_fd, F_DUPFD_CLOEXEC, 0) < 0)
		log_warning("link not kept error=%s", strerror(errno));
	tear_down(&scheduler);
	return scheduler.status;
}
