/*
 * Reverse dependencies, sentence by sentence: the plain and the two conditional forms, procs and
 * protos, placeholders both ways, either order of scheduling, and what is too late.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

/* --- plain --- */

KIT_TEST(rdeps, a_declarer_that_the_same_request_creates_later_comes_first,
    "proc T\nproto D::[n] rdeps=T\nproc U deps=D::1",
    "start T U\n"
    "states T=wanted D::1=running\n"
    "exit D::1 0\n"
    "states T=running U=running\n")

KIT_TEST(rdeps, a_pattern_that_matches_its_own_declarer_is_no_cycle,
    "proto g::[x]::[y] rdeps=g::[z]::[z]",
    "start g::1::1\n"
    "states g::1::1=running\n")

KIT_TEST(rdeps, when_the_target_is_scheduled_the_declarer_becomes_its_dependency,
    "proc D rdeps=T\nproc T",
    "start T\n"
    "members @#1 D T\n"
    "did start:D\n"
    "exit D 0\n"
    "did start:T\n")

KIT_TEST(rdeps, scheduling_the_declarer_alone_does_nothing_to_the_target, "proc D rdeps=T\nproc T",
    "start D\n"
    "members @#1 D\n"
    "exit D 0\n"
    "states T=idle\n")

KIT_TEST(rdeps, the_declarer_first_and_then_the_target, "proc D rdeps=T\nproc T",
    "start @r D\n"
    "start @r T\n"
    "states D=running T=wanted\n"
    "exit D 0\n"
    "states T=running\n")

KIT_TEST(rdeps, a_declarer_that_is_complete_is_a_dependency_that_holds,
    "proc D rdeps=T\nproc T\nproc hold",
    "start @r D hold\n"
    "exit D 0\n"
    "start @r T\n"
    "states T=running\n"
    "count D 1\n")

KIT_TEST(rdeps, a_target_fails_with_what_an_rdep_brought_in,
    "proc check rdeps=ship\nproc ship\nproc after deps=ship",
    "start after\n"
    "exit check 1\n"
    "states check=failed:exit ship=failed:dep_failed after=failed:dep_failed\n"
    "info ship check\n")

KIT_TEST(rdeps, patterns_match_the_targets_name,
    "proc s1 rdeps=B::[a]::[b],C::[x]\nproc s2 rdeps=B::1::[b]\nproc s3 rdeps=B::[a]::2\n"
    "proc s4 rdeps=B::1::2\nproto B::[a]::[b]\nproto C::[x]",
    "start B::some::2\n"
    "members @#1 s1 s3 B::some::2\n"
    "start B::1::2\n"
    "members @#2 s1 s2 s3 s4 B::1::2\n"
    "start C::9\n"
    "members @#3 s1 C::9\n")

KIT_TEST(rdeps, the_same_placeholder_twice_matches_the_same_value,
    "proc twins rdeps=B::[x]::[x]\nproto B::[a]::[b]",
    "start B::1::2\n"
    "members @#1 B::1::2\n"
    "start B::2::2\n"
    "members @#2 twins B::2::2\n")

KIT_TEST(rdeps, a_protos_arguments_are_taken_from_the_targets_name,
    "proto next::[t] rdeps=image::[t]::frontend\nproto image::[t]::[i]",
    "start image::stage::frontend\n"
    "members @#1 next::stage image::stage::frontend\n"
    "start image::prod::backend\n"
    "members @#2 image::prod::backend\n"
    "procs next::stage image::stage::frontend image::prod::backend\n")

KIT_TEST(rdeps, a_proto_whose_arguments_are_not_all_given_is_not_injected,
    "proto other::[env] rdeps=image::[a]::[b]\nproto lint rdeps=image::[t]::backend\n"
    "proto dflt::[n] arg=n=4 rdeps=image::[a]::[b]\nproto image::[a]::[b]",
    "start image::x::y\n"
    "members @#1 image::x::y\n"
    "start image::x::backend\n"
    "members @#2 lint image::x::backend\n")

