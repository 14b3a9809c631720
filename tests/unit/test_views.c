/*
 * Views of procs: their members in every state, and what is said of arguments, locks, times; and
 * the reasons in words that go with them.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/reasons.h"
#include "daemon/views.h"
#include "tests/unit/core_kit.h"

static const char *const members[] = {"name", "state", "error", "info", "run", "exec", "proto",
    "args", "deps", "locks", "wave", "log", "exit_code", "signal", "queued_at", "started_at",
    "ended_at", "user_time", "system_time", "max_rss", "result", "waits"};
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static json_t *view_of(struct kit *kit, const char *name)
{
	struct proc *proc = core_find_proc(kit->core, name);
	cr_assert_not_null(proc, "no proc %s", name);
	json_t *view = view_proc(kit->core, proc);
	cr_assert_not_null(view);
	cr_assert_eq(json_object_size(view), N_MEMBERS, "%s", name);
	for (size_t i = 0; i < N_MEMBERS; i++)
		cr_assert_not_null(json_object_get(view, members[i]), "%s: %s", name, members[i]);
	return view;
}

/* What the member is as JSON text. */
static void expect(json_t *view, const char *member, const char *text)
{
	char *seen = json_dumps(
	    json_object_get(view, member), JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	cr_assert_str_eq(seen, text, "%s: %s instead of %s", member, seen, text);
	free(seen);
}

Test(views, an_idle_proc_has_what_its_definition_says_and_else_nulls)
{
	struct kit *kit =
	    kit_new("proto p::[n]::[b] arg=n:int arg=b:bool deps=d,e::[n] locks=l,[n]-lock "
	            "wave=1\nproc d\nproto e::[n]");
	kit_play(kit, "create p::007::Yes");
	json_t *view = view_of(kit, "p::007::Yes");
	expect(view, "state", "\"idle\"");
	expect(view, "proto", "\"p::[n]::[b]\"");
	expect(view, "args", "{\"b\":true,\"n\":7}");
	expect(view, "deps", "[\"d\",\"e::007\"]");
	expect(view, "locks", "[\"l\",\"007-lock\"]");
	expect(view, "wave", "1");
	for (size_t i = 0; i < N_MEMBERS; i++) {
		if (strcmp(members[i], "name") && strcmp(members[i], "state") &&
		    strcmp(members[i], "proto") && strcmp(members[i], "args") &&
		    strcmp(members[i], "deps") && strcmp(members[i], "locks") &&
		    strcmp(members[i], "wave"))
			expect(view, members[i], "null");
	}
	json_decref(view);
	kit_free(kit);
}

Test(views, what_has_ended_says_how_and_when)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a\nproc c");
	kit_play(kit, "start a\nexit a 0\nstart b c\nexit a 3\ndie c 9");
	json_t *view = view_of(kit, "a");
	expect(view, "state", "\"failed\"");
	expect(view, "error", "\"exit\"");
	expect(view, "exit_code", "3");
	expect(view, "signal", "null");
	expect(view, "run", "2");
	expect(view, "deps", "[]");
	expect(view, "proto", "null");
	cr_assert(json_is_real(json_object_get(view, "started_at")));
	cr_assert(json_is_real(json_object_get(view, "ended_at")));
	json_decref(view);
	view = view_of(kit, "b");
	expect(view, "error", "\"dep_failed\"");
	expect(view, "deps", "[\"a\"]");
	expect(view, "started_at", "null");
	expect(view, "exit_code", "null");
	json_decref(view);
	view = view_of(kit, "c");
	expect(view, "error", "\"signal\"");
	expect(view, "signal", "9");
	expect(view, "exit_code", "null");
	json_decref(view);
	kit_free(kit);
}

Test(views, what_a_process_took_is_told_once_it_has_ended)
{
	struct kit *kit = kit_new("proc a");
	kit_play(kit, "start a");
	struct execution *execution = core_find_proc(kit->core, "a")->newest;
	struct exec_extra *extra = exec_extra_get(execution, "/nowhere");
	json_t *view;

	extra->user_us = 1500000;
	extra->system_us = 250000;
	extra->max_rss_kib = 3;
	view = view_of(kit, "a");
	expect(view, "user_time", "null");
	expect(view, "max_rss", "null");
	json_decref(view);
	kit_play(kit, "exit a 0");
	view = view_of(kit, "a");
	expect(view, "user_time", "1.5");
	expect(view, "system_time", "0.25");
	expect(view, "max_rss", "3072");
	json_decref(view);
	extra->max_rss_kib = 0; /* as where the supervisor has not seen it end */
	view = view_of(kit, "a");
	expect(view, "user_time", "null");
	expect(view, "system_time", "null");
	expect(view, "max_rss", "null");
	json_decref(view);
	exec_extra_free(execution);
	kit_free(kit);
}

Test(views, a_result_is_in_the_view_once_there_is_one)
{
	struct kit *kit = kit_new("proc a");
	kit_play(kit, "start a");
	struct execution *execution = core_find_proc(kit->core, "a")->newest;
	json_t *view = view_of(kit, "a");
	expect(view, "state", "\"running\"");
	expect(view, "result", "null");
	json_decref(view);
	exec_extra_get(execution, "/nowhere")->result = json_pack("{s:i}", "n", 1);
	kit_play(kit, "exit a 0");
	view = view_of(kit, "a");
	expect(view, "result", "{\"n\":1}");
	json_decref(view);
	exec_extra_free(execution);
	kit_free(kit);
}

