/*
 * One transaction a pass: the core's changes, what it has forgotten, results, what requests did,
 * settings. Lists are emptied only when all of it is in the database.
 */
#include "daemon/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/extra.h"
#include "daemon/log.h"
#include "daemon/repeats.h"
#include "daemon/store.h"
#include "daemon/supervisor_id.h"
#include "daemon/workspace/workspace.h"

#define RETRY_S 1

/* So many are written at once, as they are no loss: estimates are made of them. */
#define DURATIONS_MAX 64
#define DURATIONS_PRUNE 5000 /* after so many it is seen to it that they do not become too many */

struct duration {
	char *proc;
	int64_t ended_ns;
	int64_t duration_ns;
};

struct keep {
	struct store_dropped *dropped;
	size_t n_dropped, max_dropped;
	uint64_t *dropped_runs;
	size_t n_dropped_runs, max_dropped_runs;
	struct strings files;
	struct duration durations[DURATIONS_MAX];
	size_t n_durations;
	size_t n_durations_stored;      /* since they were pruned */
	bool are_durations_due;         /* a run is over, or they are many */
	struct store_counters counters; /* as stored */
	bool are_settings_new;
	char *problem;
	struct event *retry;
};

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	scheduler_wake(arg);
}

struct keep *keep_new(struct daemon *daemon)
{
	struct keep *keep = calloc(1, sizeof(*keep));

	if (!keep)
		return NULL;
	keep->retry = evtimer_new(daemon->base, on_retry, daemon);
	if (keep->retry)
		return keep;
	free(keep);
	return NULL;
}

void keep_free(struct keep *keep)
{
	if (!keep)
		return;
	event_free(keep->retry);
	for (size_t i = 0; i < keep->n_durations; i++)
		free(keep->durations[i].proc);
	strings_clear(&keep->files);
	free(keep->dropped);
	free(keep->dropped_runs);
	free(keep->problem);
	free(keep);
}

/* --- gathering --- */

void keep_drop_execution(struct daemon *daemon, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;
	struct keep *keep = daemon->keep;

	if (!execution->is_stored || !store_is_durable(daemon->store))
		return;
	if (keep->n_dropped == keep->max_dropped) {
		keep->max_dropped = keep->max_dropped ? 2 * keep->max_dropped : 64;
		keep->dropped =
		    mem_resize(keep->dropped, keep->max_dropped, sizeof(*keep->dropped));
	}
	keep->dropped[keep->n_dropped++] = (struct store_dropped){.exec = execution->id,
	    .has_attempts = extra && extra->attempts.count > 0,
	    .definition = execution->definition->key,
	    .params = execution->params->key};
}

void keep_drop_run(struct daemon *daemon, const struct run *run)
{
	struct keep *keep = daemon->keep;

	if (!run->is_stored || !store_is_durable(daemon->store))
		return;
	if (keep->n_dropped_runs == keep->max_dropped_runs) {
		keep->max_dropped_runs = keep->max_dropped_runs ? 2 * keep->max_dropped_runs : 16;
		keep->dropped_runs = mem_resize(
		    keep->dropped_runs, keep->max_dropped_runs, sizeof(*keep->dropped_runs));
	}
	keep->dropped_runs[keep->n_dropped_runs++] = run->id;
}

void keep_settings(struct daemon *daemon)
{
	daemon->keep->are_settings_new = true;
	scheduler_wake(daemon);
}

void keep_remove_file(struct daemon *daemon, char *path)
{
	strings_take(&daemon->keep->files, path);
}

const char *keep_get_problem(const struct daemon *daemon)
{
	return daemon->keep ? daemon->keep->problem : NULL;
}

/* --- writing --- */

static int put_names(struct daemon *daemon, const struct core_changes *changes)
{
	int result = 0;

	for (size_t i = 0; i < changes->protos->count && result == 0; i++) {
		const char *name = changes->protos->items[i];

		result = store_put_proto(daemon->store, name, core_find_proto(daemon->core, name));
	}
	for (size_t i = 0; i < changes->n_procs && result == 0; i++)
		result = store_put_proc(daemon->store, changes->procs[i]);
	return result;
}

