/*
 * libparproc: drive the scheduler daemon of a parproc workspace from C or C++, and write its procs
 * as C functions.
 *
 * The library prints nothing (but for pp_app_main() and pp_app_drive(), which are a program's user
 * interface), never exits, installs no signal handlers and keeps no global state. A connection is
 * used by one thread at a time; threads with a connection each need no locks.
 *
 * Errors: a call returns an enum pp_error, PP_OK (0) or a code; the connection holds what there
 * is to say about the newest one (pp_error_text() and so on) until its next call that fails.
 *
 * Texts are UTF-8. Durations and times are seconds, as double; times are since the epoch. A timeout
 * below 0 (PP_FOREVER) means none. JSON values are jansson's json_t. "Borrowed" pointers belong to
 * their owner, "taken" values belong to the call, also when it fails; "new" ones to the caller.
 *
 *	pp_conn *conn;
 *	struct pp_request request = {.names = (const char *const[]){"deploy::prod", NULL}};
 *	json_t *answer;
 *
 *	if (pp_connect(NULL, &conn) || pp_run(conn, &request, PP_FOREVER, &answer))
 *		fprintf(stderr, "%s\n", pp_error_text(conn));
 *
 *	static int build(pp_ctx *ctx)
 *	{
 *		return pp_return(ctx, json_pack("{s:s}", "built", pp_arg_str(ctx, "env")));
 *	}
 *
 *	int main(int argc, char **argv)
 *	{
 *		pp_app *app = pp_app_new(argc, argv);
 *
 *		pp_proto(app, "build::[env]", build, .locks = {"cc"});
 *		return pp_app_main(app);
 *	}
 */
#ifndef PARPROC_H
#define PARPROC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PP_PRINTF(position, rest) __attribute__((__format__(__printf__, position, rest)))
#else
#define PP_PRINTF(position, rest)
#endif

#define PP_FOREVER (-1.0)

enum pp_error {
	PP_OK = 0,
	/* The call is wrong: a NULL, a bad option, waiting from inside a callback. */
	PP_ERR_INVALID,
	PP_ERR_NOMEM,
	/* The system refused something else; the text has the cause. */
	PP_ERR_SYSTEM,
	/* Neither here nor upward is a workspace. */
	PP_ERR_NO_WORKSPACE,
	/* No daemon serves the workspace, or it went away; the text has socket and reason. */
	PP_ERR_UNREACHABLE,
	/* The call's own timeout ran out. The request goes on; its answer will be dropped. */
	PP_ERR_TIMEOUT,
	/* What came is no answer, or the daemon speaks another version of the protocol. */
	PP_ERR_PROTOCOL,
	/* The daemon refused the request: pp_error_name() and pp_error_data() say more. */
	PP_ERR_REMOTE,
};

/* The version of the library, as "0.1.0". */
const char *pp_version(void);

/* What a code means in general: a static text. */
const char *pp_strerror(enum pp_error error);

/* ---- connections ---- */

typedef struct pp_conn pp_conn;

/* Each member may be left 0. All is borrowed for the call. */
struct pp_connect_options {
	/* Look for the workspace from here upward (-C); this directory itself if none is found. */
	const char *directory;
	/* Connect to this socket, whatever workspace is found (-S). */
	const char *socket_path;
	/* Start a daemon if none serves. PP_AUTOSTART=0 in the environment forbids it. */
	bool autostart;
	/* Look at no PP_* variable. */
	bool ignore_environment;
	/* The program to start; NULL: ppd beside this process's executable, then in PATH. */
	const char *ppd_path;
	/* How long it stays without work, as its --idle-exit; NULL: "30m". */
	const char *idle_exit;
	/* Who is asking, for the daemon's log, as "ppctl 0.1.0". */
	const char *client;
	/* To connect, a start included; 0: 10 s. */
	double timeout_s;
	/* How long to try to come back when the connection has ended, and to wait for an answer of
	 * a daemon that has said nothing yet; 0: 60 s; below 0: do not come back, and for ever. */
	double resume_s;
	/* Must be NULL. */
	void *reserved[4];
};

