/*
 * What the keys of ppctl top do: move, choose, ask the daemon for a cancel or a why.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/memory.h"
#include "client/top.h"

static const char *const help[] = {
    "Up Down k j   move              PgUp PgDn Home End g G   move far",
    "Tab           between runs and procs",
    "Enter l       the log of the proc, in $PAGER or less",
    "w             why the proc waits, failed, was skipped or ran",
    "c             cancel the proc",
    "C             cancel the run that is looked at, or the only active one",
    "/             only procs whose name has this in it, or matches a*b",
    "a             hide and show what has finished",
    "Esc           no filter",
    "?             this",
    "q Ctrl-C      quit",
};

void top_say(struct top *top, const char *format, ...)
{
	va_list args;

	free(top->message);
	va_start(args, format);
	top->message = memory_print_args(format, args);
	va_end(args);
	top->is_dirty = true;
}

const struct top_item *top_get_selected(struct top *top)
{
	if (!top->model.selected)
		top_say(top, "there is no proc in the list");
	return top->model.selected;
}

static void unsay(struct top *top)
{
	free(top->message);
	top->message = NULL;
}

/* Takes lines. */
static void show_text(struct top *top, json_t *lines)
{
	json_decref(top->text);
	top->text = lines;
	top->look.text_offset = 0;
	top->is_dirty = true;
}

static void show_help(struct top *top)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++)
		json_array_append_new(lines, json_string(help[i]));
	show_text(top, lines);
}

static size_t count_rows(const struct top *top)
{
	size_t n_rows = top_frame_count_rows(&top->model, &top->look);

	return n_rows > 0 ? n_rows : 1;
}

/* ---- what is asked of the daemon ---- */

static void on_why(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top *top = arg;

	top->asked_why = 0;
	if (error)
		top_say(top, "%s", pp_error_text(conn));
	else
		show_text(top, json_incref(json_object_get(result, "lines")));
}

/* The params for what concerns a proc of the runs that are looked at. */
static json_t *new_params(json_int_t run)
{
	json_t *params = json_object();

	if (run != 0)
		json_object_set_new(params, "run", json_sprintf("%" JSON_INTEGER_FORMAT, run));
	return params;
}

static void ask_why(struct top *top)
{
	const struct top_item *item = top_get_selected(top);
	json_t *params;

	if (!item || top->asked_why)
		return;
	params = new_params(top->model.scope);
	json_object_set_new(params, "name", json_string(item->name));
	if (pp_send(top->client->conn, "why", params, on_why, top, &top->asked_why))
		top->asked_why = 0;
}

static void on_canceled(pp_conn *conn, enum pp_error error, json_t *result, void *arg)
{
	struct top *top = arg;
	size_t count = json_array_size(json_object_get(result, "canceled"));

	top->asked_cancel = 0;
	if (error)
		top_say(top, "%s", pp_error_text(conn));
	else if (count == 0)
		top_say(top, "there was nothing to cancel any more");
	else
		top_say(top, "canceled %zu proc%s", count, count == 1 ? "" : "s");
}

static void cancel(struct top *top)
{
	json_t *params = new_params(top->target_run);

	if (top->target)
		json_object_set_new(params, "names", json_pack("[s]", top->target));
	if (pp_send(top->client->conn, "cancel", params, on_canceled, top, &top->asked_cancel))
		top->asked_cancel = 0;
}

/* ---- the line at the bottom ---- */

__attribute__((format(printf, 2, 3))) static void put_question(
    struct top *top, const char *format, ...)
{
	va_list args;

	free(top->question);
	va_start(args, format);
	top->question = memory_print_args(format, args);
	va_end(args);
}

static void end_prompt(struct top *top)
{
	top->prompt = PROMPT_NONE;
	free(top->question);
	top->question = NULL;
}

static void begin_cancel_proc(struct top *top)
{
	const struct top_item *item = top_get_selected(top);

	if (!item)
		return;
	if (item->section != TOP_RUNNING && item->section != TOP_WAITING) {
		top_say(top, "%s has ended already", item->name);
		return;
	}
	free(top->target);
	top->target = memory_copy(item->name);
	top->target_run = top->model.scope;
	top->prompt = PROMPT_CANCEL;
	put_question(top, "Cancel %s? [y/n] ", item->name);
}

static void begin_cancel_run(struct top *top)
{
	const struct top_runs *runs = &top->model.runs;
	size_t place = top_runs_find(runs, top->model.scope);

	if (top->model.scope == 0 && runs->n_active == 0) {
		top_say(top, "no run is active");
		return;
	}
	if (top->model.scope == 0 && runs->n_active == 1)
		place = 1; /* the active ones come first */
	if (place == 0) {
		top_say(top, "Which run? Choose one: Tab, then the arrows");
		return;
	}
	if (!runs->items[place - 1].is_active) {
		top_say(top, "run %" JSON_INTEGER_FORMAT " is over already", top->model.scope);
		return;
	}
	free(top->target);
	top->target = NULL;
	top->target_run = runs->items[place - 1].run;
	top->prompt = PROMPT_CANCEL;
	put_question(top, "Cancel run %" JSON_INTEGER_FORMAT "? [y/n] ", top->target_run);
}

