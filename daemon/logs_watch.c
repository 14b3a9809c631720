/*
 * Looking at logs that may grow, and one cutter at a time for each that is too large. Two queues,
 * in each of which everybody waits equally long, so the next one due is always the first, and one
 * timer for both. Decides nothing about executions.
 */
#include "daemon/logs_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/hash.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/logs_cutter.h"
#include "daemon/workspace/workspace.h"

#define SECOND_NS INT64_C(1000000000)
#define CUTTERS_MAX 4     /* at once; more would only wait for the same disk */
#define LOOKS_AT_ONCE 256 /* then the loop has its turn */
#define PACK_TRIES 30     /* a second each: what a task has left running has to go in that time */

enum pace { PACE_FAST, PACE_SLOW, N_PACES };

static const int64_t paces_ns[N_PACES] = {SECOND_NS / 10, SECOND_NS};

struct watched {
	UT_hash_handle by_path;
	TAILQ_ENTRY(watched) of_queue;
	struct logs_watch *watch;
	char *path;
	unsigned n_users; /* 0: it is left alone, or packed */
	int64_t least_bytes;
	enum pace pace; /* the queue that it is in, unless a cutter is at it */
	int64_t due_ns;
	int64_t looked_ns; /* when it was looked at last, and its size then */
	int64_t size;
	int64_t freed_to; /* what is before that is freed, but for the beginning; 0: nothing is */
	int64_t cut_to;   /* what freed_to will be */
	struct cutter cutter;
	struct event *cutter_end; /* NULL: no cutter is at it */
	bool is_packing;          /* that is what the cutter does */
	bool wants_pack;          /* as soon as it can be */
	unsigned n_packs;         /* how often that was begun */
	bool is_forgotten;
};

TAILQ_HEAD(watched_queue, watched);

struct logs_watch {
	struct daemon *daemon;
	struct watched *by_path;
	struct watched_queue queues[N_PACES];
	struct event *timer;
	int64_t timer_ns; /* that it is armed for */
	unsigned n_cutters;
	bool cannot_free; /* the middle of a file, here */
	bool is_refused;  /* a cutter, and that was said */
};

static int64_t get_max(const struct logs_watch *watch)
{
	return workspace_get_options(watch->daemon->workspace)->max_log_bytes;
}

static int64_t limit_of(const struct watched *watched)
{
	int64_t max = get_max(watched->watch);

	return max == 0 || max >= watched->least_bytes ? max : watched->least_bytes;
}

/* The size of the file, 0 where there is none. */
static int64_t size_of(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
}

/* --- queues --- */

static void arm(struct logs_watch *watch)
{
	int64_t due_ns = INT64_MAX;
	struct timeval delay = {0};
	int64_t delay_ns;

	for (int i = 0; i < N_PACES; i++) {
		const struct watched *first = TAILQ_FIRST(&watch->queues[i]);

		if (first && first->due_ns < due_ns)
			due_ns = first->due_ns;
	}
	/* It is never taken back: once for nothing is cheaper than each time that a queue is
	 * empty for a moment. */
	if (due_ns == INT64_MAX ||
	    (evtimer_pending(watch->timer, NULL) && watch->timer_ns <= due_ns))
		return;
	delay_ns = due_ns - scheduler_now_ns();
	if (delay_ns > 0) {
		delay.tv_sec = delay_ns / SECOND_NS;
		delay.tv_usec = delay_ns % SECOND_NS / 1000 + 1;
	}
	watch->timer_ns = due_ns;
	evtimer_add(watch->timer, &delay);
}

static void enqueue(struct watched *watched, enum pace pace)
{
	watched->pace = pace;
	watched->due_ns = scheduler_now_ns() + paces_ns[pace];
	TAILQ_INSERT_TAIL(&watched->watch->queues[pace], watched, of_queue);
	arm(watched->watch);
}

static void dequeue(struct watched *watched)
{
	TAILQ_REMOVE(&watched->watch->queues[watched->pace], watched, of_queue);
}

static struct watched *find(struct logs_watch *watch, const char *path)
{
	struct watched *watched = NULL;

	HASH_FIND(by_path, watch->by_path, path, strlen(path), watched);
	return watched;
}

/* In no queue yet. */
static struct watched *add(struct logs_watch *watch, const char *path)
{
	struct watched *watched = mem_new(1, sizeof(*watched));

	watched->watch = watch;
	watched->path = mem_copy(path);
	watched->looked_ns = scheduler_now_ns();
	HASH_ADD_KEYPTR(by_path, watch->by_path, watched->path, strlen(watched->path), watched);
	return watched;
}

