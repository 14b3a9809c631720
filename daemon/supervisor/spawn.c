/*
 * Starting a worker process. clone(CLONE_VM | CLONE_VFORK) is what posix_spawn(3) does too; it is
 * done by hand here since posix_spawn does not say which step failed. The child runs on a stack of
 * its own in the parent's memory until it executes, so it may only make system calls, and touch
 * nothing of the parent's but the report. Must not know executions, messages or tables.
 */
#include "daemon/supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/supervisor/makeflags.h"

#define CHILD_STACK_BYTES (64u << 10)
#define CHILD_FAILED_STATUS 127
#define OPEN_TRIES 100

/* Above all descriptors that a worker is given. */
#define FREE_FD 10

/* All that the log then has. */
#define TERMINAL_NOTE "(its output went to the terminal of the client that asked for it)\n"

/* The sanitizer believes that the child's stack is none, and its own calls are not for the child.
 */
#define CHILD_CODE __attribute__((no_sanitize("address"), noinline))

struct spawner {
	int null_fd;
	struct spawn_error *report; /* shared memory, also where clone(2) is emulated by a fork */
	uint8_t *stack;
};

struct child {
	const struct spawner *spawner;
	const struct spawn_request *request;
};

static const char *const stage_names[N_SPAWN_STAGES] = {
    [SPAWN_DONE] = "done",
    [SPAWN_ENVIRONMENT] = "environment",
    [SPAWN_FORK] = "fork",
    [SPAWN_SESSION] = "session",
    [SPAWN_TERMINAL] = "terminal",
    [SPAWN_STDIN] = "stdin",
    [SPAWN_LOG] = "log",
    [SPAWN_OUTPUT] = "output",
    [SPAWN_JOBSERVER] = "jobserver",
    [SPAWN_CHDIR] = "chdir",
    [SPAWN_EXEC] = "exec",
};

const char *spawn_stage_name(enum spawn_stage stage)
{
	return stage_names[stage];
}

struct spawner *spawner_new(void)
{
	struct spawner *spawner = calloc(1, sizeof(*spawner));
	int saved;

