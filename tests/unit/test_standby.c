/*
 * What stands by: it is handed over before it has a slot, and is started in the place of what ends,
 * or when it is its turn, or is given back. Whoever starts it may do so before the core has heard
 * of it, and may be asked for something else meanwhile.
 */
#include <criterion/criterion.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_keeper.h"
#include "tests/unit/core_kit.h"

#define PROCS "proc a\nproc b\nproc c\nproc d\nproc e\nproc f"
#define ONE "options parallel=1 standby=1 standby_after=0\n"
#define TWO "options parallel=1 standby=2 standby_after=0\n"
#define FOUR "options parallel=1 standby=4 standby_after=0\n"

/* --- who does --- */

KIT_TEST_PLAIN(standby, nothing_does_before_enough_were_short, PROCS,
    "options parallel=1 standby=1 standby_after=2\n"
    "start a b c d\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:b\n"
    "exit b 0\n"
    "did start:c standby:d\n")

KIT_TEST_PLAIN(standby, what_lasts_has_the_count_begin_anew, PROCS,
    "options parallel=1 standby=1 standby_after=2\n"
    "start a b c d e f\n"
    "exit a 0\n"
    "tick 1\n"
    "exit b 0\n"
    "exit c 0\n"
    "did start:a start:b start:c start:d\n"
    "exit d 0\n"
    "did start:e standby:f\n")

KIT_TEST_PLAIN(standby, nothing_does_while_a_slot_is_free, PROCS,
    "options parallel=2 standby=4 standby_after=0\n"
    "start a b\n"
    "did start:a start:b\n"
    "start c\n"
    "did standby:c\n")

KIT_TEST_PLAIN(standby, nothing_does_where_the_option_is_0_or_all_is_single, PROCS,
    "options parallel=1 standby=0 standby_after=0\n"
    "start a b\n"
    "did start:a\n"
    "options parallel=1 standby=4 single\n"
    "start c\n"
    "did\n")

KIT_TEST_PLAIN(standby, it_is_in_the_order_of_starts, "proc a\nproc b\nproc c priority=1\nproc d",
    TWO "start a b\n"
        "did start:a standby:b\n"
        "start d c\n"
        "did standby:c\n"
        "exit a 0\n"
        "did start:b standby:d\n"
        "states a=succeeded b=running c=wanted d=wanted\n")

KIT_TEST_PLAIN(standby, half_of_them_have_to_be_gone_before_more_do, PROCS "\nproc g",
    FOUR "start a b c d e f g\n"
         "did start:a standby:b standby:c standby:d standby:e\n"
         "exit a 0\n"
         "did start:b\n"
         "exit b 0\n"
         "did start:c standby:f standby:g\n")

KIT_TEST_PLAIN(standby, what_needs_more_than_a_slot_keeps_those_behind_it_waiting,
    "proc a\nproc locked locks=l\nproc b",
    FOUR "start a\n"
         "start locked\n"
         "start b\n"
         "did start:a\n"
         "exit a 0\n"
         "did over:1 start:locked standby:b\n")

KIT_TEST_PLAIN(standby, what_uses_a_pool_does_not, "proc a",
    FOUR "pools p=1\n"
         "define proc b use=p:1\n"
         "start a b\n"
         "did start:a\n")

KIT_TEST_PLAIN(standby, what_asks_for_no_failures_does_not, "proc a\nproc b no_failures",
    FOUR "start a b\n"
         "did start:a\n"
         "exit a 1\n"
         "states b=failed:failures\n")

KIT_TEST_PLAIN(standby, what_would_be_canceled_by_a_failure_does_not, PROCS,
    FOUR "start a b --fail-fast\n"
         "did start:a\n"
         "exit a 1\n"
         "states b=failed:canceled\n")

KIT_TEST_PLAIN(standby, what_is_known_to_last_does_not, PROCS,
    FOUR "expect b 1\n"
         "start a\n"
         "start b\n"
         "did start:a\n")

KIT_TEST_PLAIN(standby, what_is_not_local_does_not, "proc a executor=far\nproc b executor=far",
    FOUR "start a b\n"
         "did start:a\n")

