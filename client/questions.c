/*
 * The questions that are open, as events tell of them, and the one that is put at the terminal.
 * Answers go to the daemon and nowhere else. What is on the terminal, prompt.c knows.
 */
#include "client/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "client/memory.h"
#include "client/outcome.h"
#include "client/prompt.h"

enum question_state {
	QUESTION_OPEN, /* to be put */
	QUESTION_PUT,
	QUESTION_SENT,     /* its answer; the daemon has not said that it came in time */
	QUESTION_DECLINED, /* somebody else may answer it */
};

struct question {
	TAILQ_ENTRY(question) link;
	struct questions *questions;
	json_int_t id;
	json_int_t exec;
	char *name; /* of the proc */
	char *prompt;
	bool is_secret;
	bool is_seen;      /* in the list that is being looked at */
	bool is_mentioned; /* that it cannot be put from the background */
	bool is_orphan;    /* it was asked before the daemon restarted, and not again yet */
	enum question_state state;
	uint64_t sent;      /* the request with its answer; 0: none */
	json_int_t sent_id; /* whose answer that is: its number then */
};

struct questions {
	TAILQ_HEAD(, question) list; /* as they were asked */
	struct client *client;
	struct prompt *prompt;
	struct output out;    /* standard error */
	struct question *put; /* or NULL */
	bool is_stopped;
};

struct questions *questions_new(struct client *client, struct live *live)
{
	struct prompt *prompt = client->is_json ? NULL : prompt_new(&client->out, live);
	struct questions *questions;

	if (!prompt)
		return NULL;
	questions = memory_alloc(sizeof(*questions));
	TAILQ_INIT(&questions->list);
	questions->client = client;
	questions->prompt = prompt;
	output_init(&questions->out, stderr);
	return questions;
}

static void free_question(struct question *question)
{
	if (question->sent)
		pp_forget(question->questions->client->conn, question->sent);
	free(question->name);
	free(question->prompt);
	free(question);
}

static void forget(struct question *question)
{
	TAILQ_REMOVE(&question->questions->list, question, link);
	free_question(question);
}

void questions_free(struct questions *questions)
{
	struct question *question, *next;

	if (!questions)
		return;
	questions_stop(questions);
	for (question = TAILQ_FIRST(&questions->list); question; question = next) {
		next = TAILQ_NEXT(question, link);
		free_question(question);
	}
	prompt_free(questions->prompt);
	free(questions);
}

/* --- one question --- */

/* "ask NAME", what follows is text. New. */
static char *compose(
    const struct questions *questions, const struct question *question, const char *text)
{
	const struct output *out = &questions->out;
	char *name = output_escape(question->name, strlen(question->name), 0);
	char *escaped = output_escape(text, strlen(text), 0);
	char *all = memory_print("%sask%s %s %s", output_style_begin(out, STYLE_BOLD),
	    output_style_end(out, STYLE_BOLD), name, escaped);

	free(name);
	free(escaped);
	return all;
}

static void say(
    const struct questions *questions, const struct question *question, const char *text)
{
	char *line = compose(questions, question, text);

	prompt_say(questions->prompt, line);
	free(line);
}

static void put(struct questions *questions, struct question *question)
{
	char *line = compose(questions, question, question->prompt);
	char *text = memory_print("%s%s", line, question->prompt[0] ? " " : "");

	if (prompt_put(questions->prompt, text, question->is_secret) < 0) {
		questions->is_stopped = true;
	} else {
		question->state = QUESTION_PUT;
		questions->put = question;
	}
	free(text);
	free(line);
}

/* Takes the question away that is there, if one is. is_line_ended: the cursor is at a line's begin.
 */
static void take_away(struct questions *questions, bool is_line_ended)
{
	struct question *question = questions->put;

	if (!question)
		return;
	prompt_take_away(questions->prompt, is_line_ended);
	question->state = QUESTION_OPEN;
	questions->put = NULL;
}

bool questions_are_due(const struct questions *questions)
{
	const struct question *question;

	if (!questions || questions->is_stopped)
		return false;
	TAILQ_FOREACH (question, &questions->list, link) {
		if (question->state != QUESTION_DECLINED &&
		    !(question->state == QUESTION_OPEN && question->is_orphan))
			return true;
	}
	return false;
}

