/*
 * Cutting logs. What of a file is left is asked of the file system each time, so it does not matter
 * who has cut it before, and to which size. Must not know paths.
 */
#include "daemon/logs_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_WINDOW 4096  /* so far from a cut the end of a line is looked for */
#define HOLES_MAX 64      /* of one file; a process could make it have millions */
#define COPY_BYTES 131072 /* at a time */

bool logs_cut_plan(int64_t size, int64_t max_bytes, struct logs_cut *cut)
{
	int64_t head = max_bytes / 4 / LOGS_CUT_UNIT * LOGS_CUT_UNIT;

	if (max_bytes == 0 || size <= max_bytes)
		return false;
	cut->from = head;
	cut->to = (size - (max_bytes - head)) / LOGS_CUT_UNIT * LOGS_CUT_UNIT;
	return cut->to > cut->from;
}

int logs_cut_free(int fd, const struct logs_cut *cut)
{
	int result;

	do
		result = fallocate(
		    fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, cut->from, cut->to - cut->from);
	while (result < 0 && errno == EINTR);
	if (result < 0 && errno == ENOSYS)
		errno = EOPNOTSUPP;
	return result;
}

/* --- copying --- */

/* The first byte from at on that is not in a hole; size: there is none. */
static int64_t find_data(struct logs_copy *copy, int64_t at)
{
	off_t data;

	if (copy->n_holes > HOLES_MAX)
		return at;
	data = lseek(copy->from_fd, at, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? copy->size : at;
	if (data > at)
		copy->n_holes++;
	return data < copy->size ? data : copy->size;
}

/* Where the data that begins at from ends: at a hole, or with the file. */
static int64_t find_hole(const struct logs_copy *copy, int64_t from)
{
	off_t hole = copy->n_holes > HOLES_MAX ? -1 : lseek(copy->from_fd, from, SEEK_HOLE);

	return hole >= 0 && hole < copy->size ? hole : copy->size;
}

/* The next part to be copied from *from on: false where there is none. */
static bool find_part(struct logs_copy *copy, int64_t *from, int64_t *to)
{
	const struct logs_cut *cut = &copy->cut;

	*from = find_data(copy, *from);
	if (*from >= cut->from && *from < cut->to)
		*from = find_data(copy, cut->to);
	if (*from >= copy->size)
		return false;
	*to = find_hole(copy, *from);
	if (*from<cut->from && * to> cut->from)
		*to = cut->from;
	return true;
}

static ssize_t read_at(int fd, char *bytes, int64_t size, int64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, bytes, (size_t)size, offset);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Behind the first line's end from from on, if there is one soon; else from. */
static int64_t skip_line(int fd, int64_t from, int64_t to)
{
	char window[LINE_WINDOW];
	ssize_t n = read_at(fd, window, to - from < LINE_WINDOW ? to - from : LINE_WINDOW, from);
	const char *newline = n > 0 ? memchr(window, '\n', (size_t)n) : NULL;

	return newline ? from + (newline - window) + 1 : from;
}

/* Behind the last line's end before to, if there is one near; else to. */
static int64_t drop_line(int fd, int64_t from, int64_t to)
{
	char window[LINE_WINDOW];
	int64_t begin = to - from < LINE_WINDOW ? from : to - LINE_WINDOW;
	ssize_t n = read_at(fd, window, to - begin, begin);
	const char *newline = n > 0 ? memrchr(window, '\n', (size_t)n) : NULL;

	return newline ? begin + (newline - window) + 1 : to;
}

static int write_all(struct logs_copy *copy, const char *bytes, size_t size)
{
	if (size > 0)
		copy->is_at_line = bytes[size - 1] == '\n';
	while (size > 0) {
		ssize_t n = write(copy->to_fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_marker(struct logs_copy *copy, int64_t n_missing)
{
	char text[sizeof(LOG_MARKER) + 32];
	int length = snprintf(text, sizeof(text), "%s" LOG_MARKER "\n",
	    copy->is_at_line ? "" : "\n", (uint64_t)n_missing);

	return write_all(copy, text, (size_t)length);
}

/* Goes on to the next part and says what is missing before it. 1; 0: there is none; -1: errno. */
static int begin_part(struct logs_copy *copy)
{
	int64_t from = copy->next, to;

	copy->done = copy->end;
	if (!find_part(copy, &from, &to)) {
		if (copy->done == copy->size)
			return 0;
		return write_marker(copy, copy->size - copy->done);
	}
	copy->at = from > copy->done ? skip_line(copy->from_fd, from, to) : from;
	copy->end = to < copy->size ? drop_line(copy->from_fd, copy->at, to) : to;
	copy->next = to;
	if (copy->at > copy->done && write_marker(copy, copy->at - copy->done) < 0)
		return -1;
	return 1;
}

void logs_copy_begin(
    struct logs_copy *copy, int from_fd, int to_fd, int64_t size, const struct logs_cut *cut)
{
	*copy = (struct logs_copy){
	    .from_fd = from_fd, .to_fd = to_fd, .size = size, .is_at_line = true};
	if (cut)
		copy->cut = *cut;
}

int logs_copy_some(struct logs_copy *copy, int64_t max_bytes)
{
	char bytes[COPY_BYTES];

	for (;;) {
		int64_t left = copy->end - copy->at;
		ssize_t n;

		if (left == 0) {
			int result = begin_part(copy);

			if (result != 1)
				return result;
			continue;
		}
		if (max_bytes <= 0)
			return 1;
		n = read_at(copy->from_fd, bytes, left < COPY_BYTES ? left : COPY_BYTES, copy->at);
		if (n < 0 || (n > 0 && write_all(copy, bytes, (size_t)n) < 0))
			return -1;
		/* Without more, it has become shorter meanwhile. */
		copy->at = n > 0 ? copy->at + n : copy->end;
		max_bytes -= n;
	}
}

int logs_cut_copy(int from_fd, int to_fd, int64_t size, const struct logs_cut *cut)
{
	struct logs_copy copy;

	logs_copy_begin(&copy, from_fd, to_fd, size, cut);
	return logs_copy_some(&copy, INT64_MAX);
}
