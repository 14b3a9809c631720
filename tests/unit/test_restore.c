/*
 * Cores that are made of records: what they go on with, and what cannot be and is refused. That all
 * which can happen to a core survives is shown by the scripts of the other tests, which the kit
 * plays with restarts too.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/restore.h"
#include "tests/unit/core_keeper.h"
#include "tests/unit/core_kit.h"
#include "tests/unit/core_lines.h"

/* --- what goes on --- */

KIT_TEST(restore, an_outcome_that_nobody_knows_is_recorded_as_lost, "proc a\nproc b deps=a",
    "start b\n"
    "lost a\n"
    "states a=failed:lost b=failed:dep_failed\n"
    "run @#1 failed\n")

KIT_TEST(restore, a_timeout_goes_on_from_the_start_of_the_process, "proc a timeout=5",
    "start a\n"
    "tick 3\n"
    "did start:a\n"
    "tick 1\n"
    "did\n"
    "tick 1\n"
    "did term:a\n"
    "die a 15\n"
    "states a=failed:timeout\n")

KIT_TEST(restore, holds_survive, "proc a",
    "open @r\n"
    "open @r\n"
    "start @r a\n"
    "exit a 0\n"
    "close @r\n"
    "run @r active\n"
    "close @r\n"
    "run @r succeeded\n"
    "did start:a over:1\n")

KIT_TEST(restore, holds_of_connections_stay_such, "proc a",
    "open @r\n"
    "open @r --brief\n"
    "open @r --brief\n"
    "close @r --brief\n"
    "close @r\n"
    "run @r active\n"
    "close @r --brief\n"
    "run @r succeeded\n")

KIT_TEST(restore, a_whole_run_wait_has_taken_its_hold_back_for_good, "proc a",
    "open @r\n"
    "start @r a\n"
    "wait w @r\n"
    "exit a 0\n"
    "waits w=ok\n"
    "run @r succeeded\n")

KIT_TEST(restore, what_is_over_stays_over, "proc a\nproc b",
    "start @r a b\n"
    "exit a 0\n"
    "exit b 1\n"
    "run @r failed\n"
    "start @r a\n"
    "run @#1 failed\n"
    "run @#2 active\n"
    "did start:a start:b over:1 start:a\n")

KIT_TEST(restore, each_run_keeps_its_own_params, "proc a\nproc b",
    "open @one params=x\n"
    "open @two params=y\n"
    "start @one a params=x\n"
    "start @two a params=y\n"
    "count a 1\n"
    "start a params=x\n"
    "count a 1\n"
    "exit a 0\n"
    "count a 2\n"
    "run @#3 succeeded\n"
    "run @two active\n")

KIT_TEST(restore, what_is_in_flight_can_still_be_joined, "proto p::[x] deps=base\nproc base",
    "start @one p::1\n"
    "start @two p::1\n"
    "exit base 0\n"
    "start @three p::1\n"
    "exit p::1 0\n"
    "count base 1\n"
    "count p::1 1\n"
    "run @one succeeded\n"
    "run @two succeeded\n"
    "run @three succeeded\n")

KIT_TEST(restore, what_has_other_values_under_the_same_name_is_not_joined, "proto p::[x]",
    "create p::1 as=q\n"
    "start @one q\n"
    "undefine q\n"
    "create p::2 as=q\n"
    "start @two q\n"
    "exit q 0\n"
    "count q 2\n"
    "exit q 0\n"
    "run @two succeeded\n")

KIT_TEST(restore, what_was_created_again_with_the_same_values_is_joined, "proto p::[x]",
    "start @one p::1\n"
    "undefine p::1\n"
    "start @two p::1\n"
    "exit p::1 0\n"
    "count p::1 1\n"
    "run @two succeeded\n")

