/*
 * What two runs share, sentence by sentence: which executions in flight a run joins and what comes
 * with them, and what cancel, failure and clear of one do to the other.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

/* --- joining --- */

KIT_TEST(sharing, a_second_run_joins_what_is_in_flight,
    "proc base\nproc one deps=base\nproc two deps=base",
    "start one\n"
    "start two base\n"
    "start one\n"
    "members @#2 two base\n"
    "members @#3 one base\n"
    "exit base 0\n"
    "did start:base start:one start:two\n"
    "exit one 0\n"
    "run @#1 succeeded\n"
    "run @#3 succeeded\n"
    "exit two 0\n"
    "run @#2 succeeded\n"
    "start base\n"
    "count base 2\n")

KIT_TEST(sharing, it_adopts_everything_that_the_execution_depends_on,
    "proc low\nproc mid deps=low\nproc top deps=mid\nproc user deps=low,top",
    "start top\n"
    "exit low 0\n"
    "exit mid 0\n"
    "start low user\n"
    "members @#2 low mid top user\n"
    "exit top 0\n"
    "exit user 0\n"
    "run @#2 succeeded\n"
    "members @#1 low mid top\n"
    "count low 1\n"
    "count mid 1\n")

KIT_TEST(sharing, adopted_executions_fail_the_run_that_adopted_them,
    "proc low\nproc tolerant\nproc top deps=low",
    "start top\n"
    "start low\n"
    "exit low 1\n"
    "run @#2 failed\n"
    "states @#2 low=failed:exit\n")

KIT_TEST(sharing, a_completed_execution_is_never_reused_by_another_run, "proc a\nproc hold",
    "start a hold\n"
    "exit a 0\n"
    "start a\n"
    "states a=running\n"
    "count a 2\n")

KIT_TEST(sharing, a_joined_execution_obeys_its_first_run_and_holds_back_higher_waves_in_all,
    "proc low\nproc x wave=1\nproc high wave=2",
    "start low x\n"
    "start x high\n"
    "states x=wanted high=wanted\n"
    "exit low 0\n"
    "states x=running high=wanted\n"
    "exit x 0\n"
    "states high=running\n")

/* b cannot be joined, as it comes with the a that has ended; that is no reason not to join c. */
KIT_TEST(sharing, what_was_needed_by_something_joined_in_vain_is_joined_again,
    "proc a ws=b\nproc b deps=hold\nproc hold\nproc c wts=b deps=hold",
    "start a\n"
    "exit a 0\n"
    "start a\n"
    "exit a 0\n"
    "exit hold 0\n"
    "exit c 0\n"
    "exit b 0\n"
    "exit b 0\n"
    "run @#2 succeeded\n"
    "count c 1\n"
    "count hold 1\n"
    "count b 2\n")

KIT_TEST(sharing, other_params_are_not_joined_but_executed_anew_when_that_has_ended,
    "proc p\nproc user deps=p",
    "start p\n"
    "start user params=there\n"
    "states @#2 p=wanted user=wanted\n"
    "count p 1\n"
    "exit p 0\n"
    "did start:p over:1 start:p\n"
    "states @#1 p=succeeded\n"
    "states @#2 p=running\n"
    "exit p 0\n"
    "states user=running\n")

KIT_TEST(sharing, a_predecessor_that_fails_does_not_fail_its_successor, "proc p",
    "start p\n"
    "start p params=there\n"
    "reason p predecessor\n"
    "exit p 1\n"
    "states @#1 p=failed:exit\n"
    "states @#2 p=running\n"
    "exit p 0\n"
    "run @#2 succeeded\n")

KIT_TEST(sharing, several_that_cannot_join_queue_one_behind_the_other, "proc p",
    "start p\n"
    "start p params=x\n"
    "start p params=y\n"
    "exit p 0\n"
    "states @#2 p=running\n"
    "states @#3 p=wanted\n"
    "exit p 0\n"
    "states @#3 p=running\n")

KIT_TEST(sharing, a_run_with_an_own_execution_of_what_would_be_adopted_does_not_join,
    "proc low\nproc top deps=low\nproc hold",
    "start @s low hold\n"
    "exit low 0\n"
    "start @r top\n"
    "exit low 0\n"
    "start @s top\n"
    "members @s low hold top\n"
    "states @s top=wanted low=succeeded\n"
    "exit top 0\n"
    "states @s top=running\n"
    "count low 2\n")

/* --- cancel and failure --- */

