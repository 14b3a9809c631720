/*
 * The model's scheduler: what ends, what fails because of it, what starts. Each pass looks at
 * everything that is not complete.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/core/mem.h"
#include "tests/sim/model.h"
#include "tests/sim/model_schedule.h"

void model_fail(struct model_exec *exec, enum execution_error error)
{
	exec->state = STATE_FAILED;
	exec->error = error;
	exec->deadline_ns = INT64_MAX;
	exec->kill_ns = INT64_MAX;
}

/* --- events --- */

void model_end(struct model *model, struct model_exec *exec, enum execution_error error)
{
	bool is_begun = exec->state == STATE_RUNNING || exec->standby_at > 0;
	if (exec->state == STATE_WANTED && !is_begun)
		model_fail(exec, error);
	if (exec->state == STATE_RUNNING && exec->ending == ERROR_TIMEOUT &&
	    error == ERROR_CANCELED)
		exec->ending = error;
	if (!is_begun || exec->ending != ERROR_NONE)
		return;
	exec->ending = error;
	exec->n_terms++;
	exec->deadline_ns = INT64_MAX;
	if (exec->state == STATE_RUNNING)
		exec->kill_ns = model->now_ns + model->kill_after_ns;
}

static enum execution_error exit_error(const struct exit_report *report)
{
	if (report->is_lost)
		return ERROR_LOST;
	if (report->is_spawn_failure)
		return ERROR_SPAWN;
	if (WIFSIGNALED(report->wait_status))
		return ERROR_SIGNAL;
	int code = WEXITSTATUS(report->wait_status);
	if (code != 0 && code != 77)
		return ERROR_EXIT;
	return report->is_bad_result ? ERROR_BAD_RESULT : ERROR_NONE;
}

/* When it is tried again after that error; -1: never. */
static int64_t retry_time(
    const struct model *model, const struct model_exec *exec, enum execution_error error)
{
	const struct retries *retries = &exec->definition->retries;
	double delay_ns = (double)retries->delay_ns;
	if (exec->attempt > retries->times || !(retries->errors >> error & 1))
		return -1;
	for (unsigned i = 1; i < exec->attempt; i++)
		delay_ns *= retries->backoff;
	return model->now_ns + (int64_t)delay_ns;
}

static bool try_again(struct model *model, struct model_exec *exec, enum execution_error error)
{
	int64_t retry_ns = error != ERROR_NONE ? retry_time(model, exec, error) : -1;
	if (retry_ns < 0)
		return false;
	exec->state = STATE_WANTED;
	exec->is_retrying = true;
	exec->retry_ns = retry_ns;
	exec->ending = ERROR_NONE;
	exec->deadline_ns = exec->kill_ns = INT64_MAX;
	exec->n_terms = exec->n_kills = 0;
	exec->claimed_in = NULL;
	model_end_wait(exec);
	return true;
}

void model_start_late(struct model *model, uint64_t id)
{
	struct model_exec *exec = model_find_exec(model, id);
	if (exec == NULL || exec->state != STATE_RUNNING)
		return;
	exec->started_ns = model->now_ns;
	if (exec->deadline_ns != INT64_MAX)
		exec->deadline_ns = model->now_ns + exec->definition->timeout_ns;
}

static int64_t exit_time(
    const struct model *model, const struct model_exec *exec, const struct exit_report *report)
{
	if (report->ended_ns <= 0 || report->ended_ns > model->now_ns)
		return model->now_ns;
	return report->ended_ns < exec->started_ns ? exec->started_ns : report->ended_ns;
}

void model_exited(struct model *model, uint64_t id, const struct exit_report *report)
{
	struct model_exec *exec = model_find_exec(model, id);
	if (exec == NULL || exec->state != STATE_RUNNING)
		return;
	if (report->is_relied_on && exec->ending == ERROR_TIMEOUT)
		exec->ending = ERROR_NONE;
	enum execution_error error = exec->ending != ERROR_NONE ? exec->ending : exit_error(report);
	if (try_again(model, exec, error))
		return;
	model_fail(exec, error);
	if (error == ERROR_NONE)
		exec->state =
		    WEXITSTATUS(report->wait_status) == 77 ? STATE_SKIPPED : STATE_SUCCEEDED;
	if (exec->state == STATE_SUCCEEDED)
		model_note_duration(
		    model, exec->name, exit_time(model, exec, report) - exec->started_ns);
	model_end_wait(exec);
}

