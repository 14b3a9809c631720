/*
 * input.ask and input.answer: a process asks, people answer. The request that asks is answered when
 * they have. Nothing here keeps or logs an answer.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/handlers.h"
#include "daemon/inputs.h"
#include "daemon/requests.h"

/* The length of the control character at the beginning of text (UTF-8: C0, DEL, C1), or 0. */
static size_t control_length(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;

	if ((bytes[0] > 0 && bytes[0] < 0x20) || bytes[0] == 0x7f)
		return 1;
	return bytes[0] == 0xc2 && bytes[1] < 0xa0 ? 2 : 0;
}

/* A copy of text as one line: blanks and control characters in a row are one blank, none at the
 * ends. */
static char *make_line(const char *text)
{
	char *line = mem_copy(text), *end = line;

	while (*text) {
		size_t length = control_length(text);

		if (length == 0 && *text != ' ')
			*end++ = *text;
		else if (end > line && end[-1] != ' ')
			*end++ = ' ';
		text += length > 0 ? length : 1;
	}
	while (end > line && end[-1] == ' ')
		end--;
	*end = '\0';
	return line;
}

/* --- input.ask --- */

static void on_done(void *arg, const char *text)
{
	struct request *request = arg;
	json_t *answer = text ? json_pack("{s:s}", "text", text) : NULL;

	request->pending = NULL;
	request->abandon = NULL;
	if (answer)
		request_answer(request, answer);
	else if (text)
		request_refuse_memory(request);
	else
		request_refuse(
		    request, PROTOCOL_NOT_ALLOWED, "the execution that asks has ended", NULL);
}

static void abandon_ask(struct request *request)
{
	struct input *input = request->pending;

	request->pending = NULL;
	request->abandon = NULL;
	inputs_withdraw(request->daemon, input);
}

static enum request_status refuse_limit(struct request *request, const char *what, size_t limit)
{
	char *message = mem_print("%s: at most %zu", what, limit);
	enum request_status status = request_refuse(request, PROTOCOL_LIMIT, message, NULL);

	free(message);
	return status;
}

enum request_status handle_input_ask(struct request *request)
{
	const char *prompt = request_read_text(request, "prompt");
	struct input_question question = {
	    .is_secret = request_read_flag(request, "secret"),
	    .done = on_done,
	    .arg = request,
	};
	struct execution *execution = request_find_asker(request);
	char *line;

	if (!execution)
		return REQUEST_DONE;
	if (strlen(prompt) > INPUT_PROMPT_MAX)
		return refuse_limit(request, "bytes of a prompt", INPUT_PROMPT_MAX);
	if (!inputs_have_room(request->daemon, execution))
		return refuse_limit(
		    request, "open inputs of an execution", INPUTS_MAX_OF_EXECUTION);
	line = make_line(prompt);
	question.prompt = line;
	request->pending = inputs_ask(request->daemon, execution, &question);
	free(line);
	if (!request->pending)
		return request_refuse_memory(request);
	request->abandon = abandon_ask;
	return REQUEST_DEFERRED;
}

/* --- input.answer --- */

static bool has_control(const char *text)
{
	while (*text && (*text == '\t' || control_length(text) == 0))
		text++;
	return *text != '\0';
}

enum request_status handle_input_answer(struct request *request)
{
	int64_t id = request_read_integer(request, "id", 0);
	const char *text = request_read_text(request, "text");
	struct input *input = inputs_find(request->daemon, (uint64_t)id);

	if (!input)
		return request_refuse(request, PROTOCOL_NOT_FOUND,
		    "id: that was answered by somebody else, or is not asked any more", NULL);
	if (strlen(text) > INPUT_TEXT_MAX)
		return refuse_limit(request, "bytes of an answer", INPUT_TEXT_MAX);
	if (has_control(text))
		return request_refuse(request, PROTOCOL_BAD_ARGUMENT,
		    "text: it has to be one line without control characters", NULL);
	inputs_answer(request->daemon, input, text);
	return request_answer_once(request, json_object());
}

/* --- subscribe --- */

static bool wants_inputs(const struct request *request)
{
	json_t *kinds = json_object_get(request->params, "kinds"), *kind;
	size_t i;

	json_array_foreach (kinds, i, kind) {
		if (strcmp(json_string_value(kind), "input") == 0)
			return true;
	}
	return json_array_size(kinds) == 0;
}

/* The names of a request as a set; NULL: it names none. */
static json_t *make_name_set(const struct request *request)
{
	json_t *names = json_object_get(request->params, "names"), *name, *set = NULL;
	size_t i;

	json_array_foreach (names, i, name) {
		if (!set)
			set = json_object();
		json_object_set_new(set, json_string_value(name), json_true());
	}
	return set;
}

static json_t *view_input(const struct input *input, const struct run *run)
{
	const struct execution *execution = input->execution;

	if (!run)
		run = execution_run(execution);
	return json_pack("{s:I, s:s, s:o, s:I, s:s, s:b}", "id", (json_int_t)input->id, "proc",
	    execution->proc->name, "run", run ? json_integer((json_int_t)run->id) : json_null(),
	    "exec", (json_int_t)execution->id, "prompt", input->prompt, "secret", input->is_secret);
}

json_t *request_list_inputs(const struct request *request, const struct run *run)
{
	const struct input *input = inputs_next(request->daemon, run, NULL);
	json_t *list = json_array(), *names;

	if (!input || !wants_inputs(request))
		return list;
	names = make_name_set(request);
	for (; input; input = inputs_next(request->daemon, run, input)) {
		if (!names || json_object_get(names, input->execution->proc->name))
			json_array_append_new(list, view_input(input, run));
	}
	json_decref(names);
	return list;
}
