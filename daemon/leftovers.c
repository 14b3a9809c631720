/*
 * Looking for processes in /proc. One is a leftover when its number and start are those that were
 * stored, or when it is in that session and its environment names such an execution of this
 * workspace. Of an execution whose process was not stored, since the daemon died a moment after its
 * start, what the environment names and was started at about that time.
 */
#include "daemon/leftovers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/supervisor_id.h"

#define ENVIRONMENT_MAX (4u << 20)
#define ROUNDS 200 /* of a look at all processes, 10 ms apart */
#define SECOND_NS INT64_C(1000000000)
#define MOMENT_NS (2 * SECOND_NS)

struct hunt {
	const char *directory;
	const struct leftover *leftovers;
	size_t count;
	pid_t self;
};

/* The environment of a process, NUL-ended texts one after the other; NULL: it cannot be read. */
static char *read_environment(pid_t pid, size_t *length)
{
	char path[32];
	char *text = malloc(ENVIRONMENT_MAX);
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*length = 0;
	while (text && fd != -1 && *length < ENVIRONMENT_MAX - 1 &&
	       (n = read(fd, text + *length, ENVIRONMENT_MAX - 1 - *length)) > 0)
		*length += (size_t)n;
	if (fd != -1)
		close(fd);
	if (!text || fd == -1 || n < 0) {
		free(text);
		return NULL;
	}
	text[*length] = '\0';
	return text;
}

/* The value of a variable, or NULL. */
static const char *find_variable(const char *environment, size_t length, const char *name)
{
	size_t name_length = strlen(name);

	for (const char *at = environment; at < environment + length; at += strlen(at) + 1)
		if (strncmp(at, name, name_length) == 0 && at[name_length] == '=')
			return at + name_length + 1;
	return NULL;
}

/* The leftover that the environment of a process names, or NULL. */
static const struct leftover *find_marked(const struct hunt *hunt, pid_t pid)
{
	size_t length;
	char *environment = read_environment(pid, &length);
	const struct leftover *found = NULL;
	const char *workspace, *exec;

	if (!environment)
		return NULL;
	workspace = find_variable(environment, length, "PP_WORKSPACE");
	exec = find_variable(environment, length, "PP_EXEC");
	if (workspace && exec && strcmp(workspace, hunt->directory) == 0) {
		uint64_t number = strtoull(exec, NULL, 10);

		for (size_t i = 0; i < hunt->count && !found; i++)
			if (hunt->leftovers[i].exec == number)
				found = &hunt->leftovers[i];
	}
	free(environment);
	return found;
}

/* Whether a process was started within a moment of that time. */
static bool is_of_that_time(pid_t pid, int64_t begun_ns)
{
	int64_t ticks = process_started(pid), hz = sysconf(_SC_CLK_TCK), off_ns;
	struct timespec now, since_boot;

	if (ticks < 0 || hz <= 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	off_ns = (now.tv_sec - since_boot.tv_sec) * SECOND_NS + now.tv_nsec - since_boot.tv_nsec +
	         ticks * (SECOND_NS / hz) - begun_ns;
	return off_ns > -MOMENT_NS && off_ns < MOMENT_NS;
}

static bool is_marked(const struct hunt *hunt, pid_t pid)
{
	const struct leftover *leftover = find_marked(hunt, pid);

	if (!leftover)
		return false;
	if (leftover->pid > 0)
		return getsid(pid) == leftover->pid;
	/* When it was begun is not known of what stood by; but no number is used twice. */
	return leftover->begun_ns == 0 || is_of_that_time(pid, leftover->begun_ns);
}

static bool is_stored(const struct hunt *hunt, pid_t pid)
{
	for (size_t i = 0; i < hunt->count; i++)
		if (hunt->leftovers[i].pid == pid && hunt->leftovers[i].started > 0 &&
		    process_started(pid) == hunt->leftovers[i].started)
			return true;
	return false;
}

/* A zombie is gone, whoever has yet to reap it. */
static bool is_zombie(pid_t pid)
{
	char path[32], line[512];
	const char *end = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		end = strrchr(line, ')');
	if (file)
		fclose(file);
	return end && end[1] == ' ' && end[2] == 'Z';
}

/* Whether the process is one of the daemon's own two, which may have a client's environment. */
static bool is_own(const struct hunt *hunt, pid_t pid)
{
	pid_t session = getsid(pid);

	return pid == hunt->self || pid == getpid() || session == getsid(0) ||
	       session == getsid(hunt->self);
}

/* Signals all leftovers that are there. Answers how many. */
static size_t end_once(const struct hunt *hunt)
{
	DIR *directory = opendir("/proc");
	size_t n_found = 0;

	if (!directory)
		return 0;
	for (struct dirent *entry; (entry = readdir(directory));) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (!isdigit((unsigned char)entry->d_name[0]) || pid <= 1 || is_own(hunt, pid) ||
		    !(is_stored(hunt, pid) || is_marked(hunt, pid)) || is_zombie(pid))
			continue;
		n_found++;
		/* Its group first, as its parts may not say where they come from. */
		if (getpgid(pid) == pid)
			kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	closedir(directory);
	return n_found;
}

void leftovers_end(
    const char *directory, const struct leftover *leftovers, size_t count, pid_t self)
{
	const struct hunt hunt = {directory, leftovers, count, self};
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	size_t n_found = end_once(&hunt), n_first = n_found;

	for (int round = 0; n_found > 0 && round < ROUNDS; round++) {
		nanosleep(&pause, NULL);
		n_found = end_once(&hunt);
	}
	if (n_found > 0)
		log_error("processes of an earlier daemon do not end count=%zu", n_found);
	else if (n_first > 0)
		log_warning("processes of an earlier daemon ended count=%zu", n_first);
}
