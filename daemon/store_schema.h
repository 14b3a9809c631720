/*
 * The state database's tables and the statements that write them, as text. doc/STATE.md says what
 * the columns mean.
 */
#ifndef PARPROC_DAEMON_STORE_SCHEMA_H
#define PARPROC_DAEMON_STORE_SCHEMA_H

#include "daemon/store_internal.h"

#define STORE_APPLICATION_ID 0x70706462 /* "ppdb" */
#define STORE_VERSION 3                 /* PRAGMA user_version */

/* migrations[N] takes a database of version N to the next; the one of 0 is empty. */
extern const char *const store_migrations[STORE_VERSION];

extern const char *const store_statements[N_STORE_STATEMENTS];

#endif
