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
	struct execution *execution = find_exec(request);

	if (execution && execution->state == STATE_RUNNING)
		return execution;
	request_refuse(request, PROTOCOL_NOT_ALLOWED,
	    "exec: only the process of a running execution can ask for that", NULL);
	return NULL;
}

/*
 * The params that hold for an execution: the workspace's, over them its definition's, over them
 * its run's.
 */
static json_t *merge_params(const struct execution *execution)
{
	const char *text = execution->params ? execution->params->text : NULL;
	const char *own_text = execution->definition->params;
	json_t *both = text ? json_loads(text, 0, NULL) : NULL;
	json_t *own = own_text ? json_loads(own_text, 0, NULL) : NULL;
	json_t *merged = json_object();

	json_object_update(merged, json_object_get(both, "w"));
	json_object_update(merged, own);
	json_object_update(merged, json_object_get(both, "o"));
	json_decref(both);
	json_decref(own);
	return merged;
}

static json_t *build_context(const struct execution *execution)
{
	json_t *results = json_object(), *changed = json_array();
	const struct run *run = execution_run(execution);

	for (uint32_t i = 0; results && changed && i < execution->n_deps; i++) {
		const struct execution *dep = execution->deps[i];

		json_object_set_new(results, dep->proc->name, view_result(dep));
		if (dep->state == STATE_SUCCEEDED)
			json_array_append_new(changed, view_text(dep->proc->name));
	}
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:b, s:o}", "proc", execution->proc->name,
	    "run", run ? json_integer((json_int_t)run->id) : json_null(), "exec",
	    (json_int_t)execution->id, "args",
	    view_arguments(execution->definition, execution->values), "params",
	    merge_params(execution), "results", results, "deps_changed",
	    json_array_size(changed) > 0, "changed_deps", changed);
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
	answer = build_context(execution);
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
