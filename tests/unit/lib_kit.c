/*
 * The stand-in for a daemon that the tests of libparproc talk to: one thread for each connection,
 * built on protocol/ alone.
 */
#include "tests/unit/lib_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/frame.h"
#include "protocol/jsonrpc.h"
#include "protocol/version.h"

/* ---- directories ---- */

char *kit_directory_new(void)
{
	const char *base = getenv("TMPDIR");
	char *template = kit_path(base ? base : "/tmp", "parproc-lib-XXXXXX");
	char *path = mkdtemp(template) ? realpath(template, NULL) : NULL;

	cr_assert_not_null(path);
	free(template);
	return path;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

void kit_directory_free(char *path)
{
	nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(path);
}

char *kit_path(const char *directory, const char *name)
{
	char *path;

	cr_assert_geq(asprintf(&path, "%s/%s", directory, name), 0);
	return path;
}

void kit_wait_for_file(const char *directory, const char *name)
{
	char *path = kit_path(directory, name), events[4096];
	struct pollfd polled = {inotify_init1(IN_CLOEXEC), POLLIN, 0};

	cr_assert_geq(polled.fd, 0);
	cr_assert_geq(inotify_add_watch(polled.fd, directory, IN_CREATE | IN_MOVED_TO), 0);
	while (access(path, F_OK) != 0) {
		cr_assert_gt(poll(&polled, 1, 30000), 0, "%s does not come", path);
		cr_assert_gt(read(polled.fd, events, sizeof(events)), 0);
	}
	close(polled.fd);
	free(path);
}

void kit_make_directory(const char *directory, const char *name)
{
	char *path = kit_path(directory, name);

	cr_assert(mkdir(path, 0700) == 0 || errno == EEXIST, "%s", path);
	free(path);
}

void kit_make_file(const char *directory, const char *name, const char *text, int mode)
{
	char *path = kit_path(directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	free(path);
}

/* ---- the server ---- */

struct peer {
	struct server *server;
	const struct plan *plan;
	int number;
	int fd;
	bool is_over;
	bool halves;      /* of what is sent now, only the first half goes out */
	json_t *held[16]; /* ids of later, in order */
	size_t held_count;
	int fds[16]; /* that came with bytes */
	size_t n_fds;
	pthread_t thread;
	atomic_bool is_done; /* the thread touches it no more */
	LIST_ENTRY(peer) link;
};

#define PLANS_MAX 8

struct server {
	int listen_fd;
	struct plan plans[PLANS_MAX];
	size_t n_plans;
	pthread_t thread;
	LIST_HEAD(, peer) peers; /* the accepting thread's own, while it lives */
	pthread_mutex_t mutex;   /* of what follows */
	json_t *requests;
};

static void send_bytes(struct peer *peer, const char *bytes, size_t size)
{
	ssize_t sent;

	if (peer->halves)
		size /= 2;
	for (; size > 0; bytes += sent, size -= (size_t)sent) {
		sent = send(peer->fd, bytes, size, MSG_NOSIGNAL);
		if (sent < 0) {
			peer->is_over = true;
			return;
		}
	}
}

static void send_line(struct peer *peer, char *line, size_t length)
{
	if (line)
		send_bytes(peer, line, length);
	free(line);
}

static void send_answer(struct peer *peer, json_t *id, json_t *result)
{
	size_t length = 0;
	char *line = jsonrpc_encode_answer(id, result, &length);

	send_line(peer, line, length);
}

static void send_hello(struct peer *peer, json_t *id)
{
	const struct plan *plan = peer->plan;
	json_t *capabilities = json_array();
	json_t *result;

	for (size_t i = 0; i < 4 && plan->capabilities[i]; i++)
		json_array_append_new(capabilities, json_string(plan->capabilities[i]));
	result = json_pack("{s:s, s:i, s:i, s:o}", "server", "kit", "protocol",
	    PROTOCOL_VERSION + plan->newer, "pid", plan->pid, "capabilities", capabilities);
	send_answer(peer, id, result);
	json_decref(result);
}

static void send_refusal(struct peer *peer, json_t *id, enum protocol_error error)
{
	json_t *data = json_pack("{s:[s]}", "suggestions", "build");
	size_t length = 0;
	char *line = jsonrpc_encode_error(id, error,
	    error == PROTOCOL_UNKNOWN_NAME ? "nothing is named bild" : NULL, data, &length);

	send_line(peer, line, length);
	json_decref(data);
}

static void send_flood(struct peer *peer, json_int_t count)
{
	json_int_t seq;

	for (seq = 1; seq <= count && !peer->is_over; seq++) {
		json_t *event = json_pack("{s:I, s:s}", "seq", seq, "kind", "state");
		size_t length = 0;
		char *line = jsonrpc_encode_notification("event", event, &length);

		send_line(peer, line, length);
		json_decref(event);
	}
}

static void release_held(struct peer *peer)
{
	while (peer->held_count > 0) {
		json_t *id = peer->held[--peer->held_count];

		send_answer(peer, id, id);
		json_decref(id);
	}
}

/* Writes 0, 1 … to the descriptors that have come, and closes them. */
static void write_to_fds(struct peer *peer)
{
	for (size_t i = 0; i < peer->n_fds; i++) {
		char digit = (char)('0' + i);

		cr_assert_eq(write(peer->fds[i], &digit, 1), 1);
		close(peer->fds[i]);
	}
	peer->n_fds = 0;
}

/* Whether it is the method that a plan speaks of. */
static bool is_named(const char *name, const char *method)
{
	return name && strcmp(name, method) == 0;
}

static void answer_request(struct peer *peer, const struct jsonrpc_message *message)
{
	const char *method = message->method;
	const struct plan *plan = peer->plan;

	if (is_named(plan->silent, method))
		return;
	if (strcmp(method, "hello") == 0) {
		send_hello(peer, message->id);
	} else if (is_named(plan->ended, method)) {
		send_refusal(peer, message->id, PROTOCOL_SHUTTING_DOWN);
	} else if (strcmp(method, "fail") == 0 || is_named(plan->refused, method)) {
		send_refusal(peer, message->id, PROTOCOL_UNKNOWN_NAME);
	} else if (is_named(plan->terse, method)) {
		json_t *nothing = json_object();

		send_answer(peer, message->id, nothing);
		json_decref(nothing);
	} else if (strcmp(method, "later") == 0 && peer->held_count < 16) {
		peer->held[peer->held_count++] = json_incref(message->id);
	} else if (strcmp(method, "raw") == 0) {
		json_t *text = json_object_get(message->params, "text");

		send_bytes(peer, json_string_value(text), json_string_length(text));
	} else if (strcmp(method, "hang_up") == 0) {
		peer->is_over = true;
	} else if (strcmp(method, "silent") != 0) {
		if (strcmp(method, "release") == 0)
			release_held(peer);
		if (strcmp(method, "write") == 0 || strcmp(method, "run") == 0)
			write_to_fds(peer);
		if (strcmp(method, "flood") == 0)
			send_flood(
			    peer, json_integer_value(json_object_get(message->params, "count")));
		send_answer(peer, message->id, message->params);
	}
}

static void note_request(struct peer *peer, const struct jsonrpc_message *message)
{
	struct server *server = peer->server;
	json_t *entry = json_pack("{s:i, s:s, s:O?}", "connection", peer->number, "method",
	    message->method, "params", message->params);

	pthread_mutex_lock(&server->mutex);
	json_array_append_new(server->requests, entry);
	pthread_mutex_unlock(&server->mutex);
}

static void serve_request(struct peer *peer, const struct jsonrpc_message *message)
{
	const struct plan *plan = peer->plan;
	bool is_last = is_named(plan->drop_at, message->method);

	note_request(peer, message);
	peer->is_over = is_last && plan->drop == DROP_READ;
	if (peer->is_over)
		return;
	peer->halves = is_last && plan->drop == DROP_HALF;
	answer_request(peer, message);
	if (is_named(plan->said_at, message->method))
		send_bytes(peer, plan->said, strlen(plan->said));
	peer->is_over |= peer->halves;
}

static void serve_line(struct peer *peer, const char *line, size_t length)
{
	struct jsonrpc_message message;
	struct jsonrpc_problem problem;
	json_t *value;

	if (jsonrpc_parse(line, length, &value, &problem) < 0) {
		peer->is_over = true;
		return;
	}
	jsonrpc_read(value, &message);
	if (message.kind == JSONRPC_REQUEST)
		serve_request(peer, &message);
	else
		peer->is_over = true;
	json_decref(value);
}

/* As recv(2), for one group of descriptors at a time. */
static ssize_t receive(struct peer *peer, char *bytes, size_t size)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(peer->fds))];
	} control = {0};
	struct iovec iov = {.iov_base = bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t received = recvmsg(peer->fd, &message, MSG_CMSG_CLOEXEC);

	if (received > 0 && CMSG_FIRSTHDR(&message)) {
		peer->n_fds = (control.header.cmsg_len - CMSG_LEN(0)) / sizeof(peer->fds[0]);
		memcpy(peer->fds, CMSG_DATA(&control.header), peer->n_fds * sizeof(peer->fds[0]));
	}
	return received;
}

