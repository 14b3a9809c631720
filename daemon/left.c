/*
 * What processes leave behind. Results and messages are read with all care by results.c; this knows
 * which files they are in, and when these go.
 */
#include "daemon/left.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/extra.h"
#include "daemon/keep.h"
#include "daemon/left_watch.h"
#include "daemon/log.h"
#include "daemon/logs.h"
#include "daemon/logs_limit.h"
#include "daemon/process.h"
#include "daemon/results.h"
#include "daemon/workspace/workspace.h"

#define EXIT_SKIPPED 77

static bool is_running(uint64_t exec, void *arg)
{
	const struct daemon *daemon = arg;
	const struct execution *execution = core_find_execution(daemon->core, exec);

	return execution && execution->state == STATE_RUNNING;
}

static struct left_mark *find_mark(uint64_t exec, void *arg)
{
	const struct daemon *daemon = arg;
	const struct execution *execution = core_find_execution(daemon->core, exec);
	struct exec_extra *extra = execution ? execution->extra : NULL;

	return extra ? &extra->left : NULL;
}

struct left_watch *left_new(struct daemon *daemon)
{
	char *path = mem_print("%s/" PROCESS_DIRECTORY, daemon->state_directory);
	struct left_watch *watch;

	process_clear_files(daemon->state_directory, is_running, daemon);
	watch = left_watch_new(path, find_mark, daemon);
	free(path);
	return watch;
}

/* What an earlier attempt left is no result of this one: it may have been lost, or stored by a
 * scheduler that died before it removed that. It is gone before the process begins. */
static void remove_earlier(struct daemon *daemon, const struct execution *execution)
{
	static const char *const suffixes[] = {"result", "message", "logged"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		keep_remove_file(
		    daemon, process_file(daemon->state_directory, execution->id, suffixes[i]));
}

void left_begin_attempt(struct daemon *daemon, struct execution *execution)
{
	struct exec_extra *extra = execution->extra;

	if (execution->attempt > 1)
		remove_earlier(daemon, execution);
	/* What runs on another machine leaves files that nobody here is told of. */
	if (strcmp(execution_executor(execution), CORE_LOCAL) == 0)
		left_watch_begin(daemon->left, execution->id, &extra->left);
}

/* What is in the file is in the store before that is removed. Takes path. */
static char *read_message(struct daemon *daemon, char *path)
{
	char *message = result_read_message(path);

	if (message || errno != ENOENT)
		keep_remove_file(daemon, path);
	else
		free(path);
	return message;
}

/* The result is what was printed, which goes to the log as well. */
static void read_output(
    struct daemon *daemon, struct execution *execution, size_t max_bytes, char **problem)
{
	struct exec_extra *extra = execution->extra;
	char *output_path = process_file(daemon->state_directory, execution->id, "out");
	char *logged_path = process_file(daemon->state_directory, execution->id, "logged");
	char *log = logs_path(execution);

	/* Under that name where an end that was not stored has been reported before. */
	if (access(output_path, F_OK) != 0 && access(logged_path, F_OK) == 0)
		extra->is_output_logged = true;
	else if (log && !extra->is_output_logged &&
	         result_append_output(output_path, log, logs_limit_get_output_max(daemon)) < 0)
		log_warning(
		    "output not logged exec=%" PRIu64 " error=%s", execution->id, strerror(errno));
	rename(output_path, logged_path);
	result_read_output(logged_path, max_bytes, &extra->result, problem);
	keep_remove_file(daemon, logged_path);
	keep_remove_file(daemon, process_file(daemon->state_directory, execution->id, "result"));
	free(output_path);
	free(log);
}

static void read_result(
    struct daemon *daemon, struct execution *execution, size_t max_bytes, char **problem)
{
	struct exec_extra *extra = execution->extra;
	char *path = process_file(daemon->state_directory, execution->id, "result");

	result_read(path, max_bytes, &extra->result, problem);
	if (extra->result || *problem)
		keep_remove_file(daemon, path);
	else
		free(path);
}

void left_collect(
    struct daemon *daemon, struct execution *execution, struct exit_report *report, char **info)
{
	size_t max_bytes = (size_t)workspace_get_options(daemon->workspace)->max_result_bytes;
	const struct exec_extra *extra = execution->extra;
	bool is_none = left_watch_is_none(daemon->left, &extra->left);
	char *problem = NULL;
	bool is_success =
	    WIFEXITED(report->wait_status) && (WEXITSTATUS(report->wait_status) == 0 ||
	                                          WEXITSTATUS(report->wait_status) == EXIT_SKIPPED);

	if (!is_none)
		*info = read_message(
		    daemon, process_file(daemon->state_directory, execution->id, "message"));
	if (execution->definition->result == RESULT_STDOUT)
		read_output(daemon, execution, max_bytes, &problem);
	else if (report->is_relied_on) /* what came later than that comes too late */
		keep_remove_file(
		    daemon, process_file(daemon->state_directory, execution->id, "result"));
	else if (!is_none)
		read_result(daemon, execution, max_bytes, &problem);
	if (problem && is_success) {
		report->is_bad_result = true;
		free(*info);
		*info = mem_print("result: %s", problem);
	}
	free(problem);
}
