/* Lines of JSON with deadlines; see functions_line.h. */
#include "lib/functions_line.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/connection.h"

#define LINE_MAX_BYTES (64u << 20)

void functions_reader_init(struct functions_reader *reader, int fd, int pid_fd)
{
	reader->fd = fd;
	reader->pid_fd = pid_fd;
	frame_init(&reader->frame, LINE_MAX_BYTES);
}

void functions_reader_clear(struct functions_reader *reader)
{
	frame_clear(&reader->frame);
}

/* Waits until fd has these events. False: the deadline has passed, or the process that pid_fd is of
 * has ended and nothing is left to read. */
static bool wait_for(int fd, short events, int pid_fd, double deadline_s)
{
	struct pollfd polled[] = {{fd, events, 0}, {pid_fd, POLLIN, 0}};
	int count;

	do {
		count = poll(polled, 2, clock_poll_ms(deadline_s));
	} while (count < 0 && errno == EINTR);
	return count > 0 && polled[0].revents;
}

static int read_more(struct functions_reader *reader, double deadline_s)
{
	size_t available;
	char *space = frame_reserve(&reader->frame, &available);
	ssize_t n;

	do {
		if (!space || !wait_for(reader->fd, POLLIN, reader->pid_fd, deadline_s))
			return -1;
		n = recv(reader->fd, space, available, MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		return -1;
	frame_commit(&reader->frame, (size_t)n);
	return 0;
}

json_t *functions_receive(struct functions_reader *reader, double deadline_s)
{
	enum frame_status status;
	size_t length;
	char *line;

	while ((status = frame_next(&reader->frame, &line, &length)) == FRAME_MORE) {
		if (read_more(reader, deadline_s) < 0)
			return NULL;
	}
	return status == FRAME_LINE ? json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

int functions_send(int fd, const json_t *value)
{
	double deadline_s = clock_deadline_s(FUNCTIONS_PATIENCE_S);
	char *text = json_dumps(value, JSON_COMPACT);
	size_t size = text ? strlen(text) + 1 : 0, n_sent = 0;
	ssize_t n = text ? 0 : -1;

	if (text)
		text[size - 1] = '\n'; /* in place of the end */
	while (n >= 0 && n_sent < size) {
		n = send(fd, text + n_sent, size - n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			n_sent += (size_t)n;
		else if (errno == EINTR ||
		         (errno == EAGAIN && wait_for(fd, POLLOUT, -1, deadline_s)))
			n = 0;
	}
	free(text);
	return n < 0 ? -1 : 0;
}

bool functions_is_peer(int fd, pid_t pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == geteuid() && (pid == 0 || peer.pid == pid);
}
