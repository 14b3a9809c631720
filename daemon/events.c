/*
 * Who hears of what. Subscriptions hang in channels, one for each run that somebody watches and one
 * for all runs, so an event costs those who may want it and not those who do not. One connection
 * gets each event once, however many of its subscriptions match.
 */
#include "daemon/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/events_internal.h"
#include "daemon/extra.h"
#include "daemon/inputs.h"
#include "daemon/measure.h"

static const char *const kind_names[N_EVENT_KINDS] = {"state", "run", "input", "define"};

unsigned event_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (strcmp(kind_names[i], name) == 0)
			return 1u << i;
	}
	return 0;
}

unsigned event_state_find(const char *name)
{
	for (struct execution then = {0}; then.state <= STATE_UP_TO_DATE; then.state++) {
		if (strcmp(execution_state_name(&then), name) == 0)
			return 1u << then.state;
	}
	return 0;
}

static size_t kind_index(enum event_kind kind)
{
	size_t index = 0;

	while ((1u << index) != (unsigned)kind)
		index++;
	return index;
}

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind_index(kind)];
}

struct events *events_new(struct daemon *daemon, uint64_t seq)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->daemon = daemon;
	TAILQ_INIT(&events->all.subscriptions);
	events->seq = seq;
	events->defined_seq = seq; /* nobody knows better */
	return events;
}

void events_free(struct events *events)
{
	free(events); /* subscriptions ended with their connections */
}

uint64_t events_get_seq(const struct daemon *daemon)
{
	return daemon->events->seq;
}

/* --- subscriptions --- */

static struct events *events_of(const struct session *session)
{
	return session->sessions->daemon->events;
}

static struct channel *find_channel(struct events *events, uint64_t run)
{
	struct channel *channel = NULL;

	if (run == 0)
		return &events->all;
	HASH_FIND(by_run, events->by_run, &run, sizeof(run), channel);
	return channel;
}

static struct channel *get_channel(struct events *events, uint64_t run)
{
	struct channel *channel;

	if (run == 0)
		return &events->all;
	channel = find_channel(events, run);
	if (channel)
		return channel;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return NULL;
	channel->run = run;
	TAILQ_INIT(&channel->subscriptions);
	HASH_ADD(by_run, events->by_run, run, sizeof(channel->run), channel);
	return channel;
}

static struct subscriber *get_subscriber(struct session *session)
{
	if (!session->subscriber) {
		session->subscriber = calloc(1, sizeof(*session->subscriber));
		if (!session->subscriber)
			return NULL;
		session->subscriber->session = session;
		LIST_INIT(&session->subscriber->subscriptions);
	}
	return session->subscriber;
}

/* Counts it for what it wants to hear of. */
static void count_wanting(struct subscription *subscription, int difference)
{
	for (size_t i = 0; i < N_EVENT_KINDS; i++)
		if (subscription->kinds & (1u << i))
			subscription->channel->n_wanting[i] += (size_t)difference;
}

static void drop_channel_if_empty(struct events *events, struct channel *channel)
{
	if (channel == &events->all || !TAILQ_EMPTY(&channel->subscriptions))
		return;
	HASH_DELETE(by_run, events->by_run, channel);
	free(channel);
}

static void free_subscription(struct events *events, struct subscription *subscription)
{
	count_wanting(subscription, -1);
	TAILQ_REMOVE(&subscription->channel->subscriptions, subscription, of_channel);
	LIST_REMOVE(subscription, of_subscriber);
	drop_channel_if_empty(events, subscription->channel);
	events->bytes -= subscription->bytes;
	json_decref(subscription->names);
	free(subscription);
	events->n_subscriptions--;
}

/* A set of the names in an array. NULL for none of them; *error is set where memory runs out. */
static json_t *make_name_set(const json_t *names, bool *error)
{
	size_t index;
	json_t *name, *set;

	if (!names || json_array_size(names) == 0)
		return NULL;
	set = json_object();
	json_array_foreach ((json_t *)names, index, name) {
		if (json_is_string(name) &&
		    json_object_set_new(set, json_string_value(name), json_true()) < 0)
			*error = true;
	}
	if (!set)
		*error = true;
	return set;
}

static struct subscription *add_subscription(
    struct session *session, const struct event_filter *filter, uint32_t watch)
{
	struct events *events = events_of(session);
	struct subscriber *subscriber = get_subscriber(session);
	struct subscription *subscription = calloc(1, sizeof(*subscription));
	bool is_failed = false;
	json_t *names = make_name_set(filter->names, &is_failed);
	struct channel *channel = get_channel(events, filter->run);
	size_t bytes = measure_json(names);
	bool is_over = bytes > 0 && events->bytes + bytes > EVENTS_NAMES_MAX_BYTES;

