/*
 * The table of procs by name: whatever is added and removed, in whatever order, each that is there
 * is found and no other, and the list has them in the order in which they came.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/proc_table.h"

enum { N_PROCS = 300, N_STEPS = 20000 };

static struct proc *new_proc(size_t i)
{
	struct proc *proc = mem_new(1, sizeof(*proc));

	proc->name = mem_print("build::%zu", i);
	return proc;
}

static void free_proc(struct proc *proc)
{
	free(proc->name);
	free(proc);
}

static void expect_found(
    const struct proc_table *table, struct proc *const *procs, const bool *is_in)
{
	for (size_t first = 0; first < N_PROCS; first += PROC_TABLE_BATCH) {
		const char *names[PROC_TABLE_BATCH];
		struct proc *found[PROC_TABLE_BATCH];
		size_t count = N_PROCS - first;
		if (count > PROC_TABLE_BATCH)
			count = PROC_TABLE_BATCH;
		for (size_t i = 0; i < count; i++)
			names[i] = procs[first + i]->name;
		proc_table_find_all(table, names, count, found);
		for (size_t i = 0; i < count; i++) {
			struct proc *expected = is_in[first + i] ? procs[first + i] : NULL;
			cr_assert_eq(found[i], expected, "%s", names[i]);
			cr_assert_eq(proc_table_find(table, names[i]), expected, "%s", names[i]);
		}
	}
}

Test(proc_table, nothing_is_found_in_an_empty_one)
{
	struct proc_table table;
	const char *name = "a";
	struct proc *found;

	proc_table_init(&table);
	cr_assert_null(proc_table_find(&table, name));
	proc_table_find_all(&table, &name, 1, &found);
	cr_assert_null(found);
	proc_table_clear(&table);
}

Test(proc_table, what_is_there_is_found_and_nothing_else)
{
	struct proc *procs[N_PROCS];
	bool is_in[N_PROCS] = {false};
	struct proc_table table;
	uint32_t random = 1, n_in = 0;

	proc_table_init(&table);
	for (size_t i = 0; i < N_PROCS; i++)
		procs[i] = new_proc(i);
	for (size_t step = 0; step < N_STEPS; step++) {
		/* It is filled and emptied in turn, so that the table grows and shrinks. */
		bool is_filling = step / 1000 % 2 == 0;
		random = random * 1103515245 + 12345;
		size_t i = (random >> 8) % N_PROCS;
		bool is_wanted = (random >> 24) % 8 == 0 ? !is_filling : is_filling;
		if (is_in[i] == is_wanted)
			continue;
		if (is_wanted)
			proc_table_add(&table, procs[i]);
		else
			proc_table_remove(&table, procs[i]);
		is_in[i] = is_wanted;
		n_in += is_wanted ? 1 : (uint32_t)-1;
		cr_assert_eq(table.count, n_in);
		if (step % 16 == 0)
			expect_found(&table, procs, is_in);
	}
	expect_found(&table, procs, is_in);
	proc_table_clear(&table);
	for (size_t i = 0; i < N_PROCS; i++)
		free_proc(procs[i]);
}

Test(proc_table, the_list_has_them_in_the_order_in_which_they_came)
{
	struct proc *procs[N_PROCS], *proc;
	struct proc_table table;
	size_t at = 1;

	proc_table_init(&table);
	for (size_t i = 0; i < N_PROCS; i++) {
		procs[i] = new_proc(i);
		proc_table_add(&table, procs[i]);
	}
	for (size_t i = 0; i < N_PROCS; i += 2)
		proc_table_remove(&table, procs[i]);
	TAILQ_FOREACH (proc, &table.all, of_all) {
		cr_assert_eq(proc, procs[at]);
		at += 2;
	}
	cr_assert_eq(at, N_PROCS + 1);
	proc_table_clear(&table);
	for (size_t i = 0; i < N_PROCS; i++)
		free_proc(procs[i]);
}
