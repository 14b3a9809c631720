/*
 * Reads logs without taking more of a large one into memory than is of use. It must not know whose
 * logs they are or how their lines are shown.
 */
#include "client/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/memory.h"
#include "protocol/log_marker.h"

#define BLOCK_BYTES 65536
#define HOLES_MAX 1000 /* more are not the daemon's */
#define MARKER_SIZE 80

#define LEFT_OUT "[%" PRIu64 " bytes are left out here]"

struct hole {
	off_t from;
	off_t to;
};

int logfile_open(const char *path)
{
	struct stat status;
	/* Should it be a fifo after all, nobody is to wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* Reads size bytes from offset; fewer at the end of the file. */
static ssize_t read_at(int fd, char *bytes, size_t size, off_t offset)
{
	size_t n_read = 0;

	while (n_read < size) {
		ssize_t n = pread(fd, bytes + n_read, size - n_read, offset + (off_t)n_read);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		n_read += (size_t)n;
	}
	return (ssize_t)n_read;
}

/* The first byte from at on that is not in a hole; end: there is none. */
static off_t find_data(int fd, off_t at, off_t end)
{
	off_t data = lseek(fd, at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? end : at;
	return data < end ? data : end;
}

/* Where the first hole from there on begins; end: there is none. */
static off_t find_hole(int fd, off_t from, off_t end)
{
	off_t hole = lseek(fd, from, SEEK_HOLE);

	return hole >= 0 && hole < end ? hole : end;
}

/* The last hole before end. False: there is none. */
static bool find_last_hole(int fd, off_t end, struct hole *last)
{
	struct hole hole = {0, 0};
	bool is_found = false;

	for (int i = 0; i < HOLES_MAX; i++) {
		hole.from = find_hole(fd, hole.to, end);
		hole.to = find_data(fd, hole.from, end);
		if (hole.to == hole.from)
			break;
		*last = hole;
		is_found = true;
	}
	return is_found;
}

/* A line that says how many bytes are missing, to follow upon the byte before. is_there: only here,
 * the log may have them. */
static size_t print_marker(char marker[MARKER_SIZE], char before, off_t n_missing, bool is_there)
{
	const char *newline = before == '\n' ? "" : "\n";
	uint64_t count = (uint64_t)n_missing;
	int length;

	if (is_there)
		length = snprintf(marker, MARKER_SIZE, "%s" LEFT_OUT "\n", newline, count);
	else
		length = snprintf(marker, MARKER_SIZE, "%s" LOG_MARKER "\n", newline, count);
	return (size_t)length;
}

/* What of a log is not to be read: from its first hole to the end of its last one, and where that
 * is still a lot, the middle. Empty, at the end: nothing. */
static struct hole find_middle(int fd, off_t size, off_t head, off_t tail)
{
	bool is_large = size > head + tail;
	struct hole middle = {0, size - tail}, last = {0, 0};
	bool has_hole = find_last_hole(fd, size, &last);

	if (!is_large && !has_hole)
		return (struct hole){size, size};
	middle.from = find_hole(fd, 0, size);
	if (middle.from > head)
		middle.from = head;
	if (middle.to < last.to)
		middle.to = last.to;
	return middle;
}

int logfile_read(const char *path, struct logfile_text *text)
{
	return logfile_read_ends(path, LOGFILE_HEAD_BYTES, LOGFILE_TAIL_BYTES, text);
}

int logfile_read_ends(const char *path, size_t head_max, size_t tail_max, struct logfile_text *text)
{
	struct stat status;
	int fd = logfile_open(path);
	int result = -1;

	*text = (struct logfile_text){0};
	if (fd < 0)
		return -1;
	if (fstat(fd, &status))
		goto out;
	struct hole middle = find_middle(fd, status.st_size, (off_t)head_max, (off_t)tail_max);
	size_t head = (size_t)middle.from, tail = (size_t)(status.st_size - middle.to);

	text->bytes = memory_alloc(head + MARKER_SIZE + tail + 1);
	text->n_left_out = (uint64_t)(middle.to - middle.from);
	ssize_t n = read_at(fd, text->bytes, head, 0);

	if (n < 0)
		goto out;
	text->size = (size_t)n;
	if (text->n_left_out > 0)
		text->size += print_marker(text->bytes + text->size,
		    text->size > 0 ? text->bytes[text->size - 1] : '\n', middle.to - middle.from,
		    true);
	n = read_at(fd, text->bytes + text->size, tail, middle.to);
	if (n < 0)
		goto out;
	text->size += (size_t)n;
	result = 0;
out:
	if (result) {
		free(text->bytes);
		*text = (struct logfile_text){0};
	}
	close(fd);
	return result;
}

off_t logfile_find_tail(int fd, unsigned long long n_lines)
{
	char block[BLOCK_BYTES];
	off_t end = lseek(fd, 0, SEEK_END);
	unsigned long long n_newlines = 0;
	bool is_last_byte = true;
	struct hole hole = {0, 0};

	if (end < 0 || n_lines == 0)
		return end;
	/* What was cut is a line too, and nothing before it is among the last ones. */
	find_last_hole(fd, end, &hole);
	while (end > hole.to) {
		size_t size =
		    end - hole.to < (off_t)sizeof(block) ? (size_t)(end - hole.to) : sizeof(block);
		ssize_t n = read_at(fd, block, size, end - (off_t)size);

		if (n < 0)
			return -1;
		if ((size_t)n < size) /* it became shorter meanwhile */
			return 0;
		for (size_t i = size; i > 0; i--) {
			/* The newline at the very end begins no further line. */
			if (block[i - 1] == '\n' && !is_last_byte && ++n_newlines == n_lines)
				return end - (off_t)size + (off_t)i;
			is_last_byte = false;
		}
		end -= (off_t)size;
	}
	return hole.from;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The byte before that one; a newline at the beginning. */
static char byte_before(int fd, off_t at)
{
	char byte = '\n';

	return at > 0 && read_at(fd, &byte, 1, at - 1) < 0 ? '\n' : byte;
}

/*
 * How many of n bytes that were read at *at are text. None: they are in a hole, which *at is moved
 * behind. Asked after they were read, since they may have been freed just before. A hole of the
 * daemon's cannot lie between the ends of a block.
 */
static size_t count_text(int fd, off_t *at, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_END);
	off_t last = *at + (off_t)n - 1;
	off_t data = find_data(fd, *at, end);

	if (data > *at) {
		*at = data;
		return 0;
	}
	return find_data(fd, last, end) > last ? (size_t)(find_hole(fd, *at, end) - *at) : n;
}

int logfile_copy(int fd, int out_fd, bool *is_output)
{
	char block[BLOCK_BYTES];
	off_t at = lseek(fd, 0, SEEK_CUR);

	*is_output = false;
	for (;;) {
		ssize_t n = read_at(fd, block, sizeof(block), at);
		off_t from = at;

		if (n < 0)
			return -1;
		if (n == 0)
			return lseek(fd, at, SEEK_SET) < 0 ? -1 : 0;
		size_t size = count_text(fd, &at, (size_t)n);

		if (size == 0)
			size = print_marker(block, byte_before(fd, from), at - from, false);
		else
			at += (off_t)size;
		if (write_all(out_fd, block, size)) {
			*is_output = true;
			return -1;
		}
	}
}
