/*
 * The runs that ppctl top lists: the active ones first; of each kind the newest first.
 */
#ifndef PARPROC_CLIENT_TOP_RUNS_H
#define PARPROC_CLIENT_TOP_RUNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define TOP_RUNS_MAX 2000

struct top_run {
	json_int_t run;
	char *name;
	char state[16];
	size_t n_procs, n_complete, n_failed;
	double created_s, ended_s;
	bool is_active;
};

struct top_runs {
	struct top_run *items;
	size_t count, n_active;
};

void top_runs_clear(struct top_runs *runs);

/* Runs are told of, newest first. Those that are older than all of them stay, unless these are all.
 */
void top_runs_note(struct top_runs *runs, const json_t *views, bool is_all);

/* That run is no more. */
void top_runs_forget(struct top_runs *runs, json_int_t run);

/* How many of the newest it takes to have all active ones among them. */
size_t top_runs_get_depth(const struct top_runs *runs);

/* The place of a run: 0 stands for all of them, or for one that is not there; then items[0] and so
 * on. */
size_t top_runs_find(const struct top_runs *runs, json_int_t run);

/* The run that stands offset places from that one, within the list; 0: all. */
json_int_t top_runs_step(const struct top_runs *runs, json_int_t run, long offset);

#endif
