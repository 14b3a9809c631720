/*
 * ppd: from the command line to a supervisor that holds the lock and the listening socket, and from
 * there, executed again, to the scheduler. Everything that can be wrong with the place is found and
 * said before the starter is left.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/log_file.h"
#include "daemon/logs_cutter.h"
#include "daemon/options.h"
#include "daemon/start/detach.h"
#include "daemon/start/latency.h"
#include "daemon/start/launch.h"
#include "daemon/start/listen.h"
#include "daemon/start/lock.h"
#include "daemon/start/place.h"
#include "daemon/start/systemd.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor/supervisor.h"

/* How long ppd -d waits for another one that is just starting or ending. */
#define OTHER_PATIENCE_NS (10 * CLOCK_SECOND)
#define OTHER_POLL_NS (5 * CLOCK_MS)

#define FIRST_INHERITED_FD 3

/* The parts of a supervisor. */
struct ppd {
	struct ppd_options options;
	struct systemd systemd;
	struct place place;
	struct listener listener;
	struct launch launch;
	struct scheduler_options scheduler;
	char program[PATH_MAX];
	int lock_fd;
	int detach_fd; /* -1: in the foreground */
};

static int fail(const char *text)
{
	fprintf(stderr, "ppd: %s\n", text);
	return EXIT_FAILURE;
}

static int fail_errno(const char *what, const char *path)
{
	fprintf(stderr, "ppd: %s%s: %s\n", what, path, strerror(errno));
	return EXIT_FAILURE;
}

static int say_served(const struct ppd *ppd, const struct lock_holder *holder)
{
	if (holder->pid != 0)
		fprintf(stderr, "ppd: %s is already served by pid %d\n", ppd->place.directory,
		    (int)holder->pid);
	else
		fprintf(stderr, "ppd: %s is already served\n", ppd->place.directory);
	return ppd->options.is_detached ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * -1: this process serves; else its exit status. With -d the caller relies on a daemon that serves,
 * so another one that is just starting is waited for, and one that is ending is followed.
 */
static int take_lock(struct ppd *ppd)
{
	int64_t deadline_ns = clock_monotonic_ns() + OTHER_PATIENCE_NS;
	const struct timespec pause = {.tv_nsec = OTHER_POLL_NS};
	struct lock_holder holder;

	for (;;) {
		ppd->lock_fd = start_lock_take(ppd->place.state_fd, &holder);
		if (ppd->lock_fd != -1)
			return -1;
		if (errno != EWOULDBLOCK)
			return fail_errno("cannot lock ", ppd->place.state_directory);
		if (!ppd->options.is_detached ||
		    (holder.socket_path[0] != '\0' && listen_is_served(holder.socket_path)))
			return say_served(ppd, &holder);
		if (clock_monotonic_ns() >= deadline_ns) {
			say_served(ppd, &holder);
			return fail("but it does not answer");
		}
		nanosleep(&pause, NULL);
	}
}

static pid_t on_launch(void *arg, int link_fd, int ready_fd, bool is_first, bool is_spare)
{
	const struct ppd *ppd = arg;

	return launch_start(&ppd->launch, link_fd, ready_fd, is_first, is_spare);
}

static void on_served(void *arg)
{
	struct ppd *ppd = arg;
	char quoted[LOG_QUOTED_SIZE];
	char state[64];

	log_info("ready pid=%d socket=%s", (int)getpid(), log_quote(quoted, ppd->listener.path));
	snprintf(state, sizeof(state), "READY=1\nMAINPID=%d", (int)getpid());
	systemd_notify(&ppd->systemd, state);
	if (ppd->detach_fd != -1)
		detach_finish(ppd->detach_fd);
	ppd->detach_fd = -1;
}

static void on_stopping(void *arg)
{
	const struct ppd *ppd = arg;

	systemd_notify(&ppd->systemd, "STOPPING=1");
}

/* What a worker gets that nobody's environment was captured for: not what concerns another task. */
static const char **make_worker_env(void)
{
	size_t n = 0, n_kept = 0;
	const char **list;

	while (environ[n] != NULL)
		n++;
	list = malloc((n + 1) * sizeof(*list));
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "PP_", 3) != 0)
			list[n_kept++] = environ[i];
	list[n_kept] = NULL;
	return list;
}

