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

#endif
