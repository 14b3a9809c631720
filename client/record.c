/*
 * Makes a record of views. What follows from how its executions hang together is in record_order.c.
 */
#include "client/record.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/outcome.h"

static const struct {
	const char *name, *text;
} states[RECORD_STATES] = {
    [RECORD_WANTED] = {"wanted", "waiting"},
    [RECORD_RUNNING] = {"running", "running"},
    [RECORD_SUCCEEDED] = {"succeeded", "succeeded"},
    [RECORD_FAILED] = {"failed", "failed"},
    [RECORD_SKIPPED] = {"skipped", "skipped"},
    [RECORD_UP_TO_DATE] = {"up_to_date", "up to date"},
};

static const char *const reasons[REASONS] = {
    [REASON_DEP] = "dep",
    [REASON_RDEP] = "rdep",
    [REASON_WHEN_SCHEDULED] = "when_scheduled",
    [REASON_WHEN_TARGET_SCHEDULED] = "when_target_scheduled",
    [REASON_COMMAND] = "command",
};

/* A name that a view has, or that one depends on. */
struct name {
	char *text;
	uint32_t id;   /* what deps hold before record_finish() */
	uint32_t exec; /* or RECORD_NONE */
	UT_hash_handle hh;
};

struct record_names {
	struct name *by_text;
	uint32_t count;
	uint32_t max_execs, max_deps;
};

const char *record_state_name(enum record_state state)
{
	return states[state].name;
}

const char *record_state_text(enum record_state state)
{
	return states[state].text;
}

const char *record_reason_name(enum record_reason reason)
{
	return reasons[reason];
}

static char *copy_member(const json_t *object, const char *key)
{
	const char *text = member_text(object, key, NULL);

	return text && *text ? memory_copy(text) : NULL;
}

static int64_t member_time(const json_t *object, const char *key)
{
	double seconds = member_number(object, key, 0);

	/* Beyond that a double has no microseconds; nor has any clock such a time. */
	return seconds > 0 && seconds < 9e9 ? (int64_t)(seconds * 1e6 + 0.5) : 0;
}

void record_init(struct record *record, const json_t *run, int64_t now_us)
{
	*record = (struct record){
	    .run = json_integer_value(json_object_get(run, "run")),
	    .name = copy_member(run, "name"),
	    .state = memory_copy(member_text(run, "state", "active")),
	    .created_us = member_time(run, "created_at"),
	    .ended_us = member_time(run, "ended_at"),
	    .now_us = now_us,
	    .names = memory_alloc(sizeof(*record->names)),
	};
}

static struct name *intern(struct record_names *names, const char *text)
{
	struct name *name;

	HASH_FIND_STR(names->by_text, text, name);
	if (name)
		return name;
	name = memory_alloc(sizeof(*name));
	name->text = memory_copy(text);
	name->id = names->count++;
	name->exec = RECORD_NONE;
	HASH_ADD_KEYPTR(hh, names->by_text, name->text, strlen(name->text), name);
	return name;
}

static void forget_names(struct record *record)
{
	struct record_names *names = record->names;
	struct name *name = names ? names->by_text : NULL, *next;

	if (!names)
		return;
	HASH_CLEAR(hh, names->by_text);
	for (; name; name = next) {
		next = name->hh.next;
		free(name->text);
		free(name);
	}
	free(names);
	record->names = NULL;
}

static enum record_state find_state(const json_t *view)
{
	const char *name = member_text(view, "state", "");

	for (size_t i = 0; i < RECORD_STATES; i++) {
		if (strcmp(name, states[i].name) == 0)
			return (enum record_state)i;
	}
	return RECORD_WANTED;
}

