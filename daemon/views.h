/*
 * Views: what the protocol tells about a proc, as JSON: its newest execution, or the one in a
 * certain run. All of them have the same members; what is not known, or does not apply, is null.
 */
#ifndef PARPROC_DAEMON_VIEWS_H
#define PARPROC_DAEMON_VIEWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "protocol/json_text.h"

/* At most so many views are in an answer, and about so many bytes of them. */
#define VIEWS_MAX 1000
#define VIEWS_MAX_BYTES (8u << 20)

/* Of the proc's newest execution, or of the idle proc. A new reference, or NULL: no memory. */
json_t *view_proc(const struct core *core, const struct proc *proc);

/* Of the proc as if it had never been executed: where it is not in the run that is looked at. */
json_t *view_proc_idle(const struct proc *proc);

/* Of an execution as it counts in that run. A new reference, or NULL: no memory. */
json_t *view_member(const struct core *core, const struct membership *member);

/* What a view is written of. */
struct view {
	const struct execution *execution;
	const struct membership *member; /* where it is looked at; NULL: by itself */
	const char *state;               /* other than what it is in now; NULL: that */
	const char *waits;               /* what it waits for; NULL: not known, or nothing */
	bool is_brief;                   /* without members that are null, empty or wave 0 */
};

/* Writes it as JSON: for events, of which there are many. */
void view_put(struct json_text *to, const struct view *view);

/* All that an execution is told about itself. A new reference, or NULL: no memory. */
json_t *view_context(const struct execution *execution);

/* The value of an argument in its type, as JSON. A new reference, or NULL: no memory. */
json_t *view_argument(const struct argument *argument, const char *text);

/* All arguments by name. values: one for each. A new reference, or NULL: no memory. */
json_t *view_arguments(const struct definition *definition, char *const *values);

/* The names and patterns that a definition lists as deps, arguments filled in where values has
 * them. */
json_t *view_defined_deps(const struct definition *definition, char *const *values);

/* The locks that it needs, arguments filled in where values has them. */
json_t *view_locks(const struct definition *definition, char *const *values);

/* "dep", "rdep", "when_scheduled", … Static. */
/* The amounts of pools that it holds while it runs, by name. */
json_t *view_uses(const struct definition *definition, char *const *values);

const char *view_edge_reason(enum edge_reason reason);

/* A time in nanoseconds since the epoch, in seconds; null for 0. */
json_t *view_time(int64_t time_ns);
void view_put_time(struct json_text *to, int64_t time_ns);

/* A text, or null for NULL. */
json_t *view_text(const char *text);

/* A list of texts. */
json_t *view_texts(const struct strings *texts);

/* What an execution has left as its result: a new reference to it, or to null. */
json_t *view_result(const struct execution *execution);

/* Views that are gathered for an answer, up to what an answer may hold. */
struct views {
	json_t *list; /* an array; who gathers takes it or calls views_clear() */
	size_t bytes;
	size_t limit;      /* at most so many; VIEWS_MAX or fewer */
	bool is_truncated; /* one did not fit */
};

/* limit: 0 or above VIEWS_MAX mean VIEWS_MAX. Returns -1 where there is no memory. */
int views_init(struct views *views, size_t limit);

/* Takes view. Returns false, with is_truncated set, where it does not fit any more. */
bool views_add(struct views *views, json_t *view);

void views_clear(struct views *views);

#endif