KIT_TEST(restore, reverse_dependencies_are_found,
    "proto t::[x]\nproto d::[x] rdeps=t::[x]\nproc e ws=t::1\nproc f wts=t::[x]",
    "start t::1\n"
    "states d::1=running f=running t::1=wanted e=idle\n"
    "start @#1 e\n"
    "exit d::1 0\n"
    "exit f 0\n"
    "states t::1=wanted\n"
    "exit e 0\n"
    "exit t::1 0\n"
    "run @#1 succeeded\n")

KIT_TEST(restore, after_a_cancel_the_oldest_run_that_is_left_counts,
    "proc hog\nproc t wave=1\nproc low",
    "options parallel=1\n"
    "start hog\n"
    "start @a t\n"
    "open @c\n"
    "open @b\n"
    "start @b low\n"
    "start @b t\n"
    "start @c t\n"
    "cancel @a\n"
    "exit hog 0\n"
    "states low=running t=wanted\n"
    "reason t wave\n"
    "exit low 0\n"
    "states t=running\n")

KIT_TEST(restore, a_run_that_joins_what_a_forgotten_run_began_is_not_its_first,
    "proc hog\nproc t wave=1\nproc low",
    "options parallel=1\n"
    "start hog\n"
    "start @a t\n"
    "start @b low t\n"
    "cancel @a\n"
    "exit hog 0\n"
    "states low=running t=wanted\n"
    "clear @a\n"
    "start @c t\n"
    "cancel @b\n"
    "die low 15\n"
    "states t=running\n"
    "exit t 0\n"
    "run @c succeeded\n")

KIT_TEST(restore, the_members_of_a_run_stay_in_their_order,
    "proc a\nproc b deps=a\nproc c\nproc d\nproc e",
    "start @one a e\n"
    "start @two c\n"
    "start @two b\n"
    "start @two e\n"
    "start @two d\n"
    "cancel @two => c a e d\n")

KIT_TEST(restore, the_first_run_that_ended_is_the_first_to_be_forgotten, "proc a\nproc b\nproc c",
    "options keep_runs=2\n"
    "start a\n"
    "start b\n"
    "start c\n"
    "tick 1\n"
    "exit b 0\n"
    "tick 1\n"
    "exit a 0\n"
    "tick 1\n"
    "exit c 0\n"
    "run @#2 gone\n"
    "run @#1 succeeded\n"
    "run @#3 succeeded\n")

KIT_TEST(restore, questions_are_asked_in_their_order, "proc a command=./one command=./two\nproc b",
    "start a\n"
    "answer a b\n"
    "answer a\n"
    "exit b 0\n"
    "states a=running\n")

KIT_TEST(restore, choices_are_asked_for_again,
    "proto p::[x] choices_command=x:./list\n"
    "proc a command=./ask",
    "start a\n"
    "answer a p::*\n"
    "answer a 1 2\n"
    "states p::1=running p::2=running a=wanted\n"
    "exit p::1 0\n"
    "exit p::2 0\n"
    "states a=running\n")

Test(restore, what_was_told_to_end_is_told_again_and_killed_later)
{
	struct kit *kit = kit_new_kept("proc a");
	kit_play(kit, "start a\ncancel a\ntick 9");
	kit_restart(kit);
	kit_play(kit, "did start:a term:a\ntick 10\ndid kill:a\ndie a 9\nstates a=failed:canceled");
	kit_free(kit);
}

Test(restore, a_timeout_that_passed_meanwhile_is_found_at_once)
{
	struct kit *kit = kit_new_kept("proc a timeout=5");
	kit_play(kit, "start a");
	kit->now_ns += 60 * KIT_SECOND_NS;
	kit_restart(kit);
	cr_assert_leq(core_next_deadline(kit->core), kit->now_ns);
	kit_play(kit, "tick 0\ndid start:a term:a");
	kit_free(kit);
}

