/*
 * The scheduler of daemon_kit.h: does what daemon/scheduler.c does in a pass of its loop, and plays
 * clients, which count what has to be answered.
 */
#include "tests/fuzz/daemon_kit.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/dynamic.h"
#include "daemon/effects.h"
#include "daemon/environment.h"
#include "daemon/inputs.h"
#include "daemon/keep.h"
#include "daemon/process.h"
#include "daemon/session.h"
#include "tests/fuzz/daemon_kit_internal.h"
#include "tests/fuzz/fuzz.h"

/* What is still busy after so many passes, with nothing new from outside, never stops. */
#define PASSES_MAX 10000

void scheduler_wake(struct daemon *daemon)
{
	daemon->is_dirty = true;
}

/* --- passes --- */

static void make_pass(struct kit *kit)
{
	struct daemon *daemon = &kit->scheduler.daemon;

	if (daemon->is_dirty) {
		daemon->is_dirty = false;
		core_advance(daemon->core, scheduler_now_ns());
		effects_carry_out(daemon);
		dynamics_start(daemon);
		inputs_tell_joined(daemon);
		environments_trim(daemon->environments);
		kit->scheduler.is_stored = keep_commit(daemon) == 0;
		FUZZ_CHECK(kit->scheduler.is_stored || kit->may_not_store);
		if (kit->scheduler.is_stored)
			effects_acknowledge(daemon);
	}
	sessions_flush(daemon->sessions);
	scheduler_look_for_end(&kit->scheduler);
}

/* Passes until nothing happens any more, nor would in one more. */
void kit_settle(struct kit *kit)
{
	struct daemon *daemon = &kit->scheduler.daemon;
	unsigned n_quiet = 0;

	for (unsigned n = 0; n_quiet < 2 && !kit->scheduler.is_done; n++) {
		bool is_busy = daemon->is_dirty;

		FUZZ_CHECK(n < PASSES_MAX);
		event_base_loop(daemon->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		is_busy |= fuzz_workers_tell(daemon);
		make_pass(kit);
		for (unsigned i = 0; i < KIT_PEERS; i++)
			is_busy |= peer_read(&kit->peers[i]);
		n_quiet = is_busy || daemon->is_dirty ? 0 : n_quiet + 1;
	}
	check_core(daemon->core);
}

/* --- what happens --- */

bool kit_is_ended(const struct kit *kit)
{
	return kit->scheduler.is_done;
}

void kit_send(struct kit *kit, unsigned peer, const char *line, size_t length)
{
	struct peer *to = &kit->peers[peer % KIT_PEERS];

	if (!peer_is_connected(to))
		FUZZ_CHECK(sessions_add(kit->scheduler.daemon.sessions, peer_connect(to)));
	peer_send(to, line, length);
	kit_settle(kit);
}

void kit_hang_up(struct kit *kit, unsigned peer)
{
	peer_hang_up(&kit->peers[peer % KIT_PEERS]);
	kit_settle(kit);
}

void kit_end_sending(struct kit *kit, unsigned peer)
{
	peer_end_sending(&kit->peers[peer % KIT_PEERS]);
	kit_settle(kit);
}

void kit_write_file(struct kit *kit, const char *text)
{
	char *path = kit_path("parproc.yaml"), *draft = kit_path("draft");

	(void)kit;
	kit_write(draft, text); /* another inode: a change that no time stamp hides */
	FUZZ_CHECK(rename(draft, path) == 0);
	free(path);
	free(draft);
}

void kit_pass_time(struct kit *kit, unsigned seconds)
{
	struct daemon *daemon = &kit->scheduler.daemon;

	kit_let_time_pass(seconds);
	if (core_next_deadline(daemon->core) <= scheduler_now_ns()) {
		core_tick(daemon->core, scheduler_now_ns());
		scheduler_wake(daemon);
	}
	kit_settle(kit);
}

void kit_report_started(struct kit *kit, unsigned index)
{
	struct fuzz_worker *worker = fuzz_workers_find(kit->scheduler.daemon.workers, index);

	if (worker)
		effects_started(&kit->scheduler.daemon, worker->key, INT_MAX, 0);
	kit_settle(kit);
}

void kit_refuse_spawns(struct kit *kit, bool is_refused)
{
	kit->scheduler.daemon.workers->is_refusing = is_refused;
}

static void leave_text(
    const struct daemon *daemon, const struct fuzz_worker *worker, const char *text)
{
	char *path = worker->output
	                 ? mem_copy(worker->output)
	                 : process_file(daemon->state_directory, worker->key.exec, "result");

	kit_write(path, text);
	free(path);
}

/* Whether there was one to end. */
static bool end_worker(struct kit *kit, unsigned index, const struct kit_end *end)
{
	struct daemon *daemon = &kit->scheduler.daemon;
	struct fuzz_worker *worker = fuzz_workers_find(daemon->workers, index);
	struct worker_exit report = {
	    .wait_status = end->wait_status,
	    .spawn_errno = end->spawn_errno,
	    .spawn_stage = end->spawn_errno ? "exec" : NULL,
	    .has_leftovers = end->has_leftovers && !end->spawn_errno,
	    .pid = INT_MAX, /* above the kernel's limit: nobody gets a signal that is sent */
	    .started_ns = scheduler_now_ns(),
	    .ended_ns = scheduler_now_ns(),
	};

	if (!worker)
		return false;
	if (end->text && !end->spawn_errno)
		leave_text(daemon, worker, end->text);
	report.key = worker->key;
	worker->is_ended = true;
	worker->has_left = end->text != NULL;
	fuzz_workers_promote(daemon->workers, worker, &report);
	worker->report = report;
	effects_exited(daemon, &report);
	kit_settle(kit);
	return true;
}

void kit_end_worker(struct kit *kit, unsigned index, const struct kit_end *end)
{
	end_worker(kit, index, end);
}

/* --- the end --- */

/* All that is started ends well, until nothing more is started. */
static void let_all_end(struct kit *kit)
{
	const struct kit_end end = {.text = "[]"};

	kit_refuse_spawns(kit, false);
	kit_settle(kit);
	while (!kit_is_ended(kit) && end_worker(kit, 0, &end))
		continue;
	if (!kit_is_ended(kit))
		check_no_hang(kit->scheduler.daemon.core);
}

/* All was over before the daemon was told to stop: then nobody is left without an answer. */
static void check_end(struct kit *kit)
{
	const struct workers *workers = kit->scheduler.daemon.workers;

	for (size_t i = 0; i < workers->count; i++)
		FUZZ_CHECK(workers->items[i].is_ended && workers->items[i].is_acknowledged);
	for (unsigned i = 0; i < KIT_PEERS; i++)
		peer_check_answers(&kit->peers[i]);
}

void kit_discard(struct kit *kit)
{
	for (unsigned i = 0; i < KIT_PEERS; i++)
		peer_clear(&kit->peers[i]);
	kit_tear_down(kit);
	fuzz_workers_free(kit->workers);
	free(kit);
	kit_remove("parproc.yaml");
}

void kit_free(struct kit *kit)
{
	const struct kit_end end = {.wait_status = 15};
	bool is_orderly = !kit->scheduler.daemon.is_stopping;

	let_all_end(kit);
	scheduler_stop(&kit->scheduler.daemon);
	kit_settle(kit);
	while (!kit_is_ended(kit) && end_worker(kit, 0, &end))
		continue;
	FUZZ_CHECK(kit_is_ended(kit) && kit->scheduler.daemon.workers->is_farewell_said);
	if (is_orderly)
		check_end(kit);
	kit_discard(kit);
}
