/*
 * The question that is there at the terminal, with what was typed so far. Lines that are printed
 * meanwhile come above it; where the terminal cannot draw (TERM=dumb) they are held back until it
 * has gone. It must not know who asks or who gets the answer.
 */
#ifndef PARPROC_CLIENT_PROMPT_H
#define PARPROC_CLIENT_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/live.h"
#include "client/output.h"
#include "client/terminal.h"

struct prompt;

/* out: standard output, whose stream is another while a question is there. live: the part of the
 * display below which a question can be, or NULL. Both are borrowed; live has to last while one is
 * there. NULL: there is no terminal. */
struct prompt *prompt_new(struct output *out, struct live *live);

/* Takes away what is there. */
void prompt_free(struct prompt *prompt);

/* Whether questions are below the live part of the display, which need not go for them. */
bool prompt_is_in_live(const struct prompt *prompt);

/* Whether this process is in the terminal's foreground. */
bool prompt_is_ours(const struct prompt *prompt);

/* Puts a question; text, copied, is what it looks like, escaped, in colors. -1: the terminal cannot
 * be used. */
int prompt_put(struct prompt *prompt, const char *text, bool is_secret);

/* Ends it: the terminal is as it was. is_line_ended: the cursor is at a line's begin. */
void prompt_take_away(struct prompt *prompt, bool is_line_ended);

/* For poll(2); -1: none is there. */
int prompt_get_fd(const struct prompt *prompt);

/* As terminal_read(); what was typed is on the screen. */
enum terminal_event prompt_read(struct prompt *prompt, const char **text);

/* Prints a line where no question is there. */
void prompt_say(const struct prompt *prompt, const char *line);

/* So many other questions wait; shown where there is room for it. */
void prompt_set_waiting(struct prompt *prompt, size_t n_questions);

/* It goes from the screen until prompt_turn(), with the live part: something else is about to be
 * printed. */
void prompt_hide(struct prompt *prompt);

/* The terminal has another size. */
void prompt_resize(struct prompt *prompt);

/* Prints what was held back as far as that can be done, and shows what was hidden. */
void prompt_turn(struct prompt *prompt);

#endif
