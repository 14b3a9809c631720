/*
 * Records of runs: what runs in a lane, how many there are, which chain ran longest, and what pages
 * and odd answers make of it.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "client/record.h"

#define T0 1000000000 /* seconds */

static json_t *run_of(const char *state, double ended)
{
	return json_pack("{s:i, s:s, s:s, s:f, s:f}", "run", 7, "name", "nightly", "state", state,
	    "created_at", (double)T0, "ended_at", ended > 0 ? T0 + ended : 0.0);
}

static void begin(struct record *record, double ended)
{
	json_t *run = run_of(ended > 0 ? "succeeded" : "active", ended);

	record_init(record, run, (int64_t)(T0 + 100) * 1000000);
	json_decref(run);
}

/* Adds what was queued at 0. started, ended: < 0: not. deps: "a b". */
static void add(struct record *record, const char *name, const char *state, double started,
    double ended, const char *deps)
{
	json_t *view = json_pack("{s:s, s:s, s:i, s:f}", "name", name, "state", state, "exec",
	    (int)record->n_execs + 1, "queued_at", (double)T0);
	json_t *list = json_array();
	char *copy = strdup(deps), *rest = copy, *dep;

	while ((dep = strsep(&rest, " ")) != NULL) {
		if (*dep)
			json_array_append_new(list, json_string(dep));
	}
	free(copy);
	json_object_set_new(view, "deps", list);
	if (started >= 0)
		json_object_set_new(view, "started_at", json_real(T0 + started));
	if (ended >= 0)
		json_object_set_new(view, "ended_at", json_real(T0 + ended));
	record_add(record, view);
	json_decref(view);
}

static struct record_exec *find(struct record *record, const char *name)
{
	for (uint32_t i = 0; i < record->n_execs; i++) {
		if (strcmp(record->execs[i].name, name) == 0)
			return &record->execs[i];
	}
	cr_assert_fail("no %s", name);
	return NULL;
}

static void expect_critical(const struct record *record, const char *names)
{
	char text[256] = "";

	for (uint32_t i = 0; i < record->n_critical; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, record->execs[record->critical[i]].name);
	}
	cr_assert_str_eq(text, names);
}

Test(record, what_runs_after_each_other_shares_a_lane)
{
	struct record record;

	begin(&record, 5);
	add(&record, "a", "succeeded", 0, 2, "");
	add(&record, "b", "succeeded", 1, 3, "");
	add(&record, "c", "succeeded", 2, 4, "a");
	add(&record, "d", "succeeded", 4.5, 5, "c");
	record_finish(&record);
	cr_assert_eq(record.n_lanes, 2);
	cr_assert_eq(find(&record, "a")->lane, 0);
	cr_assert_eq(find(&record, "b")->lane, 1);
	cr_assert_eq(find(&record, "c")->lane, 0);
	cr_assert_eq(find(&record, "d")->lane, 0, "the lowest one that is free");
	record_clear(&record);
}

/* How many run at once at most: at the start of one of them. */
static uint32_t count_at_once(const struct record *record)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < record->n_execs; i++) {
		int64_t at_us = record->execs[i].started_us;
		uint32_t n = 0;

		for (uint32_t j = 0; j < record->n_execs; j++)
			n += record->execs[j].started_us <= at_us &&
			     record->execs[j].stop_us > at_us;
		most = n > most ? n : most;
	}
	return most;
}

static void expect_no_overlap(const struct record *record)
{
	for (uint32_t i = 0; i < record->n_execs; i++) {
		const struct record_exec *one = &record->execs[i];

		cr_assert_lt(one->lane, record->n_lanes);
		for (uint32_t j = 0; j < i; j++) {
			const struct record_exec *other = &record->execs[j];

			cr_assert(one->lane != other->lane || one->started_us >= other->stop_us ||
			              other->started_us >= one->stop_us,
			    "%s and %s", one->name, other->name);
		}
	}
}

Test(record, lanes_never_overlap_and_are_as_many_as_ran_at_once)
{
	for (unsigned seed = 1; seed <= 50; seed++) {
		struct record record;
		unsigned state = seed;

		begin(&record, 200);
		for (int i = 0; i < 120; i++) {
			int start = rand_r(&state) % 60, length = 1 + rand_r(&state) % 12;
			char name[16];

			snprintf(name, sizeof(name), "p%d", i);
			add(&record, name, "succeeded", start, start + length, "");
		}
		record_finish(&record);
		cr_assert_eq(record.n_lanes, count_at_once(&record), "seed %u", seed);
		expect_no_overlap(&record);
		record_clear(&record);
	}
}

