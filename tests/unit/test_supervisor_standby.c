/*
 * What stands by: it is started in the place of what ends, or given back, and never both. Where a
 * test depends on an end that comes soon it tries again with other numbers if that was late.
 */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/supervisor_kit.h"

#define TRIES 50

TestSuite(supervisor_standby, .init = play_set_up, .fini = play_tear_down, .timeout = 60);

/* Appended to what is sent next. */
static void add(
    uint64_t exec, const char *program, const char *command, enum wire_slot slot, uint32_t standby)
{
	const char *const argv[] = {program, "-c", command, NULL};
	char log[96];

	snprintf(log, sizeof(log), "%s/logs/%" PRIu64 ".log", play_directory, exec);
	cr_assert_eq(link_put(&play_link, &(struct wire_message){.kind = WIRE_SPAWN,
	                                      .key = {exec, 1},
	                                      .spawn = {.slot = slot,
	                                          .standby = standby,
	                                          .cwd = play_directory,
	                                          .log = log,
	                                          .argv = argv,
	                                          .extra_env = play_no_variables}}),
	    0);
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

static void begin(void)
{
	play_take_empty_hello();
	play_say_ready();
}

static bool has_log(uint64_t exec)
{
	char log[96];

	snprintf(log, sizeof(log), "%s/logs/%" PRIu64 ".log", play_directory, exec);
	return access(log, F_OK) == 0;
}

/* Has something end at once for which the next number stands by. The end of the first, whose number
 * is exec when it was told in time. */
static struct wire_message follow(
    uint64_t *exec, enum wire_slot slot, const char *program, const char *command)
{
	struct wire_message first, other;

	for (int i = 0;; i++, *exec += 2) {
		cr_assert_lt(i, TRIES, "nothing ended in time");
		add(*exec, "sh", "exit 1", slot, 0);
		add(*exec + 1, program, command, SLOT_PASSED, 1);
		send_all();
		first = take_but_started();
		if (first.kind == WIRE_EXIT)
			return first;
		cr_assert_eq(first.kind, WIRE_RETURNED);
		cr_assert_eq(first.key.exec, *exec + 1);
		other = take_but_started();
		cr_assert_eq(other.kind, WIRE_EXIT);
		cr_assert_eq(other.exit.next.exec, 0);
	}
}

Test(supervisor_standby, it_starts_in_the_place_of_what_ends)
{
	uint64_t exec = 1;
	struct wire_message first, second;

	begin();
	first = follow(&exec, SLOT_PASSED, "sh", "exit 2");
	cr_assert_eq(first.key.exec, exec);
	cr_assert_eq(WEXITSTATUS(first.exit.wait_status), 1);
	cr_assert_eq(first.exit.next.exec, exec + 1);
	cr_assert_eq(first.exit.next.attempt, 1);
	cr_assert_geq(first.exit.next_ns, first.exit.ended_ns);
	second = take_but_started();
	cr_assert_eq(second.kind, WIRE_EXIT);
	cr_assert_eq(second.key.exec, exec + 1);
	cr_assert_eq(WEXITSTATUS(second.exit.wait_status), 2);
	cr_assert_eq(second.exit.started_ns, first.exit.next_ns);
	cr_assert_eq(second.exit.next.exec, 0);
	/* It is known as what was asked for at once is. */
	add(exec + 1, "sh", "exit 3", SLOT_PASSED, 0);
	send_all();
	second = take_but_started();
	cr_assert_eq(WEXITSTATUS(second.exit.wait_status), 2);
}

Test(supervisor_standby, what_cannot_be_started_says_so)
{
	uint64_t exec = 1;
	struct wire_message message;

	begin();
	message = follow(&exec, SLOT_PASSED, "/nowhere/at/all", "");
	cr_assert_eq(message.exit.next.exec, exec + 1);
	message = play_take_kind(WIRE_EXIT);
	cr_assert_eq(message.key.exec, exec + 1);
	cr_assert_eq(message.exit.spawn_error.stage, SPAWN_EXEC);
}

Test(supervisor_standby, a_slot_that_is_kept_is_not_passed_on)
{
	uint64_t exec = 1;

	begin();
	cr_assert_eq(follow(&exec, SLOT_KEPT, "sh", "exit 2").exit.next.exec, 0);
	cr_assert_eq(play_take_kind(WIRE_RETURNED).key.exec, exec + 1);
	cr_assert_not(has_log(exec + 1));
	/* Nor is one that nobody has. */
	exec += 2;
	cr_assert_eq(follow(&exec, SLOT_NONE, "sh", "exit 2").exit.next.exec, 0);
	cr_assert_eq(play_take_kind(WIRE_RETURNED).key.exec, exec + 1);
}

Test(supervisor_standby, it_is_given_back_when_what_runs_lasts)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add(2, "sh", "exit 2", SLOT_PASSED, 1);
	add(3, "sh", "exit 3", SLOT_PASSED, 1);
	send_all();
	cr_assert_eq(play_take_kind(WIRE_STARTED).key.exec, 1);
	cr_assert_eq(play_take_kind(WIRE_RETURNED).key.exec, 2);
	cr_assert_eq(play_take_kind(WIRE_RETURNED).key.exec, 3);
	cr_assert_not(has_log(2));
	/* Then it is as if it had never been asked for. */
	add_signal(1);
	send_all();
	cr_assert_eq(play_take_kind(WIRE_EXIT).exit.next.exec, 0);
	play_put_spawn(2, 0, "exit 4");
	cr_assert_eq(WEXITSTATUS(play_take_exit(2).exit.wait_status), 4);
}

