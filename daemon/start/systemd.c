/*
 * Readiness and socket activation, as sd_notify(3) and sd_listen_fds(3) describe them.
 */
#include "daemon/start/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

#define FIRST_FD 3
#define MAX_FDS 64

static long read_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long number;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	number = strtol(text, &end, 10);
	return errno == 0 && *end == '\0' ? number : 0;
}

void systemd_init(struct systemd *systemd)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	long n = read_number("LISTEN_FDS");

	*systemd = (struct systemd){0};
	if (read_number("LISTEN_PID") == getpid() && n > 0 && n <= MAX_FDS)
		systemd->n_fds = (int)n;
	if (notify != NULL && (notify[0] == '/' || notify[0] == '@'))
		systemd->notify_socket = strdup(notify);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("NOTIFY_SOCKET");
}

void systemd_clear(struct systemd *systemd)
{
	free(systemd->notify_socket);
	*systemd = (struct systemd){0};
}

static int get_socket_option(int fd, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

int systemd_get_listener(const struct systemd *systemd)
{
	int flags;

	if (systemd->n_fds == 0 || get_socket_option(FIRST_FD, SO_DOMAIN) != AF_UNIX ||
	    get_socket_option(FIRST_FD, SO_TYPE) != SOCK_STREAM ||
	    get_socket_option(FIRST_FD, SO_ACCEPTCONN) != 1)
		return -1;
	flags = fcntl(FIRST_FD, F_GETFL);
	if (flags == -1 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	return FIRST_FD;
}

void systemd_notify(const struct systemd *systemd, const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length;
	int fd;

	if (systemd->notify_socket == NULL)
		return;
	length = strlen(systemd->notify_socket);
	if (length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, systemd->notify_socket, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
	                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == -1)
		log_warning("readiness not told error=%s", strerror(errno));
	if (fd != -1)
		close(fd);
}
