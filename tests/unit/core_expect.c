/*
 * The commands of scripts that only look: what they find has to be what the line says.
 */
#include "tests/unit/core_script.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

void check_names(
    struct kit *kit, const struct strings *actual, const struct strings *expected, const char *what)
{
	char *is = strings_join(actual, " ");
	char *should = strings_join(expected, " ");
	cr_assert_str_eq(is, should, "'%s': %s are [%s], not [%s]", kit->line, what, is, should);
	free(is);
	free(should);
}

static bool add_defined(struct proc *proc, void *arg)
{
	if (proc->is_defined)
		strings_add(arg, proc->name);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_sorted(struct line *line, struct strings *actual, const char *what)
{
	struct strings *expected = &line->names;
	if (actual->count > 0)
		qsort(actual->items, actual->count, sizeof(*actual->items), compare_names);
	if (expected->count > 0)
		qsort(expected->items, expected->count, sizeof(*expected->items), compare_names);
	check_names(line->kit, actual, expected, what);
	strings_clear(actual);
}

int play_procs(struct line *line)
{
	struct strings names = {0};
	core_each_proc(line->kit->core, add_defined, &names);
	check_sorted(line, &names, "the procs");
	return 0;
}

int play_run(struct line *line)
{
	const char *state = line->names.items[0];
	struct run *run = line_run(line);
	const char *is = run == NULL          ? "gone"
	                 : run_is_active(run) ? "active"
	                 : run->is_failed     ? "failed"
	                                      : "succeeded";
	cr_assert_str_eq(is, state, "'%s': it is %s", line->kit->line, is);
	return 0;
}

int play_members(struct line *line)
{
	struct run *run = line_run(line);
	struct strings names = {0};
	struct membership *membership;
	cr_assert_not_null(run, "'%s': no such run", line->kit->line);
	TAILQ_FOREACH (membership, &run->members, of_run)
		strings_add(&names, membership->execution->proc->name);
	check_sorted(line, &names, "the members");
	return 0;
}

static const char *error_text(enum execution_error error)
{
	return error != ERROR_NONE ? execution_error_name(error) : "";
}

static char *state_text(const struct execution *execution)
{
	const char *error =
	    execution != NULL ? error_text((enum execution_error)execution->error) : "";
	return mem_print(
	    "%s%s%s", execution_state_name(execution), *error != '\0' ? ":" : "", error);
}

static char *member_text(const struct membership *membership)
{
	if (membership == NULL)
		return mem_copy("idle");
	if (membership->override == ERROR_NONE)
		return state_text(membership->execution);
	return mem_print("failed:%s", error_text(membership_error(membership)));
}

int play_states(struct line *line)
{
	struct kit *kit = line->kit;
	struct run *run = line->has_run ? line_run(line) : NULL;
	cr_assert(!line->has_run || run != NULL, "'%s': no such run", kit->line);
	for (size_t i = 0; i < line->n_keywords; i++) {
		struct proc *proc = core_find_proc(kit->core, line->keywords[i].name);
		char *is;
		if (run != NULL)
			is = member_text(proc != NULL ? core_find_member(run, proc) : NULL);
		else
			is = state_text(proc != NULL ? proc->newest : NULL);
		cr_assert_str_eq(is, line->keywords[i].value, "'%s': %s is %s", kit->line,
		    line->keywords[i].name, is);
		bool is_failed = strncmp(is, "failed", 6) == 0;
		if (is_failed && run == NULL && proc != NULL)
			cr_assert_not_null(
			    proc->newest->info, "'%s': %s has no info", kit->line, proc->name);
		free(is);
	}
	return 0;
}

int play_did(struct line *line)
{
	check_names(line->kit, &line->kit->did, &line->names, "the actions");
	strings_clear(&line->kit->did);
	return 0;
}

int play_reason(struct line *line)
{
	struct reason reason = {0};
	struct strings expected = {0};
	core_explain(line->kit->core, line_execution(line), &reason);
	const char *kind = kit_reason_name(reason.kind);
	cr_assert_str_eq(kind, line->names.items[1], "'%s': it is %s", line->kit->line, kind);
	for (size_t i = 2; i < line->names.count; i++)
		strings_add(&expected, line->names.items[i]);
	if (expected.count > 0)
		check_names(line->kit, &reason.names, &expected, "its names");
	strings_clear(&expected);
	strings_clear(&reason.names);
	return 0;
}

int play_info(struct line *line)
{
	struct execution *execution = line_execution(line);
	const char *info = execution->info != NULL ? execution->info : "";
	for (size_t i = 1; i < line->names.count; i++)
		cr_assert_not_null(
		    strstr(info, line->names.items[i]), "'%s': it is '%s'", line->kit->line, info);
	cr_assert_null(strchr(info, '\n'), "'%s': more than one line", line->kit->line);
	return 0;
}

int play_count(struct line *line)
{
	unsigned long n = 0;
	for (size_t i = 0; i < line->kit->started.count; i++)
		n += strcmp(line->kit->started.items[i], line->names.items[0]) == 0;
	cr_assert_eq(
	    n, strtoul(line->names.items[1], NULL, 10), "'%s': it is %lu", line->kit->line, n);
	return 0;
}
