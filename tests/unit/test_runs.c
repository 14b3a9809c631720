/*
 * Runs, sentence by sentence: fresh, named, numbered and held open, forgotten, waited for. What two
 * of them share is in test_sharing.c.
 */
#include <criterion/criterion.h>

#include "daemon/core/state.h"
#include "tests/unit/core_kit.h"

/* --- runs --- */

KIT_TEST(runs, each_run_executes_anew, "proc dep\nproc top deps=dep",
    "start top\n"
    "exit dep 0\n"
    "exit top 0\n"
    "start top\n"
    "exit dep 0\n"
    "exit top 0\n"
    "count dep 2\n"
    "count top 2\n"
    "run @#1 succeeded\n"
    "run @#2 succeeded\n")

KIT_TEST(runs, within_a_run_a_proc_executes_at_most_once_whatever_its_state,
    "proc bad\nproc top\nproc hold",
    "start bad top hold\n"
    "exit bad 1\n"
    "exit top 0\n"
    "start @#1 bad top hold => bad top hold\n"
    "did start:bad start:top start:hold\n"
    "members @#1 bad top hold\n")

KIT_TEST(runs, a_named_run_is_one_scope_for_all_that_use_its_name,
    "proc setup\nproc a deps=setup\nproc b deps=setup\nproc hold",
    "start @nightly hold\n"
    "start @nightly a\n"
    "exit setup 0\n"
    "exit a 0\n"
    "start @nightly b\n"
    "states b=running\n"
    "count setup 1\n"
    "members @nightly hold setup a b\n")

KIT_TEST(runs, starting_under_the_name_of_a_run_that_is_over_begins_a_new_one, "proc a",
    "start @r a\n"
    "exit a 0\n"
    "run @r succeeded\n"
    "start @r a\n"
    "run @r active\n"
    "run @#1 succeeded\n"
    "run @#2 active\n"
    "count a 2\n")

KIT_TEST(runs, looking_under_a_name_sees_the_newest, "proc a\nproc b",
    "start @r a\n"
    "exit a 0\n"
    "start @r b\n"
    "exit b 1\n"
    "run @r failed\n"
    "members @r b\n"
    "wait w @r\n"
    "waits w=failed\n")

KIT_TEST(runs, a_request_in_a_numbered_run_that_is_over_is_not_allowed_unless_it_is_all_there,
    "proc a\nproc b deps=a\nproc c",
    "start b\n"
    "exit a 0\n"
    "exit b 0\n"
    "start @#1 c -> not_allowed\n"
    "start @#1 a c -> not_allowed\n"
    "start @#1 a b => a b\n"
    "run @#1 succeeded\n"
    "count a 1\n"
    "open @#1 -> not_allowed\n")

KIT_TEST(runs, a_run_is_over_when_all_its_executions_are_complete, "proc a\nproc b",
    "start a b\n"
    "exit a 1\n"
    "run @#1 active\n"
    "exit b 0\n"
    "run @#1 failed\n"
    "did start:a start:b over:1\n")

KIT_TEST(runs, open_keeps_one_scope_over_several_commands_and_holds_are_counted,
    "proc setup\nproc a deps=setup",
    "open @r\n"
    "open @r\n"
    "start @r a\n"
    "exit setup 0\n"
    "exit a 0\n"
    "run @r active\n"
    "start @r a\n"
    "count a 1\n"
    "close @r\n"
    "run @r active\n"
    "close @r\n"
    "run @r succeeded\n"
    "close @r -> not_allowed|not_found\n"
    "start @r a\n"
    "run @#2 active\n")

KIT_TEST(runs, a_run_that_is_only_held_open_is_over_when_it_is_closed, "",
    "open @r\n"
    "run @r active\n"
    "close @r\n"
    "run @r succeeded\n"
    "did over:1\n")

KIT_TEST(runs, a_wait_for_the_whole_run_takes_one_hold_back, "proc a",
    "open @r\n"
    "start @r a\n"
    "wait w @r\n"
    "exit a 0\n"
    "waits w=ok\n"
    "run @r succeeded\n")

KIT_TEST(runs, a_wait_while_others_hold_the_run_waits_until_it_is_over, "proc a",
    "open @r\n"
    "open @r\n"
    "start @r a\n"
    "wait w @r\n"
    "exit a 0\n"
    "waits w=pending\n"
    "close @r\n"
    "waits w=ok\n")

