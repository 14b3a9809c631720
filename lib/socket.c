/*
 * Unix sockets by path. A path that does not fit into a socket's address is reached through a
 * descriptor of its directory.
 */
#include "lib/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_address(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -1;
	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno == EINTR)
			continue;
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* A descriptor that names the directory of path. */
static int open_parent(const char *path, const char *slash)
{
	char *parent = strndup(path, (size_t)(slash - path) + 1);
	int fd, error;

	if (!parent)
		return -1;
	fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	error = errno;
	free(parent);
	errno = error;
	return fd;
}

int socket_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *slash = strrchr(path, '/');
	int parent, length, fd = -1, error;

	if (strlen(path) < sizeof(address.sun_path)) {
		strcpy(address.sun_path, path);
		return connect_address(&address);
	}
	parent = slash ? open_parent(path, slash) : -1;
	if (parent < 0)
		return -1;
	length = snprintf(
	    address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", parent, slash + 1);
	errno = ENAMETOOLONG;
	if (length > 0 && (size_t)length < sizeof(address.sun_path))
		fd = connect_address(&address);
	error = errno;
	close(parent);
	errno = error;
	return fd;
}

int socket_is_trusted(int fd, uid_t *owner)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	uid_t me = geteuid();

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -1;
	*owner = peer.uid;
	return peer.uid == me || peer.uid == 0 || me == 0;
}
