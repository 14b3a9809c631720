/*
 * Builds the views of procs from the core's model and from what the adapter keeps beside it
 * (result, log). Knows nothing of requests or connections.
 */
#include "daemon/views.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/edges.h"
#include "daemon/extra.h"
#include "daemon/logs.h"
#include "daemon/reasons.h"

json_t *view_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	/* What a process left may be any bytes; what is not UTF-8 was cleaned where it was read. */
	return value ? value : json_null();
}

json_t *view_texts(const struct strings *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < texts->count; i++)
		json_array_append_new(list, view_text(texts->items[i]));
	return list;
}

json_t *view_time(int64_t time_ns)
{
	/* Microseconds are what a double holds of a time since the epoch, and prints shortly. */
	return time_ns ? json_real((double)(time_ns / 1000) / 1e6) : json_null();
}

void view_put_time(struct json_text *to, int64_t time_ns)
{
	if (time_ns)
		json_text_millionths(to, time_ns / 1000);
	else
		json_text_value(to, NULL);
}

static json_t *view_int(const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || end == text || *end ? view_text(text) : json_integer(value);
}

static json_t *view_float(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	return end == text || *end || !isfinite(value) ? view_text(text) : json_real(value);
}

json_t *view_argument(const struct argument *argument, const char *text)
{
	if (!text)
		return json_null();
	switch (argument->type) {
	case ARG_INT:
		return view_int(text);
	case ARG_FLOAT:
		return view_float(text);
	case ARG_BOOL:
		return json_boolean(arg_type_is_true(text));
	case ARG_STR:
		break;
	}
	return view_text(text);
}

json_t *view_arguments(const struct definition *definition, char *const *values)
{
	json_t *object = json_object();

	for (size_t i = 0; object && values && i < definition->n_args; i++)
		json_object_set_new(object, definition->args[i].name,
		    view_argument(&definition->args[i], values[i]));
	return object;
}

json_t *view_result(const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	return extra && extra->result ? json_incref(extra->result) : json_null();
}

json_t *view_locks(const struct definition *definition, char *const *values)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < definition->locks.count; i++) {
		const char *text = definition->locks.items[i];
		char *filled = values ? definition_fill(definition, values, text) : NULL;

		json_array_append_new(list, view_text(filled ? filled : text));
		free(filled);
	}
	return list;
}

json_t *view_uses(const struct definition *definition, char *const *values)
{
	json_t *uses = json_object();

	for (size_t i = 0; uses && i < definition->n_uses; i++) {
		const struct use *use = &definition->uses[i];
		char *filled = values ? definition_fill(definition, values, use->pool) : NULL;
		const char *name = filled ? filled : use->pool;
		json_int_t before = json_integer_value(json_object_get(uses, name));

		json_object_set_new(uses, name, json_integer(before + use->amount));
		free(filled);
	}
	return uses;
}

const char *view_edge_reason(enum edge_reason reason)
{
	static const char *const names[] = {
	    [EDGE_DEP] = "dep",
	    [EDGE_RDEP] = "rdep",
	    [EDGE_WHEN_SCHEDULED] = "when_scheduled",
	    [EDGE_WHEN_TARGET_SCHEDULED] = "when_target_scheduled",
	    [EDGE_COMMAND] = "command",
	    [EDGE_PROTO] = "proto",
	};

	return names[reason];
}

json_t *view_defined_deps(const struct definition *definition, char *const *values)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < definition->n_deps; i++) {
		char *filled;

		if (definition->deps[i].kind != DEP_NAME)
			continue;
		filled =
		    values ? definition_fill(definition, values, definition->deps[i].text) : NULL;
		json_array_append_new(list, view_text(filled ? filled : definition->deps[i].text));
		free(filled);
	}
	return list;
}

/* --- members, in the order in which people read them --- */

struct writer {
	struct json_text *text;
	bool is_brief; /* without members that are null or empty */
};

