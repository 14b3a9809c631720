/*
 * When an execution starts and how it ends, sentence by sentence: dependencies, waves, the parallel
 * limit, executors, timeouts, states and errors, all in one run.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

/* --- states and errors --- */

KIT_TEST(schedule, a_proc_goes_from_idle_over_running_to_succeeded, "proc a",
    "states a=idle\n"
    "start a => a\n"
    "did start:a\n"
    "states a=running\n"
    "exit a 0\n"
    "did over:1\n"
    "states a=succeeded\n"
    "run @#1 succeeded\n")

KIT_TEST(schedule, a_status_other_than_0_and_77_is_exit, "proc a\nproc b",
    "start a b\n"
    "exit a 3\n"
    "exit b 255\n"
    "states a=failed:exit b=failed:exit\n"
    "info a 3\n"
    "run @#1 failed\n")

Test(schedule, exit_status_and_signal_are_kept)
{
	struct kit *kit = kit_new("proc a\nproc b\nproc c");
	kit_play(kit, "start a b c\nexit a 3\ndie b 9\nexit c 77");
	cr_assert_eq(kit_execution(kit, "a")->exit_code, 3);
	cr_assert_eq(kit_execution(kit, "a")->signal, 0);
	cr_assert_eq(kit_execution(kit, "b")->exit_code, -1);
	cr_assert_eq(kit_execution(kit, "b")->signal, 9);
	cr_assert_eq(kit_execution(kit, "c")->exit_code, 77);
	kit_free(kit);
}

KIT_TEST(schedule, a_signal_that_the_daemon_did_not_send_is_signal, "proc a\nproc b",
    "start a b\n"
    "die a 9\n"
    "die b 15\n"
    "states a=failed:signal b=failed:signal\n")

KIT_TEST(schedule, status_77_is_skipped_and_counts_as_success,
    "proc maybe\nproc user deps=maybe\nproc gate deps=maybe no_failures",
    "start user gate\n"
    "exit maybe 77\n"
    "did start:maybe start:user start:gate\n"
    "exit user 0\n"
    "exit gate 0\n"
    "states maybe=skipped user=succeeded gate=succeeded\n"
    "run @#1 succeeded\n")

KIT_TEST(schedule, what_could_not_be_started_is_spawn, "proc a\nproc b deps=a",
    "start b\n"
    "unspawned a\n"
    "states a=failed:spawn b=failed:dep_failed\n"
    "info a no such file\n")

KIT_TEST(schedule, an_outcome_that_cannot_be_known_is_lost, "proc a",
    "start a\n"
    "lost a\n"
    "states a=failed:lost\n")

KIT_TEST(schedule, a_bad_result_fails, "proc a\nproc b deps=a",
    "start b\n"
    "bad_result a\n"
    "states a=failed:bad_result b=failed:dep_failed\n")

KIT_TEST(schedule, a_collector_succeeds_when_its_dependencies_have,
    "proc a\nproc b\nproc all deps=a,b collector\nproc empty collector",
    "start all empty\n"
    "states all=wanted empty=succeeded\n"
    "exit a 0\n"
    "states all=wanted\n"
    "exit b 0\n"
    "states all=succeeded\n"
    "count all 0\n"
    "run @#1 succeeded\n")

KIT_TEST(schedule, a_run_of_collectors_is_over_at_once, "proc a collector\nproc b deps=a collector",
    "start b\n"
    "states a=succeeded b=succeeded\n"
    "did over:1\n")

/* --- dependencies --- */

KIT_TEST(schedule, a_dependent_starts_after_its_dependencies, "proc t1 deps=t2\nproc t2",
    "start t1 t2\n"
    "did start:t2\n"
    "states t1=wanted t2=running\n"
    "reason t1 deps t2\n"
    "exit t2 0\n"
    "did start:t1\n")

KIT_TEST(schedule, dependencies_are_pulled_in_recursively,
    "proc a deps=b\nproc b deps=c\nproc c\nproc d",
    "start a\n"
    "members @#1 a b c\n"
    "states d=idle\n")

KIT_TEST(schedule, a_shared_dependency_is_executed_once,
    "proc top deps=left,right,base\nproc left deps=base\nproc right deps=base\nproc base",
    "start top right base top\n"
    "did start:base\n"
    "exit base 0\n"
    "exit left 0\n"
    "states top=wanted\n"
    "exit right 0\n"
    "exit top 0\n"
    "count base 1\n"
    "count top 1\n")

