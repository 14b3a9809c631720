/*
 * Leaving the shell that started the daemon. The child, and what it starts, log to the state
 * directory from their first moment; when that fails, the parent says what was written there.
 */
#include "daemon/start/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/log_file.h"

#define WORDS_BYTES 8192      /* the last of them, with the last lines whole */
#define START_LOG_BYTES 65536 /* a start writes less than that */

int detach_close_inherited(int first)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		return -1;
	close(fd);
	return close_range((unsigned int)first, ~0u, 0);
}

/* A log that is nearly full is put aside now: the reason why a start fails is looked for in this
 * file. */
static int open_log(int state_fd)
{
	int fd = openat(state_fd, PLACE_LOG_NAME, LOG_FILE_FLAGS, 0600);
	struct stat status;

	if (fd == -1 || fstat(fd, &status) != 0 || status.st_size < LOG_FILE_MAX - START_LOG_BYTES)
		return fd;
	close(fd);
	renameat(state_fd, PLACE_LOG_NAME, state_fd, PLACE_LOG_NAME LOG_FILE_OLD);
	return openat(state_fd, PLACE_LOG_NAME, LOG_FILE_FLAGS, 0600);
}

/* What was written last behind offset. */
static void read_words(int log_fd, off_t offset, char words[WORDS_BYTES])
{
	off_t end = lseek(log_fd, 0, SEEK_END);
	off_t start = end - offset < WORDS_BYTES ? offset : end - (WORDS_BYTES - 1);
	ssize_t n = pread(log_fd, words, WORDS_BYTES - 1, start);

	words[n > 0 ? n : 0] = '\0';
}

/* What the scheduler has said last, where that is an error: the supervisor only knows that it has
 * died. Else the last line, of whoever; "" if there is none. Cuts words up. */
static const char *find_reason(char *words)
{
	static const char error[] = " error scheduler: ", info[] = " info scheduler: ";
	const char *last = "", *reason = NULL;
	char *line, *rest = words;

	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *said = strlen(line) > LOG_TIME_LENGTH ? line + LOG_TIME_LENGTH : "";

		if (*line != '\0')
			last = line;
		if (strncmp(said, error, strlen(error)) == 0)
			reason = said + strlen(error);
		else if (strncmp(said, info, strlen(info)) == 0)
			reason = NULL;
	}
	return reason != NULL ? reason : last;
}

static _Noreturn void wait_for_child(
    const struct place *place, pid_t pid, int ready_fd, int log_fd, off_t log_offset)
{
	char words[WORDS_BYTES];
	const char *reason;
	char byte;
	ssize_t n;

	do
		n = read(ready_fd, &byte, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_SUCCESS);
	waitpid(pid, NULL, 0);
	read_words(log_fd, log_offset, words);
	reason = find_reason(words);
	fprintf(stderr, "ppd: could not start: %s (log: %s/%s)\n",
	    reason[0] != '\0' ? reason : "it has ended", place->state_directory, PLACE_LOG_NAME);
	_exit(EXIT_FAILURE);
}

/* In the child. -1: errno. */
static int settle(const struct place *place, int log_fd)
{
	int null_fd;

	if (setsid() == -1 || chdir(place->directory) != 0)
		return -1;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd == -1)
		return -1;
	if (dup2(null_fd, STDIN_FILENO) == -1 || dup2(log_fd, STDOUT_FILENO) == -1 ||
	    dup2(log_fd, STDERR_FILENO) == -1)
		return -1;
	close(null_fd);
	close(log_fd);
	return 0;
}

int detach_begin(const struct place *place)
{
	int log_fd = open_log(place->state_fd);
	int fds[2] = {-1, -1};
	off_t log_offset;
	pid_t pid;

	if (log_fd == -1)
		return -1;
	log_offset = lseek(log_fd, 0, SEEK_END);
	pid = pipe2(fds, O_CLOEXEC) == 0 ? fork() : -1;
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(place, pid, fds[0], log_fd, log_offset);
	}
	if (pid == -1) {
		int saved = errno;

		close(log_fd);
		if (fds[0] != -1) {
			close(fds[0]);
			close(fds[1]);
		}
		errno = saved;
		return -1;
	}
	close(fds[0]);
	if (settle(place, log_fd) != 0) {
		fprintf(stderr, "ppd: cannot detach: %s\n", strerror(errno));
		_exit(EXIT_FAILURE);
	}
	return fds[1];
}

void detach_finish(int ready_fd)
{
	/* A parent that was killed meanwhile is no reason to end. */
	ssize_t n = write(ready_fd, "", 1);

	(void)n;
	close(ready_fd);
}
