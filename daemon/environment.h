/*
 * Captured environments: those of clients that asked for runs, each kept once, by content, under a
 * number that the core carries with executions. The supervisor has the text too and gives it to
 * the processes. They are in memory only, never on disk.
 */
#ifndef PARPROC_DAEMON_ENVIRONMENT_H
#define PARPROC_DAEMON_ENVIRONMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct daemon;
struct environments;
struct workers;

/* What execve(2) takes of one, with room for what else a process gets; and all that are in use. */
#define ENVIRONMENT_MAX_BYTES (1u << 20) /* the pointers to variables count too */
#define ENVIRONMENT_MAX_VARIABLES 32768
#define ENVIRONMENT_MAX_VARIABLE_BYTES (128u << 10) /* of one, "NAME=value" and its NUL */
#define ENVIRONMENTS_MAX_BYTES (16u << 20)
#define ENVIRONMENT_REFUSED UINT32_MAX

/* workers (borrowed, may be NULL in tests) is told of each that is new and each that is dropped. */
struct environments *environments_new(struct workers *workers);
void environments_free(struct environments *environments);

/*
 * The number of the environment that object (name to text) holds, without PP_* and what is no name
 * of a variable; 0, the daemon's own, for NULL or where options.env says so. Nobody needs to give
 * it back: it stays for this pass of the loop, and what no execution uses goes after a while.
 * ENVIRONMENT_REFUSED with errno: E2BIG where it is over a limit of one, ENOSPC where all are over
 * theirs, ENOMEM, or EINVAL for a value that is no text.
 */
uint32_t environment_intern(struct daemon *daemon, const json_t *object);

/* The same without asking the options. */
uint32_t environments_add(struct environments *environments, const json_t *object);

/* Why that one was refused with error, for people; the caller frees it. */
char *environment_explain(const json_t *object, int error);

/*
 * An execution that has that one is in flight, or a request that will need it is deferred; and it
 * is over. 0 and unknown numbers are ignored.
 */
void environments_ref(struct environments *environments, uint32_t env);
void environments_unref(struct environments *environments, uint32_t env);

/*
 * After a restart: the supervisor holds one of that number, whatever is in it. Until
 * environments_drop_held(), which lets go of those that no execution has asked for.
 */
void environments_hold(struct environments *environments, uint32_t env);
bool environments_has(const struct environments *environments, uint32_t env);
void environments_drop_held(struct environments *environments);

/* Drops those that nobody has used for longest; once at the end of each pass of the loop. */
void environments_trim(struct environments *environments);

size_t environments_count(const struct environments *environments);

#endif