/* Connects to the daemon of a workspace, waiting for it where it has to be started. options may be
 * NULL. *conn is set also when this fails (NULL only if there is no memory for it), so that
 * pp_error_text() can say why; all other calls then fail in the same way. Give it to pp_close() in
 * any case.
 *
 * The workspace and its socket are said by, in this order: socket_path, directory, PP_SOCKET,
 * PP_WORKSPACE, the nearest directory upward that has a parproc.yaml, .yml or .json or a
 * .parproc/. Only a daemon of this user or of root is talked to, except by root. */
enum pp_error pp_connect(const struct pp_connect_options *options, pp_conn **conn);

/* Ends the connection: callbacks of unanswered requests are not called, runs go on. NULL is fine.
 * Not from inside a callback. */
void pp_close(pp_conn *conn);

/* When the daemon restarts (its scheduler crashed, or is upgraded) connections end. Where something
 * needs one (a request without an answer, a subscription, a hold that open made for it; else when
 * the next request is sent) it is made again, and who uses it notices nothing but that it takes
 * longer:
 *
 *  - Requests that only look are sent again as they were. Those that change something carry a
 *    request_id from the first time on (the library makes one, unless it is in params), so that
 *    nothing is done twice. Waits go on, with what is left of their time limit.
 *  - The subscription is made again, as are holds. What happened meanwhile comes as events, the
 *    newest of each execution and run, in the order of their seq; older ones are left out. Inputs
 *    that are open are told of again, maybe under other numbers.
 *  - Where the daemon knows nothing of what was before (ppd --no-state), requests that it may have
 *    carried out fail with PP_ERR_UNREACHABLE, and subscribers get an event of kind "resync". So do
 *    requests of methods that this library does not know.
 *
 * If no daemon is there and options.autostart is set, one is started. Without one for
 * options.timeout_s, or without an answer for options.resume_s, the connection is lost. It is lost
 * at once where the daemon has ended on purpose (the error shutting_down, an event of kind "end").
 */

/* The connection is there again: pp_get_fd() is another one, and what pp_server_info() gave says
 * what the present daemon is. What happened meanwhile comes behind this. */
typedef void pp_resume_callback(pp_conn *conn, void *arg);

/* Who is told so. NULL: nobody. */
void pp_on_resume(pp_conn *conn, pp_resume_callback *callback, void *arg);

/* The workspace's directory and the socket's path, absolute; borrowed. NULL: not known. */
const char *pp_workspace(const pp_conn *conn);
const char *pp_socket_path(const pp_conn *conn);

/* What PP_RUN and PP_EXEC said (inside a process that the daemon started): the run that requests
 * without one go to, or NULL, borrowed; the execution's id, or 0. Requests get both by themselves.
 */
const char *pp_default_run(const pp_conn *conn);
int64_t pp_default_exec(const pp_conn *conn);

/* The daemon's answer to hello: server, protocol, workspace, pid, supervisor_pid, capabilities.
 * Waits for it if it is not there yet. *info is borrowed and lives as long as the connection; its
 * members change when that is made again. */
enum pp_error pp_server_info(pp_conn *conn, double timeout_s, json_t **info);

/* ---- errors ---- */

/* About the newest call of this connection that failed. The text has no newline at its end. Name
 * and data are those of the daemon ("unknown_name", …; protocol documentation), NULL unless the
 * code is PP_ERR_REMOTE. All borrowed, valid until the next failing call. With conn NULL they speak
 * of PP_ERR_NOMEM. */
enum pp_error pp_error_code(const pp_conn *conn);
const char *pp_error_text(const pp_conn *conn);
const char *pp_error_name(const pp_conn *conn);
json_t *pp_error_data(const pp_conn *conn);

/* ---- blocking calls ---- */

/* Sends a request and waits for its answer. Takes params (an object, or NULL: none). *result is
 * new; result may be NULL. While it waits, other answers and events reach their callbacks. Not from
 * inside a callback. */
enum pp_error pp_call(
    pp_conn *conn, const char *method, json_t *params, double timeout_s, json_t **result);

