/*
 * The listening socket: made in the state directory, given by -S, or handed over by systemd. May
 * only be called by who holds the workspace's lock, which is what makes a stale socket stale.
 */
#ifndef PARPROC_DAEMON_START_LISTEN_H
#define PARPROC_DAEMON_START_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/start/place.h"

struct listener {
	int fd;
	char *path;   /* absolute: of the socket itself */
	char *link;   /* a symbolic link to it that clients look for, or NULL */
	bool is_own;  /* made here, so it is removed here */
	dev_t device; /* of the socket's file, if it is own: another may have come in its place */
	ino_t inode;
};

#define LISTEN_ERROR_SIZE 1024

/*
 * wanted: the path that -S says, or NULL. activated_fd: a listening socket that was passed, or -1.
 * -1: error says why, in a sentence.
 */
int listener_open(struct listener *listener, const struct place *place, const char *wanted,
    int activated_fd, char error[LISTEN_ERROR_SIZE]);

/* Removes what was made, if it is still there, and closes it. */
void listener_close(struct listener *listener);

/* Whether somebody serves the socket of that path, of whatever length. */
bool listen_is_served(const char *path);

#endif
