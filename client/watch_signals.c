/*
 * The signals of a watch: which of them come through its descriptor, and what each asks for: of the
 * daemon, or of the terminal.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/live.h"
#include "client/watch_internal.h"

#define STOPPED_MS 1000 /* a terminal that takes nothing for so long is stopped */
#define ECHO_S 0.5

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
	questions_stop(watch->options->questions);
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
void watch_cancel_run(struct watch *watch)
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
void watch_pass_interrupt(struct watch *watch)
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
	watch_pass_interrupt(watch);
	return true;
}

/* A descriptor that reports the signals that end a command, which no longer end it by themselves;
 * where its modes may be changed also the others from which a terminal has to be saved. Those that
 * are ignored (nohup, background jobs) stay so: blocked, they would come. */
int watch_open_signals(const struct watch_options *options, sigset_t *old)
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

/* Stops until somebody continues it. The SIGCONT has nothing to tell then: no frame was there, and
 * one that is drawn before it is heard would be taken for one from before. */
static void stop(void)
{
	const struct timespec at_once = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	raise(SIGSTOP);
	sigtimedwait(&set, NULL, &at_once);
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
		stop();
		foreground_grab(foreground);
		return true;
	case SIGWINCH:
		foreground_resize(foreground);
		questions_resize(watch->options->questions);
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
bool watch_hear_signal(struct watch *watch, int fd)
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
	watch_cancel_run(watch);
	tell_signal(watch, signal,
	    watch->n_signals == 1 ? "canceling the run; once more to kill it"
	                          : "killing the run; once more to leave it");
	return true;
}
