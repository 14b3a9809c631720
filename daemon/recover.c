/*
 * Going on after a death: the scheduler's own, or that of the whole daemon. What may still run is
 * told apart by the supervisor that it belongs to: this one, whose word counts, or one that is no
 * more, whose workers are ended and lost.
 */
#include "daemon/recover.h"

#include <inttypes.h>
#include <stdlib.h>

#include "daemon/core/mem.h"
#include "daemon/core/restore.h"
#include "daemon/daemon.h"
#include "daemon/effects.h"
#include "daemon/environment.h"
#include "daemon/executors/executors.h"
#include "daemon/extra.h"
#include "daemon/keep.h"
#include "daemon/leftovers.h"
#include "daemon/log.h"
#include "daemon/logs.h"
#include "daemon/params.h"
#include "daemon/repeats.h"
#include "daemon/settings.h"
#include "daemon/store.h"
#include "daemon/supervisor_id.h"
#include "daemon/workspace/workspace.h"

static struct core *new_core(const struct daemon *daemon, const struct store_counters *counters)
{
	struct core_options options;
	struct core *core;

	settings_convert(workspace_get_options(daemon->workspace), &options);
	core = core_new(&options, counters->run, counters->exec);
	settings_apply_pools(core, workspace_get_pools(daemon->workspace));
	return core;
}

/* Whether the supervisor is still the one under which the state was stored, and the boot. */
static void recognize_supervisor(struct daemon *daemon)
{
	json_t *stored = store_get_setting(daemon->store, "supervisor");
	json_t *present = supervisor_id_get(daemon->supervisor_pid);

	daemon->is_supervisor_known = stored && present && json_equal(stored, present);
	daemon->is_boot_known =
	    stored && present &&
	    json_equal(json_object_get(stored, "boot"), json_object_get(present, "boot"));
	json_decref(stored);
	json_decref(present);
}

static void restore_settings(struct daemon *daemon)
{
	json_t *saved = store_get_setting(daemon->store, "workspace");

	if (saved)
		workspace_restore(daemon->workspace, saved, daemon->is_supervisor_known);
	json_decref(saved);
}

enum loaded { LOADED, LOADED_NOT, LOADED_NEVER };

/* Makes the core of what is stored. Else there is none then: LOADED_NEVER, as nothing can be made
 * of it. */
static enum loaded load(struct daemon *daemon, uint64_t *seq)
{
	struct store_counters counters;
	struct restore *restore;
	bool is_impossible = false;
	int result;

	if (store_get_counters(daemon->store, &counters) != 0)
		return store_is_broken(daemon->store) ? LOADED_NEVER : LOADED_NOT;
	*seq = counters.seq;
	daemon->core = new_core(daemon, &counters);
	executors_apply(daemon, workspace_get_executors(daemon->workspace));
	if (!store_is_durable(daemon->store))
		return LOADED;
	restore = restore_begin(daemon->core);
	result = store_load(daemon->store, restore, daemon->core, daemon->logs_directory);
	if (result != 0) {
		restore_abandon(restore);
	} else {
		result = restore_finish(restore, scheduler_now_ns());
		is_impossible = result != 0;
	}
	if (result == 0) {
		params_count(daemon);
		return LOADED;
	}
	effects_free_extras(daemon);
	core_free(daemon->core);
	daemon->core = NULL;
	return is_impossible || store_is_broken(daemon->store) ? LOADED_NEVER : LOADED_NOT;
}

static int fail(char *error)
{
	char quoted[LOG_QUOTED_SIZE];

	log_error("state database cannot be used error=%s", log_quote(quoted, error));
	free(error);
	return -1;
}

/* What is stored cannot be: it is set aside. */
static int begin_anew(struct daemon *daemon, uint64_t *seq)
{
	char *why = mem_copy(store_is_broken(daemon->store) ? store_get_error(daemon->store)
	                                                    : "what is in it contradicts itself");
	char *error = NULL;
	int result = store_set_aside(daemon->store, why, &error);

	free(why);
	if (result != 0)
		return fail(error);
	return load(daemon, seq) == LOADED ? 0 : fail(mem_copy(store_get_error(daemon->store)));
}

int recover_state(struct daemon *daemon, bool has_state, bool is_fresh, uint64_t *seq)
{
	enum store_way way;
	char *error = NULL;
	int result = 0;

	/* Whoever keeps nothing has his logs apart from those that belong to what is kept. */
	daemon->logs_directory = has_state ? mem_copy(daemon->state_directory)
	                                   : mem_print("%s/stateless", daemon->state_directory);
	if (!has_state || is_fresh)
		logs_remove_all(daemon->logs_directory);
	/* A newer program may have made of it what this one cannot read. */
	way = daemon->is_spare ? STORE_LEAVE : is_fresh ? STORE_REPLACE : STORE_USE;
	daemon->store = store_open(has_state ? daemon->state_directory : NULL, way, &error);
	if (!daemon->store)
		return fail(error);
	recognize_supervisor(daemon);
	restore_settings(daemon);
	switch (load(daemon, seq)) {
	case LOADED:
		break;
	case LOADED_NOT:
		return fail(mem_copy(store_get_error(daemon->store)));
	case LOADED_NEVER:
		result = begin_anew(daemon, seq);
	}
	store_begin_service(daemon->store);
	logs_prepare(daemon->logs_directory); /* those that were there may have been set aside */
	return result;
}

