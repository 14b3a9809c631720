/*
 * The workers that the supervisor remembers, by key and by pid. Every change between alive and
 * ended goes through here, so that a pid is known only as long as nobody else can have it.
 */
#include "daemon/supervisor/table.h"

#include <errno.h>
#include <stdlib.h>

static struct table_key key_convert(struct worker_key key)
{
	return (struct table_key){.exec = key.exec, .attempt = key.attempt};
}

struct worker_key worker_get_key(const struct worker *worker)
{
	return (struct worker_key){
	    .exec = worker->key.exec, .attempt = (uint32_t)worker->key.attempt};
}

struct worker *table_add(struct table *table, struct worker_key key)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		return NULL;
	worker->key = key_convert(key);
	HASH_ADD(by_key, table->by_key, key, sizeof(worker->key), worker);
	if (worker->by_key.tbl == NULL) {
		free(worker);
		errno = ENOMEM;
		return NULL;
	}
	table->n++;
	return worker;
}

int table_set_alive(struct table *table, struct worker *worker, pid_t pid)
{
	worker->pid = pid;
	HASH_ADD(by_pid, table->by_pid, pid, sizeof(pid), worker);
	if (worker->by_pid.tbl == NULL) {
		worker->pid = 0;
		errno = ENOMEM;
		return -1;
	}
	worker->is_alive = true;
	table->n_alive++;
	return 0;
}

void table_set_ended(struct table *table, struct worker *worker)
{
	HASH_DELETE(by_pid, table->by_pid, worker);
	worker->is_alive = false;
	table->n_alive--;
}

void table_remove(struct table *table, struct worker *worker)
{
	if (worker->is_alive)
		table_set_ended(table, worker);
	HASH_DELETE(by_key, table->by_key, worker);
	table->n--;
	free(worker);
}

void table_clear(struct table *table)
{
	struct worker *worker, *next;

	HASH_ITER (by_key, table->by_key, worker, next) {
		table_remove(table, worker);
	}
}

struct worker *table_find(const struct table *table, struct worker_key key)
{
	struct table_key wanted = key_convert(key);
	struct worker *worker = NULL;

	HASH_FIND(by_key, table->by_key, &wanted, sizeof(wanted), worker);
	return worker;
}

struct worker *table_find_pid(const struct table *table, pid_t pid)
{
	struct worker *worker = NULL;

	HASH_FIND(by_pid, table->by_pid, &pid, sizeof(pid), worker);
	return worker;
}
