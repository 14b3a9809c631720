/*
 * Schedulers of daemon_kit.h from their beginning to their end: the workspace and the clock that
 * they have, and the parts, which are those of daemon/scheduler.c.
 */
#include "tests/fuzz/daemon_kit.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/mem.h"
#include "daemon/log.h"
#include "daemon/parts.h"
#include "daemon/process.h"
#include "daemon/recover.h"
#include "daemon/reload.h"
#include "daemon/session.h"
#include "daemon/settings.h"
#include "daemon/store.h"
#include "daemon/workspace/workspace.h"
#include "tests/fuzz/daemon_kit_internal.h"
#include "tests/fuzz/fuzz.h"

#define START_NS (INT64_C(1700000000) * 1000000000)
#define SECOND_NS INT64_C(1000000000)

/* Virtual; scheduler_now_ns() has no argument that could carry it. */
static int64_t fuzz_now_ns;

int64_t scheduler_now_ns(void)
{
	return fuzz_now_ns;
}

/* There is one clock here. */
int64_t scheduler_time_ns(int64_t monotonic_ns)
{
	return monotonic_ns;
}

void kit_let_time_pass(unsigned seconds)
{
	fuzz_now_ns += (int64_t)seconds * SECOND_NS;
}

/* --- the workspace --- */

/* In memory, where there is such a place: nothing of it has to survive. */
static char memory_directory[] = "/dev/shm/parproc-fuzz.XXXXXX";
static char disk_directory[] = "/tmp/parproc-fuzz.XXXXXX";
static const char *workspace_directory;

char *kit_path(const char *name)
{
	return mem_print("%s/%s", workspace_directory, name);
}

void kit_remove(const char *name)
{
	char *path = kit_path(name);

	unlink(path);
	free(path);
}

void kit_remove_files(const char *prefix)
{
	char *path = kit_path(".parproc");
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	free(path);
}

static bool is_none_needed(uint64_t exec, void *arg)
{
	(void)exec;
	(void)arg;
	return false;
}

static void remove_workspace(void)
{
	char *work = kit_path(".parproc/process"), *state = kit_path(".parproc");

	kit_remove_files("state.db");
	process_clear_files(state, is_none_needed, NULL);
	kit_remove("parproc.yaml");
	rmdir(work);
	rmdir(state);
	rmdir(workspace_directory);
	free(work);
	free(state);
}

static void make_workspace(void)
{
	char *state;

	workspace_directory = mkdtemp(memory_directory);
	if (!workspace_directory)
		workspace_directory = mkdtemp(disk_directory);
	FUZZ_CHECK(workspace_directory);
	state = kit_path(".parproc");
	FUZZ_CHECK(mkdir(state, 0700) == 0);
	free(state);
	atexit(remove_workspace);
	signal(SIGPIPE, SIG_IGN); /* as the scheduler does: peers hang up */
	json_object_seed(1);      /* so that an input always takes the same way */
}

void kit_need_workspace(void)
{
	if (!workspace_directory)
		make_workspace();
}

void kit_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return;
	fputs(text, file);
	fclose(file);
}

/* --- building --- */

/* The end of a real one takes the kernel 10 ms, and there are thousands of schedulers here. What
 * processes leave is looked for without it. */
int inotify_init1(int flags)
{
	(void)flags;
	errno = EMFILE;
	return -1;
}

static void begin_without_state(struct daemon *daemon)
{
	struct core_options options;
	char *error;

	daemon->logs_directory = kit_path(".parproc");
	daemon->store = store_open(NULL, STORE_USE, &error);
	FUZZ_CHECK(daemon->store);
	settings_convert(workspace_get_options(daemon->workspace), &options);
	daemon->core = core_new(&options, 1, 1);
}

/* Whatever was there, the daemon begins: with it, or without. */
static void begin_with_state(struct daemon *daemon, uint64_t *last_seq)
{
	FUZZ_CHECK(recover_state(daemon, true, false, last_seq) == 0);
	FUZZ_CHECK(daemon->core && store_is_durable(daemon->store));
}

static void build_parts(struct kit *kit)
{
	struct daemon *daemon = &kit->scheduler.daemon;
	const struct workers_events of_kit = {.arg = kit->workers};
	uint64_t last_seq = 0;

	daemon->base = event_base_new();
	daemon->workspace = workspace_new(workspace_directory);
	FUZZ_CHECK(daemon->base && daemon->workspace);
	if (kit->has_state)
		begin_with_state(daemon, &last_seq);
	else
		begin_without_state(daemon);
	daemon->workers = workers_new(daemon->base, -1, kit->workers ? &of_kit : NULL);
	FUZZ_CHECK(parts_make(daemon, last_seq) == 0);
}

/* As the scheduler begins to serve. */
void kit_begin(struct kit *kit)
{
	struct daemon *daemon = &kit->scheduler.daemon;

	if (kit->has_state) {
		recover_requests(daemon);
		fuzz_workers_report(daemon);
		recover_workers(daemon);
	}
	reload_workspace(daemon, true, fuzz_now_ns, NULL);
	daemon->sessions = sessions_new(daemon, -1);
	FUZZ_CHECK(daemon->sessions);
}

void kit_build(struct kit *kit)
{
	struct scheduler *scheduler = &kit->scheduler;
	struct daemon *daemon = &scheduler->daemon;

	*scheduler = (struct scheduler){.options = &kit->options};
	TAILQ_INIT(&scheduler->stopped);
	daemon->directory = mem_copy(workspace_directory);
	daemon->state_directory = kit_path(".parproc");
	daemon->socket_path = kit_path(".parproc/ppd.sock");
	daemon->supervisor_pid = kit->has_state ? getpid() : 0;
	build_parts(kit);
	kit->workers = daemon->workers;
	scheduler->end_look = evtimer_new(daemon->base, scheduler_on_end_look, scheduler);
	FUZZ_CHECK(scheduler->end_look);
}

struct kit *kit_make(void)
{
	struct kit *kit = mem_new(1, sizeof(*kit));

	kit_need_workspace();
	fuzz_now_ns = START_NS;
	log_set_level(LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < KIT_PEERS; i++)
		peer_init(&kit->peers[i]);
	return kit;
}

struct kit *kit_new(void)
{
	struct kit *kit = kit_make();

	kit_build(kit);
	kit_begin(kit);
	return kit;
}

void kit_tear_down(struct kit *kit)
{
	struct scheduler *scheduler = &kit->scheduler;
	struct daemon *daemon = &scheduler->daemon;

	sessions_free(daemon->sessions);
	event_free(scheduler->end_look);
	parts_free(daemon);
	scheduler_forget_end(scheduler);
}