void recover_requests(struct daemon *daemon)
{
	if (repeats_load(daemon) != 0)
		log_warning("earlier requests are not known any more error=%s",
		    store_get_error(daemon->store));
	keep_settings(daemon);
}

/* --- workers --- */

/* A list of executions, since what is done with one may change the others. */
struct list {
	struct execution **items;
	size_t count, max;
};

/* What may have a process. */
static void add_running(struct execution *execution, void *arg)
{
	struct list *list = arg;

	if (execution->state != STATE_RUNNING && !execution->is_standby)
		return;
	if (list->count == list->max) {
		list->max = list->max ? 2 * list->max : 64;
		list->items = mem_resize(list->items, list->max, sizeof(struct execution *));
	}
	list->items[list->count++] = execution;
}

static bool is_reported(const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	return extra && extra->is_reported;
}

static void lose(struct daemon *daemon, struct execution *execution)
{
	const struct exit_report report = {
	    .is_lost = true, .info = "the daemon died while it ran, and how it ended is not known"};

	log_warning("execution lost exec=%" PRIu64, execution->id);
	/* What stood by may have been started before anybody could hear of it. */
	core_promoted(daemon->core, execution->id, scheduler_now_ns(), scheduler_now_ns());
	executors_discard(daemon, execution);
	effects_report(daemon, execution, &report);
}

/* Nobody was asked to start it, which may have been to be done long ago. */
static void start_late(struct daemon *daemon, struct execution *execution)
{
	core_start_late(daemon->core, execution->id, scheduler_now_ns());
	effects_start_again(daemon, execution);
}

/* What is still to run, or runs, keeps its environment, where that is there still. */
static void claim_environment(struct execution *execution, void *arg)
{
	struct daemon *daemon = arg;

	if (environments_has(daemon->environments, execution->env))
		environments_ref(daemon->environments, execution->env);
	else
		core_forget_environment(daemon->core, execution);
}

static void end_leftovers(struct daemon *daemon, const struct list *running)
{
	struct leftover *leftovers = mem_new(running->count, sizeof(*leftovers));

	for (size_t i = 0; i < running->count; i++) {
		const struct exec_extra *extra = running->items[i]->extra;

		leftovers[i] = (struct leftover){.exec = running->items[i]->id,
		    .begun_ns = running->items[i]->started_ns,
		    .pid = extra ? extra->pid : 0,
		    .started = extra ? extra->pid_started : 0};
	}
	leftovers_end(daemon->directory, leftovers, running->count, daemon->supervisor_pid);
	free(leftovers);
}

void recover_workers(struct daemon *daemon)
{
	struct list running = {0};

	core_each_incomplete(daemon->core, claim_environment, daemon);
	environments_drop_held(daemon->environments);
	core_each_incomplete(daemon->core, add_running, &running);
	/* No process outlives the machine's end. */
	if (running.count > 0 && !daemon->is_supervisor_known && daemon->is_boot_known)
		end_leftovers(daemon, &running);
	for (size_t i = 0; i < running.count; i++) {
		struct execution *execution = running.items[i];

		if (is_reported(execution)) {
			executors_begin(daemon, execution);
			continue;
		}
		/* This supervisor would know of it, had it ever been asked to start it. */
		if (daemon->is_supervisor_known && execution->is_standby)
			core_returned(daemon->core, execution->id, scheduler_now_ns());
		else if (daemon->is_supervisor_known)
			start_late(daemon, execution);
		else if (executors_outlive(daemon, execution))
			executors_lose(daemon, execution);
		else
			lose(daemon, execution);
	}
	free(running.items);
	daemon->is_supervisor_known = true;
	scheduler_wake(daemon);
}

void recover_lose_workers(struct daemon *daemon)
{
	struct list running = {0};

	core_each_incomplete(daemon->core, add_running, &running);
	if (running.count > 0)
		end_leftovers(daemon, &running);
	/* What stood by may have been started before anybody could hear of it: it is lost too, and
	 * has not failed since what it comes after is. */
	for (size_t i = 0; i < running.count; i++)
		core_promoted(
		    daemon->core, running.items[i]->id, scheduler_now_ns(), scheduler_now_ns());
	/* What may go on elsewhere is for the next daemon to end: there is no time for it here. */
	for (size_t i = 0; i < running.count; i++)
		if (!executors_outlive(daemon, running.items[i]))
			lose(daemon, running.items[i]);
	free(running.items);
	keep_commit(daemon);
}
