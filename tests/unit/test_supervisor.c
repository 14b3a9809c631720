/*
 * The supervisor with a scheduler that the test plays: each scheduler that it starts is a process
 * that only waits, and the test has the other end of its link.
 */
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
#include "daemon/supervisor/restart.h"
#include "daemon/supervisor/supervisor.h"

#define DEADLINE_NS (20 * CLOCK_SECOND)

/* What the supervisor's launch tells the test, with the descriptors of link and readiness. */
struct launched {
	pid_t pid;
	bool is_first;
};

static char directory[64];
static int control[2]; /* test, supervisor */
static pid_t supervisor;
static struct launched scheduler;
static struct link link_;
static int ready_fd;

static const char *const worker_env[] = {"PATH=/usr/bin:/bin", "OWN=1", NULL};
static const char *const no_variables[] = {NULL};

/* --- the supervisor's process --- */

/* Whatever becomes of the test, nothing of it stays. */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static pid_t on_launch(void *arg, int link_fd, int fd, bool is_first)
{
	int fds[2] = {link_fd, fd};
	struct launched launched = {.is_first = is_first};
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
static void become_scheduler(void)
{
	int fds[2];
	struct iovec iov = {.iov_base = &scheduler, .iov_len = sizeof(scheduler)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} buffer = {0};
	struct msghdr header = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &buffer,
	    .msg_controllen = sizeof(buffer)};
	struct pollfd pollfd = {.fd = control[0], .events = POLLIN};

	cr_assert_eq(poll(&pollfd, 1, DEADLINE_NS / CLOCK_MS), 1, "no scheduler was started");
	cr_assert_eq(recvmsg(control[0], &header, MSG_CMSG_CLOEXEC), sizeof(scheduler));
	memcpy(fds, CMSG_DATA(&buffer.header), sizeof(fds));
	link_open(&link_, fds[0]);
	ready_fd = fds[1];
}

static void say_ready(void)
{
	cr_assert_eq(write(ready_fd, "", 1), 1);
}

static void forget_link(void)
{
	link_close(&link_);
	if (ready_fd != -1)
		close(ready_fd);
	ready_fd = -1;
}

/* The scheduler dies; the next one is the test's then. */
static void restart(void)
{
	cr_assert_eq(kill(scheduler.pid, SIGKILL), 0);
	forget_link();
	become_scheduler();
	cr_assert_not(scheduler.is_first);
}

static void put(const struct wire_message *message)
{
	cr_assert_eq(link_put(&link_, message), 0);
	cr_assert_eq(link_flush(&link_), 0);
	cr_assert_eq(link_pending_bytes(&link_), 0);
}

/* The next message. */
static struct wire_message take(void)
{
	int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;
	struct pollfd pollfd = {.fd = link_.fd, .events = POLLIN};
	struct wire_message message;

	while (link_take(&link_, &message) != 1) {
		int64_t left_ms = (deadline_ns - clock_monotonic_ns()) / CLOCK_MS;

		cr_assert_gt(left_ms, 0, "no message came");
		poll(&pollfd, 1, (int)left_ms);
		cr_assert_neq(link_receive(&link_), -1, "the supervisor has closed the link");
	}
	return message;
}

static struct wire_message take_kind(enum wire_kind kind)
{
	struct wire_message message = take();

	cr_assert_eq(message.kind, kind, "%d instead of %d", (int)message.kind, (int)kind);
	return message;
}

static void take_empty_hello(void)
{
	cr_assert_eq(take_kind(WIRE_HELLO).version, WIRE_VERSION);
	take_kind(WIRE_READY);
}

static void put_spawn(uint64_t exec, uint32_t env, const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	char log[96];

	snprintf(log, sizeof(log), "%s/logs/%" PRIu64 ".log", directory, exec);
	put(&(struct wire_message){.kind = WIRE_SPAWN,
	    .key = {exec, 1},
	    .spawn = {.env = env,
	        .cwd = directory,
	        .log = log,
	        .argv = argv,
	        .extra_env = no_variables}});
}

