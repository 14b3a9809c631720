/*
 * Reading what params say: single members, pages, and the members run, exec, params and env, which
 * many methods have, as a scope of the core. Knows nothing of any one method.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/environment.h"
#include "daemon/params.h"
#include "daemon/requests.h"
#include "daemon/workspace/workspace.h"

int request_read_texts(struct request *request, const char *member, struct request_texts *texts)
{
	json_t *list = json_object_get(request->params, member);
	size_t count = json_array_size(list);

	*texts = (struct request_texts){0};
	if (count == 0)
		return 0;
	texts->items = calloc(count, sizeof(*texts->items));
	if (!texts->items) {
		request_refuse_memory(request);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text)
			texts->items[texts->count++] = text;
	}
	return 0;
}

const char *request_read_text(const struct request *request, const char *member)
{
	return json_string_value(json_object_get(request->params, member));
}

bool request_read_flag(const struct request *request, const char *member)
{
	return json_is_true(json_object_get(request->params, member));
}

int64_t request_read_integer(const struct request *request, const char *member, int64_t otherwise)
{
	const json_t *value = json_object_get(request->params, member);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* --- scopes --- */

/* Whether text is a number of a run: digits only. What no run can have gives UINT64_MAX. */
static bool parse_run_number(const char *text, uint64_t *number)
{
	if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	errno = 0;
	*number = strtoull(text, NULL, 10);
	if (errno || *number == 0)
		*number = UINT64_MAX;
	return true;
}

struct run *request_find_run(const struct request *request, const char *text)
{
	uint64_t number;

	if (parse_run_number(text, &number))
		return core_find_run(request->daemon->core, number);
	return core_find_run_by_name(request->daemon->core, text);
}

static void read_run(const struct request *request, struct scope *scope)
{
	const json_t *run = json_object_get(request->params, "run");
	const char *text = json_string_value(run);

	if (json_is_integer(run))
		scope->run =
		    json_integer_value(run) > 0 ? (uint64_t)json_integer_value(run) : UINT64_MAX;
	else if (text && (!parse_run_number(text, &scope->run) || scope->run == UINT64_MAX))
		scope->run_name = text;
}

/*
 * The execution from whose process the request comes. One whose main process has ended counts no
 * longer: what it left behind asks like anybody else.
 */
static void read_exec(const struct request *request, struct scope *scope)
{
	int64_t exec = request_read_integer(request, "exec", 0);

	if (exec > 0 && core_find_asker(request->daemon->core, (uint64_t)exec, request->now_ns))
		scope->exec = (uint64_t)exec;
}

/* A name of a run is shown to people and compared as text. */
static int check_run_name(struct request *request, const char *name)
{
	size_t length = name ? strlen(name) : 1;

	if (length == 0 || length > 1024) {
		request_refuse(
		    request, PROTOCOL_BAD_NAME, "the name of a run has 1 to 1024 bytes", NULL);
		return -1;
	}
	for (size_t i = 0; name && i < length; i++) {
		unsigned char byte = (unsigned char)name[i], next = (unsigned char)name[i + 1];
		/* C0, DEL, or C1, which in UTF-8 is C2 and a byte below A0. */
		if (byte >= 0x20 && byte != 0x7f && !(byte == 0xc2 && next < 0xa0))
			continue;
		request_refuse(request, PROTOCOL_BAD_NAME,
		    "the name of a run has no control characters", NULL);
		return -1;
	}
	return 0;
}

int request_look_scope(const struct request *request, struct scope *scope)
{
	*scope = (struct scope){.now_ns = request->now_ns};
	read_run(request, scope);
	read_exec(request, scope);
	return 0;
}

/* What holds over the workspace's params: the override of the run that is asked for, while it is
 * active, and over that the request's own. A new reference; NULL: out of memory. */
static json_t *merge_overrides(const struct request *request, const struct scope *scope)
{
	const struct core *core = request->daemon->core;
	json_t *own = json_object_get(request->params, "params"), *merged = json_object();
	json_t *kept;
	struct run *run = NULL;

	if (scope->run != 0)
		run = core_find_run(core, scope->run);
	else if (scope->run_name)
		run = core_find_run_by_name(core, scope->run_name);
	kept = params_of_run(run);
	if ((kept && json_object_update(merged, kept) != 0) ||
	    (json_is_object(own) && json_object_update(merged, own) != 0)) {
		json_decref(merged);
		return NULL;
	}
	return merged;
}

static void refuse_environment(struct request *request, const json_t *env, int error)
{
	bool is_limit = error == E2BIG || error == ENOSPC || error == ENOBUFS;
	char *why = environment_explain(env, error);

	request_refuse(request, is_limit ? PROTOCOL_LIMIT : PROTOCOL_INTERNAL, why, NULL);
	free(why);
}

int request_scope(struct request *request, struct scope *scope)
{
	json_t *env = json_object_get(request->params, "env");
	json_t *overrides;
	const char *limit;

	request_look_scope(request, scope);
	if (check_run_name(request, scope->run_name) != 0)
		return -1;
	overrides = merge_overrides(request, scope);
	if (!overrides) {
		request_refuse_memory(request);
		return -1;
	}
	scope->executor = request_read_text(request, "executor");
	scope->has_params = json_object_size(json_object_get(request->params, "params")) > 0;
	scope->params = workspace_params_text(request->daemon->workspace, overrides);
	limit = scope->params ? params_find_limit(request->daemon, overrides, scope->params) : NULL;
	json_decref(overrides);
	if (!scope->params) {
		request_refuse_memory(request);
		return -1;
	}
	if (limit) {
		request_scope_clear(scope);
		request_refuse(request, PROTOCOL_LIMIT, limit, NULL);
		return -1;
	}
	if (!env && scope->exec)
		scope->env = core_find_execution(request->daemon->core, scope->exec)->env;
	else
		scope->env = environment_intern(request->daemon, env);
	if (scope->env == ENVIRONMENT_REFUSED) {
		refuse_environment(request, env, errno);
		request_scope_clear(scope);
		return -1;
	}
	/* It may be large, and is kept for what the request starts now. */
	json_object_del(request->params, "env");
	return 0;
}

void request_scope_clear(struct scope *scope)
{
	free((char *)scope->params);
	scope->params = NULL;
}

int request_look_run(struct request *request, struct run **run)
{
	struct fault fault = {0};
	struct scope scope;

	*run = NULL;
	request_look_scope(request, &scope);
	if (core_look_run(request->daemon->core, &scope, run, &fault) == 0)
		return 0;
	request_refuse_fault(request, &fault);
	return -1;
}
