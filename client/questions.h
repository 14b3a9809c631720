/*
 * What procs ask (ppctl input), put before whoever sits at the terminal: one question at a time.
 * While one is there, what goes to standard output on that terminal comes above it.
 */
#ifndef PARPROC_CLIENT_QUESTIONS_H
#define PARPROC_CLIENT_QUESTIONS_H

#include <jansson.h>

#include "client/client.h"

struct live;
struct questions;

/* live: the part of the display below which a question can be, or NULL; borrowed. NULL: nobody can
 * be asked: there is no terminal, or --json. All functions take NULL for that. */
struct questions *questions_new(struct client *client, struct live *live);
void questions_free(struct questions *questions);

/* The inputs that are open now (an array, of subscribe); others are not any more. */
void questions_begin(struct questions *questions, const json_t *inputs);

/* The connection was lost and is there again: those who asked may have lost theirs too, and will
 * ask again under other numbers. */
void questions_resume(struct questions *questions);

/* An event of any kind. */
void questions_hear(struct questions *questions, const json_t *event);

/* Whether a question is there, or will be with the next turn. */
bool questions_are_due(const struct questions *questions);

/* Puts the next question, if there is one and none is there. Call it before each poll(2). */
void questions_turn(struct questions *questions);

/* To be polled for POLLIN; -1: none is there. */
int questions_get_fd(const struct questions *questions);

/* Takes what was typed. */
void questions_read(struct questions *questions);

/* Whether they need a terminal in which nothing is live. */
bool questions_need_room(const struct questions *questions);

/* The question that is there goes from the screen until the next turn, with what is typed:
 * something else is about to be printed. */
void questions_hide(struct questions *questions);

/* The terminal has another size. */
void questions_resize(struct questions *questions);

/* Takes the question away for a while: the terminal is as it was. */
void questions_pause(struct questions *questions);

/* The same, and no other will be put. */
void questions_stop(struct questions *questions);

#endif
