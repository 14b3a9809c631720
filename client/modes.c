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
