/*
 * Reads lines from the terminal: in its own line mode, or key by key where it has to be known what
 * there is of a line. It uses a description of its own: that it does not block is nobody else's
 * affair. Knows nothing of what is asked.
 */
#include "client/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "client/entry.h"
#include "client/memory.h"
#include "client/modes.h"

#define CHUNK_SIZE 4096

struct terminal {
	int fd;
	bool is_begun;
	enum terminal_way way;
	struct termios before; /* while is_begun: its modes as they were */
	struct entry entry;    /* a terminal itself holds 4 KiB of a line */
};

struct terminal *terminal_open(void)
{
	struct terminal *terminal;
	int fd;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return NULL;
	fd = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) /* another user's terminal: two that read the same line may block */
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return NULL;
	terminal = memory_alloc(sizeof(*terminal));
	terminal->fd = fd;
	return terminal;
}

void terminal_close(struct terminal *terminal)
{
	if (!terminal)
		return;
	terminal_end(terminal);
	close(terminal->fd);
	free(terminal);
}

bool terminal_is_ours(const struct terminal *terminal)
{
	return modes_are_ours(terminal->fd);
}

int terminal_begin(struct terminal *terminal, enum terminal_way way)
{
	struct termios modes;

	entry_clear(&terminal->entry);
	if (tcgetattr(terminal->fd, &terminal->before) < 0)
		return -1;
	modes = terminal->before;
	modes.c_iflag |= ICRNL;
	modes.c_lflag |= ICANON | ISIG | ECHO | ECHOE | ECHONL;
	if (way != TERMINAL_SHOWS)
		modes.c_lflag &= ~(tcflag_t)ECHO;
	if (way == TERMINAL_TELLS) {
		modes.c_lflag &= ~(tcflag_t)(ICANON | ECHONL | IEXTEN);
		modes.c_cc[VMIN] = 1;
		modes.c_cc[VTIME] = 0;
	}
	terminal->way = way;
	if (modes_set(terminal->fd, TCSAFLUSH, &modes) < 0)
		return -1;
	terminal->is_begun = true;
	return 0;
}

void terminal_end(struct terminal *terminal)
{
	if (terminal->is_begun)
		modes_set(terminal->fd, TCSAFLUSH, &terminal->before);
	terminal->is_begun = false;
	entry_clear(&terminal->entry);
}

int terminal_get_fd(const struct terminal *terminal)
{
	return terminal->fd;
}

/* Whether nothing will ever come from it again: then it reads as if Ctrl-D were typed. */
static bool has_hung_up(const struct terminal *terminal)
{
	struct pollfd polled = {terminal->fd, POLLIN, 0};

	return poll(&polled, 1, 0) > 0 && polled.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Takes a part of a line, as the terminal's own line mode gives it. */
static enum terminal_event take_line(struct entry *entry, const char *bytes, size_t n_bytes)
{
	if (entry->length + n_bytes >= ENTRY_SIZE)
		entry_clear(entry); /* no line of a person */
	memcpy(entry->text + entry->length, bytes, n_bytes);
	entry->length += n_bytes;
	if (bytes[n_bytes - 1] != '\n')
		return TERMINAL_NOTHING;
	entry->text[--entry->length] = '\0';
	return TERMINAL_LINE;
}

static enum terminal_event take_keys(struct terminal *terminal, const char *bytes, size_t n_bytes)
{
	switch (entry_take(&terminal->entry, terminal->before.c_cc, bytes, n_bytes)) {
	case ENTRY_CHANGED:
		return TERMINAL_CHANGED;
	case ENTRY_LINE:
		return TERMINAL_LINE;
	case ENTRY_EOF:
		return TERMINAL_EOF;
	default:
		return TERMINAL_NOTHING;
	}
}

enum terminal_event terminal_read(struct terminal *terminal, const char **text)
{
	char bytes[CHUNK_SIZE];
	ssize_t count = read(terminal->fd, bytes, sizeof(bytes));
	enum terminal_event event;

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? TERMINAL_NOTHING : TERMINAL_LOST;
	if (count == 0)
		return has_hung_up(terminal) ? TERMINAL_LOST : TERMINAL_EOF;
	event = terminal->way == TERMINAL_TELLS ? take_keys(terminal, bytes, (size_t)count)
	                                        : take_line(&terminal->entry, bytes, (size_t)count);
	explicit_bzero(bytes, (size_t)count); /* it may be a secret */
	*text = terminal->entry.text;
	return event;
}
