/*
 * What handlers read out of params: scopes (run, exec, env, params), texts, pages. The daemon
 * around is played here.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/environment.h"
#include "daemon/extra.h"
#include "daemon/measure.h"
#include "daemon/params.h"
#include "daemon/requests.h"
#include "daemon/workspace/workspace.h"
#include "tests/unit/core_kit.h"

/* --- the daemon around --- */

static enum protocol_error refused;
static bool is_refused;

enum request_status request_refuse(
    struct request *request, enum protocol_error error, const char *message, json_t *data)
{
	(void)request;
	cr_assert_not(is_refused, "refused twice");
	cr_assert_not_null(message);
	is_refused = true;
	refused = error;
	json_decref(data);
	return REQUEST_DONE;
}

enum request_status request_refuse_fault(struct request *request, struct fault *fault)
{
	enum fault_code code = fault->code;
	fault_clear(fault);
	return request_refuse(request,
	    code == FAULT_NOT_FOUND ? PROTOCOL_NOT_FOUND : PROTOCOL_INTERNAL, "fault", NULL);
}

enum request_status request_refuse_memory(struct request *request)
{
	return request_refuse(request, PROTOCOL_INTERNAL, "memory", NULL);
}

uint32_t environment_intern(struct daemon *daemon, const json_t *object)
{
	(void)daemon;
	errno = E2BIG;
	if (json_object_get(object, "HUGE"))
		return ENVIRONMENT_REFUSED;
	return object ? 7 : 0;
}

char *environment_explain(const json_t *object, int error)
{
	cr_assert_not_null(json_object_get(object, "HUGE"));
	cr_assert_eq(error, E2BIG);
	return strdup("too large");
}

char *workspace_params_text(const struct workspace *workspace, const json_t *override)
{
	(void)workspace;
	return strdup(override ? "overridden" : "plain");
}

/* --- what is tested --- */

struct fixture {
	struct kit *kit;
	struct daemon daemon;
	struct request request;
	struct scope scope;
};

/* A request with these params (JSON, ' for ") to a core in which run 1, "night", runs the proc a.
 */
static void begin(struct fixture *fixture, const char *params)
{
	char *text = strdup(params);
	*fixture = (struct fixture){.kit = kit_new("proc a")};
	kit_play(fixture->kit, "start a @night");
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	is_refused = false;
	fixture->daemon.core = fixture->kit->core;
	fixture->request = (struct request){
	    .daemon = &fixture->daemon,
	    .method = "start",
	    .params = json_loads(text, 0, NULL),
	    .now_ns = 42,
	};
	cr_assert_not_null(fixture->request.params, "%s", params);
	free(text);
}

static void end(struct fixture *fixture)
{
	request_scope_clear(&fixture->scope);
	json_decref(fixture->request.params);
	kit_free(fixture->kit);
}

Test(request_params, a_scope_says_who_asks_and_for_which_run)
{
	struct fixture fixture;
	begin(&fixture, "{'run': 'nightly', 'env': {'A': 'b'}, 'params': {'x': 1}}");
	cr_assert_eq(request_scope(&fixture.request, &fixture.scope), 0);
	cr_assert_str_eq(fixture.scope.run_name, "nightly");
	cr_assert_eq(fixture.scope.run, 0);
	cr_assert_eq(fixture.scope.env, 7);
	cr_assert_eq(fixture.scope.now_ns, 42);
	cr_assert(fixture.scope.has_params);
	cr_assert_str_eq(fixture.scope.params, "overridden");
	end(&fixture);
}

/* A request in a new run with so many bytes of overrides; *refused is its error, if it has one. */
static int scope_with_params(struct fixture *fixture, size_t bytes)
{
	char *text = malloc(bytes + 64);
	int result;

	strcpy(text, "{'params': {'x': '");
	memset(text + strlen(text), 'x', bytes + 1);
	strcpy(text + 18 + bytes, "'}}");
	begin(fixture, text);
	free(text);
	result = request_scope(&fixture->request, &fixture->scope);
	cr_assert_eq(is_refused, result != 0);
	return result;
}

Test(request_params, overrides_of_params_are_limited)
{
	struct fixture fixture;

	cr_assert_eq(scope_with_params(&fixture, PARAMS_MAX_BYTES - 1000), 0);
	end(&fixture);
	cr_assert_eq(scope_with_params(&fixture, PARAMS_MAX_BYTES), -1);
	cr_assert_eq(refused, PROTOCOL_LIMIT);
	end(&fixture);
}