void model_resolved(struct model *model, uint64_t id, const struct strings *answer)
{
	struct model_exec *exec = model_find_exec(model, id);
	if (exec == NULL || exec->state != STATE_WANTED)
		return;
	exec->n_unresolved--;
	if (answer == NULL) {
		model_fail(exec, ERROR_RESOLVE);
		return;
	}
	struct model_run *run = (struct model_run *)model_home(exec);
	if (model_pull(model, run, exec, (const char *const *)answer->items, answer->count,
	        exec->params) != FAULT_NONE)
		model_fail(exec, ERROR_RESOLVE);
}

void model_tick(struct model *model, int64_t now_ns)
{
	model->now_ns = now_ns;
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		if (exec->is_retrying && exec->state == STATE_WANTED && exec->retry_ns <= now_ns)
			exec->is_retrying = false;
		if (exec->state != STATE_RUNNING)
			continue;
		if (exec->deadline_ns <= now_ns)
			model_end(model, exec, ERROR_TIMEOUT);
		if (exec->kill_ns <= now_ns) {
			exec->kill_ns = INT64_MAX;
			exec->n_kills++;
		}
	}
}

static bool settle_runs(struct model *model);

/* The execution with the next higher number, or NULL. */
static struct model_exec *next_exec(const struct model *model, uint64_t id)
{
	struct model_exec *next = NULL;
	for (size_t i = 0; i < model->n_execs; i++)
		if (model->execs[i]->id > id && (next == NULL || model->execs[i]->id < next->id))
			next = model->execs[i];
	return next;
}

/* Pulls in name, which exec has missed, if it is there now. */
static void pull_missing(struct model *model, struct model_exec *exec, const char *name)
{
	struct model_targets targets = {0};
	const char *names[] = {name};
	size_t at = 0;
	while (at < exec->missing.count && strcmp(exec->missing.items[at], name) != 0)
		at++;
	while (settle_runs(model))
		continue;
	if (exec->state != STATE_WANTED || at == exec->missing.count)
		return;
	enum fault_code code = model_lookup(model, name, &targets);
	model_targets_clear(&targets);
	if (code == FAULT_UNKNOWN_NAME)
		return;
	free(exec->missing.items[at]);
	exec->missing.items[at] = exec->missing.items[--exec->missing.count];
	if (model_pull(model, (struct model_run *)model_home(exec), exec, names, 1, exec->params) !=
	    FAULT_NONE)
		model_fail(exec, ERROR_RESOLVE);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Who was requested first is first, and of what it misses the names in their order. */
void model_defined(struct model *model)
{
	for (struct model_exec *exec = next_exec(model, 0); exec != NULL;
	     exec = next_exec(model, exec->id)) {
		struct strings names = {0};
		for (size_t i = 0; i < exec->missing.count; i++)
			strings_add(&names, exec->missing.items[i]);
		if (names.count > 0)
			qsort(names.items, names.count, sizeof(*names.items), compare_names);
		for (size_t i = 0; i < names.count; i++)
			pull_missing(model, exec, names.items[i]);
		strings_clear(&names);
	}
}

/* --- what holds back --- */

bool model_is_held_by_wave(const struct model_exec *exec)
{
	const struct model_run *run = model_home(exec);
	for (size_t i = 0; i < run->n_members; i++)
		if (!model_member_is_complete(&run->members[i]) &&
		    run->members[i].exec->definition->wave < exec->definition->wave)
			return true;
	return false;
}

/* WANTED, and nothing is between it and its start but waves, locks and a slot. */
static bool is_unblocked(const struct model_exec *exec)
{
	if (exec->state != STATE_WANTED || exec->n_unresolved > 0 || exec->missing.count > 0 ||
	    exec->is_retrying || exec->standby_at > 0)
		return false;
	if (model_before(exec) != NULL)
		return false;
	for (size_t i = 0; i < exec->n_deps; i++)
		if (!model_is_success(exec->deps[i]))
			return false;
	return true;
}

/* WANTED, and nothing is between it and its start but locks and a slot. */
static bool is_ready(const struct model_exec *exec)
{
	return is_unblocked(exec) && !model_is_held_by_wave(exec);
}

bool model_needs_no_failures(const struct model_exec *exec)
{
	for (size_t i = 0; i < exec->definition->n_deps; i++)
		if (exec->definition->deps[i].kind == DEP_NO_FAILURES)
			return true;
	return false;
}

size_t model_count_failures(const struct model_run *run)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_members; i++)
		n += model_member_is_complete(&run->members[i]) &&
		     !model_member_is_success(&run->members[i]);
	return n;
}

/* --- failures spread --- */