Test(restore, numbers_go_on_above_those_that_were_ever_used)
{
	struct kit *kit = kit_new_kept("proc a");
	struct core_changes changes;
	kit_play(kit, "start a\nexit a 0\nstart a\nexit a 0\nclear => 2");
	core_get_changes(kit->core, &changes);
	cr_assert_eq(changes.next_run, 3);
	cr_assert_eq(changes.next_exec, 3);
	kit_play(kit, "start a\nrun @#3 active");
	cr_assert_eq(kit_execution(kit, "a")->id, 3);
	kit_free(kit);
}

Test(restore, values_and_definitions_are_those_of_the_proc)
{
	struct kit *kit = kit_new_kept("proto p::[x]::[y]");
	kit_play(kit, "start p::1::2");
	const struct execution *execution = kit_execution(kit, "p::1::2");
	cr_assert_eq(execution->values, execution->proc->values);
	cr_assert_eq(execution->definition, execution->proc->definition);
	cr_assert_eq(execution->definition, execution->proc->proto->definition);
	cr_assert_str_eq(execution->values[1], "2");
	kit_free(kit);
}

static uint64_t count_executions(struct kit *kit)
{
	struct core_load load;
	core_get_load(kit->core, &load);
	return load.n_executions;
}

/* With its last run an execution is forgotten, also where it depends on itself through others. */
static void check_forgotten(struct kit *kit)
{
	kit_play(kit, "start @chain c\nexit a 0\nexit b 0\nexit c 0\nclear => 1");
	core_advance(kit->core, kit->now_ns);
	cr_assert_eq(count_executions(kit), 0);
	kit_play(kit, "start @ring z\ncancel @ring y\nanswer x y\nstates x=failed:dep_failed\n"
	              "run @ring failed\nclear => 1");
	core_advance(kit->core, kit->now_ns);
	cr_assert_eq(count_executions(kit), 0);
	kit_free(kit);
}

Test(restore, what_no_run_has_is_forgotten)
{
	static const char definitions[] = "proc a\nproc b deps=a\nproc c deps=b\n"
	                                  "proc x command=./ask\nproc y deps=x\nproc z deps=y";
	check_forgotten(kit_new(definitions));
	check_forgotten(kit_new_kept(definitions));
}

/* c, whose run is forgotten, has nothing to wait for any more. */
Test(restore, what_another_run_goes_on_with_is_not_forgotten)
{
	struct kit *kit = kit_new_kept("proc a\nproc b deps=a\nproc c deps=b");
	kit_play(kit, "start @one c\nstart @two b\nexit a 0\ncancel @one\nclear @one => 1");
	cr_assert_eq(count_executions(kit), 2);
	kit_play(kit, "states a=succeeded b=running\nexit b 0\nrun @two succeeded");
	cr_assert_eq(count_executions(kit), 2);
	kit_play(kit, "clear => 1");
	cr_assert_eq(count_executions(kit), 0);
	kit_free(kit);
}

/* a, which no run has, waits for b no more: with b's run all is gone. */
Test(restore, what_no_run_has_waits_for_nothing)
{
	struct core *core = lines_restore(
	    "proc a\nproc b", "run 1\nexec 1 a succeeded deps=2\nexec 2 b run=1 wanted");
	struct core_load load;

	cr_assert_not_null(core);
	core_get_load(core, &load);
	cr_assert_eq(load.n_executions, 1);
	core_free(core);
}

Test(restore, what_has_ended_before_it_began_has_ended_then)
{
	struct core *core =
	    lines_restore("proc a", "run 1\nexec 1 a run=1 succeeded started=9 ended=5");

	cr_assert_not_null(core);
	cr_assert_eq(TAILQ_FIRST(&core_find_run(core, 1)->members)->execution->ended_ns, 9);
	core_free(core);
}

