/*
 * Requests from inside a process, sentence by sentence: nested waits that lend their slot, what
 * they start, and those that can never end.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/core_kit.h"

KIT_TEST(nested, a_nested_wait_lends_its_slot,
    "proc outer\nproc middle\nproc inner deps=leaf\nproc leaf",
    "options parallel=1\n"
    "start outer\n"
    "start @#1 middle exec=outer\n"
    "states middle=wanted\n"
    "wait w @#1 middle exec=outer\n"
    "states middle=running\n"
    "reason outer nested middle\n"
    "reason middle not\n"
    "start @#1 inner exec=middle\n"
    "wait v @#1 inner exec=middle\n"
    "states leaf=running inner=wanted\n"
    "exit leaf 0\n"
    "exit inner 0\n"
    "waits v=ok w=pending\n"
    "end v\n"
    "exit middle 0\n"
    "waits w=ok\n"
    "end w\n"
    "exit outer 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, after_it_the_waiter_goes_on_at_once_even_above_the_limit,
    "proc outer\nproc inner\nproc next\nproc last",
    "options parallel=1\n"
    "start outer next last\n"
    "wait w @#1 inner exec=outer\n"
    "states next=running inner=wanted\n"
    "exit next 0\n"
    "states last=running\n"
    "exit last 0\n"
    "exit inner 0\n"
    "waits w=ok\n"
    "end w\n"
    "exit outer 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, while_it_is_above_the_limit_nothing_else_starts,
    "proc outer\nproc inner\nproc other\nproc late",
    "options parallel=1\n"
    "start outer other\n"
    "wait w @#1 inner exec=outer\n"
    "did start:outer start:other\n"
    "cancel @#1 inner\n"
    "waits w=failed\n"
    "end w\n"
    "start late\n"
    "exit other 0\n"
    "states late=wanted\n"
    "exit outer 0\n"
    "states late=running\n")

KIT_TEST(nested, it_starts_an_idle_proc_that_it_names,
    "proc outer\nproc child deps=base\nproc base",
    "start outer\n"
    "wait w @#1 child exec=outer\n"
    "members @#1 outer child base\n"
    "exit base 0\n"
    "exit child 1\n"
    "waits w=failed\n"
    "end w\n"
    "exit outer 0\n"
    "states outer=succeeded\n"
    "run @#1 failed\n")

KIT_TEST(nested, what_ran_in_the_run_already_is_not_run_again, "proc dep\nproc outer deps=dep",
    "start outer\n"
    "exit dep 0\n"
    "wait w @#1 dep exec=outer\n"
    "waits w=ok\n"
    "count dep 1\n")

KIT_TEST(nested, without_names_it_means_all_of_the_run_but_the_waiter,
    "proc outer\nproc a\nproc b deps=a",
    "start outer b\n"
    "wait w @#1 exec=outer\n"
    "exit a 0\n"
    "waits w=pending\n"
    "exit b 0\n"
    "waits w=ok\n"
    "states outer=running\n")

KIT_TEST(nested, a_wait_for_itself_is_a_deadlock, "proc self",
    "start self\n"
    "wait w @#1 self exec=self -> deadlock self self\n"
    "exit self 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, a_wait_for_its_own_dependents_is_a_deadlock,
    "proc low\nproc high deps=between\nproc between deps=low",
    "start low high\n"
    "wait w @#1 high exec=low -> deadlock\n"
    "exit low 0\n"
    "exit between 0\n"
    "exit high 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, a_wait_for_what_needs_a_lock_that_the_waiter_holds_is_a_deadlock,
    "proc holder locks=l\nproc locked locks=l\nproc user deps=locked",
    "start holder\n"
    "start @#1 locked user exec=holder\n"
    "wait w @#1 locked exec=holder -> deadlock\n"
    "wait v @#1 user exec=holder -> deadlock\n"
    "states holder=running\n")

/* The player looks whether a refusal has changed anything; what is idle here stays so. */

