/*
 * Events for who comes back: what he has missed, as far as he asks for it.
 */
#include <criterion/criterion.h>

#include "daemon/events.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/session_internal.h"
#include "tests/unit/events_kit.h"

TestSuite(events_missed, .init = kit_set_up, .fini = kit_tear_down);

static void ignore_answer(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

/* Changes the execution's state as the core does, and tells. */
static void change(size_t index, enum execution_state state)
{
	kit_executions[index].state = (uint8_t)state;
	kit_publish(index, state);
}

static void come_back(struct peer *peer, uint64_t after)
{
	peer_subscribe(peer, 0, NULL, 0);
	events_tell_missed(peer->session, after);
}

Test(events_missed, who_comes_back_hears_the_newest_of_what_he_has_missed)
{
	struct peer peer = peer_connect();

	change(0, STATE_RUNNING);                      /* 1 */
	change(1, STATE_WANTED);                       /* 2: seen */
	change(1, STATE_RUNNING);                      /* 3 */
	change(0, STATE_SUCCEEDED);                    /* 4 */
	events_publish_defined(&kit_daemon);           /* 5 */
	events_publish_run(&kit_daemon, &kit_runs[0]); /* 6 */
	change(1, STATE_FAILED);                       /* 7 */
	come_back(&peer, 2);
	peer_expect(&peer, 4, "state", 1);
	peer_expect(&peer, 5, "define", 0);
	peer_expect(&peer, 6, "run", 1);
	peer_expect(&peer, 7, "state", 2);
	peer_expect_none(&peer);
	change(0, STATE_RUNNING);
	peer_expect(&peer, 8, "state", 1);
	come_back(&peer, 8);
	peer_expect_none(&peer);
	fclose(peer.stream);
}

Test(events_missed, who_comes_back_hears_of_what_he_asks_for_only)
{
	struct peer by_name = peer_connect(), by_kind = peer_connect(), by_run = peer_connect();

	change(0, STATE_RUNNING);
	change(1, STATE_RUNNING);
	events_publish_defined(&kit_daemon);
	events_publish_run(&kit_daemon, &kit_runs[1]);
	kit_runs[1].ended_ns = 1;
	events_publish_run(&kit_daemon, &kit_runs[1]);
	peer_subscribe(&by_name, 0, "a", EVENT_STATE);
	events_tell_missed(by_name.session, 0);
	peer_expect(&by_name, 1, "state", 1);
	peer_expect_none(&by_name);
	peer_subscribe(&by_kind, 0, NULL, EVENT_DEFINE);
	events_tell_missed(by_kind.session, 0);
	peer_expect(&by_kind, 3, "define", 0);
	peer_expect_none(&by_kind);
	peer_subscribe(&by_run, 2, NULL, 0);
	events_tell_missed(by_run.session, 0);
	peer_expect(&by_run, 2, "state", 2);
	peer_expect(&by_run, 5, "run", 2);
	peer_expect_none(&by_run);
	fclose(by_name.stream);
	fclose(by_kind.stream);
	fclose(by_run.stream);
}

Test(events_missed, a_shared_execution_is_missed_once)
{
	struct membership joined = {.execution = &kit_executions[0], .run = &kit_runs[1]};
	struct peer all = peer_connect(), second = peer_connect();

	kit_executions[0].first.next_of_execution = &joined;
	TAILQ_INSERT_TAIL(&kit_runs[1].members, &joined, of_run);
	change(0, STATE_RUNNING);
	come_back(&all, 0);
	peer_expect(&all, 1, "state", 1);
	peer_expect_none(&all);
	peer_subscribe(&second, 2, NULL, 0);
	events_tell_missed(second.session, 0);
	peer_expect(&second, 1, "state", 2);
	peer_expect_none(&second);
	fclose(all.stream);
	fclose(second.stream);
}

Test(events_missed, what_was_missed_of_a_run_comes_before_what_is)
{
	struct peer peer = peer_connect();

	change(0, STATE_RUNNING);
	change(1, STATE_RUNNING);
	cr_assert_neq(kit_watch_run(peer.session, 1, 0), 0u);
	peer_expect(&peer, 1, "state", 1);
	peer_expect(&peer, 2, "run", 1);
	peer_expect_none(&peer);
	fclose(peer.stream);
}

Test(events_missed, who_comes_back_is_asked_again)
{
	const struct input_question question = {.prompt = "name?", .done = ignore_answer};
	struct peer peer = peer_connect();
	const char *prompt = NULL;

	cr_assert_not_null(inputs_ask(&kit_daemon, &kit_executions[0], &question));
	peer_subscribe(&peer, 0, "a", EVENT_INPUT);
	events_tell_missed(peer.session, 1);
	json_t *event = peer_next_event(&peer);
	json_unpack(event, "{s:{s:s}}", "input", "prompt", &prompt);
	cr_assert_str_eq(prompt, "name?");
	json_decref(event);
	peer_expect_none(&peer);
	inputs_end_execution(&kit_daemon, &kit_executions[0]);
	fclose(peer.stream);
}

Test(events_missed, who_knows_another_sequence_has_to_ask_anew)
{
	struct peer peer = peer_connect();

	change(0, STATE_RUNNING);
	come_back(&peer, 2);
	kit_turn();
	peer_expect(&peer, 1, "resync", 0);
	change(0, STATE_SUCCEEDED);
	peer_expect(&peer, 2, "state", 1);
	fclose(peer.stream);
}
