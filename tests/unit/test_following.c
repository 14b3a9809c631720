/*
 * What stands by after others: it waits for them alone, they run or stand by themselves, and it is
 * started once all of them have succeeded, by whoever sees that first. If one of them fails it has
 * to be given back before it can.
 */
#include <criterion/criterion.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_keeper.h"
#include "tests/unit/core_kit.h"

#define CHAIN "proc a\nproc b deps=a\nproc c deps=b\nproc x\nproc y"
#define TWO "options parallel=2 standby=2 standby_after=0\n"
#define FOUR "options parallel=2 standby=4 standby_after=0\n"

/* --- who does --- */

KIT_TEST_PLAIN(following, it_stands_by_after_what_runs_and_what_stands_by, CHAIN,
    FOUR "start c\n"
         "did start:a standby:b standby:c\n"
         "states a=running b=wanted c=wanted\n"
         "reason b deps a\n")

KIT_TEST_PLAIN(following, no_more_do_than_may_stand_by, CHAIN "\nproc d deps=c",
    TWO "start d\n"
        "did start:a standby:b standby:c\n"
        "rely a b\n"
        "did standby:d\n")

KIT_TEST_PLAIN(following, nothing_does_before_enough_were_short, CHAIN,
    "options parallel=2 standby=4 standby_after=2\n"
    "start c\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:b\n"
    "exit b 0\n"
    "did start:c\n")

KIT_TEST_PLAIN(following, nothing_does_while_others_are_ready,
    "proc a\nproc b deps=a\nproc ready locks=l",
    "options parallel=1 standby=4 standby_after=0\n"
    "start a\n"
    "start ready\n"
    "start b\n"
    "did start:a\n"
    "exit a 0\n"
    "did over:1 start:ready standby:b\n")

KIT_TEST_PLAIN(following, what_may_not_stand_by_does_not,
    "proc a\nproc l deps=a locks=l\nproc n deps=a no_failures\nproc f deps=a executor=far\n"
    "proc w deps=a wave=1\nproc collect deps=a collector\nproc late deps=a",
    FOUR "expect late 1\n"
         "start l n f w collect late\n"
         "did start:a\n")

KIT_TEST_PLAIN(following, what_would_be_canceled_by_a_failure_does_not, CHAIN,
    FOUR "start c --fail-fast\n"
         "did start:a\n")

KIT_TEST_PLAIN(following, not_after_what_is_known_to_last, CHAIN,
    FOUR "expect a 1\n"
         "start c\n"
         "did start:a\n")

KIT_TEST_PLAIN(following, not_after_what_runs_elsewhere, "proc a executor=far\nproc b deps=a",
    FOUR "start b\n"
         "did start:a\n")

KIT_TEST_PLAIN(following, not_after_what_waits_itself, CHAIN,
    FOUR "start x\n"
         "start b\n"
         "did start:x start:a standby:b\n"
         "options standby=0\n"
         "return b\n"
         "wait w x exec=a\n"
         "options standby=4 standby_after=0\n"
         "did\n")

KIT_TEST_PLAIN(following, not_after_what_is_told_to_end, CHAIN,
    "options parallel=2\nstart b\n"
    "cancel @#1 a\n"
    "did start:a term:a\n" FOUR "did\n")

KIT_TEST_PLAIN(following, after_all_that_it_waits_for, "proc a\nproc b\nproc d deps=a,b\nproc x",
    FOUR "start d\n"
         "did start:a start:b standby:d\n"
         "rely a\n"
         "rely b d\n"
         "did\n"
         "states d=running\n")

KIT_TEST_PLAIN(following, not_while_one_of_them_is_neither_there,
    "proc a\nproc b locks=l\nproc d deps=a,b\nproc x locks=l",
    FOUR "start x\n"
         "start d\n"
         "did start:x start:a\n")

KIT_TEST_PLAIN(following, not_after_more_than_a_few,
    "proc a\nproc b\nproc c\nproc d\nproc e\nproc z deps=a,b,c,d,e",
    "options parallel=8 standby=4 standby_after=0\n"
    "start z\n"
    "did start:a start:b start:c start:d start:e\n"
    "exit a 0\n"
    "did standby:z\n")

KIT_TEST_PLAIN(following, not_before_an_earlier_execution_of_its_proc, CHAIN,
    FOUR "start @one b params=1\n"
         "did start:a standby:b\n"
         "start @two b params=2\n"
         "did\n")

/* --- how it starts --- */

