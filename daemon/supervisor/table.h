/*
 * The workers that the supervisor remembers: those that live, and those whose exit has not been
 * acknowledged. Found by key and, while they live, by pid. Data only: starts and signals nothing.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_TABLE_H
#define PARPROC_DAEMON_SUPERVISOR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define HASH_NONFATAL_OOM 1 /* an element that could not be added has no table */
#include <uthash.h>

#include "daemon/supervisor/wire.h"

/* As worker_key, without holes: it is hashed. */
struct table_key {
	uint64_t exec;
	uint64_t attempt;
};

struct worker {
	struct table_key key;
	pid_t pid; /* also its process group's number; 0: it was never started */
	bool is_alive;
	bool is_unreported; /* alive, and in the list of those that the scheduler was not told of */
	bool is_token_user; /* it, or what is left of its group, may have job tokens */
	bool has_token;     /* one of its own */
	bool is_lingering;  /* in the list of token users that have ended themselves */
	enum wire_slot slot;
	bool is_slot_lent;
	bool is_signaled; /* it was told to end: however it does, it has not succeeded by itself */
	struct wire_exit exit; /* pid and started_ns are set from the start */
	UT_hash_handle by_key;
	UT_hash_handle by_pid;
	TAILQ_ENTRY(worker) entry; /* in unreported or, until its end is reported, in ended */
	TAILQ_ENTRY(worker) of_lingering;
};

TAILQ_HEAD(worker_list, worker);

struct table {
	struct worker *by_key;
	struct worker *by_pid;
	size_t n, n_alive;
};

/* A new one, not alive. NULL: ENOMEM. The key is not there yet. */
struct worker *table_add(struct table *table, struct worker_key key);

/* It has been started as pid. -1: ENOMEM, and it is as before. */
int table_set_alive(struct table *table, struct worker *worker, pid_t pid);

/* It has been reaped. */
void table_set_ended(struct table *table, struct worker *worker);

/* Frees it. */
void table_remove(struct table *table, struct worker *worker);
void table_clear(struct table *table);

struct worker *table_find(const struct table *table, struct worker_key key);
struct worker *table_find_pid(const struct table *table, pid_t pid);

struct worker_key worker_get_key(const struct worker *worker);

#endif