/* After -d standard error is this file; else nothing becomes of it. */
static void keep_log(const struct place *place)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/" PLACE_LOG_NAME, place->state_directory);

	if (length > 0 && (size_t)length < sizeof(path))
		log_file_keep(path, LOG_FILE_MAX);
}

static int supervise(struct ppd *ppd)
{
	const char **worker_env = make_worker_env();
	struct supervisor_options options = {.launch = on_launch,
	    .served = on_served,
	    .stopping = on_stopping,
	    .arg = ppd,
	    .worker_env = worker_env,
	    .is_detached = ppd->options.is_detached};
	ssize_t length = readlink("/proc/self/exe", ppd->program, sizeof(ppd->program) - 1);
	int status;

	if (worker_env == NULL || length == -1) {
		log_error("not started error=%s", strerror(errno));
		free(worker_env);
		return EXIT_FAILURE;
	}
	ppd->scheduler = (struct scheduler_options){.directory = ppd->place.directory,
	    .socket_path = ppd->listener.path,
	    .listen_fd = ppd->listener.fd,
	    .idle_exit_ns = ppd->options.idle_exit_ns,
	    .clock_base_ns = clock_get_base_ns(),
	    .is_fresh = ppd->options.is_fresh,
	    .is_verbose = ppd->options.is_verbose,
	    .has_state = ppd->options.has_state};
	ppd->launch = (struct launch){
	    .program = ppd->program, .lock_fd = ppd->lock_fd, .options = &ppd->scheduler};
	keep_log(&ppd->place);
	latency_ask();
	inject_init();
	status = supervisor_run(&options);
	free(worker_env);
	return status;
}

static int serve(struct ppd *ppd)
{
	char error[LISTEN_ERROR_SIZE];
	int status;

	if (place_open(&ppd->place, ppd->options.directory, error) != 0)
		return fail(error);
	status = take_lock(ppd);
	if (status != -1)
		return status;
	if (listener_open(&ppd->listener, &ppd->place, ppd->options.socket_path,
	        systemd_get_listener(&ppd->systemd), error) != 0)
		return fail(error);
	if (ppd->options.is_detached) {
		ppd->detach_fd = detach_begin(&ppd->place);
		if (ppd->detach_fd == -1)
			return fail_errno("cannot detach", "");
	}
	if (start_lock_describe(ppd->lock_fd, getpid(), ppd->listener.path) != 0)
		log_warning("lock not described error=%s", strerror(errno));
	return supervise(ppd);
}

/*
 * A daemon that a task has started is no part of that task, and must not look like one to whoever
 * ends what is left of it (leftovers.h): the kernel shows the environment that a program began
 * with.
 */
static void shed_marks(char **argv)
{
	size_t n_kept = 0;

	if (getenv("PP_EXEC") == NULL)
		return;
	for (char **at = environ; *at != NULL; at++)
		if (strncmp(*at, "PP_", 3) != 0 || strncmp(*at, "PP_FAULT=", 9) == 0)
			environ[n_kept++] = *at;
	environ[n_kept] = NULL;
	execv("/proc/self/exe", argv); /* where that fails, this one serves as well */
}

int main(int argc, char **argv)
{
	struct ppd ppd = {.place.state_fd = -1, .listener.fd = -1, .lock_fd = -1, .detach_fd = -1};
	int status;

	if (argc > 1 && strcmp(argv[1], LAUNCH_WORD) == 0)
		return launch_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], CUTTER_WORD) == 0)
		return cutter_main(argc, argv);
	shed_marks(argv);
	status = ppd_options_parse(&ppd.options, argc, argv);
	if (status != -1)
		return status;
	systemd_init(&ppd.systemd);
	if (detach_close_inherited(FIRST_INHERITED_FD + (ppd.systemd.n_fds > 0)) != 0)
		return fail_errno("cannot close inherited descriptors", "");
	if (ppd.options.is_verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	status = serve(&ppd);
	/* The socket goes while the lock still says whose it is. */
	listener_close(&ppd.listener);
	if (ppd.lock_fd != -1)
		close(ppd.lock_fd);
	place_close(&ppd.place);
	systemd_clear(&ppd.systemd);
	return status;
}
