/*
 * Finding, trusting and reading the workspace file. A change is seen by stat(2); as time stamps are
 * coarse, a file that was changed just before it was read is compared by its bytes for a while.
 */
#include "daemon/workspace/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/workspace/reader.h"
#include "daemon/workspace/yaml.h"

/* Longer than the coarsest time stamps that file systems have. */
#define SETTLING_NS (INT64_C(2000) * 1000000)

const char *const workspace_file_names[] = {"parproc.yaml", "parproc.yml", "parproc.json", NULL};

/* --- trust --- */

/* Why others may write it, for a sentence; or NULL. */
static const char *find_writers(const struct stat *stat)
{
	bool is_sticky = S_ISDIR(stat->st_mode) && (stat->st_mode & S_ISVTX);
	bool is_private_group = stat->st_gid == getegid() || stat->st_gid == stat->st_uid;

	if (stat->st_uid != geteuid() && stat->st_uid != 0 && geteuid() != 0)
		return "another user owns it";
	if ((stat->st_mode & S_IWOTH) && !is_sticky)
		return "all users may write it (chmod o-w would help)";
	if ((stat->st_mode & S_IWGRP) && !is_sticky && !is_private_group)
		return "a group of users may write it (chmod g-w would help)";
	return NULL;
}

static int check_directory(const char *directory, const struct reader *reader)
{
	struct stat info;
	const char *writers;

	if (stat(directory, &info))
		return reader_refuse(reader, NULL, "%s: %s", directory, strerror(errno));
	if (!S_ISDIR(info.st_mode))
		return reader_refuse(reader, NULL, "%s: not a directory", directory);
	writers = find_writers(&info);
	if (writers)
		return reader_refuse(reader, NULL, "%s: not a safe directory for a workspace: %s",
		    directory, writers);
	return 0;
}

static int check_file(const struct stat *info, const struct reader *reader)
{
	const char *writers = find_writers(info);

	if (!S_ISREG(info->st_mode))
		return reader_refuse(reader, NULL, "not a regular file");
	if (writers)
		return reader_refuse(reader, NULL, "not safe to use: %s", writers);
	return 0;
}

/* --- finding --- */

static char *join(const char *directory, const char *name)
{
	return mem_print("%s/%s", directory, name);
}

/* The name of the file with what stat(2) says of it, or why that says nothing (*problem is an
 * errno, else 0); NULL: there is none. */
static const char *find_file(const char *directory, struct stat *info, int *problem)
{
	for (const char *const *name = workspace_file_names; *name; name++) {
		char *path = join(directory, *name);

		*problem = stat(path, info) ? errno : 0;
		free(path);
		if (*problem != ENOENT)
			return *name;
	}
	return NULL;
}

int workspace_check_access(const char *directory, struct workspace_error *error)
{
	struct reader reader = {.error = error};
	struct stat info;
	int problem;

	if (check_directory(directory, &reader))
		return -1;
	reader.file = find_file(directory, &info, &problem);
	if (!reader.file)
		return 0;
	if (problem)
		return reader_refuse(&reader, NULL, "%s", strerror(problem));
	return check_file(&info, &reader);
}

/* --- change --- */

static uint64_t hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static int64_t to_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static bool is_settled(const struct file_state *state)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return to_ns(&now) - to_ns(&state->modified) > SETTLING_NS &&
	       to_ns(&now) - to_ns(&state->changed) > SETTLING_NS;
}

static void set_state(struct file_state *state, const char *name, const struct stat *info)
{
	*state = (struct file_state){
	    .name = name,
	    .device = info->st_dev,
	    .inode = info->st_ino,
	    .size = info->st_size,
	    .modified = info->st_mtim,
	    .changed = info->st_ctim,
	};
	state->is_settled = is_settled(state);
}

static bool is_equal_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_equal_state(const struct file_state *a, const struct file_state *b)
{
	return a->name == b->name && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && is_equal_time(&a->modified, &b->modified) &&
	       is_equal_time(&a->changed, &b->changed);
}

bool workspace_file_is_same(const char *directory, struct file_state *state)
{
	struct file_state now, read;
	struct workspace_error error = {0};
	struct stat info;
	const char *name;
	size_t length;
	char *bytes;
	bool is_same;
	int problem;

	name = find_file(directory, &info, &problem);
	if (!name || problem)
		return !name && !state->name;
	set_state(&now, name, &info);
	if (!is_equal_state(&now, state))
		return false;
	if (state->is_settled)
		return true;
	is_same = workspace_file_read(directory, &read, &bytes, &length, &error) == 0 && bytes &&
	          is_equal_state(&read, state) && read.hash == state->hash;
	if (is_same)
		state->is_settled = read.is_settled;
	workspace_error_clear(&error);
	free(bytes);
	return is_same;
}

/* --- reading --- */

/* Up to one byte more than a file may have. 0, or -1 with errno. */
static int read_bytes(int fd, char **bytes, size_t *length)
{
	size_t capacity = 16384;
	ssize_t count = 1;

	*bytes = mem_resize(NULL, capacity, 1);
	*length = 0;
	while (count > 0 && *length <= YAML_MAX_BYTES) {
		if (*length == capacity) {
			capacity *= 2;
			*bytes = mem_resize(*bytes, capacity, 1);
		}
		count = read(fd, *bytes + *length, capacity - *length);
		if (count < 0 && errno == EINTR)
			count = 1;
		else if (count > 0)
			*length += (size_t)count;
	}
	return count < 0 ? -1 : 0;
}

int workspace_file_read(const char *directory, struct file_state *state, char **bytes,
    size_t *length, struct workspace_error *error)
{
	struct reader reader = {.error = error};
	struct stat info;
	int status = -1, fd = -1;
	char *path = NULL;
	int problem;

	*state = (struct file_state){0};
	*bytes = NULL;
	*length = 0;
	if (check_directory(directory, &reader))
		return -1;
	reader.file = find_file(directory, &info, &problem);
	if (!reader.file)
		return 0;
	path = join(directory, reader.file);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &info)) {
		reader_refuse(&reader, NULL, "%s", strerror(errno));
		goto out;
	}
	set_state(state, reader.file, &info);
	if (check_file(&info, &reader))
		goto out;
	if (read_bytes(fd, bytes, length)) {
		reader_refuse(&reader, NULL, "%s", strerror(errno));
		*state = (struct file_state){0};
		goto out;
	}
	state->hash = hash_bytes(*bytes, *length);
	status = 0;
out:
	if (status) {
		free(*bytes);
		*bytes = NULL;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}
