/*
 * Mode single: the terminal of ppctl as that of the processes that it runs. Where standard input
 * and output are a terminal they get a pseudo-terminal in its image, on which Ctrl-C, Ctrl-Z and
 * job control work as they would in a shell; what is typed and printed is passed on. Else they get
 * ppctl's own standard input, output and error. It must not know requests or events.
 */
#ifndef PARPROC_CLIENT_FOREGROUND_H
#define PARPROC_CLIENT_FOREGROUND_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>

#include "client/output.h"

#define FOREGROUND_FDS 3
#define FOREGROUND_POLLS 2

struct foreground;

/* out: where to print; borrowed. NULL: the system refuses it, and that was said. */
struct foreground *foreground_new(const struct output *out);

/* The terminal's modes are what they were. NULL is fine, as with all that follow. */
void foreground_free(struct foreground *foreground);

/* What processes get; borrowed. */
const int *foreground_get_fds(const struct foreground *foreground);

/* Whether ppctl's terminal has other modes while something runs. */
bool foreground_has_terminal(const struct foreground *foreground);

/* Notes that an execution runs, or does no longer. */
void foreground_note(struct foreground *foreground, json_int_t exec, bool is_running);

/*
 * Between these the terminal belongs to what runs, if anything does. release prints what is left of
 * its output, and begins a new line; then ppctl may print.
 */
void foreground_grab(struct foreground *foreground);
void foreground_release(struct foreground *foreground);

/* The terminal is needed for something else: it is released, and grab does nothing meanwhile. */
void foreground_lend(struct foreground *foreground, bool is_lent);

/* The size of the window has changed. */
void foreground_resize(struct foreground *foreground);

/* What to poll: FOREGROUND_POLLS entries, those that are not needed with fd -1. */
void foreground_fill_polls(const struct foreground *foreground, struct pollfd *polled);

/* Passes on what those entries say is there. */
void foreground_relay(struct foreground *foreground, const struct pollfd *polled);

#endif