/* It is in no queue any more. */
static void free_watched(struct watched *watched)
{
	HASH_DELETE(by_path, watched->watch->by_path, watched);
	free(watched->path);
	free(watched);
}

/* --- cutters --- */

static void begin_pack(struct watched *watched);

/* Does not wait for its end, which may take as long as the disk does: the supervisor reaps it. */
static void stop_cutter(struct watched *watched)
{
	int saved_errno = errno;

	kill(watched->cutter.pid, SIGKILL);
	cutter_clean(watched->watch->daemon->state_directory, watched->cutter.pid);
	close(watched->cutter.end_fd);
	if (watched->cutter_end)
		event_free(watched->cutter_end);
	watched->cutter_end = NULL;
	errno = saved_errno;
}

/* The log is forgotten, and what was made of it meanwhile has to go too. */
static void remove_log(const struct watched *watched)
{
	char *slash = strrchr(watched->path, '/');

	unlink(watched->path);
	*slash = '\0';
	rmdir(watched->path); /* as logs_remove_run() does */
	*slash = '/';
}

static void end_cutter(struct watched *watched, int status)
{
	struct logs_watch *watch = watched->watch;
	bool is_packed = watched->is_packing;

	watched->is_packing = false;
	if (status == CUTTER_UNSUPPORTED && !watch->cannot_free) {
		watch->cannot_free = true;
		log_warning("logs are cut at their end only: this file system has no holes");
	}
	if (status == CUTTER_DONE && !is_packed)
		watched->freed_to = watched->cut_to;
	if (watched->is_forgotten) {
		remove_log(watched);
		free_watched(watched);
	} else if (watched->n_users > 0) {
		enqueue(watched, PACE_FAST);
	} else if (!is_packed && watched->wants_pack) {
		begin_pack(watched);
	} else if (is_packed && status == CUTTER_BUSY && watched->n_packs < PACK_TRIES) {
		enqueue(watched, PACE_SLOW);
	} else {
		free_watched(watched);
	}
}

