/*
 * What is read of Slurm's words. They are as srun and slurmstepd of 22.05 have printed them, but
 * for those about memory, which are of its source.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/executors/slurm_end.h"

#define EXITED(status) ((status) << 8)
#define BEGUN "parproc: begun 31 node1\n"

struct case_of {
	const char *messages;
	int wait_status; /* of srun */
	int expected;    /* of the process */
	bool has_begun, is_not_known, is_transient;
	const char *info; /* a part of it; NULL: none */
};

static const struct case_of cases[] = {
    {BEGUN, EXITED(0), EXITED(0), true, false, false, NULL},
    {BEGUN "srun: error: vm: task 0: Exited with exit code 3\n", EXITED(3), EXITED(3), true, false,
        false, NULL},
    {BEGUN "srun: error: vm: task 0: Exited with exit code 143\n", EXITED(143), EXITED(143), true,
        false, false, NULL},
    {BEGUN "srun: error: vm: task 0: Segmentation fault\n", EXITED(139), SIGSEGV, true, false,
        false, NULL},
    {BEGUN "slurmstepd-vm: error: *** STEP 31.0 ON vm CANCELLED AT 2026-11-26T13:45:25 DUE TO TIME "
           "LIMIT ***\nsrun: error: vm: task 0: Terminated\n",
        EXITED(143), SIGTERM, true, false, false, "killed by Slurm at its time limit"},
    {BEGUN "slurmstepd-vm: error: *** STEP 31.0 ON vm CANCELLED AT 2026-11-26T13:45:25 DUE TO "
           "PREEMPTION ***\nsrun: error: vm: task 0: Terminated\n",
        EXITED(143), SIGTERM, true, false, true, "preempted in Slurm"},
    {BEGUN "slurmstepd-vm: error: *** STEP 25.0 ON vm CANCELLED AT 2026-11-26T13:43:07 ***\n"
           "srun: error: vm: task 0: Killed\n",
        EXITED(137), SIGKILL, true, false, false, "canceled in Slurm"},
    {BEGUN "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=31.0. Some of your processes "
           "may have been killed by the cgroup out-of-memory handler.\n"
           "srun: error: vm: task 0: Out Of Memory\n",
        EXITED(137), SIGKILL, true, false, false, "killed by Slurm for its memory"},
    {BEGUN "srun: error: step_launch_notify_io_failure: aborting, io error with slurmstepd on node "
           "0\nsrun: error: Timed out waiting for job step to complete\n",
        EXITED(0), EXITED(0), true, true, false, "Slurm lost sight of it"},
    {"srun: error: invalid partition specified: nope\n"
     "srun: error: Unable to allocate resources: Invalid partition name specified\n",
        EXITED(1), EXITED(1), false, false, false,
        "Slurm refuses it: invalid partition specified: nope; Unable to allocate resources: "
        "Invalid partition name specified"},
    {"srun: error: Unable to allocate resources: Unable to contact slurm controller (connect "
     "failure)\n",
        EXITED(1), EXITED(1), false, false, true, "Slurm cannot be reached"},
    {"srun: error: Unable to allocate resources: Required partition not available (inactive or "
     "drain)\n",
        EXITED(1), EXITED(1), false, false, true, "drained or inactive"},
    {"srun: error: Unable to allocate resources: Job/step already completing or completed\n",
        EXITED(1), EXITED(1), false, false, false, "canceled in Slurm while it was pending"},
    {"srun: unrecognized option '--bogus'\nTry \"srun --help\" for more information\n", EXITED(255),
        EXITED(255), false, false, false, "srun does not know an option"},
    {"sh: 6: exec: srun: not found\n", EXITED(127), EXITED(127), false, false, false,
        "srun: not found: is Slurm installed here"},
    {"parproc: failed exec: not found on node1: ./tool\n"
     "srun: error: vm: task 0: Exited with exit code 127\n",
        EXITED(127), EXITED(127), false, false, false, "exec: not found on node1: ./tool"},
    {"", EXITED(0), EXITED(0), false, false, false, "Slurm did not start it"},
};

Test(slurm_end, each_is_told_apart)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct case_of *expected = &cases[i];
		struct slurm_end end;

		slurm_end_read(expected->messages, expected->wait_status, &end);
		cr_expect_eq(
		    end.wait_status, expected->expected, "%zu: %#x", i, (unsigned)end.wait_status);
		cr_expect_eq(end.has_begun, expected->has_begun, "%zu", i);
		cr_expect_eq(end.is_not_known, expected->is_not_known, "%zu", i);
		cr_expect_eq(end.is_transient, expected->is_transient, "%zu", i);
		if (expected->info)
			cr_expect(end.info && strstr(end.info, expected->info), "%zu: %s", i,
			    end.info ? end.info : "(none)");
		else
			cr_expect_null(end.info, "%zu: %s", i, end.info);
		free(end.info);
	}
}

Test(slurm_end, half_a_line_is_no_beginning)
{
	char *job;

	cr_expect_not(slurm_has_begun("parproc: begun 3", &job));
	cr_expect_null(job);
	cr_expect(slurm_has_begun("noise\n" BEGUN, &job));
	cr_expect_str_eq(job, "31");
	free(job);
}

Test(slurm_end, own_words_are_slurms)
{
	char *words =
	    slurm_own_words(BEGUN "one\nsrun: error: vm: task 0: Exited with exit code 3\ntwo");

	cr_expect_str_eq(words, "one\ntwo\n");
	free(words);
}
