/*
 * The jobs that executions have in Slurm's queue: which are pending and why, which have begun,
 * signals to them, and that none is left when its srun is gone. What has to be asked of Slurm is
 * asked by commands that run beside everything else: one squeue for all, and only while somebody
 * is pending or has to go.
 */
#ifndef PARPROC_EXECUTORS_SLURM_H
#define PARPROC_EXECUTORS_SLURM_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/workers.h"

struct daemon;
struct process;
struct resources;
struct slurm;

struct slurm *slurm_new(struct daemon *daemon);
void slurm_free(struct slurm *slurm);

/* Has argv of process be what runs it as a job. log: where its standard error goes, if not with its
 * output. Takes resources. */
void slurm_wrap(struct slurm *slurm, const struct execution *execution, struct process *process,
    const char *log, struct resources *resources);

/* Its srun was asked for, or runs since before this scheduler began. */
void slurm_begin(struct slurm *slurm, struct execution *execution);

/* Its srun was not started. */
void slurm_discard(struct slurm *slurm, const struct execution *execution);

/* Has its process signaled. */
void slurm_signal(struct slurm *slurm, const struct execution *execution, int signal);

/* srun was killed, so its job may go on: then the end has to wait, and effects_finish() is called
 * when it is sure that the job is gone. */
bool slurm_delays_end(
    struct slurm *slurm, const struct execution *execution, const struct worker_exit *report);

/* Nobody knows what became of its srun: the job is ended, if there is one, and then it is lost. */
void slurm_lose(struct slurm *slurm, struct execution *execution);

/* srun was never started. */
void slurm_forget(struct slurm *slurm, const struct execution *execution);

/* srun has ended: fills in the report, with *info for the caller to free; or leaves both. */
void slurm_end(struct slurm *slurm, struct execution *execution, const struct worker_exit *exit,
    struct exit_report *report, char **info);

#endif
