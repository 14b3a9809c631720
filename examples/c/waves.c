/*
 * Waves order groups without dependencies: all of a lower wave is complete before anything of a
 * higher one starts. Of those that share a lock one runs at a time, whoever asks, in whatever run.
 *
 * In Python: wave=1, locks=['deploy-lock'].
 */
#include <parproc.h>
#include <stdio.h>
#include <unistd.h>

static int prepare(pp_ctx *ctx)
{
	printf("%s is in wave 0\n", pp_ctx_proc(ctx));
	return 0;
}

/* The lock makes it safe that both write the same file, without any protection. */
static int deploy(pp_ctx *ctx)
{
	const char *env = pp_arg_str(ctx, "env");
	FILE *file = fopen("waves.txt", "a");

	if (!env || !file)
		return pp_fail(ctx, "waves.txt cannot be opened");
	fprintf(file, "%s begins\n", env);
	fflush(file);
	fprintf(file, "%s ends\n", env);
	return fclose(file) == 0 ? 0 : pp_fail(ctx, "waves.txt cannot be written");
}

static int report(pp_ctx *ctx)
{
	FILE *file = fopen("waves.txt", "r");
	char line[64];

	if (!file)
		return pp_fail(ctx, "nothing was deployed");
	while (fgets(line, sizeof(line), file))
		fputs(line, stdout);
	fclose(file);
	return unlink("waves.txt") == 0 ? 0 : pp_fail(ctx, "waves.txt cannot be removed");
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	/* In this order they wait for each other, not in the order in which they are written. */
	pp_proc(app, "report", report, .wave = 2, .now = true);
	pp_proto(app, "deploy::[env]", deploy,
	    .args = {{.name = "env", .choices = {"dev", "prod"}}}, .locks = {"deploy-lock"},
	    .wave = 1);
	pp_proc(app, "deploy", NULL, .deps = {"deploy::*"}, .wave = 1, .now = true);
	pp_proc(app, "prepare", prepare, .wave = 0, .now = true);
	return pp_app_main(app);
}
