/*
 * The supervisor's loop. It owns the scheduler's life: start, hand-over, death, restart, farewell.
 * What concerns workers is in pool.c. A link that fails in any way is answered by ending the
 * scheduler, since a new one is told everything again and nothing is lost by it.
 */
#include "daemon/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/link.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/restart.h"
#include "daemon/supervisor/spawn.h"

/* So many that never served, and no worker to care for: nothing is gained by going on. */
#define GIVE_UP_FAILED 8

/* So many that never served: maybe their program is no good, and the one that is here is better. */
#define SPARE_AFTER 2

/* The same while stopping, and how long workers have then between SIGTERM and SIGKILL. */
#define GIVE_UP_STOPPING 3
#define END_WORKERS_NS (10 * CLOCK_SECOND)

enum { POLL_SIGNAL, POLL_LINK, POLL_READY, POLL_TOKENS, N_POLL };

struct supervisor {
	const struct supervisor_options *options;
	struct pool *pool;
	struct restart restart;
	struct link link; /* fd -1: there is none */
	int signal_fd;
	int ready_fd;     /* of the scheduler that is starting; -1: none */
	pid_t scheduler;  /* 0: there is none */
	int64_t start_ns; /* of it, on the monotonic clock; or when one is due */
	int64_t end_ns;   /* when workers that are being ended get SIGKILL; INT64_MAX: none is */
	bool has_served;  /* this scheduler */
	bool has_ever_served;
	bool is_first;
	bool is_farewell;
	bool is_stopping;
	bool is_deferring; /* what is to be sent waits for more */
	bool is_done;
	int exit_status;
};

static void finish(struct supervisor *supervisor, int exit_status)
{
	supervisor->is_done = true;
	supervisor->exit_status = exit_status;
}

/* --- the link --- */

static void close_ready(struct supervisor *supervisor)
{
	if (supervisor->ready_fd != -1)
		close(supervisor->ready_fd);
	supervisor->ready_fd = -1;
}

static void drop_link(struct supervisor *supervisor, int error)
{
	if (supervisor->link.fd == -1)
		return;
	pool_set_link(supervisor->pool, NULL);
	link_close(&supervisor->link);
	if (supervisor->is_farewell || supervisor->scheduler == 0)
		return;
	if (error != 0)
		log_error("scheduler given up pid=%d error=%s", supervisor->scheduler,
		    error == EPROTO ? "what it sends is no message" : strerror(error));
	kill(supervisor->scheduler, SIGKILL);
}

static void handle_messages(struct supervisor *supervisor)
{
	struct wire_message message;
	int result;

	while ((result = link_take(&supervisor->link, &message)) == 1) {
		if (message.kind == WIRE_FAREWELL)
			supervisor->is_farewell = true;
		else if (pool_handle(supervisor->pool, &message) != 0) {
			result = -1;
			break;
		}
	}
	if (result == -1)
		drop_link(supervisor, errno);
}

/* Answers whether there may be more. */
static bool receive(struct supervisor *supervisor)
{
	int result = link_receive(&supervisor->link);

	if (result == 1)
		handle_messages(supervisor);
	else if (result == -1)
		drop_link(
		    supervisor, errno == ECONNRESET ? 0 : errno); /* it left messages unread */
	return result == 1 && supervisor->link.fd != -1;
}

static void flush(struct supervisor *supervisor)
{
	supervisor->is_deferring = pool_may_defer(supervisor->pool);
	if (supervisor->link.fd != -1 && link_pending_bytes(&supervisor->link) > 0 &&
	    !supervisor->is_deferring && link_flush(&supervisor->link) != 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		drop_link(supervisor, errno);
}

/* --- the scheduler's life --- */

static void start_scheduler(struct supervisor *supervisor)
{
	const struct supervisor_options *options = supervisor->options;
	/* Both in turn, as the reason may be another, and pass. */
	bool is_spare =
	    supervisor->restart.n_failed >= SPARE_AFTER && supervisor->restart.n_failed % 2 == 0;
	int sockets[2] = {-1, -1}, ready[2] = {-1, -1};
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0 &&
	    pipe2(ready, O_CLOEXEC | O_NONBLOCK) == 0)
		pid = options->launch(
		    options->arg, sockets[1], ready[1], supervisor->is_first, is_spare);
	if (pid == -1) {
		int64_t pause_ns = restart_get_pause_ns(&supervisor->restart, false, 0);

		log_error("scheduler not started error=%s", strerror(errno));
		supervisor->start_ns = clock_monotonic_ns() + pause_ns;
		if (supervisor->is_first)
			finish(supervisor, EXIT_FAILURE);
		for (int i = 0; i < 2; i++) {
			if (sockets[i] != -1)
				close(sockets[i]);
			if (ready[i] != -1)
				close(ready[i]);
		}
		return;
	}
	close(sockets[1]);
	close(ready[1]);
	supervisor->scheduler = pid;
	supervisor->ready_fd = ready[0];
	supervisor->start_ns = clock_monotonic_ns();
	supervisor->has_served = false;
	link_open(&supervisor->link, sockets[0]);
	log_debug("scheduler started pid=%d", pid);
	if (pool_set_link(supervisor->pool, &supervisor->link) != 0)
		drop_link(supervisor, errno);
	supervisor->is_first = false;
}

