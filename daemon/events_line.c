/*
 * An event as a line: what it says, and whether a subscription is for it. The line is made for the
 * first who wants it, and the same for all who want it so.
 */
#include <stdlib.h>

#include "daemon/events_internal.h"
#include "daemon/views.h"
#include "protocol/jsonrpc.h"

static const char *run_state_name(const struct run *run)
{
	if (run_is_active(run))
		return "active";
	return run->is_failed ? "failed" : "succeeded";
}

/*
 * The view of a proc as it was when it came into that state, which may lie a moment back: several
 * changes of one pass are told in turn.
 */
static void put_proc(struct json_text *line, const struct event_draft *draft, bool is_brief)
{
	const struct execution then = {.state = (uint8_t)draft->state};
	const struct view view = {.execution = draft->execution,
	    .member = draft->membership,
	    .state = draft->kind == EVENT_STATE ? execution_state_name(&then) : NULL,
	    .is_brief = is_brief};

	json_text_member(line, "proc");
	view_put(line, &view);
}

void event_line_begin(struct json_text *line, uint64_t seq, int64_t time_ns, const char *kind)
{
	jsonrpc_begin_notification(line, "event");
	json_text_bracket(line, '{');
	json_text_member(line, "seq");
	json_text_integer(line, (int64_t)seq);
	json_text_member(line, "time");
	view_put_time(line, time_ns);
	json_text_member(line, "kind");
	json_text_string(line, kind);
}

char *event_line_finish(struct json_text *line, size_t *length)
{
	json_text_bracket(line, '}');
	return jsonrpc_finish(line, length);
}

/* The draft's line, made where it is not there yet. NULL: no memory. */
static const struct event_line *get_line(
    const struct events *events, struct event_draft *draft, bool is_brief)
{
	struct event_line *made = &draft->lines[is_brief];
	const struct run *run = draft->run;
	struct json_text line = {0};

	if (made->text)
		return made;
	event_line_begin(&line, draft->seq ? draft->seq : events->seq,
	    draft->time_ns ? draft->time_ns : scheduler_now_ns(), event_kind_name(draft->kind));
	if (draft->execution) {
		put_proc(&line, draft, is_brief);
		run = draft->membership->run;
	}
	if (run) {
		json_text_member(&line, "run");
		json_text_integer(&line, (int64_t)run->id);
	}
	if (draft->run) {
		json_text_member(&line, "state");
		json_text_string(&line, run_state_name(draft->run));
	}
	json_text_members(&line, draft->members);
	made->text = event_line_finish(&line, &made->length);
	return made->text ? made : NULL;
}

/* What was canceled in one run has failed there, whatever comes of it in others. */
static bool is_state_wanted(
    const struct subscription *subscription, const struct event_draft *draft)
{
	bool is_override = draft->membership && draft->membership->override != ERROR_NONE;
	unsigned state = is_override ? STATE_FAILED : draft->state;

	/* That it is tried again is news for whoever has heard that it was started. */
	return draft->kind != EVENT_STATE || !subscription->states ||
	       draft->execution->is_retrying || (subscription->states >> state & 1);
}

bool events_is_wanted(const struct subscription *subscription, const struct event_draft *draft)
{
	if (!(subscription->kinds & (unsigned)draft->kind) || !is_state_wanted(subscription, draft))
		return false;
	return !draft->name || !subscription->names ||
	       json_object_get(subscription->names, draft->name);
}

void events_send_draft(
    struct events *events, struct event_draft *draft, const struct subscription *subscription)
{
	struct session *session = subscription->subscriber->session;
	const struct event_line *line;

	if (session->is_lagging || session->is_ending)
		return;
	line = session_is_full(session) ? NULL : get_line(events, draft, subscription->is_brief);
	if (line)
		session_queue_event(session, line->text, line->length);
	else
		session->is_lagging = true;
}

void events_clear_draft(struct event_draft *draft)
{
	for (size_t i = 0; i < sizeof(draft->lines) / sizeof(draft->lines[0]); i++) {
		free(draft->lines[i].text);
		draft->lines[i].text = NULL;
	}
}
