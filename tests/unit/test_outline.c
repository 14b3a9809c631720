/* What definitions say of each other; and plans of what is in flight already. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_kit.h"

struct seen {
	struct strings edges;
	size_t max;
};

static bool note(const struct outline_edge *edge, void *arg)
{
	static const char *const names[] = {
	    "dep", "rdep", "when_scheduled", "when_target", "command", "proto"};
	struct seen *seen = arg;

	strings_take(&seen->edges,
	    mem_print("%s%s %s %s", edge->is_missing ? "?" : "",
	        edge->from ? edge->from : edge->command, names[edge->reason], edge->to));
	return seen->edges.count < seen->max;
}

struct outlining {
	struct core *core;
	struct seen *seen;
};

static bool note_proto(struct proto *proto, void *arg)
{
	const struct outlining *outlining = arg;

	return core_outline_proto(outlining->core, proto, note, outlining->seen);
}

static bool note_proc(struct proc *proc, void *arg)
{
	const struct outlining *outlining = arg;

	return core_outline_proc(outlining->core, proc, note, outlining->seen);
}

static void expect(struct kit *kit, size_t max, const char *expected)
{
	struct seen seen = {.max = max};
	struct outlining outlining = {kit->core, &seen};
	char *text;

	core_each_proto(kit->core, note_proto, &outlining);
	if (seen.edges.count < max)
		core_each_proc(kit->core, note_proc, &outlining);
	text = strings_join(&seen.edges, ", ");
	cr_assert_str_eq(text, expected, "%s", text);
	free(text);
	strings_clear(&seen.edges);
}

static void check(const char *definitions, const char *expected)
{
	struct kit *kit = kit_new(definitions);

	expect(kit, SIZE_MAX, expected);
	kit_free(kit);
}

Test(outline, names_and_globs_and_patterns)
{
	check("proc a\nproc b deps=a", "a dep b");
	check("proto p::[x]::[y]\nproc b deps=p::1::*", "p::[x]::[y] dep b");
	check("proto p::[x]\nproto q::[z] deps=p::[z]", "p::[x] dep q::[z]");
	check("proto p::[x]\nproto q::[z] deps=r::[z]", "?r::[z] dep q::[z]");
	check("proc a deps=ghost", "?ghost dep a");
	check("proc a command=./ask", "./ask command a");
}

Test(outline, rdeps_of_each_kind)
{
	check("proc T\nproc D rdeps=T", "D rdep T");
	check("proc T\nproc D ws=T", "D when_scheduled T");
	check("proc T\nproc D wts=T", "D when_target T");
}

Test(outline, whoever_is_general_finds_the_other)
{
	check("proto t::[a]\nproto d::[x] rdeps=t::[x]", "d::[x] rdep t::[a]");
	check("proto t::[a]\nproc d rdeps=t::one", "d rdep t::[a]");
	check("proto t::one::[a]\nproto d::[x] rdeps=t::[x]::[y]", "d::[x] rdep t::one::[a]");
	check("proc t::one\nproto d::[x] rdeps=t::[x]", "d::[x] rdep t::one");
}

Test(outline, what_is_created_hangs_on_its_proto)
{
	struct kit *kit = kit_new("proc a\nproto p::[x] deps=a\nproc D rdeps=p::1");

	kit_play(kit, "create p::1 p::2");
	expect(kit, SIZE_MAX, "a dep p::[x], D rdep p::1, p::[x] proto p::1, p::[x] proto p::2");
	expect(kit, 2, "a dep p::[x], D rdep p::1");
	kit_free(kit);
}

static void expect_plan(struct kit *kit, bool is_apart, const char *expected)
{
	static const char *const names[] = {"c"};
	struct name_request request = {.names = names, .n_names = 1, .scope = {.params = ""}};
	struct plan plan;
	struct strings steps = {0};
	char *text;

	cr_assert_eq(core_plan(kit->core, &request, is_apart, &plan, &kit->fault), 0);
	for (size_t i = 0; i < plan.n_steps; i++)
		strings_add(&steps, plan.steps[i].name);
	text = strings_join(&steps, " ");
	cr_assert_str_eq(text, expected, "%s", text);
	free(text);
	strings_clear(&steps);
	plan_clear(&plan);
}

Test(outline, a_plan_apart_joins_nothing)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a\nproc c deps=b");

	kit_play(kit, "start b");
	expect_plan(kit, false, "b c");
	expect_plan(kit, true, "a b c");
	kit_free(kit);
}