Test(views, what_is_canceled_in_one_run_is_failed_there_and_goes_on_elsewhere)
{
	struct kit *kit = kit_new("proc a");
	kit_play(kit, "start a @one\nstart a @two\ncancel @two");
	struct proc *proc = core_find_proc(kit->core, "a");
	struct run *run = core_find_run_by_name(kit->core, "two");
	json_t *view = view_member(kit->core, core_find_member(run, proc));
	expect(view, "state", "\"failed\"");
	expect(view, "error", "\"canceled\"");
	expect(view, "run", "2");
	expect(view, "waits", "null");
	json_decref(view);
	view = view_of(kit, "a");
	expect(view, "state", "\"running\"");
	expect(view, "error", "null");
	expect(view, "run", "1");
	json_decref(view);
	kit_free(kit);
}

Test(views, what_waits_says_for_what)
{
	struct kit *kit = kit_new("proc a locks=l\nproc b deps=a,c\n"
	                          "proc c locks=l\nproc d wave=3\n"
	                          "proc e deps=ghost");
	kit_play(kit, "start a b c d e");
	json_t *view = view_of(kit, "b");
	expect(view, "waits", "\"waits for a and c\"");
	json_decref(view);
	view = view_of(kit, "c");
	expect(view, "waits", "\"waits for the lock l, held by a\"");
	json_decref(view);
	view = view_of(kit, "e");
	expect(view, "waits", "\"waits for ghost, which nothing defines yet\"");
	json_decref(view);
	view = view_of(kit, "d");
	cr_assert_eq(strncmp(json_string_value(json_object_get(view, "waits")),
	                 "waits for the waves below 3", 27),
	    0);
	json_decref(view);
	view = view_of(kit, "a");
	expect(view, "waits", "null");
	json_decref(view);
	kit_free(kit);
}

static void expect_trace(struct kit *kit, const char *name, const char *expected)
{
	struct strings lines = {0}, causes = {0};
	struct execution *execution = core_find_proc(kit->core, name)->newest;
	reason_trace(
	    kit->core, execution, &execution->first, execution->started_ns, &lines, &causes);
	char *seen = strings_join(&lines, "\n");
	cr_assert_str_eq(seen, expected, "%s", seen);
	free(seen);
	strings_clear(&lines);
	strings_clear(&causes);
}

Test(reasons, a_failure_is_traced_down_to_its_cause)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a\nproc c deps=b collector");
	kit_play(kit, "start c\nexit a 3");
	expect_trace(kit, "c",
	    "c failed, because b has failed, on which it depends\n"
	    "b failed, because a has failed, on which it depends\n"
	    "a failed (exit): exit status 3");
	kit_free(kit);
}

Test(reasons, a_wait_is_traced_down_to_what_runs)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a\nproc c deps=b collector");
	kit_play(kit, "start c @night");
	expect_trace(kit, "c",
	    "c waits for b\nb waits for a\na is running\na was scheduled as a dependency of b");
	kit_free(kit);
}

Test(reasons, what_runs_may_wait_for_people)
{
	struct kit *kit = kit_new("proc a\nproc b deps=a");
	kit_play(kit, "start b");
	struct execution *execution = core_find_proc(kit->core, "a")->newest;
	struct input second = {.prompt = (char *)"Sure?"};
	struct input first = {.prompt = (char *)"Which one?", .next_of_execution = &second};
	exec_extra_get(execution, "/nowhere")->inputs = &first;
	json_t *view = view_of(kit, "a");
	expect(view, "waits", "\"waits for input: Which one?\"");
	json_decref(view);
	expect_trace(kit, "b",
	    "b waits for a\na waits for input: Which one?\na was scheduled as a dependency of b");
	exec_extra_free(execution);
	kit_free(kit);
}

Test(views, an_argument_that_does_not_fit_its_type_in_json_stays_text)
{
	const struct argument huge = {.name = "n", .type = ARG_INT};
	const struct argument real = {.name = "x", .type = ARG_FLOAT};
	json_t *value = view_argument(&huge, "99999999999999999999");
	cr_assert_str_eq(json_string_value(value), "99999999999999999999");
	json_decref(value);
	value = view_argument(&real, "inf");
	cr_assert_str_eq(json_string_value(value), "inf");
	json_decref(value);
	value = view_argument(&real, "2.5");
	cr_assert_float_eq(json_real_value(value), 2.5, 1e-9);
	json_decref(value);
}

Test(views, an_answer_holds_a_limited_number_and_size_of_views)
{
	struct views views;
	cr_assert_eq(views_init(&views, 2), 0);
	cr_assert(views_add(&views, json_object()));
	cr_assert(views_add(&views, json_object()));
	cr_assert_not(views.is_truncated);
	cr_assert_not(views_add(&views, json_object()));
	cr_assert(views.is_truncated);
	cr_assert_eq(json_array_size(views.list), 2);
	views_clear(&views);

	char *text = mem_new(VIEWS_MAX_BYTES, 1);
	memset(text, 'x', VIEWS_MAX_BYTES - 1);
	cr_assert_eq(views_init(&views, 0), 0);
	cr_assert(views_add(&views, json_object()));
	cr_assert_not(views_add(&views, json_pack("{s:s}", "result", text)));
	cr_assert(views.is_truncated);
	views_clear(&views);
	free(text);
}
