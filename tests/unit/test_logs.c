/*
 * Names of logs: safe for any name of a proc, with nothing outside of the folder ever reached.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/extra.h"
#include "daemon/log.h"
#include "daemon/logs.h"

static void check_name(const char *name, const char *expected)
{
	char safe[LOGS_NAME_MAX + 1];

	logs_safe_name(name, safe);
	cr_assert_str_eq(safe, expected);
}

Test(logs, names_are_made_safe)
{
	check_name("setup", "setup");
	check_name("build::prod", "build%3A%3Aprod");
	check_name("../../x", "%2E.%2F..%2Fx");
	check_name("a/b c", "a%2Fb%20c");
	check_name(".hidden", "%2Ehidden");
	check_name("100%", "100%25");
	check_name("\xc3\xa9", "%C3%A9");
}

Test(logs, long_names_are_cut_between_escapes)
{
	char name[1025], safe[LOGS_NAME_MAX + 1];

	memset(name, '/', 1024);
	name[1024] = '\0';
	logs_safe_name(name, safe);
	cr_assert_eq(strlen(safe), 99u);
	memset(name, 'x', 1024);
	logs_safe_name(name, safe);
	cr_assert_eq(strlen(safe), 100u);
}

struct place {
	char directory[64];
	struct proc proc;
	struct execution execution;
};

static void make_place(struct place *place)
{
	struct exec_extra *extra;

	*place = (struct place){.proc = {.name = (char *)"a/b"}};
	snprintf(place->directory, sizeof(place->directory), "/tmp/test_logs.XXXXXX");
	cr_assert_not_null(mkdtemp(place->directory));
	place->execution.id = 12;
	place->execution.proc = &place->proc;
	extra = exec_extra_get(&place->execution, place->directory);
	extra->log_run = 3;
	extra->log_attempt = 1;
}

static void make_file(const char *directory, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fclose(fopen(path, "w"));
}

static void make_folder(const char *directory, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	cr_assert_eq(mkdir(path, 0700), 0);
}

static bool exists(const char *directory, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

static void remove_place(struct place *place)
{
	char path[80];

	logs_remove_all(place->directory);
	exec_extra_free(&place->execution);
	snprintf(path, sizeof(path), "%s/logs", place->directory);
	rmdir(path);
	cr_assert_eq(rmdir(place->directory), 0);
}

Test(logs, a_path_tells_run_execution_name_and_attempt)
{
	struct place place;
	char expected[128], *path;

	make_place(&place);
	path = logs_path(&place.execution);
	snprintf(expected, sizeof(expected), "%s/logs/3/12-a%%2Fb.log", place.directory);
	cr_assert_str_eq(path, expected);
	free(path);
	((struct exec_extra *)place.execution.extra)->log_attempt = 2;
	path = logs_path(&place.execution);
	cr_assert_not_null(strstr(path, "12-a%2Fb.2.log"));
	free(path);
	remove_place(&place);
	cr_assert_null(logs_path(&place.execution));
	cr_assert_null(logs_path_of_attempt(&place.execution, 1));
}

Test(logs, what_never_got_a_log_has_none_of_any_attempt)
{
	struct place place;

	make_place(&place);
	((struct exec_extra *)place.execution.extra)->log_run = 0;
	cr_assert_null(logs_path(&place.execution));
	cr_assert_null(logs_path_of_attempt(&place.execution, 1));
	remove_place(&place);
}

Test(logs, an_execution_takes_its_logs_along)
{
	struct place place;

	make_place(&place);
	make_folder(place.directory, "logs");
	make_folder(place.directory, "logs/3");
	make_file(place.directory, "logs/3/12-a%2Fb.log");
	make_file(place.directory, "logs/3/12-a%2Fb.2.log");
	make_file(place.directory, "logs/3/13-c.log");
	((struct exec_extra *)place.execution.extra)->log_attempt = 2;
	logs_remove(&place.execution);
	cr_assert_not(exists(place.directory, "logs/3/12-a%2Fb.log"));
	cr_assert_not(exists(place.directory, "logs/3/12-a%2Fb.2.log"));
	logs_remove_run(place.directory, 3);
	cr_assert(exists(place.directory, "logs/3/13-c.log"));
	remove_place(&place);
}

/* Where the file system knows what that is. */
static bool is_ext4(const char *directory)
{
	struct statfs status;

	cr_assert_eq(statfs(directory, &status), 0);
	return status.f_type == EXT4_SUPER_MAGIC;
}

Test(logs, the_folder_of_all_is_made_and_has_runs_placed_apart)
{
	struct place place;
	char path[128];
	struct stat status;
	int flags = 0, fd;

	make_place(&place);
	snprintf(path, sizeof(path), "%s/logs", place.directory);
	for (int i = 0; i < 2; i++) {
		logs_prepare(place.directory);
		cr_assert_eq(stat(path, &status), 0);
		cr_assert(S_ISDIR(status.st_mode));
		cr_assert_eq(status.st_mode & 07777, 0700u);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY);
	cr_assert(fd >= 0);
	if (is_ext4(path)) {
		cr_assert_eq(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
		cr_assert(flags & FS_TOPDIR_FL);
	}
	close(fd);
	remove_place(&place);
}

Test(logs, removing_all_follows_no_links)
{
	struct place place, outside;
	char path[128];

	make_place(&place);
	make_place(&outside);
	make_file(outside.directory, "kept");
	make_folder(place.directory, "logs");
	make_folder(place.directory, "logs/1");
	make_file(place.directory, "logs/1/1-x.log");
	snprintf(path, sizeof(path), "%s/logs/2", place.directory);
	cr_assert_eq(symlink(outside.directory, path), 0);
	logs_remove_all(place.directory);
	cr_assert_not(exists(place.directory, "logs/1"));
	cr_assert_not(exists(place.directory, "logs/2"));
	cr_assert(exists(outside.directory, "kept"));
	snprintf(path, sizeof(path), "%s/kept", outside.directory);
	unlink(path);
	remove_place(&place);
	remove_place(&outside);
}

Test(logs, foreign_text_cannot_break_a_line)
{
	char buffer[LOG_QUOTED_SIZE], text[2 * LOG_QUOTED_SIZE];

	cr_assert_str_eq(log_quote(buffer, "a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_quote(buffer, text);
	cr_assert_lt(strlen(buffer), (size_t)LOG_QUOTED_SIZE);
	cr_assert_str_eq(buffer + strlen(buffer) - 4, "…\"");
}
