/* Attempts; see retry.h. */
#include "daemon/core/retry.h"

#include <stdlib.h>

#include "daemon/core/execution.h"
#include "daemon/core/mem.h"
#include "daemon/core/ready.h"
#include "daemon/core/touch.h"

/* How long to wait before attempt number n_failed + 1. */
static int64_t delay(const struct retries *retries, unsigned n_failed)
{
	int64_t max_ns =
	    retries->delay_ns > RETRY_DELAY_MAX_NS ? retries->delay_ns : RETRY_DELAY_MAX_NS;
	double delay_ns = (double)retries->delay_ns;

	for (unsigned i = 1; i < n_failed && delay_ns < (double)max_ns; i++)
		delay_ns *= retries->backoff;
	return delay_ns < (double)max_ns ? (int64_t)delay_ns : max_ns;
}

/* 0 and up: after that time; -1: never. */
static int64_t decide(
    const struct execution *execution, enum execution_error error, bool is_transient)
{
	static const struct retries transient = {.delay_ns = 1000000000, .backoff = 2};
	const struct retries *retries = &execution->definition->retries;
	unsigned n_failed = execution->attempt - execution->n_transient;

	if (is_transient)
		return execution->n_transient < RETRY_TRANSIENT_MAX
		           ? delay(&transient, execution->n_transient + 1u)
		           : -1;
	if (n_failed > retries->times || !(retries->errors >> error & 1))
		return -1;
	return delay(retries, n_failed);
}

bool retry_after(struct core *core, struct execution *execution, enum execution_error error,
    const char *info, bool is_transient, int64_t now_ns)
{
	int64_t delay_ns = decide(execution, error, is_transient);
	char *copy;

	if (delay_ns < 0 || execution_home(execution) == NULL)
		return false;
	ready_release(core, execution);
	execution->n_transient += is_transient;
	execution->ending = ERROR_NONE;
	execution->last_error = (uint8_t)error;
	execution->is_killed = false;
	copy = execution_copy_info(info); /* it may be the execution's own */
	free(execution->info);
	execution->info = copy;
	retry_wait(core, execution, now_ns + delay_ns);
	execution_set_state(core, execution, STATE_WANTED);
	execution_update_progress(core, execution);
	return true;
}

void retry_wait(struct core *core, struct execution *execution, int64_t until_ns)
{
	execution->is_retrying = true;
	execution->deadline_ns = until_ns;
	heap_push(&core->timers, &execution->in_timers);
}

void retry_forget(struct core *core, struct execution *execution)
{
	execution->is_retrying = false;
	heap_remove(&core->timers, &execution->in_timers);
}
