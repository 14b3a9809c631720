/*
 * A table of executions, and a list for each section in the order in which it is shown. The
 * selection is a pointer into these, so that no place has to be counted; see top_model.h.
 */
#include "client/top_model.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "client/member.h"
#include "client/memory.h"
#include "client/outcome.h"
#include "client/top_list.h"

void top_model_init(struct top_model *model)
{
	*model = (struct top_model){0};
	progress_init(&model->progress);
}

static bool matches(const struct top_model *model, const struct top_item *item)
{
	const char *filter = model->filter;

	if (filter[0] == '\0')
		return true;
	if (strpbrk(filter, "*?"))
		return fnmatch(filter, item->name, FNM_NOESCAPE) == 0;
	return strcasestr(item->name, filter) != NULL;
}

void top_model_begin_loading(struct top_model *model)
{
	model->is_loading = true;
}

void top_model_end_loading(struct top_model *model)
{
	model->is_loading = false;
	top_list_sort(model);
}

/* ---- executions ---- */

static struct top_tally *find_tally(const struct top_model *model, json_int_t run)
{
	struct top_tally *tally;

	HASH_FIND(hh, model->tallies, &run, sizeof(run), tally);
	return tally;
}

static struct top_tally *get_tally(struct top_model *model, json_int_t run)
{
	struct top_tally *tally = find_tally(model, run);

	if (!tally) {
		tally = memory_alloc(sizeof(*tally));
		tally->run = run;
		HASH_ADD(hh, model->tallies, run, sizeof(tally->run), tally);
	}
	return tally;
}

static void forget_tally(struct top_model *model, struct top_tally *tally)
{
	HASH_DELETE(hh, model->tallies, tally);
	free(tally);
}

static void forget_ended(struct top_model *model, struct top_item *item)
{
	top_list_leave(model, item);
	DL_DELETE2(model->ended[item->section], item, ended_prev, ended_next);
	DL_DELETE2(find_tally(model, item->run)->items, item, run_prev, run_next);
	model->n_ended[item->section]--;
	HASH_DELETE(hh, model->items, item);
	free(item->name);
	free(item->log);
	free(item->reason);
	free(item);
}

static void forget_items(struct top_model *model)
{
	struct top_item *item = model->items, *next;

	HASH_CLEAR(hh, model->items); /* the table; its members still know their order */
	for (; item; item = next) {
		next = item->hh.next;
		free(item->name);
		free(item->log);
		free(item->reason);
		free(item);
	}
	while (model->tallies)
		forget_tally(model, model->tallies);
	memset(model->sections, 0, sizeof(model->sections));
	memset(model->n_listed, 0, sizeof(model->n_listed));
	memset(model->ended, 0, sizeof(model->ended));
	memset(model->n_ended, 0, sizeof(model->n_ended));
	model->selected = NULL;
	model->is_moved = model->is_cut = false;
	progress_clear(&model->progress);
	progress_init(&model->progress);
}

void top_model_set_scope(struct top_model *model, json_int_t run)
{
	forget_items(model);
	model->scope = run;
}

static enum top_section section_of(const json_t *view)
{
	const char *state = member_text(view, "state", "");

	if (!outcome_is_complete(view))
		return strcmp(state, "running") == 0 ? TOP_RUNNING : TOP_WAITING;
	return strcmp(state, "failed") == 0 ? TOP_FAILED : TOP_FINISHED;
}

/* A static text for one of the states that there are. */
static const char *state_of(const json_t *view)
{
	static const char *const states[] = {
	    "wanted", "running", "succeeded", "failed", "skipped", "up_to_date"};
	const char *state = member_text(view, "state", "");

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i], state) == 0)
			return states[i];
	}
	return NULL;
}

/* Dependencies are the daemon's affair here: it says what a row waits for. */
static void note_progress(struct top_model *model, const json_t *view)
{
	static const char *const members[] = {"exec", "name", "state", "queued_at", "started_at"};
	json_t *brief = json_object();

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_object_set(brief, members[i], json_object_get(view, members[i]));
	progress_note(&model->progress, brief);
	json_decref(brief);
}

/* Of what has ended only so many are kept: the oldest goes, whatever the filter lists. */
static void count_ended(struct top_model *model, struct top_item *item)
{
	struct top_tally *tally = get_tally(model, item->run);
	enum top_section section = item->section;

	if (section == TOP_FAILED)
		tally->n_failed++;
	else if (strcmp(item->state, "succeeded") == 0)
		tally->n_succeeded++;
	else
		tally->n_skipped++;
	DL_APPEND2(tally->items, item, run_prev, run_next);
	DL_APPEND2(model->ended[section], item, ended_prev, ended_next);
	if (++model->n_ended[section] > TOP_ENDED_MAX)
		forget_ended(model, model->ended[section]);
}

void top_model_forget_run(struct top_model *model, json_int_t run)
{
	struct top_tally *tally = find_tally(model, run);

	top_runs_forget(&model->runs, run);
	if (!tally)
		return;
	while (tally->items)
		forget_ended(model, tally->items);
	model->progress.n_failed -= tally->n_failed;
	model->progress.n_succeeded -= tally->n_succeeded;
	model->progress.n_skipped -= tally->n_skipped;
	forget_tally(model, tally);
}

static struct top_item *new_item(struct top_model *model, json_int_t exec, const json_t *view)
{
	struct top_item *item = memory_alloc(sizeof(*item));

