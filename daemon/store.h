/*
 * The state database, .parproc/state.db: what has to be there again after the daemon died. It is
 * written in one transaction for each pass of the loop, before anything is acknowledged or
 * answered; it is no index, and is read at the start only. Its tables are described in
 * doc/STATE.md.
 *
 * SQLite in WAL mode with synchronous=NORMAL: what was committed survives the death of every
 * process. After a power loss the database is consistent, the last transactions may be missing.
 */
#ifndef PARPROC_DAEMON_STORE_H
#define PARPROC_DAEMON_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"

struct store;

/* The first numbers that were never used, and the newest event. */
struct store_counters {
	uint64_t run;
	uint64_t exec;
	uint64_t seq;
};

enum store_way {
	STORE_USE,
	STORE_REPLACE, /* without what was in it */
	STORE_LEAVE,   /* what cannot be used is another's affair: it stays where it is */
};

/*
 * Opens the database of a state directory (NULL: nothing is kept), or makes it. One that is broken,
 * or another program's, is set aside under another name, said in the log. NULL with *error, which
 * the caller frees: it can be neither read nor made, or is left as it is.
 */
struct store *store_open(const char *state_directory, enum store_way way, char **error);

/* The same again, after what is in it turned out to be of no use. 0, or -1 with *error. */
int store_set_aside(struct store *store, const char *why, char **error);

/* NULL is fine. */
void store_close(struct store *store);

bool store_is_durable(const struct store *store);

/* Whether what went wrong is in the database itself, and not in the way to it. */
bool store_is_broken(const struct store *store);

/* From now on others that write do not keep the loop waiting for long, as they may at the start. */
void store_begin_service(struct store *store);

/* What went wrong in the call before; valid until the next. */
const char *store_get_error(const struct store *store);

/* --- writing; between store_begin() and store_commit(). Each 0, or -1: then store_rollback() ---
 */

int store_begin(struct store *store);

/* 0, or -1: nothing of the transaction is there. */
int store_commit(struct store *store);
void store_rollback(struct store *store);

int store_put_counters(struct store *store, const struct store_counters *counters);

/* A setting of the daemon's own by name, as JSON; value NULL: gone. */
int store_put_setting(struct store *store, const char *name, const json_t *value);

/* What proto (or NULL) of that name is now; and what proc is, defined or not. */
int store_put_proto(struct store *store, const char *name, const struct proto *proto);
int store_put_proc(struct store *store, const struct proc *proc);

int store_put_run(struct store *store, const struct run *run);
int store_drop_run(struct store *store, uint64_t run);

/* The execution, and those of its memberships that have changed. */
int store_put_execution(struct store *store, const struct execution *execution);
int store_put_result(struct store *store, uint64_t exec, const json_t *result);

/* What has to be known of an execution to drop it when it is there no more. */
struct store_dropped {
	uint64_t exec;
	int64_t definition; /* keys */
	int64_t params;
	bool has_attempts; /* beside the last */
};
int store_drop_execution(struct store *store, const struct store_dropped *dropped);

/* What a request with a request_id did (repeats.h); position: above those of all before. */
struct store_request {
	uint64_t position;
	const char *id;
	const char *method;
	const json_t *answer; /* or NULL */
	uint64_t run;
	const uint64_t *execs;
	size_t n_execs;
};
int store_put_request(struct store *store, const struct store_request *request);
int store_drop_request(struct store *store, uint64_t position);

/* Drops the durations of what has not run for longest, where they are more than 10,000. */
int store_prune_durations(struct store *store);

/* A proc has succeeded, after so long. */
int store_put_duration(
    struct store *store, const char *proc, int64_t ended_ns, int64_t duration_ns);

/* --- reading --- */

struct restore;

int store_get_counters(struct store *store, struct store_counters *counters);

/* A new reference; NULL: there is none. */
json_t *store_get_setting(struct store *store, const char *name);

/*
 * Hands everything that the core knew to restore (which is core's), and hangs extras onto
 * executions and runs. 0, or -1: it cannot be read, or cannot be.
 */
int store_load(
    struct store *store, struct restore *restore, struct core *core, const char *state_directory);

/* Calls visit for each request, the oldest first. 0, or -1. */
int store_each_request(
    struct store *store, void (*visit)(const struct store_request *request, void *arg), void *arg);

#endif
