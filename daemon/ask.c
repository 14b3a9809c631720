/*
 * Requests that name procs, with the choices that commands have to be asked for. The registry may
 * change while a command runs, so what is needed is looked at again after each round of answers.
 */
#include "daemon/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/dynamic.h"
#include "daemon/environment.h"
#include "daemon/follow.h"
#include "daemon/repeats.h"
#include "daemon/requests.h"
#include "daemon/session.h"
#include "daemon/workspace/scalar.h"

/* So often the definitions may change under a request before it gives up. */
#define ROUNDS_MAX 8

/* One command, and what it has answered. */
struct question {
	struct ask *ask;
	struct definition *definition;
	size_t arg;
	uint64_t dynamic; /* 0: it does not run */
	struct strings choices;
};

struct ask {
	struct daemon *daemon;
	struct request *request;
	ask_proceed *proceed;
	bool is_wait; /* rather than what creates or starts all that it names */
	struct name_request query;
	struct request_texts names;
	struct keyword *keywords;
	char **values; /* the texts of keywords that were no texts in params */
	size_t n_keywords;
	struct question **questions; /* of all rounds */
	size_t n_questions;
	struct choices_answer *answers; /* one for each question */
	size_t n_pending;
	unsigned n_rounds;
	bool is_holding, is_following_held; /* of later requests, and of its environment */
	char *request_id;                   /* NULL: it has none */
};

static void question_free(struct ask *ask, struct question *question)
{
	if (question->dynamic)
		dynamic_drop(ask->daemon, question->dynamic);
	definition_unref(question->definition);
	strings_clear(&question->choices);
	free(question);
}

static void ask_free(struct ask *ask)
{
	for (size_t i = 0; i < ask->n_questions; i++)
		question_free(ask, ask->questions[i]);
	if (ask->is_holding)
		environments_unref(ask->daemon->environments, ask->query.scope.env);
	if (ask->is_following_held)
		follow_release(ask->daemon);
	if (ask->is_holding && ask->request->session)
		session_release_requests(ask->request->session);
	request_scope_clear(&ask->query.scope);
	for (size_t i = 0; i < ask->n_keywords; i++)
		free(ask->values[i]);
	free(ask->values);
	free(ask->keywords);
	free(ask->names.items);
	free(ask->questions);
	free(ask->answers);
	if (ask->request_id)
		repeats_settle(ask->daemon, ask->request_id);
	free(ask->request_id);
	free(ask);
}

/* The connection is gone; nothing of the request has happened yet, and nothing will. */
static void ask_abandon(struct request *request)
{
	struct ask *ask = request->pending;

	request->pending = NULL;
	request->abandon = NULL;
	ask_free(ask);
}

/* Takes the request out of ask's hands, which ends with it. */
static struct request *ask_finish(struct ask *ask)
{
	struct request *request = ask->request;

	request->pending = NULL;
	request->abandon = NULL;
	ask_free(ask);
	return request;
}

static int read_keywords(struct ask *ask)
{
	json_t *args = json_object_get(ask->request->params, "args"), *value;
	size_t count = json_object_size(args);
	const char *name;

	if (count == 0)
		return 0;
	ask->keywords = calloc(count, sizeof(*ask->keywords));
	ask->values = calloc(count, sizeof(*ask->values));
	if (!ask->keywords || !ask->values) {
		request_refuse_memory(ask->request);
		return -1;
	}
	json_object_foreach (args, name, value) {
		char *text = scalar_print(value);

		ask->values[ask->n_keywords] = text;
		ask->keywords[ask->n_keywords++] = (struct keyword){name, text};
	}
	return 0;
}

static int ask_read(struct ask *ask)
{
	struct request *request = ask->request;
	struct name_request *query = &ask->query;

	if (request_read_texts(request, "names", &ask->names) != 0 || read_keywords(ask) != 0)
		return -1;
	if (ask->names.count == 0) {
		request_refuse(request, PROTOCOL_BAD_PARAMS, "names: at least one is needed", NULL);
		return -1;
	}
	if (request_scope(request, &query->scope) != 0)
		return -1;
	query->names = ask->names.items;
	query->n_names = ask->names.count;
	query->args = ask->keywords;
	query->n_args = ask->n_keywords;
	query->as = request_read_text(request, "as");
	return 0;
}

static void ask_advance(struct ask *ask);

static enum request_status ask_refuse_choices(
    struct ask *ask, const struct question *question, const char *error)
{
	const struct definition *definition = question->definition;
	const char *arg = definition->args[question->arg].name;
	char *message = mem_print(
	    "%s: the choices of argument %s cannot be told: %s", definition->name, arg, error);
	json_t *data = json_pack(
	    "{s:s, s:s, s:s}", "proto", definition->name, "argument", arg, "reason", "choices");
	enum request_status status;

	status = request_refuse(ask_finish(ask), PROTOCOL_BAD_ARGUMENT, message, data);
	free(message);
	return status;
}

