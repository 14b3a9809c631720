/*
 * Reverse dependencies: a task says itself before which others it runs, and those need not know of
 * it. The driver runs three procs, and prints what starts with each, in which order.
 *
 * In Python: rdeps=['deploy::[env]'], rdeps=[pp.WhenScheduled('deploy::[env]')].
 */
#include <parproc.h>
#include <stdio.h>
#include <string.h>

/* All tasks here do the same: nothing. */
static int work(pp_ctx *ctx)
{
	printf("%s\n", pp_ctx_proc(ctx));
	return 0;
}

static void print_start(pp_conn *conn, json_t *event, void *arg)
{
	const json_t *proc = json_object_get(event, "proc");
	const char *state = json_string_value(json_object_get(proc, "state"));

	(void)conn;
	(void)arg;
	if (state && strcmp(state, "running") == 0)
		printf(" %s", json_string_value(json_object_get(proc, "name")));
}

static int drive(pp_app *app, pp_conn *conn, void *arg)
{
	static const char *const names[] = {"setup", "deploy::prod", "migrate::dev"};

	(void)app;
	(void)arg;
	pp_on_event(conn, print_start, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pp_request request = {.names = PP_NAMES(names[i]), .is_subscribed = true};

		printf("run %s:", names[i]);
		fflush(stdout);
		if (pp_run(conn, &request, PP_FOREVER, NULL)) {
			fprintf(stderr, "rdeps: %s\n", pp_error_text(conn));
			return 1;
		}
		putchar('\n');
	}
	return 0;
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proto(app, "deploy::[env]", work);
	/* Whoever runs a deploy gets setup before it; setup alone brings nothing with it. */
	pp_proc(app, "setup", work, .rdeps = {"deploy::[env]"});
	/* The other way round: a deploy comes without migrate, but migrate brings a deploy. */
	pp_proto(
	    app, "migrate::[env]", work, .deps = {"setup"}, .when_scheduled = {"deploy::[env]"});
	return pp_app_drive(app, drive, NULL);
}
