/*
 * Arguments and the registry, sentence by sentence: define, replace, undefine, create, globs over
 * choices, defaults and keywords.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_kit.h"

/* --- arguments --- */

KIT_TEST(registry, each_placeholder_is_an_argument, "proto build::[env]::[n] arg=n:int",
    "create build::prod::4 => build::prod::4\n"
    "create build::prod::four -> bad_argument\n"
    "procs build::prod::4\n")

Test(registry, arguments_are_in_the_order_of_the_name)
{
	struct kit *kit = kit_new("proto p::[b]::[a] arg=a:int=1 arg=c=const");
	kit_play(kit, "create p::x::7");
	struct proc *proc = core_find_proc(kit->core, "p::x::7");
	const struct definition *definition = proc->definition;
	cr_assert_eq(definition->n_args, 3);
	cr_assert_str_eq(proc->values[definition_find_arg(definition, "a", 1)], "7");
	cr_assert_str_eq(proc->values[definition_find_arg(definition, "b", 1)], "x");
	cr_assert_str_eq(proc->values[definition_find_arg(definition, "c", 1)], "const");
	cr_assert(definition->args[definition_find_arg(definition, "a", 1)].is_placeholder);
	cr_assert(definition->args[definition_find_arg(definition, "b", 1)].is_placeholder);
	cr_assert_not(definition->args[definition_find_arg(definition, "c", 1)].is_placeholder);
	cr_assert_eq(definition_find_arg(definition, "d", 1), -1);
	kit_free(kit);
}

Test(registry, an_argument_that_is_no_placeholder_needs_a_default)
{
	kit_test("", "define proto p::[a] arg=b -> bad_definition|bad_argument\n"
	             "define proto p::[a] arg=b=1\n");
}

Test(registry, a_value_that_does_not_fit_its_type_is_an_error_naming_all)
{
	struct kit *kit =
	    kit_new("proto calc::[a]::[b]::[flag] arg=a:int arg=b:float arg=flag:bool");
	kit_play(kit, "create calc::ten::1.5::yes -> bad_argument");
	cr_assert_not_null(strstr(kit->fault.message, "calc"));
	cr_assert_not_null(strstr(kit->fault.message, "ten"));
	cr_assert_not_null(strstr(kit->fault.message, "int"));
	kit_play(kit, "create calc::1.5::1.5::yes -> bad_argument\n"
	              "create calc::1::half::yes -> bad_argument\n"
	              "create calc::1::1.5::maybe -> bad_argument\n"
	              "create calc::-1::1e3::off as=right => right\n"
	              "procs right\n");
	kit_free(kit);
}

Test(registry, types_are_checked)
{
	static const struct {
		enum arg_type type;
		const char *good[10];
		const char *bad[10];
	} cases[] = {
	    {ARG_STR, {"", "x", "7"}, {NULL}},
	    {ARG_INT, {"0", "-1", "+3", "007", "9223372036854775807", "-9223372036854775808"},
	        {"", " 1", "1 ", "1.0", "ten", "1e3", "0x", "9223372036854775808", "-"}},
	    {ARG_FLOAT, {"0", "1.5", "-1e3", ".5", "1e-400"}, {"", "half", "1.5x", " 1", "1,5"}},
	    {ARG_BOOL, {"true", "FALSE", "1", "0", "Yes", "no", "On", "oFF"},
	        {"", "2", "t", "y", "tru", "offf"}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t j = 0; j < 10 && cases[i].good[j] != NULL; j++)
			cr_assert_eq(arg_type_check(cases[i].type, cases[i].good[j]), 0, "%s: '%s'",
			    arg_type_name(cases[i].type), cases[i].good[j]);
		for (size_t j = 0; j < 10 && cases[i].bad[j] != NULL; j++)
			cr_assert_eq(arg_type_check(cases[i].type, cases[i].bad[j]), -1, "%s: '%s'",
			    arg_type_name(cases[i].type), cases[i].bad[j]);
	}
	cr_assert(arg_type_is_true("YES"));
	cr_assert(arg_type_is_true("on"));
	cr_assert_not(arg_type_is_true("oFF"));
	cr_assert_not(arg_type_is_true("0"));
}

Test(registry, defaults_and_choices_fit_their_types)
{
	kit_test("",
	    "define proto p::[n] arg=n:int=x -> bad_argument|bad_definition\n"
	    "define proto p::[n] arg=n:int choices=n:1|two -> bad_argument|bad_definition\n"
	    "define proto p::[n] arg=n:int choices=n:1|2\n");
}

