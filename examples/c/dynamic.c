/*
 * What is not known before it runs: functions say the choices of an argument, and the dependencies
 * of a task. The daemon calls them, in a process each, when a proc is created or comes into a run.
 *
 * In Python: deps=[lambda ctx, env: ...], and arg_choices that the script has computed.
 */
#include <parproc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What would come from a directory, a server or a database. */
static const struct {
	const char *name;
	const char *services[4];
} envs[] = {{"dev", {"web"}}, {"prod", {"web", "mail", "backup"}}};

static int list_envs(pp_ctx *ctx)
{
	json_t *names = json_array();

	for (size_t i = 0; i < sizeof(envs) / sizeof(envs[0]); i++)
		json_array_append_new(names, json_string(envs[i].name));
	return pp_return(ctx, names);
}

/* It has the arguments of the task that it is asked for. */
static int list_services(pp_ctx *ctx)
{
	const char *env = pp_arg_str(ctx, "env");
	json_t *names = json_array();

	for (size_t i = 0; env && i < sizeof(envs) / sizeof(envs[0]); i++) {
		for (size_t j = 0; strcmp(env, envs[i].name) == 0 && envs[i].services[j]; j++)
			json_array_append_new(
			    names, json_sprintf("provision::%s::%s", env, envs[i].services[j]));
	}
	return pp_return(ctx, names);
}

static int provision(pp_ctx *ctx)
{
	return pp_return(
	    ctx, json_sprintf("%s for %s", pp_arg_str(ctx, "service"), pp_arg_str(ctx, "env")));
}

/* All results of dependencies, whichever these were. */
static int deploy(pp_ctx *ctx)
{
	json_t *context = pp_context(ctx), *list = json_array(), *result;
	const char *name;

	json_object_foreach (json_object_get(context, "results"), name, result)
		json_array_append(list, result);
	return pp_return(ctx, list);
}

static int drive(pp_app *app, pp_conn *conn, void *arg)
{
	struct pp_request request = {.names = PP_NAMES("deploy::*"), .run = "dynamic"};
	struct pp_request all = {.run = "dynamic"};
	json_t *results;
	char *text;

	(void)app;
	(void)arg;
	if (pp_run(conn, &request, PP_FOREVER, NULL) ||
	    pp_results(conn, &all, PP_FOREVER, &results)) {
		fprintf(stderr, "dynamic: %s\n", pp_error_text(conn));
		return 1;
	}
	text = json_dumps(results, JSON_SORT_KEYS | JSON_INDENT(2));
	printf("%s\n", text);
	free(text);
	json_decref(results);
	return 0;
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proto(app, "provision::[env]::[service]", provision);
	pp_proto(app, "deploy::[env]", deploy, .deps_function = list_services,
	    .args = {{.name = "env", .choices_function = list_envs}});
	return pp_app_drive(app, drive, NULL);
}