	item->exec = exec;
	item->run = json_integer_value(json_object_get(view, "run"));
	item->name = memory_copy(member_text(view, "name", "?"));
	item->is_hidden = !matches(model, item);
	HASH_ADD(hh, model->items, exec, sizeof(item->exec), item);
	return item;
}

static char *copy_or_null(const char *text)
{
	return text && text[0] ? memory_copy(text) : NULL;
}

static void fill(struct top_item *item, const json_t *view)
{
	char *reason = outcome_reason(view);

	free(item->reason);
	item->reason = copy_or_null(reason);
	free(reason);
	free(item->log);
	item->log = copy_or_null(member_text(view, "log", NULL));
	item->state = state_of(view);
	item->section = section_of(view);
	item->queued_s = member_number(view, "queued_at", 0);
	item->started_s = member_number(view, "started_at", 0);
	item->ended_s = member_number(view, "ended_at", 0);
}

/* Whether a view tells nothing of an execution that is known. */
static bool is_beside(
    const struct top_model *model, const struct top_item *item, const json_t *view)
{
	json_int_t run = json_integer_value(json_object_get(view, "run"));

	if (item->section == TOP_FAILED || item->section == TOP_FINISHED)
		return true;
	/* Among all runs it is looked at in its first: in another it may have been canceled. */
	return model->scope == 0 && outcome_is_complete(view) && item->run != run;
}

void top_model_note(struct top_model *model, const json_t *view)
{
	const json_t *member = json_object_get(view, "exec");
	json_int_t exec = json_integer_value(member);
	bool was_listed = false;
	enum top_section before = TOP_WAITING;
	struct top_item *item;

	if (!json_is_integer(member) || !state_of(view))
		return;
	HASH_FIND(hh, model->items, &exec, sizeof(exec), item);
	if (item && is_beside(model, item, view))
		return;
	if (!item && HASH_COUNT(model->items) >= TOP_ITEMS_MAX) {
		model->is_cut = true;
		return;
	}
	note_progress(model, view);
	if (item) {
		was_listed = true;
		before = item->section;
	} else {
		item = new_item(model, exec, view);
	}
	if (was_listed && before == section_of(view)) {
		fill(item, view);
		return;
	}
	if (was_listed)
		top_list_leave(model, item);
	fill(item, view);
	top_list_enter(model, item);
	if (item->section == TOP_FAILED || item->section == TOP_FINISHED)
		count_ended(model, item);
}

double top_model_get_expected_s(const struct top_model *model, const struct top_item *item)
{
	struct progress_item *known;

	HASH_FIND(hh, model->progress.items, &item->exec, sizeof(item->exec), known);
	return known ? known->expected_s : 0;
}

void top_model_clear(struct top_model *model)
{
	forget_items(model);
	top_runs_clear(&model->runs);
}

/* ---- what is seen ---- */

void top_model_set_filter(struct top_model *model, const char *filter)
{
	struct top_item *selected = model->selected, *item;
	bool was_loading = model->is_loading;

	strncpy(model->filter, filter, sizeof(model->filter) - 1);
	memset(model->sections, 0, sizeof(model->sections));
	memset(model->n_listed, 0, sizeof(model->n_listed));
	model->is_loading = true;
	for (item = model->items; item; item = item->hh.next) {
		item->is_hidden = !matches(model, item);
		top_list_enter(model, item);
	}
	model->is_loading = was_loading;
	top_list_sort(model);
	if (!selected || selected->is_hidden) {
		model->selected = NULL;
		model->is_moved = false;
	}
}

void top_model_hide_finished(struct top_model *model, bool hides_finished)
{
	model->hides_finished = hides_finished;
	if (hides_finished && model->selected && model->selected->section == TOP_FINISHED)
		model->selected = top_list_last_until(model, TOP_SECTIONS - 1);
}

void top_model_move(struct top_model *model, long n_rows)
{
	struct top_item *item = model->selected ? model->selected : top_list_first_from(model, 0),
	                *next;

	if (n_rows == LONG_MIN || n_rows == LONG_MAX) {
		item = n_rows < 0 ? top_list_first_from(model, 0)
		                  : top_list_last_until(model, TOP_SECTIONS - 1);
		model->row = n_rows < 0 ? 0 : SIZE_MAX;
		n_rows = 0;
	}
	for (; item && n_rows > 0; n_rows--) {
		next = top_list_next(model, item);
		if (!next)
			break;
		item = next;
		model->row++;
	}
	for (; item && n_rows < 0; n_rows++) {
		next = top_list_previous(model, item);
		if (!next)
			break;
		item = next;
		model->row -= model->row > 0;
	}
	model->selected = item;
	model->is_moved = item != top_list_first_from(model, 0);
}

size_t top_model_get_window(struct top_model *model, struct top_item **rows, size_t n_rows)
{
	struct top_item *first, *previous, *item;
	size_t n_before = 0, count = 0;

	if (!model->selected || !model->is_moved) {
		model->selected = top_list_first_from(model, 0);
		model->row = 0;
	}
	if (!model->selected || n_rows == 0)
		return 0;
	if (model->row >= n_rows)
		model->row = n_rows - 1;
	first = model->selected;
	for (; n_before < model->row && (previous = top_list_previous(model, first)); n_before++)
		first = previous;
	model->row = n_before;
	for (item = first; item && count < n_rows; item = top_list_next(model, item))
		rows[count++] = item;
	while (count < n_rows && (previous = top_list_previous(model, first))) {
		memmove(rows + 1, rows, count * sizeof(*rows));
		rows[0] = first = previous;
		model->row++;
		count++;
	}
	return count;
}
