/* Tells descriptors by the files that they are of; see kept_fd.h. */
#include "lib/kept_fd.h"

#include <sys/stat.h>
#include <unistd.h>

void kept_fd_set(struct kept_fd *kept, int fd)
{
	struct stat status;

	*kept = (struct kept_fd){.fd = fd};
	if (fd >= 0 && fstat(fd, &status) == 0) {
		kept->device = status.st_dev;
		kept->inode = status.st_ino;
	}
}

bool kept_fd_is_own(const struct kept_fd *kept)
{
	struct stat status;

	return kept->fd >= 0 && fstat(kept->fd, &status) == 0 && status.st_dev == kept->device &&
	       status.st_ino == kept->inode;
}

void kept_fd_close(struct kept_fd *kept)
{
	if (kept_fd_is_own(kept))
		close(kept->fd);
	kept->fd = -1;
}
