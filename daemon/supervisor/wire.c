/*
 * The messages between supervisor and scheduler as bytes. A message is a header with its whole
 * size and kind, a fixed part, and strings, each ended by a NUL. Must know neither sockets nor
 * processes: the tests and the fuzzer feed it arrays.
 */
#include "daemon/supervisor/wire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Kept when a buffer runs empty; what a burst of large messages took is given back. */
#define BUFFER_KEPT_BYTES (64u << 10)
#define BUFFER_FIRST_BYTES (4u << 10)

/* The fixed parts have no holes, so that no stale memory is sent. */
struct header {
	uint32_t size; /* of the message with this header */
	uint32_t kind;
};

struct fixed_key {
	uint64_t exec;
	uint32_t attempt;
	uint32_t number; /* signal of SIGNAL; of LEND_TOKEN, LEND_SLOT: whether */
};

struct fixed_number {
	uint32_t number;
	uint32_t n_strings;
};

struct fixed_spawn {
	struct fixed_key key;
	uint32_t env;
	uint32_t is_terminal;
	uint32_t n_argv;
	uint32_t n_extra_env;
	uint32_t jobserver;
	uint32_t slot;
	uint32_t standby;
	uint32_t n_after; /* keys with a string each come first */
};

struct fixed_started {
	struct fixed_key key;
	int64_t pid;
	int64_t started_ns;
};

struct fixed_exit {
	struct fixed_key key;
	int32_t pid;
	int32_t wait_status;
	uint32_t stage;
	int32_t error;
	uint16_t has_leftovers;
	uint16_t is_relied_on;
	uint32_t next_attempt;
	uint64_t next_exec;
	int64_t next_ns;
	int64_t started_ns;
	int64_t ended_ns;
	struct rusage usage;
};

_Static_assert(sizeof(struct fixed_spawn) == 48, "no holes");
_Static_assert(sizeof(struct fixed_exit) == 72 + sizeof(struct rusage), "no holes");

/* --- buffers --- */

void wire_buffer_clear(struct wire_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct wire_buffer){0};
}

uint8_t *wire_buffer_reserve(struct wire_buffer *buffer, size_t size)
{
	size_t used = buffer->end - buffer->start;
	size_t capacity;
	uint8_t *data;

	if (buffer->data != NULL && buffer->capacity - buffer->end >= size)
		return buffer->data + buffer->end;
	if (buffer->data != NULL && buffer->capacity - used >= size) {
		memmove(buffer->data, buffer->data + buffer->start, used);
		buffer->start = 0;
		buffer->end = used;
		return buffer->data + used;
	}
	capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST_BYTES;
	while (capacity - used < size)
		capacity *= 2;
	data = malloc(capacity);
	if (data == NULL)
		return NULL;
	if (buffer->data != NULL)
		memcpy(data, buffer->data + buffer->start, used);
	free(buffer->data);
	*buffer = (struct wire_buffer){.data = data, .end = used, .capacity = capacity};
	return data + used;
}

void wire_buffer_consume(struct wire_buffer *buffer, size_t size)
{
	buffer->start += size;
	if (buffer->start < buffer->end)
		return;
	if (buffer->capacity > BUFFER_KEPT_BYTES)
		wire_buffer_clear(buffer);
	else
		buffer->start = buffer->end = 0;
}

void wire_strings_clear(struct wire_strings *strings)
{
	free(strings->items);
	*strings = (struct wire_strings){0};
}

/* --- sending --- */

static struct fixed_key key_pack(struct worker_key key, uint32_t number)
{
	return (struct fixed_key){.exec = key.exec, .attempt = key.attempt, .number = number};
}

/* Bytes of the strings of list, which are counted in *n. */
static size_t list_measure(const char *const *list, uint32_t *n)
{
	size_t size = 0;

	*n = 0;
	for (; list != NULL && list[*n] != NULL && size <= WIRE_MAX_MESSAGE_BYTES; (*n)++)
		size += strlen(list[*n]) + 1;
	return size;
}

static uint8_t *string_append(uint8_t *at, const char *string)
{
	return (uint8_t *)stpcpy((char *)at, string) + 1;
}

static uint8_t *list_append(uint8_t *at, const char *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		at = string_append(at, list[i]);
	return at;
}

