/*
 * Where logs are, and removing them. A log is .parproc/logs/RUN/EXEC-NAME[.ATTEMPT].log, RUN the
 * run that the execution was first scheduled in. The execution's number makes it unique, the name
 * is there for people.
 */
#include "daemon/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/extra.h"
#include "daemon/log.h"

static bool is_safe_byte(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

void logs_safe_name(const char *name, char safe[LOGS_NAME_MAX + 1])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t length = 0;

	for (const unsigned char *byte = (const unsigned char *)name; *byte; byte++) {
		if (is_safe_byte(*byte) && !(*byte == '.' && length == 0)) {
			if (length + 1 > LOGS_NAME_MAX)
				break;
			safe[length++] = (char)*byte;
			continue;
		}
		if (length + 3 > LOGS_NAME_MAX)
			break;
		safe[length++] = '%';
		safe[length++] = hex[*byte >> 4];
		safe[length++] = hex[*byte & 15];
	}
	safe[length] = '\0';
}

char *logs_run_path(const char *state_directory, uint64_t run)
{
	return mem_print("%s/logs/%" PRIu64, state_directory, run);
}

char *logs_path_of_attempt(const struct execution *execution, unsigned attempt)
{
	const struct exec_extra *extra = execution->extra;
	char name[LOGS_NAME_MAX + 1], run[MEM_NUMBER_SIZE], id[MEM_NUMBER_SIZE];
	char number[MEM_NUMBER_SIZE] = "";

	if (!extra || !extra->log_run)
		return NULL;
	logs_safe_name(execution->proc->name, name);
	if (attempt > 1)
		mem_number(number, attempt);
	return mem_join(extra->state_directory, "/logs/", mem_number(run, extra->log_run), "/",
	    mem_number(id, execution->id), "-", name, attempt > 1 ? "." : "", number, ".log",
	    (char *)NULL);
}

void logs_begin_attempt(struct execution *execution)
{
	struct exec_extra *extra = execution->extra;

	/* The logs of all attempts are in one folder. */
	if (execution->attempt == 1 || !extra->log_run)
		extra->log_run = execution_run(execution)->id;
	extra->log_attempt = execution->attempt;
}

char *logs_path(const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	return extra ? logs_path_of_attempt(execution, extra->log_attempt) : NULL;
}

void logs_remove(const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	if (!extra || !extra->log_run)
		return;
	for (unsigned attempt = extra->log_attempt ? extra->log_attempt : 1; attempt > 0;
	     attempt--) {
		char *path = logs_path_of_attempt(execution, attempt);
		if (unlink(path) < 0 && errno != ENOENT)
			log_warning("log not removed exec=%" PRIu64 " error=%s", execution->id,
			    strerror(errno));
		free(path);
	}
}

void logs_remove_run(const char *state_directory, uint64_t run)
{
	char *path = logs_run_path(state_directory, run);

	rmdir(path); /* logs of executions that another run still has may be in it */
	free(path);
}

/* Other file systems do not have it, and do well without. */
static void place_apart(int directory)
{
	int flags;

	if (ioctl(directory, FS_IOC_GETFLAGS, &flags) != 0 || flags & FS_TOPDIR_FL)
		return;
	flags |= FS_TOPDIR_FL;
	ioctl(directory, FS_IOC_SETFLAGS, &flags);
}

void logs_prepare(const char *state_directory)
{
	char *path = mem_print("%s/logs", state_directory);
	int fd;

	/* Where it cannot be had the first worker says so. */
	mkdir(state_directory, 0700);
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		place_apart(fd);
		close(fd);
	}
	free(path);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	if (where->level == 0)
		return 0;
	if (kind == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

void logs_remove_all(const char *state_directory)
{
	char *path = mem_print("%s/logs", state_directory);

	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(path);
}
