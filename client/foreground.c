/*
 * The terminal in mode single. The pseudo-terminal outlives each process, so that what one leaves
 * unread is there for the next; its modes do not. Modes of ppctl's own terminal are raw only while
 * something runs, and never while ppctl prints.
 */
#include "client/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "client/client.h"
#include "client/memory.h"

#define CHUNK_BYTES 4096
#define DRAIN_MAX_BYTES (256u << 10) /* of a process that never stops printing */

struct foreground {
	int fds[FOREGROUND_FDS];
	int master, slave; /* -1: processes get ppctl's own descriptors */
	int null_fd;       /* or -1 */
	const struct output *out;
	struct termios modes; /* of ppctl's terminal, and of the other one at first */
	bool is_raw;
	bool is_grabbed;
	bool is_lent;
	bool is_input_over;
	bool is_line_begun; /* by a process */
	char typed[CHUNK_BYTES];
	size_t n_typed; /* not passed on yet */
	json_int_t *running;
	size_t n_running;
};

/* --- from the first to the last --- */

static int open_pseudo_terminal(struct foreground *foreground)
{
	struct winsize size;
	bool has_size = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

	if (tcgetattr(STDIN_FILENO, &foreground->modes) ||
	    openpty(&foreground->master, &foreground->slave, NULL, &foreground->modes,
	        has_size ? &size : NULL))
		return -1;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		foreground->fds[fd] = isatty(fd) ? foreground->slave : fd;
	if (fcntl(foreground->master, F_SETFD, FD_CLOEXEC) ||
	    fcntl(foreground->slave, F_SETFD, FD_CLOEXEC) ||
	    fcntl(foreground->master, F_SETFL, O_RDWR | O_NONBLOCK))
		return -1;
	return 0;
}

/* Of a terminal, a job in the background would be stopped as it reads, but its processes, in
 * sessions of their own, would take what is typed for others. */
static bool is_in_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

static int pass_own(struct foreground *foreground)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		foreground->fds[fd] = fd;
	if (!is_in_background())
		return 0;
	foreground->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	foreground->fds[STDIN_FILENO] = foreground->null_fd;
	return foreground->null_fd < 0 ? -1 : 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void close_all(struct foreground *foreground)
{
	close_fd(foreground->master);
	close_fd(foreground->slave);
	close_fd(foreground->null_fd);
	free(foreground->running);
	free(foreground);
}

struct foreground *foreground_new(const struct output *out)
{
	struct foreground *foreground = memory_alloc(sizeof(*foreground));
	bool is_interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	foreground->out = out;
	foreground->master = foreground->slave = foreground->null_fd = -1;
	if (is_interactive ? open_pseudo_terminal(foreground) : pass_own(foreground)) {
		client_complain(
		    EXIT_BAD_REQUEST, "there is no terminal for processes: %s", strerror(errno));
		close_all(foreground);
		return NULL;
	}
	return foreground;
}

const int *foreground_get_fds(const struct foreground *foreground)
{
	return foreground->fds;
}

bool foreground_has_terminal(const struct foreground *foreground)
{
	return foreground && foreground->master >= 0;
}

/* --- whose it is --- */

void foreground_note(struct foreground *foreground, json_int_t exec, bool is_running)
{
	size_t at = 0;

	if (!foreground || foreground->master < 0)
		return;
	while (at < foreground->n_running && foreground->running[at] != exec)
		at++;
	if (is_running && at == foreground->n_running) {
		foreground->running =
		    memory_grow(foreground->running, at + 1, sizeof(*foreground->running));
		foreground->running[foreground->n_running++] = exec;
	} else if (!is_running && at < foreground->n_running) {
		foreground->running[at] = foreground->running[--foreground->n_running];
		if (foreground->n_running == 0)
			tcsetattr(foreground->slave, TCSANOW, &foreground->modes);
	}
}

