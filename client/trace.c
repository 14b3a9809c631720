/*
 * The verb trace: a run in the Trace Event Format, which Perfetto (ui.perfetto.dev) and
 * chrome://tracing open. The format:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 *
 * What ran are complete events (X) in a thread for each lane; what it waited for before that are
 * async events (b, e) of category wait; dependencies are flows (s, f), named by their reason; what
 * ended without running are instants (i). Times are in microseconds from the first of all on.
 */
#include <stdlib.h>
#include <string.h>

#include "client/memory.h"
#include "client/record_load.h"
#include "client/verbs.h"

#define PID 1
/* The threads: one for what is in no lane, then the lanes. 0 is no thread to Perfetto, but the one
 * that idles. */
#define TID_NONE 1
#define TID_OF_LANE(lane) ((json_int_t)(lane) + 2)

struct trace {
	FILE *stream;
	const struct record *record;
	int64_t zero_us;
	json_int_t n_flows;
	bool has_any;
};

/* Takes event. */
static void put_event(struct trace *trace, json_t *event)
{
	if (!event)
		memory_refused();
	fputs(trace->has_any ? ",\n" : "\n", trace->stream);
	trace->has_any = true;
	json_dumpf(event, trace->stream, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(event);
}

static json_int_t since_zero(const struct trace *trace, int64_t time_us)
{
	return time_us > trace->zero_us ? (json_int_t)(time_us - trace->zero_us) : 0;
}

static void put_thread(struct trace *trace, json_int_t tid, const char *name)
{
	put_event(trace, json_pack("{s:s, s:s, s:i, s:I, s:{s:s}}", "name", "thread_name", "ph",
	                     "M", "pid", PID, "tid", tid, "args", "name", name));
	put_event(trace, json_pack("{s:s, s:s, s:i, s:I, s:{s:I}}", "name", "thread_sort_index",
	                     "ph", "M", "pid", PID, "tid", tid, "args", "sort_index", tid));
}

static void put_threads(struct trace *trace)
{
	const struct record *record = trace->record;
	char name[32], *title;

	title = memory_print("run %lld%s%s", (long long)record->run, record->name ? " " : "",
	    record->name ? record->name : "");
	put_event(trace, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "name", "process_name", "ph",
	                     "M", "pid", PID, "tid", TID_NONE, "args", "name", title));
	free(title);
	put_thread(trace, TID_NONE, "without a process");
	for (uint32_t lane = 0; lane < record->n_lanes; lane++) {
		snprintf(name, sizeof(name), "slot %u", lane + 1);
		put_thread(trace, TID_OF_LANE(lane), name);
	}
}

static void set_text(json_t *args, const char *key, const char *text)
{
	if (text)
		json_object_set_new(args, key, json_string(text));
}

/* What is known of an execution beside its times. New. */
static json_t *make_args(const struct record_exec *exec)
{
	json_t *args =
	    json_pack("{s:I, s:s}", "exec", exec->id, "state", record_state_name(exec->state));

	if (!args)
		memory_refused();
	set_text(args, "error", exec->error);
	set_text(args, "reason", exec->reason);
	if (exec->exit_code >= 0)
		json_object_set_new(args, "exit_code", json_integer(exec->exit_code));
	if (exec->signal >= 0)
		json_object_set_new(args, "signal", json_integer(exec->signal));
	if (exec->has_usage) {
		json_object_set_new(args, "user_time", json_real(exec->user_s));
		json_object_set_new(args, "system_time", json_real(exec->system_s));
		json_object_set_new(args, "max_rss", json_integer((json_int_t)exec->max_rss));
	}
	if (exec->state == RECORD_RUNNING)
		json_object_set_new(args, "still_running", json_true());
	if (exec->wave != 0)
		json_object_set_new(args, "wave", json_integer(exec->wave));
	set_text(args, "locks", exec->locks);
	set_text(args, "log", exec->log);
	return args;
}

/* Colors that chrome://tracing has names for; Perfetto has its own. */
static const char *color_of(enum record_state state)
{
	switch (state) {
	case RECORD_FAILED:
		return "terrible";
	case RECORD_SKIPPED:
	case RECORD_UP_TO_DATE:
		return "grey";
	case RECORD_RUNNING:
		return "thread_state_running";
	default:
		return "good";
	}
}

static void put_slice(struct trace *trace, const struct record_exec *exec)
{
	json_int_t start = since_zero(trace, exec->started_us);

	put_event(
	    trace, json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:s, s:o}", "name", exec->name,
	               "cat", "proc", "ph", "X", "pid", PID, "tid", TID_OF_LANE(exec->lane), "ts",
	               start, "dur", since_zero(trace, exec->stop_us) - start, "cname",
	               color_of(exec->state), "args", make_args(exec)));
}