static void note_seq(uint64_t *last_seq, uint64_t seq)
{
	if (seq > *last_seq)
		*last_seq = seq;
}

static int put_runs(struct daemon *daemon, const struct core_changes *changes, uint64_t *last_seq)
{
	struct keep *keep = daemon->keep;
	int result = 0;

	for (size_t i = 0; i < changes->n_runs && result == 0; i++) {
		const struct run *run = changes->runs[i];
		const struct run_extra *extra = run ? run->extra : NULL;

		if (run)
			result = store_put_run(daemon->store, run);
		keep->are_durations_due |= run && run->ended_ns > 0;
		note_seq(last_seq, extra ? extra->event_seq : 0);
	}
	for (size_t i = 0; i < keep->n_dropped_runs && result == 0; i++)
		result = store_drop_run(daemon->store, keep->dropped_runs[i]);
	return result;
}

/* How long it took, of one that has succeeded. */
static void note_duration(struct keep *keep, const struct execution *execution)
{
	struct exec_extra *extra = execution->extra;

	if (!extra || extra->is_duration_noted || execution->state != STATE_SUCCEEDED ||
	    execution->attempt == 0 || keep->n_durations == DURATIONS_MAX)
		return;
	extra->is_duration_noted = true;
	keep->durations[keep->n_durations++] =
	    (struct duration){.proc = mem_copy(execution->proc->name),
	        .ended_ns = execution->ended_ns,
	        .duration_ns = execution->ended_ns - execution->started_ns};
	keep->are_durations_due |= keep->n_durations == DURATIONS_MAX;
}

static int put_executions(
    struct daemon *daemon, const struct core_changes *changes, uint64_t *last_seq)
{
	struct keep *keep = daemon->keep;
	int result = 0;

	for (size_t i = 0; i < changes->n_executions && result == 0; i++) {
		const struct execution *execution = changes->executions[i];
		const struct exec_extra *extra = execution ? execution->extra : NULL;

		if (!execution)
			continue;
		note_duration(keep, execution);
		result = store_put_execution(daemon->store, execution);
		note_seq(last_seq, extra ? extra->event_seq : 0);
		if (result == 0 && extra && extra->result && !extra->is_result_stored)
			result = store_put_result(daemon->store, execution->id, extra->result);
	}
	for (size_t i = 0; i < keep->n_dropped && result == 0; i++)
		result = store_drop_execution(daemon->store, &keep->dropped[i]);
	return result;
}

static int put_settings(struct daemon *daemon)
{
	json_t *workspace, *supervisor;
	int result;

	if (!daemon->keep->are_settings_new)
		return 0;
	workspace = workspace_save(daemon->workspace);
	supervisor = supervisor_id_get(daemon->supervisor_pid);
	result = store_put_setting(daemon->store, "workspace", workspace);
	if (result == 0)
		result = store_put_setting(daemon->store, "supervisor", supervisor);
	json_decref(workspace);
	json_decref(supervisor);
	return result;
}

/* Those that were not written yet, once they are many or a run is over. */
static int put_durations(struct daemon *daemon)
{
	const struct keep *keep = daemon->keep;
	int result = 0;

	if (!keep->are_durations_due)
		return 0;
	for (size_t i = 0; i < keep->n_durations && result == 0; i++)
		result = store_put_duration(daemon->store, keep->durations[i].proc,
		    keep->durations[i].ended_ns, keep->durations[i].duration_ns);
	if (result == 0 && keep->n_durations > 0 && keep->n_durations_stored > DURATIONS_PRUNE)
		result = store_prune_durations(daemon->store);
	return result;
}

