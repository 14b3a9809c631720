/*
 * The table of open questions: a list in the order in which they were asked, and a short one for
 * each execution. There are few at a time, as people answer them. Knows neither requests nor who
 * may answer; never keeps an answer.
 */
#include "daemon/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/extra.h"

TAILQ_HEAD(input_list, input);

struct inputs {
	struct input_list open; /* by number */
	size_t n_open;
};

struct inputs *inputs_new(void)
{
	struct inputs *inputs = calloc(1, sizeof(*inputs));

	if (inputs)
		TAILQ_INIT(&inputs->open);
	return inputs;
}

void inputs_free(struct inputs *inputs)
{
	free(inputs);
}

/* --- what an execution asks --- */

static struct input *first_of(const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	return extra ? extra->inputs : NULL;
}

const char *inputs_get_prompt(const struct execution *execution)
{
	const struct input *input = first_of(execution);

	return input ? input->prompt : NULL;
}

bool inputs_have_room(const struct daemon *daemon, const struct execution *execution)
{
	const struct input *input = first_of(execution);
	size_t count = 0;

	for (; input; input = input->next_of_execution)
		count++;
	return count < INPUTS_MAX_OF_EXECUTION && daemon->inputs->n_open < INPUTS_MAX;
}

/* --- telling --- */

static json_t *view(const struct input *input, const char *state)
{
	return json_pack("{s:{s:I, s:s, s:b}, s:s}", "input", "id", (json_int_t)input->id, "prompt",
	    input->prompt, "secret", input->is_secret, "state", state);
}

json_t *input_view_asked(const struct input *input)
{
	return view(input, "asked");
}

/* The run that the execution has joined last; 0: it is only in its first. */
static uint64_t newest_run_of(const struct execution *execution)
{
	const struct membership *newest = execution->first.next_of_execution;

	return newest ? newest->run->id : 0;
}

static void tell(struct daemon *daemon, const struct input *input, const char *state)
{
	events_publish_input(daemon, input->execution, NULL, view(input, state));
}

void inputs_tell_joined(struct daemon *daemon)
{
	struct input *input;

	TAILQ_FOREACH (input, &daemon->inputs->open, of_inputs) {
		const struct execution *execution = input->execution;
		const struct membership *member = execution->first.next_of_execution;
		uint64_t told = input->newest_run;

		for (; member && member->run->id != told; member = member->next_of_execution)
			events_publish_input(
			    daemon, execution, member->run, input_view_asked(input));
		input->newest_run = newest_run_of(execution);
	}
}

/* --- from question to answer --- */

struct input *inputs_ask(
    struct daemon *daemon, struct execution *execution, const struct input_question *question)
{
	struct exec_extra *extra = exec_extra_get(execution, daemon->logs_directory);
	struct input *input = calloc(1, sizeof(*input)), **last;

	if (!extra || !input || !(input->prompt = strdup(question->prompt))) {
		free(input);
		return NULL;
	}
	input->id = events_get_seq(daemon) + 1;
	input->execution = execution;
	input->is_secret = question->is_secret;
	input->done = question->done;
	input->arg = question->arg;
	input->newest_run = newest_run_of(execution);
	TAILQ_INSERT_TAIL(&daemon->inputs->open, input, of_inputs);
	daemon->inputs->n_open++;
	for (last = &extra->inputs; *last;)
		last = &(*last)->next_of_execution;
	*last = input;
	tell(daemon, input, "asked");
	return input;
}

struct input *inputs_find(const struct daemon *daemon, uint64_t id)
{
	struct input *input;

	TAILQ_FOREACH (input, &daemon->inputs->open, of_inputs) {
		if (input->id == id)
			return input;
	}
	return NULL;
}

/* Takes it out of the table, tells that, and frees it. */
static void close_input(struct daemon *daemon, struct input *input, const char *state)
{
	struct exec_extra *extra = input->execution->extra;
	struct input **link = &extra->inputs;

	while (*link != input)
		link = &(*link)->next_of_execution;
	*link = input->next_of_execution;
	TAILQ_REMOVE(&daemon->inputs->open, input, of_inputs);
	daemon->inputs->n_open--;
	tell(daemon, input, state);
	free(input->prompt);
	free(input);
}

void inputs_answer(struct daemon *daemon, struct input *input, const char *text)
{
	input_done *done = input->done;
	void *arg = input->arg;

	close_input(daemon, input, "answered");
	done(arg, text);
}

void inputs_withdraw(struct daemon *daemon, struct input *input)
{
	close_input(daemon, input, "withdrawn");
}

void inputs_end_execution(struct daemon *daemon, const struct execution *execution)
{
	struct input *input = first_of(execution), *next;

	for (; input; input = next) {
		input_done *done = input->done;
		void *arg = input->arg;

		next = input->next_of_execution;
		close_input(daemon, input, "withdrawn");
		done(arg, NULL);
	}
}

const struct input *inputs_next(
    const struct daemon *daemon, const struct run *run, const struct input *input)
{
	input = input ? TAILQ_NEXT(input, of_inputs) : TAILQ_FIRST(&daemon->inputs->open);
	while (input && run && !execution_in_run(input->execution, run))
		input = TAILQ_NEXT(input, of_inputs);
	return input;
}