static void handle_ready(struct supervisor *supervisor)
{
	const struct supervisor_options *options = supervisor->options;
	char byte;
	ssize_t n = read(supervisor->ready_fd, &byte, 1);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	close_ready(supervisor);
	if (n != 1)
		return;
	supervisor->has_served = true;
	if (!supervisor->has_ever_served)
		options->served(options->arg);
	supervisor->has_ever_served = true;
	/* One that was just starting may have missed it. */
	if (supervisor->is_stopping && supervisor->scheduler != 0)
		kill(supervisor->scheduler, SIGTERM);
}

static void end_workers(struct supervisor *supervisor)
{
	if (pool_count_alive(supervisor->pool) == 0) {
		finish(supervisor, EXIT_FAILURE);
		return;
	}
	log_error(
	    "workers are ended without a scheduler count=%zu", pool_count_alive(supervisor->pool));
	pool_signal_all(supervisor->pool, SIGTERM);
	supervisor->end_ns = clock_monotonic_ns() + END_WORKERS_NS;
}

static void log_death(pid_t pid, int status, int64_t pause_ns)
{
	char how[64];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal=%d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "status=%d", WEXITSTATUS(status));
	log_error("scheduler died pid=%d %s next_in_ms=%" PRId64, pid, how, pause_ns / CLOCK_MS);
}

/* It has been reaped, and whatever it sent before has been dealt with. */
static void handle_scheduler_end(struct supervisor *supervisor, pid_t pid, int status)
{
	int64_t now_ns = clock_monotonic_ns();
	int64_t pause_ns;
	unsigned int give_up = supervisor->is_stopping ? GIVE_UP_STOPPING : GIVE_UP_FAILED;

	if (supervisor->is_farewell) {
		pool_signal_all(supervisor->pool, SIGKILL);
		finish(supervisor, EXIT_SUCCESS);
		return;
	}
	if (!supervisor->has_ever_served) {
		log_death(pid, status, 0);
		finish(supervisor, supervisor->is_stopping ? EXIT_SUCCESS : EXIT_FAILURE);
		return;
	}
	if (supervisor->has_served && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		log_info("scheduler makes way for another pid=%d", pid);
		supervisor->start_ns = now_ns;
		supervisor->restart.n_failed = 0; /* what is there now is tried first */
		return;
	}
	pause_ns = restart_get_pause_ns(
	    &supervisor->restart, supervisor->has_served, now_ns - supervisor->start_ns);
	log_death(pid, status, pause_ns);
	supervisor->start_ns = now_ns + pause_ns;
	if (supervisor->restart.n_failed < give_up)
		return;
	if (supervisor->is_stopping) {
		end_workers(supervisor);
	} else if (pool_count(supervisor->pool) == 0) {
		log_error("no scheduler can be started, giving up");
		finish(supervisor, EXIT_FAILURE);
	}
}

/* --- signals and time --- */

static void reap(struct supervisor *supervisor)
{
	pid_t pid, scheduler = 0;
	int status, scheduler_status = 0;
	struct rusage usage;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		if (pid == supervisor->scheduler) {
			scheduler = pid;
			scheduler_status = status;
		} else {
			pool_note_exit(supervisor->pool, pid, status, &usage);
		}
	}
	if (pool_report_exits(supervisor->pool) != 0)
		drop_link(supervisor, errno);
	if (scheduler == 0)
		return;
	/* Its last words first: acknowledgements, a farewell. */
	supervisor->scheduler = 0;
	if (supervisor->ready_fd != -1)
		handle_ready(supervisor);
	while (supervisor->link.fd != -1 && receive(supervisor))
		;
	drop_link(supervisor, 0);
	close_ready(supervisor);
	handle_scheduler_end(supervisor, scheduler, scheduler_status);
}

static void stop(struct supervisor *supervisor)
{
	const struct supervisor_options *options = supervisor->options;

	if (!supervisor->is_stopping)
		options->stopping(options->arg);
	supervisor->is_stopping = true;
	if (supervisor->scheduler != 0)
		kill(supervisor->scheduler, SIGTERM);
	else
		supervisor->start_ns = clock_monotonic_ns(); /* to end things in an orderly way */
}

