/*
 * The procs by name: an open table of hashes and pointers, half full or less, and a list of them in
 * the order in which they came. A search asks for every name that it meets, so a name costs a place
 * in the table and the proc itself. It owns no proc.
 */
#ifndef PARPROC_CORE_PROC_TABLE_H
#define PARPROC_CORE_PROC_TABLE_H

#include "daemon/core/model.h"

struct proc_place;

struct proc_table {
	struct proc_place *places; /* a proc is in the first free one from that of its hash on */
	uint32_t count, max;       /* max: a power of two, or 0 */
	TAILQ_HEAD(, proc) all;    /* by of_all, the oldest first */
};

void proc_table_init(struct proc_table *table);

/* Frees what the table itself has allocated. */
void proc_table_clear(struct proc_table *table);

/* The proc of that name, or NULL. */
struct proc *proc_table_find(const struct proc_table *table, const char *name);

/* The same of several names (PROC_TABLE_BATCH at most), quicker than one after the other: what they
 * need of memory is fetched at once. */
#define PROC_TABLE_BATCH 8
void proc_table_find_all(
    const struct proc_table *table, const char *const *names, size_t count, struct proc **procs);

/* Adds proc, whose name is in use by no other in the table and does not change. */
void proc_table_add(struct proc_table *table, struct proc *proc);

void proc_table_remove(struct proc_table *table, struct proc *proc);

#endif
