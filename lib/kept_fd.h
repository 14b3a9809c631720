/*
 * Descriptors in a process whose code is not all ours: programs that close what they do not own
 * (all above 2, say) may have opened something else under the same number since.
 */
#ifndef PARPROC_LIB_KEPT_FD_H
#define PARPROC_LIB_KEPT_FD_H

#include <stdbool.h>
#include <sys/types.h>

struct kept_fd {
	int fd; /* -1: none */
	dev_t device;
	ino_t inode;
};

/* Takes a descriptor, or -1; keeps errno then. */
void kept_fd_set(struct kept_fd *kept, int fd);

/* Whether the descriptor still is what it was. */
bool kept_fd_is_own(const struct kept_fd *kept);

/* Closes it if it is; none is left. */
void kept_fd_close(struct kept_fd *kept);

#endif