static void handle_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo infos[8];
	ssize_t n = read(supervisor->signal_fd, infos, sizeof(infos));
	bool has_child = false;

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(infos[0]); i++) {
		int signal = (int)infos[i].ssi_signo;

		if (signal == SIGCHLD)
			has_child = true;
		else if (signal != SIGHUP || !supervisor->options->is_detached)
			stop(supervisor);
	}
	if (has_child)
		reap(supervisor);
}

/* What is due by now; answers when the next is, INT64_MAX: never. */
static int64_t handle_time(struct supervisor *supervisor)
{
	bool is_ending = supervisor->end_ns != INT64_MAX;
	int64_t next_ns = pool_next_report_ns(supervisor->pool);
	int64_t now_ns;

	if (next_ns == INT64_MAX && supervisor->scheduler != 0)
		return INT64_MAX;
	now_ns = clock_monotonic_ns();
	if (next_ns <= now_ns) {
		if (pool_report_starts(supervisor->pool, now_ns) != 0)
			drop_link(supervisor, errno);
		next_ns = pool_next_report_ns(supervisor->pool);
	}
	if (is_ending && now_ns >= supervisor->end_ns)
		pool_signal_all(supervisor->pool, SIGKILL);
	if (is_ending && (now_ns >= supervisor->end_ns || pool_count_alive(supervisor->pool) == 0))
		finish(supervisor, EXIT_FAILURE);
	if (supervisor->scheduler == 0 && !is_ending && !supervisor->is_done &&
	    supervisor->start_ns <= now_ns)
		start_scheduler(supervisor);
	if (is_ending && supervisor->end_ns < next_ns)
		next_ns = supervisor->end_ns;
	if (supervisor->scheduler == 0 && !is_ending && supervisor->start_ns < next_ns)
		next_ns = supervisor->start_ns;
	return next_ns;
}

static void wait_for_events(struct supervisor *supervisor, int64_t next_ns)
{
	struct pollfd fds[N_POLL] = {
	    [POLL_SIGNAL] = {.fd = supervisor->signal_fd, .events = POLLIN},
	    [POLL_LINK] = {.fd = supervisor->link.fd, .events = POLLIN},
	    [POLL_READY] = {.fd = supervisor->ready_fd, .events = POLLIN},
	    [POLL_TOKENS] = {.fd = pool_get_token_fd(supervisor->pool), .events = POLLIN},
	};
	struct timespec timeout = {0};
	int64_t left_ns = next_ns == INT64_MAX ? 0 : next_ns - clock_monotonic_ns();

	if (left_ns > 0) {
		timeout.tv_sec = left_ns / CLOCK_SECOND;
		timeout.tv_nsec = left_ns % CLOCK_SECOND;
	}
	if (supervisor->link.fd != -1 && link_pending_bytes(&supervisor->link) > 0 &&
	    !supervisor->is_deferring)
		fds[POLL_LINK].events |= POLLOUT;
	if (ppoll(fds, N_POLL, next_ns == INT64_MAX ? NULL : &timeout, NULL) <= 0)
		return;
	if (fds[POLL_READY].revents != 0)
		handle_ready(supervisor);
	if (fds[POLL_LINK].revents & (POLLIN | POLLHUP | POLLERR))
		receive(supervisor);
	if (fds[POLL_SIGNAL].revents != 0)
		handle_signals(supervisor);
	if (fds[POLL_TOKENS].revents != 0 && pool_collect_tokens(supervisor->pool) != 0)
		drop_link(supervisor, errno);
}

static int open_signals(void)
{
	sigset_t set;

	spawner_reset_signals();
	sigemptyset(&set);
	/* Blocked and never looked at: a log whose reader is gone is no reason to end. */
	sigaddset(&set, SIGPIPE);
	if (sigprocmask(SIG_SETMASK, &set, NULL) != 0)
		return -1;
	sigdelset(&set, SIGPIPE);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int supervisor_run(const struct supervisor_options *options)
{
	struct supervisor supervisor = {.options = options,
	    .link.fd = -1,
	    .signal_fd = -1,
	    .ready_fd = -1,
	    .end_ns = INT64_MAX,
	    .is_first = true,
	    .exit_status = EXIT_FAILURE};

	supervisor.pool = pool_new(options->worker_env);
	if (supervisor.pool == NULL)
		goto out;
	supervisor.signal_fd = open_signals();
	if (supervisor.signal_fd == -1)
		goto out;
	/* What a worker leaves behind comes to us instead of to init. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		goto out;
	while (!supervisor.is_done) {
		int64_t next_ns = handle_time(&supervisor);

		if (supervisor.is_done)
			break;
		flush(&supervisor);
		wait_for_events(&supervisor, next_ns);
	}
out:
	if (!supervisor.is_done)
		log_error("supervisor not started error=%s", strerror(errno));
	drop_link(&supervisor, 0);
	close_ready(&supervisor);
	if (supervisor.signal_fd != -1)
		close(supervisor.signal_fd);
	pool_free(supervisor.pool);
	return supervisor.exit_status;
}
