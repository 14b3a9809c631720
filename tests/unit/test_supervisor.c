/*
 * The supervisor: what becomes of workers, environments and itself, whatever its scheduler does.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/restart.h"
#include "tests/unit/supervisor_kit.h"

TestSuite(supervisor, .init = play_set_up, .fini = play_tear_down, .timeout = 60);

Test(supervisor, worker_runs_and_its_exit_is_reported)
{
	struct wire_message message;

	play_take_empty_hello();
	play_put_spawn(1, 0, "echo \"$OWN\"; exit 3");
	message = play_take_exit(1);
	cr_assert(WIFEXITED(message.exit.wait_status));
	cr_assert_eq(WEXITSTATUS(message.exit.wait_status), 3);
	cr_assert_gt(message.exit.pid, 0);
	cr_assert_geq(message.exit.ended_ns, message.exit.started_ns);
	cr_assert_gt(message.exit.usage.ru_maxrss, 0);
	cr_assert_not(message.exit.has_leftovers);
	cr_assert_str_eq(play_await_file("logs/1.log"), "1\n");
}

Test(supervisor, same_spawn_twice_is_one_process)
{
	pid_t pid;

	play_take_empty_hello();
	play_put_spawn(1, 0, "echo started >>trace; exec sleep 1000");
	play_put_spawn(1, 0, "echo started >>trace; exec sleep 1000");
	pid = play_take_kind(WIRE_STARTED).started.pid;
	play_put_spawn(1, 0, "echo started >>trace; exec sleep 1000");
	cr_assert_eq(play_take_kind(WIRE_STARTED).started.pid, pid);
	cr_assert_str_eq(play_await_file("trace"), "started\n");
	play_put_key(WIRE_SIGNAL, 1, SIGTERM);
	cr_assert_eq(WTERMSIG(play_take_exit(1).exit.wait_status), SIGTERM);
	/* Also after its end. */
	play_put_spawn(1, 0, "echo started >>trace");
	cr_assert_eq(WTERMSIG(play_take_exit(1).exit.wait_status), SIGTERM);
	cr_assert_str_eq(play_await_file("trace"), "started\n");
}

Test(supervisor, exits_are_kept_until_acknowledged)
{
	play_take_empty_hello();
	play_say_ready();
	play_put_spawn(1, 0, "exit 3");
	play_take_exit(1);
	play_restart();
	play_take_kind(WIRE_HELLO);
	cr_assert_eq(WEXITSTATUS(play_take_exit(1).exit.wait_status), 3);
	play_take_kind(WIRE_READY);
	play_say_ready();
	play_put_key(WIRE_ACK, 1, 0);
	/* The link keeps the order: when this has ended, the other was acknowledged. */
	play_put_spawn(2, 0, "exit 4");
	play_take_exit(2);
	play_put_key(WIRE_ACK, 2, 0);
	play_put_key(WIRE_ACK, 2, 0);
	play_restart();
	play_take_empty_hello();
}

/* What a scheduler said before it died counts. */
Test(supervisor, last_words_are_heard)
{
	play_take_empty_hello();
	play_say_ready();
	play_put_spawn(1, 0, "echo ran; exit 5");
	cr_assert_eq(kill(play_scheduler.pid, SIGKILL), 0);
	play_restart();
	play_take_kind(WIRE_HELLO);
	cr_assert_eq(WEXITSTATUS(play_await_exit(1).exit.wait_status), 5);
	cr_assert_str_eq(play_await_file("logs/1.log"), "ran\n");
}

Test(supervisor, live_workers_are_handed_over)
{
	struct wire_message message;
	pid_t pid;

	play_take_empty_hello();
	play_say_ready();
	play_put_spawn(1, 0, "exec sleep 1000");
	message = play_take_kind(WIRE_STARTED);
	pid = message.started.pid;
	play_restart();
	play_take_kind(WIRE_HELLO);
	message = play_take_kind(WIRE_STARTED);
	cr_assert_eq(message.key.exec, 1);
	cr_assert_eq(message.started.pid, pid);
	play_take_kind(WIRE_READY);
	cr_assert_eq(kill(pid, 0), 0);
	play_put_key(WIRE_SIGNAL, 1, SIGKILL);
	cr_assert_eq(WTERMSIG(play_take_exit(1).exit.wait_status), SIGKILL);
}

/* An exit that comes while schedulers change is told to one of them. */
Test(supervisor, exit_between_schedulers)
{
	pid_t pid;

	play_take_empty_hello();
	play_say_ready();
	play_put_spawn(1, 0, "exec sleep 1000");
	pid = play_take_kind(WIRE_STARTED).started.pid;
	cr_assert_eq(kill(pid, SIGINT), 0);
	play_restart();
	play_take_kind(WIRE_HELLO);
	cr_assert_eq(WTERMSIG(play_await_exit(1).exit.wait_status), SIGINT);
}

