/*
 * What one has missed who comes back over another connection. Events are not kept, but executions
 * and runs know the number of their newest one: those above the last that he has seen are made
 * again, as things are now, and sent in their order.
 */
#include <stdlib.h>

#include "daemon/events_internal.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"

/* More than so many would hardly fit into what a connection may have unsent. */
#define MISSED_MAX 4096

struct missed {
	uint64_t seq;
	const struct membership *member; /* of a state event */
	const struct run *run;           /* of a run event; neither: of kind define */
};

struct gathering {
	const struct subscription *subscription;
	uint64_t after;
	struct missed *items;
	size_t count, capacity;
	bool is_failed; /* too much, or no memory */
};

static void add(struct gathering *gathering, const struct missed *missed)
{
	size_t capacity = gathering->capacity ? 2 * gathering->capacity : 64;
	struct missed *items;

	if (missed->seq <= gathering->after || gathering->is_failed)
		return;
	if (gathering->count == gathering->capacity) {
		items = capacity <= MISSED_MAX
		            ? reallocarray(gathering->items, capacity, sizeof(*items))
		            : NULL;
		if (!items) {
			gathering->is_failed = true;
			return;
		}
		gathering->items = items;
		gathering->capacity = capacity;
	}
	gathering->items[gathering->count++] = *missed;
}

static struct event_draft make_draft(const struct missed *missed)
{
	struct event_draft draft = {.kind = EVENT_DEFINE, .seq = missed->seq};

	if (missed->run) {
		draft.kind = EVENT_RUN;
		draft.run = missed->run;
		draft.time_ns =
		    missed->run->ended_ns ? missed->run->ended_ns : missed->run->created_ns;
	} else if (missed->member) {
		const struct execution *execution = missed->member->execution;

		draft.kind = EVENT_STATE;
		draft.name = execution->proc->name;
		draft.execution = execution;
		draft.membership = missed->member;
		draft.state = (enum execution_state)execution->state;
		draft.time_ns = execution->ended_ns     ? execution->ended_ns
		                : execution->started_ns ? execution->started_ns
		                                        : execution->queued_ns;
	}
	return draft;
}

static void gather_run(struct gathering *gathering, const struct run *run)
{
	const struct run_extra *run_extra = run->extra;
	uint64_t run_seq = run_extra ? run_extra->event_seq : 0;
	bool is_all = gathering->subscription->channel->run == 0;
	const struct membership *member;

	/* That a run is over is told after all that happened in it. */
	if (!run_is_active(run) && run_seq <= gathering->after)
		return;
	if (is_all || !run_is_active(run)) /* who watches it knows that it is there */
		add(gathering, &(struct missed){.seq = run_seq, .run = run});
	TAILQ_FOREACH (member, &run->members, of_run) {
		const struct exec_extra *extra = member->execution->extra;

		if (extra && extra->event_seq > gathering->after &&
		    (!is_all || execution_place(member->execution) == member))
			add(gathering, &(struct missed){.seq = extra->event_seq, .member = member});
	}
}

static void gather(struct gathering *gathering, const struct events *events)
{
	const struct core *core = events->daemon->core;
	uint64_t only = gathering->subscription->channel->run;
	const struct run *run = only ? core_find_run(core, only) : core_next_run(core, 0);

	for (; run && !gathering->is_failed; run = only ? NULL : core_next_run(core, run->id))
		gather_run(gathering, run);
	if (!only)
		add(gathering, &(struct missed){.seq = events->defined_seq});
}

static int compare_seq(const void *a, const void *b)
{
	uint64_t x = ((const struct missed *)a)->seq, y = ((const struct missed *)b)->seq;

	return x < y ? -1 : x > y;
}

void events_send_missed(
    struct events *events, const struct subscription *subscription, uint64_t after)
{
	struct gathering gathering = {.subscription = subscription, .after = after};
	struct session *session = subscription->subscriber->session;

	gather(&gathering, events);
	/* After an event that has not happened: he knows another sequence. */
	if (gathering.is_failed || after > events->seq) {
		session->is_lagging = true;
		session_touch(session);
		gathering.count = 0;
	}
	if (gathering.count > 0)
		qsort(gathering.items, gathering.count, sizeof(*gathering.items), compare_seq);
	for (size_t i = 0; i < gathering.count; i++) {
		struct event_draft draft = make_draft(&gathering.items[i]);

		if (events_is_wanted(subscription, &draft))
			events_send_draft(events, &draft, subscription);
		events_clear_draft(&draft);
	}
	free(gathering.items);
}

void events_send_joined(
    struct events *events, const struct subscription *subscription, const struct membership *member)
{
	struct event_draft draft =
	    make_draft(&(struct missed){.seq = events->seq, .member = member});

	if (member == &member->execution->first || membership_is_complete(member) ||
	    !events_is_wanted(subscription, &draft))
		return;
	events_send_draft(events, &draft, subscription);
	events_clear_draft(&draft);
}

void events_send_inputs(struct events *events, const struct subscription *subscription)
{
	uint64_t only = subscription->channel->run;
	const struct run *run = only ? core_find_run(events->daemon->core, only) : NULL;
	const struct input *input = NULL;

	while ((input = inputs_next(events->daemon, run, input))) {
		struct event_draft draft = {
		    .kind = EVENT_INPUT,
		    .name = input->execution->proc->name,
		    .execution = input->execution,
		    .membership = run ? execution_in_run(input->execution, run)
		                      : execution_place(input->execution),
		    .members = input_view_asked(input),
		};

		if (draft.membership && events_is_wanted(subscription, &draft))
			events_send_draft(events, &draft, subscription);
		events_clear_draft(&draft);
		json_decref(draft.members);
	}
}
