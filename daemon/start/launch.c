/*
 * Starting the scheduler and, in it, understanding how it was started. The words are between two
 * processes of the same program; when the installed one has become another that speaks another
 * wire version, the running supervisor's own is started in its place.
 */
#include "daemon/start/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/log_file.h"
#include "daemon/start/latency.h"
#include "daemon/start/place.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor/wire.h"

enum {
	WORD_PROGRAM,
	WORD_SCHEDULER,
	WORD_DIRECTORY,
	WORD_SOCKET,
	WORD_WIRE_VERSION,
	WORD_LISTEN_FD,
	WORD_LINK_FD,
	WORD_READY_FD,
	WORD_LOCK_FD,
	WORD_IDLE_EXIT_NS,
	WORD_CLOCK_BASE_NS,
	WORD_FLAGS,
	N_WORDS,
};

#define FLAG_FRESH 1
#define FLAG_VERBOSE 2
#define FLAG_STATELESS 4
#define FLAG_SPARE 8

#define NUMBER_SIZE 24

/* Whether at its path is what this process executes. */
static bool is_own_program(const struct launch *launch)
{
	struct stat own, other;

	return stat("/proc/self/exe", &own) == 0 && stat(launch->program, &other) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* In the child, which has nobody to tell but the log. */
static _Noreturn void execute(
    const struct launch *launch, int link_fd, int ready_fd, bool is_first, bool is_spare)
{
	const struct scheduler_options *options = launch->options;
	int64_t values[N_WORDS] = {
	    [WORD_WIRE_VERSION] = WIRE_VERSION,
	    [WORD_LISTEN_FD] = options->listen_fd,
	    [WORD_LINK_FD] = link_fd,
	    [WORD_READY_FD] = ready_fd,
	    [WORD_LOCK_FD] = launch->lock_fd,
	    [WORD_IDLE_EXIT_NS] = options->idle_exit_ns,
	    [WORD_CLOCK_BASE_NS] = options->clock_base_ns,
	    /* What is forgotten once must not be forgotten again by the next one. */
	    [WORD_FLAGS] = (options->is_fresh && is_first ? FLAG_FRESH : 0) |
	                   (options->is_verbose ? FLAG_VERBOSE : 0) |
	                   (options->has_state ? 0 : FLAG_STATELESS),
	};
	char numbers[N_WORDS][NUMBER_SIZE];
	const char *argv[N_WORDS + 1] = {
	    launch->program, LAUNCH_WORD, options->directory, options->socket_path};
	sigset_t none;

	for (int i = WORD_WIRE_VERSION; i < N_WORDS; i++) {
		snprintf(numbers[i], NUMBER_SIZE, "%" PRId64, values[i]);
		argv[i] = numbers[i];
	}
	for (int i = WORD_LISTEN_FD; i <= WORD_LOCK_FD; i++)
		fcntl((int)values[i], F_SETFD, 0);
	if (!is_first)
		unsetenv("PP_FAULT"); /* see inject.h */
	/* Ctrl-C is for the supervisor, which sees to it that things end in order. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!is_spare)
		execv(launch->program, (char *const *)argv);
	/* It does not start, or may just be being replaced. */
	snprintf(numbers[WORD_FLAGS], NUMBER_SIZE, "%" PRId64,
	    values[WORD_FLAGS] | (is_own_program(launch) ? 0 : FLAG_SPARE));
	execv("/proc/self/exe", (char *const *)argv);
	log_error("scheduler not executed path=%s error=%s", launch->program, strerror(errno));
	_exit(127);
}

pid_t launch_start(
    const struct launch *launch, int link_fd, int ready_fd, bool is_first, bool is_spare)
{
	pid_t pid = fork();

	if (pid == 0)
		execute(launch, link_fd, ready_fd, is_first, is_spare);
	return pid;
}

static int parse_number(const char *word, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(word, &end, 10);
	return errno == 0 && end != word && *end == '\0' && *value >= 0 ? 0 : -1;
}

/* -1: they are not from a supervisor. */
static int parse_words(char **argv, int64_t values[N_WORDS])
{
	for (int i = WORD_WIRE_VERSION; i < N_WORDS; i++)
		if (parse_number(argv[i], &values[i]) != 0)
			return -1;
	for (int i = WORD_LISTEN_FD; i <= WORD_LOCK_FD; i++)
		if (values[i] > INT32_MAX || fcntl((int)values[i], F_GETFD) == -1)
			return -1;
	return 0;
}

/* The supervisor's standard error is ours. */
static void keep_log(const char *directory)
{
	char path[PATH_MAX];
	int length =
	    snprintf(path, sizeof(path), "%s/" PLACE_STATE_DIRECTORY "/" PLACE_LOG_NAME, directory);

	if (length > 0 && (size_t)length < sizeof(path))
		log_file_keep(path, LOG_FILE_MAX);
}

int launch_main(int argc, char **argv)
{
	int64_t values[N_WORDS] = {0};
	int64_t version = 0, flags = 0;
	struct scheduler_options options = {0};
	char image[NUMBER_SIZE + sizeof("/proc//exe")], spare[NUMBER_SIZE];

	if (argc > WORD_WIRE_VERSION && parse_number(argv[WORD_WIRE_VERSION], &version) == 0 &&
	    version != WIRE_VERSION) {
		snprintf(image, sizeof(image), "/proc/%d/exe", (int)getppid());
		if (argc > WORD_FLAGS && parse_number(argv[WORD_FLAGS], &flags) == 0) {
			snprintf(spare, sizeof(spare), "%" PRId64, flags | FLAG_SPARE);
			argv[WORD_FLAGS] = spare;
		}
		execv(image, argv);
	}
	if (argc != N_WORDS || parse_words(argv, values) != 0) {
		fprintf(stderr, "ppd: " LAUNCH_WORD " is for ppd itself\n");
		return 2;
	}
	for (int i = WORD_LISTEN_FD; i <= WORD_LOCK_FD; i++)
		fcntl((int)values[i], F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_NAME, "ppd: scheduler", 0, 0, 0);
	log_set_name("scheduler");
	keep_log(argv[WORD_DIRECTORY]);
	latency_ask();
	inject_init();
	options.directory = argv[WORD_DIRECTORY];
	options.socket_path = argv[WORD_SOCKET];
	options.listen_fd = (int)values[WORD_LISTEN_FD];
	options.supervisor_fd = (int)values[WORD_LINK_FD];
	options.ready_fd = (int)values[WORD_READY_FD];
	options.idle_exit_ns = values[WORD_IDLE_EXIT_NS];
	options.clock_base_ns = values[WORD_CLOCK_BASE_NS];
	options.is_fresh = values[WORD_FLAGS] & FLAG_FRESH;
	options.is_verbose = values[WORD_FLAGS] & FLAG_VERBOSE;
	options.has_state = !(values[WORD_FLAGS] & FLAG_STATELESS);
	options.is_spare = values[WORD_FLAGS] & FLAG_SPARE;
	return scheduler_main(&options);
}