Test(registry, arguments_that_would_shadow_the_environment_are_refused)
{
	static const char *const names[] = {
	    "PATH", "HOME", "SHELL", "USER", "IFS", "LD_PRELOAD", "LD_X", "PP_RUN", "PP_ANY"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *name = mem_print("a::[%s]", names[i]);
		struct fault fault = {0};
		struct definition *definition = definition_new(name, true, ORIGIN_CLIENT);
		cr_assert_eq(definition_check(definition, "::", &fault), -1, "%s", name);
		cr_assert_not_null(strstr(fault.message, names[i]));
		fault_clear(&fault);
		definition_unref(definition);
		free(name);
	}
	kit_test("", "define proto a::[path]\ndefine proto b::[LDX]\ndefine proto c::[PPX]\n");
}

KIT_TEST(registry, a_literal_value_must_be_among_the_choices, "proto foo::[x] choices=x:a|b",
    "create foo::a => foo::a\n"
    "create foo::c -> not_a_choice a b\n")

KIT_TEST(registry, choices_are_compared_as_text, "proto foo::[n] arg=n:int choices=n:1|2",
    "create foo::2 => foo::2\n"
    "create foo::02 -> not_a_choice\n")

KIT_TEST(registry, globs_expand_to_their_product_in_the_order_of_the_choices,
    "proto foo::[x]::[y] choices=x:b|a choices=y:2|1",
    "create foo::*::* => foo::b::2 foo::b::1 foo::a::2 foo::a::1\n"
    "create foo::*::2 => foo::b::2 foo::a::2\n"
    "create foo::a::? => foo::a::2 foo::a::1\n"
    "create foo::[x]::[y] x=* y=1 => foo::b::1 foo::a::1\n")

KIT_TEST(registry, globs_are_those_of_fnmatch, "proto foo::[x]::[y] choices=x:a|ab|b choices=y:1",
    "create foo::?::1 => foo::a::1 foo::b::1\n"
    "create foo::a*::1 => foo::a::1 foo::ab::1\n"
    "create foo::*b::* => foo::ab::1 foo::b::1\n")

KIT_TEST(registry, a_glob_without_choices_or_without_match_is_an_error,
    "proto free::[x]::[y] choices=y:1|2\nproto foo::[x] choices=x:a|b",
    "create free::*::2 -> bad_argument|not_a_choice\n"
    "create free::x?::2 -> bad_argument|not_a_choice\n"
    "create foo::z* -> not_a_choice a b\n"
    "create free::x::* => free::x::1 free::x::2\n")

KIT_TEST(registry, a_pattern_is_filled_by_keyword_and_by_defaults,
    "proto build::[env]::[n] arg=n:int=4",
    "create build::[env]::[n] env=prod => build::prod::4\n"
    "create build::[env]::[n] env=dev n=2 => build::dev::2\n"
    "create build::[env]::[n] -> bad_argument\n"
    "create build::[env]::[n] env=prod n=x -> bad_argument\n"
    "create build::[env]::[n] env=prod nope=1 -> bad_argument\n"
    "procs build::prod::4 build::dev::2\n")

KIT_TEST(registry, a_keywords_value_has_no_separator_and_is_not_empty, "proto build::[env]",
    "create build::[env] env=a::b -> bad_argument|bad_name\n"
    "create build::[env] env= -> bad_argument|bad_name\n")

KIT_TEST(registry, defaults_do_not_count_in_a_filled_out_name, "proto b::[e]::[n] arg=n=4",
    "create b::prod -> unknown_name\n")

/* --- create --- */

KIT_TEST(registry, create_is_idempotent_and_starts_nothing, "proto t::[x]\nproc p",
    "create t::a => t::a\n"
    "create t::a => t::a\n"
    "create t::a p t::a => t::a p\n"
    "procs p t::a\n"
    "states t::a=idle p=idle\n"
    "did\n")

KIT_TEST(registry, create_is_whole_or_not_at_all, "proto t::[x] choices=x:a|b",
    "create t::a t::c -> not_a_choice\n"
    "create t::a nowhere -> unknown_name\n"
    "procs\n")

KIT_TEST(registry, a_created_proc_can_be_given_another_name, "proto t::[x]\nproc p",
    "create t::ha as=one => one\n"
    "create t::la as=two => two\n"
    "procs p one two\n"
    "start one\n"
    "did start:one\n")

KIT_TEST(registry, another_name_that_is_taken_is_exists, "proto t::[x]\nproc p",
    "create t::a as=one\n"
    "create t::a as=one => one\n"
    "create t::b as=one -> exists\n"
    "create t::a as=p -> exists\n")

