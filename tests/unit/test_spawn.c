/*
 * Starting a worker: what it finds, and which step is blamed when it does not come to be.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/supervisor/spawn.h"

static char directory[64];
static char log_path[96];
static char output_path[96];
static struct spawner *spawner;
static const char *const envp[] = {"PATH=/usr/bin:/bin", "GREETING=hello", NULL};

static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/pp-spawn-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	snprintf(output_path, sizeof(output_path), "%s/out", directory);
	spawner_reset_signals();
	spawner = spawner_new();
	cr_assert_not_null(spawner);
}

static void tear_down(void)
{
	char command[96];

	spawner_free(spawner);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(spawn, .init = set_up, .fini = tear_down, .timeout = 60);

/* Valgrind makes an ordinary fork of it, whose failures cannot be told at once. */
static bool is_emulated(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

static struct spawn_request request_of(const char *const *argv)
{
	return (struct spawn_request){
	    .argv = argv, .envp = envp, .cwd = directory, .log = log_path};
}

static int run(const struct spawn_request *request)
{
	struct spawn_error error;
	pid_t pid = spawner_run(spawner, request, &error);
	int status;

	cr_assert_neq(pid, -1, "%s: %s", spawn_stage_name(error.stage), strerror(error.error));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int run_shell(const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	struct spawn_request request = request_of(argv);

	return run(&request);
}

static const char *contents(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	cr_assert_not_null(file, "%s", path);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void assert_fails(
    const struct spawn_request *request, enum spawn_stage stage, int error_number)
{
	struct spawn_error error;

	if (is_emulated())
		return;
	cr_assert_eq(spawner_run(spawner, request, &error), -1);
	cr_assert_eq(error.stage, stage, "%s", spawn_stage_name(error.stage));
	cr_assert_eq(error.error, error_number, "%s", strerror(error.error));
	/* There is nothing to reap. */
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
}

Test(spawn, status_and_environment)
{
	int status = run_shell("test \"$GREETING\" = hello && exit 3");

	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 3);
}

Test(spawn, output_and_error_in_order_appended)
{
	run_shell("echo one; echo two >&2; echo three");
	run_shell("echo four");
	cr_assert_str_eq(contents(log_path), "one\ntwo\nthree\nfour\n");
}

Test(spawn, output_apart)
{
	const char *const argv[] = {"sh", "-c", "echo result; echo noise >&2", NULL};
	struct spawn_request request = request_of(argv);

	request.output = output_path;
	run(&request);
	run(&request);
	cr_assert_str_eq(contents(output_path), "result\n");
	cr_assert_str_eq(contents(log_path), "noise\nnoise\n");
}

Test(spawn, log_directories_are_made)
{
	snprintf(log_path, sizeof(log_path), "%s/logs/17/x.log", directory);
	run_shell("echo deep");
	cr_assert_str_eq(contents(log_path), "deep\n");
}

/* A process that removes a directory whenever it is empty, so many times. */
static pid_t start_remover(const char *empty, int times)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails */
	while (times > 0)
		times -= rmdir(empty) == 0;
	_exit(0);
}

Test(spawn, log_directories_are_made_though_they_are_removed)
{
	char empty[128], log[160];
	const char *const argv[] = {"true", NULL};
	struct spawn_request request = request_of(argv);

	snprintf(empty, sizeof(empty), "%s/run", directory);
	snprintf(log, sizeof(log), "%s/true.log", empty);
	request.log = log;
	for (int i = 0; i < 50; i++) {
		pid_t remover = start_remover(empty, 20);
		int status = run(&request);

		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		kill(remover, SIGKILL);
		cr_assert_eq(waitpid(remover, NULL, 0), remover);
		cr_assert_eq(unlink(log), 0);
		cr_assert_eq(rmdir(empty), 0);
	}
}

Test(spawn, input_is_empty_and_directory_is_cwd)
{
	run_shell("cat; pwd -P");
	cr_assert_str_eq(strrchr(contents(log_path), '/'), strcat(strrchr(directory, '/'), "\n"));
	directory[strlen(directory) - 1] = '\0';
}

Test(spawn, own_session_and_group)
{
	/* Fields 5 and 6 of stat are process group and session. */
	run_shell("read -r pid comm state ppid group session rest </proc/self/stat;"
	          "test \"$group\" = $$ && test \"$session\" = $$ && echo own");
	cr_assert_str_eq(contents(log_path), "own\n");
}

Test(spawn, signals_are_default_and_unblocked)
{
	const unsigned long long glibc_signals = 0x180000000;
	unsigned long long blocked, ignored;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	spawner_reset_signals();
	sigfillset(&set);
	cr_assert_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	/*
	 * What was caught is default after exec anyway. 32 and 33 are glibc's own: its
	 * posix_spawn() (that make uses) leaves them ignored, and nobody can change that again.
	 */
	run_shell("grep -E '^Sig(Blk|Ign):' /proc/self/status");
	cr_assert_eq(
	    sscanf(contents(log_path), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	cr_assert_eq(blocked & ~glibc_signals, 0, "%llx", blocked);
	cr_assert_eq(ignored & ~glibc_signals, 0, "%llx", ignored);
}

Test(spawn, no_descriptor_leaks)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_neq(fd, -1);
	run_shell(
	    "for fd in /proc/$$/fd/*; do echo ${fd##*/}; done | sort -n | head -3 | tr '\\n' ' ';"
	    "test -e /proc/$$/fd/3 && readlink /proc/$$/fd/3");
	/* The test's own framework may have left some open; those of the spawner never. */
	cr_assert_eq(strncmp(contents(log_path), "0 1 2 ", 6), 0);
	cr_assert_null(strstr(contents(log_path), "null"));
	close(fd);
}

Test(spawn, terminal_is_input_output_and_error)
{
	const char *const argv[] = {"sh", "-c", "read -r x; echo $x; echo error >&2", NULL};
	struct spawn_request request = request_of(argv);
	FILE *file = fopen(output_path, "w+");

	cr_assert_not_null(file);
	fputs("typed\n", file);
	fflush(file);
	rewind(file);
	request.terminal = (const int[]){fileno(file), fileno(file), fileno(file)};
	run(&request);
	cr_assert_str_eq(contents(output_path), "typed\ntyped\nerror\n");
	cr_assert_not_null(strstr(contents(log_path), "went to the terminal"));
	fclose(file);
}

Test(spawn, each_descriptor_of_a_terminal_has_its_place)
{
	const char *const argv[] = {"sh", "-c", "read -r x; echo $x; echo error >&2", NULL};
	struct spawn_request request = request_of(argv);
	FILE *files[] = {tmpfile(), tmpfile(), tmpfile()};
	int terminal[3];
	char text[16] = "";

	for (int i = 0; i < 3; i++) {
		cr_assert_not_null(files[i]);
		terminal[i] = fileno(files[i]);
	}
	cr_assert_eq(pwrite(terminal[0], "typed\n", 6, 0), 6);
	request.terminal = terminal;
	request.output = output_path; /* what is printed is the result, terminal or not */
	run(&request);
	cr_assert_str_eq(contents(output_path), "typed\n");
	cr_assert_eq(pread(terminal[1], text, sizeof(text) - 1, 0), 0);
	cr_assert_eq(pread(terminal[2], text, sizeof(text) - 1, 0), 6);
	cr_assert_str_eq(text, "error\n");
	for (int i = 0; i < 3; i++)
		fclose(files[i]);
}

Test(spawn, a_terminal_becomes_that_of_the_session)
{
	const char *const argv[] = {"sh", "-c", "kill -INT 0 </dev/tty; sleep 1000", NULL};
	const char *const wait_argv[] = {"sh", "-c", "exec sleep 1000", NULL};
	struct spawn_request request = request_of(argv);
	struct spawn_error error;
	int master, slave, status;
	pid_t pid;

	cr_assert_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	request.terminal = (const int[]){slave, slave, slave};
	cr_assert_eq(WTERMSIG(run(&request)), SIGINT);
	request.argv = wait_argv;
	pid = spawner_run(spawner, &request, &error);
	cr_assert_gt(pid, 0);
	cr_assert_eq(tcgetpgrp(master), pid);
	cr_assert_eq(write(master, "\003", 1), 1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(WTERMSIG(status), SIGINT);
	close(master);
	close(slave);
}

Test(spawn, path_is_that_of_the_worker)
{
	const char *const argv[] = {"tool", NULL};
	struct spawn_request request = request_of(argv);
	char path[160], tool[96];
	const char *const own_envp[] = {path, NULL};
	FILE *file;

	assert_fails(&request, SPAWN_EXEC, ENOENT);
	snprintf(tool, sizeof(tool), "%s/tool", directory);
	file = fopen(tool, "w");
	cr_assert_not_null(file);
	fputs("#!/bin/sh\necho tool\n", file);
	fclose(file);
	snprintf(path, sizeof(path), "PATH=/nonexistent:%s:/bin", directory);
	request.envp = own_envp;
	assert_fails(&request, SPAWN_EXEC, EACCES);
	cr_assert_eq(chmod(tool, 0700), 0);
	run(&request);
	cr_assert_str_eq(contents(log_path), "tool\n");
	/* An empty part is the working directory. */
	snprintf(path, sizeof(path), "PATH=/nonexistent:");
	run(&request);
	cr_assert_str_eq(contents(log_path), "tool\ntool\n");
}

Test(spawn, jobserver_is_at_its_descriptors)
{
	const char *const argv[] = {"sh", "-c",
	    "echo + >&4; read -r token <&3; echo \"$token\"; ls /proc/$$/fd | wc -l", NULL};
	struct spawn_request request = request_of(argv);
	char path[96], text[8];
	int holder, n_others = 0;

	/* Those that are open here for other reasons are no obstacle. */
	int others[] = {
	    open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/null", O_RDONLY | O_CLOEXEC)};

	snprintf(path, sizeof(path), "%s/fifo", directory);
	cr_assert_eq(mkfifo(path, 0600), 0);
	holder = open(path, O_RDWR | O_CLOEXEC);
	request.jobserver = path;
	cr_assert_eq(run(&request), 0);
	cr_assert_eq(sscanf(contents(log_path), "%7s %d", text, &n_others), 2);
	cr_assert_str_eq(text, "+");
	cr_assert_geq(n_others, 5);
	request.jobserver = "/nonexistent";
	assert_fails(&request, SPAWN_JOBSERVER, ENOENT);
	for (size_t i = 0; i < 2; i++)
		close(others[i]);
	close(holder);
	unlink(path);
}

Test(spawn, failures_name_their_stage)
{
	const char *const argv[] = {"sh", "-c", ":", NULL};
	const char *const missing[] = {"/nonexistent/program", NULL};
	const char *const not_executable[] = {"/dev/null", NULL};
	const char *const empty[] = {"", NULL};
	struct spawn_request request = request_of(argv);

	request.cwd = "/nonexistent";
	assert_fails(&request, SPAWN_CHDIR, ENOENT);
	request = request_of(argv);
	request.log = "/dev/null/log";
	assert_fails(&request, SPAWN_LOG, ENOTDIR);
	request = request_of(argv);
	request.output = directory;
	assert_fails(&request, SPAWN_OUTPUT, EISDIR);
	request = request_of(argv);
	request.terminal = (const int[]){4095, 4095, 4095};
	assert_fails(&request, SPAWN_TERMINAL, EBADF);
	request = request_of(missing);
	assert_fails(&request, SPAWN_EXEC, ENOENT);
	request = request_of(not_executable);
	assert_fails(&request, SPAWN_EXEC, EACCES);
	request = request_of(empty);
	assert_fails(&request, SPAWN_EXEC, ENOENT);
}

Test(spawn, nobody_is_waited_for_where_the_log_is_a_pipe)
{
	cr_assert_eq(mkfifo(log_path, 0600), 0);
	cr_assert_eq(run_shell("echo said"), 0);
}

Test(spawn, a_link_is_no_log)
{
	const char *const argv[] = {"sh", "-c", ":", NULL};
	struct spawn_request request = request_of(argv);

	cr_assert_eq(symlink("/dev/null", log_path), 0);
	assert_fails(&request, SPAWN_LOG, ELOOP);
}
