/*
 * Connecting to a Unix stream socket by its path, however long.
 */
#ifndef PARPROC_LIB_SOCKET_H
#define PARPROC_LIB_SOCKET_H

#include <sys/types.h>

/* A connected non-blocking descriptor (close-on-exec). -1 with errno: ECONNREFUSED and ENOENT:
 * nobody serves; EAGAIN: its queue is full now. */
int socket_connect(const char *path);

/* Whether who listens may be trusted with this process's environment: this user, root, or this
 * process is root's. *owner is who it is. 1, 0, or -1 with errno. */
int socket_is_trusted(int fd, uid_t *owner);

#endif