static void put_instant(struct trace *trace, const struct record_exec *exec)
{
	if (exec->ended_us == 0)
		return;
	put_event(trace, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:o}", "name", exec->name,
	                     "cat", "proc", "ph", "i", "s", "t", "pid", PID, "tid", TID_NONE, "ts",
	                     since_zero(trace, exec->ended_us), "args", make_args(exec)));
}

static void put_wait_end(struct trace *trace, const struct record_exec *exec, const char *phase,
    int64_t time_us, json_t *args)
{
	char id[32];

	snprintf(id, sizeof(id), "%lld", (long long)exec->id);
	put_event(trace, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:o}", "name", exec->name,
	                     "cat", "wait", "ph", phase, "id", id, "pid", PID, "tid", TID_NONE,
	                     "ts", since_zero(trace, time_us), "args", args));
}

static void put_wait(struct trace *trace, const struct record_exec *exec)
{
	int64_t end_us = exec->started_us > 0 ? exec->started_us : exec->stop_us;

	if (exec->queued_us == 0 || end_us <= exec->queued_us)
		return;
	put_wait_end(trace, exec, "b", exec->queued_us, make_args(exec));
	put_wait_end(trace, exec, "e", end_us, json_object());
}

static void put_flow_end(struct trace *trace, const struct record_exec *exec, const char *phase,
    int64_t time_us, const char *reason)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:i, s:I, s:I}", "name", reason, "cat",
	    "dep", "ph", phase, "id", trace->n_flows, "pid", PID, "tid", TID_OF_LANE(exec->lane),
	    "ts", since_zero(trace, time_us));

	/* To the slice around it, rather than to the next that begins. */
	if (event && *phase == 'f')
		json_object_set_new(event, "bp", json_string("e"));
	put_event(trace, event);
}

/* The flows to what has run, each with the reason of its dependency. One comes from where that ran,
 * or where it has not run, as a collector, from what it ended after. A slice of no length is no
 * place where a flow could begin or end. */
static void put_flows(struct trace *trace, const struct record_exec *exec)
{
	const struct record *record = trace->record;

	for (uint32_t i = 0; i < exec->n_deps && exec->stop_us > exec->started_us; i++) {
		uint32_t at = exec->first_dep + i, source = record->execs[record->deps[at]].source;
		const char *reason = record_reason_name(record->reasons[at]);
		const struct record_exec *dep;

		if (source == RECORD_NONE)
			continue;
		dep = &record->execs[source];
		if (dep->stop_us > exec->started_us || dep->stop_us == dep->started_us)
			continue;
		trace->n_flows++;
		/* At its very end a slice is over already. */
		put_flow_end(trace, dep, "s", dep->stop_us - 1, reason);
		put_flow_end(trace, exec, "f", exec->started_us, reason);
	}
}

static void put_head(const struct trace *trace)
{
	const struct record *record = trace->record;
	json_t *data = json_pack("{s:I, s:s*, s:s, s:f}", "run", record->run, "name", record->name,
	    "state", record->state, "time_zero", (double)trace->zero_us / 1e6);

	fputs("{\"displayTimeUnit\": \"ms\", \"otherData\": ", trace->stream);
	json_dumpf(data, trace->stream, JSON_COMPACT | JSON_REAL_PRECISION(16));
	fputs(", \"traceEvents\": [", trace->stream);
	json_decref(data);
}

static int64_t find_zero(const struct record *record)
{
	int64_t zero_us = record->begin_us;

	for (uint32_t i = 0; i < record->n_execs; i++) {
		int64_t queued_us = record->execs[i].queued_us;

		if (queued_us > 0 && queued_us < zero_us)
			zero_us = queued_us;
	}
	return zero_us;
}

static void write_trace(FILE *stream, const struct record *record)
{
	struct trace trace = {.stream = stream, .record = record, .zero_us = find_zero(record)};

	put_head(&trace);
	put_threads(&trace);
	for (uint32_t i = 0; i < record->n_by_start; i++)
		put_slice(&trace, &record->execs[record->by_start[i]]);
	for (uint32_t i = 0; i < record->n_execs; i++) {
		put_wait(&trace, &record->execs[i]);
		if (!record->execs[i].has_run)
			put_instant(&trace, &record->execs[i]);
	}
	for (uint32_t i = 0; i < record->n_by_start; i++)
		put_flows(&trace, &record->execs[record->by_start[i]]);
	fputs("\n]}\n", stream);
}

int verb_trace(struct client *client)
{
	struct record record;
	int status = record_load(client, &record);

	if (!status)
		status = record_write(client, &record, write_trace);
	record_clear(&record);
	return status;
}
