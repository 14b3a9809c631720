/*
 * The supervisor's process, and the scheduler that the test plays; see supervisor_kit.h.
 */
#include "tests/unit/supervisor_kit.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/link.h"
#include "daemon/supervisor/supervisor.h"

#define DEADLINE_NS (20 * CLOCK_SECOND)

char play_directory[64];
static int control[2]; /* test, supervisor */
pid_t play_supervisor;
struct launched play_scheduler;
struct link play_link;
static int ready_fd;

static const char *const worker_env[] = {"PATH=/usr/bin:/bin", "OWN=1", NULL};
const char *const play_no_variables[] = {NULL};

/* --- the supervisor's process --- */

/* Whatever becomes of the test, nothing of it stays. */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static pid_t on_launch(void *arg, int link_fd, int fd, bool is_first, bool is_spare)
{
	int fds[2] = {link_fd, fd};
	struct launched launched = {.is_first = is_first, .is_spare = is_spare};
	struct iovec iov = {.iov_base = &launched, .iov_len = sizeof(launched)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} buffer = {0};
	struct msghdr header = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &buffer,
	    .msg_controllen = sizeof(buffer)};

	pid_t parent = getpid();

	(void)arg;
	launched.pid = fork();
	if (launched.pid == 0) {
		sigset_t none;

		close(link_fd);
		close(fd);
		end_with(parent);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		for (;;)
			pause();
	}
	buffer.header.cmsg_level = SOL_SOCKET;
	buffer.header.cmsg_type = SCM_RIGHTS;
	buffer.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&buffer.header), fds, sizeof(fds));
	if (sendmsg(control[1], &header, MSG_NOSIGNAL) != sizeof(launched))
		_exit(99);
	return launched.pid;
}

static void on_event(void *arg)
{
	(void)arg;
}

static void supervise(pid_t parent)
{
	const struct supervisor_options options = {.launch = on_launch,
	    .served = on_event,
	    .stopping = on_event,
	    .worker_env = worker_env,
	    .is_detached = true};

	end_with(parent);
	log_set_level(LOG_LEVEL_ERROR);
	close(control[0]);
	exit(supervisor_run(&options));
}

/* --- the test's --- */

/* Waits for the next scheduler and takes its part. */
void play_become_scheduler(void)
{
	int fds[2];
	struct iovec iov = {.iov_base = &play_scheduler, .iov_len = sizeof(play_scheduler)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} buffer = {0};
	struct msghdr header = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &buffer,
	    .msg_controllen = sizeof(buffer)};
	struct pollfd pollfd = {.fd = control[0], .events = POLLIN};

	cr_assert_eq(poll(&pollfd, 1, DEADLINE_NS / CLOCK_MS), 1, "no play_scheduler was started");
	cr_assert_eq(recvmsg(control[0], &header, MSG_CMSG_CLOEXEC), sizeof(play_scheduler));
	memcpy(fds, CMSG_DATA(&buffer.header), sizeof(fds));
	link_open(&play_link, fds[0]);
	ready_fd = fds[1];
}

void play_say_ready(void)
{
	cr_assert_eq(write(ready_fd, "", 1), 1);
}

void play_forget_link(void)
{
	link_close(&play_link);
	if (ready_fd != -1)
		close(ready_fd);
	ready_fd = -1;
}

/* The scheduler dies; the next one is the test's then. */
void play_restart(void)
{
	cr_assert_eq(kill(play_scheduler.pid, SIGKILL), 0);
	play_forget_link();
	play_become_scheduler();
	cr_assert_not(play_scheduler.is_first);
}

void play_put(const struct wire_message *message)
{
	cr_assert_eq(link_put(&play_link, message), 0);
	cr_assert_eq(link_flush(&play_link), 0);
	cr_assert_eq(link_pending_bytes(&play_link), 0);
}

/* The next message. */
struct wire_message play_take(void)
{
	int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;
	struct pollfd pollfd = {.fd = play_link.fd, .events = POLLIN};
	struct wire_message message;

