/*
 * The loop of run and wait: the daemon's answer, its events, what is typed, and signals, which
 * arrive through a descriptor so that nothing happens in handlers. It must not know what is
 * displayed or asked, or how.
 */
#include "client/watch_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/live.h"

#define N_POLLED (3 + FOREGROUND_POLLS)

static void on_event(pp_conn *conn, json_t *event, void *arg)
{
	struct watch *watch = arg;
	const char *kind = member_text(event, "kind", "");
	const json_t *view = json_object_get(event, "proc");

	(void)conn;
	if (watch->run == 0 && watch->options->cancels) {
		watch->run = json_integer_value(json_object_get(event, "run"));
		watch_cancel_run(watch);
		watch_pass_interrupt(watch);
	}
	if (watch->options->display && view && strcmp(kind, "state") == 0)
		watch_show(watch, view);
	questions_hear(watch->options->questions, event);
	if (strcmp(kind, "resync") == 0)
		watch_catch_up(watch);
}

static void on_resume(pp_conn *conn, void *arg)
{
	struct watch *watch = arg;

	(void)conn;
	questions_resume(watch->options->questions);
	if (!watch->client->is_verbose)
		return;
	foreground_release(watch->options->foreground);
	questions_hide(watch->options->questions);
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

/* How long poll(2) may wait, in its milliseconds. */
static int poll_timeout(const pp_conn *conn, const struct live *live)
{
	double seconds = pp_get_timeout(conn);
	int frame_ms = live_get_timeout_ms(live);
	int timeout_ms = seconds < 0 ? -1 : seconds > 3600 ? 3600000 : (int)(seconds * 1000) + 1;

	return frame_ms >= 0 && (timeout_ms < 0 || frame_ms < timeout_ms) ? frame_ms : timeout_ms;
}

/* The live part of the display makes room for a question that cannot be below it. What poll(2) has
 * to heed of it. */
static struct live *turn_live(struct watch *watch)
{
	struct live *live = display_get_live(watch->options->display);

	if (questions_need_room(watch->options->questions)) {
		live_hide(live);
		return NULL;
	}
	watch_ask_durations(watch, live);
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

			questions_stop(questions);
			display_hide_live(watch->options->display);
			return client_complain(
			    EXIT_NO_DAEMON, "waiting for the daemon: %s", strerror(error));
		}
		if (polled[1].revents && !watch_hear_signal(watch, signal_fd))
			return EXIT_FINE;
		if (polled[2].revents)
			questions_read(questions);
		enum pp_error error = pp_dispatch(client->conn);

		fflush(stdout);
		if (error && !watch->is_answered) {
			foreground_release(foreground);
			questions_stop(questions);
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
	int signal_fd = watch_open_signals(options, &old);
	uint64_t asked = 0, asked_options = 0;
	int status = EXIT_FINE;

	*result = NULL;
	if (signal_fd < 0) {
		json_decref(options->params);
		return client_complain(
		    EXIT_NO_DAEMON, "signals cannot be heard: %s", strerror(errno));
	}
	pp_on_event(client->conn, on_event, &watch);
	pp_on_resume(client->conn, on_resume, &watch);
	if (options->subscribes)
		watch_subscribe(&watch);
	if (options->display)
		pp_send(client->conn, "options.get", NULL, on_options, &watch, &asked_options);
	if (pp_send(client->conn, options->method, options->params, on_answer, &watch, &asked) ||
	    (options->foreground && pp_add_fds(client->conn, asked,
	                                foreground_get_fds(options->foreground), FOREGROUND_FDS)))
		status = client_report(client);
	else
		status = loop(&watch, signal_fd);
	foreground_release(options->foreground);
	questions_stop(options->questions);
	display_hide_live(options->display); /* a signal from now on would leave no echo */
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
	pp_forget(client->conn, watch.asked_snapshot);
	pp_forget(client->conn, watch.asked_durations);
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
