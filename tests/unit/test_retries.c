/*
 * Attempts: what is tried again and when, what holds between two of them, and what counts at last.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

KIT_TEST(retries, what_fails_is_tried_again_after_its_delay, "proc a retries=2,5,2\nproc b deps=a",
    "start b\n"
    "did start:a\n"
    "exit a 1\n"
    "states a=wanted b=wanted\n"
    "reason a retry\n"
    "tick 4\n"
    "did\n"
    "tick 1\n"
    "did start:a\n"
    "exit a 1\n"
    "tick 9\n"
    "did\n"
    "tick 1\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:b\n"
    "states a=succeeded b=running\n")

KIT_TEST(retries, the_last_failure_counts, "proc a retries=1,5,2\nproc b deps=a",
    "start b\n"
    "exit a 1\n"
    "tick 5\n"
    "exit a 2\n"
    "states a=failed:exit b=failed:dep_failed\n"
    "did start:a start:a over:1\n")

KIT_TEST(retries, a_timeout_and_a_signal_are_tried_again_but_no_bad_result,
    "proc a retries=5,1,1 timeout=10\nproc b retries=5,1,1",
    "start a b\n"
    "bad_result b\n"
    "die a 9\n"
    "tick 1\n"
    "tick 10\n"
    "exit a 0\n"
    "states a=wanted b=failed:bad_result\n"
    "tick 1\n"
    "exit a 0\n"
    "states a=succeeded\n")

/* Also one that comes later gets them. */
KIT_TEST(retries, between_two_attempts_it_holds_neither_slot_nor_lock,
    "proc a retries=1,5,1 locks=l\nproc b locks=l\nproc c",
    "options parallel=1\n"
    "start a b c\n"
    "did start:a\n"
    "exit a 1\n"
    "did start:b\n"
    "tick 5\n"
    "reason a lock b\n"
    "exit b 0\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:c\n")

KIT_TEST(retries, its_wave_is_not_over_meanwhile, "proc a retries=1,5,1\nproc b wave=1",
    "start a b\n"
    "exit a 1\n"
    "states a=wanted b=wanted\n"
    "did start:a\n"
    "tick 5\n"
    "exit a 0\n"
    "did start:a start:b\n")

KIT_TEST(retries, what_waits_for_its_next_attempt_can_be_canceled,
    "proc a retries=3,5,1\nproc b deps=a",
    "start b\n"
    "exit a 1\n"
    "cancel a\n"
    "states a=failed:canceled b=failed:dep_failed\n"
    "tick 60\n"
    "did start:a over:1\n")

KIT_TEST_PLAIN(retries, what_is_canceled_is_not_tried_again, "proc a retries=3,5,1",
    "start a\n"
    "cancel a\n"
    "die a 15\n"
    "states a=failed:canceled\n"
    "tick 60\n"
    "did start:a term:a over:1\n")

KIT_TEST_PLAIN(retries, what_is_canceled_while_it_ends_for_its_timeout_is_not_tried_again,
    "proc a retries=3,5,1 timeout=10\nproc b retries=3,5,1 timeout=10",
    "start a b\n"
    "tick 10\n"
    "cancel a\n"
    "cancel b --kill\n"
    "die a 15\n"
    "die b 9\n"
    "states a=failed:canceled b=failed:canceled\n"
    "tick 60\n"
    "did start:a start:b term:a term:b kill:b over:1\n")

KIT_TEST(retries, only_the_last_failure_ends_a_run_that_fails_fast,
    "proc a retries=1,5,1\nproc b deps=c\nproc c",
    "start a b --fail-fast\n"
    "exit a 1\n"
    "states a=wanted c=running\n"
    "exit c 0\n"
    "tick 5\n"
    "exit a 1\n"
    "did start:a start:c start:b start:a term:b\n")

KIT_TEST(retries, no_failures_does_not_see_what_is_tried_again,
    "proc a retries=1,5,1\nproc b no_failures deps=c\nproc c",
    "start a b\n"
    "exit a 1\n"
    "exit c 0\n"
    "states a=wanted b=running\n")

KIT_TEST(retries, another_run_joins_it_between_two_attempts, "proc a retries=1,5,1\nproc b deps=a",
    "start a\n"
    "exit a 1\n"
    "start b\n"
    "tick 5\n"
    "did start:a start:a\n"
    "exit a 0\n"
    "did over:1 start:b\n")

/* Its first attempt was before D. */
KIT_TEST(retries, nothing_can_come_before_it_any_more, "proc a retries=1,5,1\nproc d ws=a",
    "start a @x\n"
    "exit a 1\n"
    "start d @x -> too_late\n"
    "define proc e rdeps=a\n"
    "start e @x\n"
    "tick 5\n"
    "did start:a start:e start:a\n")

KIT_TEST(retries, delays_grow_up_to_an_hour_and_no_longer, "proc a retries=9,1000,10",
    "start a\n"
    "exit a 1\n"
    "tick 1000\n"
    "exit a 1\n"
    "tick 3599\n"
    "did start:a start:a\n"
    "tick 1\n"
    "did start:a\n")

KIT_TEST(retries, what_is_transient_is_tried_again_whatever_the_definition_says,
    "proc a\nproc b retries=1,7,1",
    "start a b\n"
    "transient a\n"
    "transient b\n"
    "tick 1\n"
    "did start:a start:b start:a start:b\n"
    "transient a\n"
    "exit b 1\n"
    "tick 2\n"
    "did start:a\n"
    "exit a 1\n"
    "states a=failed:exit b=wanted\n"
    "tick 5\n"
    "did start:b\n"
    "exit b 1\n"
    "states b=failed:exit\n")

KIT_TEST(retries, the_run_that_started_it_may_end_without_it, "proc a retries=1,5,1\nproc b deps=a",
    "start a @x\n"
    "exit a 1\n"
    "start b @y\n"
    "cancel --all @x\n"
    "tick 5\n"
    "exit a 0\n"
    "states a=succeeded b=running\n")
