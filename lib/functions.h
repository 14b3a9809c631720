/*
 * Mode single: the daemon starts a worker for each execution as ever, so that everything about it
 * holds, but the worker has its function called in the program that asked for the run, and passes
 * on what came of it. They talk over an abstract Unix socket (unix(7)), a JSON value a line; the
 * workers find it by a variable in the environment that goes with the program's requests. A worker
 * whose call is not begun there does it itself.
 */
#ifndef PARPROC_LIB_FUNCTIONS_H
#define PARPROC_LIB_FUNCTIONS_H

#include "lib/app.h"

#define FUNCTIONS_VARIABLE "PARPROC_FUNCTIONS"

struct functions;

/* Listens. app is borrowed. NULL: an error of app is noted. */
struct functions *functions_new(pp_app *app);
void functions_free(struct functions *functions);

/* Has calls served while conn waits for something, and requests over conn lead workers here. */
void functions_attach(struct functions *functions, pp_conn *conn);

/* Poll it for POLLIN, then serve one call, to its end. */
int functions_get_fd(const struct functions *functions);
void functions_serve(struct functions *functions);

/* The process that shows the run: it is to end where a function ends this process. */
void functions_set_viewer(struct functions *functions, pid_t pid);

/* What workers are told in FUNCTIONS_VARIABLE. Borrowed. */
const char *functions_get_address(const struct functions *functions);

/* In the worker: what is to be called, all borrowed … */
struct functions_call {
	enum app_call kind;
	const char *name, *arg;      /* arg: for choices; or NULL */
	const char *program, *build; /* what the worker is */
	json_t *variables;
};

/* … and what came of it. */
struct functions_answer {
	int status;
	json_t *value; /* new, or NULL */
	char *message; /* new, or NULL */
};

/* Has the program at address call a function, and waits. 0; -1: it has not begun, as the program is
 * not there any more, or is another one; -2: it has ended meanwhile. */
int functions_ask(
    const char *address, const struct functions_call *call, struct functions_answer *answer);

#endif
