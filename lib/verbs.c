/*
 * The calls by name: each is pp_call() with the params that its arguments say.
 */
#include "lib/connection.h"

static enum pp_error call_request(pp_conn *conn, const char *method,
    const struct pp_request *request, double timeout_s, json_t **result)
{
	json_t *params = pp_request_params(conn, method, request);

	if (result)
		*result = NULL;
	if (!params)
		return conn ? conn->error : PP_ERR_INVALID;
	return pp_call(conn, method, params, timeout_s, result);
}

enum pp_error pp_create(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "create", request, timeout_s, result);
}

enum pp_error pp_start(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "start", request, timeout_s, result);
}

enum pp_error pp_run(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "run", request, timeout_s, result);
}

enum pp_error pp_wait(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "wait", request, timeout_s, result);
}

enum pp_error pp_results(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "results", request, timeout_s, result);
}

enum pp_error pp_status(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "status", request, timeout_s, result);
}

enum pp_error pp_cancel(
    pp_conn *conn, const struct pp_request *request, double timeout_s, json_t **result)
{
	return call_request(conn, "cancel", request, timeout_s, result);
}

enum pp_error pp_define(
    pp_conn *conn, json_t *definitions, bool replace, double timeout_s, json_t **result)
{
	json_t *params = pp_request_params(conn, "define", NULL);

	if (result)
		*result = NULL;
	if (!params) {
		json_decref(definitions);
		return conn ? conn->error : PP_ERR_INVALID;
	}
	if (json_object_set_new(params, "definitions", definitions) < 0 ||
	    (replace && json_object_set_new(params, "replace", json_true()) < 0)) {
		json_decref(params);
		return conn_fail(conn, definitions ? PP_ERR_NOMEM : PP_ERR_INVALID,
		    definitions ? "no memory" : "there are no definitions");
	}
	return pp_call(conn, "define", params, timeout_s, result);
}

enum pp_error pp_subscribe(pp_conn *conn, const struct pp_request *request,
    const char *const *kinds, double timeout_s, json_t **snapshot)
{
	json_t *params = pp_request_params(conn, "subscribe", request);

	if (snapshot)
		*snapshot = NULL;
	if (!params)
		return conn ? conn->error : PP_ERR_INVALID;
	if (kinds && json_object_set_new(params, "kinds", params_texts(kinds)) < 0) {
		json_decref(params);
		return conn_fail(conn, PP_ERR_NOMEM, "no memory");
	}
	return pp_call(conn, "subscribe", params, timeout_s, snapshot);
}

/* Takes params. *values is the member of that name in the answer. */
static enum pp_error call_values(
    pp_conn *conn, const char *method, json_t *params, double timeout_s, json_t **values)
{
	json_t *result;
	enum pp_error error = pp_call(conn, method, params, timeout_s, &result);

	if (values)
		*values = json_incref(json_object_get(result, "values"));
	json_decref(result);
	if (error == PP_OK && values && !*values)
		return conn_fail(conn, PP_ERR_PROTOCOL, "the daemon's answer has no values");
	return error;
}

/* Takes changes. */
static enum pp_error set_values(
    pp_conn *conn, const char *method, json_t *changes, double timeout_s, json_t **values)
{
	json_t *params = changes ? json_pack("{s:o}", "values", changes) : NULL;

	if (params)
		return call_values(conn, method, params, timeout_s, values);
	if (values)
		*values = NULL;
	if (!conn)
		return PP_ERR_INVALID;
	return conn_fail(conn, changes ? PP_ERR_NOMEM : PP_ERR_INVALID,
	    changes ? "no memory" : "there is nothing to set");
}

enum pp_error pp_params_get(pp_conn *conn, double timeout_s, json_t **values)
{
	return call_values(conn, "params.get", NULL, timeout_s, values);
}

enum pp_error pp_params_set(pp_conn *conn, json_t *changes, double timeout_s, json_t **values)
{
	return set_values(conn, "params.set", changes, timeout_s, values);
}

enum pp_error pp_options_get(pp_conn *conn, double timeout_s, json_t **values)
{
	return call_values(conn, "options.get", NULL, timeout_s, values);
}

enum pp_error pp_options_set(pp_conn *conn, json_t *changes, double timeout_s, json_t **values)
{
	return set_values(conn, "options.set", changes, timeout_s, values);
}
