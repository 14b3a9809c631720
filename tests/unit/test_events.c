/*
 * Events: who gets which, in one sequence without gaps, and what happens to those who do not read.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/events.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/session_internal.h"
#include "tests/unit/events_kit.h"

TestSuite(events, .init = kit_set_up, .fini = kit_tear_down);

Test(events, nobody_listens_nothing_is_made)
{
	kit_publish(0, STATE_WANTED);
	kit_publish(0, STATE_RUNNING);
	events_publish_run(&kit_daemon, &kit_runs[0]);
	events_publish_defined(&kit_daemon);
	cr_assert_eq(events_get_seq(&kit_daemon), 4u);
	cr_assert_eq(kit_n_views, 0u);
}

Test(events, the_sequence_has_no_gaps)
{
	struct peer peer = peer_connect();

	kit_publish(0, STATE_WANTED);
	peer_subscribe(&peer, 0, NULL, 0);
	kit_publish(0, STATE_RUNNING);
	events_publish_run(&kit_daemon, &kit_runs[1]);
	kit_publish(1, STATE_WANTED);
	events_publish_defined(&kit_daemon);
	peer_expect(&peer, 2, "state", 1);
	peer_expect(&peer, 3, "run", 2);
	peer_expect(&peer, 4, "state", 2);
	peer_expect(&peer, 5, "define", 0);
	peer_expect_none(&peer);
	fclose(peer.stream);
}

Test(events, that_a_run_is_forgotten_is_told_to_who_watches_it_or_all)
{
	struct peer all = peer_connect(), first = peer_connect(), second = peer_connect();
	struct peer *const hear_it[] = {&all, &first};

	peer_subscribe(&all, 0, NULL, EVENT_RUN);
	peer_subscribe(&first, 1, NULL, 0);
	peer_subscribe(&second, 2, NULL, 0);
	events_publish_forgotten(&kit_daemon, &kit_runs[0]);
	for (size_t i = 0; i < 2; i++) {
		json_t *event = peer_next_event(hear_it[i]);
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
		peer_expect_none(hear_it[i]);
	}
	peer_expect_none(&second);
	fclose(all.stream);
	fclose(first.stream);
	fclose(second.stream);
}

Test(events, changes_of_one_pass_are_told_in_turn)
{
	struct peer peer = peer_connect();
	const char *const states[] = {"wanted", "running"};

	peer_subscribe(&peer, 0, NULL, 0);
	kit_publish(0, STATE_WANTED); /* it is RUNNING by now */
	kit_publish(0, STATE_RUNNING);
	for (size_t i = 0; i < 2; i++) {
		json_t *event = peer_next_event(&peer);
		const char *state = NULL;
		json_unpack(event, "{s:{s:s}}", "proc", "state", &state);
		cr_assert_str_eq(state, states[i]);
		json_decref(event);
	}
	fclose(peer.stream);
}

Test(events, filters_choose)
{
	struct peer by_run = peer_connect(), by_name = peer_connect(), by_kind = peer_connect();

	peer_subscribe(&by_run, 2, NULL, 0);
	peer_subscribe(&by_name, 0, "a", 0);
	peer_subscribe(&by_kind, 0, NULL, EVENT_DEFINE);
	kit_publish(0, STATE_RUNNING);
	kit_publish(1, STATE_RUNNING);
	events_publish_defined(&kit_daemon);
	peer_expect(&by_run, 2, "state", 2);
	peer_expect_none(&by_run);
	peer_expect(&by_name, 1, "state", 1);
	peer_expect(&by_name, 3, "define", 0);
	peer_expect_none(&by_name);
	peer_expect(&by_kind, 3, "define", 0);
	peer_expect_none(&by_kind);
	events_subscribe(by_run.session, NULL);
	kit_publish(1, STATE_SUCCEEDED);
	peer_expect_none(&by_run);
	fclose(by_run.stream);
	fclose(by_name.stream);
	fclose(by_kind.stream);
}

Test(events, a_shared_execution_is_told_in_each_of_its_runs)
{
	struct peer first = peer_connect(), second = peer_connect();
	struct membership joined = {.execution = &kit_executions[0], .run = &kit_runs[1]};

	kit_executions[0].first.next_of_execution = &joined;
	peer_subscribe(&first, 1, NULL, 0);
	peer_subscribe(&second, 2, NULL, 0);
	kit_publish(0, STATE_RUNNING);
	peer_expect(&first, 1, "state", 1);
	peer_expect(&second, 1, "state", 2);
	joined.override = ERROR_CANCELED;
	events_publish_state(&kit_daemon, &kit_executions[0], &kit_runs[1], STATE_FAILED);
	peer_expect_none(&first);
	peer_expect(&second, 2, "state", 2);
	kit_publish(0, STATE_SUCCEEDED);
	peer_expect(&first, 3, "state", 1);
	peer_expect_none(&second); /* it was told how it ends there */
	fclose(first.stream);
	fclose(second.stream);
}

