/*
 * What ppctl top knows: the runs, the executions of one of them or of all that are active, which of
 * them is selected and which are not to be seen. An event costs the same however many there are; a
 * window on the list costs what is in it. Draws nothing and asks nobody.
 */
#ifndef PARPROC_CLIENT_TOP_MODEL_H
#define PARPROC_CLIENT_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

#include "client/progress.h"
#include "client/top_runs.h"

/* More are not taken: is_cut says that there are more; of what has ended the oldest are dropped. */
#define TOP_ITEMS_MAX 200000
#define TOP_ENDED_MAX 10000
#define TOP_FILTER_SIZE 128

/* The list's parts, in their order. */
enum top_section { TOP_RUNNING, TOP_FAILED, TOP_WAITING, TOP_FINISHED, TOP_SECTIONS };

struct top_item {
	json_int_t exec, run;
	char *name, *log;
	char *reason; /* why it waits, failed or was skipped; NULL: not known */
	const char *state;
	enum top_section section;
	double queued_s, started_s, ended_s;      /* since the epoch; 0: not yet */
	bool is_hidden;                           /* by the filter */
	struct top_item *prev, *next;             /* in its section, unless it is hidden */
	struct top_item *ended_prev, *ended_next; /* of what has ended there, as it came */
	struct top_item *run_prev, *run_next;     /* of what has ended in its run */
	UT_hash_handle hh;
};

/* What has ended in a run, as the totals count it: also what is not kept any more. */
struct top_tally {
	json_int_t run;
	size_t n_succeeded, n_failed, n_skipped;
	struct top_item *items;
	UT_hash_handle hh;
};

struct top_model {
	struct progress progress;  /* counts, and what is expected */
	struct top_item *items;    /* uthash, by exec */
	struct top_tally *tallies; /* uthash, by run */
	struct top_item *sections[TOP_SECTIONS];
	struct top_item *ended[TOP_SECTIONS]; /* also what is hidden; the oldest comes first */
	size_t n_listed[TOP_SECTIONS], n_ended[TOP_SECTIONS];
	struct top_item *selected;
	size_t row;      /* of the selected one in the window */
	bool is_moved;   /* the selection is not simply the first of the list */
	bool is_loading; /* pages come: what they bring is sorted at their end */
	bool is_cut;     /* TOP_ITEMS_MAX are there */
	bool hides_finished;
	char filter[TOP_FILTER_SIZE];
	struct top_runs runs;
	json_int_t scope; /* the run whose executions these are; 0: all that are active */
};

void top_model_init(struct top_model *model);
void top_model_clear(struct top_model *model);

/* Executions of another run (0: all) are to come: forgets those that are there. */
void top_model_set_scope(struct top_model *model, json_int_t run);

/* Takes note of a view, of an event or a page. */
void top_model_note(struct top_model *model, const json_t *view);

/* The daemon has forgotten that run: so does the model, with all that has ended in it. */
void top_model_forget_run(struct top_model *model, json_int_t run);

/* Between these a page may bring what is not in the order of the list. */
void top_model_begin_loading(struct top_model *model);
void top_model_end_loading(struct top_model *model);

/* Only what matches is listed: a glob where there is a * or ?, else a part of the name, in
 * whatever case. */
void top_model_set_filter(struct top_model *model, const char *filter);
void top_model_hide_finished(struct top_model *model, bool hides_finished);

/* Moves the selection down by so many rows, up if it is negative; LONG_MIN and LONG_MAX: to an end.
 */
void top_model_move(struct top_model *model, long n_rows);

/* The executions of a window of so many rows in which the selected one is; how many these are. */
size_t top_model_get_window(struct top_model *model, struct top_item **rows, size_t n_rows);

/* How long it is expected to run; 0: not known. */
double top_model_get_expected_s(const struct top_model *model, const struct top_item *item);

#endif
