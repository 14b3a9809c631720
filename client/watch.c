/*
 * The loop of run and wait: the daemon's answer, its events, what is typed, and signals, which
 * arrive through a descriptor so that nothing happens in handlers. It must not know what is
 * displayed or asked, or how.
 */
#include "client/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/live.h"

#define STOPPED_MS 1000 /* a terminal that takes nothing for so long is stopped */
#define ECHO_S 0.5
#define RUN_SIZE 24 /* for the number of a run */
#define N_POLLED (3 + FOREGROUND_POLLS)

struct watch {
	struct client *client;
	const struct watch_options *options;
	json_int_t run; /* 0: not known yet */
	int signal;     /* the first that came; 0: none */
	int n_signals;
	double signal_s;           /* when the newest came, by the monotonic clock … */
	bool is_passed_on;         /* … and whether from the parent, which had got it */
	int n_cancels;             /* requests to cancel that were sent */
	uint64_t asked_inputs;     /* the same of subscribe */
	uint64_t asked_page;       /* the request for a page of status that is out; 0: none */
	uint64_t asked_durations;  /* the request for durations that is out; 0: none */
	uint64_t asked_interrupt;  /* the request to pass on a SIGINT; 0: none */
	uint64_t asked_cancels[2]; /* to cancel, and to kill */
	bool is_interrupting;      /* a SIGINT is on its way to a process */
	bool is_behind;            /* events were dropped since it was begun */
	bool is_answered;
	bool is_refused; /* the daemon cannot store that the run is to end */
	enum pp_error error;
	json_t *result;
};

/* Whether the daemon has refused to cancel since it cannot store that. Says so: nobody need wait
 * for an end that does not come. */
static bool is_refused(struct watch *watch, enum pp_error error)
{
	pp_conn *conn = watch->client->conn;
	const char *name = error == PP_ERR_REMOTE ? pp_error_name(conn) : NULL;

	if (!name || strcmp(name, "storage") != 0 || watch->is_refused)
		return watch->is_refused;
	watch->is_refused = true;
	foreground_release(watch->options->foreground);
	display_hide_live(watch->options->display);
	client_complain(EXIT_PROC_FAILED, "the run goes on: %s", pp_error_text(conn));
	return true;
}

static void on_cancel(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	(void)conn;
	(void)result;
	is_refused(arg, error);
}

/* Sends what the signals so far ask for, as soon as the run's number is known. */
static void cancel_run(struct watch *watch)
{
	char run[RUN_SIZE];
	struct pp_request request = {.run = run, .is_kill = watch->n_signals > 1};

	if (watch->run == 0 || watch->n_cancels >= watch->n_signals)
		return;
	watch->n_cancels = watch->n_signals;
	snprintf(run, RUN_SIZE, "%" JSON_INTEGER_FORMAT, watch->run);
	pp_send(watch->client->conn, "cancel",
	    pp_request_params(watch->client->conn, "cancel", &request), on_cancel, watch,
	    &watch->asked_cancels[request.is_kill]);
}

/* A signal means that the run is to end. */
static void note_signal(struct watch *watch, int signal)
{
	if (watch->n_signals++ == 0)
		watch->signal = signal;
}

/* Whether standard error takes a line: whoever waits for a terminal that is stopped hears no more
 * signals. */
static bool can_tell(void)
{
	struct pollfd polled = {STDERR_FILENO, POLLOUT, 0};

	return poll(&polled, 1, STOPPED_MS) > 0;
}

static void tell_signal(struct watch *watch, int signal, const char *text)
{
	if (watch->client->is_json)
		return;
	foreground_release(watch->options->foreground);
	display_hide_live(watch->options->display);
	if (can_tell())
		fprintf(stderr, "ppctl: %s: %s\n", strsignal(signal), text);
	foreground_grab(watch->options->foreground);
}

static void on_interrupt(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;
	const char *name = member_text(result, "interrupted", NULL);

	(void)conn;
	watch->asked_interrupt = 0;
	watch->is_interrupting = false;
	if (error == PP_OK && name) {
		tell_signal(watch, SIGINT, "passed on to the process; once more to cancel the run");
		return;
	}
	/* There was no such process, so the run has been canceled. */
	note_signal(watch, SIGINT);
	if (is_refused(watch, error))
		return;
	watch->n_cancels = watch->n_signals;
	tell_signal(watch, SIGINT, "canceling the run; once more to kill it");
}

