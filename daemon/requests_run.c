/*
 * What makes things happen: create, start, run, open, close, cancel.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ask.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/handlers.h"
#include "daemon/jobserver.h"
#include "daemon/params.h"
#include "daemon/repeats.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"
#include "daemon/requests_wait.h"
#include "daemon/session.h"
#include "daemon/terminals.h"
#include "daemon/workers.h"

/* So many names are in an answer unless it is said how many. */
#define NAMES_DEFAULT 1000

/* So many, and bytes of them, are in one at most: fewer than a message may hold. */
#define NAMES_MAX 900000
#define NAMES_MAX_BYTES (15u << 20)

/* How long the name is as JSON, with what is around it, at most. It has no control characters. */
static size_t measure_name(const char *name)
{
	size_t size = strlen(name) + sizeof("\"\", ");

	for (const char *at = name; (at = strpbrk(at, "\"\\")); at++)
		size++;
	return size;
}

/* Adds to answer the names as `procs`, as many as fit. Returns how many those are. */
static size_t set_names(json_t *answer, const struct strings *names)
{
	json_t *list = json_array();
	size_t bytes = 0, i = 0;

	for (; i < names->count && bytes < NAMES_MAX_BYTES && i < NAMES_MAX; i++) {
		bytes += measure_name(names->items[i]);
		json_array_append_new(list, view_text(names->items[i]));
	}
	if (i < names->count)
		json_object_set_new(answer, "truncated", json_true());
	json_object_set_new(answer, "procs", list);
	return i;
}

static enum request_status proceed_create(struct request *request, const struct name_request *query)
{
	struct name_request paged = *query;
	struct create_outcome outcome;
	struct fault fault = {0};
	json_t *answer;
	size_t next;

	paged.first = (size_t)request_read_integer(request, "cursor", 0);
	paged.limit = (size_t)request_read_integer(request, "limit", 0);
	if (paged.limit == 0)
		paged.limit = NAMES_DEFAULT;
	if (paged.limit > NAMES_MAX)
		paged.limit = NAMES_MAX;
	if (core_create(request->daemon->core, &paged, &outcome, &fault) != 0)
		return request_refuse_fault(request, &fault);
	answer = json_object();
	next = paged.first + set_names(answer, &outcome.names);
	if (outcome.is_truncated)
		json_object_set_new(answer, "truncated", json_true());
	create_outcome_clear(&outcome);
	if (!answer)
		return request_refuse_memory(request);
	if (!json_object_get(answer, "truncated"))
		return request_answer_once(request, answer);
	/* Whoever asks for the next page may do so with the same request_id. */
	json_object_set_new(answer, "cursor", json_integer((json_int_t)next));
	return request_answer(request, answer);
}

enum request_status handle_create(struct request *request)
{
	if (request_need_file(request) != 0)
		return REQUEST_DONE;
	return ask_begin(request, proceed_create);
}

static int start(
    struct request *request, const struct name_request *query, struct start_outcome *outcome)
{
	bool is_fail_fast = request_read_flag(request, "fail_fast");
	struct fault fault = {0};

	*outcome = (struct start_outcome){0};
	if (core_start(request->daemon->core, query, is_fail_fast, outcome, &fault) != 0) {
		request_refuse_fault(request, &fault);
		return -1;
	}
	params_add(request->daemon, core_find_run(request->daemon->core, outcome->run),
	    json_object_get(request->params, "params"));
	return 0;
}

static enum request_status proceed_start(struct request *request, const struct name_request *query)
{
	struct start_outcome outcome;
	json_t *answer;