void foreground_grab(struct foreground *foreground)
{
	struct termios raw;

	if (!foreground || foreground->n_running == 0 || foreground->is_grabbed ||
	    foreground->is_lent)
		return;
	foreground->is_grabbed = true;
	raw = foreground->modes;
	cfmakeraw(&raw);
	foreground->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

/* Prints what a process has printed. 0: that was all for now. */
static size_t print_output(struct foreground *foreground)
{
	char bytes[CHUNK_BYTES];
	ssize_t got = read(foreground->master, bytes, sizeof(bytes));

	if (got <= 0)
		return 0;
	foreground->is_line_begun = bytes[got - 1] != '\n';
	fwrite(bytes, 1, (size_t)got, foreground->out->stream);
	return (size_t)got;
}

static void drain(struct foreground *foreground)
{
	size_t n_bytes = 0, got;

	while (n_bytes < DRAIN_MAX_BYTES && (got = print_output(foreground)) > 0)
		n_bytes += got;
	if (foreground->is_line_begun)
		fputs(foreground->is_raw ? "\r\n" : "\n", foreground->out->stream);
	foreground->is_line_begun = false;
	fflush(foreground->out->stream);
}

void foreground_release(struct foreground *foreground)
{
	if (!foreground || foreground->master < 0)
		return;
	if (foreground->n_running > 0) /* else it is of one whose start was not shown yet */
		drain(foreground);
	if (foreground->is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &foreground->modes);
	foreground->is_raw = foreground->is_grabbed = false;
}

void foreground_lend(struct foreground *foreground, bool is_lent)
{
	if (!foreground || foreground->is_lent == is_lent)
		return;
	if (is_lent)
		foreground_release(foreground);
	foreground->is_lent = is_lent;
	foreground_grab(foreground);
}

void foreground_resize(struct foreground *foreground)
{
	struct winsize size;

	if (foreground_has_terminal(foreground) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(foreground->master, TIOCSWINSZ, &size);
}

void foreground_free(struct foreground *foreground)
{
	if (!foreground)
		return;
	foreground_release(foreground);
	if (foreground->master >= 0)
		drain(foreground);
	close_all(foreground);
}

/* --- passing on --- */

void foreground_fill_polls(const struct foreground *foreground, struct pollfd *polled)
{
	polled[0] = polled[1] = (struct pollfd){.fd = -1};
	if (!foreground || !foreground->is_grabbed)
		return;
	if (foreground->is_raw && !foreground->is_input_over && foreground->n_typed == 0)
		polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	polled[1] = (struct pollfd){.fd = foreground->master, .events = POLLIN};
	if (foreground->n_typed > 0)
		polled[1].events |= POLLOUT;
}

/*
 * Does what the line discipline would where no process has taken the terminal for its own: it ran
 * in another terminal, it has just ended, or it is only about to start.
 */
static void obey(const struct foreground *foreground, char typed)
{
	const cc_t *keys = foreground->modes.c_cc;
	cc_t key = (cc_t)typed;

	if (!(foreground->modes.c_lflag & ISIG) || key == _POSIX_VDISABLE)
		return;
	if (key == keys[VINTR])
		kill(0, SIGINT);
	else if (key == keys[VQUIT])
		kill(0, SIGQUIT);
	else if (key == keys[VSUSP])
		kill(0, SIGTSTP);
}

static void read_typed(struct foreground *foreground)
{
	struct pollfd polled = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got;

	/* Its modes may have changed since: then what is there may be half a line. */
	if (!foreground->is_raw || poll(&polled, 1, 0) <= 0)
		return;
	got = read(STDIN_FILENO, foreground->typed, sizeof(foreground->typed));
	if (got <= 0) {
		foreground->is_input_over = got == 0 || (errno != EINTR && errno != EAGAIN);
		return;
	}
	foreground->n_typed = (size_t)got;
	if (tcgetpgrp(foreground->master) > 0)
		return;
	for (size_t i = 0; i < foreground->n_typed; i++)
		obey(foreground, foreground->typed[i]);
}

static void pass_typed(struct foreground *foreground)
{
	ssize_t sent = write(foreground->master, foreground->typed, foreground->n_typed);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0)
		sent = (ssize_t)foreground->n_typed; /* there is nobody to take it */
	foreground->n_typed -= (size_t)sent;
	memmove(foreground->typed, foreground->typed + sent, foreground->n_typed);
}

void foreground_relay(struct foreground *foreground, const struct pollfd *polled)
{
	if (!foreground || !foreground->is_grabbed)
		return;
	if (polled[1].revents && print_output(foreground) > 0)
		fflush(foreground->out->stream);
	if (polled[0].revents)
		read_typed(foreground);
	if (foreground->n_typed > 0)
		pass_typed(foreground);
}