/* More of them would be refused by the next restore. */
Test(restore, no_run_is_held_more_often_than_can_be_restored)
{
	struct core *core = lines_restore("", "run 1 holds=1048575");
	const struct scope scope = {.run = 1, .now_ns = LINES_NOW_NS};
	struct fault fault = {0};
	uint64_t run;

	cr_assert_not_null(core);
	cr_assert_eq(core_open(core, &scope, &run, &fault), 0);
	cr_assert_eq(core_open(core, &scope, &run, &fault), -1);
	cr_assert_eq(fault.code, FAULT_LIMIT);
	fault_clear(&fault);
	core_free(core);
}

/* --- what is noted --- */

Test(touch, nothing_is_noted_before_it_is_asked_for)
{
	struct kit *kit = kit_new("proc a");
	struct core_changes changes;
	kit_play(kit, "start a\nexit a 0\ndefine proc b");
	core_get_changes(kit->core, &changes);
	cr_assert_eq(changes.n_executions + changes.n_runs + changes.n_procs, 0);
	cr_assert_eq(changes.next_run, 2);
	kit_free(kit);
}

Test(touch, each_is_noted_once_however_often_it_changes)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a");
	struct core_changes changes;
	core_keep_changes(kit->core);
	kit_play(kit, "start b\nexit a 0\nexit b 0");
	core_get_changes(kit->core, &changes);
	cr_assert_eq(changes.n_runs, 1);
	cr_assert_eq(changes.n_executions, 2);
	cr_assert_eq(changes.runs[0]->id, 1);
	cr_assert(!changes.executions[0]->is_stored);
	core_clear_changes(kit->core);
	core_get_changes(kit->core, &changes);
	cr_assert_eq(changes.n_runs + changes.n_executions + changes.n_procs, 0);
	cr_assert(kit_execution(kit, "a")->is_stored);
	kit_free(kit);
}

Test(touch, what_is_forgotten_is_not_noted_any_more)
{
	struct kit *kit = kit_new("proc a");
	struct core_changes changes;
	core_keep_changes(kit->core);
	kit_play(kit, "start a\nexit a 0\nclear => 1");
	core_get_changes(kit->core, &changes);
	for (size_t i = 0; i < changes.n_runs; i++)
		cr_assert_null(changes.runs[i]);
	for (size_t i = 0; i < changes.n_executions; i++)
		cr_assert_null(changes.executions[i]);
	kit_free(kit);
}

/* --- what cannot be --- */

/* A core is made of these records; but not with one of them changed. */
#define REFUSED(sentence, definitions, records, changed)                                           \
	Test(refused, sentence)                                                                    \
	{                                                                                          \
		check_refused(definitions, records, changed);                                      \
	}

static void check_refused(const char *definitions, const char *records, const char *changed)
{
	struct core *core = lines_restore(definitions, records);
	cr_assert_not_null(core, "refused: %s", records);
	core_advance(core, LINES_NOW_NS);
	core_free(core);
	core = lines_restore(definitions, changed);
	cr_assert_null(core, "not refused: %s", changed);
}

#define ONE_RUN "run 1\n"

REFUSED(runs_out_of_order, "", "run 1 holds=1\nrun 2 holds=1", "run 2 holds=1\nrun 1 holds=1")
REFUSED(a_run_twice, "", "run 1 holds=1\nrun 2 holds=1", "run 2 holds=1\nrun 2 holds=1")
REFUSED(a_run_without_a_number, "", "run 1 holds=1", "run 0 holds=1")
REFUSED(a_run_that_is_to_come, "", "run 99 holds=1", "run 100 holds=1")
REFUSED(a_run_that_ended_before_time, "", "run 1 ended=5", "run 1 ended=-5")
REFUSED(a_run_that_is_over_and_held, "", "run 1 ended=5", "run 1 ended=5 holds=1")
REFUSED(a_run_with_more_holds_than_can_be, "", "run 1 holds=1048576", "run 1 holds=1048577")
REFUSED(a_run_with_more_holds_of_connections_than_holds, "", "run 1 holds=1 brief=1",
    "run 1 holds=1 brief=2")
