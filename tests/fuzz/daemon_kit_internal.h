/*
 * The kit from the inside, for daemon_kit.c, daemon_build.c and daemon_state.c alone.
 */
#ifndef PARPROC_TESTS_FUZZ_DAEMON_KIT_INTERNAL_H
#define PARPROC_TESTS_FUZZ_DAEMON_KIT_INTERNAL_H

#include "daemon/scheduler_internal.h"
#include "tests/fuzz/daemon_kit.h"
#include "tests/fuzz/daemon_peer.h"
#include "tests/fuzz/daemon_workers.h"

struct kit {
	struct scheduler scheduler;
	struct scheduler_options options;
	struct workers *workers; /* the supervisor's, which outlives the scheduler */
	struct peer peers[KIT_PEERS];
	bool has_state;
	bool may_not_store; /* what is in the database need not let it be written */
};

/* A path in the workspace, for the caller to free. */
char *kit_path(const char *name);

/* A file in it: with that text now; gone. */
void kit_write(const char *path, const char *text);
void kit_remove(const char *name);

/* The workspace's directory is there. */
void kit_need_workspace(void);

/* Removes what begins like that in the state directory. */
void kit_remove_files(const char *prefix);

/* In steps: the kit without a scheduler; one that knows what is stored; that serves; its end. */
struct kit *kit_make(void);
void kit_build(struct kit *kit);
void kit_begin(struct kit *kit);
void kit_tear_down(struct kit *kit);

/* Nobody is told. */
void kit_let_time_pass(unsigned seconds);

/* Passes until nothing happens any more, nor would in one more; then all is checked. */
void kit_settle(struct kit *kit);

#endif
