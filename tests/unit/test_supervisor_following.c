/*
 * What stands by after others: it is started when all of these have succeeded, as the supervisor
 * sees it, and given back when that will not be. All of a test is sent at once, so that what is
 * said of a process is there before its end.
 */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/supervisor_kit.h"

TestSuite(supervisor_following, .init = play_set_up, .fini = play_tear_down, .timeout = 60);

#define NONE UINT64_C(0)

static char left_path[96];

/* Appended to what is sent next: it comes after first and second, which are not to leave that file.
 */
static void add_program(uint64_t exec, const char *program, const char *command, uint32_t standby,
    uint64_t first, uint64_t second)
{
	const char *const argv[] = {program, "-c", command, NULL};
	char log[96];
	struct wire_message message = {.kind = WIRE_SPAWN, .key = {exec, 1}};

	snprintf(left_path, sizeof(left_path), "%s/left", play_directory);
	snprintf(log, sizeof(log), "%s/logs/%" PRIu64 ".log", play_directory, exec);
	message.spawn = (struct wire_spawn){.slot = SLOT_PASSED,
	    .standby = standby,
	    .n_after = (first != NONE) + (second != NONE),
	    .after = {{{first, 1}, left_path}, {{second, 1}, left_path}},
	    .cwd = play_directory,
	    .log = log,
	    .argv = argv,
	    .extra_env = play_no_variables};
	cr_assert_eq(link_put(&play_link, &message), 0);
}

static void add(uint64_t exec, const char *command)
{
	add_program(exec, "sh", command, 0, NONE, NONE);
}

static void add_after(uint64_t exec, const char *command, uint64_t first, uint64_t second)
{
	add_program(exec, "sh", command, 2, first, second);
}

static void add_signal(uint64_t exec)
{
	const struct wire_message message = {
	    .kind = WIRE_SIGNAL, .key = {exec, 1}, .signal = SIGTERM};

	cr_assert_eq(link_put(&play_link, &message), 0);
}

static void send_all(void)
{
	cr_assert_eq(link_flush(&play_link), 0);
}

static struct wire_message take_but_started(void)
{
	struct wire_message message;

	do
		message = play_take();
	while (message.kind == WIRE_STARTED);
	return message;
}

/* The next message is that one. */
static struct wire_exit take_exit(uint64_t exec)
{
	struct wire_message message = take_but_started();

	cr_assert_eq(message.kind, WIRE_EXIT);
	cr_assert_eq(message.key.exec, exec);
	return message.exit;
}

static void take_return(uint64_t exec)
{
	struct wire_message message = take_but_started();

	cr_assert_eq(message.kind, WIRE_RETURNED);
	cr_assert_eq(message.key.exec, exec);
}

static void begin(void)
{
	play_take_empty_hello();
	play_say_ready();
}

/*
 * Has n of them, from base on, made and sent, again with other numbers where something was given
 * back as it was late. exits: how each has ended.
 */
static uint64_t play_in_time(void (*make)(uint64_t base), unsigned n, struct wire_exit *exits)
{
	bool is_late = true;
	uint64_t base;

	for (base = 10; is_late; base += 10) {
		is_late = false;
		cr_assert_lt(base, 500, "nothing ends in time");
		make(base);
		send_all();
		for (unsigned i = 0; i < n; i++) {
			struct wire_message message = take_but_started();

			if (message.kind == WIRE_EXIT)
				exits[message.key.exec - base] = message.exit;
			else
				is_late = true;
		}
	}
	return base - 10;
}

static void make_pair(uint64_t base)
{
	add(base, "exit 0");
	add_after(base + 1, "exit 2", base, NONE);
}

Test(supervisor_following, it_starts_once_what_it_comes_after_has_succeeded)
{
	struct wire_exit exits[2];
	uint64_t base;

	begin();
	base = play_in_time(make_pair, 2, exits);
	cr_assert(exits[0].is_relied_on);
	cr_assert_eq(exits[0].next.exec, base + 1);
	cr_assert_eq(WEXITSTATUS(exits[1].wait_status), 2);
	cr_assert_not(exits[1].is_relied_on);
}

static void make_chain(uint64_t base)
{
	add(base, "exit 0");
	for (uint64_t exec = base + 1; exec < base + 4; exec++)
		add_after(exec, "exit 0", exec - 1, NONE);
}