static void on_cutter_end(evutil_socket_t fd, short what, void *arg)
{
	struct watched *watched = arg;
	int status;
	pid_t pid;

	(void)what;
	do
		pid = waitpid(watched->cutter.pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	event_free(watched->cutter_end);
	watched->cutter_end = NULL;
	close(fd);
	watched->watch->n_cutters--;
	end_cutter(watched, pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : CUTTER_FAILED);
}

/* After an attempt to start a cutter: 0, or -1 with errno; then there is none. */
static int await_cutter(struct watched *watched, int result)
{
	struct logs_watch *watch = watched->watch;
	struct cutter *cutter = &watched->cutter;

	if (result == 0) {
		watched->cutter_end =
		    event_new(watch->daemon->base, cutter->end_fd, EV_READ, on_cutter_end, watched);
		if (watched->cutter_end && event_add(watched->cutter_end, NULL) == 0) {
			watch->n_cutters++;
			watch->is_refused = false;
			return 0;
		}
		errno = ENOMEM;
		stop_cutter(watched);
	}
	if (!watch->is_refused)
		log_warning("log not cut step=start error=%s", strerror(errno));
	watch->is_refused = true;
	return -1;
}

/* Whether there is a cutter now that frees it. */
static bool begin_free(struct watched *watched, const struct logs_cut *cut)
{
	if (watched->watch->cannot_free || watched->watch->n_cutters >= CUTTERS_MAX)
		return false;
	watched->cut_to = cut->to;
	return await_cutter(watched, cutter_start_free(&watched->cutter, watched->path, cut)) == 0;
}

/* The watched log is in no queue and gets into one, or a cutter gets at it. */
static void begin_pack(struct watched *watched)
{
	struct logs_watch *watch = watched->watch;

	if (watch->n_cutters >= CUTTERS_MAX) {
		enqueue(watched, PACE_FAST);
		return;
	}
	watched->n_packs++;
	if (await_cutter(watched, cutter_start_pack(&watched->cutter, watched->path,
	                              limit_of(watched), watch->daemon->state_directory)) == 0)
		watched->is_packing = true;
	else if (watched->n_packs < PACK_TRIES)
		enqueue(watched, PACE_SLOW);
	else
		free_watched(watched);
}

/* --- looking --- */

/* Where it grows as it did since the last look, it has to be looked at again before a second. */
static enum pace choose_pace(const struct watched *watched, int64_t size, int64_t now_ns)
{
	int64_t max = limit_of(watched);
	double passed_ns = (double)(now_ns - watched->looked_ns) + 1;
	double grown = (double)(size - watched->size) / passed_ns * SECOND_NS;

	if (max == 0 || grown <= 0)
		return PACE_SLOW;
	return (double)(size - watched->freed_to) + 2 * grown > (double)max ? PACE_FAST : PACE_SLOW;
}

static void look(struct watched *watched)
{
	int64_t now_ns = scheduler_now_ns();
	int64_t max = limit_of(watched);
	int64_t size = size_of(watched->path);
	int64_t least = max / 8 > LOGS_CUT_UNIT ? max / 8 : LOGS_CUT_UNIT;
	enum pace pace = choose_pace(watched, size, now_ns);
	struct logs_cut cut;

	watched->looked_ns = now_ns;
	watched->size = size;
	if (size < watched->freed_to) /* its process has emptied it */
		watched->freed_to = 0;
	/* A little at a time would be a process each time. */
	if (logs_cut_plan(size, max, &cut) &&
	    cut.to - (watched->freed_to > cut.from ? watched->freed_to : cut.from) >= least &&
	    begin_free(watched, &cut))
		return;
	enqueue(watched, pace);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct logs_watch *watch = arg;
	int64_t now_ns = scheduler_now_ns();
	unsigned n_looks = 0;

	(void)fd;
	(void)what;
	for (int i = 0; i < N_PACES; i++) {
		struct watched *watched;

		while ((watched = TAILQ_FIRST(&watch->queues[i])) && watched->due_ns <= now_ns &&
		       n_looks++ < LOOKS_AT_ONCE) {
			dequeue(watched);
			if (watched->n_users > 0)
				look(watched);
			else
				begin_pack(watched);
		}
	}
	arm(watch);
}

/* --- files --- */

struct logs_watch *logs_watch_new(struct daemon *daemon)
{
	struct logs_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->daemon = daemon;
	for (int i = 0; i < N_PACES; i++)
		TAILQ_INIT(&watch->queues[i]);
	watch->timer = evtimer_new(daemon->base, on_timer, watch);
	if (watch->timer)
		return watch;
	free(watch);
	errno = ENOMEM;
	return NULL;
}

void logs_watch_free(struct logs_watch *watch)
{
	struct watched *watched, *next;

	if (!watch)
		return;
	HASH_ITER (by_path, watch->by_path, watched, next) {
		if (watched->cutter_end)
			stop_cutter(watched);
		free_watched(watched);
	}
	event_free(watch->timer);
	free(watch);
}

void logs_watch_begin(struct logs_watch *watch, const char *path, int64_t least_bytes)
{
	struct watched *watched = find(watch, path);

	if (!watched) {
		watched = add(watch, path);
		enqueue(watched, PACE_FAST);
	}
	watched->n_users++;
	watched->wants_pack = false;
	watched->least_bytes = least_bytes;
}

/* Nobody uses it any more, and it need not be packed. */
static void let_go(struct watched *watched)
{
	if (watched->cutter_end)
		return; /* that is freed when the cutter has ended */
	dequeue(watched);
	free_watched(watched);
}

void logs_watch_end(struct logs_watch *watch, const char *path)
{
	struct watched *watched = find(watch, path);

	if (watched && watched->n_users > 0 && --watched->n_users == 0)
		let_go(watched);
}

void logs_watch_pack(struct logs_watch *watch, const char *path, bool may_be_large)
{
	struct watched *watched = find(watch, path);
	struct logs_cut cut;

	if (!watched) {
		if (may_be_large && logs_cut_plan(size_of(path), get_max(watch), &cut)) {
			watched = add(watch, path);
			watched->wants_pack = true;
			begin_pack(watched);
		}
		return;
	}
	watched->n_users = 0;
	watched->wants_pack = true;
	if (watched->cutter_end)
		return; /* afterwards */
	if (watched->freed_to == 0 &&
	    (!may_be_large || !logs_cut_plan(size_of(path), limit_of(watched), &cut))) {
		let_go(watched);
		return;
	}
	dequeue(watched);
	begin_pack(watched);
}

void logs_watch_forget(struct logs_watch *watch, const char *path)
{
	struct watched *watched = find(watch, path);

	if (!watched)
		return;
	watched->is_forgotten = true;
	watched->n_users = 0;
	let_go(watched);
}

bool logs_watch_is_empty(const struct logs_watch *watch)
{
	return watch->by_path == NULL;
}
