/*
 * Job tokens: who gets one, who waits for one, and that none is lost or doubled.
 */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/supervisor_kit.h"

TestSuite(supervisor_tokens, .init = play_set_up, .fini = play_tear_down, .timeout = 60);

static void play_put_tokens(uint32_t limit)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/fifo", play_directory);
	play_put(&(struct wire_message){
	    .kind = WIRE_SET_TOKENS, .tokens = {.limit = limit, .path = path}});
	play_take_kind(WIRE_TOKENS_SET);
}

static void play_take_started(uint64_t exec)
{
	cr_assert_eq(play_take_kind(WIRE_STARTED).key.exec, exec);
}

Test(supervisor_tokens, a_token_for_each_that_needs_one)
{
	play_take_empty_hello();
	play_say_ready();
	play_put_tokens(1);
	play_put_jobserver_spawn(1, "echo \"$MAKEFLAGS\"; sleep 100");
	play_take_started(1);
	cr_assert_str_eq(
	    play_await_file("logs/1.log"), " -j1 --jobserver-fds=3,4 --jobserver-auth=3,4\n");
	play_put_jobserver_spawn(2, "exit 2");
	cr_assert_eq(play_take_kind(WIRE_NO_TOKEN).key.exec, 2);
	play_put_spawn(3, 0, "exit 3");
	play_take_exit(3);
	play_put_key(WIRE_SIGNAL, 1, SIGTERM);
	play_take_exit(1);
	play_take_kind(WIRE_TOKEN);
	/* It is kept for the next one; who was refused is not known any more. */
	play_put_jobserver_spawn(2, "exit 2");
	play_take_started(2);
	cr_assert_eq(WEXITSTATUS(play_take_exit(2).exit.wait_status), 2);
}

Test(supervisor_tokens, a_token_that_nobody_wants_any_more)
{
	play_take_empty_hello();
	play_say_ready();
	play_put_tokens(1);
	play_put_jobserver_spawn(1, "sleep 100");
	play_take_started(1);
	play_put_jobserver_spawn(2, "exit 2");
	play_take_kind(WIRE_NO_TOKEN);
	play_put_key(WIRE_SIGNAL, 1, SIGTERM);
	play_take_exit(1);
	play_take_kind(WIRE_TOKEN);
	/* Told again to who says again that he wants it. */
	play_put(&(struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = true});
	play_take_kind(WIRE_TOKEN);
	/* The next scheduler knows nothing of it. */
	play_put_key(WIRE_ACK, 1, 0);
	play_restart();
	play_take_empty_hello();
	play_put_jobserver_spawn(3, "exit 3");
	play_take_started(3);
	play_take_exit(3);
	play_put(&(struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = true});
	play_take_kind(WIRE_TOKEN);
	play_put(&(struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = false});
	play_put_jobserver_spawn(4, "exit 4");
	play_take_started(4);
	play_take_exit(4);
}

Test(supervisor_tokens, a_token_is_lent)
{
	struct wire_message lend = {.kind = WIRE_LEND_TOKEN, .key = {1, 1}, .is_on = true};

	play_take_empty_hello();
	play_say_ready();
	play_put_tokens(1);
	play_put_jobserver_spawn(1, "sleep 100");
	play_take_started(1);
	play_put(&lend);
	play_put(&lend);
	play_put_jobserver_spawn(2, "sleep 100");
	play_take_started(2);
	/* There is none to take back: it goes on without. */
	lend.is_on = false;
	play_put(&lend);
	play_put_key(WIRE_SIGNAL, 1, SIGTERM);
	play_take_exit(1);
	play_put_jobserver_spawn(3, "exit 3");
	cr_assert_eq(play_take_kind(WIRE_NO_TOKEN).key.exec, 3);
	play_put_key(WIRE_SIGNAL, 2, SIGTERM);
	play_take_exit(2);
	play_take_kind(WIRE_TOKEN);
}

Test(supervisor_tokens, what_was_lent_is_taken_back_for_the_next_scheduler)
{
	struct wire_message lend = {.kind = WIRE_LEND_TOKEN, .key = {1, 1}, .is_on = true};

	play_take_empty_hello();
	play_say_ready();
	play_put_tokens(1);
	play_put_jobserver_spawn(1, "sleep 100");
	play_take_started(1);
	play_put(&lend);
	play_restart();
	/* Whoever waited may have given up; that he waits would be said again. */
	play_take_kind(WIRE_HELLO);
	play_take_started(1);
	play_take_kind(WIRE_READY);
	play_put_jobserver_spawn(2, "exit 2");
	cr_assert_eq(play_take_kind(WIRE_NO_TOKEN).key.exec, 2);
	play_put_key(WIRE_SIGNAL, 1, SIGTERM);
	play_take_exit(1);
	play_take_kind(WIRE_TOKEN);
}

Test(supervisor_tokens, tokens_of_the_killed_come_back_with_the_last_of_them)
{
	play_take_empty_hello();
	play_say_ready();
	play_put_tokens(3);
	/* Takes the two that are left, and leaves a process behind that has them. */
	play_put_jobserver_spawn(1, "head -c 2 <&3 >/dev/null; sleep 100 & echo taken; sleep 100");
	play_take_started(1);
	cr_assert_str_eq(play_await_file("logs/1.log"), "taken\n");
	play_put_jobserver_spawn(2, "exit 2");
	play_take_kind(WIRE_NO_TOKEN);
	play_put_key(WIRE_SIGNAL, 1, SIGKILL);
	play_take_exit(1);
	play_take_kind(WIRE_TOKEN);
	for (uint64_t exec = 2; exec <= 4; exec++) {
		play_put_jobserver_spawn(exec, "sleep 100");
		play_take_started(exec);
	}
	play_put_jobserver_spawn(5, "exit 5");
	play_take_kind(WIRE_NO_TOKEN);
}

Test(supervisor_tokens, what_is_not_started_has_no_token)
{
	struct wire_message message;

	play_take_empty_hello();
	play_say_ready();
	play_put_jobserver_spawn(1, "exit 1");
	message = play_take_kind(WIRE_EXIT);
	cr_assert_eq(message.exit.spawn_error.stage, SPAWN_JOBSERVER);
	play_put_tokens(1);
	for (uint64_t exec = 2; exec <= 3; exec++) {
		const char *const argv[] = {"/nowhere/at/all", NULL};
		char log[96];

		snprintf(log, sizeof(log), "%s/log", play_directory);
		play_put(&(struct wire_message){.kind = WIRE_SPAWN,
		    .key = {exec, 1},
		    .spawn = {.jobserver = JOBSERVER_FIFO,
		        .cwd = play_directory,
		        .log = log,
		        .argv = argv,
		        .extra_env = play_no_variables}});
		message = play_take_kind(WIRE_EXIT);
		cr_assert_eq(message.exit.spawn_error.stage, SPAWN_EXEC);
	}
	play_put_jobserver_spawn(4, "exit 4");
	play_take_started(4);
}