	if (start(request, query, &outcome) != 0)
		return REQUEST_DONE;
	answer = json_pack("{s:I}", "run", (json_int_t)outcome.run);
	set_names(answer, &outcome.names);
	start_outcome_clear(&outcome);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

enum request_status handle_start(struct request *request)
{
	if (request_need_file(request) != 0)
		return REQUEST_DONE;
	return ask_begin(request, proceed_start);
}

/* Waits for what was pulled in, telling of its run meanwhile if the request wants it. */
static enum request_status wait_for_pulled(struct request *request, const struct scope *scope,
    uint64_t run, struct membership **pulled, size_t n_pulled)
{
	const struct wait_request query = {
	    .pulled = pulled,
	    .n_pulled = n_pulled,
	    .run = run,
	    .scope = *scope,
	};
	struct event_filter filter = {.run = run};
	int64_t after = request_read_integer(request, "after", -1);
	uint32_t watch = 0;

	request_fill_filter(request, &filter);
	terminals_attach(request, run, pulled, n_pulled);
	if (request_read_flag(request, "subscribe") && request->session)
		watch = events_watch_run(request->session, &filter, after);
	if (after < 0)
		events_tell_joined(request->session, watch, pulled, n_pulled);
	return wait_begin(request, &query, WAIT_FOREVER_NS, watch);
}

static enum request_status proceed_run(struct request *request, const struct name_request *query)
{
	struct name_request waiting = *query;
	struct start_outcome outcome;
	enum request_status status;

	waiting.scope.is_waiting = true;
	if (start(request, &waiting, &outcome) != 0)
		return REQUEST_DONE;
	repeats_keep_run(request, outcome.run, outcome.pulled, outcome.n_pulled);
	status =
	    wait_for_pulled(request, &query->scope, outcome.run, outcome.pulled, outcome.n_pulled);
	start_outcome_clear(&outcome);
	return status;
}

enum request_status handle_run(struct request *request)
{
	if (request_need_file(request) != 0 || terminals_take(request) != 0)
		return REQUEST_DONE;
	return ask_begin(request, proceed_run);
}

enum request_status handle_run_again(struct request *request, const struct repeat *repeat)
{
	struct run *run = core_find_run(request->daemon->core, repeat->run);
	struct membership *member, **pulled;
	enum request_status status;
	struct scope scope;
	size_t count = 0;

	if (terminals_take(request) != 0)
		return REQUEST_DONE;
	if (!run)
		return request_refuse(request, PROTOCOL_NOT_FOUND,
		    "the run that this request has started was forgotten", NULL);
	pulled = calloc(repeat->n_execs + 1, sizeof(struct membership *));
	if (!pulled)
		return request_refuse_memory(request);
	TAILQ_FOREACH (member, &run->members, of_run) {
		if (count < repeat->n_execs && repeat_has(repeat, member->execution->id))
			pulled[count++] = member;
	}
	request_look_scope(request, &scope);
	status = wait_for_pulled(request, &scope, run->id, pulled, count);
	free(pulled);
	return status;
}

static enum request_status answer_run(struct request *request, uint64_t run)
{
	json_t *answer = json_pack("{s:I, s:[]}", "run", (json_int_t)run, "procs");

	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

/* Whether the hold ends with the connection. */
static bool is_for_connection(const struct request *request)
{
	const char *until = request_read_text(request, "for");

	return until && until[0] == 'c';
}

/* Has the hold that was just taken end with the connection. -1: refused, and the hold has ended. */
static int keep_run(struct request *request, uint64_t run)
{
	struct scope scope = {.run = run, .now_ns = request->now_ns, .is_brief = true};
	struct fault fault = {0};
	bool is_limit;

	if (session_keep_run(request->session, run) == 0)
		return 0;
	is_limit = errno == ENOSPC;
	if (core_close(request->daemon->core, &scope, &run, &fault) != 0)
		fault_clear(&fault);
	if (is_limit)
		request_refuse(request, PROTOCOL_LIMIT,
		    "this connection holds as many runs open as one may", NULL);
	else
		request_refuse_memory(request);
	return -1;
}

enum request_status handle_open(struct request *request)
{
	struct fault fault = {0};
	struct scope scope;
	uint64_t run;
	int status;

