/*
 * Commands whose standard output is a list of names: dynamic dependencies and choices. Each is a
 * worker of its own with a time limit; the daemon goes on meanwhile.
 */
#ifndef PARPROC_DAEMON_DYNAMIC_H
#define PARPROC_DAEMON_DYNAMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/workers.h"

struct daemon;
struct dynamics;

#define DYNAMIC_TIMEOUT_S 30
#define DYNAMIC_RUNNING_MAX 64 /* at a time; others wait for their turn */
#define DYNAMIC_OUTPUT_MAX (16u << 20)

struct dynamics *dynamics_new(struct daemon *daemon);
void dynamics_free(struct dynamics *dynamics);

/*
 * Reads what such a command printed: a JSON list of texts, or one name a line (empty lines do not
 * count, blanks around a name neither). 0; or -1 with a sentence in *error that the caller frees.
 */
int dynamic_parse(const char *text, size_t length, struct strings *names, char **error);

/* The same of a command for choices: only a JSON list, which may have numbers and booleans too. */
int dynamic_parse_choices(const char *text, size_t length, struct strings *choices, char **error);

/* Carries out ACTION_RESOLVE; the answer goes to the core. */
void dynamic_resolve(struct daemon *daemon, const struct action *action);

/* The executions's commands that still run have become useless: ends them. */
void dynamic_cancel(struct daemon *daemon, const struct execution *execution);

/* Gets the answer, or else a sentence in error that says why there is none; valid during the call.
 */
typedef void dynamic_done(void *arg, const struct strings *answer, const char *error);

/*
 * Runs the choices command of an argument for a request, outside of any execution. Returns a number
 * for dynamic_drop(), or 0 where it cannot even be tried (errno); done is called later, once.
 */
uint64_t dynamic_ask(struct daemon *daemon, const struct definition *definition,
    const struct command *command, uint32_t env, dynamic_done *done, void *arg);

/* The same of a command that is the daemon's own and prints lines, in the workspace's directory. */
uint64_t dynamic_ask_lines(struct daemon *daemon, const struct definition *definition,
    const struct command *command, uint32_t env, dynamic_done *done, void *arg);

/* Nobody wants the answer any more: ends the command; done is not called. */
void dynamic_drop(struct daemon *daemon, uint64_t id);

/* The worker of a key with WORKER_RESOLVE lives: is killed if nobody asked for it. Or has ended. */
void dynamic_started(struct daemon *daemon, struct worker_key key);
void dynamic_exited(struct daemon *daemon, const struct worker_exit *report);

/* Ends all of them; nobody is answered. */
void dynamics_cancel_all(struct daemon *daemon);

/* Starts those that are due; once in each pass of the loop. */
void dynamics_start(struct daemon *daemon);

size_t dynamics_count(const struct dynamics *dynamics);

#endif