static void put_text(const struct writer *to, const char *member, const char *text)
{
	if (to->is_brief && !text)
		return;
	json_text_member(to->text, member);
	/* What a process left may be any bytes; what is not UTF-8 was cleaned where it was read. */
	json_text_string(to->text, text);
}

static void put_null(const struct writer *to, const char *member)
{
	put_text(to, member, NULL);
}

static void put_integer(const struct writer *to, const char *member, int64_t integer)
{
	json_text_member(to->text, member);
	json_text_integer(to->text, integer);
}

/* value is taken. */
static void put_value(const struct writer *to, const char *member, json_t *value)
{
	json_text_member(to->text, member);
	json_text_value(to->text, value);
	json_decref(value);
}

/* An empty object or array. */
static void put_nothing(const struct writer *to, const char *member, const char *brackets)
{
	if (to->is_brief)
		return;
	json_text_member(to->text, member);
	json_text_add_raw(to->text, brackets);
}

static void put_time(const struct writer *to, const char *member, int64_t time_ns)
{
	if (to->is_brief && !time_ns)
		return;
	json_text_member(to->text, member);
	view_put_time(to->text, time_ns);
}

static void put_log(const struct writer *to, const struct execution *execution)
{
	char *path = logs_path(execution);

	put_text(to, "log", path);
	free(path);
}

/* The names among the dependencies, as scheduled. */
static void put_scheduled_deps(const struct writer *to, const struct execution *execution)
{
	if (execution->n_deps == 0) {
		put_nothing(to, "deps", "[]");
		return;
	}
	json_text_member(to->text, "deps");
	json_text_bracket(to->text, '[');
	for (uint32_t i = 0; i < execution->n_deps; i++)
		json_text_string(to->text, execution->deps[i]->proc->name);
	json_text_bracket(to->text, ']');
}

/* Most have none of them. */
static void put_arguments(
    const struct writer *to, const struct definition *definition, char *const *values)
{
	if (values && definition->n_args > 0)
		put_value(to, "args", view_arguments(definition, values));
	else
		put_nothing(to, "args", "{}");
}

static void put_locks(
    const struct writer *to, const struct definition *definition, char *const *values)
{
	if (definition->locks.count > 0)
		put_value(to, "locks", view_locks(definition, values));
	else
		put_nothing(to, "locks", "[]");
}

/* The members that come from the definition. execution: NULL where there is none. */
static void put_definition(const struct writer *to, const struct definition *definition,
    char *const *values, const struct execution *execution)
{
	put_text(to, "proto", definition->is_proto ? definition->name : NULL);
	put_arguments(to, definition, values);
	if (execution)
		put_scheduled_deps(to, execution);
	else
		put_value(to, "deps", view_defined_deps(definition, values));
	put_locks(to, definition, values);
	if (definition->wave != 0 || !to->is_brief)
		put_integer(to, "wave", definition->wave);
	if (definition->n_uses > 0)
		put_value(to, "use", view_uses(definition, values));
}

static void put_executor(const struct writer *to, const struct execution *execution)
{
	const char *executor = execution_executor(execution);

	if (strcmp(executor, CORE_LOCAL) != 0)
		put_text(to, "executor", executor);
}

/* Of what nothing has been defined. */
static void put_no_definition(const struct writer *to)
{
	put_null(to, "proto");
	put_nothing(to, "args", "{}");
	put_nothing(to, "deps", "[]");
	put_nothing(to, "locks", "[]");
	put_integer(to, "wave", 0);
}

static void put_exit(const struct writer *to, const struct execution *execution, bool is_override)
{
	bool has_exit_code = !is_override && execution->exit_code >= 0;
	bool has_signal = !is_override && execution->signal > 0;

	if (has_exit_code)
		put_integer(to, "exit_code", execution->exit_code);
	else
		put_null(to, "exit_code");
	if (has_signal)
		put_integer(to, "signal", execution->signal);
	else
		put_null(to, "signal");
}

