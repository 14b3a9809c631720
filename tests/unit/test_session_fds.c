/*
 * Descriptors that come with a connection's bytes: who gets them, and that nobody can hoard them.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/session_kit.h"

TestSuite(session_fds, .init = set_up, .fini = tear_down);

/* Sends text with so many descriptors, all of the write end of a pipe whose read end it answers. */
static int send_with_fds(struct peer *peer, const char *text, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(16 * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (char *)text, .iov_len = strlen(text)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	int ends[2], fds[16] = {0};

	cr_assert_eq(pipe(ends), 0);
	for (size_t i = 0; i < count; i++)
		fds[i] = ends[1];
	message.msg_control = &control;
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	cr_assert_eq(sendmsg(peer->fd, &message, 0), (ssize_t)strlen(text));
	close(ends[1]);
	return ends[0];
}

/* Whether nobody has the other end any more. Takes the descriptor. */
static bool is_closed(int fd)
{
	struct pollfd polled = {.fd = fd};
	bool is_over = poll(&polled, 1, 0) == 1 && polled.revents & POLLHUP;

	close(fd);
	return is_over;
}

Test(session_fds, descriptors_go_to_the_request_that_takes_them)
{
	struct peer peer = connect_peer();
	int fd;

	n_taken = 0;
	send_text(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
	fd = send_with_fds(&peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"meth", 3);
	settle();
	send_text(
	    &peer, "od\":\"reload\"}\n{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"reload\"}\n");
	expect_id(&peer, 1);
	expect_id(&peer, 2);
	expect_id(&peer, 3);
	cr_assert_eq(n_taken, 3u);
	cr_assert(is_closed(fd)); /* by the request, as it was answered */
	close_peer(&peer);
}

Test(session_fds, descriptors_that_nobody_takes_are_closed)
{
	struct peer peer = connect_peer();
	int few, many, half;

	n_taken = 0;
	few = send_with_fds(&peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"reload\"}\n", 2);
	expect_id(&peer, 1);
	cr_assert(is_closed(few));
	many = send_with_fds(&peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n", 16);
	expect_id(&peer, 2);
	settle();
	cr_assert(is_closed(many));
	cr_assert_eq(n_taken, 0u);
	half = send_with_fds(&peer, "{\"jsonrpc\":", 3);
	settle();
	cr_assert_eq(daemon_under_test.sessions->n_fds, 3u);
	close_peer(&peer);
	settle();
	cr_assert(is_closed(half));
	cr_assert_eq(daemon_under_test.sessions->n_fds, 0u);
}

Test(session_fds, hoarded_descriptors_are_few)
{
	enum { COUNT = 50 };
	struct peer peers[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		peers[i] = connect_peer();
		close(send_with_fds(&peers[i], "{", 3));
		close(send_with_fds(&peers[i], " ", 3));
		settle();
	}
	cr_assert_eq(daemon_under_test.sessions->n_fds, (size_t)SESSIONS_FDS_MAX);
	for (size_t i = 0; i < COUNT; i++)
		close_peer(&peers[i]);
	settle();
	cr_assert_eq(daemon_under_test.sessions->n_fds, 0u);
}
