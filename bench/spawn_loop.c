/*
 * The floor under every scheduler: a loop that starts N processes `sh -c COMMAND`, P at a time,
 * each with a log file of its own, with posix_spawn(3), and waits for them. Prints the whole time,
 * and what of it was its own CPU time, for each execution. Its files are below TMPDIR, or /tmp.
 *
 *	spawn_loop [N [P [COMMAND]]]        5000, 2, true
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[PATH_MAX - 16];

static double read_clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double read_own_cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* An errno value, 0: started. */
static int start(int number, const posix_spawnattr_t *attributes, const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	posix_spawn_file_actions_t actions;
	char path[sizeof(directory) + 16];
	pid_t pid;
	int error;

	snprintf(path, sizeof(path), "%s/%d.log", directory, number);
	error = posix_spawn_file_actions_init(&actions);
	if (error != 0)
		return error;
	error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(
		    &actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
	if (error == 0)
		error = posix_spawn(
		    &pid, "/bin/sh", &actions, attributes, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int make_directory(void)
{
	const char *parent = getenv("TMPDIR");
	int length;

	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	length = snprintf(directory, sizeof(directory), "%s/spawn_loop-XXXXXX", parent);
	if (length < 0 || (size_t)length >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static void remove_logs(int n)
{
	char path[sizeof(directory) + 16];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%d.log", directory, i);
		unlink(path);
	}
	rmdir(directory);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 5000;
	int parallel = argc > 2 ? atoi(argv[2]) : 2;
	const char *command = argc > 3 ? argv[3] : "true";
	int n_started = 0, n_ended = 0, error = 0;
	double start_s, wall_s, cpu_s;
	posix_spawnattr_t attributes;

	if (n <= 0 || parallel <= 0) {
		fprintf(stderr, "usage: spawn_loop [N [P [COMMAND]]]\n");
		return 2;
	}
	if (make_directory() != 0 || posix_spawnattr_init(&attributes) != 0 ||
	    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID) != 0) {
		perror("spawn_loop");
		return 1;
	}
	start_s = read_clock_s();
	while (error == 0 && n_ended < n) {
		if (n_started < n && n_started - n_ended < parallel)
			error = start(n_started++, &attributes, command);
		else if (waitpid(-1, NULL, 0) > 0)
			n_ended++;
	}
	wall_s = read_clock_s() - start_s;
	cpu_s = read_own_cpu_s();
	posix_spawnattr_destroy(&attributes);
	remove_logs(n_started);
	if (error != 0) {
		fprintf(stderr, "spawn_loop: %s\n", strerror(error));
		return 1;
	}
	printf("spawn_loop n=%d parallel=%d wall_s=%.3f wall_us=%.1f own_cpu_us=%.1f\n", n,
	    parallel, wall_s, wall_s * 1e6 / n, cpu_s * 1e6 / n);
	return 0;
}
