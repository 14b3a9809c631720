/*
 * Slurm's queue, as squeue prints it, and scancel. What comes back is not trusted: lines that are
 * not of the form asked for, or are about somebody else's jobs, are passed over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/dynamic.h"
#include "daemon/executors/slurm_command.h"
#include "daemon/executors/slurm_jobs.h"
#include "daemon/log.h"
#include "daemon/pending.h"

#define JOBS_PER_COMMAND 200

/* The environment in which Slurm's commands are found: that of one of the jobs. */
static uint32_t find_environment(const struct slurm *slurm)
{
	return slurm->jobs ? slurm->jobs->env : 0;
}

static uint64_t run(struct slurm *slurm, struct strings *words, dynamic_done *done)
{
	const struct command command = {.words = words->items, .n_words = words->count};

	return dynamic_ask_lines(
	    slurm->daemon, slurm->definition, &command, find_environment(slurm), done, slurm);
}

/* What went wrong, without the shell's name, which says nothing. */
static const char *shorten(const char *error)
{
	static const char lead[] = "command " SLURM_SHELL ": ";

	return strncmp(error, lead, strlen(lead)) == 0 ? error + strlen(lead) : error;
}

/* --- signals --- */

static void on_signaled(void *arg, const struct strings *answer, const char *error)
{
	char quoted[LOG_QUOTED_SIZE];

	(void)arg;
	(void)answer;
	if (error)
		log_warning("jobs not signaled error=%s", log_quote(quoted, shorten(error)));
}

/* option: "--signal=TERM", or NULL to cancel them. Empties ids. */
static void cancel(struct slurm *slurm, struct strings *ids, const char *option)
{
	for (size_t i = 0; i < ids->count;) {
		struct strings words = {0};

		slurm_command_begin_asking(&words);
		strings_add(&words, "scancel");
		strings_add(&words, "--quiet");
		if (option)
			strings_add(&words, option);
		for (size_t n = 0; n < JOBS_PER_COMMAND && i < ids->count; n++)
			strings_add(&words, ids->items[i++]);
		if (run(slurm, &words, on_signaled) == 0)
			log_warning("jobs not signaled error=\"no memory\"");
		strings_clear(&words);
	}
	strings_clear(ids);
}

void queue_signal(struct slurm *slurm)
{
	cancel(slurm, &slurm->to_signal, "--signal=TERM");
	cancel(slurm, &slurm->to_kill, "--signal=KILL");
	cancel(slurm, &slurm->to_cancel, NULL);
}

/* --- the queue --- */

/* "12|PENDING|Resources|parproc:…:7.1" */
struct line {
	char *id;
	char *state;
	char *reason;
	uint64_t exec;
	unsigned attempt;
};

/* Cuts text up. Whether it is about a job of this workspace. */
static bool read_line(const struct slurm *slurm, char *text, struct line *line)
{
	char *parts[4] = {text}, *end;

	for (int i = 1; i < 4; i++) {
		parts[i] = strchr(parts[i - 1], '|');
		if (!parts[i])
			return false;
		*parts[i]++ = '\0';
	}
	*line = (struct line){.id = parts[0], .state = parts[1], .reason = parts[2]};
	if (!*line->id || line->id[strspn(line->id, "0123456789")] ||
	    strncmp(parts[3], slurm->prefix, strlen(slurm->prefix)) != 0)
		return false;
	line->exec = strtoull(parts[3] + strlen(slurm->prefix), &end, 10);
	line->attempt = *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	return true;
}

static void note_pending(struct slurm *slurm, struct job *job, const struct line *line)
{
	struct execution *execution = core_find_execution(slurm->daemon->core, job->exec);
	bool is_waiting = strcmp(line->state, "PENDING") == 0 && strcmp(line->reason, "None") != 0;
	char *why = mem_print("pending in Slurm: %s", is_waiting ? line->reason : "about to start");

	if (execution)
		pending_begin(slurm->daemon, execution, why);
	free(why);
}

static void note_line(struct slurm *slurm, const struct line *line)
{
	struct job *job = jobs_find(slurm, line->exec);

	if (!job || (job->attempt != line->attempt && job->phase != JOB_ENDING))
		return;
	if (job->phase == JOB_PENDING) {
		jobs_set_id(job, line->id);
		note_pending(slurm, job, line);
	} else if (job->phase == JOB_ENDING) {
		job->n_absent = 0;
		if (strcmp(line->state, "COMPLETING") == 0)
			return;
		strings_add(&slurm->to_kill, line->id); /* at once, and then for good */
		strings_add(&slurm->to_cancel, line->id);
	}
}

static void note_problem(struct slurm *slurm, const char *error)
{
	char quoted[LOG_QUOTED_SIZE], *why;
	struct execution *execution;
	struct job *job;

	log_warning("Slurm's queue cannot be asked error=%s", log_quote(quoted, error));
	why = mem_print("its job in Slurm has to be canceled, which cannot be asked: %s", error);
	TAILQ_FOREACH (job, &slurm->ending, of_phase) {
		execution = core_find_execution(slurm->daemon->core, job->exec);
		if (execution && execution->is_pending)
			pending_begin(slurm->daemon, execution, why);
	}
	free(why);
}

static void on_queue(void *arg, const struct strings *answer, const char *error)
{
	struct slurm *slurm = arg;
	struct line line;
	struct job *job;

	slurm->inquiry = 0;
	slurm->is_silent = error != NULL;
	if (error) {
		note_problem(slurm, shorten(error));
		return;
	}
	TAILQ_FOREACH (job, &slurm->ending, of_phase) {
		job->n_absent++;
		job->n_answers++;
	}
	for (size_t i = 0; i < answer->count; i++) {
		char *text = mem_copy(answer->items[i]);

		if (read_line(slurm, text, &line))
			note_line(slurm, &line);
		free(text);
	}
	slurm_watch(slurm);
}

void queue_ask(struct slurm *slurm)
{
	struct strings words = {0};

	slurm_command_begin_asking(&words);
	strings_add(&words, "squeue");
	strings_add(&words, "--noheader");
	strings_add(&words, "--all"); /* in hidden partitions too */
	strings_take(&words, mem_print("--user=%lu", (unsigned long)getuid()));
	strings_add(&words, "--format=%A|%T|%r|%k");
	slurm->inquiry = run(slurm, &words, on_queue);
	strings_clear(&words);
}
