/* Attempts that were not the last; see attempts.h. */
#include "daemon/attempts.h"

#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/extra.h"
#include "daemon/logs.h"

void attempts_add(struct attempts *attempts, const struct attempt *attempt)
{
	size_t size = (attempts->count + 1) * sizeof(*attempts->items);
	struct attempt *items = realloc(attempts->items, size);

	if (!items) {
		free(attempt->info);
		return;
	}
	attempts->items = items;
	items[attempts->count++] = *attempt;
}

void attempts_note(struct execution *execution, int64_t ended_ns)
{
	struct exec_extra *extra = execution->extra;

	if (!extra) /* there was no memory for it */
		return;
	const struct attempt attempt = {
	    .number = execution->attempt,
	    .error = execution->last_error,
	    .exit_code = execution->exit_code,
	    .signal = execution->signal,
	    .info = mem_copy(execution->info),
	    .started_ns = execution->started_ns,
	    .ended_ns = ended_ns,
	    .pending_ns = extra->pending_ns,
	    .user_us = extra->user_us,
	    .system_us = extra->system_us,
	    .max_rss_kib = extra->max_rss_kib,
	};

	attempts_add(&extra->attempts, &attempt);
	json_decref(extra->result);
	extra->result = NULL;
	extra->user_us = extra->system_us = extra->max_rss_kib = 0;
}

static json_t *view_attempt(const struct execution *execution, const struct attempt *attempt)
{
	const char *error = execution_error_name((enum execution_error)attempt->error);
	json_t *view = json_pack("{s:i, s:s?, s:s?, s:f, s:f}", "attempt", attempt->number, "error",
	    error, "info", attempt->info, "started_at", (double)attempt->started_ns / 1e9,
	    "ended_at", (double)attempt->ended_ns / 1e9);

	char *log = logs_path_of_attempt(execution, attempt->number);

	json_object_set_new(view, "log", log ? json_string(log) : json_null());
	free(log);
	if (attempt->exit_code >= 0)
		json_object_set_new(view, "exit_code", json_integer(attempt->exit_code));
	if (attempt->signal)
		json_object_set_new(view, "signal", json_integer(attempt->signal));
	if (attempt->pending_ns > 0)
		json_object_set_new(
		    view, "pending_time", json_real((double)attempt->pending_ns / 1e9));
	if (attempt->max_rss_kib <= 0)
		return view;
	json_object_set_new(view, "user_time", json_real((double)attempt->user_us / 1e6));
	json_object_set_new(view, "system_time", json_real((double)attempt->system_us / 1e6));
	json_object_set_new(view, "max_rss", json_integer((json_int_t)attempt->max_rss_kib * 1024));
	return view;
}

json_t *attempts_view(const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;
	json_t *list;

	if (!extra || extra->attempts.count == 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; list && i < extra->attempts.count; i++)
		json_array_append_new(list, view_attempt(execution, &extra->attempts.items[i]));
	return list;
}
