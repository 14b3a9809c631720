/*
 * The listening socket. A path that is too long for an address is bound through the directory's
 * entry in /proc. Must not know what is said over it.
 */
#include "daemon/start/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(char *error, const char *path, const char *why)
{
	snprintf(error, LISTEN_ERROR_SIZE, "cannot listen at %s: %s", path, why);
	return -1;
}

/* Opens the directory of path and fills in an address that means path. -1: errno. */
static int make_address(const char *path, struct sockaddr_un *address)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	size_t length = slash != NULL ? (size_t)(slash - path) : 0;
	int fd, n;

	if (length >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(directory, path, length);
	directory[length] = '\0';
	fd = open(length > 0 ? directory : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(address->sun_path))
		n = snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	else
		n = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
		    fd, path + length + 1);
	if (n < 0 || (size_t)n >= sizeof(address->sun_path)) {
		close(fd);
		errno = ENAMETOOLONG;
		return -1;
	}
	return fd;
}

bool listen_is_served(const char *path)
{
	struct sockaddr_un address;
	int directory_fd = make_address(path, &address);
	int fd = -1;
	bool is_served = false;

	if (directory_fd == -1)
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* EAGAIN: its queue is full, so there is somebody. */
	if (fd != -1)
		is_served = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
		            errno == EAGAIN;
	if (fd != -1)
		close(fd);
	close(directory_fd);
	return is_served;
}

/* Makes way for the socket. -1: errno; EADDRINUSE: it is served, ENOTSOCK: it is something else. */
static int remove_stale(const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(status.st_mode) && !S_ISLNK(status.st_mode)) {
		errno = ENOTSOCK;
		return -1;
	}
	if (listen_is_served(path)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

/* A listening descriptor, or -1 with errno. */
static int listen_at(const char *path)
{
	struct sockaddr_un address;
	int directory_fd = make_address(path, &address);
	int fd = -1, result = -1, saved;
	mode_t mask;

	if (directory_fd == -1)
		return -1;
	if (remove_stale(path) != 0)
		goto out;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		goto out;
	mask = umask(0177);
	result = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (result == 0)
		result = listen(fd, SOMAXCONN);
out:
	saved = errno;
	if (result != 0 && fd != -1) {
		close(fd);
		fd = -1;
	}
	close(directory_fd);
	errno = saved;
	return fd;
}

/* A file system without sockets says one of these. */
static bool is_unsupported(int error)
{
	return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

/* The socket's path in $XDG_RUNTIME_DIR: one for each workspace. NULL: there is no such directory.
 */
static char *make_runtime_path(const char *workspace)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	uint64_t hash = UINT64_C(14695981039346656037);
	struct stat status;
	char *path;

	if (runtime == NULL || runtime[0] != '/' || stat(runtime, &status) != 0 ||
	    status.st_uid != geteuid() || (status.st_mode & 077) != 0)
		return NULL;
	for (const char *c = workspace; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
	return asprintf(&path, "%s/parproc-%016" PRIx64 ".sock", runtime, hash) != -1 ? path : NULL;
}

/* The socket elsewhere, and in its place a link, so that clients need not know. */
static int open_elsewhere(struct listener *listener, const struct place *place, char *error)
{
	listener->link = listener->path;
	listener->path = make_runtime_path(place->directory);
	if (listener->path == NULL) {
		listener->path = listener->link;
		listener->link = NULL;
		return fail(error, listener->path,
		    "this file system has no sockets, and XDG_RUNTIME_DIR names no directory of "
		    "yours (-S PATH says where else)");
	}
	listener->fd = listen_at(listener->path);
	if (listener->fd == -1)
		return fail(error, listener->path, strerror(errno));
	unlink(listener->link);
	if (symlink(listener->path, listener->link) != 0)
		return fail(error, listener->link, strerror(errno));
	return 0;
}

static int use_activated(struct listener *listener, int fd, char *error)
{
	struct sockaddr_un address = {0};
	socklen_t length = sizeof(address) - 1;

	if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
	    address.sun_family != AF_UNIX || address.sun_path[0] != '/')
		return fail(error, "the socket that was passed", "it is no socket with a path");
	listener->fd = fd;
	listener->is_own = false;
	listener->path = strdup(address.sun_path);
	return listener->path != NULL ? 0 : fail(error, address.sun_path, strerror(errno));
}

static char *make_path(const struct place *place, const char *wanted)
{
	char *path = NULL;
	char *here;

	if (wanted != NULL && wanted[0] == '/')
		return strdup(wanted);
	if (wanted == NULL) {
		if (asprintf(&path, "%s/%s", place->state_directory, PLACE_SOCKET_NAME) == -1)
			return NULL;
		return path;
	}
	here = getcwd(NULL, 0);
	if (here == NULL || asprintf(&path, "%s/%s", here, wanted) == -1)
		path = NULL;
	free(here);
	return path;
}

/* The number of the file is nobody else's as long as the socket is open. */
static void note_file(struct listener *listener)
{
	struct stat status;

	if (lstat(listener->path, &status) != 0)
		return;
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
}

int listener_open(struct listener *listener, const struct place *place, const char *wanted,
    int activated_fd, char error[LISTEN_ERROR_SIZE])
{
	int result;

	*listener = (struct listener){.fd = -1, .is_own = true};
	if (activated_fd != -1)
		return use_activated(listener, activated_fd, error);
	listener->path = make_path(place, wanted);
	if (listener->path == NULL)
		return fail(error, wanted != NULL ? wanted : PLACE_SOCKET_NAME, strerror(errno));
	listener->fd = listen_at(listener->path);
	if (listener->fd != -1) {
		note_file(listener);
		return 0;
	}
	if (errno == EADDRINUSE)
		result = fail(error, listener->path, "another daemon serves it");
	else if (errno == ENOTSOCK)
		result = fail(error, listener->path, "there is something else of that name");
	else if (wanted == NULL && is_unsupported(errno))
		result = open_elsewhere(listener, place, error);
	else
		result = fail(error, listener->path, strerror(errno));
	if (result != 0)
		listener_close(listener);
	else
		note_file(listener);
	return result;
}

/* Where the workspace was removed and made again, another daemon's socket has the same path. */
static bool is_in_place(const struct listener *listener)
{
	struct stat status;

	return lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
	       status.st_ino == listener->inode;
}

void listener_close(struct listener *listener)
{
	if (listener->fd != -1 && listener->is_own && is_in_place(listener)) {
		unlink(listener->path);
		if (listener->link != NULL)
			unlink(listener->link);
	}
	if (listener->fd != -1)
		close(listener->fd);
	free(listener->path);
	free(listener->link);
	*listener = (struct listener){.fd = -1};
}