static bool spread_in_run(struct model *model, struct model_run *run, struct model_member *member)
{
	struct model_exec *exec = member->exec;
	bool has_begun = exec->attempt > 0 && exec->standby_at == 0;
	if (exec->state != STATE_WANTED || member->override != ERROR_NONE)
		return false;
	for (size_t i = 0; i < exec->n_deps; i++) {
		struct model_member *dep = model_find_member(run, exec->deps[i]->name);
		bool is_failed =
		    model_is_complete(exec->deps[i]) && !model_is_success(exec->deps[i]);
		bool is_failed_here = dep != NULL && dep->exec == exec->deps[i] &&
		                      model_member_is_complete(dep) &&
		                      !model_member_is_success(dep);
		/* What has begun goes on, even where it waits for another attempt; but what was
		 * lost while it followed others waits for these again. */
		if (!is_failed &&
		    (!is_failed_here || (has_begun && model_is_complete(exec->deps[i]))))
			continue;
		if (!is_failed && model_count_live_runs(model, exec) > 1)
			member->override = ERROR_DEP_FAILED;
		else if (exec->ending != ERROR_NONE)
			return false; /* what stands by fails once it is given back */
		else
			model_end(model, exec, ERROR_DEP_FAILED);
		return true;
	}
	return false;
}

void model_spread(struct model *model)
{
	bool has_changed = true;
	while (has_changed) {
		has_changed = false;
		for (size_t i = 0; i < model->n_runs; i++)
			for (size_t j = 0; j < model->runs[i]->n_members; j++)
				has_changed |= spread_in_run(
				    model, model->runs[i], &model->runs[i]->members[j]);
	}
}

static bool settle_run(struct model *model, struct model_run *run)
{
	bool has_changed = false;
	bool is_complete = true;
	for (size_t i = 0; i < run->n_members; i++)
		has_changed |= spread_in_run(model, run, &run->members[i]);
	size_t n_failed = model_count_failures(run);
	if (n_failed > run->n_failed && run->is_fail_fast) {
		struct model_cancel cancel = {.run = run};
		model_cancel(model, &cancel);
		run->is_fail_fast = false;
		has_changed = true;
	}
	run->n_failed = n_failed;
	run->is_failed = n_failed > 0;
	for (size_t i = 0; i < run->n_members; i++)
		is_complete &= model_member_is_complete(&run->members[i]);
	if (is_complete && run->holds == 0 && !has_changed) {
		run->is_over = true;
		has_changed = true;
	}
	return has_changed;
}

static bool settle_runs(struct model *model)
{
	bool has_changed = false;
	for (size_t i = 0; i < model->n_runs; i++)
		if (!model->runs[i]->is_over)
			has_changed |= settle_run(model, model->runs[i]);
	return has_changed;
}

void model_settle(struct model *model)
{
	while (settle_runs(model))
		continue;
}

/* Whether it asks for no_failures and that does not hold. */
static bool is_forbidden(const struct model_exec *exec)
{
	return model_needs_no_failures(exec) && model_count_failures(model_home(exec)) > 0;
}

/* Collectors that are ready need neither lock nor slot. */
static bool settle_exec(struct model_exec *exec)
{
	if (!is_ready(exec))
		return false;
	if (exec->definition->run.n_words > 0)
		return false;
	if (is_forbidden(exec))
		model_fail(exec, ERROR_FAILURES);
	else
		exec->state = STATE_SUCCEEDED;
	return true;
}

/* --- locks --- */

bool model_is_in_line(const struct model_exec *exec)
{
	return is_ready(exec) || (exec->claimed_in != NULL &&
	                             exec->claimed_in == model_home(exec) && is_unblocked(exec));
}

/* Whether a was requested before b; what the core has given no number yet is the last. */
static bool is_earlier(const struct model_exec *a, const struct model_exec *b)
{
	return a->id != 0 && (b->id == 0 || a->id < b->id);
}

bool model_is_startable(const struct model *model, const struct model_exec *exec)
{
	return exec->state == STATE_WANTED && model_is_in_line(exec) &&
	       model_has_locks(model, exec);
}

/* --- what starts --- */

static int compare_order(const void *a, const void *b, void *model)
{
	const struct model_exec *x = *(struct model_exec *const *)a;
	const struct model_exec *y = *(struct model_exec *const *)b;
	return x == y ? 0 : model_is_before(model, x, y) ? -1 : 1;
}

bool model_is_far(const struct model_exec *exec)
{
	return exec->definition->executor != NULL;
}