static void put_key(enum wire_kind kind, uint64_t exec, int signal)
{
	put(&(struct wire_message){.kind = kind, .key = {exec, 1}, .signal = signal});
}

/* The exit, whether it was told in a hand-over or after it. */
static struct wire_message await_exit(uint64_t exec)
{
	struct wire_message message;

	do
		message = take();
	while (message.kind == WIRE_STARTED || message.kind == WIRE_READY);
	cr_assert_eq(message.kind, WIRE_EXIT);
	cr_assert_eq(message.key.exec, exec);
	return message;
}

/* The exit, as the next message but for the start that may have been told before. */
static struct wire_message take_exit(uint64_t exec)
{
	struct wire_message message = take();

	if (message.kind == WIRE_STARTED)
		message = take();
	cr_assert_eq(message.kind, WIRE_EXIT);
	cr_assert_eq(message.key.exec, exec);
	return message;
}

/* What the file of that name holds, once it ends with a newline. */
static const char *await_file(const char *name)
{
	static char text[1024];
	int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
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

static void await_gone(pid_t pid)
{
	int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;

	while (kill(pid, 0) == 0) {
		cr_assert_lt(clock_monotonic_ns(), deadline_ns, "%d lives on", (int)pid);
		poll(NULL, 0, 5);
	}
}

static int await_supervisor(void)
{
	int status;

	cr_assert_eq(waitpid(supervisor, &status, 0), supervisor);
	supervisor = 0;
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void set_up(void)
{
	pid_t parent = getpid();

	snprintf(directory, sizeof(directory), "/tmp/pp-supervisor-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	link_.fd = ready_fd = -1;
	supervisor = fork();
	cr_assert_neq(supervisor, -1);
	if (supervisor == 0)
		supervise(parent);
	close(control[1]);
	become_scheduler();
	cr_assert(scheduler.is_first);
}

static void tear_down(void)
{
	char command[96];

	forget_link();
	if (supervisor > 0) {
		kill(supervisor, SIGKILL);
		waitpid(supervisor, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(supervisor, .init = set_up, .fini = tear_down, .timeout = 60);

Test(supervisor, worker_runs_and_its_exit_is_reported)
{
	struct wire_message message;

	take_empty_hello();
	put_spawn(1, 0, "echo \"$OWN\"; exit 3");
	message = take_exit(1);
	cr_assert(WIFEXITED(message.exit.wait_status));
	cr_assert_eq(WEXITSTATUS(message.exit.wait_status), 3);
	cr_assert_gt(message.exit.pid, 0);
	cr_assert_geq(message.exit.ended_ns, message.exit.started_ns);
	cr_assert_gt(message.exit.usage.ru_maxrss, 0);
	cr_assert_not(message.exit.has_leftovers);
	cr_assert_str_eq(await_file("logs/1.log"), "1\n");
}

Test(supervisor, same_spawn_twice_is_one_process)
{
	pid_t pid;

	take_empty_hello();
	put_spawn(1, 0, "echo started >>trace; exec sleep 1000");
	put_spawn(1, 0, "echo started >>trace; exec sleep 1000");
	pid = take_kind(WIRE_STARTED).started.pid;
	put_spawn(1, 0, "echo started >>trace; exec sleep 1000");
	cr_assert_eq(take_kind(WIRE_STARTED).started.pid, pid);
	cr_assert_str_eq(await_file("trace"), "started\n");
	put_key(WIRE_SIGNAL, 1, SIGTERM);
	cr_assert_eq(WTERMSIG(take_exit(1).exit.wait_status), SIGTERM);
	/* Also after its end. */
	put_spawn(1, 0, "echo started >>trace");
	cr_assert_eq(WTERMSIG(take_exit(1).exit.wait_status), SIGTERM);
	cr_assert_str_eq(await_file("trace"), "started\n");
}

Test(supervisor, exits_are_kept_until_acknowledged)
{
	take_empty_hello();
	say_ready();
	put_spawn(1, 0, "exit 3");
	take_exit(1);
	restart();
	take_kind(WIRE_HELLO);
	cr_assert_eq(WEXITSTATUS(take_exit(1).exit.wait_status), 3);
	take_kind(WIRE_READY);
	say_ready();
	put_key(WIRE_ACK, 1, 0);
	/* The link keeps the order: when this has ended, the other was acknowledged. */
	put_spawn(2, 0, "exit 4");
	take_exit(2);
	put_key(WIRE_ACK, 2, 0);
	put_key(WIRE_ACK, 2, 0);
	restart();
	take_empty_hello();
}

/* What a scheduler said before it died counts. */
Test(supervisor, last_words_are_heard)
{
	take_empty_hello();
	say_ready();
	put_spawn(1, 0, "echo ran; exit 5");
	cr_assert_eq(kill(scheduler.pid, SIGKILL), 0);
	restart();
	take_kind(WIRE_HELLO);
	cr_assert_eq(WEXITSTATUS(await_exit(1).exit.wait_status), 5);
	cr_assert_str_eq(await_file("logs/1.log"), "ran\n");
}

Test(supervisor, live_workers_are_handed_over)
{
	struct wire_message message;
	pid_t pid;

	take_empty_hello();
	say_ready();
	put_spawn(1, 0, "exec sleep 1000");
	message = take_kind(WIRE_STARTED);
	pid = message.started.pid;
	restart();
	take_kind(WIRE_HELLO);
	message = take_kind(WIRE_STARTED);
	cr_assert_eq(message.key.exec, 1);
	cr_assert_eq(message.started.pid, pid);
	take_kind(WIRE_READY);
	cr_assert_eq(kill(pid, 0), 0);
	put_key(WIRE_SIGNAL, 1, SIGKILL);
	cr_assert_eq(WTERMSIG(take_exit(1).exit.wait_status), SIGKILL);
}

/* An exit that comes while schedulers change is told to one of them. */
Test(supervisor, exit_between_schedulers)
{
	pid_t pid;

	take_empty_hello();
	say_ready();
	put_spawn(1, 0, "exec sleep 1000");
	pid = take_kind(WIRE_STARTED).started.pid;
	cr_assert_eq(kill(pid, SIGINT), 0);
	restart();
	take_kind(WIRE_HELLO);
	cr_assert_eq(WTERMSIG(await_exit(1).exit.wait_status), SIGINT);
}

Test(supervisor, leftovers_are_signalled_until_acknowledged)
{
	pid_t left;

	take_empty_hello();
	put_spawn(1, 0, "sleep 1000 & echo $! >left; exit 0");
	cr_assert(take_exit(1).exit.has_leftovers);
	left = atoi(await_file("left"));
	cr_assert_gt(left, 0);
	cr_assert_eq(kill(left, 0), 0);
	put_key(WIRE_SIGNAL, 1, SIGKILL);
	await_gone(left);
	/* Nobody is left, and nobody is hit. */
	put_key(WIRE_SIGNAL, 1, SIGKILL);
	put_key(WIRE_ACK, 1, 0);
	put_key(WIRE_SIGNAL, 1, SIGKILL);
	put_spawn(2, 0, "exit 0");
	take_exit(2);
}

Test(supervisor, captured_environments_outlive_the_scheduler)
{
	static const char *const captured[] = {"PATH=/usr/bin:/bin", "CAPTURED=yes", NULL};
	struct wire_message message;

	take_empty_hello();
	say_ready();
	put(&(struct wire_message){.kind = WIRE_ENV, .env = 7, .variables = captured});
	put_spawn(1, 7, "echo \"$CAPTURED$OWN\"");
	take_exit(1);
	cr_assert_str_eq(await_file("logs/1.log"), "yes\n");
	put_key(WIRE_ACK, 1, 0);
	restart();
	take_kind(WIRE_HELLO);
	cr_assert_eq(take_kind(WIRE_HELD).env, 7);
	take_kind(WIRE_READY);
	put(&(struct wire_message){.kind = WIRE_DROP_ENV, .env = 7});
	put_spawn(2, 7, "echo never");
	message = take_kind(WIRE_EXIT);
	cr_assert_eq(message.exit.spawn_error.stage, SPAWN_ENVIRONMENT);
	cr_assert_eq(message.exit.spawn_error.error, ENOENT);
	cr_assert_eq(message.exit.pid, 0);
}

Test(supervisor, terminal_travels)
{
	static const char *const argv[] = {
	    "sh", "-c", "read -r x; echo got $x; echo error >&2", NULL};
	char log[96], text[32];
	struct wire_message message = {.kind = WIRE_SPAWN, .key = {1, 1}};
	int ends[2], other[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	cr_assert_eq(pipe2(other, O_CLOEXEC), 0);
	snprintf(log, sizeof(log), "%s/log", directory);
	message.spawn = (struct wire_spawn){.is_terminal = true,
	    .cwd = directory,
	    .log = log,
	    .argv = argv,
	    .extra_env = no_variables};
	take_empty_hello();
	/* Between others, so that it has to find its message. */
	put_spawn(2, 0, "exit 2");
	cr_assert_eq(link_put_with_fds(&link_, &message, (int[]){ends[1], ends[1], other[1]}), 0);
	close(ends[1]);
	close(other[1]);
	put_spawn(3, 0, "exit 3");
	cr_assert_eq(write(ends[0], "typed\n", 6), 6);
	cr_assert_eq(read(ends[0], text, sizeof(text)), 10);
	cr_assert_eq(memcmp(text, "got typed\n", 10), 0);
	cr_assert_eq(read(other[0], text, sizeof(text)), 6);
	cr_assert_eq(memcmp(text, "error\n", 6), 0);
	/* Nobody has kept them. */
	cr_assert_eq(read(ends[0], text, sizeof(text)), 0);
	cr_assert_eq(read(other[0], text, sizeof(text)), 0);
	close(ends[0]);
	close(other[0]);
}

/* --- job tokens --- */

static void put_tokens(uint32_t limit)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/fifo", directory);
	put(&(struct wire_message){
	    .kind = WIRE_SET_TOKENS, .tokens = {.limit = limit, .path = path}});
}

static void put_jobserver_spawn(uint64_t exec, const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	char log[96];

	snprintf(log, sizeof(log), "%s/logs/%" PRIu64 ".log", directory, exec);
	put(&(struct wire_message){.kind = WIRE_SPAWN,
	    .key = {exec, 1},
	    .spawn = {.jobserver = JOBSERVER_PIPE,
	        .cwd = directory,
	        .log = log,
	        .argv = argv,
	        .extra_env = no_variables}});
}

static void take_started(uint64_t exec)
{
	cr_assert_eq(take_kind(WIRE_STARTED).key.exec, exec);
}

Test(supervisor, a_token_for_each_that_needs_one)
{
	take_empty_hello();
	say_ready();
	put_tokens(1);
	put_jobserver_spawn(1, "echo \"$MAKEFLAGS\"; sleep 100");
	take_started(1);
	cr_assert_str_eq(
	    await_file("logs/1.log"), " -j1 --jobserver-fds=3,4 --jobserver-auth=3,4\n");
	put_jobserver_spawn(2, "exit 2");
	cr_assert_eq(take_kind(WIRE_NO_TOKEN).key.exec, 2);
	put_spawn(3, 0, "exit 3");
	take_exit(3);
	put_key(WIRE_SIGNAL, 1, SIGTERM);
	take_exit(1);
	take_kind(WIRE_TOKEN);
	/* It is kept for the next one; who was refused is not known any more. */
	put_jobserver_spawn(2, "exit 2");
	take_started(2);
	cr_assert_eq(WEXITSTATUS(take_exit(2).exit.wait_status), 2);
}

Test(supervisor, a_token_that_nobody_wants_any_more)
{
	take_empty_hello();
	say_ready();
	put_tokens(1);
	put_jobserver_spawn(1, "sleep 100");
	take_started(1);
	put_jobserver_spawn(2, "exit 2");
	take_kind(WIRE_NO_TOKEN);
	put_key(WIRE_SIGNAL, 1, SIGTERM);
	take_exit(1);
	take_kind(WIRE_TOKEN);
	/* Told again to who says again that he wants it. */
	put(&(struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = true});
	take_kind(WIRE_TOKEN);
	/* The next scheduler knows nothing of it. */
	put_key(WIRE_ACK, 1, 0);
	restart();
	take_empty_hello();
	put_jobserver_spawn(3, "exit 3");
	take_started(3);
	take_exit(3);
	put(&(struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = true});
	take_kind(WIRE_TOKEN);
	put(&(struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = false});
	put_jobserver_spawn(4, "exit 4");
	take_started(4);
	take_exit(4);
}

Test(supervisor, a_token_is_lent)
{
	struct wire_message lend = {.kind = WIRE_LEND_TOKEN, .key = {1, 1}, .is_on = true};

	take_empty_hello();
	say_ready();
	put_tokens(1);
	put_jobserver_spawn(1, "sleep 100");
	take_started(1);
	put(&lend);
	put(&lend);
	put_jobserver_spawn(2, "sleep 100");
	take_started(2);
	/* There is none to take back: it goes on without. */
	lend.is_on = false;
	put(&lend);
	put_key(WIRE_SIGNAL, 1, SIGTERM);
	take_exit(1);
	put_jobserver_spawn(3, "exit 3");
	cr_assert_eq(take_kind(WIRE_NO_TOKEN).key.exec, 3);
	put_key(WIRE_SIGNAL, 2, SIGTERM);
	take_exit(2);
	take_kind(WIRE_TOKEN);
}

Test(supervisor, what_was_lent_is_taken_back_for_the_next_scheduler)
{
	struct wire_message lend = {.kind = WIRE_LEND_TOKEN, .key = {1, 1}, .is_on = true};

	take_empty_hello();
	say_ready();
	put_tokens(1);
	put_jobserver_spawn(1, "sleep 100");
	take_started(1);
	put(&lend);
	restart();
	/* Whoever waited may have given up; that he waits would be said again. */
	take_kind(WIRE_HELLO);
	take_started(1);
	take_kind(WIRE_READY);
	put_jobserver_spawn(2, "exit 2");
	cr_assert_eq(take_kind(WIRE_NO_TOKEN).key.exec, 2);
	put_key(WIRE_SIGNAL, 1, SIGTERM);
	take_exit(1);
	take_kind(WIRE_TOKEN);
}

Test(supervisor, tokens_of_the_killed_come_back_with_the_last_of_them)
{
	take_empty_hello();
	say_ready();
	put_tokens(3);
	/* Takes the two that are left, and leaves a process behind that has them. */
	put_jobserver_spawn(1, "head -c 2 <&3 >/dev/null; sleep 100 & echo taken; sleep 100");
	take_started(1);
	cr_assert_str_eq(await_file("logs/1.log"), "taken\n");
	put_jobserver_spawn(2, "exit 2");
	take_kind(WIRE_NO_TOKEN);
	put_key(WIRE_SIGNAL, 1, SIGKILL);
	take_exit(1);
	take_kind(WIRE_TOKEN);
	for (uint64_t exec = 2; exec <= 4; exec++) {
		put_jobserver_spawn(exec, "sleep 100");
		take_started(exec);
	}
	put_jobserver_spawn(5, "exit 5");
	take_kind(WIRE_NO_TOKEN);
}

Test(supervisor, what_is_not_started_has_no_token)
{
	struct wire_message message;

	take_empty_hello();
	say_ready();
	put_jobserver_spawn(1, "exit 1");
	message = take_kind(WIRE_EXIT);
	cr_assert_eq(message.exit.spawn_error.stage, SPAWN_JOBSERVER);
	put_tokens(1);
	for (uint64_t exec = 2; exec <= 3; exec++) {
		const char *const argv[] = {"/nowhere/at/all", NULL};
		char log[96];

		snprintf(log, sizeof(log), "%s/log", directory);
		put(&(struct wire_message){.kind = WIRE_SPAWN,
		    .key = {exec, 1},
		    .spawn = {.jobserver = JOBSERVER_FIFO,
		        .cwd = directory,
		        .log = log,
		        .argv = argv,
		        .extra_env = no_variables}});
		message = take_kind(WIRE_EXIT);
		cr_assert_eq(message.exit.spawn_error.stage, SPAWN_EXEC);
	}
	put_jobserver_spawn(4, "exit 4");
	take_started(4);
}

Test(supervisor, nonsense_costs_a_scheduler_and_no_worker)
{
	pid_t pid, first = scheduler.pid;

	take_empty_hello();
	say_ready();
	put_spawn(1, 0, "exec sleep 1000");
	pid = take_kind(WIRE_STARTED).started.pid;
	put(&(struct wire_message){.kind = WIRE_HELLO});
	forget_link();
	become_scheduler();
	cr_assert_neq(scheduler.pid, first);
	take_kind(WIRE_HELLO);
	cr_assert_eq(take_kind(WIRE_STARTED).started.pid, pid);
	put_key(WIRE_SIGNAL, 1, SIGKILL);
}

Test(supervisor, ends_after_farewell)
{
	take_empty_hello();
	say_ready();
	put(&(struct wire_message){.kind = WIRE_FAREWELL});
	cr_assert_eq(kill(scheduler.pid, SIGKILL), 0);
	cr_assert_eq(await_supervisor(), 0);
}

Test(supervisor, fails_if_the_first_never_serves)
{
	take_empty_hello();
	cr_assert_eq(kill(scheduler.pid, SIGKILL), 0);
	cr_assert_eq(await_supervisor(), 1);
}

/* SIGTERM ends the test's scheduler, which has no handler; the next one is told when it serves. */
Test(supervisor, sigterm_is_forwarded)
{
	take_empty_hello();
	say_ready();
	cr_assert_eq(kill(supervisor, SIGHUP), 0);
	cr_assert_eq(kill(supervisor, SIGTERM), 0);
	await_gone(scheduler.pid);
	forget_link();
	become_scheduler();
	take_empty_hello();
	put(&(struct wire_message){.kind = WIRE_FAREWELL});
	say_ready();
	cr_assert_eq(await_supervisor(), 0);
}

Test(restart, pauses)
{
	struct restart state = {0};

	/* The first at once, then a short pause for one that had served … */
	cr_assert_eq(restart_get_pause_ns(&state, true, 0), 0);
	cr_assert_eq(restart_get_pause_ns(&state, true, 0), 100 * CLOCK_MS);
	cr_assert_eq(restart_get_pause_ns(&state, true, 0), 100 * CLOCK_MS);
	/* … and longer and longer ones while none does … */
	cr_assert_eq(restart_get_pause_ns(&state, false, 0), 100 * CLOCK_MS);
	cr_assert_eq(restart_get_pause_ns(&state, false, 0), 200 * CLOCK_MS);
	for (int i = 0; i < 100; i++)
		restart_get_pause_ns(&state, false, 0);
	cr_assert_eq(restart_get_pause_ns(&state, false, 0), 5 * CLOCK_SECOND);
	/* … and a long life makes good. */
	cr_assert_eq(restart_get_pause_ns(&state, true, RESTART_HEALTHY_NS), 0);
	cr_assert_eq(state.n_failed, 0);
}