/* Behind the one that is put, or whose answer is on its way. */
static size_t count_waiting(const struct questions *questions)
{
	const struct question *question;
	size_t count = 0;

	TAILQ_FOREACH (question, &questions->list, link)
		count += question->state == QUESTION_OPEN && !question->is_orphan;
	return count;
}

static void put_next(struct questions *questions)
{
	struct question *question;

	TAILQ_FOREACH (question, &questions->list, link) {
		if (question->state == QUESTION_SENT)
			return; /* it may have to be put again */
		if (question->state == QUESTION_OPEN && !question->is_orphan)
			break;
	}
	if (!question)
		return;
	if (prompt_is_ours(questions->prompt)) {
		put(questions, question);
	} else if (!question->is_mentioned) {
		question->is_mentioned = true;
		say(questions, question, "waits for an answer: bring ppctl to the foreground");
	}
}

void questions_turn(struct questions *questions)
{
	if (!questions || questions->is_stopped)
		return;
	prompt_turn(questions->prompt);
	if (!questions->put)
		put_next(questions);
	prompt_set_waiting(questions->prompt, count_waiting(questions));
}

int questions_get_fd(const struct questions *questions)
{
	return questions ? prompt_get_fd(questions->prompt) : -1;
}

bool questions_need_room(const struct questions *questions)
{
	return questions_are_due(questions) && !prompt_is_in_live(questions->prompt);
}

void questions_hide(struct questions *questions)
{
	if (questions)
		prompt_hide(questions->prompt);
}

void questions_resize(struct questions *questions)
{
	if (questions)
		prompt_resize(questions->prompt);
}

void questions_pause(struct questions *questions)
{
	if (questions)
		take_away(questions, false);
}

void questions_stop(struct questions *questions)
{
	if (!questions || questions->is_stopped)
		return;
	questions_pause(questions);
	prompt_set_waiting(questions->prompt, 0);
	questions->is_stopped = true;
}

/* --- answers --- */

static void on_answer(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct question *question = arg;
	struct questions *questions = question->questions;
	const char *name = error ? pp_error_name(conn) : NULL;

	(void)result;
	question->sent = 0;
	/* The daemon restarted meanwhile, and the answer has not come to who asks (again). */
	if (question->sent_id != question->id ||
	    (question->is_orphan && name && strcmp(name, "not_found") == 0)) {
		question->state = QUESTION_OPEN;
		return;
	}
	if (error == PP_ERR_REMOTE && name && strcmp(name, "not_found") != 0) {
		prompt_hide(questions->prompt);
		client_complain(0, "%s", pp_error_text(conn));
		question->state = QUESTION_OPEN;
		return;
	}
	if (error == PP_ERR_REMOTE)
		say(questions, question,
		    "was answered by another client, or is not asked any more");
	forget(question);
}

/* Takes the question away and sends its answer (taken; NULL: it was no UTF-8). */
static void send_answer(struct questions *questions, struct question *question, json_t *params)
{
	pp_conn *conn = questions->client->conn;

	take_away(questions, true);
	if (!params) {
		prompt_hide(questions->prompt);
		client_complain(0, "the answer is not valid UTF-8");
		return;
	}
	question->sent_id = question->id;
	if (pp_send(conn, "input.answer", params, on_answer, question, &question->sent) == PP_OK)
		question->state = QUESTION_SENT;
}

void questions_read(struct questions *questions)
{
	struct question *question = questions ? questions->put : NULL;
	const char *text;

	if (!question)
		return;
	switch (prompt_read(questions->prompt, &text)) {
	case TERMINAL_NOTHING:
	case TERMINAL_CHANGED:
		break;
	case TERMINAL_LINE:
		send_answer(
		    questions, question, json_pack("{s:I, s:s}", "id", question->id, "text", text));
		break;
	case TERMINAL_EOF:
		take_away(questions, false);
		question->state = QUESTION_DECLINED;
		say(questions, question, "was not answered; it waits for another client");
		break;
	case TERMINAL_LOST:
		questions_stop(questions);
		break;
	}
}

/* --- what the daemon tells --- */

static struct question *find(const struct questions *questions, json_int_t id)
{
	struct question *question;

	TAILQ_FOREACH (question, &questions->list, link) {
		if (question->id == id)
			return question;
	}
	return NULL;
}

