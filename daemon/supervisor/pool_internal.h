/*
 * What the files of the pool share. Not for others.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_POOL_INTERNAL_H
#define PARPROC_DAEMON_SUPERVISOR_POOL_INTERNAL_H

#include "daemon/supervisor/link.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/spawn.h"
#include "daemon/supervisor/standby.h"
#include "daemon/supervisor/table.h"
#include "daemon/supervisor/tokens.h"
#include "daemon/supervisor/variables.h"

struct pool {
	struct table table;
	struct spawner *spawner;
	struct variables *variables;
	struct link *link;             /* NULL while there is no scheduler */
	struct worker_list unreported; /* alive, in the order of their starts */
	struct worker_list ended;      /* reaped just now */
	struct standby_queue standby;
	size_t n_slots;        /* so many of those that are alive have one */
	size_t deferred_bytes; /* of what the link has to send: exits that are not urgent, */
	int64_t deferred_ns;   /* the first of which was then */
	struct tokens tokens;
	size_t n_token_users;
	struct worker_list lingering; /* those of them that have ended, but for their group */
	size_t n_lingering;
};

/* Tells the scheduler, if there is one, how it is with worker. 0, or -1 with errno. */
int pool_report(struct pool *pool, const struct worker *worker);

/* The worker's own job token, if it has one, is for others. */
void pool_give_token(struct pool *pool, struct worker *worker);

/* No job token is free: says so, and later that one is. */
int pool_refuse_token(struct pool *pool, struct worker_key key);

/* Says that it was not started, and forgets it, and so what comes after it. */
int pool_give_back(struct pool *pool, struct standby *standby);

/* The same of all that comes after key. */
int pool_give_back_after(struct pool *pool, struct worker_key key);

/* pool_start.c */
int pool_handle_spawn(struct pool *pool, const struct wire_message *message);

/* Starts what stands by in the place of worker, which has ended, and notes that in its exit. The
 * one that was started; NULL: none was. */
struct worker *pool_promote(struct pool *pool, struct worker *worker);

#endif
