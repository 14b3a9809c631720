/*
 * How tasks can end, and what becomes of those that depend on them. A driver runs all of them and
 * prints the outcomes; that some fail is what is wanted here.
 *
 * In Python: a function that returns, that raises an exception or pp.ProcSkippedError;
 * pp.NO_FAILURES; timeout=...; examples/success.py, error.py, failed_deps.py.
 */
#include <parproc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int succeed(pp_ctx *ctx)
{
	return pp_message(ctx, "all went well") == 0 ? 0 : 1;
}

static int skip(pp_ctx *ctx)
{
	return pp_skip(ctx, "there is nothing to do");
}

static int fail(pp_ctx *ctx)
{
	return pp_fail(ctx, "no such host: %s", "example.invalid");
}

/* Takes nothing else with it: each task is a process. */
static int crash(pp_ctx *ctx)
{
	(void)ctx;
	return raise(SIGKILL);
}

static int wait_too_long(pp_ctx *ctx)
{
	(void)ctx;
	for (;;)
		pause();
	return 0;
}

static const char *text_of(const json_t *proc, const char *member)
{
	const char *text = json_string_value(json_object_get(proc, member));

	return text ? text : "-";
}

static int drive(pp_app *app, pp_conn *conn, void *arg)
{
	static const char *const names[] = {"succeeds", "skips", "fails", "crashes", "hangs",
	    "after_succeeds", "after_skips", "after_fails", "after_after", "unless_failures", NULL};
	struct pp_request request = {.names = names};
	json_t *answer, *proc;
	size_t i;

	(void)app;
	(void)arg;
	/* The call succeeds: what has become of the tasks is what it answers. */
	if (pp_run(conn, &request, PP_FOREVER, &answer)) {
		fprintf(stderr, "outcomes: %s\n", pp_error_text(conn));
		return 1;
	}
	printf("ok: %s\n", json_is_true(json_object_get(answer, "ok")) ? "yes" : "no");
	json_array_foreach (json_object_get(answer, "procs"), i, proc) {
		printf("%s: %s, %s, %s\n", text_of(proc, "name"), text_of(proc, "state"),
		    text_of(proc, "error"), text_of(proc, "info"));
	}
	json_decref(answer);
	return 0;
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proc(app, "succeeds", succeed);
	pp_proc(app, "skips", skip);
	pp_proc(app, "fails", fail);
	/* In a later wave, so that which one fails first is the same each time. */
	pp_proc(app, "crashes", crash, .wave = 1);
	pp_proc(app, "hangs", wait_too_long, .wave = 1, .timeout_s = 0.1);
	pp_proc(app, "after_succeeds", succeed, .deps = {"succeeds"});
	pp_proc(app, "after_skips", succeed, .deps = {"skips"}); /* skipped is as good as done */
	pp_proc(app, "after_fails", succeed, .deps = {"fails"});
	pp_proc(app, "after_after", succeed, .deps = {"after_fails"});
	/* It needs no result of anybody, but it is not for a run in which something has failed. */
	pp_proc(app, "unless_failures", succeed, .wave = 2, .no_failures = true);
	return pp_app_drive(app, drive, NULL);
}
