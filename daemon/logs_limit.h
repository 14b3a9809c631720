/*
 * The limit max_log for what executions write: their logs, and where their standard output is
 * captured.
 */
#ifndef PARPROC_DAEMON_LOGS_LIMIT_H
#define PARPROC_DAEMON_LOGS_LIMIT_H

#include <stdint.h>

struct daemon;
struct execution;

/* Its process runs: once for each attempt, and not for those that end at once. */
void logs_limit_started(struct daemon *daemon, const struct execution *execution);

/* It ran that long. What it left too large is cut. */
void logs_limit_ended(struct daemon *daemon, const struct execution *execution, int64_t ran_ns);

/* How much of a captured standard output goes to the log. */
int64_t logs_limit_get_output_max(const struct daemon *daemon);

/* Its logs are being removed, and so will be what is just being made of them. */
void logs_limit_forget(struct daemon *daemon, const struct execution *execution);

#endif
