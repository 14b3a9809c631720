/*
 * Writes a file as a new one beside it, which takes its name once all of it is there. What cannot
 * be replaced so is written where it is: devices and pipes, files with several names or of
 * somebody else, and those in a directory where nothing may be made. It must not know what is
 * written.
 */
#include "client/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/memory.h"

struct outfile {
	const char *path;
	char *target;     /* what path leads to, through symbolic links */
	char *temporary;  /* or NULL: it is written where it is */
	sigset_t signals; /* as they were before the temporary file was there */
	int fd;
};

/* Whether another file may take the name of this one without anybody's loss. */
static bool is_replaceable(const char *path, const struct stat *status)
{
	/* What these name is an open descriptor: the one that writes there too has to meet it. */
	if (strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return false;
	return S_ISREG(status->st_mode) && status->st_nlink == 1;
}

static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* What ends ppctl waits as long as there is a file to take away. */
static void block_signals(sigset_t *before)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, before);
}

/* Makes the file beside the target, with the mode and owner of status, or new ones. Returns 0, or
 * -1 where that cannot be. */
static int open_temporary(struct outfile *file, const struct stat *status)
{
	char *copy = memory_copy(file->target);
	char *temporary = memory_print("%s/.ppctl-XXXXXX", dirname(copy));
	int fd;

	free(copy);
	block_signals(&file->signals);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		goto refused;
	if (status && fchown(fd, status->st_uid, status->st_gid))
		goto refused;
	if (fchmod(fd, status ? status->st_mode & 07777 : default_mode()))
		goto refused;
	file->temporary = temporary;
	file->fd = fd;
	return 0;
refused:
	if (fd >= 0) {
		unlink(temporary);
		close(fd);
	}
	sigprocmask(SIG_SETMASK, &file->signals, NULL);
	free(temporary);
	return -1;
}

/* Opens what there is, which says whether it may be written. Returns 0, or -1 with errno. */
static int open_existing(struct outfile *file, int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return -1;
	if (is_replaceable(file->path, &status) && (file->target = realpath(file->path, NULL)) &&
	    open_temporary(file, &status) == 0) {
		close(fd);
		return 0;
	}
	file->fd = fd;
	return S_ISREG(status.st_mode) ? ftruncate(fd, 0) : 0;
}

/* Returns 0, or -1 with errno. */
static int outfile_open(struct outfile *file)
{
	struct stat status;
	int fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		return open_existing(file, fd);
	if (errno != ENOENT)
		return -1;
	/* A link that leads nowhere yet is followed. */
	if (lstat(file->path, &status)) {
		file->target = memory_copy(file->path);
		if (open_temporary(file, NULL) == 0)
			return 0;
	}
	file->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	return file->fd < 0 ? -1 : 0;
}

/* Takes the descriptor. Returns 0, or -1 with errno. */
static int put_all(struct outfile *file, outfile_put *put, const void *arg)
{
	FILE *stream = fdopen(file->fd, "w");
	int error = 0;

	if (!stream)
		return -1;
	file->fd = -1;
	if (put(stream, arg) || fflush(stream) || ferror(stream))
		error = errno ? errno : EIO;
	if (fclose(stream) && !error)
		error = errno;
	errno = error;
	return error ? -1 : 0;
}

static int write_file(struct outfile *file, outfile_put *put, const void *arg)
{
	int error = 0;

	if (outfile_open(file) || put_all(file, put, arg) ||
	    (file->temporary && rename(file->temporary, file->target)))
		error = errno;
	if (error && file->temporary)
		unlink(file->temporary);
	if (file->temporary)
		sigprocmask(SIG_SETMASK, &file->signals, NULL);
	if (file->fd >= 0)
		close(file->fd);
	free(file->temporary);
	free(file->target);
	errno = error;
	return error ? -1 : 0;
}

int outfile_write(struct client *client, outfile_put *put, const void *arg)
{
	struct outfile file = {.path = invocation_get(client->inv, "output"), .fd = -1};
	bool is_file = file.path && strcmp(file.path, "-") != 0;

	/* Whether standard output took it all is looked at in the end. */
	if (is_file && write_file(&file, put, arg))
		return client_complain(EXIT_BAD_REQUEST, "-o %s: %s", file.path, strerror(errno));
	if (!is_file && put(client->out.stream, arg))
		return client_complain(EXIT_UNWRITTEN, "standard output: %s", strerror(errno));
	return EXIT_FINE;
}