KIT_TEST(nested, a_wait_that_is_refused_starts_nothing_of_what_it_names,
    "proc holder locks=l\nproc locked locks=l\nproc user deps=locked,made::1\nproto made::[x]\n"
    "proc fine",
    "start holder\n"
    "wait w @#1 locked exec=holder -> deadlock holder locked holder\n"
    "wait w @#1 fine user exec=holder -> deadlock holder user locked holder\n"
    "states fine=idle locked=idle user=idle\n"
    "wait w @#1 fine exec=holder\n"
    "did start:holder start:fine\n"
    "exit fine 0\n"
    "waits w=ok\n"
    "end w\n"
    "exit holder 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, one_of_its_names_that_cannot_start_keeps_the_others_from_it,
    "proc outer\nproc fine\nproc ring deps=ring",
    "start outer\n"
    "wait w @#1 fine ring exec=outer -> cycle\n"
    "states fine=idle\n")

KIT_TEST(nested, a_refused_wait_starts_no_dependents_or_higher_waves,
    "proc low\nproc top deps=low\nproc high wave=1\nproc other deps=zero wave=1\nproc zero",
    "start low\n"
    "wait w @#1 top exec=low -> deadlock low top low\n"
    "wait w @#1 high exec=low -> deadlock low high low\n"
    "wait w @#1 other exec=low -> deadlock\n"
    "members @#1 low\n")

KIT_TEST(nested, what_it_would_pull_in_counts_where_something_waits_for_that,
    "proc w locks=l\nproc hold\nproc t deps=hold\nproc x ws=y\nproc y deps=d\n"
    "proc d ws=t locks=l",
    "start w t\n"
    "wait v @#1 x t exec=w -> deadlock w t d w\n"
    "states x=idle y=idle d=idle\n")

KIT_TEST(nested, a_lower_wave_that_it_would_pull_in_counts_for_what_obeys_it,
    "proc w wave=3 locks=l\nproc z wave=2 ws=k\nproc k wave=2 deps=j\nproc j wave=1 locks=l",
    "start w\n"
    "wait v @#1 z exec=w -> deadlock w z j w\n"
    "members @#1 w\n")

KIT_TEST(nested, what_it_pulls_in_and_does_not_wait_for_does_not_count,
    "proc w locks=l\nproc x ws=y\nproc y locks=l",
    "start w\n"
    "wait v @#1 x exec=w\n"
    "states y=wanted\n"
    "exit x 0\n"
    "waits v=ok\n")

KIT_TEST(nested, a_new_execution_waits_in_the_line_of_its_proc, "proc w\nproc p deps=w",
    "start @a p\n"
    "replace proc p\n"
    "start @b w\n"
    "wait v @b p exec=w -> deadlock w p p w\n"
    "members @b w\n"
    "exit w 0\n"
    "exit p 0\n"
    "run @a succeeded\n"
    "run @b succeeded\n")

KIT_TEST(nested, a_run_from_inside_that_can_never_end_starts_nothing,
    "proc w locks=l\nproc x ws=y\nproc y locks=l\nproc top deps=w\nproc fine",
    "start @a w\n"
    "start @a x exec=w --waiting -> deadlock w y w\n"
    "start @b x exec=w --waiting -> deadlock w y w\n"
    "start @a top exec=w --waiting -> deadlock w top w\n"
    "start @a fine exec=w --waiting\n"
    "members @a w fine\n"
    "run @b gone\n"
    "start @a x exec=w\n"
    "states y=wanted\n")

KIT_TEST(nested, what_counts_as_canceled_in_the_run_is_not_waited_for, "proc a\nproc b\nproc fine",
    "start @r a b\n"
    "start @s a\n"
    "wait v @r b exec=a\n"
    "cancel @r a\n"
    "wait w @r a exec=b\n"
    "waits w=failed\n"
    "start @r fine a exec=b --waiting\n"
    "states fine=running a=running\n")

