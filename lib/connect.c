/*
 * From nothing to a connection: find the socket, connect to it, start a daemon if nobody serves,
 * say hello; and the end of a connection.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/autostart.h"
#include "lib/connection.h"
#include "lib/discover.h"
#include "lib/socket.h"
#include "protocol/version.h"

#define DEFAULT_TIMEOUT_S 10.0
#define DEFAULT_RESUME_S 60.0

/* A daemon that is just ending still holds the workspace, so the one that was started finds it
 * served and ends: then another one is due, so long after. */
#define RESTART_AFTER_S 0.2

#define FIRST_PAUSE_S 0.001
#define LONGEST_PAUSE_S 0.02

static bool may_start(const pp_conn *conn, const struct pp_connect_options *options)
{
	const char *wish = options->ignore_environment ? NULL : secure_getenv("PP_AUTOSTART");

	return options->autostart && conn->workspace && !conn->far_host &&
	       !(wish && strcmp(wish, "0") == 0);
}

bool connect_is_absent(int error)
{
	return error == ENOENT || error == ECONNREFUSED;
}

static enum pp_error fail_far(pp_conn *conn)
{
	char host[DISCOVER_HOST_SIZE];

	discover_get_host(host);
	return conn_fail(conn, PP_ERR_UNREACHABLE,
	    "this process runs on %s, and its daemon on %s, which it cannot be asked from here: "
	    "only "
	    "what needs no daemon can be done (context, return, message, skip, fail)",
	    host, conn->far_host);
}

enum pp_error connect_fail(pp_conn *conn, int error)
{
	errno = error;
	if (conn->far_host && connect_is_absent(error))
		return fail_far(conn);
	if (connect_is_absent(error) && conn->is_socket_named)
		return conn_fail(conn, PP_ERR_UNREACHABLE, "no daemon serves the socket %s (%m)",
		    conn->socket_path);
	if (connect_is_absent(error))
		return conn_fail(conn, PP_ERR_UNREACHABLE, "no daemon serves %s (%s: %m)",
		    conn->workspace ? conn->workspace : "this workspace", conn->socket_path);
	if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS)
		return conn_fail(
		    conn, PP_ERR_SYSTEM, "cannot connect to %s: %m", conn->socket_path);
	return conn_fail(
	    conn, PP_ERR_UNREACHABLE, "the daemon cannot be reached (%s: %m)", conn->socket_path);
}

/* Sleeps, each time twice as long. */
static void pause_briefly(double *pause_s)
{
	struct timespec pause = {.tv_nsec = (long)(*pause_s * 1e9)};

	nanosleep(&pause, NULL);
	*pause_s = *pause_s * 2 < LONGEST_PAUSE_S ? *pause_s * 2 : LONGEST_PAUSE_S;
}

/* Starts a daemon and waits until it is ready, or says that another one serves already. */
static enum pp_error start_daemon(pp_conn *conn, double deadline_s)
{
	enum pp_error error = starter_begin(conn);

	while (error == PP_OK && conn->starter) {
		struct pollfd ready = {.fd = starter_get_fd(conn->starter), .events = POLLIN};
		int count = poll(&ready, 1, clock_poll_ms(deadline_s));

		if (count == 0)
			error = starter_give_up(conn);
		else if (count > 0 || errno != EINTR)
			error = starter_advance(conn);
	}
	return error;
}

/* Connects, with a start where that is due, until the deadline. */
static enum pp_error open_socket(pp_conn *conn)
{
	double deadline_s = clock_deadline_s(conn->connect_limit_s);
	double pause_s = FIRST_PAUSE_S, start_s = 0, now_s;
	enum pp_error error;
	int cause;

	for (;;) {
		kept_fd_set(&conn->socket, socket_connect(conn->socket_path));
		if (conn->socket.fd >= 0)
			return PP_OK;
		cause = errno;
		if (!(connect_is_absent(cause) && conn->may_start) && cause != EAGAIN)
			return connect_fail(conn, cause);
		now_s = clock_now_s();
		if (deadline_s >= 0 && now_s >= deadline_s)
			return connect_fail(conn, cause);
		if (cause != EAGAIN && now_s >= start_s) {
			error = start_daemon(conn, deadline_s);
			if (error != PP_OK)
				return error;
			start_s = clock_now_s() + RESTART_AFTER_S;
			continue;
		}
		pause_briefly(&pause_s);
	}
}

enum pp_error connect_check_peer(pp_conn *conn)
{
	uid_t owner = 0;
	int trusted = socket_is_trusted(conn->socket.fd, &owner);

	if (trusted > 0)
		return PP_OK;
	if (trusted < 0)
		return conn_fail(
		    conn, PP_ERR_SYSTEM, "cannot tell who serves %s: %m", conn->socket_path);
	return conn_fail(conn, PP_ERR_UNREACHABLE, "the daemon at %s is another user's (uid %lu)",
	    conn->socket_path, (unsigned long)owner);
}

/* ---- hello ---- */

/* Notes the daemon's versions, or that they do not fit: then the connection is of no use. The
 * requests behind the first hello do not wait for this, a daemon answers in order what it cannot
 * serve. */
