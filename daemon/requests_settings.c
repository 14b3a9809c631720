/*
 * Options and params: those in force, and those that clients set until the daemon ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/jobserver.h"
#include "daemon/keep.h"
#include "daemon/requests.h"
#include "daemon/settings.h"
#include "daemon/workspace/workspace.h"

/* The values in force; taken. */
static json_t *wrap(json_t *values)
{
	return values ? json_pack("{s:o}", "values", values) : NULL;
}

static json_t *build_params(const struct request *request)
{
	return wrap(json_deep_copy(workspace_get_params(request->daemon->workspace)));
}

/* How many job tokens there are, and how many of them nobody has. */
static json_t *build_tokens(const struct daemon *daemon)
{
	int n_free = jobserver_count_free(daemon);

	return json_pack("{s:I, s:o}", "limit", (json_int_t)jobserver_get_limit(daemon), "free",
	    n_free >= 0 ? json_integer(n_free) : json_null());
}

static bool add_pool(const struct pool_look *pool, void *arg)
{
	json_object_set_new(arg, pool->name,
	    json_pack("{s:I, s:I, s:I}", "capacity", (json_int_t)pool->capacity, "used",
	        (json_int_t)pool->used, "waiting", (json_int_t)pool->n_waiting));
	return true;
}

/* What of each pool is held now; NULL: there are none. */
static json_t *build_pools(const struct daemon *daemon)
{
	json_t *pools = json_object();

	core_each_pool(daemon->core, add_pool, pools);
	if (json_object_size(pools) > 0)
		return pools;
	json_decref(pools);
	return NULL;
}

static json_t *build_options(const struct request *request)
{
	const struct daemon *daemon = request->daemon;
	json_t *answer = wrap(workspace_options_json(workspace_get_options(daemon->workspace)));

	json_t *pools = build_pools(daemon);

	if (answer && pools)
		json_object_set(answer, "pools", pools);
	json_decref(pools);
	if (answer && jobserver_get_limit(daemon) > 0)
		json_object_set_new(answer, "job_tokens", build_tokens(daemon));
	return answer;
}

enum request_status handle_params_get(struct request *request)
{
	json_t *answer;

	request_look_file(request);
	answer = build_params(request);
	if (!answer)
		return request_refuse_memory(request);
	request_warn(request, answer);
	return request_answer(request, answer);
}

enum request_status handle_params_set(struct request *request)
{
	json_t *values = json_object_get(request->params, "values");
	json_t *answer;

	request_look_file(request);
	if (workspace_set_params(request->daemon->workspace, values) != 0)
		return errno == E2BIG ? request_refuse(request, PROTOCOL_LIMIT,
		                            "params: they take no more than " PARAMS_MAX_TEXT, NULL)
		                      : request_refuse_memory(request);
	keep_settings(request->daemon);
	answer = build_params(request);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

enum request_status handle_options_get(struct request *request)
{
	json_t *answer;

	request_look_file(request);
	answer = build_options(request);
	if (!answer)
		return request_refuse_memory(request);
	request_warn(request, answer);
	return request_answer(request, answer);
}

enum request_status handle_options_set(struct request *request)
{
	json_t *values = json_object_get(request->params, "values");
	struct workspace *workspace = request->daemon->workspace;
	struct workspace_error error = {0};
	enum request_status status;
	json_t *answer;
	char *text;

	request_look_file(request);
	if (workspace_set_options(workspace, values, &error) != 0) {
		text = workspace_error_text(&error);
		status = request_refuse(request, PROTOCOL_BAD_ARGUMENT, text,
		    error.key ? json_pack("{s:s}", "key", error.key) : NULL);
		free(text);
		workspace_error_clear(&error);
		return status;
	}
	settings_apply(request->daemon, workspace_get_options(workspace), request->now_ns);
	jobserver_apply_options(request->daemon);
	keep_settings(request->daemon);
	answer = build_options(request);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}