static void *serve_peer(void *arg)
{
	struct peer *peer = arg;
	struct frame frame;
	size_t space, length;
	ssize_t received;
	char *line;

	frame_init(&frame, PROTOCOL_MAX_LINE_BYTES);
	peer->is_over = peer->plan->drop == DROP_ACCEPTED;
	while (!peer->is_over) {
		char *free_space = frame_reserve(&frame, &space);

		received = free_space ? receive(peer, free_space, space) : -1;
		if (received <= 0)
			break;
		frame_commit(&frame, (size_t)received);
		while (!peer->is_over && frame_next(&frame, &line, &length) == FRAME_LINE)
			serve_line(peer, line, length);
	}
	while (peer->held_count > 0)
		json_decref(peer->held[--peer->held_count]);
	while (peer->n_fds > 0)
		close(peer->fds[--peer->n_fds]);
	frame_clear(&frame);
	shutdown(peer->fd, SHUT_RDWR); /* not closed: server_stop() may be about to use it */
	atomic_store(&peer->is_done, true);
	return NULL;
}

static void peer_free(struct peer *peer)
{
	pthread_join(peer->thread, NULL);
	close(peer->fd);
	LIST_REMOVE(peer, link);
	free(peer);
}

static void free_done_peers(struct server *server)
{
	struct peer *peer, *next;

	for (peer = LIST_FIRST(&server->peers); peer; peer = next) {
		next = LIST_NEXT(peer, link);
		if (atomic_load(&peer->is_done))
			peer_free(peer);
	}
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct peer *peer;
	int fd, number = 0;

	while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		free_done_peers(server);
		peer = calloc(1, sizeof(*peer));
		cr_assert_not_null(peer);
		peer->fd = fd;
		peer->server = server;
		peer->number = number++;
		peer->plan =
		    &server->plans[peer->number < (int)server->n_plans ? peer->number
		                                                       : (int)server->n_plans - 1];
		LIST_INSERT_HEAD(&server->peers, peer, link);
		cr_assert_eq(pthread_create(&peer->thread, NULL, serve_peer, peer), 0);
	}
	return NULL;
}