REFUSED(a_run_that_is_over_with_something_wanted, "proc a",
    "run 1 ended=5\nexec 1 a run=1 succeeded", "run 1 ended=5\nexec 1 a run=1 wanted")
REFUSED(a_run_that_is_over_with_something_joined_that_runs, "proc a",
    "run 1\nrun 2 ended=5\nexec 1 a run=1 running\nmember 1 2 since=9 error=canceled",
    "run 1\nrun 2 ended=5\nexec 1 a run=1 running\nmember 1 2 since=9")

REFUSED(executions_out_of_order, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted",
    ONE_RUN "exec 2 a run=1 wanted\nexec 1 b run=1 wanted")
REFUSED(an_execution_twice, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted",
    ONE_RUN "exec 2 a run=1 wanted\nexec 2 b run=1 wanted")
REFUSED(an_execution_without_a_number, "proc a", ONE_RUN "exec 1 a run=1 wanted",
    ONE_RUN "exec 0 a run=1 wanted")
REFUSED(an_execution_that_is_to_come, "proc a", ONE_RUN "exec 99 a run=1 wanted",
    ONE_RUN "exec 100 a run=1 wanted")
REFUSED(an_execution_in_an_unknown_run, "proc a", ONE_RUN "exec 1 a run=1 wanted",
    ONE_RUN "exec 1 a run=2 wanted")
REFUSED(a_name_that_is_none, "proc a", ONE_RUN "exec 1 b of=a run=1 wanted",
    ONE_RUN "exec 1 b[ of=a run=1 wanted")
REFUSED(a_proc_twice_in_a_run, "proc a",
    ONE_RUN "run 2\nexec 1 a run=1 wanted\n"
            "exec 2 a run=2 wanted",
    ONE_RUN "run 2\nexec 1 a run=1 wanted\nexec 2 a run=1 wanted")
REFUSED(values_that_are_not_there, "proto p::[x]::[y]",
    ONE_RUN "exec 1 p::1::2 of=p::[x]::[y] run=1 wanted values=1,2",
    ONE_RUN "exec 1 p::1::2 of=p::[x]::[y] run=1 wanted values=1")

REFUSED(
    something_wanted_without_a_run, "proc a", ONE_RUN "exec 1 a run=1 wanted", "exec 1 a wanted")
REFUSED(something_that_runs_without_a_run, "proc a", ONE_RUN "exec 1 a run=1 running",
    "exec 1 a running")
REFUSED(something_wanted_that_counts_as_failed_everywhere, "proc a",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 1 since=5 error=canceled\nmember 1 2 since=6",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 1 since=5 error=canceled\n"
    "member 1 2 since=6 error=canceled")
REFUSED(a_state_that_is_none, "proc a", ONE_RUN "exec 1 a run=1 state=0",
    ONE_RUN "exec 1 a run=1 state=6")
REFUSED(an_error_that_is_none, "proc a", ONE_RUN "exec 1 a run=1 state=3 error=12 ended=5",
    ONE_RUN "exec 1 a run=1 state=3 error=13 ended=5")
REFUSED(a_failure_without_an_error, "proc a", ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5",
    ONE_RUN "exec 1 a run=1 state=3 error=0 ended=5")