/* Sends the SIGINT that is to be passed on, as soon as the run's number is known. */
static void pass_interrupt(struct watch *watch)
{
	pp_conn *conn = watch->client->conn;
	char run[RUN_SIZE];
	struct pp_request request = {.run = run};
	json_t *params;

	if (!watch->is_interrupting || watch->asked_interrupt || watch->run == 0)
		return;
	snprintf(run, RUN_SIZE, "%" JSON_INTEGER_FORMAT, watch->run);
	params = pp_request_params(conn, "cancel", &request);
	if (params && json_object_set_new(params, "interrupt", json_true()) == 0)
		pp_send(conn, "cancel", params, on_interrupt, watch, &watch->asked_interrupt);
	else
		json_decref(params);
}

/* Has SIGINT go to the process in the foreground of the terminal. False: it is to be obeyed here.
 */
static bool interrupt(struct watch *watch)
{
	if (!watch->options->foreground || !watch->options->cancels || watch->n_signals > 0 ||
	    watch->is_interrupting)
		return false;
	watch->is_interrupting = true;
	pass_interrupt(watch);
	return true;
}

/* Shows where a view says that an execution is. */
static void show(struct watch *watch, const json_t *view)
{
	struct foreground *foreground = watch->options->foreground;

	foreground_release(foreground);
	display_event(watch->options->display, view);
	foreground_note(foreground, json_integer_value(json_object_get(view, "exec")),
	    strcmp(member_text(view, "state", ""), "running") == 0);
	foreground_grab(foreground);
}

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg);

/* What is watched; run: room for its number. */
static struct pp_request make_request(const struct watch *watch, char run[RUN_SIZE])
{
	struct pp_request request = {.names = watch->options->names, .run = watch->options->run};

	if (watch->run) {
		snprintf(run, RUN_SIZE, "%" JSON_INTEGER_FORMAT, watch->run);
		request.run = run;
	}
	return request;
}

/* Asks for the states of what is watched, from cursor (taken; NULL: the beginning). */
static void ask_page(struct watch *watch, json_t *cursor)
{
	pp_conn *conn = watch->client->conn;
	char run[RUN_SIZE];
	const struct pp_request request = make_request(watch, run);
	json_t *params = pp_request_params(conn, "status", &request);

	if (params && cursor)
		json_object_set(params, "cursor", cursor);
	json_decref(cursor);
	if (!params || pp_send(conn, "status", params, on_page, watch, &watch->asked_page))
		watch->asked_page = 0;
}

static void on_page(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;
	json_t *cursor = json_object_get(result, "cursor"), *view;
	size_t i;

	(void)conn;
	watch->asked_page = 0;
	if (error)
		return;
	json_array_foreach (json_object_get(result, "procs"), i, view)
		show(watch, view);
	if (cursor && !json_is_null(cursor)) {
		ask_page(watch, json_incref(cursor));
	} else if (watch->is_behind) {
		watch->is_behind = false;
		ask_page(watch, NULL);
	}
}

static void on_inputs(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->asked_inputs = 0;
	if (error == PP_OK)
		questions_begin(watch->options->questions, json_object_get(result, "inputs"));
}

/* Asks for the inputs that are open, as subscribe alone tells them. */
static void ask_inputs(struct watch *watch)
{
	pp_conn *conn = watch->client->conn;
	char run[RUN_SIZE];
	const struct pp_request request = make_request(watch, run);
	json_t *params = pp_request_params(conn, "subscribe", &request);

	pp_forget(conn, watch->asked_inputs);
	watch->asked_inputs = 0;
	if (params && json_object_set_new(params, "kinds", json_pack("[s, s]", "state", "input")))
		json_decref(params);
	else if (params)
		pp_send(conn, "subscribe", params, on_inputs, watch, &watch->asked_inputs);
}

/* The daemon has dropped events, as it does where a client reads too slowly. */
static void catch_up(struct watch *watch)
{
	/* Of all runs, status would also tell what was over long ago. */
	bool is_bounded = watch->run || watch->options->run || watch->options->names ||
	                  pp_default_run(watch->client->conn);

	if (watch->options->questions)
		ask_inputs(watch);
	/* What failed is in the answer in any case. */
	if (!watch->options->display || !is_bounded ||
	    !display_shows_success(watch->options->display))
		return;
	if (watch->asked_page)
		watch->is_behind = true;
	else
		ask_page(watch, NULL);
}

