/*
 * The scheduler's end of the pipe to the supervisor, over libevent. What is asked for within one
 * pass goes out by one system call at its end. Must not know what an execution is.
 */
#include "daemon/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/supervisor/clock.h"
#include "daemon/supervisor/inject.h"
#include "daemon/supervisor/link.h"

/* More than that is not queued; signals and acknowledgements always are, they are small. */
#define QUEUE_MAX_BYTES (64u << 20)

#define FLUSH_TIMEOUT_NS CLOCK_SECOND

struct workers {
	struct link link;
	struct workers_events events;
	struct event *readable;
	struct event *writable;
	bool is_held;      /* see workers_hold() */
	bool is_exit_told; /* of what was read last, at least one */
	bool is_lost;
};

static void lose(struct workers *workers, int error)
{
	if (workers->is_lost)
		return;
	workers->is_lost = true;
	log_error("supervisor lost error=%s", error != 0 ? strerror(error) : "it has ended");
	event_del(workers->readable);
	event_del(workers->writable);
	workers->events.lost(workers->events.arg);
}

static void report_exit(struct workers *workers, const struct wire_message *message)
{
	const struct wire_exit *exit = &message->exit;
	bool is_started = exit->spawn_error.stage == SPAWN_DONE;
	struct worker_exit report = {.key = message->key,
	    .wait_status = exit->wait_status,
	    .spawn_errno = is_started ? 0 : exit->spawn_error.error,
	    .spawn_stage = is_started ? NULL : spawn_stage_name(exit->spawn_error.stage),
	    .has_leftovers = exit->has_leftovers,
	    .is_relied_on = exit->is_relied_on,
	    .pid = exit->pid,
	    .usage = exit->usage,
	    .started_ns = exit->started_ns,
	    .ended_ns = exit->ended_ns,
	    .is_with_previous = workers->is_exit_told,
	    .next = exit->next,
	    .next_ns = exit->next_ns};

	workers->is_exit_told = true;
	workers->events.exited(workers->events.arg, &report);
}

/* 0, or -1 with errno: the supervisor is none that this scheduler can work with. */
static int handle(struct workers *workers, const struct wire_message *message)
{
	const struct workers_events *events = &workers->events;

	switch (message->kind) {
	case WIRE_HELLO:
		if (message->version == WIRE_VERSION)
			return 0;
		break;
	case WIRE_HELD:
		if (events->held != NULL)
			events->held(events->arg, message->env);
		return 0;
	case WIRE_STARTED:
		events->started(
		    events->arg, message->key, message->started.pid, message->started.started_ns);
		return 0;
	case WIRE_EXIT:
		report_exit(workers, message);
		return 0;
	case WIRE_READY:
		events->ready(events->arg);
		return 0;
	case WIRE_NO_TOKEN:
		if (events->refused != NULL)
			events->refused(events->arg, message->key);
		return 0;
	case WIRE_RETURNED:
		if (events->returned != NULL)
			events->returned(events->arg, message->key);
		return 0;
	case WIRE_TOKEN:
		if (events->token != NULL)
			events->token(events->arg);
		return 0;
	case WIRE_TOKENS_SET:
		if (events->tokens_set != NULL)
			events->tokens_set(events->arg);
		return 0;
	default:
		break;
	}
	errno = EPROTO;
	return -1;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct workers *workers = arg;
	struct wire_message message;
	int result = link_receive(&workers->link);

	(void)fd;
	(void)what;
	if (result == -1) {
		lose(workers, errno);
		return;
	}
	workers->is_exit_told = false;
	while ((result = link_take(&workers->link, &message)) == 1) {
		result = handle(workers, &message);
		if (result == -1)
			break;
	}
	if (result == -1)
		lose(workers, errno);
}

void workers_send(struct workers *workers)
{
	if (workers->is_lost || workers->is_held || link_pending_bytes(&workers->link) == 0)
		return;
	/* That the peer is gone is for on_readable to find, after what it still said. */
	if (link_flush(&workers->link) != 0 && errno != EPIPE && errno != ECONNRESET)
		lose(workers, errno);
	else if (link_pending_bytes(&workers->link) > 0)
		event_add(workers->writable, NULL);
	inject_death("sent");
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	workers_send(arg);
}

struct workers *workers_new(struct event_base *base, int fd, const struct workers_events *events)
{
	struct workers *workers = calloc(1, sizeof(*workers));
	int flags = fcntl(fd, F_GETFL);

	if (workers == NULL)
		return NULL;
	workers->link.fd = -1;
	workers->events = *events;
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		goto fail;
	workers->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, workers);
	workers->writable = event_new(base, fd, EV_WRITE, on_writable, workers);
	if (workers->readable == NULL || workers->writable == NULL ||
	    event_add(workers->readable, NULL) != 0) {
		errno = ENOMEM;
		goto fail;
	}
	link_open(&workers->link, fd);
	return workers;
fail:
	workers_free(workers);
	return NULL;
}