KIT_TEST(schedule, a_dependency_named_twice_counts_once, "proc a deps=b,b\nproc b",
    "start a\n"
    "exit b 0\n"
    "did start:b start:a\n")

KIT_TEST(schedule, one_failed_dependency_fails_the_dependent_at_once,
    "proc a\nproc slow\nproc b deps=a,slow",
    "start b\n"
    "exit a 1\n"
    "states b=failed:dep_failed slow=running\n"
    "info b a\n")

KIT_TEST(schedule, and_so_on_down_the_graph, "proc p0\nproc p1 deps=p0\nproc p2 deps=p1\nproc free",
    "start p2 free\n"
    "exit p0 3\n"
    "states p1=failed:dep_failed p2=failed:dep_failed free=running\n"
    "info p1 p0\n"
    "info p2 p1\n"
    "exit free 0\n"
    "run @#1 failed\n"
    "count p1 0\n")

KIT_TEST(schedule, a_filled_out_name_is_created_on_the_spot,
    "proto worker::[id] arg=id:int\nproto manager::[n] deps=worker::1,worker::2\n"
    "proc boss deps=manager::alice,worker::2",
    "start boss\n"
    "members @#1 boss manager::alice worker::1 worker::2\n"
    "exit worker::1 0\n"
    "exit worker::2 0\n"
    "exit manager::alice 0\n"
    "did start:worker::1 start:worker::2 start:manager::alice start:boss\n")

KIT_TEST(schedule, a_pattern_is_filled_from_the_dependents_own_arguments,
    "proto foo::[a]::[b]\nproto all::[a]::[b] deps=foo::[a]::[b]\nproto half::[a] deps=foo::[a]::2",
    "start all::7::8 half::3\n"
    "members @#1 all::7::8 half::3 foo::7::8 foo::3::2\n")

KIT_TEST(schedule, a_dependency_may_be_a_glob_over_choices,
    "proto d::[e]::[p] choices=e:dev|prod choices=p:web|db\nproto release::[e] deps=d::[e]::*\n"
    "proc docs\nproc all deps=d::*::web,docs collector",
    "start all release::prod\n"
    "members @#1 all d::dev::web d::prod::web docs release::prod d::prod::db\n")

KIT_TEST(schedule, a_dependency_that_completed_in_this_run_counts,
    "proc a\nproc b deps=a\nproc hold",
    "start @r a hold\n"
    "exit a 0\n"
    "start @r b\n"
    "states b=running\n"
    "count a 1\n")

KIT_TEST(schedule, a_dependency_that_failed_in_this_run_fails_what_comes_later,
    "proc a\nproc b deps=a\nproc hold",
    "start @r a hold\n"
    "exit a 1\n"
    "start @r b\n"
    "states b=failed:dep_failed\n")

KIT_TEST(schedule, no_failures_holds_when_nothing_has_failed_so_far,
    "proc good\nproc bad\nproc gate no_failures wave=1\nproc after deps=gate wave=1",
    "start good gate\n"
    "exit good 0\n"
    "states gate=running\n"
    "exit gate 0\n"
    "start good bad after\n"
    "exit good 0\n"
    "exit bad 1\n"
    "states gate=failed:failures after=failed:dep_failed\n"
    "run @#2 failed\n")

KIT_TEST(schedule, no_failures_waits_for_nobody_by_itself, "proc bad\nproc gate no_failures",
    "start bad gate\n"
    "states gate=running\n"
    "exit bad 1\n"
    "exit gate 0\n"
    "states gate=succeeded\n")

KIT_TEST(schedule, no_failures_is_per_run, "proc bad\nproc gate no_failures",
    "start bad\n"
    "exit bad 1\n"
    "start gate\n"
    "states gate=running\n")

KIT_TEST(schedule, no_failures_holds_no_more_once_another_has_been_refused_for_it,
    "proc d\nproc bad\nproc one collector deps=d no_failures\n"
    "proc two collector deps=d no_failures",
    "start bad one\n"
    "exit bad 1\n"
    "start one two\n"
    "exit d 0\n"
    "states @#2 one=failed:failures two=failed:failures\n")

/* --- waves --- */

KIT_TEST(schedule, lower_waves_complete_before_higher_ones_start,
    "proc A\nproc A2\nproc B deps=A\nproc C wave=2 deps=B\nproc D wave=1\nproc N wave=-1",
    "start C D A2 N\n"
    "did start:N\n"
    "reason D wave\n"
    "exit N 0\n"
    "states A=running A2=running B=wanted D=wanted C=wanted\n"
    "exit A 0\n"
    "exit A2 0\n"
    "states B=running D=wanted\n"
    "exit B 0\n"
    "states D=running C=wanted\n"
    "exit D 0\n"
    "states C=running\n")

