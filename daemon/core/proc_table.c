/* Procs by name; see proc_table.h. Places are probed one after the other: a line of memory has
 * several. */
#include "daemon/core/proc_table.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"

enum { PLACES_MIN = 16 };

struct proc_place {
	struct proc *proc; /* NULL: it is free */
	uint32_t hash;
};

static uint32_t hash_name(const char *name)
{
	size_t length = strlen(name);
	uint32_t hash;

	HASH_VALUE(name, length, hash);
	return hash;
}

void proc_table_init(struct proc_table *table)
{
	*table = (struct proc_table){0};
	TAILQ_INIT(&table->all);
}

void proc_table_clear(struct proc_table *table)
{
	free(table->places);
	table->places = NULL;
	table->count = table->max = 0;
}

/* The first place from at on that is free or has that hash. */
static uint32_t probe(const struct proc_table *table, uint32_t at, uint32_t hash)
{
	while (table->places[at].proc != NULL && table->places[at].hash != hash)
		at = (at + 1) & (table->max - 1);
	return at;
}

static struct proc *find(const struct proc_table *table, const char *name, uint32_t hash)
{
	if (table->max == 0)
		return NULL;
	uint32_t at = probe(table, hash & (table->max - 1), hash);
	while (table->places[at].proc != NULL && strcmp(table->places[at].proc->name, name) != 0)
		at = probe(table, (at + 1) & (table->max - 1), hash);
	return table->places[at].proc;
}

struct proc *proc_table_find(const struct proc_table *table, const char *name)
{
	return find(table, name, hash_name(name));
}

void proc_table_find_all(
    const struct proc_table *table, const char *const *names, size_t count, struct proc **procs)
{
	uint32_t hashes[PROC_TABLE_BATCH];

	for (size_t i = 0; i < count; i++) {
		hashes[i] = hash_name(names[i]);
		if (table->max > 0)
			__builtin_prefetch(&table->places[hashes[i] & (table->max - 1)]);
	}
	for (size_t i = 0; table->max > 0 && i < count; i++) {
		uint32_t at = probe(table, hashes[i] & (table->max - 1), hashes[i]);
		const struct proc *proc = table->places[at].proc;
		if (proc == NULL)
			continue;
		/* From here to the text of its name are two lines, wherever they begin. */
		__builtin_prefetch(&proc->mean_ns);
		__builtin_prefetch(proc + 1);
	}
	for (size_t i = 0; i < count; i++)
		procs[i] = find(table, names[i], hashes[i]);
}

static void put(struct proc_table *table, struct proc_place place)
{
	uint32_t at = place.hash & (table->max - 1);

	while (table->places[at].proc != NULL)
		at = (at + 1) & (table->max - 1);
	table->places[at] = place;
}

/* Has max places from now on. */
static void resize(struct proc_table *table, uint32_t max)
{
	struct proc_place *old = table->places;
	uint32_t n_old = table->max;

	table->places = mem_new(max, sizeof(*table->places));
	table->max = max;
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].proc != NULL)
			put(table, old[i]);
	free(old);
}

void proc_table_add(struct proc_table *table, struct proc *proc)
{
	if (table->count >= table->max / 2)
		resize(table, table->max > 0 ? 2 * table->max : PLACES_MIN);
	put(table, (struct proc_place){proc, hash_name(proc->name)});
	table->count++;
	TAILQ_INSERT_TAIL(&table->all, proc, of_all);
}

/* Frees the place at. What would not be found any more behind a free one moves up into it. */
static void vacate(struct proc_table *table, uint32_t at)
{
	uint32_t mask = table->max - 1;

	for (uint32_t next = (at + 1) & mask; table->places[next].proc != NULL;
	     next = (next + 1) & mask) {
		uint32_t home = table->places[next].hash & mask;
		if (((next - home) & mask) < ((next - at) & mask))
			continue;
		table->places[at] = table->places[next];
		at = next;
	}
	table->places[at] = (struct proc_place){0};
}

void proc_table_remove(struct proc_table *table, struct proc *proc)
{
	uint32_t at = hash_name(proc->name) & (table->max - 1);

	while (table->places[at].proc != proc)
		at = (at + 1) & (table->max - 1);
	vacate(table, at);
	TAILQ_REMOVE(&table->all, proc, of_all);
	if (--table->count < table->max / 16 && table->max > PLACES_MIN)
		resize(table, table->max / 4);
}