KIT_TEST(rdeps, a_value_that_types_or_choices_refuse_means_not_injected,
    "proto d::[n] arg=n:int rdeps=t::[n]\nproto e::[n] choices=n:1|2 rdeps=t::[n]\nproto t::[x]",
    "start t::two\n"
    "members @#1 t::two\n"
    "start t::3\n"
    "members @#2 d::3 t::3\n"
    "start t::2\n"
    "members @#3 d::2 e::2 t::2\n")

KIT_TEST(rdeps, a_created_proc_keeps_its_protos_rdeps_with_its_arguments_filled_in,
    "proto setup::[env] rdeps=B::[a]::[b]\nproto one::[a] rdeps=B::[a]::[b]\nproto B::[a]::[b]",
    "start B::test::1\n"
    "members @#1 one::test B::test::1\n"
    "create setup::x\n"
    "start B::test::2\n"
    "members @#2 setup::x one::test B::test::2\n"
    "start B::other::2\n"
    "members @#3 setup::x one::other B::other::2\n")

KIT_TEST(rdeps, they_work_through_dependencies,
    "proto next::[t] rdeps=image::[t]::f\nproto image::[t]::[i]\n"
    "proto images::[t] deps=image::[t]::f,image::[t]::b",
    "start images::stage\n"
    "members @#1 images::stage image::stage::f image::stage::b next::stage\n")

KIT_TEST(rdeps, they_work_recursively, "proc a rdeps=b\nproc b rdeps=c\nproc c\nproc z rdeps=a",
    "start c\n"
    "members @#1 a b c z\n"
    "did start:z\n"
    "exit z 0\n"
    "exit a 0\n"
    "exit b 0\n"
    "did start:a start:b start:c\n")

KIT_TEST(rdeps, rdeps_and_deps_go_together,
    "proc setup rdeps=B::[a] deps=tools\nproc tools\nproc A\nproto B::[a] deps=A",
    "start B::y\n"
    "members @#1 B::y A setup tools\n"
    "exit tools 0\n"
    "exit setup 0\n"
    "states B::y=wanted\n"
    "exit A 0\n"
    "states B::y=running\n")

KIT_TEST(rdeps, plain_injects_nothing_when_the_target_runs_or_is_complete, "proc T\nproc hold",
    "start @r T hold\n"
    "define proc P rdeps=T\n"
    "start @r P\n"
    "states P=running T=running\n"
    "exit P 0\n"
    "exit T 0\n"
    "define proc Q rdeps=T\n"
    "start @r Q\n"
    "states Q=running\n")

KIT_TEST(rdeps, a_plain_declarer_that_comes_while_the_target_waits_goes_first,
    "proc slow\nproc T deps=slow",
    "start @r T\n"
    "define proc P rdeps=T\n"
    "start @r P\n"
    "exit slow 0\n"
    "states T=wanted P=running\n"
    "exit P 0\n"
    "states T=running\n")

/* --- when_scheduled --- */

KIT_TEST(rdeps, when_scheduled_leaves_the_declarer_alone_when_only_the_target_is_scheduled,
    "proc T\nproc D ws=T",
    "start T\n"
    "members @#1 T\n"
    "states D=idle\n")

KIT_TEST(rdeps, when_scheduled_pulls_the_target_in_after_the_declarer, "proc T\nproc D ws=T",
    "start D => D\n"
    "members @#1 D T\n"
    "did start:D\n"
    "exit D 0\n"
    "did start:T\n")

KIT_TEST(rdeps, when_scheduled_fires_for_whatever_reason_the_declarer_is_scheduled,
    "proc T\nproc D ws=T\nproc user deps=D",
    "start user\n"
    "members @#1 user D T\n"
    "exit D 0\n"
    "states user=running T=running\n")

KIT_TEST(rdeps, when_scheduled_creates_the_target_with_arguments_from_the_declarers,
    "proto deploy::[env]\nproto build::[env] ws=deploy::[env]\n"
    "proto k::[t]::[c]\nproto next::[t] ws=k::[t]::front",
    "start build::prod next::stage\n"
    "members @#1 build::prod deploy::prod next::stage k::stage::front\n"
    "did start:build::prod start:next::stage\n"
    "exit next::stage 0\n"
    "did start:k::stage::front\n")

