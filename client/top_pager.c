/*
 * The pager of ppctl top: it shows a log and has the terminal meanwhile; see top.h.
 */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/memory.h"
#include "client/top.h"

#define PAGER_END_S 1.0 /* one that is to end has so long for it */

/* The command of a shell that shows the file $1. New. */
static char *make_pager_command(bool is_running)
{
	const char *pager = getenv("PAGER");
	char *command, *first;
	bool is_less;

	if (!pager || !*pager)
		return memory_copy(
		    is_running
		        ? "command -v less >/dev/null || exec more \"$1\"; exec less +F \"$1\""
		        : "command -v less >/dev/null || exec more \"$1\"; exec less \"$1\"");
	first = memory_copy(pager);
	first[strcspn(first, " \t")] = '\0';
	is_less = strcmp(basename(first), "less") == 0;
	free(first);
	command = memory_print("%s%s \"$1\"", pager, is_less && is_running ? " +F" : "");
	return command;
}

void top_open_log(struct top *top)
{
	const struct top_item *item = top_get_selected(top);
	char *command;
	sigset_t none;

	if (!item)
		return;
	if (!item->log || access(item->log, R_OK) != 0) {
		top_say(top, "%s has no log: it was not started, or has no command", item->name);
		return;
	}
	command = make_pager_command(item->section == TOP_RUNNING);
	screen_lend(top->screen);
	top->pager = fork();
	if (top->pager == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl("/bin/sh", "sh", "-c", command, "ppctl", item->log, (char *)NULL);
		_exit(127);
	}
	free(command);
	if (top->pager < 0) {
		top->pager = 0;
		screen_enter(top->screen);
		top_say(top, "the pager cannot be started: %s", strerror(errno));
	}
}

void top_reap_pager(struct top *top)
{
	int status;

	if (top->pager == 0 || waitpid(top->pager, &status, WNOHANG) != top->pager)
		return;
	top->pager = 0;
	screen_enter(top->screen);
	top->is_dirty = true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		top_say(top, "there is no such pager: set PAGER to one");
}

void top_end_pager(struct top *top)
{
	const struct timespec moment = {0, 100 * 1000 * 1000};
	double until_s = clock_s(CLOCK_MONOTONIC) + PAGER_END_S;
	sigset_t set;

	if (top->pager == 0)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	kill(top->pager, SIGTERM);
	kill(top->pager, SIGCONT);
	while (waitpid(top->pager, NULL, WNOHANG) == 0) {
		if (clock_s(CLOCK_MONOTONIC) >= until_s)
			kill(top->pager, SIGKILL);
		sigtimedwait(&set, NULL, &moment);
	}
	top->pager = 0;
	screen_enter(top->screen);
}