KIT_TEST_PLAIN(following, it_takes_the_place_of_what_it_waited_for, CHAIN,
    FOUR "start c\n"
         "did start:a standby:b standby:c\n"
         "rely a b\n"
         "did\n"
         "states a=succeeded b=running c=wanted\n"
         "rely b c\n"
         "exit c 0\n"
         "did over:1\n"
         "run @#1 succeeded\n")

KIT_TEST_PLAIN(following, it_starts_where_nobody_has_seen_to_it, CHAIN,
    FOUR "start b\n"
         "did start:a standby:b\n"
         "exit a 0\n"
         "did start:b\n"
         "promote b\n"
         "exit b 0\n"
         "did over:1\n")

KIT_TEST_PLAIN(following, a_slot_alone_does_not_start_it, CHAIN,
    FOUR "start x b\n"
         "did start:x start:a standby:b\n"
         "exit x 0\n"
         "did\n"
         "states b=wanted\n")

KIT_TEST_PLAIN(following, who_comes_behind_it_and_is_due_is_not_kept_waiting, CHAIN,
    "options parallel=2 standby=4 standby_after=0\n"
    "start b\n"
    "start x\n"
    "start y\n"
    "did start:a standby:b start:x standby:y\n"
    "exit x 0\n"
    "did over:2 start:y\n"
    "states b=wanted\n")

KIT_TEST_PLAIN(following, it_waits_again_once_it_is_given_back, CHAIN,
    "options parallel=2 standby=4 standby_after=1\n"
    "start x\n"
    "exit x 0\n"
    "start b\n"
    "did start:x over:1 start:a standby:b\n"
    "return b\n"
    "did\n"
    "reason b deps a\n"
    "exit a 0\n"
    "did start:b\n"
    "count b 1\n")

/* --- failures --- */

KIT_TEST_PLAIN(following, it_fails_with_what_it_waits_for_once_it_is_given_back, CHAIN,
    FOUR "start c\n"
         "did start:a standby:b standby:c\n"
         "exit a 1\n"
         "did term:b\n"
         "states a=failed:exit b=wanted c=wanted\n"
         "return b\n"
         "did term:c\n"
         "states b=failed:dep_failed c=wanted\n"
         "return c\n"
         "states c=failed:dep_failed\n"
         "info c dependency b failed\n"
         "did over:1\n"
         "count b 0\n")

KIT_TEST_PLAIN(following, it_was_given_back_before, CHAIN,
    FOUR "start b\n"
         "options standby=0\n"
         "return b\n"
         "exit a 1\n"
         "did start:a standby:b over:1\n"
         "states b=failed:dep_failed\n")

KIT_TEST_PLAIN(following, what_it_waits_for_may_be_tried_again,
    "proc a retries=1:exit\nproc b deps=a",
    FOUR "start b\n"
         "options standby=0\n"
         "did start:a standby:b\n"
         "return b\n"
         "exit a 1\n"
         "tick 1\n"
         "did start:a\n"
         "exit a 0\n"
         "did start:b\n")

/* Whoever has canceled it was told so: what has begun after it is ended. */
KIT_TEST_PLAIN(following, who_was_canceled_stays_so_though_it_has_succeeded, CHAIN,
    FOUR "start c\n"
         "cancel @#1 a => a\n"
         "did start:a standby:b standby:c term:a\n"
         "rely a b\n"
         "did term:b\n"
         "states a=failed:canceled b=running c=wanted\n"
         "rely b c\n"
         "did term:c\n"
         "states b=failed:dep_failed c=running\n"
         "die c 15\n"
         "states c=failed:dep_failed\n")

KIT_TEST_PLAIN(following, who_has_succeeded_was_not_too_late, "proc a timeout=2\nproc b deps=a",
    FOUR "start b\n"
         "tick 2\n"
         "did start:a standby:b term:a\n"
         "rely a\n"
         "did start:b\n"
         "states a=succeeded b=running\n")

KIT_TEST_PLAIN(following, who_ends_otherwise_has_failed, "proc a timeout=2\nproc b deps=a",
    FOUR "start b\n"
         "tick 2\n"
         "exit a 0\n"
         "did start:a standby:b term:a term:b\n"
         "return b\n"
         "states a=failed:timeout b=failed:dep_failed\n")

KIT_TEST_PLAIN(following, it_is_canceled_with_its_run, CHAIN,
    FOUR "start c\n"
         "cancel @#1 => c b a\n"
         "did start:a standby:b standby:c term:c term:b term:a\n"
         "return b\n"
         "return c\n"
         "die a 15\n"
         "states a=failed:canceled b=failed:canceled c=failed:canceled\n")

