/*
 * A job has one of three phases. Pending: its srun runs, its process was not executed yet. Begun:
 * it was, and its number is known. Ending: its srun is gone without having seen it end, so it has
 * to be found in the queue, by its comment, and canceled.
 */
#include "daemon/executors/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/dynamic.h"
#include "daemon/effects.h"
#include "daemon/executors/executors.h"
#include "daemon/executors/slurm_command.h"
#include "daemon/executors/slurm_end.h"
#include "daemon/executors/slurm_jobs.h"
#include "daemon/extra.h"
#include "daemon/keep.h"
#include "daemon/log.h"
#include "daemon/logs.h"
#include "daemon/pending.h"
#include "daemon/results.h"

/* Of more than this the begin and the end are read: one tells of the start, one of what became of
 * it. Only an srun that was told to be verbose says so much. */
#define MESSAGES_MAX (64u << 10)

/* --- what Slurm says --- */

/* Of each attempt another file, as that of an earlier one is removed some time after its end. */
static char *messages_path(const struct daemon *daemon, uint64_t exec, unsigned attempt)
{
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "%u.slurm", attempt);
	return process_file(daemon->state_directory, exec, suffix);
}

/* Reads from offset on; returns how much there was. */
static size_t read_part(int fd, uint64_t offset, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size &&
	       (got = pread(fd, text + length, size - length, (off_t)(offset + length))) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		length += got > 0 ? (size_t)got : 0;
	}
	return length;
}

/* What is in the file, or ""; when that was, in *since_ns (may be NULL). */
static char *read_messages(
    const struct daemon *daemon, uint64_t exec, unsigned attempt, int64_t *since_ns)
{
	char *path = messages_path(daemon, exec, attempt), *text;
	struct stat status;
	uint64_t size = 0;
	size_t begin, length;
	int fd = result_open(path, &size);

	if (since_ns)
		*since_ns =
		    fd >= 0 && fstat(fd, &status) == 0
		        ? status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec
		        : 0;
	free(path);
	if (fd < 0)
		return mem_copy("");
	begin = size > MESSAGES_MAX ? MESSAGES_MAX / 2 : (size_t)size;
	text = mem_new(MESSAGES_MAX + 1, 1);
	length = read_part(fd, 0, text, begin);
	if (size > MESSAGES_MAX)
		length += read_part(fd, size - MESSAGES_MAX / 2, text + length, MESSAGES_MAX / 2);
	text[length] = '\0';
	close(fd);
	return text;
}

/* Looks whether its process was executed. */
static void look_for_begin(struct slurm *slurm, struct job *job)
{
	struct daemon *daemon = slurm->daemon;
	struct execution *execution = core_find_execution(daemon->core, job->exec);
	int64_t since_ns;
	char *messages, *id;

	if (job->phase != JOB_PENDING)
		return;
	messages = read_messages(daemon, job->exec, job->attempt, &since_ns);
	if (slurm_has_begun(messages, &id)) {
		jobs_set_phase(slurm, job, JOB_BEGUN);
		jobs_set_id(job, id);
		if (execution)
			pending_end(daemon, execution, since_ns);
	}
	free(id);
	free(messages);
}

/* --- from start to end --- */

void slurm_wrap(struct slurm *slurm, const struct execution *execution, struct process *process,
    const char *log, struct resources *resources)
{
	struct strings words = {0};
	char *key = job_print_key(slurm, execution->id, execution->attempt);
	char *messages = messages_path(slurm->daemon, execution->id, execution->attempt);
	const struct slurm_command command = {.name = execution->proc->name,
	    .key = key,
	    .messages = messages,
	    .cwd = process->cwd,
	    .log = log,
	    .resources = *resources,
	    .argv = &process->argv};

	slurm_command_build(&command, &words);
	strings_clear(&process->argv);
	process->argv = words;
	free(messages);
	free(key);
}

void slurm_begin(struct slurm *slurm, struct execution *execution)
{
	struct job *job = jobs_find(slurm, execution->id);

	if (job && job->phase == JOB_ENDING && job->attempt == execution->attempt)
		return; /* its srun has ended already */
	job = jobs_add(slurm, execution);
	look_for_begin(slurm, job);
	if (job->phase == JOB_PENDING)
		pending_begin(slurm->daemon, execution, "pending in Slurm");
	slurm_watch(slurm);
}

void slurm_discard(struct slurm *slurm, const struct execution *execution)
{
	struct job *job = jobs_find(slurm, execution->id);

	keep_remove_file(
	    slurm->daemon, messages_path(slurm->daemon, execution->id, execution->attempt));
	if (job)
		jobs_drop(slurm, job);
}

void slurm_signal(struct slurm *slurm, const struct execution *execution, int signal)
{
	struct job *job = jobs_find(slurm, execution->id);
	const struct worker_key key = {.exec = execution->id, .attempt = execution->attempt};

	if (!job) {
		workers_signal(slurm->daemon->workers, key, signal);
		return;
	}
	look_for_begin(slurm, job);
	if (job->phase == JOB_ENDING && signal == SIGKILL)
		job->give_up_ns = scheduler_now_ns() + SLURM_GIVE_UP_AFTER_NS;
	else if (job->phase == JOB_BEGUN)
		strings_add(signal == SIGKILL ? &slurm->to_kill : &slurm->to_signal, job->id);
	else if (job->phase == JOB_PENDING) /* on which srun takes it out of the queue */
		workers_signal(slurm->daemon->workers, key, SIGTERM);
	if (signal == SIGKILL)
		jobs_set_kill(slurm, job, scheduler_now_ns() + SLURM_KILL_AFTER_NS);
	slurm_watch(slurm);
}

