/*
 * The display of what runs: a line per change, and why something failed; below them, if it is to
 * be live, what runs and waits.
 */
#ifndef PARPROC_CLIENT_DISPLAY_H
#define PARPROC_CLIENT_DISPLAY_H

#include <jansson.h>
#include <stdbool.h>

#include "client/output.h"

struct display;
struct live;

enum display_mode {
	DISPLAY_FAILURES, /* only what failed */
	DISPLAY_CHANGES,  /* starts and ends */
	DISPLAY_ALL       /* also what waits */
};

/* A display on an output, which it borrows. */
struct display *display_new(const struct output *output, enum display_mode mode);
void display_free(struct display *display);

/* From now on a part of the terminal below the lines shows what runs (client/live.h); starts have
 * no lines then. Or no longer. */
void display_start_live(struct display *display);
void display_stop_live(struct display *display);

/* Something else is about to write to the terminal. NULL is fine. */
void display_hide_live(struct display *display);

/* That part; NULL: there is none. */
struct live *display_get_live(const struct display *display);

/* From now on the whole log of what failed is shown rather than its telling lines. */
void display_set_full_log(struct display *display, bool shows_full_log);

/* Takes it that what runs among these views (an array) was shown already. */
void display_begin(struct display *display, const json_t *views);

/* Shows what the view of an event says and was not shown yet. The view is borrowed. */
void display_event(struct display *display, const json_t *view);

/* The states whose events it has use for, ended by NULL; or NULL: all. display may be NULL. */
const char *const *display_get_states(const struct display *display);

/* Whether it has shown, or shows, that an execution is under way, and not that it has ended. */
bool display_is_waiting_for(const struct display *display, const json_t *view);

/* Whether what succeeds is shown, so that views of it are worth asking for. */
bool display_shows_success(const struct display *display);

/* Shows the ends among these views (an array) that no event told of. */
void display_finish(struct display *display, const json_t *views);

#endif
