/* See resume_kit.h. */
#include "tests/unit/resume_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

char *directory;
struct server *server;
pp_conn *conn;
struct pp_connect_options options;

static json_t *kept; /* what tests look at */

void resume_set_up(void)
{
	kept = json_array();
	directory = kit_directory_new();
	server = NULL;
	conn = NULL;
	options = (struct pp_connect_options){
	    .directory = directory, .ignore_environment = true, .timeout_s = 30};
}

void resume_tear_down(void)
{
	pp_close(conn);
	if (server)
		server_stop(server);
	json_decref(kept);
	kit_directory_free(directory);
}

void end_server(void)
{
	server_stop(server);
	server = NULL;
}

void begin(const struct plan *plans, size_t count)
{
	server = server_start_by(directory, plans, count);
	cr_assert_eq(pp_connect(&options, &conn), PP_OK, "%s", pp_error_text(conn));
}

json_t *param_of(int connection, const char *method, const char *member)
{
	json_t *requests = server_get_requests(server), *request, *params = NULL;
	size_t i;

	json_array_append_new(kept, requests);
	json_array_foreach (requests, i, request) {
		if (json_integer_value(json_object_get(request, "connection")) == connection &&
		    strcmp(json_string_value(json_object_get(request, "method")), method) == 0)
			params = json_object_get(request, "params");
	}
	cr_assert_not_null(params, "no %s over connection %d", method, connection);
	return member ? json_object_get(params, member) : params;
}

size_t count_requests(const char *method)
{
	json_t *requests = server_get_requests(server), *request;
	size_t i, count = 0;

	json_array_foreach (requests, i, request)
		count += strcmp(json_string_value(json_object_get(request, "method")), method) == 0;
	json_decref(requests);
	return count;
}

void call(const char *method, json_t *params)
{
	cr_assert_eq(pp_call(conn, method, params, 30, NULL), PP_OK, "%s", pp_error_text(conn));
}

void hang_up(void)
{
	cr_assert_eq(pp_call(conn, "hang_up", NULL, 30, NULL), PP_ERR_UNREACHABLE);
}

void note_answer(pp_conn *which, enum pp_error error, json_t *result, void *arg)
{
	struct seen *seen = arg;

	(void)result;
	seen->count++;
	seen->error = error;
	snprintf(seen->text, sizeof(seen->text), "%s", error ? pp_error_text(which) : "");
}

void send_request(const char *method, json_t *params, struct seen *seen)
{
	cr_assert_eq(pp_send(conn, method, params, note_answer, seen, NULL), PP_OK, "%s",
	    pp_error_text(conn));
}

void step_until(const int *count, int wanted)
{
	while (*count < wanted)
		cr_assert_eq(pp_step(conn, 30), PP_OK, "%s", pp_error_text(conn));
}

void step_until_lost(void)
{
	enum pp_error error = PP_OK;

	while (error == PP_OK)
		error = pp_step(conn, 30);
	cr_assert_eq(error, PP_ERR_UNREACHABLE, "%s", pp_error_text(conn));
	cr_assert_eq(pp_call(conn, "status", NULL, 30, NULL), PP_ERR_UNREACHABLE);
}

static void tell(struct told *told, const char *text)
{
	told->count++;
	strncat(told->text, text, sizeof(told->text) - strlen(told->text) - 1);
}

static void note_event(pp_conn *which, json_t *event, void *arg)
{
	char text[64];

	(void)which;
	snprintf(text, sizeof(text), "%d %s, ",
	    (int)json_integer_value(json_object_get(event, "seq")),
	    json_string_value(json_object_get(event, "kind")));
	tell(arg, text);
}

static void note_resume(pp_conn *which, void *arg)
{
	(void)which;
	tell(arg, "resumed, ");
}

void listen_to(struct told *told)
{
	pp_on_event(conn, note_event, told);
	pp_on_resume(conn, note_resume, told);
}