KIT_TEST(sharing, cancel_of_one_run_takes_only_what_no_other_is_in,
    "proc base\nproc one deps=base\nproc two deps=base",
    "start one\n"
    "start two\n"
    "cancel @#1\n"
    "states base=running one=failed:canceled two=wanted\n"
    "states @#1 base=failed:canceled one=failed:canceled\n"
    "run @#1 failed\n"
    "exit base 0\n"
    "states two=running\n"
    "exit two 0\n"
    "run @#2 succeeded\n")

KIT_TEST(sharing, what_goes_on_in_another_run_stands_in_line_for_locks_when_its_waves_let_it,
    "proc w\nproc h locks=m\nproc p wave=1 locks=l,m\nproc c deps=w locks=l",
    "start h\n"
    "start @a w p\n"
    "start @b w p c\n"
    "cancel @a\n"
    "exit w 0\n"
    "states c=running p=wanted\n"
    "exit c 0\n"
    "exit h 0\n"
    "states p=running\n")

KIT_TEST(sharing, cancel_of_a_proc_in_one_run_fails_its_dependents_there,
    "proc base\nproc one deps=base\nproc two deps=base",
    "start one\n"
    "start two\n"
    "cancel @#1 base => base\n"
    "did start:base over:1\n"
    "states @#1 base=failed:canceled one=failed:dep_failed\n"
    "states @#2 base=running two=wanted\n"
    "run @#1 failed\n")

KIT_TEST(sharing, cancel_in_the_last_run_ends_the_execution, "proc base",
    "start base\n"
    "start base\n"
    "cancel @#1\n"
    "cancel @#2\n"
    "did start:base over:1 term:base\n"
    "die base 15\n"
    "states base=failed:canceled\n"
    "run @#2 failed\n")

KIT_TEST(sharing, cancel_by_force_takes_what_others_share, "proc base\nproc two deps=base",
    "start base\n"
    "start two\n"
    "cancel @#1 base --force\n"
    "did start:base term:base\n"
    "die base 15\n"
    "states base=failed:canceled two=failed:dep_failed\n"
    "run @#2 failed\n")

KIT_TEST(sharing, force_ends_what_was_canceled_in_this_run_only_before, "proc base\nproc hold",
    "start base\n"
    "start @r base hold\n"
    "cancel @r base\n"
    "cancel @r base\n"
    "did start:base start:hold\n"
    "cancel @r base --force\n"
    "did term:base\n"
    "die base 15\n"
    "run @#1 failed\n")

KIT_TEST(sharing, cancel_without_a_run_means_all_runs, "proc base\nproc two deps=base",
    "start base\n"
    "start two\n"
    "cancel base\n"
    "did start:base term:base\n"
    "die base 15\n"
    "run @#1 failed\n"
    "run @#2 failed\n")

KIT_TEST(sharing, cancel_all_ends_everything, "proc a\nproc b\nproc c deps=a",
    "start a\n"
    "start b c\n"
    "cancel --all\n"
    "die a 15\n"
    "die b 15\n"
    "run @#1 failed\n"
    "run @#2 failed\n")

KIT_TEST(sharing, a_canceled_dependent_in_one_run_goes_on_in_another,
    "proc base\nproc top deps=base",
    "start top\n"
    "start top\n"
    "cancel @#1 base\n"
    "states @#1 base=failed:canceled top=failed:dep_failed\n"
    "states @#2 base=running top=wanted\n"
    "exit base 0\n"
    "exit top 0\n"
    "run @#2 succeeded\n"
    "states @#1 top=failed:dep_failed\n")

KIT_TEST(sharing, fail_fast_takes_only_what_no_other_run_is_in, "proc bad\nproc shared\nproc own",
    "start shared\n"
    "start --fail-fast bad shared own\n"
    "exit bad 1\n"
    "states @#2 shared=failed:canceled\n"
    "states shared=running\n"
    "die own 15\n"
    "run @#2 failed\n"
    "exit shared 0\n"
    "run @#1 succeeded\n")

KIT_TEST(sharing, no_failures_of_a_joined_execution_looks_at_its_first_run,
    "proc bad\nproc slow\nproc gate deps=slow no_failures",
    "start gate\n"
    "start bad gate\n"
    "exit bad 1\n"
    "exit slow 0\n"
    "states gate=running\n")

KIT_TEST(sharing, a_run_that_is_over_keeps_what_another_goes_on_with, "proc a\nproc b",
    "start a\n"
    "start a b\n"
    "cancel @#1\n"
    "run @#1 failed\n"
    "clear @#1 => 1\n"
    "exit a 0\n"
    "exit b 0\n"
    "run @#2 succeeded\n")

