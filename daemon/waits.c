/*
 * A table from the numbers of the core's waits to those who answer for them. It knows neither
 * requests nor why anybody waits.
 */
#include "daemon/waits.h"

#include <stdlib.h>

#include "daemon/core/hash.h"
#include "daemon/daemon.h"

struct waiter {
	UT_hash_handle by_id;
	uint64_t id;
	void (*done)(void *arg);
	void *arg;
};

struct waits {
	struct waiter *by_id;
};

struct waits *waits_new(void)
{
	return calloc(1, sizeof(struct waits));
}

static struct waiter *find_waiter(const struct waits *waits, uint64_t id)
{
	struct waiter *waiter = NULL;

	HASH_FIND(by_id, waits->by_id, &id, sizeof(id), waiter);
	return waiter;
}

static void remove_waiter(struct waits *waits, struct waiter *waiter)
{
	HASH_DELETE(by_id, waits->by_id, waiter);
	free(waiter);
}

void waits_free(struct waits *waits)
{
	struct waiter *waiter, *next;

	if (!waits)
		return;
	HASH_ITER (by_id, waits->by_id, waiter, next)
		remove_waiter(waits, waiter);
	free(waits);
}

int waits_register(struct daemon *daemon, uint64_t id, void (*done)(void *arg), void *arg)
{
	struct waits *waits = daemon->waits;
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return -1;
	waiter->id = id;
	waiter->done = done;
	waiter->arg = arg;
	HASH_ADD(by_id, waits->by_id, id, sizeof(waiter->id), waiter);
	return 0;
}

void waits_forget(struct daemon *daemon, uint64_t id)
{
	struct waiter *waiter = find_waiter(daemon->waits, id);

	if (waiter)
		remove_waiter(daemon->waits, waiter);
}

void waits_finish(struct daemon *daemon, uint64_t id)
{
	struct waiter *waiter = find_waiter(daemon->waits, id);

	if (!waiter)
		return;
	void (*done)(void *) = waiter->done;
	void *arg = waiter->arg;
	remove_waiter(daemon->waits, waiter);
	done(arg);
}
