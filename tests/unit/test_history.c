/*
 * In which order what is ready gets the slots: by request, and within one by what is known of
 * durations, the longest way to the end of all first.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/core_kit.h"

KIT_TEST(history, without_any_it_is_the_order_of_the_request, "proc a\nproc b\nproc c",
    "options parallel=1\n"
    "start a c b\n"
    "exit a 0\n"
    "exit c 0\n"
    "exit b 0\n"
    "did start:a start:c start:b over:1\n")

KIT_TEST(history, the_longest_is_first, "proc a\nproc b\nproc c",
    "options parallel=1\n"
    "expect b 5\n"
    "expect c 9\n"
    "expect a 1\n"
    "start a b c\n"
    "exit c 0\n"
    "exit b 0\n"
    "exit a 0\n"
    "did start:c start:b start:a over:1\n")

KIT_TEST(history, what_waits_for_it_counts,
    "proc short\nproc long\nproc then deps=short\nproc last collector deps=then",
    "options parallel=1\n"
    "expect short 1\n"
    "expect long 5\n"
    "expect then 5\n"
    "start long last\n"
    "states short=running long=wanted\n"
    "exit short 0\n"
    "states long=running then=wanted\n")

KIT_TEST(history, of_several_ways_the_longest_counts,
    "proc a\nproc b\nproc x deps=a\nproc y deps=a,b\nproc z deps=y",
    "options parallel=1\n"
    "expect a 1\n"
    "expect b 2\n"
    "expect x 1\n"
    "expect y 1\n"
    "expect z 7\n"
    "start x z\n"
    "exit b 0\n"
    "exit a 0\n"
    "exit y 0\n"
    "exit z 0\n"
    "exit x 0\n"
    "did start:b start:a start:y start:z start:x over:1\n")

KIT_TEST(history, what_is_not_known_takes_what_the_others_do_on_average,
    "proc a\nproc b\nproc c\nproc none collector",
    "options parallel=1\n"
    "expect a 1\n"
    "expect c 9\n"
    "start a b c none\n"
    "exit c 0\n"
    "exit b 0\n"
    "exit a 0\n"
    "did start:c start:b start:a over:1\n")

KIT_TEST(history, an_earlier_request_is_not_overtaken, "proc a\nproc b\nproc c\nproc d",
    "options parallel=1\n"
    "expect a 1\n"
    "expect b 2\n"
    "expect c 9\n"
    "start d\n"
    "start a b\n"
    "start c\n"
    "exit d 0\n"
    "exit b 0\n"
    "exit a 0\n"
    "states c=running\n")

KIT_TEST(history, nor_who_stands_in_line_for_a_lock,
    "proc h locks=l\nproc a locks=l\nproc b locks=l",
    "expect a 1\n"
    "expect b 9\n"
    "start h\n"
    "start a b\n"
    "exit h 0\n"
    "states a=running b=wanted\n")

KIT_TEST(history, it_is_learned_from_what_succeeds, "proc a\nproc b\nproc fails",
    "options parallel=1\n"
    "start a\n"
    "tick 1\n"
    "exit a 0\n"
    "start b\n"
    "tick 2\n"
    "exit b 0\n"
    "start fails\n"
    "tick 9\n"
    "exit fails 1\n"
    "expect fails 1\n"
    "start a fails b\n"
    "states b=running\n"
    "exit b 0\n"
    "states a=running\n")

/* What a database says may be anything: it counts as the most that there is. */
Test(history, no_duration_is_too_long)
{
	struct kit *kit = kit_new("proc a\nproc b\nproc c deps=b\nproc d deps=c");

	kit_play(kit, "options parallel=1\nexpect a 1\nexpect d 1");
	core_expect(kit->core, "b", INT64_MAX);
	core_expect(kit->core, "c", INT64_MAX);
	kit_play(kit, "start a d\n"
	              "did start:b\n"
	              "exit b 0\n"
	              "did start:c\n");
	kit_free(kit);
}

Test(history, recent_ones_count_more)
{
	cr_assert_eq(core_mean_duration(0, 800), 800);
	cr_assert_eq(core_mean_duration(800, 0), 600);
	cr_assert_eq(core_mean_duration(800, 1200), 900);
}

Test(history, what_was_not_heard_of_for_longest_is_forgotten)
{
	struct kit *kit = kit_new("");
	char name[24];

	for (int i = 0; i <= 10000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		core_expect(kit->core, name, i + 1);
		core_expect(kit->core, "p1", 7);
	}
	cr_assert_eq(core_expected(kit->core, "p0"), 0);
	cr_assert_eq(core_expected(kit->core, "p1"), 7);
	cr_assert_eq(core_expected(kit->core, "p10000"), 10001);
	core_expect(kit->core, "p5", 0);
	cr_assert_eq(core_expected(kit->core, "p5"), 6);
	kit_free(kit);
}
