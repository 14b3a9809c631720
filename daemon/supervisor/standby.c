/* What stands by; see standby.h. There are never many: a list is enough. */
#include "daemon/supervisor/standby.h"

#include <stdlib.h>

void standby_init(struct standby_queue *queue)
{
	TAILQ_INIT(&queue->list);
	queue->count = 0;
}

int standby_add(struct standby_queue *queue, const struct wire_message *message, int64_t since_ns)
{
	struct standby *standby = calloc(1, sizeof(*standby));

	if (standby == NULL || wire_put(&standby->message, message) != 0) {
		free(standby);
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
		if (standby->key.exec == key.exec && standby->key.attempt == key.attempt)
			break;
	return standby;
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
	wire_buffer_clear(&standby->message);
	wire_strings_clear(&standby->strings);
	free(standby);
}

void standby_clear(struct standby_queue *queue)
{
	struct standby *standby;

	while ((standby = TAILQ_FIRST(&queue->list)) != NULL)
		standby_remove(queue, standby);
}
