/*
 * Slurm tells what happened to a job in words only, on srun's standard error; they have been the
 * same for many versions. What is in no table here is told as it is.
 */
#include "daemon/executors/slurm_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/core/mem.h"
#include "daemon/executors/slurm_command.h"

#define EXIT_NOT_FOUND 127
#define MAX_SIGNAL 64

/* Words that say what happened, and what is said of it. The first that is found counts. */
struct cause {
	const char *words;
	const char *info;
	bool is_transient;
};

static const struct cause before_begin[] = {
    {"already completing or completed", "canceled in Slurm while it was pending", false},
    {"Job has been cancelled", "canceled in Slurm while it was pending", false},
    {"Unable to contact slurm controller", "Slurm cannot be reached", true},
    {"Unable to contact slurm daemon", "Slurm cannot be reached", true},
    {"Connection refused", "Slurm cannot be reached", true},
    {"Socket timed out", "Slurm cannot be reached", true},
    {"Zero Bytes were transmitted", "Slurm cannot be reached", true},
    {"Protocol authentication error", "Slurm cannot be reached: its authentication fails", true},
    {"Unable to establish configuration source", "Slurm is not set up on this machine", false},
    {"cannot stat file", "Slurm is not set up on this machine", false},
    {"inactive or drain", "Slurm's partition is drained or inactive", true},
    {"down, drained or reserved", "Slurm's nodes are down, drained or reserved", true},
    {"temporarily unable to accept job", "Slurm takes no more jobs for now", true},
    {"Resource temporarily unavailable", "Slurm takes no more jobs for now", true},
    {"io error with slurmstepd", "Slurm could not launch it", true},
    {"aborted before step completely launched", "Slurm could not launch it", true},
    {"Unable to allocate resources", "Slurm refuses it", false},
    {"unrecognized option", "srun does not know an option", false},
    {"Invalid ", "srun does not understand an option", false},
};

static const struct cause after_begin[] = {
    {"DUE TO TIME LIMIT", "killed by Slurm at its time limit", false},
    {"DUE TO PREEMPTION", "preempted in Slurm", true},
    {"DUE TO NODE FAILURE", "its node in Slurm has failed", true},
    {"DUE TO JOB REQUEUE", "requeued in Slurm", true},
    {"oom-kill", "killed by Slurm for its memory", false},
    {"oom_kill", "killed by Slurm for its memory", false},
    {"Out Of Memory", "killed by Slurm for its memory", false},
    {"exceeded memory limit", "killed by Slurm for its memory", false},
    {"exceeded job memory limit", "killed by Slurm for its memory", false},
    {"CANCELLED AT", "canceled in Slurm", false},
};

/* Words after which nobody knows how the process ended, though srun may well end with 0. */
static const char *const lost_words[] = {"io error with slurmstepd",
    "Timed out waiting for job step to complete", "node failure", "Node failure"};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct cause *find_cause(
    const struct cause *causes, size_t count, const char *messages)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(messages, causes[i].words))
			return &causes[i];
	return NULL;
}

/* A line's text without who says it: "srun: error: ", "slurmstepd-node1: error: ". */
static const char *skip_speaker(const char *line, size_t length)
{
	static const char error[] = "error: ";
	const char *found = memmem(line, length, error, strlen(error));

	if (found)
		return found + strlen(error);
	return strncmp(line, "srun: ", 6) == 0 ? line + 6 : line;
}

static bool is_own(const char *line)
{
	return strncmp(line, SLURM_BEGUN, strlen(SLURM_BEGUN)) == 0 ||
	       strncmp(line, SLURM_FAILED, strlen(SLURM_FAILED)) == 0;
}

/* The lines, without who says them, one behind the other. */
static char *tell_all(const char *messages)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (const char *line = messages, *next; out && *line; line = next) {
		size_t length = strcspn(line, "\n");
		const char *said = skip_speaker(line, length);

		next = line + length + (line[length] == '\n');
		if (is_own(line) || said == line + length)
			continue;
		fprintf(
		    out, "%s%.*s", ftell(out) > 0 ? "; " : "", (int)(line + length - said), said);
	}
	if (out)
		fclose(out);
	return text ? text : mem_copy("");
}

static char *tell(const char *info, const char *messages)
{
	char *said = tell_all(messages);
	char *text = *said ? mem_print("%s: %s", info, said) : mem_copy(info);

	free(said);
	return text;
}

/* What the script on the node says, or NULL. */
static char *find_failure(const char *messages)
{
	const char *found = strstr(messages, SLURM_FAILED);

	if (!found)
		return NULL;
	found += strlen(SLURM_FAILED);
	return mem_copy_part(found, strcspn(found, "\n"));
}

static void read_before_begin(const char *messages, struct slurm_end *end)
{
	const struct cause *cause = find_cause(before_begin, COUNT(before_begin), messages);

	end->info = find_failure(messages);
	if (end->info)
		return;
	if (WIFEXITED(end->wait_status) && WEXITSTATUS(end->wait_status) == EXIT_NOT_FOUND &&
	    strstr(messages, "srun") && strstr(messages, "not found")) {
		end->info = mem_copy("srun: not found: is Slurm installed here, and in PATH?");
		return;
	}
	end->info = tell(cause ? cause->info : "Slurm did not start it", messages);
	end->is_transient = cause && cause->is_transient;
}

/* srun ends with 128 and the number for a signal, and says which of both it was. */
static int convert_status(const char *messages, int wait_status)
{
	int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;

	if (status > 128 && status <= 128 + MAX_SIGNAL && strstr(messages, "task 0: ") &&
	    !strstr(messages, "task 0: Exited"))
		return status - 128;
	return wait_status;
}

static bool is_lost(const char *messages)
{
	for (size_t i = 0; i < COUNT(lost_words); i++)
		if (strstr(messages, lost_words[i]))
			return true;
	return false;
}

void slurm_end_read(const char *messages, int wait_status, struct slurm_end *end)
{
	const struct cause *cause;

	*end = (struct slurm_end){.wait_status = wait_status};
	end->has_begun = slurm_has_begun(messages, NULL);
	if (!end->has_begun) {
		read_before_begin(messages, end);
		return;
	}
	end->wait_status = convert_status(messages, wait_status);
	cause = find_cause(after_begin, COUNT(after_begin), messages);
	if (cause) {
		end->info = mem_copy(cause->info);
		end->is_transient = cause->is_transient;
		/* It may have ended well all the same, when it was told to end. */
		end->is_not_known = end->wait_status == 0 && is_lost(messages);
	} else if (is_lost(messages)) {
		end->is_not_known = true;
		end->info = tell("Slurm lost sight of it", messages);
	}
}

bool slurm_has_begun(const char *messages, char **job)
{
	const char *found = strstr(messages, SLURM_BEGUN);

	if (job)
		*job = NULL;
	if (!found || !strchr(found, '\n'))
		return false;
	found += strlen(SLURM_BEGUN);
	if (job)
		*job = mem_copy_part(found, strspn(found, "0123456789"));
	return true;
}

char *slurm_own_words(const char *messages)
{
	static const char exited[] = "task 0: Exited with";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (const char *line = messages, *next; out && *line; line = next) {
		size_t length = strcspn(line, "\n");

		next = line + length + (line[length] == '\n');
		if (!is_own(line) && !memmem(line, length, exited, strlen(exited)))
			fprintf(out, "%.*s\n", (int)length, line);
	}
	if (out)
		fclose(out);
	return text ? text : mem_copy("");
}