KIT_TEST(sharing, a_run_can_be_forgotten_while_what_it_depended_on_goes_on,
    "proc base\nproc top deps=base",
    "start base\n"
    "start top\n"
    "cancel @#2\n"
    "run @#2 failed\n"
    "clear @#2 => 1\n"
    "exit base 0\n"
    "run @#1 succeeded\n")

KIT_TEST(sharing, what_depends_on_what_was_canceled_here_fails_here_new_or_joined,
    "proc base\nproc top deps=base\nproc over deps=top\nproc late deps=base\nproc hold",
    "start over\n"
    "start @r base hold\n"
    "cancel @r base\n"
    "start @r over late\n"
    "states @r base=failed:canceled top=failed:dep_failed over=failed:dep_failed "
    "late=failed:dep_failed\n"
    "states base=running top=wanted over=wanted\n"
    "exit base 0\n"
    "exit top 0\n"
    "states over=running hold=running\n"
    "exit over 0\n"
    "run @#1 succeeded\n"
    "exit hold 0\n"
    "run @r failed\n")

KIT_TEST(sharing, what_was_canceled_here_and_succeeded_elsewhere_is_failed_here,
    "proc base\nproc late deps=base\nproc hold",
    "start base\n"
    "start @r base hold\n"
    "cancel @r base\n"
    "exit base 0\n"
    "run @#1 succeeded\n"
    "start @r late\n"
    "states @r base=failed:canceled late=failed:dep_failed hold=running\n")

KIT_TEST(sharing, what_stands_on_two_executions_of_a_proc_is_not_joined,
    "proc g\nproc p1 command=./x\nproc p2 deps=g\nproc p3 deps=p1,p2",
    "start @a p1\n"
    "start @b p3\n"
    "exit g 0\n"
    "answer p1 g\n"
    "start @c p3\n"
    "members @c g p1 p2 p3\n"
    "exit g 0\n"
    "exit p1 0\n"
    "exit p2 0\n"
    "exit p3 0\n"
    "exit p2 0\n"
    "exit p3 0\n"
    "run @c succeeded\n")

KIT_TEST(sharing, what_would_wait_for_itself_in_the_line_of_a_proc_is_not_joined,
    "proc hold\nproc t deps=hold\nproc d deps=t",
    "start @a d\n"
    "replace proc d rdeps=t\n"
    "start @b t d\n"
    "exit hold 0\n"
    "exit t 0\n"
    "exit d 0\n"
    "run @a succeeded\n"
    "states @b hold=succeeded d=running t=wanted\n"
    "exit d 0\n"
    "exit t 0\n"
    "run @b succeeded\n"
    "count t 2\n")

KIT_TEST(sharing, a_late_dependency_that_waits_in_line_for_its_dependent_is_a_cycle,
    "proc x command=./ask\nproc d deps=x",
    "start @a x\n"
    "start @b d\n"
    "replace proc d text=other\n"
    "answer x d\n"
    "states x=failed:resolve d=failed:dep_failed\n"
    "info x d\n"
    "run @a failed\n"
    "run @b failed\n")

KIT_TEST(sharing, when_the_first_run_was_forgotten_the_next_one_gives_the_waves,
    "proc low\nproc hold\nproc high wave=1",
    "start @a low high\n"
    "start @b hold high\n"
    "cancel @a\n"
    "die low 15\n"
    "clear @a => 1\n"
    "start @c high\n"
    "reason high wave hold\n"
    "wait w @b high exec=hold -> deadlock hold high hold\n"
    "exit hold 0\n"
    "states high=running\n")

KIT_TEST(sharing, what_follows_a_late_dependency_stays_with_the_executions_that_a_run_has,
    "proc s deps=g\nproc g\nproc h deps=s\nproc e command=./x",
    "start @b s e\n"
    "exit g 0\n"
    "exit s 0\n"
    "replace proc s\n"
    "start @r s e\n"
    "answer e h\n"
    "members @b s g e h\n"
    "members @r s e h\n")

KIT_TEST(sharing, what_comes_with_a_joined_execution_need_not_be_possible_anew,
    "proc top deps=mid\nproc mid deps=gen,hold\nproc gen deps=made\nproc hold",
    "options strict\n"
    "define proc made\n"
    "start @a mid\n"
    "exit made 0\n"
    "exit gen 0\n"
    "undefine made\n"
    "start @b gen -> missing_dep gen made\n"
    "start @b gen top\n"
    "members @b top mid gen made hold\n"
    "exit hold 0\n"
    "exit mid 0\n"
    "start @c gen -> missing_dep gen made\n"
    "exit top 0\n"
    "run @b succeeded\n")

