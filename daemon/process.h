/*
 * What a process of an execution gets: argument vector, environment, directory, files. Decides
 * nothing about when it runs and starts nothing.
 */
#ifndef PARPROC_DAEMON_PROCESS_H
#define PARPROC_DAEMON_PROCESS_H

#include <stdbool.h>

#include "daemon/core/model.h"

/* Where the daemon is; all absolute. */
struct process_place {
	const char *directory;
	const char *state_directory;
	const char *socket_path;
	const char *host; /* the machine's name */
};

/* Where its output goes. */
struct process_output {
	const char *log;           /* the path that it finds in PP_LOG, or NULL */
	bool is_terminal;          /* of a client: no word of it that speaks against colors */
	const char *terminal_type; /* the client's TERM, or NULL */
};

struct process {
	struct strings argv; /* items is NULL-ended */
	struct strings env;  /* "NAME=value" over the captured environment; items is NULL-ended */
	char *cwd;
};

/*
 * That of the execution's own command, or of one of its dynamic values. The caller clears it.
 */
void process_build(struct process *process, const struct process_place *place,
    const struct execution *execution, const struct command *command,
    const struct process_output *output);

/* That of a command of a definition for which there is no execution yet. */
void process_build_loose(struct process *process, const struct process_place *place,
    const struct definition *definition, const struct command *command);

/* Puts the NULL behind argv, where words were added. */
void process_end_argv(struct process *process);

/* Adds a variable, or replaces it. */
void process_set_variable(struct process *process, const char *name, const char *value);

void process_clear(struct process *process);

/* In the state directory: where processes leave what is read when they have ended. */
#define PROCESS_DIRECTORY "process"

/* EXEC.SUFFIX there, for the caller to free. Suffixes: "result", "message", "out". */
char *process_file(const char *state_directory, uint64_t exec, const char *suffix);

/*
 * Removes what an earlier scheduler left in .parproc/process, but for files of executions that are
 * needed still; makes the folder if it is missing.
 */
void process_clear_files(
    const char *state_directory, bool (*is_needed)(uint64_t exec, void *arg), void *arg);

/*
 * What could not be done for a process, for people: "exec: No such file or directory: ./tool". The
 * caller frees it. stage and error: as the supervisor reports them.
 */
char *process_explain_failure(const struct process *process, const char *stage, int error);

#endif
