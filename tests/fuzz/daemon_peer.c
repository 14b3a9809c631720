/* A client of the daemon in the fuzz program; see daemon_peer.h. */
#include "tests/fuzz/daemon_peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "protocol/jsonrpc.h"
#include "protocol/version.h"
#include "tests/fuzz/fuzz.h"

void peer_init(struct peer *peer)
{
	*peer = (struct peer){.fd = -1};
}

void peer_clear(struct peer *peer)
{
	peer_hang_up(peer);
}

bool peer_is_connected(const struct peer *peer)
{
	return peer->fd >= 0;
}

int peer_connect(struct peer *peer)
{
	int fds[2];

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	*peer = (struct peer){.fd = fds[0]};
	return fds[1];
}

void peer_end_sending(struct peer *peer)
{
	if (peer->fd < 0)
		return;
	peer->is_sending_over = true;
	shutdown(peer->fd, SHUT_WR);
}

void peer_hang_up(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	free(peer->text);
	peer_init(peer);
}

/* --- what is sent --- */

static bool is_answered(json_t *value)
{
	struct jsonrpc_message message;

	jsonrpc_read(value, &message);
	return message.kind == JSONRPC_REQUEST || message.kind == JSONRPC_INVALID;
}

static bool is_batch_answered(const json_t *batch)
{
	json_t *element;
	size_t i;

	json_array_foreach (batch, i, element) {
		if (is_answered(element))
			return true;
	}
	return false;
}

/* How many lines answer that one. */
static size_t count_answers(const char *line, size_t length)
{
	struct jsonrpc_problem problem;
	json_t *value;
	bool is_one;

	while (length > 0 &&
	       (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
		length--;
	if (length == 0)
		return 0;
	if (jsonrpc_parse(line, length, &value, &problem) != 0)
		return 1;
	is_one = jsonrpc_is_batch(value) ? is_batch_answered(value) : is_answered(value);
	json_decref(value);
	return is_one;
}

void peer_send(struct peer *peer, const char *line, size_t length)
{
	char *bytes;

	if (peer->fd < 0 || peer->is_sending_over)
		return;
	bytes = mem_copy_part(line, length);
	bytes[length] = '\n';
	/* As MSG_NOSIGNAL: the daemon may have closed, after an answer that says why. */
	if (send(peer->fd, bytes, length + 1, MSG_NOSIGNAL) == (ssize_t)length + 1)
		peer->n_expected += count_answers(line, length);
	free(bytes);
}

/* --- what comes --- */

static void check_event(struct peer *peer, const struct jsonrpc_message *message)
{
	json_int_t seq = json_integer_value(json_object_get(message->params, "seq"));

	FUZZ_CHECK(strcmp(message->method, "event") == 0);
	FUZZ_CHECK(json_is_string(json_object_get(message->params, "kind")));
	FUZZ_CHECK(seq >= peer->last_seq);
	peer->last_seq = seq;
}

static void check_answer(json_t *value)
{
	struct jsonrpc_message message;
	const char *name;

	jsonrpc_read(value, &message);
	FUZZ_CHECK(message.kind == JSONRPC_ANSWER || message.kind == JSONRPC_ERROR);
	if (message.kind == JSONRPC_ANSWER) {
		FUZZ_CHECK(message.result && !json_is_null(message.id));
		return;
	}
	name = json_string_value(json_object_get(message.data, "error"));
	FUZZ_CHECK(name && message.text && message.text[0]);
	FUZZ_CHECK(protocol_error_code(protocol_error_find(name)) == message.code);
}

static void take_line(struct peer *peer, const char *line, size_t length)
{
	struct jsonrpc_problem problem;
	struct jsonrpc_message message;
	json_t *value, *element;
	size_t i;

	FUZZ_CHECK(jsonrpc_parse(line, length, &value, &problem) == 0);
	jsonrpc_read(value, &message);
	if (message.kind == JSONRPC_NOTIFICATION) {
		check_event(peer, &message);
	} else if (json_is_array(value)) {
		FUZZ_CHECK(json_array_size(value) > 0);
		json_array_foreach (value, i, element)
			check_answer(element);
		peer->n_answers++;
	} else {
		check_answer(value);
		peer->n_answers++;
	}
	FUZZ_CHECK(peer->n_answers <= peer->n_expected);
	json_decref(value);
}

static void take_lines(struct peer *peer)
{
	char *line = peer->text, *end = peer->text + peer->length, *newline;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		take_line(peer, line, (size_t)(newline - line));
		line = newline + 1;
	}
	peer->length = (size_t)(end - line);
	memmove(peer->text, line, peer->length);
}

bool peer_read(struct peer *peer)
{
	char buffer[16 << 10];
	bool has_read = false;
	ssize_t got;

	if (peer->fd < 0)
		return false;
	while ((got = recv(peer->fd, buffer, sizeof(buffer), 0)) > 0) {
		peer->text = mem_resize(peer->text, peer->length + (size_t)got, 1);
		memcpy(peer->text + peer->length, buffer, (size_t)got);
		peer->length += (size_t)got;
		has_read = true;
	}
	if (has_read)
		take_lines(peer);
	if (got == 0) {
		/* Nobody closes on a peer that still sends, and has what it was owed. */
		FUZZ_CHECK(peer->is_sending_over && peer->n_answers == peer->n_expected);
		peer_hang_up(peer);
	}
	return has_read;
}

void peer_check_answers(const struct peer *peer)
{
	FUZZ_CHECK(peer->length == 0);
	FUZZ_CHECK(peer->n_answers == peer->n_expected);
}