/* Appends header and fixed part; answers where size_strings bytes of strings go. NULL: errno. */
static uint8_t *message_begin(struct wire_buffer *buffer, enum wire_kind kind, const void *fixed,
    size_t size_fixed, size_t size_strings)
{
	size_t size = sizeof(struct header) + size_fixed + size_strings;
	struct header header = {.size = (uint32_t)size, .kind = kind};
	uint8_t *at;

	if (size_strings > WIRE_MAX_MESSAGE_BYTES || size > WIRE_MAX_MESSAGE_BYTES) {
		errno = E2BIG;
		return NULL;
	}
	at = wire_buffer_reserve(buffer, size);
	if (at == NULL)
		return NULL;
	memcpy(at, &header, sizeof(header));
	if (size_fixed > 0)
		memcpy(at + sizeof(header), fixed, size_fixed);
	buffer->end += size;
	return at + sizeof(header) + size_fixed;
}

static uint8_t *after_append(uint8_t *at, const struct wire_after *after)
{
	struct fixed_key key = key_pack(after->key, 0);

	memcpy(at, &key, sizeof(key));
	return string_append(at + sizeof(key), after->absent);
}

static int put_spawn(struct wire_buffer *buffer, const struct wire_message *message)
{
	const struct wire_spawn *spawn = &message->spawn;
	const char *output = spawn->output != NULL ? spawn->output : "";
	struct fixed_spawn fixed = {.key = key_pack(message->key, 0),
	    .env = spawn->env,
	    .is_terminal = spawn->is_terminal,
	    .jobserver = spawn->jobserver,
	    .slot = spawn->slot,
	    .standby = spawn->standby,
	    .n_after = spawn->n_after};
	size_t size = strlen(spawn->cwd) + strlen(spawn->log) + strlen(output) + 3;
	uint8_t *at;

	for (uint32_t i = 0; i < spawn->n_after; i++)
		size += sizeof(struct fixed_key) + strlen(spawn->after[i].absent) + 1;
	size += list_measure(spawn->argv, &fixed.n_argv);
	size += list_measure(spawn->extra_env, &fixed.n_extra_env);
	at = message_begin(buffer, WIRE_SPAWN, &fixed, sizeof(fixed), size);
	if (at == NULL)
		return -1;
	for (uint32_t i = 0; i < spawn->n_after; i++)
		at = after_append(at, &spawn->after[i]);
	at = string_append(at, spawn->cwd);
	at = string_append(at, spawn->log);
	at = string_append(at, output);
	at = list_append(at, spawn->argv, fixed.n_argv);
	list_append(at, spawn->extra_env, fixed.n_extra_env);
	return 0;
}

static int put_env(struct wire_buffer *buffer, const struct wire_message *message)
{
	struct fixed_number fixed = {.number = message->env};
	size_t size = list_measure(message->variables, &fixed.n_strings);
	uint8_t *at = message_begin(buffer, WIRE_ENV, &fixed, sizeof(fixed), size);

	if (at == NULL)
		return -1;
	list_append(at, message->variables, fixed.n_strings);
	return 0;
}

static int put_exit(struct wire_buffer *buffer, const struct wire_message *message)
{
	const struct wire_exit *exit = &message->exit;
	struct fixed_exit fixed = {.key = key_pack(message->key, 0),
	    .pid = exit->pid,
	    .wait_status = exit->wait_status,
	    .stage = exit->spawn_error.stage,
	    .error = exit->spawn_error.error,
	    .has_leftovers = exit->has_leftovers,
	    .is_relied_on = exit->is_relied_on,
	    .next_attempt = exit->next.attempt,
	    .next_exec = exit->next.exec,
	    .next_ns = exit->next_ns,
	    .started_ns = exit->started_ns,
	    .ended_ns = exit->ended_ns,
	    .usage = exit->usage};

	return message_begin(buffer, WIRE_EXIT, &fixed, sizeof(fixed), 0) != NULL ? 0 : -1;
}

static int put_tokens(struct wire_buffer *buffer, const struct wire_message *message)
{
	const struct wire_tokens *tokens = &message->tokens;
	struct fixed_number fixed = {.number = tokens->limit, .n_strings = 1};
	uint8_t *at =
	    message_begin(buffer, WIRE_SET_TOKENS, &fixed, sizeof(fixed), strlen(tokens->path) + 1);

	if (at == NULL)
		return -1;
	string_append(at, tokens->path);
	return 0;
}

