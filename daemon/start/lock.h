/*
 * The lock that decides who serves a workspace. It is held as long as one of the daemon's two
 * processes lives; what the file says is only for messages.
 */
#ifndef PARPROC_DAEMON_START_LOCK_H
#define PARPROC_DAEMON_START_LOCK_H

#include <limits.h>
#include <sys/types.h>

/* Who holds it, as far as it has been written down. */
struct lock_holder {
	pid_t pid; /* 0: not yet */
	char socket_path[PATH_MAX];
};

/*
 * Takes the lock of the state directory; answers a descriptor to keep. -1: errno EWOULDBLOCK,
 * *holder filled in, or another.
 */
int start_lock_take(int state_fd, struct lock_holder *holder);

/* Writes down who holds it. 0, or -1 with errno. */
int start_lock_describe(int lock_fd, pid_t pid, const char *socket_path);

#endif