KIT_TEST(registry, another_name_is_for_one_proc, "proto t::[x] choices=x:a|b",
    "create t::* as=one -> not_allowed|bad_argument\n"
    "create t::a t::b as=one -> not_allowed|bad_argument\n"
    "create t::a as=x::[y] -> bad_name\n")

/* --- define --- */

KIT_TEST(registry, defining_the_same_again_is_no_change, "",
    "define proc p text=1\n"
    "define proc p text=1\n"
    "procs p\n")

KIT_TEST(registry, something_else_under_a_taken_name_is_an_error, "proc filed text=0",
    "define proc p text=1\n"
    "define proc new;proc p text=2 -> exists\n"
    "define proc filed text=1 -> exists\n"
    "procs filed p\n"
    "replace proc p text=2\n")

KIT_TEST(registry, the_same_name_twice_in_a_request, "",
    "define proc p text=1;proc p text=2 -> exists|bad_definition\n")

KIT_TEST(registry, a_proto_and_a_proc_do_not_share_a_name, "proc p\nproto q",
    "define proto p -> exists\n"
    "define proc q -> exists\n")

KIT_TEST(registry, a_created_proc_takes_its_name, "proto f::[x]",
    "create f::a\n"
    "define proc f::a -> exists\n"
    "define proc f::b\n"
    "create f::b => f::b\n")

KIT_TEST(registry, what_the_file_defined_is_replaced_when_it_changes,
    "proc old\nproc same text=1\nproto f::[x]",
    "define proc mine\n"
    "create f::a\n"
    "file proc same text=2;proc fresh\n"
    "procs fresh mine same\n"
    "start old -> unknown_name\n"
    "create f::b -> unknown_name\n")

KIT_TEST(registry, a_name_of_a_client_and_of_the_file_is_an_error_of_the_file, "proc a",
    "define proc mine text=1\n"
    "file proc a;proc mine text=2 -> exists\n"
    "procs a mine\n")

KIT_TEST(registry, procs_follow_their_proto_when_it_is_replaced_and_go_with_it, "",
    "define proto f::[x] text=1\n"
    "create f::a\n"
    "replace proto f::[x] locks=l\n"
    "procs f::a\n"
    "start f::a\n"
    "undefine f::[x]\n"
    "procs\n"
    "states f::a=running\n"
    "exit f::a 0\n"
    "states f::a=succeeded\n")

Test(registry, an_execution_keeps_the_definition_it_started_with)
{
	struct kit *kit = kit_new("");
	kit_play(kit, "define proc p text=1\nstart p\nreplace proc p text=2");
	cr_assert_not_null(strstr(kit_execution(kit, "p")->definition->source, "text=1"));
	kit_play(kit, "exit p 0\nstart p");
	cr_assert_not_null(strstr(kit_execution(kit, "p")->definition->source, "text=2"));
	kit_free(kit);
}

KIT_TEST(registry, what_clients_defined_stays_until_undefine, "proc filed",
    "define proc p\n"
    "undefine p\n"
    "start p -> unknown_name\n"
    "undefine p -> unknown_name\n"
    "undefine filed -> not_allowed|unknown_name\n"
    "define proc p text=3\n"
    "start p\n"
    "did start:p\n")

KIT_TEST(registry, undefine_is_whole_or_not_at_all, "",
    "define proc p;proc q\n"
    "undefine p nowhere -> unknown_name\n"
    "undefine p q\n"
    "procs\n")

KIT_TEST(registry, undefine_all_takes_what_clients_defined_or_created, "proc filed\nproto f::[x]",
    "define proc p;proto g::[x]\n"
    "create f::a g::b\n"
    "undefine_all\n"
    "procs filed\n"
    "create g::c -> unknown_name\n"
    "create f::a => f::a\n")

KIT_TEST(registry, a_placeholder_that_the_dependent_does_not_have_is_an_error, "",
    "define proto main::[x] deps=dep::[x]::[y] -> bad_definition\n"
    "define proc alone deps=dep::[x]::1 -> bad_definition\n"
    "define proto main::[x] deps=dep::[x]\n")

/* --- now --- */

KIT_TEST(registry, now_starts_after_everything_else_of_the_request_is_defined, "",
    "define proc z now deps=y;proc y\n"
    "did start:y\n"
    "states z=wanted y=running\n")

KIT_TEST(registry, now_starts_what_the_file_defines,
    "proc p2 now deps=p1\nproc p1 now deps=later::1\n"
    "proto later::[x]\nproto never::[x] now",
    "did start:later::1\n"
    "exit later::1 0\n"
    "exit p1 0\n"
    "exit p2 0\n"
    "states p1=succeeded p2=succeeded\n"
    "procs later::1 p1 p2\n")

