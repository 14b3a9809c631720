/*
 * The daemon's own log as a file: it is put aside when it is full, whoever of several processes
 * finds it so, and no line is lost or torn by it.
 */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/log_file.h"

#define MAX (64 << 10)
#define N_LINES 5000

static char directory[64], path[96], old_path[96];

static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/test_log_file.XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/ppd.log", directory);
	snprintf(old_path, sizeof(old_path), "%s/ppd.log.1", directory);
}

static void tear_down(void)
{
	unlink(path);
	unlink(old_path);
	rmdir(old_path);
	cr_assert_eq(rmdir(directory), 0);
}

TestSuite(log_file, .init = set_up, .fini = tear_down, .timeout = 60);

/* All of a file, with a NUL behind; "" where there is none. To be freed. */
static char *read_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat status = {0};
	char *text;

	if (fd >= 0)
		cr_assert_eq(fstat(fd, &status), 0);
	text = calloc(1, (size_t)status.st_size + 1);
	cr_assert_not_null(text);
	if (fd >= 0) {
		cr_assert_eq(read(fd, text, (size_t)status.st_size), status.st_size);
		close(fd);
	}
	return text;
}

/* A child whose standard output and error are the log. 0 in the child. */
static pid_t fork_logger(void)
{
	pid_t pid = fork();
	int fd;

	cr_assert_geq(pid, 0);
	if (pid != 0)
		return pid;
	fd = open(path, LOG_FILE_FLAGS, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(1);
	close(fd);
	return 0;
}

static void finish(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0);
}

static void write_lines(const char *who, int from, int to)
{
	log_set_name(who);
	for (int i = from; i < to; i++)
		log_info("line number=%d", i);
}

static void check_whole(const char *text)
{
	for (const char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		cr_assert_not_null(end, "the last line is torn");
		cr_assert_eq(strncmp(line, "20", 2), 0, "%.80s", line);
		cr_assert_eq(strncmp(line + 24, " info ", 6), 0, "%.80s", line);
	}
}

/* Each line is whole, and those of who are numbered without a gap up to the last one. Answers how
 * many there are. */
static int check_lines(const char *text, const char *who)
{
	char pattern[64];
	int number, last = -1, count = 0;

	check_whole(text);
	snprintf(pattern, sizeof(pattern), " info %s: line number=", who);
	for (const char *line = text, *end; *line; line = end + 1) {
		const char *found = strstr(line, pattern);

		end = strchr(line, '\n');
		if (!found || found > end)
			continue;
		number = atoi(found + strlen(pattern));
		if (last >= 0)
			cr_assert_eq(number, last + 1, "%s: %d after %d", who, number, last);
		last = number;
		count++;
	}
	cr_assert_eq(last, N_LINES - 1, "%s ends with %d", who, last);
	return count;
}

static void check_size(const char *name)
{
	struct stat status;

	cr_assert_eq(stat(name, &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0600);
	cr_assert_leq(
	    status.st_size, MAX + 4096, "%s has %lld bytes", name, (long long)status.st_size);
}

static char *read_both(void)
{
	char *old = read_file(old_path), *text = read_file(path);
	char *both = malloc(strlen(old) + strlen(text) + 1);

	strcat(strcpy(both, old), text);
	free(old);
	free(text);
	return both;
}

Test(log_file, a_full_one_is_put_aside)
{
	pid_t pid = fork_logger();
	char *both;

	if (pid == 0) {
		log_file_keep(path, MAX);
		write_lines("one", 0, N_LINES);
		_exit(0);
	}
	finish(pid);
	check_size(path);
	check_size(old_path);
	both = read_both();
	cr_assert_gt(check_lines(both, "one"), MAX / 64);
	free(both);
}

/* As the supervisor and the scheduler do, and what they have started. */
Test(log_file, several_processes_write_to_one)
{
	static const char *const names[] = {"one", "two", "three"};
	pid_t pids[3];
	char *both;

	for (int i = 0; i < 3; i++) {
		pids[i] = fork_logger();
		if (pids[i] == 0) {
			log_file_keep(path, MAX);
			write_lines(names[i], 0, N_LINES);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		finish(pids[i]);
	/* How large they are is no matter of the log alone: while one makes room, and has to wait
	 * for a processor, the others go on. */
	cr_assert_eq(access(old_path, F_OK), 0);
	both = read_both();
	check_whole(both);
	cr_assert_not_null(strstr(both, "number=4999\n"));
	free(both);
}

/* One is quiet while the other one fills two files: then it finds its way to the third. */
Test(log_file, one_that_was_quiet_follows)
{
	int to_quiet[2], to_test[2];
	char byte = 0, *text;
	pid_t quiet, busy;

	cr_assert_eq(pipe(to_quiet), 0);
	cr_assert_eq(pipe(to_test), 0);
	quiet = fork_logger();
	if (quiet == 0) {
		log_file_keep(path, MAX);
		write_lines("quiet", 0, 1);
		if (write(to_test[1], "", 1) != 1 || read(to_quiet[0], &byte, 1) != 1)
			_exit(1);
		write_lines("quiet", N_LINES - 1, N_LINES);
		_exit(0);
	}
	cr_assert_eq(read(to_test[0], &byte, 1), 1);
	busy = fork_logger();
	if (busy == 0) {
		log_file_keep(path, MAX);
		write_lines("busy", 0, N_LINES);
		_exit(0);
	}
	finish(busy);
	cr_assert_eq(write(to_quiet[1], "", 1), 1);
	finish(quiet);
	text = read_file(path);
	cr_assert_eq(check_lines(text, "quiet"), 1);
	free(text);
}

Test(log_file, what_is_no_such_file_is_left_alone)
{
	pid_t pid = fork_logger();
	char *text;

	if (pid == 0) {
		log_file_keep("/tmp/another.log", MAX);
		write_lines("one", 0, N_LINES);
		_exit(0);
	}
	finish(pid);
	cr_assert_neq(access(old_path, F_OK), 0);
	text = read_file(path);
	cr_assert_eq(check_lines(text, "one"), N_LINES);
	free(text);
}

/* The directory is not empty, so it cannot be replaced: nothing is lost, it only grows. */
Test(log_file, what_cannot_be_put_aside_grows)
{
	pid_t pid;
	char *text;

	cr_assert_eq(mkdir(old_path, 0700), 0);
	pid = fork_logger();
	if (pid == 0) {
		log_file_keep(path, MAX);
		write_lines("one", 0, N_LINES);
		_exit(0);
	}
	finish(pid);
	text = read_file(path);
	cr_assert_eq(check_lines(text, "one"), N_LINES);
	free(text);
}

Test(log_file, a_removed_one_is_made_again)
{
	pid_t pid = fork_logger();
	char *text;

	if (pid == 0) {
		log_file_keep(path, MAX);
		unlink(path);
		write_lines("one", 0, N_LINES);
		_exit(0);
	}
	finish(pid);
	check_size(path);
	text = read_both();
	check_lines(text, "one");
	free(text);
}
