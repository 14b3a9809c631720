/*
 * ask TEXT: a message of the execution in whose process this is, asked for by a client that is as
 * fast as can be. Ends with 0 if that was answered with a result.
 *
 * ask --succeeded NAME: whether that is what NAME has done, as its state is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("PP_SOCKET"), *exec = getenv("PP_EXEC"), *wanted = "\"result\"";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char line[1024];
	ssize_t length;

	if (argc < 2 || argc > 3 || path == NULL || exec == NULL || fd == -1)
		return 2;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return 3;
	if (argc == 3) {
		wanted = "\"state\":\"succeeded\"";
		length = snprintf(line, sizeof(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\","
		    "\"params\":{\"exec\":%s,\"names\":[\"%s\"]}}\n",
		    exec, argv[2]);
	} else {
		length = snprintf(line, sizeof(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message\","
		    "\"params\":{\"exec\":%s,\"text\":\"%s\"}}\n",
		    exec, argv[1]);
	}
	if (write(fd, line, (size_t)length) != length)
		return 4;
	length = read(fd, line, sizeof(line) - 1);
	line[length > 0 ? length : 0] = '\0';
	fputs(line, stdout);
	return strstr(line, wanted) != NULL ? 0 : 1;
}