static void on_answer(void *arg, const struct strings *answer, const char *error)
{
	struct question *question = arg;
	struct ask *ask = question->ask;

	question->dynamic = 0;
	if (!answer) {
		ask_refuse_choices(ask, question, error ? error : "it has not answered");
		return;
	}
	for (size_t i = 0; i < answer->count; i++)
		strings_add(&question->choices, answer->items[i]);
	if (--ask->n_pending == 0)
		ask_advance(ask);
}

/* Adds a question for each need and takes the needs' references. -1: no memory. */
static int add_questions(struct ask *ask, struct choices_need *needs, size_t count)
{
	size_t total = ask->n_questions + count, i = 0;
	struct question **questions =
	    reallocarray(ask->questions, total, sizeof(struct question *));
	struct choices_answer *answers;

	if (questions)
		ask->questions = questions;
	answers = reallocarray(ask->answers, total, sizeof(*answers));
	if (answers)
		ask->answers = answers;
	for (; questions && answers && i < count; i++) {
		struct question *question = calloc(1, sizeof(*question));

		if (!question)
			break;
		question->ask = ask;
		question->definition = needs[i].definition;
		question->arg = needs[i].arg;
		answers[ask->n_questions] = (struct choices_answer){
		    question->definition, question->arg, &question->choices};
		questions[ask->n_questions++] = question;
	}
	if (i == count)
		return 0;
	for (; i < count; i++)
		definition_unref(needs[i].definition);
	return -1;
}

/* Has the commands of the questions from first on run. -1: refused, and ask is gone. */
static int pose_questions(struct ask *ask, size_t first)
{
	for (size_t i = first; i < ask->n_questions; i++) {
		struct question *question = ask->questions[i];
		const struct argument *argument = &question->definition->args[question->arg];

		question->dynamic = dynamic_ask(ask->daemon, question->definition,
		    &argument->choices_command, ask->query.scope.env, on_answer, question);
		if (question->dynamic == 0) {
			ask_refuse_choices(ask, question, strerror(errno));
			return -1;
		}
		ask->n_pending++;
	}
	return 0;
}

static size_t find_needs(const struct ask *ask, struct choices_need **needs)
{
	const struct name_request *query = &ask->query;
	const struct wait_request wait = {.names = query->names,
	    .n_names = query->n_names,
	    .scope = query->scope,
	    .answers = query->answers};

	return ask->is_wait ? core_wait_needs_choices(ask->daemon->core, &wait, needs)
	                    : core_needs_choices(ask->daemon->core, query, needs);
}

/* Asks what is still needed. 1: commands are on their way; 0: nothing is; -1: refused. */
static int ask_more(struct ask *ask)
{
	struct choices_need *needs = NULL;
	size_t first = ask->n_questions, count = find_needs(ask, &needs);
	int failed;

	if (count == 0)
		return 0;
	failed = add_questions(ask, needs, count);
	free(needs);
	if (failed || ask->n_rounds++ == ROUNDS_MAX) {
		request_refuse(ask_finish(ask), PROTOCOL_INTERNAL,
		    failed ? "no memory"
		           : "definitions change faster than choices can be asked for",
		    NULL);
		return -1;
	}
	ask->query.answers = (struct choices_answers){ask->answers, ask->n_questions};
	return pose_questions(ask, first) == 0 ? 1 : -1;
}

/* The commands of a round have answered. */
static void ask_advance(struct ask *ask)
{
	struct request *request = ask->request;
	struct session *session = request->session;

	if (ask_more(ask) != 0)
		return;
	request->pending = NULL;
	request->abandon = NULL;
	request->now_ns = scheduler_now_ns();
	ask->query.scope.now_ns = request->now_ns;
	ask->proceed(request, &ask->query);
	/* Here the request may be answered, and gone. */
	environments_unref(ask->daemon->environments, ask->query.scope.env);
	session_release_requests(session);
	ask->is_holding = false;
	scheduler_wake(ask->daemon);
	ask_free(ask);
}

static enum request_status begin(struct request *request, ask_proceed *proceed, bool is_wait)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	enum request_status status;

	if (!ask)
		return request_refuse_memory(request);
	ask->daemon = request->daemon;
	ask->request = request;
	ask->proceed = proceed;
	ask->is_wait = is_wait;
	if (ask_read(ask) != 0) {
		ask_free(ask);
		return REQUEST_DONE;
	}
	switch (ask_more(ask)) {
	case 0:
		status = proceed(request, &ask->query);
		ask_free(ask);
		return status;
	case 1:
		request->pending = ask;
		request->abandon = ask_abandon;
		ask->is_holding = ask->is_following_held = true;
		follow_hold(ask->daemon);
		ask->request_id = mem_copy(request_read_text(request, "request_id"));
		repeats_begin(request);
		session_hold_requests(request->session);
		environments_ref(request->daemon->environments, ask->query.scope.env);
		return REQUEST_DEFERRED;
	}
	return REQUEST_DONE;
}

enum request_status ask_begin(struct request *request, ask_proceed *proceed)
{
	return begin(request, proceed, false);
}

enum request_status ask_begin_wait(struct request *request, ask_proceed *proceed)
{
	return begin(request, proceed, true);
}
