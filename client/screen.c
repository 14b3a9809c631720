/*
 * Draws with the few control sequences that all terminals of today have in common, and writes to a
 * description of its own that does not block; see screen.h.
 */
#include "client/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "client/memory.h"
#include "client/modes.h"

#define COLUMNS_MAX 1000
#define ROWS_MAX 500
/* A terminal that takes nothing for so long is left as it is. */
#define STOPPED_MS 1000

/* The alternate screen, without a cursor and without breaking lines; and back. Where there is no
 * alternate one, the one that there is is left empty. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[0m\033[H\033[2J"
#define LEAVE "\033[0m\033[H\033[2J\033[?7h\033[?25h\033[?1049l"

struct screen {
	int fd;
	bool is_entered;
	struct termios before; /* its modes as they were */
	bool keeps_before;     /* they are these still, whatever they are when it is entered next */
	char **lines;          /* what is there; NULL: not known */
	size_t n_lines;
	char *unsent; /* what it has not taken */
	size_t unsent_size;
};

bool screen_is_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

static void send(struct screen *screen, const char *text, size_t size)
{
	screen->unsent = memory_grow(screen->unsent, screen->unsent_size + size + 1, 1);
	memcpy(screen->unsent + screen->unsent_size, text, size);
	screen->unsent_size += size;
	screen_flush(screen);
}

void screen_flush(struct screen *screen)
{
	size_t n_sent = 0;

	while (n_sent < screen->unsent_size) {
		ssize_t n =
		    write(screen->fd, screen->unsent + n_sent, screen->unsent_size - n_sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			n_sent = screen->unsent_size; /* it is gone; SIGHUP tells */
		if (n < 0)
			break;
		n_sent += (size_t)n;
	}
	screen->unsent_size -= n_sent;
	if (screen->unsent_size > 0)
		memmove(screen->unsent, screen->unsent + n_sent, screen->unsent_size);
}

int screen_get_unsent_fd(const struct screen *screen)
{
	return screen->unsent_size > 0 ? screen->fd : -1;
}

struct screen *screen_open(void)
{
	struct termios before;
	struct screen *screen;
	int fd;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return NULL;
	fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) /* another user's terminal: this one may block */
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return NULL;
	screen = memory_alloc(sizeof(*screen));
	screen->fd = fd;
	screen->before = before;
	screen_enter(screen);
	return screen;
}

bool screen_enter(struct screen *screen)
{
	struct termios modes;

	if (screen->is_entered)
		return true;
	if (!modes_are_ours(STDIN_FILENO))
		return false;
	if (!screen->keeps_before)
		tcgetattr(STDIN_FILENO, &screen->before);
	screen->keeps_before = false;
	modes = screen->before;
	modes.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR);
	modes.c_oflag |= OPOST;
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	modes.c_lflag |= ISIG;
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	modes_set(STDIN_FILENO, TCSANOW, &modes);
	screen->is_entered = true;
	send(screen, ENTER, strlen(ENTER));
	screen_forget(screen);
	return true;
}

void screen_leave(struct screen *screen)
{
	if (!screen->is_entered)
		return;
	screen->is_entered = false;
	send(screen, LEAVE, strlen(LEAVE));
	while (screen->unsent_size > 0) {
		struct pollfd polled = {screen->fd, POLLOUT, 0};

		if (poll(&polled, 1, STOPPED_MS) <= 0)
			break;
		screen_flush(screen);
	}
	modes_set(STDIN_FILENO, TCSANOW, &screen->before);
	screen_forget(screen);
}

void screen_lend(struct screen *screen)
{
	screen_leave(screen);
	screen->keeps_before = true;
}

void screen_lose(struct screen *screen)
{
	if (!screen->is_entered)
		return;
	screen->is_entered = false;
	screen->keeps_before = true;
	screen->unsent_size = 0;
	screen_forget(screen);
}

bool screen_is_entered(const struct screen *screen)
{
	return screen->is_entered;
}

void screen_close(struct screen *screen)
{
	if (!screen)
		return;
	screen_leave(screen);
	screen_forget(screen);
	close(screen->fd);
	free(screen->unsent);
	free(screen);
}

void screen_get_size(const struct screen *screen, size_t *columns, size_t *rows)
{
	struct winsize size = {0};

	if (ioctl(screen->fd, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){0};
	*columns = size.ws_col == 0 ? 80 : size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
	*rows = size.ws_row == 0 ? 24 : size.ws_row < ROWS_MAX ? size.ws_row : ROWS_MAX;
}

static void free_lines(char **lines, size_t n_lines)
{
	for (size_t i = 0; lines && i < n_lines; i++)
		free(lines[i]);
	free(lines);
}

void screen_forget(struct screen *screen)
{
	free_lines(screen->lines, screen->n_lines);
	screen->lines = NULL;
	screen->n_lines = 0;
}

/* Composes what turns the lines that are there into these. */
static void put_changes(const struct screen *screen, FILE *stream, char **lines, size_t n_lines)
{
	if (!screen->lines)
		fputs("\033[H\033[2J", stream);
	for (size_t i = 0; i < n_lines; i++) {
		const char *there = screen->lines && i < screen->n_lines ? screen->lines[i] : "";

		/* Erased first: what fills the line leaves the cursor in its last cell. */
		if (strcmp(there, lines[i]) != 0)
			fprintf(stream, "\033[%zuH\033[K%s", i + 1, lines[i]);
	}
	if (n_lines < screen->n_lines)
		fprintf(stream, "\033[%zuH\033[J", n_lines + 1);
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *stream = open_memstream(text, size);

	if (!stream)
		memory_refused();
	return stream;
}

/* What does that, as text. New. */
static char *compose(const struct screen *screen, char **lines, size_t n_lines)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_text(&text, &size);

	put_changes(screen, stream, lines, n_lines);
	if (fclose(stream) != 0)
		memory_refused();
	return text;
}

void screen_draw(struct screen *screen, char **lines, size_t n_lines)
{
	char *text;

	if (!screen->is_entered || screen->unsent_size > 0) {
		free_lines(lines, n_lines);
		return;
	}
	text = compose(screen, lines, n_lines);
	if (text[0])
		send(screen, text, strlen(text));
	free(text);
	screen_forget(screen);
	screen->lines = lines;
	screen->n_lines = n_lines;
}
