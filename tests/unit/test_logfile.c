/*
 * Reading logs: whole ones, large ones, and ones in whose middle the daemon has made a hole. The
 * files are in memory, where every machine has holes.
 */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/logfile.h"

#define KIB 1024
#define MIB (1024 * KIB)

/* Lines of 16 bytes, up to size bytes. */
static int make_log(size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	char *text = malloc(size + 32);

	cr_assert_geq(fd, 0);
	cr_assert_not_null(text);
	for (size_t at = 0; at < size; at += 16)
		snprintf(text + at, 17, "line %09zu \n", at / 16);
	cr_assert_eq(write(fd, text, size), (ssize_t)size);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	free(text);
	return fd;
}

static void make_hole(int fd, off_t from, off_t to)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	cr_assert_eq(fallocate(fd, mode, from, to - from), 0);
}

/* What logfile_copy() prints from the position on, to be freed. */
static char *copy(int fd)
{
	int out_fd = memfd_create("out", MFD_CLOEXEC);
	bool is_output;
	off_t size;
	char *text;

	cr_assert_eq(logfile_copy(fd, out_fd, &is_output), 0);
	size = lseek(out_fd, 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	cr_assert_eq(pread(out_fd, text, (size_t)size, 0), size);
	close(out_fd);
	return text;
}

/* A text of this length: begins so, ends so, and has this in it (NULL: nothing special). */
static void check(char *text, size_t length, const char *begin, const char *middle, const char *end)
{
	cr_assert_eq(strlen(text), length, "%zu bytes", strlen(text));
	cr_assert_eq(strncmp(text, begin, strlen(begin)), 0);
	cr_assert_str_eq(text + length - strlen(end), end);
	if (middle)
		cr_assert_not_null(strstr(text, middle), "no %s", middle);
	free(text);
}

Test(logfile, a_whole_one_is_copied)
{
	int fd = make_log(200 * KIB);

	check(copy(fd), 200 * KIB, "line 000000000 \n", NULL, "line 000012799 \n");
	check(copy(fd), 0, "", NULL, "");
	close(fd);
}

Test(logfile, a_hole_is_a_line)
{
	static const char marker[] =
	    "line 000004095 \n[196608 bytes were cut here]\nline 000016384 \n";
	int fd = make_log(320 * KIB);

	make_hole(fd, 64 * KIB, 256 * KIB);
	check(copy(fd), 128 * KIB + 29, "line 000000000 \n", marker, "line 000020479 \n");
	/* Who was there already when it was made hears of what he has missed. */
	cr_assert_eq(lseek(fd, 100 * KIB, SEEK_SET), 100 * KIB);
	check(
	    copy(fd), 64 * KIB + 30, "\n[159744 bytes were cut here]\n", NULL, "line 000020479 \n");
	close(fd);
}

Test(logfile, a_torn_line_is_ended_before_the_marker)
{
	int fd = make_log(320 * KIB);

	make_hole(fd, 64 * KIB, 256 * KIB);
	cr_assert_eq(pwrite(fd, "x", 1, 64 * KIB - 1), 1);
	check(copy(fd), 128 * KIB + 30, "line", "x\n[196608 bytes were cut here]\n", "\n");
	close(fd);
}

Test(logfile, a_hole_at_the_end_is_a_line_too)
{
	int fd = make_log(64 * KIB);

	cr_assert_eq(ftruncate(fd, 192 * KIB), 0);
	check(copy(fd), 64 * KIB + 29, "line", NULL, " \n[131072 bytes were cut here]\n");
	close(fd);
}

Test(logfile, who_follows_reads_what_was_added)
{
	int fd = make_log(320 * KIB);

	free(copy(fd));
	make_hole(fd, 64 * KIB, 256 * KIB);
	cr_assert_eq(pwrite(fd, "more\n", 5, 320 * KIB), 5);
	check(copy(fd), 5, "more\n", NULL, "more\n");
	close(fd);
}

Test(logfile, tails_end_at_a_hole)
{
	int fd = make_log(320 * KIB);

	cr_assert_eq(logfile_find_tail(fd, 0), 320 * KIB);
	cr_assert_eq(logfile_find_tail(fd, 2), 320 * KIB - 32);
	cr_assert_eq(logfile_find_tail(fd, 320 * KIB / 16 - 1), 16);
	cr_assert_eq(logfile_find_tail(fd, 320 * KIB / 16), 0);
	make_hole(fd, 64 * KIB, 256 * KIB);
	cr_assert_eq(logfile_find_tail(fd, 2), 320 * KIB - 32);
	cr_assert_eq(logfile_find_tail(fd, 64 * KIB / 16 - 1), 256 * KIB + 16);
	cr_assert_eq(logfile_find_tail(fd, 64 * KIB / 16), 64 * KIB);
	cr_assert_eq(logfile_find_tail(fd, 1000000), 64 * KIB);
	close(fd);
}

static char *read_log(int fd, uint64_t n_left_out)
{
	struct logfile_text text;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cr_assert_eq(logfile_read(path, &text), 0);
	cr_assert_eq(text.n_left_out, n_left_out, "%llu", (unsigned long long)text.n_left_out);
	text.bytes[text.size] = '\0';
	close(fd);
	return text.bytes;
}

Test(logfile, of_a_large_one_the_middle_is_left_out)
{
	check(read_log(make_log(4 * MIB), 0), 4 * MIB, "line 000000000 \n", NULL,
	    "line 000262143 \n");
	check(read_log(make_log(6 * MIB), 2 * MIB), 4 * MIB + 34, "line 000000000 \n",
	    "line 000065535 \n[2097152 bytes are left out here]\nline 000196608 \n",
	    "line 000393215 \n");
}

Test(logfile, of_a_cut_one_the_hole_is_left_out)
{
	int fd = make_log(512 * KIB);

	make_hole(fd, 64 * KIB, 256 * KIB);
	check(read_log(fd, 192 * KIB), 320 * KIB + 33, "line 000000000 \n",
	    "line 000004095 \n[196608 bytes are left out here]\nline 000016384 \n",
	    "line 000032767 \n");
	/* The hole is in the beginning of what would be read, in its end, or between. */
	fd = make_log(8 * MIB);
	make_hole(fd, 64 * KIB, 3 * MIB);
	check(read_log(fd, 5 * MIB - 64 * KIB), 3 * MIB + 64 * KIB + 34, "line 0",
	    "[5177344 bytes are left out here]\nline 000327680 \n", "line 000524287 \n");
	fd = make_log(8 * MIB);
	make_hole(fd, 2 * MIB, 6 * MIB);
	check(read_log(fd, 5 * MIB), 3 * MIB + 34, "line 0",
	    "\n[5242880 bytes are left out here]\nline 000393216 \n", "line 000524287 \n");
}

Test(logfile, nothing_is_read_of_what_is_no_file)
{
	struct logfile_text text;

	cr_assert_eq(logfile_read("/dev/null", &text), -1);
	cr_assert_eq(logfile_read("/nonexistent", &text), -1);
	cr_assert_null(text.bytes);
}