void workers_free(struct workers *workers)
{
	int saved = errno;

	if (workers == NULL)
		return;
	if (workers->readable != NULL)
		event_free(workers->readable);
	if (workers->writable != NULL)
		event_free(workers->writable);
	link_close(&workers->link);
	free(workers);
	errno = saved;
}

static int put(struct workers *workers, const struct wire_message *message, const int *terminal)
{
	if (workers->is_lost) {
		errno = EPIPE;
		return -1;
	}
	if (terminal != NULL)
		return link_put_with_fds(&workers->link, message, terminal);
	return link_put(&workers->link, message);
}

/* For what may be large. */
static int put_limited(
    struct workers *workers, const struct wire_message *message, const int *terminal)
{
	if (link_pending_bytes(&workers->link) > QUEUE_MAX_BYTES) {
		errno = ENOBUFS;
		return -1;
	}
	return put(workers, message, terminal);
}

void workers_hold(struct workers *workers, bool is_held)
{
	workers->is_held = is_held;
}

int workers_send_environment(struct workers *workers, uint32_t env, const char *const *variables)
{
	struct wire_message message = {.kind = WIRE_ENV, .env = env, .variables = variables};

	return put_limited(workers, &message, NULL);
}

int workers_drop_environment(struct workers *workers, uint32_t env)
{
	struct wire_message message = {.kind = WIRE_DROP_ENV, .env = env};

	return put(workers, &message, NULL);
}

int workers_spawn(struct workers *workers, const struct worker_spawn *spawn)
{
	struct wire_message message = {.kind = WIRE_SPAWN,
	    .key = spawn->key,
	    .spawn = {.env = spawn->env,
	        .is_terminal = spawn->terminal != NULL,
	        .jobserver = spawn->jobserver,
	        .slot = spawn->slot,
	        .standby = spawn->standby,
	        .n_after = spawn->n_after,
	        .cwd = spawn->cwd,
	        .log = spawn->log,
	        .output = spawn->output,
	        .argv = spawn->argv,
	        .extra_env = spawn->extra_env}};

	for (uint32_t i = 0; i < spawn->n_after; i++)
		message.spawn.after[i] = spawn->after[i];
	return put_limited(workers, &message, spawn->terminal);
}

int workers_signal(struct workers *workers, struct worker_key key, int signal)
{
	struct wire_message message = {.kind = WIRE_SIGNAL, .key = key, .signal = signal};

	return put(workers, &message, NULL);
}

int workers_recall(struct workers *workers, struct worker_key key)
{
	struct wire_message message = {.kind = WIRE_RECALL, .key = key};

	return put(workers, &message, NULL);
}

int workers_set_tokens(struct workers *workers, uint32_t limit, const char *path)
{
	struct wire_message message = {
	    .kind = WIRE_SET_TOKENS, .tokens = {.limit = limit, .path = path}};

	return put(workers, &message, NULL);
}

int workers_want_token(struct workers *workers, bool is_wanted)
{
	struct wire_message message = {.kind = WIRE_WANT_TOKEN, .is_on = is_wanted};

	return put(workers, &message, NULL);
}

int workers_lend_token(struct workers *workers, struct worker_key key, bool is_lent)
{
	struct wire_message message = {.kind = WIRE_LEND_TOKEN, .key = key, .is_on = is_lent};

	return put(workers, &message, NULL);
}

int workers_set_slots(struct workers *workers, uint32_t limit)
{
	struct wire_message message = {.kind = WIRE_SET_SLOTS, .limit = limit};

	return put(workers, &message, NULL);
}

int workers_lend_slot(struct workers *workers, struct worker_key key, bool is_lent)
{
	struct wire_message message = {.kind = WIRE_LEND_SLOT, .key = key, .is_on = is_lent};

	return put(workers, &message, NULL);
}

int workers_acknowledge(struct workers *workers, struct worker_key key)
{
	struct wire_message message = {.kind = WIRE_ACK, .key = key};

	return put(workers, &message, NULL);
}

int workers_send_farewell(struct workers *workers)
{
	struct wire_message message = {.kind = WIRE_FAREWELL};

	return put(workers, &message, NULL);
}

void workers_flush(struct workers *workers)
{
	int64_t deadline_ns = clock_monotonic_ns() + FLUSH_TIMEOUT_NS;
	struct pollfd pollfd = {.fd = workers->link.fd, .events = POLLOUT};

	while (!workers->is_lost && link_flush(&workers->link) == 0 &&
	       link_pending_bytes(&workers->link) > 0) {
		int64_t left_ns = deadline_ns - clock_monotonic_ns();
		struct timespec timeout = {
		    .tv_sec = left_ns / CLOCK_SECOND, .tv_nsec = left_ns % CLOCK_SECOND};

		if (left_ns <= 0 || (ppoll(&pollfd, 1, &timeout, NULL) == -1 && errno != EINTR))
			return;
	}
}