static void note_hello(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	json_int_t version = json_integer_value(json_object_get(result, "protocol"));

	(void)arg;
	if (error == PP_OK && version == PROTOCOL_VERSION)
		conn->lost = conn_note_hello(conn, result);
	else if (error == PP_OK)
		conn->lost = conn_fail(conn, PP_ERR_PROTOCOL,
		    "the daemon speaks version %lld of the protocol, this client version %d: "
		    "%s",
		    (long long)version, PROTOCOL_VERSION,
		    version > PROTOCOL_VERSION ? "upgrade the client" : "restart the daemon");
	else if (error == PP_ERR_REMOTE)
		conn->lost = conn_fail(conn, PP_ERR_PROTOCOL, "%s", pp_error_text(conn));
}

enum pp_error connect_send_hello(pp_conn *conn)
{
	const char *client = conn->client ? conn->client : "libparproc " PACKAGE_VERSION;
	json_t *params = json_pack("{s:s, s:i}", "client", client, "protocol", PROTOCOL_VERSION);
	const struct pending *hello;

	if (!params)
		return conn_fail(conn, PP_ERR_INVALID, "the client's name is not UTF-8");
	hello = pending_new_internal(conn, "hello", params, note_hello, NULL);
	if (!hello)
		return conn->error;
	conn->hello_id = hello->id;
	return PP_OK;
}

enum pp_error pp_server_info(pp_conn *conn, double timeout_s, json_t **info)
{
	double deadline_s = clock_deadline_s(timeout_s), left_s;
	enum pp_error error;

	if (!conn || !info)
		return conn ? conn_fail(conn, PP_ERR_INVALID, "no place for the answer")
		            : PP_ERR_INVALID;
	if (!conn->server_info)
		conn_want(conn);
	while (!conn->server_info) {
		left_s = clock_left_s(deadline_s);
		error = pp_step(conn, left_s);
		if (error != PP_OK)
			return error;
		if (left_s == 0 && !conn->server_info)
			return conn_fail(conn, PP_ERR_TIMEOUT, "no answer in the time given");
	}
	*info = conn->server_info;
	return PP_OK;
}

/* ---- begin and end ---- */

/* Keeps what is needed to come back. text: borrowed, may be NULL. -1: no memory. */
static int keep_text(char **kept, const char *text)
{
	*kept = text ? strdup(text) : NULL;
	return text && !*kept ? -1 : 0;
}

static enum pp_error keep_options(pp_conn *conn, const struct pp_connect_options *options)
{
	conn->connect_limit_s = options->timeout_s == 0 ? DEFAULT_TIMEOUT_S : options->timeout_s;
	conn->resume_limit_s = options->resume_s == 0 ? DEFAULT_RESUME_S : options->resume_s;
	conn->may_start = may_start(conn, options);
	if (keep_text(&conn->ppd_path, options->ppd_path) < 0 ||
	    keep_text(&conn->idle_exit, options->idle_exit) < 0 ||
	    keep_text(&conn->client, options->client) < 0)
		return conn_fail(conn, PP_ERR_NOMEM, "no memory");
	return PP_OK;
}

static enum pp_error establish(pp_conn *conn, const struct pp_connect_options *options)
{
	enum pp_error error = discover(conn, options);

	if (error == PP_OK)
		error = keep_options(conn, options);
	if (error == PP_OK)
		error = open_socket(conn);
	if (error == PP_OK)
		error = connect_check_peer(conn);
	if (error == PP_OK)
		error = connect_send_hello(conn);
	return error;
}

enum pp_error pp_connect(const struct pp_connect_options *options, pp_conn **conn)
{
	static const struct pp_connect_options defaults;
	enum pp_error error;

	if (!conn)
		return PP_ERR_INVALID;
	*conn = calloc(1, sizeof(**conn));
	if (!*conn)
		return PP_ERR_NOMEM;
	kept_fd_set(&(*conn)->socket, -1);
	(*conn)->phase = CONN_READY;
	(*conn)->ready_s = clock_now_s();
	TAILQ_INIT(&(*conn)->queue);
	frame_init(&(*conn)->input, PROTOCOL_MAX_LINE_BYTES);
	error = establish(*conn, options ? options : &defaults);
	if (error != PP_OK)
		conn_lose(*conn);
	return error;
}

void pp_close(pp_conn *conn)
{
	struct pending *pending, *next;

	if (!conn)
		return;
	HASH_ITER (hh, conn->requests, pending, next) {
		pending_free(conn, pending);
	}
	conn_disconnect(conn);
	starter_free(conn->starter);
	json_decref(conn->subscription);
	json_decref(conn->holds);
	json_decref(conn->server_info);
	json_decref(conn->error_data);
	free(conn->error_name);
	free(conn->error_text);
	free(conn->lost_text);
	free(conn->gone_text);
	free(conn->ppd_path);
	free(conn->idle_exit);
	free(conn->client);
	free(conn->default_run);
	free(conn->far_host);
	free(conn->socket_path);
	free(conn->workspace);
	free(conn);
}
