/*
 * Procs that are for now: two side by side, and one after both. Run without arguments the program
 * defines them, runs what is for now, and shows that as `ppctl run` does. `./now func1` runs only
 * func1, and so does `ppctl run func1` from then on.
 *
 * In Python: @pp.Proc(now=True), deps=[...], pp.wait_for_all().
 */
#include <parproc.h>
#include <stdio.h>

/* What a function prints is its log: `ppctl logs func0`. */
static int func0(pp_ctx *ctx)
{
	printf("%s is one process\n", pp_ctx_proc(ctx));
	return 0;
}

static int func1(pp_ctx *ctx)
{
	printf("%s is another one, at the same time\n", pp_ctx_proc(ctx));
	return 0;
}

static int func2(pp_ctx *ctx)
{
	printf("%s comes when both have succeeded\n", pp_ctx_proc(ctx));
	return 0;
}

int main(int argc, char **argv)
{
	pp_app *app = pp_app_new(argc, argv);

	pp_proc(app, "func0", func0, .now = true);
	pp_proc(app, "func1", func1, .now = true);
	pp_proc(app, "func2", func2, .deps = {"func0", "func1"}, .now = true);
	return pp_app_main(app);
}