Test(supervisor_standby, a_signal_takes_it_back)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add(2, "sh", "exit 2", SLOT_PASSED, 1);
	add_signal(2);
	add_signal(1);
	send_all();
	cr_assert_eq(take_but_started().kind, WIRE_RETURNED);
	cr_assert_eq(take_but_started().exit.next.exec, 0);
	cr_assert_not(has_log(2));
}

Test(supervisor_standby, asked_for_again_it_starts_at_once)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add(2, "sh", "exit 2", SLOT_PASSED, 1);
	add(2, "sh", "exit 2", SLOT_PASSED, 1); /* said twice, it is there once */
	add(2, "sh", "exit 2", SLOT_PASSED, 0);
	send_all();
	cr_assert_eq(WEXITSTATUS(take_but_started().exit.wait_status), 2);
	add_signal(1);
	send_all();
	cr_assert_eq(take_but_started().exit.next.exec, 0);
}

/* One ends and exec, which stands by, is given back, in any order. */
static void expect_not_followed_by(uint64_t exec)
{
	bool is_ended = false, is_returned = false;

	while (!is_ended || !is_returned) {
		struct wire_message message = take_but_started();

		if (message.kind == WIRE_EXIT) {
			cr_assert_eq(message.exit.next.exec, 0);
			is_ended = true;
		} else {
			cr_assert_eq(message.kind, WIRE_RETURNED);
			cr_assert_eq(message.key.exec, exec);
			is_returned = true;
		}
	}
	cr_assert_not(has_log(exec));
}

Test(supervisor_standby, it_does_not_exceed_its_limit)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add(2, "sh", "sleep 100", SLOT_KEPT, 0);
	send_all();
	play_take_kind(WIRE_STARTED);
	play_take_kind(WIRE_STARTED);
	add(3, "sh", "exit 3", SLOT_PASSED, 1);
	add_signal(1);
	send_all();
	expect_not_followed_by(3);
}

static void add_lend(uint64_t exec, bool is_on)
{
	const struct wire_message message = {
	    .kind = WIRE_LEND_SLOT, .key = {exec, 1}, .is_on = is_on};

	cr_assert_eq(link_put(&play_link, &message), 0);
}

Test(supervisor_standby, who_has_lent_its_slot_does_not_count)
{
	uint64_t exec = 2;

	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	send_all();
	play_take_kind(WIRE_STARTED);
	cr_assert_eq(follow(&exec, SLOT_PASSED, "sh", "exit 2").exit.next.exec, 0);
	cr_assert_eq(play_take_kind(WIRE_RETURNED).key.exec, exec + 1);
	add_lend(1, true);
	exec += 2;
	cr_assert_eq(follow(&exec, SLOT_PASSED, "sh", "exit 2").exit.next.exec, exec + 1);
	cr_assert_eq(play_take_kind(WIRE_EXIT).key.exec, exec + 1);
}

Test(supervisor_standby, a_slot_that_is_lent_is_not_passed_on)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add_lend(1, true);
	add_lend(1, true);
	add(2, "sh", "exit 2", SLOT_PASSED, 9);
	add_signal(1);
	send_all();
	expect_not_followed_by(2);
}

Test(supervisor_standby, fewer_slots_hold_for_what_stands_by)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add(2, "sh", "sleep 100", SLOT_PASSED, 0);
	send_all();
	play_take_kind(WIRE_STARTED);
	play_take_kind(WIRE_STARTED);
	add(3, "sh", "exit 3", SLOT_PASSED, 2);
	cr_assert_eq(
	    link_put(&play_link, &(struct wire_message){.kind = WIRE_SET_SLOTS, .limit = 1}), 0);
	add_signal(1);
	send_all();
	expect_not_followed_by(3);
}

/* So that they are reported together, ends are told late; but they are told. */
Test(supervisor_standby, a_row_of_them)
{
	unsigned n_next = 0, n_ended = 0, n_returned = 0;

	begin();
	add(1, "sh", "exit 0", SLOT_PASSED, 0);
	for (uint64_t exec = 2; exec <= 9; exec++)
		add(exec, "sh", "exit 0", SLOT_PASSED, 1);
	send_all();
	while (n_ended + n_returned < 9) {
		struct wire_message message = take_but_started();

		n_returned += message.kind == WIRE_RETURNED;
		n_ended += message.kind == WIRE_EXIT;
		n_next += message.kind == WIRE_EXIT && message.exit.next.exec != 0;
	}
	cr_assert_eq(n_ended, n_next + 1);
}

Test(supervisor_standby, the_next_scheduler_does_not_hear_of_it)
{
	begin();
	add(1, "sh", "sleep 100", SLOT_PASSED, 0);
	add(2, "sh", "exit 2", SLOT_PASSED, 1);
	send_all();
	play_take_kind(WIRE_STARTED);
	play_restart();
	play_take_kind(WIRE_HELLO);
	cr_assert_eq(play_take_kind(WIRE_STARTED).key.exec, 1);
	play_take_kind(WIRE_READY);
	add_signal(1);
	send_all();
	cr_assert_eq(play_take_kind(WIRE_EXIT).exit.next.exec, 0);
	cr_assert_not(has_log(2));
	play_put_spawn(2, 0, "exit 4");
	cr_assert_eq(WEXITSTATUS(play_take_exit(2).exit.wait_status), 4);
}
