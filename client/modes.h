/*
 * The modes of a terminal, which is shared with other jobs: whether it is this one's, and setting
 * them without being stopped.
 */
#ifndef PARPROC_CLIENT_MODES_H
#define PARPROC_CLIENT_MODES_H

#include <stdbool.h>
#include <termios.h>

/* Whether this process is in the terminal's foreground: others are stopped when they read from it.
 */
bool modes_are_ours(int fd);

/* As tcsetattr(3); even from the background, which would stop us else. */
int modes_set(int fd, int when, const struct termios *modes);

/*
 * Keys are not echoed any more, where this process is in the foreground; what is typed stays for
 * whoever reads next. It adds to *taken what it has changed, for modes_give_echo(), which sets it
 * to 0. Between the two others may do the same.
 */
void modes_take_echo(int fd, tcflag_t *taken);
void modes_give_echo(int fd, tcflag_t *taken);

#endif