	if (spawner == NULL)
		return NULL;
	spawner->report = MAP_FAILED;
	spawner->stack = MAP_FAILED;
	spawner->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (spawner->null_fd == -1)
		goto fail;
	spawner->report = mmap(NULL, sizeof(*spawner->report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (spawner->report == MAP_FAILED)
		goto fail;
	spawner->stack = mmap(NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (spawner->stack == MAP_FAILED)
		goto fail;
	return spawner;
fail:
	saved = errno;
	spawner_free(spawner);
	errno = saved;
	return NULL;
}

void spawner_free(struct spawner *spawner)
{
	if (spawner == NULL)
		return;
	if (spawner->stack != MAP_FAILED)
		munmap(spawner->stack, CHILD_STACK_BYTES);
	if (spawner->report != MAP_FAILED)
		munmap(spawner->report, sizeof(*spawner->report));
	if (spawner->null_fd != -1)
		close(spawner->null_fd);
	free(spawner);
}

void spawner_reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	/* Two of them cannot be set and two are libc's own: those have their default anyway. */
	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &action, NULL);
}

/* Makes the directories above path that are missing. */
CHILD_CODE static int child_make_parents(const char *path)
{
	char copy[PATH_MAX];
	size_t length = strnlen(path, sizeof(copy));

	if (length == sizeof(copy)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(copy, path, length + 1);
	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

/*
 * For reading too, as nothing will: of a pipe of that name the other end would be waited for, and
 * the supervisor waits for this child.
 */
CHILD_CODE static int child_open(const char *path, int flags)
{
	int fd;

	flags |= O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	fd = open(path, flags, 0600);
	/* The scheduler removes directories that are empty: also one that was made just now. */
	for (int i = 0; fd == -1 && errno == ENOENT && i < OPEN_TRIES; i++) {
		if (child_make_parents(path) != 0)
			return -1;
		fd = open(path, flags, 0600);
	}
	return fd;
}

/*
 * The terminal as standard input, output and error. It becomes the session's own, so that Ctrl-C
 * and job control work there, unless it is another session's already, or none at all.
 */
CHILD_CODE static enum spawn_stage child_redirect_to_terminal(
    const struct spawn_request *request, int log_fd, int output_fd)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		bool is_output = fd == STDOUT_FILENO && output_fd != -1;

		if (dup2(is_output ? output_fd : request->terminal[fd], fd) == -1)
			return SPAWN_TERMINAL;
	}
	ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	/* That it could not be noted is no reason not to start. */
	ssize_t ignored = write(log_fd, TERMINAL_NOTE, sizeof(TERMINAL_NOTE) - 1);

	(void)ignored;
	return SPAWN_DONE;
}

/* What failed, with errno; or SPAWN_DONE. */
CHILD_CODE static enum spawn_stage child_redirect(const struct child *child)
{
	const struct spawn_request *request = child->request;
	int log_fd, output_fd = -1;

	log_fd = child_open(request->log, 0);
	if (log_fd == -1)
		return SPAWN_LOG;
	if (request->output != NULL) {
		output_fd = child_open(request->output, O_TRUNC);
		if (output_fd == -1)
			return SPAWN_OUTPUT;
	}
	if (request->terminal != NULL)
		return child_redirect_to_terminal(request, log_fd, output_fd);
	if (output_fd == -1)
		output_fd = log_fd;
	if (dup2(child->spawner->null_fd, STDIN_FILENO) == -1)
		return SPAWN_STDIN;
	if (dup2(output_fd, STDOUT_FILENO) == -1)
		return SPAWN_OUTPUT;
	return dup2(log_fd, STDERR_FILENO) == -1 ? SPAWN_LOG : SPAWN_DONE;
}

/*
 * One end of the FIFO as a descriptor that is inherited. Each worker opens it for itself: what it
 * sets there (make has its end non-blocking) is then no other's business. -1 with errno.
 */
CHILD_CODE static int child_open_fifo(const char *path, int flags, int as_fd)
{
	/* Never blocks: whatever stands there, nobody is to wait for its other end. */
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	int high, result;

	if (fd == -1)
		return -1;
	/* It may have as_fd itself, or that of the other end. */
	high = fcntl(fd, F_DUPFD_CLOEXEC, FREE_FD);
	close(fd);
	if (high == -1)
		return -1;
	result = dup2(high, as_fd) != -1 ? fcntl(as_fd, F_SETFL, flags) : -1;
	close(high);
	return result;
}

/* After all others: the parent's descriptors, of which these may have the numbers, are not needed
 * any more. */
CHILD_CODE static enum spawn_stage child_open_jobserver(const struct spawn_request *request)
{
	if (request->jobserver == NULL)
		return SPAWN_DONE;
	if (child_open_fifo(request->jobserver, O_RDONLY, JOBSERVER_READ_FD) == -1 ||
	    child_open_fifo(request->jobserver, O_WRONLY, JOBSERVER_WRITE_FD) == -1)
		return SPAWN_JOBSERVER;
	return SPAWN_DONE;
}

CHILD_CODE static const char *child_find_path(const char *const *envp)
{
	for (; *envp != NULL; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

/* Returns only where it failed, with errno. */
CHILD_CODE static void child_exec(const struct spawn_request *request)
{
	const char *file = request->argv[0];
	const char *path = child_find_path(request->envp);
	size_t length = strlen(file);
	bool is_denied = false;
	char full[PATH_MAX];

	if (length == 0 || strchr(file, '/') != NULL) {
		execve(file, (char *const *)request->argv, (char *const *)request->envp);
		return;
	}
	for (;;) {
		size_t size = strcspn(path, ":");

		if (size + 1 + length < sizeof(full)) {
			/* An empty part of PATH is the working directory. */
			memcpy(full, path, size);
			full[size] = '/';
			memcpy(full + size + (size > 0), file, length + 1);
			execve(full, (char *const *)request->argv, (char *const *)request->envp);
			if (errno == EACCES)
				is_denied = true;
			else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE &&
			         errno != ENODEV && errno != ETIMEDOUT)
				return;
		}
		path += size;
		if (*path++ == '\0')
			break;
	}
	errno = is_denied ? EACCES : ENOENT;
}

CHILD_CODE static int child_main(void *arg)
{
	const struct child *child = arg;
	enum spawn_stage stage = SPAWN_DONE;
	sigset_t none;

	sigemptyset(&none);
	if (setsid() == -1 || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		stage = SPAWN_SESSION;
	if (stage == SPAWN_DONE)
		stage = child_redirect(child);
	if (stage == SPAWN_DONE)
		stage = child_open_jobserver(child->request);
	if (stage == SPAWN_DONE && chdir(child->request->cwd) != 0)
		stage = SPAWN_CHDIR;
	if (stage == SPAWN_DONE) {
		child_exec(child->request);
		stage = SPAWN_EXEC;
	}
	*child->spawner->report = (struct spawn_error){.stage = stage, .error = errno};
	_exit(CHILD_FAILED_STATUS);
}

pid_t spawner_run(
    struct spawner *spawner, const struct spawn_request *request, struct spawn_error *error)
{
	struct child child = {.spawner = spawner, .request = request};
	pid_t pid;

	*spawner->report = (struct spawn_error){.stage = SPAWN_DONE};
	/* Stacks grow downwards on all that Linux runs on but one, which has clone2(). */
	pid = clone(child_main, spawner->stack + CHILD_STACK_BYTES,
	    CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
	if (pid == -1) {
		*error = (struct spawn_error){.stage = SPAWN_FORK, .error = errno};
		return -1;
	}
	*error = *spawner->report;
	if (error->stage == SPAWN_DONE)
		return pid;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	return -1;
}