KIT_TEST(sharing, what_fails_at_once_in_a_joined_execution_is_a_failure_for_fail_fast,
    "proc base\nproc top deps=base\nproc hold\nproc other",
    "start @a top\n"
    "start @r base hold\n"
    "cancel @r base\n"
    "start @r --fail-fast top other\n"
    "states @r top=failed:dep_failed other=failed:canceled\n"
    "states top=wanted\n"
    "did start:base start:hold term:hold\n"
    "die hold 15\n"
    "run @r failed\n")

KIT_TEST(sharing, what_comes_late_into_another_run_fails_with_what_failed_there,
    "proc hold\nproc z\nproc t deps=hold",
    "start @a t z\n"
    "define proc d deps=z\n"
    "define proc e deps=d rdeps=t\n"
    "start @b e\n"
    "cancel @a z\n"
    "start @b t\n"
    "members @a t z hold d e\n"
    "states @a z=failed:canceled d=failed:dep_failed e=failed:dep_failed t=failed:dep_failed\n"
    "states @b z=running d=wanted e=wanted t=wanted\n"
    "exit z 0\n"
    "exit d 0\n"
    "exit e 0\n"
    "exit hold 0\n"
    "exit t 0\n"
    "run @a failed\n"
    "run @b succeeded\n")

/* What comes in late comes into every run of its dependent, and stands there on what was canceled.
 */
KIT_TEST(sharing, what_comes_late_fails_where_what_it_depends_on_was_canceled,
    "proc base\nproc hold\nproc top deps=ghost\nproc over deps=top",
    "start base hold over\n"
    "start @r base hold over\n"
    "cancel @r base\n"
    "define proc between deps=base;proc ghost deps=between\n"
    "states @r base=failed:canceled between=failed:dep_failed ghost=failed:dep_failed "
    "top=failed:dep_failed over=failed:dep_failed\n"
    "states between=wanted ghost=wanted top=wanted over=wanted\n"
    "exit base 0\n"
    "exit between 0\n"
    "exit ghost 0\n"
    "exit top 0\n"
    "exit over 0\n"
    "exit hold 0\n"
    "run @#1 succeeded\n"
    "run @r failed\n")

KIT_TEST(sharing, what_is_joined_late_fails_where_what_it_depends_on_was_canceled,
    "proc base\nproc hold\nproc between deps=base\nproc ghost0 deps=between\nproc top deps=ghost",
    "start ghost0\n"
    "start @s base hold top\n"
    "start @r base hold top\n"
    "cancel @r base\n"
    "define proc ghost deps=ghost0\n"
    "states @r between=failed:dep_failed ghost0=failed:dep_failed ghost=failed:dep_failed "
    "top=failed:dep_failed\n"
    "states @s ghost0=wanted ghost=wanted top=wanted\n")

KIT_TEST(sharing, what_is_a_member_already_fails_in_the_runs_that_it_comes_into_late,
    "proc base\nproc hold\nproc between deps=base\nproc top command=./x",
    "start @s between top\n"
    "start @r base hold top\n"
    "cancel @r base\n"
    "answer top between\n"
    "states @r between=failed:dep_failed top=failed:dep_failed\n"
    "states @s between=wanted top=wanted\n")

KIT_TEST(sharing, what_breaks_a_promise_only_with_something_joined_in_vain_is_joined,
    "proc n\nproc j deps=n\nproc y\nproc d\nproc a deps=d\nproc r deps=n\nproc s deps=j",
    "start @a j y\n"
    "exit n 0\n"
    "start @c a\n"
    "replace proc n deps=a\n"
    "replace proc d ws=y\n"
    "start @b r s y\n" /* a comes in below n, until j is found to bring another n with it */
    "members @b r s n j y\n"
    "states @b y=running\n"
    "exit y 0\n"
    "exit j 0\n"
    "exit r 0\n"
    "exit s 0\n"
    "run @b succeeded\n")

KIT_TEST(sharing, what_is_needed_itself_brings_in_its_target_whatever_else_it_comes_with,
    "proc d ws=t\nproc top deps=d",
    "start @a top\n"
    "define proc t\n"
    "start @b d top\n"
    "members @b top d t\n"
    "start @c top\n"
    "members @c top d\n"
    "start @e top d\n"
    "members @e top d t\n"
    "define proc user deps=top,d\n"
    "start @f user\n"
    "members @f user top d t\n"
    "count d 1\n")