KIT_TEST(nested, what_it_has_made_of_protos_stays, "proc outer\nproc child deps=p::1\nproto p::[x]",
    "start outer\n"
    "wait w @#1 child exec=outer\n"
    "start nowhere -> unknown_name\n"
    "procs outer child p::1\n"
    "exit p::1 0\n"
    "exit child 0\n"
    "waits w=ok\n")

KIT_TEST(nested, a_wait_for_a_higher_wave_is_a_deadlock, "proc low\nproc high wave=1",
    "start low high\n"
    "wait w @#1 high exec=low -> deadlock\n"
    "exit low 0\n"
    "exit high 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, a_wait_whose_circle_closes_later_ends_with_deadlock, "proc a\nproc b\nproc hold",
    "start a b\n"
    "wait w @#1 b exec=a\n"
    "waits w=pending\n"
    "wait v @#1 a exec=b -> deadlock\n"
    "exit b 0\n"
    "waits w=ok\n")

KIT_TEST(nested, a_dependency_that_makes_a_pending_wait_endless_ends_it,
    "proc a\nproc b command=./ask\nproc c deps=a",
    "start a b\n"
    "wait w @#1 b exec=a\n"
    "answer b c\n"
    "waits w=deadlock\n"
    "end w\n"
    "exit a 0\n"
    "exit c 0\n"
    "exit b 0\n"
    "run @#1 succeeded\n")

KIT_TEST(nested, two_holders_of_locks_that_wait_for_each_others_locks,
    "proc a locks=l\nproc b locks=m\nproc x locks=m\nproc y locks=l",
    "start a b\n"
    "wait w @#1 x exec=a\n"
    "waits w=pending\n"
    "start @#1 y exec=b\n"
    "wait v @#1 y exec=b -> deadlock\n"
    "exit b 0\n"
    "states x=running\n")

KIT_TEST(nested, a_run_whose_only_running_executions_wait_has_nothing_running,
    "proc outer\nproc lost deps=ghost",
    "start outer\n"
    "wait w @#1 lost exec=outer\n"
    "states lost=failed:dep_missing\n"
    "waits w=failed\n")

KIT_TEST(nested, a_wait_for_a_name_that_nothing_can_define_any_more_ends_with_deadlock,
    "proc outer\nproc other",
    "start outer other\n"
    "wait w @#1 nobody exec=outer\n"
    "waits w=pending\n"
    "exit other 0\n"
    "waits w=deadlock\n"
    "start @#1 nobody exec=outer -> unknown_name\n"
    "states outer=running\n")

KIT_TEST(nested, the_end_of_the_waiter_gives_nothing_back_twice,
    "proc outer\nproc inner\nproc x\nproc y",
    "options parallel=1\n"
    "start outer\n"
    "wait w @#1 inner exec=outer\n"
    "start x y\n"
    "die outer 9\n"
    "end w\n"
    "states outer=failed:signal inner=running x=wanted\n"
    "exit inner 0\n"
    "states x=running y=wanted\n"
    "exit x 0\n"
    "states y=running\n")

KIT_TEST(nested, a_timeout_goes_on_while_it_waits, "proc outer timeout=5\nproc inner",
    "start outer\n"
    "wait w @#1 inner exec=outer\n"
    "tick 5\n"
    "did start:outer start:inner term:outer\n"
    "die outer 15\n"
    "states outer=failed:timeout inner=running\n")

KIT_TEST(nested, a_wait_from_outside_lends_nothing, "proc a\nproc b",
    "options parallel=1\n"
    "start a b\n"
    "wait w @#1 b\n"
    "states b=wanted\n")

KIT_TEST(nested, who_needs_a_lock_of_the_waiter_is_not_in_the_way_of_what_it_waits_for,
    "proc w locks=a\nproc both locks=a,b\nproc t locks=b",
    "start @r w\n"
    "start @r both t\n"
    "states both=wanted t=wanted\n"
    "wait x @r t exec=w\n"
    "states t=running\n"
    "exit t 0\n"
    "waits x=ok\n"
    "exit w 0\n"
    "states both=running\n")

