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

static json_t *view_log(const struct execution *execution)
{
	char *path = logs_path(execution);
	json_t *value = view_text(path);

	free(path);
	return value;
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

/* The names among the dependencies, as scheduled. */
static json_t *view_scheduled_deps(const struct execution *execution)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < execution->n_deps; i++)
		json_array_append_new(list, view_text(execution->deps[i]->proc->name));
	return list;
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

static void set(json_t *view, const char *member, json_t *value)
{
	json_object_set_new_nocheck(view, member, value ? value : json_null());
}

/* The members that come from the definition. */
static void set_definition(json_t *view, const struct definition *definition, char *const *values)
{
	set(view, "proto", view_text(definition->is_proto ? definition->name : NULL));
	set(view, "args", view_arguments(definition, values));
	set(view, "locks", view_locks(definition, values));
	set(view, "wave", json_integer(definition->wave));
	if (definition->n_uses > 0)
		set(view, "use", view_uses(definition, values));
}

static void add_executor(json_t *view, const struct execution *execution)
{
	const char *executor = execution_executor(execution);

	if (strcmp(executor, CORE_LOCAL) != 0)
		set(view, "executor", json_string(executor));
}

/* Why it is pending, or how long it was, where it was. */
static void add_pending(json_t *view, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	if (execution->is_pending)
		set(view, "pending",
		    view_text(extra && extra->pending ? extra->pending : "has not begun yet"));
	if (extra && extra->pending_ns > 0)
		set(view, "pending_time", json_real((double)extra->pending_ns / 1e9));
}

/* Which attempt it is, and which one at most, where it may have more than one. */
static void add_attempt(json_t *view, const struct execution *execution)
{
	const struct retries *retries = &execution->definition->retries;

	if (execution->attempt == 0 ||
	    (retries->times == 0 && execution->attempt == 1 && execution->n_transient == 0))
		return;
	set(view, "attempt", json_integer(execution->attempt));
	set(view, "attempts", json_integer(retries->times + execution->n_transient + 1));
	if (execution->is_retrying)
		set(view, "retry_at", view_time(execution->deadline_ns));
}

/* A view with all its members in the order in which people read them, null so far. */
static json_t *view_new(const char *name, const char *state)
{
	static const char *const members[] = {"name", "state", "error", "info", "run", "exec",
	    "proto", "args", "deps", "locks", "wave", "log", "exit_code", "signal", "queued_at",
	    "started_at", "ended_at", "user_time", "system_time", "max_rss", "result", "waits"};
	json_t *view = json_object();

	if (!view)
		return NULL;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		set(view, members[i], json_null());
	set(view, "name", view_text(name));
	set(view, "state", view_text(state));
	return view;
}

json_t *view_proc_idle(const struct proc *proc)
{
	json_t *view = view_new(proc->name, "idle");

	if (!view)
		return NULL;
	if (proc->definition) {
		set_definition(view, proc->definition, proc->values);
		set(view, "deps", view_defined_deps(proc->definition, proc->values));
	} else {
		set(view, "args", json_object());
		set(view, "locks", json_array());
		set(view, "wave", json_integer(0));
		set(view, "deps", json_array());
	}
	return view;
}

static void set_outcome(
    json_t *view, const struct execution *execution, const struct membership *member)
{
	bool is_override = member && member->override != ERROR_NONE;
	bool has_exit_code = !is_override && execution->exit_code >= 0;
	bool has_signal = !is_override && execution->signal > 0;

	if (is_override) {
		set(view, "state", view_text("failed"));
		set(view, "error", view_text(execution_error_name(member->override)));
		set(view, "info", view_text(member->override_info));
	} else {
		/* While it is being ended its error is set already, but not yet true. */
		bool has_failed = execution->state == STATE_FAILED;

		set(view, "error",
		    view_text(has_failed ? execution_error_name(execution->error) : NULL));
		set(view, "info", view_text(execution->info));
	}
	set(view, "exit_code", has_exit_code ? json_integer(execution->exit_code) : NULL);
	set(view, "signal", has_signal ? json_integer(execution->signal) : NULL);
	set(view, "result", is_override ? NULL : view_result(execution));
}

/* For those who show its log, which is worth while when it is complete. */
static void add_log_ignore(json_t *view, const struct execution *execution)
{
	const char *text = execution->definition->log_ignore;

	if (text && execution->ended_ns)
		set(view, "log_ignore", json_loads(text, 0, NULL));
}

/* What its process took, once that has ended. Every process has memory, so 0 stands for unknown. */
static void set_usage(json_t *view, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	if (!extra || extra->max_rss_kib <= 0 || !execution_is_complete(execution))
		return;
	set(view, "user_time", json_real((double)extra->user_us / 1e6));
	set(view, "system_time", json_real((double)extra->system_us / 1e6));
	set(view, "max_rss", json_integer((json_int_t)extra->max_rss_kib * 1024));
}

/* member: where it is looked at, or NULL: by itself. */
static json_t *view_execution(const struct execution *execution, const struct membership *member)
{
	const struct run *run = member ? member->run : execution_run(execution);
	json_t *view = view_new(execution->proc->name, execution_state_name(execution));

	if (!view)
		return NULL;
	set_outcome(view, execution, member);
	set(view, "run", run ? json_integer((json_int_t)run->id) : NULL);
	set(view, "exec", json_integer((json_int_t)execution->id));
	set_definition(view, execution->definition, execution->values);
	set(view, "deps", view_scheduled_deps(execution));
	set(view, "log", view_log(execution));
	set(view, "queued_at", view_time(execution->queued_ns));
	set(view, "started_at", view_time(execution->started_ns));
	set(view, "ended_at", view_time(execution->ended_ns));
	if (execution->priority != 0)
		set(view, "priority", json_integer(execution->priority));
	add_attempt(view, execution);
	add_executor(view, execution);
	add_pending(view, execution);
	add_log_ignore(view, execution);
	set_usage(view, execution);
	return view;
}

/* By what it depends on others where that is not its own definition; most have none of these. */
static json_t *add_dep_reasons(
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
		set(view, "dep_reasons", reasons);
	return view;
}

static json_t *add_waits(json_t *view, const struct core *core, const struct execution *execution)
{
	char *text = view ? reason_of_wait(core, execution) : NULL;

	if (text)
		set(view, "waits", view_text(text));
	free(text);
	return view;
}

json_t *view_proc(const struct core *core, const struct proc *proc)
{
	if (!proc->newest)
		return view_proc_idle(proc);
	return add_waits(add_dep_reasons(view_execution(proc->newest, NULL), core, proc->newest),
	    core, proc->newest);
}

json_t *view_member_brief(const struct membership *member)
{
	return view_execution(member->execution, member);
}

json_t *view_member(const struct core *core, const struct membership *member)
{
	json_t *view = add_dep_reasons(view_member_brief(member), core, member->execution);

	if (member->override != ERROR_NONE)
		return view;
	return add_waits(view, core, member->execution);
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