KIT_TEST(rdeps, when_scheduled_with_both_started_in_either_order,
    "proto A\nproto B ws=A\nproto C\nproto D ws=C\n"
    "proc top deps=E,F\nproto E\nproto F ws=E",
    "start B A\n"
    "did start:B\n"
    "start C D\n"
    "did start:D\n"
    "start top\n"
    "did start:F\n"
    "exit F 0\n"
    "did start:E\n")

KIT_TEST(rdeps, when_scheduled_gives_a_waiting_target_the_new_dependency,
    "proc slow\nproc A deps=slow\nproc B ws=A",
    "start @r A\n"
    "start @r B\n"
    "exit slow 0\n"
    "states A=wanted B=running\n"
    "exit B 0\n"
    "states A=running\n")

KIT_TEST(rdeps, when_scheduled_is_too_late_when_the_target_runs_or_is_complete,
    "proc A\nproc B ws=A\nproc hold\nproc other",
    "start @r A hold\n"
    "start @r other B -> too_late B A\n"
    "exit A 0\n"
    "start @r other B -> too_late B A\n"
    "states B=idle other=idle\n"
    "start B\n"
    "members @#2 A B\n")

KIT_TEST(rdeps, when_scheduled_a_target_that_another_run_executes_is_executed_anew,
    "proc A\nproc B ws=A",
    "start A\n"
    "start B\n"
    "states B=running\n"
    "states @#2 A=wanted\n"
    "exit B 0\n"
    "states @#2 A=wanted\n"
    "exit A 0\n"
    "did start:A start:B over:1 start:A\n"
    "exit A 0\n"
    "run @#2 succeeded\n")

KIT_TEST(rdeps, when_scheduled_a_target_that_waits_in_another_run_is_joined,
    "proc slow\nproc A deps=slow\nproc B ws=A",
    "start A\n"
    "start B\n"
    "exit slow 0\n"
    "states A=wanted\n"
    "exit B 0\n"
    "states A=running\n"
    "exit A 0\n"
    "count A 1\n"
    "run @#1 succeeded\n"
    "run @#2 succeeded\n")

KIT_TEST(rdeps, a_when_scheduled_target_that_nothing_defines_is_ignored_or_strictly_an_error,
    "proc B ws=ghost",
    "start B\n"
    "members @#1 B\n"
    "exit B 0\n"
    "run @#1 succeeded\n"
    "options strict\n"
    "start B -> missing_dep B ghost\n")

KIT_TEST(rdeps, a_when_scheduled_target_that_cannot_be_filled_is_ignored,
    "proto t::[x]::[y]\nproc B ws=t::[x]::1",
    "start B\n"
    "members @#1 B\n"
    "options strict\n"
    "exit B 0\n"
    "start B -> missing_dep\n")

/* --- when_target_scheduled --- */

KIT_TEST(rdeps, when_target_scheduled_brings_the_declarer_in, "proto A\nproto B wts=A",
    "start A\n"
    "members @#1 A B\n"
    "did start:B\n"
    "exit B 0\n"
    "did start:A\n")

KIT_TEST(rdeps, when_target_scheduled_leaves_the_target_alone, "proc C\nproc D wts=C",
    "start D\n"
    "members @#1 D\n"
    "states C=idle\n")

KIT_TEST(rdeps, when_target_scheduled_takes_arguments_from_the_targets_name,
    "proto deploy::[env]\nproto build::[env] wts=deploy::[env]\nproto k::[t]::[c]\nproto next::[t] "
    "wts=k::[t]::front",
    "start deploy::prod k::stage::front k::stage::back\n"
    "members @#1 deploy::prod build::prod k::stage::front k::stage::back next::stage\n")

KIT_TEST(rdeps, when_target_scheduled_with_both_started_in_either_order,
    "proc A\nproc B wts=A\nproc C\nproc D wts=C",
    "start B A\n"
    "did start:B\n"
    "start C D\n"
    "did start:D\n")

KIT_TEST(rdeps, when_target_scheduled_is_too_late_when_the_target_runs_or_is_complete,
    "proc A\nproc hold",
    "start @r A hold\n"
    "define proc B wts=A\n"
    "start @r B -> too_late B A\n"
    "exit A 0\n"
    "start @r B -> too_late B A\n"
    "start A\n"
    "members @#2 A B\n")

