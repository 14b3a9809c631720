/*
 * What executions hold while they run: locks, amounts of pools; who comes first for them and for
 * slots, by priority.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

/* --- locks --- */

KIT_TEST(locks, a_lock_has_one_holder, "proc t1 locks=l\nproc t2 locks=l\nproc t3",
    "start t1 t2 t3\n"
    "did start:t1 start:t3\n"
    "reason t2 lock\n"
    "exit t1 1\n"
    "did start:t2\n")

KIT_TEST(locks, all_locks_are_taken_or_none, "proc ab locks=a,b\nproc bc locks=b,c\nproc c locks=c",
    "start ab bc\n"
    "did start:ab\n"
    "start c\n"
    "states c=wanted\n"
    "reason c lock\n"
    "exit ab 0\n"
    "did start:bc\n"
    "exit bc 0\n"
    "did over:1 start:c\n")

KIT_TEST(locks, who_needs_several_locks_is_not_overtaken_for_ever,
    "proc a locks=a\nproc b locks=b\nproc ab locks=a,b\nproc a2 locks=a\nproc b2 locks=b",
    "start a b ab a2 b2\n"
    "did start:a start:b\n"
    "exit a 0\n"
    "did\n"
    "exit b 0\n"
    "did start:ab\n"
    "exit ab 0\n"
    "did start:a2 start:b2\n")

KIT_TEST(locks, what_shares_no_lock_with_who_waits_goes_on,
    "proc a locks=a\nproc ab locks=a,b\nproc c locks=c\nproc free",
    "start a ab c free\n"
    "did start:a start:c start:free\n")

KIT_TEST(locks, who_waits_for_dependencies_keeps_no_lock,
    "proc slow\nproc first deps=slow locks=l\nproc second locks=l",
    "start first second\n"
    "did start:slow start:second\n"
    "exit slow 0\n"
    "states first=wanted\n"
    "reason first lock\n"
    "exit second 0\n"
    "states first=running\n")

KIT_TEST(locks, locks_hold_over_all_runs, "proc first locks=l\nproc second locks=l",
    "start first\n"
    "start second\n"
    "states second=wanted\n"
    "exit first 1\n"
    "states second=running\n")

KIT_TEST(locks, the_same_lock_twice_is_one, "proc a locks=l,l\nproc b locks=l",
    "start a b\n"
    "states a=running\n"
    "exit a 0\n"
    "states b=running\n")

KIT_TEST(locks, placeholders_are_filled_in_locks, "proto p::[x]::[n] locks=l-[x]",
    "start p::a::1 p::a::2 p::b::1\n"
    "states p::a::1=running p::a::2=wanted p::b::1=running\n")

KIT_TEST(locks, who_fails_while_it_waits_for_a_lock_keeps_nobody_back,
    "proc a locks=a\nproc ab locks=a,b\nproc b locks=b",
    "start a ab b\n"
    "states b=wanted\n"
    "cancel ab\n"
    "states ab=failed:canceled b=running\n")

/* --- pools --- */

KIT_TEST(locks, no_more_of_a_pool_is_held_than_it_has, "proc x",
    "pools db=3\n"
    "define proc a use=db:2; proc b use=db:1; proc c use=db:1\n"
    "start a b c\n"
    "did start:a start:b\n"
    "reason c pool a b\n"
    "exit b 0\n"
    "did start:c\n")

KIT_TEST(locks, who_wants_much_of_a_pool_is_not_overtaken, "proc x",
    "pools db=3\n"
    "define proc a use=db:2; proc b use=db:3; proc c use=db:1\n"
    "start a b c\n"
    "did start:a\n"
    "reason b pool a\n"
    "reason c pool b\n"
    "exit a 0\n"
    "did start:b\n"
    "exit b 0\n"
    "did start:c\n")

KIT_TEST(locks, locks_and_pools_are_taken_together_or_not_at_all, "proc x",
    "pools db=2 mem=8\n"
    "define proc a use=mem:8; proc b locks=l use=db:1,mem:1; proc c locks=l; proc d use=db:1\n"
    "start a b c d\n"
    "did start:a start:d\n"
    "reason c lock b\n"
    "exit a 0\n"
    "did start:b\n")

KIT_TEST(locks, a_lock_and_a_pool_of_one_name_are_two, "proc x",
    "pools l=1\n"
    "define proc a locks=l; proc b use=l:1\n"
    "start a b\n"
    "did start:a start:b\n")

KIT_TEST(locks, placeholders_are_filled_in_names_of_pools, "proc x",
    "pools db-a=1 db-b=1\n"
    "define proto p::[x]::[n] use=db-[x]:1\n"
    "start p::a::1 p::a::2 p::b::1\n"
    "states p::a::1=running p::a::2=wanted p::b::1=running\n")