KIT_TEST(runs, waves_are_per_run, "proc low\nproc high wave=1\nproc other wave=1",
    "start high low\n"
    "start other\n"
    "states other=running high=wanted\n")

Test(runs, a_chain_is_forgotten_as_a_whole)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a\nproc c deps=b");
	struct core_load load;

	kit_play(kit, "start c\nexit a 0\nexit b 0\nexit c 0\nclear => 1");
	core_get_load(kit->core, &load);
	cr_assert_eq(load.n_executions, 0);
	cr_assert_null(kit_execution(kit, "a"));
	kit_free(kit);
}

KIT_TEST(runs, clear_forgets_runs_that_are_over, "proc a\nproc b",
    "start a\n"
    "start b\n"
    "exit a 0\n"
    "clear @#2 -> not_allowed\n"
    "clear => 1\n"
    "run @#1 gone\n"
    "run @#2 active\n"
    "states a=idle b=running\n"
    "exit b 0\n"
    "clear @#2 => 1\n"
    "run @#2 gone\n")

KIT_TEST(runs, finished_runs_are_pruned_oldest_first, "proc a\nproc b",
    "options keep_runs=2\n"
    "start b\n"
    "start a\n"
    "exit a 0\n"
    "start a\n"
    "exit a 0\n"
    "start a\n"
    "exit a 0\n"
    "run @#1 active\n"
    "run @#2 gone\n"
    "run @#3 succeeded\n"
    "run @#4 succeeded\n"
    "options keep_runs=1\n"
    "run @#3 gone\n"
    "states a=succeeded b=running\n")

/* Down to the last dependency, however deep, and not only when something else happens. */
Test(runs, what_a_forgotten_run_had_goes_with_it)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a\nproc c deps=b\nproc d deps=c\nproc x");

	kit_play(kit, "options keep_runs=1\n"
	              "start d\n"
	              "exit a 0\n"
	              "exit b 0\n"
	              "exit c 0\n"
	              "exit d 0\n"
	              "start x\n"
	              "run @#1 succeeded\n");
	cr_assert_eq(kit->core->n_executions, 5);
	kit_play(kit, "exit x 0\n");
	cr_assert_eq(kit->core->n_executions, 1);
	kit_free(kit);
}

Test(runs, what_is_forgotten_is_freed_when_it_was_told_of_however_much_goes_on)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a");

	kit_play(kit, "options keep_runs=1\n"
	              "start b\n"
	              "exit a 0\n"
	              "exit b 0\n"
	              "start a\n"
	              "exit a 0\n"
	              "run @#1 gone\n");
	cr_assert_null(kit->core->graveyard);
	cr_assert_null(kit->core->run_graveyard);
	kit_free(kit);
}

KIT_TEST(runs, the_state_of_a_proc_is_that_of_its_newest_execution, "proc a\nproc hold",
    "start @r a hold\n"
    "exit a 1\n"
    "start a\n"
    "exit a 0\n"
    "states a=succeeded\n"
    "states @r a=failed:exit hold=running\n")

/* --- waits --- */

KIT_TEST(runs, a_wait_for_names_ends_when_they_are_complete, "proc a\nproc b deps=a\nproc c",
    "start b c\n"
    "wait w @#1 b\n"
    "wait v b\n"
    "wait u @#1 b c\n"
    "exit a 1\n"
    "waits w=failed v=failed u=pending\n"
    "exit c 0\n"
    "waits u=failed\n"
    "wait t @#1 c\n"
    "waits t=ok\n")

KIT_TEST(runs, a_wait_also_waits_for_procs_that_are_not_created_yet, "proto later::[x]",
    "wait w later::1 ghost\n"
    "define proc ghost\n"
    "start later::1\n"
    "exit later::1 0\n"
    "waits w=pending\n"
    "start ghost\n"
    "waits w=pending\n"
    "exit ghost 0\n"
    "waits w=ok\n")

KIT_TEST(runs, a_wait_without_names_and_run_is_for_all_runs_active_now, "proc a\nproc b\nproc c",
    "wait none\n"
    "waits none=ok\n"
    "start a\n"
    "start b\n"
    "wait w\n"
    "start c\n"
    "exit a 0\n"
    "waits w=pending\n"
    "exit b 0\n"
    "waits w=ok\n")

KIT_TEST(runs, a_wait_that_is_given_up_is_not_answered, "proc a",
    "start a\n"
    "wait w @#1\n"
    "wait v a\n"
    "end w\n"
    "end v\n"
    "exit a 0\n"
    "run @#1 succeeded\n")
