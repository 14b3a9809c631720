/*
 * Erases the rows of the question, prints, and draws it again, in one write; where the display is
 * live, that has it as its last line. See prompt.h.
 */
#include "client/prompt.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/memory.h"
#include "client/wrap.h"

#define HELD_MAX                                                                                   \
	(64u << 10) /* bytes that are held back; then they are shown, and the question again */

struct prompt {
	struct output *out;
	struct live *live; /* which draws the question; NULL: it is drawn here */
	struct terminal *terminal;
	bool is_drawing; /* what is on the screen can be drawn anew */
	bool is_put, is_secret, is_hidden;
	bool is_wrap_redone;
	char *text;           /* of the question */
	char *typed;          /* of the answer, escaped; empty where that is not to be seen */
	size_t drawn_columns; /* of the terminal when it was drawn */
	FILE *held;           /* what standard output would get; NULL: it is not held back */
	char *held_text;
	size_t held_size;
};

struct prompt *prompt_new(struct output *out, struct live *live)
{
	const char *term = getenv("TERM");
	struct terminal *terminal = terminal_open();
	struct prompt *prompt;

	if (!terminal)
		return NULL;
	prompt = memory_alloc(sizeof(*prompt));
	prompt->out = out;
	prompt->terminal = terminal;
	prompt->is_drawing = term && *term && strcmp(term, "dumb") != 0;
	prompt->is_wrap_redone = wrap_is_redone();
	prompt->live = prompt->is_drawing && live_can_ask(live) ? live : NULL;
	return prompt;
}

void prompt_free(struct prompt *prompt)
{
	prompt_take_away(prompt, false);
	terminal_close(prompt->terminal);
	free(prompt);
}

bool prompt_is_ours(const struct prompt *prompt)
{
	return terminal_is_ours(prompt->terminal);
}

bool prompt_is_in_live(const struct prompt *prompt)
{
	return prompt->live != NULL;
}

int prompt_get_fd(const struct prompt *prompt)
{
	return prompt->is_put ? terminal_get_fd(prompt->terminal) : -1;
}

/* ---- standard output while a question is there ---- */

static void hold_output(struct prompt *prompt)
{
	if (!prompt->out->is_terminal || prompt->live)
		return;
	prompt->held = open_memstream(&prompt->held_text, &prompt->held_size);
	if (prompt->held)
		prompt->out->stream = prompt->held;
}

/* What was held back, in *size bytes; new, or NULL. Nothing is held back any more. */
static char *release_output(struct prompt *prompt, size_t *size)
{
	*size = 0;
	if (!prompt->held)
		return NULL;
	prompt->out->stream = stdout;
	fclose(prompt->held);
	prompt->held = NULL;
	*size = prompt->held_size;
	return prompt->held_text;
}

/* ---- what is on the screen ---- */

static void draw(struct prompt *prompt, FILE *stream, size_t columns)
{
	fprintf(stream, "%s%s", prompt->text, prompt->typed);
	prompt->drawn_columns = columns;
	prompt->is_hidden = false;
}

