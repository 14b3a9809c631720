/*
 * What starts the processes of executions, where that is not the supervisor alone: the one door to
 * daemon/executors/. What is said here of an execution that is local does nothing.
 */
#ifndef PARPROC_EXECUTORS_EXECUTORS_H
#define PARPROC_EXECUTORS_EXECUTORS_H

#include <stdbool.h>

#include "daemon/core/core.h"
#include "daemon/process.h"
#include "daemon/workers.h"

struct daemon;
struct executors;

/* Those that the workspace has are the core's from now on. */
void executors_apply(struct daemon *daemon, const struct executors *executors);

/* Has process be what the executor of execution starts. log: its log; is_output_apart: its standard
 * output goes elsewhere. NULL, or why it cannot be, for the caller to free. */
char *executors_wrap(struct daemon *daemon, const struct execution *execution,
    struct process *process, const char *log, bool is_output_apart);

/* Why what the executor starts could not be, for people; the caller frees it. process: that of
 * execution itself, whose argv is changed as by executors_wrap(). */
char *executors_explain_failure(struct daemon *daemon, const struct execution *execution,
    struct process *process, const char *stage, int error);

/* It was never started: nothing of what was made for it stays. */
void executors_discard(struct daemon *daemon, const struct execution *execution);

/* Its process was asked for; or runs since before this scheduler began. */
void executors_begin(struct daemon *daemon, struct execution *execution);

/* Signals its process. */
void executors_signal(struct daemon *daemon, const struct execution *execution, int signal);

/* Whether its end has to wait; then effects_finish() is called when it has come. */
bool executors_delay_end(
    struct daemon *daemon, const struct execution *execution, const struct worker_exit *report);

/* How it ended, where the executor knows better; *info is for the caller to free, as it may be. */
void executors_end(struct daemon *daemon, struct execution *execution,
    const struct worker_exit *exit, struct exit_report *report, char **info);

/* Its process was never started. */
void executors_forget(struct daemon *daemon, const struct execution *execution);

/* Whether what the supervisor measured is what the process itself used. */
bool executors_measure(const struct daemon *daemon, const struct execution *execution);

/* Whether something of it may go on though no process of it is here any more. */
bool executors_outlive(const struct daemon *daemon, const struct execution *execution);

/* Of such a one nobody knows what became of it: ends what is left, then it is lost. */
void executors_lose(struct daemon *daemon, struct execution *execution);

#endif
