/*
 * Large outputs on their way to logs, one after the other. A failure is said in the daemon's own
 * log and is none of the execution's.
 */
#include "daemon/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/effects.h"
#include "daemon/log.h"
#include "daemon/logs_cut.h"
#include "daemon/logs_limit.h"
#include "daemon/results.h"

struct output {
	TAILQ_ENTRY(output) of_outputs;
	struct worker_exit report;
	char *path;
	char *log;
};

struct outputs {
	struct daemon *daemon;
	struct event *turn;
	TAILQ_HEAD(, output) waiting; /* the first is being copied */
	struct logs_copy copy;        /* of it, once is_open */
	bool is_open;
};

static void on_turn(evutil_socket_t fd, short what, void *arg);

struct outputs *outputs_new(struct daemon *daemon)
{
	struct outputs *outputs = calloc(1, sizeof(*outputs));

	if (!outputs)
		return NULL;
	outputs->daemon = daemon;
	TAILQ_INIT(&outputs->waiting);
	outputs->turn = evtimer_new(daemon->base, on_turn, outputs);
	if (outputs->turn)
		return outputs;
	free(outputs);
	return NULL;
}

static void close_files(struct outputs *outputs)
{
	if (!outputs->is_open)
		return;
	close(outputs->copy.from_fd);
	close(outputs->copy.to_fd);
	outputs->is_open = false;
}

static void free_output(struct outputs *outputs, struct output *output)
{
	TAILQ_REMOVE(&outputs->waiting, output, of_outputs);
	free(output->path);
	free(output->log);
	free(output);
}

void outputs_free(struct outputs *outputs)
{
	if (!outputs)
		return;
	close_files(outputs);
	while (!TAILQ_EMPTY(&outputs->waiting))
		free_output(outputs, TAILQ_FIRST(&outputs->waiting));
	event_free(outputs->turn);
	free(outputs);
}

/* 0, or -1 with errno. */
static int open_files(struct outputs *outputs, const struct output *output)
{
	int64_t max_bytes = logs_limit_get_output_max(outputs->daemon);
	struct logs_cut cut;
	uint64_t size;
	int from_fd, to_fd, saved_errno;
	bool is_cut;

	from_fd = result_open(output->path, &size);
	if (from_fd < 0)
		return -1;
	to_fd =
	    open(output->log, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (to_fd < 0) {
		saved_errno = errno;
		close(from_fd);
		errno = saved_errno;
		return -1;
	}
	is_cut = logs_cut_plan((int64_t)size, max_bytes, &cut);
	logs_copy_begin(&outputs->copy, from_fd, to_fd, (int64_t)size, is_cut ? &cut : NULL);
	outputs->is_open = true;
	return 0;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = {0};
	struct outputs *outputs = arg;
	struct output *output = TAILQ_FIRST(&outputs->waiting);
	struct worker_exit report = output->report;
	int result = 0;

	(void)fd;
	(void)what;
	if (!outputs->is_open)
		result = open_files(outputs, output);
	if (result == 0)
		result = logs_copy_some(&outputs->copy, OUTPUTS_PIECE_BYTES);
	if (result < 0)
		log_warning("output not logged exec=%" PRIu64 " error=%s", report.key.exec,
		    strerror(errno));
	if (result <= 0) {
		close_files(outputs);
		free_output(outputs, output);
	}
	if (!TAILQ_EMPTY(&outputs->waiting))
		event_add(outputs->turn, &at_once);
	if (result <= 0)
		effects_finish(outputs->daemon, &report);
}

bool outputs_take(
    struct daemon *daemon, const struct worker_exit *report, const char *path, const char *log)
{
	static const struct timeval at_once = {0};
	struct outputs *outputs = daemon->outputs;
	struct output *output;
	uint64_t size = 0;
	int fd = result_open(path, &size);

	if (fd >= 0)
		close(fd);
	if (fd < 0 || size <= OUTPUTS_AT_ONCE_BYTES)
		return false;
	output = mem_new(1, sizeof(*output));
	output->report = *report;
	output->path = mem_copy(path);
	output->log = mem_copy(log);
	if (TAILQ_EMPTY(&outputs->waiting))
		event_add(outputs->turn, &at_once);
	TAILQ_INSERT_TAIL(&outputs->waiting, output, of_outputs);
	return true;
}
