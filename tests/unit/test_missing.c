/*
 * Dependencies that nothing defines, sentence by sentence: how long they are waited for, what
 * defines them, and that what can never start fails with its reason instead of hanging.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

KIT_TEST(missing, the_request_is_an_error_where_missing_is_not_allowed,
    "proc a\nproc b deps=ghost\nproc c deps=b",
    "options strict\n"
    "start a c -> missing_dep b ghost\n"
    "states a=idle\n"
    "start a\n"
    "states a=running\n")

KIT_TEST(missing, the_dependent_fails_when_nothing_can_define_it_any_more,
    "proc a\nproc b deps=ghost\nproc c deps=b",
    "start b\n"
    "states b=failed:dep_missing\n"
    "info b ghost\n"
    "run @#1 failed\n"
    "start a c\n"
    "states b=wanted c=wanted a=running\n"
    "reason b missing ghost\n"
    "exit a 0\n"
    "states b=failed:dep_missing c=failed:dep_failed a=succeeded\n")

KIT_TEST(missing, a_run_of_its_own_that_only_waits_for_a_slot_can_still_define_it,
    "proc hold\nproc a\nproc b deps=ghost",
    "options parallel=1\n"
    "start hold\n"
    "start a b\n"
    "states b=wanted a=wanted\n"
    "define proc ghost\n"
    "members @#2 a b ghost\n"
    "exit hold 0\n"
    "exit a 0\n"
    "exit ghost 0\n"
    "states b=running\n")

KIT_TEST(missing, once_defined_it_is_pulled_in_like_any_dependency,
    "proc holder\nproc late deps=ghost,made::1",
    "start holder late\n"
    "define proc base;proc ghost deps=base\n"
    "did start:holder start:base\n"
    "define proto made::[x]\n"
    "did start:made::1\n"
    "members @#1 holder late base ghost made::1\n"
    "exit base 0\n"
    "exit ghost 0\n"
    "exit made::1 0\n"
    "states late=running\n")

KIT_TEST(missing, an_answer_of_a_name_that_is_missed_already_changes_nothing,
    "proc hold\nproc a deps=ghost command=./x\nproc b deps=ghost",
    "start hold a b\n"
    "answer a ghost\n"
    "reason a missing ghost\n"
    "define proc ghost\n"
    "exit ghost 0\n"
    "states a=running\n")

KIT_TEST(missing, a_created_proc_of_that_name_is_a_definition_too,
    "proc hold\nproc late deps=ghost\nproto f::[x]",
    "start hold late\n"
    "create f::1 as=ghost\n"
    "states ghost=running\n"
    "exit ghost 0\n"
    "states late=running\n")

KIT_TEST(missing, it_waits_in_every_run_that_wants_it,
    "proc hold\nproc a deps=ghost\nproc b deps=ghost",
    "start hold a\n"
    "start b hold\n"
    "define proc ghost\n"
    "members @#1 hold a ghost\n"
    "members @#2 hold b ghost\n"
    "exit ghost 0\n"
    "states a=running b=running\n"
    "count ghost 1\n")

KIT_TEST(missing, what_it_stands_on_is_in_every_run_that_wants_it, "proc hold\nproc a deps=ghost",
    "start hold a\n"
    "start hold a\n"
    "define proc base\n"
    "define proc ghost deps=base\n"
    "members @#1 hold a ghost base\n"
    "members @#2 hold a ghost base\n"
    "exit base 0\n"
    "exit ghost 0\n"
    "exit hold 0\n"
    "exit a 0\n"
    "run @#1 succeeded\n"
    "run @#2 succeeded\n")

KIT_TEST(missing, a_run_that_is_held_open_waits, "proc late deps=ghost\nproc lost deps=nowhere",
    "open @r\n"
    "start @r late\n"
    "states late=wanted\n"
    "define proc ghost\n"
    "exit ghost 0\n"
    "exit late 0\n"
    "start @r lost\n"
    "states lost=wanted\n"
    "wait w @r\n"
    "states lost=failed:dep_missing\n"
    "waits w=failed\n"
    "run @r failed\n")

KIT_TEST(missing, closing_the_run_ends_the_wait, "proc lost deps=nowhere",
    "open @r\n"
    "start @r lost\n"
    "close @r\n"
    "states lost=failed:dep_missing\n"
    "run @r failed\n")

KIT_TEST(missing, each_of_several_fails_with_its_own_reason,
    "proc a deps=g1\nproc b deps=g2\nproc c deps=a,b",
    "start c\n"
    "states a=failed:dep_missing b=failed:dep_missing c=failed:dep_failed\n"
    "info a g1\n"
    "info b g2\n")

KIT_TEST(missing, what_is_held_back_by_one_that_is_missing_goes_on,
    "proc a deps=ghost\nproc b wave=1",
    "start a b\n"
    "states a=failed:dep_missing b=running\n")

KIT_TEST(missing, one_that_waits_for_a_lock_of_another_run_may_still_define_it,
    "proc holder locks=l\nproc a locks=l\nproc b deps=ghost",
    "start holder\n"
    "start a b\n"
    "states b=wanted\n"
    "exit holder 0\n"
    "states a=running b=wanted\n"
    "exit a 0\n"
    "states b=failed:dep_missing\n")

KIT_TEST(missing, a_joined_execution_that_runs_elsewhere_may_still_define_it,
    "proc slow\nproc b deps=ghost",
    "start slow\n"
    "start slow b\n"
    "states b=wanted\n"
    "exit slow 0\n"
    "states b=failed:dep_missing\n")

KIT_TEST(missing, a_pattern_that_becomes_ambiguous_or_cyclic_fails_the_dependent,
    "proc hold\nproc a deps=f::1\nproc b deps=ghost",
    "start hold a b\n"
    "define proto f::[x];proto f::[y]\n"
    "states a=failed:resolve\n"
    "define proc ghost deps=b\n"
    "states b=failed:resolve hold=running\n")

KIT_TEST(missing, a_higher_wave_that_is_defined_later_fails_the_dependent,
    "proc hold\nproc a deps=ghost",
    "start hold a\n"
    "define proc ghost wave=3\n"
    "states a=failed:resolve ghost=idle\n")

KIT_TEST(missing, an_answer_may_name_what_is_missing, "proc hold\nproc a command=./ask",
    "start hold a\n"
    "answer a ghost\n"
    "states a=wanted\n"
    "define proc ghost\n"
    "exit ghost 0\n"
    "states a=running\n")

KIT_TEST(missing, why_an_answer_is_refused_is_one_line, "proc a command=./ask",
    "options strict\n"
    "start a\n"
    "answer a gh\rost\n"
    "states a=failed:resolve\n"
    "info a gh ost: no\n")

KIT_TEST(missing, a_question_that_is_not_answered_yet_can_still_define_it,
    "proc a command=./ask\nproc b deps=ghost",
    "start a b\n"
    "states a=wanted b=wanted\n"
    "answer a\n"
    "exit a 0\n"
    "states b=failed:dep_missing\n")

KIT_TEST(missing, who_waits_in_another_run_for_what_misses_something_does_not_fail_in_its_place,
    "proc p deps=ghost\nproc busy",
    "start @b busy\n"
    "start @a p busy\n"
    "replace proc p\n"
    "start @b p\n"
    "states @b p=wanted\n"
    "exit busy 0\n"
    "states @a p=failed:dep_missing\n"
    "states @b p=running\n")

KIT_TEST(missing, what_comes_late_fails_with_a_dependency_that_failed_just_before,
    "proc hold\nproc p7 deps=ghost\nproc p4 deps=ghost",
    "start p7 p4 hold\n"
    "define proc ghost collector deps=p4\n"
    "states p4=failed:resolve ghost=failed:dep_failed p7=failed:dep_failed\n")

Test(missing, complete_executions_that_depend_on_each_other_are_forgotten)
{
	struct kit *kit = kit_new("proc ask command=./x\nproc top deps=ask");
	struct core_load load;
	kit_play(kit, "start top\n"
	              "cancel @#1 top\n"
	              "answer ask top\n"
	              "states ask=failed:dep_failed top=failed:canceled\n"
	              "clear => 1\n");
	core_get_load(kit->core, &load);
	cr_assert_eq(load.n_executions, 0);
	kit_free(kit);
}

KIT_TEST(missing, what_has_failed_in_the_same_moment_is_not_joined,
    "proc bad\nproc a deps=ghost1\nproc b deps=ghost2\nproc hold",
    "start @a bad a hold\n"
    "exit bad 1\n"
    "start @b b hold\n"
    "define proc ghost1 deps=bad; proc ghost2 deps=a\n"
    "states @a a=failed:dep_failed ghost1=failed:dep_failed\n"
    "states @b bad=running ghost1=wanted a=wanted ghost2=wanted b=wanted\n"
    "exit bad 0\n"
    "exit ghost1 0\n"
    "exit a 0\n"
    "exit ghost2 0\n"
    "exit b 0\n"
    "exit hold 0\n"
    "run @b succeeded\n")

KIT_TEST(missing, who_was_requested_first_gets_what_it_missed_first,
    "proc hold\nproc a deps=ghost1\nproc b deps=ghost2",
    "options parallel=1\n"
    "start hold a b\n"
    "define proc ghost2; proc ghost1\n"
    "exit hold 0\n"
    "did start:hold start:ghost1\n")
