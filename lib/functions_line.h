/*
 * What the two ends of a call of a function say to each other: lines of JSON over a socket, which
 * neither end reads or writes for longer than it should.
 */
#ifndef PARPROC_LIB_FUNCTIONS_LINE_H
#define PARPROC_LIB_FUNCTIONS_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "protocol/frame.h"

/* Each end sends at once what it has to, and takes what comes. */
#define FUNCTIONS_PATIENCE_S 10.0

struct functions_reader {
	int fd;
	int pid_fd; /* of the process at the other end, so that its end is heard of; or -1 */
	struct frame frame;
};

void functions_reader_init(struct functions_reader *reader, int fd, int pid_fd);
void functions_reader_clear(struct functions_reader *reader);

/* The next line. New; NULL: the other end is gone, too slow, or sends no JSON. */
json_t *functions_receive(struct functions_reader *reader, double deadline_s);

/* Sends value (borrowed). -1: the other end is gone, or takes nothing. */
int functions_send(int fd, const json_t *value);

/* Whether the other end is a process of this user, and this one if pid is not 0. */
bool functions_is_peer(int fd, pid_t pid);

#endif
