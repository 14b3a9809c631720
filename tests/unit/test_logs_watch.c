/*
 * Watching logs: what is too large is cut, by processes of their own, which here are this program
 * again. Nothing waits for time but the watch itself.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/logs_cutter.h"
#include "daemon/logs_watch.h"
#include "daemon/workspace/workspace.h"

#define KIB 1024
#define PATIENCE_NS (INT64_C(60) * 1000000000)
#define GATE "TEST_LOGS_WATCH_GATE"

static char directory[64];
static char *state_directory, *path;
static struct daemon scheduler;

/* The cutter, before there is anything of Criterion; it waits at the gate, if there is one. */
__attribute__((constructor)) static void be_cutter(int argc, char **argv)
{
	const char *gate = getenv(GATE);
	int fd;

	if (argc < 2 || strcmp(argv[1], CUTTER_WORD) != 0)
		return;
	fd = gate ? open(gate, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0)
		close(fd);
	_exit(cutter_main(argc, argv));
}

static void set_up(void)
{
	struct workspace_error error = {0};
	json_t *values = json_pack("{s:s}", "max_log", "256KiB");
	char *folder;

	snprintf(directory, sizeof(directory), "/tmp/test_logs_watch.XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	state_directory = mem_print("%s/.parproc", directory);
	cr_assert_eq(mkdir(state_directory, 0700), 0);
	for (int i = 0; i < 3; i++) {
		folder = mem_print(
		    "%s/%s", state_directory, ((const char *[]){"process", "logs", "logs/1"})[i]);
		cr_assert_eq(mkdir(folder, 0700), 0);
		free(folder);
	}
	path = mem_print("%s/logs/1/1-a.log", state_directory);
	scheduler = (struct daemon){.base = event_base_new(),
	    .workspace = workspace_new(directory),
	    .state_directory = state_directory};
	cr_assert_eq(workspace_set_options(scheduler.workspace, values, &error), 0);
	json_decref(values);
	scheduler.logs_watch = logs_watch_new(&scheduler);
	cr_assert_not_null(scheduler.logs_watch);
}

static void tear_down(void)
{
	char command[96];

	logs_watch_free(scheduler.logs_watch);
	workspace_free(scheduler.workspace);
	event_base_free(scheduler.base);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_assert_eq(system(command), 0);
	free(state_directory);
	free(path);
}

TestSuite(logs_watch, .init = set_up, .fini = tear_down, .timeout = 120);

/* A descriptor as a worker has one. */
static int open_log(void)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	return fd;
}

static void print(int fd, int kib)
{
	char text[KIB + 1];

	for (int i = 0; i < kib; i++) {
		snprintf(text, sizeof(text), "%01023d\n", i);
		cr_assert_eq(write(fd, text, KIB), KIB);
	}
}

static int64_t size_of(void)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : -1;
}

static bool is_freed(void)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_blocks * 512 <= 320 * KIB;
}

static bool is_packed(void)
{
	return size_of() <= 320 * KIB + 100;
}

static bool is_empty(void)
{
	return logs_watch_is_empty(scheduler.logs_watch);
}

static void loop_until(bool (*condition)(void))
{
	int64_t deadline_ns = scheduler_now_ns() + PATIENCE_NS;

	while (!condition()) {
		cr_assert_lt(scheduler_now_ns(), deadline_ns);
		/* Without anything to wait for it returns at once. */
		cr_assert_geq(event_base_loop(scheduler.base, EVLOOP_ONCE), 0);
	}
}

Test(logs_watch, what_grows_is_cut_and_then_packed)
{
	int fd = open_log();

	logs_watch_begin(scheduler.logs_watch, path, 0);
	print(fd, 1024);
	loop_until(is_freed);
	print(fd, 1024);
	loop_until(is_freed);
	cr_assert_eq(size_of(), 2048 * KIB);
	close(fd);
	logs_watch_pack(scheduler.logs_watch, path, true);
	loop_until(is_empty);
	cr_assert(is_packed());
}

Test(logs_watch, small_ones_are_left_alone)
{
	int fd = open_log();

	logs_watch_begin(scheduler.logs_watch, path, 0);
	print(fd, 256);
	close(fd);
	logs_watch_pack(scheduler.logs_watch, path, true);
	cr_assert(is_empty());
	cr_assert_eq(size_of(), 256 * KIB);
}

Test(logs_watch, what_was_never_begun_is_packed_if_one_asks_for_it)
{
	int fd = open_log();

	print(fd, 1024);
	close(fd);
	logs_watch_pack(scheduler.logs_watch, path, false);
	cr_assert(is_empty());
	cr_assert_eq(size_of(), 1024 * KIB);
	logs_watch_pack(scheduler.logs_watch, path, true);
	loop_until(is_empty);
	cr_assert(is_packed());
}

