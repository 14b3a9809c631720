/*
 * What became of a job, from what Slurm said and how srun ended. Pure.
 */
#ifndef PARPROC_EXECUTORS_SLURM_END_H
#define PARPROC_EXECUTORS_SLURM_END_H

#include <stdbool.h>

struct slurm_end {
	int wait_status;   /* the process's own, as wait(2) would tell it */
	bool has_begun;    /* its process was executed on a node */
	bool is_not_known; /* it had begun, and Slurm lost sight of it */
	bool is_transient; /* it is Slurm's doing, and may be otherwise the next time */
	char *info;        /* for people, for the caller to free; NULL: it ended by itself */
};

/* messages: what is in their file. wait_status: srun's. */
void slurm_end_read(const char *messages, int wait_status, struct slurm_end *end);

/* Whether the messages say that the process was executed; *job is the job's number then, for the
 * caller to free. */
bool slurm_has_begun(const char *messages, char **job);

/* What of the messages is Slurm's own words, for the log; the caller frees it. */
char *slurm_own_words(const char *messages);

#endif
