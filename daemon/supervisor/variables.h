/*
 * Captured environments: each kept under a number until it is dropped, and merged with a worker's
 * own variables when one is started. In memory only; they hold users' secrets.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_VARIABLES_H
#define PARPROC_DAEMON_SUPERVISOR_VARIABLES_H

#include <stddef.h>
#include <stdint.h>

/* Of all that are kept together. */
#define VARIABLES_MAX_BYTES (256u << 20)

struct variables;

/* Keeps own ("NAME=value", NULL-ended, copied) as number 0. NULL: ENOMEM. Of this and what else is
 * kept, what leads make to somebody's jobserver is left out (makeflags.h). */
struct variables *variables_new(const char *const *own);
void variables_free(struct variables *variables);

/* Keeps list as env, instead of what was there. 0, or -1: ENOMEM, ENOSPC (over the limit), EINVAL
 * (0). */
int variables_put(struct variables *variables, uint32_t env, const char *const *list);

/* 0 and unknown numbers are ignored. */
void variables_drop(struct variables *variables, uint32_t env);

/*
 * Those of env, and over them those of extra: valid until the next call of any of these; the
 * strings are those given. NULL: ENOENT (no such environment) or ENOMEM.
 */
const char *const *variables_merge(
    struct variables *variables, uint32_t env, const char *const *extra);

/*
 * variable ("NAME=value", borrowed) over what the last variables_merge() gave: the list with it,
 * valid as long.
 */
const char *const *variables_add(struct variables *variables, const char *variable);

/* The value of name in what the last variables_merge() gave, or NULL. */
const char *variables_get(const struct variables *variables, const char *name);

/* Calls visit for each number but 0 until it returns other than 0, which is returned then. */
int variables_each(
    const struct variables *variables, int (*visit)(uint32_t env, void *arg), void *arg);

#endif
