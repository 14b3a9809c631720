/*
 * About the connection and the daemon itself: hello, ping, shutdown, restart, subscribe,
 * unsubscribe.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/handlers.h"
#include "daemon/requests.h"
#include "daemon/requests_look.h"
#include "daemon/scheduler.h"
#include "daemon/store.h"
#include "protocol/version.h"

#define SERVER PACKAGE_NAME " " PACKAGE_VERSION

/* What a daemon of the same protocol may lack, so that clients can ask before they rely on it. */
static const char *const capabilities[] = {
    "request_id", "subscribe", "run.subscribe", "input", "after", "brief", "states"};

static enum request_status refuse_protocol(struct request *request, int64_t protocol)
{
	const char *client = request_read_text(request, "client");
	const char *advice =
	    protocol > PROTOCOL_VERSION ? "upgrade, or restart, the daemon" : "upgrade the client";
	char *message = mem_print("%s speaks version %lld of the protocol, the daemon (%s) %d: %s",
	    client ? client : "the client", (long long)protocol, SERVER, PROTOCOL_VERSION, advice);
	enum request_status status;

	status = request_refuse(request, PROTOCOL_PROTOCOL_MISMATCH, message,
	    json_pack("{s:s, s:i}", "server", SERVER, "protocol", PROTOCOL_VERSION));
	free(message);
	return status;
}

enum request_status handle_hello(struct request *request)
{
	int64_t protocol = request_read_integer(request, "protocol", PROTOCOL_VERSION);
	const struct daemon *daemon = request->daemon;
	json_t *answer, *list = json_array();

	if (protocol != PROTOCOL_VERSION) {
		json_decref(list);
		return refuse_protocol(request, protocol);
	}
	for (size_t i = 0; list && i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		json_array_append_new(list, json_string(capabilities[i]));
	if (store_is_durable(daemon->store))
		json_array_append_new(list, json_string("durable"));
	answer = json_pack("{s:s, s:i, s:o, s:i, s:i, s:o}", "server", SERVER, "protocol",
	    PROTOCOL_VERSION, "workspace", view_text(daemon->directory), "pid", (int)getpid(),
	    "supervisor_pid", daemon->supervisor_pid, "capabilities", list);
	if (answer && daemon->is_spare)
		json_object_set_new(answer, "spare", json_true());
	return answer ? request_answer(request, answer) : request_refuse_memory(request);
}

enum request_status handle_ping(struct request *request)
{
	return request_answer(request, json_object());
}

/* --- shutdown --- */

static void on_stopped(void *arg)
{
	struct request *request = arg;
	json_t *answer =
	    json_pack("{s:o}", "canceled", view_texts(scheduler_get_canceled(request->daemon)));

	request->abandon = NULL;
	if (answer)
		request_answer(request, answer);
	else
		request_refuse_memory(request);
}

static void abandon_shutdown(struct request *request)
{
	scheduler_off_stopped(request->daemon, request);
	request->abandon = NULL;
}

enum request_status handle_shutdown(struct request *request)
{
	if (scheduler_on_stopped(request->daemon, on_stopped, request) != 0)
		return request_refuse_memory(request);
	request->abandon = abandon_shutdown;
	scheduler_stop(request->daemon);
	return REQUEST_DEFERRED;
}

/* --- restart --- */

enum request_status handle_restart(struct request *request)
{
	json_t *answer;

	if (scheduler_restart(request->daemon) != 0)
		return request_refuse(request, PROTOCOL_NOT_ALLOWED,
		    "this daemon keeps its state in memory only: a restart would lose it", NULL);
	answer = json_pack("{s:s, s:i}", "server", SERVER, "pid", (int)getpid());
	return answer ? request_answer_once(request, answer) : request_refuse_memory(request);
}

/* --- events --- */

void request_fill_filter(const struct request *request, struct event_filter *filter)
{
	json_t *list = json_object_get(request->params, "states"), *state;
	size_t i;

	json_array_foreach (list, i, state)
		filter->states |= event_state_find(json_string_value(state));
	filter->is_brief = request_read_flag(request, "brief");
}

static unsigned read_kinds(const struct request *request)
{
	json_t *list = json_object_get(request->params, "kinds"), *kind;
	unsigned kinds = 0;
	size_t i;

	json_array_foreach (list, i, kind)
		kinds |= event_kind_find(json_string_value(kind));
	return kinds;
}

/* Subscribes, and answers. -1: refused. Takes answer, which is NULL where there was no memory. */
static int subscribe(struct request *request, const struct event_filter *filter, json_t *answer)
{
	if (answer && events_subscribe(request->session, filter) == 0) {
		request_answer(request, answer);
		return 0;
	}
	if (answer && errno == ENOSPC)
		request_refuse(request, PROTOCOL_LIMIT,
		    "names: all subscriptions together name too many", NULL);
	else
		request_refuse_memory(request);
	json_decref(answer);
	return -1;
}

/* For one that knows what was up to an event: no snapshot, but what has happened after it. */
static enum request_status subscribe_after(
    struct request *request, const struct event_filter *filter, int64_t after)
{
	struct session *session = request->session;
	json_t *answer = json_pack("{s:I, s:[], s:[]}", "seq",
	    (json_int_t)events_get_seq(request->daemon), "procs", "inputs");

	if (subscribe(request, filter, answer) == 0)
		events_tell_missed(session, (uint64_t)after);
	return REQUEST_DONE;
}

enum request_status handle_subscribe(struct request *request)
{
	struct event_filter filter = {.kinds = read_kinds(request)};
	int64_t after = request_read_integer(request, "after", -1);
	struct views views;
	struct run *run;
	const char *next;
	json_t *answer;

	request_fill_filter(request, &filter);
	request_look_file(request);
	if (request_look_run(request, &run) != 0 || request_expand_globs(request) != 0)
		return REQUEST_DONE;
	filter.run = run ? run->id : 0;
	filter.names = json_object_get(request->params, "names");
	if (after >= 0)
		return subscribe_after(request, &filter, after);
	if (request_gather_views(request, NULL, &views, &next) != 0)
		return REQUEST_DONE;
	filter.names = json_object_get(request->params, "names"); /* it may have put others there */
	answer = json_pack("{s:I}", "seq", (json_int_t)events_get_seq(request->daemon));
	if (answer) {
		request_set_views(answer, &views, next);
		json_object_set_new(answer, "inputs", request_list_inputs(request, run));
	}
	views_clear(&views);
	subscribe(request, &filter, answer);
	return REQUEST_DONE;
}

enum request_status handle_unsubscribe(struct request *request)
{
	events_subscribe(request->session, NULL);
	return request_answer(request, json_object());
}
