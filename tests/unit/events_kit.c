/*
 * What events see of the daemon, and who listens; see events_kit.h.
 */
#include "tests/unit/events_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/follow.h"
#include "daemon/events.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/keep.h"
#include "daemon/request.h"
#include "daemon/session.h"
#include "daemon/session_internal.h"
#include "daemon/views.h"

struct daemon kit_daemon;
size_t kit_n_views;
int64_t kit_now_ns;
bool kit_is_time_still;

/* --- what events see of the daemon --- */

static struct proc kit_procs[2] = {{.name = (char *)"a"}, {.name = (char *)"b"}};
struct run kit_runs[2] = {{.id = 1}, {.id = 2}};
struct execution kit_executions[2];

void scheduler_wake(struct daemon *daemon)
{
	daemon->is_dirty = true;
}

int64_t scheduler_now_ns(void)
{
	return kit_now_ns;
}

request_handler *request_find_handler(const char *method)
{
	(void)method;
	return NULL;
}

const char *keep_get_problem(const struct daemon *daemon)
{
	(void)daemon;
	return NULL;
}

int core_close(struct core *core, const struct scope *scope, uint64_t *run, struct fault *fault)
{
	(void)core;
	(void)scope;
	(void)run;
	(void)fault;
	return 0;
}

bool core_has_followers(const struct core *core)
{
	(void)core;
	return false;
}

void follow_hold(struct daemon *daemon)
{
	(void)daemon;
}

void follow_release(struct daemon *daemon)
{
	(void)daemon;
}

bool core_is_following(const struct core *core, uint64_t exec)
{
	(void)core;
	(void)exec;
	return false;
}

struct run *core_find_run(const struct core *core, uint64_t id)
{
	(void)core;
	return id == 1 || id == 2 ? &kit_runs[id - 1] : NULL;
}

struct run *core_next_run(const struct core *core, uint64_t before)
{
	(void)core;
	return before == 0 ? &kit_runs[1] : before == 2 ? &kit_runs[0] : NULL;
}

bool run_is_active(const struct run *run)
{
	return run->ended_ns == 0;
}

struct membership *execution_in_run(const struct execution *execution, const struct run *run)
{
	struct membership *member = (struct membership *)&execution->first;

	while (member && member->run != run)
		member = member->next_of_execution;
	return member;
}

struct membership *execution_place(const struct execution *execution)
{
	const struct membership *at = &execution->first, *place = NULL;

	if (at->run != NULL && at->override == ERROR_NONE)
		return (struct membership *)at;
	/* Those that came later are linked the newest first. */
	while ((at = at->next_of_execution) != NULL)
		if (at->override == ERROR_NONE)
			place = at;
	if (place == NULL && execution->first.run != NULL)
		place = &execution->first;
	return (struct membership *)(place ? place : execution->first.next_of_execution);
}

bool membership_is_complete(const struct membership *member)
{
	return member->override != ERROR_NONE || member->execution->state >= STATE_SUCCEEDED;
}

const char *execution_state_name(const struct execution *execution)
{
	static const char *const names[] = {
	    "wanted", "running", "succeeded", "failed", "skipped", "up_to_date"};

	return execution ? names[execution->state] : "idle";
}

void view_put(struct json_text *to, const struct view *view)
{
	kit_n_views++;
	json_text_bracket(to, '{');
	json_text_member(to, "name");
	json_text_string(to, view->execution->proc->name);
	json_text_member(to, "state");
	json_text_string(to, view->member->override ? "failed" : view->state);
	json_text_member(to, "seen_in");
	json_text_integer(to, (int64_t)view->member->run->id);
	json_text_bracket(to, '}');
}

void view_put_time(struct json_text *to, int64_t time_ns)
{
	json_text_millionths(to, time_ns / 1000);
}

/* --- the other end --- */

void kit_set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	kit_n_views = 0;
	kit_now_ns = 1500000000;
	kit_is_time_still = false;
	kit_daemon = (struct daemon){.base = event_base_new()};
	kit_daemon.events = events_new(&kit_daemon, 0);
	kit_daemon.inputs = inputs_new();
	kit_daemon.sessions = sessions_new(&kit_daemon, -1);
	for (size_t i = 0; i < 2; i++) {
		kit_executions[i] =
		    (struct execution){.id = i + 1, .proc = &kit_procs[i], .state = STATE_RUNNING};
		kit_executions[i].first =
		    (struct membership){.execution = &kit_executions[i], .run = &kit_runs[i]};
		kit_runs[i] = (struct run){.id = i + 1};
		TAILQ_INIT(&kit_runs[i].members);
		TAILQ_INSERT_TAIL(&kit_runs[i].members, &kit_executions[i].first, of_run);
	}
}

void kit_tear_down(void)
{
	for (size_t i = 0; i < 2; i++) {
		exec_extra_free(&kit_executions[i]);
		run_extra_free(&kit_runs[i]);
	}
	sessions_free(kit_daemon.sessions);
	events_free(kit_daemon.events);
	inputs_free(kit_daemon.inputs);
	event_base_free(kit_daemon.base);
}

struct peer peer_connect(void)
{
	int fds[2];
	struct peer peer;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	peer.session = sessions_add(kit_daemon.sessions, fds[1]);
	peer.fd = fds[0];
	peer.stream = fdopen(fds[0], "r");
	cr_assert_not_null(peer.session);
	return peer;
}

void kit_turn(void)
{
	if (!kit_is_time_still)
		kit_now_ns += 1000000000;
	event_base_loop(kit_daemon.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	sessions_flush(kit_daemon.sessions);
}

json_t *peer_next_event(struct peer *peer)
{
	char *line = NULL;
	size_t size = 0;
	json_t *message, *params;

	kit_turn();
	clearerr(peer->stream);
	if (getline(&line, &size, peer->stream) <= 0) {
		free(line);
		return NULL;
	}
	message = json_loads(line, 0, NULL);
	free(line);
	cr_assert_not_null(message);
	params = json_incref(json_object_get(message, "params"));
	cr_assert_str_eq(json_string_value(json_object_get(message, "method")), "event");
	json_decref(message);
	return params;
}

void peer_expect(struct peer *peer, json_int_t seq, const char *kind, json_int_t run)
{
	json_t *event = peer_next_event(peer);

	cr_assert_not_null(event, "event %lld of kind %s", seq, kind);
	cr_assert_eq(json_integer_value(json_object_get(event, "seq")), seq);
	cr_assert_str_eq(json_string_value(json_object_get(event, "kind")), kind);
	cr_assert_eq(json_integer_value(json_object_get(event, "run")), run);
	json_decref(event);
}

void peer_expect_none(struct peer *peer)
{
	cr_assert_null(peer_next_event(peer));
}

void peer_subscribe(struct peer *peer, uint64_t run, const char *name, unsigned kinds)
{
	json_t *names = name ? json_pack("[s]", name) : NULL;
	const struct event_filter filter = {.run = run, .names = names, .kinds = kinds};

	cr_assert_eq(events_subscribe(peer->session, &filter), 0);
	json_decref(names);
}

uint32_t kit_watch_run(struct session *session, uint64_t run, int64_t after)
{
	return events_watch_run(session, &(struct event_filter){.run = run}, after);
}

void kit_publish(size_t index, enum execution_state state)
{
	events_publish_state(&kit_daemon, &kit_executions[index], NULL, state);
}
