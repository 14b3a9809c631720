/*
 * The messages between supervisor and scheduler: what is put is what is taken, and what nobody
 * would put is refused, never read beyond its end.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/supervisor/wire.h"

static const struct worker_key key = {.exec = UINT64_C(0x123456789abcdef0), .attempt = 7};

static const char *const no_strings[] = {NULL};
static const char *const argv[] = {"/bin/sh", "-c", "", "exit 3", NULL};
static const char *const variables[] = {"A=1", "B=", NULL};

static struct wire_message spawn_message(void)
{
	return (struct wire_message){.kind = WIRE_SPAWN,
	    .key = key,
	    .spawn = {
	        .env = 3, .cwd = "/w", .log = "/w/log", .argv = argv, .extra_env = variables}};
}

/* Puts the message and takes it again; the buffers live as long as the test. */
static struct wire_message pass(const struct wire_message *message)
{
	static struct wire_buffer buffer;
	static struct wire_strings strings;
	struct wire_message taken;

	cr_assert_eq(wire_put(&buffer, message), 0);
	cr_assert_eq(wire_take(&buffer, &strings, &taken), 1);
	cr_assert_eq(taken.kind, message->kind);
	cr_assert_eq(buffer.start, buffer.end);
	return taken;
}

static void assert_lists_equal(const char *const *got, const char *const *wanted)
{
	for (; *wanted != NULL; wanted++, got++) {
		cr_assert_not_null(*got);
		cr_assert_str_eq(*got, *wanted);
	}
	cr_assert_null(*got);
}

Test(wire, spawn_passes)
{
	struct wire_message message = spawn_message();
	struct wire_message taken = pass(&message);

	cr_assert_eq(taken.key.exec, key.exec);
	cr_assert_eq(taken.key.attempt, key.attempt);
	cr_assert_eq(taken.spawn.env, 3);
	cr_assert_not(taken.spawn.is_terminal);
	cr_assert_str_eq(taken.spawn.cwd, "/w");
	cr_assert_str_eq(taken.spawn.log, "/w/log");
	cr_assert_null(taken.spawn.output);
	cr_assert_eq(taken.spawn.slot, SLOT_NONE);
	cr_assert_eq(taken.spawn.standby, 0);
	assert_lists_equal(taken.spawn.argv, argv);
	assert_lists_equal(taken.spawn.extra_env, variables);
}

Test(wire, spawn_of_what_comes_after_others_passes)
{
	struct wire_message message = spawn_message();
	struct wire_message taken;

	message.spawn.standby = 3;
	message.spawn.n_after = WIRE_AFTER_MAX;
	for (uint32_t i = 0; i < WIRE_AFTER_MAX; i++)
		message.spawn.after[i] = (struct wire_after){{i + 1, i + 2}, i ? "/w/result" : "/"};
	taken = pass(&message);
	cr_assert_eq(taken.spawn.standby, 3);
	cr_assert_eq(taken.spawn.n_after, WIRE_AFTER_MAX);
	for (uint32_t i = 0; i < WIRE_AFTER_MAX; i++) {
		cr_assert_eq(taken.spawn.after[i].key.exec, i + 1);
		cr_assert_eq(taken.spawn.after[i].key.attempt, i + 2);
		cr_assert_str_eq(taken.spawn.after[i].absent, i ? "/w/result" : "/");
	}
	cr_assert_str_eq(taken.spawn.cwd, "/w");
	assert_lists_equal(taken.spawn.argv, argv);
	assert_lists_equal(taken.spawn.extra_env, variables);
}

Test(wire, spawn_with_output_and_terminal_passes)
{
	struct wire_message message = spawn_message();
	struct wire_message taken;

	message.spawn.output = "/w/out";
	message.spawn.is_terminal = true;
	message.spawn.extra_env = no_strings;
	message.spawn.slot = SLOT_KEPT;
	taken = pass(&message);
	cr_assert_eq(taken.spawn.slot, SLOT_KEPT);
	cr_assert_str_eq(taken.spawn.output, "/w/out");
	cr_assert(taken.spawn.is_terminal);
	assert_lists_equal(taken.spawn.extra_env, no_strings);
}

