/*
 * What processes of running executions ask people: the open questions, each from the moment that it
 * is asked until somebody has answered it, its asker has gone, or its execution has ended. Every
 * such change is told as an event. An answer goes to its asker and nowhere else: it may be a
 * secret.
 */
#ifndef PARPROC_DAEMON_INPUTS_H
#define PARPROC_DAEMON_INPUTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/core/model.h"

struct daemon;
struct inputs;

/* Limits, for who asks and who answers to keep. */
#define INPUTS_MAX 1024 /* open at a time */
#define INPUTS_MAX_OF_EXECUTION 16
#define INPUT_PROMPT_MAX 1024      /* bytes */
#define INPUT_TEXT_MAX (64u << 10) /* bytes of an answer */

/*
 * How it ended. text: the answer, borrowed for the call, or NULL: the execution has ended first.
 * The input is gone already.
 */
typedef void input_done(void *arg, const char *text);

struct input_question {
	const char *prompt; /* copied */
	bool is_secret;
	input_done *done;
	void *arg;
};

struct input {
	uint64_t id; /* never used twice in a workspace: the number of the event that tells of it */
	struct execution *execution;
	char *prompt;
	bool is_secret;
	input_done *done;
	void *arg;
	uint64_t newest_run; /* that the execution had joined when this was told; 0: none */
	TAILQ_ENTRY(input) of_inputs;
	struct input *next_of_execution;
};

/* NULL: no memory. Freed when none is open any more. */
struct inputs *inputs_new(void);
void inputs_free(struct inputs *inputs);

/* Whether one more of that execution is within the limits. */
bool inputs_have_room(const struct daemon *daemon, const struct execution *execution);

/* Opens one, of a running execution. It stays the table's. NULL: no memory. */
struct input *inputs_ask(
    struct daemon *daemon, struct execution *execution, const struct input_question *question);

/* The open one of that number, or NULL. */
struct input *inputs_find(const struct daemon *daemon, uint64_t id);

/* Gives the answer to who has asked. */
void inputs_answer(struct daemon *daemon, struct input *input, const char *text);

/* The asker has gone; done is not called. */
void inputs_withdraw(struct daemon *daemon, struct input *input);

/* The execution has ended, and with it whatever it asks. */
void inputs_end_execution(struct daemon *daemon, const struct execution *execution);

/*
 * Tells of open ones in runs that their executions have joined since they were told of. Once in
 * each pass; costs what is open.
 */
void inputs_tell_joined(struct daemon *daemon);

/* The one after the given one (NULL: the first) of executions in that run (NULL: any), or NULL. */
const struct input *inputs_next(
    const struct daemon *daemon, const struct run *run, const struct input *input);

/* What an execution asks, the oldest question; NULL: nothing. */
const char *inputs_get_prompt(const struct execution *execution);

/* The members of an event that says that it is open: {input: {id, prompt, secret}, state}. New. */
json_t *input_view_asked(const struct input *input);

#endif