	if (!subscriber || !subscription || !channel || is_failed || is_over) {
		if (channel)
			drop_channel_if_empty(events, channel);
		json_decref(names);
		free(subscription);
		errno = is_over ? ENOSPC : ENOMEM;
		return NULL;
	}
	events->bytes += bytes;
	subscription->bytes = bytes;
	subscription->subscriber = subscriber;
	subscription->channel = channel;
	subscription->watch = watch;
	subscription->kinds = filter->kinds ? filter->kinds : EVENT_ALL;
	subscription->states = filter->states;
	subscription->is_brief = filter->is_brief;
	subscription->names = names;
	TAILQ_INSERT_TAIL(&channel->subscriptions, subscription, of_channel);
	count_wanting(subscription, 1);
	LIST_INSERT_HEAD(&subscriber->subscriptions, subscription, of_subscriber);
	events->n_subscriptions++;
	return subscription;
}

/* The session's subscription of that number, or NULL. */
static struct subscription *find_subscription(const struct session *session, uint32_t watch)
{
	struct subscription *subscription;

	if (!session->subscriber)
		return NULL;
	LIST_FOREACH (subscription, &session->subscriber->subscriptions, of_subscriber) {
		if (subscription->watch == watch)
			return subscription;
	}
	return NULL;
}

static void end_subscription(struct session *session, uint32_t watch)
{
	struct subscription *subscription = find_subscription(session, watch);

	if (subscription)
		free_subscription(events_of(session), subscription);
}

int events_subscribe(struct session *session, const struct event_filter *filter)
{
	struct subscription *added = filter ? add_subscription(session, filter, UINT32_MAX) : NULL;

	if (filter && !added)
		return -1;
	end_subscription(session, 0);
	if (added)
		added->watch = 0;
	return 0;
}

/* Who fell behind hears of that before the answer, as there is nothing to wait for after it. */
void events_unwatch(struct session *session, uint32_t watch)
{
	if (!session || !watch)
		return;
	if (session->is_lagging && !session->is_ending)
		events_catch_up(session);
	end_subscription(session, watch);
}

void events_drop_session(struct session *session)
{
	struct subscription *subscription;

	if (!session->subscriber)
		return;
	while ((subscription = LIST_FIRST(&session->subscriber->subscriptions)))
		free_subscription(events_of(session), subscription);
	free(session->subscriber);
	session->subscriber = NULL;
}

/* --- sending --- */

static void send_to_channel(
    struct events *events, struct event_draft *draft, struct channel *channel)
{
	struct subscription *subscription;

	if (!channel || channel->n_wanting[kind_index(draft->kind)] == 0)
		return;
	TAILQ_FOREACH (subscription, &channel->subscriptions, of_channel) {
		struct subscriber *subscriber = subscription->subscriber;

		if (subscriber->last_seq == events->seq || !events_is_wanted(subscription, draft))
			continue;
		subscriber->last_seq = events->seq;
		events_send_draft(events, draft, subscription);
	}
}

/* Counts an event. False: nobody could want it. */
static bool count_event(struct events *events)
{
	events->seq++;
	scheduler_wake(events->daemon); /* the number is stored */
	return events->n_subscriptions > 0;
}

/* Notes which was the newest event of an execution, for those who come back. */
static void note_state(struct daemon *daemon, const struct execution *execution)
{
	/* The same one that others change; only the core's part of it is not ours. */
	struct exec_extra *extra =
	    exec_extra_get((struct execution *)execution, daemon->logs_directory);

	if (extra)
		extra->event_seq = daemon->events->seq;
}

static void note_run(struct daemon *daemon, const struct run *run)
{
	struct run_extra *extra = run_extra_get((struct run *)run);

	if (extra)
		extra->event_seq = daemon->events->seq;
}

/* --- publishing --- */

uint32_t events_watch_run(struct session *session, const struct event_filter *of_run, int64_t after)
{
	struct event_filter filter = {.run = of_run->run,
	    .kinds = EVENT_STATE | EVENT_RUN | EVENT_INPUT,
	    .states = of_run->states,
	    .is_brief = of_run->is_brief};
	struct events *events = events_of(session);
	struct event_draft draft = {
	    .kind = EVENT_RUN, .run = core_find_run(events->daemon->core, filter.run)};
	struct subscription *subscription;

	if (++events->last_watch >= UINT32_MAX - 1)
		events->last_watch = 1;
	subscription = add_subscription(session, &filter, events->last_watch);
	if (!subscription)
		return 0;
	if (after >= 0)
		events_send_missed(events, subscription, (uint64_t)after);
	if (draft.run) { /* no events of the sequence: they tell how things stand at events->seq */
		events_send_draft(events, &draft, subscription);
		events_send_inputs(events, subscription);
	}
	events_clear_draft(&draft);
	return subscription->watch;
}

void events_tell_joined(
    struct session *session, uint32_t watch, struct membership *const *members, size_t n_members)
{
	struct subscription *subscription = watch ? find_subscription(session, watch) : NULL;

	for (size_t i = 0; subscription && i < n_members; i++)
		events_send_joined(events_of(session), subscription, members[i]);
}

void events_tell_missed(struct session *session, uint64_t after)
{
	struct subscription *subscription = find_subscription(session, 0);

	if (!subscription)
		return;
	events_send_missed(events_of(session), subscription, after);
	events_send_inputs(events_of(session), subscription);
}

