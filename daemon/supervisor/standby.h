/*
 * What stands by: SPAWN messages that are kept until a slot is passed on, in the order in which
 * they came. Data only: starts nothing and sends nothing.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_STANDBY_H
#define PARPROC_DAEMON_SUPERVISOR_STANDBY_H

#include <stdint.h>
#include <sys/queue.h>

#include "daemon/supervisor/wire.h"

/* One that has to succeed before; absent: a file that it must not have left. */
struct standby_after {
	struct worker_key key;
	char *absent;
};

struct standby {
	TAILQ_ENTRY(standby) entry;
	struct worker_key key;
	uint32_t n_after; /* of those below that have not succeeded yet */
	struct standby_after after[WIRE_AFTER_MAX];
	uint32_t limit;
	int64_t since_ns;
	struct wire_buffer message;
	struct wire_strings strings; /* of message, once it is opened */
};

/* Zeroed it is not: standby_init(). */
struct standby_queue {
	TAILQ_HEAD(, standby) list;
	size_t count;
};

void standby_init(struct standby_queue *queue);

/* Keeps a copy of message at the end. 0, or -1: ENOMEM. */
int standby_add(struct standby_queue *queue, const struct wire_message *message, int64_t since_ns);

struct standby *standby_find(const struct standby_queue *queue, struct worker_key key);

/* The first of those that wait for a slot alone; or NULL. */
struct standby *standby_first_due(const struct standby_queue *queue);

/* The first of those that come after key, which has not succeeded yet; *absent may be NULL. */
struct standby *standby_find_after(
    const struct standby_queue *queue, struct worker_key key, const char **absent);

/* key has succeeded: nothing comes after it any more. */
void standby_succeed(struct standby_queue *queue, struct worker_key key);

/* The message that was kept; valid until standby_remove(). 0, or -1: ENOMEM. */
int standby_open(struct standby *standby, struct wire_message *message);

/* From now on that is the limit of each. */
void standby_limit(struct standby_queue *queue, uint32_t limit);

/* Frees it. */
void standby_remove(struct standby_queue *queue, struct standby *standby);
void standby_clear(struct standby_queue *queue);

#endif
