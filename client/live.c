/*
 * Draws frames: what is to scroll up is printed over the last one, and the next below it, all in
 * one write that does not block; what the terminal does not take then comes before the next frame.
 * The cursor stays visible, at the end of the last line, where somebody may be asked; all that is
 * to be restored is the echo.
 */
#include "client/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/live_frame.h"
#include "client/memory.h"
#include "client/modes.h"
#include "client/progress.h"
#include "client/wrap.h"

#define FRAME_MS 100
/* Until then it is likely that nobody looks. */
#define FIRST_FRAME_MS 100
#define DURATIONS_AFTER_MS 500
#define DURATIONS_MAX 500
/* A terminal that takes nothing for so long is stopped; what it gets at last can be blocking. */
#define STOPPED_MS 1000

struct live {
	const struct output *output;
	struct progress progress;
	size_t columns, rows;
	bool is_utf8;
	unsigned tick;
	long long begun_ms, drawn_ms; /* of the monotonic clock */
	int fd;       /* of the terminal, not blocking; -1: standard output as it is */
	char *unsent; /* what it has not taken */
	size_t unsent_size;
	struct live_frame frame; /* what is drawn */
	size_t drawn_columns;    /* and how wide the terminal was then */
	bool is_wrap_redone;
	char *question;         /* the line below the frame, or NULL */
	bool is_question_drawn; /* it is the last line of what is drawn */
	size_t n_questions;     /* that wait behind it */
	tcflag_t echo;          /* taken from the terminal: keys would move the cursor away */
	FILE *stream;           /* what is to scroll up */
	char *pending;
	size_t pending_size;
};

static long long clock_ms(void)
{
	return (long long)(clock_s(CLOCK_MONOTONIC) * 1e3);
}

bool live_is_possible(const struct output *output)
{
	const char *term = getenv("TERM");

	return output->is_terminal && term && *term && strcmp(term, "dumb") != 0;
}

static void open_pending(struct live *live)
{
	live->pending = NULL;
	live->pending_size = 0;
	live->stream = open_memstream(&live->pending, &live->pending_size);
	if (!live->stream)
		memory_refused();
}

static void look_at_size(struct live *live)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){0};
	live->columns = size.ws_col > 0             ? size.ws_col
	                : live->output->columns > 0 ? live->output->columns
	                                            : 80;
	live->rows = size.ws_row > 0 ? size.ws_row : 24;
}

