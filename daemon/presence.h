/*
 * Whether the workspace is still there: a daemon whose state directory was removed, or moved away,
 * cannot be reached any more and ends. Sleeps until the kernel tells of a change.
 */
#ifndef PARPROC_DAEMON_PRESENCE_H
#define PARPROC_DAEMON_PRESENCE_H

#include <event2/event.h>

struct presence;

/* Calls gone(arg) once when path is not the directory any more that it is now. NULL with errno. */
struct presence *presence_new(
    struct event_base *base, const char *path, void (*gone)(void *arg), void *arg);
void presence_free(struct presence *presence);

#endif