KIT_TEST_PLAIN(standby, what_is_tried_again_does_not, "proc a retries=1:exit\nproc b",
    ONE "start a\n"
        "start b\n"
        "did start:a standby:b\n"
        "exit a 1\n"
        "did start:b\n"
        "states a=wanted b=running\n")

KIT_TEST_PLAIN(standby, what_waits_for_its_wave_does_not, "proc a\nproc b wave=1\nproc low wave=-1",
    TWO "start a b\n"
        "did start:a\n"
        "exit a 0\n"
        "did start:b\n")

/* --- how it starts --- */

KIT_TEST_PLAIN(standby, it_takes_the_place_of_what_has_ended, PROCS,
    ONE "start a b c\n"
        "did start:a standby:b\n"
        "exit a 0\n"
        "did start:b standby:c\n"
        "promote b\n"
        "did\n"
        "states b=running c=wanted\n"
        "exit b 0\n"
        "did start:c\n"
        "exit c 0\n"
        "did over:1\n"
        "run @#1 succeeded\n")

Test(standby, an_end_with_a_promotion_starts_nothing)
{
	struct kit *kit = kit_new(PROCS);
	struct exit_report report = {0};
	kit_play(kit, ONE "start a b c\ndid start:a standby:b");
	core_exited(kit->core, kit_execution(kit, "a")->id, &report, kit->now_ns);
	core_promoted(kit->core, kit_execution(kit, "b")->id, kit->now_ns, kit->now_ns);
	kit_settle(kit);
	kit_play(kit, "did standby:c\nstates a=succeeded b=running c=wanted");
	kit_free(kit);
}

KIT_TEST_PLAIN(standby, it_starts_when_a_slot_is_free_though_nothing_has_ended, PROCS,
    TWO "start a b c d\n"
        "did start:a standby:b standby:c\n"
        "options parallel=2\n"
        "did start:b standby:d\n"
        "options parallel=4\n"
        "did start:c start:d\n")

KIT_TEST_PLAIN(standby, it_starts_in_the_slot_of_what_waits, "proc a\nproc b\nproc c",
    ONE "start a b\n"
        "start c\n"
        "did start:a standby:b\n"
        "wait w b exec=a\n"
        "did start:b standby:c\n"
        "exit b 0\n"
        "waits w=ok\n")

KIT_TEST_PLAIN(standby, it_is_not_overtaken, "proc a\nproc b\nproc urgent priority=9",
    ONE "start a b\n"
        "start urgent\n"
        "did start:a standby:b\n"
        "exit a 0\n"
        "did start:b standby:urgent\n")

KIT_TEST_PLAIN(standby, a_lower_wave_that_comes_up_does_not_hold_it_back,
    "proc a\nproc b wave=1\nproc low locks=l\nproc other wave=1 locks=l",
    ONE "start @one other\n"
        "start @r b\n"
        "did start:other standby:b\n"
        "start @r low\n"
        "reason b slot\n"
        "options parallel=2\n"
        "did start:b\n")

KIT_TEST_PLAIN(standby, its_time_limit_runs_from_when_it_was_started, "proc a\nproc b timeout=5",
    ONE "start a b\n"
        "tick 10\n"
        "promote b 3\n"
        "tick 1\n"
        "did start:a standby:b\n"
        "tick 1\n"
        "did term:b\n")

KIT_TEST_PLAIN(standby, what_joins_it_comes_too_late_for_what_has_to_be_before_it,
    "proc a\nproc b\nproc first ws=b",
    ONE "start a\n"
        "start @r b\n"
        "did start:a standby:b\n"
        "start @r first -> too_late first b\n")

/* --- when it does not --- */

KIT_TEST_PLAIN(standby, what_is_given_back_is_in_line_again, "proc a\nproc b\nproc c priority=1",
    "options parallel=1 standby=1 standby_after=1\n"
    "start a b\n"
    "exit a 0\n"
    "start a\n"
    "start c\n"
    "did start:a start:b standby:a\n"
    "return a\n"
    "did\n"
    "exit b 0\n"
    "did over:1 start:c standby:a\n"
    "exit c 0\n"
    "did over:3 start:a\n")

KIT_TEST_PLAIN(standby, what_is_given_back_waits_for_its_wave, "proc a\nproc b wave=1\nproc low",
    "options parallel=1 standby=1 standby_after=0\n"
    "start @one a\n"
    "start @r b\n"
    "did start:a standby:b\n"
    "start @r low\n"
    "options standby=0\n"
    "return b\n"
    "exit a 0\n"
    "did over:1 start:low\n"
    "exit low 0\n"
    "did start:b\n")

