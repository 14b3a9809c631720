/*
 * Names and patterns, sentence by sentence: what a name may be, what a proto's name may be, and
 * which of them a name means.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_kit.h"

/* --- a name --- */

static int check_name(const char *name, bool is_proto, enum fault_code *code)
{
	struct fault fault = {0};
	struct definition *definition = definition_new(name, is_proto, ORIGIN_CLIENT);
	int rc = definition_check(definition, "::", &fault);
	*code = fault.code;
	if (rc != 0)
		cr_assert(fault.message != NULL && fault.message[0] != '\0');
	fault_clear(&fault);
	definition_unref(definition);
	return rc;
}

static void expect_name(const char *name, bool is_proto, bool is_good)
{
	enum fault_code code;
	int rc = check_name(name, is_proto, &code);
	cr_assert_eq(rc, is_good ? 0 : -1, "'%s' is %s", name, rc == 0 ? "taken" : "refused");
	if (!is_good)
		cr_assert_eq(code, FAULT_BAD_NAME, "'%s': %s", name, kit_fault_name(code));
}

Test(names, a_name_is_utf8_without_control_characters)
{
	static const char *const good[] = {"a", "a b", "build::prod", "../../x", "a/b", "-", ".",
	    "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "$(x)", "a\"b'c", "\xc2\xa0"};
	static const char *const bad[] = {"a\x07"
	                                  "b",
	    "\n", "a\tb",
	    "a\x7f"
	    "b",
	    "a\xc2\x85"
	    "b",
	    "a\xc2\x9f", "\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	    "\xe2\x82"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect_name(good[i], false, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_name(bad[i], false, false);
}

Test(names, a_name_has_1_to_1024_bytes)
{
	char name[1026];
	expect_name("", false, false);
	expect_name("", true, false);
	memset(name, 'x', sizeof(name));
	name[1025] = '\0';
	expect_name(name, false, false);
	name[1024] = '\0';
	expect_name(name, false, true);
	expect_name(name, true, true);
}

Test(names, brackets_appear_in_no_concrete_name)
{
	expect_name("x::[a]", false, false);
	expect_name("x]", false, false);
	expect_name("[", false, false);
}

Test(names, placeholder_names_are_identifiers)
{
	static const char *const good[] = {"x::[a]", "[a]", "x::[_a9]::[B]", "v[x]::[y]",
	    "a::[x]::b", "[z]::test", "a[x]", "plain"};
	static const char *const bad[] = {"x::[1a]", "x::[a", "x::a]", "x::[]", "x::[a-b]",
	    "x::[a b]", "x::[[a]]", "x::[a]]", "x::[\xc3\xa9]"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect_name(good[i], true, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_name(bad[i], true, false);
}

Test(names, text_after_a_placeholder_begins_with_the_separator)
{
	static const char *const bad[] = {"a-[x]-[y]", "a::[x]b", "a::[x]:b", "a::[x][y]"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault fault = {0};
		struct definition *definition = definition_new(bad[i], true, ORIGIN_CLIENT);
		cr_assert_eq(definition_check(definition, "::", &fault), -1, "%s", bad[i]);
		cr_assert_not_null(strstr(fault.message, "::"), "%s: %s", bad[i], fault.message);
		fault_clear(&fault);
		definition_unref(definition);
	}
}

Test(names, the_same_placeholder_twice_is_an_error_in_a_protos_name)
{
	expect_name("x::[a]::[a]", true, false);
	expect_name("x::[a]::[b]::[a]", true, false);
}

Test(names, another_separator_replaces_the_usual_one)
{
	kit_test("", "options separator=|\n"
	             "define proto bar|[a]|[b]\n"
	             "create bar|one|x::y => bar|one|x::y\n"
	             "define proto q::[a]::[b] -> bad_name\n"
	             "create bar|one -> unknown_name\n");
}

/* --- what a name means --- */

KIT_TEST(names, a_value_is_not_empty_and_has_no_separator_in_it,
    "proto foo::[x]\nproto B::[a]::[b]\nproto v[x]::[y]",
    "create foo:: -> unknown_name\n"
    "create foo::a::b -> unknown_name\n"
    "create foo -> unknown_name\n"
    "create B::::2 -> unknown_name\n"
    "create B::1::2::3 -> unknown_name\n"
    "create B::1:: -> unknown_name\n"
    "create v::1 -> unknown_name\n"
    "create B::my-cluster::us-east-1/v1.2 => B::my-cluster::us-east-1/v1.2\n"
    "create v2::3 => v2::3\n"
    "procs B::my-cluster::us-east-1/v1.2 v2::3\n")

KIT_TEST(names, a_single_colon_may_be_part_of_a_value, "proto B::[a]::[b]",
    "create B::x:y::z => B::x:y::z\n"
    "create B:::x::z => B:::x::z\n")

KIT_TEST(names, an_exact_name_wins_over_a_pattern,
    "proto foo::[x] text=pattern\nproto foo::bar text=exact\nproc foo::special",
    "create foo::special foo::bar foo::other => foo::special foo::bar foo::other\n"
    "procs foo::special foo::bar foo::other\n")

Test(names, a_created_proc_knows_the_proto_that_matched)
{
	struct kit *kit = kit_new("proto foo::[x]\nproto foo::bar\nproto foo::[x]::b");
	kit_play(kit, "create foo::bar foo::other foo::a::b");
	cr_assert_str_eq(
	    core_find_proc(kit->core, "foo::bar")->proto->definition->name, "foo::bar");
	cr_assert_str_eq(
	    core_find_proc(kit->core, "foo::other")->proto->definition->name, "foo::[x]");
	cr_assert_str_eq(
	    core_find_proc(kit->core, "foo::a::b")->proto->definition->name, "foo::[x]::b");
	cr_assert_str_eq(core_find_proc(kit->core, "foo::other")->values[0], "other");
	kit_free(kit);
}

Test(names, more_than_one_match_is_an_error_that_lists_them_all)
{
	struct kit *kit =
	    kit_new("proto foo::[x]\nproto foo::[y]\nproto [z]::test\nproc u deps=foo::test");
	kit_play(kit, "create foo::test -> ambiguous_name");
	cr_assert_eq(kit->fault.names.count, 3);
	cr_assert(strings_contain(&kit->fault.names, "foo::[x]"));
	cr_assert(strings_contain(&kit->fault.names, "foo::[y]"));
	cr_assert(strings_contain(&kit->fault.names, "[z]::test"));
	kit_play(kit, "start u -> ambiguous_name\n"
	              "create bar::test => bar::test\n"
	              "create foo::other -> ambiguous_name\n");
	kit_free(kit);
}

Test(names, none_is_an_error_that_suggests_the_nearest_names)
{
	struct kit *kit = kit_new("proc setup\nproc teardown\nproto build::[env]");
	kit_play(kit, "start setpu -> unknown_name");
	cr_assert(kit->fault.names.count >= 1 && kit->fault.names.count <= 3);
	cr_assert_str_eq(kit->fault.names.items[0], "setup");
	cr_assert_not_null(strstr(kit->fault.message, "setpu"));
	kit_play(kit, "create biuld::prod -> unknown_name");
	cr_assert(kit->fault.names.count >= 1);
	cr_assert_not_null(strstr(kit->fault.names.items[0], "build::"));
	kit_free(kit);
}

Test(names, suggestions_are_few_and_near)
{
	struct strings names = {0};
	struct kit *kit =
	    kit_new("proc aaaa1\nproc aaaa2\nproc aaaa3\nproc aaaa4\nproc zzzzzzzzzzzz");
	core_suggest(kit->core, "aaaa9", &names);
	cr_assert_eq(names.count, 3);
	cr_assert_not(strings_contain(&names, "zzzzzzzzzzzz"));
	strings_clear(&names);
	core_suggest(kit->core, "nothing-like-these", &names);
	cr_assert_eq(names.count, 0);
	strings_clear(&names);
	kit_free(kit);
}

Test(names, suggestions_of_procs_are_no_protos)
{
	struct strings names = {0};
	struct kit *kit = kit_new("proc setup\nproto build::[env]\nproto setpu::[x]");
	core_suggest_procs(kit->core, "setpu", &names);
	cr_assert_eq(names.count, 1);
	cr_assert_str_eq(names.items[0], "setup");
	strings_clear(&names);
	core_suggest_procs(kit->core, "biuld::prod", &names);
	cr_assert_eq(names.count, 0);
	cr_assert_null(core_find_maker(kit->core, "biuld::prod"));
	cr_assert_null(core_find_maker(kit->core, "setup"));
	cr_assert_str_eq(
	    core_find_maker(kit->core, "build::prod")->definition->name, "build::[env]");
	cr_assert_eq(core_list_procs_of(core_find_proto(kit->core, "build::[env]"), 3, &names), 0);
	kit_play(kit, "create build::prod");
	cr_assert_eq(core_list_procs_of(core_find_proto(kit->core, "build::[env]"), 3, &names), 1);
	cr_assert_str_eq(names.items[0], "build::prod");
	strings_clear(&names);
	kit_free(kit);
}

Test(names, the_longest_literal_parts_do_not_win_over_ambiguity)
{
	kit_test("proto a::[x]::c\nproto a::b::[y]\nproto a::[x]::[y]::d",
	    "create a::b::c -> ambiguous_name\n"
	    "create a::q::c => a::q::c\n"
	    "create a::b::q => a::b::q\n"
	    "create a::b::c::d => a::b::c::d\n");
}

Test(names, lookup_finds_each_of_many_protos)
{
	struct kit *kit = kit_new("");
	for (int i = 0; i < 300; i++) {
		char line[64];
		snprintf(line, sizeof(line), "proto p%d::[x]%s", i, i % 2 == 0 ? "::tail" : "");
		cr_assert_eq(kit_define(kit, line, ORIGIN_CLIENT, false, false), 0);
	}
	for (int i = 0; i < 300; i++) {
		char line[128];
		snprintf(line, sizeof(line), "create p%d::v%s => p%d::v%s", i,
		    i % 2 == 0 ? "::tail" : "", i, i % 2 == 0 ? "::tail" : "");
		kit_play(kit, line);
	}
	kit_free(kit);
}
