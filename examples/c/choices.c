/*
 * A proto is a template: `build::[env]` makes the proc build::prod when that is created. Where an
 * argument has choices, other values are refused, and a glob stands for all that match. The driver
 * creates procs, starts them, waits for them, and prints what they have left.
 *
 * In Python: @pp.Proto(name=..., arg_choices=...), pp.create(), pp.start(), pp.wait(),
 * pp.results(), pp.run().
 */
#include <parproc.h>
#include <stdio.h>

#define MAX_NAMES 8

static int build(pp_ctx *ctx)
{
	return pp_return(ctx, json_sprintf("built_%s", pp_arg_str(ctx, "env")));
}

static int lint(pp_ctx *ctx)
{
	return pp_return(ctx, json_sprintf("linted_%s", pp_arg_str(ctx, "what")));
}

/* The names of an answer, for the next request; they live as long as the answer. */
static const char *const *list_names(const json_t *answer, const char *names[MAX_NAMES + 1])
{
	const json_t *list = json_object_get(answer, "procs");
	size_t n = 0;

	for (; n < json_array_size(list) && n < MAX_NAMES; n++)
		names[n] = json_string_value(json_array_get(list, n));
	names[n] = NULL;
	return names;
}

static enum pp_error build_all(pp_conn *conn)
{
	const char *names[MAX_NAMES + 1];
	struct pp_request pattern = {.names = PP_NAMES("build::*")};
	/* A run with a name: the three calls mean the same one. */
	struct pp_request request = {.run = "choices"};
	json_t *created, *results = NULL;
	enum pp_error error = pp_create(conn, &pattern, PP_FOREVER, &created);

	if (error)
		return error;
	request.names = list_names(created, names);
	for (size_t i = 0; names[i]; i++)
		printf("created %s\n", names[i]);
	error = pp_start(conn, &request, PP_FOREVER, NULL);
	if (!error)
		error = pp_wait(conn, &request, PP_FOREVER, NULL);
	if (!error)
		error = pp_results(conn, &request, PP_FOREVER, &results);
	for (size_t i = 0; !error && names[i]; i++)
		printf("%s: %s\n", names[i], json_string_value(json_object_get(results, names[i])));
	json_decref(results);
	json_decref(created);
	return error;
}

/* Creates, starts and waits in one call. Arguments can also be given by keyword. */
static enum pp_error lint_one(pp_conn *conn)
{
	json_t *args = json_pack("{s:s}", "what", "sources"), *answer, *proc;
	struct pp_request request = {.names = PP_NAMES("lint::[what]"), .args = args};
	enum pp_error error = pp_run(conn, &request, PP_FOREVER, &answer);

	if (!error) {
		proc = json_array_get(json_object_get(answer, "procs"), 0);
		printf("%s: %s\n", json_string_value(json_object_get(proc, "name")),
		    json_string_value(json_object_get(proc, "result")));
		json_decref(answer);
	}
	json_decref(args);
	return error;
}

/* What the daemon refuses has no effect, and a text for people. */
static void create_what_is_wrong(pp_conn *conn, const char *name)
{
	struct pp_request request = {.names = PP_NAMES(name)};

	if (pp_create(conn, &request, PP_FOREVER, NULL))
		printf("%s: %s\n", pp_error_name(conn), pp_error_text(conn));
}

static int drive(pp_app *app, pp_conn *conn, void *arg)
{
	(void)app;
	(void)arg;
	if (build_all(conn) || lint_one(conn)) {
		fprintf(stderr, "choices: %s\n", pp_error_text(conn));
		return 1;
	}
	create_what_is_wrong(conn, "build::test");
	create_what_is_wrong(conn, "lint::*");
	return 0;
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proto(app, "build::[env]", build, .args = {{.name = "env", .choices = {"dev", "prod"}}});
	pp_proto(app, "lint::[what]", lint);
	return pp_app_drive(app, drive, NULL);
}
