/*
 * The part of the terminal below what has scrolled up: what runs, longest first, what waits and for
 * what, and totals. It is drawn where the cursor is, without an alternate screen, at most ten times
 * a second; lines that are printed in between come above it with the next frame. While it is there
 * keys are not echoed; what is typed stays for whoever reads next. A question may be its last line.
 */
#ifndef PARPROC_CLIENT_LIVE_H
#define PARPROC_CLIENT_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "client/output.h"

struct live;

/* Whether standard output is a terminal in which lines can be drawn anew. */
bool live_is_possible(const struct output *output);

/* On the stream of output, which it borrows. */
struct live *live_new(const struct output *output);

/* Erases what is drawn, and prints what has not been. NULL is fine, here and below. */
void live_free(struct live *live);

/* Lines for above it go here. */
FILE *live_get_stream(struct live *live);

/* A view says where an execution is; it may say so again. */
void live_note(struct live *live, const json_t *view);

/* Between these views say all that there is: what they do not has gone. */
void live_begin_snapshot(struct live *live);
void live_end_snapshot(struct live *live);

/* Whether an execution is among what runs or waits. */
bool live_has(const struct live *live, json_int_t exec);

/* How long procs are expected to run: an object of seconds, by name. */
void live_note_durations(struct live *live, const json_t *durations);

/* The names of what runs and whose expected duration is not known, at most so many. New array, or
 * NULL: there is none, or it is too early to ask. Each name is told once. */
json_t *live_wanted_durations(struct live *live);

/* Draws a frame, if one is due and the terminal takes it. */
void live_draw(struct live *live);

/* When the next one is due: milliseconds from now; -1: not before something is noted. */
int live_get_timeout_ms(const struct live *live);

/* Erases what is drawn and prints the lines that are to be above it: something else is about to
 * write to the terminal, or to have it for a while. It is drawn again with the next frame. */
void live_hide(struct live *live);

/* The process was stopped, without having hidden anything, and goes on. */
void live_continue(struct live *live);

/* The terminal has another size. */
void live_resize(struct live *live);

/* Whether somebody can be asked below it: it is drawn in a terminal. */
bool live_can_ask(const struct live *live);

/* Text, in colors, is the line below the frame from now on, with the cursor at its end; where it
 * only grows, the frame stays. The terminal's modes are the caller's until it ends. */
void live_put_question(struct live *live, const char *text);
/* That line goes; or is one of those above the frame. */
void live_end_question(struct live *live, bool is_kept);

/* So many others wait behind the one that is put. */
void live_set_questions(struct live *live, size_t n_questions);

#endif
