/*
 * The kernel queues an event before the call returns that has made a file, so what a process has
 * left is in the queue when its end is known. A wrong guess loses a result: whatever is not certain
 * ends the watch for good, and then files are looked for as if there had never been one. Its
 * descriptor is in no event loop, so nobody is woken by what processes do there.
 */
#include "daemon/left_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/log.h"

#define ZFS_MAGIC 0x2fc12fc1
#define BCACHEFS_MAGIC 0xca451a4e

struct left_watch {
	char *path;
	dev_t device; /* of the folder that is watched */
	ino_t inode;
	int fd; /* -1: it has ended */
	left_find *find;
	void *arg;
	uint64_t unknown_max; /* the highest number of a file for an execution without a mark */
};

static void stop(struct left_watch *watch, const char *why)
{
	log_info("what processes leave is looked for at each end reason=\"%s\"", why);
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
}

/* What the supervisor makes for an execution counts for nothing: that name is not looked for. */
static void note(struct left_watch *watch, const char *name)
{
	struct left_mark *mark;
	uint64_t exec;
	char *end;

	if (name[0] < '0' || name[0] > '9')
		return;
	errno = 0;
	exec = strtoull(name, &end, 10);
	if (errno != 0 || *end != '.' || strcmp(end, ".out") == 0)
		return;
	mark = watch->find(exec, watch->arg);
	if (mark)
		mark->is_seen = true;
	else if (exec > watch->unknown_max)
		watch->unknown_max = exec;
}

/* --- the beginning --- */

/* Of a file system that other machines can write to inotify tells what this one does. */
static bool is_of_this_machine(int fd)
{
	static const uint32_t magics[] = {BCACHEFS_MAGIC, BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC,
	    F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, RAMFS_MAGIC, TMPFS_MAGIC, XFS_SUPER_MAGIC,
	    ZFS_MAGIC};
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if ((uint32_t)status.f_type == magics[i])
			return true;
	return false;
}

/* By its descriptor, as the path may lead elsewhere in the next moment. 0, or -1 with errno. */
static int watch_folder(struct left_watch *watch, int folder)
{
	char path[32];
	struct stat status;

	if (fstat(folder, &status) < 0)
		return -1;
	watch->device = status.st_dev;
	watch->inode = status.st_ino;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", folder);
	return inotify_add_watch(watch->fd, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0 ? -1
	                                                                                    : 0;
}

/* What was there before the watch. Takes folder. */
static void note_all(struct left_watch *watch, int folder)
{
	DIR *directory = fdopendir(folder);
	struct dirent *entry;

	if (!directory) {
		close(folder);
		stop(watch, strerror(errno));
		return;
	}
	errno = 0;
	while ((entry = readdir(directory))) {
		note(watch, entry->d_name);
		errno = 0;
	}
	if (errno != 0)
		stop(watch, strerror(errno));
	closedir(directory);
}

struct left_watch *left_watch_new(const char *path, left_find *find, void *arg)
{
	struct left_watch *watch = calloc(1, sizeof(*watch));
	int folder;

	if (!watch)
		return NULL;
	*watch = (struct left_watch){.path = strdup(path), .fd = -1, .find = find, .arg = arg};
	if (!watch->path) {
		free(watch);
		return NULL;
	}
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		stop(watch, strerror(errno));
	} else if (!is_of_this_machine(folder)) {
		stop(watch, "unknown file system");
		close(folder);
	} else if (watch_folder(watch, folder) < 0) {
		stop(watch, strerror(errno));
		close(folder);
	} else {
		note_all(watch, folder);
	}
	return watch;
}

void left_watch_free(struct left_watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->path);
	free(watch);
}

/* --- processes --- */

void left_watch_begin(const struct left_watch *watch, uint64_t exec, struct left_mark *mark)
{
	mark->is_watched = watch->fd >= 0 && exec > watch->unknown_max;
}

static void take(struct left_watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		stop(watch, "too many files");
	else if (event->mask & (IN_IGNORED | IN_UNMOUNT))
		stop(watch, "the folder is gone");
	else if (event->len > 0)
		note(watch, event->name);
}

/* Takes what is in the queue; there is an end of it, as the kernel bounds it. */
static void take_all(struct left_watch *watch)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;

	while (watch->fd >= 0) {
		ssize_t length = read(watch->fd, &buffer, sizeof(buffer));

		if (length < 0 && errno == EAGAIN)
			return;
		if (length <= 0) {
			stop(watch, length < 0 ? strerror(errno) : "nothing was read");
			return;
		}
		for (ssize_t at = 0; at < length && watch->fd >= 0;) {
			const struct inotify_event *event = (const void *)(buffer.bytes + at);

			take(watch, event);
			at += (ssize_t)sizeof(*event) + event->len;
		}
	}
}

void left_watch_look(struct left_watch *watch)
{
	struct stat status;

	take_all(watch);
	/* It, or what it is in, may have been moved; then files are looked for in another one. */
	if (watch->fd >= 0 && (stat(watch->path, &status) < 0 || status.st_dev != watch->device ||
	                          status.st_ino != watch->inode))
		stop(watch, "another folder is in its place");
}

bool left_watch_is_none(const struct left_watch *watch, const struct left_mark *mark)
{
	return watch->fd >= 0 && mark->is_watched && !mark->is_seen;
}
