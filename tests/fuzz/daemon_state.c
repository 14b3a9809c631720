/*
 * Schedulers that begin with a state database. What one has stored is all that the next one knows,
 * so what is over has to be the same for both.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "daemon/core/strings.h"
#include "tests/fuzz/daemon_kit_internal.h"
#include "tests/fuzz/fuzz.h"

#define SET_ASIDE "state.db.set-aside"

char *kit_begin_state(void)
{
	kit_need_workspace();
	kit_remove_files("state.db");
	return kit_path(".parproc/state.db");
}

static bool is_one_set_aside(void)
{
	char *path = kit_path(".parproc");
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool is_there = false;

	FUZZ_CHECK(directory);
	while ((entry = readdir(directory)))
		is_there |= strncmp(entry->d_name, SET_ASIDE, strlen(SET_ASIDE)) == 0;
	closedir(directory);
	free(path);
	return is_there;
}

struct kit *kit_new_with_state(bool may_not_store, bool *is_set_aside)
{
	struct kit *kit = kit_make();

	kit->has_state = true;
	kit->may_not_store = may_not_store;
	kit_build(kit);
	kit_begin(kit);
	*is_set_aside = is_one_set_aside();
	kit->may_not_store &= !*is_set_aside;
	kit_settle(kit);
	return kit;
}

/* --- what the next one has to know --- */

static void add_member(struct strings *lines, const struct membership *member)
{
	const struct execution *execution = member->execution;

	if (!membership_is_complete(member))
		return;
	strings_take(
	    lines, mem_print("run %" PRIu64 " has %" PRIu64 " %s %u %u %u %s", member->run->id,
	               execution->id, execution->proc->name, execution->state, execution->error,
	               member->override, execution->info ? execution->info : ""));
}

/* A line for all that does not change by a restart. */
static char *describe(struct core *core)
{
	const struct membership *member;
	struct strings lines = {0};
	struct run *run = NULL;
	char *text;

	while ((run = core_next_run(core, run ? run->id : 0))) {
		strings_take(&lines, mem_print("run %" PRIu64 " %s has %u", run->id,
		                         run->name ? run->name : "", (unsigned)run->n_members));
		TAILQ_FOREACH (member, &run->members, of_run)
			add_member(&lines, member);
	}
	text = strings_join(&lines, "\n");
	strings_clear(&lines);
	return text;
}

void kit_restart(struct kit *kit)
{
	struct daemon *daemon = &kit->scheduler.daemon;
	char *before, *after;

	if (!kit->has_state || kit_is_ended(kit) || daemon->is_stopping)
		return;
	before = describe(daemon->core);
	for (unsigned i = 0; i < KIT_PEERS; i++)
		peer_hang_up(&kit->peers[i]);
	kit_tear_down(kit);
	kit_let_time_pass(1); /* as it does; two schedulers never begin at the same moment */
	kit_remove_files(SET_ASIDE);
	kit_build(kit);
	FUZZ_CHECK(!is_one_set_aside());
	after = describe(daemon->core);
	if (strcmp(before, after) != 0)
		fprintf(stderr, "before:\n%s\nafter:\n%s\n", before, after);
	FUZZ_CHECK(strcmp(before, after) == 0);
	free(before);
	free(after);
	kit_begin(kit);
	kit_settle(kit);
}
