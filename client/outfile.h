/*
 * What is written to the file of -o: all of it, or the file stays as it was.
 */
#ifndef PARPROC_CLIENT_OUTFILE_H
#define PARPROC_CLIENT_OUTFILE_H

#include <stdio.h>

#include "client/client.h"

/* Writes to the stream. Returns 0, or -1 with errno; what the stream itself refuses it need not
 * look at. */
typedef int outfile_put(FILE *stream, const void *arg);

/*
 * Has put write to the file of -o, or to standard output without it; "-" is that too. Returns 0, or
 * an exit status; then the reason was printed.
 */
int outfile_write(struct client *client, outfile_put *put, const void *arg);

#endif