/* Binds by way of the directory's descriptor: the path may be longer than an address. */
static void bind_socket(int fd, const char *directory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *state, *socket;
	int parent;

	kit_make_directory(directory, ".parproc");
	state = kit_path(directory, ".parproc");
	socket = kit_path(state, "ppd.sock");
	unlink(socket); /* of one before this */
	free(socket);
	parent = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/ppd.sock", parent);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(parent);
	free(state);
}

struct server *server_start(const char *directory, int protocol)
{
	return server_start_by(directory, &(struct plan){.newer = protocol - PROTOCOL_VERSION}, 1);
}

json_t *server_get_requests(struct server *server)
{
	json_t *requests;

	pthread_mutex_lock(&server->mutex);
	requests = json_deep_copy(server->requests);
	pthread_mutex_unlock(&server->mutex);
	return requests;
}

struct server *server_start_by(const char *directory, const struct plan *plans, size_t count)
{
	struct server *server = calloc(1, sizeof(*server));

	cr_assert_leq(count, (size_t)PLANS_MAX);
	memcpy(server->plans, plans, count * sizeof(*plans));
	server->n_plans = count;
	server->requests = json_array();
	pthread_mutex_init(&server->mutex, NULL);
	LIST_INIT(&server->peers);
	server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bind_socket(server->listen_fd, directory);
	cr_assert_eq(listen(server->listen_fd, 16), 0);
	cr_assert_eq(pthread_create(&server->thread, NULL, serve, server), 0);
	return server;
}

void server_stop(struct server *server)
{
	struct peer *peer;

	shutdown(server->listen_fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	while ((peer = LIST_FIRST(&server->peers))) {
		shutdown(peer->fd, SHUT_RDWR);
		peer_free(peer);
	}
	close(server->listen_fd);
	pthread_mutex_destroy(&server->mutex);
	json_decref(server->requests);
	free(server);
}
