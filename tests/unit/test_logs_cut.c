/*
 * Cutting a log: what goes, what stays, and what stands in between; on files in memory, which have
 * holes on every machine.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/logs_cut.h"

#define UNIT LOGS_CUT_UNIT

static int make_file(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	return fd;
}

/* Lines of 16 bytes, each with its number, up to size bytes; the last one may be cut. */
static char *make_lines(int64_t size)
{
	char *text = malloc((size_t)size + 32);

	cr_assert_not_null(text);
	for (int64_t at = 0; at < size; at += 16)
		snprintf(text + at, 17, "line %09lld \n", (long long)at / 16);
	return text;
}

static int make_log(int64_t size)
{
	int fd = make_file();
	char *text = make_lines(size);

	cr_assert_eq(write(fd, text, (size_t)size), size);
	free(text);
	return fd;
}

static int64_t size_of(int fd)
{
	struct stat status;

	cr_assert_eq(fstat(fd, &status), 0);
	return status.st_size;
}

static int64_t used_by(int fd)
{
	struct stat status;

	cr_assert_eq(fstat(fd, &status), 0);
	return (int64_t)status.st_blocks * 512;
}

/* All of it, with a NUL behind, to be freed. */
static char *read_all(int fd)
{
	int64_t size = size_of(fd);
	char *text = malloc((size_t)size + 1);

	cr_assert_not_null(text);
	cr_assert_eq(pread(fd, text, (size_t)size, 0), size);
	text[size] = '\0';
	return text;
}

static void check_plan(int64_t size, int64_t max, int64_t from, int64_t to)
{
	struct logs_cut cut = {0};
	bool is_cut = logs_cut_plan(size, max, &cut);

	cr_assert_eq(is_cut, to > from, "%lld of %lld", (long long)size, (long long)max);
	if (!is_cut)
		return;
	cr_assert_eq(cut.from, from);
	cr_assert_eq(cut.to, to);
	cr_assert_leq(size - (cut.to - cut.from), max + UNIT);
}

Test(logs_cut, a_plan_keeps_a_quarter_at_the_beginning)
{
	check_plan(0, 0, 0, 0);
	check_plan(INT64_MAX, 0, 0, 0);
	check_plan(8 * UNIT, 8 * UNIT, 0, 0);
	check_plan(8 * UNIT + 1, 8 * UNIT, 0, 0); /* less than a unit would go */
	check_plan(9 * UNIT, 8 * UNIT, 2 * UNIT, 3 * UNIT);
	check_plan(10 * UNIT - 1, 8 * UNIT, 2 * UNIT, 3 * UNIT);
	check_plan(100 * UNIT, 8 * UNIT, 2 * UNIT, 94 * UNIT);
	check_plan(100 * UNIT, 4 * UNIT, UNIT, 97 * UNIT);
	check_plan(INT64_C(1) << 50, 1 << 30, 256 << 20, (INT64_C(1) << 50) - (768 << 20));
}

Test(logs_cut, what_is_freed_is_a_hole_and_writers_go_on_behind_it)
{
	struct logs_cut cut;
	int fd = make_log(32 * UNIT);
	char byte = 'x';
	int64_t used = used_by(fd);

	cr_assert(logs_cut_plan(32 * UNIT, 8 * UNIT, &cut));
	cr_assert_eq(logs_cut_free(fd, &cut), 0);
	cr_assert_eq(size_of(fd), 32 * UNIT);
	cr_assert_eq(used_by(fd), used - 24 * UNIT);
	cr_assert_eq(lseek(fd, 0, SEEK_HOLE), 2 * UNIT);
	cr_assert_eq(lseek(fd, 2 * UNIT, SEEK_DATA), 26 * UNIT);
	cr_assert_eq(fcntl(fd, F_SETFL, O_APPEND), 0);
	cr_assert_eq(write(fd, "more\n", 5), 5);
	cr_assert_eq(size_of(fd), 32 * UNIT + 5);
	cr_assert_eq(pread(fd, &byte, 1, 32 * UNIT), 1);
	cr_assert_eq(byte, 'm');
	close(fd);
}

Test(logs_cut, who_cannot_be_cut_is_an_error)
{
	struct logs_cut cut = {UNIT, 2 * UNIT};
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(logs_cut_free(fds[1], &cut), -1);
	cr_assert_neq(errno, 0);
	close(fds[0]);
	close(fds[1]);
}

/* What the copy of a log of these lines has to be, if bytes [from, to) are missing. */
static char *expect_copy(int64_t size, int64_t from, int64_t to)
{
	char *text = make_lines(size);
	char *expected;

	cr_assert_gt(asprintf(&expected, "%.*s[%lld bytes were cut here]\n%.*s", (int)from, text,
	                 (long long)(to - from), (int)(size - to), text + to),
	    0);
	free(text);
	return expected;
}