bool slurm_delays_end(
    struct slurm *slurm, const struct execution *execution, const struct worker_exit *report)
{
	struct job *job = jobs_find(slurm, execution->id);

	if (report->spawn_errno || !WIFSIGNALED(report->wait_status))
		return false;
	if (!job) /* it has ended while there was no scheduler */
		job = jobs_add(slurm, execution);
	log_warning("srun was killed, its job is looked for exec=%" PRIu64, job->exec);
	jobs_set_phase(slurm, job, JOB_ENDING);
	job->report = *report;
	job->has_report = true;
	slurm_watch(slurm);
	return true;
}

void slurm_lose(struct slurm *slurm, struct execution *execution)
{
	struct job *job = jobs_add(slurm, execution);

	pending_begin(slurm->daemon, execution,
	    "lost with an earlier daemon: its job in Slurm, if there is one, is being canceled");
	jobs_set_phase(slurm, job, JOB_ENDING);
	slurm_watch(slurm);
}

/* Slurm's own words go to the log too, where somebody looks for what happened. */
static void log_words(const struct execution *execution, const char *messages)
{
	char *words = slurm_own_words(messages), *path = logs_path(execution);
	int fd = *words && path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (fd >= 0) {
		if (write(fd, words, strlen(words)) < 0)
			log_warning(
			    "not logged exec=%" PRIu64 " error=%s", execution->id, strerror(errno));
		close(fd);
	}
	free(path);
	free(words);
}

void slurm_end(struct slurm *slurm, struct execution *execution, const struct worker_exit *exit,
    struct exit_report *report, char **info)
{
	struct daemon *daemon = slurm->daemon;
	struct job *job = jobs_find(slurm, execution->id);
	char *messages = read_messages(daemon, execution->id, execution->attempt, NULL);
	struct slurm_end end;

	if (job)
		look_for_begin(slurm, job);
	slurm_end_read(messages, exit->wait_status, &end);
	if (WIFSIGNALED(exit->wait_status)) {
		report->ended_ns = 0; /* the job has outlived its srun until now */
		if (!end.info)
			end.info = mem_copy("srun was killed; its job was canceled");
	}
	report->wait_status = end.wait_status;
	report->is_spawn_failure = !end.has_begun;
	report->is_lost = end.is_not_known;
	report->is_transient = end.is_transient;
	if (end.info) {
		log_words(execution, messages);
		free(*info);
		*info = end.info;
	}
	free(messages);
	keep_remove_file(daemon, messages_path(daemon, execution->id, execution->attempt));
	if (job)
		jobs_drop(slurm, job);
}

void slurm_forget(struct slurm *slurm, const struct execution *execution)
{
	struct job *job = jobs_find(slurm, execution->id);

	if (job)
		jobs_drop(slurm, job);
}

/* --- what is done while somebody is pending, or has to go --- */

/* Some of those that are pending, so that many do not take long: all get their turn. */
static void look_at_pending(struct slurm *slurm)
{
	struct job *job, *last = TAILQ_LAST(&slurm->pending, job_list);

	for (int i = 0; i < 32 && (job = TAILQ_FIRST(&slurm->pending)); i++) {
		TAILQ_REMOVE(&slurm->pending, job, of_phase);
		TAILQ_INSERT_TAIL(&slurm->pending, job, of_phase);
		look_for_begin(slurm, job);
		if (job == last)
			break;
	}
}

static void kill_late(struct slurm *slurm, int64_t now_ns)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&slurm->doomed)) && job->kill_ns <= now_ns) {
		jobs_set_kill(slurm, job, 0);
		workers_signal(slurm->daemon->workers,
		    (struct worker_key){.exec = job->exec, .attempt = job->attempt}, SIGKILL);
	}
}

/* Whether it was told to go at once, and has had its chance: Slurm was asked for it, and told to
 * end what there was; or does not answer. */
static bool is_given_up(const struct slurm *slurm, const struct job *job, int64_t now_ns)
{
	return job->give_up_ns &&
	       (slurm->is_silent || job->n_answers >= 2 || job->give_up_ns <= now_ns);
}

/* The job is gone, or is given up. */
static void finish_ending(struct slurm *slurm, struct job *job, bool is_gone)
{
	struct daemon *daemon = slurm->daemon;
	const struct exit_report lost = {.is_lost = true,
	    .info = is_gone ? "the daemon died while it ran in Slurm; its job was canceled"
	                    : "lost with an earlier daemon; its job in Slurm may still run"};
	struct worker_exit report = job->report;
	struct execution *execution = core_find_execution(daemon->core, job->exec);
	bool has_report = job->has_report;
	uint64_t exec = job->exec;

	if (!is_gone)
		log_error("a job in Slurm may still run exec=%" PRIu64, exec);
	if (has_report) {
		effects_finish(daemon, &report);
	} else if (execution) {
		executors_discard(daemon, execution);
		effects_report(daemon, execution, &lost);
	}
	job = jobs_find(slurm, exec);
	if (job)
		jobs_drop(slurm, job);
	scheduler_wake(daemon);
}

static void finish_endings(struct slurm *slurm, int64_t now_ns)
{
	struct job *job, *next;

	for (job = TAILQ_FIRST(&slurm->ending); job; job = next) {
		bool is_gone = job->n_absent >= 2;

		next = TAILQ_NEXT(job, of_phase);
		if (is_gone || is_given_up(slurm, job, now_ns))
			finish_ending(slurm, job, is_gone);
	}
}

void slurm_tick(struct slurm *slurm)
{
	int64_t now_ns = scheduler_now_ns();

	look_at_pending(slurm);
	kill_late(slurm, now_ns);
	finish_endings(slurm, now_ns);
}
