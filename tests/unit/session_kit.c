/*
 * What the sessions under test see of the daemon, handlers whose answers are known, and peers at
 * the other end of socket pairs.
 */
#include "tests/unit/session_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/follow.h"
#include "daemon/events.h"
#include "daemon/keep.h"

#define DEADLINE_S 300 /* without any byte: valgrind reads a long message for a minute */
#define CHARACTER_BYTES 4u

/* --- what the sessions see of the daemon --- */

struct daemon daemon_under_test;
struct request *deferred[DEFERRED_MAX];
size_t n_deferred, n_abandoned, n_handled, n_closed_runs;
char order[256];
int64_t handling_ns;
uint64_t early_exec;
bool has_followers;
const char *problem;
static int64_t clock_ns = INT64_C(1000000000); /* stands still, unless a test says otherwise */

void scheduler_wake(struct daemon *daemon)
{
	daemon->is_dirty = true;
}

int64_t scheduler_now_ns(void)
{
	return clock_ns;
}

void events_drop_session(struct session *session)
{
	(void)session;
}

void events_catch_up(struct session *session)
{
	(void)session;
}

const char *keep_get_problem(const struct daemon *daemon)
{
	(void)daemon;
	return problem;
}

int core_close(struct core *core, const struct scope *scope, uint64_t *run, struct fault *fault)
{
	(void)core;
	(void)fault;
	*run = scope->run;
	n_closed_runs++;
	return 0;
}

bool core_has_followers(const struct core *core)
{
	(void)core;
	return has_followers;
}

void follow_hold(struct daemon *daemon)
{
	daemon->n_follow_holds++;
}

void follow_release(struct daemon *daemon)
{
	daemon->n_follow_holds--;
}

/* Nobody has been told of the process of that one. */
bool core_is_following(const struct core *core, uint64_t exec)
{
	(void)core;
	return exec == early_exec && exec != 0;
}

static void on_abandoned(struct request *request)
{
	(void)request;
	n_abandoned++;
}

void advance_clock(int64_t ns)
{
	clock_ns += ns;
}

static void note_handled(void)
{
	n_handled++;
	advance_clock(handling_ns);
}

static enum request_status answer_ping(struct request *request)
{
	note_handled();
	strncat(order, "p", sizeof(order) - strlen(order) - 1);
	return request_answer(request, json_object());
}

json_t *make_text(size_t length)
{
	char *text = malloc(length);
	json_t *json;

	for (size_t i = 0; i < length; i += CHARACTER_BYTES)
		memcpy(text + i, "\xf0\x9f\x90\xa2", CHARACTER_BYTES);
	json = json_stringn_nocheck(text, length);
	free(text);
	return json;
}

static enum request_status answer_bytes(struct request *request, size_t length)
{
	note_handled();
	return request_answer(request, make_text(length));
}

static enum request_status answer_large(struct request *request)
{
	return answer_bytes(request, LARGE_ANSWER_BYTES);
}

static enum request_status answer_huge(struct request *request)
{
	return answer_bytes(request, HUGE_ANSWER_BYTES);
}

static enum request_status defer(struct request *request)
{
	note_handled();
	strncat(order, "w", sizeof(order) - strlen(order) - 1);
	cr_assert_lt(n_deferred, (size_t)DEFERRED_MAX);
	deferred[n_deferred++] = request;
	request->abandon = on_abandoned;
	return REQUEST_DEFERRED;
}

static enum request_status hold_and_defer(struct request *request)
{
	session_hold_requests(request->session);
	return defer(request);
}

static enum request_status keep_run(struct request *request)
{
	session_keep_run(request->session, 7);
	session_keep_run(request->session, 8);
	session_forget_run(request->session, 7);
	return request_answer(request, json_object());
}

size_t n_taken;

static void release_fds(void *attachment)
{
	int *fds = attachment;

	for (int i = 0; i < SESSION_FDS; i++)
		close(fds[i]);
	free(fds);
}

static enum request_status take_fds(struct request *request)
{
	int *fds = calloc(SESSION_FDS, sizeof(*fds));

	if (session_take_fds(request->session, fds) == 0) {
		n_taken += SESSION_FDS;
		request->attachment = fds;
		request->release = release_fds;
	} else {
		free(fds);
	}
	return request_answer(request, json_object());
}

request_handler *request_find_handler(const char *method)
{
	if (strcmp(method, "reload") == 0)
		return take_fds;
	if (strcmp(method, "ping") == 0)
		return answer_ping;
	if (strcmp(method, "status") == 0)
		return answer_large;
	if (strcmp(method, "list") == 0)
		return answer_huge;
	if (strcmp(method, "wait") == 0)
		return defer;
	if (strcmp(method, "create") == 0)
		return hold_and_defer;
	return strcmp(method, "open") == 0 ? keep_run : NULL;
}

