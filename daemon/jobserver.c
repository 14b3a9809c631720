/*
 * Two queues of executions whose process is not started yet: those that first have to know which
 * form of the protocol the make of their environment understands, and those that wait for a token,
 * which get it in the order in which they came. Knows nothing of how tokens are kept.
 */
#include "daemon/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/dynamic.h"
#include "daemon/effects.h"
#include "daemon/extra.h"
#include "daemon/logs.h"
#include "daemon/pending.h"
#include "daemon/workers.h"
#include "daemon/workspace/workspace.h"

/* So many environments are remembered with what their make understands. */
#define ANSWERS_MAX 16

#define FIFO_NAME "jobserver"

/* An execution that waits here; exec_extra.job. */
struct job {
	TAILQ_ENTRY(job) of_queue;
	struct job_queue *queue;
	uint64_t exec;
	uint32_t env;
	enum jobserver_style style;
};

TAILQ_HEAD(job_queue, job);

/* What the make in an environment understands. */
struct answer {
	struct jobserver *jobserver;
	bool is_used;
	bool is_open; /* it has been asked, and has not said yet */
	uint32_t env;
	enum jobserver_style style;
};

struct jobserver {
	struct daemon *daemon;
	char *path; /* of the FIFO */
	uint32_t limit;
	bool is_told;          /* the supervisor, of limit */
	unsigned n_unanswered; /* how often it was told, and has not said that it is so */
	struct job_queue asking;
	struct job_queue waiting;
	struct answer answers[ANSWERS_MAX];
	size_t next_answer; /* the one to be forgotten for a new one */
	struct definition *asker;
};

struct jobserver *jobserver_new(struct daemon *daemon)
{
	struct jobserver *jobserver = calloc(1, sizeof(*jobserver));

	if (!jobserver)
		return NULL;
	jobserver->daemon = daemon;
	jobserver->path = mem_print("%s/" FIFO_NAME, daemon->state_directory);
	jobserver->asker = definition_new(FIFO_NAME, false, ORIGIN_CLIENT);
	TAILQ_INIT(&jobserver->asking);
	TAILQ_INIT(&jobserver->waiting);
	return jobserver;
}

static void free_queue(struct job_queue *queue)
{
	struct job *job;

	while ((job = TAILQ_FIRST(queue))) {
		TAILQ_REMOVE(queue, job, of_queue);
		free(job);
	}
}

void jobserver_free(struct jobserver *jobserver)
{
	if (!jobserver)
		return;
	free_queue(&jobserver->asking);
	free_queue(&jobserver->waiting);
	definition_unref(jobserver->asker);
	free(jobserver->path);
	free(jobserver);
}

uint32_t jobserver_get_limit(const struct daemon *daemon)
{
	return daemon->jobserver->limit;
}

int jobserver_count_free(const struct daemon *daemon)
{
	const struct jobserver *jobserver = daemon->jobserver;
	struct stat status;
	int fd, count = -1;

	if (jobserver->n_unanswered > 0)
		return -1;
	fd = open(jobserver->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode) || ioctl(fd, FIONREAD, &count) < 0)
		count = -1;
	close(fd);
	/* A process may have given back more than it had; they go with the next that is taken. */
	return count < (int)jobserver->limit ? count : (int)jobserver->limit;
}

bool jobserver_concerns(const struct execution *execution)
{
	return execution->definition->jobserver != USES_NO_JOBSERVER &&
	       strcmp(execution_executor(execution), CORE_LOCAL) == 0;
}

/* --- queues --- */

static void fail(struct daemon *daemon, struct execution *execution, const char *info)
{
	const struct exit_report report = {.is_spawn_failure = true, .info = info};

	if (exec_extra_get(execution, daemon->logs_directory))
		logs_begin_attempt(execution);
	effects_report(daemon, execution, &report);
}

/* Puts the execution into a queue; style: that it is to be started with, none where it asks. */
static void enter(struct daemon *daemon, struct job_queue *queue, struct execution *execution,
    enum jobserver_style style)
{
	bool is_asking = queue == &daemon->jobserver->asking;
	struct exec_extra *extra = exec_extra_get(execution, daemon->logs_directory);
	struct job *job = extra ? calloc(1, sizeof(*job)) : NULL;

	if (!job) {
		fail(daemon, execution, "out of memory");
		return;
	}
	*job = (struct job){
	    .queue = queue, .exec = execution->id, .env = execution->env, .style = style};
	TAILQ_INSERT_TAIL(queue, job, of_queue);
	extra->job = job;
	pending_begin(
	    daemon, execution, is_asking ? "waits for make's answer" : "waits for a job token");
}