REFUSED(a_failure_without_a_reason, "proc a", ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5",
    ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5 info=none")
REFUSED(something_told_to_end_without_a_reason, "proc a", ONE_RUN "exec 1 a run=1 running ending=7",
    ONE_RUN "exec 1 a run=1 running ending=7 info=none")
REFUSED(a_success_with_an_error, "proc a", ONE_RUN "exec 1 a run=1 succeeded",
    ONE_RUN "exec 1 a run=1 succeeded error=1")
REFUSED(an_end_without_a_time, "proc a", ONE_RUN "exec 1 a run=1 succeeded",
    ONE_RUN "exec 1 a run=1 succeeded ended=0")
REFUSED(an_end_that_is_none, "proc a", ONE_RUN "exec 1 a run=1 running ending=7",
    ONE_RUN "exec 1 a run=1 running ending=13")
REFUSED(something_wanted_that_was_told_to_end, "proc a", ONE_RUN "exec 1 a run=1 running ending=7",
    ONE_RUN "exec 1 a run=1 wanted ending=7")
REFUSED(a_time_before_time, "proc a", ONE_RUN "exec 1 a run=1 running started=5",
    ONE_RUN "exec 1 a run=1 running started=-5")
REFUSED(a_time_that_nothing_can_be_added_to, "proc a timeout=5",
    ONE_RUN "exec 1 a run=1 running started=5",
    ONE_RUN "exec 1 a run=1 running started=9223372036854775807")

REFUSED(a_collector_that_runs, "proc a collector", ONE_RUN "exec 1 a run=1 wanted",
    ONE_RUN "exec 1 a run=1 running")
REFUSED(something_that_runs_and_was_never_started, "proc a", ONE_RUN "exec 1 a run=1 running",
    ONE_RUN "exec 1 a run=1 running attempt=0")
REFUSED(two_that_run_with_one_lock, "proc a locks=l,m\nproc b locks=k,m",
    ONE_RUN "exec 1 a run=1 running\nexec 2 b run=1 wanted",
    ONE_RUN "exec 1 a run=1 running\nexec 2 b run=1 running")
REFUSED(two_that_run_of_one_proc, "proc a",
    "run 1\nrun 2\nexec 1 a run=1 running\nexec 2 a run=2 wanted",
    "run 1\nrun 2\nexec 1 a run=1 running\nexec 2 a run=2 running")
REFUSED(something_that_runs_before_its_dependency, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 running\nexec 2 b run=1 wanted deps=1",
    ONE_RUN "exec 1 a run=1 running\nexec 2 b run=1 running deps=1")
REFUSED(something_that_runs_after_its_dependency_has_failed, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 succeeded\nexec 2 b run=1 running deps=1",
    ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5\nexec 2 b run=1 running deps=1")

REFUSED(a_dependency_that_is_not_there, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted deps=1",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted deps=1,3")
REFUSED(a_dependency_on_itself, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted deps=1",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted deps=2")
REFUSED(a_cycle, "proc a\nproc b\nproc c",
    ONE_RUN "exec 1 a run=1 wanted\nexec 2 b run=1 wanted deps=1\nexec 3 c run=1 wanted deps=2",
    ONE_RUN "exec 1 a run=1 wanted deps=3\nexec 2 b run=1 wanted deps=1\n"
            "exec 3 c run=1 wanted deps=2")
REFUSED(a_failed_dependency_that_is_not_there, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5\n"
            "exec 2 b run=1 state=3 error=4 ended=5 deps=1 failed_dep=1",
    ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5\n"
            "exec 2 b run=1 state=3 error=4 ended=5 deps=1 failed_dep=3")
REFUSED(a_failed_dependency_that_is_none, "proc a\nproc b",
    ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5\n"
            "exec 2 b run=1 state=3 error=4 ended=5 deps=1 failed_dep=1",
    ONE_RUN "exec 1 a run=1 state=3 error=1 ended=5\n"
            "exec 2 b run=1 state=3 error=4 ended=5 failed_dep=1")

REFUSED(something_missing_that_is_no_name, "proc a", ONE_RUN "exec 1 a run=1 wanted missing=b",
    ONE_RUN "exec 1 a run=1 wanted missing=b]")
REFUSED(something_that_runs_and_misses_something, "proc a",
    ONE_RUN "exec 1 a run=1 wanted missing=b", ONE_RUN "exec 1 a run=1 running missing=b")
REFUSED(a_question_that_nobody_asks, "proc a deps=b command=./x",
    ONE_RUN "exec 1 a run=1 wanted ask=1", ONE_RUN "exec 1 a run=1 wanted ask=2")
REFUSED(a_question_about_a_name, "proc a deps=b command=./x", ONE_RUN "exec 1 a run=1 wanted ask=1",
    ONE_RUN "exec 1 a run=1 wanted ask=0")
REFUSED(choices_of_a_command, "proc a deps=b command=./x",
    ONE_RUN "exec 1 a run=1 wanted choices=0", ONE_RUN "exec 1 a run=1 wanted choices=1")
REFUSED(names_that_nobody_needs_choices_for, "proc a command=./x",
    ONE_RUN "exec 1 a run=1 wanted choices=0:b", ONE_RUN "exec 1 a run=1 wanted ask=0:b")
REFUSED(something_that_runs_and_asks, "proc a command=./x", ONE_RUN "exec 1 a run=1 wanted ask=0",
    ONE_RUN "exec 1 a run=1 running ask=0")
REFUSED(something_that_has_ended_and_asks, "proc a command=./x",
    ONE_RUN "exec 1 a run=1 wanted ask=0", ONE_RUN "exec 1 a run=1 succeeded ask=0")

REFUSED(a_member_of_an_unknown_run, "proc a",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 2 since=5",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 3 since=5")
REFUSED(a_member_that_is_not_there, "proc a",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 2 since=5",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 2 2 since=5")
REFUSED(a_member_twice, "proc a",
    "run 1\nrun 2\nrun 3\nexec 1 a run=1 wanted\nmember 1 2 since=5\nmember 1 3 since=6",
    "run 1\nrun 2\nrun 3\nexec 1 a run=1 wanted\nmember 1 2 since=5\n"
    "member 1 2 since=6 error=canceled")
REFUSED(a_first_member_that_is_told_twice, "proc a",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 2 since=5",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 1 since=5")
REFUSED(a_member_beside_another_of_its_proc, "proc a",
    "run 1\nrun 2\nrun 3\nexec 1 a run=1 wanted\nexec 2 a run=2 wanted\nmember 1 3 since=5",
    "run 1\nrun 2\nrun 3\nexec 1 a run=1 wanted\nexec 2 a run=2 wanted\nmember 1 2 since=5")
REFUSED(members_out_of_order, "proc a",
    "run 1\nrun 2\nrun 3\nexec 1 a run=1 wanted\nmember 1 2 since=5\nmember 1 3 since=6",
    "run 1\nrun 2\nrun 3\nexec 1 a run=1 wanted\nmember 1 2 since=6\nmember 1 3 since=5")
REFUSED(a_member_that_failed_for_nothing_known, "proc a",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 2 since=5 error=canceled",
    "run 1\nrun 2\nexec 1 a run=1 wanted\nmember 1 2 since=5 override=13")

REFUSED(a_proto_twice, "", "proto p::[x]", "proto p::[x]\nproto p::[x]")
REFUSED(a_proc_twice, "", "proc a", "proc a\nproc a")
REFUSED(a_proc_of_another_name, "proc a", "named a a", "named b a")
REFUSED(a_proc_of_an_unknown_proto, "", "proto p::[x]\nmade p::1 p::[x] 1", "made p::1 p::[x] 1")
REFUSED(a_proc_of_a_proc, "", "proto p::[x]\nmade p::1 p::[x] 1", "proc p\nmade q p 1")
REFUSED(a_proc_without_its_values, "", "proto p::[x]::[y]\nmade p::1::2 p::[x]::[y] 1,2",
    "proto p::[x]::[y]\nmade p::1::2 p::[x]::[y] 1")
REFUSED(a_proc_that_has_no_name, "", "proto p::[x]\nmade p::1 p::[x] 1",
    "proto p::[x]\nmade p::[x] p::[x] 1")
REFUSED(a_proto_as_a_proc, "proto p::[x]\nproc a", "named a a", "named p::[x] p::[x]")