KIT_TEST(registry, now_of_a_proto_starts_each_proc_that_is_created, "proto f::[x] now",
    "create f::1\n"
    "did start:f::1\n"
    "create f::1\n"
    "did\n")

KIT_TEST(registry, what_is_the_same_is_not_started_again_by_now, "proc p now",
    "exit p 0\n"
    "file proc p now\n"
    "count p 1\n")

/* --- pages of what a create request names --- */

static void check_page(struct kit *kit, const char *const *names, size_t n_names, size_t first,
    size_t limit, const char *expected, bool is_truncated)
{
	struct name_request request = {.names = names,
	    .n_names = n_names,
	    .scope = {.params = "", .now_ns = kit->now_ns},
	    .first = first,
	    .limit = limit};
	struct create_outcome outcome;
	cr_assert_eq(core_create(kit->core, &request, &outcome, &kit->fault), 0);
	char *list = strings_join(&outcome.names, " ");
	cr_assert_str_eq(list, expected);
	cr_assert_eq(outcome.is_truncated, is_truncated);
	free(list);
	create_outcome_clear(&outcome);
}

Test(registry, a_create_request_is_answered_page_by_page)
{
	struct kit *kit =
	    kit_new("proto b::[env]::[arch] choices=env:dev|prod|dev choices=arch:x86|arm|x86");
	const char *names[] = {"b::*::*", "b::dev::arm"};
	check_page(kit, names, 1, 0, 3, "b::dev::x86 b::dev::arm b::prod::x86", true);
	struct core_load load;
	core_get_load(kit->core, &load);
	cr_assert_eq(load.n_procs, 4, "the first page makes all of them");
	check_page(kit, names, 1, 3, 3, "b::prod::arm", false);
	check_page(kit, names, 1, 1, 2, "b::dev::arm b::prod::x86", true);
	check_page(kit, names, 1, 2, 2, "b::prod::x86 b::prod::arm", false);
	check_page(kit, names, 1, 2, 0, "b::prod::x86 b::prod::arm", false);
	check_page(kit, names, 1, 4, 2, "", false);
	check_page(kit, names, 2, 3, 1, "b::prod::arm", false);
	check_page(kit, &names[1], 1, 0, 1, "b::dev::arm", false);
	check_page(kit, &names[1], 1, 1, 1, "", false);
	kit_free(kit);
}

/* --- choices of a command --- */

Test(registry, choices_of_a_command_are_asked_first)
{
	struct kit *kit = kit_new("proto build::[env] choices_command=env:./list\nproc p");
	const char *names[] = {"build::*"};
	struct name_request request = {
	    .names = names, .n_names = 1, .scope = {.params = "", .now_ns = kit->now_ns}};
	struct choices_need *needs = NULL;
	size_t n = core_needs_choices(kit->core, &request, &needs);
	cr_assert_eq(n, 1);
	cr_assert_str_eq(needs[0].definition->name, "build::[env]");

	struct strings choices = {0};
	strings_add(&choices, "dev");
	strings_add(&choices, "prod");
	struct choices_answer answer = {
	    .definition = needs[0].definition, .arg = needs[0].arg, .choices = &choices};
	request.answers = (struct choices_answers){.items = &answer, .count = 1};
	struct create_outcome outcome;
	cr_assert_eq(core_create(kit->core, &request, &outcome, &kit->fault), 0);
	cr_assert_eq(outcome.names.count, 2);
	cr_assert_str_eq(outcome.names.items[1], "build::prod");
	create_outcome_clear(&outcome);

	names[0] = "build::test";
	cr_assert_eq(core_create(kit->core, &request, &outcome, &kit->fault), -1);
	cr_assert_eq(kit->fault.code, FAULT_NOT_A_CHOICE);
	strings_clear(&choices);
	definition_unref(needs[0].definition);
	free(needs);

	names[0] = "p";
	request.answers.count = 0;
	needs = NULL;
	cr_assert_eq(core_needs_choices(kit->core, &request, &needs), 0);
	free(needs);
	kit_free(kit);
}

KIT_TEST(registry, what_was_created_stays_when_a_definition_of_its_proto_is_refused,
    "proto p::[x]\nproc a",
    "create p::1 => p::1\n"
    "replace proto p::[x] wave=1; proc n now deps=n -> cycle\n"
    "procs a p::1\n"
    "replace proc p::1 now deps=p::1 -> cycle\n"
    "procs a p::1\n"
    "start p::1\n"
    "states p::1=running\n")
