/*
 * What a struct pp_request says, as the params of a method, with the connection's defaults for what
 * the method takes. Sends nothing.
 */
#include <string.h>
#include <unistd.h>

#include "lib/connection.h"
#include "lib/environment.h"
#include "protocol/methods.h"

/* Params on their way; what fails is noted once and the rest ignored. */
struct builder {
	json_t *params;
	const struct method *method; /* NULL: one that only the daemon may know */
	bool is_failed;
};

static bool knows(const struct builder *builder, const char *member)
{
	return !builder->method || protocol_param_find(builder->method, member);
}

/* Takes value; NULL is a failure. */
static void add(struct builder *builder, const char *member, json_t *value)
{
	if (json_object_set_new(builder->params, member, value) < 0)
		builder->is_failed = true;
}

static void add_text(struct builder *builder, const char *member, const char *text)
{
	if (text)
		add(builder, member, json_string(text));
}

static void add_true(struct builder *builder, const char *member, bool is_wanted)
{
	if (is_wanted)
		add(builder, member, json_true());
}

static void add_borrowed(struct builder *builder, const char *member, json_t *value)
{
	if (value)
		add(builder, member, json_incref(value));
}

json_t *params_texts(const char *const *texts)
{
	json_t *array = json_array();

	for (; array && *texts; texts++) {
		if (json_array_append_new(array, json_string(*texts)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* Without PP_*, which is about this process. */
static json_t *environment(const pp_conn *conn)
{
	json_t *object = environment_copy("PP_");

	if (object && conn->helper)
		json_object_set_new(
		    object, conn->helper->variable, json_string(conn->helper->value));
	return object;
}

static void add_names(struct builder *builder, const struct pp_request *request)
{
	static const char *const none[] = {NULL};
	json_t *names;

	if (!request->names && !request->more_names)
		return;
	names = params_texts(request->names ? request->names : none);
	if (names && request->more_names && json_array_extend(names, request->more_names) < 0) {
		json_decref(names);
		names = NULL;
	}
	add(builder, "names", names);
}

static void add_request(struct builder *builder, const struct pp_request *request)
{
	add_names(builder, request);
	add_borrowed(builder, "args", request->args);
	add_text(builder, "as", request->as);
	add_text(builder, "run", request->run);
	add_text(builder, "executor", request->executor);
	add_borrowed(builder, "params", request->params);
	add_borrowed(builder, "env", request->env);
	add_true(builder, "full", request->is_full);
	add_true(builder, "fail_fast", request->is_fail_fast);
	add_true(builder, "subscribe", request->is_subscribed);
	add_true(builder, "all", request->is_all);
	add_true(builder, "force", request->is_forced);
	add_true(builder, "kill", request->is_kill);
	if (request->timeout_s > 0)
		add(builder, "timeout", json_real(request->timeout_s));
}

static void add_defaults(
    struct builder *builder, const pp_conn *conn, const struct pp_request *request)
{
	if (!request->env && knows(builder, "env"))
		add(builder, "env", environment(conn));
	if (request->new_run)
		return;
	if (!request->run && conn->default_run && knows(builder, "run"))
		add_text(builder, "run", conn->default_run);
	if (conn->default_exec > 0 && knows(builder, "exec"))
		add(builder, "exec", json_integer(conn->default_exec));
}

json_t *pp_request_params(pp_conn *conn, const char *method, const struct pp_request *request)
{
	static const struct pp_request nothing;
	struct builder builder = {.params = json_object()};

	if (!request)
		request = &nothing;
	if (!conn || !method) {
		builder.is_failed = true;
	} else {
		builder.method = protocol_method_find(method);
		add_request(&builder, request);
		add_defaults(&builder, conn, request);
	}
	if (!builder.is_failed)
		return builder.params;
	if (conn)
		conn_fail(conn, builder.params ? PP_ERR_INVALID : PP_ERR_NOMEM,
		    "a text of the request is not UTF-8, or there is no memory");
	json_decref(builder.params);
	return NULL;
}
