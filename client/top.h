/*
 * One invocation of ppctl top, as its parts share it: what is looked at, what is asked, who has the
 * terminal.
 */
#ifndef PARPROC_CLIENT_TOP_H
#define PARPROC_CLIENT_TOP_H

#include <sys/types.h>

#include "client/client.h"
#include "client/keys.h"
#include "client/screen.h"
#include "client/top_feed.h"
#include "client/top_frame.h"
#include "client/top_model.h"

/* What the line at the bottom asks for. */
enum top_prompt { PROMPT_NONE, PROMPT_FILTER, PROMPT_CANCEL };

struct top {
	struct client *client;
	struct screen *screen;
	struct top_model model;
	struct top_feed feed;
	struct top_look look;
	enum top_prompt prompt;
	char filter[TOP_FILTER_SIZE]; /* as it is being typed */
	char *target;                 /* the proc that is to be canceled; NULL: the run */
	json_int_t target_run;        /* where; 0: in all runs */
	char *question, *message;     /* the texts that look shows */
	json_t *text;
	uint64_t asked_cancel, asked_why;
	pid_t pager; /* who has the terminal meanwhile; 0: nobody */
	bool wants_end;
	bool is_dirty; /* what is on the screen is not what it would be now */
};

/* Says something in the bottom line, until the next key. */
__attribute__((format(printf, 2, 3))) void top_say(struct top *top, const char *format, ...);

/* The proc that keys are for; NULL: says that there is none. */
const struct top_item *top_get_selected(struct top *top);

/* Does what a key is for. */
void top_press(struct top *top, const struct key *key);

/* Keeps the text that is read within its lines, whatever the size is now. */
void top_clamp_text(struct top *top);

/* Has a pager show the log of the selected proc; the terminal is its until SIGCHLD. */
void top_open_log(struct top *top);

/* At SIGCHLD: takes the terminal back if that was the pager. */
void top_reap_pager(struct top *top);

/* Takes the terminal from a pager that is still there, so that closing it restores it. */
void top_end_pager(struct top *top);

#endif