/* a goes on for the other run; who has not been given back yet cannot be certain not to start. */
KIT_TEST_PLAIN(following, it_fails_where_what_it_waits_for_was_canceled, CHAIN,
    FOUR "start @one b\n"
         "start @two a\n"
         "cancel @one a => a\n"
         "did start:a standby:b term:b\n"
         "states a=running b=wanted\n"
         "return b\n"
         "states b=failed:dep_failed\n"
         "info b dependency a failed\n"
         "run @one failed\n"
         "exit a 0\n"
         "run @two succeeded\n")

KIT_TEST_PLAIN(following, it_may_have_been_started_by_then, CHAIN,
    FOUR "start @one b\n"
         "start @two a\n"
         "cancel @one a\n"
         "did start:a standby:b term:b\n"
         "rely a b\n"
         "states a=succeeded b=running\n"
         "die b 15\n"
         "states b=failed:dep_failed\n"
         "count b 0\n")

KIT_TEST_PLAIN(following, it_goes_on_for_the_runs_that_are_left, CHAIN,
    FOUR "start @one b\n"
         "start @two b\n"
         "cancel @one a\n"
         "did start:a standby:b over:1\n"
         "rely a b\n"
         "exit b 0\n"
         "run @one failed\n"
         "run @two succeeded\n")

KIT_TEST_PLAIN(following, it_fails_where_it_joins_what_has_failed_there, CHAIN,
    FOUR "open @two\n"
         "start @one b\n"
         "start @two a\n"
         "did start:a standby:b\n"
         "cancel @two a\n"
         "start @two b\n"
         "states @two a=failed:canceled b=failed:dep_failed\n"
         "rely a b\n"
         "exit b 0\n"
         "run @one succeeded\n")

/* --- what comes before it --- */

KIT_TEST_PLAIN(following, it_is_wanted_back_before_others_are_scheduled, CHAIN "\nproc strict ws=b",
    FOUR "start c\n"
         "did start:a standby:b standby:c\n"
         "hold\n"
         "did recall:b recall:c\n"
         "return b\n"
         "return c\n"
         "did\n"
         "start @#1 strict\n"
         "release\n"
         "did start:strict standby:b standby:c\n"
         "exit a 0\n"
         "states b=wanted\n"
         "rely strict b\n"
         "states b=running\n")

KIT_TEST_PLAIN(following, what_stands_by_after_nothing_is_not_wanted_back, CHAIN,
    "options parallel=1 standby=4 standby_after=0\n"
    "start x y\n"
    "did start:x standby:y\n"
    "hold\n"
    "did\n")

KIT_TEST_PLAIN(following, not_while_a_command_may_bring_something_before_it,
    CHAIN "\nproc asking command=./x",
    FOUR "start asking\n"
         "did resolve:asking\n"
         "start b\n"
         "did start:a\n"
         "answer_failed asking\n"
         "did over:1 standby:b\n")

KIT_TEST_PLAIN(following, not_while_something_is_missing, CHAIN "\nproc waiting deps=ghost",
    FOUR "open @two\n"
         "start @two waiting\n"
         "start b\n"
         "did start:a\n"
         "close @two\n"
         "states waiting=failed:dep_missing\n"
         "did over:1 standby:b\n")

KIT_TEST_PLAIN(following, not_at_once_after_it_was_in_vain, CHAIN,
    "options parallel=2 standby=4 standby_after=1\n"
    "start x\n"
    "exit x 0\n"
    "start c\n"
    "did start:x over:1 start:a standby:b standby:c\n"
    "return b\n"
    "return c\n"
    "did\n"
    "exit a 0\n"
    "did start:b standby:c\n")

/* --- who asks --- */

KIT_TEST_PLAIN(following, it_is_known_not_to_end_before_what_it_waits_for, CHAIN,
    FOUR "start b\n"
         "did start:a standby:b\n"
         "wait w @#1 b exec=a -> deadlock\n")

Test(following, its_process_is_not_heard_before_it_is_certain_that_it_runs)
{
	struct kit *kit = kit_new(CHAIN);
	kit_play(kit, FOUR "start b\ndid start:a standby:b");
	uint64_t a = kit_execution(kit, "a")->id, b = kit_execution(kit, "b")->id;
	cr_assert_not(core_is_following(kit->core, a));
	cr_assert(core_is_following(kit->core, b));
	cr_assert_null(core_find_asker(kit->core, b, kit->now_ns));
	core_exited(kit->core, a, &(struct exit_report){.is_relied_on = true}, kit->now_ns);
	cr_assert_not(core_is_following(kit->core, b));
	cr_assert_not_null(core_find_asker(kit->core, b, kit->now_ns));
	kit_free(kit);
}

