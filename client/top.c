/*
 * The verb top: its loop, its signals, and who has the terminal. What is known is the model's
 * affair, where that comes from the feed's, what it looks like the frame's.
 */
#include "client/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/memory.h"
#include "client/verbs.h"

#define FRAME_S 0.1       /* no more often than that */
#define ELAPSED_S 1.0     /* as often as that while something goes on */
#define ESCAPE_MS 50      /* a key whose sequence has begun is complete by then */
#define LOOK_AGAIN_MS 500 /* whether it is in the foreground: a shell's fg may tell nobody */
#define KEYS_SIZE 256
#define RUNS_PAGE 1000

/* What the loop has beside the rest. */
struct loop {
	struct top *top;
	int signal_fd;
	sigset_t old; /* the signals that were blocked before */
	char keys[KEYS_SIZE];
	size_t n_keys;
	double drawn_s; /* by the monotonic clock */
	int signal;     /* that has ended it */
	bool was_away;
};

/* ---- drawing ---- */

static void look_around(struct top *top)
{
	pp_conn *conn = top->client->conn;
	struct top_look *look = &top->look;
	json_t *info = NULL;
	double load;

	screen_get_size(top->screen, &look->place.columns, &look->place.rows);
	look->place.now_s = clock_s(CLOCK_REALTIME);
	look->workspace = pp_workspace(conn) ? pp_workspace(conn) : "";
	look->server = "";
	if (pp_get_fd(conn) >= 0 && pp_server_info(conn, 0, &info) == PP_OK)
		look->server = member_text(info, "server", "");
	look->load = getloadavg(&load, 1) == 1 ? load : 0;
	look->parallel = top->feed.parallel;
	look->question = top->question;
	look->message = top->message;
	look->text = top->text;
}

static void draw(struct loop *loop)
{
	struct top *top = loop->top;
	size_t n_lines;
	char **lines;

	look_around(top);
	top_clamp_text(top);
	lines = top_frame_make(&top->model, &top->look, &n_lines);
	screen_draw(top->screen, lines, n_lines);
	loop->drawn_s = clock_s(CLOCK_MONOTONIC);
	top->is_dirty = false;
}

/* Whether times on the screen go on. */
static bool has_times(const struct top *top)
{
	const struct progress *progress = &top->model.progress;

	return progress->n_running + progress->n_waiting + top->model.runs.n_active > 0;
}

/* Seconds until a frame is due; below 0: not before something has changed. */
static double frame_due_in(const struct loop *loop)
{
	const struct top *top = loop->top;
	double again_s = top->is_dirty ? FRAME_S : has_times(top) ? ELAPSED_S : -1;
	double left_s = loop->drawn_s + again_s - clock_s(CLOCK_MONOTONIC);

	if (again_s < 0 || !screen_is_entered(top->screen) ||
	    screen_get_unsent_fd(top->screen) >= 0)
		return -1;
	return left_s > 0 ? left_s : 0;
}

/* ---- signals ---- */

static int open_signals(sigset_t *old)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	struct sigaction action;
	sigset_t set;

	signal(SIGCHLD, SIG_DFL); /* ignored, the end of the pager would tell nobody */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	}
	if (sigprocmask(SIG_BLOCK, &set, old))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* As it does by default, so that the system ignores it where nobody could continue us. */