/* What create, start, run, wait, status, cancel and so on ask for. Each member may be left 0; all
 * is borrowed for the call. What a method does not take must be left 0: the daemon would refuse it.
 */
struct pp_request {
	/* Names of procs, ended by NULL. */
	const char *const *names;
	/* More of them: an array, as in what create answered. */
	json_t *more_names;
	/* An object: arguments of the protos. */
	json_t *args;
	/* Another name for the one proc that is created. */
	const char *as;
	/* The number or name of the run; NULL: pp_default_run(). */
	const char *run;
	/* As if the process were in no run: neither pp_default_run() nor pp_default_exec(). */
	bool new_run;
	/* An object: over the workspace's params. */
	json_t *params;
	/* An object of strings: the environment for what is started. NULL: this process's own,
	 * without PP_* and without what is not UTF-8. */
	json_t *env;
	/* Execute what is up to date too. */
	bool is_full;
	/* Cancel the rest at the first failure. */
	bool is_fail_fast;
	/* run: the run's events come from its first moment until the answer. */
	bool is_subscribed;
	/* cancel: everything. */
	bool is_all;
	/* cancel: also what other runs share. */
	bool is_forced;
	/* cancel: with SIGKILL at once. */
	bool is_kill;
	/* wait: after so long the daemon answers the error "timeout"; 0: never. */
	double timeout_s;
	/* The executor for what is started and names no other one; NULL: as the workspace says. */
	const char *executor;
	/* Must be NULL. */
	void *reserved[2];
};

/* The params of a method for pp_call() or pp_send(), new: what request (may be NULL) says, with the
 * connection's defaults (run, exec, env) where the method takes them. More members can be added to
 * it. NULL: no memory, or a text that is not UTF-8; pp_error_code() tells. */
json_t *pp_request_params(pp_conn *conn, const char *method, const struct pp_request *request);