/* Sends an event of an execution to who watches any of the runs that it is in, as it is there. */
static void send_of_execution(struct events *events, struct event_draft *draft)
{
	const struct membership *member = &draft->execution->first;
	const struct membership *place = execution_place(draft->execution);

	for (; member; member = member->next_of_execution) {
		if (!member->run || (member->override && member != place))
			continue; /* what happens from then on does not count there */
		draft->membership = member;
		if (member == place)
			send_to_channel(events, draft, &events->all);
		send_to_channel(events, draft, find_channel(events, member->run->id));
		events_clear_draft(draft);
	}
}

/* The same only as it is in one run. */
static void send_in_run(struct events *events, struct event_draft *draft, const struct run *run)
{
	draft->membership = execution_in_run(draft->execution, run);
	if (!draft->membership)
		return;
	send_to_channel(events, draft, &events->all);
	send_to_channel(events, draft, find_channel(events, run->id));
	events_clear_draft(draft);
}

void events_publish_state(struct daemon *daemon, const struct execution *execution,
    const struct run *run, enum execution_state state)
{
	struct events *events = daemon->events;
	struct event_draft draft = {.kind = EVENT_STATE,
	    .name = execution->proc->name,
	    .execution = execution,
	    .state = state};
	bool is_wanted = count_event(events);

	note_state(daemon, execution);
	if (!is_wanted)
		return;
	if (run)
		send_in_run(events, &draft, run);
	else
		send_of_execution(events, &draft);
}

void events_publish_run(struct daemon *daemon, const struct run *run)
{
	struct events *events = daemon->events;
	struct event_draft draft = {.kind = EVENT_RUN, .run = run};
	bool is_wanted = count_event(events);

	note_run(daemon, run);
	if (!is_wanted)
		return;
	send_to_channel(events, &draft, &events->all);
	if (!run_is_active(run)) /* who watches it knows that it is there */
		send_to_channel(events, &draft, find_channel(events, run->id));
	events_clear_draft(&draft);
}

void events_publish_forgotten(struct daemon *daemon, const struct run *run)
{
	struct events *events = daemon->events;
	struct event_draft draft = {.kind = EVENT_RUN};

	if (!count_event(events))
		return;
	draft.members = json_pack("{s:I, s:s}", "run", (json_int_t)run->id, "state", "forgotten");
	send_to_channel(events, &draft, &events->all);
	send_to_channel(events, &draft, find_channel(events, run->id));
	events_clear_draft(&draft);
	json_decref(draft.members);
}

void events_publish_defined(struct daemon *daemon)
{
	struct events *events = daemon->events;
	struct event_draft draft = {.kind = EVENT_DEFINE};
	bool is_wanted = count_event(events);

	events->defined_seq = events->seq;
	if (!is_wanted)
		return;
	send_to_channel(events, &draft, &events->all);
	events_clear_draft(&draft);
}

void events_publish_input(struct daemon *daemon, const struct execution *execution,
    const struct run *run, json_t *members)
{
	struct events *events = daemon->events;
	struct event_draft draft = {.kind = EVENT_INPUT,
	    .name = execution->proc->name,
	    .execution = execution,
	    .members = members};

	if (count_event(events)) {
		if (run)
			send_in_run(events, &draft, run);
		else
			send_of_execution(events, &draft);
	}
	json_decref(members);
}

static bool has_input_listener(const struct channel *channel, const char *name)
{
	const struct event_draft draft = {.kind = EVENT_INPUT, .name = name};
	struct subscription *subscription;

	if (!channel)
		return false;
	TAILQ_FOREACH (subscription, &channel->subscriptions, of_channel) {
		if (events_is_wanted(subscription, &draft))
			return true;
	}
	return false;
}

bool events_have_watcher(struct daemon *daemon, const struct execution *execution)
{
	struct events *events = daemon->events;
	const struct membership *member = &execution->first;

	if (has_input_listener(&events->all, execution->proc->name))
		return true;
	for (; member; member = member->next_of_execution) {
		if (member->run && has_input_listener(find_channel(events, member->run->id),
		                       execution->proc->name))
			return true;
	}
	return false;
}

/* An event of a kind that goes to one subscriber, whatever he asked for. */
static void send_notice(struct session *session, const char *kind)
{
	struct json_text text = {0};
	size_t length;
	char *line;

	event_line_begin(&text, events_of(session)->seq, scheduler_now_ns(), kind);
	line = event_line_finish(&text, &length);
	if (line) {
		session->is_lagging = false;
		session_queue(session, line, length);
	}
	free(line);
}

void events_catch_up(struct session *session)
{
	send_notice(session, "resync");
}

void events_tell_end(struct daemon *daemon)
{
	struct session *session;

	if (!daemon->sessions)
		return;
	TAILQ_FOREACH (session, &daemon->sessions->live, of_sessions) {
		if (session->subscriber && !LIST_EMPTY(&session->subscriber->subscriptions))
			send_notice(session, "end");
	}
}