KIT_TEST(rdeps, a_request_that_is_too_late_leaves_no_created_proc_behind,
    "proto A::[x]\nproto B::[x] ws=A::[x]\nproto C::[x]",
    "start @r A::1\n"
    "start @r C::1 B::1 -> too_late B::1 A::1\n"
    "procs A::1\n")

/* --- mixed --- */

KIT_TEST(rdeps, all_forms_mix_in_one_list,
    "proto t1\nproto t2\nproto plain\nproc setup ws=t1,t2 rdeps=plain\nproc user deps=setup",
    "start plain\n"
    "members @#1 plain setup t1 t2\n"
    "did start:setup\n"
    "exit setup 0\n"
    "did start:plain start:t1 start:t2\n"
    "start user\n"
    "members @#2 user setup t1 t2\n")

KIT_TEST(rdeps, several_declarers_of_a_target,
    "proto t1\nproto deploy\nproto build ws=deploy\nproto lint wts=deploy",
    "start build\n"
    "members @#1 build deploy lint\n"
    "did start:build start:lint\n")

KIT_TEST(rdeps, one_declarer_of_several_targets,
    "proto target1\nproto target2\nproto setup wts=target1,target2",
    "start target1 target2\n"
    "members @#1 target1 target2 setup\n"
    "did start:setup\n"
    "exit setup 0\n"
    "did start:target1 start:target2\n")

KIT_TEST(rdeps, a_higher_wave_that_any_form_brings_in_is_an_error,
    "proc ok\nproc T1\nproc plain wave=1 rdeps=T1\nproc T2\nproc ws wave=2 ws=T2\n"
    "proc T3\nproc wts wave=1 wts=T3",
    "start ok plain T1 -> wave_order T1 plain\n"
    "start ok T1 -> wave_order\n"
    "start ok ws -> wave_order T2 ws\n"
    "start ok wts T3 -> wave_order T3 wts\n"
    "start T2\n"
    "states ok=idle plain=idle\n")

KIT_TEST(rdeps, a_removed_declarer_brings_nothing_in, "proc T",
    "define proc D rdeps=T;proto E::[x] rdeps=T\n"
    "create E::1\n"
    "start T\n"
    "members @#1 D E::1 T\n"
    "undefine D E::[x]\n"
    "cancel --all\n"
    "die D 15\n"
    "die E::1 15\n"
    "start T\n"
    "members @#2 T\n")

KIT_TEST(rdeps, a_proto_and_its_created_proc_inject_once, "proto b::[e] rdeps=d::[e]\nproto d::[e]",
    "create b::x\n"
    "start d::x\n"
    "members @#1 b::x d::x\n"
    "exit b::x 0\n"
    "states d::x=running\n")

/* --- what comes in with an execution that is joined --- */

KIT_TEST(rdeps, a_target_that_waits_below_what_is_joined_waits_for_its_declarer_too,
    "proc D ws=T\nproc S\nproc T deps=S\nproc X deps=T",
    "start X\n"
    "start X D\n"
    "exit S 0\n"
    "states T=wanted D=running\n"
    "exit D 0\n"
    "states T=running\n"
    "exit T 0\n"
    "count T 1\n"
    "count X 1\n")

KIT_TEST(rdeps, what_stands_on_a_target_that_is_complete_is_not_joined_with_its_declarer,
    "proc D ws=T\nproc T\nproc X deps=T",
    "start X\n"
    "exit T 0\n"
    "start X D\n"
    "states @#1 X=running\n"
    "states @#2 D=running T=wanted X=wanted\n"
    "exit D 0\n"
    "exit T 0\n"
    "states @#2 T=succeeded X=wanted\n"
    "exit X 0\n"
    "states @#2 X=running\n")

KIT_TEST(rdeps, a_target_that_is_joined_creates_no_declarer, "proc T::1",
    "start T::1\n"
    "define proto D::[n] rdeps=T::[n]\n"
    "start T::1\n"
    "procs T::1\n")