KIT_TEST(locks, what_uses_no_pool_that_there_is_is_refused, "proc x",
    "pools db=2\n"
    "define proc a use=dbb:1 -> bad_definition a dbb\n"
    "define proc a use=db:3 -> bad_definition a db\n"
    "define proto p::[x] use=db:3 -> bad_definition p::[x] db\n")

KIT_TEST(locks, what_runs_keeps_what_it_has_of_a_pool_that_shrinks, "proc x",
    "pools db=4\n"
    "define proc a use=db:3; proc b use=db:1; proc c use=db:2; proc d use=db:1\n"
    "start a b c d\n"
    "did start:a start:b\n"
    "pools db=1\n"
    "states a=running b=running c=failed:spawn d=wanted\n"
    "info c use 2 of the pool db, which has 1\n"
    "exit a 0\n"
    "states d=wanted\n"
    "exit b 0\n"
    "states d=running\n")

KIT_TEST(locks, a_pool_that_is_gone_fails_what_waits_for_it, "proc x",
    "pools db=1\n"
    "define proc a use=db:1; proc b use=db:1\n"
    "start a b\n"
    "pools\n"
    "states a=running b=failed:spawn\n"
    "info b pool db\n"
    "exit a 0\n"
    "start a\n"
    "states a=failed:spawn\n"
    "pools db=1\n"
    "start a\n"
    "states a=running\n")

KIT_TEST(locks, a_pool_that_shrinks_and_grows_has_the_same_line_again, "proc hold",
    "pools db=3\n"
    "define proc b use=db:3; proc c use=db:3; proc d use=db:1\n"
    "options parallel=1\n"
    "start hold\n"
    "start b c d\n"
    "pools db=1\n"
    "states b=wanted c=wanted d=wanted\n"
    "pools db=3\n"
    "reason c pool b\n"
    "reason d pool c\n"
    "exit hold 0\n"
    "states b=running c=wanted d=wanted\n"
    "pools db=1\n"
    "exit b 0\n"
    "states c=failed:spawn d=running\n")

KIT_TEST(locks, a_pool_that_grows_lets_more_of_those_that_wait_start, "proc x",
    "pools db=1\n"
    "define proc a use=db:1; proc b use=db:1; proc c use=db:1\n"
    "start a b c\n"
    "did start:a\n"
    "pools db=2\n"
    "did start:b\n")

/* --- priorities --- */

KIT_TEST(locks, a_slot_goes_to_the_highest_priority,
    "proc hold\nproc a\nproc b priority=5\nproc c priority=-1\nproc d priority=5",
    "options parallel=1\n"
    "start hold\n"
    "start c a b d\n"
    "did start:hold\n"
    "exit hold 0\n"
    "did over:1 start:b\n"
    "exit b 0\n"
    "did start:d\n"
    "exit d 0\n"
    "did start:a\n"
    "exit a 0\n"
    "did start:c\n")

KIT_TEST(locks, what_a_high_one_waits_for_is_as_high,
    "proc hold\nproc other\nproc deep\nproc dep deps=deep\nproc high deps=dep priority=9",
    "options parallel=1\n"
    "start hold other\n"
    "start high\n"
    "exit hold 0\n"
    "states other=wanted deep=running\n"
    "exit deep 0\n"
    "states other=wanted dep=running\n"
    "exit dep 0\n"
    "states other=wanted high=running\n")

KIT_TEST(locks, what_is_in_line_already_is_raised_with_whoever_joins_it,
    "proc hold locks=l\nproc a locks=l\nproc b locks=l\nproc high deps=b priority=9",
    "start hold a b\n"
    "start high\n"
    "exit hold 0\n"
    "states a=wanted b=running\n")

KIT_TEST(locks, a_lock_goes_to_the_highest_priority,
    "proc hold locks=l\nproc a locks=l\nproc b locks=l priority=2\nproc ab locks=l,m",
    "start hold\n"
    "start a b ab\n"
    "exit hold 0\n"
    "states a=wanted b=running ab=wanted\n"
    "exit b 0\n"
    "states a=running ab=wanted\n")

KIT_TEST(locks, what_a_high_one_waits_for_inside_is_as_high,
    "proc high priority=9\nproc hold\nproc other\nproc inner",
    "options parallel=2\n"
    "start hold high\n"
    "start other\n"
    "start inner\n"
    "states other=wanted inner=wanted\n"
    "start inner @#1 exec=high --waiting\n"
    "wait w inner @#1 exec=high\n"
    "states other=wanted inner=running\n")
