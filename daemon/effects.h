/*
 * Carries out what the core decides, and tells it how that went: the adapter between the pure core
 * and processes, files and clients.
 */
#ifndef PARPROC_DAEMON_EFFECTS_H
#define PARPROC_DAEMON_EFFECTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/process.h"
#include "daemon/workers.h"

struct daemon;
struct exit_report;
struct effects;
struct execution;

struct effects *effects_new(struct daemon *daemon);

/* Also frees what hangs onto executions and runs, so the core has to be there still. */
void effects_free(struct effects *effects);
void effects_free_extras(struct daemon *daemon);

/* Where processes find the daemon; borrowed. */
const struct process_place *effects_get_place(const struct daemon *daemon);

/* Takes the core's actions, all there are, and carries them out. */
void effects_carry_out(struct daemon *daemon);

/* Asks the supervisor, which has not heard of it, to start the process of a RUNNING execution. */
void effects_start_again(struct daemon *daemon, struct execution *execution);

/* The same without asking whether there is a job token; jobserver: as the supervisor has it. */
void effects_start(
    struct daemon *daemon, struct execution *execution, enum jobserver_style jobserver);

/* What the supervisor reports of a worker. */
void effects_started(struct daemon *daemon, struct worker_key key, pid_t pid, int64_t started_ns);

/* exec has begun to wait for others, or waits no longer: others may have its slot, and its token.
 */
void effects_follow_wait(struct daemon *daemon, uint64_t exec);

/* What stood by was not started, and will not be. */
void effects_returned(struct daemon *daemon, struct worker_key key);
void effects_exited(struct daemon *daemon, const struct worker_exit *report);

/* The rest of the same, where that had to wait for the log (outputs.h). */
void effects_finish(struct daemon *daemon, const struct worker_exit *report);

/*
 * The worker's own process has ended, others of its group have not: ends them as after a timeout.
 * pid: of the ended one, or 0. The exit is acknowledged when that is done.
 */
void effects_end_group(struct daemon *daemon, struct worker_key key, pid_t pid);

/* The exit is dealt with: it is acknowledged when what it changed has been stored. */
void effects_queue_acknowledgement(struct daemon *daemon, struct worker_key key);
void effects_acknowledge(struct daemon *daemon);

/*
 * For the end: how many process groups still have to go, of those that effects_end_group() was
 * told of; and to kill them all now.
 */
size_t effects_count_groups(struct daemon *daemon);
void effects_kill_groups(struct daemon *daemon);

/* The process of execution has ended as report says, or never began. */
void effects_report(
    struct daemon *daemon, struct execution *execution, const struct exit_report *report);

#endif
