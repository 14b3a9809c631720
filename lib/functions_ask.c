/*
 * Has the program that asked for the run call a function: the worker's end of what functions.h
 * says.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/functions.h"
#include "lib/functions_line.h"

/* Connected to the program, or -1. */
static int connect_to(const char *address, pid_t *pid)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char *end;
	size_t length;
	int fd;

	*pid = (pid_t)strtol(address, &end, 10);
	length = *end == ':' ? strlen(end + 1) : 0;
	if (*pid <= 0 || length == 0 || length >= sizeof(name.sun_path))
		return -1;
	memcpy(name.sun_path + 1, end + 1, length);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	length += offsetof(struct sockaddr_un, sun_path) + 1;
	if (connect(fd, (struct sockaddr *)&name, (socklen_t)length) == 0 &&
	    functions_is_peer(fd, *pid))
		return fd;
	close(fd);
	return -1;
}

/* NULL: no memory, or a text that is not UTF-8. */
static json_t *new_request(const struct functions_call *call)
{
	char *directory = getcwd(NULL, 0);
	json_t *request =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:s*}", "call", app_call_name(call->kind),
	        "name", call->name, "program", call->program, "build", call->build, "directory",
	        directory ? directory : "/", "variables", call->variables, "arg", call->arg);

	free(directory);
	return request;
}

/* -1: it is not begun; -2: it has not come to an end. */
static int ask(
    struct functions_reader *reader, const json_t *request, struct functions_answer *answer)
{
	json_t *reply;
	const char *message;
	int result = -2;

	if (functions_send(reader->fd, request) < 0)
		return -1;
	reply = functions_receive(reader, PP_FOREVER);
	if (!reply)
		return -1;
	json_decref(reply);
	reply = functions_receive(reader, PP_FOREVER);
	if (reply && json_unpack(reply, "{s:i, s?O}", "status", &answer->status, "value",
	                 &answer->value) == 0)
		result = 0;
	message = json_string_value(json_object_get(reply, "message"));
	answer->message = message ? strdup(message) : NULL;
	if (json_is_null(answer->value)) {
		json_decref(answer->value);
		answer->value = NULL;
	}
	json_decref(reply);
	return result;
}

int functions_ask(
    const char *address, const struct functions_call *call, struct functions_answer *answer)
{
	json_t *request = new_request(call);
	pid_t pid = 0;
	int fd = request ? connect_to(address, &pid) : -1, result = -1;
	struct functions_reader reader;

	*answer = (struct functions_answer){0};
	if (fd >= 0) {
		functions_reader_init(&reader, fd, pidfd_open(pid, 0));
		result = ask(&reader, request, answer);
		if (reader.pid_fd >= 0)
			close(reader.pid_fd);
		functions_reader_clear(&reader);
		close(fd);
	}
	json_decref(request);
	return result;
}
