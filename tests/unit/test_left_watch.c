/*
 * Noticing what processes leave behind, in real folders. A wrong "none" would lose a result, so
 * each way for a file to get there is tried, and each way for the watch to miss it.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/left_watch.h"

#define N_MARKS 8 /* executions from this number on are not known yet */
#define QUEUE_MAX 200000

static char parent[64], folder[80], outside[80];
static struct left_mark marks[N_MARKS];
static struct left_watch *watch;

static struct left_mark *find(uint64_t exec, void *arg)
{
	cr_assert_eq(arg, marks);
	return exec < N_MARKS ? &marks[exec] : NULL;
}

static void set_up(void)
{
	snprintf(parent, sizeof(parent), "/tmp/test_left_watch.XXXXXX");
	cr_assert_not_null(mkdtemp(parent));
	snprintf(folder, sizeof(folder), "%s/process", parent);
	snprintf(outside, sizeof(outside), "%s/outside", parent);
	cr_assert_eq(mkdir(folder, 0700), 0);
	memset(marks, 0, sizeof(marks));
	watch = NULL;
}

static void tear_down(void)
{
	char command[128];

	left_watch_free(watch);
	snprintf(command, sizeof(command), "rm -rf %s", parent);
	cr_assert_eq(system(command), 0);
}

TestSuite(left_watch, .init = set_up, .fini = tear_down);

/* A path in the folder; two can be in use at a time. */
static const char *in_folder(const char *name)
{
	static char paths[2][160];
	static int which;

	which = !which;
	snprintf(paths[which], sizeof(paths[which]), "%s/%s", folder, name);
	return paths[which];
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	close(fd);
}

/* Processes of the executions 1 and 2 are about to be started. */
static void begin(void)
{
	watch = left_watch_new(folder, find, marks);
	cr_assert_not_null(watch);
	left_watch_begin(watch, 1, &marks[1]);
	left_watch_begin(watch, 2, &marks[2]);
}

static bool is_none(uint64_t exec)
{
	left_watch_look(watch);
	return left_watch_is_none(watch, &marks[exec]);
}

/* Only 1 has left something. */
static void check_seen(const char *how)
{
	cr_assert(!is_none(1), "%s", how);
	cr_assert(is_none(2), "%s", how);
}

/* Nothing is known any more, of whatever begins. */
static void check_ended(const char *how)
{
	cr_assert(!is_none(1), "%s", how);
	left_watch_begin(watch, 3, &marks[3]);
	cr_assert(!is_none(3), "%s", how);
}

Test(left_watch, who_leaves_nothing_is_known)
{
	begin();
	cr_assert(is_none(1));
	cr_assert(is_none(1));
}

Test(left_watch, who_was_not_begun_is_not_known)
{
	begin();
	cr_assert(!is_none(3));
}

Test(left_watch, a_file_is_seen)
{
	begin();
	make_file(in_folder("1.result"));
	check_seen("created");
	cr_assert_eq(unlink(in_folder("1.result")), 0);
	check_seen("created and removed");
}

Test(left_watch, a_message_is_seen)
{
	begin();
	make_file(in_folder("1.message"));
	check_seen("message");
}

Test(left_watch, what_is_renamed_into_place_is_seen)
{
	begin();
	make_file(outside);
	cr_assert_eq(rename(outside, in_folder("1.result")), 0);
	check_seen("from outside");
}

Test(left_watch, what_is_renamed_inside_is_seen)
{
	begin();
	make_file(in_folder("draft"));
	cr_assert(is_none(1));
	cr_assert_eq(rename(in_folder("draft"), in_folder("1.result")), 0);
	check_seen("from inside");
}

Test(left_watch, a_hard_link_is_seen)
{
	begin();
	make_file(outside);
	cr_assert_eq(link(outside, in_folder("1.result")), 0);
	check_seen("link");
}

Test(left_watch, a_nameless_file_that_gets_a_name_is_seen)
{
	char path[32];
	int fd;

	begin();
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return; /* not every file system has them */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cr_assert_eq(linkat(AT_FDCWD, path, AT_FDCWD, in_folder("1.result"), AT_SYMLINK_FOLLOW), 0);
	close(fd);
	check_seen("linked");
}