Test(wire, exit_passes)
{
	struct wire_message message = {.kind = WIRE_EXIT,
	    .key = key,
	    .exit = {.pid = 42,
	        .wait_status = 0x300,
	        .has_leftovers = true,
	        .is_relied_on = true,
	        .started_ns = 5,
	        .ended_ns = INT64_MAX,
	        .usage = {.ru_maxrss = 1234, .ru_utime = {1, 2}},
	        .next = {.exec = 8, .attempt = 2},
	        .next_ns = 9}};
	struct wire_message taken = pass(&message);

	cr_assert_eq(taken.exit.pid, 42);
	cr_assert_eq(taken.exit.wait_status, 0x300);
	cr_assert_eq(taken.exit.spawn_error.stage, SPAWN_DONE);
	cr_assert(taken.exit.has_leftovers);
	cr_assert(taken.exit.is_relied_on);
	cr_assert_eq(taken.exit.started_ns, 5);
	cr_assert_eq(taken.exit.ended_ns, INT64_MAX);
	cr_assert_eq(taken.exit.next.exec, 8);
	cr_assert_eq(taken.exit.next.attempt, 2);
	cr_assert_eq(taken.exit.next_ns, 9);
	cr_assert_eq(memcmp(&taken.exit.usage, &message.exit.usage, sizeof(struct rusage)), 0);
}

Test(wire, spawn_failure_passes)
{
	struct wire_message message = {.kind = WIRE_EXIT,
	    .key = key,
	    .exit = {.spawn_error = {.stage = SPAWN_EXEC, .error = ENOENT}}};
	struct wire_message taken = pass(&message);

	cr_assert_eq(taken.exit.spawn_error.stage, SPAWN_EXEC);
	cr_assert_eq(taken.exit.spawn_error.error, ENOENT);
}

Test(wire, small_messages_pass)
{
	struct wire_message message = {.kind = WIRE_HELLO, .version = 9};

	cr_assert_eq(pass(&message).version, 9);
	message = (struct wire_message){.kind = WIRE_HELD, .env = 4};
	cr_assert_eq(pass(&message).env, 4);
	message = (struct wire_message){.kind = WIRE_DROP_ENV, .env = 5};
	cr_assert_eq(pass(&message).env, 5);
	message = (struct wire_message){.kind = WIRE_SIGNAL, .key = key, .signal = SIGTERM};
	cr_assert_eq(pass(&message).signal, SIGTERM);
	message = (struct wire_message){.kind = WIRE_ACK, .key = key};
	cr_assert_eq(pass(&message).key.exec, key.exec);
	message = (struct wire_message){.kind = WIRE_RECALL, .key = key};
	cr_assert_eq(pass(&message).key.exec, key.exec);
	message = (struct wire_message){.kind = WIRE_RETURNED, .key = key};
	cr_assert_eq(pass(&message).key.attempt, key.attempt);
	message = (struct wire_message){
	    .kind = WIRE_STARTED, .key = key, .started = {.pid = 1, .started_ns = 2}};
	cr_assert_eq(pass(&message).started.pid, 1);
	message = (struct wire_message){.kind = WIRE_READY};
	pass(&message);
	message = (struct wire_message){.kind = WIRE_SET_SLOTS, .limit = 3};
	cr_assert_eq(pass(&message).limit, 3);
	message = (struct wire_message){.kind = WIRE_LEND_SLOT, .key = key, .is_on = true};
	cr_assert(pass(&message).is_on);
	message = (struct wire_message){.kind = WIRE_FAREWELL};
	pass(&message);
	message = (struct wire_message){.kind = WIRE_ENV, .env = 6, .variables = variables};
	assert_lists_equal(pass(&message).variables, variables);
}