static void leave(struct exec_extra *extra)
{
	struct job *job = extra->job;

	TAILQ_REMOVE(job->queue, job, of_queue);
	extra->job = NULL;
	free(job);
}

/* Takes the job's execution out of its queue. */
static struct execution *take(struct daemon *daemon, struct job *job)
{
	struct execution *execution = core_find_execution(daemon->core, job->exec);

	leave(execution->extra); /* it is there as long as it runs, and for all that runs it does */
	return execution;
}

/* Its process is not there, and there will be none: as if the signal had ended it. */
static void end_unstarted(struct daemon *daemon, struct execution *execution, int signal)
{
	const struct exit_report report = {.wait_status = signal};

	effects_report(daemon, execution, &report);
}

/* --- which form --- */

static struct answer *find_answer(struct jobserver *jobserver, uint32_t env)
{
	for (size_t i = 0; i < ANSWERS_MAX; i++)
		if (jobserver->answers[i].is_used && jobserver->answers[i].env == env)
			return &jobserver->answers[i];
	return NULL;
}

/* All that have waited for this answer go on. */
static void start_asking(struct daemon *daemon, uint32_t env)
{
	struct job *job, *next;
	struct job_queue ready = TAILQ_HEAD_INITIALIZER(ready);

	/* At first into a queue of their own: who starts may have to ask anew. */
	for (job = TAILQ_FIRST(&daemon->jobserver->asking); job; job = next) {
		next = TAILQ_NEXT(job, of_queue);
		if (job->env != env)
			continue;
		TAILQ_REMOVE(job->queue, job, of_queue);
		TAILQ_INSERT_TAIL(&ready, job, of_queue);
		job->queue = &ready;
	}
	while ((job = TAILQ_FIRST(&ready)))
		jobserver_start(daemon, take(daemon, job));
}

static void on_answer(void *arg, const struct strings *answer, const char *error)
{
	struct answer *about = arg;
	bool is_fifo =
	    !error && answer->count == 1 && strcmp(answer->items[0], "jobserver-fifo") == 0;

	/* Where there is no make, or another one, what else there is understands the older form. */
	about->style = is_fifo ? JOBSERVER_FIFO : JOBSERVER_PIPE;
	about->is_open = false;
	start_asking(about->jobserver->daemon, about->env);
}

/*
 * Asks the make that is found in that environment: its version says less than its features. NULL:
 * nobody can be asked now.
 */
static struct answer *ask(struct jobserver *jobserver, uint32_t env)
{
	static char *words[] = {"make", "-s", "--no-print-directory", "-f", "/dev/null",
	    "--eval=$(info [\"$(filter jobserver-fifo,$(.FEATURES))\"])", "--eval=all:", "all"};
	static const struct command command = {
	    .words = words, .n_words = sizeof(words) / sizeof(words[0])};
	struct answer *answer = &jobserver->answers[jobserver->next_answer];

	if (answer->is_open)
		return NULL;
	if (dynamic_ask(jobserver->daemon, jobserver->asker, &command, env, on_answer, answer) == 0)
		return NULL;
	*answer =
	    (struct answer){.jobserver = jobserver, .is_used = true, .is_open = true, .env = env};
	jobserver->next_answer = (jobserver->next_answer + 1) % ANSWERS_MAX;
	return answer;
}

/* The form for the execution; JOBSERVER_NONE: it is not known yet. */
static enum jobserver_style find_style(
    struct jobserver *jobserver, const struct execution *execution)
{
	struct answer *answer;

	if (execution->definition->jobserver == USES_FIFO)
		return JOBSERVER_FIFO;
	if (execution->definition->jobserver == USES_PIPE || !makeflags_takes_path(jobserver->path))
		return JOBSERVER_PIPE;
	answer = find_answer(jobserver, execution->env);
	if (!answer)
		answer = ask(jobserver, execution->env);
	if (!answer)
		return JOBSERVER_PIPE;
	return answer->is_open ? JOBSERVER_NONE : answer->style;
}

/* --- starting --- */

