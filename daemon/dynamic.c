/*
 * Commands that print names. They are workers like others, with a time limit of their own, at most
 * DYNAMIC_RUNNING_MAX at once. What becomes of the answer is the core's, or the asking request's.
 */
#include "daemon/dynamic.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/hash.h"
#include "daemon/core/mem.h"
#include "daemon/daemon.h"
#include "daemon/effects.h"
#include "daemon/environment.h"
#include "daemon/extra.h"
#include "daemon/logs.h"
#include "daemon/logs_watch.h"
#include "daemon/process.h"
#include "daemon/results.h"
#include "daemon/workers.h"

/* Bytes of a command in an error. */
#define COMMAND_SHOWN 80

struct inquiry {
	UT_hash_handle by_number;
	TAILQ_ENTRY(inquiry) of_queue; /* while it is not running */
	struct inquiry *next_of_exec;  /* these two: until it is settled, when exec is set */
	struct inquiry **link_of_exec;
	struct daemon *daemon;
	uint32_t number;    /* with WORKER_RESOLVE, the worker's attempt */
	uint64_t exec;      /* that it is for, or 0 */
	uint64_t resolve;   /* the core's number of it, when exec is set */
	dynamic_done *done; /* else */
	void *arg;
	struct process process;
	uint32_t env;
	char *log;
	char *output;
	struct event *timer; /* first the time limit, then kill_after */
	bool is_choices;     /* what is asked for: an argument's choices, else names */
	bool is_running;
	bool is_watched; /* its log and its output */
	bool is_settled; /* the answer was given, or nobody wants it */
};

struct dynamics {
	struct inquiry *by_number;
	TAILQ_HEAD(, inquiry) queue;
	size_t n_running;
	uint32_t last_number;
};

struct dynamics *dynamics_new(struct daemon *daemon)
{
	struct dynamics *dynamics = calloc(1, sizeof(*dynamics));

	(void)daemon;
	if (!dynamics)
		return NULL;
	TAILQ_INIT(&dynamics->queue);
	/* The supervisor may still have workers that an earlier scheduler has numbered. */
	dynamics->last_number = (uint32_t)(scheduler_now_ns() / 1000) & (WORKER_RESOLVE - 1);
	return dynamics;
}

static void link_to_exec(struct inquiry *inquiry, struct exec_extra *extra)
{
	inquiry->next_of_exec = extra->inquiries;
	inquiry->link_of_exec = &extra->inquiries;
	if (inquiry->next_of_exec)
		inquiry->next_of_exec->link_of_exec = &inquiry->next_of_exec;
	extra->inquiries = inquiry;
}

/* Marks it as settled: its execution, whose end may free what the list hangs on, has it no more. */
static void mark_settled(struct inquiry *inquiry)
{
	inquiry->is_settled = true;
	if (!inquiry->link_of_exec)
		return;
	*inquiry->link_of_exec = inquiry->next_of_exec;
	if (inquiry->next_of_exec)
		inquiry->next_of_exec->link_of_exec = inquiry->link_of_exec;
	inquiry->link_of_exec = NULL;
}

static void free_inquiry(struct dynamics *dynamics, struct inquiry *inquiry)
{
	mark_settled(inquiry);
	HASH_DELETE(by_number, dynamics->by_number, inquiry);
	if (inquiry->is_running)
		dynamics->n_running--;
	else
		TAILQ_REMOVE(&dynamics->queue, inquiry, of_queue);
	if (inquiry->timer)
		event_free(inquiry->timer);
	if (inquiry->is_watched) {
		logs_watch_end(inquiry->daemon->logs_watch, inquiry->log);
		logs_watch_end(inquiry->daemon->logs_watch, inquiry->output);
	}
	if (inquiry->exec == 0 && inquiry->is_running)
		unlink(inquiry->log); /* one for an execution is the execution's */
	if (inquiry->is_running)
		unlink(inquiry->output);
	environments_unref(inquiry->daemon->environments, inquiry->env);
	process_clear(&inquiry->process);
	free(inquiry->log);
	free(inquiry->output);
	free(inquiry);
}

