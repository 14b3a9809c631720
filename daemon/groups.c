/*
 * One timer for each group that has to go. As long as the exit of its leader is not acknowledged
 * the supervisor knows the group, so this waits with the acknowledgement.
 */
#include "daemon/groups.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "daemon/daemon.h"
#include "daemon/effects.h"

struct group {
	LIST_ENTRY(group) of_groups;
	struct daemon *daemon;
	struct worker_key key;
	pid_t pid;
	struct event *timer;
};

struct groups {
	struct daemon *daemon;
	LIST_HEAD(, group) list;
};

struct groups *groups_new(struct daemon *daemon)
{
	struct groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->daemon = daemon;
	LIST_INIT(&groups->list);
	return groups;
}

static void free_group(struct group *group)
{
	LIST_REMOVE(group, of_groups);
	if (group->timer)
		event_free(group->timer);
	free(group);
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	while (!LIST_EMPTY(&groups->list))
		free_group(LIST_FIRST(&groups->list));
	free(groups);
}

static void forget_group(struct group *group)
{
	effects_queue_acknowledgement(group->daemon, group->key);
	scheduler_wake(group->daemon);
	free_group(group);
}

static void kill_group(struct group *group)
{
	workers_signal(group->daemon->workers, group->key, SIGKILL);
	forget_group(group);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	kill_group(arg);
}

void groups_end(struct groups *groups, struct worker_key key, pid_t pid)
{
	struct daemon *daemon = groups->daemon;
	int64_t delay_ns = core_get_options(daemon->core)->kill_after_ns;
	const struct timeval delay = {
	    .tv_sec = delay_ns / 1000000000, .tv_usec = delay_ns / 1000 % 1000000};
	struct group *group = calloc(1, sizeof(*group));

	if (!group || !(group->timer = evtimer_new(daemon->base, on_timer, group))) {
		free(group);
		workers_signal(daemon->workers, key, SIGKILL);
		effects_queue_acknowledgement(daemon, key);
		return;
	}
	group->daemon = daemon;
	group->key = key;
	group->pid = pid;
	LIST_INSERT_HEAD(&groups->list, group, of_groups);
	workers_signal(daemon->workers, key, SIGTERM);
	evtimer_add(group->timer, &delay);
}

size_t groups_count(struct groups *groups)
{
	struct group *group = LIST_FIRST(&groups->list);
	size_t count = 0;

	while (group) {
		struct group *next = LIST_NEXT(group, of_groups);

		if (group->pid > 0 && kill(-group->pid, 0) < 0 && errno == ESRCH)
			forget_group(group);
		else
			count++;
		group = next;
	}
	return count;
}

void groups_kill(struct groups *groups)
{
	while (!LIST_EMPTY(&groups->list))
		kill_group(LIST_FIRST(&groups->list));
}
