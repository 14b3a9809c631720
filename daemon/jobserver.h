/*
 * The jobserver: procs with jobserver: true, and all that they start, share options.jobserver
 * tokens. Who has no token yet is pending. The tokens themselves are the supervisor's
 * (supervisor/tokens.h); here is who waits for them.
 */
#ifndef PARPROC_DAEMON_JOBSERVER_H
#define PARPROC_DAEMON_JOBSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/model.h"
#include "daemon/supervisor/key.h"

struct daemon;
struct jobserver;

struct jobserver *jobserver_new(struct daemon *daemon);
void jobserver_free(struct jobserver *jobserver);

/* From now on there are as many tokens as the options in force say; 0: the jobserver is off. */
void jobserver_apply_options(struct daemon *daemon);
uint32_t jobserver_get_limit(const struct daemon *daemon);

/* How many tokens are free now; -1: that cannot be told, or not yet. */
int jobserver_count_free(const struct daemon *daemon);

/* Whether its process is to have a token, where there are any: one of another executor has no use
 * for those of this machine. */
bool jobserver_concerns(const struct execution *execution);

/* Starts the process of such an execution: at once, or as soon as there is a token. */
void jobserver_start(struct daemon *daemon, struct execution *execution);

/* A signal for an execution: true where there is no process yet, and will be none: it has ended. */
bool jobserver_signal(struct daemon *daemon, struct execution *execution, int signal);

/* What the supervisor says: the process was started; was not, as no token is free; one is. */
void jobserver_started(struct daemon *daemon, struct execution *execution);
void jobserver_refused(struct daemon *daemon, struct worker_key key);
void jobserver_granted(struct daemon *daemon);

/* And that there are as many as it was told last, or the time before. */
void jobserver_note_set(struct daemon *daemon);

/* exec may have begun or ended to wait for what it has started itself: then others may have its
 * token meanwhile. */
void jobserver_follow_wait(struct daemon *daemon, uint64_t exec);

#endif
