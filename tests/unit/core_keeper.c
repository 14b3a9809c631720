/*
 * The keeper's tables of records; see core_keeper.h. It looks at a core only where the core says
 * that something has changed there, and when it compares.
 */
#include "tests/unit/core_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/unit/core_record.h"

#define KEEPER_POOLS_MAX 8

struct keeper {
	struct name_record *names; /* as they came */
	size_t n_names;
	struct run_record *runs; /* sorted by id */
	size_t n_runs;
	struct execution_record *executions; /* the same */
	size_t n_executions;
	struct member_record *members; /* in no order */
	size_t n_members;
	struct pool_limit pools[KEEPER_POOLS_MAX];
	size_t n_pools;
	uint64_t next_run, next_exec;
	int64_t last_key;
};

struct keeper *keeper_new(void)
{
	struct keeper *keeper = mem_new(1, sizeof(*keeper));
	keeper->next_run = keeper->next_exec = 1;
	return keeper;
}

void keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	for (size_t i = 0; i < keeper->n_names; i++)
		record_clear_name(&keeper->names[i]);
	for (size_t i = 0; i < keeper->n_runs; i++)
		record_clear_run(&keeper->runs[i]);
	for (size_t i = 0; i < keeper->n_executions; i++)
		record_clear_execution(&keeper->executions[i]);
	for (size_t i = 0; i < keeper->n_members; i++)
		record_clear_member(&keeper->members[i]);
	while (keeper->n_pools > 0)
		free((char *)keeper->pools[--keeper->n_pools].name);
	free(keeper->names);
	free(keeper->runs);
	free(keeper->executions);
	free(keeper->members);
	free(keeper);
}

/* A copy of a table, to be sorted; the texts in it are the table's. */
static void *copy_rows(const void *table, size_t count, size_t size)
{
	void *copy = mem_new(count, size);
	if (count > 0)
		memcpy(copy, table, count * size);
	return copy;
}

/* Makes room for a row at place at of a table with count rows of size bytes. */
static void *insert_row(void *table, size_t *count, size_t size, size_t at)
{
	table = mem_resize(table, *count + 1, size);
	char *row = (char *)table + at * size;
	memmove(row + size, row, (*count - at) * size);
	++*count;
	return table;
}

static void remove_row(void *table, size_t *count, size_t size, size_t at)
{
	char *row = (char *)table + at * size;
	--*count;
	memmove(row, row + size, (*count - at) * size);
}

/* --- rows --- */

/* What goes on to be defined keeps its place. */
static void keep_name(struct keeper *keeper, struct core *core, const char *name)
{
	struct name_record record;
	size_t at = 0;
	record_of_name(core, name, &record);
	bool is_defined = record.proto != NULL || record.proc != NULL;
	while (at < keeper->n_names && strcmp(keeper->names[at].name, name) != 0)
		at++;
	if (at < keeper->n_names)
		record_clear_name(&keeper->names[at]);
	else if (is_defined)
		keeper->names = insert_row(keeper->names, &keeper->n_names, sizeof(record), at);
	if (is_defined) {
		keeper->names[at] = record;
		return;
	}
	record_clear_name(&record);
	if (at < keeper->n_names)
		remove_row(keeper->names, &keeper->n_names, sizeof(record), at);
}

/* The first with an id that is not smaller. */
static size_t find_run(const struct keeper *keeper, uint64_t id)
{
	size_t at = keeper->n_runs;
	while (at > 0 && keeper->runs[at - 1].id >= id)
		at--;
	return at;
}

static void keep_run(struct keeper *keeper, const struct run *run)
{
	size_t at = find_run(keeper, run->id);
	if (at < keeper->n_runs && keeper->runs[at].id == run->id)
		record_clear_run(&keeper->runs[at]);
	else
		keeper->runs = insert_row(keeper->runs, &keeper->n_runs, sizeof(*keeper->runs), at);
	record_of_run(run, &keeper->runs[at]);
}

static void drop_run(struct keeper *keeper, uint64_t id)
{
	size_t at = find_run(keeper, id);
	if (at < keeper->n_runs && keeper->runs[at].id == id) {
		record_clear_run(&keeper->runs[at]);
		remove_row(keeper->runs, &keeper->n_runs, sizeof(*keeper->runs), at);
	}
	for (at = keeper->n_members; at > 0; at--) {
		if (keeper->members[at - 1].run != id)
			continue;
		record_clear_member(&keeper->members[at - 1]);
		remove_row(keeper->members, &keeper->n_members, sizeof(*keeper->members), at - 1);
	}
}

