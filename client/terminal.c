/*
 * Reads lines from the terminal in its own line mode, so that editing keys work as everywhere. It
 * uses a description of its own: that it does not block is nobody else's affair. Knows nothing of
 * what is asked.
 */
#include "client/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "client/memory.h"

/* More than the daemon takes, which then says so; a terminal holds 4 KiB of a line. */
#define LINE_SIZE (128u << 10)

struct terminal {
	int fd;
	bool is_begun;
	struct termios before; /* while is_begun: its modes as they were */
	size_t length;         /* of what was read of the line */
	char line[LINE_SIZE];
};

static void forget_line(struct terminal *terminal)
{
	explicit_bzero(terminal->line, terminal->length); /* it may be a secret */
	terminal->length = 0;
}

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
	pid_t group = tcgetpgrp(terminal->fd);

	/* One that is not our controlling terminal knows no foreground. */
	return group == getpgrp() || (group < 0 && errno == ENOTTY);
}

/* Sets modes even from the background, which would stop us else. */
static int set_modes(const struct terminal *terminal, const struct termios *modes)
{
	sigset_t set, old;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &old);
	do
		status = tcsetattr(terminal->fd, TCSAFLUSH, modes);
	while (status < 0 && errno == EINTR);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}

int terminal_begin(struct terminal *terminal, bool is_shown)
{
	struct termios modes;

	forget_line(terminal);
	if (tcgetattr(terminal->fd, &terminal->before) < 0)
		return -1;
	modes = terminal->before;
	modes.c_iflag |= ICRNL;
	modes.c_lflag |= ICANON | ISIG | ECHO | ECHOE | ECHONL;
	if (!is_shown)
		modes.c_lflag &= ~(tcflag_t)ECHO;
	if (set_modes(terminal, &modes) < 0)
		return -1;
	terminal->is_begun = true;
	return 0;
}

void terminal_end(struct terminal *terminal)
{
	if (terminal->is_begun)
		set_modes(terminal, &terminal->before);
	terminal->is_begun = false;
	forget_line(terminal);
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

enum terminal_event terminal_read(struct terminal *terminal, const char **text)
{
	ssize_t count;
	char *end;

	if (terminal->length == sizeof(terminal->line) - 1)
		forget_line(terminal); /* no line of a person */
	end = terminal->line + terminal->length;
	count = read(terminal->fd, end, sizeof(terminal->line) - 1 - terminal->length);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? TERMINAL_NOTHING : TERMINAL_LOST;
	if (count == 0)
		return has_hung_up(terminal) ? TERMINAL_LOST : TERMINAL_EOF;
	terminal->length += (size_t)count;
	if (end[count - 1] != '\n')
		return TERMINAL_NOTHING;
	terminal->line[terminal->length - 1] = '\0';
	*text = terminal->line;
	return TERMINAL_LINE;
}
