/*
 * Requests that change something may carry a request_id: the same one again gets what the first
 * one got, and nothing is done twice. Here is what the first ones did: of most methods the answer;
 * of run and of some waits, which are answered late, what they wait for, so that the repeat waits
 * for the same. Bounded: the oldest are forgotten, but not while what they have started goes on.
 */
#ifndef PARPROC_DAEMON_REPEATS_H
#define PARPROC_DAEMON_REPEATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/request.h"

#define REPEATS_MAX 10000
#define REPEATS_MAX_BYTES (16u << 20)

struct repeats;
struct store;

/* What a request did. */
struct repeat {
	const char *method;
	json_t *answer;        /* NULL: of the methods run and wait, see below */
	uint64_t run;          /* what is waited for: in this run (0: any) … */
	const uint64_t *execs; /* … of run the executions that it pulled in, sorted; of wait … */
	size_t n_execs;        /* … without a run the runs that were active */
};

/* Frees all; NULL is fine. It is made when it is first needed. */
void repeats_free(struct repeats *repeats);

/* Brings back what an earlier scheduler has stored. 0, or -1: it cannot be read. */
int repeats_load(struct daemon *daemon);

/*
 * For keep.c: whether there is something to be stored (or dropped); writes it, 0 or -1; and what
 * was written is stored for good. NULL is fine.
 */
bool repeats_are_new(const struct repeats *repeats);
int repeats_store(const struct repeats *repeats, struct store *store);
void repeats_set_stored(struct repeats *repeats);

/* What the request of that id did; NULL: none, or too long ago. Valid until the next call. */
const struct repeat *repeats_find(const struct daemon *daemon, const char *request_id);

/* Whether the execution is one that it pulled in. */
bool repeat_has(const struct repeat *repeat, uint64_t exec);

/* Keeps the answer (borrowed) of a request, if it has an id. What does not fit is not kept. */
void repeats_keep_answer(const struct request *request, json_t *answer);

/* Keeps what a request has started, if it has an id. */
void repeats_keep_run(
    const struct request *request, uint64_t run, struct membership *const *pulled, size_t count);

/* Keeps that a request waits for all of a run, or (run 0) for all of these runs, if it has an id.
 */
void repeats_keep_wait(
    const struct request *request, uint64_t run, const uint64_t *runs, size_t count);

/*
 * The request will take effect later, or not at all: until repeats_settle(), others of the same id
 * wait with repeats_attach(). Without an id, or memory, nothing is marked.
 */
void repeats_begin(const struct request *request);
void repeats_settle(struct daemon *daemon, const char *request_id);

/*
 * Where one of the same id is about to take effect: calls again(request) when that is settled, and
 * returns true.
 */
bool repeats_attach(struct request *request, request_handler *again);

#endif
