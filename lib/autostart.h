/*
 * Starting a daemon for a workspace, in steps that never block, so that a caller's loop goes on
 * meanwhile.
 */
#ifndef PARPROC_LIB_AUTOSTART_H
#define PARPROC_LIB_AUTOSTART_H

#include "lib/parproc.h"

struct starter;

/* Runs `ppd -d` for the connection's workspace; it is conn->starter then. */
enum pp_error starter_begin(pp_conn *conn);

/* Readable when starter_advance() has something to do. */
int starter_get_fd(const struct starter *starter);

/*
 * Reads what `ppd -d` says, without waiting. When it has ended, because it is ready to serve or
 * another one serves already, or because it failed, conn->starter is freed and NULL.
 */
enum pp_error starter_advance(pp_conn *conn);

/* Gives up: it is not ready in time. Returns the error. */
enum pp_error starter_give_up(pp_conn *conn);

/* Ends and frees it; NULL is fine. */
void starter_free(struct starter *starter);

#endif