KIT_TEST_PLAIN(standby, what_was_started_is_not_given_back, PROCS,
    ONE "start a b\n"
        "exit a 0\n"
        "return b\n"
        "did start:a standby:b start:b\n"
        "states b=running\n")

/* --- cancel --- */

KIT_TEST_PLAIN(standby, what_is_canceled_has_failed_once_it_is_given_back, PROCS "\nproc u deps=b",
    ONE "start a b u c\n"
        "did start:a standby:b\n"
        "cancel @#1 b => b\n"
        "did term:b standby:c\n"
        "states b=wanted u=wanted\n"
        "options parallel=2\n"
        "did start:c\n"
        "return b\n"
        "states b=failed:canceled u=failed:dep_failed\n"
        "count b 0\n")

KIT_TEST_PLAIN(standby, what_is_canceled_may_have_been_started, PROCS,
    "options kill_after=5\n" ONE "start a b\n"
    "cancel @#1 b\n"
    "did start:a standby:b term:b\n"
    "tick 10\n"
    "exit a 0\n"
    "promote b 1\n"
    "states b=running\n"
    "tick 4\n"
    "did\n"
    "tick 1\n"
    "did kill:b\n"
    "die b 9\n"
    "states b=failed:canceled\n")

KIT_TEST_PLAIN(standby, what_is_killed_is_not_so_twice, PROCS,
    "options kill_after=5\n" ONE "start a b\n"
    "cancel @#1 b --kill\n"
    "exit a 0\n"
    "promote b\n"
    "tick 10\n"
    "did start:a standby:b kill:b\n"
    "die b 9\n"
    "states b=failed:canceled\n")

KIT_TEST_PLAIN(standby, what_is_canceled_in_one_run_goes_on_for_another, PROCS,
    ONE "start @one a b\n"
        "start @two b\n"
        "did start:a standby:b\n"
        "cancel @one b => b\n"
        "did\n"
        "exit a 0\n"
        "did over:1 start:b\n"
        "exit b 0\n"
        "run @one failed\n"
        "run @two succeeded\n")

/* --- who asks runs --- */

KIT_TEST_PLAIN(standby, who_waits_has_been_started_and_lends_its_slot, PROCS,
    ONE "start a b\n"
        "did start:a standby:b\n"
        "wait w @#1 c exec=b\n"
        "states b=running c=wanted\n"
        "exit a 0\n"
        "did start:b standby:c start:c\n"
        "promote b\n"
        "exit c 0\n"
        "waits w=ok\n")

KIT_TEST_PLAIN(standby, who_is_waited_for_by_who_it_starts_and_waits_for_is_told, PROCS,
    ONE "start @r a b\n"
        "did start:a standby:b\n"
        "wait w @r b exec=a\n"
        "wait v @r a exec=b -> deadlock\n")

/* --- restarts --- */

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

static struct kit *start_kept(const char *script)
{
	struct kit *kit = kit_new_kept(PROCS "\nproc t timeout=5");
	kit->is_lasting = true;
	kit_play(kit, "options kill_after=5\n" ONE);
	kit_play(kit, script);
	return kit;
}

Test(standby, after_a_restart_it_may_have_been_started)
{
	struct kit *kit = start_kept("start a t c\ndid start:a standby:t\ntick 3");
	crash(kit);
	core_promoted(
	    kit->core, kit_execution(kit, "t")->id, kit->now_ns - 3 * KIT_SECOND_NS, kit->now_ns);
	kit_play(kit, "states a=running t=running c=wanted\n"
	              "exit a 0\n"
	              "did standby:c\n"
	              "tick 1\n"
	              "did\n"
	              "tick 1\n"
	              "did term:t\n"
	              "die t 15\n"
	              "states t=failed:timeout\n"
	              "did start:c");
	kit_free(kit);
}