Test(supervisor_following, a_chain_of_them)
{
	struct wire_exit exits[4];
	uint64_t base;

	begin();
	base = play_in_time(make_chain, 4, exits);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(exits[i].next.exec, i < 3 ? base + i + 1 : NONE);
		cr_assert_eq(exits[i].is_relied_on, i < 3);
	}
}

static void make_two_and_one(uint64_t base)
{
	add(base, "exit 0");
	add(base + 1, "exit 0");
	add_after(base + 2, "exit 3", base, base + 1);
}

Test(supervisor_following, all_that_it_comes_after_have_to_succeed)
{
	struct wire_exit exits[3];
	uint64_t base;

	begin();
	base = play_in_time(make_two_and_one, 3, exits);
	cr_assert(exits[0].is_relied_on && exits[1].is_relied_on);
	/* In the place of the one that ended last. */
	cr_assert_eq(exits[0].next.exec + exits[1].next.exec, base + 2);
	cr_assert_eq(WEXITSTATUS(exits[2].wait_status), 3);
}

Test(supervisor_following, the_end_of_another_does_not_start_it)
{
	struct wire_message one, other;

	begin();
	add(1, "sleep 100");
	add(2, "exit 0");
	add_after(3, "exit 3", 1, NONE);
	send_all();
	one = take_but_started();
	other = take_but_started();
	if (one.kind == WIRE_RETURNED) { /* what it comes after lasts */
		cr_assert_eq(one.key.exec, 3);
		one = other;
	}
	cr_assert_eq(one.kind, WIRE_EXIT);
	cr_assert_eq(one.key.exec, 2);
	cr_assert_eq(one.exit.next.exec, NONE);
}

/* The first of them lasts; the limit is of as many as there are by then. */
static void make_one_behind(uint64_t base)
{
	add_program(base, "sh", "exit 0", 0, NONE, NONE);
	add_after(base + 1, "exit 3", 1, NONE);
	add_after(base + 2, "exit 4", NONE, NONE);
}

Test(supervisor_following, what_is_behind_it_need_not_wait)
{
	struct wire_message message;
	bool is_started = false;

	begin();
	add(1, "sleep 100");
	for (uint64_t base = 10; !is_started; base += 10) {
		cr_assert_lt(base, 500, "nothing ends in time");
		make_one_behind(base);
		send_all();
		for (unsigned i = 0; i < 3; i++) {
			message = take_but_started();
			cr_assert(message.kind == WIRE_RETURNED || message.key.exec != base + 1);
			if (message.kind == WIRE_EXIT && message.key.exec == base)
				is_started = message.exit.next.exec == base + 2;
		}
	}
}

/* 1, which is command, ends; 2, which comes after it, and 3, after that, are given back before. */
static struct wire_exit fail(const char *program, const char *command)
{
	begin();
	add_program(1, program, command, 0, NONE, NONE);
	add_after(2, "exit 2", 1, NONE);
	add_after(3, "exit 3", 2, NONE);
	send_all();
	take_return(2);
	take_return(3);
	return take_exit(1);
}

Test(supervisor_following, it_is_given_back_after_a_failure)
{
	struct wire_exit exit = fail("sh", "exit 1");

	cr_assert_eq(exit.next.exec, NONE);
	cr_assert_not(exit.is_relied_on);
}

Test(supervisor_following, it_is_given_back_after_a_skip)
{
	cr_assert_not(fail("sh", "exit 77").is_relied_on);
}

Test(supervisor_following, it_is_given_back_after_a_result)
{
	struct wire_exit exit = fail("sh", "echo 1 > left");

	cr_assert_eq(exit.wait_status, 0);
	cr_assert_eq(exit.next.exec, NONE);
	cr_assert_not(exit.is_relied_on);
}

Test(supervisor_following, a_link_to_nothing_is_something_that_was_left)
{
	cr_assert_not(fail("sh", "ln -s /nowhere/at/all left").is_relied_on);
}

Test(supervisor_following, it_is_given_back_while_something_of_the_group_is_left)
{
	struct wire_exit exit = fail("sh", "sleep 100 & exit 0");

	cr_assert(exit.has_leftovers);
	cr_assert_not(exit.is_relied_on);
}

