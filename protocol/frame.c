/*
 * The splitter: one buffer, of which [start, end) is held and [start, scanned) is known to have no
 * newline. What is held moves to the buffer's beginning only when space runs out behind it, so the
 * moves cost no more than the reads. Knows neither sockets nor JSON.
 */
#include "protocol/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 8192  /* of a buffer */
#define WANTED_BYTES 4096 /* of space to read into, where the cap leaves that much */

void frame_init(struct frame *frame, size_t max_bytes)
{
	*frame = (struct frame){.max_bytes = max_bytes};
}

void frame_clear(struct frame *frame)
{
	free(frame->buffer);
	frame_init(frame, frame->max_bytes);
}

size_t frame_pending_bytes(const struct frame *frame)
{
	return frame->end - frame->start;
}

size_t frame_memory_bytes(const struct frame *frame)
{
	return frame->capacity_bytes;
}

static void move_to_front(struct frame *frame)
{
	if (frame->start == 0)
		return;
	memmove(frame->buffer, frame->buffer + frame->start, frame->end - frame->start);
	frame->scanned -= frame->start;
	frame->end -= frame->start;
	frame->start = 0;
}

/* Makes space for so many bytes behind what is held. */
static int make_space(struct frame *frame, size_t space_bytes)
{
	size_t needed, capacity;
	char *buffer;

	if (frame->capacity_bytes - frame->end >= space_bytes)
		return 0;
	move_to_front(frame);
	if (frame->capacity_bytes - frame->end >= space_bytes)
		return 0;
	needed = frame->end + space_bytes;
	capacity = frame->capacity_bytes > 0 ? frame->capacity_bytes * 2 : FIRST_BYTES;
	if (capacity > frame->max_bytes + 1)
		capacity = frame->max_bytes + 1;
	if (capacity < needed)
		capacity = needed;
	buffer = realloc(frame->buffer, capacity);
	if (!buffer) {
		errno = ENOMEM;
		return -1;
	}
	frame->buffer = buffer;
	frame->capacity_bytes = capacity;
	return 0;
}

static int check_length(const struct frame *frame)
{
	if (frame->scanned != frame->end || frame->end - frame->start <= frame->max_bytes)
		return 0;
	errno = EMSGSIZE;
	return -1;
}

char *frame_reserve(struct frame *frame, size_t *available_bytes)
{
	size_t held = frame->end - frame->start;
	size_t wanted = WANTED_BYTES;

	if (check_length(frame) < 0)
		return NULL;
	/* One byte above the cap is enough to tell that it was passed. */
	if (held <= frame->max_bytes && wanted > frame->max_bytes + 1 - held)
		wanted = frame->max_bytes + 1 - held;
	if (make_space(frame, wanted) < 0)
		return NULL;
	*available_bytes = frame->capacity_bytes - frame->end;
	return frame->buffer + frame->end;
}

void frame_commit(struct frame *frame, size_t size_bytes)
{
	frame->end += size_bytes;
}

int frame_feed(struct frame *frame, const void *bytes, size_t size_bytes)
{
	if (check_length(frame) < 0 || make_space(frame, size_bytes) < 0)
		return -1;
	if (size_bytes > 0)
		memcpy(frame->buffer + frame->end, bytes, size_bytes);
	frame->end += size_bytes;
	return 0;
}

enum frame_status frame_next(struct frame *frame, char **line, size_t *length_bytes)
{
	size_t unscanned = frame->end - frame->scanned;
	char *newline = NULL;
	size_t length;

	if (unscanned > 0)
		newline = memchr(frame->buffer + frame->scanned, '\n', unscanned);
	frame->scanned = newline ? (size_t)(newline - frame->buffer) : frame->end;
	length = frame->scanned - frame->start;
	if (length > frame->max_bytes)
		return FRAME_TOO_LONG;
	if (!newline) {
		if (length == 0)
			frame_clear(frame); /* so idle peers cost nothing */
		return FRAME_MORE;
	}
	*newline = '\0';
	*line = frame->buffer + frame->start;
	*length_bytes = length;
	frame->start = frame->scanned = frame->scanned + 1;
	return FRAME_LINE;
}