KIT_TEST(schedule, a_failed_lower_wave_is_complete, "proc a\nproc b wave=1",
    "start a b\n"
    "exit a 1\n"
    "states b=running\n")

KIT_TEST(schedule, a_lower_wave_that_comes_later_holds_back_what_waits,
    "proc low\nproc mid wave=1\nproc high wave=1",
    "options parallel=1\n"
    "start @r mid high\n"
    "states mid=running high=wanted\n"
    "start @r low\n"
    "exit mid 0\n"
    "states low=running high=wanted\n"
    "reason high wave\n"
    "exit low 0\n"
    "states high=running\n")

KIT_TEST(schedule, a_dependency_on_a_higher_wave_is_an_error,
    "proc low deps=high\nproc high wave=2\nproc ok",
    "start ok low -> wave_order low high\n"
    "states ok=idle\n")

KIT_TEST(schedule, collectors_obey_waves, "proc low\nproc c wave=1 collector\nproc d wave=2",
    "start d c low\n"
    "states c=wanted\n"
    "exit low 0\n"
    "states c=succeeded d=running\n")

/* --- the parallel limit --- */

KIT_TEST(schedule, fewer_than_parallel_executions_hold_a_slot, "proc a\nproc b\nproc c\nproc d",
    "options parallel=2\n"
    "start a b c d\n"
    "did start:a start:b\n"
    "reason c slot\n"
    "exit b 0\n"
    "did start:c\n")

KIT_TEST(schedule, the_limit_holds_over_all_runs, "proc a\nproc b",
    "options parallel=1\n"
    "start a\n"
    "start b\n"
    "states b=wanted\n"
    "exit a 0\n"
    "states b=running\n")

KIT_TEST(schedule, earlier_requested_first, "proc a\nproc b\nproc c\nproc d deps=a",
    "options parallel=1\n"
    "start b c a\n"
    "start d\n"
    "exit b 0\n"
    "exit c 0\n"
    "exit a 0\n"
    "did start:b start:c start:a over:1 start:d\n")

KIT_TEST(schedule, more_slots_take_effect_at_once_and_fewer_when_executions_end,
    "proc a\nproc b\nproc c\nproc d",
    "options parallel=1\n"
    "start a b c d\n"
    "options parallel=3\n"
    "did start:a start:b start:c\n"
    "options parallel=1\n"
    "exit a 0\n"
    "exit b 0\n"
    "did\n"
    "exit c 0\n"
    "did start:d\n")

KIT_TEST(schedule, a_collector_needs_no_slot, "proc a\nproc c collector",
    "options parallel=1\n"
    "start a c\n"
    "states a=running c=succeeded\n")

KIT_TEST(schedule, who_waits_for_a_slot_holds_no_lock_against_the_earlier,
    "proc hold\nproc a locks=l\nproc b locks=l",
    "options parallel=1\n"
    "start hold a b\n"
    "exit hold 0\n"
    "did start:hold start:a\n"
    "exit a 0\n"
    "did start:b\n")

KIT_TEST(schedule, single_mode_is_one_at_a_time, "proc a\nproc b",
    "options single parallel=5\n"
    "start a b\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:b\n")

/* --- executors: far has one slot, farther has two --- */

KIT_TEST(schedule, each_executor_has_slots_of_its_own,
    "proc a executor=far\nproc b executor=far\nproc c\nproc d\nproc e executor=farther",
    "options parallel=1\n"
    "start a b c d e\n"
    "did start:a start:c start:e\n"
    "reason b slot a\n"
    "reason d slot c\n"
    "exit a 0\n"
    "did start:b\n"
    "exit c 0\n"
    "did start:d\n")

KIT_TEST(schedule, one_at_a_time_is_over_all_executors,
    "proc a executor=far\nproc b executor=farther\nproc c",
    "options single\n"
    "start a b c\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:b\n"
    "exit b 0\n"
    "did start:c\n")

/* A run keeps the one that it was asked for, also for what comes in later. */
KIT_TEST(schedule, the_executor_is_that_of_the_proc_else_of_the_run_else_of_the_options,
    "proc a executor=local\nproc b\nproc c\nproc d",
    "options executor=farther parallel=1\n"
    "start a b on=far\n"
    "did start:a start:b\n"
    "start c @#1\n"
    "reason c slot b\n"
    "start d\n"
    "did start:d\n")

