/*
 * Inside of slurm.h: the jobs, as slurm.c and slurm_queue.c share them.
 */
#ifndef PARPROC_EXECUTORS_SLURM_JOBS_H
#define PARPROC_EXECUTORS_SLURM_JOBS_H

#include <event2/event.h>
#include <sys/queue.h>

#include "daemon/core/hash.h"
#include "daemon/executors/slurm.h"

/* From `scancel --signal=KILL` to the end of an srun that has not ended by itself. */
#define SLURM_KILL_AFTER_NS (INT64_C(3) * 1000000000)

/* From a SIGKILL for one whose end is waited for, to when nothing more is expected of Slurm. */
#define SLURM_GIVE_UP_AFTER_NS (INT64_C(10) * 1000000000)

enum job_phase { JOB_PENDING, JOB_BEGUN, JOB_ENDING };

struct job {
	UT_hash_handle by_exec;
	TAILQ_ENTRY(job) of_phase;
	TAILQ_ENTRY(job) of_doomed; /* while kill_ns is set */
	uint64_t exec;
	uint32_t env; /* in which Slurm's commands are found */
	uint16_t attempt;
	enum job_phase phase;
	char *id;        /* Slurm's number; NULL: not known yet */
	int64_t kill_ns; /* when its srun is killed; 0: not */
	/* JOB_ENDING: */
	unsigned n_absent;  /* answers in a row in which it was not in the queue */
	unsigned n_answers; /* of all */
	int64_t give_up_ns; /* when it is given up; 0: not */
	bool has_report;
	struct worker_exit report; /* of its srun, if has_report */
};

TAILQ_HEAD(job_list, job);

struct slurm {
	struct daemon *daemon;
	struct job *jobs;
	struct job_list pending, begun, ending, doomed;
	struct definition *definition; /* of the commands that ask Slurm: an empty one */
	char *prefix;                  /* with which the comment of each of its jobs begins */
	struct event *timer;
	bool is_timer_quick;
	struct strings to_signal, to_kill, to_cancel; /* numbers of jobs, for the next scancel */
	uint64_t inquiry;                             /* the squeue that runs; 0: none */
	int64_t asked_ns, interval_ns;
	int64_t added_ns; /* the newest job */
	bool is_silent;   /* the last squeue got no answer */
};

struct job *jobs_add(struct slurm *slurm, const struct execution *execution);
struct job *jobs_find(const struct slurm *slurm, uint64_t exec);
void jobs_drop(struct slurm *slurm, struct job *job);
void jobs_set_phase(struct slurm *slurm, struct job *job, enum job_phase phase);
void jobs_set_id(struct job *job, const char *id);
void jobs_set_kill(struct slurm *slurm, struct job *job, int64_t kill_ns);

/* The comment of the job of an attempt, for the caller to free. */
char *job_print_key(const struct slurm *slurm, uint64_t exec, unsigned attempt);

/* Has the timer run while there is something to look at, and sends off what is to be signaled. */
void slurm_watch(struct slurm *slurm);

/* slurm.c: what a tick of the timer does with the jobs. */
void slurm_tick(struct slurm *slurm);

/* slurm_queue.c: asks Slurm for its queue, or signals jobs. */
void queue_ask(struct slurm *slurm);
void queue_signal(struct slurm *slurm);

#endif