void dynamics_free(struct dynamics *dynamics)
{
	struct inquiry *inquiry, *next;

	if (!dynamics)
		return;
	HASH_ITER (by_number, dynamics->by_number, inquiry, next)
		free_inquiry(dynamics, inquiry);
	free(dynamics);
}

size_t dynamics_count(const struct dynamics *dynamics)
{
	return HASH_CNT(by_number, dynamics->by_number);
}

static struct inquiry *find_inquiry(const struct dynamics *dynamics, uint32_t number)
{
	struct inquiry *inquiry = NULL;

	HASH_FIND(by_number, dynamics->by_number, &number, sizeof(number), inquiry);
	return inquiry;
}

static struct worker_key key_of(const struct inquiry *inquiry)
{
	return (struct worker_key){
	    .exec = inquiry->exec, .attempt = inquiry->number | WORKER_RESOLVE};
}

/* Gives names, or the reason why there are none, to whoever asked; once. */
static void settle(struct inquiry *inquiry, const struct strings *names, const char *error)
{
	struct daemon *daemon = inquiry->daemon;

	if (inquiry->is_settled)
		return;
	mark_settled(inquiry);
	scheduler_wake(daemon);
	if (inquiry->done)
		inquiry->done(inquiry->arg, names, error);
	else if (error)
		core_resolve_failed(daemon->core, inquiry->resolve, error, scheduler_now_ns());
	else
		core_resolved(daemon->core, inquiry->resolve, names, scheduler_now_ns());
}

/* The command as people wrote it: its program, or what the shell was given, up to COMMAND_SHOWN
 * bytes of that. The caller frees it. */
static char *describe_command(const struct inquiry *inquiry)
{
	const struct strings *argv = &inquiry->process.argv;
	const char *text = argv->items[0];
	size_t length;

	if (argv->count == 3 && strcmp(text, "/bin/sh") == 0 && strcmp(argv->items[1], "-c") == 0)
		text = argv->items[2];
	length = strlen(text);
	if (length <= COMMAND_SHOWN)
		return mem_copy(text);
	for (length = COMMAND_SHOWN; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return mem_print("%.*s…", (int)length, text);
}

static void settle_failed(struct inquiry *inquiry, char *why)
{
	char *command = describe_command(inquiry);
	char *error = mem_print("command %s: %s", command, why);

	free(command);

	settle(inquiry, NULL, error);
	free(error);
	free(why);
}

/* --- running --- */

static void set_timer(struct inquiry *inquiry, int64_t delay_ns)
{
	const struct timeval delay = {
	    .tv_sec = delay_ns / 1000000000, .tv_usec = delay_ns / 1000 % 1000000};

	evtimer_add(inquiry->timer, &delay);
}

/* Ends the command, politely at first; its exit report frees the inquiry. */
static void end_command(struct inquiry *inquiry)
{
	workers_signal(inquiry->daemon->workers, key_of(inquiry), SIGTERM);
	set_timer(inquiry, core_get_options(inquiry->daemon->core)->kill_after_ns);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct inquiry *inquiry = arg;

	(void)fd;
	(void)what;
	if (inquiry->is_settled) {
		workers_signal(inquiry->daemon->workers, key_of(inquiry), SIGKILL);
		return;
	}
	settle_failed(inquiry, mem_print("no answer after %d s", DYNAMIC_TIMEOUT_S));
	end_command(inquiry);
}

void dynamics_start(struct daemon *daemon)
{
	struct dynamics *dynamics = daemon->dynamics;
	struct inquiry *inquiry;

	while (dynamics->n_running < DYNAMIC_RUNNING_MAX &&
	       (inquiry = TAILQ_FIRST(&dynamics->queue))) {
		const struct worker_spawn spawn = {
		    .key = key_of(inquiry),
		    .env = inquiry->env,
		    .argv = (const char *const *)inquiry->process.argv.items,
		    .extra_env = (const char *const *)inquiry->process.env.items,
		    .cwd = inquiry->process.cwd,
		    .log = inquiry->log,
		    .output = inquiry->output,
		};

		if (workers_spawn(daemon->workers, &spawn) < 0) {
			settle_failed(inquiry, mem_copy(strerror(errno)));
			free_inquiry(dynamics, inquiry);
			continue;
		}
		TAILQ_REMOVE(&dynamics->queue, inquiry, of_queue);
		inquiry->is_running = true;
		dynamics->n_running++;
		set_timer(inquiry, DYNAMIC_TIMEOUT_S * INT64_C(1000000000));
	}
}

/* A new one, in the queue. NULL with errno. */
static struct inquiry *add_inquiry(struct daemon *daemon, uint64_t exec, uint32_t env)
{
	struct dynamics *dynamics = daemon->dynamics;
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));

	if (!inquiry || !(inquiry->timer = evtimer_new(daemon->base, on_timer, inquiry))) {
		free(inquiry);
		errno = ENOMEM;
		return NULL;
	}
	do
		dynamics->last_number = (dynamics->last_number + 1) & ~WORKER_RESOLVE;
	while (dynamics->last_number == 0 || find_inquiry(dynamics, dynamics->last_number));
	inquiry->daemon = daemon;
	inquiry->number = dynamics->last_number;
	inquiry->exec = exec;
	inquiry->env = env;
	environments_ref(daemon->environments, env);
	inquiry->output = mem_print("%s/" PROCESS_DIRECTORY "/inquiry-%" PRIu32 ".out",
	    daemon->state_directory, inquiry->number);
	HASH_ADD(by_number, dynamics->by_number, number, sizeof(inquiry->number), inquiry);
	TAILQ_INSERT_TAIL(&dynamics->queue, inquiry, of_queue);
	return inquiry;
}

