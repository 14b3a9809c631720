/*
 * inotify says that something in the directory was removed, or that it was itself. As long as
 * somebody has a removed directory open its own end is not told, so after a removal inside of it
 * the path is looked at again a few times. An idle daemon is not woken by this.
 */
#include "daemon/presence.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOKS_AFTER_CHANGE 5

static const struct timeval look_delay = {.tv_usec = 500 * 1000};

struct presence {
	char *path;
	dev_t device;
	ino_t inode;
	int fd;
	struct event *readable;
	struct event *again;
	unsigned n_looks;
	void (*gone)(void *arg);
	void *arg;
};

static bool is_there(const struct presence *presence)
{
	struct stat status;

	if (stat(presence->path, &status) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	return status.st_dev == presence->device && status.st_ino == presence->inode;
}

static void look(struct presence *presence)
{
	if (is_there(presence)) {
		if (presence->n_looks > 0) {
			presence->n_looks--;
			event_add(presence->again, &look_delay);
		}
		return;
	}
	event_del(presence->readable);
	event_del(presence->again);
	presence->gone(presence->arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct presence *presence = arg;
	char buffer[4096];

	(void)what;
	while (read(fd, buffer, sizeof(buffer)) > 0)
		; /* which change it was does not matter */
	presence->n_looks = LOOKS_AFTER_CHANGE;
	look(presence);
}

struct presence *presence_new(
    struct event_base *base, const char *path, void (*gone)(void *arg), void *arg)
{
	struct presence *presence = calloc(1, sizeof(*presence));
	struct stat status;

	if (!presence)
		return NULL;
	*presence = (struct presence){.gone = gone, .arg = arg};
	presence->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	presence->path = strdup(path);
	if (presence->fd < 0 || !presence->path || stat(path, &status) < 0 ||
	    inotify_add_watch(presence->fd, path, IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF) < 0)
		goto fail;
	presence->device = status.st_dev;
	presence->inode = status.st_ino;
	presence->readable =
	    event_new(base, presence->fd, EV_READ | EV_PERSIST, on_readable, presence);
	presence->again = evtimer_new(base, on_again, presence);
	if (!presence->readable || !presence->again || event_add(presence->readable, NULL) < 0)
		goto fail;
	return presence;
fail:
	presence_free(presence);
	return NULL;
}

void presence_free(struct presence *presence)
{
	if (!presence)
		return;
	if (presence->readable)
		event_free(presence->readable);
	if (presence->again)
		event_free(presence->again);
	if (presence->fd >= 0)
		close(presence->fd);
	free(presence->path);
	free(presence);
}