/* Whatever the cut, a message is taken when its last byte has come and not before. */
Test(wire, job_tokens_pass)
{
	struct wire_message message = {
	    .kind = WIRE_SET_TOKENS, .tokens = {.limit = 8, .path = "/w/fifo"}};
	struct wire_message taken = pass(&message);

	cr_assert_eq(taken.tokens.limit, 8);
	cr_assert_str_eq(taken.tokens.path, "/w/fifo");
	message = (struct wire_message){.kind = WIRE_WANT_TOKEN, .is_on = true};
	cr_assert(pass(&message).is_on);
	message = (struct wire_message){.kind = WIRE_LEND_TOKEN, .key = key, .is_on = true};
	taken = pass(&message);
	cr_assert(taken.is_on);
	cr_assert_eq(taken.key.exec, key.exec);
	message.is_on = false;
	cr_assert_not(pass(&message).is_on);
	message = (struct wire_message){.kind = WIRE_NO_TOKEN, .key = key};
	cr_assert_eq(pass(&message).key.attempt, key.attempt);
	message = (struct wire_message){.kind = WIRE_TOKENS_SET};
	pass(&message);
	message = (struct wire_message){.kind = WIRE_TOKEN};
	pass(&message);
	message = spawn_message();
	message.spawn.jobserver = JOBSERVER_FIFO;
	cr_assert_eq(pass(&message).spawn.jobserver, JOBSERVER_FIFO);
}

Test(wire, messages_in_pieces)
{
	struct wire_buffer whole = {0}, buffer = {0};
	struct wire_strings strings = {0};
	struct wire_message message = spawn_message(), taken;
	size_t size, n_taken = 0;

	for (int i = 0; i < 3; i++)
		cr_assert_eq(wire_put(&whole, &message), 0);
	size = whole.end / 3;
	for (size_t i = 0; i < whole.end; i++) {
		int result;

		/* Exactly one byte more, so that a sanitizer sees any read beyond it. */
		*wire_buffer_reserve(&buffer, 1) = whole.data[i];
		buffer.end++;
		result = wire_take(&buffer, &strings, &taken);
		cr_assert_eq(result, (i + 1) % size == 0 ? 1 : 0);
		n_taken += (size_t)result;
		wire_buffer_consume(&buffer, 0);
	}
	cr_assert_eq(n_taken, 3);
	wire_buffer_clear(&whole);
	wire_buffer_clear(&buffer);
	wire_strings_clear(&strings);
}

/* What take answers to size bytes in memory of just that size. */
static int take_bytes(const uint8_t *bytes, size_t size)
{
	struct wire_buffer buffer = {.data = malloc(size + 1), .end = size, .capacity = size};
	struct wire_strings strings = {0};
	struct wire_message message;
	int result;

	cr_assert_not_null(buffer.data);
	memcpy(buffer.data, bytes, size);
	errno = 0;
	result = wire_take(&buffer, &strings, &message);
	wire_buffer_clear(&buffer);
	wire_strings_clear(&strings);
	return result;
}

static int take_words(const uint32_t *words, size_t n)
{
	return take_bytes((const uint8_t *)words, n * sizeof(*words));
}

Test(wire, sizes_and_kinds_are_checked)
{
	const uint32_t too_small[] = {4, WIRE_READY};
	const uint32_t too_large[] = {WIRE_MAX_MESSAGE_BYTES + 1, WIRE_READY};
	const uint32_t unknown[] = {8, 999};
	const uint32_t no_body[] = {8, WIRE_ACK};
	const uint32_t trailing[] = {20, WIRE_READY, 0, 0, 0};
	const uint32_t more_strings[] = {16, WIRE_ENV, 1, 0xffffffff};

	cr_assert_eq(take_words(too_small, 2), -1);
	cr_assert_eq(errno, EPROTO);
	cr_assert_eq(take_words(too_large, 2), -1);
	cr_assert_eq(errno, EPROTO);
	cr_assert_eq(take_words(unknown, 2), -1);
	cr_assert_eq(take_words(no_body, 2), -1);
	cr_assert_eq(take_words(trailing, 5), -1);
	cr_assert_eq(take_words(more_strings, 4), -1);
	cr_assert_eq(errno, EPROTO);
}