/* What its process took, once that has ended. Every process has memory, so 0 stands for unknown. */
static void put_usage(const struct writer *to, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	if (!extra || extra->max_rss_kib <= 0 || !execution_is_complete(execution)) {
		put_null(to, "user_time");
		put_null(to, "system_time");
		put_null(to, "max_rss");
		return;
	}
	json_text_member(to->text, "user_time");
	json_text_millionths(to->text, extra->user_us);
	json_text_member(to->text, "system_time");
	json_text_millionths(to->text, extra->system_us);
	put_integer(to, "max_rss", extra->max_rss_kib * 1024);
}

/* For those who show its log, which is worth while when it is complete. */
static void put_log_ignore(const struct writer *to, const struct execution *execution)
{
	const char *text = execution->definition->log_ignore;

	if (text && execution->ended_ns)
		put_value(to, "log_ignore", json_loads(text, 0, NULL));
}

/* Which attempt it is, and which one at most, where it may have more than one. */
static void put_attempt(const struct writer *to, const struct execution *execution)
{
	const struct retries *retries = &execution->definition->retries;
	bool is_to_come = execution->state == STATE_WANTED && execution->is_standby;
	unsigned attempt = execution->attempt - is_to_come;

	if (attempt == 0 || (retries->times == 0 && attempt == 1 && execution->n_transient == 0))
		return;
	put_integer(to, "attempt", attempt);
	put_integer(to, "attempts", retries->times + execution->n_transient + 1);
	if (execution->is_retrying)
		put_time(to, "retry_at", execution->deadline_ns);
}

/* Why it is pending, or how long it was, where it was. */
static void put_pending(const struct writer *to, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	if (execution->is_pending)
		put_text(
		    to, "pending", extra && extra->pending ? extra->pending : "has not begun yet");
	if (!extra || extra->pending_ns <= 0)
		return;
	json_text_member(to->text, "pending_time");
	json_text_millionths(to->text, extra->pending_ns / 1000);
}

/* Why it is in its state; while it is being ended its error is set already, but not yet true. */
static void put_reasons(
    const struct writer *to, const struct execution *execution, const struct membership *override)
{
	bool has_failed = execution->state == STATE_FAILED;
	const char *error = has_failed ? execution_error_name(execution->error) : NULL;

	put_text(to, "error", override ? execution_error_name(override->override) : error);
	put_text(to, "info", override ? override->override_info : execution->info);
}

void view_put(struct json_text *text, const struct view *view)
{
	const struct writer writer = {.text = text, .is_brief = view->is_brief}, *to = &writer;
	const struct execution *execution = view->execution;
	const struct exec_extra *extra = execution->extra;
	const struct membership *member = view->member;
	bool is_override = member && member->override != ERROR_NONE;
	const struct run *run = member ? member->run : execution_run(execution);
	const char *state = view->state ? view->state : execution_state_name(execution);

	json_text_bracket(to->text, '{');
	put_text(to, "name", execution->proc->name);
	put_text(to, "state", is_override ? "failed" : state);
	put_reasons(to, execution, is_override ? member : NULL);
	if (run)
		put_integer(to, "run", (int64_t)run->id);
	else
		put_null(to, "run");
	put_integer(to, "exec", (int64_t)execution->id);
	put_definition(to, execution->definition, execution->values, execution);
	put_log(to, execution);
	put_exit(to, execution, is_override);
	put_time(to, "queued_at", execution->queued_ns);
	put_time(to, "started_at", execution->started_ns);
	put_time(to, "ended_at", execution->ended_ns);
	put_usage(to, execution);
	if (extra && extra->result && !is_override)
		put_value(to, "result", json_incref(extra->result));
	else
		put_null(to, "result");
	put_text(to, "waits", view->waits);
	put_executor(to, execution);
	if (execution->priority != 0)
		put_integer(to, "priority", execution->priority);
	put_attempt(to, execution);
	put_pending(to, execution);
	put_log_ignore(to, execution);
	json_text_bracket(to->text, '}');
}

