/*
 * What a request is refused for: cycles, waves, unknown names; and that such a request changes
 * nothing. (The player compares the registry and the runs before and after each refusal.)
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/core_kit.h"

/* The names of the fault go around: the first again at the end, each needing the next. */
static void expect_cycle(
    struct kit *kit, const char *request, size_t n_names, const char *const *members)
{
	kit_play(kit, request);
	const struct strings *names = &kit->fault.names;
	cr_assert_eq(names->count, n_names + 1, "%s: %zu names", request, names->count);
	cr_assert_str_eq(names->items[0], names->items[n_names]);
	for (size_t i = 0; i < n_names; i++) {
		cr_assert(strings_contain(names, members[i]), "%s is not in it", members[i]);
		cr_assert_not_null(
		    strstr(kit->fault.message, members[i]), "%s", kit->fault.message);
	}
	cr_assert_not_null(strstr(kit->fault.message, "cycle"), "%s", kit->fault.message);
}

Test(cycles, a_cycle_is_printed_whole_and_nothing_is_started)
{
	static const char *const ring[] = {"ring-a", "ring-b", "ring-c"};
	static const char *const self[] = {"self"};
	struct kit *kit = kit_new("proc ring-a deps=ring-b\nproc ring-b deps=ring-c\n"
	                          "proc ring-c deps=ring-a\nproc self deps=self\nproc lone\n"
	                          "proc into deps=ring-b");
	expect_cycle(kit, "start lone ring-a -> cycle", 3, ring);
	expect_cycle(kit, "start lone into -> cycle", 3, ring);
	expect_cycle(kit, "start self -> cycle", 1, self);
	kit_play(kit, "states lone=idle\nstart lone\nexit lone 0\nrun @#1 succeeded");
	kit_free(kit);
}

Test(cycles, a_cycle_says_who_needs_whom)
{
	struct kit *kit = kit_new("proc a deps=b\nproc b deps=c\nproc c deps=a");
	kit_play(kit, "start a -> cycle");
	const struct strings *names = &kit->fault.names;
	for (size_t i = 0; i + 1 < names->count; i++) {
		char from = names->items[i][0];
		char to = names->items[i + 1][0];
		cr_assert_eq(to, from == 'c' ? 'a' : from + 1, "%c to %c", from, to);
	}
	kit_free(kit);
}

Test(cycles, a_cycle_through_an_rdep_is_found)
{
	static const char *const both[] = {"first", "second"};
	struct kit *kit = kit_new("proc first rdeps=second deps=second\nproc second");
	expect_cycle(kit, "start second -> cycle", 2, both);
	kit_play(kit, "start first -> cycle|too_late\n");
	kit_free(kit);
}

Test(cycles, a_cycle_through_when_scheduled_is_found)
{
	static const char *const both[] = {"d", "t"};
	struct kit *kit = kit_new("proc t\nproc d ws=t deps=t");
	expect_cycle(kit, "start d -> cycle", 2, both);
	kit_play(kit, "start t\n");
	kit_free(kit);
}

Test(cycles, a_cycle_through_created_procs_leaves_none_behind)
{
	struct kit *kit =
	    kit_new("proto a::[x] deps=b::[x]\nproto b::[x] deps=a::[x]\nproto c::[x]");
	kit_play(kit, "start c::1 a::1 -> cycle\nprocs\n");
	kit_free(kit);
}

KIT_TEST(cycles, a_cycle_with_what_is_in_the_run_already, "proc a\nproc b deps=a\nproc hold",
    "options parallel=1\n"
    "start @r hold b\n"
    "define proc c ws=a deps=b\n"
    "start @r c -> cycle\n"
    "exit hold 0\n"
    "exit a 0\n"
    "exit b 0\n"
    "run @r succeeded\n")

Test(cycles, a_chain_of_many_thousands_is_resolved_without_recursion)
{
	struct kit *kit = kit_new("");
	char line[64];
	enum { N = 20000 };
	for (int i = 0; i < N; i++) {
		snprintf(line, sizeof(line), "proc n%d collector deps=n%d", i, i + 1);
		cr_assert_eq(kit_define(kit, line, ORIGIN_CLIENT, false, false), 0);
	}
	snprintf(line, sizeof(line), "proc n%d deps=n0", N);
	kit_define(kit, line, ORIGIN_CLIENT, false, false);
	kit_play(kit, "start n0 -> cycle");
	cr_assert_eq(kit->fault.names.count, N + 2);
	snprintf(line, sizeof(line), "proc n%d", N);
	kit_define(kit, line, ORIGIN_CLIENT, true, false);
	kit_play(kit, "start n0\nexit n20000 1\nstates n0=failed:dep_failed\nrun @#1 failed");
	kit_free(kit);
}

KIT_TEST(cycles, an_unknown_name_starts_nothing, "proc setup\nproto b::[x]",
    "start setup nowhere -> unknown_name\n"
    "start b::1 nowhere -> unknown_name\n"
    "procs setup\n"
    "run @#1 gone\n")

KIT_TEST(cycles, an_unknown_run_is_an_error, "proc a",
    "start @#4711 a -> not_found\n"
    "wait w @nowhere a -> not_found\n"
    "close @nowhere -> not_found\n"
    "clear @#4711 -> not_found\n")

KIT_TEST(cycles, waves_are_checked_through_dependencies_and_for_created_procs,
    "proto hi::[x] wave=3\nproc a deps=hi::1\nproc b deps=a\nproc ok",
    "start ok b -> wave_order a hi::1\n"
    "procs a b ok\n")
