/*
 * The jobs, by execution and by phase, and the timer.
 */
#include "daemon/executors/slurm_jobs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/dynamic.h"

#define SECOND_NS INT64_C(1000000000)
#define FIRST_INTERVAL_NS (1 * SECOND_NS)
#define LAST_INTERVAL_NS (30 * SECOND_NS)
#define LEAST_INTERVAL_NS (2 * SECOND_NS) /* however many become pending */

#define QUICK_NS (10 * SECOND_NS) /* so long most that begin have begun */

static const struct timeval quick_delay = {.tv_usec = 100 * 1000};
static const struct timeval slow_delay = {.tv_sec = 1};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct slurm *slurm = arg;

	(void)fd;
	(void)what;
	slurm_tick(slurm);
	slurm_watch(slurm);
}

/* FNV-1a: another workspace's jobs are not to be taken for one's own. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

struct slurm *slurm_new(struct daemon *daemon)
{
	struct slurm *slurm = calloc(1, sizeof(*slurm));

	if (!slurm || !(slurm->timer = evtimer_new(daemon->base, on_timer, slurm))) {
		free(slurm);
		return NULL;
	}
	slurm->daemon = daemon;
	slurm->definition = definition_new("slurm", false, ORIGIN_CLIENT);
	slurm->prefix = mem_print("parproc:%016" PRIx64 ":", hash_of(daemon->directory));
	TAILQ_INIT(&slurm->pending);
	TAILQ_INIT(&slurm->begun);
	TAILQ_INIT(&slurm->ending);
	TAILQ_INIT(&slurm->doomed);
	return slurm;
}

void slurm_free(struct slurm *slurm)
{
	struct job *job, *next;

	if (!slurm)
		return;
	if (slurm->inquiry)
		dynamic_drop(slurm->daemon, slurm->inquiry);
	HASH_ITER (by_exec, slurm->jobs, job, next)
		jobs_drop(slurm, job);
	event_free(slurm->timer);
	definition_unref(slurm->definition);
	strings_clear(&slurm->to_signal);
	strings_clear(&slurm->to_kill);
	strings_clear(&slurm->to_cancel);
	free(slurm->prefix);
	free(slurm);
}

char *job_print_key(const struct slurm *slurm, uint64_t exec, unsigned attempt)
{
	return mem_print("%s%" PRIu64 ".%u", slurm->prefix, exec, attempt);
}

static struct job_list *list_of(struct slurm *slurm, const struct job *job)
{
	if (job->phase == JOB_PENDING)
		return &slurm->pending;
	return job->phase == JOB_BEGUN ? &slurm->begun : &slurm->ending;
}

struct job *jobs_find(const struct slurm *slurm, uint64_t exec)
{
	struct job *job = NULL;

	HASH_FIND(by_exec, slurm->jobs, &exec, sizeof(exec), job);
	return job;
}

struct job *jobs_add(struct slurm *slurm, const struct execution *execution)
{
	struct job *job = jobs_find(slurm, execution->id);

	if (job)
		jobs_drop(slurm, job);
	job = mem_new(1, sizeof(*job));
	job->exec = execution->id;
	job->attempt = execution->attempt;
	job->env = execution->env;
	HASH_ADD(by_exec, slurm->jobs, exec, sizeof(job->exec), job);
	slurm->added_ns = scheduler_now_ns();
	if (TAILQ_EMPTY(&slurm->pending)) {
		slurm->interval_ns = FIRST_INTERVAL_NS;
		if (TAILQ_EMPTY(&slurm->ending)) /* most have begun before it is worth asking */
			slurm->asked_ns = slurm->added_ns;
	} else if (slurm->interval_ns > LEAST_INTERVAL_NS) {
		slurm->interval_ns = LEAST_INTERVAL_NS;
	}
	TAILQ_INSERT_TAIL(&slurm->pending, job, of_phase);
	return job;
}

void jobs_set_kill(struct slurm *slurm, struct job *job, int64_t kill_ns)
{
	if (job->kill_ns)
		TAILQ_REMOVE(&slurm->doomed, job, of_doomed);
	job->kill_ns = kill_ns;
	if (kill_ns)
		TAILQ_INSERT_TAIL(&slurm->doomed, job, of_doomed);
}

void jobs_drop(struct slurm *slurm, struct job *job)
{
	jobs_set_kill(slurm, job, 0);
	TAILQ_REMOVE(list_of(slurm, job), job, of_phase);
	HASH_DELETE(by_exec, slurm->jobs, job);
	free(job->id);
	free(job);
}

void jobs_set_phase(struct slurm *slurm, struct job *job, enum job_phase phase)
{
	TAILQ_REMOVE(list_of(slurm, job), job, of_phase);
	job->phase = phase;
	TAILQ_INSERT_TAIL(list_of(slurm, job), job, of_phase);
	if (phase != JOB_ENDING)
		return;
	jobs_set_kill(slurm, job, 0);
	slurm->interval_ns = FIRST_INTERVAL_NS;
	slurm->asked_ns = 0;
}

void jobs_set_id(struct job *job, const char *id)
{
	char *copy = mem_copy(id);

	free(job->id);
	job->id = copy;
}

/* Asks for the queue where that is due. */
static void ask_if_due(struct slurm *slurm, int64_t now_ns)
{
	/* Who waits for the end of a job waits for nothing else. */
	bool is_urgent = !TAILQ_EMPTY(&slurm->ending);
	int64_t interval_ns = is_urgent ? FIRST_INTERVAL_NS : slurm->interval_ns;

	if (slurm->inquiry || now_ns - slurm->asked_ns < interval_ns ||
	    (TAILQ_EMPTY(&slurm->pending) && !is_urgent))
		return;
	slurm->asked_ns = now_ns;
	slurm->interval_ns =
	    2 * slurm->interval_ns < LAST_INTERVAL_NS ? 2 * slurm->interval_ns : LAST_INTERVAL_NS;
	queue_ask(slurm);
}

void slurm_watch(struct slurm *slurm)
{
	int64_t now_ns = scheduler_now_ns();
	bool is_quick = now_ns - slurm->added_ns < QUICK_NS || !TAILQ_EMPTY(&slurm->ending) ||
	                !TAILQ_EMPTY(&slurm->doomed);

	queue_signal(slurm);
	if (TAILQ_EMPTY(&slurm->pending) && TAILQ_EMPTY(&slurm->ending) &&
	    TAILQ_EMPTY(&slurm->doomed)) {
		evtimer_del(slurm->timer);
		return;
	}
	ask_if_due(slurm, now_ns);
	/* One that is set stays, however often something happens, but for one that is too slow. */
	if (evtimer_pending(slurm->timer, NULL) && (slurm->is_timer_quick || !is_quick))
		return;
	slurm->is_timer_quick = is_quick;
	evtimer_add(slurm->timer, is_quick ? &quick_delay : &slow_delay);
}
