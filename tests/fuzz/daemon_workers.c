/*
 * Workers without processes; see daemon_workers.h. Each number of execution and attempt is spawned
 * once, under an environment that the supervisor has, and acknowledged once, after its end. They
 * outlive a scheduler: workers_events.arg hands them to the next.
 */
#include "tests/fuzz/daemon_workers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/effects.h"
#include "daemon/environment.h"
#include "daemon/jobserver.h"
#include "daemon/supervisor/tokens.h"
#include "tests/fuzz/fuzz.h"

struct workers *workers_new(struct event_base *base, int fd, const struct workers_events *events)
{
	(void)base;
	(void)fd;
	return events ? events->arg : mem_new(1, sizeof(struct workers));
}

void workers_free(struct workers *workers)
{
	(void)workers; /* the next scheduler is to find what the supervisor knows */
}

void fuzz_workers_free(struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		free(workers->items[i].output);
	free(workers->items);
	free(workers->refused);
	free(workers->environments);
	free(workers);
}

static struct fuzz_worker *find_key(struct workers *workers, struct worker_key key)
{
	for (size_t i = workers->count; i-- > 0;) {
		struct fuzz_worker *worker = &workers->items[i];

		if (worker->key.exec == key.exec && worker->key.attempt == key.attempt)
			return worker;
	}
	return NULL;
}

static bool is_living(const struct fuzz_worker *worker)
{
	return !worker->is_ended && !worker->is_standby;
}

struct fuzz_worker *fuzz_workers_find(struct workers *workers, unsigned index)
{
	size_t n_living = 0;

	for (size_t i = 0; i < workers->count; i++)
		n_living += is_living(&workers->items[i]);
	if (n_living == 0)
		return NULL;
	index %= n_living;
	for (size_t i = 0;; i++) {
		if (is_living(&workers->items[i]) && index-- == 0)
			return &workers->items[i];
	}
}

static void forget(struct workers *workers, size_t index)
{
	free(workers->items[index].output);
	workers->count--;
	memmove(workers->items + index, workers->items + index + 1,
	    (workers->count - index) * sizeof(*workers->items));
}

/* The next scheduler knows nothing of what has never been started. */
static void forget_standby(struct workers *workers)
{
	for (size_t i = workers->count; i-- > 0;)
		if (workers->items[i].is_standby)
			forget(workers, i);
}

static bool is_same(struct worker_key a, struct worker_key b)
{
	return a.exec == b.exec && a.attempt == b.attempt;
}

static void give_back_after(struct workers *workers, struct worker_key key)
{
	for (size_t i = 0; i < workers->count; i++) {
		struct fuzz_worker *worker = &workers->items[i];

		for (uint32_t at = 0; at < worker->n_after && !worker->is_returned; at++)
			if (worker->is_standby && is_same(worker->after[at], key)) {
				worker->is_returned = true;
				give_back_after(workers, worker->key);
			}
	}
}

/* What comes after the one that has succeeded waits for it no longer. True: there was something. */
static bool succeed(struct workers *workers, struct worker_key key)
{
	bool is_relied_on = false;

	for (size_t i = 0; i < workers->count; i++) {
		struct fuzz_worker *worker = &workers->items[i];

		for (uint32_t at = worker->n_after; at-- > 0;)
			if (worker->is_standby && is_same(worker->after[at], key)) {
				worker->after[at] = worker->after[--worker->n_after];
				is_relied_on = true;
			}
	}
	return is_relied_on;
}

void fuzz_workers_promote(
    struct workers *workers, const struct fuzz_worker *ended, struct worker_exit *report)
{
	if (report->wait_status == 0 && !report->spawn_errno && !report->has_leftovers &&
	    !ended->is_signaled && !ended->has_left)
		report->is_relied_on = succeed(workers, ended->key);
	else
		give_back_after(workers, ended->key);
	for (size_t i = 0; ended->slot == SLOT_PASSED && i < workers->count; i++) {
		struct fuzz_worker *worker = &workers->items[i];

		if (!worker->is_standby || worker->is_returned || worker->n_after > 0)
			continue;
		worker->is_standby = false;
		report->next = worker->key;
		return;
	}
}

