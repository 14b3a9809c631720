/*
 * Whose the terminal is, and its modes; see modes.h.
 */
#include "client/modes.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

bool modes_are_ours(int fd)
{
	pid_t group = tcgetpgrp(fd);

	/* One that is not our controlling terminal knows no foreground. */
	return group == getpgrp() || (group < 0 && errno == ENOTTY);
}

int modes_set(int fd, int when, const struct termios *modes)
{
	sigset_t set, old;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &old);
	do
		status = tcsetattr(fd, when, modes);
	while (status < 0 && errno == EINTR);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}

/* Whoever is in the background has the modes of others before it: they are not to be touched. */
static bool can_change(int fd, struct termios *modes)
{
	return tcgetpgrp(fd) == getpgrp() && tcgetattr(fd, modes) == 0;
}

void modes_take_echo(int fd, tcflag_t *taken)
{
	struct termios modes;
	tcflag_t echo;

	if (!can_change(fd, &modes))
		return;
	echo = modes.c_lflag & (tcflag_t)(ECHO | ECHONL);
	modes.c_lflag &= ~echo;
	if (echo != 0 && modes_set(fd, TCSANOW, &modes) == 0)
		*taken |= echo;
}

void modes_give_echo(int fd, tcflag_t *taken)
{
	struct termios modes;

	if (*taken != 0 && can_change(fd, &modes)) {
		modes.c_lflag |= *taken;
		modes_set(fd, TCSANOW, &modes);
	}
	*taken = 0;
}