Test(record, the_critical_path_is_the_chain_that_ran_longest)
{
	struct record record;

	begin(&record, 20);
	add(&record, "end", "succeeded", 9, 10, "all slow");
	add(&record, "slow", "succeeded", 0, 4, "");
	add(&record, "a", "succeeded", 0, 1, "");
	add(&record, "b", "succeeded", 1, 6, "a");
	add(&record, "all", "succeeded", 6, 6, "a b"); /* a collector */
	add(&record, "alone", "succeeded", 0, 6.5, "");
	record_finish(&record);
	expect_critical(&record, "a b end");
	cr_assert_eq(record.critical_us, 7000000);
	cr_assert(find(&record, "all")->is_critical);
	cr_assert_not(find(&record, "alone")->is_critical);
	cr_assert_eq(find(&record, "end")->depth, 3);
	cr_assert_eq(find(&record, "slow")->depth, 0);
	cr_assert_eq(find(&record, "all")->source, find(&record, "b") - record.execs);
	cr_assert_eq(find(&record, "all")->lane, RECORD_NONE, "it had no process");
	cr_assert_eq(record.n_deps, 5);
	cr_assert_eq(record.n_lanes, 3);
	cr_assert_eq(record_makespan_us(&record), 20000000);
	record_clear(&record);
}

Test(record, the_critical_path_ends_with_what_has_run)
{
	struct record record;

	begin(&record, 20);
	add(&record, "after", "failed", -1, 4, "all"); /* first, as it was asked for */
	add(&record, "all", "succeeded", 4, 4, "a");
	add(&record, "a", "failed", 0, 4, "");
	record_finish(&record);
	expect_critical(&record, "a");
	cr_assert(find(&record, "a")->is_critical);
	cr_assert_not(find(&record, "all")->is_critical);
	cr_assert_not(find(&record, "after")->is_critical);
	record_clear(&record);
}

Test(record, what_runs_ends_now_and_what_waits_is_in_no_lane)
{
	struct record record;

	begin(&record, 0);
	add(&record, "a", "running", 90, -1, "");
	add(&record, "b", "wanted", -1, -1, "a");
	add(&record, "c", "failed", -1, 95, "a");
	record_finish(&record);
	cr_assert_eq(record_duration_us(find(&record, "a")), 10000000);
	cr_assert_eq(record_duration_us(find(&record, "b")), 0);
	cr_assert_eq(record_duration_us(find(&record, "c")), 0);
	cr_assert_eq(record.n_lanes, 1);
	cr_assert_eq(record.n_of_state[RECORD_WANTED], 1);
	cr_assert_eq(record.n_of_state[RECORD_FAILED], 1);
	cr_assert_eq(record_makespan_us(&record), 100000000);
	expect_critical(&record, "a");
	record_clear(&record);
}

Test(record, what_was_running_before_the_run_began_widens_it)
{
	struct record record;

	begin(&record, 2);
	add(&record, "shared", "succeeded", 0, 1, "");
	record_finish(&record);
	cr_assert_eq(record.begin_us, (int64_t)T0 * 1000000);
	record_clear(&record);

	json_t *run = run_of("failed", 2), *view;

	record_init(&record, run, 0);
	json_decref(run);
	view = json_pack("{s:s, s:s, s:f, s:n}", "name", "shared", "state", "failed", "started_at",
	    T0 - 5.0, "ended_at"); /* canceled in this run, and goes on elsewhere */
	record_add(&record, view);
	json_decref(view);
	record_finish(&record);
	cr_assert_eq(record.begin_us, (int64_t)(T0 - 5) * 1000000);
	cr_assert_eq(record.execs[0].stop_us, (int64_t)(T0 + 2) * 1000000);
	record_clear(&record);
}

Test(record, odd_answers_do_no_harm)
{
	struct record record;
	json_t *view = json_object();

	begin(&record, 1);
	record_add(&record, view); /* nothing in it */
	json_decref(view);
	add(&record, "a", "succeeded", 5, 3, "b nowhere a"); /* a clock that went back */
	add(&record, "b", "succeeded", 0, 1, "a");           /* a circle */
	add(&record, "b", "failed", 0, 1, "");               /* pages that overlap */
	add(&record, "new", "of a state to come", -1, -1, "");
	view = json_pack("{s:s, s:s, s:f, s:f, s:[i, n], s:i}", "name", "c", "state", "succeeded",
	    "started_at", 1e300, "ended_at", -1e300, "deps", 1, "locks", 3);
	record_add(&record, view);
	json_decref(view);
	record_finish(&record);
	cr_assert_eq(record.n_execs, 5);
	cr_assert_geq(record_duration_us(find(&record, "a")), 0);
	cr_assert_eq(find(&record, "b")->state, RECORD_SUCCEEDED);
	cr_assert_eq(find(&record, "new")->state, RECORD_WANTED);
	record_clear(&record);
}

Test(record, a_run_without_executions)
{
	struct record record;

	begin(&record, 1);
	record_finish(&record);
	cr_assert_eq(record.n_lanes + record.n_critical + record.n_execs, 0);
	record_clear(&record);
	record_clear(&record);
}

Test(record, a_long_chain_needs_no_stack)
{
	enum { LENGTH = 100000 };
	struct record record;
	char name[24], before[24] = "";

	begin(&record, 0);
	for (int i = 0; i < LENGTH; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		add(&record, name, "succeeded", i * 1e-3, (i + 1) * 1e-3, before);
		memcpy(before, name, sizeof(before));
	}
	record_finish(&record);
	cr_assert_eq(record.n_lanes, 1);
	cr_assert_eq(record.n_critical, LENGTH);
	cr_assert_eq(record.execs[LENGTH - 1].depth, LENGTH - 1);
	record_clear(&record);
}
