/*
 * The lock that decides who serves a workspace: flock(2) on a file of the state directory, which
 * ends with its holders however they end.
 */
#include "daemon/start/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "lock"

static void read_holder(int fd, struct lock_holder *holder)
{
	char text[PATH_MAX + 32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *end;
	long pid;

	*holder = (struct lock_holder){0};
	if (n <= 0 || memchr(text, '\0', (size_t)n) != NULL)
		return;
	text[n] = '\0';
	pid = strtol(text, &end, 10);
	if (pid <= 0 || pid > INT_MAX || *end != ' ')
		return;
	end[strcspn(end, "\n")] = '\0';
	holder->pid = (pid_t)pid;
	snprintf(holder->socket_path, sizeof(holder->socket_path), "%s", end + 1);
}

/* Somebody may have removed the state directory's contents while this was waiting for them. */
static bool is_current(int fd, int state_fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 &&
	       fstatat(state_fd, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int start_lock_take(int state_fd, struct lock_holder *holder)
{
	int fd, saved;

	do {
		fd = openat(state_fd, LOCK_NAME,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		if (fd == -1)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			/* Until it is described nobody is to read who held it before. */
			if (!is_current(fd, state_fd))
				errno = EINTR;
			else if (ftruncate(fd, 0) == 0)
				return fd;
		} else if (errno == EWOULDBLOCK) {
			read_holder(fd, holder);
			errno = EWOULDBLOCK;
		}
		saved = errno;
		close(fd);
		errno = saved;
	} while (errno == EINTR);
	return -1;
}

int start_lock_describe(int lock_fd, pid_t pid, const char *socket_path)
{
	char text[PATH_MAX + 32];
	int length = snprintf(text, sizeof(text), "%d %s\n", (int)pid, socket_path);

	if (length < 0 || (size_t)length >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (pwrite(lock_fd, text, (size_t)length, 0) != length)
		return -1;
	return ftruncate(lock_fd, length);
}
