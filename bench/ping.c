/*
 * What a request costs over an open connection: N times `ping` and its answer one after the other,
 * then M of them pipelined, 256 in flight. Without a socket it talks to a child of its own that
 * sends a line back for each: that is what the kernel alone costs, the floor. It knows nothing of
 * the library.
 *
 *	ping [--socket PATH] [N [M]]        20000, 200000
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/measure.h"

enum { WINDOW = 256, BUFFER_BYTES = 65536 };

static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
static const size_t request_bytes = sizeof(request) - 1;

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
		}
	}
	return 0;
}

/* How many lines have come with one read; -1: the end, or an error. */
static int read_lines(int fd)
{
	char buffer[BUFFER_BYTES];
	ssize_t n_bytes = read(fd, buffer, sizeof(buffer));
	int n_lines = 0;

	if (n_bytes <= 0)
		return -1;
	for (ssize_t i = 0; i < n_bytes; i++)
		n_lines += buffer[i] == '\n';
	return n_lines;
}

static int send_and_wait(void *arg)
{
	int fd = *(const int *)arg, n_lines = 0;

	if (write_all(fd, request, request_bytes) != 0)
		return -1;
	while (n_lines == 0)
		n_lines = read_lines(fd);
	return n_lines == 1 ? 0 : -1;
}

/* Keeps the window full, half of it at a time, so that both sides work on several at once. */
static int measure_rate(int fd, int n)
{
	static char batch[WINDOW / 2 * sizeof(request)];
	size_t batch_bytes = 0;
	int n_sent = 0, n_answered = 0;
	double start_us = read_clock_us();

	for (int i = 0; i < WINDOW / 2; i++, batch_bytes += request_bytes)
		memcpy(batch + batch_bytes, request, request_bytes);
	while (n_answered < n) {
		if (n_sent < n && n_sent - n_answered <= WINDOW / 2) {
			if (write_all(fd, batch, batch_bytes) != 0)
				return -1;
			n_sent += WINDOW / 2;
			continue;
		}
		int n_lines = read_lines(fd);
		if (n_lines < 0)
			return -1;
		n_answered += n_lines;
	}
	printf("pipelined_per_s=%.0f\n", n_answered / (read_clock_us() - start_us) * 1e6);
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
	} else {
		strcpy(address.sun_path, path);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
	}
	close(fd);
	return -1;
}

/* In the child: a line back for each line. */
static void echo_lines(int fd)
{
	static char answers[BUFFER_BYTES * 2];
	static const char answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n";
	int n_lines;

	while ((n_lines = read_lines(fd)) >= 0) {
		size_t n_bytes = 0;

		for (int i = 0; i < n_lines; i++, n_bytes += sizeof(answer) - 1)
			memcpy(answers + n_bytes, answer, sizeof(answer) - 1);
		if (write_all(fd, answers, n_bytes) != 0)
			return;
	}
}

static int start_echo(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	switch (fork()) {
	case -1:
		close(ends[0]);
		close(ends[1]);
		return -1;
	case 0:
		close(ends[0]);
		echo_lines(ends[1]);
		_exit(0);
	default:
		close(ends[1]);
		return ends[0];
	}
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int n = 20000, m = 200000, fd;

	if (argc > 2 && strcmp(argv[1], "--socket") == 0) {
		path = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc > 1)
		n = atoi(argv[1]);
	if (argc > 2)
		m = atoi(argv[2]);
	if (n < 100 || m < WINDOW || argc > 3) {
		fprintf(stderr, "usage: ping [--socket PATH] [N [M]]\n");
		return 2;
	}
	fd = path != NULL ? connect_to(path) : start_echo();
	if (fd < 0 || measure_latency(send_and_wait, &fd, n) != 0 || measure_rate(fd, m) != 0) {
		perror(path != NULL ? path : "ping");
		return 1;
	}
	close(fd);
	return 0;
}