static void free_confidential(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void erase(const struct prompt *prompt, FILE *stream, const struct winsize *size)
{
	size_t columns = prompt->is_wrap_redone ? size->ws_col : prompt->drawn_columns, n_rows;
	char *all = memory_print("%s%s", prompt->text, prompt->typed);

	n_rows = wrap_count_rows(all, columns);
	free_confidential(all);
	if (size->ws_row > 0 && n_rows > size->ws_row) /* the rest has scrolled up, for good */
		n_rows = size->ws_row;
	putc('\r', stream);
	if (n_rows > 1)
		fprintf(stream, "\033[%zuA", n_rows - 1);
	fputs("\033[J", stream);
}

static void set_typed(struct prompt *prompt, char *typed)
{
	free_confidential(prompt->typed);
	prompt->typed = typed;
}

static void put_in_live(const struct prompt *prompt)
{
	char *all = memory_print("%s%s", prompt->text, prompt->typed);

	live_put_question(prompt->live, all);
	free_confidential(all);
}

struct change {
	const char *lines; /* to be printed above it */
	size_t size;
	char *typed;          /* instead of what was; taken; NULL: no other */
	bool is_to_be_hidden; /* rather than shown again */
};

/* Takes the question from the screen and shows it again, changed. */
static void redraw(struct prompt *prompt, struct change change)
{
	struct winsize size = {0};
	char *text = NULL;
	size_t text_size;
	FILE *stream = open_memstream(&text, &text_size);

	if (!stream)
		memory_refused();
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	if (!prompt->is_hidden && prompt->is_drawing)
		erase(prompt, stream, &size);
	else if (!prompt->is_hidden)
		putc('\n', stream);
	prompt->is_hidden = true;
	if (change.size > 0)
		fwrite(change.lines, 1, change.size, stream);
	if (change.typed)
		set_typed(prompt, change.typed);
	if (!change.is_to_be_hidden)
		draw(prompt, stream, size.ws_col);
	if (fclose(stream) != 0)
		memory_refused();
	fflush(stdout);
	fwrite(text, 1, text_size, stderr);
	fflush(stderr);
	explicit_bzero(text, text_size);
	free(text);
}

/* Whether lines can come above it now. */
static bool has_room_above(const struct prompt *prompt)
{
	struct pollfd polled = {STDERR_FILENO, POLLOUT, 0};

	/* Whoever waits for a terminal that is stopped hears no signals. */
	return prompt->is_drawing && prompt->is_put && poll(&polled, 1, 0) > 0;
}

void prompt_say(const struct prompt *prompt, const char *line)
{
	if (!prompt->live)
		fflush(stdout);
	fprintf(prompt->live ? live_get_stream(prompt->live) : stderr, "%s\n", line);
}

void prompt_set_waiting(struct prompt *prompt, size_t n_questions)
{
	if (prompt->live)
		live_set_questions(prompt->live, n_questions);
}

void prompt_hide(struct prompt *prompt)
{
	live_hide(prompt->live);
	if (!prompt->live && prompt->is_put && !prompt->is_hidden)
		redraw(prompt, (struct change){.is_to_be_hidden = true});
}

void prompt_resize(struct prompt *prompt)
{
	/* Without drawing the terminal shows what is typed, and we could not again. */
	if (prompt->is_drawing && !prompt->live)
		prompt_hide(prompt);
}

void prompt_turn(struct prompt *prompt)
{
	char *lines;
	size_t size;

	if (!prompt->is_put || prompt->live)
		return;
	if (prompt->held && fflush(prompt->held) == 0 &&
	    (prompt->held_size > HELD_MAX || (prompt->held_size > 0 && has_room_above(prompt)))) {
		lines = release_output(prompt, &size);
		redraw(prompt, (struct change){.lines = lines, .size = size});
		free(lines);
		hold_output(prompt);
	} else if (prompt->is_hidden) {
		redraw(prompt, (struct change){0});
	}
}

/* ---- from the question to the answer ---- */

/* is_kept: what the live display has of it stays on the screen. */
static void forget(struct prompt *prompt, bool is_kept)
{
	if (prompt->live)
		live_end_question(prompt->live, is_kept);
	free(prompt->text);
	prompt->text = NULL;
	set_typed(prompt, NULL);
}

int prompt_put(struct prompt *prompt, const char *text, bool is_secret)
{
	enum terminal_way way = prompt->is_drawing ? TERMINAL_TELLS
	                        : is_secret        ? TERMINAL_CONCEALS
	                                           : TERMINAL_SHOWS;

	prompt->text = memory_copy(text);
	prompt->typed = memory_copy("");
	if (prompt->live) /* which changes the modes no more */
		put_in_live(prompt);
	if (terminal_begin(prompt->terminal, way) < 0) {
		forget(prompt, false);
		return -1;
	}
	prompt->is_put = prompt->is_hidden = true;
	prompt->is_secret = is_secret;
	if (!prompt->live)
		redraw(prompt, (struct change){0});
	hold_output(prompt);
	return 0;
}

void prompt_take_away(struct prompt *prompt, bool is_line_ended)
{
	char *lines;
	size_t size;

	if (!prompt->is_put)
		return;
	prompt->is_put = false;
	terminal_end(prompt->terminal);
	if (!prompt->live && !prompt->is_hidden && (!is_line_ended || prompt->is_drawing))
		putc('\n', stderr);
	fflush(stderr);
	forget(prompt, true);
	lines = release_output(prompt, &size);
	if (lines)
		fwrite(lines, 1, size, stdout);
	fflush(stdout);
	free(lines);
}

/* Shows what there is of the answer: the new end of it alone, if that is all that has changed. */
static void show_typed(struct prompt *prompt, const char *text)
{
	char *typed = output_escape(text, strlen(text), 0);
	size_t length = strlen(prompt->typed);

	if (prompt->live) {
		set_typed(prompt, typed);
		put_in_live(prompt);
		return;
	}
	if (prompt->is_hidden || strlen(typed) <= length ||
	    strncmp(typed, prompt->typed, length) != 0) {
		redraw(prompt, (struct change){.typed = typed});
		return;
	}
	fputs(typed + length, stderr);
	fflush(stderr);
	set_typed(prompt, typed);
}

enum terminal_event prompt_read(struct prompt *prompt, const char **text)
{
	enum terminal_event event = terminal_read(prompt->terminal, text);

	/* A line may be typed, or pasted, with its end at once. */
	if (prompt->is_drawing && !prompt->is_secret &&
	    (event == TERMINAL_CHANGED || event == TERMINAL_LINE))
		show_typed(prompt, *text);
	return event;
}
