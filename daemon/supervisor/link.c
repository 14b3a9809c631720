/*
 * One end of the socket between supervisor and scheduler. Descriptors travel with the first byte
 * of their message: what goes before that byte is sent by a call of its own, and the kernel never
 * joins what was sent with descriptors to what came after. Must not know what messages mean.
 */
#include "daemon/supervisor/link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (64u << 10)

void link_open(struct link *link, int fd)
{
	*link = (struct link){.fd = fd};
}

void link_close(struct link *link)
{
	for (size_t i = 0; i < link->n_sending; i++)
		close(link->sending[i].fd);
	for (size_t i = 0; i < link->n_received; i++)
		close(link->received[i]);
	if (link->fd != -1)
		close(link->fd);
	wire_buffer_clear(&link->in);
	wire_buffer_clear(&link->out);
	wire_strings_clear(&link->strings);
	*link = (struct link){.fd = -1};
}

/* Room for one descriptor more than a message can have, so that a peer's excess is seen. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE((LINK_MESSAGE_FDS + 1) * sizeof(int))];
};

static int keep_received(struct link *link, struct msghdr *header)
{
	int result = header->msg_flags & MSG_CTRUNC ? -1 : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (link->n_received < LINK_MAX_FDS) {
				link->received[link->n_received++] = fd;
			} else {
				close(fd);
				result = -1;
			}
		}
	}
	return result;
}

int link_receive(struct link *link)
{
	union control control;
	struct iovec iov = {.iov_len = RECEIVE_BYTES};
	struct msghdr header = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t n;

	iov.iov_base = wire_buffer_reserve(&link->in, RECEIVE_BYTES);
	if (iov.iov_base == NULL)
		return -1;
	do
		n = recvmsg(link->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	if (header.msg_controllen > 0 && keep_received(link, &header) != 0) {
		errno = EPROTO;
		return -1;
	}
	if (n == 0) {
		errno = 0;
		return -1;
	}
	link->in.end += (size_t)n;
	return 1;
}

int link_take(struct link *link, struct wire_message *message)
{
	int result = wire_take(&link->in, &link->strings, message);

	if (result == 0)
		wire_buffer_consume(&link->in, 0);
	return result;
}

int link_take_fds(struct link *link, int fds[LINK_MESSAGE_FDS])
{
	if (link->n_received < LINK_MESSAGE_FDS)
		return -1;
	memcpy(fds, link->received, LINK_MESSAGE_FDS * sizeof(fds[0]));
	link->n_received -= LINK_MESSAGE_FDS;
	memmove(link->received, link->received + LINK_MESSAGE_FDS,
	    link->n_received * sizeof(link->received[0]));
	return 0;
}

int link_put(struct link *link, const struct wire_message *message)
{
	return wire_put(&link->out, message);
}

/* Duplicates fds behind those that are on their way. 0, or -1 with errno, and none is. */
static int duplicate(struct link *link, const int fds[LINK_MESSAGE_FDS], uint64_t offset)
{
	struct link_fd *sending = link->sending + link->n_sending;
	size_t n = 0;

	if (link->n_sending + LINK_MESSAGE_FDS > LINK_MAX_FDS) {
		errno = EMFILE;
		return -1;
	}
	for (; n < LINK_MESSAGE_FDS; n++) {
		sending[n] = (struct link_fd){fcntl(fds[n], F_DUPFD_CLOEXEC, 0), offset};
		if (sending[n].fd == -1)
			break;
	}
	if (n == LINK_MESSAGE_FDS)
		return 0;
	int saved = errno;

	while (n > 0)
		close(sending[--n].fd);
	errno = saved;
	return -1;
}

int link_put_with_fds(
    struct link *link, const struct wire_message *message, const int fds[LINK_MESSAGE_FDS])
{
	if (duplicate(link, fds, link->n_sent + link_pending_bytes(link)) != 0)
		return -1;
	if (link_put(link, message) != 0) {
		int saved = errno;

		for (size_t i = 0; i < LINK_MESSAGE_FDS; i++)
			close(link->sending[link->n_sending + i].fd);
		errno = saved;
		return -1;
	}
	link->n_sending += LINK_MESSAGE_FDS;
	return 0;
}

/* One call: up to the next byte that descriptors go with, or from it. */
static ssize_t send_part(struct link *link, bool *has_fds)
{
	int fds[LINK_MESSAGE_FDS];
	union control control = {0};
	struct iovec iov = {
	    .iov_base = link->out.data + link->out.start, .iov_len = link_pending_bytes(link)};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t next = 0;

	*has_fds = link->n_sending > 0 && link->sending[0].offset == link->n_sent;
	if (*has_fds) {
		struct cmsghdr *c;

		for (; next < LINK_MESSAGE_FDS; next++)
			fds[next] = link->sending[next].fd;
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(sizeof(fds));
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(c), fds, sizeof(fds));
	}
	if (link->n_sending > next && link->sending[next].offset - link->n_sent < iov.iov_len)
		iov.iov_len = link->sending[next].offset - link->n_sent;
	return sendmsg(link->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int link_flush(struct link *link)
{
	while (link_pending_bytes(link) > 0) {
		bool has_fds;
		ssize_t n = send_part(link, &has_fds);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		if (has_fds) {
			for (size_t i = 0; i < LINK_MESSAGE_FDS; i++)
				close(link->sending[i].fd);
			link->n_sending -= LINK_MESSAGE_FDS;
			memmove(link->sending, link->sending + LINK_MESSAGE_FDS,
			    link->n_sending * sizeof(link->sending[0]));
		}
		link->n_sent += (uint64_t)n;
		wire_buffer_consume(&link->out, (size_t)n);
	}
	return 0;
}
