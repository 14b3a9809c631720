/* The supervisor of a simulation; see supervisor.h. */
#include "tests/sim/supervisor.h"

#include <signal.h>
#include <string.h>

#include "daemon/core/mem.h"

static unsigned below(struct sim *sim, unsigned limit)
{
	return random_below(&sim->random, limit);
}

/* --- processes --- */

static struct exit_report random_report(struct sim *sim)
{
	struct exit_report report = {.wait_status = 0};
	unsigned roll = sim_has(sim, FEATURE_FAILURES) ? below(sim, 100) : 99;
	if (roll < 8)
		report.wait_status = (1 + (int)below(sim, 3)) << 8;
	else if (roll < 16)
		report.wait_status = 77 << 8;
	else if (roll < 19)
		report.wait_status = SIGSEGV;
	else if (roll < 21)
		report.is_spawn_failure = true;
	else if (roll < 22)
		report.is_lost = true;
	else if (roll < 24)
		report.is_bad_result = true;
	return report;
}

/* Processes of some procs are short, nearly always; of the others now and then. */
static bool is_short(struct sim *sim, const char *name)
{
	unsigned hash = 5381;
	if (!sim_has(sim, FEATURE_STANDBY))
		return false;
	for (; *name != '\0'; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash % 100 < sim->short_percent ? below(sim, 200) > 0 : below(sim, 20) == 0;
}

static int64_t random_duration(struct sim *sim, const char *name)
{
	if (is_short(sim, name))
		return random_chance(&sim->random, 50) ? STANDBY_SHORT_NS / 5
		                                       : below(sim, 5) * (STANDBY_SHORT_NS / 5);
	return (int64_t)below(sim, 25) * SIM_SECOND_NS;
}

void supervisor_add(struct sim *sim, const struct execution *execution)
{
	struct sim_seen *seen = sim_see(sim, execution->id);
	bool is_single = core_get_options(sim->core)->is_single;
	if (++seen->n_starts != execution->attempt)
		sim_fail(sim, "%s is started twice", execution->proc->name);
	sim->processes = mem_resize(sim->processes, sim->n_processes + 1, sizeof(*sim->processes));
	struct sim_process *process = &sim->processes[sim->n_processes++];
	*process = (struct sim_process){.exec = execution->id,
	    .attempt = execution->attempt,
	    .started_ns = sim->now_ns,
	    .is_far = strcmp(execution_executor(execution), CORE_LOCAL) != 0};
	process->ends_ns = sim->now_ns + random_duration(sim, execution->proc->name);
	process->report = random_report(sim);
	process->ignores_term = random_chance(&sim->random, 30);
	process->is_passing = sim_has(sim, FEATURE_STANDBY) && !process->is_far && !is_single &&
	                      !random_chance(&sim->random, 5);
}

static struct sim_standby *find_standby(struct sim *sim, const struct execution *execution)
{
	for (size_t i = 0; i < sim->n_standby; i++)
		if (sim->standby[i].exec == execution->id &&
		    sim->standby[i].attempt == execution->attempt)
			return &sim->standby[i];
	return NULL;
}

static void remove_standby(struct sim *sim, struct sim_standby *standby)
{
	struct sim_standby *end = sim->standby + --sim->n_standby;
	memmove(standby, standby + 1, (size_t)(end - standby) * sizeof(*standby));
}

static bool is_lending(const struct sim *sim, const struct sim_process *process)
{
	for (size_t i = 0; i < sim->n_waits; i++)
		if (process->wait != 0 && sim->waits[i].id == process->wait &&
		    sim->waits[i].n_done == 0)
			return true;
	return false;
}

/* The core knows of all that have a slot, or of who had it before and has ended. */
static void check_slots(struct sim *sim)
{
	const struct core_options *options = core_get_options(sim->core);
	unsigned n = 0;
	for (size_t i = 0; i < sim->n_processes; i++) {
		const struct sim_process *process = &sim->processes[i];
		n += !process->is_dead && !process->is_far && !is_lending(sim, process);
	}
	if (n > options->parallel && !options->is_single && !sim->is_restarting)
		sim_fail(sim, "%u processes have %u slots", n, options->parallel);
}

bool supervisor_start(struct sim *sim, const struct execution *execution)
{
	const struct sim_process *process = sim_find_process(sim, execution->id);
	struct sim_standby *standby = find_standby(sim, execution);
	if (standby != NULL)
		remove_standby(sim, standby);
	/* It may have been started by itself already. */
	if (process != NULL && process->attempt == execution->attempt && !process->is_ended &&
	    sim_see(sim, execution->id)->was_standby)
		return false;
	supervisor_add(sim, execution);
	if (!sim->processes[sim->n_processes - 1].is_far)
		check_slots(sim);
	return true;
}

/* --- what comes after others --- */

static void add_report(struct sim *sim, const struct sim_report *report)
{
	sim->reports = mem_resize(sim->reports, sim->n_reports + 1, sizeof(*sim->reports));
	sim->reports[sim->n_reports++] = *report;
}

static void give_back_after(struct sim *sim, uint64_t exec);

static void give_back(struct sim *sim, struct sim_standby *standby)
{
	struct sim_report report = {
	    .exec = standby->exec, .attempt = standby->attempt, .is_return = true};
	remove_standby(sim, standby);
	add_report(sim, &report);
	give_back_after(sim, report.exec);
}

/* The place of exec among those that it comes after; n_after: it does not. */
static unsigned find_after(const struct sim_standby *standby, uint64_t exec)
{
	unsigned at = 0;
	while (at < standby->n_after && standby->after[at] != exec)
		at++;
	return at;
}

static void give_back_after(struct sim *sim, uint64_t exec)
{
	for (size_t i = 0; i < sim->n_standby;) {
		if (find_after(&sim->standby[i], exec) == sim->standby[i].n_after) {
			i++;
			continue;
		}
		give_back(sim, &sim->standby[i]);
		i = 0; /* others may have gone too */
	}
}

/* It has ended: what comes after it waits for it no longer, or was in vain. */
static void settle_after(struct sim *sim, struct sim_process *process)
{
	struct exit_report *report = &process->report;
	bool is_success = report->wait_status == 0 && !report->is_spawn_failure &&
	                  !report->is_lost && !report->is_bad_result && !process->is_signaled;
	if (!is_success) {
		give_back_after(sim, process->exec);
		return;
	}
	for (size_t i = 0; i < sim->n_standby; i++) {
		struct sim_standby *standby = &sim->standby[i];
		unsigned at = find_after(standby, process->exec);
		if (at == standby->n_after)
			continue;
		standby->after[at] = standby->after[--standby->n_after];
		report->is_relied_on = true;
	}
	sim->counts->n_relied_on += report->is_relied_on;
}

static bool is_standing_by(const struct sim *sim, uint64_t exec)
{
	for (size_t i = 0; i < sim->n_standby; i++)
		if (sim->standby[i].exec == exec)
			return true;
	return false;
}

/* What it has to come after. Of one whose end was told before, the core will say how it went. */
static void add_after(struct sim *sim, const struct execution *execution)
{
	struct sim_standby *standby = &sim->standby[sim->n_standby - 1];
	bool is_known = true;
	for (uint32_t i = 0; i < execution->n_deps; i++) {
		const struct execution *dep = execution->deps[i];
		if (execution_is_complete(dep))
			continue;
		const struct sim_process *process = sim_find_process(sim, dep->id);
		is_known &= (process != NULL && !process->is_ended) || is_standing_by(sim, dep->id);
		standby->after[standby->n_after++] = dep->id;
	}
	sim->counts->n_following += standby->n_after > 0;
	if (!is_known)
		give_back(sim, standby);
}

/* What is needed to start it is not there. */
static void fail_to_start(struct sim *sim, const struct execution *execution)
{
	struct sim_report report = {
	    .exec = execution->id, .attempt = execution->attempt, .is_first = true};
	if (execution->n_pending > 0) { /* it may be later */
		report.is_first = false;
		report.is_return = true;
		add_report(sim, &report);
		return;
	}
	supervisor_add(sim, execution);
	struct sim_process *process = &sim->processes[sim->n_processes - 1];
	process->is_dead = true;
	process->report = (struct exit_report){.is_spawn_failure = true};
	report.next = report.exec;
	report.next_attempt = report.attempt;
	report.next_ns = sim->now_ns;
	add_report(sim, &report);
}

void supervisor_stand_by(struct sim *sim, const struct execution *execution)
{
	if (execution->state != STATE_WANTED || !execution->is_standby ||
	    find_standby(sim, execution) != NULL || sim_find_process(sim, execution->id) != NULL)
		sim_fail(sim, "%s may not stand by", execution->proc->name);
	sim->counts->n_standby++;
	if (sim_has(sim, FEATURE_FAILURES) && random_chance(&sim->random, 3)) {
		fail_to_start(sim, execution);
		return;
	}
	sim->standby = mem_resize(sim->standby, sim->n_standby + 1, sizeof(*sim->standby));
	sim->standby[sim->n_standby++] = (struct sim_standby){.exec = execution->id,
	    .attempt = execution->attempt,
	    .limit = core_get_options(sim->core)->parallel,
	    .ends_ns = sim->now_ns + (int64_t)below(sim, 12) * (SIM_SECOND_NS / 4)};
	add_after(sim, execution);
}

/* --- reports --- */

static void tell_return(struct sim *sim, const struct sim_report *report)
{
	const struct execution *execution = core_find_execution(sim->core, report->exec);
	sim_say(sim, "return (%llu)", (unsigned long long)report->exec);
	sim->counts->n_returned++;
	if (execution != NULL && execution->is_standby)
		sim_see(sim, report->exec)->was_standby = false;
	if (execution != NULL && execution->attempt == report->attempt)
		core_returned(sim->core, report->exec, sim->now_ns);
	model_returned(sim->model, report->exec, report->attempt);
	if (sim->n_reports > 0)
		model_settle(sim->model);
}

static void tell_promotion(struct sim *sim, const struct sim_report *report)
{
	const struct execution *execution = core_find_execution(sim->core, report->next);
	sim_say(sim, "promotion (%llu)", (unsigned long long)report->next);
	if (execution != NULL && execution->is_standby &&
	    execution->attempt == report->next_attempt)
		core_promoted(sim->core, report->next, report->next_ns, sim->now_ns);
	model_promoted(sim->model, report->next, report->next_attempt, report->next_ns);
}

static void tell_exit(struct sim *sim, struct sim_process *process)
{
	struct model_exec *exec = model_find_exec(sim->model, process->exec);
	sim_say(sim, "exit %s (%llu) status %d%s%s%s", exec != NULL ? exec->name : "?",
	    (unsigned long long)process->exec, process->report.wait_status,
	    process->report.is_lost ? " lost" : "",
	    process->report.is_spawn_failure ? " spawn" : "",
	    process->report.is_bad_result ? " bad result" : "");
	process->is_ended = true;
	/* It may be told late, and by another clock, with which it ended before it began, or will.
	 */
	if (random_chance(&sim->random, 20))
		process->report.ended_ns =
		    sim->now_ns + ((int64_t)below(sim, 40) - 30) * SIM_SECOND_NS;
	for (size_t i = 0; i < sim->n_waits; i++)
		if (sim->waits[i].waiter == process->exec && !sim->waits[i].is_ended)
			sim_end_wait(sim, &sim->waits[i]);
	core_exited(sim->core, process->exec, &process->report, sim->now_ns);
	model_exited(sim->model, process->exec, &process->report);
	if (sim->n_reports > 0)
		model_settle(sim->model);
}

void supervisor_tell(struct sim *sim, size_t count)
{
	for (; count > 0; count--) {
		struct sim_report report = sim->reports[0];
		memmove(sim->reports, sim->reports + 1, --sim->n_reports * sizeof(report));
		if (report.is_return) {
			tell_return(sim, &report);
			continue;
		}
		if (report.is_first)
			tell_promotion(sim, &report);
		tell_exit(sim, sim_find_process(sim, report.exec));
		if (report.next != 0 && !report.is_first)
			tell_promotion(sim, &report);
	}
}

/* --- what happens --- */

static unsigned count_slots(const struct sim *sim)
{
	unsigned n = 0;
	for (size_t i = 0; i < sim->n_processes; i++)
		n += !sim->processes[i].is_dead && !sim->processes[i].is_far;
	return n;
}

/* Starts the first that stands by in the place of one that has passed its slot on. */
static void promote(struct sim *sim, struct sim_report *report)
{
	struct sim_standby *first = NULL;
	for (size_t i = 0; i < sim->n_standby && first == NULL; i++)
		if (sim->standby[i].n_after == 0)
			first = &sim->standby[i];
	if (first == NULL || count_slots(sim) >= first->limit)
		return;
	const struct execution *execution = core_find_execution(sim->core, first->exec);
	report->next = first->exec;
	report->next_attempt = first->attempt;
	report->next_ns = sim->now_ns;
	remove_standby(sim, first);
	sim->counts->n_promoted++;
	if (execution == NULL || execution->attempt != report->next_attempt)
		sim_fail(sim, "%llu stands by, and the core has forgotten it",
		    (unsigned long long)report->next);
	else
		supervisor_add(sim, execution);
}

static void end_process(struct sim *sim, struct sim_process *process)
{
	struct sim_report report = {.exec = process->exec, .attempt = process->attempt};
	process->is_dead = true;
	settle_after(sim, process);
	if (process->is_passing)
		promote(sim, &report);
	add_report(sim, &report);
	if (!sim_has(sim, FEATURE_STANDBY) || random_chance(&sim->random, 60))
		supervisor_tell(sim, sim->n_reports);
	else
		sim_say(sim, "end of (%llu), %llu follows", (unsigned long long)report.exec,
		    (unsigned long long)report.next);
}

static struct sim_process *next_process(const struct sim *sim)
{
	struct sim_process *next = NULL;
	for (size_t i = 0; i < sim->n_processes; i++) {
		struct sim_process *process = &sim->processes[i];
		if (!process->is_dead && process->ends_ns != INT64_MAX &&
		    (next == NULL || process->ends_ns < next->ends_ns))
			next = process;
	}
	return next;
}

static struct sim_standby *next_standby(const struct sim *sim)
{
	struct sim_standby *next = NULL;
	for (size_t i = 0; i < sim->n_standby; i++)
		if (next == NULL || sim->standby[i].ends_ns < next->ends_ns)
			next = &sim->standby[i];
	return next;
}

int64_t supervisor_next(const struct sim *sim)
{
	const struct sim_process *process = next_process(sim);
	const struct sim_standby *standby = next_standby(sim);
	int64_t next_ns = process != NULL ? process->ends_ns : INT64_MAX;
	return standby != NULL && standby->ends_ns < next_ns ? standby->ends_ns : next_ns;
}

void supervisor_let_happen(struct sim *sim)
{
	struct sim_process *process = next_process(sim);
	struct sim_standby *standby = next_standby(sim);
	if (standby != NULL && (process == NULL || standby->ends_ns < process->ends_ns))
		give_back(sim, standby);
	else
		end_process(sim, process);
}

void supervisor_recall(struct sim *sim, const struct execution *execution)
{
	struct sim_standby *standby = find_standby(sim, execution);
	sim_say(sim, "  RECALL %s", execution->proc->name);
	if (standby != NULL)
		give_back(sim, standby);
}

/* What is to be signaled may have ended just now, or may never have been started. */
static bool may_be_deaf(const struct sim *sim, const struct execution *execution)
{
	return sim_has(sim, FEATURE_STANDBY) &&
	       (execution->is_standby || execution_is_complete(execution) || sim->is_restarting);
}

void supervisor_signal(struct sim *sim, const struct action *action)
{
	const struct execution *execution = action->execution;
	struct sim_process *process = sim_find_process(sim, execution->id);
	struct sim_standby *standby = find_standby(sim, execution);
	sim_say(sim, "  SIGNAL %d %s", action->signal, execution->proc->name);
	if (standby != NULL) {
		give_back(sim, standby);
		return;
	}
	if ((process == NULL || process->is_ended) && !may_be_deaf(sim, execution))
		sim_fail(sim, "%s is signaled but has no process", execution->proc->name);
	if (process == NULL)
		return;
	process->is_signaled = true;
	give_back_after(sim, process->exec);
	if (action->signal == SIGKILL)
		process->n_kills++;
	else
		process->n_terms++;
	if (process->is_dead || (action->signal != SIGKILL && process->ignores_term))
		return;
	process->report = (struct exit_report){.wait_status = action->signal};
	if (action->signal != SIGKILL && random_chance(&sim->random, 20))
		process->report.wait_status = 0;
	process->ends_ns = sim->now_ns + (int64_t)below(sim, 3) * SIM_SECOND_NS;
}

/* --- crashes --- */

void supervisor_lose_link(struct sim *sim)
{
	size_t count = sim->n_reports;
	sim->n_standby = sim->n_reports = 0;
	/* Ends are said again, until they are acknowledged. */
	for (size_t i = 0; i < count; i++)
		if (!sim->reports[i].is_return)
			sim->reports[sim->n_reports++] = sim->reports[i];
}

void supervisor_lose_process(struct sim *sim, struct sim_process *process)
{
	process->report = (struct exit_report){.is_lost = true};
	tell_exit(sim, process);
}