Test(wire, contents_are_checked)
{
	struct wire_buffer buffer = {0};
	struct wire_message messages[] = {
	    {.kind = WIRE_SIGNAL, .key = key, .signal = 0},
	    {.kind = WIRE_SIGNAL, .key = key, .signal = 4711},
	    {.kind = WIRE_STARTED, .key = key, .started = {.pid = -1}},
	    {.kind = WIRE_EXIT, .key = key, .exit = {.spawn_error = {N_SPAWN_STAGES, ENOENT}}},
	    {.kind = WIRE_EXIT, .key = key, .exit = {.spawn_error = {SPAWN_EXEC, 0}}},
	    {.kind = WIRE_EXIT, .key = key, .exit = {.pid = -2}},
	    {.kind = WIRE_EXIT, .key = key, .exit = {.next_ns = 1}},
	    {.kind = WIRE_EXIT, .key = key, .exit = {.next = {.attempt = 1}}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.cwd = "/", .log = "/l", .argv = no_strings, .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.slot = N_WIRE_SLOTS,
	            .cwd = "/",
	            .log = "/l",
	            .argv = argv,
	            .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.standby = 1,
	            .is_terminal = true,
	            .cwd = "/",
	            .log = "/l",
	            .argv = argv,
	            .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.standby = 1,
	            .jobserver = JOBSERVER_FIFO,
	            .cwd = "/",
	            .log = "/l",
	            .argv = argv,
	            .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.n_after = 1, /* without standby */
	            .after = {{{1, 1}, "/r"}},
	            .cwd = "/",
	            .log = "/l",
	            .argv = argv,
	            .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.standby = 1,
	            .n_after = 1,
	            .after = {{{1, 1}, "r"}},
	            .cwd = "/",
	            .log = "/l",
	            .argv = argv,
	            .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.cwd = "", .log = "/l", .argv = argv, .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.cwd = "/", .log = "l", .argv = argv, .extra_env = no_strings}},
	    {.kind = WIRE_SPAWN,
	        .key = key,
	        .spawn = {.cwd = "/",
	            .log = "/l",
	            .output = "o",
	            .argv = argv,
	            .extra_env = no_strings}},
	};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		cr_assert_eq(wire_put(&buffer, &messages[i]), 0);
		cr_assert_eq(take_bytes(buffer.data, buffer.end), -1, "message %zu", i);
		cr_assert_eq(errno, EPROTO);
		wire_buffer_consume(&buffer, buffer.end);
	}
	wire_buffer_clear(&buffer);
}

/* Each byte of a message in turn made wrong: taken or refused, under a sanitizer without a sound.
 */
Test(wire, damaged_messages_do_no_harm)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct wire_buffer buffer = {0};
	struct wire_message message = spawn_message();

	cr_assert_eq(wire_put(&buffer, &message), 0);
	for (size_t i = 0; i < buffer.end; i++) {
		uint8_t saved = buffer.data[i];

		for (size_t j = 0; j < sizeof(values); j++) {
			buffer.data[i] = values[j];
			take_bytes(buffer.data, buffer.end);
		}
		buffer.data[i] = saved;
	}
	wire_buffer_clear(&buffer);
}

Test(wire, too_large_is_refused)
{
	struct wire_buffer buffer = {0};
	struct wire_message message = spawn_message();
	char *large = malloc(WIRE_MAX_MESSAGE_BYTES + 1);
	const char *const large_argv[] = {large, NULL};

	cr_assert_not_null(large);
	memset(large, 'x', WIRE_MAX_MESSAGE_BYTES);
	large[WIRE_MAX_MESSAGE_BYTES] = '\0';
	message.spawn.argv = large_argv;
	cr_assert_eq(wire_put(&buffer, &message), -1);
	cr_assert_eq(errno, E2BIG);
	cr_assert_eq(buffer.end, 0);
	free(large);
}

Test(wire, an_empty_buffer_gives_back_what_was_large)
{
	struct wire_buffer buffer = {0};

	cr_assert_not_null(wire_buffer_reserve(&buffer, 1 << 20));
	buffer.end += 1 << 20;
	wire_buffer_consume(&buffer, 1 << 20);
	cr_assert_eq(buffer.capacity, 0);
	cr_assert_null(buffer.data);
}