static void check_copy(int fd, const struct logs_cut *cut, const char *expected)
{
	int to_fd = make_file();
	char *seen;

	cr_assert_eq(logs_cut_copy(fd, to_fd, size_of(fd), cut), 0);
	seen = read_all(to_fd);
	if (strcmp(seen, expected) != 0)
		cr_assert_fail("%zu bytes, not %zu", strlen(seen), strlen(expected));
	free(seen);
	close(to_fd);
}

Test(logs_cut, a_copy_says_what_is_missing)
{
	char *expected = expect_copy(32 * UNIT, 2 * UNIT, 26 * UNIT + 16);
	struct logs_cut cut;
	int fd = make_log(32 * UNIT);

	/* In units of whole lines nothing but the first one behind the cut is taken for a rest. */
	cr_assert(logs_cut_plan(32 * UNIT, 8 * UNIT, &cut));
	check_copy(fd, &cut, expected);
	cr_assert_eq(logs_cut_free(fd, &cut), 0);
	check_copy(fd, &cut, expected);
	check_copy(fd, NULL, expected);
	close(fd);
	free(expected);
}

Test(logs_cut, rests_of_lines_go_too)
{
	struct logs_cut cut = {2 * UNIT + 5, 26 * UNIT + 5};
	char *expected = expect_copy(32 * UNIT, 2 * UNIT, 26 * UNIT + 16);
	int fd = make_log(32 * UNIT);

	check_copy(fd, &cut, expected);
	close(fd);
	free(expected);
}

Test(logs_cut, a_line_without_end_is_torn)
{
	struct logs_cut cut;
	int fd = make_file(), to_fd = make_file();
	char *text = malloc(16 * UNIT);
	char *seen, *marker;

	memset(text, 'x', 16 * UNIT);
	cr_assert_eq(write(fd, text, 16 * UNIT), 16 * UNIT);
	cr_assert(logs_cut_plan(16 * UNIT, 4 * UNIT, &cut));
	cr_assert_eq(logs_cut_copy(fd, to_fd, 16 * UNIT, &cut), 0);
	seen = read_all(to_fd);
	marker = strchr(seen, '\n');
	cr_assert_eq(marker - seen, UNIT);
	cr_assert_eq(
	    strncmp(marker, "\n[786432 bytes were cut here]\nxxx", 33), 0, "%.40s", marker);
	cr_assert_eq(strlen(seen), 4 * UNIT + 30);
	free(seen);
	free(text);
	close(fd);
	close(to_fd);
}

/* It was cut to less before: what is gone is not copied as zeros. */
Test(logs_cut, an_earlier_hole_is_missing_too)
{
	struct logs_cut hole = {UNIT, 20 * UNIT}, cut;
	char *expected = expect_copy(32 * UNIT, UNIT, 26 * UNIT + 16);
	int fd = make_log(32 * UNIT);

	cr_assert_eq(logs_cut_free(fd, &hole), 0);
	cr_assert(logs_cut_plan(32 * UNIT, 8 * UNIT, &cut));
	check_copy(fd, &cut, expected);
	close(fd);
	free(expected);
}

Test(logs_cut, each_hole_has_its_line)
{
	struct logs_cut first = {UNIT, 2 * UNIT}, second = {4 * UNIT, 8 * UNIT};
	int fd = make_log(8 * UNIT), to_fd = make_file();
	char *seen, *marker;

	cr_assert_eq(logs_cut_free(fd, &first), 0);
	cr_assert_eq(logs_cut_free(fd, &second), 0);
	cr_assert_eq(logs_cut_copy(fd, to_fd, 8 * UNIT, NULL), 0);
	seen = read_all(to_fd);
	marker = strstr(seen, "[65552 bytes were cut here]\n");
	cr_assert_eq(marker - seen, UNIT);
	marker = strstr(seen, "[262144 bytes were cut here]\n");
	cr_assert_not_null(marker);
	cr_assert_str_eq(marker, "[262144 bytes were cut here]\n"); /* the last thing in it */
	free(seen);
	close(fd);
	close(to_fd);
}

/* A process could give its log millions of them. */
Test(logs_cut, of_many_holes_the_rest_is_zeros)
{
	int fd = make_log(400 * 8192), to_fd = make_file();
	char *seen;

	for (int i = 0; i < 400; i++) {
		struct logs_cut hole = {i * 8192, i * 8192 + 4096};

		cr_assert_eq(logs_cut_free(fd, &hole), 0);
	}
	cr_assert_eq(logs_cut_copy(fd, to_fd, 400 * 8192, NULL), 0);
	seen = read_all(to_fd);
	cr_assert_eq(strncmp(seen, "[4112 bytes were cut here]\nline", 31), 0);
	cr_assert_gt(size_of(to_fd), 300 * 8192);
	cr_assert_str_eq(seen + size_of(to_fd) - 16, "line 000204799 \n");
	free(seen);
	close(fd);
	close(to_fd);
}

Test(logs_cut, a_full_disk_is_an_error)
{
	int fd = make_log(4 * UNIT), full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_geq(full, 0);
	cr_assert_eq(logs_cut_copy(fd, full, 4 * UNIT, NULL), -1);
	cr_assert_eq(errno, ENOSPC);
	close(fd);
	close(full);
}
