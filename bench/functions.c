/*
 * Functions as tasks, of which each does next to nothing: what is measured is what the library and
 * the daemon do for it.
 *
 *	functions N --define    defines N procs of each kind and a collector of each: all_empty,
 *	                        all_result (leaves a number), all_context (asks the daemon)
 *	functions nothing       ends at once: the process alone
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/parproc.h"

static int do_nothing(pp_ctx *ctx)
{
	(void)ctx;
	return 0;
}

static int leave_result(pp_ctx *ctx)
{
	return pp_return(ctx, json_integer(pp_arg_int(ctx, "i")));
}

static int ask_context(pp_ctx *ctx)
{
	return pp_context(ctx) ? 0 : pp_fail(ctx, "%s", pp_ctx_error_text(ctx));
}

/* "KIND::0" to "KIND::n - 1", ended by NULL. They live as long as the process. */
static const char *const *list_names(const char *kind, int n)
{
	char **names = calloc((size_t)n + 1, sizeof(*names));

	for (int i = 0; names && i < n; i++) {
		if (asprintf(&names[i], "%s::%d", kind, i) < 0)
			abort();
	}
	return (const char *const *)names;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	pp_app *app;

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	app = pp_app_new(n > 0 ? argc - 1 : argc, n > 0 ? argv + 1 : argv);
	pp_proto(app, "empty::[i]", do_nothing);
	pp_proto(app, "result::[i]", leave_result, .args = {{.name = "i", .type = PP_INT}});
	pp_proto(app, "context::[i]", ask_context);
	if (!pp_app_is_worker(app)) {
		pp_proc(app, "all_empty", NULL, .more_deps = list_names("empty", n));
		pp_proc(app, "all_result", NULL, .more_deps = list_names("result", n));
		pp_proc(app, "all_context", NULL, .more_deps = list_names("context", n));
	}
	return pp_app_main(app);
}