static void stop(struct top *top)
{
	sigset_t set;

	screen_leave(top->screen);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void hear_signal(struct loop *loop)
{
	struct signalfd_siginfo info;
	struct top *top = loop->top;

	if (read(loop->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	top->is_dirty = true;
	switch (info.ssi_signo) {
	case SIGCHLD:
		top_reap_pager(top);
		break;
	case SIGWINCH:
		screen_forget(top->screen);
		break;
	case SIGTSTP:
		stop(top);
		break;
	case SIGCONT:
		screen_lose(top->screen);
		break;
	case SIGINT:
	case SIGQUIT:
		if (top->pager > 0) /* it is the pager's */
			break;
		/* fall through */
	default:
		loop->signal = (int)info.ssi_signo;
		top->wants_end = true;
	}
}

/* ---- keys ---- */

static void press_keys(struct loop *loop, bool is_final)
{
	size_t used = 0, length;
	struct key key;

	while (!loop->top->wants_end && loop->top->pager == 0 &&
	       (length = keys_read(&key, loop->keys + used, loop->n_keys - used, is_final)) > 0) {
		used += length;
		top_press(loop->top, &key);
	}
	loop->n_keys -= used;
	memmove(loop->keys, loop->keys + used, loop->n_keys);
}

static void hear_keys(struct loop *loop)
{
	ssize_t count;

	if (loop->n_keys == sizeof(loop->keys))
		loop->n_keys = 0; /* no key is so long */
	count = read(STDIN_FILENO, loop->keys + loop->n_keys, sizeof(loop->keys) - loop->n_keys);
	if (count > 0)
		loop->n_keys += (size_t)count;
	else if (count == 0 || (errno != EINTR && errno != EAGAIN))
		loop->top->wants_end = true; /* the terminal has gone */
	press_keys(loop, false);
}

/* ---- the loop ---- */

/* Whether the terminal is neither ours nor the pager's: this is in the background. */
static bool is_in_background(const struct top *top)
{
	return top->pager == 0 && !screen_is_entered(top->screen);
}

static void hear_feed(struct loop *loop)
{
	struct top *top = loop->top;
	bool is_away = pp_get_fd(top->client->conn) < 0;

	if (is_away && !loop->was_away)
		top_say(top, "the daemon is away; waiting for it");
	loop->was_away = is_away;
	if (top->feed.is_resumed)
		top_say(top, "the daemon was away and is there again");
	if (top->feed.refusal)
		top_say(top, "no events: %s; asking again", top->feed.refusal);
	free(top->feed.refusal);
	top->feed.refusal = NULL;
	if (top->feed.is_gone)
		top_say(top, "that run has been forgotten");
	top->is_dirty |= top->feed.has_changed;
	top->feed.is_resumed = top->feed.is_gone = top->feed.has_changed = false;
}

static int poll_timeout(const struct loop *loop)
{
	double seconds = pp_get_timeout(loop->top->client->conn), due_s = frame_due_in(loop);
	int timeout_ms = seconds < 0 ? -1 : seconds > 3600 ? 3600000 : (int)(seconds * 1000) + 1;
	bool is_behind = is_in_background(loop->top);
	int others_ms[] = {is_behind ? LOOK_AGAIN_MS : -1,
	    top_feed_get_timeout_ms(&loop->top->feed), due_s < 0 ? -1 : (int)(due_s * 1000) + 1,
	    loop->n_keys > 0 && loop->top->pager == 0 ? ESCAPE_MS : -1};

	for (size_t i = 0; i < sizeof(others_ms) / sizeof(others_ms[0]); i++) {
		if (others_ms[i] >= 0 && (timeout_ms < 0 || others_ms[i] < timeout_ms))
			timeout_ms = others_ms[i];
	}
	return timeout_ms;
}

static int run_loop(struct loop *loop)
{
	struct top *top = loop->top;
	pp_conn *conn = top->client->conn;

	while (!top->wants_end) {
		if (is_in_background(top))
			top->is_dirty |= screen_enter(top->screen);
		top_feed_turn(&top->feed, top_frame_count_rows(&top->model, &top->look));
		if (frame_due_in(loop) == 0)
			draw(loop);
		struct pollfd polled[] = {
		    {pp_get_fd(conn), pp_get_events(conn), 0},
		    {loop->signal_fd, POLLIN, 0},
		    {screen_is_entered(top->screen) ? STDIN_FILENO : -1, POLLIN, 0},
		    {screen_get_unsent_fd(top->screen), POLLOUT, 0},
		};

		int count = poll(polled, 4, poll_timeout(loop));

		if (count < 0 && errno != EINTR)
			return errno;
		if (polled[1].revents)
			hear_signal(loop);
		if (polled[2].revents && screen_is_entered(top->screen))
			hear_keys(loop);
		else if (count == 0 && loop->n_keys > 0)
			press_keys(loop, true);
		if (polled[3].revents)
			screen_flush(top->screen);
		if (pp_dispatch(conn))
			return -1;
		hear_feed(loop);
	}
	return 0;
}

/* Shows all until it ends; the exit status. */
static int show(struct top *top)
{
	struct loop loop = {.top = top};
	int error;

	loop.signal_fd = open_signals(&loop.old);
	if (loop.signal_fd >= 0)
		top->screen = screen_open();
	if (!top->screen) {
		error = errno;
		sigprocmask(SIG_SETMASK, &loop.old, NULL);
		return client_complain(
		    EXIT_BAD_REQUEST, "the terminal cannot be used: %s", strerror(error));
	}
	look_around(top);
	top->is_dirty = true;
	error = run_loop(&loop);
	top_end_pager(top);
	screen_close(top->screen);
	close(loop.signal_fd);
	sigprocmask(SIG_SETMASK, &loop.old, NULL);
	if (error < 0)
		return client_report(top->client);
	if (error > 0)
		return client_complain(
		    EXIT_BAD_REQUEST, "waiting for the daemon: %s", strerror(error));
	return loop.signal ? EXIT_SIGNAL + loop.signal : EXIT_FINE;
}

/* The run of a page that is meant, by its number if that is not 0, else by its name; 0: none. */
static json_int_t find_on_page(const json_t *runs, json_int_t number, const char *name)
{
	json_t *run;
	size_t i;

	json_array_foreach (runs, i, run) {
		json_int_t id = json_integer_value(json_object_get(run, "run"));

		if (number != 0 ? id == number : strcmp(member_text(run, "name", ""), name) == 0)
			return id;
	}
	return 0;
}

/* The run that --run means, as to the daemon: digits are a number, and of a name's runs it is the
 * newest. *run: 0: there is no --run. 0, or an exit status. */
static int find_run(struct client *client, json_int_t *run)
{
	const char *wanted = invocation_get(client->inv, "run");
	bool is_number = wanted && wanted[strspn(wanted, "0123456789")] == '\0';
	json_int_t number = is_number ? (json_int_t)strtoll(wanted, NULL, 10) : 0;
	json_int_t before = 0;
	json_t *params, *result, *runs;
	size_t count = RUNS_PAGE;
	int status = EXIT_FINE;

	*run = 0;
	if (!wanted)
		return EXIT_FINE;
	while (status == EXIT_FINE && *run == 0 && count == RUNS_PAGE) {
		result = NULL;
		params = json_pack("{s:I, s:I}", "limit", (json_int_t)RUNS_PAGE, "before", before);
		status = client_request(client, "runs", params, &result);
		runs = json_object_get(result, "runs");
		count = json_array_size(runs);
		if (!is_number || number > 0)
			*run = find_on_page(runs, number, wanted);
		before = json_integer_value(
		    json_object_get(json_array_get(runs, count > 0 ? count - 1 : 0), "run"));
		json_decref(result);
	}
	if (status || *run != 0)
		return status;
	return client_complain(
	    EXIT_BAD_REQUEST, "there is no run %s; ppctl runs lists them", wanted);
}

int verb_top(struct client *client)
{
	struct top top = {.client = client};
	json_int_t run;
	int status;

	if (client->is_json) {
		client_complain(0, "top: it draws on a terminal, and has no --json");
		client_hint("ppctl --json status and ppctl events are for programs");
		return EXIT_BAD_REQUEST;
	}
	if (!screen_is_possible()) {
		client_complain(0, "top: it needs a terminal in which it can draw (TERM)");
		client_hint("ppctl status prints the procs, ppctl runs the runs");
		return EXIT_BAD_REQUEST;
	}
	status = client_connect(client);
	if (!status)
		status = find_run(client, &run);
	if (status)
		return status;
	top.look.place.output = &client->out;
	top.look.place.is_utf8 = output_is_utf8();
	top_model_init(&top.model);
	top_feed_begin(&top.feed, client->conn, &top.model);
	top_feed_choose(&top.feed, run);
	status = show(&top);
	pp_forget(client->conn, top.asked_cancel);
	pp_forget(client->conn, top.asked_why);
	top_feed_end(&top.feed);
	top_model_clear(&top.model);
	json_decref(top.text);
	free(top.target);
	free(top.question);
	free(top.message);
	return status;
}