/* --- restarts --- */

static struct kit *start_kept(const char *definitions, const char *script)
{
	struct kit *kit = kit_new_kept(definitions);
	kit->is_lasting = true;
	kit_play(kit, FOUR);
	kit_play(kit, script);
	return kit;
}

/* Another core takes over; nothing is done yet. */
static void crash(struct kit *kit)
{
	struct core_options options = *core_get_options(kit->core);
	options.separator = "::"; /* not the core's own text, which goes */
	struct core *core = keeper_restore(kit->keeper, &options, kit->now_ns);
	cr_assert_not_null(core);
	core_free(kit->core);
	kit->core = core;
	kit_set_executors(core);
}

static void give_back(struct kit *kit, const char *name)
{
	core_returned(kit->core, kit_execution(kit, name)->id, kit->now_ns);
}

Test(following, after_a_restart_it_waits_if_it_was_not_started)
{
	struct kit *kit = start_kept(CHAIN, "start c\ndid start:a standby:b standby:c");
	crash(kit);
	give_back(kit, "b");
	give_back(kit, "c");
	kit_play(kit, "options standby=0\nstates a=running b=wanted c=wanted\ndid\n"
	              "exit a 0\ndid start:b\nexit b 0\ndid start:c\ncount c 1");
	kit_free(kit);
}

Test(following, after_a_restart_it_may_have_been_started)
{
	struct kit *kit = start_kept(CHAIN, "start b\ndid start:a standby:b");
	crash(kit);
	core_exited(kit->core, kit_execution(kit, "a")->id,
	    &(struct exit_report){.is_relied_on = true}, kit->now_ns);
	core_promoted(kit->core, kit_execution(kit, "b")->id, kit->now_ns, kit->now_ns);
	kit_play(kit, "states a=succeeded b=running\nexit b 0\nrun @#1 succeeded");
	kit_free(kit);
}

Test(following, after_a_restart_it_fails_if_what_it_waits_for_has)
{
	struct kit *kit = start_kept(CHAIN, "start b\ndid start:a standby:b");
	crash(kit);
	core_exited(kit->core, kit_execution(kit, "a")->id,
	    &(struct exit_report){.wait_status = 1 << 8}, kit->now_ns);
	give_back(kit, "b");
	kit_play(kit, "states a=failed:exit b=failed:dep_failed\ncount b 0");
	kit_free(kit);
}

Test(following, after_a_restart_it_still_fails_where_it_was_about_to)
{
	struct kit *kit = start_kept(CHAIN, "start b\nexit a 1\ndid start:a standby:b term:b");
	crash(kit);
	give_back(kit, "b");
	kit_play(kit, "states a=failed:exit b=failed:dep_failed\ninfo b dependency a failed");
	kit_free(kit);
}

Test(following, after_a_restart_it_may_run_though_what_it_waited_for_has_failed)
{
	struct kit *kit = start_kept(CHAIN, "start b\n"
	                                    "cancel @#1 a\n"
	                                    "rely a b\n"
	                                    "did start:a standby:b term:a term:b\n"
	                                    "states a=failed:canceled b=running");
	crash(kit);
	core_promoted(kit->core, kit_execution(kit, "b")->id, kit->now_ns, kit->now_ns);
	kit_play(kit, "tick 0\ndid term:b\ndie b 15\nstates b=failed:dep_failed\nrun @#1 failed");
	kit_free(kit);
}

Test(following, what_is_lost_before_what_it_waits_for_waits_for_it_again)
{
	struct kit *kit = start_kept("proc a\nproc b deps=a retries=3:lost",
	    "start @one b\nstart @two b\ndid start:a standby:b");
	crash(kit);
	kit_play(kit, "options standby=0\n"
	              "lost b\n"
	              "states a=running b=wanted\n"
	              "tick 1\n"
	              "did\n"
	              "cancel @one a\n"
	              "states @one a=failed:canceled b=failed:dep_failed\n"
	              "exit a 0\n"
	              "did over:1 start:b\n"
	              "exit b 0\n"
	              "run @two succeeded");
	kit_free(kit);
}

Test(following, what_is_lost_with_what_it_waits_for_is_not_tried_again)
{
	struct kit *kit = start_kept("proc a\nproc b deps=a retries=3:lost\nproc c deps=b",
	    "start c\ndid start:a standby:b standby:c");
	crash(kit);
	kit_play(kit, "lost a\nlost b\nlost c\n"
	              "states a=failed:lost b=failed:dep_failed c=failed:lost\n"
	              "did over:1");
	kit_free(kit);
}