Test(supervisor_following, it_is_given_back_where_nothing_was_started)
{
	begin();
	add_program(1, "/nowhere/at/all", "", 0, NONE, NONE);
	add_after(2, "exit 2", 1, NONE);
	send_all();
	cr_assert_eq(take_exit(1).spawn_error.stage, SPAWN_EXEC);
	take_return(2);
}

Test(supervisor_following, it_is_given_back_where_nothing_was_started_in_a_place)
{
	struct wire_message message;
	bool is_tried = false;

	begin();
	for (uint64_t base = 10; !is_tried; base += 10) {
		cr_assert_lt(base, 500, "nothing ends in time");
		add(base, "exit 0");
		add_program(base + 1, "/nowhere/at/all", "", 2, base, NONE);
		add_after(base + 2, "exit 3", base + 1, NONE);
		send_all();
		for (unsigned i = 0; i < 3; i++) {
			message = take_but_started();
			if (message.key.exec == base + 1 && message.kind == WIRE_EXIT) {
				is_tried = true;
				cr_assert_eq(message.exit.spawn_error.stage, SPAWN_EXEC);
			}
			cr_assert_eq(message.kind == WIRE_RETURNED,
			    message.key.exec == base + 2 ||
			        (message.key.exec == base + 1 && !is_tried));
		}
	}
}

Test(supervisor_following, it_is_given_back_when_what_it_comes_after_is_signaled)
{
	struct wire_exit exit;

	begin();
	add(1, "trap 'exit 0' TERM; echo > ready; while :; do sleep 0.01; done");
	send_all();
	play_await_file("ready");
	add_after(2, "exit 2", 1, NONE);
	add_signal(1);
	send_all();
	take_return(2);
	exit = take_exit(1);
	cr_assert_eq(exit.wait_status, 0);
	cr_assert_not(exit.is_relied_on);
	cr_assert_eq(exit.next.exec, NONE);
}

Test(supervisor_following, it_is_given_back_with_what_it_comes_after)
{
	begin();
	add(1, "sleep 100");
	add_after(2, "exit 2", NONE, NONE);
	add_after(3, "exit 3", 2, NONE);
	add_signal(2);
	send_all();
	take_return(2);
	take_return(3);
}

static void add_recall(uint64_t exec)
{
	const struct wire_message message = {.kind = WIRE_RECALL, .key = {exec, 1}};

	cr_assert_eq(link_put(&play_link, &message), 0);
}

Test(supervisor_following, it_is_given_back_when_it_is_wanted)
{
	begin();
	add(1, "sleep 100");
	add_after(2, "exit 2", 1, NONE);
	add_after(3, "exit 3", 2, NONE);
	add_recall(2);
	send_all();
	take_return(2);
	take_return(3);
}

Test(supervisor_following, what_was_started_is_not_given_back)
{
	begin();
	add(1, "echo > ready; sleep 0.2");
	send_all();
	play_await_file("ready");
	add_recall(1);
	add_recall(9);
	send_all();
	cr_assert_eq(take_exit(1).wait_status, 0);
}

Test(supervisor_following, it_is_given_back_where_nobody_knows_what_it_comes_after)
{
	begin();
	add_after(2, "exit 2", 99, NONE);
	send_all();
	take_return(2);
}

/* What has not been acknowledged is known, but how it goes on is for the scheduler to say. */
Test(supervisor_following, an_end_that_was_told_before_does_not_start_it)
{
	begin();
	add(1, "exit 0");
	send_all();
	take_exit(1);
	add_after(2, "exit 2", 1, NONE);
	send_all();
	take_return(2); /* as nobody has said it */
	add_after(2, "exit 2", 1, NONE);
	add(2, "exit 2");
	send_all();
	cr_assert_eq(WEXITSTATUS(take_exit(2).wait_status), 2);
}

Test(supervisor_following, the_next_scheduler_hears_that_it_was_relied_on)
{
	struct wire_exit exits[2];
	struct wire_message message;
	bool is_relied_on = false;
	uint64_t base;

	begin();
	base = play_in_time(make_pair, 2, exits);
	play_restart();
	play_take_kind(WIRE_HELLO);
	while ((message = play_take()).kind != WIRE_READY)
		is_relied_on |= message.kind == WIRE_EXIT && message.key.exec == base &&
		                message.exit.is_relied_on && message.exit.next.exec == base + 1;
	cr_assert(is_relied_on);
}