KIT_TEST(schedule, an_executor_that_there_is_not_is_refused, "proc a",
    "start a on=nowhere -> bad_argument\n"
    "define proc x executor=nowhere -> bad_definition\n"
    "did\n")

KIT_TEST(schedule, who_lends_a_slot_lends_that_of_its_executor,
    "proc outer executor=far\nproc inner executor=far\nproc other executor=far",
    "start outer\n"
    "start inner @#1 exec=outer\n"
    "wait w inner @#1 exec=outer\n"
    "start other\n"
    "did start:outer start:inner\n"
    "exit inner 0\n"
    "exit outer 0\n"
    "did over:1 start:other\n")

/* --- timeouts and cancel --- */

/* A new core begins anew with SIGTERM, so restarts put off the SIGKILL. */
KIT_TEST_PLAIN(schedule, a_timeout_is_sigterm_then_sigkill_after_kill_after,
    "proc a timeout=5\nproc b deps=a",
    "start b\n"
    "tick 4\n"
    "did start:a\n"
    "tick 1\n"
    "did term:a\n"
    "states a=running b=wanted\n"
    "tick 9\n"
    "did\n"
    "tick 1\n"
    "did kill:a\n"
    "die a 9\n"
    "states a=failed:timeout b=failed:dep_failed\n")

KIT_TEST(schedule, a_timeout_that_ends_with_status_0_is_a_timeout, "proc a timeout=5",
    "start a\n"
    "tick 5\n"
    "exit a 0\n"
    "states a=failed:timeout\n"
    "tick 20\n"
    "did start:a term:a over:1\n")

KIT_TEST(schedule, a_timeout_counts_from_the_start_of_the_process, "proc a timeout=5\nproc hold",
    "options parallel=1\n"
    "start hold a\n"
    "tick 60\n"
    "exit hold 0\n"
    "tick 4\n"
    "did start:hold start:a\n"
    "tick 1\n"
    "did term:a\n")

/* Also over restarts, which begin the time anew for nobody. */
KIT_TEST(schedule, a_timeout_does_not_run_while_it_is_pending, "proc a timeout=5",
    "start a\n"
    "tick 2\n"
    "pending a\n"
    "reason a outside\n"
    "tick 60\n"
    "states a=running\n"
    "begun a\n"
    "tick 4\n"
    "did start:a\n"
    "reason a not\n"
    "tick 1\n"
    "did term:a\n"
    "exit a 0\n"
    "states a=failed:timeout\n")

/* A new core begins anew with SIGTERM. */
KIT_TEST_PLAIN(schedule, what_is_pending_can_be_canceled, "proc a timeout=5\nproc b",
    "start a b\n"
    "pending a\n"
    "cancel a\n"
    "begun a\n"
    "pending a\n"
    "tick 10\n"
    "did start:a start:b term:a kill:a\n"
    "die a 9\n"
    "exit b 0\n"
    "pending b\n"
    "begun b\n"
    "states a=failed:canceled b=succeeded\n")

Test(schedule, the_next_deadline_is_known)
{
	struct kit *kit = kit_new("proc a timeout=5\nproc b timeout=3\nproc c");
	cr_assert_eq(core_next_deadline(kit->core), INT64_MAX);
	kit_play(kit, "start a b c");
	cr_assert_eq(core_next_deadline(kit->core), kit->now_ns + 3 * KIT_SECOND_NS);
	kit_play(kit, "exit b 0");
	cr_assert_eq(core_next_deadline(kit->core), kit->now_ns + 5 * KIT_SECOND_NS);
	kit_play(kit, "tick 5");
	cr_assert_eq(core_next_deadline(kit->core), kit->now_ns + 10 * KIT_SECOND_NS);
	kit_play(kit, "tick 10\nexit a 0");
	cr_assert_eq(core_next_deadline(kit->core), INT64_MAX);
	kit_free(kit);
}

KIT_TEST(schedule, cancel_ends_what_runs_and_drops_what_waits,
    "proc work\nproc waiting locks=l\nproc holder locks=l\nproc after deps=work\nproc free",
    "options kill_after=1\n"
    "start work after holder waiting free\n"
    "cancel @#1 work waiting => work waiting\n"
    "did start:work start:holder start:free term:work\n"
    "states work=running waiting=failed:canceled after=wanted\n"
    "tick 1\n"
    "did kill:work\n"
    "die work 9\n"
    "states work=failed:canceled after=failed:dep_failed holder=running\n")

