/*
 * The splitter of a stream into lines: pieces of every size, the cap, memory, and time that does
 * not depend on how the bytes arrive.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"

static void expect_line(struct frame *frame, const char *text, size_t length)
{
	char *line;
	size_t got;

	cr_assert_eq(frame_next(frame, &line, &got), FRAME_LINE);
	cr_assert_eq(got, length);
	cr_assert_eq(memcmp(line, text, length), 0);
	cr_assert_eq(line[got], '\0');
}

static void expect_status(struct frame *frame, enum frame_status status)
{
	char *line;
	size_t got;

	cr_assert_eq(frame_next(frame, &line, &got), status);
}

static void feed(struct frame *frame, const char *text)
{
	cr_assert_eq(frame_feed(frame, text, strlen(text)), 0);
}

Test(frame, nothing_is_held_before_anything_came)
{
	struct frame frame;

	frame_init(&frame, 100);
	cr_assert_eq(frame_memory_bytes(&frame), 0);
	expect_status(&frame, FRAME_MORE);
	cr_assert_eq(frame_feed(&frame, NULL, 0), 0);
	expect_status(&frame, FRAME_MORE);
	frame_clear(&frame);
}

Test(frame, several_lines_of_one_piece)
{
	struct frame frame;

	frame_init(&frame, 100);
	feed(&frame, "one\n\nthree\nfo");
	expect_line(&frame, "one", 3);
	expect_line(&frame, "", 0);
	expect_line(&frame, "three", 5);
	expect_status(&frame, FRAME_MORE);
	cr_assert_eq(frame_pending_bytes(&frame), 2);
	feed(&frame, "ur\n");
	expect_line(&frame, "four", 4);
	expect_status(&frame, FRAME_MORE);
	frame_clear(&frame);
}

Test(frame, byte_by_byte_gives_the_same)
{
	static const char stream[] = "a\nbb\n\nccc\n";
	static const char *const lines[] = {"a", "bb", "", "ccc"};
	struct frame frame;
	size_t i, count = 0;

	frame_init(&frame, 3);
	for (i = 0; i < sizeof(stream) - 1; i++) {
		cr_assert_eq(frame_feed(&frame, stream + i, 1), 0);
		if (stream[i] == '\n') {
			expect_line(&frame, lines[count], strlen(lines[count]));
			count++;
		}
		expect_status(&frame, FRAME_MORE);
	}
	cr_assert_eq(count, 4);
	frame_clear(&frame);
}

Test(frame, a_line_may_hold_nul)
{
	struct frame frame;

	frame_init(&frame, 100);
	cr_assert_eq(frame_feed(&frame, "a\0b\n", 4), 0);
	expect_line(&frame, "a\0b", 3);
	frame_clear(&frame);
}

Test(frame, the_cap_is_exact)
{
	struct frame frame;

	frame_init(&frame, 4);
	feed(&frame, "1234");
	expect_status(&frame, FRAME_MORE);
	feed(&frame, "\n12345\nrest\n");
	expect_line(&frame, "1234", 4);
	expect_status(&frame, FRAME_TOO_LONG);
	expect_status(&frame, FRAME_TOO_LONG);
	frame_clear(&frame);
	feed(&frame, "again\n");
	expect_status(&frame, FRAME_TOO_LONG);
	frame_clear(&frame);
	feed(&frame, "now\n");
	expect_line(&frame, "now", 3);
	frame_clear(&frame);
}

Test(frame, half_a_line_above_the_cap_takes_no_more)
{
	struct frame frame;
	size_t space;

	frame_init(&frame, 4);
	feed(&frame, "12345");
	expect_status(&frame, FRAME_TOO_LONG);
	cr_assert_null(frame_reserve(&frame, &space));
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(frame_feed(&frame, "6", 1), -1);
	cr_assert_eq(errno, EMSGSIZE);
	frame_clear(&frame);
}

/* As a session does it: reserve, read, commit; with lines that do not fit the reads. */
Test(frame, a_long_stream_through_reserved_space)
{
	enum { LINES = 200000 };
	struct frame frame;
	char text[64], *line;
	size_t space, length, size = 0, offset = 0, got = 0;
	char *stream = malloc((size_t)LINES * sizeof(text));
	size_t i;

	for (i = 0; i < LINES; i++)
		size += (size_t)sprintf(stream + size, "line %zu%.*s\n", i, (int)(i % 30),
		    "------------------------------");
	frame_init(&frame, 100);
	while (offset < size) {
		char *free_space = frame_reserve(&frame, &space);

		cr_assert_not_null(free_space);
		cr_assert_gt(space, 0);
		if (space > size - offset)
			space = size - offset;
		memcpy(free_space, stream + offset, space);
		frame_commit(&frame, space);
		offset += space;
		while (frame_next(&frame, &line, &length) == FRAME_LINE) {
			sprintf(text, "line %zu%.*s", got, (int)(got % 30),
			    "------------------------------");
			cr_assert_str_eq(line, text);
			got++;
		}
		cr_assert_leq(frame_memory_bytes(&frame), 64 * 1024);
	}
	cr_assert_eq(got, LINES);
	cr_assert_eq(frame_memory_bytes(&frame), 0, "an idle splitter holds memory");
	free(stream);
	frame_clear(&frame);
}

Test(frame, a_large_line_is_bounded_and_given_back)
{
	enum { CAP = 1 << 20 };
	struct frame frame;
	size_t space, length, fed = 0;
	char *line, *free_space;

	frame_init(&frame, CAP);
	while (fed < CAP) {
		free_space = frame_reserve(&frame, &space);
		cr_assert_not_null(free_space);
		if (space > CAP - fed)
			space = CAP - fed;
		memset(free_space, 'x', space);
		frame_commit(&frame, space);
		fed += space;
		expect_status(&frame, FRAME_MORE);
		cr_assert_leq(frame_memory_bytes(&frame), CAP + 1);
	}
	free_space = frame_reserve(&frame, &space);
	cr_assert_eq(space, 1);
	*free_space = '\n';
	frame_commit(&frame, 1);
	cr_assert_eq(frame_next(&frame, &line, &length), FRAME_LINE);
	cr_assert_eq(length, CAP);
	expect_status(&frame, FRAME_MORE);
	cr_assert_eq(frame_memory_bytes(&frame), 0);
	frame_clear(&frame);
}

/* 4 MiB in pieces of one byte: with a look over everything at each piece this would take hours. */
Test(frame, small_pieces_of_a_large_line_take_linear_time, .timeout = 60)
{
	enum { SIZE = 4 << 20 };
	struct frame frame;
	size_t i;

	frame_init(&frame, SIZE);
	for (i = 0; i < SIZE; i++) {
		cr_assert_eq(frame_feed(&frame, "x", 1), 0);
		expect_status(&frame, FRAME_MORE);
	}
	cr_assert_eq(frame_feed(&frame, "\n", 1), 0);
	expect_status(&frame, FRAME_LINE);
	frame_clear(&frame);
}
