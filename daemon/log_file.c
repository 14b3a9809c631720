/*
 * Putting a full log aside. Which file that is, is this process's only state here. Must not log.
 */
#include "daemon/log_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char log_path[PATH_MAX]; /* "": none is kept */
static int64_t log_max_bytes;

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static bool is_in_place(const struct stat *opened)
{
	struct stat named;

	return lstat(log_path, &named) == 0 && is_same_file(opened, &named);
}

void log_file_keep(const char *path, int64_t max_bytes)
{
	struct stat status;

	if (strlen(path) + sizeof(LOG_FILE_OLD) > sizeof(log_path))
		return;
	strcpy(log_path, path);
	log_max_bytes = max_bytes;
	if (fstat(STDERR_FILENO, &status) != 0 || !S_ISREG(status.st_mode) || !is_in_place(&status))
		log_path[0] = '\0';
}

/*
 * A lock of the process on the file that is full, so the other process, which has the same one,
 * sees it. It goes with the descriptor. Who has it already is about to have made room, which is not
 * waited for: it could have been stopped just then.
 */
static bool lock(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(STDERR_FILENO, F_SETLK, &lock) == 0;
}

static void unlock(void)
{
	struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	fcntl(STDERR_FILENO, F_SETLK, &lock);
}

static void lead_to(int fd, const struct stat *old)
{
	struct stat output;
	bool is_output_too = fstat(STDOUT_FILENO, &output) == 0 && is_same_file(&output, old);

	if (is_output_too)
		dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

void log_file_make_room(void)
{
	char old_path[PATH_MAX];
	struct stat status;
	int fd;

	if (log_path[0] == '\0' || fstat(STDERR_FILENO, &status) != 0 ||
	    status.st_size < log_max_bytes || !lock())
		return;
	/* The other process may have done so meanwhile: then its file is used. */
	if (is_in_place(&status)) {
		snprintf(old_path, sizeof(old_path), "%.*s%s",
		    (int)(sizeof(old_path) - sizeof(LOG_FILE_OLD)), log_path, LOG_FILE_OLD);
		if (rename(log_path, old_path) != 0) {
			unlock();
			return;
		}
	}
	fd = open(log_path, LOG_FILE_FLAGS, 0600);
	if (fd == -1) {
		unlock();
		return;
	}
	lead_to(fd, &status);
	close(fd);
}
