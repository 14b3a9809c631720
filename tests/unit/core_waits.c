/*
 * Scripts of the kit: waits, which outlive the core that they were first asked of.
 */
#include "tests/unit/core_script.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

static struct kit_wait *find_wait(struct kit *kit, const char *name)
{
	struct kit_wait *wait = kit->waits;
	while (wait != NULL && strcmp(wait->name, name) != 0)
		wait = wait->next;
	return wait;
}

int script_ask(struct kit *kit, struct kit_wait *wait, const struct scope *scope, bool is_again)
{
	struct wait_request request = {.names = (const char *const *)wait->names.items,
	    .n_names = wait->names.count,
	    .scope = *scope,
	    .is_again = is_again,
	    .runs = wait->runs,
	    .n_runs = is_again ? wait->n_runs : 0};
	return core_wait(kit->core, &request, &wait->id, &kit->fault);
}

static void free_wait(struct kit_wait *wait)
{
	strings_clear(&wait->names);
	free(wait->runs);
	free(wait->name);
	free(wait);
}

/* For what a wait asks that names nothing. */
static void note_active_runs(struct kit *kit, struct kit_wait *wait)
{
	for (struct run *run = core_next_run(kit->core, 0); run != NULL;
	     run = core_next_run(kit->core, run->id)) {
		if (!run_is_active(run))
			continue;
		wait->runs = mem_resize(wait->runs, wait->n_runs + 1, sizeof(*wait->runs));
		wait->runs[wait->n_runs++] = run->id;
	}
}

int play_wait(struct line *line)
{
	struct kit *kit = line->kit;
	struct wait_outcome outcome = {0};
	struct kit_wait *wait = mem_new(1, sizeof(*wait));
	*wait = (struct kit_wait){.name = mem_copy(line->names.items[0]), .exec = line->scope.exec};
	for (size_t i = 1; i < line->names.count; i++)
		strings_add(&wait->names, line->names.items[i]);
	note_active_runs(kit, wait);
	if (script_ask(kit, wait, &line->scope, false) != 0) {
		free_wait(wait);
		return -1;
	}
	core_wait_outcome(kit->core, wait->id, &outcome);
	wait->run = outcome.run;
	wait->next = kit->waits;
	kit->waits = wait;
	return 0;
}

const char *script_wait_state(struct kit *kit, const struct kit_wait *wait)
{
	struct wait_outcome outcome = {0};
	if (wait->state != NULL)
		return wait->state;
	if (wait->n_done == 0)
		return "pending";
	core_wait_outcome(kit->core, wait->id, &outcome);
	if (outcome.fault != NULL)
		return kit_fault_name(outcome.fault->code);
	return outcome.is_ok ? "ok" : "failed";
}

int play_waits(struct line *line)
{
	for (size_t i = 0; i < line->n_keywords; i++) {
		struct kit_wait *wait = find_wait(line->kit, line->keywords[i].name);
		cr_assert_not_null(wait, "'%s': no such wait", line->kit->line);
		cr_assert_leq(wait->n_done, 1, "'%s': answered twice", line->kit->line);
		const char *is = script_wait_state(line->kit, wait);
		cr_assert_str_eq(
		    is, line->keywords[i].value, "'%s': %s is %s", line->kit->line, wait->name, is);
	}
	return 0;
}

void script_end_wait(struct kit *kit, struct kit_wait *wait)
{
	struct kit_wait **link = &kit->waits;
	while (*link != wait)
		link = &(*link)->next;
	*link = wait->next;
	core_wait_end(kit->core, wait->id, kit->now_ns);
	free_wait(wait);
}

int play_end(struct line *line)
{
	struct kit_wait *wait = find_wait(line->kit, line->names.items[0]);
	cr_assert_not_null(wait, "'%s': no such wait", line->kit->line);
	script_end_wait(line->kit, wait);
	return 0;
}

void script_note_wait_done(struct kit *kit, uint64_t id)
{
	for (struct kit_wait *wait = kit->waits; wait != NULL; wait = wait->next)
		if (wait->id == id)
			wait->n_done++;
}
