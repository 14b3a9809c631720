/*
 * Arguments: texts of the execution's environment, read by the rules of the daemon (parproc(7)).
 */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/ctx.h"

/* Whether the proc has it. What is in the environment may be something else. */
static bool has_arg(pp_ctx *ctx, const char *name)
{
	if (ctx->task)
		return app_find_arg(ctx->task, name) != NULL;
	return json_object_get(json_object_get(pp_context(ctx), "args"), name) != NULL;
}

const char *pp_arg_str(pp_ctx *ctx, const char *name)
{
	const char *text = NULL;

	if (!ctx)
		return NULL;
	if (!name) {
		ctx_note_mistake(ctx, "an argument needs a name");
		return NULL;
	}
	if (!ctx->task && !pp_context(ctx))
		return NULL; /* what is wrong is said */
	if (has_arg(ctx, name))
		text = ctx_variable(ctx, name);
	if (!text)
		ctx_note_mistake(ctx, "%s has no argument %s", pp_ctx_proc(ctx), name);
	return text;
}

static void note_type(pp_ctx *ctx, const char *name, const char *text, const char *type)
{
	ctx_note_mistake(
	    ctx, "argument %s of %s is not %s: %s", name, pp_ctx_proc(ctx), type, text);
}

/* strtod(3) and its like skip leading space; a value has none. */
static bool begins_number(const char *text)
{
	return *text && !strchr(" \t\n\v\f\r", *text);
}

int64_t pp_arg_int(pp_ctx *ctx, const char *name)
{
	const char *text = pp_arg_str(ctx, name);
	intmax_t value;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	value = strtoimax(text, &end, 10);
	if (begins_number(text) && *end == '\0' && errno == 0)
		return value;
	note_type(ctx, name, text, "an integer");
	return 0;
}

/* In the C locale, whatever the program's is. */
static double parse_float(const char *text, char **end)
{
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double value = plain ? strtod_l(text, end, plain) : strtod(text, end);

	if (plain)
		freelocale(plain);
	return value;
}

double pp_arg_float(pp_ctx *ctx, const char *name)
{
	const char *text = pp_arg_str(ctx, name);
	double value;
	char *end;

	if (!text)
		return 0;
	value = parse_float(text, &end);
	if (begins_number(text) && *end == '\0' && isfinite(value) && !strpbrk(text, "xXpP"))
		return value;
	note_type(ctx, name, text, "a number");
	return 0;
}

bool pp_arg_bool(pp_ctx *ctx, const char *name)
{
	static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
	const char *text = pp_arg_str(ctx, name);

	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return i % 2 == 1;
	}
	if (text)
		note_type(ctx, name, text, "a truth value");
	return false;
}
