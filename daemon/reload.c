/*
 * From the workspace file to the core. Either all that a file says holds, or nothing of it.
 */
#include "daemon/reload.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/executors/executors.h"
#include "daemon/jobserver.h"
#include "daemon/keep.h"
#include "daemon/log.h"
#include "daemon/settings.h"
#include "daemon/workspace/workspace.h"

#define LARGE_FILE_NAMES 10000

/* The params for what is started now: those of the file that is about to hold. */
static char *compose_params(const struct workspace_load *load)
{
	json_t *both = json_pack("{s:{}, s:O}", "o", "w", load->params);
	char *text = both ? json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(both);
	return text;
}

/* 0, or -1: the core refuses, and is as before. */
static int apply(struct daemon *daemon, const struct workspace_load *load, int64_t now_ns,
    struct define_outcome *outcome, struct fault *fault)
{
	char *params = compose_params(load);
	const struct define_request request = {
	    .definitions = load->definitions.items,
	    .count = load->definitions.count,
	    .origin = ORIGIN_FILE,
	    .is_whole = true,
	    .scope = {.now_ns = now_ns, .params = params ? params : "{}"},
	};
	int status;

	/* What is now: true starts under the new options. */
	executors_apply(daemon, &load->executors);
	settings_apply(daemon, &load->options, now_ns);
	settings_apply_pools(daemon->core, load->pools);
	status = core_define(daemon->core, &request, outcome, fault);
	if (status != 0) {
		executors_apply(daemon, workspace_get_executors(daemon->workspace));
		settings_apply(daemon, workspace_get_options(daemon->workspace), now_ns);
		settings_apply_pools(daemon->core, workspace_get_pools(daemon->workspace));
	}
	free(params);
	return status;
}

/* What a large file took while it was read is half of all; it stays with the process, if nobody
 * says that it may go. */
static void give_back_memory(const struct define_outcome *outcome)
{
#ifdef __GLIBC__
	if (outcome->n_added + outcome->n_replaced + outcome->n_same > LARGE_FILE_NAMES)
		malloc_trim(0);
#else
	(void)outcome;
#endif
}

int reload_workspace(
    struct daemon *daemon, bool is_forced, int64_t now_ns, struct define_outcome *outcome)
{
	const struct workspace_load *load = workspace_poll(daemon->workspace, is_forced);
	struct define_outcome own = {0};
	struct fault fault = {0};

	if (load && apply(daemon, load, now_ns, &own, &fault) == 0) {
		workspace_accept(daemon->workspace);
		jobserver_apply_options(daemon);
		give_back_memory(&own);
		keep_settings(daemon);
	} else if (load)
		workspace_reject(daemon->workspace, &fault);
	if (load)
		scheduler_wake(daemon);
	fault_clear(&fault);
	if (load && !workspace_get_error(daemon->workspace))
		log_info("workspace loaded added=%zu replaced=%zu removed=%zu same=%zu",
		    own.n_added, own.n_replaced, own.n_removed, own.n_same);
	for (size_t i = 0; i < own.refused.count; i++)
		log_warning("now: true, but it cannot start: %s", own.refused.items[i]);
	strings_clear(&own.refused);
	if (outcome)
		*outcome = own;
	else
		strings_clear(&own.started);
	return workspace_get_error(daemon->workspace) ? -1 : 0;
}

char *reload_get_problem(const struct daemon *daemon)
{
	const struct workspace_error *error = workspace_get_error(daemon->workspace);

	return error ? workspace_error_text(error) : NULL;
}

json_t *reload_get_problem_data(const struct daemon *daemon)
{
	const struct workspace_error *error = workspace_get_error(daemon->workspace);
	json_t *data = json_object();

	if (!error || !data)
		return data;
	if (error->file)
		json_object_set_new(data, "file", json_string(error->file));
	if (error->line)
		json_object_set_new(data, "line", json_integer(error->line));
	if (error->column)
		json_object_set_new(data, "column", json_integer(error->column));
	if (error->key)
		json_object_set_new(data, "key", json_string(error->key));
	return data;
}
