/*
 * Large outputs go to their logs in pieces: the loop has turns in between, and the end is told when
 * all is there.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/effects.h"
#include "daemon/logs_limit.h"
#include "daemon/outputs.h"

#define LARGE_BYTES (5 * OUTPUTS_PIECE_BYTES + 12345)

static char directory[] = "/tmp/parproc-outputs-XXXXXX";
static struct daemon fake;
static uint64_t finished[8]; /* executions, in order */
static size_t n_finished;
static int64_t output_max;

void effects_finish(struct daemon *daemon, const struct worker_exit *report)
{
	cr_assert_eq(daemon, &fake);
	finished[n_finished++] = report->key.exec;
}

int64_t logs_limit_get_output_max(const struct daemon *daemon)
{
	(void)daemon;
	return output_max;
}

static const char *path_of(const char *kind, uint64_t exec)
{
	static char paths[4][128];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s%d", directory, kind, (int)exec);
	return path;
}

static void make_file(const char *path, size_t size)
{
	char *text = malloc(size + 1);
	FILE *file = fopen(path, "w");

	for (size_t i = 0; i < size; i++)
		text[i] = (char)(i % 61 == 60 ? '\n' : 'a' + i % 23);
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(text, 1, size, file), size);
	fclose(file);
	free(text);
}

static int64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : -1;
}

static bool take(uint64_t exec)
{
	const struct worker_exit report = {.key = {.exec = exec, .attempt = 1}};

	return outputs_take(&fake, &report, path_of("out", exec), path_of("log", exec));
}

static void turn(void)
{
	event_base_loop(fake.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(directory));
	output_max = 16 << 20;
	fake.base = event_base_new();
	fake.outputs = outputs_new(&fake);
	cr_assert_not_null(fake.outputs);
}

static void tear_down(void)
{
	char command[128];

	outputs_free(fake.outputs);
	event_base_free(fake.base);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(outputs, .init = set_up, .fini = tear_down);

Test(outputs, small_ones_and_none_are_for_the_caller)
{
	make_file(path_of("log", 1), 0);
	cr_assert_not(take(1));
	make_file(path_of("out", 1), OUTPUTS_AT_ONCE_BYTES);
	cr_assert_not(take(1));
	turn();
	cr_assert_eq(n_finished, 0u);
	cr_assert_eq(size_of(path_of("log", 1)), 0);
}

Test(outputs, a_large_one_takes_turns)
{
	int64_t before = 0;
	size_t n_turns = 0;
	char command[512];

	make_file(path_of("out", 1), LARGE_BYTES);
	make_file(path_of("log", 1), 0);
	cr_assert(take(1));
	cr_assert_eq(size_of(path_of("log", 1)), 0);
	while (n_finished == 0 && n_turns < 100) {
		int64_t size;

		turn();
		size = size_of(path_of("log", 1));
		cr_assert_leq(size - before, OUTPUTS_PIECE_BYTES + (128 << 10));
		before = size;
		n_turns++;
	}
	cr_assert_eq(n_finished, 1u);
	cr_assert_geq(n_turns, 5u); /* so others had theirs */
	snprintf(command, sizeof(command), "cmp %s %s", path_of("out", 1), path_of("log", 1));
	cr_assert_eq(system(command), 0);
	turn();
	cr_assert_eq(n_finished, 1u);
}

Test(outputs, several_come_one_after_the_other)
{
	for (uint64_t exec = 1; exec <= 3; exec++) {
		make_file(path_of("out", exec), LARGE_BYTES);
		make_file(path_of("log", exec), 0);
		cr_assert(take(exec));
	}
	for (int i = 0; i < 100 && n_finished < 3; i++) {
		turn();
		for (uint64_t exec = 1; exec <= n_finished; exec++)
			cr_assert_eq(size_of(path_of("log", exec)), LARGE_BYTES);
	}
	cr_assert_eq(n_finished, 3u);
	for (uint64_t exec = 1; exec <= 3; exec++)
		cr_assert_eq(finished[exec - 1], exec);
}

Test(outputs, what_is_over_the_limit_is_cut)
{
	output_max = OUTPUTS_PIECE_BYTES;
	make_file(path_of("out", 1), LARGE_BYTES);
	make_file(path_of("log", 1), 0);
	cr_assert(take(1));
	for (int i = 0; i < 100 && n_finished == 0; i++)
		turn();
	cr_assert_eq(n_finished, 1u);
	cr_assert_leq(size_of(path_of("log", 1)), OUTPUTS_PIECE_BYTES + (128 << 10));
	cr_assert_gt(size_of(path_of("log", 1)), OUTPUTS_PIECE_BYTES / 2);
}

Test(outputs, a_log_that_cannot_be_written_ends_nothing_but_the_copy)
{
	make_file(path_of("out", 1), LARGE_BYTES);
	cr_assert_eq(symlink("/dev/full", path_of("log", 1)), 0);
	make_file(path_of("out", 2), LARGE_BYTES);
	make_file(path_of("log", 2), 0);
	cr_assert(take(1));
	cr_assert(take(2));
	for (int i = 0; i < 100 && n_finished < 2; i++)
		turn();
	cr_assert_eq(n_finished, 2u);
	cr_assert_eq(size_of(path_of("log", 2)), LARGE_BYTES);
}

Test(outputs, what_is_not_done_at_the_end_is_let_go)
{
	make_file(path_of("out", 1), LARGE_BYTES);
	make_file(path_of("log", 1), 0);
	cr_assert(take(1));
	cr_assert(take(1));
	turn();
	cr_assert_eq(n_finished, 0u);
}