static struct question *add(struct questions *questions, const json_t *input)
{
	struct question *question = memory_alloc(sizeof(*question));

	question->questions = questions;
	question->id = json_integer_value(json_object_get(input, "id"));
	question->prompt = memory_copy(member_text(input, "prompt", ""));
	question->is_secret = json_is_true(json_object_get(input, "secret"));
	TAILQ_INSERT_TAIL(&questions->list, question, link);
	return question;
}

/* The one that this input (an event's, with the view of its proc) is asked again for; or NULL. */
static struct question *find_orphan(
    const struct questions *questions, const json_t *input, const json_t *view)
{
	bool is_secret = json_is_true(json_object_get(input, "secret"));
	const char *prompt = member_text(input, "prompt", "");
	struct question *question;

	TAILQ_FOREACH (question, &questions->list, link) {
		if (question->is_orphan && question->is_secret == is_secret &&
		    question->exec == json_integer_value(json_object_get(view, "exec")) &&
		    strcmp(question->prompt, prompt) == 0)
			return question;
	}
	return NULL;
}

/* It is open no more; how, in words. */
static void drop(struct questions *questions, struct question *question, const char *text)
{
	if (question->state == QUESTION_SENT)
		return; /* the answer to that tells */
	if (question->state == QUESTION_PUT) {
		take_away(questions, false);
		say(questions, question, text);
	}
	forget(question);
}

void questions_begin(struct questions *questions, const json_t *inputs)
{
	struct question *question, *next;
	json_t *input;
	size_t i;

	if (!questions)
		return;
	json_array_foreach (inputs, i, input) {
		question = find(questions, json_integer_value(json_object_get(input, "id")));
		if (!question) {
			question = add(questions, input);
			question->name = memory_copy(member_text(input, "proc", "?"));
			question->exec = json_integer_value(json_object_get(input, "exec"));
		}
		question->is_seen = true;
		question->is_orphan = false;
	}
	for (question = TAILQ_FIRST(&questions->list); question; question = next) {
		next = TAILQ_NEXT(question, link);
		if (!question->is_seen && !question->is_orphan)
			drop(questions, question, "is not asked any more");
		else
			question->is_seen = false;
	}
}

void questions_resume(struct questions *questions)
{
	struct question *question;

	if (!questions)
		return;
	TAILQ_FOREACH (question, &questions->list, link)
		question->is_orphan = true;
}

static void hear_asked(struct questions *questions, const json_t *input, const json_t *view)
{
	json_int_t id = json_integer_value(json_object_get(input, "id"));
	struct question *question = find(questions, id);

	if (!question)
		question = find_orphan(questions, input, view);
	if (!question) {
		question = add(questions, input);
		question->name = memory_copy(member_text(view, "name", "?"));
		question->exec = json_integer_value(json_object_get(view, "exec"));
	}
	question->id = id;
	question->is_orphan = false;
}

static void hear_input(struct questions *questions, const json_t *event, const json_t *view)
{
	const json_t *input = json_object_get(event, "input");
	const char *state = member_text(event, "state", "");
	struct question *question =
	    find(questions, json_integer_value(json_object_get(input, "id")));

	if (strcmp(state, "asked") == 0) {
		hear_asked(questions, input, view);
	} else if (strcmp(state, "answered") == 0 && question) {
		drop(questions, question, "was answered by another client");
	} else if (strcmp(state, "withdrawn") == 0 && question) {
		drop(questions, question, "is not asked any more");
	}
}

/* What an execution has asked whose end is told counts no more in the run that is watched. */
static void hear_end(struct questions *questions, const json_t *view)
{
	json_int_t exec = json_integer_value(json_object_get(view, "exec"));
	struct question *question, *next;

	for (question = TAILQ_FIRST(&questions->list); question; question = next) {
		next = TAILQ_NEXT(question, link);
		if (question->exec == exec)
			drop(questions, question, "is not asked any more");
	}
}

void questions_hear(struct questions *questions, const json_t *event)
{
	const json_t *view = json_object_get(event, "proc");
	const char *kind = member_text(event, "kind", "");

	if (!questions)
		return;
	if (strcmp(kind, "input") == 0)
		hear_input(questions, event, view);
	else if (strcmp(kind, "state") == 0 && outcome_is_complete(view))
		hear_end(questions, view);
}