Test(left_watch, what_is_no_file_is_seen)
{
	static const char name[] = "1.result";

	begin();
	cr_assert_eq(symlink("/dev/zero", in_folder(name)), 0);
	check_seen("symbolic link");
	cr_assert_eq(unlink(in_folder(name)), 0);
	marks[1].is_seen = false;
	cr_assert_eq(mkdir(in_folder(name), 0700), 0);
	check_seen("folder");
	cr_assert_eq(rmdir(in_folder(name)), 0);
	marks[1].is_seen = false;
	cr_assert_eq(mkfifo(in_folder(name), 0600), 0);
	check_seen("FIFO");
}

Test(left_watch, other_names_are_nobodys)
{
	static const char *const names[] = {
	    "1", "1.out", "1x.result", "x1.result", ".1.result", "99999999999999999999.result"};

	begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make_file(in_folder(names[i]));
	cr_assert(is_none(1));
	left_watch_begin(watch, UINT64_MAX, &marks[3]);
	cr_assert(left_watch_is_none(watch, &marks[3]));
}

Test(left_watch, what_was_there_before_is_seen)
{
	make_file(in_folder("1.result"));
	begin();
	check_seen("before");
}

/* It would be written to without being made. */
Test(left_watch, what_is_there_before_its_execution_is_not_forgotten)
{
	make_file(in_folder("9.result"));
	begin();
	left_watch_begin(watch, 9, &marks[3]);
	cr_assert(!is_none(3));
	left_watch_begin(watch, 10, &marks[3]);
	cr_assert(is_none(3));
	make_file(in_folder("11.message"));
	cr_assert(is_none(3));
	left_watch_begin(watch, 11, &marks[4]);
	cr_assert(!is_none(4));
}

Test(left_watch, without_a_folder_nothing_is_known)
{
	cr_assert_eq(rmdir(folder), 0);
	begin();
	check_ended("no folder");
}

Test(left_watch, without_a_descriptor_nothing_is_known)
{
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rlimit limit;

	cr_assert_geq(next, 0);
	close(next);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)next + 1; /* for the folder alone */
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	begin();
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	check_ended("no descriptor");
}

Test(left_watch, a_file_system_of_other_machines_is_not_trusted)
{
	watch = left_watch_new("/proc/self", find, marks);
	left_watch_begin(watch, 1, &marks[1]);
	cr_assert(!left_watch_is_none(watch, &marks[1]));
}

/* More names than the kernel has room for: what came after them is not told. */
Test(left_watch, after_an_overflow_nothing_is_known)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned long max = 0;
	char name[32];

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%lu", &max), 1);
	fclose(file);
	if (max > QUEUE_MAX)
		return; /* it would take too long */
	begin();
	for (unsigned long i = 0; i <= max; i++) {
		snprintf(name, sizeof(name), "name%lu", i);
		make_file(in_folder(name));
		unlink(in_folder(name));
	}
	make_file(in_folder("1.result"));
	check_ended("overflow");
}

Test(left_watch, when_the_folder_is_replaced_nothing_is_known)
{
	begin();
	cr_assert_eq(rename(folder, outside), 0);
	cr_assert_eq(mkdir(folder, 0700), 0);
	make_file(in_folder("1.result"));
	check_ended("replaced");
}

Test(left_watch, when_the_folder_is_gone_nothing_is_known)
{
	begin();
	cr_assert_eq(rmdir(folder), 0);
	check_ended("gone");
	cr_assert_eq(mkdir(folder, 0700), 0);
	make_file(in_folder("1.result"));
	check_ended("made anew");
}

Test(left_watch, when_what_it_is_in_is_replaced_nothing_is_known)
{
	char other[80];

	begin();
	snprintf(other, sizeof(other), "%s.other", parent);
	cr_assert_eq(rename(parent, other), 0);
	cr_assert_eq(mkdir(parent, 0700), 0);
	cr_assert_eq(mkdir(folder, 0700), 0);
	make_file(in_folder("1.result"));
	check_ended("moved");
	cr_assert_eq(rmdir(strcat(other, "/process")), 0);
	*strrchr(other, '/') = '\0';
	cr_assert_eq(rmdir(other), 0);
}
