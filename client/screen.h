/*
 * The whole terminal, for a program that draws all of it and reads keys: the alternate screen, keys
 * as they are typed, lines that are written only where they have changed. A terminal that takes
 * nothing holds nobody up.
 */
#ifndef PARPROC_CLIENT_SCREEN_H
#define PARPROC_CLIENT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct screen;

/* Whether standard input and output are a terminal in which one can draw. */
bool screen_is_possible(void);

/* Takes the terminal. NULL with errno: it cannot be used. */
struct screen *screen_open(void);

/* Gives it back as it was. NULL is fine. */
void screen_close(struct screen *screen);

/* Gives it to others for a while, or takes it again; then all is to be drawn anew. Whoever is in
 * the background does not get it: false. */
void screen_leave(struct screen *screen);
/* The same for a program of our own: what modes it leaves behind are not those to go back to. */
void screen_lend(struct screen *screen);
/* It was taken without being asked, by a SIGSTOP: it is to be entered anew. */
void screen_lose(struct screen *screen);
bool screen_enter(struct screen *screen);
bool screen_is_entered(const struct screen *screen);

void screen_get_size(const struct screen *screen, size_t *columns, size_t *rows);

/* What is there is not known any more, as after another size: all lines are written next time. */
void screen_forget(struct screen *screen);

/* Shows these lines, which are no wider than the terminal; takes them. Nothing happens while it has
 * not taken what was written before. */
void screen_draw(struct screen *screen, char **lines, size_t n_lines);

/* For poll(2) with POLLOUT: the terminal has not taken all; -1: it has. */
int screen_get_unsent_fd(const struct screen *screen);
/* Writes what it takes of that. */
void screen_flush(struct screen *screen);

#endif
