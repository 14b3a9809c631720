/*
 * What a process that the daemon started asks about itself: context, message.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/process.h"
#include "daemon/requests.h"
#include "daemon/results.h"

/* The execution that exec names, or NULL. */
static struct execution *find_exec(struct request *request)
{
	int64_t exec = request_read_integer(request, "exec", 0);

	return exec > 0 ? core_find_execution(request->daemon->core, (uint64_t)exec) : NULL;
}

struct execution *request_find_asker(struct request *request)
{
	int64_t exec = request_read_integer(request, "exec", 0);
	struct execution *execution =
	    exec > 0 ? core_find_asker(request->daemon->core, (uint64_t)exec, request->now_ns)
	             : NULL;

	if (execution)
		return execution;
	request_refuse(request, PROTOCOL_NOT_ALLOWED,
	    "exec: only the process of a running execution can ask for that", NULL);
	return NULL;
}

enum request_status handle_context(struct request *request)
{
	const struct execution *execution = find_exec(request);
	json_t *answer;

	/* The commands that answer an execution's dependencies run while it is WANTED. */
	if (!execution || execution->state != STATE_WANTED)
		execution = request_find_asker(request);
	if (!execution)
		return REQUEST_DONE;
	answer = view_context(execution);
	return answer ? request_answer(request, answer) : request_refuse_memory(request);
}

/* Writes text to the file that the process itself may write its message to. 0, or -1 with errno. */
static int write_message(const char *path, const char *text)
{
	int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	size_t length = strlen(text);
	ssize_t written;

	if (fd < 0)
		return -1;
	written = write(fd, text, length);
	if (written >= 0 && (size_t)written < length)
		errno = ENOSPC;
	close(fd);
	return written == (ssize_t)length ? 0 : -1;
}

enum request_status handle_message(struct request *request)
{
	const char *text = request_read_text(request, "text");
	const struct execution *execution = request_find_asker(request);
	enum request_status status;
	char *path, *line, *message;

	if (!execution)
		return REQUEST_DONE;
	path = process_file(request->daemon->state_directory, execution->id, "message");
	line = result_clean_message(text, strlen(text));
	if (!path || write_message(path, line ? line : "") != 0) {
		message = mem_print("the message cannot be kept: %s", strerror(errno));
		status = request_refuse(request, PROTOCOL_INTERNAL, message, NULL);
		free(message);
	} else {
		status = request_answer_once(request, json_object());
	}
	free(path);
	free(line);
	return status;
}
