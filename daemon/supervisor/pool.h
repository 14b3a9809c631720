/*
 * What the supervisor does for workers: starts and signals them as the scheduler says, keeps how
 * each ended until that is acknowledged, and tells a scheduler that has just come all of it. Knows
 * neither the loop nor the scheduler's process.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_POOL_H
#define PARPROC_DAEMON_SUPERVISOR_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct link;
struct pool;
struct wire_message;

/* own_env: what workers without a captured environment get, copied. NULL with errno. */
struct pool *pool_new(const char *const *own_env);
void pool_free(struct pool *pool);

/*
 * Tells a scheduler everything, ending with READY; from then on it is the one that is told of
 * workers. NULL: there is none. 0, or -1 with errno: it has to be told anew, by another link.
 */
int pool_set_link(struct pool *pool, struct link *link);

/* Does what a message of the scheduler says. 0, or -1 with errno as above; EPROTO: not one of its.
 */
int pool_handle(struct pool *pool, const struct wire_message *message);

/* A child has been reaped. What was no worker is ignored. */
void pool_note_exit(struct pool *pool, pid_t pid, int wait_status, const struct rusage *usage);

/* After the last of the exits at hand: reports them. 0, or -1 with errno as above. */
int pool_report_exits(struct pool *pool);

/*
 * Reports the workers that have been alive for a while: nearly all short ones have ended before,
 * so that the scheduler is not woken for their starts. 0, or -1 with errno as above.
 */
int pool_report_starts(struct pool *pool, int64_t clock_ns);

/* When the next start is due to be reported, on the monotonic clock; INT64_MAX: never. */
int64_t pool_next_report_ns(const struct pool *pool);

/* Whether what is to be sent may wait, until pool_next_report_ns() at most. */
bool pool_may_defer(struct pool *pool);

/* Job tokens: what is to be polled for input (-1: nothing), and what is to be done then: 0, or -1
 * with errno as above. */
int pool_get_token_fd(const struct pool *pool);
int pool_collect_tokens(struct pool *pool);

/* Signals every worker's process group. */
void pool_signal_all(struct pool *pool, int signal);

size_t pool_count_alive(const struct pool *pool);
size_t pool_count(const struct pool *pool); /* with those whose exit is not acknowledged */

#endif
