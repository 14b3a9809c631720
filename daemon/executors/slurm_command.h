/*
 * The argument vector that runs a process as a job of Slurm's: one srun, one step, one task. Pure.
 */
#ifndef PARPROC_EXECUTORS_SLURM_COMMAND_H
#define PARPROC_EXECUTORS_SLURM_COMMAND_H

#include "daemon/core/model.h"
#include "daemon/workspace/resources.h"

/* What srun runs, and where its words go. */
struct slurm_command {
	const char *name;     /* for people, in squeue */
	const char *key;      /* the job's comment, by which it is found again */
	const char *messages; /* the file for what Slurm says */
	const char *cwd;
	const char *log;            /* where its standard error goes; NULL: with its output */
	struct resources resources; /* filled in */
	const struct strings *argv;
};

/* The whole of it, NULL-ended; argv's words are copied. The caller clears it. */
void slurm_command_build(const struct slurm_command *command, struct strings *words);

/* What a job says in the file of messages, through srun, before its process is executed: this, the
 * number of the job and the name of the node. */
#define SLURM_BEGUN "parproc: begun "
/* And why it could not be: this, and what people are to read. */
#define SLURM_FAILED "parproc: failed "

#endif
