/*
 * Keeping a log within a size: its middle goes, its beginning and end stay. For descriptors of
 * plain files; knows nothing of executions, and not when a log is to be cut.
 */
#ifndef PARPROC_DAEMON_LOGS_CUT_H
#define PARPROC_DAEMON_LOGS_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/log_marker.h"

/* Whole units are freed: no file system has larger blocks. */
#define LOGS_CUT_UNIT (64 << 10)

/* Bytes of a file: from the first one that goes to the first one behind that stays. */
struct logs_cut {
	int64_t from;
	int64_t to;
};

/*
 * What goes of a log of size bytes so that about max_bytes stay (LOGS_CUT_UNIT more at most), a
 * quarter of them at the beginning. False: nothing. max_bytes: 0 for no limit, else 4 units or
 * more.
 */
bool logs_cut_plan(int64_t size, int64_t max_bytes, struct logs_cut *cut);

/*
 * Gives the disk back what that part takes. The size stays, and whoever appends notices nothing;
 * who reads finds a hole (lseek(2), SEEK_DATA). 0, or -1 with errno; EOPNOTSUPP: this file system
 * cannot do that.
 */
int logs_cut_free(int fd, const struct logs_cut *cut);

/*
 * A log of size bytes on its way to another descriptor's position, but for the part that goes and
 * for its holes: for each there is a line that says how much is missing. What is left of the lines
 * beside it goes too, where lines are of a usual length.
 */
struct logs_copy {
	int from_fd;
	int to_fd;
	int64_t size;
	struct logs_cut cut; /* to 0: nothing goes */
	int64_t at, end;     /* what is being copied */
	int64_t next;        /* where to look for what comes then */
	int64_t done;        /* what is before it was copied, or is missing and that was said */
	unsigned n_holes;
	bool is_at_line; /* what was written last ends a line */
};

/* cut may be NULL. The descriptors stay the caller's. */
void logs_copy_begin(
    struct logs_copy *copy, int from_fd, int to_fd, int64_t size, const struct logs_cut *cut);

/* Copies about max_bytes. 1: there is more; 0: that was all; -1 with errno. */
int logs_copy_some(struct logs_copy *copy, int64_t max_bytes);

/* All at once. 0, or -1 with errno. */
int logs_cut_copy(int from_fd, int to_fd, int64_t size, const struct logs_cut *cut);

#endif