int wire_put(struct wire_buffer *buffer, const struct wire_message *message)
{
	struct fixed_key key = key_pack(message->key, 0);
	struct fixed_number number = {0};
	struct fixed_started started;
	const void *fixed = &number;
	size_t size = sizeof(number);

	switch (message->kind) {
	case WIRE_SPAWN:
		return put_spawn(buffer, message);
	case WIRE_EXIT:
		return put_exit(buffer, message);
	case WIRE_ENV:
		return put_env(buffer, message);
	case WIRE_SET_TOKENS:
		return put_tokens(buffer, message);
	case WIRE_STARTED:
		started = (struct fixed_started){.key = key,
		    .pid = message->started.pid,
		    .started_ns = message->started.started_ns};
		fixed = &started;
		size = sizeof(started);
		break;
	case WIRE_SIGNAL:
	case WIRE_LEND_SLOT:
	case WIRE_LEND_TOKEN:
		key.number =
		    message->kind == WIRE_SIGNAL ? (uint32_t)message->signal : message->is_on;
		/* fallthrough */
	case WIRE_ACK:
	case WIRE_NO_TOKEN:
	case WIRE_RECALL:
	case WIRE_RETURNED:
		fixed = &key;
		size = sizeof(key);
		break;
	case WIRE_HELLO:
		number.number = message->version;
		break;
	case WIRE_HELD:
	case WIRE_DROP_ENV:
		number.number = message->env;
		break;
	case WIRE_WANT_TOKEN:
		number.number = message->is_on;
		break;
	case WIRE_SET_SLOTS:
		number.number = message->limit;
		break;
	case WIRE_READY:
	case WIRE_TOKEN:
	case WIRE_TOKENS_SET:
	case WIRE_FAREWELL:
		break;
	}
	return message_begin(buffer, message->kind, fixed, size, 0) != NULL ? 0 : -1;
}

/* --- receiving --- */

/* What of a message has not been looked at yet. */
struct cursor {
	const uint8_t *at, *end;
};

static size_t cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int take_fixed(struct cursor *cursor, void *fixed, size_t size)
{
	if (cursor_left(cursor) < size)
		return fail(EPROTO);
	memcpy(fixed, cursor->at, size);
	cursor->at += size;
	return 0;
}

static const char *take_string(struct cursor *cursor)
{
	const char *string = (const char *)cursor->at;
	const uint8_t *nul = memchr(cursor->at, 0, cursor_left(cursor));

	if (nul == NULL)
		return NULL;
	cursor->at = nul + 1;
	return string;
}

/* Two lists of n and m strings, one behind the other, each ended by NULL. */
static int take_lists(struct cursor *cursor, struct wire_strings *strings, size_t n, size_t m)
{
	size_t needed = n + m + 2;
	const char **items = strings->items;

	/* Each string has a byte at least: no count makes more memory be taken than was sent. */
	if (n > cursor_left(cursor) || m > cursor_left(cursor) - n)
		return fail(EPROTO);
	if (needed > strings->capacity) {
		items = reallocarray(items, needed, sizeof(*items));
		if (items == NULL)
			return -1;
		strings->items = items;
		strings->capacity = needed;
	}
	for (size_t i = 0; i < n + m; i++) {
		const char *string = take_string(cursor);

		if (string == NULL)
			return fail(EPROTO);
		items[i < n ? i : i + 1] = string;
	}
	items[n] = items[n + m + 1] = NULL;
	return 0;
}

static int take_key(struct cursor *cursor, struct wire_message *message, uint32_t *number)
{
	struct fixed_key fixed;

	if (take_fixed(cursor, &fixed, sizeof(fixed)) != 0)
		return -1;
	message->key = (struct worker_key){.exec = fixed.exec, .attempt = fixed.attempt};
	*number = fixed.number;
	return 0;
}