/* pp_call() with those params. *result is new; result may be NULL. What it holds is said behind. */
enum pp_error pp_create(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* {procs: [names]}; of more than 1,000 the first, and a cursor */
enum pp_error pp_start(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* {run, procs: [names]} */
enum pp_error pp_run(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* {run, ok, procs: [views]} when complete */
enum pp_error pp_wait(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* the same */
enum pp_error pp_results(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* {name: value} */
enum pp_error pp_status(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* {procs: [views]} */
enum pp_error pp_cancel(pp_conn *conn, const struct pp_request *request, double timeout_s,
    json_t **result); /* {canceled: [names]} */

/* Defines procs and protos: an object {procs: {…}, protos: {…}} as in the workspace file, taken.
 * *result is new: {added, replaced, same, run, started}. */
enum pp_error pp_define(
    pp_conn *conn, json_t *definitions, bool replace, double timeout_s, json_t **result);

/* The workspace's params and options. set changes those that changes (an object, taken) names,
 * until the daemon ends. *values is new: all of them; values may be NULL. */
enum pp_error pp_params_get(pp_conn *conn, double timeout_s, json_t **values);
enum pp_error pp_params_set(pp_conn *conn, json_t *changes, double timeout_s, json_t **values);
enum pp_error pp_options_get(pp_conn *conn, double timeout_s, json_t **values);
enum pp_error pp_options_set(pp_conn *conn, json_t *changes, double timeout_s, json_t **values);

/* ---- events ---- */

/* event: {seq, time, kind, …}, borrowed for the callback. */
typedef void pp_event_callback(pp_conn *conn, json_t *event, void *arg);

/* Who gets the events of this connection (of subscribe, and of run with is_subscribed). NULL:
 * nobody. */
void pp_on_event(pp_conn *conn, pp_event_callback *callback, void *arg);

/* Asks for events: of a run, of some names, of some kinds ("state", "run", "input", "define"; ended
 * by NULL), or all (NULL). *snapshot is new, may be NULL: {seq, procs: [views]}; the events go on
 * from there. */
enum pp_error pp_subscribe(pp_conn *conn, const struct pp_request *request,
    const char *const *kinds, double timeout_s, json_t **snapshot);

/* ---- in a loop of the caller's own ---- */

/* Poll this descriptor for these events (POLLIN, POLLOUT), for so long at most (seconds, PP_FOREVER
 * for no limit), then call pp_dispatch(). Ask anew before each poll: all three may change with any
 * call. The descriptor is -1 while there is no connection, which poll(2) passes over; when the
 * connection is made again it is another one, which may have the same number: with epoll(7) and the
 * like, register it anew in the callback of pp_on_resume(). */
int pp_get_fd(const pp_conn *conn);
short pp_get_events(const pp_conn *conn);
double pp_get_timeout(const pp_conn *conn);

/* Writes and reads what can be without blocking and calls the callbacks of what came; takes the
 * next step where a connection has to be made again. An error means that it is lost for good: every
 * unanswered request's callback has been called with it. Not from inside a callback. */
enum pp_error pp_dispatch(pp_conn *conn);

/* The answer to a request: result is borrowed, NULL if error is not PP_OK, then pp_error_text() and
 * so on tell. From inside, pp_send() and pp_forget() may be called, but nothing that blocks. */
typedef void pp_callback(pp_conn *conn, enum pp_error error, json_t *result, void *arg);

/* Queues a request; pp_dispatch() writes it. Takes params (may be NULL). callback may be NULL: the
 * answer is dropped. *id (may be NULL) is for pp_forget(). */
enum pp_error pp_send(pp_conn *conn, const char *method, json_t *params, pp_callback *callback,
    void *arg, uint64_t *id);

/* At most so many descriptors go with a request. */
#define PP_MAX_FDS 3

/* Has descriptors go with a request that pp_send() has just queued, before anything is dispatched:
 * what the run of a workspace in mode single takes with its member terminal (standard input, output
 * and error of its processes). They are duplicated; the duplicates are closed when the request is
 * answered. Once for a request. */
enum pp_error pp_add_fds(pp_conn *conn, uint64_t id, const int *fds, unsigned count);

/* The callback of that request will not be called. The request itself goes on. */
void pp_forget(pp_conn *conn, uint64_t id);

/* Waits, at most timeout_s, until something came, and dispatches it: a loop's body for programs
 * without a loop. PP_ERR_TIMEOUT: nothing came. PP_ERR_UNREACHABLE: the connection has ended, and
 * nothing that could come is waited for. Returns PP_OK early when a signal's handler ran. */
enum pp_error pp_step(pp_conn *conn, double timeout_s);

/* ---- a process that the daemon started ---- */

/* What a process knows about the execution that it is: PP_EXEC and its like in the environment, and
 * what the daemon tells. Used by one thread at a time. */
typedef struct pp_ctx pp_ctx;

/* The context of this process. *ctx is new and set also when this fails (NULL only if there is no
 * memory), so that pp_ctx_error_text() can say why: PP_ERR_INVALID, no daemon started this process.
 * Connects to nothing yet. Give it to pp_ctx_free() in any case. Functions that are tasks are given
 * theirs. */
enum pp_error pp_ctx_current(pp_ctx **ctx);

/* Ends its connection. NULL is fine. Not of a context that a function was given. */
void pp_ctx_free(pp_ctx *ctx);

/* What went wrong in the newest call that failed; "no error" if none has. Borrowed, valid until the
 * next one that fails. With NULL it speaks of PP_ERR_NOMEM. */
enum pp_error pp_ctx_error_code(const pp_ctx *ctx);
const char *pp_ctx_error_text(const pp_ctx *ctx);

/* The proc's name. Borrowed. NULL only with ctx NULL. */
const char *pp_ctx_proc(const pp_ctx *ctx);

/* The connection to the daemon, made when it is first asked for; borrowed. What is created,
 * started and waited for over it belongs to this execution's run, and while it waits, it lends its
 * slot to others. NULL: there is none, pp_ctx_error_text() tells why. */
pp_conn *pp_ctx_conn(pp_ctx *ctx);

/* All that the daemon says: {proc, run, exec, args, params, results, deps_changed, changed_deps}.
 * Asked for once and kept; borrowed until ctx ends. NULL: pp_ctx_error_text() tells why. */
json_t *pp_context(pp_ctx *ctx);

/* An argument of the proc. The text is as it was given (borrowed until ctx ends), a number or truth
 * value what that text says. An argument that there is not, or whose text is none of that type, is
 * a mistake in the program: NULL, 0 or false, noted as an error, and a task that returns after it
 * has failed whatever it returns. */
const char *pp_arg_str(pp_ctx *ctx, const char *name);
int64_t pp_arg_int(pp_ctx *ctx, const char *name);
double pp_arg_float(pp_ctx *ctx, const char *name);
bool pp_arg_bool(pp_ctx *ctx, const char *name);

/* A param: of the run, else of the proc, else of the workspace. The result of a dependency. Both
 * borrowed until ctx ends; NULL: there is none of that name (PP_OK), or an error. */
json_t *pp_param(pp_ctx *ctx, const char *name);
json_t *pp_result_of(pp_ctx *ctx, const char *name);

/* Leaves value (taken) as the result of the execution; the newest one counts. Returns 0, so that a
 * function can end with it; 1 if it cannot be left: value is NULL, or the file cannot be written.
 * In a function for dependencies or choices: the answer, a list of texts. */
int pp_return(pp_ctx *ctx, json_t *value);

/* Exit status of an execution that is skipped, which counts as a success. */
#define PP_SKIPPED 77

/* A line for people that goes with the outcome (as info). 0, or -1 if it cannot be left. The two
 * others leave it too, and return what a function has to return: PP_SKIPPED, 1. format may be
 * NULL: no line. */
int pp_message(pp_ctx *ctx, const char *format, ...) PP_PRINTF(2, 3);
int pp_skip(pp_ctx *ctx, const char *format, ...) PP_PRINTF(2, 3);
int pp_fail(pp_ctx *ctx, const char *format, ...) PP_PRINTF(2, 3);

/* Asks the user, at a client that watches the run and has a terminal, and waits for the answer.
 * *text is new, for free(). */
enum pp_error pp_input(
    pp_ctx *ctx, const char *prompt, bool is_secret, double timeout_s, char **text);

/* ---- functions as tasks ---- */

/* A program whose functions are procs. Run by a user it defines them in the workspace and starts
 * some; the daemon runs the same executable again for each execution, as a process of its own. So
 * what a function changes in memory no other one sees: results are what goes from one to another.
 */
typedef struct pp_app pp_app;

/* A task. Returns 0: succeeded, PP_SKIPPED: skipped, 1 to 255: failed with that exit status. It has
 * to return: one that calls exit() has failed. Its standard output and error are the log. */
typedef int pp_function(pp_ctx *ctx);

enum pp_arg_type {
	PP_STR,
	PP_INT,
	PP_FLOAT,
	PP_BOOL,
};

/* So many entries fit into the lists and tables below; more_… (ended by NULL) holds what does not.
 */
#define PP_MAX_LIST 32
#define PP_MAX_ARGS 16

/* What a placeholder of a proto's name takes; or a constant beside these, whose default value is
 * its value. Each member but the name may be left 0. */
struct pp_arg {
	const char *name;
	enum pp_arg_type type;
	const char *default_value; /* as text */
	const char *description;
	const char *choices[PP_MAX_LIST];
	const char *const *more_choices;
	/* Answers the choices with pp_return(), in a process of its own. */
	pp_function *choices_function;
	void *reserved[2]; /* must be NULL */
};

/* What there is to say about a proc or proto; parproc.yaml(5) says what it means. Each member may
 * be left 0. All is borrowed for the call that defines. */
struct pp_task {
	pp_function *function; /* NULL: it has succeeded when its dependencies have */
	const char *description;
	const char *deps[PP_MAX_LIST];
	const char *const *more_deps;
	/* Answers more dependencies with pp_return(), in a process of its own. */
	pp_function *deps_function;
	bool no_failures; /* starts only as long as nothing of its run has failed */
	const char *rdeps[PP_MAX_LIST];
	const char *when_scheduled[PP_MAX_LIST];
	const char *when_target_scheduled[PP_MAX_LIST];
	const char *locks[PP_MAX_LIST];
	struct pp_arg args[PP_MAX_ARGS]; /* of a proto */
	int wave;
	double timeout_s;                     /* 0: none */
	bool now;                             /* started by pp_app_main() unless others are named */
	const char *cwd;                      /* relative to the workspace */
	json_t *params;                       /* an object: over the workspace's params */
	const char *environment[PP_MAX_LIST]; /* "NAME=value" */
	void *reserved[4];                    /* must be NULL */
};

/* A program's tasks, none yet. argv is borrowed for as long as it lives. NULL: no memory. */
pp_app *pp_app_new(int argc, char **argv);

/* NULL is fine. Not after pp_app_main() or pp_app_drive(), which do it. */
void pp_app_free(pp_app *app);

/* Adds a proc, or a proto, whose name has placeholders. PP_ERR_INVALID: something about it is
 * wrong, which pp_app_error_text() says with its name. The first such error is kept, and
 * pp_app_main() and the like fail with it, so nobody needs to look at each. What only the daemon
 * can tell (a pattern, a cycle) is refused by pp_app_define(). */
enum pp_error pp_app_proc(pp_app *app, const char *name, const struct pp_task *task);
enum pp_error pp_app_proto(pp_app *app, const char *name, const struct pp_task *task);

/* The same in one line, from C: pp_proc(app, "name", function, .deps = {"a", "b"}, .now = true). */
#define pp_proc(app, name, ...)                                                                    \
	pp_app_proc((app), (name), &(const struct pp_task){.function = __VA_ARGS__})
#define pp_proto(app, name, ...)                                                                   \
	pp_app_proto((app), (name), &(const struct pp_task){.function = __VA_ARGS__})

/* A list of names for struct pp_request, in C: .names = PP_NAMES("a", "b"). Lives as long as the
 * block around it. */
#define PP_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The first error. "no error" if there is none. Borrowed until app ends. With NULL it speaks of
 * PP_ERR_NOMEM. */
enum pp_error pp_app_error_code(const pp_app *app);
const char *pp_app_error_text(const pp_app *app);

/* The rest of the program: returns what main() has to return. Takes app.
 *
 * As the daemon's process it calls the one function. Run by a user it defines the tasks, shows the
 * run of those that the command line names (with none: of those with now) as `ppctl run` does, and
 * returns its exit status. Only this and pp_app_drive() print anything; it blocks SIGINT,
 * SIGQUIT, SIGTERM and SIGHUP while ppctl shows the run. With `--help` it tells what the command
 * line can hold.
 *
 * In mode single (the workspace's option, or --single on the command line) the functions are called
 * in this process, one at a time, so that a debugger sees them, with the execution's environment
 * and working directory; what they print goes where this process prints, and pp_input() asks there.
 * While a function (or driver()) waits for others, these are called on top of it, whatever time
 * limit its call has, and it goes on when they have returned. A timeout ends the execution, also
 * while it waits for its turn, but not the function. */
int pp_app_main(pp_app *app);

/* As pp_app_main(), but for a user driver() does what is to be done over conn when the tasks are
 * defined; its result is the exit status. conn is borrowed. In mode single, functions are called
 * while driver() is in a call that waits. */
typedef int pp_driver(pp_app *app, pp_conn *conn, void *arg);
int pp_app_drive(pp_app *app, pp_driver *driver, void *arg);

/* For programs that do it all themselves. Whether the daemon started this process to call one of
 * its functions: then nothing is left to do but pp_app_main(). */
bool pp_app_is_worker(const pp_app *app);

/* Defines the tasks in the workspace of conn, in place of what this executable has defined under
 * these names before. PP_ERR_REMOTE with "exists": something else has one of the names. Errors are
 * conn's. The definitions hold until `ppctl undefine`. */
enum pp_error pp_app_define(pp_app *app, pp_conn *conn, double timeout_s);

#ifdef __cplusplus
}
#endif

#endif