Test(request_params, overrides_of_all_runs_have_one_limit)
{
	struct fixture fixture;
	struct run *run;

	begin(&fixture, "{'run': 'night', 'params': {'x': 1}}");
	fixture.daemon.params_bytes = PARAMS_TOTAL_MAX_BYTES;
	cr_assert_eq(request_scope(&fixture.request, &fixture.scope), -1);
	cr_assert_eq(refused, PROTOCOL_LIMIT);
	end(&fixture);
	/* What a run has is counted, also where it is joined, until the run is over. */
	begin(&fixture, "{'run': 'night', 'params': {'x': 1}}");
	run = core_find_run(fixture.daemon.core, 1);
	for (int i = 0; i < 2; i++)
		params_add(&fixture.daemon, run, json_object_get(fixture.request.params, "params"));
	cr_assert_eq(fixture.daemon.params_bytes, measure_json(params_of_run(run)));
	params_drop(&fixture.daemon, run);
	cr_assert_eq(fixture.daemon.params_bytes, 0u);
	cr_assert_null(params_of_run(run));
	run_extra_free(run);
	end(&fixture);
}

Test(request_params, an_environment_that_is_too_large_is_refused)
{
	struct fixture fixture;

	begin(&fixture, "{'env': {'HUGE': 'x'}}");
	cr_assert_eq(request_scope(&fixture.request, &fixture.scope), -1);
	cr_assert_eq(refused, PROTOCOL_LIMIT);
	end(&fixture);
}

Test(request_params, without_members_a_scope_is_that_of_anybody)
{
	struct fixture fixture;
	begin(&fixture, "{}");
	cr_assert_eq(request_scope(&fixture.request, &fixture.scope), 0);
	cr_assert_null(fixture.scope.run_name);
	cr_assert_eq(fixture.scope.run, 0);
	cr_assert_eq(fixture.scope.exec, 0);
	cr_assert_eq(fixture.scope.env, 0);
	cr_assert_not(fixture.scope.has_params);
	end(&fixture);
}

Test(request_params, a_run_of_digits_is_a_number)
{
	struct fixture fixture;
	begin(&fixture, "{'run': '12'}");
	cr_assert_eq(request_look_scope(&fixture.request, &fixture.scope), 0);
	cr_assert_eq(fixture.scope.run, 12);
	cr_assert_null(fixture.scope.run_name);
	end(&fixture);
	begin(&fixture, "{'run': 3}");
	request_look_scope(&fixture.request, &fixture.scope);
	cr_assert_eq(fixture.scope.run, 3);
	end(&fixture);
}

Test(request_params, a_number_that_no_run_can_have_finds_none)
{
	static const char *const params[] = {
	    "{'run': 0}", "{'run': '0'}", "{'run': '99999999999999999999999'}", "{'run': 'other'}"};
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct fixture fixture;
		struct run *run;
		begin(&fixture, params[i]);
		cr_assert_eq(request_look_run(&fixture.request, &run), -1, "%s", params[i]);
		cr_assert_eq(refused, PROTOCOL_NOT_FOUND, "%s", params[i]);
		end(&fixture);
	}
}

Test(request_params, a_run_is_found_by_name_and_by_number)
{
	struct fixture fixture;
	struct run *run;
	begin(&fixture, "{'run': 'night'}");
	cr_assert_eq(request_look_run(&fixture.request, &run), 0);
	cr_assert_eq(run->id, 1);
	cr_assert_eq(request_find_run(&fixture.request, "1"), run);
	cr_assert_null(request_find_run(&fixture.request, "2"));
	end(&fixture);
}

Test(request_params, the_name_of_a_run_has_text_and_no_control_characters)
{
	static const char *const params[] = {
	    "{'run': ''}", "{'run': 'a\\u0007'}", "{'run': 'a\\nb'}"};
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct fixture fixture;
		begin(&fixture, params[i]);
		cr_assert_eq(request_scope(&fixture.request, &fixture.scope), -1, "%s", params[i]);
		cr_assert_eq(refused, PROTOCOL_BAD_NAME);
		end(&fixture);
	}
}

Test(request_params, only_an_execution_that_runs_can_ask_from_inside)
{
	struct fixture fixture;
	begin(&fixture, "{'exec': 1}");
	request_look_scope(&fixture.request, &fixture.scope);
	cr_assert_eq(fixture.scope.exec, 1);
	kit_play(fixture.kit, "exit a 0");
	request_look_scope(&fixture.request, &fixture.scope);
	cr_assert_eq(fixture.scope.exec, 0);
	end(&fixture);
	begin(&fixture, "{'exec': 99}");
	request_look_scope(&fixture.request, &fixture.scope);
	cr_assert_eq(fixture.scope.exec, 0);
	end(&fixture);
}

Test(request_params, a_list_of_texts_may_be_absent)
{
	struct fixture fixture;
	struct request_texts texts;
	begin(&fixture, "{'names': ['a', 'b']}");
	cr_assert_eq(request_read_texts(&fixture.request, "names", &texts), 0);
	cr_assert_eq(texts.count, 2);
	cr_assert_str_eq(texts.items[1], "b");
	free(texts.items);
	cr_assert_eq(request_read_texts(&fixture.request, "other", &texts), 0);
	cr_assert_eq(texts.count, 0);
	cr_assert_null(texts.items);
	end(&fixture);
}