static int take_after(struct cursor *cursor, struct wire_after *after)
{
	struct fixed_key key;

	if (take_fixed(cursor, &key, sizeof(key)) != 0)
		return -1;
	after->key = (struct worker_key){.exec = key.exec, .attempt = key.attempt};
	after->absent = take_string(cursor);
	return after->absent != NULL && after->absent[0] == '/' ? 0 : fail(EPROTO);
}

static int take_spawn(
    struct cursor *cursor, struct wire_strings *strings, struct wire_message *message)
{
	struct wire_spawn *spawn = &message->spawn;
	struct fixed_spawn fixed;

	if (take_fixed(cursor, &fixed, sizeof(fixed)) != 0)
		return -1;
	if (fixed.n_argv == 0 || fixed.is_terminal > 1 || fixed.jobserver >= N_JOBSERVER_STYLES ||
	    fixed.slot >= N_WIRE_SLOTS)
		return fail(EPROTO);
	/* What stands by is plain: it needs nothing that may be gone when it is started. */
	if (fixed.standby > 0 && (fixed.is_terminal || fixed.jobserver != JOBSERVER_NONE))
		return fail(EPROTO);
	if (fixed.n_after > (fixed.standby > 0 ? WIRE_AFTER_MAX : 0))
		return fail(EPROTO);
	message->key = (struct worker_key){.exec = fixed.key.exec, .attempt = fixed.key.attempt};
	*spawn = (struct wire_spawn){.env = fixed.env,
	    .is_terminal = fixed.is_terminal,
	    .jobserver = (enum jobserver_style)fixed.jobserver,
	    .slot = (enum wire_slot)fixed.slot,
	    .standby = fixed.standby,
	    .n_after = fixed.n_after};
	for (uint32_t i = 0; i < spawn->n_after; i++)
		if (take_after(cursor, &spawn->after[i]) != 0)
			return -1;
	spawn->cwd = take_string(cursor);
	spawn->log = spawn->cwd != NULL ? take_string(cursor) : NULL;
	spawn->output = spawn->log != NULL ? take_string(cursor) : NULL;
	if (spawn->output == NULL || spawn->cwd[0] != '/' || spawn->log[0] != '/')
		return fail(EPROTO);
	if (spawn->output[0] == '\0')
		spawn->output = NULL;
	else if (spawn->output[0] != '/')
		return fail(EPROTO);
	if (take_lists(cursor, strings, fixed.n_argv, fixed.n_extra_env) != 0)
		return -1;
	spawn->argv = strings->items;
	spawn->extra_env = strings->items + fixed.n_argv + 1;
	return 0;
}

static int take_number(
    struct cursor *cursor, struct wire_strings *strings, struct wire_message *message)
{
	struct fixed_number fixed;

	if (take_fixed(cursor, &fixed, sizeof(fixed)) != 0)
		return -1;
	if (message->kind == WIRE_HELLO)
		message->version = fixed.number;
	else if (message->kind == WIRE_SET_SLOTS)
		message->limit = fixed.number;
	else if (message->kind == WIRE_WANT_TOKEN)
		message->is_on = fixed.number != 0;
	else
		message->env = fixed.number;
	if (message->kind == WIRE_WANT_TOKEN && fixed.number > 1)
		return fail(EPROTO);
	if (message->kind != WIRE_ENV)
		return fixed.n_strings == 0 ? 0 : fail(EPROTO);
	if (take_lists(cursor, strings, fixed.n_strings, 0) != 0)
		return -1;
	message->variables = strings->items;
	return 0;
}

static int take_tokens(struct cursor *cursor, struct wire_message *message)
{
	struct fixed_number fixed;

	if (take_fixed(cursor, &fixed, sizeof(fixed)) != 0)
		return -1;
	message->tokens.limit = fixed.number;
	message->tokens.path = take_string(cursor);
	if (fixed.n_strings != 1 || message->tokens.path == NULL || message->tokens.path[0] != '/')
		return fail(EPROTO);
	return 0;
}

static int take_started(struct cursor *cursor, struct wire_message *message)
{
	struct fixed_started fixed;

	if (take_fixed(cursor, &fixed, sizeof(fixed)) != 0)
		return -1;
	if (fixed.pid <= 0 || fixed.pid > INT32_MAX)
		return fail(EPROTO);
	message->key = (struct worker_key){.exec = fixed.key.exec, .attempt = fixed.key.attempt};
	message->started.pid = (pid_t)fixed.pid;
	message->started.started_ns = fixed.started_ns;
	return 0;
}