static int put_all(struct daemon *daemon, const struct core_changes *changes,
    const struct store_counters *counters)
{
	const struct keep *keep = daemon->keep;
	uint64_t last_seq = 0;

	if (put_names(daemon, changes) != 0 || put_runs(daemon, changes, &last_seq) != 0 ||
	    put_executions(daemon, changes, &last_seq) != 0 || put_settings(daemon) != 0 ||
	    repeats_store(daemon->repeats, daemon->store) != 0 || put_durations(daemon) != 0)
		return -1;
	/* Commonly the row of what it was about tells the newest event, which spares a page. */
	if (last_seq == counters->seq && keep->n_dropped == 0 && keep->n_dropped_runs == 0 &&
	    counters->run == keep->counters.run && counters->exec == keep->counters.exec)
		return 0;
	return store_put_counters(daemon->store, counters);
}

static bool is_anything_new(const struct daemon *daemon, const struct core_changes *changes,
    const struct store_counters *counters)
{
	const struct keep *keep = daemon->keep;

	return changes->n_executions > 0 || changes->n_runs > 0 || changes->n_procs > 0 ||
	       changes->protos->count > 0 || keep->n_dropped > 0 || keep->n_dropped_runs > 0 ||
	       keep->are_settings_new || repeats_are_new(daemon->repeats) ||
	       memcmp(counters, &keep->counters, sizeof(*counters)) != 0;
}

/* --- after it --- */

static void forget_durations(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;

	if (!keep->are_durations_due)
		return;
	keep->are_durations_due = false;
	for (size_t i = 0; i < keep->n_durations; i++)
		free(keep->durations[i].proc);
	if (keep->n_durations_stored > DURATIONS_PRUNE)
		keep->n_durations_stored = 0;
	keep->n_durations_stored += keep->n_durations;
	keep->n_durations = 0;
}

/* All of it is in the database. */
static void settle(struct daemon *daemon, const struct core_changes *changes)
{
	struct keep *keep = daemon->keep;

	forget_durations(daemon);
	for (size_t i = 0; i < changes->n_executions; i++) {
		struct execution *execution = changes->executions[i];
		struct exec_extra *extra = execution ? execution->extra : NULL;

		if (!extra)
			continue;
		extra->attempts.n_stored = extra->attempts.count;
		if (extra->result)
			extra->is_result_stored = true;
	}
	core_clear_changes(daemon->core);
	repeats_set_stored(daemon->repeats);
	keep->n_dropped = keep->n_dropped_runs = 0;
	keep->are_settings_new = false;
}

static void remove_files(struct keep *keep)
{
	for (size_t i = 0; i < keep->files.count; i++)
		unlink(keep->files.items[i]);
	strings_clear(&keep->files);
}

static void note_failure(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;
	const char *error = store_get_error(daemon->store);
	const struct timeval delay = {.tv_sec = RETRY_S};
	char quoted[LOG_QUOTED_SIZE];

	if (!keep->problem || strcmp(keep->problem, error) != 0)
		log_error("state not stored, nothing is started or answered until it is error=%s",
		    log_quote(quoted, error));
	free(keep->problem);
	keep->problem = mem_copy(error);
	event_add(keep->retry, &delay);
}

static void note_success(struct keep *keep)
{
	if (!keep->problem)
		return;
	log_info("state is stored again");
	free(keep->problem);
	keep->problem = NULL;
}

int keep_commit(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;
	struct store_counters counters;
	struct core_changes changes;

	if (!store_is_durable(daemon->store)) {
		remove_files(keep);
		return 0;
	}
	core_get_changes(daemon->core, &changes);
	counters = (struct store_counters){
	    .run = changes.next_run, .exec = changes.next_exec, .seq = events_get_seq(daemon)};
	if (is_anything_new(daemon, &changes, &counters)) {
		if (store_begin(daemon->store) != 0) {
			note_failure(daemon);
			return -1;
		}
		if (put_all(daemon, &changes, &counters) != 0) {
			store_rollback(daemon->store);
			note_failure(daemon);
			return -1;
		}
		if (store_commit(daemon->store) != 0) {
			note_failure(daemon);
			return -1;
		}
		keep->counters = counters;
		settle(daemon, &changes);
	}
	note_success(keep);
	remove_files(keep);
	return 0;
}