void dynamic_resolve(struct daemon *daemon, const struct action *action)
{
	struct execution *execution = action->execution;
	const struct run *run = execution_run(execution);
	struct exec_extra *extra;
	struct inquiry *inquiry;

	/* It was canceled, and forgotten, in the same pass: the action that says so is on its way.
	 */
	if (!run)
		return;
	extra = exec_extra_get(execution, daemon->logs_directory);
	inquiry = extra ? add_inquiry(daemon, execution->id, execution->env) : NULL;
	if (!inquiry) {
		core_resolve_failed(daemon->core, action->id, "out of memory", scheduler_now_ns());
		scheduler_wake(daemon);
		return;
	}
	inquiry->resolve = action->id;
	inquiry->is_choices = action->is_choices;
	link_to_exec(inquiry, extra);
	extra->log_run = run->id;
	extra->log_attempt = 1;
	inquiry->log = logs_path(execution);
	process_build(&inquiry->process, effects_get_place(daemon), execution, action->command,
	    &(struct process_output){.log = inquiry->log});
	scheduler_wake(daemon);
}

static uint64_t ask(struct daemon *daemon, const struct definition *definition,
    const struct command *command, uint32_t env, dynamic_done *done, void *arg, bool is_choices)
{
	struct inquiry *inquiry = add_inquiry(daemon, 0, env);

	if (!inquiry)
		return 0;
	inquiry->is_choices = is_choices;
	inquiry->done = done;
	inquiry->arg = arg;
	inquiry->log = mem_print("%s/" PROCESS_DIRECTORY "/inquiry-%" PRIu32 ".err",
	    daemon->state_directory, inquiry->number);
	process_build_loose(&inquiry->process, effects_get_place(daemon), definition, command);
	scheduler_wake(daemon);
	return inquiry->number;
}

uint64_t dynamic_ask(struct daemon *daemon, const struct definition *definition,
    const struct command *command, uint32_t env, dynamic_done *done, void *arg)
{
	return ask(daemon, definition, command, env, done, arg, true);
}

uint64_t dynamic_ask_lines(struct daemon *daemon, const struct definition *definition,
    const struct command *command, uint32_t env, dynamic_done *done, void *arg)
{
	return ask(daemon, definition, command, env, done, arg, false);
}

