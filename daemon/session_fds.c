/*
 * Descriptors that come with a connection's bytes (SCM_RIGHTS). They wait for a request of the
 * same bytes to take them; what none takes is closed, so that a peer can neither leak nor hoard.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/session_internal.h"

/* The kernel rounds the room up: one more than is kept may come. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(SESSION_FDS * sizeof(int))];
};

static void keep(struct session *session, int fd)
{
	struct sessions *sessions = session->sessions;

	if (session->n_fds == SESSION_FDS || sessions->n_fds >= SESSIONS_FDS_MAX) {
		close(fd);
		return;
	}
	session->fds[session->n_fds++] = fd;
	sessions->n_fds++;
}

static void keep_all(struct session *session, struct msghdr *header)
{
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
			keep(session, fd);
		}
	}
}

ssize_t session_receive(struct session *session, char *space, size_t size)
{
	union control control;
	struct iovec iov = {.iov_base = space, .iov_len = size};
	struct msghdr header = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(session->fd, &header, MSG_CMSG_CLOEXEC);

	if (got >= 0 && header.msg_controllen > 0)
		keep_all(session, &header);
	return got;
}

void session_drop_fds(struct session *session)
{
	session->sessions->n_fds -= session->n_fds;
	while (session->n_fds > 0)
		close(session->fds[--session->n_fds]);
}

int session_take_fds(struct session *session, int fds[SESSION_FDS])
{
	if (session->n_fds < SESSION_FDS)
		return -1;
	memcpy(fds, session->fds, sizeof(session->fds));
	session->n_fds = 0;
	session->sessions->n_fds -= SESSION_FDS;
	return 0;
}