static int member_int(const json_t *view, const char *key)
{
	const json_t *value = json_object_get(view, key);

	return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static char *join_texts(const json_t *list)
{
	char *text = NULL;
	size_t size, i;
	json_t *item;
	FILE *stream;

	if (json_array_size(list) == 0)
		return NULL;
	stream = open_memstream(&text, &size);
	if (!stream)
		memory_refused();
	json_array_foreach (list, i, item)
		fprintf(stream, "%s%s", i > 0 ? ", " : "",
		    json_is_string(item) ? json_string_value(item) : "?");
	if (fclose(stream))
		memory_refused();
	return text;
}

static void read_usage(struct record_exec *exec, const json_t *view)
{
	exec->has_usage = json_is_number(json_object_get(view, "max_rss"));
	exec->user_s = member_number(view, "user_time", 0);
	exec->system_s = member_number(view, "system_time", 0);
	exec->max_rss = member_number(view, "max_rss", 0);
}

static char *describe(const json_t *view, enum record_state state)
{
	char *reason = state == RECORD_SUCCEEDED ? outcome_attempt(view) : outcome_reason(view);

	if (reason && *reason)
		return reason;
	free(reason);
	return NULL;
}

static void read_exec(struct record_exec *exec, const json_t *view)
{
	enum record_state state = find_state(view);

	*exec = (struct record_exec){
	    .name = memory_copy(member_text(view, "name", "?")),
	    .error = copy_member(view, "error"),
	    .reason = describe(view, state),
	    .log = copy_member(view, "log"),
	    .log_ignore = json_incref(json_object_get(view, "log_ignore")),
	    .locks = join_texts(json_object_get(view, "locks")),
	    .id = json_integer_value(json_object_get(view, "exec")),
	    .state = state,
	    .exit_code = member_int(view, "exit_code"),
	    .signal = member_int(view, "signal"),
	    .wave = (int)member_number(view, "wave", 0),
	    .queued_us = member_time(view, "queued_at"),
	    .started_us = member_time(view, "started_at"),
	    .ended_us = member_time(view, "ended_at"),
	    .source = RECORD_NONE,
	    .lane = RECORD_NONE,
	};
	read_usage(exec, view);
}

/* said: those that a view tells, by name; an older daemon tells none. */
static enum record_reason find_reason(const json_t *said, const char *dep)
{
	const char *name = member_text(said, dep, NULL);

	for (int i = 0; name && i < REASONS; i++) {
		if (strcmp(name, reasons[i]) == 0)
			return (enum record_reason)i;
	}
	return REASON_DEP;
}

static void add_deps(struct record *record, struct record_exec *exec, const json_t *view)
{
	const json_t *deps = json_object_get(view, "deps");
	const json_t *said = json_object_get(view, "dep_reasons");
	struct record_names *names = record->names;
	json_t *dep;
	size_t i;

	exec->first_dep = record->n_deps;
	json_array_foreach (deps, i, dep) {
		if (!json_is_string(dep) || record->n_deps == RECORD_NONE)
			continue;
		if (record->n_deps == names->max_deps) {
			names->max_deps = names->max_deps > 0 ? names->max_deps * 2 : 256;
			record->deps =
			    memory_grow(record->deps, names->max_deps, sizeof(*record->deps));
			record->reasons =
			    memory_grow(record->reasons, names->max_deps, sizeof(*record->reasons));
		}
		record->reasons[record->n_deps] =
		    (uint8_t)find_reason(said, json_string_value(dep));
		record->deps[record->n_deps++] = intern(names, json_string_value(dep))->id;
	}
	exec->n_deps = record->n_deps - exec->first_dep;
}

void record_add(struct record *record, const json_t *view)
{
	struct record_names *names = record->names;
	struct name *name = intern(names, member_text(view, "name", "?"));
	struct record_exec *exec;

	if (name->exec != RECORD_NONE) /* two pages overlap */
		return;
	if (record->n_execs == names->max_execs) {
		names->max_execs = names->max_execs > 0 ? names->max_execs * 2 : 64;
		record->execs =
		    memory_grow(record->execs, names->max_execs, sizeof(*record->execs));
	}
	name->exec = record->n_execs++;
	exec = &record->execs[name->exec];
	read_exec(exec, view);
	add_deps(record, exec, view);
}

/* From names to executions. What is not in the run is left out, as are waits for itself. */
static void link_deps(struct record *record)
{
	uint32_t *execs = memory_alloc(record->names->count * sizeof(*execs));
	uint32_t n_kept = 0;

	for (struct name *name = record->names->by_text; name; name = name->hh.next)
		execs[name->id] = name->exec;
	for (uint32_t i = 0; i < record->n_execs; i++) {
		struct record_exec *exec = &record->execs[i];
		uint32_t first = n_kept;

		for (uint32_t j = 0; j < exec->n_deps; j++) {
			uint32_t at = exec->first_dep + j, dep = execs[record->deps[at]];

			if (dep == RECORD_NONE || dep == i)
				continue;
			record->reasons[n_kept] = record->reasons[at];
			record->deps[n_kept++] = dep;
		}
		exec->first_dep = first;
		exec->n_deps = n_kept - first;
	}
	record->n_deps = n_kept;
	free(execs);
}

static bool is_complete(const struct record_exec *exec)
{
	return exec->state != RECORD_WANTED && exec->state != RECORD_RUNNING;
}

static void find_stop(const struct record *record, struct record_exec *exec)
{
	exec->stop_us = exec->ended_us;
	if (exec->stop_us == 0) /* it goes on, or was canceled in this run and goes on elsewhere */
		exec->stop_us =
		    is_complete(exec) && record->ended_us > 0 ? record->ended_us : record->now_us;
	if (exec->stop_us < exec->started_us)
		exec->stop_us = exec->started_us;
	/* A collector begins and ends at once. */
	exec->has_run = exec->started_us > 0 && (exec->state == RECORD_RUNNING || exec->has_usage ||
	                                            exec->stop_us > exec->started_us);
}

static void find_times(struct record *record)
{
	record->begin_us = record->created_us > 0 ? record->created_us : record->now_us;
	record->stop_us = record->ended_us > 0 ? record->ended_us : record->now_us;
	for (uint32_t i = 0; i < record->n_execs; i++) {
		struct record_exec *exec = &record->execs[i];

		find_stop(record, exec);
		record->n_of_state[exec->state]++;
		record->cpu_s += exec->user_s + exec->system_s;
		if (exec->has_run && exec->started_us < record->begin_us)
			record->begin_us = exec->started_us;
		if (exec->has_run && exec->stop_us > record->stop_us)
			record->stop_us = exec->stop_us;
	}
	if (record->stop_us < record->begin_us)
		record->stop_us = record->begin_us;
}

void record_finish(struct record *record)
{
	link_deps(record);
	forget_names(record);
	find_times(record);
	record_assign_lanes(record);
	record_order(record);
}

void record_clear(struct record *record)
{
	for (uint32_t i = 0; i < record->n_execs; i++) {
		struct record_exec *exec = &record->execs[i];

		free(exec->name);
		free(exec->error);
		free(exec->reason);
		free(exec->log);
		json_decref(exec->log_ignore);
		free(exec->locks);
	}
	free(record->execs);
	free(record->deps);
	free(record->reasons);
	free(record->by_start);
	free(record->critical);
	free(record->name);
	free(record->state);
	forget_names(record);
	*record = (struct record){0};
}

int64_t record_duration_us(const struct record_exec *exec)
{
	return exec->has_run ? exec->stop_us - exec->started_us : 0;
}

int64_t record_makespan_us(const struct record *record)
{
	int64_t end_us = record->ended_us > 0 ? record->ended_us : record->now_us;

	return end_us > record->created_us ? end_us - record->created_us : 0;
}