bool model_has_slot(
    const struct model *model, const struct model_exec *exec, const unsigned used[2])
{
	if (model->is_single)
		return used[0] + used[1] == 0;
	return model_is_far(exec) ? used[1] < model->far_slots : used[0] < model->parallel;
}

void model_count_used(const struct model *model, unsigned used[2])
{
	used[0] = used[1] = 0;
	for (size_t i = 0; i < model->n_execs; i++) {
		const struct model_exec *exec = model->execs[i];
		used[model_is_far(exec)] += exec->state == STATE_RUNNING && !exec->is_lent;
	}
}

/* In the order of request, those of one request by their ranks; who has to wait keeps the locks
 * that it needs from those requested later. The place in line is kept when a lower wave comes up
 * later in the same run, until it would be its turn. True: others may be ready now. */
static bool start_ready(struct model *model)
{
	unsigned used[2]; /* of local, of far */
	struct model_exec **ready = mem_new(model->n_execs + 1, sizeof(*ready));
	size_t n_ready = 0;
	bool has_changed = false;
	model_count_used(model, used);
	model_start_standby(model, used);
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		if (exec->state != STATE_RUNNING && model_is_in_line(exec))
			ready[n_ready++] = exec;
	}
	qsort_r(ready, n_ready, sizeof(struct model_exec *), compare_order, model);
	model_deal(model);
	for (size_t i = 0; i < n_ready; i++) {
		if (!model_has_slot(model, ready[i], used) ||
		    !model_is_startable(model, ready[i])) {
			ready[i]->claimed_in = model_home(ready[i]);
			continue;
		}
		if (model_is_held_by_wave(ready[i])) {
			ready[i]->claimed_in = NULL;
			has_changed = true;
			break;
		}
		if (is_forbidden(ready[i])) {
			model_fail(ready[i], ERROR_FAILURES);
			has_changed = true;
			break;
		}
		if (!model_is_possible(model, ready[i])) {
			model_fail(ready[i], ERROR_SPAWN);
			has_changed = true;
			break;
		}
		ready[i]->state = STATE_RUNNING;
		ready[i]->attempt++;
		ready[i]->started_ns = model->now_ns;
		used[model_is_far(ready[i])]++;
		if (ready[i]->definition->timeout_ns > 0)
			ready[i]->deadline_ns = model->now_ns + ready[i]->definition->timeout_ns;
	}
	free(ready);
	return has_changed;
}

/* Nested waits that are over: the waiter goes on at once and has its slot again. */
static void end_waits(struct model *model)
{
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		bool is_over = true;
		for (size_t j = 0; j < model->n_execs; j++)
			is_over &= !model_awaits(exec, model->execs[j]);
		if (is_over)
			model_end_wait(exec);
	}
}

static int compare_ids(const void *a, const void *b)
{
	const struct model_exec *x = *(struct model_exec *const *)a;
	const struct model_exec *y = *(struct model_exec *const *)b;
	return x == y ? 0 : is_earlier(x, y) ? -1 : 1;
}

/* Who was requested first is first, until one fails: it may be the first of a run that does. */
static bool settle_execs(struct model *model)
{
	struct model_exec **execs = mem_new(model->n_execs, sizeof(*execs));
	bool has_changed = false, has_failed = false;
	for (size_t i = 0; i < model->n_execs; i++)
		execs[i] = model->execs[i];
	qsort(execs, model->n_execs, sizeof(*execs), compare_ids);
	for (size_t i = 0; i < model->n_execs && !has_failed; i++) {
		bool has_settled = settle_exec(execs[i]);
		has_changed |= has_settled;
		has_failed = has_settled && !model_is_success(execs[i]);
	}
	free(execs);
	return has_changed;
}

void model_advance(struct model *model)
{
	bool has_changed = true;
	while (has_changed) {
		has_changed = settle_runs(model);
		has_changed |= settle_execs(model);
		end_waits(model);
		if (!has_changed)
			has_changed = model_fail_stuck(model);
		if (!has_changed)
			has_changed = start_ready(model);
	}
}

void model_restarted(struct model *model)
{
	for (size_t i = 0; i < model->n_execs; i++) {
		struct model_exec *exec = model->execs[i];
		bool is_ending = exec->state == STATE_RUNNING && exec->ending != ERROR_NONE;
		exec->n_terms = is_ending;
		exec->n_kills = 0;
		if (is_ending)
			exec->kill_ns = model->now_ns + model->kill_after_ns;
		if (model_is_complete(exec) || model_is_held_by_wave(exec))
			exec->claimed_in = NULL;
	}
}
