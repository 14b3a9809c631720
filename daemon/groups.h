/*
 * Process groups whose leader has ended and that still have members: what a worker has left
 * running. They get SIGTERM and, after kill_after, SIGKILL.
 */
#ifndef PARPROC_DAEMON_GROUPS_H
#define PARPROC_DAEMON_GROUPS_H

#include <stddef.h>
#include <sys/types.h>

#include "daemon/workers.h"

struct daemon;
struct groups;

struct groups *groups_new(struct daemon *daemon);
void groups_free(struct groups *groups);

/* Begins with SIGTERM. pid: of the leader, which is the group's number; 0: not known. */
void groups_end(struct groups *groups, struct worker_key key, pid_t pid);

/* How many are left; looks whether those have members yet. */
size_t groups_count(struct groups *groups);

/* SIGKILL to all, now. */
void groups_kill(struct groups *groups);

#endif
