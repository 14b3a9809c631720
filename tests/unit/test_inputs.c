/*
 * Open inputs: what becomes of each, which events tell of it, who can find it; and that an answer
 * is in nothing but what its asker gets.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"

static struct daemon daemon_under_test;
static struct run runs[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
static struct execution executions[2];
static char told[4096]; /* the events so far */
static uint64_t seq;

/* --- what the table sees of the daemon --- */

uint64_t events_get_seq(const struct daemon *daemon)
{
	(void)daemon;
	return seq;
}

void events_publish_input(struct daemon *daemon, const struct execution *execution,
    const struct run *run, json_t *members)
{
	char *text = json_dumps(members, JSON_COMPACT);
	size_t length = strlen(told);

	(void)daemon;
	snprintf(told + length, sizeof(told) - length, "%d@%d%s\n", (int)execution->id,
	    run ? (int)run->id : 0, text);
	free(text);
	json_decref(members);
	seq++;
}

struct membership *execution_in_run(const struct execution *execution, const struct run *run)
{
	struct membership *member = (struct membership *)&execution->first;

	while (member && member->run != run)
		member = member->next_of_execution;
	return member;
}

/* --- a daemon, and who asks: static, as what a test leaves open ends after it --- */

static void set_up(void)
{
	seq = 40;
	told[0] = '\0';
	daemon_under_test =
	    (struct daemon){.inputs = inputs_new(), .state_directory = (char *)"/s"};
	for (size_t i = 0; i < 2; i++) {
		executions[i] = (struct execution){.id = i + 1, .state = STATE_RUNNING};
		executions[i].first =
		    (struct membership){.execution = &executions[i], .run = &runs[i]};
	}
}

static void tear_down(void)
{
	for (size_t i = 0; i < 2; i++) {
		inputs_end_execution(&daemon_under_test, &executions[i]);
		exec_extra_free(&executions[i]);
	}
	cr_assert_null(inputs_next(&daemon_under_test, NULL, NULL));
	inputs_free(daemon_under_test.inputs);
}

TestSuite(inputs, .init = set_up, .fini = tear_down);

struct asker {
	int n_done;
	char text[64];
};

static void on_done(void *arg, const char *text)
{
	struct asker *asker = arg;

	asker->n_done++;
	snprintf(asker->text, sizeof(asker->text), "%s", text ? text : "(ended)");
}

static struct input *ask(size_t index, const char *prompt, bool is_secret, struct asker *asker)
{
	const struct input_question question = {
	    .prompt = prompt, .is_secret = is_secret, .done = on_done, .arg = asker};
	struct input *input = inputs_ask(&daemon_under_test, &executions[index], &question);

	*asker = (struct asker){0};
	cr_assert_not_null(input);
	return input;
}

static void expect_told(const char *text)
{
	cr_assert_str_eq(told, text, "%sinstead of\n%s", told, text);
	told[0] = '\0';
}

/* --- the tests --- */

Test(inputs, an_answer_goes_to_who_asked_and_nowhere_else)
{
	static struct asker asker;
	struct input *input = ask(0, "Token?", true, &asker);
	uint64_t id = input->id;

	cr_assert_eq(id, 41u);
	expect_told("1@0{\"input\":{\"id\":41,\"prompt\":\"Token?\",\"secret\":true},"
	            "\"state\":\"asked\"}\n");
	cr_assert_str_eq(inputs_get_prompt(&executions[0]), "Token?");
	cr_assert_eq(inputs_find(&daemon_under_test, id), input);
	inputs_answer(&daemon_under_test, input, "hunter2");
	cr_assert_eq(asker.n_done, 1);
	cr_assert_str_eq(asker.text, "hunter2");
	cr_assert_null(inputs_find(&daemon_under_test, id));
	cr_assert_null(inputs_get_prompt(&executions[0]));
	expect_told("1@0{\"input\":{\"id\":41,\"prompt\":\"Token?\",\"secret\":true},"
	            "\"state\":\"answered\"}\n");
}

