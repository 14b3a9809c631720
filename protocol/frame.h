/*
 * Splits a stream of bytes into lines, one message each. Knows neither sockets nor JSON.
 *
 * Memory is bounded by the cap, and given back once a large message has been consumed. Each byte is
 * looked at once, however small the pieces are that it comes in. Typical use:
 *
 *	char *space = frame_reserve(&frame, &size);
 *	frame_commit(&frame, read(fd, space, size));
 *	while (frame_next(&frame, &line, &length) == FRAME_LINE)
 *		…
 */
#ifndef PARPROC_PROTOCOL_FRAME_H
#define PARPROC_PROTOCOL_FRAME_H

#include <stddef.h>

struct frame {
	char *buffer;
	size_t capacity_bytes;
	size_t max_bytes; /* of a line */
	size_t start;     /* where the first byte not yet given out is */
	size_t scanned;   /* no newline between start and here */
	size_t end;       /* of what has been filled in */
};

enum frame_status {
	FRAME_LINE,     /* a line was given out */
	FRAME_MORE,     /* none complete: feed more */
	FRAME_TOO_LONG, /* the line passed the cap; nothing more can be read from this stream */
};

/* An empty splitter for lines of at most max_bytes, newline not counted. Allocates nothing. */
void frame_init(struct frame *frame, size_t max_bytes);

/* Frees what it holds; it is empty then and can be used again. */
void frame_clear(struct frame *frame);

/* Where to read the next bytes to, and how many fit (never 0). The space belongs to the frame and
 * is valid until its next call; lines given out before are not any more. NULL: no memory, or the
 * line is too long already (errno is ENOMEM or EMSGSIZE); what is held stays. */
char *frame_reserve(struct frame *frame, size_t *available_bytes);

/* So many bytes of the reserved space were filled in. */
void frame_commit(struct frame *frame, size_t size_bytes);

/* Copies bytes in: reserve and commit in one. 0, or -1 with errno ENOMEM or EMSGSIZE, with nothing
 * of them taken. Must be followed by frame_next() until it says FRAME_MORE. */
int frame_feed(struct frame *frame, const void *bytes, size_t size_bytes);

/* The next complete line, without its newline and with a NUL behind it (it may contain others). It
 * is inside the frame's buffer, may be changed, and is valid until the next reserve, feed or clear.
 */
enum frame_status frame_next(struct frame *frame, char **line, size_t *length_bytes);

/* Bytes of half a line that wait for the rest, for accounting over many peers. */
size_t frame_pending_bytes(const struct frame *frame);

/* Bytes of memory that it holds. */
size_t frame_memory_bytes(const struct frame *frame);

#endif
