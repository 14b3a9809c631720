/*
 * The process that cuts a log, and starting it. A task can put anything in the place of its log, so
 * only plain files are touched, and never through a link. Must not know executions or the loop.
 */
#include "daemon/logs_cutter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/log.h"
#include "daemon/process.h"

#define END_FD 3
#define NUMBER_SIZE 24

enum { WORD_PROGRAM, WORD_CUTTER, WORD_VERB, WORD_PATH, WORD_FIRST, WORD_SECOND, N_WORDS };

/* --- starting it --- */

static int start(struct cutter *cutter, const char *const words[N_WORDS])
{
	posix_spawn_file_actions_t actions;
	int fds[2];
	int error;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		error = posix_spawn_file_actions_adddup2(&actions, fds[1], END_FD);
		if (!error)
			error = posix_spawn(&cutter->pid, "/proc/self/exe", &actions, NULL,
			    (char *const *)words, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(fds[1]);
	if (error) {
		close(fds[0]);
		errno = error;
		return -1;
	}
	cutter->end_fd = fds[0];
	return 0;
}

int cutter_start_free(struct cutter *cutter, const char *path, const struct logs_cut *cut)
{
	char from[NUMBER_SIZE], to[NUMBER_SIZE];
	const char *const words[N_WORDS + 1] = {"ppd", CUTTER_WORD, "free", path, from, to};

	snprintf(from, sizeof(from), "%" PRId64, cut->from);
	snprintf(to, sizeof(to), "%" PRId64, cut->to);
	return start(cutter, words);
}

int cutter_start_pack(
    struct cutter *cutter, const char *path, int64_t max_bytes, const char *state_directory)
{
	char max[NUMBER_SIZE];
	const char *const words[N_WORDS + 1] = {
	    "ppd", CUTTER_WORD, "pack", path, max, state_directory};

	snprintf(max, sizeof(max), "%" PRId64, max_bytes);
	return start(cutter, words);
}

/* Beside what processes leave there, so that it goes with them: see process_clear_files(). */
static char *copy_path(const char *state_directory, pid_t pid)
{
	return mem_print("%s/" PROCESS_DIRECTORY "/log-%d", state_directory, (int)pid);
}

void cutter_clean(const char *state_directory, pid_t pid)
{
	char *path = copy_path(state_directory, pid);

	unlink(path);
	free(path);
}

/* --- the process --- */

static int fail(const char *path, const char *what)
{
	char quoted[LOG_QUOTED_SIZE];
	int error = errno;

	if (error == EOPNOTSUPP)
		return CUTTER_UNSUPPORTED;
	log_warning(
	    "log not cut path=%s step=%s error=%s", log_quote(quoted, path), what, strerror(error));
	return CUTTER_FAILED;
}

/* -1 with errno, EINVAL: it is no plain file. */
static int open_log(const char *path, int flags, struct stat *status)
{
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static int free_part(const char *path, const struct logs_cut *cut)
{
	struct stat status;
	int fd = open_log(path, O_WRONLY, &status);
	int result;

	if (fd < 0)
		return errno == ENOENT ? CUTTER_DONE : fail(path, "open");
	result = logs_cut_free(fd, cut) < 0 ? fail(path, "free") : CUTTER_DONE;
	close(fd);
	return result;
}

/*
 * Whether anybody has it open for writing: then there can be no lease for reading. A file system
 * without leases says no; then what a task has left behind writes to a file that is not there any
 * more, and that is all.
 */
static bool is_busy(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

static bool is_in_place(const char *path, const struct stat *opened)
{
	struct stat named;

	return lstat(path, &named) == 0 && named.st_dev == opened->st_dev &&
	       named.st_ino == opened->st_ino;
}

/* A copy of the log at to_path; what came of it. */
static int copy_log(int fd, const char *path, const struct stat *status, const char *to_path,
    const struct logs_cut *cut)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	int to_fd, result = CUTTER_DONE;

	unlink(to_path); /* of another process that had this number */
	to_fd = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to_fd < 0)
		return fail(path, "copy");
	if (logs_cut_copy(fd, to_fd, status->st_size, cut) < 0)
		result = fail(path, "copy");
	futimens(to_fd, times); /* as old as what was written last */
	close(to_fd);
	return result;
}

static int pack(const char *path, int64_t max_bytes, const char *state_directory)
{
	struct stat status;
	struct logs_cut cut;
	bool is_cut = false;
	int fd = open_log(path, O_RDONLY, &status);
	char *to_path = copy_path(state_directory, getpid());
	int result;

	if (fd < 0) {
		result = errno == ENOENT ? CUTTER_DONE : fail(path, "open");
		goto out;
	}
	is_cut = logs_cut_plan(status.st_size, max_bytes, &cut);
	if (is_cut)
		free_part(path, &cut); /* where that cannot be, it is left out of the copy */
	if (is_busy(fd) || fstat(fd, &status) < 0) {
		result = CUTTER_BUSY;
		goto out;
	}
	result = copy_log(fd, path, &status, to_path, is_cut ? &cut : NULL);
	if (result == CUTTER_DONE && is_busy(fd))
		result = CUTTER_BUSY;
	if (result == CUTTER_DONE && is_in_place(path, &status) && rename(to_path, path) < 0)
		result = fail(path, "rename");
	unlink(to_path); /* unless it is the log now */
out:
	if (fd >= 0)
		close(fd);
	free(to_path);
	return result;
}

static int parse_number(const char *word, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(word, &end, 10);
	return errno == 0 && end != word && *end == '\0' && *value >= 0 ? 0 : -1;
}

int cutter_main(int argc, char **argv)
{
	struct logs_cut cut;

	prctl(PR_SET_NAME, "ppd: log cutter", 0, 0, 0);
	log_set_name("log cutter");
	signal(SIGIO, SIG_IGN); /* somebody opens the log while it is asked who does */
	if (argc == N_WORDS && parse_number(argv[WORD_FIRST], &cut.from) == 0) {
		if (strcmp(argv[WORD_VERB], "pack") == 0)
			return pack(argv[WORD_PATH], cut.from, argv[WORD_SECOND]);
		if (strcmp(argv[WORD_VERB], "free") == 0 &&
		    parse_number(argv[WORD_SECOND], &cut.to) == 0)
			return free_part(argv[WORD_PATH], &cut);
	}
	fprintf(stderr, "ppd: " CUTTER_WORD " is for ppd itself\n");
	return CUTTER_FAILED;
}