static void on_event(pp_conn *conn, json_t *event, void *arg)
{
	struct watch *watch = arg;
	const char *kind = member_text(event, "kind", "");
	const json_t *view = json_object_get(event, "proc");

	(void)conn;
	if (watch->run == 0 && watch->options->cancels) {
		watch->run = json_integer_value(json_object_get(event, "run"));
		cancel_run(watch);
		pass_interrupt(watch);
	}
	if (watch->options->display && view && strcmp(kind, "state") == 0)
		show(watch, view);
	questions_hear(watch->options->questions, event);
	if (strcmp(kind, "resync") == 0)
		catch_up(watch);
}

static void on_resume(pp_conn *conn, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	questions_resume(watch->options->questions);
	if (!watch->client->is_verbose)
		return;
	foreground_release(watch->options->foreground);
	display_hide_live(watch->options->display);
	client_complain(0, "the daemon was away and is there again");
	foreground_grab(watch->options->foreground);
}

static void on_options(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;
	const json_t *values = json_object_get(result, "values");

	(void)conn;
	if (error == PP_OK)
		display_set_full_log(watch->options->display,
		    json_is_true(json_object_get(values, "full_log_on_failure")));
}

static void on_answer(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->is_answered = true;
	watch->error = error;
	watch->result = json_incref(result);
}

/* A descriptor that reports the signals that end a command, which no longer end it by themselves;
 * where its modes may be changed also the others from which a terminal has to be saved. Those that
 * are ignored (nohup, background jobs) stay so: blocked, they would come. */
static int open_signals(const struct watch_options *options, sigset_t *old)
{
	static const int signals[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGCONT, SIGWINCH};
	bool has_terminal = options->questions || foreground_has_terminal(options->foreground) ||
	                    display_get_live(options->display);
	size_t count = has_terminal ? sizeof(signals) / sizeof(signals[0]) : 3;
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < count; i++) {
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	}
	if (sigprocmask(SIG_BLOCK, &set, old))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Signals that only the terminal has to do with. */
static bool hear_terminal(struct watch *watch, int signal)
{
	struct foreground *foreground = watch->options->foreground;

	switch (signal) {
	case SIGCONT: /* in the foreground now, maybe: what is asked can be put */
		live_continue(display_get_live(watch->options->display));
		foreground_release(foreground);
		foreground_grab(foreground);
		return true;
	case SIGTSTP:
		questions_pause(watch->options->questions);
		foreground_release(foreground);
		display_hide_live(watch->options->display);
		raise(SIGSTOP);
		foreground_grab(foreground);
		return true;
	case SIGWINCH:
		foreground_resize(foreground);
		live_resize(display_get_live(watch->options->display));
		return true;
	default:
		return false;
	}
}

/* Whether it is one that has come already: to this process and to its parent, which passes it on
 * (pp_app_main(3)). */
static bool is_echo(struct watch *watch, const struct signalfd_siginfo *info)
{
	bool is_passed_on = info->ssi_code == SI_QUEUE && (pid_t)info->ssi_pid == getppid();
	double now_s = clock_s(CLOCK_MONOTONIC);
	bool is_echo = watch->n_signals > 0 && (int)info->ssi_signo == watch->signal &&
	               is_passed_on != watch->is_passed_on && now_s - watch->signal_s < ECHO_S;

	watch->is_passed_on = is_passed_on;
	watch->signal_s = now_s;
	return is_echo;
}

/* Whether to go on waiting after a signal. */
static bool hear_signal(struct watch *watch, int fd)
{
	struct signalfd_siginfo info;
	int signal;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return true;
	signal = (int)info.ssi_signo;
	if (hear_terminal(watch, signal) || is_echo(watch, &info) ||
	    (signal == SIGINT && interrupt(watch)))
		return true;
	questions_stop(watch->options->questions);
	note_signal(watch, signal);
	if (!watch->options->cancels || watch->n_signals > 2 || signal == SIGQUIT ||
	    signal == SIGPIPE)
		return false;
	cancel_run(watch);
	tell_signal(watch, signal,
	    watch->n_signals == 1 ? "canceling the run; once more to kill it"
	                          : "killing the run; once more to leave it");
	return true;
}

/* How long poll(2) may wait, in its milliseconds. */
static int poll_timeout(const pp_conn *conn, const struct live *live)
{
	double seconds = pp_get_timeout(conn);
	int frame_ms = live_get_timeout_ms(live);
	int timeout_ms = seconds < 0 ? -1 : seconds > 3600 ? 3600000 : (int)(seconds * 1000) + 1;

	return frame_ms >= 0 && (timeout_ms < 0 || frame_ms < timeout_ms) ? frame_ms : timeout_ms;
}

