/*
 * Values that go from one task to another: results, which are JSON, arguments with a type, and
 * params, which a run can set over those of the workspace. And a task that runs others, in its own
 * run, when it knows which.
 *
 * In Python: the value that a function returns, context.results, context.args, context.params,
 * context.run(), context.wait(), pp.set_params().
 */
#include <parproc.h>
#include <stdio.h>
#include <stdlib.h>

static int count(pp_ctx *ctx)
{
	json_t *parts = pp_param(ctx, "parts");

	if (!json_is_integer(parts))
		return pp_fail(ctx, "the param parts has to be a number");
	return pp_return(ctx, json_incref(parts));
}

static int square(pp_ctx *ctx)
{
	int64_t n = pp_arg_int(ctx, "n");

	/* A value that is none fails the task, so nobody needs to look after it. */
	return pp_return(
	    ctx, json_pack("{s:I, s:I}", "n", (json_int_t)n, "square", (json_int_t)(n * n)));
}

/* Runs square::1 and so on. While it waits it holds no slot. */
static enum pp_error run_squares(pp_conn *conn, json_int_t n, json_t **answer)
{
	json_t *names = json_array(), *params;

	for (json_int_t i = 1; i <= n; i++)
		json_array_append_new(names, json_sprintf("square::%d", (int)i));
	/* What a request that has any number of names looks like: params of pp_call(). */
	params = pp_request_params(conn, "run", NULL);
	json_object_set_new(params, "names", names);
	return pp_call(conn, "run", params, PP_FOREVER, answer);
}

static int sum(pp_ctx *ctx)
{
	json_int_t n = json_integer_value(pp_result_of(ctx, "count")), total = 0;
	pp_conn *conn = pp_ctx_conn(ctx);
	json_t *answer, *proc;
	size_t i;

	if (!conn)
		return pp_fail(ctx, "%s", pp_ctx_error_text(ctx));
	if (run_squares(conn, n, &answer))
		return pp_fail(ctx, "%s", pp_error_text(conn));
	json_array_foreach (json_object_get(answer, "procs"), i, proc) {
		const json_t *result = json_object_get(proc, "result");

		total += json_integer_value(json_object_get(result, "square"));
	}
	json_decref(answer);
	pp_message(ctx, "%d squares", (int)n);
	return pp_return(ctx, json_integer(total));
}

/* What has run in the run of that name, squares included. */
static enum pp_error print_results(pp_conn *conn, const char *run)
{
	struct pp_request request = {.run = run};
	json_t *results;
	char *text;
	enum pp_error error = pp_results(conn, &request, PP_FOREVER, &results);

	if (error)
		return error;
	text = json_dumps(results, JSON_SORT_KEYS);
	printf("%s: %s\n", run, text);
	free(text);
	json_decref(results);
	return PP_OK;
}

static int drive(pp_app *app, pp_conn *conn, void *arg)
{
	json_t *params = json_pack("{s:i}", "parts", 4);
	struct pp_request three = {.names = PP_NAMES("sum"), .run = "three"};
	struct pp_request four = {.names = PP_NAMES("sum"), .run = "four", .params = params};
	int status = 0;

	(void)app;
	(void)arg;
	if (pp_params_set(conn, json_pack("{s:i}", "parts", 3), PP_FOREVER, NULL) ||
	    pp_run(conn, &three, PP_FOREVER, NULL) || print_results(conn, "three") ||
	    pp_run(conn, &four, PP_FOREVER, NULL) || print_results(conn, "four")) {
		fprintf(stderr, "results: %s\n", pp_error_text(conn));
		status = 1;
	}
	json_decref(params);
	return status;
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proc(app, "count", count);
	pp_proto(app, "square::[n]", square, .args = {{.name = "n", .type = PP_INT}});
	pp_proc(app, "sum", sum, .deps = {"count"});
	return pp_app_drive(app, drive, NULL);
}