/* A description of its own: that it does not block is nobody else's affair. */
static int open_terminal(void)
{
	if (!isatty(STDOUT_FILENO))
		return -1;
	return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

struct live *live_new(const struct output *output)
{
	struct live *live = memory_alloc(sizeof(*live));

	live->output = output;
	live->is_utf8 = output_is_utf8();
	live->begun_ms = clock_ms();
	live->fd = open_terminal();
	live->is_wrap_redone = wrap_is_redone();
	progress_init(&live->progress);
	look_at_size(live);
	open_pending(live);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	live_hide(live);
	/* Whoever waits for a terminal that is stopped can be interrupted here. */
	if (live->unsent_size > 0)
		fwrite(live->unsent, 1, live->unsent_size, live->output->stream);
	fflush(live->output->stream);
	fclose(live->stream);
	free(live->pending);
	free(live->unsent);
	free(live->question);
	live_frame_clear(&live->frame);
	if (live->fd >= 0)
		close(live->fd);
	progress_clear(&live->progress);
	free(live);
}

FILE *live_get_stream(struct live *live)
{
	return live->stream;
}

void live_note(struct live *live, const json_t *view)
{
	progress_note(&live->progress, view);
}

void live_begin_snapshot(struct live *live)
{
	if (live)
		progress_begin_snapshot(&live->progress);
}

void live_end_snapshot(struct live *live)
{
	if (live)
		progress_end_snapshot(&live->progress);
}

bool live_has(const struct live *live, json_int_t exec)
{
	return live && progress_has(&live->progress, exec);
}

void live_note_durations(struct live *live, const json_t *durations)
{
	if (live)
		progress_note_durations(&live->progress, durations);
}

json_t *live_wanted_durations(struct live *live)
{
	json_t *names;

	if (!live || live->progress.n_unasked == 0 ||
	    clock_ms() - live->begun_ms < DURATIONS_AFTER_MS)
		return NULL;
	names = progress_wanted_durations(&live->progress, DURATIONS_MAX);
	if (json_array_size(names) > 0)
		return names;
	json_decref(names);
	return NULL;
}

/* ---- frames ---- */

/* A terminal that has become narrower may have broken the lines. */
static size_t count_rows(const struct live *live)
{
	size_t columns = live->is_wrap_redone ? live->columns : live->drawn_columns, n_rows = 0;

	for (size_t i = 0; i < live->frame.n_lines; i++)
		n_rows += wrap_count_rows(live->frame.lines[i], columns);
	return n_rows;
}

/* Composes text: to the frame's first line; what is to scroll up, in place of what was there. */
static void put_above(struct live *live, FILE *stream)
{
	size_t n_rows = count_rows(live);

	if (n_rows > live->rows) /* the rest has scrolled up, for good */
		n_rows = live->rows;
	if (n_rows > 0)
		putc('\r', stream);
	if (n_rows > 1)
		fprintf(stream, "\033[%zuA", n_rows - 1);
	/* What is written over a row that was broken would stay one line with the next row. */
	if (n_rows > 0 && live->columns != live->drawn_columns)
		fputs("\033[J", stream);
	if (fclose(live->stream) != 0)
		memory_refused();
	for (size_t i = 0; i < live->pending_size; i++) {
		if (live->pending[i] == '\n' && n_rows > 0)
			fputs("\033[K", stream);
		putc(live->pending[i], stream);
	}
	free(live->pending);
	open_pending(live);
	live_frame_clear(&live->frame);
}

/* The frame for the rows that the question leaves. */
static void make_frame(struct live *live)
{
	size_t n_taken = live->question ? wrap_count_rows(live->question, live->columns) : 0;
	struct live_place place = {.output = live->output,
	    .columns = live->columns,
	    .rows = live->rows > n_taken ? live->rows - n_taken : 0,
	    .is_utf8 = live->is_utf8,
	    .now_s = clock_s(CLOCK_REALTIME),
	    .tick = live->tick++,
	    .n_questions = live->n_questions};

	live->drawn_columns = live->columns;
	if (place.rows > 0)
		live_frame_make(&live->frame, &live->progress, &place);
}

/* The lines of a frame; none of them breaks, whatever the terminal thinks of their width. Only the
 * question does. */
static void put_frame(struct live *live, FILE *stream)
{
	struct live_frame *frame = &live->frame;

	make_frame(live);
	fputs("\033[?7l", stream);
	for (size_t i = 0; i < frame->n_lines; i++)
		fprintf(stream, "%s%s%s", i > 0 ? "\n" : "", frame->lines[i],
		    i + 1 < frame->n_lines ? "\033[K" : "");
	fputs("\033[J\033[?7h", stream);
	live->is_question_drawn = live->question != NULL;
	if (!live->question)
		return;
	fprintf(stream, "%s%s", frame->n_lines > 0 ? "\n" : "", live->question);
	frame->lines[frame->n_lines++] = memory_copy(live->question);
}

static void add_unsent(struct live *live, const char *text, size_t size)
{
	live->unsent = memory_grow(live->unsent, live->unsent_size + size + 1, 1);
	memcpy(live->unsent + live->unsent_size, text, size);
	live->unsent_size += size;
}

/* Sends what is unsent, as far as the terminal takes it. Whether that was all. */
static bool send_unsent(struct live *live)
{
	size_t n_sent = 0;

	if (live->fd < 0 && live->unsent_size > 0) { /* no terminal: a file or a pipe */
		fwrite(live->unsent, 1, live->unsent_size, live->output->stream);
		fflush(live->output->stream);
		n_sent = live->unsent_size;
	}
	while (n_sent < live->unsent_size) {
		ssize_t n = write(live->fd, live->unsent + n_sent, live->unsent_size - n_sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			n_sent = live->unsent_size; /* it is gone */
		if (n < 0)
			break;
		n_sent += (size_t)n;
	}
	live->unsent_size -= n_sent;
	if (live->unsent_size > 0)
		memmove(live->unsent, live->unsent + n_sent, live->unsent_size);
	return live->unsent_size == 0;
}

/* Adds to what is unsent what compose makes. */
static void compose(struct live *live, bool has_frame)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		memory_refused();
	look_at_size(live);
	put_above(live, stream);
	if (has_frame)
		put_frame(live, stream);
	else
		fputs("\033[J", stream);
	if (fclose(stream) != 0)
		memory_refused();
	add_unsent(live, text, size);
	free(text);
}

/* In the background the terminal is another job's. */
static bool is_in_background(void)
{
	pid_t foreground = tcgetpgrp(STDOUT_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

/* Whether a question takes all rows and is there: it would scroll up each time that it is drawn. */
static bool is_filled(struct live *live)
{
	look_at_size(live);
	fflush(live->stream);
	return live->question && live->frame.n_lines == 1 && live->is_question_drawn &&
	       live->pending_size == 0 && live->columns == live->drawn_columns &&
	       strcmp(live->frame.lines[0], live->question) == 0 &&
	       wrap_count_rows(live->question, live->columns) >= live->rows;
}

void live_draw(struct live *live)
{
	if (!live || live_get_timeout_ms(live) != 0)
		return;
	live->drawn_ms = clock_ms();
	if (!send_unsent(live) || is_filled(live))
		return;
	if (is_in_background() && live->frame.n_lines == 0) {
		fflush(live->stream);
		add_unsent(live, live->pending, live->pending_size);
		fclose(live->stream);
		free(live->pending);
		open_pending(live);
	} else {
		compose(live, true);
	}
	/* Each time: somebody may have had the terminal since. */
	if (live->frame.n_lines > 0 && !live->question)
		modes_take_echo(STDOUT_FILENO, &live->echo);
	send_unsent(live);
}

int live_get_timeout_ms(const struct live *live)
{
	long long due_ms, left_ms;

	if (!live)
		return -1;
	due_ms = live->drawn_ms > 0 ? live->drawn_ms + FRAME_MS : live->begun_ms + FIRST_FRAME_MS;
	left_ms = due_ms - clock_ms();
	return left_ms > 0 ? (int)left_ms : 0;
}

void live_hide(struct live *live)
{
	if (!live)
		return;
	fflush(live->stream);
	if (live->frame.n_lines > 0 || live->pending_size > 0)
		compose(live, false);
	modes_give_echo(STDOUT_FILENO, &live->echo);
	while (!send_unsent(live)) {
		struct pollfd polled = {live->fd, POLLOUT, 0};

		if (poll(&polled, 1, STOPPED_MS) <= 0)
			return;
	}
}

void live_resize(struct live *live)
{
	if (live && live->frame.n_lines > 0)
		live->drawn_ms = 0; /* at once: what is there may be broken */
}

void live_continue(struct live *live)
{
	if (!live || live->frame.n_lines == 0)
		return;
	live_frame_clear(&live->frame); /* others have written below it since */
	fputs("\n", live->stream);
}

/* ---- the question below the frame ---- */

bool live_can_ask(const struct live *live)
{
	return live && live->fd >= 0;
}

/* Writes where the cursor is what the question has now at its end, if that is all that changes. */
static bool extend_question(struct live *live, const char *text)
{
	struct live_frame *frame = &live->frame;
	size_t length, columns = live->drawn_columns;
	char **drawn;

	if (frame->n_lines == 0 || !live->is_question_drawn || live->unsent_size > 0)
		return false;
	drawn = &frame->lines[frame->n_lines - 1];
	length = strlen(*drawn);
	if (strncmp(text, *drawn, length) != 0)
		return false;
	/* A row more is the frame's. */
	if (frame->n_lines > 1 &&
	    wrap_count_rows(text, columns) != wrap_count_rows(*drawn, columns))
		return false;
	add_unsent(live, text + length, strlen(text + length));
	send_unsent(live);
	free(*drawn);
	*drawn = memory_copy(text);
	return true;
}

void live_put_question(struct live *live, const char *text)
{
	char *question = memory_copy(text);

	modes_give_echo(STDOUT_FILENO, &live->echo);
	if (!extend_question(live, question))
		live->drawn_ms = 0; /* at once: somebody types */
	free(live->question);
	live->question = question;
}

void live_end_question(struct live *live, bool is_kept)
{
	if (live->question && is_kept)
		fprintf(live->stream, "%s\n", live->question);
	free(live->question);
	live->question = NULL;
	if (live->frame.n_lines > 0) /* also until the next frame */
		modes_take_echo(STDOUT_FILENO, &live->echo);
}

void live_set_questions(struct live *live, size_t n_questions)
{
	live->n_questions = n_questions;
}
