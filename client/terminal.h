/*
 * The terminal at which somebody may be asked: standard input, a line at a time, shown or not.
 * What is written to it is standard error's affair.
 */
#ifndef PARPROC_CLIENT_TERMINAL_H
#define PARPROC_CLIENT_TERMINAL_H

#include <stdbool.h>

struct terminal;

/* NULL: standard input or standard error is none. */
struct terminal *terminal_open(void);

/* Leaves it as terminal_end() does. NULL is fine. */
void terminal_close(struct terminal *terminal);

/* Whether this process is in its foreground: others are stopped when they read from it. */
bool terminal_is_ours(const struct terminal *terminal);

enum terminal_way {
	TERMINAL_SHOWS,    /* the terminal shows what is typed, and edits it */
	TERMINAL_CONCEALS, /* it edits only */
	TERMINAL_TELLS,    /* it does neither: each change is told, for the caller to show it */
};

/*
 * From now on a line is read; what was typed before, to nothing, is dropped. -1 with errno: it
 * cannot be used.
 */
int terminal_begin(struct terminal *terminal, enum terminal_way way);

/* No line is read any more: its modes are as they were, what was typed of a line is dropped. */
void terminal_end(struct terminal *terminal);

/* For poll(2), between terminal_begin() and terminal_end(). */
int terminal_get_fd(const struct terminal *terminal);

enum terminal_event {
	TERMINAL_NOTHING, /* no whole line yet */
	TERMINAL_CHANGED, /* with TERMINAL_TELLS: this is what there is of it */
	TERMINAL_LINE,
	TERMINAL_EOF,  /* Ctrl-D; part of a line before it counts for nothing */
	TERMINAL_LOST, /* it has gone */
};

/* Reads what was typed, without waiting. The line, without its newline, is *text; valid until the
 * next call. */
enum terminal_event terminal_read(struct terminal *terminal, const char **text);

#endif
