/*
 * Two lists and two tables, kept up with each view; see progress.h.
 */
#include "client/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/outcome.h"

#define DEPS_MAX 1000 /* so many are looked at for a frame */

void progress_init(struct progress *progress)
{
	*progress = (struct progress){0};
	TAILQ_INIT(&progress->running);
	TAILQ_INIT(&progress->waiting);
}

static struct progress_item *find_name(const struct progress *progress, const char *name)
{
	struct progress_item *item;

	HASH_FIND(by_name, progress->names, name, strlen(name), item);
	return item;
}

/* Adds an item that waits to what is expected of all of these, or takes it away. */
static void expect(struct progress *progress, const struct progress_item *item, int sign)
{
	if (item->is_running || item->expected_s <= 0)
		return;
	progress->n_expected += (size_t)sign;
	progress->expected_waiting_s += sign * item->expected_s;
}

/* Takes it out of the list that it is in. */
static void leave_list(struct progress *progress, struct progress_item *item)
{
	if (item->is_running) {
		TAILQ_REMOVE(&progress->running, item, link);
		progress->n_running--;
		return;
	}
	TAILQ_REMOVE(&progress->waiting, item, link);
	progress->n_waiting--;
	expect(progress, item, -1);
}

static void enter_list(struct progress *progress, struct progress_item *item, bool is_running)
{
	item->is_running = is_running;
	if (is_running) {
		TAILQ_INSERT_TAIL(&progress->running, item, link);
		progress->n_running++;
		return;
	}
	TAILQ_INSERT_TAIL(&progress->waiting, item, link);
	progress->n_waiting++;
	expect(progress, item, 1);
}

static void free_item(struct progress *progress, struct progress_item *item)
{
	leave_list(progress, item);
	progress->n_unasked -= !item->is_asked;
	HASH_DELETE(hh, progress->items, item);
	if (find_name(progress, item->name) == item)
		HASH_DELETE(by_name, progress->names, item);
	json_decref(item->deps);
	json_decref(item->locks);
	free(item->name);
	free(item->log);
	free(item->pending);
	free(item);
}

void progress_clear(struct progress *progress)
{
	struct progress_item *item;

	while ((item = TAILQ_FIRST(&progress->running)) || (item = TAILQ_FIRST(&progress->waiting)))
		free_item(progress, item);
}

static struct progress_item *new_item(
    struct progress *progress, json_int_t exec, const json_t *view)
{
	struct progress_item *item = memory_alloc(sizeof(*item));

	item->exec = exec;
	item->name = memory_copy(member_text(view, "name", "?"));
	progress->n_unasked++;
	HASH_ADD(hh, progress->items, exec, sizeof(item->exec), item);
	/* Where two runs have an execution of one proc, the first is the one in flight. */
	if (!find_name(progress, item->name))
		HASH_ADD_KEYPTR(by_name, progress->names, item->name, strlen(item->name), item);
	enter_list(progress, item, false);
	return item;
}

static void count_end(struct progress *progress, const json_t *view)
{
	const char *state = member_text(view, "state", "");

	if (strcmp(state, "failed") == 0)
		progress->n_failed++;
	else if (strcmp(state, "succeeded") == 0)
		progress->n_succeeded++;
	else
		progress->n_skipped++;
}

static struct progress_item *find(const struct progress *progress, json_int_t exec)
{
	struct progress_item *item;

	HASH_FIND(hh, progress->items, &exec, sizeof(exec), item);
	return item;
}

bool progress_has(const struct progress *progress, json_int_t exec)
{
	return find(progress, exec) != NULL;
}

void progress_begin_snapshot(struct progress *progress)
{
	progress->snapshot++;
}

void progress_end_snapshot(struct progress *progress)
{
	struct progress_item *item = progress->items, *next;

	for (; item; item = next) {
		next = item->hh.next;
		if (item->snapshot != progress->snapshot)
			free_item(progress, item);
	}
}

