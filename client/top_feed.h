/*
 * Where ppctl top's model gets what it knows: events of the runs that are looked at, pages of what
 * was before them, and from time to time what is said of the rows that are on the screen. It asks
 * only while something happens, or where a run is looked at of which events tell: of others nobody
 * tells it.
 */
#ifndef PARPROC_CLIENT_TOP_FEED_H
#define PARPROC_CLIENT_TOP_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "client/top_model.h"
#include "lib/parproc.h"

/* Requests without an answer; each kind is asked once at a time. */
enum top_ask { ASK_SUBSCRIBE, ASK_PAGE, ASK_RUNS, ASK_OPTIONS, ASK_ROWS, ASK_DURATIONS, ASK_KINDS };

struct top_feed {
	pp_conn *conn;
	struct top_model *model;
	uint64_t asked[ASK_KINDS];
	double asked_s[ASK_KINDS]; /* when it was last, by the monotonic clock */
	json_int_t *to_load;       /* runs whose pages are wanted; the last comes first */
	size_t n_to_load;
	json_t *cursor;     /* of the page after the newest; or NULL */
	bool is_subscribed; /* events are those of the scope */
	bool is_stale;      /* something has happened since the rows and runs were asked for */
	bool is_behind;     /* events were dropped */
	bool wants_runs;
	size_t runs_limit; /* of the newest question for them */
	size_t runs_depth; /* so many of the newest have all active ones among them */
	bool wants_pages;  /* as soon as the runs are known */
	json_int_t first_exec, last_exec; /* of the rows that were asked for */
	json_int_t parallel;
	bool has_changed; /* there is something new to see */
	bool is_resumed;  /* the daemon was away */
	char *refusal;    /* why the daemon tells no events; NULL: it does */
	bool is_gone;     /* the run in scope is not there any more */
};

/* On that connection, whose events and resumptions it gets; shows all runs. */
void top_feed_begin(struct top_feed *feed, pp_conn *conn, struct top_model *model);
void top_feed_end(struct top_feed *feed);

/* Shows another run; 0: all that are active. */
void top_feed_choose(struct top_feed *feed, json_int_t run);

/* Asks for what is due; so many rows are on the screen. */
void top_feed_turn(struct top_feed *feed, size_t n_rows);

/* When something will be: milliseconds; -1: not before something comes. */
int top_feed_get_timeout_ms(const struct top_feed *feed);

#endif
