/* What stands by; see standby.h. There are never many: a list is enough. */
#include "daemon/supervisor/standby.h"

#include <stdlib.h>
#include <string.h>

void standby_init(struct standby_queue *queue)
{
	TAILQ_INIT(&queue->list);
	queue->count = 0;
}

static bool is_same(struct worker_key a, struct worker_key b)
{
	return a.exec == b.exec && a.attempt == b.attempt;
}

static void forget_after(struct standby *standby, uint32_t at)
{
	free(standby->after[at].absent);
	standby->after[at] = standby->after[--standby->n_after];
}

static void free_standby(struct standby *standby)
{
	while (standby->n_after > 0)
		forget_after(standby, 0);
	wire_buffer_clear(&standby->message);
	wire_strings_clear(&standby->strings);
	free(standby);
}

static int add_after(struct standby *standby, const struct wire_after *after)
{
	struct standby_after *at = &standby->after[standby->n_after];

	at->key = after->key;
	at->absent = strdup(after->absent);
	if (at->absent == NULL)
		return -1;
	standby->n_after++;
	return 0;
}

int standby_add(struct standby_queue *queue, const struct wire_message *message, int64_t since_ns)
{
	struct standby *standby = calloc(1, sizeof(*standby));
	int result;

	if (standby == NULL)
		return -1;
	result = wire_put(&standby->message, message);
	for (uint32_t i = 0; result == 0 && i < message->spawn.n_after; i++)
		result = add_after(standby, &message->spawn.after[i]);
	if (result != 0) {
		free_standby(standby);
		return -1;
	}
	standby->key = message->key;
	standby->limit = message->spawn.standby;
	standby->since_ns = since_ns;
	TAILQ_INSERT_TAIL(&queue->list, standby, entry);
	queue->count++;
	return 0;
}

struct standby *standby_find(const struct standby_queue *queue, struct worker_key key)
{
	struct standby *standby;

	TAILQ_FOREACH (standby, &queue->list, entry)
		if (is_same(standby->key, key))
			break;
	return standby;
}

struct standby *standby_first_due(const struct standby_queue *queue)
{
	struct standby *standby;

	TAILQ_FOREACH (standby, &queue->list, entry)
		if (standby->n_after == 0)
			break;
	return standby;
}

struct standby *standby_find_after(
    const struct standby_queue *queue, struct worker_key key, const char **absent)
{
	struct standby *standby;

	TAILQ_FOREACH (standby, &queue->list, entry)
		for (uint32_t i = 0; i < standby->n_after; i++) {
			if (!is_same(standby->after[i].key, key))
				continue;
			if (absent != NULL)
				*absent = standby->after[i].absent;
			return standby;
		}
	return NULL;
}

void standby_succeed(struct standby_queue *queue, struct worker_key key)
{
	struct standby *standby;

	TAILQ_FOREACH (standby, &queue->list, entry)
		for (uint32_t i = standby->n_after; i-- > 0;)
			if (is_same(standby->after[i].key, key))
				forget_after(standby, i);
}

int standby_open(struct standby *standby, struct wire_message *message)
{
	standby->message.start = 0; /* it may have been opened before */
	return wire_take(&standby->message, &standby->strings, message) == 1 ? 0 : -1;
}

void standby_limit(struct standby_queue *queue, uint32_t limit)
{
	struct standby *standby;

	TAILQ_FOREACH (standby, &queue->list, entry)
		standby->limit = limit;
}

void standby_remove(struct standby_queue *queue, struct standby *standby)
{
	TAILQ_REMOVE(&queue->list, standby, entry);
	queue->count--;
	free_standby(standby);
}

void standby_clear(struct standby_queue *queue)
{
	struct standby *standby;

	while ((standby = TAILQ_FIRST(&queue->list)) != NULL)
		standby_remove(queue, standby);
}