/* --- the other end --- */

void set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	daemon_under_test = (struct daemon){.base = event_base_new()};
	daemon_under_test.sessions = sessions_new(&daemon_under_test, -1);
	cr_assert_not_null(daemon_under_test.sessions);
}

void tear_down(void)
{
	sessions_free(daemon_under_test.sessions);
	event_base_free(daemon_under_test.base);
}

struct peer connect_peer(void)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	cr_assert_not_null(sessions_add(daemon_under_test.sessions, fds[1]));
	return (struct peer){.fd = fds[0]};
}

void close_peer(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	free(peer->text);
	peer->text = NULL;
}

/* One turn of the daemon's loop. */
void turn(void)
{
	daemon_under_test.is_dirty = false;
	event_base_loop(daemon_under_test.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	sessions_flush(daemon_under_test.sessions);
}

void settle(void)
{
	for (int i = 0; i < 10; i++)
		turn();
}

void read_some(struct peer *peer)
{
	char buffer[64 << 10];
	ssize_t got = recv(peer->fd, buffer, sizeof(buffer), 0);

	if (got > 0) {
		peer->text = realloc(peer->text, peer->length + (size_t)got + 1);
		memcpy(peer->text + peer->length, buffer, (size_t)got);
		peer->length += (size_t)got;
		peer->text[peer->length] = '\0';
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		peer->is_end = true;
	}
}

/* Sends all of it, the daemon's loop going on meanwhile. False: the daemon closed. */
bool send_bytes(struct peer *peer, const char *bytes, size_t length)
{
	time_t limit = time(NULL) + DEADLINE_S;

	while (length > 0) {
		ssize_t sent = send(peer->fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0) {
			limit = time(NULL) + DEADLINE_S;
			bytes += sent;
			length -= (size_t)sent;
		}
		turn();
		cr_assert_lt(time(NULL), limit, "nothing is read");
	}
	return true;
}

void send_text(struct peer *peer, const char *text)
{
	cr_assert(send_bytes(peer, text, strlen(text)));
}

/* The next line, which is the peer's until it is taken; NULL: the daemon closed. */
static const char *next_line(struct peer *peer, size_t *length)
{
	time_t limit = time(NULL) + DEADLINE_S;
	const char *newline;

	while (!(newline = peer->text ? memchr(peer->text, '\n', peer->length) : NULL)) {
		if (peer->is_end)
			return NULL;
		size_t n_before = peer->length;
		turn();
		read_some(peer);
		if (peer->length > n_before)
			limit = time(NULL) + DEADLINE_S;
		cr_assert_lt(time(NULL), limit, "no answer");
	}
	*length = (size_t)(newline - peer->text);
	return peer->text;
}

static void take_line(struct peer *peer, size_t length)
{
	peer->length -= length + 1;
	memmove(peer->text, peer->text + length + 1, peer->length);
}

json_t *next_message(struct peer *peer)
{
	size_t length;
	const char *line = next_line(peer, &length);
	json_t *message;

	if (!line)
		return NULL;
	message = json_loadb(line, length, 0, NULL);
	cr_assert_not_null(message);
	take_line(peer, length);
	return message;
}

/* Whether the line answers id with a text of make_text(): it is compared with itself, as reading
 * that much JSON takes minutes under valgrind. */
static bool is_text_answer(const char *line, size_t length, json_int_t id)
{
	char head[64];
	size_t size = (size_t)snprintf(
	    head, sizeof(head), "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":\"", (long long)id);
	const char *text;

	if (length < size + CHARACTER_BYTES + 2 || memcmp(line, head, size) != 0)
		return false;
	text = line + size;
	size = length - size - 2;
	return memcmp(text, text + CHARACTER_BYTES, size - CHARACTER_BYTES) == 0 &&
	       memcmp(text + size, "\"}", 2) == 0;
}

void expect_id(struct peer *peer, json_int_t id)
{
	size_t length;
	const char *line = next_line(peer, &length);
	json_t *message;

	cr_assert_not_null(line);
	if (is_text_answer(line, length, id)) {
		take_line(peer, length);
		return;
	}
	message = next_message(peer);
	cr_assert_eq(json_integer_value(json_object_get(message, "id")), id);
	cr_assert_not_null(json_object_get(message, "result"));
	json_decref(message);
}

void expect_error(struct peer *peer, const char *name)
{
	json_t *message = next_message(peer);
	const char *seen = NULL;

	cr_assert_not_null(message);
	json_unpack(message, "{s:{s:{s:s}}}", "error", "data", "error", &seen);
	cr_assert_not_null(seen);
	cr_assert_str_eq(seen, name);
	json_decref(message);
}

void expect_end(struct peer *peer)
{
	cr_assert_null(next_message(peer));
}