static void put_filter(struct top *top)
{
	put_question(top, "/%s_", top->filter);
	top_model_set_filter(&top->model, top->filter);
}

static void begin_filter(struct top *top)
{
	memcpy(top->filter, top->model.filter, sizeof(top->filter));
	top->prompt = PROMPT_FILTER;
	put_filter(top);
}

/* Without the last character, all of its bytes. */
static void drop_character(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
		length--;
	text[length > 0 ? length - 1 : 0] = '\0';
}

static void press_in_filter(struct top *top, const struct key *key)
{
	switch (key->kind) {
	case KEY_TEXT:
		if (strlen(top->filter) + strlen(key->text) < sizeof(top->filter))
			strcat(top->filter, key->text);
		break;
	case KEY_BACKSPACE:
		drop_character(top->filter);
		break;
	case KEY_ESCAPE:
	case KEY_CLEAR_LINE:
		top->filter[0] = '\0';
		break;
	default:
		break;
	}
	put_filter(top);
	if (key->kind == KEY_ENTER || key->kind == KEY_ESCAPE)
		end_prompt(top);
}

static void press_in_cancel(struct top *top, const struct key *key)
{
	end_prompt(top);
	if (key->kind == KEY_TEXT && strcmp(key->text, "y") == 0)
		cancel(top);
	else
		top_say(top, "nothing is canceled");
}

/* ---- moving ---- */

/* How far a key moves; 0: it does not. */
static long measure_move(const struct top *top, const struct key *key)
{
	long page = (long)count_rows(top);

	switch (key->kind) {
	case KEY_UP:
		return -1;
	case KEY_DOWN:
		return 1;
	case KEY_PAGE_UP:
		return -page;
	case KEY_PAGE_DOWN:
		return page;
	case KEY_HOME:
		return LONG_MIN;
	case KEY_END:
		return LONG_MAX;
	case KEY_TEXT:
		return strcmp(key->text, "k") == 0   ? -1
		       : strcmp(key->text, "j") == 0 ? 1
		       : strcmp(key->text, "g") == 0 ? LONG_MIN
		       : strcmp(key->text, "G") == 0 ? LONG_MAX
		                                     : 0;
	default:
		return 0;
	}
}

static size_t get_last_offset(const struct top *top)
{
	size_t n_lines = json_array_size(top->text), page = count_rows(top);

	return n_lines > page ? n_lines - page : 0;
}

void top_clamp_text(struct top *top)
{
	size_t last = get_last_offset(top);

	if (top->look.text_offset > last)
		top->look.text_offset = last;
}

static void move_text(struct top *top, long n_rows)
{
	size_t last = get_last_offset(top), offset;

	top_clamp_text(top);
	offset = top->look.text_offset;
	if (n_rows > 0)
		offset = (size_t)n_rows > last - offset ? last : offset + (size_t)n_rows;
	else
		offset = n_rows < -(long)offset ? 0 : offset - (size_t)-n_rows;
	top->look.text_offset = offset;
}

static void move(struct top *top, long n_rows)
{
	json_int_t run;

	if (top->look.pane == TOP_PANE_PROCS) {
		top_model_move(&top->model, n_rows);
		return;
	}
	run = top_runs_step(&top->model.runs, top->model.scope, n_rows);
	if (run != top->model.scope)
		top_feed_choose(&top->feed, run);
}

/* ---- keys ---- */

static void press_letter(struct top *top, const char *text)
{
	if (text[1] != '\0')
		return;
	switch (text[0]) {
	case 'q':
		top->wants_end = true;
		break;
	case 'l':
		top_open_log(top);
		break;
	case 'w':
		ask_why(top);
		break;
	case 'c':
		begin_cancel_proc(top);
		break;
	case 'C':
		begin_cancel_run(top);
		break;
	case '/':
		begin_filter(top);
		break;
	case 'a':
		top_model_hide_finished(&top->model, !top->model.hides_finished);
		break;
	case '?':
	case 'h':
		show_help(top);
		break;
	default:
		break;
	}
}

static void press_in_list(struct top *top, const struct key *key)
{
	switch (key->kind) {
	case KEY_TAB:
		top->look.pane = top->look.pane == TOP_PANE_PROCS ? TOP_PANE_RUNS : TOP_PANE_PROCS;
		break;
	case KEY_ENTER:
		if (top->look.pane == TOP_PANE_RUNS)
			top->look.pane = TOP_PANE_PROCS;
		else
			top_open_log(top);
		break;
	case KEY_ESCAPE:
		top_model_set_filter(&top->model, "");
		break;
	case KEY_TEXT:
		press_letter(top, key->text);
		break;
	default:
		break;
	}
}

void top_press(struct top *top, const struct key *key)
{
	long n_rows = measure_move(top, key);

	top->is_dirty = true;
	unsay(top);
	if (key->kind == KEY_REDRAW)
		screen_forget(top->screen);
	else if (top->prompt == PROMPT_FILTER)
		press_in_filter(top, key);
	else if (top->prompt == PROMPT_CANCEL)
		press_in_cancel(top, key);
	else if (top->text && n_rows != 0)
		move_text(top, n_rows);
	else if (top->text)
		show_text(top, NULL);
	else if (n_rows != 0)
		move(top, n_rows);
	else
		press_in_list(top, key);
}