Test(inputs, who_has_gone_is_not_told_the_rest_is)
{
	static struct asker asker;
	struct input *input = ask(0, "a", false, &asker);

	told[0] = '\0';
	inputs_withdraw(&daemon_under_test, input);
	cr_assert_eq(asker.n_done, 0);
	expect_told("1@0{\"input\":{\"id\":41,\"prompt\":\"a\",\"secret\":false},"
	            "\"state\":\"withdrawn\"}\n");
}

Test(inputs, the_end_of_an_execution_ends_what_it_asks)
{
	static struct asker first, second, other;

	ask(0, "a", false, &first);
	struct input *kept = ask(1, "b", false, &other);
	ask(0, "c", false, &second);
	inputs_end_execution(&daemon_under_test, &executions[0]);
	cr_assert_str_eq(first.text, "(ended)");
	cr_assert_str_eq(second.text, "(ended)");
	cr_assert_eq(first.n_done + second.n_done, 2);
	cr_assert_eq(other.n_done, 0);
	cr_assert_eq(inputs_next(&daemon_under_test, NULL, NULL), kept);
}

Test(inputs, they_are_listed_in_the_order_of_asking_by_run)
{
	static struct asker askers[3];
	struct membership joined = {.execution = &executions[1], .run = &runs[2]};
	const struct input *a = ask(0, "a", false, &askers[0]);
	const struct input *b = ask(1, "b", false, &askers[1]);
	const struct input *c = ask(0, "c", false, &askers[2]);
	const struct daemon *daemon = &daemon_under_test;

	executions[1].first.next_of_execution = &joined;
	cr_assert(a->id < b->id && b->id < c->id);
	cr_assert_eq(inputs_next(daemon, NULL, NULL), a);
	cr_assert_eq(inputs_next(daemon, NULL, a), b);
	cr_assert_eq(inputs_next(daemon, &runs[0], a), c);
	cr_assert_null(inputs_next(daemon, &runs[0], c));
	cr_assert_eq(inputs_next(daemon, &runs[2], NULL), b);
	cr_assert_null(inputs_next(daemon, &runs[2], b));
	cr_assert_str_eq(inputs_get_prompt(&executions[0]), "a");
	executions[1].first.next_of_execution = NULL;
}

Test(inputs, a_run_that_joins_later_is_told_once)
{
	static struct asker asker;
	struct membership first = {.execution = &executions[0], .run = &runs[1]};
	struct membership second = {.execution = &executions[0], .run = &runs[2]};

	executions[0].first.next_of_execution = &first;
	ask(0, "a", false, &asker);
	told[0] = '\0';
	inputs_tell_joined(&daemon_under_test);
	expect_told("");
	second.next_of_execution = &first; /* where the core puts the newest */
	executions[0].first.next_of_execution = &second;
	inputs_tell_joined(&daemon_under_test);
	expect_told("1@3{\"input\":{\"id\":41,\"prompt\":\"a\",\"secret\":false},"
	            "\"state\":\"asked\"}\n");
	inputs_tell_joined(&daemon_under_test);
	expect_told("");
	executions[0].first.next_of_execution = NULL;
}

Test(inputs, there_are_limits)
{
	static struct asker asker;

	for (size_t i = 0; i < INPUTS_MAX_OF_EXECUTION; i++) {
		cr_assert(inputs_have_room(&daemon_under_test, &executions[0]));
		ask(0, "a", false, &asker);
		told[0] = '\0';
	}
	cr_assert_not(inputs_have_room(&daemon_under_test, &executions[0]));
	cr_assert(inputs_have_room(&daemon_under_test, &executions[1]));
	inputs_answer(
	    &daemon_under_test, (struct input *)inputs_next(&daemon_under_test, NULL, NULL), "");
	cr_assert(inputs_have_room(&daemon_under_test, &executions[0]));
}
