/*
 * What trace and report share: asking the daemon for a run's record, and where they write.
 */
#ifndef PARPROC_CLIENT_RECORD_LOAD_H
#define PARPROC_CLIENT_RECORD_LOAD_H

#include "client/client.h"
#include "client/record.h"

/*
 * Loads the run that the verb's word, --run or PP_RUN name, else the newest one. Returns 0, or an
 * exit status; then the reason was printed. To be cleared in either case.
 */
int record_load(struct client *client, struct record *record);

/*
 * Has write write to the file of -o, or to standard output without it; "-" is that too. Returns 0,
 * or an exit status; then the reason was printed.
 */
int record_write(struct client *client, const struct record *record,
    void (*write)(FILE *stream, const struct record *record));

#endif