void fuzz_workers_report(struct daemon *daemon)
{
	struct workers *workers = daemon->workers;

	workers->n_refused = 0;
	workers->is_token_wanted = workers->is_token_reserved = false;
	for (size_t env = 1; env < workers->n_environments; env++)
		if (workers->environments[env])
			environments_hold(daemon->environments, (uint32_t)env);
	forget_standby(workers);
	for (size_t i = 0; i < workers->count; i++) {
		const struct fuzz_worker *worker = &workers->items[i];

		if (!worker->is_ended)
			effects_started(daemon, worker->key, INT_MAX, worker->report.started_ns);
		else if (!worker->is_acknowledged)
			effects_exited(daemon, &worker->report);
	}
}

/* --- environments --- */

static bool has_environment(const struct workers *workers, uint32_t env)
{
	return env == 0 || (env < workers->n_environments && workers->environments[env]);
}

static void check_variables(const char *const *variables)
{
	for (; *variables; variables++) {
		const char *equals = strchr(*variables, '=');

		FUZZ_CHECK(equals && equals > *variables);
	}
}

int workers_send_environment(struct workers *workers, uint32_t env, const char *const *variables)
{
	if (workers->is_refusing) {
		errno = ENOBUFS;
		return -1;
	}
	check_variables(variables);
	FUZZ_CHECK(env > 0 && env < 1u << 20 && !has_environment(workers, env));
	if (env >= workers->n_environments) {
		workers->environments =
		    mem_resize(workers->environments, env + 1, sizeof(*workers->environments));
		while (workers->n_environments <= env)
			workers->environments[workers->n_environments++] = false;
	}
	workers->environments[env] = true;
	return 0;
}

int workers_drop_environment(struct workers *workers, uint32_t env)
{
	FUZZ_CHECK(env > 0 && has_environment(workers, env));
	workers->environments[env] = false;
	return 0;
}

/* --- processes --- */

static bool has_free_token(const struct workers *workers)
{
	uint32_t n_used = workers->is_token_reserved;

	for (size_t i = 0; i < workers->count; i++)
		n_used += workers->items[i].has_token && !workers->items[i].is_ended;
	return n_used < workers->token_limit;
}

/* Whether it has one now. */
static bool take_token(struct workers *workers, struct worker_key key)
{
	FUZZ_CHECK(workers->token_limit > 0);
	if (workers->is_token_reserved || has_free_token(workers)) {
		workers->is_token_reserved = false;
		return true;
	}
	workers->refused =
	    mem_resize(workers->refused, workers->n_refused + 1, sizeof(*workers->refused));
	workers->refused[workers->n_refused++] = key;
	workers->is_token_wanted = true;
	return false;
}

bool fuzz_workers_tell(struct daemon *daemon)
{
	struct workers *workers = daemon->workers;

	for (size_t i = 0; i < workers->count; i++) {
		struct fuzz_worker *worker = &workers->items[i];

		if (!worker->has_token || worker->is_told || worker->is_ended)
			continue;
		worker->is_told = true;
		effects_started(daemon, worker->key, INT_MAX, worker->report.started_ns);
		return true;
	}
	for (size_t i = 0; i < workers->count; i++) {
		struct worker_key key = workers->items[i].key;

		if (!workers->items[i].is_returned)
			continue;
		forget(workers, i);
		effects_returned(daemon, key);
		return true;
	}
	if (workers->n_refused > 0) {
		struct worker_key key = workers->refused[0];

		workers->n_refused--;
		memmove(workers->refused, workers->refused + 1,
		    workers->n_refused * sizeof(*workers->refused));
		jobserver_refused(daemon, key);
		return true;
	}
	if (!workers->is_token_wanted || workers->is_token_reserved || !has_free_token(workers))
		return false;
	workers->is_token_wanted = false;
	workers->is_token_reserved = true;
	jobserver_granted(daemon);
	return true;
}