/* --- ends --- */

/* The answer is of no use any more. */
static void abandon(struct dynamics *dynamics, struct inquiry *inquiry)
{
	if (inquiry->is_settled)
		return;
	mark_settled(inquiry);
	if (inquiry->is_running)
		end_command(inquiry);
	else
		free_inquiry(dynamics, inquiry);
}

void dynamic_cancel(struct daemon *daemon, const struct execution *execution)
{
	const struct exec_extra *extra = execution->extra;

	while (extra && extra->inquiries)
		abandon(daemon->dynamics, extra->inquiries);
}

void dynamics_cancel_all(struct daemon *daemon)
{
	struct dynamics *dynamics = daemon->dynamics;
	struct inquiry *inquiry, *next;

	HASH_ITER (by_number, dynamics->by_number, inquiry, next)
		abandon(dynamics, inquiry);
}

void dynamic_drop(struct daemon *daemon, uint64_t id)
{
	struct inquiry *inquiry = find_inquiry(daemon->dynamics, (uint32_t)id);

	if (inquiry)
		abandon(daemon->dynamics, inquiry);
}

/* How it ended, if not well: a reason for the caller to free; else NULL. */
static char *explain_exit(const struct inquiry *inquiry, const struct worker_exit *report)
{
	char *said = NULL, *why;

	if (report->spawn_errno)
		return process_explain_failure(
		    &inquiry->process, report->spawn_stage, report->spawn_errno);
	if (WIFEXITED(report->wait_status) && WEXITSTATUS(report->wait_status) == 0)
		return NULL;
	if (inquiry->exec == 0)
		said = result_read_message(inquiry->log);
	if (WIFSIGNALED(report->wait_status))
		why = mem_print("ended by signal %d%s%s", WTERMSIG(report->wait_status),
		    said ? ": " : "", said ? said : "");
	else
		why = mem_print("exit %d%s%s", WEXITSTATUS(report->wait_status), said ? ": " : "",
		    said ? said : "");
	free(said);
	return why;
}

/* Reads what the command has printed, and settles. */
static void settle_with_output(struct inquiry *inquiry)
{
	struct strings names = {0};
	char *error = NULL;
	size_t length = 0;
	char *text = result_read_file(inquiry->output, DYNAMIC_OUTPUT_MAX, &length);

	if (!text)
		error = mem_print("its output: %s", strerror(errno));
	else if (inquiry->is_choices)
		dynamic_parse_choices(text, length, &names, &error);
	else
		dynamic_parse(text, length, &names, &error);
	if (error)
		settle_failed(inquiry, error);
	else
		settle(inquiry, &names, NULL);
	strings_clear(&names);
	free(text);
}

void dynamic_started(struct daemon *daemon, struct worker_key key)
{
	struct inquiry *inquiry = find_inquiry(daemon->dynamics, key.attempt & ~WORKER_RESOLVE);

	if (!inquiry) {
		workers_signal(daemon->workers, key, SIGKILL);
		return;
	}
	if (inquiry->is_watched)
		return;
	inquiry->is_watched = true;
	logs_watch_begin(daemon->logs_watch, inquiry->log, 0);
	/* What is larger is refused, so it has to stay as large as it was. */
	logs_watch_begin(daemon->logs_watch, inquiry->output, DYNAMIC_OUTPUT_MAX);
}

void dynamic_exited(struct daemon *daemon, const struct worker_exit *report)
{
	struct inquiry *inquiry =
	    find_inquiry(daemon->dynamics, report->key.attempt & ~WORKER_RESOLVE);
	char *why;

	if (!inquiry || !inquiry->is_running)
		return;
	if (!inquiry->is_settled) {
		why = explain_exit(inquiry, report);
		if (why)
			settle_failed(inquiry, why);
		else
			settle_with_output(inquiry);
	}
	free_inquiry(daemon->dynamics, inquiry);
	scheduler_wake(daemon); /* the next one may start */
}