Test(events, one_connection_gets_each_event_once)
{
	struct peer peer = peer_connect();
	uint32_t watch;

	peer_subscribe(&peer, 0, NULL, 0);
	watch = kit_watch_run(peer.session, 1, -1);
	peer_expect(&peer, 0, "run", 1); /* how things stand; no event of the sequence */
	kit_publish(0, STATE_RUNNING);
	peer_expect(&peer, 1, "state", 1);
	peer_expect_none(&peer);
	events_unwatch(peer.session, watch);
	events_unwatch(peer.session, watch);
	kit_publish(0, STATE_SUCCEEDED);
	peer_expect(&peer, 2, "state", 1);
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
	struct peer peer = peer_connect();
	const char *prompt = NULL, *state = NULL;

	for (size_t i = 0; i < 2; i++)
		cr_assert_not_null(inputs_ask(&kit_daemon, &kit_executions[i], &question));
	cr_assert_neq(kit_watch_run(peer.session, 2, -1), 0u);
	peer_expect(&peer, 2, "run", 2);
	json_t *event = peer_next_event(&peer);
	json_unpack(event, "{s:{s:s}, s:s}", "input", "prompt", &prompt, "state", &state);
	cr_assert_str_eq(prompt, "name?");
	cr_assert_str_eq(state, "asked");
	cr_assert_eq(json_integer_value(json_object_get(event, "run")), 2);
	json_decref(event);
	peer_expect_none(&peer);
	for (size_t i = 0; i < 2; i++)
		inputs_end_execution(&kit_daemon, &kit_executions[i]);
	peer_expect(&peer, 4, "input", 2);
	fclose(peer.stream);
}

Test(events, who_begins_to_watch_a_run_hears_of_what_it_has_joined)
{
	struct membership joined = {.execution = &kit_executions[0], .run = &kit_runs[1]};
	struct membership *members[] = {&joined, &kit_executions[1].first};
	struct peer peer = peer_connect();
	uint32_t watch;

	kit_executions[0].first.next_of_execution = &joined;
	kit_publish(0, STATE_RUNNING);
	watch = kit_watch_run(peer.session, 2, -1);
	cr_assert_neq(watch, 0u);
	events_tell_joined(peer.session, watch, members, 2);
	peer_expect(&peer, 1, "run", 2);
	peer_expect(&peer, 1, "state", 2);
	peer_expect_none(&peer);
	kit_executions[0].state = STATE_SUCCEEDED; /* what has ended was there before */
	events_tell_joined(peer.session, watch, members, 2);
	events_tell_joined(peer.session, 0, members, 2);
	peer_expect_none(&peer);
	kit_executions[0].first.next_of_execution = NULL;
	fclose(peer.stream);
}

Test(events, one_view_serves_all_who_look_at_a_run)
{
	struct peer peers[20];

	for (size_t i = 0; i < 20; i++) {
		peers[i] = peer_connect();
		cr_assert_neq(kit_watch_run(peers[i].session, 1, -1), 0u);
		peer_expect(&peers[i], 0, "run", 1);
	}
	kit_publish(0, STATE_RUNNING);
	cr_assert_eq(kit_n_views, 1u);
	for (size_t i = 0; i < 20; i++) {
		peer_expect(&peers[i], 1, "state", 1);
		fclose(peers[i].stream);
	}
}

Test(events, who_falls_behind_gets_one_resync)
{
	enum { COUNT = 50000 };
	struct peer peer = peer_connect();
	size_t n_read = 0, n_resyncs = 0;
	json_t *event;

	peer_subscribe(&peer, 0, NULL, 0);
	for (size_t i = 0; i < COUNT; i++) {
		kit_publish(0, STATE_RUNNING);
		if (i % 100 == 0)
			kit_turn();
		cr_assert_leq(
		    session_unsent_bytes(peer.session), (size_t)SESSION_OUTPUT_SOFT + 1024);
	}
	while ((event = peer_next_event(&peer))) {
		const char *kind = json_string_value(json_object_get(event, "kind"));
		n_read++;
		if (strcmp(kind, "resync") == 0) {
			n_resyncs++;
			cr_assert_eq(
			    json_integer_value(json_object_get(event, "seq")), (json_int_t)COUNT);
		}
		json_decref(event);
		kit_turn();
	}
	cr_assert_eq(n_resyncs, 1u);
	cr_assert_lt(n_read, (size_t)COUNT);
	kit_publish(0, STATE_SUCCEEDED);
	peer_expect(&peer, COUNT + 1, "state", 1); /* and it hears on */
	fclose(peer.stream);
}

