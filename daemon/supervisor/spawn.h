/*
 * Starts one worker process, quickly: the parent's memory is shared until the child executes, so
 * the cost does not grow with it. Knows nothing of executions, messages or the supervisor's tables.
 */
#ifndef PARPROC_DAEMON_SUPERVISOR_SPAWN_H
#define PARPROC_DAEMON_SUPERVISOR_SPAWN_H

#include <sys/types.h>

/* What was being done for the child when it failed. */
enum spawn_stage {
	SPAWN_DONE, /* nothing failed */
	SPAWN_ENVIRONMENT,
	SPAWN_FORK,
	SPAWN_SESSION,
	SPAWN_TERMINAL,
	SPAWN_STDIN,
	SPAWN_LOG,
	SPAWN_OUTPUT,
	SPAWN_JOBSERVER,
	SPAWN_CHDIR,
	SPAWN_EXEC,
	N_SPAWN_STAGES,
};

struct spawn_error {
	enum spawn_stage stage;
	int error; /* errno */
};

/* Paths are absolute. */
struct spawn_request {
	const char *const *argv; /* without a slash in argv[0]: looked for in the PATH of envp */
	const char *const *envp;
	const char *cwd;
	const char *log;    /* appended to, made if need be, with its directories */
	const char *output; /* NULL, or a file for standard output alone, emptied if it is there */
	/* NULL, or what becomes standard input, output (without output) and error; all above 2. */
	const int *terminal;
	/* NULL, or the FIFO whose ends are to be JOBSERVER_READ_FD and JOBSERVER_WRITE_FD. */
	const char *jobserver;
};

struct spawner;

/* NULL with errno. */
struct spawner *spawner_new(void);
void spawner_free(struct spawner *spawner);

/*
 * Gives every signal its default action, which workers inherit. To be called once, before the first
 * spawner_run(). The process must have no signal handlers later either: the child would run them in
 * the parent's memory.
 */
void spawner_reset_signals(void);

/*
 * Starts a process that leads a session and process group of its own, with an empty signal mask.
 * The caller reaps it. -1: *error says why, and there is nothing to reap. Descriptors that are not
 * close-on-exec are inherited, so the caller has to have none above 2.
 */
pid_t spawner_run(
    struct spawner *spawner, const struct spawn_request *request, struct spawn_error *error);

/* A word for messages: "exec", "log" … */
const char *spawn_stage_name(enum spawn_stage stage);

#endif
