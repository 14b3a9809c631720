/*
 * The listening socket: who is served, and what happens when there are too many or descriptors run
 * out. What a connection does once it is there is session.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/session_internal.h"
#include "daemon/terminals.h"
#include "protocol/jsonrpc.h"

#define ACCEPTS_PER_TURN 64
/* Store, logs, results, pipes; what comes with requests, and what of it is kept. */
#define DESCRIPTORS_FOR_OTHERS (64 + SESSIONS_FDS_MAX + SESSION_FDS * TERMINALS_MAX)

static const struct timeval retry_delay = {.tv_usec = 100 * 1000};

/* Takes fd: tells the peer why it is not served. */
static void refuse_connection(int fd, enum protocol_error error, const char *text)
{
	size_t length;
	char *line = jsonrpc_encode_error(NULL, error, text, NULL, &length);

	if (line) {
		ssize_t ignored = send(fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)ignored;
	}
	free(line);
	close(fd);
}

static void greet_connection(struct sessions *sessions, int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    (peer.uid != geteuid() && peer.uid != 0)) {
		log_warning("connection refused uid=%d pid=%d", (int)peer.uid, (int)peer.pid);
		refuse_connection(fd, PROTOCOL_NOT_ALLOWED,
		    "this daemon serves only the user that it runs as, and root");
	} else if (sessions->n_live >= sessions->n_max) {
		refuse_connection(fd, PROTOCOL_LIMIT, "too many connections");
	} else if (!sessions_add(sessions, fd)) {
		log_error("connection refused error=%s", strerror(errno));
	}
}

/*
 * No descriptor is left for one that waits to be accepted, so it would stay readable for ever. The
 * reserve is given up to accept and refuse it; where even that fails, accepting rests for a while.
 */
static bool refuse_without_descriptors(struct sessions *sessions)
{
	int fd = -1;

	log_warning("no descriptors for connections error=%s", strerror(errno));
	if (sessions->reserve_fd >= 0) {
		close(sessions->reserve_fd);
		fd = accept4(sessions->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			refuse_connection(fd, PROTOCOL_LIMIT, "too many open files");
	}
	sessions->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && sessions->reserve_fd >= 0)
		return true;
	event_del(sessions->acceptable);
	event_add(sessions->retry, &retry_delay);
	return false;
}

static void on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct sessions *sessions = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			greet_connection(sessions, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		           errno == ENOBUFS) {
			if (!refuse_without_descriptors(sessions))
				return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return; /* EAGAIN: all are served */
		}
	}
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct sessions *sessions = arg;

	(void)fd;
	(void)what;
	if (sessions->reserve_fd < 0)
		sessions->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	event_add(sessions->acceptable, NULL);
}

static size_t count_affordable_connections(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur >= SESSIONS_MAX + DESCRIPTORS_FOR_OTHERS)
		return SESSIONS_MAX;
	if (limit.rlim_cur <= 2 * DESCRIPTORS_FOR_OTHERS)
		return limit.rlim_cur / 2;
	return limit.rlim_cur - DESCRIPTORS_FOR_OTHERS;
}

struct sessions *sessions_new(struct daemon *daemon, int listen_fd)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));

	if (!sessions)
		return NULL;
	sessions->daemon = daemon;
	sessions->listen_fd = listen_fd;
	sessions->n_max = count_affordable_connections();
	TAILQ_INIT(&sessions->live);
	TAILQ_INIT(&sessions->dead);
	TAILQ_INIT(&sessions->unflushed);
	TAILQ_INIT(&sessions->waiting);
	TAILQ_INIT(&sessions->postponed);
	TAILQ_INIT(&sessions->resting);
	TAILQ_INIT(&sessions->early);
	sessions->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sessions->retry = evtimer_new(daemon->base, on_retry, sessions);
	sessions->turn = evtimer_new(daemon->base, sessions_on_turn, sessions);
	sessions->look = evtimer_new(daemon->base, sessions_on_look, sessions);
	sessions->rest = evtimer_new(daemon->base, sessions_on_rested, sessions);
	if (listen_fd >= 0) {
		evutil_make_socket_nonblocking(listen_fd);
		sessions->acceptable = event_new(
		    daemon->base, listen_fd, EV_READ | EV_PERSIST, on_acceptable, sessions);
	}
	if (!sessions->retry || !sessions->turn || !sessions->look || !sessions->rest ||
	    (listen_fd >= 0 && !sessions->acceptable) ||
	    (sessions->acceptable && event_add(sessions->acceptable, NULL) < 0)) {
		sessions_free(sessions);
		errno = ENOMEM;
		return NULL;
	}
	return sessions;
}

void sessions_free(struct sessions *sessions)
{
	if (!sessions)
		return;
	while (!TAILQ_EMPTY(&sessions->live))
		session_end(TAILQ_FIRST(&sessions->live));
	sessions_free_dead(sessions);
	if (sessions->acceptable)
		event_free(sessions->acceptable);
	if (sessions->retry)
		event_free(sessions->retry);
	if (sessions->turn)
		event_free(sessions->turn);
	if (sessions->look)
		event_free(sessions->look);
	if (sessions->rest)
		event_free(sessions->rest);
	if (sessions->reserve_fd >= 0)
		close(sessions->reserve_fd);
	free(sessions);
}

size_t sessions_count(const struct sessions *sessions)
{
	return sessions->n_live;
}