KIT_TEST(nested, who_waits_for_a_waiter_that_gets_an_error_goes_on_waiting,
    "proc outer\nproc inner",
    "start outer inner\n"
    "wait w @#1 inner exec=outer\n"
    "wait v @#1 nobody exec=inner\n"
    "waits v=deadlock w=pending\n"
    "end v\n"
    "exit inner 0\n"
    "waits w=ok\n")

KIT_TEST(nested, of_a_circle_of_waits_that_closed_later_one_gets_an_error,
    "proc a\nproc b\nproc x command=./ask\nproc y command=./ask\nproc top",
    "start a b top x y\n"
    "wait u @#1 a exec=top\n"
    "wait v @#1 x exec=a\n"
    "wait w @#1 y exec=b\n"
    "answer x b\n"
    "answer y a\n"
    "waits u=pending v=deadlock w=pending\n"
    "end v\n"
    "exit a 0\n"
    "waits u=ok w=pending\n"
    "exit y 0\n"
    "waits w=ok\n"
    "exit b 0\n"
    "exit x 0\n"
    "exit top 0\n"
    "run @#1 succeeded\n")

/* --- choices of a command --- */

Test(nested, choices_that_a_wait_needs_are_asked_first)
{
	struct kit *kit = kit_new("proc asker\nproc idle::1\n"
	                          "proto first::[n] choices_command=n:./list rdeps=idle::[n]");
	const char *names[] = {"idle::1", "nobody"};
	struct wait_request request = {.names = names, .n_names = 2, .scope = {.run = 1}};
	struct choices_need *needs = NULL;
	cr_assert_eq(core_wait_needs_choices(kit->core, &request, &needs), 0);

	kit_play(kit, "start asker\n");
	request.scope.exec = kit_execution(kit, "asker")->id;
	cr_assert_eq(core_wait_needs_choices(kit->core, &request, &needs), 1);
	cr_assert_str_eq(needs[0].definition->name, "first::[n]");

	struct strings choices = {0};
	strings_add(&choices, "1");
	struct choices_answer answer = {
	    .definition = needs[0].definition, .arg = needs[0].arg, .choices = &choices};
	uint64_t id;
	request.answers = (struct choices_answers){.items = &answer, .count = 1};
	cr_assert_eq(core_wait(kit->core, &request, &id, &kit->fault), 0);
	kit_settle(kit);
	kit_play(kit, "states first::1=running idle::1=wanted asker=running\n");

	struct choices_need *more = NULL;
	cr_assert_eq(core_wait_needs_choices(kit->core, &request, &more), 0);
	strings_clear(&choices);
	definition_unref(needs[0].definition);
	free(needs);
	kit_free(kit);
}

KIT_TEST(nested, who_does_not_fit_beside_the_waiter_is_not_in_the_way_of_what_it_waits_for,
    "proc x",
    "pools db=4\n"
    "define proc h use=db:3; proc w use=db:2; proc in use=db:1\n"
    "start h\n"
    "start w\n"
    "states h=running w=wanted\n"
    "start in @#1 exec=h --waiting\n"
    "wait n in @#1 exec=h\n"
    "states in=running w=wanted\n"
    "exit in 0\n"
    "waits n=ok\n"
    "end n\n"
    "exit h 0\n"
    "states w=running\n")

KIT_TEST(nested, a_wait_for_what_needs_too_much_beside_the_waiter_is_a_deadlock, "proc x",
    "pools db=4\n"
    "define proc h use=db:3; proc in use=db:2\n"
    "start h\n"
    "start in @#1 exec=h --waiting -> deadlock h in h\n")

KIT_TEST(nested, who_waits_out_of_line_for_a_pool_that_shrinks_fails, "proc h locks=l\nproc in",
    "pools db=2\n"
    "define proc w locks=l use=db:2; proc v use=db:1\n"
    "start h\n"
    "start w\n"
    "start in @#1 exec=h --waiting\n"
    "wait n in @#1 exec=h\n"
    "pools db=1\n"
    "states w=failed:spawn\n"
    "start v\n"
    "states v=running\n")