Test(logs_watch, the_limit_may_be_higher_for_one)
{
	int fd = open_log();

	logs_watch_begin(scheduler.logs_watch, path, 1024 * KIB);
	print(fd, 1024);
	logs_watch_end(scheduler.logs_watch, path);
	cr_assert(is_empty());
	logs_watch_begin(scheduler.logs_watch, path, 1024 * KIB);
	print(fd, 1024);
	logs_watch_pack(scheduler.logs_watch, path, true);
	close(fd);
	loop_until(is_empty);
	cr_assert_gt(size_of(), 1023 * KIB);
	cr_assert_lt(size_of(), 1090 * KIB);
}

Test(logs_watch, who_begins_twice_has_to_end_twice)
{
	logs_watch_begin(scheduler.logs_watch, path, 0);
	logs_watch_begin(scheduler.logs_watch, path, 0);
	logs_watch_end(scheduler.logs_watch, path);
	cr_assert_not(is_empty());
	logs_watch_end(scheduler.logs_watch, path);
	cr_assert(is_empty());
	logs_watch_end(scheduler.logs_watch, path);
	cr_assert(is_empty());
}

/* What still writes to it would write to a file that nobody can find. */
Test(logs_watch, a_busy_one_is_packed_later)
{
	int fd = open_log();

	print(fd, 1024);
	logs_watch_pack(scheduler.logs_watch, path, true);
	loop_until(is_freed);
	cr_assert_eq(size_of(), 1024 * KIB);
	cr_assert_not(is_empty());
	close(fd);
	loop_until(is_empty);
	cr_assert(is_packed());
}

/* A process that empties its log has all of the limit again. */
Test(logs_watch, an_emptied_one_begins_anew)
{
	int fd = open_log();

	logs_watch_begin(scheduler.logs_watch, path, 0);
	print(fd, 1024);
	loop_until(is_freed);
	cr_assert_eq(ftruncate(fd, 0), 0);
	print(fd, 512);
	loop_until(is_freed);
	print(fd, 4096);
	loop_until(is_freed);
	cr_assert_eq(lseek(fd, 0, SEEK_HOLE), 64 * KIB);
	close(fd);
}

static char gate[96];

static void make_gate(void)
{
	snprintf(gate, sizeof(gate), "%s/gate", directory);
	cr_assert_eq(mkfifo(gate, 0600), 0);
	cr_assert_eq(setenv(GATE, gate, 1), 0);
}

/* Waits until the cutter stands at the gate. */
static void open_gate(void)
{
	int fd = open(gate, O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	close(fd);
}

/* The cutter would put it there again. */
Test(logs_watch, what_is_forgotten_while_it_is_packed_stays_gone)
{
	char *folder = mem_print("%s/logs/1", state_directory);
	int fd = open_log();

	print(fd, 1024);
	close(fd);
	make_gate();
	logs_watch_pack(scheduler.logs_watch, path, true);
	logs_watch_forget(scheduler.logs_watch, path);
	cr_assert_not(is_empty());
	open_gate();
	loop_until(is_empty);
	cr_assert_eq(access(folder, F_OK), -1);
	free(folder);
}

Test(logs_watch, what_is_forgotten_otherwise_is_let_go)
{
	logs_watch_begin(scheduler.logs_watch, path, 0);
	logs_watch_forget(scheduler.logs_watch, path);
	cr_assert(is_empty());
	logs_watch_forget(scheduler.logs_watch, path);
}

/* It has ended while its middle was being freed: that is packed next. */
Test(logs_watch, the_end_waits_for_a_cutter)
{
	int fd = open_log();

	print(fd, 1024);
	close(fd);
	make_gate();
	logs_watch_begin(scheduler.logs_watch, path, 0);
	/* The first look starts a cutter, which holds a descriptor: so this is a way to see it. */
	for (int i = 0; i < 2; i++)
		event_base_loop(scheduler.base, i == 0 ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
	logs_watch_pack(scheduler.logs_watch, path, true);
	cr_assert_eq(size_of(), 1024 * KIB);
	open_gate(); /* of the one that frees */
	unsetenv(GATE);
	loop_until(is_empty);
	cr_assert(is_packed());
}

Test(logs_watch, links_and_pipes_are_not_touched)
{
	char *other = mem_print("%s/precious", directory);
	int fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	print(fd, 1024);
	close(fd);
	cr_assert_eq(symlink(other, path), 0);
	logs_watch_pack(scheduler.logs_watch, path, true);
	cr_assert(is_empty());
	cr_assert_eq(size_of(), 1024 * KIB);
	/* Nor where it becomes one just before it is cut. */
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rename(other, path), 0);
	make_gate();
	logs_watch_pack(scheduler.logs_watch, path, true);
	cr_assert_eq(rename(path, other), 0);
	cr_assert_eq(symlink(other, path), 0);
	open_gate();
	loop_until(is_empty);
	cr_assert_eq(size_of(), 1024 * KIB);
	cr_assert_not(is_freed());
	free(other);
}

/* Nothing is left of a cutter that does not live to finish. */
Test(logs_watch, the_end_of_the_watch_ends_its_cutters)
{
	int fd = open_log();

	print(fd, 1024);
	close(fd);
	make_gate();
	logs_watch_pack(scheduler.logs_watch, path, true);
	cr_assert_not(is_empty());
	/* tear_down() frees it. */
}
