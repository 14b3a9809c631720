/*
 * Events: who gets which, in one sequence without gaps, and what happens to those who do not read.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/keep.h"
#include "daemon/request.h"
#include "daemon/session.h"
#include "daemon/session_internal.h"
#include "daemon/views.h"

static struct daemon daemon_under_test;
static size_t n_views;
static int64_t now_ns;
static bool is_time_still; /* else a turn takes a second: events that may wait do not */

/* --- what events see of the daemon --- */

static struct proc procs[2] = {{.name = (char *)"a"}, {.name = (char *)"b"}};
static struct run runs[2] = {{.id = 1}, {.id = 2}};
static struct execution executions[2];

void scheduler_wake(struct daemon *daemon)
{
	daemon->is_dirty = true;
}

int64_t scheduler_now_ns(void)
{
	return now_ns;
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

struct run *core_find_run(const struct core *core, uint64_t id)
{
	(void)core;
	return id == 1 || id == 2 ? &runs[id - 1] : NULL;
}

struct run *core_next_run(const struct core *core, uint64_t before)
{
	(void)core;
	return before == 0 ? &runs[1] : before == 2 ? &runs[0] : NULL;
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

bool membership_is_complete(const struct membership *member)
{
	return member->override != ERROR_NONE || member->execution->state >= STATE_SUCCEEDED;
}

const char *execution_state_name(const struct execution *execution)
{
	static const char *const names[] = {
	    "wanted", "running", "succeeded", "failed", "skipped", "up_to_date"};

	return names[execution->state];
}

void view_put(struct json_text *to, const struct view *view)
{
	n_views++;
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

struct peer {
	struct session *session;
	FILE *stream;
	int fd;
};

static void set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	n_views = 0;
	now_ns = 1500000000;
	is_time_still = false;
	daemon_under_test = (struct daemon){.base = event_base_new()};
	daemon_under_test.events = events_new(&daemon_under_test, 0);
	daemon_under_test.inputs = inputs_new();
	daemon_under_test.sessions = sessions_new(&daemon_under_test, -1);
	for (size_t i = 0; i < 2; i++) {
		executions[i] =
		    (struct execution){.id = i + 1, .proc = &procs[i], .state = STATE_RUNNING};
		executions[i].first =
		    (struct membership){.execution = &executions[i], .run = &runs[i]};
		runs[i] = (struct run){.id = i + 1};
		TAILQ_INIT(&runs[i].members);
		TAILQ_INSERT_TAIL(&runs[i].members, &executions[i].first, of_run);
	}
}

static void tear_down(void)
{
	for (size_t i = 0; i < 2; i++) {
		exec_extra_free(&executions[i]);
		run_extra_free(&runs[i]);
	}
	sessions_free(daemon_under_test.sessions);
	events_free(daemon_under_test.events);
	inputs_free(daemon_under_test.inputs);
	event_base_free(daemon_under_test.base);
}

TestSuite(events, .init = set_up, .fini = tear_down);

static struct peer connect_peer(void)
{
	int fds[2];
	struct peer peer;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	peer.session = sessions_add(daemon_under_test.sessions, fds[1]);
	peer.fd = fds[0];
	peer.stream = fdopen(fds[0], "r");
	cr_assert_not_null(peer.session);
	return peer;
}

static void turn(void)
{
	if (!is_time_still)
		now_ns += 1000000000;
	event_base_loop(daemon_under_test.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	sessions_flush(daemon_under_test.sessions);
}

/* The params of the next event, or NULL: there is none. */
static json_t *next_event(struct peer *peer)
{
	char *line = NULL;
	size_t size = 0;
	json_t *message, *params;

	turn();
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

static void expect_event(struct peer *peer, json_int_t seq, const char *kind, json_int_t run)
{
	json_t *event = next_event(peer);

	cr_assert_not_null(event, "event %lld of kind %s", seq, kind);
	cr_assert_eq(json_integer_value(json_object_get(event, "seq")), seq);
	cr_assert_str_eq(json_string_value(json_object_get(event, "kind")), kind);
	cr_assert_eq(json_integer_value(json_object_get(event, "run")), run);
	json_decref(event);
}

static void expect_none(struct peer *peer)
{
	cr_assert_null(next_event(peer));
}

static void subscribe(struct peer *peer, uint64_t run, const char *name, unsigned kinds)
{
	json_t *names = name ? json_pack("[s]", name) : NULL;
	const struct event_filter filter = {.run = run, .names = names, .kinds = kinds};

	cr_assert_eq(events_subscribe(peer->session, &filter), 0);
	json_decref(names);
}

static uint32_t watch_run(struct session *session, uint64_t run, int64_t after)
{
	return events_watch_run(session, &(struct event_filter){.run = run}, after);
}

static void publish(size_t index, enum execution_state state)
{
	events_publish_state(&daemon_under_test, &executions[index], NULL, state);
}

/* --- the tests --- */

Test(events, nobody_listens_nothing_is_made)
{
	publish(0, STATE_WANTED);
	publish(0, STATE_RUNNING);
	events_publish_run(&daemon_under_test, &runs[0]);
	events_publish_defined(&daemon_under_test);
	cr_assert_eq(events_get_seq(&daemon_under_test), 4u);
	cr_assert_eq(n_views, 0u);
}

Test(events, the_sequence_has_no_gaps)
{
	struct peer peer = connect_peer();

	publish(0, STATE_WANTED);
	subscribe(&peer, 0, NULL, 0);
	publish(0, STATE_RUNNING);
	events_publish_run(&daemon_under_test, &runs[1]);
	publish(1, STATE_WANTED);
	events_publish_defined(&daemon_under_test);
	expect_event(&peer, 2, "state", 1);
	expect_event(&peer, 3, "run", 2);
	expect_event(&peer, 4, "state", 2);
	expect_event(&peer, 5, "define", 0);
	expect_none(&peer);
	fclose(peer.stream);
}

Test(events, that_a_run_is_forgotten_is_told_to_who_watches_it_or_all)
{
	struct peer all = connect_peer(), first = connect_peer(), second = connect_peer();
	struct peer *const hear_it[] = {&all, &first};

	subscribe(&all, 0, NULL, EVENT_RUN);
	subscribe(&first, 1, NULL, 0);
	subscribe(&second, 2, NULL, 0);
	events_publish_forgotten(&daemon_under_test, &runs[0]);
	for (size_t i = 0; i < 2; i++) {
		json_t *event = next_event(hear_it[i]);
		json_int_t seq, run;
		const char *kind = NULL, *state = NULL;

		cr_assert_eq(json_unpack(event, "{s:I, s:s, s:I, s:s}", "seq", &seq, "kind", &kind,
		                 "run", &run, "state", &state),
		    0);
		cr_assert_eq(seq, 1);
		cr_assert_str_eq(kind, "run");
		cr_assert_eq(run, 1);
		cr_assert_str_eq(state, "forgotten");
		json_decref(event);
		expect_none(hear_it[i]);
	}
	expect_none(&second);
	fclose(all.stream);
	fclose(first.stream);
	fclose(second.stream);
}

Test(events, changes_of_one_pass_are_told_in_turn)
{
	struct peer peer = connect_peer();
	const char *const states[] = {"wanted", "running"};

	subscribe(&peer, 0, NULL, 0);
	publish(0, STATE_WANTED); /* it is RUNNING by now */
	publish(0, STATE_RUNNING);
	for (size_t i = 0; i < 2; i++) {
		json_t *event = next_event(&peer);
		const char *state = NULL;
		json_unpack(event, "{s:{s:s}}", "proc", "state", &state);
		cr_assert_str_eq(state, states[i]);
		json_decref(event);
	}
	fclose(peer.stream);
}

Test(events, filters_choose)
{
	struct peer by_run = connect_peer(), by_name = connect_peer(), by_kind = connect_peer();

	subscribe(&by_run, 2, NULL, 0);
	subscribe(&by_name, 0, "a", 0);
	subscribe(&by_kind, 0, NULL, EVENT_DEFINE);
	publish(0, STATE_RUNNING);
	publish(1, STATE_RUNNING);
	events_publish_defined(&daemon_under_test);
	expect_event(&by_run, 2, "state", 2);
	expect_none(&by_run);
	expect_event(&by_name, 1, "state", 1);
	expect_event(&by_name, 3, "define", 0);
	expect_none(&by_name);
	expect_event(&by_kind, 3, "define", 0);
	expect_none(&by_kind);
	events_subscribe(by_run.session, NULL);
	publish(1, STATE_SUCCEEDED);
	expect_none(&by_run);
	fclose(by_run.stream);
	fclose(by_name.stream);
	fclose(by_kind.stream);
}

Test(events, a_shared_execution_is_told_in_each_of_its_runs)
{
	struct peer first = connect_peer(), second = connect_peer();
	struct membership joined = {.execution = &executions[0], .run = &runs[1]};

	executions[0].first.next_of_execution = &joined;
	subscribe(&first, 1, NULL, 0);
	subscribe(&second, 2, NULL, 0);
	publish(0, STATE_RUNNING);
	expect_event(&first, 1, "state", 1);
	expect_event(&second, 1, "state", 2);
	joined.override = ERROR_CANCELED;
	events_publish_state(&daemon_under_test, &executions[0], &runs[1], STATE_FAILED);
	expect_none(&first);
	expect_event(&second, 2, "state", 2);
	publish(0, STATE_SUCCEEDED);
	expect_event(&first, 3, "state", 1);
	expect_none(&second); /* it was told how it ends there */
	fclose(first.stream);
	fclose(second.stream);
}

Test(events, one_connection_gets_each_event_once)
{
	struct peer peer = connect_peer();
	uint32_t watch;

	subscribe(&peer, 0, NULL, 0);
	watch = watch_run(peer.session, 1, -1);
	expect_event(&peer, 0, "run", 1); /* how things stand; no event of the sequence */
	publish(0, STATE_RUNNING);
	expect_event(&peer, 1, "state", 1);
	expect_none(&peer);
	events_unwatch(peer.session, watch);
	events_unwatch(peer.session, watch);
	publish(0, STATE_SUCCEEDED);
	expect_event(&peer, 2, "state", 1);
	fclose(peer.stream);
}

static void ignore_answer(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

Test(events, who_begins_to_watch_a_run_hears_what_is_open_in_it)
{
	const struct input_question question = {.prompt = "name?", .done = ignore_answer};
	struct peer peer = connect_peer();
	const char *prompt = NULL, *state = NULL;

	for (size_t i = 0; i < 2; i++)
		cr_assert_not_null(inputs_ask(&daemon_under_test, &executions[i], &question));
	cr_assert_neq(watch_run(peer.session, 2, -1), 0u);
	expect_event(&peer, 2, "run", 2);
	json_t *event = next_event(&peer);
	json_unpack(event, "{s:{s:s}, s:s}", "input", "prompt", &prompt, "state", &state);
	cr_assert_str_eq(prompt, "name?");
	cr_assert_str_eq(state, "asked");
	cr_assert_eq(json_integer_value(json_object_get(event, "run")), 2);
	json_decref(event);
	expect_none(&peer);
	for (size_t i = 0; i < 2; i++)
		inputs_end_execution(&daemon_under_test, &executions[i]);
	expect_event(&peer, 4, "input", 2);
	fclose(peer.stream);
}

Test(events, who_begins_to_watch_a_run_hears_of_what_it_has_joined)
{
	struct membership joined = {.execution = &executions[0], .run = &runs[1]};
	struct membership *members[] = {&joined, &executions[1].first};
	struct peer peer = connect_peer();
	uint32_t watch;

	executions[0].first.next_of_execution = &joined;
	publish(0, STATE_RUNNING);
	watch = watch_run(peer.session, 2, -1);
	cr_assert_neq(watch, 0u);
	events_tell_joined(peer.session, watch, members, 2);
	expect_event(&peer, 1, "run", 2);
	expect_event(&peer, 1, "state", 2);
	expect_none(&peer);
	executions[0].state = STATE_SUCCEEDED; /* what has ended was there before */
	events_tell_joined(peer.session, watch, members, 2);
	events_tell_joined(peer.session, 0, members, 2);
	expect_none(&peer);
	executions[0].first.next_of_execution = NULL;
	fclose(peer.stream);
}

Test(events, one_view_serves_all_who_look_at_a_run)
{
	struct peer peers[20];

	for (size_t i = 0; i < 20; i++) {
		peers[i] = connect_peer();
		cr_assert_neq(watch_run(peers[i].session, 1, -1), 0u);
		expect_event(&peers[i], 0, "run", 1);
	}
	publish(0, STATE_RUNNING);
	cr_assert_eq(n_views, 1u);
	for (size_t i = 0; i < 20; i++) {
		expect_event(&peers[i], 1, "state", 1);
		fclose(peers[i].stream);
	}
}

Test(events, who_falls_behind_gets_one_resync)
{
	enum { COUNT = 50000 };
	struct peer peer = connect_peer();
	size_t n_read = 0, n_resyncs = 0;
	json_t *event;

	subscribe(&peer, 0, NULL, 0);
	for (size_t i = 0; i < COUNT; i++) {
		publish(0, STATE_RUNNING);
		if (i % 100 == 0)
			turn();
		cr_assert_leq(
		    session_unsent_bytes(peer.session), (size_t)SESSION_OUTPUT_SOFT + 1024);
	}
	while ((event = next_event(&peer))) {
		const char *kind = json_string_value(json_object_get(event, "kind"));
		n_read++;
		if (strcmp(kind, "resync") == 0) {
			n_resyncs++;
			cr_assert_eq(
			    json_integer_value(json_object_get(event, "seq")), (json_int_t)COUNT);
		}
		json_decref(event);
		turn();
	}
	cr_assert_eq(n_resyncs, 1u);
	cr_assert_lt(n_read, (size_t)COUNT);
	publish(0, STATE_SUCCEEDED);
	expect_event(&peer, COUNT + 1, "state", 1); /* and it hears on */
	fclose(peer.stream);
}

Test(events, only_states_that_one_wants)
{
	struct peer peer = connect_peer();
	const struct event_filter filter = {
	    .states = event_state_find("failed") | event_state_find("running")};

	cr_assert_eq(events_subscribe(peer.session, &filter), 0);
	publish(0, STATE_WANTED);
	publish(0, STATE_RUNNING);
	expect_event(&peer, 2, "state", 1);
	publish(0, STATE_SUCCEEDED);
	publish(1, STATE_FAILED);
	expect_event(&peer, 4, "state", 2);
	executions[1].first.override = ERROR_CANCELED;
	publish(1, STATE_SUCCEEDED);
	expect_event(&peer, 5, "state", 2); /* there it has failed */
	events_publish_run(&daemon_under_test, &runs[0]);
	expect_event(&peer, 6, "run", 1);
	cr_assert_eq(event_state_find("idle"), 0u);
	fclose(peer.stream);
}

Test(events, what_follows_at_once_comes_together)
{
	struct peer peer = connect_peer();

	subscribe(&peer, 0, NULL, 0);
	is_time_still = true;
	publish(0, STATE_WANTED);
	expect_event(&peer, 1, "state", 1);
	publish(0, STATE_RUNNING);
	publish(0, STATE_SUCCEEDED);
	expect_none(&peer);
	cr_assert_gt(session_unsent_bytes(peer.session), 0u);
	event_base_loop(daemon_under_test.base, EVLOOP_ONCE); /* it rests for a moment only */
	expect_event(&peer, 2, "state", 1);
	expect_event(&peer, 3, "state", 1);
	fclose(peer.stream);
}

Test(events, nothing_else_waits_for_events_that_do)
{
	struct peer peer = connect_peer();
	char line[2048];

	subscribe(&peer, 0, NULL, 0);
	is_time_still = true;
	publish(0, STATE_WANTED);
	expect_event(&peer, 1, "state", 1);
	publish(0, STATE_RUNNING);
	expect_none(&peer);
	session_queue(peer.session, "answer\n", 7);
	expect_event(&peer, 2, "state", 1);
	cr_assert_not_null(fgets(line, sizeof(line), peer.stream));
	cr_assert_str_eq(line, "answer\n");
	fclose(peer.stream);
}

Test(events, one_that_rests_may_go)
{
	struct peer peer = connect_peer();

	subscribe(&peer, 0, NULL, 0);
	is_time_still = true;
	publish(0, STATE_WANTED);
	expect_event(&peer, 1, "state", 1);
	publish(0, STATE_RUNNING);
	expect_none(&peer);
	fclose(peer.stream);
	turn();
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 0u);
	event_base_loop(daemon_under_test.base, EVLOOP_ONCE);
}

Test(events, subscriptions_end_with_their_connection)
{
	struct peer peer = connect_peer();

	subscribe(&peer, 2, "b", EVENT_INPUT);
	cr_assert(events_have_watcher(&daemon_under_test, &executions[1]));
	cr_assert_not(events_have_watcher(&daemon_under_test, &executions[0]));
	fclose(peer.stream);
	turn();
	cr_assert_eq(sessions_count(daemon_under_test.sessions), 0u);
	cr_assert_not(events_have_watcher(&daemon_under_test, &executions[1]));
	events_publish_input(
	    &daemon_under_test, &executions[1], NULL, json_pack("{s:s}", "prompt", "name?"));
}

/* --- who comes back --- */

/* Changes the execution's state as the core does, and tells. */
static void change(size_t index, enum execution_state state)
{
	executions[index].state = (uint8_t)state;
	publish(index, state);
}

static void come_back(struct peer *peer, uint64_t after)
{
	subscribe(peer, 0, NULL, 0);
	events_tell_missed(peer->session, after);
}

Test(events, who_comes_back_hears_the_newest_of_what_he_has_missed)
{
	struct peer peer = connect_peer();

	change(0, STATE_RUNNING);                         /* 1 */
	change(1, STATE_WANTED);                          /* 2: seen */
	change(1, STATE_RUNNING);                         /* 3 */
	change(0, STATE_SUCCEEDED);                       /* 4 */
	events_publish_defined(&daemon_under_test);       /* 5 */
	events_publish_run(&daemon_under_test, &runs[0]); /* 6 */
	change(1, STATE_FAILED);                          /* 7 */
	come_back(&peer, 2);
	expect_event(&peer, 4, "state", 1);
	expect_event(&peer, 5, "define", 0);
	expect_event(&peer, 6, "run", 1);
	expect_event(&peer, 7, "state", 2);
	expect_none(&peer);
	change(0, STATE_RUNNING);
	expect_event(&peer, 8, "state", 1);
	come_back(&peer, 8);
	expect_none(&peer);
	fclose(peer.stream);
}

Test(events, who_comes_back_hears_of_what_he_asks_for_only)
{
	struct peer by_name = connect_peer(), by_kind = connect_peer(), by_run = connect_peer();

	change(0, STATE_RUNNING);
	change(1, STATE_RUNNING);
	events_publish_defined(&daemon_under_test);
	events_publish_run(&daemon_under_test, &runs[1]);
	runs[1].ended_ns = 1;
	events_publish_run(&daemon_under_test, &runs[1]);
	subscribe(&by_name, 0, "a", EVENT_STATE);
	events_tell_missed(by_name.session, 0);
	expect_event(&by_name, 1, "state", 1);
	expect_none(&by_name);
	subscribe(&by_kind, 0, NULL, EVENT_DEFINE);
	events_tell_missed(by_kind.session, 0);
	expect_event(&by_kind, 3, "define", 0);
	expect_none(&by_kind);
	subscribe(&by_run, 2, NULL, 0);
	events_tell_missed(by_run.session, 0);
	expect_event(&by_run, 2, "state", 2);
	expect_event(&by_run, 5, "run", 2);
	expect_none(&by_run);
	fclose(by_name.stream);
	fclose(by_kind.stream);
	fclose(by_run.stream);
}

Test(events, a_shared_execution_is_missed_once)
{
	struct membership joined = {.execution = &executions[0], .run = &runs[1]};
	struct peer all = connect_peer(), second = connect_peer();

	executions[0].first.next_of_execution = &joined;
	TAILQ_INSERT_TAIL(&runs[1].members, &joined, of_run);
	change(0, STATE_RUNNING);
	come_back(&all, 0);
	expect_event(&all, 1, "state", 1);
	expect_none(&all);
	subscribe(&second, 2, NULL, 0);
	events_tell_missed(second.session, 0);
	expect_event(&second, 1, "state", 2);
	expect_none(&second);
	fclose(all.stream);
	fclose(second.stream);
}

Test(events, what_was_missed_of_a_run_comes_before_what_is)
{
	struct peer peer = connect_peer();

	change(0, STATE_RUNNING);
	change(1, STATE_RUNNING);
	cr_assert_neq(watch_run(peer.session, 1, 0), 0u);
	expect_event(&peer, 1, "state", 1);
	expect_event(&peer, 2, "run", 1);
	expect_none(&peer);
	fclose(peer.stream);
}

Test(events, who_comes_back_is_asked_again)
{
	const struct input_question question = {.prompt = "name?", .done = ignore_answer};
	struct peer peer = connect_peer();
	const char *prompt = NULL;

	cr_assert_not_null(inputs_ask(&daemon_under_test, &executions[0], &question));
	subscribe(&peer, 0, "a", EVENT_INPUT);
	events_tell_missed(peer.session, 1);
	json_t *event = next_event(&peer);
	json_unpack(event, "{s:{s:s}}", "input", "prompt", &prompt);
	cr_assert_str_eq(prompt, "name?");
	json_decref(event);
	expect_none(&peer);
	inputs_end_execution(&daemon_under_test, &executions[0]);
	fclose(peer.stream);
}

Test(events, who_knows_another_sequence_has_to_ask_anew)
{
	struct peer peer = connect_peer();

	change(0, STATE_RUNNING);
	come_back(&peer, 2);
	turn();
	expect_event(&peer, 1, "resync", 0);
	change(0, STATE_SUCCEEDED);
	expect_event(&peer, 2, "state", 1);
	fclose(peer.stream);
}

Test(events, the_daemon_s_end_is_told)
{
	struct peer peer = connect_peer(), other = connect_peer();

	subscribe(&peer, 0, NULL, EVENT_DEFINE);
	publish(0, STATE_RUNNING);
	events_tell_end(&daemon_under_test);
	expect_event(&peer, 1, "end", 0);
	expect_none(&other);
	fclose(peer.stream);
	fclose(other.stream);
}