Test(standby, after_a_restart_it_is_in_line_again_if_it_was_not)
{
	struct kit *kit = start_kept("start a b c\ndid start:a standby:b\ntick 3");
	crash(kit);
	core_returned(kit->core, kit_execution(kit, "b")->id, kit->now_ns);
	kit_play(kit, "states a=running b=wanted c=wanted\n"
	              "did\n"
	              "exit a 0\n"
	              "did start:b standby:c\n"
	              "count b 1");
	kit_free(kit);
}

Test(standby, after_a_restart_it_is_lost_where_nobody_knows)
{
	struct kit *kit = start_kept("start a b\ndid start:a standby:b");
	crash(kit);
	kit_play(kit, "lost b\nstates a=running b=failed:lost\nlost a\ndid over:1");
	kit_free(kit);
}

Test(standby, after_a_restart_it_is_still_canceled)
{
	struct kit *kit = start_kept("start a b\ncancel @#1 b\ndid start:a standby:b term:b");
	crash(kit);
	core_returned(kit->core, kit_execution(kit, "b")->id, kit->now_ns);
	kit_play(kit, "states a=running b=failed:canceled\ncount b 0");
	kit_free(kit);
}

Test(standby, after_a_restart_it_is_killed_if_it_runs_and_does_not_end)
{
	struct kit *kit = start_kept("start a b\ncancel @#1 b\ndid start:a standby:b term:b");
	crash(kit);
	core_promoted(kit->core, kit_execution(kit, "b")->id, kit->now_ns, kit->now_ns);
	kit_play(kit, "tick 4\ndid term:b\ntick 1\ndid kill:b\ndie b 9\nstates b=failed:canceled");
	kit_free(kit);
}

static unsigned count_news(struct kit *kit, enum execution_state state)
{
	struct action action;
	unsigned n = 0;
	core_advance(kit->core, kit->now_ns);
	while (core_next_action(kit->core, &action))
		n += action.kind == ACTION_CHANGED && action.state == state;
	return n;
}

Test(standby, after_a_restart_it_is_told_that_it_runs)
{
	struct kit *kit = start_kept("start a b");
	crash(kit);
	core_promoted(kit->core, kit_execution(kit, "b")->id, kit->now_ns, kit->now_ns);
	cr_assert_eq(count_news(kit, STATE_RUNNING), 1);
	kit_free(kit);
}

Test(standby, after_a_restart_it_is_not_told_again_that_it_waits)
{
	struct kit *kit = start_kept("start a b");
	crash(kit);
	core_returned(kit->core, kit_execution(kit, "b")->id, kit->now_ns);
	cr_assert_eq(count_news(kit, STATE_WANTED), 0);
	kit_free(kit);
}

/* What is kept is not written again for a promotion: whoever has started it says so again. */
Test(standby, that_it_was_started_is_not_kept)
{
	struct kit *kit = start_kept("start a b\nexit a 0");
	kit_play(kit, "start c\ndid start:a standby:b start:b standby:c");
	core_exited(kit->core, kit_execution(kit, "b")->id, &(struct exit_report){0}, kit->now_ns);
	core_promoted(kit->core, kit_execution(kit, "c")->id, kit->now_ns, kit->now_ns);
	kit_settle(kit);
	char *difference = keeper_compare(kit->keeper, kit->core);
	cr_assert_null(difference, "%s", difference);
	crash(kit);
	cr_assert(kit_execution(kit, "c")->is_standby);
	core_promoted(kit->core, kit_execution(kit, "c")->id, kit->now_ns, kit->now_ns);
	kit_play(kit, "states c=running\nexit c 0\nstates c=succeeded");
	kit_free(kit);
}

/* d counts as canceled in one of the runs, where it is not too late any more. */
KIT_TEST_PLAIN(standby, what_is_given_back_fails_where_what_it_depends_on_has,
    "proc x\nproc d\nproc c deps=d",
    ONE "expect d 1\n"
        "open @one\n"
        "start @one d\n"
        "start @two c\n"
        "cancel @one d\n"
        "did start:d\n"
        "start @one x\n"
        "did standby:x\n"
        "exit d 0\n"
        "did start:x standby:c\n"
        "start @one c\n"
        "members @one d x c\n"
        "states c=wanted\n"
        "options standby=0\n"
        "return c\n"
        "states @one d=failed:canceled c=failed:dep_failed\n"
        "states c=wanted\n"
        "exit x 0\n"
        "exit c 0\n"
        "run @two succeeded\n")