static size_t find_execution(const struct keeper *keeper, uint64_t id)
{
	size_t low = 0, high = keeper->n_executions;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (keeper->executions[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_execution(const struct keeper *keeper, size_t at, uint64_t id)
{
	return at < keeper->n_executions && keeper->executions[at].id == id;
}

static void keep_member(struct keeper *keeper, const struct membership *member)
{
	size_t at = 0;
	while (at < keeper->n_members && (keeper->members[at].run != member->run->id ||
	                                     keeper->members[at].exec != member->execution->id))
		at++;
	if (at < keeper->n_members)
		record_clear_member(&keeper->members[at]);
	else
		keeper->members =
		    insert_row(keeper->members, &keeper->n_members, sizeof(*keeper->members), at);
	record_of_member(member, &keeper->members[at]);
}

/* With those of its memberships that have changed, or all. */
static void keep_execution(struct keeper *keeper, const struct execution *execution, bool is_all)
{
	size_t at = find_execution(keeper, execution->id);
	if (has_execution(keeper, at, execution->id))
		record_clear_execution(&keeper->executions[at]);
	else
		keeper->executions = insert_row(
		    keeper->executions, &keeper->n_executions, sizeof(*keeper->executions), at);
	record_of_execution(execution, &keeper->executions[at]);
	for (const struct membership *member = &execution->first; member;
	     member = member->next_of_execution) {
		/* The execution's own row says the run of the first. */
		bool is_told = member == &execution->first && member->override == ERROR_NONE;
		if (member->run != NULL && !is_told && (is_all || member->is_changed))
			keep_member(keeper, member);
	}
}

static void drop_execution(struct keeper *keeper, uint64_t id)
{
	size_t at = find_execution(keeper, id);
	if (!has_execution(keeper, at, id))
		return;
	record_clear_execution(&keeper->executions[at]);
	remove_row(keeper->executions, &keeper->n_executions, sizeof(*keeper->executions), at);
}

/* --- passes --- */

void keeper_note(struct keeper *keeper, const struct action *action)
{
	if (action->kind == ACTION_FORGET)
		drop_execution(keeper, action->execution->id);
	else if (action->kind == ACTION_FORGET_RUN)
		drop_run(keeper, action->run->id);
}

static void forget_pools(struct keeper *keeper)
{
	while (keeper->n_pools > 0)
		free((char *)keeper->pools[--keeper->n_pools].name);
}

static bool keep_pool(const struct pool_look *pool, void *arg)
{
	struct keeper *keeper = arg;
	if (pool->capacity > 0 && keeper->n_pools < KEEPER_POOLS_MAX)
		keeper->pools[keeper->n_pools++] =
		    (struct pool_limit){mem_copy(pool->name), pool->capacity};
	return true;
}

void keeper_keep(struct keeper *keeper, struct core *core)
{
	struct core_changes changes;
	forget_pools(keeper);
	core_each_pool(core, keep_pool, keeper);
	core_get_changes(core, &changes);
	for (size_t i = 0; i < changes.protos->count; i++)
		keep_name(keeper, core, changes.protos->items[i]);
	for (size_t i = 0; i < changes.n_procs; i++)
		keep_name(keeper, core, changes.procs[i]->name);
	for (size_t i = 0; i < changes.n_runs; i++)
		if (changes.runs[i] != NULL)
			keep_run(keeper, changes.runs[i]);
	for (size_t i = 0; i < changes.n_executions; i++) {
		struct execution *execution = changes.executions[i];
		if (execution == NULL)
			continue;
		if (execution->params->key == 0)
			execution->params->key = ++keeper->last_key;
		keep_execution(keeper, execution, false);
	}
	keeper->next_run = changes.next_run;
	keeper->next_exec = changes.next_exec;
	core_clear_changes(core);
}

/* --- the way back --- */

static int compare_members(const void *a, const void *b)
{
	const struct member_record *x = a, *y = b;
	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return x->exec < y->exec ? -1 : x->exec > y->exec;
}

static struct member_record *sort_members(const struct keeper *keeper)
{
	struct member_record *members =
	    copy_rows(keeper->members, keeper->n_members, sizeof(*members));
	qsort(members, keeper->n_members, sizeof(*members), compare_members);
	return members;
}

static int restore_names(const struct keeper *keeper, struct restore *restore)
{
	int result = 0;
	for (size_t i = 0; i < keeper->n_names && result == 0; i++)
		if (keeper->names[i].proto != NULL)
			result = restore_proto(restore, keeper->names[i].proto);
	for (size_t i = 0; i < keeper->n_names && result == 0; i++) {
		const struct name_record *name = &keeper->names[i];
		if (name->proc != NULL)
			result = restore_proc(restore, name->name, name->proc, name->of,
			    (const char *const *)name->values);
	}
	return result;
}

static int restore_rows(const struct keeper *keeper, struct restore *restore)
{
	struct member_record *members = sort_members(keeper);
	int result = restore_names(keeper, restore);
	for (size_t i = 0; i < keeper->n_runs && result == 0; i++)
		result = restore_run(restore, &keeper->runs[i]);
	for (size_t i = 0; i < keeper->n_executions && result == 0; i++)
		result = restore_execution(restore, &keeper->executions[i]);
	for (size_t i = 0; i < keeper->n_members && result == 0; i++)
		result = restore_member(restore, &members[i]);
	free(members);
	return result;
}

struct core *keeper_restore(
    const struct keeper *keeper, const struct core_options *options, int64_t now_ns)
{
	struct core *core = core_new(options, keeper->next_run, keeper->next_exec);
	core_set_pools(core, keeper->pools, keeper->n_pools);
	struct restore *restore = restore_begin(core);
	int result = restore_rows(keeper, restore);
	if (result == 0)
		result = restore_finish(restore, now_ns);
	else
		restore_abandon(restore);
	if (result == 0)
		return core;
	core_free(core);
	return NULL;
}

/* --- comparing --- */

static int compare_names(const void *a, const void *b)
{
	const struct name_record *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static char *print_all(const struct keeper *keeper)
{
	struct name_record *names = copy_rows(keeper->names, keeper->n_names, sizeof(*names));
	struct member_record *members = sort_members(keeper);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	qsort(names, keeper->n_names, sizeof(*names), compare_names);
	for (size_t i = 0; i < keeper->n_names; i++)
		record_print_name(out, &names[i]);
	for (size_t i = 0; i < keeper->n_runs; i++)
		record_print_run(out, &keeper->runs[i]);
	for (size_t i = 0; i < keeper->n_executions; i++)
		record_print_execution(out, &keeper->executions[i]);
	for (size_t i = 0; i < keeper->n_members; i++)
		record_print_member(out, &members[i]);
	fprintf(out, "next run %llu, execution %llu\n", (unsigned long long)keeper->next_run,
	    (unsigned long long)keeper->next_exec);
	fclose(out);
	free(names);
	free(members);
	return text;
}

struct copying {
	struct keeper *keeper;
	struct core *core;
};

static bool copy_proc(struct proc *proc, void *arg)
{
	const struct copying *copying = arg;
	keep_name(copying->keeper, copying->core, proc->name);
	for (const struct execution *at = proc->newest; at != NULL; at = at->older)
		keep_execution(copying->keeper, at, true);
	return true;
}

static bool copy_proto(struct proto *proto, void *arg)
{
	const struct copying *copying = arg;
	keep_name(copying->keeper, copying->core, proto->definition->name);
	return true;
}

/* Everything in core, whether it has changed or not. */
static struct keeper *copy_all(struct core *core)
{
	struct copying copying = {keeper_new(), core};
	struct core_changes changes;
	core_each_proto(core, copy_proto, &copying);
	core_each_proc(core, copy_proc, &copying);
	for (struct run *run = core_next_run(core, 0); run; run = core_next_run(core, run->id))
		keep_run(copying.keeper, run);
	core_get_changes(core, &changes);
	copying.keeper->next_run = changes.next_run;
	copying.keeper->next_exec = changes.next_exec;
	return copying.keeper;
}

/* That what stood by runs is not kept: it is said again by whoever has started it. */
static void forget_promotions(const struct keeper *keeper, const struct keeper *all)
{
	for (size_t i = 0; i < all->n_executions; i++) {
		struct execution_record *record = &all->executions[i];
		size_t at = find_execution(keeper, record->id);
		if (!has_execution(keeper, at, record->id) || record->state != STATE_RUNNING ||
		    !keeper->executions[at].is_standby || record->is_standby)
			continue;
		record->is_standby = true;
		record->started_ns = keeper->executions[at].started_ns;
	}
}

char *keeper_compare(const struct keeper *keeper, struct core *core)
{
	struct keeper *all = copy_all(core);
	forget_promotions(keeper, all);
	char *kept = print_all(keeper), *is = print_all(all);
	char *difference = record_find_difference(kept, is);
	free(kept);
	free(is);
	keeper_free(all);
	return difference;
}
