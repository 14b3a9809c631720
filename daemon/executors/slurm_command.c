/*
 * Little shell scripts around Slurm's commands. That of srun here leaves out what the asker's
 * environment says of a job that he may be in, as this is to be one of its own, and keeps what srun
 * says apart from what the process prints. The one on the node says that it is there: through
 * srun's own standard error, so that it is seen at once, however slowly a shared file system tells
 * of new files. That of squeue and scancel has them see every job: one that is not seen counts as
 * gone, and may be run again.
 */
#include "daemon/executors/slurm_command.h"

#include <inttypes.h>

#include "daemon/core/mem.h"

#define NAME_MAX_BYTES 200
#define SECOND_NS INT64_C(1000000000)

/* $0: the file of messages. What the asker prefers (account, partition, …) holds; what an srun or
 * sbatch around him has set does not, nor what changes how output comes, or how much srun says. */
static const char here[] =
    "unset SLURM_JOB_ID SLURM_JOBID SLURM_STEP_ID SLURM_STEPID SLURM_NTASKS SLURM_NPROCS "
    "SLURM_NNODES SLURM_JOB_NUM_NODES SLURM_JOB_NODELIST SLURM_NODELIST SLURM_TASKS_PER_NODE "
    "SLURM_CPUS_PER_TASK SLURM_MEM_PER_NODE SLURM_MEM_PER_CPU SLURM_HINT SLURM_DISTRIBUTION "
    "SLURM_EXPORT_ENV SLURM_JOB_NAME SLURM_GPUS SLURM_GRES SLURM_OVERLAP SLURM_EXACT "
    "SLURM_HET_SIZE SLURM_STEP_GRES SLURM_WORKING_CLUSTER SLURM_HOSTFILE SLURM_CPU_BIND "
    "SLURM_MEM_BIND SLURM_GPU_BIND SLURM_NTASKS_PER_NODE SLURM_NTASKS_PER_GPU "
    "SLURM_NTASKS_PER_TRES SLURM_NTASKS_PER_SOCKET SLURM_NTASKS_PER_CORE "
    "SLURM_NSOCKETS_PER_NODE SLURM_NCORES_PER_SOCKET SLURM_THREADS_PER_CORE "
    "SLURM_CPUS_PER_GPU SLURM_MEM_PER_GPU SLURM_GPUS_PER_NODE SLURM_GPUS_PER_SOCKET "
    "SLURM_GPUS_PER_TASK SLURM_TRES_PER_TASK SRUN_CPUS_PER_TASK SRUN_EXPORT_ENV "
    "SLURM_STDINMODE SLURM_STDOUTMODE SLURM_STDERRMODE SLURM_LABELIO SLURM_DEBUG SRUN_DEBUG "
    "SLURM_SRUN_MULTI SLURM_TEST_EXEC SLURM_OPEN_MODE SLURM_CLUSTERS\n"
    "exec \"$@\" 2>\"$0\"\n";

/* $1: the directory. $2: the log for standard error, or nothing. */
static const char there[] =
    "cd -- \"$1\" || { echo \"" SLURM_FAILED "chdir: not on $SLURMD_NODENAME: $1\" >&2; exit 1; }\n"
    "log=$2\n"
    "shift 2\n"
    "command -v -- \"$1\" >/dev/null || {\n"
    "echo \"" SLURM_FAILED "exec: not found on $SLURMD_NODENAME: $1\" >&2; exit 127; }\n"
    "echo \"" SLURM_BEGUN "$SLURM_JOB_ID $SLURMD_NODENAME\" >&2\n"
    "unset SLURM_EXPORT_ENV\n"
    "if [ \"$log\" ]; then exec \"$@\" 2>>\"$log\"; else exec \"$@\" 2>&1; fi\n";

/* $1: the command. Its variables go, whatever version of it has them; the cluster is that of the
 * configuration, for srun too. Only what the shell has itself is used, whatever is in PATH. A line
 * within a value may look like a variable: then it is no name, or one that may go as well. */
static const char asking[] =
    "set -f\n"
    "IFS='\n'\n"
    "for line in $(export -p); do\n"
    "name=${line#export }\n"
    "name=${name%%=*}\n"
    "case $name in\n"
    "*[!A-Z0-9_]*) ;;\n"
    "SQUEUE_* | SCANCEL_*) unset \"$name\" ;;\n"
    "esac\n"
    "done\n"
    "unset SLURM_CLUSTERS SLURM_WORKING_CLUSTER\n"
    "command -v -- \"$1\" >/dev/null || { echo \"$1: not found\" >&2; exit 127; }\n"
    "exec \"$@\"\n";

static void add_time(struct strings *words, int64_t time_ns)
{
	int64_t seconds = (time_ns + SECOND_NS - 1) / SECOND_NS;

	strings_take(words, mem_print("--time=%" PRId64 ":%02d:%02d", seconds / 3600,
	                        (int)(seconds / 60 % 60), (int)(seconds % 60)));
}

static void add_resources(struct strings *words, const struct resources *resources)
{
	if (resources->cpus > 0)
		strings_take(words, mem_print("--cpus-per-task=%" PRId64, resources->cpus));
	if (resources->memory_bytes > 0)
		strings_take(words,
		    mem_print("--mem=%" PRId64 "K", (resources->memory_bytes - 1) / 1024 + 1));
	if (resources->time_ns > 0)
		add_time(words, resources->time_ns);
	if (resources->gpus > 0)
		strings_take(words, mem_print("--gpus=%" PRId64, resources->gpus));
	if (resources->partition)
		strings_take(words, mem_print("--partition=%s", resources->partition));
	for (size_t i = 0; i < resources->extra.count; i++)
		strings_add(words, resources->extra.items[i]);
}

void slurm_command_build(const struct slurm_command *command, struct strings *words)
{
	static const char *const first[] = {"srun", "--quiet", "--export=ALL", "--mpi=none"};
	/* These hold, whatever else is said: without them nothing would be known of it. */
	static const char *const last[] = {
	    "--nodes=1", "--ntasks=1", "--input=none", "--output=all", "--error=all"};

	strings_add(words, SLURM_SHELL);
	strings_add(words, "-c");
	strings_add(words, here);
	strings_add(words, command->messages);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		strings_add(words, first[i]);
	strings_take(words, mem_print("--job-name=%.*s", NAME_MAX_BYTES, command->name));
	add_resources(words, &command->resources);
	strings_take(words, mem_print("--comment=%s", command->key));
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		strings_add(words, last[i]);
	strings_add(words, SLURM_SHELL);
	strings_add(words, "-c");
	strings_add(words, there);
	strings_add(words, "parproc");
	strings_add(words, command->cwd);
	strings_add(words, command->log ? command->log : "");
	for (size_t i = 0; i < command->argv->count; i++)
		strings_add(words, command->argv->items[i]);
	words->items = mem_resize(words->items, words->count + 1, sizeof(*words->items));
	words->capacity = words->count + 1;
	words->items[words->count] = NULL;
}

void slurm_command_begin_asking(struct strings *words)
{
	strings_add(words, SLURM_SHELL);
	strings_add(words, "-c");
	strings_add(words, asking);
	strings_add(words, "parproc");
}