Test(events, only_states_that_one_wants)
{
	struct peer peer = peer_connect();
	const struct event_filter filter = {
	    .states = event_state_find("failed") | event_state_find("running")};

	cr_assert_eq(events_subscribe(peer.session, &filter), 0);
	kit_publish(0, STATE_WANTED);
	kit_publish(0, STATE_RUNNING);
	peer_expect(&peer, 2, "state", 1);
	kit_publish(0, STATE_SUCCEEDED);
	kit_publish(1, STATE_FAILED);
	peer_expect(&peer, 4, "state", 2);
	kit_executions[1].first.override = ERROR_CANCELED;
	kit_publish(1, STATE_SUCCEEDED);
	peer_expect(&peer, 5, "state", 2); /* there it has failed */
	events_publish_run(&kit_daemon, &kit_runs[0]);
	peer_expect(&peer, 6, "run", 1);
	cr_assert_eq(event_state_find("idle"), 0u);
	fclose(peer.stream);
}

/* Who was sent an event just now. */
static struct peer connect_resting(void)
{
	struct peer peer = peer_connect();

	peer_subscribe(&peer, 0, NULL, 0);
	kit_is_time_still = true;
	kit_publish(0, STATE_WANTED);
	peer_expect(&peer, 1, "state", 1);
	return peer;
}

Test(events, what_follows_at_once_comes_together)
{
	struct peer peer = connect_resting();

	kit_publish(0, STATE_RUNNING);
	kit_publish(0, STATE_SUCCEEDED);
	peer_expect_none(&peer);
	cr_assert_gt(session_unsent_bytes(peer.session), 0u);
	event_base_loop(kit_daemon.base, EVLOOP_ONCE); /* it rests for a moment only */
	peer_expect(&peer, 2, "state", 1);
	peer_expect(&peer, 3, "state", 1);
	fclose(peer.stream);
}

Test(events, nothing_else_waits_for_events_that_do)
{
	struct peer peer = connect_resting();
	char line[2048];

	kit_publish(0, STATE_RUNNING);
	peer_expect_none(&peer);
	session_queue(peer.session, "answer\n", 7);
	peer_expect(&peer, 2, "state", 1);
	cr_assert_not_null(fgets(line, sizeof(line), peer.stream));
	cr_assert_str_eq(line, "answer\n");
	fclose(peer.stream);
}

Test(events, one_that_rests_may_go)
{
	struct peer peer = connect_resting();

	kit_publish(0, STATE_RUNNING);
	peer_expect_none(&peer);
	fclose(peer.stream);
	kit_turn();
	cr_assert_eq(sessions_count(kit_daemon.sessions), 0u);
	event_base_loop(kit_daemon.base, EVLOOP_ONCE);
}

Test(events, subscriptions_end_with_their_connection)
{
	struct peer peer = peer_connect();

	peer_subscribe(&peer, 2, "b", EVENT_INPUT);
	cr_assert(events_have_watcher(&kit_daemon, &kit_executions[1]));
	cr_assert_not(events_have_watcher(&kit_daemon, &kit_executions[0]));
	fclose(peer.stream);
	kit_turn();
	cr_assert_eq(sessions_count(kit_daemon.sessions), 0u);
	cr_assert_not(events_have_watcher(&kit_daemon, &kit_executions[1]));
	events_publish_input(
	    &kit_daemon, &kit_executions[1], NULL, json_pack("{s:s}", "prompt", "name?"));
}

Test(events, the_daemon_s_end_is_told)
{
	struct peer peer = peer_connect(), other = peer_connect();

	peer_subscribe(&peer, 0, NULL, EVENT_DEFINE);
	kit_publish(0, STATE_RUNNING);
	events_tell_end(&kit_daemon);
	peer_expect(&peer, 1, "end", 0);
	peer_expect_none(&other);
	fclose(peer.stream);
	fclose(other.stream);
}