void progress_note(struct progress *progress, const json_t *view)
{
	json_int_t exec = json_integer_value(json_object_get(view, "exec"));
	bool is_running = strcmp(member_text(view, "state", ""), "running") == 0;
	double queued_s = member_number(view, "queued_at", 0);
	struct progress_item *item = find(progress, exec);
	const char *log = member_text(view, "log", NULL), *pending;

	if (queued_s > 0 && (progress->begun_s == 0 || queued_s < progress->begun_s))
		progress->begun_s = queued_s;
	if (outcome_is_complete(view)) {
		count_end(progress, view);
		if (item)
			free_item(progress, item);
		return;
	}
	if (!item)
		item = new_item(progress, exec, view);
	if (item->is_running != is_running) {
		leave_list(progress, item);
		enter_list(progress, item, is_running);
	}
	item->snapshot = progress->snapshot;
	json_decref(item->deps);
	json_decref(item->locks);
	item->deps = json_incref(json_object_get(view, "deps"));
	item->locks = json_incref(json_object_get(view, "locks"));
	if (is_running && log && (!item->log || strcmp(item->log, log) != 0)) {
		free(item->log); /* that of an earlier attempt */
		item->log = memory_copy(log);
	}
	pending = member_text(view, "pending", NULL);
	free(item->pending);
	item->pending = pending ? memory_copy(pending) : NULL;
	item->retry_s = member_number(view, "retry_at", 0);
	item->attempt = (int)member_number(view, "attempt", 0);
	item->attempts = (int)member_number(view, "attempts", 0);
	item->since_s = is_running ? member_number(view, "started_at", 0) : queued_s;
}

/* ---- durations ---- */

void progress_note_durations(struct progress *progress, const json_t *durations)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)durations, name, value) {
		struct progress_item *item = find_name(progress, name);
		double seconds = json_number_value(value);

		if (!item || !(seconds > 0))
			continue;
		expect(progress, item, -1);
		item->expected_s = seconds;
		expect(progress, item, 1);
	}
}

static void add_names(
    struct progress *progress, json_t *names, const struct progress_list *list, size_t n_max)
{
	struct progress_item *item;

	TAILQ_FOREACH (item, list, link) {
		if (json_array_size(names) == n_max)
			return;
		if (item->is_asked)
			continue;
		json_array_append_new(names, json_string(item->name));
		item->is_asked = true;
		progress->n_unasked--;
	}
}

json_t *progress_wanted_durations(struct progress *progress, size_t n_max)
{
	json_t *names = json_array();

	if (progress->n_unasked == 0)
		return names;
	add_names(progress, names, &progress->running, n_max);
	add_names(progress, names, &progress->waiting, n_max);
	return names;
}

double progress_left_s(const struct progress *progress, double now_s)
{
	const struct progress_item *item;
	double longest_s = 0, sum_s = progress->expected_waiting_s;
	size_t n_known = progress->n_expected;

	TAILQ_FOREACH (item, &progress->running, link) {
		double left_s = item->since_s + item->expected_s - now_s;

		if (item->expected_s <= 0)
			continue;
		n_known++;
		left_s = left_s > 0 ? left_s : 0;
		sum_s += left_s;
		longest_s = left_s > longest_s ? left_s : longest_s;
	}
	/* What is known of half of them says something about the others. */
	if (n_known == 0 || n_known * 2 < progress->n_running + progress->n_waiting)
		return -1;
	sum_s *= (double)(progress->n_running + progress->n_waiting) / (double)n_known;
	sum_s /= progress->n_running > 0 ? (double)progress->n_running : 1;
	return sum_s > longest_s ? sum_s : longest_s;
}

/* ---- reasons ---- */

/* Appends "a, b and 3 more" of what is not complete among deps. How many there are. */
static size_t put_deps(FILE *stream, const struct progress *progress, const json_t *deps)
{
	size_t i, n = 0;
	json_t *dep;

	json_array_foreach (deps, i, dep) {
		if (i == DEPS_MAX) {
			fputs(" and more", stream);
			return n + 1;
		}
		if (!json_is_string(dep) || !find_name(progress, json_string_value(dep)))
			continue;
		if (n < 2)
			fprintf(stream, "%s%s", n > 0 ? ", " : "", json_string_value(dep));
		n++;
	}
	if (n > 2)
		fprintf(stream, " and %zu more", n - 2);
	return n;
}

static bool has_lock(const struct progress_item *item, const char *lock)
{
	size_t i;
	json_t *own;

	json_array_foreach (item->locks, i, own) {
		if (json_is_string(own) && strcmp(json_string_value(own), lock) == 0)
			return true;
	}
	return false;
}

/* Appends the lock that something else holds. False: there is none. */
static bool put_lock(
    FILE *stream, const struct progress *progress, const struct progress_item *waiting)
{
	const struct progress_item *item;
	size_t i;
	json_t *lock;

	json_array_foreach (waiting->locks, i, lock) {
		TAILQ_FOREACH (item, &progress->running, link) {
			if (!json_is_string(lock) || !has_lock(item, json_string_value(lock)))
				continue;
			fprintf(
			    stream, "the lock %s, held by %s", json_string_value(lock), item->name);
			return true;
		}
	}
	return false;
}

char *progress_reason(const struct progress *progress, const struct progress_item *item)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		memory_refused();
	if (put_deps(stream, progress, item->deps) == 0 && !put_lock(stream, progress, item))
		fputs("its turn", stream);
	if (fclose(stream) != 0)
		memory_refused();
	return text;
}
