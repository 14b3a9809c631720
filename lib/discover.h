/*
 * Which workspace and socket a client means. Looks at options, environment and directories;
 * connects to nothing.
 */
#ifndef PARPROC_LIB_DISCOVER_H
#define PARPROC_LIB_DISCOVER_H

#include <stdbool.h>

#include "lib/parproc.h"

/* Of the workspace's directory. */
#define DISCOVER_STATE_DIRECTORY ".parproc"
#define DISCOVER_SOCKET_NAME "ppd.sock"

/* The nearest directory, from this one upward, with a workspace file or .parproc/: a new absolute
 * path without symbolic links. NULL with errno; ENOENT: there is none. */
char *discover_workspace(const char *directory);

/* Fills in workspace, socket_path, default_run and default_exec of the connection as pp_connect()
 * says. */
enum pp_error discover(pp_conn *conn, const struct pp_connect_options *options);

#define DISCOVER_HOST_SIZE 256

/* The name of this machine; "" where it cannot be told. */
void discover_get_host(char host[DISCOVER_HOST_SIZE]);

/* Whether host, the PP_HOST of a process (may be NULL), names another machine. */
bool discover_is_far(const char *host);

#endif
