/*
 * One end of the socket between supervisor and scheduler: messages in and out, and descriptors
 * that travel with them. Both ends use it. Never blocks and never waits; who owns the loop does.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_LINK_H
#define PARPROC_DAEMON_SUPERVISOR_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/supervisor/wire.h"

/* Descriptors on their way, each direction. */
#define LINK_MAX_FDS 96

/* As many go with a message that has any: standard input, output and error. */
#define LINK_MESSAGE_FDS 3

struct link_fd {
	int fd;
	uint64_t offset; /* of the byte that it goes with, in all that was ever sent */
};

struct link {
	int fd;
	struct wire_buffer in, out;
	struct wire_strings strings;
	uint64_t n_sent;
	struct link_fd sending[LINK_MAX_FDS];
	size_t n_sending;
	int received[LINK_MAX_FDS];
	size_t n_received;
};

/* Takes fd, which is non-blocking. */
void link_open(struct link *link, int fd);
void link_close(struct link *link);

/* Reads what has come, a part of it at least. 1; 0: nothing has; -1: errno, 0 at the peer's end. */
int link_receive(struct link *link);

/* As wire_take(). */
int link_take(struct link *link, struct wire_message *message);

/* The descriptors that came with the message just taken; the caller's. -1: there are none. */
int link_take_fds(struct link *link, int fds[LINK_MESSAGE_FDS]);

/* As wire_put(); nothing is sent yet. */
int link_put(struct link *link, const struct wire_message *message);

/* The same with duplicates of fds. -1 also with EMFILE. */
int link_put_with_fds(
    struct link *link, const struct wire_message *message, const int fds[LINK_MESSAGE_FDS]);

static inline size_t link_pending_bytes(const struct link *link)
{
	return link->out.end - link->out.start;
}

/* Sends as much as the peer takes now. 0, or -1 with errno: the link is of no more use. */
int link_flush(struct link *link);

#endif
