/*
 * The argument vectors of Slurm's commands: one srun, one step, one task for a process; and those
 * that ask and tell of jobs. Pure.
 */
#ifndef PARPROC_EXECUTORS_SLURM_COMMAND_H
#define PARPROC_EXECUTORS_SLURM_COMMAND_H

#include "daemon/core/model.h"
#include "daemon/workspace/resources.h"

#define SLURM_SHELL "/bin/sh"

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

/* Adds the words that go before those of squeue or scancel: nothing in the environment then keeps a
 * job from them. What fails is SLURM_SHELL, with the command's last words. */
void slurm_command_begin_asking(struct strings *words);

/* What a job says in the file of messages, through srun, before its process is executed: this, the
 * number of the job and the name of the node. */
#define SLURM_BEGUN "parproc: begun "
/* And why it could not be: this, and what people are to read. */
#define SLURM_FAILED "parproc: failed "

#endif