static void on_durations(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	watch->asked_durations = 0;
	if (error == PP_OK)
		live_note_durations(display_get_live(watch->options->display),
		    json_object_get(result, "durations"));
}

/* Asks how long what is shown will take, some at a time. An older daemon does not know. */
static void ask_durations(struct watch *watch, struct live *live)
{
	json_t *names = watch->asked_durations ? NULL : live_wanted_durations(live);

	if (names && pp_send(watch->client->conn, "durations", json_pack("{s:o}", "names", names),
	                 on_durations, watch, &watch->asked_durations))
		watch->asked_durations = 0;
}

/* The live part of the display makes room for a question. What poll(2) has to heed of it. */
static struct live *turn_live(struct watch *watch)
{
	struct live *live = display_get_live(watch->options->display);
	struct questions *questions = watch->options->questions;

	if (questions_are_due(questions) || questions_get_fd(questions) >= 0) {
		live_hide(live);
		return NULL;
	}
	ask_durations(watch, live);
	live_draw(live);
	return live;
}

/* Until the answer is there and all is shown, or a signal ends the waiting. 0, or an exit status.
 */
static int loop(struct watch *watch, int signal_fd)
{
	struct foreground *foreground = watch->options->foreground;
	struct questions *questions = watch->options->questions;
	struct client *client = watch->client;

	while (!watch->is_refused && (!watch->is_answered || watch->asked_page)) {
		foreground_lend(foreground, questions_are_due(questions));
		struct live *live = turn_live(watch);

		questions_turn(questions);
		struct pollfd polled[N_POLLED] = {
		    {pp_get_fd(client->conn), pp_get_events(client->conn), 0},
		    {signal_fd, POLLIN, 0},
		    {questions_get_fd(questions), POLLIN, 0},
		};

		foreground_fill_polls(foreground, polled + 3);
		if (poll(polled, N_POLLED, poll_timeout(client->conn, live)) < 0 &&
		    errno != EINTR) {
			int error = errno;

			display_hide_live(watch->options->display);
			return client_complain(EXIT_NO_DAEMON, "poll: %s", strerror(error));
		}
		if (polled[1].revents && !hear_signal(watch, signal_fd))
			return EXIT_FINE;
		if (polled[2].revents)
			questions_read(questions);
		enum pp_error error = pp_dispatch(client->conn);

		fflush(stdout);
		if (error && !watch->is_answered) {
			foreground_release(foreground);
			display_stop_live(watch->options->display);
			return client_report(client);
		}
		foreground_relay(foreground, polled + 3);
	}
	return EXIT_FINE;
}

int watch_request(struct client *client, const struct watch_options *options, json_t **result)
{
	struct watch watch = {.client = client, .options = options};
	sigset_t old;
	int signal_fd = open_signals(options, &old);
	uint64_t asked = 0, asked_options = 0;
	int status = EXIT_FINE;

	*result = NULL;
	if (signal_fd < 0) {
		json_decref(options->params);
		return client_complain(EXIT_NO_DAEMON, "signalfd: %s", strerror(errno));
	}
	pp_on_event(client->conn, on_event, &watch);
	pp_on_resume(client->conn, on_resume, &watch);
	if (options->display)
		pp_send(client->conn, "options.get", NULL, on_options, &watch, &asked_options);
	if (pp_send(client->conn, options->method, options->params, on_answer, &watch, &asked) ||
	    (options->foreground && pp_add_fds(client->conn, asked,
	                                foreground_get_fds(options->foreground), FOREGROUND_FDS)))
		status = client_report(client);
	else
		status = loop(&watch, signal_fd);
	foreground_release(options->foreground);
	close(signal_fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	/* Here a terminal that is stopped may be waited for: signals end that. */
	display_stop_live(options->display);
	pp_on_event(client->conn, NULL, NULL);
	pp_on_resume(client->conn, NULL, NULL);
	pp_forget(client->conn, asked);
	pp_forget(client->conn, watch.asked_interrupt);
	for (size_t i = 0; i < 2; i++)
		pp_forget(client->conn, watch.asked_cancels[i]);
	pp_forget(client->conn, asked_options);
	pp_forget(client->conn, watch.asked_page);
	pp_forget(client->conn, watch.asked_inputs);
	pp_forget(client->conn, watch.asked_durations);
	questions_stop(options->questions);
	if (status == EXIT_FINE && watch.is_answered && watch.error)
		status = client_report(client);
	if (status == EXIT_FINE)
		*result = watch.result;
	else
		json_decref(watch.result);
	if (watch.signal)
		status = EXIT_SIGNAL + watch.signal;
	return status;
}