Test(supervisor, leftovers_are_signalled_until_acknowledged)
{
	pid_t left;

	play_take_empty_hello();
	play_put_spawn(1, 0, "sleep 1000 & echo $! >left; exit 0");
	cr_assert(play_take_exit(1).exit.has_leftovers);
	left = atoi(play_await_file("left"));
	cr_assert_gt(left, 0);
	cr_assert_eq(kill(left, 0), 0);
	play_put_key(WIRE_SIGNAL, 1, SIGKILL);
	play_await_gone(left);
	/* Nobody is left, and nobody is hit. */
	play_put_key(WIRE_SIGNAL, 1, SIGKILL);
	play_put_key(WIRE_ACK, 1, 0);
	play_put_key(WIRE_SIGNAL, 1, SIGKILL);
	play_put_spawn(2, 0, "exit 0");
	play_take_exit(2);
}

Test(supervisor, captured_environments_outlive_the_scheduler)
{
	static const char *const captured[] = {"PATH=/usr/bin:/bin", "CAPTURED=yes", NULL};
	struct wire_message message;

	play_take_empty_hello();
	play_say_ready();
	play_put(&(struct wire_message){.kind = WIRE_ENV, .env = 7, .variables = captured});
	play_put_spawn(1, 7, "echo \"$CAPTURED$OWN\"");
	play_take_exit(1);
	cr_assert_str_eq(play_await_file("logs/1.log"), "yes\n");
	play_put_key(WIRE_ACK, 1, 0);
	play_restart();
	play_take_kind(WIRE_HELLO);
	cr_assert_eq(play_take_kind(WIRE_HELD).env, 7);
	play_take_kind(WIRE_READY);
	play_put(&(struct wire_message){.kind = WIRE_DROP_ENV, .env = 7});
	play_put_spawn(2, 7, "echo never");
	message = play_take_kind(WIRE_EXIT);
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
	snprintf(log, sizeof(log), "%s/log", play_directory);
	message.spawn = (struct wire_spawn){.is_terminal = true,
	    .cwd = play_directory,
	    .log = log,
	    .argv = argv,
	    .extra_env = play_no_variables};
	play_take_empty_hello();
	/* Between others, so that it has to find its message. */
	play_put_spawn(2, 0, "exit 2");
	cr_assert_eq(
	    link_put_with_fds(&play_link, &message, (int[]){ends[1], ends[1], other[1]}), 0);
	close(ends[1]);
	close(other[1]);
	play_put_spawn(3, 0, "exit 3");
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

Test(supervisor, nonsense_costs_a_scheduler_and_no_worker)
{
	pid_t pid, first = play_scheduler.pid;

	play_take_empty_hello();
	play_say_ready();
	play_put_spawn(1, 0, "exec sleep 1000");
	pid = play_take_kind(WIRE_STARTED).started.pid;
	play_put(&(struct wire_message){.kind = WIRE_HELLO});
	play_forget_link();
	play_become_scheduler();
	cr_assert_neq(play_scheduler.pid, first);
	play_take_kind(WIRE_HELLO);
	cr_assert_eq(play_take_kind(WIRE_STARTED).started.pid, pid);
	play_put_key(WIRE_SIGNAL, 1, SIGKILL);
}

Test(supervisor, ends_after_farewell)
{
	play_take_empty_hello();
	play_say_ready();
	play_put(&(struct wire_message){.kind = WIRE_FAREWELL});
	cr_assert_eq(kill(play_scheduler.pid, SIGKILL), 0);
	cr_assert_eq(play_await_supervisor(), 0);
}

Test(supervisor, fails_if_the_first_never_serves)
{
	play_take_empty_hello();
	cr_assert_eq(kill(play_scheduler.pid, SIGKILL), 0);
	cr_assert_eq(play_await_supervisor(), 1);
}

/* SIGTERM ends the test's scheduler, which has no handler; the next one is told when it serves. */
Test(supervisor, sigterm_is_forwarded)
{
	play_take_empty_hello();
	play_say_ready();
	cr_assert_eq(kill(play_supervisor, SIGHUP), 0);
	cr_assert_eq(kill(play_supervisor, SIGTERM), 0);
	play_await_gone(play_scheduler.pid);
	play_forget_link();
	play_become_scheduler();
	play_take_empty_hello();
	play_put(&(struct wire_message){.kind = WIRE_FAREWELL});
	play_say_ready();
	cr_assert_eq(play_await_supervisor(), 0);
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
