/*
 * The workspace's directory and its state directory. What others could have prepared there, to
 * have this user's daemon execute or overwrite something, is refused. Must not know what the
 * workspace file says.
 */
#include "daemon/start/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/workspace/file.h"

static int fail(char *error, const char *path, const char *what, const char *why)
{
	snprintf(
	    error, PLACE_ERROR_SIZE, "%s: %s%s%s", path, what, why[0] != '\0' ? ": " : "", why);
	return -1;
}

static bool is_workspace(const char *directory)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	bool is_found;

	if (fd == -1)
		return false;
	is_found = fstatat(fd, PLACE_STATE_DIRECTORY, &status, 0) == 0 && S_ISDIR(status.st_mode);
	for (const char *const *name = workspace_file_names; *name != NULL && !is_found; name++)
		is_found = fstatat(fd, *name, &status, 0) == 0 && S_ISREG(status.st_mode);
	close(fd);
	return is_found;
}

static int find_directory(struct place *place, const char *named, char *error)
{
	const char *start = named != NULL ? named : ".";
	char *slash, *path = NULL;

	place->directory = realpath(start, NULL);
	if (place->directory == NULL)
		return fail(error, start, "no workspace", strerror(errno));
	path = strdup(place->directory);
	if (path == NULL)
		return fail(error, start, "no workspace", strerror(errno));
	while (!is_workspace(path) && strcmp(path, "/") != 0) {
		slash = strrchr(path, '/');
		slash[slash == path ? 1 : 0] = '\0';
	}
	if (is_workspace(path)) {
		free(place->directory);
		place->directory = path;
		return 0;
	}
	free(path);
	if (named != NULL)
		return 0;
	return fail(error, place->directory,
	    "no parproc.yaml here or in any directory above (-C DIR serves DIR as it is)", "");
}

static int check_access(const char *directory, char *error)
{
	struct workspace_error why = {0};
	char *text;

	if (workspace_check_access(directory, &why) == 0)
		return 0;
	text = workspace_error_text(&why);
	fail(error, "refused", text, "");
	free(text);
	workspace_error_clear(&why);
	return -1;
}

/*
 * Whether what is called name in the directory fd is a link, or has one in it, as deep as the
 * daemon makes directories. *link is then where, from fd on, for the caller to free. -1: errno.
 */
static int find_link(int fd, const char *name, int depth, char **link)
{
	struct stat status;
	struct dirent *entry;
	DIR *directory;
	int result = 0, entry_fd;
	char *below = NULL;

	*link = NULL;
	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISLNK(status.st_mode)) {
		*link = strdup(name);
		return *link != NULL ? 0 : -1;
	}
	if (!S_ISDIR(status.st_mode) || depth == 0)
		return 0;
	entry_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = entry_fd != -1 ? fdopendir(entry_fd) : NULL;
	if (directory == NULL) {
		if (entry_fd != -1)
			close(entry_fd);
		return -1;
	}
	while (result == 0 && below == NULL && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = find_link(dirfd(directory), entry->d_name, depth - 1, &below);
	}
	closedir(directory);
	if (below != NULL && asprintf(link, "%s/%s", name, below) == -1)
		result = -1;
	free(below);
	return result;
}

/* The state directory of a workspace may have come with it, from an archive or a repository. */
static int refuse_links(const struct place *place, char *error)
{
	int fd = openat(place->state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	char *link = NULL, *why;
	int result = directory != NULL ? 0 : -1;

	while (result == 0 && link == NULL && (entry = readdir(directory)) != NULL) {
		/* The socket's is ours where sockets cannot be made; nothing is written to it. */
		if (strcmp(entry->d_name, PLACE_SOCKET_NAME) != 0 &&
		    strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = find_link(fd, entry->d_name, 1, &link);
	}
	if (result != 0) {
		fail(error, place->state_directory, "cannot be read", strerror(errno));
	} else if (link != NULL) {
		result = asprintf(&why, "%s in it is a symbolic link", link);
		fail(error, place->state_directory, "refused", result != -1 ? why : link);
		if (result != -1)
			free(why);
		result = -1;
	}
	free(link);
	if (directory != NULL)
		closedir(directory);
	else if (fd != -1)
		close(fd);
	return result;
}

static int open_state_directory(struct place *place, int fd, char *error)
{
	struct stat status;
	const char *path = place->state_directory;

	if (mkdirat(fd, PLACE_STATE_DIRECTORY, 0700) != 0 && errno != EEXIST)
		return fail(error, path, "cannot be made", strerror(errno));
	place->state_fd =
	    openat(fd, PLACE_STATE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->state_fd == -1 && (errno == ELOOP || errno == ENOTDIR))
		return fail(error, path, "refused", "it is not a directory but a link or a file");
	if (place->state_fd == -1 || fstat(place->state_fd, &status) != 0)
		return fail(error, path, "cannot be opened", strerror(errno));
	if (status.st_uid != geteuid())
		return fail(error, path, "refused", "it belongs to another user");
	if ((status.st_mode & 07777) != 0700 && fchmod(place->state_fd, 0700) != 0)
		return fail(error, path, "cannot be made private", strerror(errno));
	return refuse_links(place, error);
}

int place_open(struct place *place, const char *named, char error[PLACE_ERROR_SIZE])
{
	int result = -1, fd = -1;

	*place = (struct place){.state_fd = -1};
	if (find_directory(place, named, error) != 0)
		goto out;
	if (asprintf(&place->state_directory, "%s/%s",
	        strcmp(place->directory, "/") == 0 ? "" : place->directory,
	        PLACE_STATE_DIRECTORY) == -1) {
		place->state_directory = NULL;
		fail(error, place->directory, "no workspace", strerror(ENOMEM));
		goto out;
	}
	fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		fail(error, place->directory, "cannot be opened", strerror(errno));
		goto out;
	}
	if (check_access(place->directory, error) != 0)
		goto out;
	result = open_state_directory(place, fd, error);
out:
	if (fd != -1)
		close(fd);
	if (result != 0)
		place_close(place);
	return result;
}

void place_close(struct place *place)
{
	if (place->state_fd != -1)
		close(place->state_fd);
	free(place->directory);
	free(place->state_directory);
	*place = (struct place){.state_fd = -1};
}
