/*
 * A client of the daemon in the fuzz program: knows how many answers what it has sent is worth,
 * and looks at the form of all that comes.
 */
#ifndef PARPROC_TESTS_FUZZ_DAEMON_PEER_H
#define PARPROC_TESTS_FUZZ_DAEMON_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct peer {
	int fd;     /* -1: not connected */
	char *text; /* received, and not a whole line yet */
	size_t length;
	size_t n_expected; /* answers: one for each request, batch, and line that is no message */
	size_t n_answers;
	json_int_t last_seq;
	bool is_sending_over;
};

void peer_init(struct peer *peer);
void peer_clear(struct peer *peer);

bool peer_is_connected(const struct peer *peer);

/* Returns the daemon's end. */
int peer_connect(struct peer *peer);

/* Nothing is sent any more after peer_end_sending(), or while not connected. */
void peer_send(struct peer *peer, const char *line, size_t length);
void peer_end_sending(struct peer *peer);
void peer_hang_up(struct peer *peer);

/* Takes what has come; false: nothing. */
bool peer_read(struct peer *peer);

/* The daemon has ended: all that could be answered was, once. */
void peer_check_answers(const struct peer *peer);

#endif