	if (request_scope(request, &scope) != 0)
		return REQUEST_DONE;
	scope.is_brief = is_for_connection(request);
	status = core_open(request->daemon->core, &scope, &run, &fault);
	request_scope_clear(&scope);
	if (status != 0)
		return request_refuse_fault(request, &fault);
	if (is_for_connection(request) && keep_run(request, run) != 0)
		return REQUEST_DONE;
	return answer_run(request, run);
}

enum request_status handle_open_again(struct request *request, const struct repeat *repeat)
{
	json_t *answer = json_incref(repeat->answer);
	struct scope scope = {.now_ns = request->now_ns, .is_brief = true};
	struct fault fault = {0};
	uint64_t run = (uint64_t)json_integer_value(json_object_get(answer, "run"));

	if (!is_for_connection(request) || session_keeps_run(request->session, run))
		return request_answer(request, answer);
	/* The first one's connection has ended, and with it the hold. */
	scope.run = run;
	if (core_open(request->daemon->core, &scope, &run, &fault) != 0) {
		json_decref(answer);
		return request_refuse_fault(request, &fault);
	}
	if (keep_run(request, run) != 0) {
		json_decref(answer);
		return REQUEST_DONE;
	}
	return request_answer(request, answer);
}

enum request_status handle_close(struct request *request)
{
	struct fault fault = {0};
	struct scope scope;
	struct run *held;
	uint64_t run;

	request_look_scope(request, &scope);
	if (core_look_run(request->daemon->core, &scope, &held, &fault) != 0)
		return request_refuse_fault(request, &fault);
	/* Where the hold was to end with this connection, it has ended now. */
	scope.is_brief = held && session_forget_run(request->session, held->id);
	if (core_close(request->daemon->core, &scope, &run, &fault) != 0)
		return request_refuse_fault(request, &fault);
	return answer_run(request, run);
}

/*
 * Sends SIGINT to the process of the run that is in the foreground of a terminal. False: there is
 * none, or it has been sent one already.
 */
static bool interrupt(struct request *request, const struct run *run, json_t **answer)
{
	struct execution *execution = run ? terminals_interrupt(run) : NULL;

	if (!execution)
		return false;
	if (!jobserver_signal(request->daemon, execution, SIGINT))
		workers_signal(request->daemon->workers,
		    (struct worker_key){.exec = execution->id, .attempt = execution->attempt},
		    SIGINT);
	*answer =
	    json_pack("{s:[], s:o}", "canceled", "interrupted", view_text(execution->proc->name));
	return true;
}

enum request_status handle_cancel(struct request *request)
{
	struct cancel_request query = {
	    .is_all = request_read_flag(request, "all"),
	    .is_force = request_read_flag(request, "force"),
	    .is_kill = request_read_flag(request, "kill"),
	};
	struct strings canceled = {0};
	struct fault fault = {0};
	struct request_texts names;
	struct run *run;
	json_t *answer;
	int status;

	if (request_look_run(request, &run) != 0)
		return REQUEST_DONE;
	if (request_read_flag(request, "interrupt") && interrupt(request, run, &answer))
		return answer ? request_answer_once(request, answer)
		              : request_refuse_memory(request);
	request_look_scope(request, &query.scope);
	if (request_expand_globs(request) != 0 || request_read_texts(request, "names", &names) != 0)
		return REQUEST_DONE;
	if (names.count == 0 && !query.is_all && !query.scope.run && !query.scope.run_name)
		return request_refuse(
		    request, PROTOCOL_BAD_PARAMS, "names, run or all: one is needed", NULL);
	for (size_t i = 0; i < names.count; i++) {
		if (request_knows_proc(core_find_proc(request->daemon->core, names.items[i])))
			continue;
		request_refuse_unknown_proc(request, names.items[i]);
		free(names.items);
		return REQUEST_DONE;
	}
	query.names = names.count > 0 ? names.items : NULL;
	query.n_names = names.count;
	status = core_cancel(request->daemon->core, &query, &canceled, &fault);
	free(names.items);
	if (status != 0)
		return request_refuse_fault(request, &fault);
	answer = json_pack("{s:o}", "canceled", view_texts(&canceled));
	strings_clear(&canceled);
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}