KIT_TEST(schedule, a_second_cancel_does_nothing_more_unless_it_kills, "proc a",
    "start a\n"
    "cancel @#1 a\n"
    "cancel @#1 a\n"
    "did start:a term:a\n"
    "cancel @#1 a --kill\n"
    "did kill:a\n"
    "exit a 0\n"
    "states a=failed:canceled\n")

/* The same: restarts do put it off. */
KIT_TEST_PLAIN(schedule, asking_again_does_not_put_off_the_kill, "proc a",
    "start a\n"
    "cancel @#1 a\n"
    "tick 9\n"
    "cancel @#1 a\n"
    "tick 1\n"
    "did start:a term:a kill:a\n")

KIT_TEST(schedule, cancel_of_a_run_ends_all_that_is_in_it, "proc a\nproc b deps=a\nproc other",
    "start other\n"
    "start @batch a b\n"
    "cancel @batch\n"
    "die a 15\n"
    "states @batch a=failed:canceled b=failed:canceled\n"
    "states other=running\n"
    "run @batch failed\n")

KIT_TEST(schedule, cancel_of_an_unknown_name_is_an_error, "proc a",
    "start a\n"
    "cancel a nowhere -> unknown_name\n"
    "states a=running\n")

KIT_TEST(schedule, cancel_of_an_unknown_run_is_an_error, "proc a",
    "cancel @#7 -> not_found\n"
    "cancel @nowhere -> not_found\n")

KIT_TEST(schedule, fail_fast_cancels_the_rest_at_the_first_failure,
    "proc bad\nproc long\nproc next deps=long",
    "start --fail-fast long bad next\n"
    "exit bad 1\n"
    "did start:long start:bad term:long\n"
    "die long 15\n"
    "states bad=failed:exit long=failed:canceled next=failed:canceled\n"
    "run @#1 failed\n")

/* --- commands that are asked for dependencies --- */

KIT_TEST(schedule, a_command_is_asked_when_the_proc_enters_the_run,
    "proto base::[x]\nproto lines::[v] command=./ask\nproc other",
    "start lines::t other\n"
    "did resolve:lines::t start:other\n"
    "reason lines::t resolve\n"
    "answer lines::t base::t base::u\n"
    "did start:base::t start:base::u\n"
    "members @#1 lines::t base::t base::u other\n"
    "exit base::t 0\n"
    "exit base::u 0\n"
    "did start:lines::t\n")

KIT_TEST(schedule, a_command_that_answers_nothing, "proc a command=./ask",
    "start a\n"
    "answer a\n"
    "did resolve:a start:a\n")

KIT_TEST(schedule, a_command_that_fails_is_resolve,
    "proc bad command=./ask\nproc user deps=bad\nproc other",
    "start user other\n"
    "answer_failed bad\n"
    "states bad=failed:resolve user=failed:dep_failed other=running\n")

KIT_TEST(schedule, a_cycle_or_wave_that_an_answer_brings_is_resolve,
    "proc a command=./ask\nproc b deps=a\nproc high wave=1\nproto f::[x]\nproto f::[y]",
    "start b\n"
    "answer a b\n"
    "states a=failed:resolve b=failed:dep_failed\n"
    "start a\n"
    "answer a high\n"
    "states a=failed:resolve high=idle\n"
    "start a\n"
    "answer a f::1\n"
    "states a=failed:resolve\n"
    "start a\n"
    "answer a a\n"
    "states a=failed:resolve\n")

/* A new core has no command that it could be the answer of. */
KIT_TEST_PLAIN(schedule, an_answer_for_what_has_failed_meanwhile_is_ignored,
    "proc a command=./ask\nproc b",
    "start a\n"
    "cancel @#1 a\n"
    "answer a b\n"
    "states a=failed:canceled b=idle\n"
    "run @#1 failed\n")

KIT_TEST(schedule, strict_missing_in_an_answer_is_resolve, "proc a command=./ask",
    "options strict\n"
    "start a\n"
    "answer a ghost\n"
    "states a=failed:resolve\n")

/* Places in line are not kept: with a restart it is the turn of low at once. */
KIT_TEST_PLAIN(schedule, a_lower_wave_behind_a_higher_one_in_line_for_a_lock_gets_its_turn,
    "proc low locks=b\nproc high wave=1 locks=a,b\nproc other locks=a",
    "start other\n"
    "start @r high\n"
    "start @r low\n"
    "states high=wanted low=wanted\n"
    "exit other 0\n"
    "states low=running high=wanted\n"
    "exit low 0\n"
    "states high=running\n")
