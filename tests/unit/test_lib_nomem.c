/*
 * libparproc when memory runs out: at each allocation of a whole conversation in turn, once alone
 * and once with all that follow. Every call must say so or succeed; nothing may crash. Under
 * valgrind this also shows that nothing leaks on the way out.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/parproc.h"
#include "tests/unit/lib_kit.h"

#ifdef __has_feature /* clang's way to say it */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(HAS_SANITIZER)
#define CAN_FAIL 0 /* the allocator is the sanitizer's */
#else
#define CAN_FAIL 1
#endif

/* Which allocation of this thread fails; below 0: none. */
static _Thread_local long fail_at = -1;
static _Thread_local bool fails_on;
static _Thread_local bool has_failed;
static _Thread_local long live_count; /* blocks that this thread has allocated and not freed */

#if CAN_FAIL
/* This program's allocator: glibc's own, but for the one that is to fail. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);
/* Not inlined: valgrind puts its own in their place where they are called. */
#define OUT_OF_LINE __attribute__((noinline))
OUT_OF_LINE void *malloc(size_t size);
OUT_OF_LINE void *calloc(size_t count, size_t size);
OUT_OF_LINE void *realloc(void *old, size_t size);
OUT_OF_LINE void free(void *block);

static bool fails_now(void)
{
	if (fail_at < 0)
		return false;
	if (fail_at > 0) {
		fail_at--;
		return false;
	}
	if (!fails_on)
		fail_at = -1;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

static void *count_block(void *block)
{
	live_count += block != NULL;
	return block;
}

void *malloc(size_t size)
{
	return fails_now() ? NULL : count_block(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : count_block(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	if (fails_now())
		return NULL;
	return old ? __libc_realloc(old, size) : count_block(__libc_realloc(NULL, size));
}

void free(void *block)
{
	live_count -= block != NULL;
	__libc_free(block);
}
#endif

static void ignore_event(pp_conn *conn, json_t *event, void *arg)
{
	(void)conn;
	(void)event;
	(void)arg;
}

static void count_answer(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	(void)conn;
	(void)error;
	(void)result;
	++*(int *)arg;
}

static void ignore_resume(pp_conn *conn, void *arg)
{
	(void)conn;
	(void)arg;
}

/* Sends what has to be asked again in a way of its own, and has the connection end before. */
static void converse_through_an_end(pp_conn *conn)
{
	json_t *hold = json_pack("{s:s, s:i}", "for", "connection", "run", 4);
	json_t *run = json_pack("{s:b}", "subscribe", 1);
	json_t *wait = json_pack("{s:f}", "timeout", 1000.0);
	int count = 0, sent = 0;

	pp_on_resume(conn, ignore_resume, NULL);
	pp_call(conn, "open", hold, 30, NULL);
	sent += pp_send(conn, "run", run, count_answer, &count, NULL) == PP_OK;
	sent += pp_send(conn, "hang_up", NULL, count_answer, &count, NULL) == PP_OK;
	sent += pp_send(conn, "wait", wait, count_answer, &count, NULL) == PP_OK;
	sent += pp_send(conn, "status", NULL, count_answer, &count, NULL) == PP_OK;
	while (count < sent && pp_step(conn, 30) == PP_OK)
		;
	cr_assert_eq(count, sent, "an answer was neither given nor refused");
}

static int ignore_call(pp_ctx *ctx)
{
	return pp_return(ctx, json_true());
}

/* Functions as tasks. */
static void define_functions(pp_conn *conn)
{
	char *words[] = {"program", NULL};
	pp_app *app = pp_app_new(1, words);

	if (!app)
		return;
	pp_proc(app, "a", ignore_call, .deps = {"b"}, .environment = {"A=1"});
	pp_proto(app, "b::[x]", ignore_call, .deps_function = ignore_call,
	    .args = {{"x", .choices_function = ignore_call}, {"y", .default_value = "1"}},
	    .when_scheduled = {"c"}, .locks = {"l"});
	pp_app_define(app, conn, 30);
	pp_app_error_text(app);
	pp_app_free(app);
}

/* What a process asks about itself, and leaves. */
static void use_context(void)
{
	pp_ctx *ctx;
	char *text;

	if (pp_ctx_current(&ctx) == PP_OK && pp_context(ctx)) {
		pp_param(ctx, "p");
		pp_arg_int(ctx, "n");
		pp_message(ctx, "%s", "text");
		pp_return(ctx, json_pack("{s:i}", "a", 1));
		if (pp_input(ctx, "name?", false, 30, &text) == PP_OK)
			free(text);
	}
	pp_ctx_error_text(ctx);
	pp_ctx_free(ctx);
}

/* Everything that a client does, going on after errors. */
static void converse(pp_conn *conn)
{
	static const char *const names[] = {"a", "b", NULL};
	struct pp_request request = {.names = names, .run = "nightly"};
	json_t *result, *params;
	int count = 0, sent = 0, i;

	pp_on_event(conn, ignore_event, NULL);
	if (pp_call(conn, "echo", json_pack("{s:i}", "n", 1), 30, &result) == PP_OK)
		json_decref(result);
	params = pp_request_params(conn, "start", &request);
	pp_call(conn, "echo", params, 30, NULL);
	pp_subscribe(conn, &request, names, 30, NULL);
	pp_define(conn, json_object(), true, 30, NULL);
	pp_params_set(conn, json_object(), 30, NULL);
	pp_call(conn, "fail", NULL, 30, NULL);
	pp_call(conn, "flood", json_pack("{s:i}", "count", 3), 30, NULL);
	for (i = 0; i < 3; i++)
		sent += pp_send(conn, "echo", NULL, count_answer, &count, NULL) == PP_OK;
	while (count < sent && pp_step(conn, 30) == PP_OK)
		;
	cr_assert_eq(count, sent, "an answer was neither given nor refused");
	converse_through_an_end(conn);
	pp_error_text(conn);
	define_functions(conn);
}

/* Whether anything failed: if not, the conversation was shorter. */
static bool converse_failing(const char *directory, long at, bool goes_on)
{
	struct pp_connect_options options = {
	    .directory = directory, .ignore_environment = true, .timeout_s = 30};
	long live_before = live_count;
	pp_conn *conn;

	has_failed = false;
	fails_on = goes_on;
	fail_at = at;
	if (pp_connect(&options, &conn) == PP_OK) {
		converse(conn);
		use_context();
	} else
		cr_assert_neq(pp_error_code(conn), PP_OK);
	fail_at = -1;
	pp_close(conn);
	cr_assert_eq(live_count, live_before, "allocation %ld fails: %ld blocks leak", at,
	    live_count - live_before);
	return has_failed;
}

Test(lib_nomem, memory_may_run_out_at_any_moment, .timeout = 120)
{
	char *directory = kit_directory_new();
	/*
	 * Where jansson's parser has no memory for the rest of a number or a text that is longer
	 * than 15 bytes, it goes on with what it has, and beyond. So what is left of the time is
	 * not echoed, nor are the definitions, which have the path of this program.
	 */
	const struct plan plan = {
	    .capabilities = {"durable", "after"}, .refused = "wait", .terse = "define"};
	struct server *server = server_start_by(directory, &plan, 1);
	int goes_on;
	long at;

	clearenv(); /* requests carry it: the conversation's length should not depend on it */
	setenv("HOME", "/", 1);
	setenv("PP_EXEC", "7", 1);
	setenv("PP_PROC", "a", 1);
	setenv("PP_RESULT", "/dev/null", 1);
	setenv("PP_MESSAGE", "/dev/null", 1);
	setenv("PP_WORKSPACE", directory, 1);
	for (goes_on = 0; goes_on < 2; goes_on++) {
		for (at = 0; converse_failing(directory, at, goes_on); at++)
			;
		if (at == 0) /* a sanitizer's, or valgrind has put its own in front */
			cr_skip_test("this allocator cannot be made to fail");
		cr_assert_gt(at, 100, "only %ld allocations", at);
	}
	server_stop(server);
	kit_directory_free(directory);
}
