/*
 * The kit's restart: the core goes, another one comes out of what was kept. What it does by itself
 * then is known beforehand; anything else fails the test.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_keeper.h"
#include "tests/unit/core_record.h"
#include "tests/unit/core_script.h"

static const char *line_of(const struct kit *kit)
{
	return kit->line != NULL ? kit->line : "restarted";
}

/* What a new core asks for again: commands that have not answered, ends of processes. */
static bool add_repeats(struct proc *proc, void *arg)
{
	for (const struct execution *at = proc->newest; at != NULL; at = at->older) {
		for (uint32_t i = 0; i < at->n_unresolved; i++)
			strings_take(arg, mem_print("resolve:%s", proc->name));
		if (at->state == STATE_RUNNING && at->ending != ERROR_NONE)
			strings_take(arg, mem_print("term:%s", proc->name));
	}
	return true;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct strings *words)
{
	if (words->count > 0)
		qsort(words->items, words->count, sizeof(*words->items), compare_words);
}

/* Lets the new core do what it has to: what it does has to be what was expected. */
static void settle(struct kit *kit, struct strings *expected)
{
	struct strings did = kit->did;
	kit->did = (struct strings){0};
	kit_settle(kit);
	sort(&kit->did);
	sort(expected);
	char *is = strings_join(&kit->did, " "), *should = strings_join(expected, " ");
	cr_assert_str_eq(
	    is, should, "'%s': the new core did [%s], not [%s]", line_of(kit), is, should);
	free(is);
	free(should);
	strings_clear(&kit->did);
	kit->did = did;
}

/* Whoever was answered remembers that; the others ask again, the first of them first. */
static void ask_again(struct kit *kit, struct kit_wait *wait)
{
	struct scope scope;
	if (wait == NULL)
		return;
	ask_again(kit, wait->next);
	if (wait->state != NULL)
		return;
	scope = (struct scope){
	    .run = wait->run, .exec = wait->exec, .params = "", .now_ns = kit->now_ns};
	int rc = script_ask(kit, wait, &scope, true);
	cr_assert_eq(rc, 0, "'%s': %s cannot be asked again: %s", line_of(kit), wait->name,
	    rc != 0 ? kit->fault.message : "");
}

static void note_answers(struct kit *kit)
{
	for (struct kit_wait *wait = kit->waits; wait != NULL; wait = wait->next) {
		if (wait->state == NULL && wait->n_done > 0)
			wait->state = script_wait_state(kit, wait);
		wait->id = 0;
	}
}

struct cores {
	struct core *old, *new;
};

static bool copy_expectation(struct proc *proc, void *arg)
{
	const struct cores *cores = arg;
	core_expect(cores->new, proc->name, core_expected(cores->old, proc->name));
	return true;
}

void kit_restart(struct kit *kit)
{
	struct core_options options = *core_get_options(kit->core);
	char *separator = mem_copy(options.separator), *before = kit_dump(kit->core);
	char *executor = mem_copy(options.executor);
	char *difference = keeper_compare(kit->keeper, kit->core);
	struct strings expected = {0}, none = {0};
	cr_assert_null(difference, "'%s': not kept:%s", line_of(kit), difference);
	core_each_proc(kit->core, add_repeats, &expected);
	note_answers(kit);
	struct cores cores = {.old = kit->core};
	script_forget_resolves(kit);
	options.separator = separator;
	options.executor = executor;
	cores.new = keeper_restore(kit->keeper, &options, kit->now_ns);
	cr_assert_not_null(cores.new, "'%s': what was kept is refused", line_of(kit));
	kit_set_executors(cores.new);
	core_each_proc(cores.old, copy_expectation, &cores);
	core_free(cores.old);
	kit->core = cores.new;
	settle(kit, &expected);
	ask_again(kit, kit->waits);
	settle(kit, &none);
	char *after = kit_dump(kit->core);
	difference = record_find_difference(before, after);
	cr_assert_null(difference, "'%s': not the same core:%s", line_of(kit), difference);
	strings_clear(&expected);
	free(separator);
	free(executor);
	free(before);
	free(after);
}