static int take_exit(struct cursor *cursor, struct wire_message *message)
{
	struct fixed_exit fixed;

	if (take_fixed(cursor, &fixed, sizeof(fixed)) != 0)
		return -1;
	if (fixed.stage >= N_SPAWN_STAGES || fixed.has_leftovers > 1 || fixed.pid < 0 ||
	    fixed.is_relied_on > 1 || (fixed.stage == SPAWN_DONE) != (fixed.error == 0) ||
	    (fixed.next_exec == 0 && (fixed.next_attempt != 0 || fixed.next_ns != 0)))
		return fail(EPROTO);
	message->key = (struct worker_key){.exec = fixed.key.exec, .attempt = fixed.key.attempt};
	message->exit = (struct wire_exit){.pid = fixed.pid,
	    .wait_status = fixed.wait_status,
	    .spawn_error = {.stage = (enum spawn_stage)fixed.stage, .error = fixed.error},
	    .has_leftovers = fixed.has_leftovers,
	    .is_relied_on = fixed.is_relied_on,
	    .next = {.exec = fixed.next_exec, .attempt = fixed.next_attempt},
	    .next_ns = fixed.next_ns,
	    .started_ns = fixed.started_ns,
	    .ended_ns = fixed.ended_ns,
	    .usage = fixed.usage};
	return 0;
}

/* What has a key, and at most a number. */
static int take_keyed(struct cursor *cursor, struct wire_message *message)
{
	uint32_t number = 0, max = 0;

	if (take_key(cursor, message, &number) != 0)
		return -1;
	if (message->kind == WIRE_SIGNAL) {
		message->signal = (int)number;
		return number > 0 && number < (uint32_t)NSIG ? 0 : fail(EPROTO);
	}
	if (message->kind == WIRE_LEND_TOKEN || message->kind == WIRE_LEND_SLOT) {
		message->is_on = number == 1;
		max = 1;
	}
	return number <= max ? 0 : fail(EPROTO);
}

static int take_body(
    struct cursor *cursor, struct wire_strings *strings, struct wire_message *message)
{
	switch (message->kind) {
	case WIRE_SPAWN:
		return take_spawn(cursor, strings, message);
	case WIRE_EXIT:
		return take_exit(cursor, message);
	case WIRE_STARTED:
		return take_started(cursor, message);
	case WIRE_SIGNAL:
	case WIRE_ACK:
	case WIRE_NO_TOKEN:
	case WIRE_RECALL:
	case WIRE_RETURNED:
	case WIRE_LEND_SLOT:
	case WIRE_LEND_TOKEN:
		return take_keyed(cursor, message);
	case WIRE_SET_TOKENS:
		return take_tokens(cursor, message);
	case WIRE_HELLO:
	case WIRE_HELD:
	case WIRE_ENV:
	case WIRE_DROP_ENV:
	case WIRE_READY:
	case WIRE_TOKEN:
	case WIRE_TOKENS_SET:
	case WIRE_WANT_TOKEN:
	case WIRE_SET_SLOTS:
	case WIRE_FAREWELL:
		return take_number(cursor, strings, message);
	}
	return fail(EPROTO);
}

int wire_take(
    struct wire_buffer *buffer, struct wire_strings *strings, struct wire_message *message)
{
	size_t available = buffer->end - buffer->start;
	struct header header;
	struct cursor cursor;

	if (available < sizeof(header))
		return 0;
	memcpy(&header, buffer->data + buffer->start, sizeof(header));
	if (header.size < sizeof(header) || header.size > WIRE_MAX_MESSAGE_BYTES)
		return fail(EPROTO);
	if (available < header.size)
		return 0;
	cursor.at = buffer->data + buffer->start + sizeof(header);
	cursor.end = buffer->data + buffer->start + header.size;
	*message = (struct wire_message){.kind = (enum wire_kind)header.kind};
	if (take_body(&cursor, strings, message) != 0)
		return -1;
	if (cursor.at != cursor.end)
		return fail(EPROTO);
	/* Not wire_buffer_consume(): the strings are read where they are. */
	buffer->start += header.size;
	return 1;
}