	while (link_take(&play_link, &message) != 1) {
		int64_t left_ms = (deadline_ns - clock_monotonic_ns()) / CLOCK_MS;

		cr_assert_gt(left_ms, 0, "no message came");
		poll(&pollfd, 1, (int)left_ms);
		cr_assert_neq(link_receive(&play_link), -1, "the supervisor has closed the link");
	}
	return message;
}

struct wire_message play_take_kind(enum wire_kind kind)
{
	struct wire_message message = play_take();

	cr_assert_eq(message.kind, kind, "%d instead of %d", (int)message.kind, (int)kind);
	return message;
}

void play_take_empty_hello(void)
{
	cr_assert_eq(play_take_kind(WIRE_HELLO).version, WIRE_VERSION);
	play_take_kind(WIRE_READY);
}

/* Of a shell's command; of what says the rest. */
static void put_command(uint64_t exec, const char *command, struct wire_spawn spawn)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	char log[96];

	snprintf(log, sizeof(log), "%s/logs/%" PRIu64 ".log", play_directory, exec);
	spawn.cwd = play_directory;
	spawn.log = log;
	spawn.argv = argv;
	spawn.extra_env = play_no_variables;
	play_put(&(struct wire_message){.kind = WIRE_SPAWN, .key = {exec, 1}, .spawn = spawn});
}

void play_put_spawn(uint64_t exec, uint32_t env, const char *command)
{
	put_command(exec, command, (struct wire_spawn){.env = env});
}

void play_put_jobserver_spawn(uint64_t exec, const char *command)
{
	put_command(exec, command, (struct wire_spawn){.jobserver = JOBSERVER_PIPE});
}

void play_put_key(enum wire_kind kind, uint64_t exec, int signal)
{
	play_put(&(struct wire_message){.kind = kind, .key = {exec, 1}, .signal = signal});
}

/* The exit, whether it was told in a hand-over or after it. */
struct wire_message play_await_exit(uint64_t exec)
{
	struct wire_message message;

	do
		message = play_take();
	while (message.kind == WIRE_STARTED || message.kind == WIRE_READY);
	cr_assert_eq(message.kind, WIRE_EXIT);
	cr_assert_eq(message.key.exec, exec);
	return message;
}

/* The exit, as the next message but for the start that may have been told before. */
struct wire_message play_take_exit(uint64_t exec)
{
	struct wire_message message = play_take();

	if (message.kind == WIRE_STARTED)
		message = play_take();
	cr_assert_eq(message.kind, WIRE_EXIT);
	cr_assert_eq(message.key.exec, exec);
	return message;
}

/* What the file of that name holds, once it ends with a newline. */
const char *play_await_file(const char *name)
{
	static char text[1024];
	int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", play_directory, name);
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd != -1 ? read(fd, text, sizeof(text) - 1) : 0;

		if (fd != -1)
			close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (n > 0 && text[n - 1] == '\n')
			return text;
		cr_assert_lt(clock_monotonic_ns(), deadline_ns, "%s was not written", path);
		poll(NULL, 0, 5);
	}
}

void play_await_gone(pid_t pid)
{
	int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;

	while (kill(pid, 0) == 0) {
		cr_assert_lt(clock_monotonic_ns(), deadline_ns, "%d lives on", (int)pid);
		poll(NULL, 0, 5);
	}
}

int play_await_supervisor(void)
{
	int status;

	cr_assert_eq(waitpid(play_supervisor, &status, 0), play_supervisor);
	play_supervisor = 0;
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void play_set_up(void)
{
	pid_t parent = getpid();

	snprintf(play_directory, sizeof(play_directory), "/tmp/pp-supervisor-XXXXXX");
	cr_assert_not_null(mkdtemp(play_directory));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	play_link.fd = ready_fd = -1;
	play_supervisor = fork();
	cr_assert_neq(play_supervisor, -1);
	if (play_supervisor == 0)
		supervise(parent);
	close(control[1]);
	play_become_scheduler();
	cr_assert(play_scheduler.is_first);
}

void play_tear_down(void)
{
	char command[96];

	play_forget_link();
	if (play_supervisor > 0) {
		kill(play_supervisor, SIGKILL);
		waitpid(play_supervisor, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf %s", play_directory);
	cr_assert_eq(system(command), 0);
}
