/*
 * The workspace file of the daemon: finds it, knows when it has changed, reads it, and remembers
 * what is wrong with it. Holds the options and params that are in force: the file's, and over them
 * what was set at run time. Changes nothing in the core: what was read is handed out, and the
 * caller says whether the core took it.
 *
 * How it is used, before a request that needs it:
 *
 *	const struct workspace_load *load = workspace_poll(workspace, false);
 *	if (load && apply(load, &fault) == 0)
 *		workspace_accept(workspace);
 *	else if (load)
 *		workspace_reject(workspace, &fault);
 *	if (workspace_get_error(workspace))
 *		… answer it, or warn
 */
#ifndef PARPROC_WORKSPACE_WORKSPACE_H
#define PARPROC_WORKSPACE_WORKSPACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/workspace/definitions.h"
#include "daemon/workspace/error.h"
#include "daemon/workspace/executors.h"
#include "daemon/workspace/options.h"

struct workspace;

/* Of params, as they lie in memory (measure.h): those of the workspace, and those of a run. */
#define PARAMS_MAX_BYTES (1u << 20)
#define PARAMS_MAX_TEXT "1 MiB"

/* What a file says. */
struct workspace_load {
	struct definitions definitions;
	struct workspace_options
	    options;    /* in force once it is accepted: what was set over them too */
	json_t *params; /* an object */
	struct executors executors;
	json_t *executors_value; /* what they were read from, or NULL */
	json_t *pools;           /* the same: capacities by name */
};

/*
 * Reads bytes as a workspace file; pure. file is its name in errors; overlay: options that hold
 * over its own, or NULL. 0, or -1 with *error filled in. The caller clears load.
 */
int workspace_parse(const char *bytes, size_t length, const char *file, const json_t *overlay,
    struct workspace_load *load, struct workspace_error *error);

void workspace_load_clear(struct workspace_load *load);

/* directory: of the workspace. Reads nothing yet: the defaults are in force. NULL: out of memory.
 */
struct workspace *workspace_new(const char *directory);
void workspace_free(struct workspace *workspace);

/*
 * Looks whether the file changed (or is_forced: reads it anyway). Answers what the core has yet to
 * take: valid until the next call but workspace_get_*(), to be accepted or rejected at once. What
 * was rejected is answered again at each call, as the reason may have gone (a client's name that
 * was in the way). NULL: nothing new, or the file is broken (workspace_get_error).
 */
const struct workspace_load *workspace_poll(struct workspace *workspace, bool is_forced);

/* The core has taken what workspace_poll() answered: its options and params are in force. */
void workspace_accept(struct workspace *workspace);

/* It has not: fault becomes the file's error, at the definition that its names mention. */
void workspace_reject(struct workspace *workspace, const struct fault *fault);

/* What is wrong with the file as it is, or NULL. */
const struct workspace_error *workspace_get_error(const struct workspace *workspace);

/* The pools in force: an object of capacities by name; borrowed. */
const json_t *workspace_get_pools(const struct workspace *workspace);

/* The options in force. */
const struct workspace_options *workspace_get_options(const struct workspace *workspace);

/* The executors in force; borrowed. */
const struct executors *workspace_get_executors(const struct workspace *workspace);

/* Sets options until the daemon ends, also over those of a file read later. All or none; 0, or -1.
 */
int workspace_set_options(
    struct workspace *workspace, const json_t *values, struct workspace_error *error);

/* The params in force: the file's and, over them, those set. An object; borrowed. */
const json_t *workspace_get_params(const struct workspace *workspace);

/* Sets params (an object) until the daemon ends. 0, or -1: ENOMEM, or E2BIG for too many. */
int workspace_set_params(struct workspace *workspace, const json_t *values);

/*
 * All that is in force, as JSON, for another scheduler's workspace_restore(); a new reference.
 * NULL: out of memory.
 */
json_t *workspace_save(const struct workspace *workspace);

/*
 * Brings back what was in force, until the file is read: it may be broken now. has_set: what was
 * set at run time too. What is not of the form that it should have is left as it is.
 */
void workspace_restore(struct workspace *workspace, const json_t *saved, bool has_set);

/*
 * The params of a request as the core keeps them: {"o":override,"w":the workspace's}, keys sorted;
 * override may be NULL. The caller frees it. NULL: out of memory.
 */
char *workspace_params_text(const struct workspace *workspace, const json_t *override);

#endif