/* What it comes after is known, or it is given back. */
static int keep_after(struct workers *workers, const struct worker_spawn *spawn)
{
	struct fuzz_worker *worker = &workers->items[workers->count - 1];

	FUZZ_CHECK(spawn->n_after <= (worker->is_standby ? WIRE_AFTER_MAX : 0));
	for (uint32_t i = 0; i < spawn->n_after; i++) {
		FUZZ_CHECK(spawn->after[i].absent[0] == '/');
		worker->after[worker->n_after++] = spawn->after[i].key;
		if (!find_key(workers, spawn->after[i].key))
			worker->is_returned = true;
	}
	return 0;
}

int workers_spawn(struct workers *workers, const struct worker_spawn *spawn)
{
	if (workers->is_refusing) {
		errno = ENOBUFS;
		return -1;
	}
	struct fuzz_worker *standby = find_key(workers, spawn->key);

	FUZZ_CHECK(spawn->key.attempt > 0);
	if (standby) { /* it has come to its turn */
		FUZZ_CHECK(spawn->standby == 0);
		standby->is_standby = standby->is_returned = false;
		return 0;
	}
	FUZZ_CHECK(has_environment(workers, spawn->env));
	FUZZ_CHECK(spawn->argv[0] && spawn->cwd[0] == '/' && spawn->log[0] == '/');
	check_variables(spawn->extra_env);
	if (spawn->jobserver != JOBSERVER_NONE && !take_token(workers, spawn->key))
		return 0;
	workers->items = mem_resize(workers->items, workers->count + 1, sizeof(*workers->items));
	workers->items[workers->count++] = (struct fuzz_worker){
	    .key = spawn->key,
	    .output = mem_copy(spawn->output),
	    .has_token = spawn->jobserver != JOBSERVER_NONE,
	    .is_standby = spawn->standby > 0,
	    .slot = spawn->slot,
	};
	return keep_after(workers, spawn);
}

int workers_set_slots(struct workers *workers, uint32_t limit)
{
	(void)workers;
	FUZZ_CHECK(limit > 0);
	return 0;
}

int workers_lend_slot(struct workers *workers, struct worker_key key, bool is_lent)
{
	/* Whoever claims to be one that stands by may wait before that is started. */
	(void)workers;
	(void)is_lent;
	FUZZ_CHECK(key.attempt > 0);
	return 0;
}

int workers_signal(struct workers *workers, struct worker_key key, int signal)
{
	/* It may be one that could not be started: the supervisor does not mind. */
	struct fuzz_worker *worker = find_key(workers, key);

	if (worker && worker->is_standby)
		worker->is_returned = true;
	if (worker)
		worker->is_signaled = true;
	give_back_after(workers, key);
	FUZZ_CHECK(signal > 0);
	return 0;
}

int workers_recall(struct workers *workers, struct worker_key key)
{
	struct fuzz_worker *worker = find_key(workers, key);

	if (worker && worker->is_standby) {
		worker->is_returned = true;
		give_back_after(workers, key);
	}
	return 0;
}

int workers_set_tokens(struct workers *workers, uint32_t limit, const char *path)
{
	workers->token_limit = limit;
	FUZZ_CHECK(limit <= TOKENS_MAX && path[0] == '/');
	return 0;
}

int workers_want_token(struct workers *workers, bool is_wanted)
{
	workers->is_token_reserved = false;
	workers->is_token_wanted = is_wanted;
	return 0;
}

int workers_lend_token(struct workers *workers, struct worker_key key, bool is_lent)
{
	struct fuzz_worker *worker = find_key(workers, key);

	/* One that was started while there were none has nothing to lend. */
	FUZZ_CHECK(worker);
	worker->has_token &= !is_lent;
	return 0;
}

int workers_acknowledge(struct workers *workers, struct worker_key key)
{
	struct fuzz_worker *worker = find_key(workers, key);

	FUZZ_CHECK(worker && worker->is_ended && !worker->is_acknowledged);
	worker->is_acknowledged = true;
	return 0;
}

int workers_send_farewell(struct workers *workers)
{
	workers->is_farewell_said = true;
	return 0;
}

void workers_flush(struct workers *workers)
{
	(void)workers;
}