void jobserver_start(struct daemon *daemon, struct execution *execution)
{
	struct jobserver *jobserver = daemon->jobserver;
	enum jobserver_style style;

	if (jobserver->limit == 0) {
		pending_end(daemon, execution, 0); /* it may have waited for one before a restart */
		effects_start(daemon, execution, JOBSERVER_NONE);
		return;
	}
	if (execution->definition->jobserver == USES_FIFO &&
	    !makeflags_takes_path(jobserver->path)) {
		fail(daemon, execution,
		    "jobserver: fifo: make would misread the path of the workspace (a blank, a "
		    "quote, \\, $ or #); use jobserver: pipe");
		return;
	}
	style = find_style(jobserver, execution);
	if (style == JOBSERVER_NONE)
		enter(daemon, &jobserver->asking, execution, style);
	else if (!TAILQ_EMPTY(&jobserver->waiting))
		enter(daemon, &jobserver->waiting, execution, style);
	else
		effects_start(daemon, execution, style);
}

bool jobserver_signal(struct daemon *daemon, struct execution *execution, int signal)
{
	struct jobserver *jobserver = daemon->jobserver;
	struct exec_extra *extra = execution->extra;

	if (!extra || !extra->job)
		return false;
	leave(extra);
	if (TAILQ_EMPTY(&jobserver->waiting))
		workers_want_token(daemon->workers, false);
	end_unstarted(daemon, execution, signal);
	return true;
}

void jobserver_started(struct daemon *daemon, struct execution *execution)
{
	struct exec_extra *extra = execution->extra;

	if (!jobserver_concerns(execution))
		return;
	extra->is_token_lent = false;
	pending_end(daemon, execution, 0);
	jobserver_follow_wait(daemon, execution->id);
}

void jobserver_refused(struct daemon *daemon, struct worker_key key)
{
	struct jobserver *jobserver = daemon->jobserver;
	struct execution *execution = core_find_execution(daemon->core, key.exec);
	enum jobserver_style style;

	if (!execution || execution->state != STATE_RUNNING || execution->attempt != key.attempt)
		return;
	/* The signal that was to end it met nobody. */
	if (execution->ending != ERROR_NONE) {
		end_unstarted(daemon, execution, SIGTERM);
		return;
	}
	style = find_style(jobserver, execution);
	if (jobserver->limit == 0 || style == JOBSERVER_NONE) {
		jobserver_start(daemon, execution);
		return;
	}
	/* The last that waited may have been canceled since: that it is wanted no more is on its
	 * way. */
	if (TAILQ_EMPTY(&jobserver->waiting))
		workers_want_token(daemon->workers, true);
	enter(daemon, &jobserver->waiting, execution, style);
}

void jobserver_granted(struct daemon *daemon)
{
	struct jobserver *jobserver = daemon->jobserver;
	struct job *job = TAILQ_FIRST(&jobserver->waiting);

	if (job) {
		enum jobserver_style style = job->style;

		effects_start(daemon, take(daemon, job), style);
	}
	/* Also gives the token back if there was nobody, or that could not be started. */
	workers_want_token(daemon->workers, !TAILQ_EMPTY(&jobserver->waiting));
}

void jobserver_note_set(struct daemon *daemon)
{
	if (daemon->jobserver->n_unanswered > 0)
		daemon->jobserver->n_unanswered--;
}

void jobserver_apply_options(struct daemon *daemon)
{
	struct jobserver *jobserver = daemon->jobserver;
	uint32_t limit = workspace_options_jobserver(workspace_get_options(daemon->workspace));
	struct job *job;

	if (jobserver->is_told && jobserver->limit == limit)
		return;
	jobserver->is_told = true;
	jobserver->limit = limit;
	if (workers_set_tokens(daemon->workers, limit, jobserver->path) == 0)
		jobserver->n_unanswered++;
	if (limit > 0 || TAILQ_EMPTY(&jobserver->waiting))
		return;
	workers_want_token(daemon->workers, false);
	while ((job = TAILQ_FIRST(&jobserver->waiting)))
		jobserver_start(daemon, take(daemon, job));
	scheduler_wake(daemon);
}

void jobserver_follow_wait(struct daemon *daemon, uint64_t exec)
{
	struct execution *execution = exec ? core_find_execution(daemon->core, exec) : NULL;
	struct exec_extra *extra = execution ? execution->extra : NULL;
	struct worker_key key;

	if (!extra || execution->state != STATE_RUNNING || extra->job ||
	    !jobserver_concerns(execution) || extra->is_token_lent == execution->is_lent)
		return;
	key = (struct worker_key){.exec = exec, .attempt = execution->attempt};
	extra->is_token_lent = execution->is_lent;
	workers_lend_token(daemon->workers, key, extra->is_token_lent);
}