static void put_idle(const struct writer *to, const struct proc *proc)
{
	static const char *const before[] = {"error", "info", "run", "exec"};
	static const char *const behind[] = {"log", "exit_code", "signal", "queued_at",
	    "started_at", "ended_at", "user_time", "system_time", "max_rss", "result", "waits"};

	json_text_bracket(to->text, '{');
	put_text(to, "name", proc->name);
	put_text(to, "state", "idle");
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		put_null(to, before[i]);
	if (proc->definition)
		put_definition(to, proc->definition, proc->values, NULL);
	else
		put_no_definition(to);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		put_null(to, behind[i]);
	json_text_bracket(to->text, '}');
}

/* --- whole views, for answers --- */

/* What was written, as a value. NULL: no memory. */
static json_t *parse(struct json_text *text)
{
	size_t length;
	char *line = json_text_finish(text, &length);
	json_t *view = line ? json_loadb(line, length, 0, NULL) : NULL;

	free(line);
	return view;
}

json_t *view_proc_idle(const struct proc *proc)
{
	struct json_text text = {0};

	put_idle(&(struct writer){.text = &text}, proc);
	return parse(&text);
}

/* By what it depends on others where that is not its own definition; most have none of these. */
static void add_dep_reasons(
    json_t *view, const struct core *core, const struct execution *execution)
{
	json_t *reasons = NULL;
	struct edges edges;

	edges_init(&edges, core, execution);
	for (uint32_t i = 0; view && i < execution->n_deps; i++) {
		enum edge_reason reason = edges_reason(&edges, execution->deps[i]);

		if (reason == EDGE_DEP)
			continue;
		reasons = reasons ? reasons : json_object();
		json_object_set_new(
		    reasons, execution->deps[i]->proc->name, view_text(view_edge_reason(reason)));
	}
	edges_clear(&edges);
	if (reasons)
		json_object_set_new(view, "dep_reasons", reasons);
}

/* member: where it is looked at, or NULL: by itself. */
static json_t *view_execution(
    const struct core *core, const struct execution *execution, const struct membership *member)
{
	bool is_override = member && member->override != ERROR_NONE;
	char *waits = is_override ? NULL : reason_of_wait(core, execution);
	const struct view view = {.execution = execution, .member = member, .waits = waits};
	struct json_text text = {0};
	json_t *value;

	view_put(&text, &view);
	free(waits);
	value = parse(&text);
	add_dep_reasons(value, core, execution);
	return value;
}

json_t *view_proc(const struct core *core, const struct proc *proc)
{
	return proc->newest ? view_execution(core, proc->newest, NULL) : view_proc_idle(proc);
}

json_t *view_member(const struct core *core, const struct membership *member)
{
	return view_execution(core, member->execution, member);
}

int views_init(struct views *views, size_t limit)
{
	*views = (struct views){
	    .list = json_array(),
	    .limit = limit == 0 || limit > VIEWS_MAX ? VIEWS_MAX : limit,
	};
	return views->list ? 0 : -1;
}

/* About how long the value is as text; exact enough to bound a message. */
static size_t estimate_size(const json_t *value)
{
	size_t size = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);

	return size ? size : 1;
}

bool views_add(struct views *views, json_t *view)
{
	size_t size;

	if (!view || json_array_size(views->list) >= views->limit) {
		views->is_truncated = true;
		json_decref(view);
		return false;
	}
	size = estimate_size(view);
	if (views->bytes > 0 && views->bytes + size > VIEWS_MAX_BYTES) {
		views->is_truncated = true;
		json_decref(view);
		return false;
	}
	views->bytes += size;
	json_array_append_new(views->list, view);
	return true;
}

void views_clear(struct views *views)
{
	json_decref(views->list);
	views->list = NULL;
}
