/*
 * One request that is watched, as the loop, its signals and its views share it. For client/watch*.c
 * only.
 */
#ifndef PARPROC_CLIENT_WATCH_INTERNAL_H
#define PARPROC_CLIENT_WATCH_INTERNAL_H

#include <signal.h>

#include "client/watch.h"

struct live;

#define RUN_SIZE 24 /* for the number of a run */

struct watch {
	struct client *client;
	const struct watch_options *options;
	json_int_t run; /* 0: not known yet */
	int signal;     /* the first that came; 0: none */
	int n_signals;
	double signal_s;           /* when the newest came, by the monotonic clock … */
	bool is_passed_on;         /* … and whether from the parent, which had got it */
	int n_cancels;             /* requests to cancel that were sent */
	uint64_t asked_snapshot;   /* the request to subscribe that is out; 0: none */
	uint64_t asked_page;       /* the request for a page of status that is out; 0: none */
	uint64_t asked_durations;  /* the request for durations that is out; 0: none */
	uint64_t asked_interrupt;  /* the request to pass on a SIGINT; 0: none */
	uint64_t asked_cancels[2]; /* to cancel, and to kill */
	bool is_interrupting;      /* a SIGINT is on its way to a process */
	bool is_first_page;        /* pages are of what there was at the subscription */
	bool is_behind;            /* events were dropped since it was begun */
	bool is_answered;
	bool is_refused; /* the daemon cannot store that the run is to end */
	enum pp_error error;
	json_t *result;
};

/* --- signals --- */

/* A descriptor that reports the signals that end a command, which no longer end it by themselves;
 * *old: those that were blocked before. -1 with errno. */
int watch_open_signals(const struct watch_options *options, sigset_t *old);

/* Reads one of that descriptor. Whether to go on waiting after it. */
bool watch_hear_signal(struct watch *watch, int fd);

/* Sends what the signals so far ask for, and the SIGINT that is to be passed on, as soon as the
 * run's number is known. */
void watch_cancel_run(struct watch *watch);
void watch_pass_interrupt(struct watch *watch);

/* --- views --- */

/* Shows where a view says that an execution is. */
void watch_show(struct watch *watch, const json_t *view);

/* Lets the display show events of what is watched, and people be asked. That is not essential:
 * where it is refused, for a name that is not there yet, only the end is shown. */
void watch_subscribe(struct watch *watch);

/* The daemon has dropped events, as it does where a client reads too slowly. */
void watch_catch_up(struct watch *watch);

/* Asks how long what is shown will take, some at a time. An older daemon does not know. */
void watch_ask_durations(struct watch *watch, struct live *live);

#endif
